/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of weights that take all eight bits with many rows, as numbers of 16 bits: where nothing multiplies bytes of both signs, two
 * multiplications and two additions of these are less than what bytes take. */

#pragma once

#include "kernels/dots.h"

#define WORD_ROWS 24            /* that become numbers of 16 bits at once: they stay in the first-level cache for all panels */
#define WORD_UNITS (L4_CHUNK / 4)

/* A group, two columns to a lane: of each unit columns 0 and 2, then 1 and 3. */
typedef struct
{
  Ints pairs[8][2];
  Floats scale;
} WordGroup;

typedef WordGroup WordChunk[L4_CHUNK / L4_GROUP];
typedef gint32 WordRow[2][WORD_UNITS];  /* the same of a row */

LANES_INLINE void
group_to_words (const Group *group, WordGroup *out)
{
UNROLL (8)
  for (guint j = 0; j < 8; j++) {
    Ints centred = lanes_xor (group->q[j], lanes_set (0x80808080));

    out->pairs[j][0] = lanes_words (centred, FALSE);
    out->pairs[j][1] = lanes_words (centred, TRUE);
  }
  out->scale = group->scale[0];
}

/* Whole groups of 32 values; 16 units are read at a time, and what is behind the last group is not. */
LANES_INLINE void
row_to_words (const gint8 *values, guint n_groups, WordRow out)
{
  gint8 last[64] = { 0 };

  for (guint g = 0; g < n_groups; g += 2, values += 64) {
    Ints bytes;

    if (g + 1 == n_groups)
      values = memcpy (last, values, L4_GROUP);
    bytes = lanes_load (values);
    lanes_store_ints (out[0] + 8 * g, lanes_words (bytes, FALSE));
    lanes_store_ints (out[1] + 8 * g, lanes_words (bytes, TRUE));
  }
}

/* out [n_rows][16] += one group of a panel with group g of every row; its sums of integers stay in registers. */
LANES_INLINE void
add_word_group (const WordGroup *group, const WordRow *rows, const L4QuantisedRows *x, guint g, guint n_rows, float *out, gsize stride)
{
  Ints dots[LANES_WORD_ROWS];

UNROLL (8)
  for (guint m = 0; m < n_rows; m++)
    dots[m] = lanes_set (0);
#pragma GCC unroll 1
  for (guint j = 0; j < 8; j++)
UNROLL (2)
    for (guint h = 0; h < 2; h++)
UNROLL (8)
      for (guint m = 0; m < n_rows; m++)
        dots[m] = lanes_add_words (dots[m], group->pairs[j][h], rows[m][h][8 * g + j]);
UNROLL (8)
  for (guint m = 0; m < n_rows; m++) {
    Floats factor = lanes_mul (group->scale, lanes_setf (AT (x->scales, x, m)[g]));

    lanes_store (out + m * stride, lanes_fma (lanes_float (dots[m]), factor, lanes_loadf (out + m * stride)));
  }
}

#define WORD_TILE(n) \
  case n: \
    for (guint g = 0; g < n_groups; g++) \
      add_word_group (&groups[g], rows, &x, g, n, out, stride); \
    break;

/* Up to WORD_ROWS rows with one panel, in tiles of as equal heights as can be. */
static void
multiply_word_rows (const WordGroup *groups, guint n_groups, const WordRow *rows, L4QuantisedRows x, guint n_rows, float *out, gsize stride)
{
  while (n_rows > 0) {
    guint tiles = (n_rows + LANES_WORD_ROWS - 1) / LANES_WORD_ROWS, height = (n_rows + tiles - 1) / tiles;

    switch (height) {
      WORD_TILE (1)
      WORD_TILE (2)
      WORD_TILE (3)
      WORD_TILE (4)
      WORD_TILE (5)
      WORD_TILE (6)
    }
    rows += height;
    x = l4_quantised_rows_from (&x, height, 0);
    out += height * stride;
    n_rows -= height;
  }
}

/* As multiply_chunk(), of types whose bytes have no minimum and one scale a group, and are 128 more than they are. */
static void
multiply_words (const Chunk *chunks, guint n_panels, guint n_groups, L4QuantisedRows x, gsize n_rows, float *out, gsize stride)
{
  WordChunk words[L4_MAX_PANELS];
  WordRow rows[WORD_ROWS];

  for (guint p = 0; p < n_panels; p++)
    for (guint g = 0; g < n_groups; g++)
      group_to_words (&chunks[p][g], &words[p][g]);
  for (gsize first = 0; first < n_rows; first += WORD_ROWS) {
    guint n = MIN (WORD_ROWS, n_rows - first);

    for (guint m = 0; m < n; m++)
      row_to_words (AT (x.values, &x, m), n_groups, rows[m]);
    for (guint p = 0; p < n_panels; p++)
      multiply_word_rows (words[p], n_groups, rows, x, n, out + p * L4_PANEL_ROWS, stride);
    x = l4_quantised_rows_from (&x, n, 0);
    out += n * stride;
  }
}
