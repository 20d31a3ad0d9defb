/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matrix products through oneDNN: weights packed once, primitives cached by shape. */

#include "compute/compute.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/kernels.h"

/* Rows for which a primitive is made: each count up to EXACT_ROWS, then multiples of it, so that their number stays small. */
#define EXACT_ROWS 16

/* Rows for which weights are laid out. */
#define TYPICAL_ROWS 64

/* Products of fewer multiplications run on the calling thread: waking the others would take longer. */
#define WORTH_THREADS (1 << 20)

struct _L4Compute
{
  L4Precision precision;
  guint threads;
  dnnl_engine_t engine;
  GMutex lock;
  GHashTable *products;         /* set of Product, by shape */
};

struct _L4Weight
{
  L4Precision precision;
  gint64 n_out, n_in;
  dnnl_memory_desc_t layout;
  dnnl_memory_t memory;
  gpointer data;
};

/* A primitive and the shape that it is for. Immutable once in the table, and never removed from it. */
typedef struct
{
  gint64 m, n_out, n_in;
  L4Precision precision;
  gboolean bias;
  dnnl_primitive_t primitive;
  dnnl_memory_desc_t x, y, b, scratch;
} Product;

/* Working memory of one thread, kept between products. */
typedef struct
{
  gpointer memory;
  gsize bytes;
} Scratch;

static gboolean
check (dnnl_status_t status, const char *what, GError **error)
{
  return status == dnnl_success
      || l4_fail (error, status == dnnl_out_of_memory ? L4_ERROR_MEMORY : L4_ERROR_INTERNAL,
          _("oneDNN: %s failed with status %d"), what, (int) status);
}

static guint
product_hash (gconstpointer key)
{
  const Product *self = key;

  return ((self->m * 31 + self->n_out) * 31 + self->n_in) * 4 + self->precision * 2 + self->bias;
}

static gboolean
product_equal (gconstpointer a, gconstpointer b)
{
  const Product *one = a, *other = b;

  return one->m == other->m && one->n_out == other->n_out && one->n_in == other->n_in && one->precision == other->precision
      && one->bias == other->bias;
}

static void
product_free (gpointer data)
{
  Product *self = data;

  if (self->primitive != NULL)
    dnnl_primitive_destroy (self->primitive);
  if (self->x != NULL)
    dnnl_memory_desc_destroy (self->x);
  if (self->y != NULL)
    dnnl_memory_desc_destroy (self->y);
  if (self->b != NULL)
    dnnl_memory_desc_destroy (self->b);
  if (self->scratch != NULL)
    dnnl_memory_desc_destroy (self->scratch);
  g_free (self);
}

static void
scratch_free (gpointer data)
{
  Scratch *self = data;

  l4_free (self->memory);
  g_free (self);
}

static gpointer
scratch_take (gsize bytes, GError **error)
{
  static GPrivate scratches = G_PRIVATE_INIT (scratch_free);
  Scratch *self = g_private_get (&scratches);

  if (self == NULL) {
    self = g_new0 (Scratch, 1);
    g_private_set (&scratches, self);
  }
  if (self->bytes < bytes) {
    l4_free (self->memory);
    self->bytes = 0;
    self->memory = l4_alloc (bytes, _("working memory of a matrix product"), error);
    if (self->memory != NULL)
      self->bytes = bytes;
  }
  return self->memory;
}

L4Compute *
l4_compute_new (L4Precision precision, guint threads, GError **error)
{
  g_autoptr (L4Compute) self = g_new0 (L4Compute, 1);

  self->precision = precision;
  self->threads = threads > 0 ? threads : omp_get_num_procs ();
  g_mutex_init (&self->lock);
  self->products = g_hash_table_new_full (product_hash, product_equal, product_free, NULL);
  if (!check (dnnl_engine_create (&self->engine, dnnl_cpu, 0), "dnnl_engine_create", error))
    return NULL;
  return g_steal_pointer (&self);
}

void
l4_compute_free (L4Compute *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->products);
  if (self->engine != NULL)
    dnnl_engine_destroy (self->engine);
  g_mutex_clear (&self->lock);
  g_free (self);
}

L4Precision
l4_compute_get_precision (const L4Compute *self)
{
  return self->precision;
}

void
l4_compute_enter (const L4Compute *self)
{
  omp_set_num_threads (self->threads);
}

/* oneDNN fixes the threads of a primitive when it is made and asks OpenMP for as many when it runs. */
static void
enter_product (const L4Compute *self, gint64 m, const L4Weight *weight)
{
  omp_set_num_threads (m * weight->n_out * weight->n_in < WORTH_THREADS ? 1 : self->threads);
}

static dnnl_data_type_t
operand_type (L4Precision precision)
{
  return precision == L4_PRECISION_F32 ? dnnl_f32 : dnnl_bf16;
}

/* Describes y[m, n_out] = x[m, n_in] * weights; layout NULL asks oneDNN for the one it likes. */
static gboolean
describe_product (L4Compute *compute, Product *shape, const_dnnl_memory_desc_t layout, dnnl_primitive_desc_t *description,
    GError **error)
{
  const dnnl_dims_t x_dims = { shape->m, shape->n_in }, w_dims = { shape->n_in, shape->n_out };
  const dnnl_dims_t y_dims = { shape->m, shape->n_out }, b_dims = { 1, shape->n_out };
  dnnl_data_type_t type = operand_type (shape->precision);
  dnnl_memory_desc_t any = NULL;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_status_t status;

  dnnl_memory_desc_create_with_tag (&shape->x, 2, x_dims, type, dnnl_ab);
  dnnl_memory_desc_create_with_tag (&shape->y, 2, y_dims, dnnl_f32, dnnl_ab);
  dnnl_memory_desc_create_with_tag (&any, 2, w_dims, type, dnnl_format_tag_any);
  if (shape->bias)
    dnnl_memory_desc_create_with_tag (&shape->b, 2, b_dims, dnnl_f32, dnnl_ab);
  dnnl_primitive_attr_create (&attributes);
  dnnl_primitive_attr_set_scratchpad_mode (attributes, dnnl_scratchpad_mode_user);
  status = dnnl_matmul_primitive_desc_create (description, compute->engine, shape->x, layout != NULL ? layout : any, shape->b,
      shape->y, attributes);
  dnnl_primitive_attr_destroy (attributes);
  dnnl_memory_desc_destroy (any);
  return check (status, "dnnl_matmul_primitive_desc_create", error);
}

/* The primitive for that shape, made on first use. Owned by compute. */
static const Product *
find_product (L4Compute *compute, const L4Weight *weight, gint64 m, gboolean bias, GError **error)
{
  Product key = {.m = m,.n_out = weight->n_out,.n_in = weight->n_in,.precision = weight->precision,.bias = bias };
  dnnl_primitive_desc_t description = NULL;
  Product *product;

  g_mutex_lock (&compute->lock);
  product = g_hash_table_lookup (compute->products, &key);
  if (product == NULL) {
    product = g_memdup2 (&key, sizeof key);
    if (describe_product (compute, product, weight->layout, &description, error)
        && check (dnnl_primitive_create (&product->primitive, description), "dnnl_primitive_create", error)) {
      dnnl_memory_desc_clone (&product->scratch, dnnl_primitive_desc_query_md (description, dnnl_query_scratchpad_md, 0));
      g_hash_table_add (compute->products, product);
    } else {
      g_clear_pointer (&product, product_free);
    }
    if (description != NULL)
      dnnl_primitive_desc_destroy (description);
  }
  g_mutex_unlock (&compute->lock);
  return product;
}

/* Copies source into the weight's own layout, rounding on the way. */
static gboolean
pack (L4Compute *compute, L4Weight *self, L4Layout layout, const float *source, GError **error)
{
  const dnnl_dims_t dims = { self->n_in, self->n_out };
  const dnnl_dims_t strides = { layout == L4_LAYOUT_OUT_IN ? 1 : self->n_out, layout == L4_LAYOUT_OUT_IN ? self->n_in : 1 };
  dnnl_memory_desc_t plain = NULL;
  dnnl_memory_t from = NULL;
  dnnl_primitive_desc_t description = NULL;
  dnnl_primitive_t reorder = NULL;
  dnnl_stream_t stream = NULL;
  gboolean done = FALSE;

  if (check (dnnl_memory_desc_create_with_strides (&plain, 2, dims, dnnl_f32, strides), "describing a weight", error)
      && check (dnnl_memory_create (&from, plain, compute->engine, (void *) source), "dnnl_memory_create", error)
      && check (dnnl_reorder_primitive_desc_create (&description, plain, compute->engine, self->layout, compute->engine, NULL),
          "dnnl_reorder_primitive_desc_create", error)
      && check (dnnl_primitive_create (&reorder, description), "dnnl_primitive_create", error)
      && check (dnnl_stream_create (&stream, compute->engine, dnnl_stream_default_flags), "dnnl_stream_create", error)) {
    dnnl_exec_arg_t arguments[] = { {DNNL_ARG_FROM, from}, {DNNL_ARG_TO, self->memory} };

    done = check (dnnl_primitive_execute (reorder, stream, G_N_ELEMENTS (arguments), arguments), "packing a weight", error)
        && check (dnnl_stream_wait (stream), "dnnl_stream_wait", error);
  }
  if (stream != NULL)
    dnnl_stream_destroy (stream);
  if (reorder != NULL)
    dnnl_primitive_destroy (reorder);
  if (description != NULL)
    dnnl_primitive_desc_destroy (description);
  if (from != NULL)
    dnnl_memory_destroy (from);
  if (plain != NULL)
    dnnl_memory_desc_destroy (plain);
  return done;
}

L4Weight *
l4_weight_new (L4Compute *compute, L4Precision precision, gint64 n_out, gint64 n_in, L4Layout layout, const float *source,
    GError **error)
{
  g_autoptr (L4Weight) self = g_new0 (L4Weight, 1);
  Product *typical = g_new0 (Product, 1);
  dnnl_primitive_desc_t description = NULL;
  gboolean described;

  *typical = (Product) {.m = TYPICAL_ROWS,.n_out = n_out,.n_in = n_in,.precision = precision };
  self->precision = precision;
  self->n_out = n_out;
  self->n_in = n_in;
  described = describe_product (compute, typical, NULL, &description, error);
  if (described) {
    dnnl_memory_desc_clone (&self->layout, dnnl_primitive_desc_query_md (description, dnnl_query_weights_md, 0));
    dnnl_primitive_desc_destroy (description);
  }
  product_free (typical);
  if (!described)
    return NULL;
  self->data = l4_alloc (dnnl_memory_desc_get_size (self->layout), _("weights"), error);
  if (self->data == NULL
      || !check (dnnl_memory_create (&self->memory, self->layout, compute->engine, self->data), "dnnl_memory_create", error)
      || !pack (compute, self, layout, source, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
l4_weight_free (L4Weight *self)
{
  if (self == NULL)
    return;
  if (self->memory != NULL)
    dnnl_memory_destroy (self->memory);
  if (self->layout != NULL)
    dnnl_memory_desc_destroy (self->layout);
  l4_free (self->data);
  g_free (self);
}

gint64
l4_weight_n_out (const L4Weight *self)
{
  return self->n_out;
}

gint64
l4_weight_n_in (const L4Weight *self)
{
  return self->n_in;
}

static gboolean
execute (L4Compute *compute, const Product *product, const L4Weight *weight, gpointer x, const float *bias, float *y,
    gpointer scratch, GError **error)
{
  dnnl_memory_t x_memory = NULL, y_memory = NULL, b_memory = NULL, s_memory = NULL;
  dnnl_stream_t stream = NULL;
  gboolean done = check (dnnl_memory_create (&x_memory, product->x, compute->engine, x), "dnnl_memory_create", error)
      && check (dnnl_memory_create (&y_memory, product->y, compute->engine, y), "dnnl_memory_create", error)
      && check (dnnl_memory_create (&s_memory, product->scratch, compute->engine, scratch), "dnnl_memory_create", error)
      && (bias == NULL || check (dnnl_memory_create (&b_memory, product->b, compute->engine, (void *) bias),
          "dnnl_memory_create", error))
      && check (dnnl_stream_create (&stream, compute->engine, dnnl_stream_default_flags), "dnnl_stream_create", error);

  if (done) {
    dnnl_exec_arg_t arguments[] = { {DNNL_ARG_SRC, x_memory}, {DNNL_ARG_WEIGHTS, weight->memory}, {DNNL_ARG_DST, y_memory},
      {DNNL_ARG_SCRATCHPAD, s_memory}, {DNNL_ARG_BIAS, b_memory}
    };

    done = check (dnnl_primitive_execute (product->primitive, stream, bias != NULL ? 5 : 4, arguments), "a matrix product",
        error) && check (dnnl_stream_wait (stream), "dnnl_stream_wait", error);
  }
  if (stream != NULL)
    dnnl_stream_destroy (stream);
  for (guint i = 0; i < 4; i++) {
    dnnl_memory_t memory = (dnnl_memory_t[]) { x_memory, y_memory, b_memory, s_memory }[i];

    if (memory != NULL)
      dnnl_memory_destroy (memory);
  }
  return done;
}

/* x as the primitive wants it: rounded, and with rows of zeros up to its row count. */
static void
convert_operand (const float *x, gint64 m, gint64 rows, gint64 n_in, L4Precision precision, gpointer out)
{
  gsize row_bytes = n_in * (precision == L4_PRECISION_F32 ? sizeof (float) : sizeof (guint16));
  const L4Kernels *kernels = l4_kernels ();

#pragma omp parallel for if (m * n_in > 65536)
  for (gint64 i = 0; i < rows; i++) {
    char *row = (char *) out + i * row_bytes;

    if (i >= m)
      memset (row, 0, row_bytes);
    else if (precision == L4_PRECISION_F32)
      memcpy (row, x + i * n_in, row_bytes);
    else
      kernels->to_bf16 (x + i * n_in, n_in, (guint16 *) row);
  }
}

static gboolean
multiply (L4Compute *compute, const L4Weight *weight, const float *x, gint64 m, const float *bias, float *y, GError **error)
{
  gint64 rows = m <= EXACT_ROWS ? m : (m + EXACT_ROWS - 1) / EXACT_ROWS * EXACT_ROWS;
  const Product *product = find_product (compute, weight, rows, bias != NULL, error);
  gboolean convert = weight->precision == L4_PRECISION_BF16 || rows != m;
  gsize x_bytes, y_bytes, scratch_bytes;
  char *scratch;

  if (product == NULL)
    return FALSE;
  x_bytes = convert ? (dnnl_memory_desc_get_size (product->x) + 63) & ~(gsize) 63 : 0;
  y_bytes = rows != m ? (dnnl_memory_desc_get_size (product->y) + 63) & ~(gsize) 63 : 0;
  scratch_bytes = dnnl_memory_desc_get_size (product->scratch);
  scratch = scratch_take (x_bytes + y_bytes + scratch_bytes + 1, error);
  if (scratch == NULL)
    return FALSE;
  if (convert)
    convert_operand (x, m, rows, weight->n_in, weight->precision, scratch);
  if (!execute (compute, product, weight, convert ? scratch : (gpointer) x, bias,
          y_bytes > 0 ? (float *) (scratch + x_bytes) : y, scratch + x_bytes + y_bytes, error))
    return FALSE;
  if (y_bytes > 0)
    memcpy (y, scratch + x_bytes, m * weight->n_out * sizeof (float));
  return TRUE;
}

gboolean
l4_product (L4Compute *compute, const L4Weight *weight, const float *x, gint64 m, const float *bias, float *y, GError **error)
{
  gboolean done;

  enter_product (compute, m, weight);
  done = multiply (compute, weight, x, m, bias, y, error);
  l4_compute_enter (compute);
  return done;
}
