/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of several conversations in one: weights are read from memory once for all of them. */

#pragma once

#include "decoder/decoder.h"

/* Most conversations in a step; more take turns, those that waited longest first. */
#define L4_BATCH_MOST 32

/* Any thread, each with a conversation of its own. */
typedef struct _L4Batch L4Batch;

/* decoder and compute are borrowed. (transfer full) */
L4Batch *l4_batch_new (const L4Decoder *decoder, L4Compute *compute, const L4TextConfig *config);
void l4_batch_free (L4Batch *self);     /* NULL is fine */

/* Between these a conversation generates: the steps of others wait a moment for its own, so that they stay together. */
void l4_batch_join (L4Batch *self);
void l4_batch_leave (L4Batch *self);

/* Sends n <= L4_STEP_TOKENS tokens that follow those in cache, h [n, hidden] their embeddings, through the decoder, together with those
 * of others that wait; logits [n, vocab] are what they would be alone, and what fails one fails no other. *n_together: conversations in
 * the step. In its midst only a step can be cancelled whose conversations all have the same cancellable, as one that is taken alone. On FALSE
 * some of the tokens may be in the cache: l4_cache_undo(). */
gboolean l4_batch_step (L4Batch *self, L4Cache *cache, const float *h, gint64 n, float *logits, guint *n_together,
    GCancellable *cancellable, GError **error);
