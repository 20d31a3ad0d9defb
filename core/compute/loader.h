/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a checkpoint's tensors to weights in memory, with progress and cancellation. */

#pragma once

#include "checkpoint/checkpoint.h"
#include "compute/compute.h"
#include "compute/weight.h"

/* One loading. Used by one thread. Once something has failed or was cancelled every further call returns NULL. */
typedef struct _L4Loader L4Loader;

/* total_elements: what will be asked for, as the measure of progress. map: matrices stay in the file, which is mapped, as far as
 * its layout allows; the checkpoint must then outlive them. checkpoint and compute are borrowed. (transfer full) */
L4Loader *l4_loader_new (L4Compute *compute, L4Checkpoint *checkpoint, gboolean map, guint64 total_elements,
    L4ProgressFunc progress, gpointer user_data, GCancellable *cancellable);
void l4_loader_free (L4Loader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Loader, l4_loader_free)

/* Where experts may stay away; NULL, and at first: nowhere. Borrowed. */
void l4_loader_set_stream (L4Loader *self, L4Stream *stream);
L4Stream *l4_loader_get_stream (const L4Loader *self);

/* With a stream: from now on matrices stay away (L4Weight.place), as far as the bytes in the file are what is multiplied; or not. */
void l4_loader_set_away (L4Loader *self, gboolean away);

/* From now on matrices of plain numbers become that type in L4_PRECISION_BF16: Q8_0, where their rows are whole blocks, or BF16, where
 * they are not mapped. L4_N_TYPES, and at first: those of 16 bits stay what they are. */
void l4_loader_set_type (L4Loader *self, L4Type type);

/* Every function below takes the name of a tensor as a printf format. What failed first is in l4_loader_finish(). */

/* A [n_out, n_in] matrix in the type of the file; one of float32 becomes bfloat16 in L4_PRECISION_BF16. l4_loader_weight_f32:
 * float32 always. */
L4Weight *l4_loader_weight (L4Loader *self, gint64 n_out, gint64 n_in, const char *format, ...) G_GNUC_PRINTF (4, 5);
L4Weight *l4_loader_weight_f32 (L4Loader *self, gint64 n_out, gint64 n_in, const char *format, ...) G_GNUC_PRINTF (4, 5);

/* Where the matrix of one expert lies: its rows in the tensor `name`, [count, rows, n_in] with rows as outputs, from first_row on; or
 * with inputs as rows, [count, n_in, columns], from first_row as the first column on. */
typedef struct
{
  const char *name;
  gint64 index, count;
  gint64 n_rows, first_row;     /* of all outputs in the tensor */
  gboolean inputs_first;
} L4Slice;

/* The [n_out, n_in] matrix at that place. */
L4Weight *l4_loader_slice (L4Loader *self, gint64 n_out, gint64 n_in, const L4Slice *slice);

/* A vector [n] or a table [rows, n] of floats. (transfer full), l4_free() */
float *l4_loader_vector (L4Loader *self, gint64 n, const char *format, ...) G_GNUC_PRINTF (3, 4);
float *l4_loader_table (L4Loader *self, gint64 rows, gint64 n, const char *format, ...) G_GNUC_PRINTF (4, 5);

/* Rows that are looked up one at a time, as they are in the file. */
typedef struct
{
  L4Type type;
  gint64 n_rows, n;
  gsize row_bytes;
  const guint8 *rows;           /* [n_rows, row_bytes] */
  guint8 *owned;                /* rows, unless they are mapped */
} L4Rows;

/* FALSE: failed. (cleared by l4_rows_clear()) */
gboolean l4_loader_rows (L4Loader *self, gint64 n_rows, gint64 n, L4Rows *rows, const char *format, ...) G_GNUC_PRINTF (5, 6);
void l4_rows_clear (L4Rows *self);

gboolean l4_loader_has (const L4Loader *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* FALSE with the first error, if there was any. */
gboolean l4_loader_finish (L4Loader *self, GError **error);
