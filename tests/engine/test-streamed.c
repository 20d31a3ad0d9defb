/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models whose experts are streamed compute what they compute in memory, bit for bit. */

#include "engine/footprint.h"
#include "streamed.h"

static const char *const models[] = { "gguf-tiny", "scout-tiny", "maverick-tiny", "frames-tiny" };

static void
check_same (const char *name, const char *type)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, name, type);
  g_autoptr (L4Llama) read = load (path, L4_LOAD_READ, 0, NULL), streamed = load_tight (path);
  L4StreamFigures figures;

  for (guint i = 0; i < 3; i++) {
    g_autofree float *expected = new_logits (read), *logits = new_logits (read);
    g_autoptr (GError) error = NULL;

    g_assert_true (converse (read, i, expected, NULL));
    converse (streamed, i, logits, &error);
    g_assert_no_error (error);
    assert_same (read, logits, expected);
  }
  l4_stream_figures (streamed->stream, &figures);
  g_test_message ("%s %s: %zu slots for %zu experts, %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " uses hit, %" G_GUINT64_FORMAT
      " read", name, type, l4_stream_n_slots (streamed->stream), l4_stream_n_experts (streamed->stream), figures.hits, figures.uses,
      figures.reads);
  g_assert_cmpuint (l4_stream_n_slots (streamed->stream), <, l4_stream_n_experts (streamed->stream));
  g_assert_cmpuint (figures.reads, >, l4_stream_n_slots (streamed->stream));
}

static void
test_few_slots_compute_what_memory_does (gconstpointer data)
{
  check_same (data, "BF16");
}

static void
test_blocks_too (void)
{
  check_same ("scout-tiny", "Q8_0");
}

/* A prompt reads no expert twice, with however few slots. */
static void
test_a_prompt_reads_each_expert_once (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16");
  g_autoptr (L4Llama) model = load_tight (path);
  const L4TextConfig *text = &model->config->text;
  g_autofree float *logits = g_new (float, text->vocab);
  g_autofree gint32 *ids = g_new (gint32, 512);
  g_autoptr (GError) error = NULL;
  guint64 before = 0;

  for (guint i = 0; i < 512; i++)
    ids[i] = (gint32) (i * 7 % (guint) (text->vocab - 40));
  for (guint round = 0; round < 2; round++) {
    g_autoptr (L4Cache) cache = l4_cache_new (model->compute, text, FALSE, 512, NULL);
    l4_autofree float *h = l4_llama_embed (model, ids, 512, NULL, 0, NULL);
    L4StreamFigures figures;

    l4_llama_forward (model, cache, h, 512, 1, logits, NULL, &error);
    g_assert_no_error (error);
    l4_stream_figures (model->stream, &figures);
    g_assert_cmpuint (figures.reads - before, <=, l4_stream_n_experts (model->stream));
    before = figures.reads;
  }
}

/* Several at once ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const L4Llama *model;
  guint index;
  float *logits;
  gboolean good;
  GError *error;
} Talk;

static gpointer
talk (gpointer data)
{
  Talk *self = data;

  self->good = converse (self->model, self->index, self->logits, &self->error);
  return NULL;
}

static void
talk_together (Talk *talks, const L4Llama *model)
{
  GThread *threads[TOGETHER];

  for (guint i = 0; i < TOGETHER; i++) {
    talks[i] = (Talk) { model, i, new_logits (model), FALSE, NULL };
    threads[i] = g_thread_new ("talk", talk, &talks[i]);
  }
  for (guint i = 0; i < TOGETHER; i++)
    g_thread_join (threads[i]);
}

static void
clear_talks (Talk *talks)
{
  for (guint i = 0; i < TOGETHER; i++) {
    g_free (talks[i].logits);
    g_clear_error (&talks[i].error);
  }
}

/* With two slots for all of them. */
static void
test_conversations_side_by_side_compute_what_memory_does (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16");
  g_autoptr (L4Llama) read = load (path, L4_LOAD_READ, 0, NULL), streamed = load_tight (path);
  Talk talks[TOGETHER];

  talk_together (talks, streamed);
  for (guint i = 0; i < TOGETHER; i++) {
    g_autofree float *expected = new_logits (read);

    g_assert_no_error (talks[i].error);
    g_assert_true (converse (read, i, expected, NULL));
    assert_same (read, talks[i].logits, expected);
  }
  clear_talks (talks);
}

/* Steps of several conversations in one; logits [TOGETHER, vocab]. */
static void
step_together (const L4Llama *model, float *logits)
{
  const L4TextConfig *text = &model->config->text;
  L4Strand strands[TOGETHER];
  const L4Strands tokens = { strands, TOGETHER, TOGETHER };
  gint32 ids[TOGETHER];
  l4_autofree float *h = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < TOGETHER; i++) {
    strands[i] = (L4Strand) { l4_cache_new (model->compute, text, FALSE, 4, NULL), 1 };
    ids[i] = (gint32) (i * 29 + 1);
  }
  h = l4_llama_embed (model, ids, TOGETHER, NULL, 0, NULL);
  l4_decoder_forward (model->decoder, model->compute, &tokens, h, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (l4_decoder_logits (model->decoder, model->compute, h, TOGETHER, TRUE, logits, NULL));
  for (guint i = 0; i < TOGETHER; i++)
    l4_cache_free (strands[i].cache);
}

static void
test_steps_of_several_compute_what_memory_does (gconstpointer data)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, data, "BF16");
  g_autoptr (L4Llama) read = load (path, L4_LOAD_READ, 0, NULL), streamed = load_tight (path);
  gsize n = TOGETHER * read->config->text.vocab;
  g_autofree float *expected = g_new (float, n), *logits = g_new (float, n);

  step_together (read, expected);
  step_together (streamed, logits);
  g_assert_cmpmem (logits, n * sizeof (float), expected, n * sizeof (float));
}

/* What is chosen --------------------------------------------------------------------------------------------------------- */

static void
test_what_does_not_fit_is_streamed_by_itself (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, "model.gguf", NULL), *scout =
      g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", NULL);
  g_autofree char *said = succeed ("synth %s %s --type F16 --layers 400", scout, path);
  const guint64 all = G_GUINT64_CONSTANT (1) << 40;
  g_autoptr (L4Llama) whole = load (path, L4_LOAD_AUTO, all, NULL), part = NULL, all_slots = load (path, L4_LOAD_STREAM, all, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (whole->load, ==, L4_LOAD_READ);
  part = load (path, L4_LOAD_AUTO, whole->memory * 9 / 10, &error);
  g_assert_no_error (error);
  g_assert_cmpint (part->load, ==, L4_LOAD_STREAM);
  g_assert_cmpuint (part->memory, <=, whole->memory * 9 / 10);
  g_assert_cmpuint (l4_stream_n_slots (all_slots->stream), ==, l4_stream_n_experts (all_slots->stream));
  g_assert_null (load (path, L4_LOAD_READ, whole->memory * 9 / 10, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_MEMORY);
}

/* What is said to be needed is enough. */
static void
test_too_small_a_limit_names_one_that_is_enough (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16");
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Llama) none = load (path, L4_LOAD_STREAM, 1000, &error), one = NULL;
  const char *needs;

  g_assert_null (none);
  g_assert_error (error, L4_ERROR, L4_ERROR_MEMORY);
  assert_says (error, "model.gguf|memory-limit|streamed|needs ");
  needs = strstr (error->message, "needs ") + strlen ("needs ");
  one = load (path, L4_LOAD_STREAM, (guint64) ((g_ascii_strtod (needs, NULL) + 0.1) * 1048576), NULL);
  g_assert_nonnull (one);
}

/* What a long conversation's cache takes, experts give up, and get it back. */
static void
test_caches_and_experts_share_the_memory (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16");
  g_autoptr (L4Llama) read = load (path, L4_LOAD_READ, 0, NULL), model =
      load (path, L4_LOAD_STREAM, find_limit (path) + 3 * 512 * 1024, NULL);
  g_autofree float *expected = new_logits (read), *logits = new_logits (read);
  gsize n_slots = l4_stream_n_slots (model->stream);
  gint64 capacity = 4096;
  L4Tenant tenant = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (converse (read, 1, expected, NULL));
  g_assert_true (converse (model, 1, logits, NULL));
  l4_room_enter (model->room, &tenant);
  while (l4_cache_bytes (model->compute, &model->config->text, FALSE, capacity) > model->shared / 3 * 2)
    capacity /= 2;
  l4_room_take (model->room, &tenant, FALSE, capacity, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (l4_stream_n_slots (model->stream), <, n_slots);
  g_assert_cmpuint (l4_stream_bytes (model->stream, l4_stream_n_slots (model->stream)) - l4_stream_bytes (model->stream, 0) + tenant.bytes, <=,
      model->shared);
  g_assert_true (converse (model, 1, logits, NULL));
  assert_same (model, logits, expected);
  l4_room_leave (model->room, &tenant);
  l4_room_clear (model->room, &tenant);
  g_assert_cmpuint (l4_stream_n_slots (model->stream), ==, n_slots);
  g_assert_true (converse (model, 1, logits, NULL));
  assert_same (model, logits, expected);
}

static guint64
bytes_of_slots (const L4Llama *model)
{
  return l4_stream_bytes (model->stream, l4_stream_n_slots (model->stream)) - l4_stream_bytes (model->stream, 0);
}

/* The smallest cache that is larger than so many bytes. */
static gint64
capacity_beyond (const L4Llama *model, guint64 bytes)
{
  gint64 capacity = 64;

  while (l4_cache_bytes (model->compute, &model->config->text, FALSE, capacity) <= bytes)
    capacity += 64;
  return capacity;
}

/* What a further conversation takes beside its cache neither experts nor caches have while it is there. */
static void
test_further_conversations_share_the_memory_too (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16");
  g_autoptr (L4Llama) read = load (path, L4_LOAD_READ, 0, NULL);
  guint64 beside = l4_footprint_beside (read->config);
  g_autoptr (L4Llama) model = load (path, L4_LOAD_STREAM, find_limit (path) + beside + 512 * 1024, NULL);
  gsize n_slots = l4_stream_n_slots (model->stream);
  guint64 for_caches = model->shared - (l4_stream_bytes (model->stream, L4_STREAM_LEAST_SLOTS) - l4_stream_bytes (model->stream, 0));
  gint64 capacity = capacity_beyond (model, for_caches - beside);
  gpointer first = l4_llama_session_new (model), second;
  L4Tenant tenant = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (l4_stream_n_slots (model->stream), ==, n_slots);
  second = l4_llama_session_new (model);
  g_assert_cmpuint (l4_stream_n_slots (model->stream), <, n_slots);
  g_assert_cmpuint (bytes_of_slots (model) + beside, <=, model->shared);
  l4_room_enter (model->room, &tenant);
  g_assert_false (l4_room_take (model->room, &tenant, FALSE, capacity, NULL, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_MEMORY);
  g_clear_error (&error);
  l4_room_take (model->room, &tenant, FALSE, capacity - 64, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (bytes_of_slots (model) + beside + tenant.bytes, <=, model->shared);
  l4_llama_session_free (second);
  l4_room_take (model->room, &tenant, FALSE, capacity, NULL, &error);
  g_assert_no_error (error);
  l4_room_leave (model->room, &tenant);
  l4_room_clear (model->room, &tenant);
  g_assert_cmpuint (l4_stream_n_slots (model->stream), ==, n_slots);
  l4_llama_session_free (first);
}

static void
test_a_model_without_experts_is_read (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "dense-tiny", NULL);
  g_autoptr (L4Llama) model = load (path, L4_LOAD_STREAM, 0, NULL);

  g_assert_cmpint (model->load, ==, L4_LOAD_READ);
  g_assert_null (model->stream);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    g_autofree char *tokens = g_strdup_printf ("/streamed/few-slots-compute-what-memory-does/%s", models[i]);
    g_autofree char *steps = g_strdup_printf ("/streamed/steps-of-several-compute-what-memory-does/%s", models[i]);

    g_test_add_data_func (tokens, models[i], test_few_slots_compute_what_memory_does);
    g_test_add_data_func (steps, models[i], test_steps_of_several_compute_what_memory_does);
  }
  g_test_add_func ("/streamed/blocks-too", test_blocks_too);
  g_test_add_func ("/streamed/a-prompt-reads-each-expert-once", test_a_prompt_reads_each_expert_once);
  g_test_add_func ("/streamed/conversations-side-by-side-compute-what-memory-does",
      test_conversations_side_by_side_compute_what_memory_does);
  g_test_add_func ("/streamed/what-does-not-fit-is-streamed-by-itself", test_what_does_not_fit_is_streamed_by_itself);
  g_test_add_func ("/streamed/too-small-a-limit-names-one-that-is-enough", test_too_small_a_limit_names_one_that_is_enough);
  g_test_add_func ("/streamed/caches-and-experts-share-the-memory", test_caches_and_experts_share_the_memory);
  g_test_add_func ("/streamed/further-conversations-share-the-memory-too", test_further_conversations_share_the_memory_too);
  g_test_add_func ("/streamed/a-model-without-experts-is-read", test_a_model_without_experts_is_read);
  return g_test_run ();
}
