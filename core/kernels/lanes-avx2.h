/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sixteen lanes of 32 bits in two registers of AVX2. */

#pragma once

#include <glib.h>
#include <immintrin.h>
#include <math.h>

typedef struct
{
  __m256i a, b;
} Ints;

typedef struct
{
  __m256 a, b;
} Floats;

/* Rows and panels whose sums fit the registers side by side. */
#ifdef __AVXVNNI__
#define LANES_TILE_ROWS 4
#else
#define LANES_TILE_ROWS 2
#endif
#define LANES_TILE_PANELS 1
/* Rows that dot takes at once: sums of eight would not fit. AVX-VNNI on Zen 5, Q4_0: 381 GFLOPS for four, 299 for eight. */
#define LANES_DOT_ROWS 4
/* Up to so many of types that are decoded quickly dot is faster than multiply. */
#ifdef __AVXVNNI__
#define LANES_MOST_DOT_ROWS 32
#else
#define LANES_MOST_DOT_ROWS 8
#endif
#define LANES_INLINE static inline __attribute__ ((always_inline))
#define EACH(type, function, ...) ((type) { function (x.a, ##__VA_ARGS__), function (x.b, ##__VA_ARGS__) })
#define BOTH(type, function) ((type) { function (x.a, y.a), function (x.b, y.b) })

LANES_INLINE Ints
lanes_load (const void *from)
{
  return (Ints) { _mm256_loadu_si256 (from), _mm256_loadu_si256 ((const __m256i *) from + 1) };
}

LANES_INLINE Ints lanes_set (gint32 value) { return (Ints) { _mm256_set1_epi32 (value), _mm256_set1_epi32 (value) }; }
LANES_INLINE Ints lanes_and (Ints x, Ints y) { return BOTH (Ints, _mm256_and_si256); }
LANES_INLINE Ints lanes_or (Ints x, Ints y) { return BOTH (Ints, _mm256_or_si256); }
LANES_INLINE Ints lanes_xor (Ints x, Ints y) { return BOTH (Ints, _mm256_xor_si256); }
LANES_INLINE Ints lanes_add (Ints x, Ints y) { return BOTH (Ints, _mm256_add_epi32); }
LANES_INLINE Ints lanes_left (Ints x, guint n) { return EACH (Ints, _mm256_slli_epi32, n); }
LANES_INLINE Ints lanes_right (Ints x, guint n) { return EACH (Ints, _mm256_srli_epi32, n); }

LANES_INLINE Ints
lanes_byte (Ints x, guint byte)
{
  x = EACH (Ints, _mm256_slli_epi32, 24 - 8 * byte);
  return EACH (Ints, _mm256_srai_epi32, 24);
}

LANES_INLINE Ints
lanes_lookup (const guint8 *table, Ints x)
{
  __m256i values = _mm256_broadcastsi128_si256 (_mm_loadu_si128 ((const __m128i *) table));

  return (Ints) { _mm256_shuffle_epi8 (values, x.a), _mm256_shuffle_epi8 (values, x.b) };
}

/* Where a lane's four indices lie among 64 of 16 bits. */
#define LANES_PLACE(lane) (((lane) & 8) | ((lane) & 2) << 1 | ((lane) & 4) >> 1 | ((lane) & 1))

/* Bytes of low, and those of high above them, to there. */
LANES_INLINE void
lanes_store_indices (guint16 *to, Ints low, Ints high)
{
  _mm256_storeu_si256 ((__m256i *) to, _mm256_unpacklo_epi8 (low.a, high.a));
  _mm256_storeu_si256 ((__m256i *) to + 1, _mm256_unpackhi_epi8 (low.a, high.a));
  _mm256_storeu_si256 ((__m256i *) to + 2, _mm256_unpacklo_epi8 (low.b, high.b));
  _mm256_storeu_si256 ((__m256i *) to + 3, _mm256_unpackhi_epi8 (low.b, high.b));
  /* They are read from there: extracting them from registers takes longer. */
  __asm__ ("" : "+m" (*(guint16 (*)[64]) to));
}

#include "kernels/entries.h"

/* The table's entries of eight bytes at index k of each lane: their first four and last four. */
LANES_INLINE void
lanes_eights (const guint64 *table, const void *indices, gboolean wide, guint k, Ints *first, Ints *last)
{
  __m256 entries[4];            /* of lanes 0 1 4 5, 2 3 6 7, 8 9 12 13, 10 11 14 15 */

#pragma GCC unroll 4
  for (guint i = 0; i < 4; i++)
    entries[i] = lanes_four_eights (table, indices, wide, k, i / 2 * 8 + i % 2 * 2);
#define SHUFFLE(a, b, places) \
  _mm256_castps_si256 (_mm256_shuffle_ps (a, b, places))
  *first = (Ints) { SHUFFLE (entries[0], entries[1], 0x88), SHUFFLE (entries[2], entries[3], 0x88) };
  *last = (Ints) { SHUFFLE (entries[0], entries[1], 0xdd), SHUFFLE (entries[2], entries[3], 0xdd) };
#undef SHUFFLE
}

/* The table's entries of four bytes at index k of each lane. */
LANES_INLINE Ints
lanes_fours (const guint32 *table, const void *indices, gboolean wide, guint k)
{
  return (Ints) { _mm256_castps_si256 (lanes_eight_fours (table, indices, wide, k, 0)),
    _mm256_castps_si256 (lanes_eight_fours (table, indices, wide, k, 8))
  };
}

/* Byte i of every lane, or zero * 2 minus it where bit `first + i` of the lane's byte k of signs is set. 0 < x < zero * 2 */
LANES_INLINE Ints
lanes_negate (Ints x, Ints signs, guint k, guint first, guint zero)
{
  const __m256i places = _mm256_add_epi8 (_mm256_set1_epi8 ((char) k), _mm256_set_epi32 (0x0c0c0c0c, 0x08080808, 0x04040404, 0,
          0x0c0c0c0c, 0x08080808, 0x04040404, 0));
  const __m256i masks = _mm256_set1_epi32 ((int) (0x08040201u << first));
  const __m256i one = _mm256_set1_epi8 (1), low = _mm256_set1_epi8 ((char) (2 * zero - 1));

#define NEGATE(x, s) _mm256_and_si256 (low, _mm256_sign_epi8 (x, _mm256_or_si256 (one, \
    _mm256_cmpeq_epi8 (masks, _mm256_and_si256 (masks, _mm256_shuffle_epi8 (s, places))))))
  return (Ints) { NEGATE (x.a, signs.a), NEGATE (x.b, signs.b) };
#undef NEGATE
}

/* 16 bytes, each in a lane. */
LANES_INLINE Ints
lanes_load_bytes (const guint8 *from)
{
  return (Ints) { _mm256_cvtepu8_epi32 (_mm_loadl_epi64 ((const __m128i *) from)),
    _mm256_cvtepu8_epi32 (_mm_loadl_epi64 ((const __m128i *) (from + 8))) };
}

#ifdef __AVXVNNI__
/* sum += Σ of four products of x's unsigned and y's signed bytes */
LANES_INLINE Ints
lanes_dot (Ints sum, Ints x, gint32 y)
{
  __m256i b = _mm256_set1_epi32 (y);

  return (Ints) { _mm256_dpbusd_avx_epi32 (sum.a, x.a, b), _mm256_dpbusd_avx_epi32 (sum.b, x.b, b) };
}

#else
/* For bytes of x up to 127: sums of two products in lanes of 16 bits; these added; pairs of them added to sum */
#define LANES_PAIRS
LANES_INLINE Ints lanes_add_16 (Ints x, Ints y) { return BOTH (Ints, _mm256_add_epi16); }

LANES_INLINE Ints
lanes_pairs (Ints x, gint32 y)
{
  const __m256i b = _mm256_set1_epi32 (y);

  return (Ints) { _mm256_maddubs_epi16 (x.a, b), _mm256_maddubs_epi16 (x.b, b) };
}

LANES_INLINE Ints
lanes_add_pairs (Ints sum, Ints x)
{
  const __m256i one = _mm256_set1_epi16 (1);

  return (Ints) { _mm256_add_epi32 (sum.a, _mm256_madd_epi16 (x.a, one)), _mm256_add_epi32 (sum.b, _mm256_madd_epi16 (x.b, one)) };
}

/* Bytes 0 and 2, or with odd 1 and 3, of each lane as two signed numbers of 16 bits; sum += Σ of the products of two and two of these */
#define LANES_WORDS
#define LANES_WORD_ROWS 6

LANES_INLINE Ints
lanes_words (Ints x, gboolean odd)
{
  if (!odd)
    x = EACH (Ints, _mm256_slli_epi16, 8);
  return EACH (Ints, _mm256_srai_epi16, 8);
}

LANES_INLINE Ints
lanes_add_words (Ints sum, Ints x, gint32 y)
{
  const __m256i b = _mm256_set1_epi32 (y);

  sum = (Ints) { _mm256_add_epi32 (sum.a, _mm256_madd_epi16 (x.a, b)), _mm256_add_epi32 (sum.b, _mm256_madd_epi16 (x.b, b)) };
  __asm__ ("" : "+x" (sum.a), "+x" (sum.b));    /* or the compiler adds in another order, for which there are too few registers */
  return sum;
}

/* sum += Σ of four products of x's bytes, minus 128 each, and y's, -127 … 127 */
#define LANES_CENTRED
LANES_INLINE Ints
lanes_dot (Ints sum, Ints x, gint32 y)
{
  const __m256i b = _mm256_set1_epi32 (y);
  Ints w = lanes_xor (x, lanes_set (0x80808080)), sizes = { _mm256_abs_epi8 (w.a), _mm256_abs_epi8 (w.b) };

  return lanes_add_pairs (sum, (Ints) { _mm256_maddubs_epi16 (sizes.a, _mm256_sign_epi8 (b, w.a)),
    _mm256_maddubs_epi16 (sizes.b, _mm256_sign_epi8 (b, w.b)) });
}
#endif

LANES_INLINE Floats lanes_zero (void) { return (Floats) { _mm256_setzero_ps (), _mm256_setzero_ps () }; }
LANES_INLINE Floats lanes_setf (float value) { return (Floats) { _mm256_set1_ps (value), _mm256_set1_ps (value) }; }
LANES_INLINE Floats lanes_loadf (const float *from) { return (Floats) { _mm256_loadu_ps (from), _mm256_loadu_ps (from + 8) }; }

LANES_INLINE void
lanes_store (float *to, Floats x)
{
  _mm256_storeu_ps (to, x.a);
  _mm256_storeu_ps (to + 8, x.b);
}

LANES_INLINE Floats lanes_mul (Floats x, Floats y) { return BOTH (Floats, _mm256_mul_ps); }

LANES_INLINE Floats
lanes_fma (Floats x, Floats y, Floats z)
{
  return (Floats) { _mm256_fmadd_ps (x.a, y.a, z.a), _mm256_fmadd_ps (x.b, y.b, z.b) };
}

LANES_INLINE Floats lanes_float (Ints x) { return EACH (Floats, _mm256_cvtepi32_ps); }
LANES_INLINE Floats lanes_bits (Ints x) { return EACH (Floats, _mm256_castsi256_ps); }

LANES_INLINE Floats
lanes_load_half (const void *from)
{
  return (Floats) { _mm256_cvtph_ps (_mm_loadu_si128 (from)), _mm256_cvtph_ps (_mm_loadu_si128 ((const __m128i *) from + 1)) };
}

LANES_INLINE Floats
lanes_half (Ints x)
{
  const __m256i low = _mm256_set1_epi32 (0xffff);
  __m256i packed = _mm256_permute4x64_epi64 (_mm256_packus_epi32 (_mm256_and_si256 (x.a, low), _mm256_and_si256 (x.b, low)),
      0xd8);

  return (Floats) { _mm256_cvtph_ps (_mm256_castsi256_si128 (packed)), _mm256_cvtph_ps (_mm256_extracti128_si256 (packed, 1)) };
}

static inline __attribute__ ((always_inline)) __m256i
lanes_pair_one (__m256 a, __m256 b)
{
  const __m256i half = _mm256_set1_epi32 (0x7fff), one = _mm256_set1_epi32 (1);
  __m256i low = _mm256_castps_si256 (a), high = _mm256_castps_si256 (b);

  low = _mm256_add_epi32 (low, _mm256_add_epi32 (half, _mm256_and_si256 (_mm256_srli_epi32 (low, 16), one)));
  high = _mm256_add_epi32 (high, _mm256_add_epi32 (half, _mm256_and_si256 (_mm256_srli_epi32 (high, 16), one)));
  return _mm256_blend_epi16 (_mm256_srli_epi32 (low, 16), high, 0xaa);
}

LANES_INLINE Ints
lanes_and_or (Ints x, guint32 mask, Ints y)
{
  return lanes_or (lanes_and (x, lanes_set (mask)), y);
}

LANES_INLINE __m256
lanes_quiet_one (__m256 x)
{
  return _mm256_blendv_ps (x, _mm256_set1_ps (NAN), _mm256_cmp_ps (x, x, _CMP_UNORD_Q));
}

LANES_INLINE Floats
lanes_quiet (Floats x)
{
  return (Floats) { lanes_quiet_one (x.a), lanes_quiet_one (x.b) };
}

LANES_INLINE Ints
lanes_pair_bf16 (Floats x, Floats y)
{
  return (Ints) { lanes_pair_one (x.a, y.a), lanes_pair_one (x.b, y.b) };
}

LANES_INLINE Ints
lanes_pair_bf16_quickly (Floats x, Floats y)
{
  return lanes_pair_bf16 (x, y);
}

LANES_INLINE void
lanes_store_ints (void *to, Ints x)
{
  _mm256_storeu_si256 (to, x.a);
  _mm256_storeu_si256 ((__m256i *) to + 1, x.b);
}

#undef EACH
#undef BOTH
