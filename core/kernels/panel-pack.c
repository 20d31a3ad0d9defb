/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of weights into panels. */

#include <emmintrin.h>
#include <string.h>

#include "kernels/panel-layout.h"
#include "kernels/panel.h"

/* Three blocks of the largest type. */
#define LAYOUT_BYTES (3 * 210)

static const L4PanelFormat formats[L4_N_TYPES] = {
  [L4_TYPE_F32] = {1, 4, -1},
  [L4_TYPE_F16] = {1, 2, -1},
  [L4_TYPE_BF16] = {1, 2, -1},
  [L4_TYPE_F8_E4M3] = {1, 1, -1},
  [L4_TYPE_Q4_0] = {32, 18, 0},
  [L4_TYPE_Q4_1] = {32, 20, -1},
  [L4_TYPE_Q5_0] = {32, 22, 0},
  [L4_TYPE_Q5_1] = {32, 24, -1},
  [L4_TYPE_Q8_0] = {32, 34, 0},
  [L4_TYPE_Q2_K] = {256, 84, -1},
  [L4_TYPE_Q3_K] = {256, 110, 108},
  [L4_TYPE_Q4_K] = {256, 144, -1},
  [L4_TYPE_Q5_K] = {256, 176, -1},
  [L4_TYPE_Q6_K] = {256, 210, 208},
  [L4_TYPE_IQ4_NL] = {32, 18, 0},
  [L4_TYPE_IQ4_XS] = {256, 136, -1},
  [L4_TYPE_IQ2_XXS] = {256, 66, 0},
  [L4_TYPE_IQ2_XS] = {256, 74, 0},
  [L4_TYPE_IQ2_S] = {256, 82, 0},
  [L4_TYPE_IQ3_XXS] = {256, 98, 0},
  [L4_TYPE_IQ3_S] = {256, 110, 0},
  [L4_TYPE_IQ1_S] = {256, 50, 0},
  [L4_TYPE_IQ1_M] = {256, 56, -1},
  [L4_TYPE_TQ1_0] = {256, 54, 52},
  [L4_TYPE_TQ2_0] = {256, 66, 64},
  [L4_TYPE_MXFP4] = {32, 17, 0},
  [L4_TYPE_INT4_32] = {32, 20, -1},
  [L4_TYPE_INT4_128] = {128, 68, -1},
  [L4_TYPE_F8_128] = {128, 132, -1},
};

const L4PanelFormat *
l4_panel_format (L4Type type)
{
  return &formats[type];
}

gsize
l4_panel_bytes (L4Type type, gsize n)
{
  const L4PanelFormat *format = &formats[type];

  return (n / format->block_elements * format->block_bytes + (format->block_elements == 1 ? 3 : 0))
      / (format->block_elements == 1 ? 4 : 1) * (format->block_elements == 1 ? 4 : 1) * L4_PANEL_ROWS;
}

/* Four units of each of 16 rows, from there on in each row, to their places. */
static inline void
pack_four_units (const guint8 *rows, gsize stride, guint8 *panel)
{
  for (guint r = 0; r < L4_PANEL_ROWS; r += 4, rows += 4 * stride) {
    __m128i a = _mm_loadu_si128 ((const __m128i *) rows), b = _mm_loadu_si128 ((const __m128i *) (rows + stride));
    __m128i c = _mm_loadu_si128 ((const __m128i *) (rows + 2 * stride)), d = _mm_loadu_si128 ((const __m128i *) (rows + 3 * stride));
    __m128i ab = _mm_unpacklo_epi32 (a, b), cd = _mm_unpacklo_epi32 (c, d);
    __m128i ab_high = _mm_unpackhi_epi32 (a, b), cd_high = _mm_unpackhi_epi32 (c, d);
    __m128i *out = (__m128i *) (panel + 4 * r);

    _mm_storeu_si128 (out, _mm_unpacklo_epi64 (ab, cd));
    _mm_storeu_si128 (out + 4, _mm_unpackhi_epi64 (ab, cd));
    _mm_storeu_si128 (out + 8, _mm_unpacklo_epi64 (ab_high, cd_high));
    _mm_storeu_si128 (out + 12, _mm_unpackhi_epi64 (ab_high, cd_high));
  }
}

/* Rows of plain elements: units follow one another without blocks. */
static void
pack_plain (const guint8 *rows, gsize stride, gsize row_bytes, guint n_rows, guint8 *panel)
{
  gsize at = 0;

  for (; n_rows == L4_PANEL_ROWS && at + 16 <= row_bytes; at += 16, panel += 16 * L4_PANEL_ROWS)
    pack_four_units (rows + at, stride, panel);
  for (; at < row_bytes; at += 4, panel += 4 * L4_PANEL_ROWS) {
    if (at + 4 > row_bytes || n_rows < L4_PANEL_ROWS)
      memset (panel, 0, 4 * L4_PANEL_ROWS);
    for (guint r = 0; r < n_rows; r++)
      memcpy (panel + 4 * r, rows + r * stride + at, at + 4 <= row_bytes ? 4 : row_bytes - at);
  }
}

static void
pack_blocks (const L4PanelFormat *format, const guint8 *rows, gsize stride, gsize row_bytes, guint n_rows, guint8 *panel)
{
  gsize units = format->block_bytes / 4, scale = format->block_bytes % 4, first = format->scale_at == 0 ? scale : 0;

  if (n_rows < L4_PANEL_ROWS)
    memset (panel, 0, row_bytes * L4_PANEL_ROWS);
  for (gsize at = 0; at < row_bytes; at += format->block_bytes) {
    gsize u = 0;

    for (; n_rows == L4_PANEL_ROWS && u + 4 <= units; u += 4, panel += 16 * L4_PANEL_ROWS)
      pack_four_units (rows + at + first + 4 * u, stride, panel);
    for (; u < units; u++, panel += 4 * L4_PANEL_ROWS)
      for (guint r = 0; r < n_rows; r++)
        memcpy (panel + 4 * r, rows + r * stride + at + first + 4 * u, 4);
    for (guint r = 0; scale > 0 && r < n_rows; r++)
      memcpy (panel + scale * r, rows + r * stride + at + format->scale_at, scale);
    panel += scale * L4_PANEL_ROWS;
  }
}

void
l4_panel_pack (L4Type type, const guint8 *rows, gsize stride, gsize row_bytes, guint n_rows, guint8 *panel)
{
  if (formats[type].block_elements == 1)
    pack_plain (rows, stride, row_bytes, n_rows, panel);
  else
    pack_blocks (&formats[type], rows, stride, row_bytes, n_rows, panel);
}

void
l4_panel_pack_columns (L4Type type, const guint8 *columns, gsize stride, gsize n, guint n_rows, guint8 *panel)
{
  gsize size = formats[type].block_bytes, bytes = l4_panel_bytes (type, n);

  if (n_rows < L4_PANEL_ROWS || n * size % 4 != 0)
    memset (panel, 0, bytes);
  for (gsize k = 0; k < n; k++) {
    guint8 *unit = panel + k * size / 4 * 4 * L4_PANEL_ROWS + k * size % 4;

    for (guint r = 0; r < n_rows; r++)
      memcpy (unit + 4 * r, columns + k * stride + r * size, size);
  }
}

/* FNV-1a, going on from number. */
static guint32
mix (guint32 number, const guint8 *bytes, gsize n)
{
  for (gsize i = 0; i < n; i++)
    number = (number ^ bytes[i]) * 16777619u;
  return number;
}

/* What becomes of rows of different bytes, of three blocks each: for each type another order of the same. */
guint32
l4_panel_layout (void)
{
  guint8 rows[L4_PANEL_ROWS * LAYOUT_BYTES], panel[L4_PANEL_ROWS * LAYOUT_BYTES];
  guint32 number = 2166136261u;

  for (gsize i = 0; i < sizeof rows; i++)
    rows[i] = (guint8) (i * 167 >> 3 ^ i);
  for (guint type = 0; type < L4_N_TYPES; type++) {
    gsize row_bytes = 3 * formats[type].block_bytes, bytes = l4_panel_bytes ((L4Type) type, 3 * formats[type].block_elements);

    g_assert (bytes <= sizeof panel);
    for (guint n_rows = L4_PANEL_ROWS - 1; n_rows <= L4_PANEL_ROWS; n_rows++) {
      l4_panel_pack ((L4Type) type, rows, row_bytes, row_bytes, n_rows, panel);
      number = mix (number, panel, bytes);
    }
  }
  return number;
}
