/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tiles by AMX, the matrix units of x86. For tiles.c. */

#pragma once

#define MATRIX_UNITS TRUE

/* Two tiles of sums, one of a and one of b: half of the eight there are. On a shared machine of the Sapphire Rapids generation loads
 * into all eight took at times three times as long, loads into four did not; it looks as if few physical tiles were left. */
#define SUMS_0 0
#define SUMS_1 1
#define A 2
#define B 3
#define TILE_BYTES (LINE * sizeof (guint16))    /* of a row */

/* The operand of LDTILECFG: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, 18.2 */
typedef struct
{
  guint8 palette, start_row, reserved[14];
  guint16 row_bytes[16];
  guint8 rows[16];
} Shapes;

static void
begin (void)
{
  static const Shapes shapes = {.palette = 1,
    .row_bytes = { TILE_BYTES, TILE_BYTES, TILE_BYTES, TILE_BYTES },
    .rows = { L4_TILE_ROWS, L4_TILE_ROWS, L4_TILE_ROWS, L4_TILE_ROWS }
  };

  _tile_loadconfig (&shapes);
}

static void
end (void)
{
  _tile_release ();
}

static void
multiply (const guint16 *a, gsize rows, gsize depth, const guint16 *const *b, const guint16 *const *next, gboolean add,
    float *const *c, gsize stride)
{
  const gsize lines = depth * L4_PANEL_ROWS / LINE, share = (lines * L4_TILE_ROWS + rows - 1) / rows;

  for (gsize m = 0, line = 0; m < rows; m += L4_TILE_ROWS, line += share) {
    float *first = c[0] + m * stride, *second = c[1] + m * stride;

    if (next != NULL && line < lines)
      fetch (next, line, MIN (share, lines - line));
    if (add) {
      _tile_loadd (SUMS_0, first, stride * sizeof *first);
      _tile_loadd (SUMS_1, second, stride * sizeof *second);
    } else {
      _tile_zero (SUMS_0);
      _tile_zero (SUMS_1);
    }
    for (gsize k = 0; k < depth / LINE * TILE; k += TILE, a += TILE) {
      _tile_stream_loadd (A, a, TILE_BYTES);    /* used twice and no more: b stays in the cache */
      _tile_loadd (B, b[0] + k, TILE_BYTES);
      _tile_dpbf16ps (SUMS_0, A, B);
      _tile_loadd (B, b[1] + k, TILE_BYTES);
      _tile_dpbf16ps (SUMS_1, A, B);
    }
    _tile_stored (SUMS_0, first, stride * sizeof *first);
    _tile_stored (SUMS_1, second, stride * sizeof *second);
  }
}
