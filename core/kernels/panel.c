/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products and conversions of panels; compiled once for every instruction set, L4_KERNELS_NAME says for which. */

#if defined (__AVX512F__)
#include "kernels/lanes-avx512.h"
#elif defined (__AVX2__)
#include "kernels/lanes-avx2.h"
#else
#include "kernels/lanes-plain.h"
#endif

#include <string.h>

#include "kernels/groups.h"

#define TABLE_(name) l4_panel_kernels_##name
#define TABLE(name) TABLE_ (name)

/* Plain lanes are loops themselves. */
#ifdef LANES_PLAIN
#define UNROLL(n)
#else
#define UNROLL(n) _Pragma (G_STRINGIFY (GCC unroll n))
#endif

typedef void (*GroupFunc) (const guint8 *panel, gsize g, Group *out);
typedef Floats (*ColumnFunc) (const guint8 *panel, gsize k);

LANES_INLINE gint32
four_bytes (const gint8 *values)
{
  gint32 four;

  memcpy (&four, values, sizeof four);
  return four;
}

/* Quantised types ---------------------------------------------------------------------------------------------------- */

/* halves: the two halves of a group have scales of their own; small: no byte is above 63. */
LANES_INLINE Floats
dot_group (const Group *group, gboolean halves, gboolean small, const L4QuantisedRow *x, gsize g, Floats sum)
{
  const gint8 *values = x->values + g * L4_GROUP;
  guint step = halves ? 4 : 8;

  for (guint h = 0; h < (halves ? 2 : 1); h++) {
    Ints dot = lanes_set (0);

    for (guint j = h * step; j < (h + 1) * step; j++)
      dot = small ? lanes_dot_small (dot, group->q[j], four_bytes (values + 4 * j))
          : lanes_dot (dot, group->q[j], four_bytes (values + 4 * j));
    sum = lanes_fma (lanes_float (dot), lanes_mul (group->scale[h], lanes_setf (x->scales[g])), sum);
    sum = lanes_fma (group->base[h], lanes_setf (halves ? x->half_sums[2 * g + h] : x->sums[g]), sum);
  }
  return sum;
}

LANES_INLINE void
dot_rows (GroupFunc decode, gboolean halves, gboolean small, const guint8 *panel, gsize n, const L4QuantisedRow *x,
    guint n_rows, float *out, gsize stride)
{
  Floats sums[L4_DOT_ROWS];

UNROLL (8)
  for (guint m = 0; m < n_rows; m++)
    sums[m] = lanes_zero ();
#pragma GCC unroll 1
  for (gsize g = 0; g < n / L4_GROUP; g++) {
    Group group;

    decode (panel, g, &group);
UNROLL (8)
    for (guint m = 0; m < n_rows; m++)
      sums[m] = dot_group (&group, halves, small, &x[m], g, sums[m]);
  }
UNROLL (8)
  for (guint m = 0; m < n_rows; m++)
    lanes_store (out + m * stride, sums[m]);
}

#ifdef LANES_PLAIN
#define BY_ROWS(call, ...) call (n_rows, __VA_ARGS__);
#else
/* With the number of rows known to the compiler, sums stay in registers: eight, four, two or one at a time. */
#define BY_ROWS(call, ...) \
  for (; n_rows >= 8; n_rows -= 8, x += 8, out += 8 * stride) \
    call (8, __VA_ARGS__); \
  if (n_rows & 4) { \
    call (4, __VA_ARGS__); \
    x += 4, out += 4 * stride; \
  } \
  if (n_rows & 2) { \
    call (2, __VA_ARGS__); \
    x += 2, out += 2 * stride; \
  } \
  if (n_rows & 1) \
    call (1, __VA_ARGS__);
#endif

LANES_INLINE Floats
group_column (const Group *group, gboolean halves, guint k)
{
  guint h = halves ? k / 16 : 0;

  return lanes_fma (lanes_float (bits (group->q[k / 4], 8 * (k % 4), 255)), group->scale[h], group->base[h]);
}

LANES_INLINE void
groups_to_floats (GroupFunc decode, gboolean halves, const guint8 *panel, gsize first, gsize count, float *out, gsize stride)
{
  for (gsize at = 0; at < count; at += L4_GROUP) {
    Group group;

    decode (panel, (first + at) / L4_GROUP, &group);
    for (guint k = 0; k < L4_GROUP; k++)
      lanes_store (out + (at + k) * stride, group_column (&group, halves, k));
  }
}

LANES_INLINE void
groups_to_bf16 (GroupFunc decode, gboolean halves, const guint8 *panel, gsize first, gsize count, guint16 *out, gsize stride)
{
  for (gsize at = 0; at < count; at += L4_GROUP) {
    Group group;

    decode (panel, (first + at) / L4_GROUP, &group);
    for (guint k = 0; k < L4_GROUP; k += 2)
      lanes_store_ints (out + (at + k) / 2 * stride,
          lanes_pair_bf16 (group_column (&group, halves, k), group_column (&group, halves, k + 1)));
  }
}

#define DOT_ROWS(rows, type, halves, small) dot_rows (group_##type, halves, small, panel, n, x, rows, out, stride)

/* count is a multiple of 32 for these: their rows are. */
#define QUANTISED(type, halves, small) \
  static void \
  dot_##type (const guint8 *panel, gsize n, const L4QuantisedRow *x, guint n_rows, float *out, gsize stride) \
  { \
    BY_ROWS (DOT_ROWS, type, halves, small) \
  } \
  static void \
  to_floats_##type (const guint8 *panel, gsize n, gsize first, gsize count, float *out, gsize stride) \
  { \
    groups_to_floats (group_##type, halves, panel, first, count, out, stride); \
  } \
  static void \
  to_bf16_##type (const guint8 *panel, gsize n, gsize first, gsize count, guint16 *out, gsize stride) \
  { \
    groups_to_bf16 (group_##type, halves, panel, first, count, out, stride); \
  }

QUANTISED (q4_0, FALSE, TRUE)
QUANTISED (q4_1, FALSE, TRUE)
QUANTISED (q5_0, FALSE, TRUE)
QUANTISED (q5_1, FALSE, TRUE)
QUANTISED (q8_0, FALSE, FALSE)
QUANTISED (q2_k, TRUE, TRUE)
QUANTISED (q3_k, TRUE, TRUE)
QUANTISED (q4_k, FALSE, TRUE)
QUANTISED (q5_k, FALSE, TRUE)
QUANTISED (q6_k, TRUE, TRUE)
QUANTISED (iq4_nl, FALSE, FALSE)
QUANTISED (iq4_xs, FALSE, FALSE)

/* Plain types -------------------------------------------------------------------------------------------------------- */

/* Two sums a row, of even and odd columns, so that one addition need not wait for the last. */
LANES_INLINE void
dot_float_rows (ColumnFunc column, const guint8 *panel, gsize n, const float *const *x, guint n_rows, float *out, gsize stride)
{
  Floats even[L4_DOT_ROWS], odd[L4_DOT_ROWS];
  gsize k = 0;

UNROLL (8)
  for (guint m = 0; m < n_rows; m++)
    even[m] = odd[m] = lanes_zero ();
#pragma GCC unroll 1
  for (; k + 2 <= n; k += 2) {
    Floats first = column (panel, k), second = column (panel, k + 1);

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

#define DOT_FLOAT_ROWS(rows, type) dot_float_rows (column_##type, panel, n, x, rows, out, stride)

#define PLAIN(type) \
  static void \
  dot_floats_##type (const guint8 *panel, gsize n, const float *const *x, guint n_rows, float *out, gsize stride) \
  { \
    BY_ROWS (DOT_FLOAT_ROWS, type) \
  } \
  static void \
  to_floats_##type (const guint8 *panel, gsize n, gsize first, gsize count, float *out, gsize stride) \
  { \
    for (gsize k = 0; k < count; k++) \
      lanes_store (out + k * stride, column_or_zero (column_##type, panel, n, first + k)); \
  } \
  static void \
  to_bf16_##type (const guint8 *panel, gsize n, gsize first, gsize count, guint16 *out, gsize stride) \
  { \
    for (gsize k = 0; k < count; k += 2) \
      lanes_store_ints (out + k / 2 * stride, lanes_pair_bf16 (column_or_zero (column_##type, panel, n, first + k), \
              column_or_zero (column_##type, panel, n, first + k + 1))); \
  }

PLAIN (f32)
PLAIN (f16)
PLAIN (bf16)
PLAIN (f8_e4m3)

#define WITH_BLOCKS(type) {.dot = dot_##type,.to_floats = to_floats_##type,.to_bf16 = to_bf16_##type }
#define WITHOUT_BLOCKS(type) {.dot_floats = dot_floats_##type,.to_floats = to_floats_##type,.to_bf16 = to_bf16_##type }

extern const L4PanelKernels TABLE (L4_KERNELS_NAME)[L4_N_TYPES];
const L4PanelKernels TABLE (L4_KERNELS_NAME)[L4_N_TYPES] = {
  [L4_TYPE_F32] = WITHOUT_BLOCKS (f32),
  [L4_TYPE_F16] = WITHOUT_BLOCKS (f16),
  [L4_TYPE_BF16] = WITHOUT_BLOCKS (bf16),
  [L4_TYPE_F8_E4M3] = WITHOUT_BLOCKS (f8_e4m3),
  [L4_TYPE_Q4_0] = WITH_BLOCKS (q4_0),
  [L4_TYPE_Q4_1] = WITH_BLOCKS (q4_1),
  [L4_TYPE_Q5_0] = WITH_BLOCKS (q5_0),
  [L4_TYPE_Q5_1] = WITH_BLOCKS (q5_1),
  [L4_TYPE_Q8_0] = WITH_BLOCKS (q8_0),
  [L4_TYPE_Q2_K] = WITH_BLOCKS (q2_k),
  [L4_TYPE_Q3_K] = WITH_BLOCKS (q3_k),
  [L4_TYPE_Q4_K] = WITH_BLOCKS (q4_k),
  [L4_TYPE_Q5_K] = WITH_BLOCKS (q5_k),
  [L4_TYPE_Q6_K] = WITH_BLOCKS (q6_k),
  [L4_TYPE_IQ4_NL] = WITH_BLOCKS (iq4_nl),
  [L4_TYPE_IQ4_XS] = WITH_BLOCKS (iq4_xs),
};
