/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models whose experts are streamed compute what they compute in memory, bit for bit, and fail with one error when their file does. */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "engine/llama.h"
#include "support/folder.h"
#include "support/program.h"

#define PROMPT 60               /* tokens: every expert's turn comes in most layers of most models */
#define GENERATED 12
#define TOGETHER 9              /* conversations */

static const char *const models[] = { "gguf-tiny", "scout-tiny", "maverick-tiny", "frames-tiny" };

/* A golden as a GGUF file; those that are folders are made into one of that type. (transfer full) */
static char *
make_model (const Folder *folder, const char *name, const char *type)
{
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "golden", name, NULL), *bytes = NULL, *said = NULL;
  g_autofree char *file = g_build_filename (golden, "model.gguf", NULL);
  char *path = g_build_filename (folder, "model.gguf", NULL);
  gsize length;

  if (!g_file_test (file, G_FILE_TEST_EXISTS)) {
    said = succeed ("convert %s %s --type %s", golden, path, type);
    return path;
  }
  g_assert_true (g_file_get_contents (file, &bytes, &length, NULL));
  g_free (path);
  return folder_write (folder, "model.gguf", bytes, length);
}

static L4Llama *
load (const char *path, L4Load way, guint64 limit, GError **error)
{
  const L4LoadOptions options = {.model_path = path,.threads = 2,.load = way,.memory_limit = limit };

  return l4_llama_load (&options, L4_PRECISION_BF16, NULL, NULL, NULL, error);
}

/* The least limit at which a model of that size can be loaded. */
static guint64
find_limit (const char *path)
{
  static gint64 known_size;
  static guint64 known;
  guint64 too_little = 1, enough = 1 << 28;
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  if (status.st_size == known_size)
    return known;
  while (enough - too_little > 1024) {
    guint64 limit = (too_little + enough) / 2;
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Llama) one = load (path, L4_LOAD_STREAM, limit, &error);

    if (one == NULL) {
      g_assert_error (error, L4_ERROR, L4_ERROR_MEMORY);
      assert_says (error, "model.gguf|memory-limit|streamed");
      too_little = limit;
    } else {
      enough = limit;
    }
  }
  known_size = status.st_size;
  return known = enough;
}

/* With as little memory as it takes. */
static L4Llama *
load_tight (const char *path)
{
  L4Llama *model = load (path, L4_LOAD_STREAM, find_limit (path), NULL);

  g_assert_cmpint (model->load, ==, L4_LOAD_STREAM);
  return model;
}

/* Tokens in a conversation: a prompt, then one at a time. logits: [1 + GENERATED, vocab] */
static gboolean
converse (const L4Llama *model, guint index, float *logits, GError **error)
{
  const L4TextConfig *text = &model->config->text;
  g_autoptr (L4Cache) cache = l4_cache_new (model->compute, text, FALSE, PROMPT + GENERATED, error);
  gint32 ids[PROMPT + GENERATED];
  l4_autofree float *h = NULL;

  for (guint i = 0; i < PROMPT + GENERATED; i++)
    ids[i] = (gint32) ((index * 31 + i * 17 + i * i) % (guint) (text->vocab - 40));
  h = l4_llama_embed (model, ids, PROMPT + GENERATED, NULL, 0, error);
  if (!l4_llama_forward (model, cache, h, PROMPT, 1, logits, NULL, error))
    return FALSE;
  for (guint i = 0; i < GENERATED; i++)
    if (!l4_llama_forward (model, cache, h + (PROMPT + i) * text->hidden, 1, 1, logits + (1 + i) * text->vocab, NULL, error))
      return FALSE;
  return TRUE;
}

static float *
new_logits (const L4Llama *model)
{
  return g_new0 (float, (1 + GENERATED) * model->config->text.vocab);
}

static void
assert_same (const L4Llama *model, const float *one, const float *other)
{
  gsize bytes = (1 + GENERATED) * model->config->text.vocab * sizeof (float);

  g_assert_cmpmem (one, bytes, other, bytes);
}

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

/* A bad sector ----------------------------------------------------------------------------------------------------------- */

static struct
{
  off_t first, last;            /* bytes of the file that cannot be read; none if equal */
} sector;

/* In the place of the C library's. */
ssize_t
pread (int fd, void *to, size_t count, off_t offset)
{
  if (offset < sector.last && offset + (off_t) count > sector.first) {
    errno = EIO;
    return -1;
  }
  return syscall (SYS_pread64, fd, to, count, offset);
}

/* A conversation that has held some tokens, and its next ones, all alike, so that few experts are needed. */
typedef struct
{
  const L4Llama *model;
  guint n;
  L4Cache *cache;
  float *h;                     /* [n, hidden] */
  float *logits;                /* [vocab] */
  guint n_together;
  gboolean good;
  GError *error;
} Turn;

static gpointer
take_turn (gpointer data)
{
  Turn *self = data;

  if (self->n > L4_STEP_TOKENS) {
    self->good = l4_prefill_run (self->model->prefill, self->cache, self->h, self->n, self->logits, &self->n_together, NULL, &self->error);
  } else {
    self->good = l4_batch_step (self->model->batch, self->cache, self->h, self->n, self->logits, &self->n_together, NULL, &self->error);
    l4_batch_leave (self->model->batch);
  }
  return NULL;
}

static void
turns_init (Turn *turns, const L4Llama *model, guint before, guint n)
{
  const L4TextConfig *text = &model->config->text;
  g_autofree gint32 *ids = g_new (gint32, before + n);
  const off_t first = sector.first, last = sector.last;

  sector.first = sector.last = 0;
  for (guint i = 0; i < TOGETHER; i++) {
    l4_autofree float *h = NULL;

    for (guint t = 0; t < before + n; t++)
      ids[t] = (gint32) (i * 29 + (t < before ? 8 : 1));
    turns[i] = (Turn) { model, n, l4_cache_new (model->compute, text, FALSE, before + n, NULL), NULL, g_new0 (float, text->vocab), 0, FALSE, NULL };
    turns[i].h = l4_llama_embed (model, ids + before, n, NULL, 0, NULL);
    h = before > 0 ? l4_llama_embed (model, ids, before, NULL, 0, NULL) : NULL;
    g_assert_true (before == 0 || l4_llama_forward (model, turns[i].cache, h, before, 1, turns[i].logits, NULL, NULL));
  }
  sector.first = first;
  sector.last = last;
}

static void
turns_clear (Turn *turns)
{
  for (guint i = 0; i < TOGETHER; i++) {
    l4_cache_free (turns[i].cache);
    l4_free (turns[i].h);
    g_free (turns[i].logits);
    g_clear_error (&turns[i].error);
  }
}

static void
turns_take (Turn *turns, gboolean together)
{
  GThread *threads[TOGETHER];

  for (guint i = 0; i < TOGETHER; i++) {
    if (turns[i].n <= L4_STEP_TOKENS)
      l4_batch_join (turns[i].model->batch);
    if (!together)
      take_turn (&turns[i]);
  }
  for (guint i = 0; together && i < TOGETHER; i++)
    threads[i] = g_thread_new ("turn", take_turn, &turns[i]);
  for (guint i = 0; together && i < TOGETHER; i++)
    g_thread_join (threads[i]);
}

/* An expert of the first layer that some of the conversations need, but not all, can no longer be read. */
static void
break_some_expert (const char *path, Turn *alone, const L4Llama *model, guint before, guint n)
{
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (path, NULL, NULL);
  const L4Tensor *tensor = l4_checkpoint_find (checkpoint, "language_model.model.layers.0.feed_forward.experts.up_proj.weight");

  if (tensor == NULL)
    tensor = l4_checkpoint_find (checkpoint, "model.layers.0.feed_forward.experts.up_proj.weight");
  for (gint64 e = 0; e < tensor->dims[0]; e++) {
    guint n_good = 0;

    sector.first = (off_t) (tensor->offset + (guint64) e * tensor->bytes / (guint64) tensor->dims[0]);
    sector.last = sector.first + 1;
    turns_init (alone, model, before, n);
    turns_take (alone, FALSE);
    for (guint i = 0; i < TOGETHER; i++)
      n_good += alone[i].good;
    if (n_good > 0 && n_good < TOGETHER)
      return;
    turns_clear (alone);
  }
  g_assert_not_reached ();
}

/* Takes turns together again and again, and returns how many were ever together. */
static guint
compare_turns (const char *path, const L4Llama *model, guint before, guint n, guint attempts, guint enough)
{
  Turn alone[TOGETHER], together[TOGETHER];
  gsize bytes = model->config->text.vocab * sizeof (float);
  guint most = 0;

  break_some_expert (path, alone, model, before, n);
  for (guint attempt = 0; attempt < attempts && most < enough; attempt++) {
    turns_init (together, model, before, n);
    turns_take (together, TRUE);
    for (guint i = 0; i < TOGETHER; i++) {
      most = MAX (most, together[i].n_together);
      g_assert_cmpint (together[i].good, ==, alone[i].good);
      if (alone[i].good)
        g_assert_cmpmem (together[i].logits, bytes, alone[i].logits, bytes);
      else
        assert_says (together[i].error, "model.gguf|Input/output error");
    }
    turns_clear (together);
  }
  turns_clear (alone);
  sector.first = sector.last = 0;
  return most;
}

/* In a step or a prompt that several share, it fails those who need what cannot be read, and nobody else. */
static void
test_a_bad_sector_fails_only_those_who_need_it (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16");
  g_autoptr (L4Llama) model = load_tight (path);

  g_assert_cmpuint (compare_turns (path, model, 0, 1, 200, 2), >, 1);
  g_assert_cmpuint (compare_turns (path, model, 0, L4_STEP_TOKENS + 1, 200, 2), >, 1);
}

/* What failed for another is done once more, which must not find the beginning of a chunk written over. */
static void
test_a_bad_sector_spares_prompts_across_chunks (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16");
  g_autoptr (L4Llama) model = load_tight (path);
  guint chunk = (guint) model->config->text.chunk;

  compare_turns (path, model, chunk - L4_STEP_TOKENS, 2 * L4_STEP_TOKENS, 20, G_MAXUINT);
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

static void
test_a_model_without_experts_is_read (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "dense-tiny", NULL);
  g_autoptr (L4Llama) model = load (path, L4_LOAD_STREAM, 0, NULL);

  g_assert_cmpint (model->load, ==, L4_LOAD_READ);
  g_assert_null (model->stream);
}

/* Files that change ------------------------------------------------------------------------------------------------------ */

/* The conversation fails with one error that says these words. */
static void
assert_fails (const L4Llama *model, const char *words)
{
  g_autofree float *logits = new_logits (model);
  g_autoptr (GError) error = NULL;

  g_assert_false (converse (model, 1, logits, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, words);
}

static void
test_a_file_cut_short_is_an_error (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16");
  g_autoptr (L4Llama) model = load_tight (path);

  g_assert_cmpint (truncate (path, 1000), ==, 0);
  assert_fails (model, "model.gguf|bytes are missing");
  assert_fails (model, "model.gguf|bytes are missing");
}

static void
test_a_file_written_over_is_an_error (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16");
  g_autoptr (L4Llama) model = load_tight (path);
  int fd = open (path, O_WRONLY);

  g_assert_cmpint (futimens (fd, (const struct timespec[]) { {1, 0}, {1, 0} }), ==, 0);
  g_assert_cmpint (pwrite (fd, "x", 1, 5000), ==, 1);
  g_assert_cmpint (futimens (fd, (const struct timespec[]) { {2, 0}, {2, 0} }), ==, 0);
  close (fd);
  assert_fails (model, "model.gguf|changed");
}

/* What was opened is what is read, whatever stands under its name by now. */
static void
test_a_file_that_another_took_the_place_of_is_read_on (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16");
  g_autoptr (L4Llama) model = load_tight (path), read = load (path, L4_LOAD_READ, 0, NULL);
  g_autofree float *logits = new_logits (model), *expected = new_logits (model);
  g_autoptr (GError) error = NULL;

  g_free (folder_write (folder, "model.gguf", "another", -1));
  converse (model, 0, logits, &error);
  g_assert_no_error (error);
  g_assert_true (converse (read, 0, expected, NULL));
  assert_same (model, logits, expected);
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
  g_test_add_func ("/streamed/a-bad-sector-fails-only-those-who-need-it", test_a_bad_sector_fails_only_those_who_need_it);
  g_test_add_func ("/streamed/a-bad-sector-spares-prompts-across-chunks", test_a_bad_sector_spares_prompts_across_chunks);
  g_test_add_func ("/streamed/what-does-not-fit-is-streamed-by-itself", test_what_does_not_fit_is_streamed_by_itself);
  g_test_add_func ("/streamed/too-small-a-limit-names-one-that-is-enough", test_too_small_a_limit_names_one_that_is_enough);
  g_test_add_func ("/streamed/caches-and-experts-share-the-memory", test_caches_and_experts_share_the_memory);
  g_test_add_func ("/streamed/a-model-without-experts-is-read", test_a_model_without_experts_is_read);
  g_test_add_func ("/streamed/a-file-cut-short-is-an-error", test_a_file_cut_short_is_an_error);
  g_test_add_func ("/streamed/a-file-written-over-is-an-error", test_a_file_written_over_is_an_error);
  g_test_add_func ("/streamed/a-file-that-another-took-the-place-of-is-read-on",
      test_a_file_that_another_took_the_place_of_is_read_on);
  return g_test_run ();
}
