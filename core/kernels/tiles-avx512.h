/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tiles by the dot products of AVX-512 with bfloat16. For tiles.c. */

#pragma once

#include <string.h>

#define MATRIX_UNITS FALSE

/* Rows whose sums stay in registers, two each. */
#define ROWS 8

static void
begin (void)
{
}

static void
end (void)
{
}

/* multiply() for the ROWS rows at c[p], a: the first one's in its tile */
static inline void
multiply_rows (const guint16 *a, gsize depth, const guint16 *const *b, gboolean add, float *const *c, gsize stride)
{
  __m512 sums[ROWS][2];

#pragma GCC unroll 8
  for (guint r = 0; r < ROWS; r++)
#pragma GCC unroll 2
    for (guint p = 0; p < 2; p++)
      sums[r][p] = add ? _mm512_loadu_ps (c[p] + r * stride) : _mm512_setzero_ps ();
  for (gsize k = 0; k < depth; k += 2) {
    const guint16 *pairs = a + k / LINE * TILE + k % LINE;
    __m512bh first = (__m512bh) _mm512_loadu_si512 (b[0] + k * L4_PANEL_ROWS);
    __m512bh second = (__m512bh) _mm512_loadu_si512 (b[1] + k * L4_PANEL_ROWS);

#pragma GCC unroll 8
    for (guint r = 0; r < ROWS; r++) {
      gint32 two;
      __m512bh pair;

      memcpy (&two, pairs + r * LINE, sizeof two);
      pair = (__m512bh) _mm512_set1_epi32 (two);
      sums[r][0] = _mm512_dpbf16_ps (sums[r][0], pair, first);
      sums[r][1] = _mm512_dpbf16_ps (sums[r][1], pair, second);
    }
  }
#pragma GCC unroll 8
  for (guint r = 0; r < ROWS; r++)
#pragma GCC unroll 2
    for (guint p = 0; p < 2; p++)
      _mm512_storeu_ps (c[p] + r * stride, sums[r][p]);
}

static void
multiply (const guint16 *a, gsize rows, gsize depth, const guint16 *const *b, const guint16 *const *next, gboolean add,
    float *const *c, gsize stride)
{
  const gsize lines = depth * L4_PANEL_ROWS / LINE, share = (lines * ROWS + rows - 1) / rows;

  for (gsize m = 0, line = 0; m < rows; m += ROWS, line += share) {
    if (next != NULL && line < lines)
      fetch (next, line, MIN (share, lines - line));
    multiply_rows (a + m / L4_TILE_ROWS * L4_TILE_ROWS * depth + m % L4_TILE_ROWS * LINE, depth, b, add,
        (float *[]) { c[0] + m * stride, c[1] + m * stride }, stride);
  }
}
