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

/* The table's numbers at a; reads one behind each. */
LANES_INLINE Ints
lanes_gather (const guint16 *table, Ints a)
{
  return _mm512_and_si512 (_mm512_i32gather_epi32 (a, table, 2), _mm512_set1_epi32 (0xffff));
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
/* For bytes of a up to 63: sums of two products in lanes of 16 bits; these added; pairs of them added to sum */
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
