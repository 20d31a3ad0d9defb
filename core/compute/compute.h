/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matrix products through oneDNN: weights packed once, primitives cached by shape. */

#pragma once

#include "base/error.h"

typedef enum
{
  L4_PRECISION_BF16,            /* weights and operands bf16, sums float32 */
  L4_PRECISION_F32
} L4Precision;

/* oneDNN's engine, its primitives and its settings; shared by all weights and products of a model. Any thread. */
typedef struct _L4Compute L4Compute;

/* threads: 0 for every CPU of the process. (transfer full) */
L4Compute *l4_compute_new (L4Precision precision, guint threads, GError **error);
void l4_compute_free (L4Compute *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Compute, l4_compute_free)

L4Precision l4_compute_get_precision (const L4Compute *self);

/* Makes the calling thread compute with the number of threads given to l4_compute_new(). Once a thread, before products. */
void l4_compute_enter (const L4Compute *self);

/* A matrix [n_out, n_in] in the layout that oneDNN likes best. Immutable. */
typedef struct _L4Weight L4Weight;

/* Which way round the source lies. */
typedef enum
{
  L4_LAYOUT_OUT_IN,             /* rows are outputs: source [n_out, n_in] */
  L4_LAYOUT_IN_OUT              /* rows are inputs: source [n_in, n_out] */
} L4Layout;

/* Packs source, dense rows; n_out, n_in >= 1. (transfer full) */
L4Weight *l4_weight_new (L4Compute *compute, L4Precision precision, gint64 n_out, gint64 n_in, L4Layout layout,
    const float *source, GError **error);
void l4_weight_free (L4Weight *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Weight, l4_weight_free)

gint64 l4_weight_n_out (const L4Weight *self);
gint64 l4_weight_n_in (const L4Weight *self);

/* y = x * weight^T (+ bias). With a bf16 weight x is rounded to bf16 first; sums and y are float32. Any thread.
 * x: [m, n_in], y: [m, n_out], both dense; bias: [n_out] or NULL; m >= 1. */
gboolean l4_product (L4Compute *compute, const L4Weight *weight, const float *x, gint64 m, const float *bias, float *y,
    GError **error);
