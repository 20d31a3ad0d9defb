/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session holds after a step or a pass that failed. */

#include "base/memory.h"
#include "checkpoint.h"
#include "engine/footprint.h"
#include "engine/session.h"

#define CHUNK 64                /* of frames-tiny */

static L4Llama *
load_llama (const char *folder)
{
  const L4LoadOptions options = {.model_path = folder };
  g_autoptr (GError) error = NULL;
  L4Llama *model = l4_llama_load (&options, L4_PRECISION_BF16, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (model->config->text.chunk, ==, CHUNK);
  return model;
}

static void
make_ids (gint32 *ids, guint n, guint kind)
{
  for (guint i = 0; i < n; i++)
    ids[i] = (gint32) ((i * 17 + i * i + 31 * kind) % 250);
}

/* A session in whose cache there is room for so many tokens. */
static L4LlamaSession *
enter (L4Llama *model, gint64 capacity)
{
  L4LlamaSession *session = l4_llama_session_new (model);
  g_autoptr (GError) error = NULL;

  l4_llama_session_enter (session);
  l4_llama_session_take_cache (session, FALSE, capacity, NULL, &error);
  g_assert_no_error (error);
  return session;
}

static void
leave (L4LlamaSession *session)
{
  l4_llama_session_leave (session);
  l4_llama_session_free (session);
}

/* It reads n tokens; logits [vocab], or NULL. Returns how many it held. */
static gint64
read_tokens (L4LlamaSession *session, guint n, float *logits, GError **error)
{
  g_auto (L4Prompt) prompt = {.ids = g_array_new (FALSE, FALSE, sizeof (gint32)),.places = g_new0 (L4Place, n) };
  L4Answer answer = { 0 };

  g_array_set_size (prompt.ids, n);
  make_ids ((gint32 *) prompt.ids->data, n, 0);
  for (guint i = 0; i < n; i++)
    prompt.places[i].id = g_array_index (prompt.ids, gint32, i);
  return l4_llama_session_prefill (session, &prompt, logits, &answer, NULL, error) ? (gint64) answer.reused_tokens : -1;
}

/* n tokens, at most L4_MAX_DRAFT. */
static gboolean
step (L4LlamaSession *session, guint n, float *logits, GCancellable *cancellable, GError **error)
{
  gint32 ids[L4_MAX_DRAFT];
  L4Answer answer = { 0 };

  make_ids (ids, n, 1);
  return l4_llama_session_step (session, ids, n, logits, &answer, cancellable, error);
}

static void
assert_holds (const L4LlamaSession *session, guint n)
{
  g_assert_cmpuint (session->places->len, ==, n);
  g_assert_cmpint (session->tenant.cache->n_tokens, ==, n);
}

static void
test_a_cancelled_step_leaves_what_was_held (Fixture *self, gconstpointer data)
{
  g_autoptr (L4Llama) model = load_llama (self->folder);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  gsize vocab = model->config->text.vocab;
  g_autofree float *logits = g_new (float, L4_MAX_DRAFT * vocab), *expected = g_new (float, vocab);

  g_cancellable_cancel (cancelled);
  for (guint n = CHUNK - 1; n <= CHUNK + 1; n++) {
    L4LlamaSession *session = enter (model, 2 * CHUNK), *other = enter (model, 2 * CHUNK);
    g_autoptr (GError) error = NULL;

    g_assert_cmpint (read_tokens (session, n, NULL, NULL), ==, 0);
    g_assert_cmpint (read_tokens (other, n, NULL, NULL), ==, 0);
    g_assert_false (step (session, 1, logits, cancelled, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_CANCELLED);
    assert_holds (session, n);
    g_assert_true (step (session, 1, logits, NULL, NULL));
    g_assert_true (step (other, 1, expected, NULL, NULL));
    assert_holds (session, n + 1);
    g_assert_cmpmem (logits, vocab * sizeof (float), expected, vocab * sizeof (float));
    leave (session);
    leave (other);
  }
}

/* It may lie over a chunk that is still needed to go on, or over one that is needed no more but to be saved. */
static void
test_what_a_failed_step_may_have_taken_is_not_called_held (Fixture *self, gconstpointer data)
{
  g_autoptr (L4Llama) model = load_llama (self->folder);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autofree float *logits = g_new (float, L4_MAX_DRAFT * model->config->text.vocab);
  g_autofree char *path = g_build_filename (self->folder, "saved", NULL);

  g_cancellable_cancel (cancelled);
  for (guint n = CHUNK - 1; n <= CHUNK; n++) {
    L4LlamaSession *session = enter (model, 2 * CHUNK);
    g_autoptr (GError) error = NULL;

    g_assert_cmpint (read_tokens (session, n, NULL, NULL), ==, 0);
    g_assert_false (step (session, 2, logits, cancelled, NULL));
    assert_holds (session, n < CHUNK ? 0 : CHUNK);
    l4_llama_session_leave (session);
    g_assert_false (l4_llama_save (session, path, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
    g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
    l4_llama_session_free (session);
  }
}

/* Of a prompt of two pieces the second one does not fit. */
static void
test_what_went_through_before_a_piece_failed_is_held (Fixture *self, gconstpointer data)
{
  const guint n = L4_FORWARD_BATCH + 500;
  g_autoptr (L4Llama) model = load_llama (self->folder);
  gsize vocab = model->config->text.vocab;
  g_autofree float *logits = g_new (float, vocab), *expected = g_new (float, vocab);
  L4LlamaSession *session = enter (model, n - 1), *fresh = enter (model, n);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (read_tokens (session, n, logits, &error), ==, -1);
  g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  assert_holds (session, L4_FORWARD_BATCH);
  g_assert_true (l4_llama_session_take_cache (session, FALSE, n, NULL, NULL));
  g_assert_cmpint (read_tokens (session, n, logits, NULL), ==, L4_FORWARD_BATCH);
  g_assert_cmpint (read_tokens (fresh, n, expected, NULL), ==, 0);
  g_assert_cmpmem (logits, vocab * sizeof (float), expected, vocab * sizeof (float));
  leave (session);
  leave (fresh);
}

static gboolean
stays_for_a_while (const L4Cache *cache, gpointer user_data)
{
  guint *layers = user_data;

  return (*layers)-- > 0;
}

/* n tokens of a kind after those in cache; logits [vocab] after the last one. */
static gboolean
forward (const L4Llama *model, L4Cache *cache, guint n, guint kind, guint layers, float *logits)
{
  const L4Strand strand = { cache, n };
  const L4Strands tokens = { &strand, 1, n, TRUE, stays_for_a_while, &layers };
  gint32 ids[2 * CHUNK];
  l4_autofree float *h = NULL;

  make_ids (ids, n, kind);
  h = l4_llama_embed (model, ids, n, NULL, 0, NULL);
  return l4_decoder_forward (model->decoder, model->compute, &tokens, h, NULL, NULL, NULL)
      && l4_decoder_logits (model->decoder, model->compute, h + (n - 1) * model->config->text.hidden, 1, FALSE, logits, NULL);
}

/* Other tokens fail after some layers, or after all; then what follows is what it is without. */
static void
check_undo (const L4Llama *model, gboolean int8, guint before, guint failed, guint layers)
{
  const L4TextConfig *text = &model->config->text;
  g_autoptr (L4Cache) cache = l4_cache_new (model->compute, text, int8, 4 * CHUNK, NULL);
  g_autoptr (L4Cache) other = l4_cache_new (model->compute, text, int8, 4 * CHUNK, NULL);
  g_autofree float *logits = g_new (float, text->vocab), *expected = g_new (float, text->vocab);

  g_assert_true (forward (model, cache, before, 0, G_MAXUINT, logits) && forward (model, other, before, 0, G_MAXUINT, expected));
  g_assert_cmpint (forward (model, cache, failed, 2, layers, logits), ==, layers >= text->n_layers);
  g_assert_true (l4_cache_undo (cache, before, failed));
  g_assert_cmpint (cache->n_tokens, ==, before);
  g_assert_cmpint (l4_cache_can_rewind (cache, before - 1), ==, before % CHUNK != 0);
  g_assert_true (forward (model, cache, 20, 1, G_MAXUINT, logits) && forward (model, other, 20, 1, G_MAXUINT, expected));
  g_assert_cmpmem (logits, text->vocab * sizeof (float), expected, text->vocab * sizeof (float));
}

static void
test_undone_tokens_change_nothing_that_follows (Fixture *self, gconstpointer data)
{
  static const guint passes[][2] = { {20, 44}, {CHUNK - 1, 1}, {CHUNK, 1}, {CHUNK, CHUNK + 9}, {CHUNK + 1, CHUNK - 1}, {2 * CHUNK, 30} };
  g_autoptr (L4Llama) model = load_llama (self->folder);

  for (gboolean int8 = FALSE; int8 <= TRUE; int8++)
    for (guint i = 0; i < G_N_ELEMENTS (passes); i++)
      for (guint layers = 1; layers <= model->config->text.n_layers; layers++)
        check_undo (model, int8, passes[i][0], passes[i][1], layers);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"a-cancelled-step-leaves-what-was-held", test_a_cancelled_step_leaves_what_was_held},
    {"what-a-failed-step-may-have-taken-is-not-called-held", test_what_a_failed_step_may_have_taken_is_not_called_held},
    {"what-went-through-before-a-piece-failed-is-held", test_what_went_through_before_a_piece_failed_is_held},
    {"undone-tokens-change-nothing-that-follows", test_undone_tokens_change_nothing_that_follows},
  };

  g_test_init (&argc, &argv, NULL);
  add_tests ("undo", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
