/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A matrix of weights in the blocks of its file, in panels. */

#pragma once

#include "base/error.h"
#include "base/type.h"
#include "stream/stream.h"

/* [n_out, n_in]. Immutable once filled; any thread. */
typedef struct
{
  L4Type type;
  gint64 n_out, n_in;
  gsize row_bytes;              /* in the file */
  gsize panel_bytes;
  guint8 *panels;               /* [(n_out + 15) / 16, panel_bytes] as in kernels/panel.h; NULL: see rows */
  const guint8 *rows;           /* [n_out, row_bytes] as in the file, borrowed; made into panels whenever they are read */
  L4StreamPart *place;          /* of a matrix that is not here: who multiplies gives a copy of self its panels; NULL: it is here */
  float *row_scales;            /* [n_out], of L4_TYPE_F8_E4M3; NULL: 1 */
} L4Weight;

/* With room for panels, contents undefined, unless rows is given. n_in: a multiple of the type's block. (transfer full) */
L4Weight *l4_weight_new (L4Type type, gint64 n_out, gint64 n_in, const guint8 *rows, GError **error);
/* One that stays in its file until somebody needs its panels. (transfer full) */
L4Weight *l4_weight_new_away (const L4StreamPart *place);
void l4_weight_free (L4Weight *self);   /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Weight, l4_weight_free)

/* Bytes that l4_weight_new() would allocate. */
guint64 l4_weight_bytes (L4Type type, gint64 n_out, gint64 n_in);

gsize l4_weight_n_panels (const L4Weight *self);

/* Fills the panel `index` with its rows (fewer than 16 in the last), row_bytes each, stride bytes apart. */
void l4_weight_set_panel (L4Weight *self, gsize index, const guint8 *rows, gsize stride);
/* The same from a matrix whose rows are inputs: columns is where the panel's first output is for input 0. */
void l4_weight_set_panel_columns (L4Weight *self, gsize index, const guint8 *columns, gsize stride);

/* Columns first … first + count - 1 of the panel `index`, both multiples of the type's block or up to the end of the rows, as a panel of
 * their own. scratch: as large as that, may be where it is. */
const guint8 *l4_weight_get_panel (const L4Weight *self, gsize index, gint64 first, gint64 count, guint8 *scratch);

