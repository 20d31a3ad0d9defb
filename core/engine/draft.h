/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guesses at the tokens that come next, from what was said before. */

#pragma once

#include <glib.h>

/* One generation's guesses, with what earlier ones said. One thread at a time. */
typedef struct _L4Draft L4Draft;

#define L4_MAX_DRAFT 7          /* with the token before it eight rows, for which weights are read but once */

/* What share of a guess must be right on average for it to pay: a guess of k tokens costs about as much as one token and what its
 * further experts weigh. Where experts are read from a disk that is all that counts: two, three, four, eight tokens of Scout
 * read 1.6, 2.0, 2.4, 4.3 times what one does. */
#define L4_DRAFT_WORTH 0.3
#define L4_DRAFT_WORTH_STREAMED 0.5

L4Draft *l4_draft_new (double worth);
void l4_draft_free (L4Draft *self);     /* NULL is fine */

/* Begins an answer to a prompt of those ids; what was said before stays known. */
void l4_draft_begin (L4Draft *self, const gint32 *ids, gsize n);
/* A token was generated. */
void l4_draft_add (L4Draft *self, gint32 id);

/* Writes up to `most` ids that followed the last tokens when they occurred before; returns how many. 0 also while guesses have not
 * been worth their cost. */
guint l4_draft_guess (L4Draft *self, guint most, gint32 *ids);
/* How many of the last guess's ids were right. */
void l4_draft_learn (L4Draft *self, guint guessed, guint right);
