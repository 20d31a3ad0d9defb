/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several conversations at once: to each it is as if it were alone. */

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "golden-model.h"

#define N 12                    /* conversations */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)      /* on a busy machine threads may run one after the other, again and again */

/* Steps by themselves and together --------------------------------------------------------------------------------------- */

typedef struct
{
  L4Cache *cache;
  float *h;                     /* [n, hidden] of the step */
  gint64 n;
  float *logits;                /* [n, vocab] */
  L4Batch *batch;
  guint n_together;
  gboolean good;
} Strand;

/* A conversation of `seen` tokens, and a step of n that follow. */
static void
strand_init (Strand *self, const L4Llama *model, gboolean int8, guint index, gint64 seen, gint64 n)
{
  const L4TextConfig *text = &model->config->text;
  g_autofree gint32 *ids = g_new (gint32, seen + n);
  l4_autofree float *h = NULL;
  float *logits = l4_alloc (text->vocab * sizeof (float), "test", NULL);

  for (gint64 i = 0; i < seen + n; i++)
    ids[i] = (gint32) ((index * 31 + i * 17 + i * i) % (text->vocab - 40));
  h = l4_llama_embed (model, ids, seen + n, NULL, 0, NULL);
  self->n = n;
  self->cache = l4_cache_new (model->compute, text, int8, seen + n, NULL);
  self->h = g_memdup2 (h + seen * text->hidden, n * text->hidden * sizeof (float));
  self->logits = g_new (float, n * text->vocab);
  self->batch = model->batch;
  g_assert_true (l4_llama_forward (model, self->cache, h, seen, 1, logits, NULL, NULL));
  l4_free (logits);
}

static gpointer
take_step (gpointer data)
{
  Strand *self = data;

  self->good = l4_batch_step (self->batch, self->cache, self->h, self->n, self->logits, &self->n_together, NULL, NULL);
  l4_batch_leave (self->batch);
  return NULL;
}

/* The steps of all, each on a thread of its own, in one. */
static void
step_together (Strand *strands, guint n)
{
  GThread *threads[N];

  for (guint i = 0; i < n; i++)
    l4_batch_join (strands[i].batch);
  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new ("step", take_step, &strands[i]);
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
}

static void
init_strands (Strand *strands, const L4Llama *model, gboolean int8)
{
  for (guint i = 0; i < N; i++)
    strand_init (&strands[i], model, int8, i, 3 + 5 * i, 1 + i % L4_STEP_TOKENS);
}

static void
clear_strands (Strand *strands)
{
  for (guint i = 0; i < N; i++) {
    l4_cache_free (strands[i].cache);
    g_free (strands[i].h);
    g_free (strands[i].logits);
  }
}

static void
assert_same (const L4Llama *model, const Strand *one, const Strand *other)
{
  gsize bytes = one->n * model->config->text.vocab * sizeof (float);

  g_assert_true (one->good && other->good);
  g_assert_cmpmem (one->logits, bytes, other->logits, bytes);
}

static void
check_model (const char *name, gboolean int8)
{
  g_autoptr (L4Llama) model = load_llama (name);
  Strand alone[N], together[N];

  init_strands (alone, model, int8);
  init_strands (together, model, int8);
  for (guint i = 0; i < N; i++) {
    l4_batch_join (model->batch);
    take_step (&alone[i]);
    g_assert_cmpuint (alone[i].n_together, ==, 1);
  }
  step_together (together, N);
  for (guint i = 0; i < N; i++)
    assert_same (model, &together[i], &alone[i]);
  clear_strands (alone);
  clear_strands (together);
}

static void
test_logits_together_are_those_alone (gconstpointer data)
{
  check_model (data, FALSE);
  check_model (data, TRUE);
}

/* Not a test of speed, but of being together at all: otherwise nothing above means anything. */
static void
test_who_generates_is_waited_for (void)
{
  g_autoptr (L4Llama) model = load_llama ("frames-tiny");
  Strand strands[N];
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  guint most = 0;

  while (most <= N / 2) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    init_strands (strands, model, FALSE);
    step_together (strands, N);
    for (guint i = 0; i < N; i++)
      most = MAX (most, strands[i].n_together);
    clear_strands (strands);
  }
}

static void
sleep_long (gpointer data, gsize task, guint thread)
{
  g_atomic_int_set ((gint *) data, 1);
  g_usleep (150000);
}

typedef struct
{
  L4Compute *compute;
  gint holds;
} Hold;

/* Has whoever wants to compute wait. */
static gpointer
hold_compute (gpointer data)
{
  Hold *self = data;

  l4_compute_run (self->compute, sleep_long, &self->holds, 1, 0);
  return NULL;
}

static gpointer
take_two_steps (gpointer data)
{
  Strand *strands = data;

  for (guint i = 0; i < 2; i++) {
    strands[i].good = l4_batch_step (strands[i].batch, strands[i].cache, strands[i].h, strands[i].n, strands[i].logits, &strands[i].n_together,
        NULL, NULL);
    g_usleep (5000);            /* it chooses a token */
  }
  l4_batch_leave (strands->batch);
  return NULL;
}

/* One that comes while the other's long step is under way: they must not take turns from then on. Returns how many shared its step. */
static guint
come_later (const L4Llama *model, Strand *strands)
{
  Hold hold = { model->compute, 0 };
  GThread *holder = g_thread_new ("hold", hold_compute, &hold), *threads[2];

  while (!g_atomic_int_get (&hold.holds))
    g_usleep (1000);
  l4_batch_join (model->batch);
  l4_batch_join (model->batch);
  threads[0] = g_thread_new ("step", take_two_steps, strands);
  g_usleep (60000);
  threads[1] = g_thread_new ("step", take_step, &strands[2]);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_thread_join (holder);
  return strands[2].n_together;
}

static void
test_steps_that_begin_at_different_times_become_one (void)
{
  g_autoptr (L4Llama) model = load_llama ("frames-tiny");
  Strand strands[N];
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  guint together = 1;

  while (together < 2) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    init_strands (strands, model, FALSE);
    together = come_later (model, strands);
    clear_strands (strands);
  }
}

static void
test_one_that_is_no_number_harms_no_other (void)
{
  g_autoptr (L4Llama) model = load_llama ("scout-tiny");
  Strand good[N], bad[N];

  init_strands (good, model, FALSE);
  init_strands (bad, model, FALSE);
  bad[3].h[7] = NAN;
  step_together (good, N);
  step_together (bad, N);
  g_assert_true (isnan (bad[3].logits[0]));
  for (guint i = 0; i < N; i++)
    if (i != 3)
      assert_same (model, &bad[i], &good[i]);
  clear_strands (good);
  clear_strands (bad);
}

/* Answers --------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  L4Model *model;
  guint index;
  guint max_tokens;
  gboolean slow;                /* takes its time with every piece of text */
  GCancellable *cancellable;
  L4Answer answer;
  GError *error;
} Talk;

static void
take_time (const char *text, gpointer user_data)
{
  const Talk *self = user_data;

  if (self->slow)
    g_usleep (2000);
}

static gpointer
talk (gpointer data)
{
  Talk *self = data;
  g_autoptr (L4Session) session = l4_session_new (self->model);
  g_autofree char *question = g_strdup_printf ("%u: what is %u and %u?", self->index, self->index * 7, self->index * self->index);
  const L4Part part = {.text = question };
  const L4Message message = { L4_ROLE_USER, &part, 1 };
  L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;

  options.max_tokens = self->max_tokens;
  options.temperature = self->index % 2;
  options.seed = self->index;
  l4_session_answer (session, &message, 1, &options, take_time, self, self->cancellable, &self->answer, &self->error);
  return NULL;
}

static void
talk_together (Talk *talks, guint n)
{
  GThread *threads[N];

  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new ("talk", talk, &talks[i]);
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
}

static L4Model *
load_model (guint64 memory_limit)
{
  g_autofree char *path = golden ("frames-tiny");
  const L4LoadOptions options = {.model_path = path,.threads = 2,.memory_limit = memory_limit };
  g_autoptr (GError) error = NULL;
  L4Model *model = l4_model_load (&options, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return model;
}

/* Answers of all at once, which are what they are alone. Returns how many conversations a step had. */
static double
compare_together (L4Model *model, const Talk *alone)
{
  Talk together[N];
  guint64 steps = 0, companions = 0;

  for (guint i = 0; i < N; i++)
    together[i] = (Talk) { model, i, alone[i].max_tokens, i == 4 };
  talk_together (together, N);
  for (guint i = 0; i < N; i++) {
    g_assert_no_error (together[i].error);
    g_assert_cmpstr (together[i].answer.text, ==, alone[i].answer.text);
    g_assert_cmpuint (together[i].answer.generated_tokens, ==, alone[i].answer.generated_tokens);
    g_assert_cmpint (together[i].answer.finish, ==, alone[i].answer.finish);
    steps += together[i].answer.steps;
    companions += together[i].answer.steps_together;
    l4_answer_clear (&together[i].answer);
  }
  return (double) companions / steps;
}

static void
test_answers_together_are_those_alone (void)
{
  g_autoptr (L4Model) model = load_model (0);
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  Talk alone[N] = { 0 };
  double together = 1;

  for (guint i = 0; i < N; i++) {
    alone[i] = (Talk) { model, i, 10 + 5 * i };
    talk (&alone[i]);
    g_assert_no_error (alone[i].error);
    g_assert_cmpuint (alone[i].answer.steps_together, ==, alone[i].answer.steps);
  }
  while (together <= 1) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    together = compare_together (model, alone);
    g_test_message ("%.1f conversations a step", together);
  }
  for (guint i = 0; i < N; i++)
    l4_answer_clear (&alone[i].answer);
}

static void
test_one_that_is_cancelled_leaves_the_others_alone (void)
{
  g_autoptr (L4Model) model = load_model (0);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  Talk alone[3] = { 0 }, together[3] = { 0 };

  g_cancellable_cancel (cancelled);
  for (guint i = 0; i < 3; i++) {
    alone[i] = together[i] = (Talk) { model, i, 60 };
    talk (&alone[i]);
  }
  together[1].cancellable = cancelled;
  talk_together (together, 3);
  for (guint i = 0; i < 3; i++) {
    g_assert_no_error (together[i].error);
    if (i == 1)
      g_assert_cmpint (together[i].answer.finish, ==, L4_FINISH_CANCELLED);
    else
      g_assert_cmpstr (together[i].answer.text, ==, alone[i].answer.text);
    l4_answer_clear (&alone[i].answer);
    l4_answer_clear (&together[i].answer);
  }
}

/* Memory ------------------------------------------------------------------------------------------------------------------ */

/* Bytes that a talk's cache takes. */
static guint64
cache_bytes (void)
{
  g_autoptr (L4Llama) model = load_llama ("frames-tiny");
  Talk one = {.index = 1,.max_tokens = 40 };
  g_autoptr (L4Model) shared = load_model (0);
  guint64 bytes;

  one.model = shared;
  talk (&one);
  bytes = l4_cache_bytes (model->compute, &model->config->text, FALSE, one.answer.prompt_tokens + 40);
  l4_answer_clear (&one.answer);
  return bytes;
}

static void
test_who_finds_no_memory_waits_for_it (void)
{
  guint64 bytes = cache_bytes ();
  g_autoptr (L4Model) any = load_model (0);
  guint64 weights = l4_model_get_info (any)->memory;
  g_autoptr (L4Model) model = NULL;
  Talk talks[6] = { 0 };

  g_clear_pointer (&any, l4_model_unref);
  model = load_model (weights + 5 * bytes / 2);   /* two of them, and not three */
  for (guint i = 0; i < 6; i++)
    talks[i] = (Talk) { model, i, 40 };
  talk_together (talks, 6);
  for (guint i = 0; i < 6; i++) {
    g_assert_no_error (talks[i].error);
    g_assert_cmpuint (talks[i].answer.steps_together, <=, 2 * talks[i].answer.steps);
    l4_answer_clear (&talks[i].answer);
  }
}

/* Two that take turns in memory for one: what the other's cache held is asked for again, and answered as ever. */
static void
test_a_cache_that_was_given_up_is_filled_again (void)
{
  guint64 bytes = cache_bytes ();
  g_autoptr (L4Model) any = load_model (0);
  guint64 weights = l4_model_get_info (any)->memory;
  g_autoptr (L4Model) model = NULL;
  L4Session *sessions[2];
  const L4Part part = {.text = "What moves, and where to?" };
  const L4Message message = { L4_ROLE_USER, &part, 1 };
  L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;
  g_autofree char *first = NULL;

  g_clear_pointer (&any, l4_model_unref);
  model = load_model (weights + 3 * bytes / 2);
  options.max_tokens = 40;
  for (guint i = 0; i < 2; i++)
    sessions[i] = l4_session_new (model);
  for (guint i = 0; i < 6; i++) {
    g_auto (L4Answer) answer = { 0 };
    g_autoptr (GError) error = NULL;

    g_assert_true (l4_session_answer (sessions[i % 2], &message, 1, &options, NULL, NULL, NULL, &answer, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (answer.reused_tokens, ==, 0);
    if (first == NULL)
      first = g_strdup (answer.text);
    g_assert_cmpstr (answer.text, ==, first);
  }
  for (guint i = 0; i < 2; i++)
    l4_session_free (sessions[i]);
}

static void
test_what_fits_in_no_way_is_refused_at_once (void)
{
  guint64 bytes = cache_bytes ();
  g_autoptr (L4Model) any = load_model (0);
  guint64 weights = l4_model_get_info (any)->memory;
  g_autoptr (L4Model) model = NULL;
  Talk large = {.index = 1,.max_tokens = 100000 };

  g_clear_pointer (&any, l4_model_unref);
  model = load_model (weights + bytes);
  large.model = model;
  talk (&large);
  g_assert_error (large.error, L4_ERROR, L4_ERROR_MEMORY);
  g_error_free (large.error);
  l4_answer_clear (&large.answer);
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "scout-tiny", "maverick-tiny", "frames-tiny", "dense-tiny", "topk-tiny", "gguf-tiny" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_strconcat ("/batch/logits-together-are-those-alone/", names[i], NULL);

    g_test_add_data_func (path, names[i], test_logits_together_are_those_alone);
  }
  g_test_add_func ("/batch/who-generates-is-waited-for", test_who_generates_is_waited_for);
  g_test_add_func ("/batch/steps-that-begin-at-different-times-become-one", test_steps_that_begin_at_different_times_become_one);
  g_test_add_func ("/batch/one-that-is-no-number-harms-no-other", test_one_that_is_no_number_harms_no_other);
  g_test_add_func ("/batch/answers-together-are-those-alone", test_answers_together_are_those_alone);
  g_test_add_func ("/batch/one-that-is-cancelled-leaves-the-others-alone", test_one_that_is_cancelled_leaves_the_others_alone);
  g_test_add_func ("/batch/who-finds-no-memory-waits-for-it", test_who_finds_no_memory_waits_for_it);
  g_test_add_func ("/batch/a-cache-that-was-given-up-is-filled-again", test_a_cache_that_was_given_up_is_filled_again);
  g_test_add_func ("/batch/what-fits-in-no-way-is-refused-at-once", test_what_fits_in_no_way_is_refused_at_once);
  return g_test_run ();
}
