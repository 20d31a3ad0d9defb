/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of rows and weights, with what comes right after them. */

#pragma once

#include "compute/compute.h"
#include "compute/weight.h"

typedef enum
{
  L4_ACTIVATION_NONE,
  L4_ACTIVATION_GELU
} L4Activation;

/* (x - mean) / sqrt(variance + eps) * weight + bias of a row; biased variance */
typedef struct
{
  float *weight, *bias;         /* [n] */
  float eps;
} L4LayerNorm;

/* y[i] = activation(weight * (factors[i] * norm(x[rows[i]])) + bias), or with a gate silu(gate * …) * (weight * …), for i < m. */
typedef struct
{
  const L4Weight *weight;
  const L4Weight *gate;         /* as large as weight; NULL: none */
  const float *x;               /* [ , n_in] */
  const gint32 *rows;           /* [m] rows of x; NULL: the first m */
  const L4LayerNorm *norm;      /* NULL: none */
  const float *factors;         /* [m]; NULL: 1 */
  gint64 m;                     /* 0: nothing is done */
  gboolean apart;               /* a row's result depends on that row alone, as if m were 1: for rows of different conversations */
  const float *bias;            /* [n_out]; NULL: 0 */
  L4Activation activation;
  gboolean add;                 /* add to y instead of replacing it */
  float *y;                     /* [m, n_out]; no x of the same call */
} L4Product;

/* Does all products in one go, in any order. Quantised weights meet x rounded to 8 bits in groups of 32, or to bfloat16 where there
 * are matrix units and more than 8 rows; weights of 16 bits and FP8 meet x rounded to bfloat16; float32 weights, and everything in
 * L4_PRECISION_F32, meet x as it is. Sums are float32. A row's result for m <= 8, or apart, depends on that row alone. Any
 * thread. */
gboolean l4_multiply (L4Compute *compute, const L4Product *products, gsize n_products, GError **error);

/* Whether many rows meet the product's weights in another way than few, so that the last bits of a row's result depend on whether it is
 * one of many. The product's m and apart do not count. */
gboolean l4_multiply_tells_many (const L4Compute *compute, const L4Product *product);
