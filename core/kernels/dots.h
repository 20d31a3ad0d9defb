/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of quantised groups with rows of 8-bit integers. */

#pragma once

#include <string.h>

#include "kernels/codes.h"

typedef void (*GroupFunc) (const guint8 *panel, gsize g, Group *out);

/* The groups of one panel in one chunk. */
typedef Group Chunk[L4_CHUNK / L4_GROUP];

LANES_INLINE gint32
four_bytes (const gint8 *values)
{
  gint32 four;

  memcpy (&four, values, sizeof four);
  return four;
}

#define AT(array, x, row) ((__typeof__ (array)) ((const guint8 *) (array) + (row) * (x)->stride))

/* The integer sum of a group (or a half of it), part of which may be pairs of products in 16 bits. */
typedef struct
{
  Ints sum, pairs;
} Dot;

/* It begins with minus the zero's share. */
LANES_INLINE Dot
begin_dot (Traits traits, gint32 minus_sum)
{
  gboolean nothing = traits.minimum;

#ifdef LANES_CENTRED
  nothing = nothing || traits.most > 127;
#endif
  return (Dot) {.sum = nothing ? lanes_set (0) : lanes_left (lanes_set (minus_sum), traits.zero_bits) };
}

/* Adds the products of unit j of a group, j ascending: four columns of weights and of a row. */
LANES_INLINE void
add_unit (Traits traits, guint j, Ints q, gint32 four, Dot *dot)
{
#ifdef LANES_PAIRS
  guint room = traits.most > 63 ? 1 : traits.most > 31 ? 2 : 4;        /* pairs whose sum 16 bits hold */

  if (traits.most <= 127) {
    Ints pairs = lanes_pairs (q, four);

    dot->pairs = j % room == 0 ? pairs : lanes_add_16 (dot->pairs, pairs);
    if (j % room == room - 1)
      dot->sum = lanes_add_pairs (dot->sum, dot->pairs);
    return;
  }
#endif
  dot->sum = lanes_dot (dot->sum, q, four);
}

/* sum += the products of a group (or a half of it) with row m, from their integer sum */
LANES_INLINE Floats
finish_dot (Traits traits, const Group *group, guint half, Ints dot, const L4QuantisedRows *x, guint m, gsize g, Floats sum)
{
  Floats factor = lanes_mul (group->scale[half], lanes_setf (AT (x->scales, x, m)[g]));

  sum = lanes_fma (lanes_float (dot), factor, sum);
  if (traits.minimum)
    sum = lanes_fma (lanes_setf (traits.halves ? AT (x->scaled_half_sums, x, m)[2 * g + half] : AT (x->scaled_sums, x, m)[g]),
        group->minimum[half], sum);
  return sum;
}

LANES_INLINE gint32
minus_sum (Traits traits, const L4QuantisedRows *x, guint m, gsize g, guint half)
{
  return traits.halves ? AT (x->half_sums, x, m)[2 * g + half] : AT (x->sums, x, m)[g];
}

/* Most sums that are kept side by side. */
#define MAX_SUMS MAX (LANES_TILE_ROWS * LANES_TILE_PANELS, L4_DOT_ROWS)

/* sums [n_rows, n_panels] += group g of every row with the one of every panel, of which they lie `apart` groups apart. */
LANES_INLINE void
add_group (Traits traits, const Group *groups, gsize apart, guint n_panels, const L4QuantisedRows *x, gsize g, guint n_rows,
    Floats *sums)
{
  guint n_scales = traits.halves ? 2 : 1, step = 8 / n_scales;

UNROLL (2)
  for (guint h = 0; h < n_scales; h++) {
    Dot dots[MAX_SUMS];

UNROLL (8)
    for (guint m = 0; m < n_rows; m++)
UNROLL (4)
      for (guint p = 0; p < n_panels; p++)
        dots[m * n_panels + p] = begin_dot (traits, minus_sum (traits, x, m, g, h));
UNROLL (8)
    for (guint j = h * step; j < (h + 1) * step; j++)
UNROLL (8)
      for (guint m = 0; m < n_rows; m++) {
        gint32 four = four_bytes (AT (x->values, x, m) + g * L4_GROUP + 4 * j);

UNROLL (4)
        for (guint p = 0; p < n_panels; p++)
          add_unit (traits, j, groups[p * apart].q[j], four, &dots[m * n_panels + p]);
      }
UNROLL (8)
    for (guint m = 0; m < n_rows; m++)
UNROLL (4)
      for (guint p = 0; p < n_panels; p++)
        sums[m * n_panels + p] =
            finish_dot (traits, &groups[p * apart], h, dots[m * n_panels + p].sum, x, m, g, sums[m * n_panels + p]);
  }
}

/* sums [n_rows] += group i of a block, decoded, with group g of every row */
LANES_INLINE void
add_group_of (GroupFunc decode, Traits traits, const guint8 *block, guint i, const L4QuantisedRows *x, gsize g, guint n_rows,
    Floats *sums)
{
  Group group;

  l4_fetch_for_dot (block + i * traits.bytes, traits.bytes * traits.groups, traits.bytes, n_rows);
  decode (block, i, &group);
  add_group (traits, &group, 0, 1, x, g, n_rows, sums);
}

LANES_INLINE void
dot_rows (GroupFunc decode, Traits traits, const guint8 *panel, gsize n, const L4QuantisedRows *x, guint n_rows, float *out,
    gsize stride)
{
  Floats sums[L4_DOT_ROWS];

UNROLL (8)
  for (guint m = 0; m < n_rows; m++)
    sums[m] = lanes_zero ();
#pragma GCC unroll 1
  for (gsize g = 0; g < n / L4_GROUP; g += traits.groups)
#pragma GCC unroll 1
    for (guint i = 0; i < traits.groups; i++)
      add_group_of (decode, traits, panel + g * traits.bytes, i, x, g + i, n_rows, sums);
UNROLL (8)
  for (guint m = 0; m < n_rows; m++)
    lanes_store (out + m * stride, sums[m]);
}

/* One row, the groups of a block one by one as the compiler sees them. */
LANES_INLINE void
dot_row (GroupFunc decode, Traits traits, const guint8 *panel, gsize n, const L4QuantisedRows *x, float *out)
{
  Floats sum = lanes_zero ();

#pragma GCC unroll 1
  for (gsize g = 0; g < n / L4_GROUP; g += traits.groups)
UNROLL (8)
    for (guint i = 0; i < traits.groups; i++)
      add_group_of (decode, traits, panel + g * traits.bytes, i, x, g + i, 1, &sum);
  lanes_store (out, sum);
}

/* One chunk of a few rows times LANES_TILE_PANELS panels; the sums stay in registers. */
LANES_INLINE void
multiply_tile (Traits traits, const Chunk *chunks, guint n_groups, const L4QuantisedRows *x, guint n_rows, float *out, gsize stride)
{
  Floats sums[LANES_TILE_ROWS * LANES_TILE_PANELS];

UNROLL (8)
  for (guint m = 0; m < n_rows; m++)
    for (guint p = 0; p < LANES_TILE_PANELS; p++)
      sums[m * LANES_TILE_PANELS + p] = lanes_loadf (out + m * stride + p * L4_PANEL_ROWS);
#pragma GCC unroll 1
  for (guint g = 0; g < n_groups; g++)
    add_group (traits, &chunks[0][g], G_N_ELEMENTS (*chunks), LANES_TILE_PANELS, x, g, n_rows, sums);
UNROLL (8)
  for (guint m = 0; m < n_rows; m++)
    for (guint p = 0; p < LANES_TILE_PANELS; p++)
      lanes_store (out + m * stride + p * L4_PANEL_ROWS, sums[m * LANES_TILE_PANELS + p]);
}

/* x: the rows' columns of this chunk. */
LANES_INLINE void
multiply_chunk (Traits traits, const Chunk *chunks, guint n_panels, guint n_groups, L4QuantisedRows x,
    gsize n_rows, float *out, gsize stride)
{
  while (n_rows > 0) {
    /* tiles of as equal heights as can be: low ones are slow */
    gsize tiles = (n_rows + LANES_TILE_ROWS - 1) / LANES_TILE_ROWS;
    guint rows = (n_rows + tiles - 1) / tiles;

    for (guint p = 0; p < n_panels; p += LANES_TILE_PANELS) {
      float *to = out + p * L4_PANEL_ROWS;

      switch (rows) {
#define TILE(n) case n: multiply_tile (traits, chunks + p, n_groups, &x, n, to, stride); break;
        TILE (1)
        TILE (2)
#if LANES_TILE_ROWS > 2
        TILE (3)
        TILE (4)
#endif
#if LANES_TILE_ROWS > 4
        TILE (5)
        TILE (6)
#endif
#undef TILE
      }
    }
    x = l4_quantised_rows_from (&x, rows, 0);
    out += rows * stride;
    n_rows -= rows;
  }
}
