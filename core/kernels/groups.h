/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups of 32 quantised columns of a panel as bytes, scales and bases; block formats as in blocks/type.c. */

#pragma once

#include "kernels/fetch.h"
#include "kernels/panel.h"

/* Plain lanes are loops themselves. */
#ifdef LANES_PLAIN
#define UNROLL(n)
#else
#define UNROLL(n) _Pragma (G_STRINGIFY (GCC unroll n))
#endif

/* weight = scale[h] * (q - zero) - minimum[h], where h is the half of the group (16 columns each). */
typedef struct
{
  Ints q[8];                    /* unsigned bytes: byte i of lane r of q[j] is column 4 * j + i of row r */
  Floats scale[2];
  Floats minimum[2];
} Group;

/* What is alike in all groups of a type. */
typedef struct
{
  gboolean halves;              /* each half of a group has scales of its own, else [0] is for both */
  guint most;                   /* no q is above it: 31, 63, 127 or 255 */
  gboolean minimum;             /* there is one; else it counts as 0 */
  guint zero_bits;              /* zero = 2^zero_bits; with a minimum 0 */
  guint bytes;                  /* of a group of a panel */
  guint groups;                 /* in a block */
} Traits;

#define TRAITS_Q4_0 ((Traits) { FALSE, 31, FALSE, 3, 288, 1 })
#define TRAITS_Q4_1 ((Traits) { FALSE, 31, TRUE, 0, 320, 1 })
#define TRAITS_Q5_0 ((Traits) { FALSE, 31, FALSE, 4, 352, 1 })
#define TRAITS_Q5_1 ((Traits) { FALSE, 31, TRUE, 0, 384, 1 })
#define TRAITS_Q8_0 ((Traits) { FALSE, 255, FALSE, 7, 544, 1 })
#define TRAITS_Q2_K ((Traits) { TRUE, 31, TRUE, 0, 168, 8 })
#define TRAITS_Q3_K ((Traits) { TRUE, 63, FALSE, 2, 220, 8 })
#define TRAITS_Q4_K ((Traits) { FALSE, 31, TRUE, 0, 288, 8 })
#define TRAITS_Q5_K ((Traits) { FALSE, 31, TRUE, 0, 352, 8 })
#define TRAITS_Q6_K ((Traits) { TRUE, 63, FALSE, 5, 420, 8 })
#define TRAITS_IQ4_NL ((Traits) { FALSE, 255, FALSE, 7, 288, 1 })
#define TRAITS_IQ4_XS ((Traits) { FALSE, 255, FALSE, 7, 272, 8 })
#define TRAITS_INT4_32 ((Traits) { FALSE, 31, TRUE, 0, 320, 1 })
#define TRAITS_INT4_128 ((Traits) { FALSE, 31, TRUE, 0, 272, 4 })

LANES_INLINE Ints
unit (const guint8 *block, guint index)
{
  return lanes_load (block + index * 64);
}

LANES_INLINE Ints
bits (Ints value, guint shift, guint mask)
{
  return lanes_and (lanes_right (value, shift), lanes_set (mask));
}

/* Bit `from` to where bit `to` is. */
LANES_INLINE Ints
move (Ints value, guint from, guint to)
{
  return from > to ? lanes_right (value, from - to) : from < to ? lanes_left (value, to - from) : value;
}

/* The byte `index` of a run of bytes that begins with unit `first`, as an unsigned number. */
LANES_INLINE Ints
byte_of (const guint8 *block, guint first, guint index)
{
  return bits (unit (block, first + index / 4), 8 * (index % 4), 255);
}

LANES_INLINE Floats
negative (Floats value)
{
  return lanes_mul (value, lanes_setf (-1));
}

/* 16 bytes from unit `first` on: columns 0 … 15 in the lower nibbles, 16 … 31 in the upper ones. */
LANES_INLINE void
split_nibbles (const guint8 *block, guint first, Group *out)
{
  for (guint j = 0; j < 4; j++) {
    Ints both = unit (block, first + j);

    out->q[j] = bits (both, 0, 0x0f0f0f0f);
    out->q[4 + j] = bits (both, 4, 0x0f0f0f0f);
  }
}

/* Four consecutive bits of value from bit `first` on, each as bit `to` of a byte of its own. */
LANES_INLINE Ints
spread_bits (Ints value, guint first, guint to)
{
  Ints four = bits (value, first, 15);
  Ints spread = lanes_or (lanes_or (four, lanes_left (four, 7)), lanes_or (lanes_left (four, 14), lanes_left (four, 21)));

  return lanes_left (lanes_and (spread, lanes_set (0x01010101)), to);
}

LANES_INLINE void
group_q4_0 (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g * 18 * 16;

  split_nibbles (block, 0, out);
  out->scale[0] = lanes_load_half (block + 4 * 64);
}

LANES_INLINE void
group_q4_1 (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g * 20 * 16;

  split_nibbles (block, 1, out);
  out->scale[0] = lanes_half (unit (block, 0));
  out->minimum[0] = negative (lanes_half (lanes_right (unit (block, 0), 16)));
}

LANES_INLINE void
group_q5_0 (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g * 22 * 16;

  split_nibbles (block, 1, out);
  for (guint j = 0; j < 8; j++)
    out->q[j] = lanes_or (out->q[j], spread_bits (unit (block, 0), 4 * j, 4));
  out->scale[0] = lanes_load_half (block + 5 * 64);
}

LANES_INLINE void
group_q5_1 (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g * 24 * 16;

  split_nibbles (block, 2, out);
  for (guint j = 0; j < 8; j++)
    out->q[j] = lanes_or (out->q[j], spread_bits (unit (block, 1), 4 * j, 4));
  out->scale[0] = lanes_half (unit (block, 0));
  out->minimum[0] = negative (lanes_half (lanes_right (unit (block, 0), 16)));
}

LANES_INLINE void
group_q8_0 (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g * 34 * 16;

  for (guint j = 0; j < 8; j++)
    out->q[j] = lanes_xor (unit (block, j), lanes_set (0x80808080));
  out->scale[0] = lanes_load_half (block + 8 * 64);
}

LANES_INLINE void
group_q2_k (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g / 8 * 84 * 16;
  Floats d = lanes_half (unit (block, 20)), minimum = lanes_half (lanes_right (unit (block, 20), 16));

  g %= 8;
  for (guint j = 0; j < 8; j++)
    out->q[j] = bits (unit (block, 4 + 8 * (g / 4) + j), 2 * (g % 4), 0x03030303);
  for (guint h = 0; h < 2; h++) {
    Ints both = byte_of (block, 0, 2 * g + h);

    out->scale[h] = lanes_mul (d, lanes_float (bits (both, 0, 15)));
    out->minimum[h] = lanes_mul (minimum, lanes_float (bits (both, 4, 15)));
  }
}

LANES_INLINE void
group_q3_k (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g / 8 * 110 * 16;
  Floats d = lanes_load_half (block + 27 * 64);

  g %= 8;
  for (guint j = 0; j < 8; j++)
    out->q[j] = lanes_and_or (move (unit (block, j), g, 2), 0x04040404,
        bits (unit (block, 8 + 8 * (g / 4) + j), 2 * (g % 4), 0x03030303));
  for (guint h = 0; h < 2; h++) {
    guint k = 2 * g + h;
    Ints low = bits (byte_of (block, 24, k % 8), 4 * (k / 8), 15);
    Ints high = bits (byte_of (block, 24, 8 + k % 4), 2 * (k / 4), 3);
    Ints scale = lanes_add (lanes_or (low, lanes_left (high, 4)), lanes_set (-32));

    out->scale[h] = lanes_mul (d, lanes_float (scale));
  }
}

/* The scale and minimum of Q4_K and Q5_K: 6 bits each, 12 bytes from unit 1 on; d and dmin are unit 0. */
LANES_INLINE void
scale_k (const guint8 *block, guint g, Group *out)
{
  Floats d = lanes_half (unit (block, 0)), minimum = lanes_half (lanes_right (unit (block, 0), 16));
  Ints scales, minima;          /* bytes: of groups 0 … 3 or of 4 … 7 */

  if (g < 4) {
    scales = bits (unit (block, 1), 0, 0x3f3f3f3f);
    minima = bits (unit (block, 2), 0, 0x3f3f3f3f);
  } else {
    scales = lanes_and_or (lanes_right (unit (block, 1), 2), 0x30303030, bits (unit (block, 3), 0, 0x0f0f0f0f));
    minima = lanes_and_or (lanes_right (unit (block, 2), 2), 0x30303030, bits (unit (block, 3), 4, 0x0f0f0f0f));
  }
  out->scale[0] = lanes_mul (d, lanes_float (bits (scales, 8 * (g % 4), 255)));
  out->minimum[0] = lanes_mul (minimum, lanes_float (bits (minima, 8 * (g % 4), 255)));
}

LANES_INLINE void
group_q4_k (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g / 8 * 144 * 16;

  g %= 8;
  for (guint j = 0; j < 8; j++)
    out->q[j] = bits (unit (block, 4 + 8 * (g / 2) + j), 4 * (g % 2), 0x0f0f0f0f);
  scale_k (block, g, out);
}

LANES_INLINE void
group_q5_k (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g / 8 * 176 * 16;

  g %= 8;
  for (guint j = 0; j < 8; j++)
    out->q[j] = lanes_and_or (move (unit (block, 4 + j), g, 4), 0x10101010,
        bits (unit (block, 12 + 8 * (g / 2) + j), 4 * (g % 2), 0x0f0f0f0f));
  scale_k (block, g, out);
}

LANES_INLINE void
group_q6_k (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g / 8 * 210 * 16;
  Floats d = lanes_load_half (block + 52 * 64);

  g %= 8;
  for (guint j = 0; j < 8; j++)
    out->q[j] = lanes_and_or (move (unit (block, 32 + 8 * (g / 4) + j), 2 * (g % 4), 4), 0x30303030,
        bits (unit (block, 16 * (g / 4) + 8 * (g % 2) + j), 4 * (g % 4 / 2), 0x0f0f0f0f));
  for (guint h = 0; h < 2; h++) {
    guint k = 2 * g + h;

    out->scale[h] = lanes_mul (d, lanes_float (lanes_byte (unit (block, 48 + k / 4), k % 4)));
  }
}

/* The 16 values of IQ4_NL and IQ4_XS, 128 more than they are. */
static const guint8 iq4_values[16] = { 1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241 };

LANES_INLINE void
look_up (Group *out)
{
  for (guint j = 0; j < 8; j++)
    out->q[j] = lanes_lookup (iq4_values, out->q[j]);
}

LANES_INLINE void
group_iq4_nl (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g * 18 * 16;

  split_nibbles (block, 0, out);
  look_up (out);
  out->scale[0] = lanes_load_half (block + 4 * 64);
}

LANES_INLINE void
group_iq4_xs (const guint8 *panel, gsize g, Group *out)
{
  const guint8 *block = panel + g / 8 * 136 * 16;
  Ints low, high;

  g %= 8;
  split_nibbles (block, 2 + 4 * g, out);
  look_up (out);
  low = bits (unit (block, 1), 8 * (g / 2) + 4 * (g % 2), 15);
  high = lanes_left (bits (unit (block, 0), 16 + 2 * g, 3), 4);
  out->scale[0] = lanes_mul (lanes_half (unit (block, 0)), lanes_float (lanes_add (lanes_or (low, high), lanes_set (-32))));
}

/* Group g of a block: a scale of float32 whose last byte is the zero, and the nibbles of all groups. */
LANES_INLINE void
group_int4 (const guint8 *block, guint g, Group *out)
{
  Ints head = unit (block, 0);

  split_nibbles (block, 1 + 4 * g, out);
  out->scale[0] = lanes_bits (lanes_and (head, lanes_set (0xffffff00)));
  out->minimum[0] = lanes_mul (out->scale[0], lanes_float (bits (head, 0, 255)));
}

LANES_INLINE void
group_int4_32 (const guint8 *panel, gsize g, Group *out)
{
  group_int4 (panel + g * 20 * 16, 0, out);
}

LANES_INLINE void
group_int4_128 (const guint8 *panel, gsize g, Group *out)
{
  group_int4 (panel + g / 4 * 68 * 16, g % 4, out);
}

/* Fetches as much as a group takes, `ahead` bytes on from group g: a block on at least, because a block's groups share parts that lie anywhere
 * in it. */
LANES_INLINE void
fetch_group (Traits traits, const guint8 *panel, gsize g, gsize ahead)
{
  l4_fetch_bytes (panel + g * traits.bytes + MAX (traits.bytes * traits.groups, ahead), traits.bytes, FALSE);
}

/* Columns of plain types --------------------------------------------------------------------------------------------- */

LANES_INLINE Floats
column_f32 (const guint8 *panel, gsize k)
{
  return lanes_bits (unit (panel, k));
}

LANES_INLINE Floats
column_f16 (const guint8 *panel, gsize k)
{
  return lanes_half (lanes_right (unit (panel, k / 2), 16 * (k % 2)));
}

LANES_INLINE Floats
column_bf16 (const guint8 *panel, gsize k)
{
  return lanes_bits (k % 2 ? lanes_and (unit (panel, k / 2), lanes_set (0xffff0000)) : lanes_left (unit (panel, k / 2), 16));
}

/* Sign, 4 bits of exponent and 3 of mantissa, moved to where float32 has them, are 2^120 times too small; so are subnormals. */
LANES_INLINE Floats
column_f8_e4m3 (const guint8 *panel, gsize k)
{
  Ints byte = bits (unit (panel, k / 4), 8 * (k % 4), 255);
  Ints moved = lanes_or (lanes_left (lanes_and (byte, lanes_set (0x80)), 24), lanes_left (bits (byte, 0, 0x7f), 20));

  return lanes_mul (lanes_bits (moved), lanes_setf (0x1p120f));
}

/* The same, times the scale that the block of 128 columns begins with. */
LANES_INLINE Floats
column_f8_128 (const guint8 *panel, gsize k)
{
  const guint8 *block = panel + k / 128 * 132 * 16;

  return lanes_mul (column_f8_e4m3 (block + 64, k % 128), lanes_bits (unit (block, 0)));
}
