/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Softmax attention of several query heads over the keys and values of fewer heads. */

#pragma once

#include "compute/compute.h"

typedef struct
{
  gint64 n_heads;               /* of the queries */
  gint64 n_kv_heads;            /* divides n_heads; query head h reads key head h / (n_heads / n_kv_heads) */
  gint64 head_dim;
  gint64 capacity;              /* rows between one key head and the next */
  float scale;                  /* of the scores */
} L4AttentionShape;

/* Query t sees the keys 0 … first_visible + t * step - 1.
 * queries, out: [n, n_heads, head_dim]; keys, values: [n_kv_heads, capacity, head_dim]. Any thread. */
gboolean l4_attention (L4Compute *compute, const L4AttentionShape *shape, const float *queries, gint64 n, const float *keys,
    const float *values, gint64 first_visible, gint64 step, float *out, GError **error);
