/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Softmax attention of several query heads over the keys and values of fewer heads. */

#pragma once

#include "compute/key-values.h"

/* Query t sees the keys in slots 0 … first_visible + t * step - 1 (at least one, at most those stored). Query head h reads key head
 * h / (n_heads / store->n_heads). queries, out: [n, n_heads, head_dim]; scale: of the scores. What comes out for a query
 * depends on it and on the keys that it sees, and neither on the queries of the same call nor on the number of threads. Any thread. */
gboolean l4_attention (L4Compute *compute, const L4KeyValues *store, const float *queries, gint64 n, gint64 n_heads, float scale,
    gint64 first_visible, gint64 step, float *out, GError **error);
