/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products and conversions of panels; compiled once for every instruction set, L4_KERNELS_NAME says for which. */

#if defined (__AVX512F__)
#include "kernels/lanes-avx512.h"
#elif defined (__AVX2__)
#include "kernels/lanes-avx2.h"
#else
#include "kernels/lanes-plain.h"
#endif

#include "kernels/dots.h"
#ifdef LANES_WORDS
#include "kernels/words.h"
#endif

#define TABLE_(name) l4_panel_kernels_##name
#define TABLE(name) TABLE_ (name)

typedef Floats (*ColumnFunc) (const guint8 *panel, gsize k);

/* Quantised types ---------------------------------------------------------------------------------------------------- */

#ifdef LANES_PLAIN
#define BY_ROWS(many, one, next, ...) many (n_rows, __VA_ARGS__)
#else
/* With the number of rows known to the compiler, sums stay in registers: eight where these are many, four, two or one at a time. */
#if LANES_DOT_ROWS == 8
#define EIGHT_ROWS(many, next, ...) many (8, __VA_ARGS__)
#else
#define EIGHT_ROWS(many, next, ...) \
  many (4, __VA_ARGS__) \
  next (4); \
  many (4, __VA_ARGS__)
#endif
#define BY_ROWS(many, one, next, ...) \
  if (n_rows & 8) { \
    EIGHT_ROWS (many, next, __VA_ARGS__) \
  } \
  if (n_rows & 4) { \
    many (4, __VA_ARGS__) \
    next (4); \
  } \
  if (n_rows & 2) { \
    many (2, __VA_ARGS__) \
    next (2); \
  } \
  if (n_rows & 1) { \
    one (__VA_ARGS__) \
  }
#endif
#define NEXT_QUANTISED(n) own = l4_quantised_rows_from (&own, n, 0), out += n * stride
#define NEXT_FLOATS(n) x += n, out += n * stride

LANES_INLINE Floats
group_column (Traits traits, const Group *group, guint k)
{
  guint h = traits.halves ? k / 16 : 0;
  Floats base = negative (traits.minimum ? group->minimum[h]
      : lanes_mul (group->scale[h], lanes_setf (1 << traits.zero_bits)));

  return lanes_fma (lanes_float (bits (group->q[k / 4], 8 * (k % 4), 255)), group->scale[h], base);
}

LANES_INLINE void
groups_to_floats (GroupFunc decode, Traits traits, const guint8 *panel, gsize first, gsize count, float *out, gsize stride)
{
  for (gsize at = 0; at < count; at += L4_GROUP) {
    Group group;

    decode (panel, (first + at) / L4_GROUP, &group);
    for (guint k = 0; k < L4_GROUP; k++)
      lanes_store (out + (at + k) * stride, group_column (traits, &group, k));
  }
}

/* Byte k of the lanes as a number without conversion, in the mantissa of one that is larger by this. */
LANES_INLINE guint
near_offset (Traits traits)
{
  return traits.most <= 63 ? 64 : 256;
}

LANES_INLINE Floats
near_byte (Traits traits, Ints q, guint k)
{
  guint to = traits.most <= 63 ? 17 : 15;
  Ints moved = move (q, 8 * k, to);

  return lanes_bits (traits.most <= 63 ? lanes_and_or (moved, 0x007e0000, lanes_set (0x42800000))
      : lanes_and_or (moved, 0x007f8000, lanes_set (0x43800000)));
}

LANES_INLINE void
groups_to_bf16 (GroupFunc decode, Traits traits, const guint8 *panel, gsize first, gsize count, guint16 *out)
{
#pragma GCC unroll 1
  for (gsize at = 0; at < count; at += L4_GROUP) {
    guint zero = traits.minimum ? 0 : 1 << traits.zero_bits;
    Group group;
    Floats scale[2], base[2];

    fetch_group (traits, panel, (first + at) / L4_GROUP, count / L4_GROUP * traits.bytes);
    decode (panel, (first + at) / L4_GROUP, &group);
    for (guint h = 0; h < (traits.halves ? 2 : 1); h++) {
      scale[h] = lanes_quiet (group.scale[h]);
      base[h] = lanes_mul (scale[h], lanes_setf (-(float) (near_offset (traits) + zero)));
      if (traits.minimum)
        base[h] = lanes_quiet (lanes_fma (group.minimum[h], lanes_setf (-1), base[h]));
    }
UNROLL (16)
    for (guint k = 0; k < L4_GROUP; k += 2) {
      guint h = traits.halves ? k / 16 : 0;
      Floats even = lanes_fma (near_byte (traits, group.q[k / 4], k % 4), scale[h], base[h]);
      Floats odd = lanes_fma (near_byte (traits, group.q[k / 4], k % 4 + 1), scale[h], base[h]);

      lanes_store_ints (out + (at + k) * L4_PANEL_ROWS, lanes_pair_bf16_quickly (even, odd));
    }
  }
}

#define DOT_ROWS(rows, type, TYPE) \
  for (guint p = 0; p < n_panels; p++) \
    dot_rows (group_##type, TRAITS_##TYPE, panels[p], n, x, rows, out + p * L4_PANEL_ROWS, stride);

#define DOT_ROW(type, TYPE) \
  for (guint p = 0; p < n_panels; p++) \
    dot_row (group_##type, TRAITS_##TYPE, panels[p], n, x, out + p * L4_PANEL_ROWS);

/* Types with the same traits but for the zero share the code that multiplies. */
#define MULTIPLY(traits, halves, most, minimum) \
  static void \
  multiply_##traits (const Chunk *chunks, guint n_panels, guint n_groups, guint zero_bits, const L4QuantisedRows *x, gsize n_rows, \
      float *out, gsize stride) \
  { \
    multiply_chunk ((Traits) { halves, most, minimum, zero_bits }, chunks, n_panels, n_groups, *x, n_rows, out, stride); \
  }

MULTIPLY (small, FALSE, 31, FALSE)
#ifdef LANES_WORDS
static void
multiply_large (const Chunk *chunks, guint n_panels, guint n_groups, guint zero_bits, const L4QuantisedRows *x, gsize n_rows, float *out,
    gsize stride)
{
  multiply_words (chunks, n_panels, n_groups, *x, n_rows, out, stride);
}
#else
MULTIPLY (large, FALSE, 255, FALSE)
#endif
MULTIPLY (small_minimum, FALSE, 31, TRUE)
MULTIPLY (halves, TRUE, 63, FALSE)
MULTIPLY (signed, FALSE, SIGNED_MOST, FALSE)
MULTIPLY (signed_halves, TRUE, SIGNED_MOST, FALSE)
MULTIPLY (halves_minimum, TRUE, 31, TRUE)

/* count is a multiple of 32 for these: their rows are. */
#define QUANTISED(type, TYPE, traits) \
  static void \
  dot_##type (const guint8 *const *panels, guint n_panels, gsize n, const L4QuantisedRows *rows, guint n_rows, float *out, \
      gsize stride) \
  { \
    L4QuantisedRows own = *rows, *x = &own; \
    BY_ROWS (DOT_ROWS, DOT_ROW, NEXT_QUANTISED, type, TYPE) \
  } \
  static void \
  multiply_##type (const guint8 *const *panels, guint n_panels, gsize first, gsize count, const L4QuantisedRows *rows, \
      gsize n_rows, float *out, gsize stride) \
  { \
    L4QuantisedRows x = l4_quantised_rows_from (rows, 0, first); \
    Chunk chunks[L4_MAX_PANELS]; \
    for (guint p = 0; p < n_panels; p++) \
      for (guint g = 0; g < count / L4_GROUP; g++) { \
        fetch_group (TRAITS_##TYPE, panels[p], first / L4_GROUP + g, count / L4_GROUP * TRAITS_##TYPE.bytes); \
        group_##type (panels[p], first / L4_GROUP + g, &chunks[p][g]); \
      } \
    multiply_##traits ((const Chunk *) chunks, n_panels, count / L4_GROUP, TRAITS_##TYPE.zero_bits, &x, n_rows, out, stride); \
  } \
  static void \
  to_floats_##type (const guint8 *panel, gsize n, gsize first, gsize count, float *out, gsize stride) \
  { \
    groups_to_floats (group_##type, TRAITS_##TYPE, panel, first, count, out, stride); \
  } \
  static void \
  to_bf16_##type (const guint8 *panel, gsize n, gsize first, gsize count, guint16 *out) \
  { \
    groups_to_bf16 (group_##type, TRAITS_##TYPE, panel, first, count, out); \
  }

QUANTISED (q4_0, Q4_0, small)
QUANTISED (q4_1, Q4_1, small_minimum)
QUANTISED (q5_0, Q5_0, small)
QUANTISED (q5_1, Q5_1, small_minimum)
QUANTISED (q8_0, Q8_0, large)
QUANTISED (q2_k, Q2_K, halves_minimum)
QUANTISED (q3_k, Q3_K, halves)
QUANTISED (q4_k, Q4_K, small_minimum)
QUANTISED (q5_k, Q5_K, small_minimum)
QUANTISED (q6_k, Q6_K, halves)
QUANTISED (iq4_nl, IQ4_NL, large)
QUANTISED (iq4_xs, IQ4_XS, large)
/* Types with codebooks: decoding takes so much longer than multiplying that one function for all of the same traits will do, and a group
 * may go through memory. */
typedef void (*DecodeFunc) (const guint8 *panel, gsize g, Group *out);

#define DECODED_TRAITS(traits, halves, most, zero_bits) \
  static void \
  to_floats_decoded_##traits (DecodeFunc decode, const guint8 *panel, gsize first, gsize count, float *out, gsize stride) \
  { \
    groups_to_floats (decode, (Traits) { halves, most, FALSE, zero_bits, 0, 1 }, panel, first, count, out, stride); \
  } \
  static void \
  to_bf16_decoded_##traits (DecodeFunc decode, const guint8 *panel, gsize first, gsize count, guint16 *out) \
  { \
    groups_to_bf16 (decode, (Traits) { halves, most, FALSE, zero_bits, 0, 1 }, panel, first, count, out); \
  }

DECODED_TRAITS (ternary, FALSE, 31, 0)
#define multiply_ternary multiply_small

/* With decode_…(). many (n_rows, type, TYPE): the dot products of some rows */
#define DECODED_BY(type, TYPE, traits, many, one) \
  static void \
  dot_##type (const guint8 *const *panels, guint n_panels, gsize n, const L4QuantisedRows *rows, guint n_rows, float *out, \
      gsize stride) \
  { \
    L4QuantisedRows own = *rows, *x = &own; \
    BY_ROWS (many, one, NEXT_QUANTISED, type, TYPE) \
  } \
  static void \
  multiply_##type (const guint8 *const *panels, guint n_panels, gsize first, gsize count, const L4QuantisedRows *rows, \
      gsize n_rows, float *out, gsize stride) \
  { \
    L4QuantisedRows x = l4_quantised_rows_from (rows, 0, first); \
    Chunk chunks[L4_MAX_PANELS]; \
    for (guint p = 0; p < n_panels; p++) \
      for (guint g = 0; g < count / L4_GROUP; g++) \
        decode_##type (panels[p], first / L4_GROUP + g, &chunks[p][g]); \
    multiply_##traits ((const Chunk *) chunks, n_panels, count / L4_GROUP, TRAITS_##TYPE.zero_bits, &x, n_rows, out, stride); \
  } \
  static void \
  to_floats_##type (const guint8 *panel, gsize n, gsize first, gsize count, float *out, gsize stride) \
  { \
    to_floats_decoded_##traits (decode_##type, panel, first, count, out, stride); \
  } \
  static void \
  to_bf16_##type (const guint8 *panel, gsize n, gsize first, gsize count, guint16 *out) \
  { \
    to_bf16_decoded_##traits (decode_##type, panel, first, count, out); \
  }

#define DOT_ROW_ALONE(type, TYPE) DOT_ROWS (1, type, TYPE)

#define DECODED(type, TYPE, traits) \
  static __attribute__ ((noinline)) void \
  decode_##type (const guint8 *panel, gsize g, Group *out) \
  { \
    group_##type (panel, g, out); \
  } \
  DECODED_BY (type, TYPE, traits, DOT_ROWS, DOT_ROW_ALONE)

typedef void (*IndicesFunc) (const guint8 *panel, gsize g, guint n, guint16 *to);
typedef void (*EntriesFunc) (const guint8 *panel, gsize g, const guint16 *indices, Group *out);

/* The indices of a block at a time. */
LANES_INLINE void
dot_entries (IndicesFunc indices_of, EntriesFunc entries_of, Traits traits, const guint8 *panel, gsize n, const L4QuantisedRows *x,
    guint n_rows, float *out, gsize stride)
{
  Floats sums[L4_DOT_ROWS];

UNROLL (8)
  for (guint m = 0; m < n_rows; m++)
    sums[m] = lanes_zero ();
#pragma GCC unroll 1
  for (gsize at = 0; at < n / L4_GROUP; at += traits.groups) {
    guint16 indices[8][MOST_INDICES];

    indices_of (panel, at, traits.groups, *indices);
#pragma GCC unroll 1
    for (guint i = 0; i < traits.groups; i++) {
      Group group;

      l4_fetch_for_dot (panel + (at + i) * traits.bytes, traits.bytes * traits.groups, traits.bytes, n_rows);
      entries_of (panel, at + i, indices[i], &group);
      add_group (traits, &group, 0, 1, x, at + i, n_rows, sums);
    }
  }
UNROLL (8)
  for (guint m = 0; m < n_rows; m++)
    lanes_store (out + m * stride, sums[m]);
}

#define DOT_ENTRIES(rows, type, TYPE) \
  for (guint p = 0; p < n_panels; p++) \
    dot_entries (indices_##type, group_##type, TRAITS_##TYPE, panels[p], n, x, rows, out + p * L4_PANEL_ROWS, stride);
#define DOT_ROW_ENTRIES(type, TYPE) DOT_ENTRIES (1, type, TYPE)

#define OF_LARGE_BOOK(type, TYPE, traits) \
  static __attribute__ ((noinline)) void \
  decode_##type (const guint8 *panel, gsize g, Group *out) \
  { \
    guint16 indices[MOST_INDICES]; \
    indices_##type (panel, g, 1, indices); \
    group_##type (panel, g, indices, out); \
  } \
  DECODED_BY (type, TYPE, traits, DOT_ENTRIES, DOT_ROW_ENTRIES)

#ifdef LANES_TABLES             /* which stay in registers, or at hand, as long as a panel takes */
#define OF_BOOK DECODED
#else
#define OF_BOOK OF_LARGE_BOOK
#endif
DECODED_TRAITS (signed, FALSE, SIGNED_MOST, SIGNED_ZERO)
DECODED_TRAITS (signed_halves, TRUE, SIGNED_MOST, SIGNED_ZERO)
DECODED_TRAITS (small, FALSE, 31, 4)
DECODED_TRAITS (halves, TRUE, 63, 4)
OF_BOOK (iq2_xxs, IQ2_XXS, signed)
OF_BOOK (iq2_xs, IQ2_XS, signed_halves)
OF_LARGE_BOOK (iq2_s, IQ2_S, signed_halves)
OF_BOOK (iq3_xxs, IQ3_XXS, signed)
OF_BOOK (iq3_s, IQ3_S, small)
OF_LARGE_BOOK (iq1_s, IQ1_S, small)
OF_LARGE_BOOK (iq1_m, IQ1_M, halves)
DECODED (tq1_0, TQ1_0, ternary)
DECODED (tq2_0, TQ2_0, ternary)
QUANTISED (mxfp4, MXFP4, small)
QUANTISED (int4_32, INT4_32, small_minimum)
QUANTISED (int4_128, INT4_128, small_minimum)

/* Plain types -------------------------------------------------------------------------------------------------------- */

/* Two sums a row, of even and odd columns, so that one addition need not wait for the last. bytes: of a column of a panel */
LANES_INLINE void
dot_float_rows (ColumnFunc column, guint bytes, const guint8 *panel, gsize n, const float *const *x, guint n_rows, float *out,
    gsize stride)
{
  Floats even[L4_DOT_ROWS], odd[L4_DOT_ROWS];
  gsize k = 0;

UNROLL (8)
  for (guint m = 0; m < n_rows; m++)
    even[m] = odd[m] = lanes_zero ();
#pragma GCC unroll 1
  for (; k + 2 <= n; k += 2) {
    Floats first = column (panel, k), second = column (panel, k + 1);

    l4_fetch_for_dot (panel + k * bytes, 0, 2 * bytes, n_rows);

UNROLL (8)
    for (guint m = 0; m < n_rows; m++) {
      even[m] = lanes_fma (first, lanes_setf (x[m][k]), even[m]);
      odd[m] = lanes_fma (second, lanes_setf (x[m][k + 1]), odd[m]);
    }
  }
UNROLL (8)
  for (guint m = 0; m < n_rows; m++) {
    if (k < n)
      even[m] = lanes_fma (column (panel, k), lanes_setf (x[m][k]), even[m]);
    lanes_store (out + m * stride, lanes_fma (odd[m], lanes_setf (1), even[m]));
  }
}

LANES_INLINE Floats
column_or_zero (ColumnFunc column, const guint8 *panel, gsize n, gsize k)
{
  return k < n ? column (panel, k) : lanes_zero ();
}

#define DOT_FLOAT_ROWS(rows, type, bytes) dot_float_rows (column_##type, bytes, panel, n, x, rows, out, stride);
#define DOT_FLOAT_ROW(type, bytes) DOT_FLOAT_ROWS (1, type, bytes)

#define PLAIN(type, bytes) \
  static void \
  dot_floats_##type (const guint8 *panel, gsize n, const float *const *x, guint n_rows, float *out, gsize stride) \
  { \
    BY_ROWS (DOT_FLOAT_ROWS, DOT_FLOAT_ROW, NEXT_FLOATS, type, bytes) \
  } \
  static void \
  to_floats_##type (const guint8 *panel, gsize n, gsize first, gsize count, float *out, gsize stride) \
  { \
    for (gsize k = 0; k < count; k++) \
      lanes_store (out + k * stride, column_or_zero (column_##type, panel, n, first + k)); \
  } \
  static void \
  to_bf16_##type (const guint8 *panel, gsize n, gsize first, gsize count, guint16 *out) \
  { \
    for (gsize k = 0; k < count; k += 2) \
      lanes_store_ints (out + k * L4_PANEL_ROWS, lanes_pair_bf16 (column_or_zero (column_##type, panel, n, first + k), \
              column_or_zero (column_##type, panel, n, first + k + 1))); \
  }

PLAIN (f32, 64)
PLAIN (f16, 32)
PLAIN (bf16, 32)
PLAIN (f8_e4m3, 16)
PLAIN (f8_128, 16)

/* rows: most_dot_rows */
#define WITH_BLOCKS(type, rows) \
  {.most_dot_rows = rows,.dot = dot_##type,.multiply = multiply_##type,.to_floats = to_floats_##type,.to_bf16 = to_bf16_##type }
#define WITHOUT_BLOCKS(type) {.dot_floats = dot_floats_##type,.to_floats = to_floats_##type,.to_bf16 = to_bf16_##type }

extern const L4PanelKernels TABLE (L4_KERNELS_NAME)[L4_N_TYPES];
const L4PanelKernels TABLE (L4_KERNELS_NAME)[L4_N_TYPES] = {
  [L4_TYPE_F32] = WITHOUT_BLOCKS (f32),
  [L4_TYPE_F16] = WITHOUT_BLOCKS (f16),
  [L4_TYPE_BF16] = WITHOUT_BLOCKS (bf16),
  [L4_TYPE_F8_E4M3] = WITHOUT_BLOCKS (f8_e4m3),
  [L4_TYPE_Q4_0] = WITH_BLOCKS (q4_0, LANES_MOST_DOT_ROWS),
  [L4_TYPE_Q4_1] = WITH_BLOCKS (q4_1, LANES_MOST_DOT_ROWS),
  [L4_TYPE_Q5_0] = WITH_BLOCKS (q5_0, LANES_MOST_DOT_ROWS),
  [L4_TYPE_Q5_1] = WITH_BLOCKS (q5_1, LANES_MOST_DOT_ROWS),
  [L4_TYPE_Q8_0] = WITH_BLOCKS (q8_0, LANES_MOST_DOT_ROWS),
  [L4_TYPE_Q2_K] = WITH_BLOCKS (q2_k, LANES_MOST_DOT_ROWS),
  [L4_TYPE_Q3_K] = WITH_BLOCKS (q3_k, LANES_MOST_DOT_ROWS),
  [L4_TYPE_Q4_K] = WITH_BLOCKS (q4_k, LANES_MOST_DOT_ROWS),
  [L4_TYPE_Q5_K] = WITH_BLOCKS (q5_k, LANES_MOST_DOT_ROWS),
  [L4_TYPE_Q6_K] = WITH_BLOCKS (q6_k, LANES_MOST_DOT_ROWS),
  [L4_TYPE_IQ4_NL] = WITH_BLOCKS (iq4_nl, LANES_MOST_DOT_ROWS),
  [L4_TYPE_IQ4_XS] = WITH_BLOCKS (iq4_xs, LANES_MOST_DOT_ROWS),
  [L4_TYPE_IQ2_XXS] = WITH_BLOCKS (iq2_xxs, L4_DOT_ROWS),
  [L4_TYPE_IQ2_XS] = WITH_BLOCKS (iq2_xs, L4_DOT_ROWS),
  [L4_TYPE_IQ2_S] = WITH_BLOCKS (iq2_s, L4_DOT_ROWS),
  [L4_TYPE_IQ3_XXS] = WITH_BLOCKS (iq3_xxs, L4_DOT_ROWS),
  [L4_TYPE_IQ3_S] = WITH_BLOCKS (iq3_s, L4_DOT_ROWS),
  [L4_TYPE_IQ1_S] = WITH_BLOCKS (iq1_s, L4_DOT_ROWS),
  [L4_TYPE_IQ1_M] = WITH_BLOCKS (iq1_m, L4_DOT_ROWS),
  [L4_TYPE_TQ1_0] = WITH_BLOCKS (tq1_0, L4_DOT_ROWS),
  [L4_TYPE_TQ2_0] = WITH_BLOCKS (tq2_0, L4_DOT_ROWS),
  [L4_TYPE_MXFP4] = WITH_BLOCKS (mxfp4, LANES_MOST_DOT_ROWS),
  [L4_TYPE_INT4_32] = WITH_BLOCKS (int4_32, LANES_MOST_DOT_ROWS),
  [L4_TYPE_INT4_128] = WITH_BLOCKS (int4_128, LANES_MOST_DOT_ROWS),
  [L4_TYPE_F8_128] = WITHOUT_BLOCKS (f8_128),
};
