/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a checkpoint's tensors to packed weights, with progress and cancellation. */

#include "compute/loader.h"

#include "base/memory.h"
#include "kernels/kernels.h"

/* Elements read at once where a tensor is converted piece by piece. */
#define PIECE (1 << 20)

struct _L4Loader
{
  L4Compute *compute;
  const L4Checkpoint *checkpoint;
  guint64 total, done;          /* elements */
  L4ProgressFunc progress;
  gpointer user_data;
  GCancellable *cancellable;
  GError *error;
  float *staging;               /* [staging_size] */
  gsize staging_size;
};

L4Loader *
l4_loader_new (L4Compute *compute, const L4Checkpoint *checkpoint, guint64 total_elements, L4ProgressFunc progress,
    gpointer user_data, GCancellable *cancellable)
{
  L4Loader *self = g_new0 (L4Loader, 1);

  self->compute = compute;
  self->checkpoint = checkpoint;
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
  l4_free (self->staging);
  g_clear_error (&self->error);
  g_free (self);
}

gboolean
l4_loader_has (const L4Loader *self, const char *name)
{
  return l4_checkpoint_find (self->checkpoint, name) != NULL;
}

L4Precision
l4_loader_get_precision (const L4Loader *self)
{
  return l4_compute_get_precision (self->compute);
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
read_elements (L4Loader *self, const L4Tensor *tensor, gsize first, gsize n, float *out)
{
  if (g_cancellable_is_cancelled (self->cancellable))
    return l4_fail (&self->error, L4_ERROR_CANCELLED, _("%s: loading was cancelled"), l4_checkpoint_get_path (self->checkpoint));
  if (!l4_checkpoint_read_float (self->checkpoint, tensor, first, n, out, &self->error))
    return FALSE;
  self->done += n;
  if (self->progress != NULL)
    self->progress (MIN (self->done * 100 / self->total, 100), self->user_data);
  return TRUE;
}

/* Room for n floats, kept from one tensor to the next. */
static float *
staging (L4Loader *self, gsize n)
{
  if (n > self->staging_size) {
    l4_free (self->staging);
    self->staging_size = 0;
    self->staging = l4_alloc (n * sizeof (float), _("loading"), &self->error);
    if (self->staging != NULL)
      self->staging_size = n;
  }
  return self->staging;
}

static L4Weight *
load_weight (L4Loader *self, L4Precision precision, gint64 n_out, gint64 n_in, const char *name)
{
  const gint64 dims[] = { n_out, n_in };
  const L4Tensor *tensor;

  if (self->error != NULL)
    return NULL;
  tensor = l4_checkpoint_expect (self->checkpoint, name, 2, dims, &self->error);
  if (tensor == NULL || staging (self, tensor->n_elements) == NULL
      || !read_elements (self, tensor, 0, tensor->n_elements, self->staging))
    return NULL;
  return l4_weight_new (self->compute, precision, n_out, n_in, L4_LAYOUT_OUT_IN, self->staging, &self->error);
}

#define FORMAT_NAME(name, format) \
  g_autofree char *name = NULL; \
  va_list args; \
  va_start (args, format); \
  name = g_strdup_vprintf (format, args); \
  va_end (args)

L4Weight *
l4_loader_weight (L4Loader *self, gint64 n_out, gint64 n_in, const char *format, ...)
{
  FORMAT_NAME (name, format);
  return load_weight (self, l4_compute_get_precision (self->compute), n_out, n_in, name);
}

L4Weight *
l4_loader_weight_f32 (L4Loader *self, gint64 n_out, gint64 n_in, const char *format, ...)
{
  FORMAT_NAME (name, format);
  return load_weight (self, L4_PRECISION_F32, n_out, n_in, name);
}

L4Weight *
l4_loader_slice (L4Loader *self, gint64 index, gint64 count, gint64 n_in, gint64 n_out, const char *format, ...)
{
  const gint64 dims[] = { count, n_in, n_out };
  gsize n = n_in * n_out;
  const L4Tensor *tensor;

  FORMAT_NAME (name, format);
  if (self->error != NULL)
    return NULL;
  tensor = l4_checkpoint_expect (self->checkpoint, name, 3, dims, &self->error);
  if (tensor == NULL || staging (self, n) == NULL || !read_elements (self, tensor, index * n, n, self->staging))
    return NULL;
  return l4_weight_new (self->compute, l4_compute_get_precision (self->compute), n_out, n_in, L4_LAYOUT_IN_OUT,
      self->staging, &self->error);
}

L4Weight *
l4_loader_pair (L4Loader *self, gint64 n_out, gint64 n_in, const char *first, const char *second)
{
  const gint64 dims[] = { n_out, n_in };
  const L4Tensor *tensors[2];
  gsize n = n_out * n_in;

  if (self->error != NULL)
    return NULL;
  tensors[0] = l4_checkpoint_expect (self->checkpoint, first, 2, dims, &self->error);
  tensors[1] = tensors[0] != NULL ? l4_checkpoint_expect (self->checkpoint, second, 2, dims, &self->error) : NULL;
  if (tensors[1] == NULL || staging (self, 2 * n) == NULL || !read_elements (self, tensors[0], 0, n, self->staging)
      || !read_elements (self, tensors[1], 0, n, self->staging + n))
    return NULL;
  return l4_weight_new (self->compute, l4_compute_get_precision (self->compute), 2 * n_out, n_in, L4_LAYOUT_OUT_IN,
      self->staging, &self->error);
}

static float *
load_floats (L4Loader *self, guint n_dims, const gint64 *dims, const char *name)
{
  const L4Tensor *tensor;
  l4_autofree float *floats = NULL;

  if (self->error != NULL)
    return NULL;
  tensor = l4_checkpoint_expect (self->checkpoint, name, n_dims, dims, &self->error);
  if (tensor == NULL)
    return NULL;
  floats = l4_alloc (tensor->n_elements * sizeof (float), name, &self->error);
  if (floats == NULL || !read_elements (self, tensor, 0, tensor->n_elements, floats))
    return NULL;
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

guint16 *
l4_loader_table_bf16 (L4Loader *self, gint64 rows, gint64 n, const char *format, ...)
{
  const gint64 dims[] = { rows, n };
  const L4Tensor *tensor;
  l4_autofree guint16 *table = NULL;

  FORMAT_NAME (name, format);
  if (self->error != NULL)
    return NULL;
  tensor = l4_checkpoint_expect (self->checkpoint, name, 2, dims, &self->error);
  if (tensor == NULL || staging (self, PIECE) == NULL)
    return NULL;
  table = l4_alloc (tensor->n_elements * sizeof (guint16), name, &self->error);
  if (table == NULL)
    return NULL;
  for (gsize at = 0; at < tensor->n_elements; at += PIECE) {
    gsize piece = MIN (PIECE, tensor->n_elements - at);

    if (!read_elements (self, tensor, at, piece, self->staging))
      return NULL;
    l4_kernels ()->to_bf16 (self->staging, piece, table + at);
  }
  return g_steal_pointer (&table);
}
