/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gated feed-forward network, dense or as a mixture of experts. */

#pragma once

#include "compute/loader.h"
#include "decoder/ahead.h"
#include "decoder/strands.h"

/* y = down(silu(gate(x)) * up(x)) */
typedef struct
{
  L4Weight *gate, *up;          /* [width, hidden] */
  L4Weight *down;               /* [hidden, width] */
} L4FeedForward;

typedef struct
{
  L4Weight *router;             /* [n_experts, hidden], float32 */
  L4FeedForward shared;
  L4FeedForward *experts;       /* [n_experts] */
  gint64 n_experts;
  gint64 top_k;
  L4Stream *stream;             /* where the experts' matrices come from that are not here; NULL: all are here */
  guint layer;                  /* its number in stream */
} L4Mixture;

/* prefix: "….layers.N.feed_forward" or one network below it. Errors stay in the loader. */
void l4_feed_forward_load (L4FeedForward *self, L4Loader *loader, gint64 hidden, gint64 width, const char *prefix);
void l4_feed_forward_clear (L4FeedForward *self);
void l4_mixture_load (L4Mixture *self, L4Loader *loader, const L4TextConfig *config, const char *prefix);
/* The routed ones of it alone. */
void l4_mixture_load_experts (L4Mixture *self, L4Loader *loader, const L4TextConfig *config, const char *prefix);
void l4_mixture_clear (L4Mixture *self);

/* x, y: [n, hidden]; apart: as in L4Product */
gboolean l4_feed_forward (const L4FeedForward *self, L4Compute *compute, const float *x, gint64 n, gboolean apart, float *y,
    GError **error);

/* The shared network and, for each token, its top_k experts, whose input the router weighs. Only experts that a token chose are
 * computed, each once for all its tokens.
 * x, y: [tokens->n, hidden]; logits: [tokens->n, n_experts], the router's; forced: [tokens->n, top_k] experts to take instead of the
 * router's choice, or NULL. Experts that are not here are waited for until cancellable, or NULL, is cancelled. ahead, h: what comes next and
 * the state [tokens->n, hidden] before the network is added to it, for guesses. */
gboolean l4_mixture (const L4Mixture *self, L4Compute *compute, const L4Strands *tokens, const float *x, const gint32 *forced,
    const L4Ahead *ahead, const float *h, float *logits, float *y, GCancellable *cancellable, GError **error);
