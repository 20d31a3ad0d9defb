/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a checkpoint's tensors to weights in memory, with progress and cancellation. */

#include "compute/loader.h"

#include <string.h>

#include "base/memory.h"
#include "blocks/quantise.h"
#include "blocks/type.h"
#include "compute/compute-private.h"

/* Panels that a task reads at once. */
#define TASK_PANELS 8
/* Bytes of a row of inputs read at once. */
#define PIECE_BYTES (1 << 20)

struct _L4Loader
{
  L4Compute *compute;
  L4Checkpoint *checkpoint;
  gboolean map;
  L4Stream *stream;
  gboolean away;                /* matrices stay where they are */
  L4Type type;                  /* of plain numbers; L4_N_TYPES: the file's */
  guint64 total, done;          /* elements */
  L4ProgressFunc progress;
  gpointer user_data;
  GCancellable *cancellable;
  GError *error;
  L4Scratch staging;
};

/* A matrix on its way from the file. */
typedef struct
{
  L4Loader *loader;
  const L4Tensor *tensor;
  guint64 offset;               /* bytes of the tensor before the matrix */
  gsize stride;                 /* bytes from row to row in the file */
  gsize row_bytes;              /* in the file */
  gint64 n_rows;                /* in the file: outputs, or inputs */
  L4Weight *weight;
  guint8 *staging;              /* [n_in, n_out] of a matrix whose rows are inputs, in the weight's type */
  gint next;                    /* part to be read: files are read in order, whoever's task that is. Atomic */
  GMutex lock;
  GError *error;                /* the first; under lock */
} Reading;

L4Loader *
l4_loader_new (L4Compute *compute, L4Checkpoint *checkpoint, gboolean map, guint64 total_elements, L4ProgressFunc progress,
    gpointer user_data, GCancellable *cancellable)
{
  L4Loader *self = g_new0 (L4Loader, 1);

  self->compute = compute;
  self->checkpoint = checkpoint;
  self->map = map;
  self->type = L4_N_TYPES;
  self->total = MAX (total_elements, 1);
  self->progress = progress;
  self->user_data = user_data;
  self->cancellable = cancellable;
  return self;
}

void
l4_loader_free (L4Loader *self)
{
  if (self == NULL)
    return;
  l4_free (self->staging.data);
  g_clear_error (&self->error);
  g_free (self);
}

void
l4_loader_set_type (L4Loader *self, L4Type type)
{
  self->type = type;
}

void
l4_loader_set_stream (L4Loader *self, L4Stream *stream)
{
  self->stream = stream;
}

L4Stream *
l4_loader_get_stream (const L4Loader *self)
{
  return self->stream;
}

void
l4_loader_set_away (L4Loader *self, gboolean away)
{
  self->away = away && self->stream != NULL;
}

gboolean
l4_loader_finish (L4Loader *self, GError **error)
{
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

static gboolean
check_cancelled (const L4Loader *self, GError **error)
{
  return !g_cancellable_is_cancelled (self->cancellable)
      || l4_fail (error, L4_ERROR_CANCELLED, _("%s: loading was cancelled"), l4_checkpoint_get_path (self->checkpoint));
}

static void
report (L4Loader *self, guint64 n)
{
  self->done += n;
  if (self->progress != NULL)
    self->progress (MIN (self->done * 100 / self->total, 100), self->user_data);
}

/* Matrices ----------------------------------------------------------------------------------------------------------- */

static gboolean
converts (const Reading *reading)
{
  return reading->tensor->type != reading->weight->type;
}

/* n rows in the type of the file to the weight's; floats: [n_in] where that is Q8_0. */
static gboolean
convert_rows (const Reading *reading, gint64 n, const guint8 *in, float *floats, guint8 *out, GError **error)
{
  const L4Weight *weight = reading->weight;

  if (weight->type == L4_TYPE_BF16) {
    if (reading->tensor->type == L4_TYPE_F32)
      l4_kernels ()->to_bf16 ((const float *) in, n * reading->row_bytes / sizeof (float), (guint16 *) out);
    else
      l4_kernels ()->half_to_bf16 ((const guint16 *) in, n * reading->row_bytes / sizeof (guint16), (guint16 *) out);
    return TRUE;
  }
  for (gint64 i = 0; i < n; i++) {
    l4_type_to_float (reading->tensor->type, in + i * reading->row_bytes, weight->n_in, floats);
    if (!l4_quantise (weight->type, floats, weight->n_in, out + i * weight->row_bytes))
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: a weight of tensor \"%s\" is no number"),
          l4_checkpoint_get_path (reading->loader->checkpoint), reading->tensor->name);
  }
  return TRUE;
}

/* Reads n rows of the file from row first on into out, in the type of the weight; in: room for them in the type of the file, and for
 * floats of one row. */
static gboolean
read_rows (Reading *reading, gint64 first, gint64 n, guint8 *in, guint8 *out)
{
  const L4Checkpoint *checkpoint = reading->loader->checkpoint;
  guint8 *to = converts (reading) ? in : out;
  g_autoptr (GError) error = NULL;
  gboolean done = check_cancelled (reading->loader, &error);

  if (done && reading->stride == reading->row_bytes)
    done = l4_checkpoint_read (checkpoint, reading->tensor, reading->offset + first * reading->stride, n * reading->row_bytes,
        to, &error);
  else
    for (gint64 i = 0; done && i < n; i++)
      done = l4_checkpoint_read (checkpoint, reading->tensor, reading->offset + (first + i) * reading->stride,
          reading->row_bytes, to + i * reading->row_bytes, &error);
  if (done && (!converts (reading) || convert_rows (reading, n, in, (float *) (in + n * reading->row_bytes), out, &error)))
    return TRUE;
  g_mutex_lock (&reading->lock);
  if (reading->error == NULL)
    reading->error = g_steal_pointer (&error);
  g_mutex_unlock (&reading->lock);
  return FALSE;
}

/* The next panels of a matrix whose rows are outputs. */
static void
read_panels (gpointer data, gsize task, guint thread)
{
  Reading *reading = data;
  L4Weight *weight = reading->weight;
  gsize first = (gsize) g_atomic_int_add (&reading->next, 1) * TASK_PANELS;
  gsize last = MIN (first + TASK_PANELS, l4_weight_n_panels (weight));
  gint64 row = first * L4_PANEL_ROWS, n = MIN ((gint64) last * L4_PANEL_ROWS, weight->n_out) - row;
  guint8 *out = reading->loader->compute->own[thread].data;
  guint8 *in = out + TASK_PANELS * L4_PANEL_ROWS * weight->row_bytes;

  if (reading->error != NULL || !read_rows (reading, row, n, in, out))
    return;
  for (gsize p = first; p < last; p++)
    l4_weight_set_panel (weight, p, out + (p - first) * L4_PANEL_ROWS * weight->row_bytes, weight->row_bytes);
}

static gsize
column_bytes (const Reading *reading)
{
  return l4_panel_format (reading->weight->type)->block_bytes;
}

/* The next row of inputs into staging. */
static void
stage_row (gpointer data, gsize task, guint thread)
{
  Reading *reading = data;
  gsize row = g_atomic_int_add (&reading->next, 1);

  if (reading->error == NULL)
    read_rows (reading, row, 1, reading->loader->compute->own[thread].data,
        reading->staging + row * reading->weight->n_out * column_bytes (reading));
}

static void
pack_staged (gpointer data, gsize task, guint thread)
{
  Reading *reading = data;
  gsize size = column_bytes (reading);

  l4_weight_set_panel_columns (reading->weight, task, reading->staging + task * L4_PANEL_ROWS * size,
      reading->weight->n_out * size);
}

static gboolean
read_matrix (Reading *reading, gboolean inputs_first)
{
  L4Loader *self = reading->loader;
  L4Weight *weight = reading->weight;
  guint64 work = weight->n_out * weight->n_in;
  gsize rows = TASK_PANELS * L4_PANEL_ROWS;
  gsize own = inputs_first ? reading->row_bytes
      : rows * weight->row_bytes + (converts (reading) ? rows * reading->row_bytes + weight->n_in * sizeof (float) : 0);

  if (!l4_compute_take_own (self->compute, own, &reading->error))
    return FALSE;
  if (!inputs_first) {
    l4_compute_run (self->compute, read_panels, reading, (l4_weight_n_panels (weight) + TASK_PANELS - 1) / TASK_PANELS, work);
    return reading->error == NULL;
  }
  reading->staging = l4_scratch_take (&self->staging, weight->n_in * weight->n_out * column_bytes (reading), &reading->error);
  if (reading->staging == NULL)
    return FALSE;
  l4_compute_run (self->compute, stage_row, reading, weight->n_in, work);
  if (reading->error == NULL)
    l4_compute_run (self->compute, pack_staged, reading, l4_weight_n_panels (weight), work);
  return reading->error == NULL;
}

/* The scales of an FP8 matrix, whose first row is that one of the tensor. */
static gboolean
read_scales (L4Loader *self, const L4Tensor *tensor, gsize first, L4Weight *weight)
{
  weight->row_scales = l4_alloc ((gsize) weight->n_out * sizeof (float), tensor->name, &self->error);
  return weight->row_scales != NULL
      && l4_checkpoint_read_scales (self->checkpoint, tensor, first, (gsize) weight->n_out, weight->row_scales, &self->error);
}

/* The type that a matrix has in memory. */
static L4Type
choose_type (const L4Loader *self, const L4Tensor *tensor, gint64 n_in, gboolean keep_f32, gboolean inputs_first)
{
  gboolean plain = tensor->type == L4_TYPE_F32 || tensor->type == L4_TYPE_F16 || tensor->type == L4_TYPE_BF16;

  if (self->compute->precision == L4_PRECISION_F32 || keep_f32)
    return tensor->type;
  if (self->type == L4_TYPE_Q8_0 && plain && !inputs_first && n_in % l4_type_info (L4_TYPE_Q8_0)->block_elements == 0)
    return L4_TYPE_Q8_0;
  if (self->type == L4_TYPE_BF16 && plain && !inputs_first && !self->map)
    return L4_TYPE_BF16;
  return tensor->type == L4_TYPE_F32 ? L4_TYPE_BF16 : tensor->type;
}

static gboolean
read_place (gconstpointer owner, gconstpointer item, guint64 offset, gsize n_bytes, guint8 *out, GError **error)
{
  return l4_checkpoint_read (owner, item, offset, n_bytes, out, error);
}

static void
drop_place (gconstpointer owner, gconstpointer item, guint64 offset, gsize n_bytes)
{
  l4_checkpoint_drop (owner, item, offset, n_bytes);
}

/* The matrix where it lies. */
static L4Weight *
leave_away (const L4Loader *self, const Reading *reading, gint64 n_out, gint64 n_in)
{
  L4StreamPart place = {.offset = reading->tensor->offset + reading->offset,.type = reading->tensor->type,.n_rows = n_out,.n = n_in };
  const L4Tensor *part;

  if (reading->tensor->packed != NULL) {
    place.source = (L4StreamSource) { read_place, self->checkpoint, reading->tensor, drop_place };
    place.offset = reading->offset;
  }
  for (guint i = 0; i < L4_STREAM_OTHERS && (part = l4_checkpoint_get_part (reading->tensor, i + 1)) != NULL; i++)
    place.others[i].fd = l4_checkpoint_get_fd (self->checkpoint, part, &place.others[i].path);
  place.fd = l4_checkpoint_get_fd (self->checkpoint, reading->tensor, &place.path);
  return l4_weight_new_away (&place);
}

/* The matrix of tensor whose bytes begin at offset. */
static L4Weight *
load_matrix (L4Loader *self, const L4Tensor *tensor, gint64 n_out, gint64 n_in, gboolean keep_f32, const L4Slice *slice)
{
  gboolean inputs_first = slice != NULL && slice->inputs_first;
  L4Type type = choose_type (self, tensor, n_in, keep_f32, inputs_first);
  g_autoptr (L4Weight) weight = NULL;
  Reading reading = {.loader = self,.tensor = tensor,.n_rows = inputs_first ? n_in : n_out };
  const guint8 *mapped = NULL;
  gsize all;                    /* bytes of a whole row of the tensor */

  if (!l4_type_bytes (tensor->type, inputs_first ? n_out : n_in, &reading.row_bytes)
      || !l4_type_bytes (tensor->type, inputs_first ? slice->n_rows : n_in, &all)
      || (inputs_first && l4_type_info (tensor->type)->block_elements > 1)) {
    l4_fail (&self->error, L4_ERROR_FORMAT, _("%s: rows of %" PRId64 " weights in tensor \"%s\" cannot have the type %s"),
        l4_checkpoint_get_path (self->checkpoint), inputs_first ? n_out : n_in, tensor->name, tensor->dtype);
    return NULL;
  }
  reading.stride = all;
  if (slice != NULL && inputs_first)
    reading.offset = (guint64) slice->index * n_in * all + slice->first_row * l4_type_info (tensor->type)->block_bytes;
  else if (slice != NULL)
    reading.offset = ((guint64) slice->index * slice->n_rows + slice->first_row) * all;
  if (self->map && !inputs_first && type == tensor->type && tensor->packed == NULL) {
    mapped = l4_checkpoint_map (self->checkpoint, tensor, &self->error);
    if (mapped == NULL)
      return NULL;
    mapped += reading.offset;
  }
  weight = self->away && !inputs_first && type == tensor->type ? leave_away (self, &reading, n_out, n_in)
      : l4_weight_new (type, n_out, n_in, mapped, &self->error);
  if (weight == NULL || (tensor->type == L4_TYPE_F8_E4M3
          && !read_scales (self, tensor, slice != NULL ? (gsize) (slice->index * slice->n_rows + slice->first_row) : 0, weight)))
    return NULL;
  reading.weight = weight;
  g_mutex_init (&reading.lock);
  if (mapped == NULL && weight->place == NULL && !read_matrix (&reading, inputs_first))
    self->error = reading.error;
  g_mutex_clear (&reading.lock);
  if (self->error != NULL)
    return NULL;
  report (self, n_out * n_in);
  return g_steal_pointer (&weight);
}

#define FORMAT_NAME(name, format) \
  g_autofree char *name = NULL; \
  va_list args; \
  va_start (args, format); \
  name = g_strdup_vprintf (format, args); \
  va_end (args)

static L4Weight *
load_whole (L4Loader *self, gint64 n_out, gint64 n_in, gboolean keep_f32, const char *name)
{
  const gint64 dims[] = { n_out, n_in };
  const L4Tensor *tensor = self->error == NULL ? l4_checkpoint_expect (self->checkpoint, name, 2, dims, &self->error) : NULL;

  return tensor != NULL ? load_matrix (self, tensor, n_out, n_in, keep_f32, NULL) : NULL;
}

L4Weight *
l4_loader_weight (L4Loader *self, gint64 n_out, gint64 n_in, const char *format, ...)
{
  FORMAT_NAME (name, format);
  return load_whole (self, n_out, n_in, FALSE, name);
}

L4Weight *
l4_loader_weight_f32 (L4Loader *self, gint64 n_out, gint64 n_in, const char *format, ...)
{
  g_autoptr (L4Weight) weight = NULL;
  const gint64 dims[] = { n_out, n_in };
  const L4Tensor *tensor;
  l4_autofree float *floats = NULL;

  FORMAT_NAME (name, format);
  if (self->error != NULL || (tensor = l4_checkpoint_expect (self->checkpoint, name, 2, dims, &self->error)) == NULL)
    return NULL;
  floats = l4_alloc (tensor->n_elements * sizeof (float), name, &self->error);
  if (floats == NULL || !l4_checkpoint_read_float (self->checkpoint, tensor, 0, tensor->n_elements, floats, &self->error))
    return NULL;
  weight = l4_weight_new (L4_TYPE_F32, n_out, n_in, NULL, &self->error);
  if (weight == NULL || (tensor->type == L4_TYPE_F8_E4M3 && !read_scales (self, tensor, 0, weight)))
    return NULL;
  for (gsize p = 0; p < l4_weight_n_panels (weight); p++)
    l4_weight_set_panel (weight, p, (const guint8 *) (floats + p * L4_PANEL_ROWS * n_in), n_in * sizeof (float));
  report (self, tensor->n_elements);
  return g_steal_pointer (&weight);
}

L4Weight *
l4_loader_slice (L4Loader *self, gint64 n_out, gint64 n_in, const L4Slice *slice)
{
  const gint64 dims[] = { slice->count, slice->inputs_first ? n_in : slice->n_rows, slice->inputs_first ? slice->n_rows : n_in };
  const L4Tensor *tensor =
      self->error == NULL ? l4_checkpoint_expect (self->checkpoint, slice->name, 3, dims, &self->error) : NULL;

  return tensor != NULL ? load_matrix (self, tensor, n_out, n_in, FALSE, slice) : NULL;
}

/* Vectors and tables ------------------------------------------------------------------------------------------------- */

static float *
load_floats (L4Loader *self, guint n_dims, const gint64 *dims, const char *name)
{
  const L4Tensor *tensor;
  l4_autofree float *floats = NULL;

  if (self->error != NULL)
    return NULL;
  tensor = l4_checkpoint_expect (self->checkpoint, name, n_dims, dims, &self->error);
  if (tensor == NULL || !check_cancelled (self, &self->error))
    return NULL;
  floats = l4_alloc (tensor->n_elements * sizeof (float), name, &self->error);
  if (floats == NULL || !l4_checkpoint_read_float (self->checkpoint, tensor, 0, tensor->n_elements, floats, &self->error))
    return NULL;
  report (self, tensor->n_elements);
  return g_steal_pointer (&floats);
}

float *
l4_loader_vector (L4Loader *self, gint64 n, const char *format, ...)
{
  FORMAT_NAME (name, format);
  return load_floats (self, 1, &n, name);
}

float *
l4_loader_table (L4Loader *self, gint64 rows, gint64 n, const char *format, ...)
{
  FORMAT_NAME (name, format);
  return load_floats (self, 2, (gint64[]) { rows, n }, name);
}

/* The bytes of the rows, whole ones of about PIECE_BYTES at a time. */
static gboolean
read_row_bytes (L4Loader *self, const L4Tensor *tensor, L4Rows *rows)
{
  gsize piece = MAX (PIECE_BYTES / rows->row_bytes, 1) * rows->row_bytes;

  rows->owned = l4_alloc_raw (tensor->bytes, tensor->name, &self->error);
  rows->rows = rows->owned;
  for (gsize at = 0; rows->owned != NULL && at < tensor->bytes; at += piece)
    if (!check_cancelled (self, &self->error) || !l4_checkpoint_read (self->checkpoint, tensor, at,
            MIN (piece, tensor->bytes - at), rows->owned + at, &self->error))
      return FALSE;
  return rows->owned != NULL;
}

gboolean
l4_loader_rows (L4Loader *self, gint64 n_rows, gint64 n, L4Rows *rows, const char *format, ...)
{
  const gint64 dims[] = { n_rows, n };
  const L4Tensor *tensor;

  FORMAT_NAME (name, format);
  *rows = (L4Rows) {.n_rows = n_rows,.n = n };
  if (self->error != NULL || (tensor = l4_checkpoint_expect (self->checkpoint, name, 2, dims, &self->error)) == NULL)
    return FALSE;
  rows->type = tensor->type;
  if (!l4_type_bytes (tensor->type, n, &rows->row_bytes) || tensor->type == L4_TYPE_F8_E4M3)
    return l4_fail (&self->error, L4_ERROR_FORMAT, _("%s: rows of %" PRId64 " weights in tensor \"%s\" cannot have the type %s"),
        l4_checkpoint_get_path (self->checkpoint), n, tensor->name, tensor->dtype);
  if (self->map && tensor->packed == NULL)
    rows->rows = l4_checkpoint_map (self->checkpoint, tensor, &self->error);
  else
    read_row_bytes (self, tensor, rows);
  if (self->error != NULL)
    return FALSE;
  report (self, tensor->n_elements);
  return TRUE;
}

void
l4_rows_clear (L4Rows *self)
{
  l4_free (self->owned);
  *self = (L4Rows) { 0 };
}

gboolean
l4_loader_has (const L4Loader *self, const char *format, ...)
{
  FORMAT_NAME (name, format);
  return l4_checkpoint_find (self->checkpoint, name) != NULL;
}
