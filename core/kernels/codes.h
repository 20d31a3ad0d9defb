/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups of the types of one to three bits, and of MXFP4, as bytes and scales; block formats as in blocks/codebook.c. */

#pragma once

#include "base/codebook.h"
#include "kernels/groups.h"

/* Seven bits do for these, of which two products fit 16 bits; with their signs looked up eight are as quick. */
#ifdef LANES_TABLES
#define SIGNED_MOST 255
#define SIGNED_ZERO 7
#else
#define SIGNED_MOST 127
#define SIGNED_ZERO 6
#endif

#define TRAITS_IQ2_XXS ((Traits) { FALSE, SIGNED_MOST, FALSE, SIGNED_ZERO, 132, 8 })
#define TRAITS_IQ2_XS ((Traits) { TRUE, SIGNED_MOST, FALSE, SIGNED_ZERO, 148, 8 })
#define TRAITS_IQ2_S ((Traits) { TRUE, SIGNED_MOST, FALSE, SIGNED_ZERO, 164, 8 })
#define TRAITS_IQ3_XXS ((Traits) { FALSE, SIGNED_MOST, FALSE, SIGNED_ZERO, 196, 8 })
#define TRAITS_IQ3_S ((Traits) { FALSE, 31, FALSE, 4, 220, 8 })
#define TRAITS_IQ1_S ((Traits) { FALSE, 31, FALSE, 4, 100, 8 })
#define TRAITS_IQ1_M ((Traits) { TRUE, 63, FALSE, 4, 112, 8 })
#define TRAITS_TQ1_0 ((Traits) { FALSE, 31, FALSE, 0, 108, 8 })
#define TRAITS_TQ2_0 ((Traits) { FALSE, 31, FALSE, 0, 132, 8 })
#define TRAITS_MXFP4 ((Traits) { FALSE, 31, FALSE, 4, 272, 1 })

/* Codes ------------------------------------------------------------------------------------------------------------------ */

static const guint8 mxfp4_codes[16] = { 16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4 };

/* Four fields of some bits, a byte each. */
LANES_INLINE Ints
spread_fields (Ints value, guint width)
{
  guint32 mask = (1u << width) - 1;

#ifdef LANES_TABLES
  return lanes_and (lanes_bits_from (value, 0, (gint) width), lanes_set ((gint32) (mask * 0x01010101)));
#else
  Ints spread = bits (value, 0, mask);

UNROLL (3)
  for (guint i = 1; i < 4; i++)
    spread = lanes_or (spread, lanes_left (bits (value, 0, mask << (width * i)), (8 - width) * i));
  return spread;
#endif
}

#ifndef LANES_TABLES
/* Entries are loaded, lane by lane, from tables of codes that the first cache holds. Indices of more than eight bits are put together
 * in memory, so long before that nobody waits for them: INDICES are as indices_…() leave them for n groups, MOST_INDICES for each. */
#define INDICES const guint16 *indices,
#define SMALL_INDICES INDICES
#define MOST_INDICES 128

/* Of types whose indices are bytes where they lie. */
LANES_INLINE void
no_indices (const guint8 *panel, gsize g, guint n, guint16 *to)
{
}

#define indices_iq2_xxs no_indices
#define indices_iq3_xxs no_indices

LANES_INLINE void
group_of_eights (const guint64 *codes, const void *indices, gboolean wide, Group *out)
{
UNROLL (4)
  for (guint k = 0; k < 4; k++)
    lanes_eights (codes, indices, wide, k, &out->q[2 * k], &out->q[2 * k + 1]);
}

/* signs: a bit for each weight; crossed: the second index and its signs stand behind the third's */
LANES_INLINE void
group_of_iq2 (const guint64 *codes, const void *indices, gboolean wide, Ints signs, gboolean crossed, Group *out)
{
UNROLL (4)
  for (guint k = 0; k < 4; k++) {
    guint at = crossed ? k % 2 * 2 + k / 2 : k;
    Ints first, last;

    lanes_eights (codes, indices, wide, at, &first, &last);
    out->q[2 * k] = lanes_negate (first, signs, at, 0, 64);
    out->q[2 * k + 1] = lanes_negate (last, signs, at, 4, 64);
  }
}

/* The same with entries of four weights, half h of a group. */
LANES_INLINE void
half_of_iq3 (const guint32 *codes, const void *indices, gboolean wide, guint h, Ints signs, guint zero, Group *out)
{
UNROLL (4)
  for (guint k = 0; k < 4; k++)
    out->q[4 * h + k] = lanes_negate (lanes_fours (codes, indices, wide, k), signs, 2 * h + k / 2, k % 2 * 4, zero);
}

/* Seven bits in each byte, and an eighth so that the number of ones is even. */
LANES_INLINE Ints
even_signs (Ints sevens)
{
  static const guint8 odd[16] = { 0, 128, 128, 0, 128, 0, 0, 128, 128, 0, 0, 128, 0, 128, 128, 0 };

  return lanes_or (sevens, lanes_lookup (odd, bits (lanes_xor (sevens, lanes_right (sevens, 4)), 0, 0x0f0f0f0f)));
}

LANES_INLINE Ints
four_even_signs (Ints rest)
{
  return even_signs (spread_fields (rest, 7));
}

/* up: 2 in every byte where weights are an eighth higher rather than lower */
LANES_INLINE void
raise_eights (Ints up, guint k, Group *out)
{
  out->q[2 * k] = lanes_add (out->q[2 * k], up);
  out->q[2 * k + 1] = lanes_add (out->q[2 * k + 1], up);
}

/* Of a type whose parts_…() give the lowest eight bits of indices, and those above. */
#define LARGE_BOOK(type, book, size) \
  LANES_INLINE void \
  indices_##type (const guint8 *panel, gsize g, guint n, guint16 *to) \
  { \
    Ints low, high; \
    for (; n > 0; n--, g++, to += MOST_INDICES) { \
      parts_##type (panel, g, &low, &high); \
      lanes_store_indices (to, low, high); \
    } \
  }

/* The lowest bit of value, as 2, in all four bytes. */
LANES_INLINE Ints
two_in_all (Ints value)
{
  value = lanes_left (lanes_and (value, lanes_set (1)), 1);
  value = lanes_or (value, lanes_left (value, 8));
  return lanes_or (value, lanes_left (value, 16));
}

#else
/* Books of a thousand and more are gone through for two groups at once, a block ahead: INDICES are what is found there, lower bytes and
 * upper ones. */
#define INDICES const guint16 *indices,
#define SMALL_INDICES
#define MOST_INDICES 64

/* What a level and the bit above it stand for, with the zero added: IQ2 and IQ3 negative with the bit, IQ1 in eighths, a little lower. Those
 * of eight codes have them twice. */
static const guint8 iq2_codes[16] = { 136, 153, 171, 128, 120, 103, 85, 128, 136, 153, 171, 128, 120, 103, 85, 128 };
static const guint8 iq3_xxs_codes[16] = { 132, 140, 148, 156, 164, 172, 180, 190, 124, 116, 108, 100, 92, 84, 76, 66 };
static const guint8 iq3_s_codes[16] = { 17, 19, 21, 23, 25, 27, 29, 31, 15, 13, 11, 9, 7, 5, 3, 1 };
static const guint8 iq1_codes[16] = { 9, 17, 25, 16, 7, 15, 23, 16, 9, 17, 25, 16, 7, 15, 23, 16 };

/* Seven signs, and the eighth so that the number of ones is even. */
#define EVEN_1(n) ((n) | ((((n) ^ (n) >> 1 ^ (n) >> 2 ^ (n) >> 3 ^ (n) >> 4 ^ (n) >> 5 ^ (n) >> 6) & 1) << 7))
#define EVEN_4(n) EVEN_1 (n), EVEN_1 ((n) + 1), EVEN_1 ((n) + 2), EVEN_1 ((n) + 3)
#define EVEN_16(n) EVEN_4 (n), EVEN_4 ((n) + 4), EVEN_4 ((n) + 8), EVEN_4 ((n) + 12)
static const guint8 even_bytes[128] = { EVEN_16 (0), EVEN_16 (16), EVEN_16 (32), EVEN_16 (48), EVEN_16 (64), EVEN_16 (80), EVEN_16 (96), EVEN_16 (112) };

/* Four times seven signs as four bytes. */
LANES_INLINE Ints
four_even_signs (Ints rest)
{
  return lanes_look_up_128 (even_bytes, lanes_bits_from (rest, 0, 7));
}

/* A whole group at once: 64 entries of 8 weights, as lower and upper bytes. The third bit of the code of weight m of half i of entry k is
 * bit first + entry * k + half * i + step * m of marks. */
LANES_INLINE void
group_of_eights (const Ints *entries, const guint8 *codes, Ints marks, gint first, gint entry, gint half, gint step, Group *out)
{
UNROLL (2)
  for (guint i = 0; i < 2; i++)
UNROLL (4)
    for (guint k = 0; k < 4; k++)
      out->q[2 * k + i] = lanes_look_up_16 (codes, lanes_select (0x03030303, lanes_bits_from (entries[i], 8 * k, 2),
              lanes_bits_from (marks, first + entry * (gint) k + half * (gint) i - 2, step)));
}

/* In the planes of a book of that size. indices: their lowest eight bits; high: those above; signs: a bit for each weight */
LANES_INLINE void
group_of_iq2 (const guint8 *planes, guint size, Ints indices, Ints high, Ints signs, Group *out)
{
  Ints entries[2] = { lanes_look_up (planes, size, indices, high), lanes_look_up (planes + size, size, indices, high) };

  group_of_eights (entries, iq2_codes, signs, 0, 8, 4, 1, out);
}

/* Of a type whose parts_…() give the lowest eight bits of indices, and those above; n is 1 or even. */
#define LARGE_BOOK(type, book, size) \
  LANES_INLINE void \
  indices_##type (const guint8 *panel, gsize g, guint n, guint16 *to) \
  { \
    for (guint i = 0; i < n; i += 2) { \
      guint some = MIN (n, 2); \
      Ints low[2], high[2], found[4]; \
      for (guint k = 0; k < some; k++) \
        parts_##type (panel, g + i + k, &low[k], &high[k]); \
      lanes_look_up_twice (*l4_planes_##book, l4_planes_##book[1], size, low, high, some, found); \
      for (guint k = 0; k < 2 * some; k++) \
        lanes_store_ints (to + i * MOST_INDICES + 32 * k, found[k]); \
    } \
  }

/* The same entries, of one group. */
#define STORED_ENTRIES ((const Ints[]) { lanes_load (indices), lanes_load (indices + 32) })

/* The same with entries of 4 weights, 64 of each half of the group: three bits each, of which the third weight's are in both bytes. high: bit
 * k of a lane is above index k, if the book is so large. */
LANES_INLINE void
group_of_iq3 (const guint8 *planes, guint size, const guint8 *codes, const Ints *indices, Ints high, Ints signs, Group *out)
{
UNROLL (2)
  for (guint h = 0; h < 2; h++) {
    Ints above = lanes_and (lanes_bits_from (high, 4 * h, 1), lanes_set (0x01010101));
    Ints low = lanes_look_up (planes, size, indices[h], above), top = lanes_look_up (planes + size, size, indices[h], above);
    /* the upper two weights of each entry in six bits of a byte */
    Ints upper = lanes_select (0x03030303, lanes_right (low, 6), lanes_left (top, 2));

UNROLL (4)
    for (guint k = 0; k < 4; k++) {
      Ints levels = lanes_two_and_two (lanes_bits_from (low, 8 * k, 3), lanes_bits_from (upper, 8 * k - 6, 3));

      out->q[4 * h + k] = lanes_look_up_16 (codes, lanes_select (0x07070707, levels, lanes_bits_from (signs, 16 * h + 4 * k - 3, 1)));
    }
  }
}
#endif

/* factor * (d * number) */
LANES_INLINE Floats
scaled (Floats d, Ints number, float factor)
{
  return lanes_mul (lanes_mul (d, lanes_float (number)), lanes_setf (factor));
}

LANES_INLINE Ints
twice_and_one (Ints number)
{
  return lanes_or (lanes_left (number, 1), lanes_set (1));
}

/* Types ------------------------------------------------------------------------------------------------------------------ */

LANES_INLINE void
group_iq2_xxs (const guint8 *panel, gsize g, SMALL_INDICES Group *out)
{
  const guint8 *block = panel + g / 8 * 66 * 16;
  Ints rest;

  g %= 8;
  rest = unit (block, 2 * g + 1);
#ifdef LANES_TABLES
  Ints indices = unit (block, 2 * g);

  group_of_iq2 (*l4_planes_iq2_xxs, 256, indices, indices, four_even_signs (rest), out);
#else
  group_of_iq2 (l4_codes_iq2_xxs, block + 2 * g * 64, FALSE, four_even_signs (rest), FALSE, out);
#endif
  out->scale[0] = scaled (lanes_load_half (block + 16 * 64), twice_and_one (lanes_right (rest, 28)), 0.125f);
}

/* A byte of two scales, of each half of the group. */
LANES_INLINE void
iq2_scales (Floats d, Ints both, Group *out)
{
  for (guint h = 0; h < 2; h++)
    out->scale[h] = scaled (d, twice_and_one (bits (both, 4 * h, 15)), 0.125f);
}

#ifndef LANES_TABLES
LANES_INLINE void
indices_iq2_xs (const guint8 *panel, gsize g, guint n, guint16 *to)
{
  for (; n > 0; n--, g++, to += MOST_INDICES) {
    const guint8 *block = panel + g / 8 * 74 * 16;
    Ints two = unit (block, 2 * (g % 8)), more = unit (block, 2 * (g % 8) + 1);

    lanes_store_indices (to, lanes_or (bits (two, 0, 0x00ff00ff), lanes_left (bits (more, 0, 0x00ff00ff), 8)),
        lanes_or (bits (two, 8, 0x00010001), lanes_and (more, lanes_set (0x01000100))));
  }
}
#endif

LANES_INLINE void
group_iq2_xs (const guint8 *panel, gsize g, SMALL_INDICES Group *out)
{
  const guint8 *block = panel + g / 8 * 74 * 16;

  g %= 8;
#ifdef LANES_TABLES
  Ints low = lanes_every_other_byte (unit (block, 2 * g), unit (block, 2 * g + 1), 0);
  Ints high = lanes_every_other_byte (unit (block, 2 * g), unit (block, 2 * g + 1), 1);

  group_of_iq2 (*l4_planes_iq2_xs, 512, low, lanes_and (high, lanes_set (0x01010101)), lanes_look_up_128 (even_bytes, lanes_right (high, 1)),
      out);
#else
  Ints two = unit (block, 2 * g), more = unit (block, 2 * g + 1);
  Ints sevens = lanes_or (bits (two, 9, 0x007f007f), bits (more, 1, 0x7f007f00));

  group_of_iq2 (l4_codes_iq2_xs, indices, TRUE, even_signs (sevens), TRUE, out);
#endif
  iq2_scales (lanes_load_half (block + 18 * 64), byte_of (block, 16, g), out);
}

LANES_INLINE void
parts_iq2_s (const guint8 *panel, gsize g, Ints *low, Ints *high)
{
  const guint8 *block = panel + g / 8 * 82 * 16;

  *low = unit (block, g % 8);
  *high = spread_fields (byte_of (block, 16, g % 8), 2);
}

LARGE_BOOK (iq2_s, iq2_s, 1024)

LANES_INLINE void
group_iq2_s (const guint8 *panel, gsize g, INDICES Group *out)
{
  const guint8 *block = panel + g / 8 * 82 * 16;

  g %= 8;
#ifdef LANES_TABLES
  group_of_eights (STORED_ENTRIES, iq2_codes, unit (block, 8 + g), 0, 8, 4, 1, out);
#else
  group_of_iq2 (l4_codes_iq2_s, indices, TRUE, unit (block, 8 + g), FALSE, out);
#endif
  iq2_scales (lanes_load_half (block + 20 * 64), byte_of (block, 18, g), out);
}

LANES_INLINE void
group_iq3_xxs (const guint8 *panel, gsize g, SMALL_INDICES Group *out)
{
  const guint8 *block = panel + g / 8 * 98 * 16;
  Ints rest;

  g %= 8;
  rest = unit (block, 16 + g);
#ifdef LANES_TABLES
  group_of_iq3 (*l4_planes_iq3_xxs, 256, iq3_xxs_codes, (Ints[]) { unit (block, 2 * g), unit (block, 2 * g + 1) }, rest,
      four_even_signs (rest), out);
#else
  Ints signs = four_even_signs (rest);

UNROLL (2)
  for (guint h = 0; h < 2; h++)
    half_of_iq3 (l4_codes_iq3_xxs, block + (2 * g + h) * 64, FALSE, h, signs, 64, out);
#endif
  out->scale[0] = scaled (lanes_load_half (block + 24 * 64), twice_and_one (lanes_right (rest, 28)), 0.25f);
}

#ifndef LANES_TABLES
LANES_INLINE void
indices_iq3_s (const guint8 *panel, gsize g, guint n, guint16 *to)
{
  for (; n > 0; n--, g++, to += MOST_INDICES) {
    const guint8 *block = panel + g / 8 * 110 * 16;
    Ints high = byte_of (block, 16, g % 8);

    for (guint h = 0; h < 2; h++)
      lanes_store_indices (to + 64 * h, unit (block, 2 * (g % 8) + h), spread_fields (lanes_right (high, 4 * h), 1));
  }
}
#endif

LANES_INLINE void
group_iq3_s (const guint8 *panel, gsize g, SMALL_INDICES Group *out)
{
  const guint8 *block = panel + g / 8 * 110 * 16;
  Ints signs;

  g %= 8;
  signs = unit (block, 18 + g);
#ifdef LANES_TABLES
  Ints high = byte_of (block, 16, g);

  group_of_iq3 (*l4_planes_iq3_s, 512, iq3_s_codes, (Ints[]) { unit (block, 2 * g), unit (block, 2 * g + 1) }, high, signs, out);
#else
UNROLL (2)
  for (guint h = 0; h < 2; h++)
    half_of_iq3 (l4_codes_iq3_s, indices + 64 * h, TRUE, h, signs, 16, out);
#endif
  out->scale[0] = scaled (lanes_load_half (block + 27 * 64), twice_and_one (bits (unit (block, 26), 4 * g, 15)), 1);
}

/* What is beside the lowest eight bits of the indices. */
LANES_INLINE Ints
rest_of_iq1 (const guint8 *block, guint g)
{
  return bits (unit (block, 8 + g / 2), 16 * (g % 2), 0xffff);
}

LANES_INLINE void
parts_iq1_s (const guint8 *panel, gsize g, Ints *low, Ints *high)
{
  const guint8 *block = panel + g / 8 * 50 * 16;

  *low = unit (block, g % 8);
  *high = spread_fields (rest_of_iq1 (block, g % 8), 3);
}

LANES_INLINE void
parts_iq1_m (const guint8 *panel, gsize g, Ints *low, Ints *high)
{
  const guint8 *block = panel + g / 8 * 56 * 16;

  *low = unit (block, g % 8);
  *high = bits (spread_fields (rest_of_iq1 (block, g % 8), 4), 0, 0x07070707);
}

LARGE_BOOK (iq1_s, iq1, 2048)
LARGE_BOOK (iq1_m, iq1, 2048)

LANES_INLINE void
group_iq1_s (const guint8 *panel, gsize g, INDICES Group *out)
{
  const guint8 *block = panel + g / 8 * 50 * 16;
  Ints rest;

  g %= 8;
  rest = rest_of_iq1 (block, g);
#ifdef LANES_TABLES
  group_of_eights (STORED_ENTRIES, iq1_codes, rest, 15, 0, 0, 0, out);
#else
  Ints up = two_in_all (lanes_xor (lanes_right (rest, 15), lanes_set (1)));

  group_of_eights (l4_codes_iq1, indices, TRUE, out);
  for (guint k = 0; k < 4; k++)
    raise_eights (up, k, out);
#endif
  out->scale[0] = scaled (lanes_load_half (block + 12 * 64), twice_and_one (bits (rest, 12, 7)), 0.125f);
}

LANES_INLINE void
group_iq1_m (const guint8 *panel, gsize g, INDICES Group *out)
{
  const guint8 *block = panel + g / 8 * 56 * 16;
  Ints first = unit (block, 12), second = unit (block, 13), rest, words;
  Ints half = lanes_or (lanes_or (bits (first, 12, 0x000f), bits (first, 24, 0x00f0)),
      lanes_or (bits (second, 4, 0x0f00), bits (second, 16, 0xf000)));

  g %= 8;
  rest = rest_of_iq1 (block, g);
  words = lanes_right (g / 4 ? second : first, 16 * (g / 2 % 2) + 6 * (g % 2));
#ifdef LANES_TABLES
  group_of_eights (STORED_ENTRIES, iq1_codes, rest, 3, 4, 0, 0, out);
#else
  Ints fours = spread_fields (rest, 4);

  group_of_eights (l4_codes_iq1, indices, TRUE, out);
  for (guint k = 0; k < 4; k++)
    raise_eights (two_in_all (lanes_xor (lanes_right (fours, 8 * k + 3), lanes_set (1))), k, out);
#endif
  for (guint h = 0; h < 2; h++)
    out->scale[h] = scaled (lanes_half (half), twice_and_one (bits (words, 3 * h, 7)), 0.125f);
}

/* Digit n of every byte, a fraction of 256 in base 3. */
LANES_INLINE Ints
digit (Ints value, guint n)
{
  Ints parts[2] = { bits (value, 0, 0x00ff00ff), bits (value, 8, 0x00ff00ff) };

  for (guint p = 0; p < 2; p++) {
    for (guint i = 0; i < n; i++)
      parts[p] = bits (lanes_add (parts[p], lanes_left (parts[p], 1)), 0, 0x00ff00ff);
    parts[p] = bits (lanes_add (parts[p], lanes_left (parts[p], 1)), 8, 0x00ff00ff);
  }
  return lanes_or (parts[0], lanes_left (parts[1], 8));
}

LANES_INLINE void
group_tq1_0 (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g / 8 * 54 * 16;

  g %= 8;
  for (guint j = 0; j < 8; j++)
    out->q[j] = g < 5 ? digit (unit (block, j), g) : g < 7 ? digit (unit (block, 8 + j % 4), 2 * (g - 5) + j / 4)
        : j < 4 ? digit (unit (block, 8 + j), 4) : digit (unit (block, 12), j - 4);
  out->scale[0] = lanes_load_half (block + 13 * 64);
}

LANES_INLINE void
group_tq2_0 (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g / 8 * 66 * 16;

  g %= 8;
  for (guint j = 0; j < 8; j++)
    out->q[j] = bits (unit (block, 8 * (g / 4) + j), 2 * (g % 4), 0x03030303);
  out->scale[0] = lanes_load_half (block + 16 * 64);
}

/* 2^(e - 128), below 2 a subnormal number. */
LANES_INLINE Floats
half_power (Ints e)
{
  Ints is_0 = lanes_right (lanes_add (e, lanes_set (-1)), 31), below_2 = lanes_right (lanes_add (e, lanes_set (-2)), 31);
  Ints normal = lanes_and (lanes_left (lanes_add (e, lanes_set (-1)), 23), lanes_add (below_2, lanes_set (-1)));

  return lanes_bits (lanes_or (normal, lanes_or (lanes_left (is_0, 21), lanes_left (lanes_xor (below_2, is_0), 22))));
}

LANES_INLINE void
group_mxfp4 (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g * 17 * 16;

  split_nibbles (block, 0, out);
  for (guint j = 0; j < 8; j++)
    out->q[j] = lanes_lookup (mxfp4_codes, out->q[j]);
  out->scale[0] = half_power (lanes_load_bytes (block + 4 * 64));
}
