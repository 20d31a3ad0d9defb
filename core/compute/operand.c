/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows that weights are multiplied with, rounded and laid out for one of the ways to multiply. */

#include "compute/operand.h"

#include <string.h>

#include "base/bf16.h"
#include "base/memory.h"
#include "kernels/kernels.h"

#define ROW_STEP L4_TILE_ROWS   /* of blocks too */

static gsize
element_size (L4Way way)
{
  return way == L4_WAY_TILES ? sizeof (guint16) : sizeof (float);
}

gboolean
l4_operand_has_blocks (const L4Operand *self)
{
  return self->way == L4_WAY_TILES || self->way == L4_WAY_BLOCKS;
}

gboolean
l4_operand_measure (L4Operand *self)
{
  self->padded_m = l4_operand_has_blocks (self) ? (self->m + ROW_STEP - 1) / ROW_STEP * ROW_STEP : self->m;
  self->padded_n = (self->n_in + L4_GROUP - 1) / L4_GROUP * L4_GROUP;
  if (self->way == L4_WAY_QUANTISED)
    return l4_checked_product ((gint64[]) { self->m, l4_quantised_row_bytes (self->padded_n) }, 2, 1, &self->bytes);
  return l4_checked_product ((gint64[]) { self->padded_m, self->padded_n }, 2, element_size (self->way), &self->bytes);
}

L4QuantisedRows
l4_operand_quantised (const L4Operand *self, gint64 i)
{
  return l4_quantised_rows (self->data + i * l4_quantised_row_bytes (self->padded_n), self->padded_n);
}

const float *
l4_operand_floats (const L4Operand *self, gint64 i)
{
  return (const float *) self->data + i * self->padded_n;
}

const void *
l4_operand_block (const L4Operand *self, gint64 i, gint64 depth)
{
  gint64 width = MIN (L4_BLOCK_DEPTH, self->padded_n - depth);

  return self->data + (depth * self->padded_m + i * width) * element_size (self->way);
}

/* Row i of x, normalised and scaled, with zeros behind it: the row itself where nothing has to be done. */
static const float *
take_row (const L4Operand *self, gint64 i, float *floats)
{
  const float *row = self->x + (self->rows != NULL ? self->rows[i] : i) * self->n_in;

  if (self->norm == NULL && self->factors == NULL && self->padded_n == self->n_in)
    return row;
  if (self->norm != NULL) {
    l4_kernels ()->layer_norm (row, self->norm->weight, self->norm->bias, self->n_in, self->norm->eps, floats);
    row = floats;
  }
  if (self->factors != NULL || row != floats)
    l4_kernels ()->scale (row, self->factors != NULL ? self->factors[i] : 1, self->n_in, floats);
  memset (floats + self->n_in, 0, (self->padded_n - self->n_in) * sizeof (float));
  return floats;
}

/* row: NULL for zeros. */
static void
write_tile_row (const L4Operand *self, gint64 i, const float *row)
{
  static const float nothing[L4_BLOCK_DEPTH];

  for (gint64 depth = 0; depth < self->padded_n; depth += L4_BLOCK_DEPTH) {
    guint16 *tiles = (guint16 *) l4_operand_block (self, i / ROW_STEP * ROW_STEP, depth);

    l4_kernels ()->tiles->pack_row (row != NULL ? row + depth : nothing, MIN (L4_BLOCK_DEPTH, self->padded_n - depth),
        tiles + i % ROW_STEP * L4_TILE_COLUMNS);
  }
}

/* Few rows and many are rounded alike, or what is held from an earlier prompt would change an answer. */
static void
write_floats (const L4Operand *self, const float *in, gint64 n, float *out)
{
  for (gint64 k = 0; k < n; k++)
    out[k] = self->exact ? in[k] : l4_bf16_to_float (l4_bf16_from_float (in[k]));
}

static void
write_block_row (const L4Operand *self, gint64 i, const float *row)
{
  for (gint64 depth = 0; depth < self->padded_n; depth += L4_BLOCK_DEPTH) {
    gint64 width = MIN (L4_BLOCK_DEPTH, self->padded_n - depth);
    void *out = (void *) l4_operand_block (self, i, depth);

    if (row == NULL)
      memset (out, 0, width * sizeof (float));
    else
      write_floats (self, row + depth, width, out);
  }
}

void
l4_operand_write_row (const L4Operand *self, gint64 i, float *floats)
{
  const float *row = i < self->m ? take_row (self, i, floats) : NULL;
  L4QuantisedRows quantised;

  switch (self->way) {
    case L4_WAY_QUANTISED:
      quantised = l4_operand_quantised (self, i);
      l4_kernels ()->quantise (row, self->padded_n, &quantised);
      break;
    case L4_WAY_FLOATS:
      write_floats (self, row, self->padded_n, (float *) l4_operand_floats (self, i));
      break;
    case L4_WAY_TILES:
      write_tile_row (self, i, row);
      break;
    case L4_WAY_BLOCKS:
      write_block_row (self, i, row);
  }
}
