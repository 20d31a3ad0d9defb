/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which tokens may come next, so that an answer is a value of a schema. */

#pragma once

#include "sampling/sampler.h"
#include "schema/schema.h"
#include "schema/vocabulary.h"

/* One answer after the other; what was found for one serves the next. One thread at a time. */
typedef struct _L4Guide L4Guide;

/* schema and vocabulary are borrowed. (transfer full) */
L4Guide *l4_guide_new (const L4Schema *schema, const L4Vocabulary *vocabulary);
void l4_guide_free (L4Guide *self);     /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Guide, l4_guide_free)

/* About how many bytes of states may be remembered; 256 MiB at first. */
void l4_guide_set_memory (L4Guide *self, gsize bytes);

/* Begins an answer of at most `left` tokens. FALSE: no value fits into them; *needed: how many would do. */
gboolean l4_guide_begin (L4Guide *self, guint left, guint64 *needed);

/* A bit for every token that may come, the lowest first: [(n_tokens + 31) / 32], until the next call. */
const guint32 *l4_guide_mask (L4Guide *self);

/* Whether the value is complete, and whether nothing more can follow. */
gboolean l4_guide_may_end (const L4Guide *self);
gboolean l4_guide_must_end (const L4Guide *self);

/* Takes a token that the mask has, after which there may be `left` more. FALSE: the value could not be completed with these, and nothing
 * was taken; the one of l4_guide_shortest() always can. */
gboolean l4_guide_take (L4Guide *self, guint32 token, guint left);

/* The next token on the way to the end that takes the fewest. Not when the value must end. */
guint32 l4_guide_shortest (L4Guide *self);

/* Tokens that end an answer, like the model's own. */
typedef struct
{
  const gint64 *ids;
  guint n;
} L4StopTokens;

#define L4_GUIDE_END (-2)

/* Chooses and takes the next token by logits [n_tokens], which are changed; after it there may be `left` more. A stop token (only where the value
 * is complete) is not taken, and L4_GUIDE_END means one that is not needed. *steered becomes TRUE where the choice had to be another one,
 * because so few tokens are left. -1: no logit is a number. */
gint32 l4_guide_choose (L4Guide *self, L4Sampler *sampler, float *logits, const L4StopTokens *stops, guint left, gboolean *steered);

/* What was computed so far. */
typedef struct
{
  guint64 masks;                /* that were asked for */
  guint64 walks;                /* those for which the vocabulary was gone through */
  guint64 forgotten;            /* times that states were forgotten */
} L4GuideStats;

L4GuideStats l4_guide_stats (const L4Guide *self);
