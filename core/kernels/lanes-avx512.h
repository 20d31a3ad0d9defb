/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sixteen lanes of 32 bits in one register of AVX-512. */

#pragma once

#include <glib.h>
#include <immintrin.h>
#include <math.h>

typedef __m512i Ints;
typedef __m512 Floats;

/* Rows and panels whose sums fit the registers side by side. */
#ifdef __AVX512VNNI__
#define LANES_TILE_ROWS 6
#define LANES_TILE_PANELS 2
#else
#define LANES_TILE_ROWS 2
#define LANES_TILE_PANELS 2
#endif
/* Rows that dot takes at once, and up to how many of types that are decoded quickly it is faster than multiply: what lies ahead is fetched
 * earlier, and nothing goes through memory. On Zen 5 twelve rows of Q4_0 took 0.64 of the time, 32 of Q4_K 0.96, 64 of them 1.05. */
#define LANES_DOT_ROWS 8
#define LANES_MOST_DOT_ROWS 32
#define LANES_INLINE static inline __attribute__ ((always_inline))

LANES_INLINE Ints lanes_load (const void *from) { return _mm512_loadu_si512 (from); }
LANES_INLINE Ints lanes_set (gint32 value) { return _mm512_set1_epi32 (value); }
LANES_INLINE Ints lanes_and (Ints a, Ints b) { return _mm512_and_si512 (a, b); }
LANES_INLINE Ints lanes_or (Ints a, Ints b) { return _mm512_or_si512 (a, b); }
LANES_INLINE Ints lanes_xor (Ints a, Ints b) { return _mm512_xor_si512 (a, b); }
LANES_INLINE Ints lanes_add (Ints a, Ints b) { return _mm512_add_epi32 (a, b); }
LANES_INLINE Ints lanes_left (Ints a, guint n) { return _mm512_slli_epi32 (a, n); }
LANES_INLINE Ints lanes_right (Ints a, guint n) { return _mm512_srli_epi32 (a, n); }
/* sign-extends the byte `byte` of each lane */
LANES_INLINE Ints lanes_byte (Ints a, guint byte) { return _mm512_srai_epi32 (_mm512_slli_epi32 (a, 24 - 8 * byte), 24); }
/* table: 16 bytes; every byte of a, 0 … 15, becomes the table's */
LANES_INLINE Ints
lanes_lookup (const guint8 *table, Ints a)
{
  return _mm512_shuffle_epi8 (_mm512_broadcast_i32x4 (_mm_loadu_si128 ((const __m128i *) table)), a);
}

/* 16 bytes, each in a lane. */
LANES_INLINE Ints
lanes_load_bytes (const guint8 *from)
{
  return _mm512_cvtepu8_epi32 (_mm_loadu_si128 ((const __m128i *) from));
}

/* sum += Σ of four products of a's unsigned and b's signed bytes */
LANES_INLINE Ints
lanes_dot (Ints sum, Ints a, gint32 b)
{
#ifdef __AVX512VNNI__
  return _mm512_dpbusd_epi32 (sum, a, _mm512_set1_epi32 (b));
#else
  /* two multiplications of 16 bits: pairs of products of 8 bits would not fit */
  __m512i low = _mm512_and_si512 (a, _mm512_set1_epi16 (0xff)), high = _mm512_srli_epi16 (a, 8);
  __m512i signed_b = _mm512_set1_epi32 (b);
  __m512i low_b = _mm512_srai_epi16 (_mm512_slli_epi16 (signed_b, 8), 8), high_b = _mm512_srai_epi16 (signed_b, 8);

  return _mm512_add_epi32 (sum, _mm512_add_epi32 (_mm512_madd_epi16 (low, low_b), _mm512_madd_epi16 (high, high_b)));
#endif
}

#ifndef __AVX512VNNI__
/* Bytes 0 and 2, or with odd 1 and 3, of each lane as two signed numbers of 16 bits; sum += Σ of the products of two and two of these */
#define LANES_WORDS
#define LANES_WORD_ROWS 6
LANES_INLINE Ints lanes_words (Ints a, gboolean odd) { return _mm512_srai_epi16 (odd ? a : _mm512_slli_epi16 (a, 8), 8); }
LANES_INLINE Ints lanes_add_words (Ints sum, Ints a, gint32 b) { return _mm512_add_epi32 (sum, _mm512_madd_epi16 (a, _mm512_set1_epi32 (b))); }

/* For bytes of a up to 127: sums of two products in lanes of 16 bits; these added; pairs of them added to sum */
#define LANES_PAIRS
LANES_INLINE Ints lanes_pairs (Ints a, gint32 b) { return _mm512_maddubs_epi16 (a, _mm512_set1_epi32 (b)); }
LANES_INLINE Ints lanes_add_16 (Ints a, Ints b) { return _mm512_add_epi16 (a, b); }

LANES_INLINE Ints
lanes_add_pairs (Ints sum, Ints a)
{
  return _mm512_add_epi32 (sum, _mm512_madd_epi16 (a, _mm512_set1_epi16 (1)));
}
#endif

LANES_INLINE Floats lanes_zero (void) { return _mm512_setzero_ps (); }
LANES_INLINE Floats lanes_setf (float value) { return _mm512_set1_ps (value); }
LANES_INLINE Floats lanes_loadf (const float *from) { return _mm512_loadu_ps (from); }
LANES_INLINE void lanes_store (float *to, Floats a) { _mm512_storeu_ps (to, a); }
LANES_INLINE Floats lanes_mul (Floats a, Floats b) { return _mm512_mul_ps (a, b); }
LANES_INLINE Floats lanes_fma (Floats a, Floats b, Floats c) { return _mm512_fmadd_ps (a, b, c); }
LANES_INLINE Floats lanes_float (Ints a) { return _mm512_cvtepi32_ps (a); }
LANES_INLINE Floats lanes_bits (Ints a) { return _mm512_castsi512_ps (a); }
/* the lower halves of the lanes as IEEE halves */
LANES_INLINE Floats lanes_half (Ints a) { return _mm512_cvtph_ps (_mm512_cvtepi32_epi16 (a)); }
/* 16 consecutive IEEE halves */
LANES_INLINE Floats lanes_load_half (const void *from) { return _mm512_cvtph_ps (_mm256_loadu_si256 (from)); }

/* (a & mask) | b */
LANES_INLINE Ints
lanes_and_or (Ints a, guint32 mask, Ints b)
{
  return _mm512_ternarylogic_epi32 (a, _mm512_set1_epi32 (mask), b, 0xea);
}

/* a, with NaNs as the one that C calls NAN */
LANES_INLINE Floats
lanes_quiet (Floats a)
{
  return _mm512_mask_blend_ps (_mm512_cmp_ps_mask (a, a, _CMP_UNORD_Q), a, _mm512_set1_ps (NAN));
}

/* a and b rounded to bfloat16, halves away from zero, a in the lower half of each lane; no NaN but NAN */
LANES_INLINE Ints
lanes_pair_bf16_quickly (Floats a, Floats b)
{
  const __m512i half = _mm512_set1_epi32 (0x8000);
  __m512i low = _mm512_add_epi32 (_mm512_castps_si512 (a), half), high = _mm512_add_epi32 (_mm512_castps_si512 (b), half);

  return _mm512_mask_blend_epi16 (0xaaaaaaaa, _mm512_srli_epi32 (low, 16), high);
}

/* a and b rounded to bfloat16, to nearest even, a in the lower half of each lane */
LANES_INLINE Ints
lanes_pair_bf16 (Floats a, Floats b)
{
#ifdef __AVX512BF16__
  return _mm512_mask_blend_epi16 (0xaaaaaaaa, _mm512_cvtepu16_epi32 ((__m256i) _mm512_cvtneps_pbh (a)),
      _mm512_slli_epi32 (_mm512_cvtepu16_epi32 ((__m256i) _mm512_cvtneps_pbh (b)), 16));
#else
  const __m512i half = _mm512_set1_epi32 (0x7fff), one = _mm512_set1_epi32 (1);
  __m512i low = _mm512_castps_si512 (a), high = _mm512_castps_si512 (b);

  low = _mm512_add_epi32 (low, _mm512_add_epi32 (half, _mm512_and_si512 (_mm512_srli_epi32 (low, 16), one)));
  high = _mm512_add_epi32 (high, _mm512_add_epi32 (half, _mm512_and_si512 (_mm512_srli_epi32 (high, 16), one)));
  return _mm512_mask_blend_epi16 (0xaaaaaaaa, _mm512_srli_epi32 (low, 16), high);
#endif
}

LANES_INLINE void lanes_store_ints (void *to, Ints a) { _mm512_storeu_si512 (to, a); }

#ifdef __AVX512VBMI__
/* Tables of bytes in registers, all 64 bytes looked up at once. */
#define LANES_TABLES

/* Every byte of a in a table of 256. */
LANES_INLINE Ints
lanes_look_up_256 (const guint8 *table, Ints a)
{
  return _mm512_mask_blend_epi8 (_mm512_movepi8_mask (a), _mm512_permutex2var_epi8 (lanes_load (table), a, lanes_load (table + 64)),
      _mm512_permutex2var_epi8 (lanes_load (table + 128), a, lanes_load (table + 192)));
}

/* The same in a table of `size`, a multiple of 256: high has the bits above a's. */
LANES_INLINE Ints
lanes_look_up (const guint8 *table, guint size, Ints a, Ints high)
{
  Ints found = lanes_look_up_256 (table, a);

#pragma GCC unroll 8
  for (guint c = 1; c < size / 256; c++)
    found = _mm512_mask_mov_epi8 (found, _mm512_cmpeq_epi8_mask (high, _mm512_set1_epi8 ((char) c)), lanes_look_up_256 (table + 256 * c, a));
  return found;
}

/* Every byte of n registers, with high for the bits above, in two tables of `size`, a multiple of 128: out[2 * i] and out[2 * i + 1]. Each
 * part of the tables is loaded once for all. */
LANES_INLINE void
lanes_look_up_twice (const guint8 *table, const guint8 *other, guint size, const Ints *indices, const Ints *high, guint n, Ints *out)
{
  Ints parts[2];

  for (guint i = 0; i < n; i++) {
    parts[i] = lanes_or (lanes_add (high[i], high[i]), lanes_and (lanes_right (indices[i], 7), lanes_set (0x01010101)));
    out[2 * i] = out[2 * i + 1] = indices[i];
  }
#pragma GCC unroll 16
  for (guint c = 0; c < size / 128; c++)
    for (guint i = 0; i < n; i++) {
      __mmask64 here = _mm512_cmpeq_epi8_mask (parts[i], _mm512_set1_epi8 ((char) c));

      out[2 * i] = _mm512_mask2_permutex2var_epi8 (lanes_load (table + 128 * c), out[2 * i], here, lanes_load (table + 128 * c + 64));
      out[2 * i + 1] = _mm512_mask2_permutex2var_epi8 (lanes_load (other + 128 * c), out[2 * i + 1], here,
          lanes_load (other + 128 * c + 64));
    }
}

/* Bytes 0 and 2, or with odd 1 and 3, of each lane of a and then of b. */
LANES_INLINE Ints
lanes_every_other_byte (Ints a, Ints b, guint odd)
{
  guint8 places[64];

  for (guint i = 0; i < 64; i++)
    places[i] = (guint8) (i / 4 * 4 + i % 2 * 2 + odd + i / 2 % 2 * 64);
  return _mm512_permutex2var_epi8 (a, lanes_load (places), b);
}

/* Every byte's lowest seven bits in a table of 128. */
LANES_INLINE Ints
lanes_look_up_128 (const guint8 *table, Ints a)
{
  return _mm512_permutex2var_epi8 (lanes_load (table), a, lanes_load (table + 64));
}

/* Every byte's lowest four bits in a table of 16. */
LANES_INLINE Ints
lanes_look_up_16 (const guint8 *table, Ints a)
{
  return _mm512_permutexvar_epi8 (a, _mm512_broadcast_i32x4 (_mm_loadu_si128 ((const __m128i *) table)));
}

/* Byte i of every lane: the eight bits of a from bit `first + i * step` of that lane on; beyond the lane's ends those of others. */
LANES_INLINE Ints
lanes_bits_from (Ints a, gint first, gint step)
{
  guint64 places = 0;

  for (gint i = 0; i < 8; i++)
    places |= (guint64) ((first + i % 4 * step + i / 4 * 32) & 63) << 8 * i;
  return _mm512_multishift_epi64_epi8 (_mm512_set1_epi64 ((gint64) places), a);
}

/* a in the lowest two bytes of each lane, b in the others. */
LANES_INLINE Ints lanes_two_and_two (Ints a, Ints b) { return _mm512_mask_blend_epi8 (0xccccccccccccccccu, a, b); }

/* a where mask has ones, b elsewhere. */
LANES_INLINE Ints
lanes_select (guint32 mask, Ints a, Ints b)
{
  return _mm512_ternarylogic_epi32 (_mm512_set1_epi32 ((gint32) mask), a, b, 0xca);
}
#else
/* Where a lane's four indices lie among 64 of 16 bits. */
#define LANES_PLACE(lane) (((lane) & 2) << 2 | ((lane) & 12) >> 1 | ((lane) & 1))

/* Bytes of low, and those of high above them, to there. */
LANES_INLINE void
lanes_store_indices (guint16 *to, Ints low, Ints high)
{
  _mm512_storeu_si512 (to, _mm512_unpacklo_epi8 (low, high));
  _mm512_storeu_si512 (to + 32, _mm512_unpackhi_epi8 (low, high));
  /* They are read from there: extracting them from registers takes longer. */
  __asm__ ("" : "+m" (*(guint16 (*)[64]) to));
}

#include "kernels/entries.h"

LANES_INLINE __m512
lanes_join (__m256 a, __m256 b)
{
  return _mm512_castpd_ps (_mm512_insertf64x4 (_mm512_castps_pd (_mm512_castps256_ps512 (a)), _mm256_castps_pd (b), 1));
}

/* The table's entries of eight bytes at index k of each lane: their first four and last four. */
LANES_INLINE void
lanes_eights (const guint64 *table, const void *indices, gboolean wide, guint k, Ints *first, Ints *last)
{
  __m512 entries[2];            /* of lanes 0 1 4 5 8 9 12 13, and of the others */

#pragma GCC unroll 2
  for (guint i = 0; i < 2; i++)
    entries[i] = lanes_join (lanes_four_eights (table, indices, wide, k, 2 * i), lanes_four_eights (table, indices, wide, k, 2 * i + 8));
  *first = _mm512_castps_si512 (_mm512_shuffle_ps (entries[0], entries[1], 0x88));
  *last = _mm512_castps_si512 (_mm512_shuffle_ps (entries[0], entries[1], 0xdd));
}

/* The table's entries of four bytes at index k of each lane. */
LANES_INLINE Ints
lanes_fours (const guint32 *table, const void *indices, gboolean wide, guint k)
{
  return _mm512_castps_si512 (lanes_join (lanes_eight_fours (table, indices, wide, k, 0), lanes_eight_fours (table, indices, wide, k, 8)));
}

/* Byte i of every lane, or zero * 2 minus it where bit `first + i` of the lane's byte k of signs is set. 0 < a < zero * 2 */
LANES_INLINE Ints
lanes_negate (Ints a, Ints signs, guint k, guint first, guint zero)
{
  const __m512i places = _mm512_add_epi8 (_mm512_set1_epi8 ((char) k), _mm512_broadcast_i32x4 (_mm_set_epi32 (0x0c0c0c0c, 0x08080808, 0x04040404, 0)));
  __mmask64 negative = _mm512_test_epi8_mask (_mm512_shuffle_epi8 (signs, places), _mm512_set1_epi32 ((int) (0x08040201u << first)));

  return _mm512_mask_sub_epi8 (a, negative, _mm512_set1_epi8 ((char) (2 * zero)), a);
}
#endif
