/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Self-attention of one decoder layer. */

#pragma once

#include "compute/loader.h"
#include "decoder/strands.h"

typedef struct
{
  L4Weight *q, *k, *v, *o;
  float *q_bias, *k_bias, *v_bias, *o_bias;     /* NULL without attention_bias */
} L4SelfAttention;

/* Cosines and sines of a batch's positions: [n, head_dim / 2]. */
typedef struct
{
  const float *cosines;
  const float *sines;
} L4Angles;

/* prefix: "….layers.N.self_attn". Errors stay in the loader. */
void l4_self_attention_load (L4SelfAttention *self, L4Loader *loader, const L4TextConfig *config, const char *prefix);
void l4_self_attention_clear (L4SelfAttention *self);

/* y = attention of the tokens, each to those of its own conversation; keys and values are stored on the way, the caches' n_tokens stay.
 * x, y: [tokens->n, hidden]; angles: of this layer's kind. */
gboolean l4_self_attention_forward (const L4SelfAttention *self, L4Compute *compute, const L4Strands *tokens, gint64 layer,
    const L4Angles *angles, const float *x, float *y, GError **error);
