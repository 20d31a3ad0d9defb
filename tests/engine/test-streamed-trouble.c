/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models whose experts are streamed fail with one error when their file cannot be read, and fail nobody else. */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compute/compute-private.h"
#include "streamed.h"

/* A bad sector ----------------------------------------------------------------------------------------------------------- */

static struct
{
  off_t first, last;            /* bytes of the file that cannot be read; none if equal */
  gint stalled;                 /* no byte comes until it is unset */
} sector;

/* In the place of the C library's. */
ssize_t
pread (int fd, void *to, size_t count, off_t offset)
{
  if (offset < sector.last && offset + (off_t) count > sector.first) {
    errno = EIO;
    return -1;
  }
  while (g_atomic_int_get (&sector.stalled))
    g_usleep (1000);
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
  GCancellable *cancellable;
  guint n_together;
  gboolean good;
  GError *error;
} Turn;

static gpointer
take_turn (gpointer data)
{
  Turn *self = data;

  if (self->n > L4_STEP_TOKENS) {
    self->good = l4_prefill_run (self->model->prefill, self->cache, self->h, self->n, self->logits, &self->n_together, self->cancellable,
        &self->error);
  } else {
    self->good = l4_batch_step (self->model->batch, self->cache, self->h, self->n, self->logits, &self->n_together, self->cancellable,
        &self->error);
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
    turns[i] = (Turn) { model, n, l4_cache_new (model->compute, text, FALSE, before + n, NULL), NULL, g_new0 (float, text->vocab) };
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

/* A disk that stalls ------------------------------------------------------------------------------------------------------- */

#define STALLS (20 * G_TIME_SPAN_SECOND)        /* for so long, until that is an error */

/* Turns of n tokens. The first waits until the others have gathered behind it, and ends before it needs an expert; then the disk stalls, and
 * the others, which have one cancellable, are cancelled. */
static void
cancel_turns (const L4Llama *model, guint n)
{
  g_autoptr (GCancellable) own = g_cancellable_new (), common = g_cancellable_new ();
  GThread *threads[TOGETHER];
  Turn turns[TOGETHER];
  gint64 begun;

  turns_init (turns, model, 0, n);
  for (guint i = 0; n <= L4_STEP_TOKENS && i < TOGETHER; i++)
    l4_batch_join (model->batch);
  g_rec_mutex_lock (&model->compute->lock);
  for (guint i = 0; i < TOGETHER; i++) {
    turns[i].cancellable = i == 0 ? own : common;
    threads[i] = g_thread_new ("turn", take_turn, &turns[i]);
    g_usleep (i == 0 ? 50 * 1000 : 0);
  }
  g_usleep (50 * 1000);
  g_atomic_int_set (&sector.stalled, TRUE);
  g_cancellable_cancel (own);
  g_rec_mutex_unlock (&model->compute->lock);
  g_thread_join (threads[0]);
  g_usleep (50 * 1000);
  begun = g_get_monotonic_time ();
  g_cancellable_cancel (common);
  for (guint i = 1; i < TOGETHER; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, STALLS / 2);
  g_atomic_int_set (&sector.stalled, FALSE);
  for (guint i = 0; i < TOGETHER; i++)
    g_assert_error (turns[i].error, L4_ERROR, L4_ERROR_CANCELLED);
  turns_clear (turns);
}

static void
test_conversations_of_one_element_are_cancelled_while_the_disk_stalls (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16");
  g_autoptr (L4Llama) model = load_tight (path);

  l4_stream_set_patience (model->stream, STALLS);
  cancel_turns (model, 1);
  cancel_turns (model, L4_STEP_TOKENS + 1);
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
  g_test_add_func ("/streamed-trouble/a-bad-sector-fails-only-those-who-need-it", test_a_bad_sector_fails_only_those_who_need_it);
  g_test_add_func ("/streamed-trouble/a-bad-sector-spares-prompts-across-chunks", test_a_bad_sector_spares_prompts_across_chunks);
  g_test_add_func ("/streamed-trouble/conversations-of-one-element-are-cancelled-while-the-disk-stalls",
      test_conversations_of_one_element_are_cancelled_while_the_disk_stalls);
  g_test_add_func ("/streamed-trouble/a-file-cut-short-is-an-error", test_a_file_cut_short_is_an_error);
  g_test_add_func ("/streamed-trouble/a-file-written-over-is-an-error", test_a_file_written_over_is_an_error);
  g_test_add_func ("/streamed-trouble/a-file-that-another-took-the-place-of-is-read-on",
      test_a_file_that_another_took_the_place_of_is_read_on);
  return g_test_run ();
}
