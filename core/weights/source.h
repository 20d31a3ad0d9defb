/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the tensors of a GGUF file come from: the same weights as they lie in a checkpoint of any kind. */

#pragma once

#include "checkpoint/checkpoint.h"
#include "weights/layout.h"

/* The ways in which a checkpoint holds a tensor; for the experts' every expert is a slice. */
typedef enum
{
  L4_SOURCE_ROWS,               /* row for row */
  L4_SOURCE_STACKED,            /* a slice's rows are some of those of a larger slice: gate and up in one */
  L4_SOURCE_TURNED,             /* a slice's rows are columns of a larger one */
  L4_SOURCE_APART,              /* every slice is a tensor of its own */
} L4SourceForm;

/* A tensor to be written and what it is made of. Filled by l4_source_find(). */
typedef struct
{
  const L4LayoutTensor *to;
  L4SourceForm form;
  const L4Tensor *from;         /* NULL when apart */
  gint64 n_slices, n_rows, n_columns;   /* of to; a slice for every expert, otherwise one */
  gint64 first;                 /* row or column of from that is the first of a slice */
} L4Source;

/* Looks to's weights up in the checkpoint; L4_ERROR_FORMAT names what is missing or of another shape. */
gboolean l4_source_find (const L4Checkpoint *checkpoint, const L4LayoutTensor *to, L4Source *source, GError **error);

/* Bytes of scratch memory that reading rows of a slice needs. */
gsize l4_source_scratch (const L4Source *source);

/* Reads what the rows of one slice need into scratch: nothing, unless they are turned. Any thread with its own scratch. */
gboolean l4_source_begin_slice (const L4Source *source, const L4Checkpoint *checkpoint, gint64 slice, gpointer scratch,
    GError **error);

/* Rows [first, first + n) of that slice as floats, [n, n_columns]; those of float8 weights times their scales. */
gboolean l4_source_read_rows (const L4Source *source, const L4Checkpoint *checkpoint, gint64 slice, gint64 first, gint64 n,
    gconstpointer scratch, float *rows, GError **error);
