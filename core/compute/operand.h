/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows that weights are multiplied with, rounded and laid out for one of the ways to multiply. */

#pragma once

#include "compute/brgemm.h"
#include "compute/product.h"
#include "kernels/panel.h"

typedef enum
{
  L4_WAY_QUANTISED,             /* L4PanelKernels.dot and multiply: L4QuantisedRows */
  L4_WAY_FLOATS,                /* L4PanelKernels.dot_floats: rows of floats, as bfloat16 has them unless exact */
  L4_WAY_TILES,                 /* L4TileKernels.multiply: [depth / 512] times its a */
  L4_WAY_BLOCKS                 /* blocks of the same floats: [depth / 512][rows up to a multiple of 16][512] */
} L4Way;

typedef struct
{
  L4Way way;
  gboolean exact;               /* floats: as they are */
  const float *x;
  const gint32 *rows;
  const L4LayerNorm *norm;
  const float *factors;
  gint64 m, n_in;
  gint64 padded_m;              /* multiple of 16 in tiles and blocks, else m */
  gint64 padded_n;              /* multiple of 32 */
  gsize offset, bytes;          /* in the operands' memory */
  guint8 *data;
} L4Operand;

/* Whether weights are made into blocks for it, not read where they lie. */
gboolean l4_operand_has_blocks (const L4Operand *self);

/* Fills in padded_m, padded_n and bytes from the rest. FALSE when the size overflows. */
gboolean l4_operand_measure (L4Operand *self);

/* Writes row i, 0 … padded_m - 1, to data. floats: [padded_n] scratch. */
void l4_operand_write_row (const L4Operand *self, gint64 i, float *floats);

/* Rows from i on of L4_WAY_QUANTISED, row i of L4_WAY_FLOATS. */
L4QuantisedRows l4_operand_quantised (const L4Operand *self, gint64 i);
const float *l4_operand_floats (const L4Operand *self, gint64 i);

/* Rows i … of the slice of columns that begins at `depth` (a multiple of 512), dense rows of MIN (512, padded_n - depth), or tiles of
 * 16 such rows; i: a multiple of 16. */
const void *l4_operand_block (const L4Operand *self, gint64 i, gint64 depth);
