/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guesses at tokens: what followed before, and none while they are not worth their cost. */

#include "engine/draft.h"

static const gint32 said[] = { 1, 2, 3, 4, 5, 6, 9, 9, 1, 2 };

static void
test_what_followed_before_is_guessed (void)
{
  L4Draft *draft = l4_draft_new (0.3);
  gint32 ids[4];

  l4_draft_begin (draft, said, G_N_ELEMENTS (said));
  g_assert_cmpuint (l4_draft_guess (draft, 4, ids), ==, 4);
  for (gint32 i = 0; i < 4; i++)
    g_assert_cmpint (ids[i], ==, 3 + i);
  l4_draft_add (draft, 7);      /* 2, 7 was never said */
  g_assert_cmpuint (l4_draft_guess (draft, 4, ids), ==, 0);
  l4_draft_free (draft);
}

/* Guesses of which two of five are always right: steps in which there was one. */
static guint
steps_with_guesses (double worth)
{
  L4Draft *draft = l4_draft_new (worth);
  guint steps = 0;
  gint32 ids[5];

  l4_draft_begin (draft, said, G_N_ELEMENTS (said));
  for (guint i = 0; i < 100; i++) {
    guint n = l4_draft_guess (draft, 5, ids);

    steps += n > 0;
    l4_draft_learn (draft, n, n * 2 / 5);
  }
  l4_draft_free (draft);
  return steps;
}

static void
test_guesses_that_are_not_worth_their_cost_are_seldom_made (void)
{
  g_assert_cmpuint (steps_with_guesses (L4_DRAFT_WORTH), ==, 100);
  g_assert_cmpuint (steps_with_guesses (L4_DRAFT_WORTH_STREAMED), <, 20);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/draft/what-followed-before-is-guessed", test_what_followed_before_is_guessed);
  g_test_add_func ("/draft/guesses-that-are-not-worth-their-cost-are-seldom-made", test_guesses_that_are_not_worth_their_cost_are_seldom_made);
  return g_test_run ();
}
