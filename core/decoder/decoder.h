/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decoder: token ids and picture tokens to logits. */

#pragma once

#include "compute/loader.h"
#include "decoder/strands.h"

/* Weights. Immutable after loading; any thread, each with its own cache. */
typedef struct _L4Decoder L4Decoder;

/* config is borrowed and outlives the decoder. NULL when the loader has failed. (transfer full) */
L4Decoder *l4_decoder_load (L4Loader *loader, const L4Config *config);
void l4_decoder_free (L4Decoder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Decoder, l4_decoder_free)

/* The loader's stream is told of all routed experts that may stay away, in the order in which steps come to them; nothing else is loaded, and
 * errors stay in the loader. */
void l4_decoder_find_experts (L4Loader *loader, const L4Config *config);

/* Weights that loading will ask for. */
guint64 l4_decoder_n_parameters (const L4TextConfig *config);

/* What to write down, or to impose, during one forward pass. Every pointer may be NULL. */
typedef struct
{
  float *hidden_states;         /* [n_layers + 1, n, hidden]: the input of every layer; the last after the final norm */
  float *router_logits;         /* [n_moe_layers, n, n_experts] */
  const gint32 *experts;        /* [n_moe_layers, n, top_k]: choices to impose */
} L4Probe;

/* embeddings of ids: [n, hidden]. L4_ERROR_INPUT when an id is outside the vocabulary. */
gboolean l4_decoder_embed (const L4Decoder *self, const gint32 *ids, gint64 n, float *embeddings, GError **error);

/* Runs further tokens through all layers: h [tokens->n, hidden] holds embeddings on entry and the normalised output on return. Each
 * strand's cache must have room. Of several strands each gives, to the last bit, what it gives by itself: if none has more than
 * L4_STEP_TOKENS, or if all have more and are called prompts. h then has the rows of those that stayed. probe may be NULL. A cancelled
 * cancellable stops between layers: FALSE with L4_ERROR_CANCELLED. On FALSE some of the tokens may be in the caches: l4_cache_undo(). */
#define L4_STEP_TOKENS 8
gboolean l4_decoder_forward (const L4Decoder *self, L4Compute *compute, const L4Strands *tokens, float *h, const L4Probe *probe,
    GCancellable *cancellable, GError **error);

/* logits [n, vocab] of outputs h [n, hidden]; apart: as in L4Product. */
gboolean l4_decoder_logits (const L4Decoder *self, L4Compute *compute, const float *h, gint64 n, gboolean apart, float *logits,
    GError **error);
