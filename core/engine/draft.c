/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guesses at the tokens that come next, from what was said before. */

#include "engine/draft.h"

/* Tokens that must have occurred in the same order before. */
#define SAME 2
/* Tokens remembered, of prompts and answers. */
#define MEMORY 4096
/* How fast the average follows, and tokens without guesses before the next try once it fell below. */
#define FOLLOW 0.25
#define REST 24

struct _L4Draft
{
  GArray *ids;                  /* gint32: everything, oldest first */
  double worth;
  double share;                 /* right ones of guesses lately */
  guint rest;
};

L4Draft *
l4_draft_new (double worth)
{
  L4Draft *self = g_new0 (L4Draft, 1);

  self->ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  self->worth = worth;
  self->share = 1;
  return self;
}

void
l4_draft_free (L4Draft *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->ids);
  g_free (self);
}

static void
forget (L4Draft *self)
{
  if (self->ids->len > 2 * MEMORY)
    g_array_remove_range (self->ids, 0, self->ids->len - MEMORY);
}

void
l4_draft_begin (L4Draft *self, const gint32 *ids, gsize n)
{
  g_array_append_vals (self->ids, ids + (n > MEMORY ? n - MEMORY : 0), MIN (n, MEMORY));
  forget (self);
}

void
l4_draft_add (L4Draft *self, gint32 id)
{
  g_array_append_val (self->ids, id);
  forget (self);
}

guint
l4_draft_guess (L4Draft *self, guint most, gint32 *ids)
{
  const gint32 *all = (const gint32 *) self->ids->data;
  guint n = self->ids->len, guessed = 0;

  if (self->rest > 0) {
    self->rest--;
    return 0;
  }
  if (n <= SAME)
    return 0;
  /* the latest occurrence is the likeliest to go on in the same way */
  for (guint end = n - 1; end >= SAME && guessed == 0; end--) {
    guint same = 0;

    while (same < SAME && all[end - 1 - same] == all[n - 1 - same])
      same++;
    if (same == SAME)
      for (; guessed < most && end + guessed < n; guessed++)
        ids[guessed] = all[end + guessed];
  }
  return guessed;
}

void
l4_draft_learn (L4Draft *self, guint guessed, guint right)
{
  if (guessed == 0)
    return;
  self->share += FOLLOW * ((double) right / guessed - self->share);
  if (self->share < self->worth) {
    self->rest = REST;
    self->share = self->worth;        /* the next try decides */
  }
}
