/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a checkpoint's tensors to packed weights, with progress and cancellation. */

#pragma once

#include "compute/compute.h"
#include "formats/checkpoint.h"

/* One loading. Used by one thread. Once something has failed or was cancelled every further call returns NULL. */
typedef struct _L4Loader L4Loader;

/* total_elements: what will be asked for, as the measure of progress. checkpoint and compute are borrowed. (transfer full) */
L4Loader *l4_loader_new (L4Compute *compute, const L4Checkpoint *checkpoint, guint64 total_elements, L4ProgressFunc progress,
    gpointer user_data, GCancellable *cancellable);
void l4_loader_free (L4Loader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Loader, l4_loader_free)

/* Every function below takes the name of a tensor as a printf format. What failed first is in l4_loader_finish(). */

/* A [n_out, n_in] matrix in the model's precision; l4_loader_weight_f32 always float32. */
L4Weight *l4_loader_weight (L4Loader *self, gint64 n_out, gint64 n_in, const char *format, ...) G_GNUC_PRINTF (4, 5);
L4Weight *l4_loader_weight_f32 (L4Loader *self, gint64 n_out, gint64 n_in, const char *format, ...) G_GNUC_PRINTF (4, 5);

/* Slice `index` of a [count, n_in, n_out] tensor: rows are inputs. */
L4Weight *l4_loader_slice (L4Loader *self, gint64 index, gint64 count, gint64 n_in, gint64 n_out, const char *format, ...)
    G_GNUC_PRINTF (6, 7);

/* Two [n_out, n_in] matrices, one below the other, as one weight [2 * n_out, n_in]. */
L4Weight *l4_loader_pair (L4Loader *self, gint64 n_out, gint64 n_in, const char *first, const char *second);

/* A vector [n] or a table [rows, n] of floats. (transfer full), l4_free() */
float *l4_loader_vector (L4Loader *self, gint64 n, const char *format, ...) G_GNUC_PRINTF (3, 4);
float *l4_loader_table (L4Loader *self, gint64 rows, gint64 n, const char *format, ...) G_GNUC_PRINTF (4, 5);

/* The same table rounded to bfloat16. */
guint16 *l4_loader_table_bf16 (L4Loader *self, gint64 rows, gint64 n, const char *format, ...) G_GNUC_PRINTF (4, 5);

gboolean l4_loader_has (const L4Loader *self, const char *name);
L4Precision l4_loader_get_precision (const L4Loader *self);

/* FALSE with the first error, if there was any. */
gboolean l4_loader_finish (L4Loader *self, GError **error);
