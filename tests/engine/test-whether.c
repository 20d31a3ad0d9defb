/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions answered by yes or no get a probability, from what the model would say first. */

#include <math.h>
#include <string.h>

#include "engine/yes.h"
#include "llama4.h"
#include "support/vocabulary.h"

/* The token that a text begins with. */
static gint32
first_token (const L4Tokenizer *tokenizer, const char *text)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  g_assert_true (l4_tokenizer_encode (tokenizer, text, -1, ids, NULL));
  return g_array_index (ids, gint32, 0);
}

static void
test_the_share_is_that_of_the_words_and_of_nothing_else (void)
{
  g_autofree char *path = golden_tokenizer_path ();
  g_autoptr (L4Tokenizer) tokenizer = load_good_tokenizer (path);
  guint n = l4_tokenizer_get_size (tokenizer);
  g_autofree float *logits = g_new (float, n);
  gint32 yes = first_token (tokenizer, "yes"), no = first_token (tokenizer, "no"), other = first_token (tokenizer, "7");

  for (guint i = 0; i < n; i++)
    logits[i] = -1000;
  logits[other] = 50;
  logits[yes] = logits[no] = 3;
  g_assert_cmpfloat_with_epsilon (l4_yes_share (tokenizer, logits, n), 0.5, 1e-9);
  logits[yes] = 3 + logf (3);
  g_assert_cmpfloat_with_epsilon (l4_yes_share (tokenizer, logits, n), 0.75, 1e-6);
  logits[no] = NAN;
  g_assert_cmpfloat (l4_yes_share (tokenizer, logits, n), ==, 1);
  logits[no] = 900;
  g_assert_cmpfloat_with_epsilon (l4_yes_share (tokenizer, logits, n), 0, 1e-9);
  for (guint i = 0; i < n; i++)
    logits[i] = NAN;
  g_assert_true (isnan (l4_yes_share (tokenizer, logits, n)));
}

/* What both may begin with says nothing for either. */
static void
test_what_both_begin_with_does_not_count (void)
{
  g_autofree char *path = golden_tokenizer_path ();
  g_autoptr (L4Tokenizer) tokenizer = load_good_tokenizer (path);
  guint n = l4_tokenizer_get_size (tokenizer);
  g_autofree float *logits = g_new0 (float, n);
  double before = l4_yes_share (tokenizer, logits, n);
  gint32 common = first_token (tokenizer, " yes");

  if (common != first_token (tokenizer, " no")) {
    g_test_skip ("no token is common");
    return;
  }
  logits[common] = 9;
  g_assert_cmpfloat_with_epsilon (l4_yes_share (tokenizer, logits, n), before, 1e-6);
}

/* With a model ------------------------------------------------------------------------------------------------------------- */

static L4Model *
load_model (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "frames-tiny", NULL);
  const L4LoadOptions options = {.model_path = path,.threads = 2 };
  g_autoptr (GError) error = NULL;
  L4Model *model = l4_model_load (&options, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return model;
}

#define CONTEXT "Somebody opens a gate, walks through it and leaves it as it is. "

static double
ask (L4Session *session, const char *question, GCancellable *cancellable, GError **error)
{
  const L4Part parts[] = { {.text = CONTEXT}, {.text = question} };
  const L4Message message = { L4_ROLE_USER, parts, 2 };
  const L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;
  double yes = -1;

  return l4_session_ask (session, &message, 1, &options, cancellable, &yes, error) ? yes : -1;
}

static char *
answer (L4Session *session)
{
  const L4Part parts[] = { {.text = CONTEXT}, {.text = "What happens?"} };
  const L4Message message = { L4_ROLE_USER, parts, 2 };
  const L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;
  g_auto (L4Answer) said = { 0 };

  g_assert_true (l4_session_answer (session, &message, 1, &options, NULL, NULL, NULL, &said, NULL));
  return g_strdup (said.text);
}

static void
test_what_the_session_holds_changes_neither_questions_nor_answers (void)
{
  static const char *const questions[] = { "Is the gate open?", "Is there a dog?", "Is it raining?" };
  g_autoptr (L4Model) model = load_model ();
  g_autoptr (L4Session) used = l4_session_new (model), other = l4_session_new (model);
  g_autofree char *before = answer (used), *fresh = NULL, *after = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (questions); i++) {
    g_autoptr (L4Session) alone = l4_session_new (model);
    double yes = ask (used, questions[i], NULL, NULL);

    g_assert_cmpfloat (yes, >, 0);
    g_assert_cmpfloat (yes, <, 1);
    g_assert_cmpfloat_with_epsilon (yes, ask (alone, questions[i], NULL, NULL), 1e-9);
  }
  after = answer (used);
  fresh = answer (other);
  g_assert_cmpstr (before, ==, fresh);
  g_assert_cmpstr (after, ==, fresh);
}

static void
test_a_question_that_is_cancelled_says_so (void)
{
  g_autoptr (L4Model) model = load_model ();
  g_autoptr (L4Session) session = l4_session_new (model);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancelled);
  g_assert_cmpfloat (ask (session, "Is it?", cancelled, &error), ==, -1);
  g_assert_error (error, L4_ERROR, L4_ERROR_CANCELLED);
  g_assert_cmpfloat (ask (session, "Is it?", NULL, NULL), >=, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/whether/the-share-is-that-of-the-words-and-of-nothing-else", test_the_share_is_that_of_the_words_and_of_nothing_else);
  g_test_add_func ("/whether/what-both-begin-with-does-not-count", test_what_both_begin_with_does_not_count);
  g_test_add_func ("/whether/what-the-session-holds-changes-neither-questions-nor-answers",
      test_what_the_session_holds_changes_neither_questions_nor_answers);
  g_test_add_func ("/whether/a-question-that-is-cancelled-says-so", test_a_question_that_is_cancelled_says_so);
  return g_test_run ();
}
