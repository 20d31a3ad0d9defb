/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arithmetic on rows of float32: one table of functions for every instruction set. */

#pragma once

#include "kernels/panel.h"

/* Of a tile of bfloat16. */
#define L4_TILE_ROWS 16
#define L4_TILE_COLUMNS 32

/* Products of tiles, where processors have instructions for them. multiply only between begin and end, on one thread. */
typedef struct
{
  gboolean matrix_units;        /* AMX: quantised weights too are multiplied faster as tiles than by L4PanelKernels */
  void (*begin) (void);
  void (*end) (void);
  /* rounds the n numbers, a multiple of 32, of in to one row of tiles [n / 32, 16, 32] of bfloat16 that begin at out */
  void (*pack_row) (const float *in, gsize n, guint16 *out);
  /* c[p][m * stride + r] = Σ_k a[m][k] * b[p][k][r], or with add that much more, p < 2: a tiles [rows / 16, depth / 32, 16, 32]; b two
   * times bfloat16 [depth / 2, 16, 2], what to_bf16 makes of a panel. rows: a multiple of 16, depth of 32. next: two
   * times as much as b that is fetched to the second-level cache meanwhile; NULL: nothing. */
  void (*multiply) (const guint16 *a, gsize rows, gsize depth, const guint16 *const *b, const guint16 *const *next, gboolean add,
      float *const *c, gsize stride);
} L4TileKernels;

/* All arrays are dense; in and out may be the same array unless said otherwise. */
typedef struct
{
  const char *name;             /* "baseline", "avx2", "avxvnni", "avx512", "vnni", "bf16", "amx" */
  const L4PanelKernels *panels; /* [L4_N_TYPES] */
  const L4TileKernels *tiles;   /* NULL: none */

  /* out = in / sqrt(mean(in²) + eps) * weight; weight [n] or NULL for 1 */
  void (*rms_norm) (const float *in, const float *weight, gsize n, float eps, float *out);
  /* out = (in - mean) / sqrt(variance + eps) * weight + bias; biased variance */
  void (*layer_norm) (const float *in, const float *weight, const float *bias, gsize n, float eps, float *out);
  /* rotates the n pairs (x[2i], x[2i+1]) by the angles whose cosines and sines are given */
  void (*rotate) (float *x, const float *cosines, const float *sines, gsize n);
  /* out = silu(gate) * up */
  void (*silu_multiply) (const float *gate, const float *up, gsize n, float *out);
  /* x = x/2 * (1 + erf(x/√2)), the exact form; erf within 2e-7 */
  void (*gelu) (float *x, gsize n);
  /* out = factor * in */
  void (*scale) (const float *in, float factor, gsize n, float *out);
  /* out += in */
  void (*add) (const float *in, gsize n, float *out);
  /* One step of a running softmax: x *= before, with m the larger of *largest and the largest factor * x, x = exp(factor * x - m) and
   * *total = *total * shrink + sum of x, where shrink = exp(*largest - m) is returned; *largest = m; then x *= after. before, after: [n], or
   * NULL for 1. Begins with -INFINITY and 0; factor > 0 */
  float (*soften) (float *x, gsize n, float factor, const float *before, const float *after, float *largest, float *total);
  /* rounds to bfloat16, to nearest even */
  void (*to_bf16) (const float *in, gsize n, guint16 *out);
  /* the same from IEEE halves */
  void (*half_to_bf16) (const guint16 *in, gsize n, guint16 *out);
  void (*int8_to_bf16) (const gint8 *in, gsize n, guint16 *out);
  void (*int8_to_float) (const gint8 *in, gsize n, float *out);
  /* rounds the n numbers, a multiple of 32, of in to the first row of out; the largest of a group becomes ±127. A group with a number
   * that is not finite gets a scale that is none either. */
  void (*quantise) (const float *in, gsize n, const L4QuantisedRows *out);
} L4Kernels;

/* The table for this machine, or the one that the environment variable L4_CPU names (baseline, avx2, avxvnni, avx512, vnni, bf16, amx), if
 * the machine can run it. Any thread. */
const L4Kernels *l4_kernels (void);

/* The table of that name, or NULL when unknown or when this machine cannot run it. */
const L4Kernels *l4_kernels_by_name (const char *name);

/* Whether there are matrix units (AMX with bfloat16) and the system lets this process use them. */
gboolean l4_has_amx (void);
