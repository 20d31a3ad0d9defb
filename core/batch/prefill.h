/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prompts of several conversations in one pass through the decoder: weights are read once for all of them. */

#pragma once

#include "decoder/decoder.h"

/* Most conversations in a pass. */
#define L4_PREFILL_MOST 32

/* Where weights are in memory, tokens that are worth a pass together: arithmetic on more takes longer than reading weights. */
#define L4_PREFILL_TOKENS 512

/* Any thread, each with a conversation of its own. */
typedef struct _L4Prefill L4Prefill;

/* most_tokens: of conversations that share a pass. decoder and compute are borrowed. (transfer full) */
L4Prefill *l4_prefill_new (const L4Decoder *decoder, L4Compute *compute, const L4TextConfig *config, gint64 most_tokens);
void l4_prefill_free (L4Prefill *self); /* NULL is fine */

/* Sends n tokens that follow those in cache, h [n, hidden] their embeddings, which are overwritten, through the decoder: one pass at a time,
 * those that waited longest first, together with others that wait too. logits [vocab] of the last token, as they would be alone; NULL: not
 * wanted. *n_together: conversations in the pass. One that is cancelled leaves a pass between layers, the others go on; a pass whose
 * conversations all have the same cancellable ends at once. On FALSE some of the tokens may be in the cache: l4_cache_undo(). */
gboolean l4_prefill_run (L4Prefill *self, L4Cache *cache, float *h, gint64 n, float *logits, guint *n_together,
    GCancellable *cancellable, GError **error);
