/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sixteen lanes of 32 bits in plain C: the reference for the others, and for machines without them. */

#pragma once

#include <glib.h>
#include <math.h>
#include <string.h>

#include "base/bf16.h"

typedef struct
{
  guint32 x[16];
} Ints;

typedef struct
{
  float x[16];
} Floats;

#define LANES_PLAIN
/* Rows and panels whose sums fit the registers side by side. */
#define LANES_TILE_ROWS 4
#define LANES_TILE_PANELS 1
/* Rows that dot takes at once, and up to how many of types that are decoded quickly it is faster than multiply. */
#define LANES_DOT_ROWS 8
#define LANES_MOST_DOT_ROWS 8
#define LANES_INLINE static inline __attribute__ ((always_inline))
#define LANES(type, expression) type out; for (guint i = 0; i < 16; i++) out.x[i] = (expression); return out

LANES_INLINE Ints lanes_load (const void *from) { Ints out; memcpy (&out, from, sizeof out); return out; }
LANES_INLINE Ints lanes_set (gint32 value) { LANES (Ints, value); }
LANES_INLINE Ints lanes_and (Ints a, Ints b) { LANES (Ints, a.x[i] & b.x[i]); }
LANES_INLINE Ints lanes_or (Ints a, Ints b) { LANES (Ints, a.x[i] | b.x[i]); }
LANES_INLINE Ints lanes_xor (Ints a, Ints b) { LANES (Ints, a.x[i] ^ b.x[i]); }
LANES_INLINE Ints lanes_add (Ints a, Ints b) { LANES (Ints, a.x[i] + b.x[i]); }
LANES_INLINE Ints lanes_left (Ints a, guint n) { LANES (Ints, a.x[i] << n); }
LANES_INLINE Ints lanes_right (Ints a, guint n) { LANES (Ints, a.x[i] >> n); }
LANES_INLINE Ints lanes_byte (Ints a, guint byte) { LANES (Ints, (gint32) (gint8) (a.x[i] >> 8 * byte)); }

LANES_INLINE Ints
lanes_lookup (const guint8 *table, Ints a)
{
  LANES (Ints, table[a.x[i] & 15] | table[a.x[i] >> 8 & 15] << 8 | table[a.x[i] >> 16 & 15] << 16
      | (guint32) table[a.x[i] >> 24 & 15] << 24);
}

LANES_INLINE Ints lanes_load_bytes (const guint8 *from) { LANES (Ints, from[i]); }

LANES_INLINE Ints
lanes_dot (Ints sum, Ints a, gint32 b)
{
  LANES (Ints, sum.x[i] + (gint32) (a.x[i] & 255) * (gint8) b + (gint32) (a.x[i] >> 8 & 255) * (gint8) (b >> 8)
      + (gint32) (a.x[i] >> 16 & 255) * (gint8) (b >> 16) + (gint32) (a.x[i] >> 24) * (gint8) (b >> 24));
}

LANES_INLINE Floats lanes_zero (void) { LANES (Floats, 0); }
LANES_INLINE Floats lanes_setf (float value) { LANES (Floats, value); }
LANES_INLINE Floats lanes_loadf (const float *from) { LANES (Floats, from[i]); }
LANES_INLINE void lanes_store (float *to, Floats a) { memcpy (to, &a, sizeof a); }
LANES_INLINE Floats lanes_mul (Floats a, Floats b) { LANES (Floats, a.x[i] * b.x[i]); }
LANES_INLINE Floats lanes_fma (Floats a, Floats b, Floats c) { LANES (Floats, a.x[i] * b.x[i] + c.x[i]); }
LANES_INLINE Floats lanes_float (Ints a) { LANES (Floats, (gint32) a.x[i]); }
LANES_INLINE Floats lanes_bits (Ints a) { Floats out; memcpy (&out, &a, sizeof out); return out; }

LANES_INLINE float
lanes_half_one (guint32 half)
{
  guint32 sign = (half & 0x8000) << 16, exponent = (half >> 10) & 31, mantissa = half & 0x3ff;
  guint32 bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | mantissa << 13;
  float value;

  memcpy (&value, &bits, sizeof value);
  return exponent == 0 ? (sign ? -0x1p-24f : 0x1p-24f) * (float) mantissa : value;
}

LANES_INLINE Floats lanes_half (Ints a) { LANES (Floats, lanes_half_one (a.x[i])); }

LANES_INLINE Floats
lanes_load_half (const void *from)
{
  guint16 halves[16];

  memcpy (halves, from, sizeof halves);
  LANES (Floats, lanes_half_one (halves[i]));
}

LANES_INLINE Ints lanes_and_or (Ints a, guint32 mask, Ints b) { LANES (Ints, (a.x[i] & mask) | b.x[i]); }
LANES_INLINE Floats lanes_quiet (Floats a) { LANES (Floats, a.x[i] == a.x[i] ? a.x[i] : NAN); }

LANES_INLINE Ints
lanes_pair_bf16 (Floats a, Floats b)
{
  LANES (Ints, l4_bf16_from_float (a.x[i]) | (guint32) l4_bf16_from_float (b.x[i]) << 16);
}

LANES_INLINE Ints lanes_pair_bf16_quickly (Floats a, Floats b) { return lanes_pair_bf16 (a, b); }
LANES_INLINE void lanes_store_ints (void *to, Ints a) { memcpy (to, &a, sizeof a); }

/* Bytes of low, and those of high above them: four indices of each lane. */
LANES_INLINE void
lanes_store_indices (guint16 *to, Ints low, Ints high)
{
  for (guint i = 0; i < 64; i++)
    to[i] = (guint16) ((low.x[i / 4] >> 8 * (i % 4) & 255) | (high.x[i / 4] >> 8 * (i % 4) & 255) << 8);
}

/* Index k of a lane: a byte, or as lanes_store_indices() leaves them. */
LANES_INLINE guint
lanes_index (const void *indices, gboolean wide, guint k, guint lane)
{
  return wide ? ((const guint16 *) indices)[4 * lane + k] : ((const guint8 *) indices)[4 * lane + k];
}

/* The table's entries of eight bytes at index k of each lane: their first four and last four. */
LANES_INLINE void
lanes_eights (const guint64 *table, const void *indices, gboolean wide, guint k, Ints *first, Ints *last)
{
  for (guint i = 0; i < 16; i++) {
    guint64 entry = table[lanes_index (indices, wide, k, i)];

    first->x[i] = (guint32) entry;
    last->x[i] = (guint32) (entry >> 32);
  }
}

/* The table's entries of four bytes at index k of each lane. */
LANES_INLINE Ints
lanes_fours (const guint32 *table, const void *indices, gboolean wide, guint k)
{
  LANES (Ints, table[lanes_index (indices, wide, k, i)]);
}

/* Byte i of every lane, or zero * 2 minus it where bit `first + i` of the lane's byte k of signs is set. 0 < a < zero * 2 */
LANES_INLINE Ints
lanes_negate (Ints a, Ints signs, guint k, guint first, guint zero)
{
  for (guint i = 0; i < 64; i++)
    if ((signs.x[i / 4] >> (8 * k + first + i % 4)) & 1)
      a.x[i / 4] = (a.x[i / 4] & ~(255u << 8 * (i % 4))) | (2 * zero - (a.x[i / 4] >> 8 * (i % 4) & 255)) << 8 * (i % 4);
  return a;
}

#undef LANES
