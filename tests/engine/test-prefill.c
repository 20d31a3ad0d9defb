/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prompts of several conversations in one pass: to each it is as if it were alone. */

#include <string.h>

#include "base/memory.h"
#include "compute/compute-private.h"
#include "golden-model.h"

#define N 8                     /* conversations */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

/* A conversation of `seen` tokens, a prompt of n that follow, and one more. */
typedef struct
{
  const L4Llama *model;
  L4Prefill *prefill;
  L4Cache *cache;
  float *h;                     /* [n + 1, hidden]: embeddings, overwritten */
  gint64 seen, n;
  float *logits, *next;         /* [vocab]: after the prompt, and after the one more */
  GCancellable *cancellable;
  guint together;
  gboolean good;
  GError *error;
} Talk;

/* Some have tokens for an expert that are few, some many, some for one expert few and for another many. The third is too short to share a pass,
 * the sixth crosses the border of a chunk. */
static const gint64 seen[N] = { 0, 5, 0, 0, 3, 20, 0, 1 }, lengths[N] = { 44, 12, 7, 33, 20, 36, 26, 15 };

static void
talk_init (Talk *self, const L4Llama *model, L4Prefill *prefill, gboolean int8, guint index)
{
  const L4TextConfig *text = &model->config->text;
  gint64 total = seen[index] + lengths[index] + 1;
  g_autofree gint32 *ids = g_new (gint32, total);
  l4_autofree float *h = NULL;

  for (gint64 i = 0; i < total; i++)
    ids[i] = (gint32) ((index * 31 + i * 17 + i * i) % (text->vocab - 40));
  h = l4_llama_embed (model, ids, total, NULL, 0, NULL);
  *self = (Talk) { model, prefill, l4_cache_new (model->compute, text, int8, total, NULL),.seen = seen[index],.n = lengths[index] };
  self->h = g_memdup2 (h + self->seen * text->hidden, (self->n + 1) * text->hidden * sizeof (float));
  self->logits = g_new (float, text->vocab);
  self->next = g_new (float, text->vocab);
  if (self->seen > 0)
    g_assert_true (l4_llama_forward (model, self->cache, h, self->seen, 1, self->logits, NULL, NULL));
}

static void
talk_clear (Talk *self)
{
  l4_cache_free (self->cache);
  g_free (self->h);
  g_free (self->logits);
  g_free (self->next);
  g_clear_error (&self->error);
}

static gpointer
talk (gpointer data)
{
  Talk *self = data;
  gint64 hidden = self->model->config->text.hidden;

  self->good = l4_prefill_run (self->prefill, self->cache, self->h, self->n, self->logits, &self->together, self->cancellable, &self->error)
      && l4_llama_forward (self->model, self->cache, self->h + self->n * hidden, 1, 1, self->next, NULL, NULL);
  return NULL;
}

static void
talk_at_once (Talk *talks)
{
  GThread *threads[N];

  for (guint i = 0; i < N; i++)
    threads[i] = g_thread_new ("talk", talk, &talks[i]);
  for (guint i = 0; i < N; i++)
    g_thread_join (threads[i]);
}

static void
assert_same (const Talk *one, const Talk *other)
{
  gsize bytes = one->model->config->text.vocab * sizeof (float);

  g_assert_no_error (one->error);
  g_assert_no_error (other->error);
  g_assert_true (one->good && other->good);
  g_assert_cmpmem (one->logits, bytes, other->logits, bytes);
  g_assert_cmpmem (one->next, bytes, other->next, bytes);
}

/* All at once, again and again until three shared a pass. */
static void
check_model (const char *name, gboolean int8)
{
  g_autoptr (L4Llama) model = load_llama (name);
  L4Prefill *prefill = l4_prefill_new (model->decoder, model->compute, &model->config->text, 2048);
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  Talk alone[N], together[N];
  guint most = 0;

  for (guint i = 0; i < N; i++) {
    talk_init (&alone[i], model, prefill, int8, i);
    talk (&alone[i]);
    g_assert_cmpuint (alone[i].together, ==, 1);
  }
  while (most < 3) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    for (guint i = 0; i < N; i++)
      talk_init (&together[i], model, prefill, int8, i);
    talk_at_once (together);
    for (guint i = 0; i < N; i++) {
      assert_same (&together[i], &alone[i]);
      most = MAX (most, together[i].together);
      talk_clear (&together[i]);
    }
  }
  for (guint i = 0; i < N; i++)
    talk_clear (&alone[i]);
  l4_prefill_free (prefill);
}

static void
test_logits_together_are_those_alone (gconstpointer data)
{
  check_model (data, FALSE);
  if (g_str_equal (data, "scout-tiny"))
    check_model (data, TRUE);
}

/* The whole pass by itself, so that it is known who is in it and when who leaves it. */
typedef struct
{
  const L4Cache *leaves[2];
  guint after[2];               /* looks at it */
} Leaving;

static gboolean
stays (const L4Cache *cache, gpointer user_data)
{
  Leaving *self = user_data;

  for (guint i = 0; i < 2; i++)
    if (self->leaves[i] == cache)
      return self->after[i]-- > 0;
  return TRUE;
}

static void
check_leaving (const char *name, guint first, guint second, guint after)
{
  g_autoptr (L4Llama) model = load_llama (name);
  const L4TextConfig *text = &model->config->text;
  Talk alone[N], together[N];
  L4Strand strands[N];
  Leaving leaving;
  L4Strands tokens = { strands, 0, 0, TRUE, stays, &leaving };
  l4_autofree float *h = l4_alloc (300 * text->hidden * sizeof (float), "test", NULL);
  float *at = h;

  for (guint i = 0; i < N; i++) {
    talk_init (&alone[i], model, model->prefill, FALSE, i);
    talk_init (&together[i], model, model->prefill, FALSE, i);
    g_assert_true (l4_decoder_forward (model->decoder, model->compute, &(L4Strands) { &(L4Strand) { alone[i].cache, alone[i].n }, 1,
              alone[i].n }, alone[i].h, NULL, NULL, NULL));
    if (alone[i].n <= L4_STEP_TOKENS)
      continue;
    memcpy (h + tokens.n * text->hidden, together[i].h, together[i].n * text->hidden * sizeof (float));
    strands[tokens.n_strands++] = (L4Strand) { together[i].cache, together[i].n };
    tokens.n += together[i].n;
  }
  leaving = (Leaving) { {together[first].cache, together[second].cache}, {after, after + 1} };
  g_assert_true (l4_decoder_forward (model->decoder, model->compute, &tokens, h, NULL, NULL, NULL));
  for (guint i = 0; i < N; i++)
    if (i != first && i != second && alone[i].n > L4_STEP_TOKENS) {
      g_assert_cmpmem (at, alone[i].n * text->hidden * sizeof (float), alone[i].h, alone[i].n * text->hidden * sizeof (float));
      g_assert_cmpint (together[i].cache->n_tokens, ==, seen[i] + lengths[i]);
      at += alone[i].n * text->hidden;
    }
  g_assert_cmpint (together[first].cache->n_tokens, ==, seen[first]);
  for (guint i = 0; i < N; i++) {
    talk_clear (&alone[i]);
    talk_clear (&together[i]);
  }
}

static void
test_who_leaves_between_layers_changes_nothing_for_the_others (void)
{
  static const char *const names[] = { "scout-tiny", "maverick-tiny", "gguf-tiny" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    check_leaving (names[i], 0, 5, 0);
    check_leaving (names[i], 3, 1, 1);
  }
}

static void
test_who_is_cancelled_while_waiting_leaves_the_others_alone (void)
{
  g_autoptr (L4Llama) model = load_llama ("scout-tiny");
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  Talk alone[N], together[N];

  g_cancellable_cancel (cancelled);
  for (guint i = 0; i < N; i++) {
    talk_init (&alone[i], model, model->prefill, FALSE, i);
    talk_init (&together[i], model, model->prefill, FALSE, i);
    talk (&alone[i]);
  }
  together[0].cancellable = together[3].cancellable = cancelled;
  talk_at_once (together);
  for (guint i = 0; i < N; i++)
    if (together[i].cancellable != NULL)
      g_assert_error (together[i].error, L4_ERROR, L4_ERROR_CANCELLED);
    else
      assert_same (&together[i], &alone[i]);
  for (guint i = 0; i < N; i++) {
    talk_clear (&alone[i]);
    talk_clear (&together[i]);
  }
}

/* At any moment of a pass that they share. */
static void
test_who_is_cancelled_in_a_pass_leaves_the_others_alone (void)
{
  g_autoptr (L4Llama) model = load_llama ("frames-tiny");
  Talk alone[N];

  for (guint i = 0; i < N; i++) {
    talk_init (&alone[i], model, model->prefill, FALSE, i);
    talk (&alone[i]);
  }
  for (guint attempt = 0; attempt < 12; attempt++) {
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    Talk together[N];
    GThread *threads[N];

    for (guint i = 0; i < N; i++)
      talk_init (&together[i], model, model->prefill, FALSE, i);
    together[1].cancellable = together[4].cancellable = cancellable;
    for (guint i = 0; i < N; i++)
      threads[i] = g_thread_new ("talk", talk, &together[i]);
    g_usleep (attempt * 150);
    g_cancellable_cancel (cancellable);
    for (guint i = 0; i < N; i++)
      g_thread_join (threads[i]);
    for (guint i = 0; i < N; i++) {
      if (together[i].cancellable == NULL || together[i].good)
        assert_same (&together[i], &alone[i]);
      else
        g_assert_error (together[i].error, L4_ERROR, L4_ERROR_CANCELLED);
      talk_clear (&together[i]);
    }
  }
  for (guint i = 0; i < N; i++)
    talk_clear (&alone[i]);
}

static void
test_a_prompt_beyond_the_cache_is_refused_and_disturbs_no_other (void)
{
  g_autoptr (L4Llama) model = load_llama ("scout-tiny");
  Talk alone[N], together[N];

  for (guint i = 0; i < N; i++) {
    talk_init (&alone[i], model, model->prefill, FALSE, i);
    talk_init (&together[i], model, model->prefill, FALSE, i);
    talk (&alone[i]);
  }
  l4_cache_free (together[2].cache);
  together[2].cache = l4_cache_new (model->compute, &model->config->text, FALSE, 1, NULL);
  together[2].cache->n_tokens = together[2].cache->capacity;
  talk_at_once (together);
  for (guint i = 0; i < N; i++)
    if (i == 2)
      g_assert_error (together[i].error, L4_ERROR, L4_ERROR_INPUT);
    else
      assert_same (&together[i], &alone[i]);
  for (guint i = 0; i < N; i++) {
    talk_clear (&alone[i]);
    talk_clear (&together[i]);
  }
}

/* Tokens of a prompt that takes long. */
#define LONG 4000

static gpointer
talk_long (gpointer data)
{
  Talk *self = data;

  self->good = l4_prefill_run (self->prefill, self->cache, self->h, LONG, NULL, &self->together, self->cancellable, &self->error);
  return NULL;
}

/* The first waits until the others have gathered behind it. Their pass fails, since one's cache has no room any more; then the long one begins
 * by itself, and the one that is cancelled does not wait for it. */
static void
test_who_is_cancelled_after_a_pass_has_failed_waits_for_no_other (void)
{
  g_autoptr (L4Llama) model = load_llama ("scout-tiny");
  const L4TextConfig *text = &model->config->text;
  L4Prefill *prefill = l4_prefill_new (model->decoder, model->compute, text, 2 * LONG);
  g_autoptr (GCancellable) cancellable = g_cancellable_new (), end = g_cancellable_new ();
  Talk first, cancelled, without_room, slow = { model, prefill, l4_cache_new (model->compute, text, FALSE, LONG, NULL),.cancellable = end };
  GThread *threads[4];

  slow.h = g_new0 (float, LONG * text->hidden);
  talk_init (&first, model, prefill, FALSE, 0);
  talk_init (&cancelled, model, prefill, FALSE, 1);
  talk_init (&without_room, model, prefill, FALSE, 3);
  cancelled.cancellable = cancellable;
  g_rec_mutex_lock (&model->compute->lock);
  threads[0] = g_thread_new ("first", talk, &first);
  g_usleep (50 * 1000);
  threads[1] = g_thread_new ("slow", talk_long, &slow);
  g_usleep (50 * 1000);
  threads[2] = g_thread_new ("cancelled", talk, &cancelled);
  threads[3] = g_thread_new ("without-room", talk, &without_room);
  g_usleep (50 * 1000);
  without_room.cache->capacity = 0;
  g_rec_mutex_unlock (&model->compute->lock);
  g_thread_join (threads[0]);
  g_usleep (20 * 1000);
  g_cancellable_cancel (cancellable);
  g_thread_join (threads[2]);
  g_assert_error (cancelled.error, L4_ERROR, L4_ERROR_CANCELLED);
  g_assert_false (slow.good);
  g_cancellable_cancel (end);
  g_thread_join (threads[1]);
  g_thread_join (threads[3]);
  g_assert_error (slow.error, L4_ERROR, L4_ERROR_CANCELLED);
  g_assert_error (without_room.error, L4_ERROR, L4_ERROR_INPUT);
  talk_clear (&first);
  talk_clear (&cancelled);
  talk_clear (&without_room);
  talk_clear (&slow);
  l4_prefill_free (prefill);
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "scout-tiny", "maverick-tiny", "frames-tiny", "dense-tiny", "topk-tiny", "gguf-tiny" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_strconcat ("/prefill/logits-together-are-those-alone/", names[i], NULL);

    g_test_add_data_func (path, names[i], test_logits_together_are_those_alone);
  }
  g_test_add_func ("/prefill/who-leaves-between-layers-changes-nothing-for-the-others",
      test_who_leaves_between_layers_changes_nothing_for_the_others);
  g_test_add_func ("/prefill/who-is-cancelled-while-waiting-leaves-the-others-alone",
      test_who_is_cancelled_while_waiting_leaves_the_others_alone);
  g_test_add_func ("/prefill/who-is-cancelled-in-a-pass-leaves-the-others-alone", test_who_is_cancelled_in_a_pass_leaves_the_others_alone);
  g_test_add_func ("/prefill/who-is-cancelled-after-a-pass-has-failed-waits-for-no-other",
      test_who_is_cancelled_after_a_pass_has_failed_waits_for_no_other);
  g_test_add_func ("/prefill/a-prompt-beyond-the-cache-is-refused-and-disturbs-no-other",
      test_a_prompt_beyond_the_cache_is_refused_and_disturbs_no_other);
  return g_test_run ();
}
