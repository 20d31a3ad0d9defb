/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One forward pass with every stage kept. */

#pragma once

#include "engine/llama.h"

typedef struct
{
  gint64 n, hidden, n_layers, n_moe_layers, n_experts, vocab;
  gint64 n_features;
  float *vision_features;       /* [n_features, hidden]; NULL without tiles */
  float *hidden_states;         /* [n_layers + 1, n, hidden] */
  float *router_logits;         /* [n_moe_layers, n, n_experts]; NULL without experts */
  float *logits;                /* [n, vocab] */
} L4Trace;

/* Runs the whole of ids [n] at once. tiles: [n_tiles, 3, image_size, image_size] for its picture slots, or NULL; experts:
 * [n_moe_layers, n, top_k] choices to impose, or NULL. */
gboolean l4_trace (const L4Llama *model, const gint32 *ids, gint64 n, const float *tiles, gint64 n_tiles,
    const gint32 *experts, L4Trace *trace, GError **error);
void l4_trace_clear (L4Trace *trace);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Trace, l4_trace_clear)
