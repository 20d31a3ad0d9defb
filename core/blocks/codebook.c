/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types of one to three bits: weights that stand in a codebook by eights or fours (IQ), or are -1, 0 or 1 (TQ). */

#include "blocks/codebook.h"

#include "base/codebook.h"
#include "blocks/load.h"

/* IQ2: eight weights an entry ------------------------------------------------------------------------------------------- */

static const float iq2_levels[4] = { 8, 25, 43 };

/* signs: a bit a weight, set for negative ones. */
static void
eight_of_iq2 (guint16 entry, guint signs, float scale, float *out)
{
  for (guint i = 0; i < 8; i++)
    out[i] = ((signs >> i) & 1 ? -scale : scale) * iq2_levels[(entry >> (2 * i)) & 3];
}

/* Seven signs, and the eighth so that the number of negative ones is even. */
static guint
eighth_sign (guint seven)
{
  return seven | (guint) __builtin_parity (seven) << 7;
}

void
l4_iq2_xxs_to_float (const guint8 *block, float *out)
{
  float d = l4_load_half (block);

  for (guint g = 0; g < 8; g++) {
    const guint8 *entries = block + 2 + 8 * g;
    guint32 rest = l4_load_u32 (entries + 4);

    for (guint k = 0; k < 4; k++)
      eight_of_iq2 (l4_codebook_iq2_xxs[entries[k]], eighth_sign ((rest >> (7 * k)) & 127),
          d * (0.5f + (float) (rest >> 28)) * 0.25f, out + 32 * g + 8 * k);
  }
}

/* Scale of the eight weights k of 32: four bits for each 16. */
static float
iq2_scale (float d, const guint8 *scales, guint k)
{
  return d * (0.5f + (float) ((scales[k / 4] >> (4 * (k / 2 % 2))) & 15)) * 0.25f;
}

void
l4_iq2_xs_to_float (const guint8 *block, float *out)
{
  float d = l4_load_half (block);

  for (guint k = 0; k < 32; k++) {
    guint16 both = l4_load_u16 (block + 2 + 2 * k);

    eight_of_iq2 (l4_codebook_iq2_xs[both & 511], eighth_sign (both >> 9), iq2_scale (d, block + 66, k), out + 8 * k);
  }
}

void
l4_iq2_s_to_float (const guint8 *block, float *out)
{
  const guint8 *low = block + 2, *signs = block + 34, *high = block + 66;
  float d = l4_load_half (block);

  for (guint k = 0; k < 32; k++)
    eight_of_iq2 (l4_codebook_iq2_s[low[k] | ((high[k / 4] >> (2 * (k % 4))) & 3) << 8], signs[k], iq2_scale (d, block + 74, k),
        out + 8 * k);
}

/* IQ3: four weights an entry --------------------------------------------------------------------------------------------- */

static void
four_of_iq3 (guint16 entry, const float *levels, guint signs, float scale, float *out)
{
  for (guint i = 0; i < 4; i++)
    out[i] = ((signs >> i) & 1 ? -scale : scale) * levels[(entry >> (3 * i)) & 7];
}

void
l4_iq3_xxs_to_float (const guint8 *block, float *out)
{
  static const float levels[8] = { 4, 12, 20, 28, 36, 44, 52, 62 };
  float d = l4_load_half (block);

  for (guint k = 0; k < 64; k++) {
    guint32 rest = l4_load_u32 (block + 66 + 4 * (k / 8));
    guint signs = eighth_sign ((rest >> (7 * (k % 8 / 2))) & 127) >> (4 * (k % 2));

    four_of_iq3 (l4_codebook_iq3_xxs[block[2 + k]], levels, signs, d * (0.5f + (float) (rest >> 28)) * 0.5f, out + 4 * k);
  }
}

void
l4_iq3_s_to_float (const guint8 *block, float *out)
{
  static const float levels[8] = { 1, 3, 5, 7, 9, 11, 13, 15 };
  const guint8 *low = block + 2, *high = block + 66, *signs = block + 74, *scales = block + 106;
  float d = l4_load_half (block);

  for (guint k = 0; k < 64; k++) {
    guint scale = (scales[k / 16] >> (4 * (k / 8 % 2))) & 15;

    four_of_iq3 (l4_codebook_iq3_s[low[k] | ((high[k / 8] >> (k % 8)) & 1) << 8], levels, signs[k / 2] >> (4 * (k % 2)),
        d * (float) (1 + 2 * scale), out + 4 * k);
  }
}

/* IQ1: eight weights an entry, all moved by an eighth ----------------------------------------------------------------------- */

static void
eight_of_iq1 (guint16 entry, gboolean down, float scale, float *out)
{
  for (guint i = 0; i < 8; i++)
    out[i] = scale * ((float) ((gint) ((entry >> (2 * i)) & 3) - 1) + (down ? -0.125f : 0.125f));
}

void
l4_iq1_s_to_float (const guint8 *block, float *out)
{
  float d = l4_load_half (block);

  for (guint k = 0; k < 32; k++) {
    guint16 rest = l4_load_u16 (block + 34 + 2 * (k / 4));

    eight_of_iq1 (l4_codebook_iq1[block[2 + k] | ((rest >> (3 * (k % 4))) & 7) << 8], rest >> 15,
        d * (float) (2 * ((rest >> 12) & 7) + 1), out + 8 * k);
  }
}

/* The scale of all lies in the upper four bits of the words with those of each 16. */
void
l4_iq1_m_to_float (const guint8 *block, float *out)
{
  const guint8 *low = block, *rest = block + 32, *words = block + 48;
  guint half = l4_load_u16 (words) >> 12 | l4_load_u16 (words + 2) >> 12 << 4 | l4_load_u16 (words + 4) >> 12 << 8
      | l4_load_u16 (words + 6) >> 12 << 12;
  float d = l4_half_to_float ((guint16) half);

  for (guint k = 0; k < 32; k++) {
    guint four = rest[k / 2] >> (4 * (k % 2)), scale = (l4_load_u16 (words + k / 8 * 2) >> (3 * (k / 2 % 4))) & 7;

    eight_of_iq1 (l4_codebook_iq1[low[k] | (four & 7) << 8], four >> 3 & 1, d * (float) (2 * scale + 1), out + 8 * k);
  }
}

/* TQ ----------------------------------------------------------------------------------------------------------------------- */

/* Digit n of a byte that is a fraction of 256 in base 3, five of them. */
static float
digit (guint8 byte, guint n)
{
  while (n-- > 0)
    byte = (guint8) (3 * byte);
  return (float) ((gint) ((guint) byte * 3 >> 8) - 1);
}

void
l4_tq1_0_to_float (const guint8 *block, float *out)
{
  float d = l4_load_half (block + 52);

  for (guint i = 0; i < 160; i++)
    out[i] = d * digit (block[i % 32], i / 32);
  for (guint i = 0; i < 80; i++)
    out[160 + i] = d * digit (block[32 + i % 16], i / 16);
  for (guint i = 0; i < 16; i++)
    out[240 + i] = d * digit (block[48 + i % 4], i / 4);
}

void
l4_tq2_0_to_float (const guint8 *block, float *out)
{
  float d = l4_load_half (block + 64);

  for (guint i = 0; i < L4_SUPER; i++)
    out[i] = d * (float) ((gint) ((block[32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32))) & 3) - 1);
}
