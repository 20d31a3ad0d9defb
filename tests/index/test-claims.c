/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several processes at one index: who describes a film, and what a kill leaves. LLAMA4_TEST_WORKER is the program worker. */

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define N_WINDOWS 400           /* of a film: more than are written before a kill */
#define N_SHARED 40             /* of one that two runs want */

typedef struct
{
  GSubprocess *process;
  GDataInputStream *out;
} Worker;

static Worker
worker_new_for (const Place *place, const char *what, gint64 video, gint64 run, guint n_windows)
{
  g_autofree char *first = g_strdup_printf ("%" G_GINT64_FORMAT, video), *second = g_strdup_printf ("%" G_GINT64_FORMAT, run);
  g_autofree char *third = g_strdup_printf ("%u", n_windows);
  const char *const argv[] = { g_getenv ("LLAMA4_TEST_WORKER"), place->where, what, first, second, third, NULL };
  g_autoptr (GError) error = NULL;
  Worker self = { g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error) };

  g_assert_no_error (error);
  self.out = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self.process));
  return self;
}

static Worker
worker_new (const Place *place, const char *what, gint64 video, gint64 run)
{
  return worker_new_for (place, what, video, run, N_WINDOWS);
}

/* The next line that it says; NULL: it has ended. (transfer full) */
static char *
worker_hear (Worker *self)
{
  return g_data_input_stream_read_line (self->out, NULL, NULL, NULL);
}

static void
worker_clear (Worker *self)
{
  if (self->process == NULL)
    return;
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->out);
  g_clear_object (&self->process);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Worker, worker_clear)

static void
assert_hears (Worker *self, const char *expected)
{
  g_autofree char *line = worker_hear (self);

  g_assert_cmpstr (line, ==, expected);
}

static gboolean
claim (L4Index *index, gint64 video, gint64 run)
{
  g_autoptr (GError) error = NULL;
  gboolean taken;

  l4_index_claim (index, video, run, &taken, &error);
  g_assert_no_error (error);
  return taken;
}

/* Claims ------------------------------------------------------------------------------------------------------------------------ */

static void
test_a_film_is_described_by_one_process_at_a_time (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), other = add_run (index, "b"), video = add_video (index, "/a.mkv", "1-a");
  g_auto (Worker) first = worker_new (place, "claim", video, run), second = { 0 };
  L4IndexWindow window = { .video = video, .run = run, .end = SECOND, .text = (char *) "Text." };
  g_autoptr (GError) error = NULL;

  assert_hears (&first, "taken");
  second = worker_new (place, "claim", video, run);
  assert_hears (&second, "refused");
  g_assert_false (claim (index, video, run));
  g_assert_true (claim (index, video, other));
  g_assert_false (l4_index_put_window (index, &window, &error));
  assert_says (error, "another program");
  g_assert_false (l4_index_settle (index, video, run, L4_INDEX_DONE, NULL, NULL));
  g_assert_false (l4_index_forget (index, video, run, NULL));
  g_assert_false (l4_index_remove_video (index, video, NULL));
}

static void
test_a_film_that_is_described_again_is_in_the_same_hands (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), video = add_video (index, "/a.mkv", "1-a"), again;
  g_auto (Worker) worker = { 0 };
  L4IndexWindow window = { .video = video, .run = run, .end = SECOND, .text = (char *) "Text." };

  g_assert_true (l4_index_put_again (index, run, &again, NULL));
  worker = worker_new (place, "claim", video, again);
  assert_hears (&worker, "taken");
  for (guint i = 0; i < 2; i++, window.run = again) {
    g_autoptr (GError) error = NULL;

    g_assert_false (claim (index, video, window.run));
    g_assert_false (l4_index_put_window (index, &window, &error));
    assert_says (error, "another program");
    g_assert_false (l4_index_settle (index, video, window.run, L4_INDEX_DONE, NULL, NULL));
  }
  worker_clear (&worker);
  g_assert_true (claim (index, video, run));
  window.run = again;
  g_assert_true (l4_index_put_window (index, &window, NULL));
  g_assert_true (l4_index_settle (index, video, again, L4_INDEX_DONE, NULL, NULL));
  worker = worker_new (place, "claim", video, run);
  assert_hears (&worker, "taken");
}

static void
test_a_film_that_was_settled_is_free (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), video = add_video (index, "/a.mkv", "1-a");
  g_auto (Worker) worker = { 0 };

  g_assert_true (claim (index, video, run));
  g_assert_true (claim (index, video, run));    /* it is this process's already */
  g_assert_true (l4_index_settle (index, video, run, L4_INDEX_BEGUN, NULL, NULL));
  worker = worker_new (place, "claim", video, run);
  assert_hears (&worker, "taken");
}

/* The process is killed, but nobody has asked after it yet. */
static void
test_what_a_killed_process_had_is_taken_over_at_once (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), video = add_video (index, "/a.mkv", "1-a");
  g_auto (Worker) worker = worker_new (place, "claim", video, run);

  assert_hears (&worker, "taken");
  g_assert_false (claim (index, video, run));
  g_subprocess_send_signal (worker.process, SIGKILL);
  g_subprocess_wait (worker.process, NULL, NULL);
  g_assert_true (claim (index, video, run));
}

static void
run_sql (const Place *place, const char *sqlite, const char *postgres)
{
  g_free (place_query (place, place_get_server () == NULL ? sqlite : postgres));
}

static void
assert_lost (L4Index *index, gint64 video, gint64 run)
{
  L4IndexWindow window = { .video = video, .run = run, .start = SECOND, .end = 2 * SECOND, .text = (char *) "Text." };
  g_autoptr (GError) error = NULL, other = NULL;

  g_assert_false (l4_index_put_window (index, &window, &error));
  g_assert_error (error, L4_INDEX_ERROR, L4_INDEX_ERROR_TAKEN);
  g_assert_false (l4_index_forget (index, video, run, &other));
  g_assert_error (other, L4_INDEX_ERROR, L4_INDEX_ERROR_TAKEN);
}

/* Another machine took over what was not heard of for long, and has done it meanwhile. */
static void
test_what_was_taken_over_is_lost_though_it_was_given_back (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place), other = open_index (place);
  gint64 run = add_run (index, "a"), video = add_video (index, "/a.mkv", "1-a");
  g_auto (L4IndexProgress) progress = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (claim (index, video, run));
  add_window (index, video, run, 0, "Text.");
  run_sql (place, "UPDATE claims SET host = 'elsewhere'", "UPDATE llama4.claims SET host = 'elsewhere'");
  assert_lost (index, video, run);
  g_assert_false (l4_index_settle (index, video, run, L4_INDEX_DONE, NULL, &error));
  g_assert_error (error, L4_INDEX_ERROR, L4_INDEX_ERROR_TAKEN);
  run_sql (place, "DELETE FROM claims", "DELETE FROM llama4.claims");
  add_window (other, video, run, 4, "Theirs.");
  g_assert_true (l4_index_settle (other, video, run, L4_INDEX_DONE, NULL, NULL));
  assert_lost (index, video, run);
  g_assert_true (l4_index_settle (index, video, run, L4_INDEX_FAILED, "what was thought of it here", NULL));
  g_assert_true (l4_index_get_progress (index, video, run, &progress, NULL));
  g_assert_cmpint (progress.state, ==, L4_INDEX_DONE);
  g_assert_true (claim (index, video, run));
  add_window (index, video, run, 8, "Once more.");
}

static void
test_a_process_that_stands_still_keeps_its_film (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), video = add_video (index, "/a.mkv", "1-a");
  g_auto (Worker) worker = worker_new (place, "claim", video, run);
  g_autofree char *none = NULL;

  assert_hears (&worker, "taken");
  g_subprocess_send_signal (worker.process, SIGSTOP);
  none = place_query (place, place_get_server () == NULL ? "UPDATE claims SET renewed = 0" : "UPDATE llama4.claims SET renewed = 0");
  g_assert_false (claim (index, video, run));
}

/* A process of another machine is known by its signs of life alone; age in seconds. */
static gboolean
claim_from_elsewhere (double age)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), video = add_video (index, "/a.mkv", "1-a");
  g_auto (Worker) worker = worker_new (place, "claim", video, run);
  g_autofree char *sql = g_strdup_printf ("UPDATE %sclaims SET host = 'elsewhere', renewed = %" G_GINT64_FORMAT,
      place_get_server () == NULL ? "" : "llama4.", g_get_real_time () - (gint64) (age * G_USEC_PER_SEC)), *none = NULL;

  assert_hears (&worker, "taken");
  none = place_query (place, sql);
  return claim (index, video, run);
}

static void
test_who_is_not_heard_of_for_a_minute_has_lost_it (void)
{
  g_assert_false (claim_from_elsewhere (0));
  g_assert_false (claim_from_elsewhere (30));
  g_assert_true (claim_from_elsewhere (90));
  g_assert_false (claim_from_elsewhere (-30));
  g_assert_true (claim_from_elsewhere (-3600)); /* its clock, or ours, was wrong */
}

/* It has nothing to do with the film meanwhile: a thread of its own renews what it claimed. */
static void
test_signs_of_life_come_by_themselves (void)
{
  const char *sql = place_get_server () == NULL ? "SELECT renewed FROM claims" : "SELECT renewed FROM llama4.claims";
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  g_auto (Worker) worker = worker_new (place, "claim", add_video (index, "/a.mkv", "1-a"), add_run (index, "a"));
  g_autofree char *first = NULL, *now = NULL;

  assert_hears (&worker, "taken");
  first = place_query (place, sql);
  for (guint i = 0; i < 50 && (now == NULL || strcmp (first, now) == 0); i++) {
    g_usleep (G_USEC_PER_SEC);
    g_free (now);
    now = place_query (place, sql);
  }
  g_assert_cmpint (g_ascii_strtoll (now, NULL, 10), >, g_ascii_strtoll (first, NULL, 10));
}

/* Two that begin the same films at the same moment: each film is one's. */
static void
test_two_runs_share_the_films (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a");

  for (guint i = 0; i < 6; i++) {
    g_autofree char *path = g_strdup_printf ("/%u.mkv", i), *key = g_strdup_printf ("1-%u", i);
    gint64 video = add_video (index, path, key);
    g_auto (Worker) first = worker_new_for (place, "write", video, run, N_SHARED);
    g_auto (Worker) second = worker_new_for (place, "write", video, run, N_SHARED);
    g_autofree char *one = worker_hear (&first), *other = worker_hear (&second);
    g_autoptr (GPtrArray) windows = NULL;
    guint n = 0;

    g_assert_true ((g_strcmp0 (one, "0") == 0) + (g_strcmp0 (other, "0") == 0) >= 1);
    for (Worker *worker = &first;; worker = &second) {
      g_autofree char *line = NULL;

      while (g_free (line), (line = worker_hear (worker)) != NULL)
        n += *line != 'd';
      if (worker == &second)
        break;
    }
    n += (g_strcmp0 (one, "0") == 0) + (g_strcmp0 (other, "0") == 0);
    g_assert_cmpuint (n, ==, N_SHARED);
    windows = l4_index_list_windows (index, video, run, FALSE, NULL);
    g_assert_cmpuint (windows->len, ==, N_SHARED);
  }
}

/* One makes the schema, the others wait and find it. */
static void
test_an_index_is_made_once_whoever_comes (void)
{
  for (guint i = 0; i < 3; i++) {
    g_autoptr (Place) place = place_new ();
    Worker workers[4];

    for (guint j = 0; j < G_N_ELEMENTS (workers); j++)
      workers[j] = worker_new (place, "open", 0, 0);
    for (guint j = 0; j < G_N_ELEMENTS (workers); j++) {
      assert_hears (&workers[j], "opened");
      worker_clear (&workers[j]);
    }
  }
}

/* Kills ------------------------------------------------------------------------------------------------------------------------- */

static void
assert_intact (const Place *place)
{
  g_autofree char *check = NULL, *text = NULL;

  if (place_get_server () != NULL)
    return;
  check = place_query (place, "PRAGMA integrity_check");
  text = place_query (place, "INSERT INTO sentences (sentences, rank) VALUES ('integrity-check', 1)");
  g_assert_cmpstr (check, ==, "ok");
}

/* What was reported is there, in order, once. */
static guint64
assert_kept (const Place *place, gint64 video, gint64 run, guint64 reported)
{
  g_autoptr (L4Index) index = open_index (place);
  g_autoptr (GPtrArray) windows = l4_index_list_windows (index, video, run, FALSE, NULL);

  g_assert_cmpuint (windows->len, >=, reported);
  g_assert_cmpuint (windows->len, <=, MIN (reported + 1, N_WINDOWS));
  for (guint i = 0; i < windows->len; i++) {
    g_autofree char *text = g_strdup_printf ("Window %u shows a red circle.", i);

    g_assert_cmpuint (((L4IndexWindow *) windows->pdata[i])->start, ==, i * 4 * SECOND);
    g_assert_cmpstr (((L4IndexWindow *) windows->pdata[i])->text, ==, text);
  }
  return windows->len;
}

/* Lets a worker go on with the film and kills it at a random moment. TRUE: it was done before that. */
static gboolean
write_and_kill (const Place *place, gint64 video, gint64 run, guint64 *n_windows, gboolean *was_killed)
{
  g_auto (Worker) worker = worker_new (place, "write", video, run);
  g_autofree char *line = NULL;
  gboolean done = FALSE;

  if (g_test_rand_bit () && (line = worker_hear (&worker)) != NULL && *line != 'd')     /* it is at work; else it may just begin */
    *n_windows = g_ascii_strtoull (line, NULL, 10) + 1;
  g_usleep (g_test_rand_int_range (0, 40000));
  g_subprocess_send_signal (worker.process, SIGKILL);
  g_subprocess_wait (worker.process, NULL, NULL);
  *was_killed = g_subprocess_get_if_signaled (worker.process);
  done = g_strcmp0 (line, "done") == 0;
  while (g_free (line), (line = worker_hear (&worker)) != NULL)
    if (strcmp (line, "done") == 0)
      done = TRUE;
    else
      *n_windows = g_ascii_strtoull (line, NULL, 10) + 1;
  g_assert_true (*was_killed || done);
  return done;
}

/* How many: LLAMA4_TEST_KILLS. */
static void
test_nothing_committed_is_lost_by_kills (void)
{
  guint kills = g_getenv ("LLAMA4_TEST_KILLS") != NULL ? atoi (g_getenv ("LLAMA4_TEST_KILLS")) : 30, killed = 0, n_films = 0;
  g_autoptr (Place) place = place_new ();
  gint64 run, video = 0;
  guint64 n_windows = 0;
  gboolean done = TRUE;
  {
    g_autoptr (L4Index) index = open_index (place);

    run = add_run (index, "m");
  }

  while (killed < kills) {
    gboolean was_killed;

    if (done) {
      g_autoptr (L4Index) index = open_index (place);
      g_autofree char *path = g_strdup_printf ("/films/%u.mkv", ++n_films), *key = g_strdup_printf ("1-%u", n_films);

      video = add_video (index, path, key);
      n_windows = 0;
    }
    done = write_and_kill (place, video, run, &n_windows, &was_killed);
    killed += was_killed;
    n_windows = assert_kept (place, video, run, n_windows);
    if (killed % 25 == 0)
      assert_intact (place);
  }
  assert_intact (place);
  g_test_message ("%u kills, %u films", killed, n_films);
}

static void
test_who_is_in_a_hurry_waits_little_for_a_locked_index (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "m"), video = add_video (index, "/a.mkv", "1-a"), begun;
  PlaceLock *lock = place_lock (place);
  g_autoptr (GError) error = NULL;

  g_assert_true (l4_index_hurry (index, &error));
  begun = g_get_monotonic_time ();
  g_assert_false (l4_index_remove_video (index, video, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, "another program keeps the index locked");
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 15 * G_USEC_PER_SEC);
  place_unlock (lock);
  add_window (index, video, run, 0, "It is free again.");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/claims/a-film-is-described-by-one-process-at-a-time", test_a_film_is_described_by_one_process_at_a_time);
  g_test_add_func ("/claims/a-film-that-is-described-again-is-in-the-same-hands", test_a_film_that_is_described_again_is_in_the_same_hands);
  g_test_add_func ("/claims/a-film-that-was-settled-is-free", test_a_film_that_was_settled_is_free);
  g_test_add_func ("/claims/what-a-killed-process-had-is-taken-over-at-once", test_what_a_killed_process_had_is_taken_over_at_once);
  g_test_add_func ("/claims/what-was-taken-over-is-lost-though-it-was-given-back", test_what_was_taken_over_is_lost_though_it_was_given_back);
  g_test_add_func ("/claims/a-process-that-stands-still-keeps-its-film", test_a_process_that_stands_still_keeps_its_film);
  g_test_add_func ("/claims/who-is-not-heard-of-for-a-minute-has-lost-it", test_who_is_not_heard_of_for_a_minute_has_lost_it);
  g_test_add_func ("/claims/signs-of-life-come-by-themselves", test_signs_of_life_come_by_themselves);
  g_test_add_func ("/claims/two-runs-share-the-films", test_two_runs_share_the_films);
  g_test_add_func ("/claims/an-index-is-made-once-whoever-comes", test_an_index_is_made_once_whoever_comes);
  g_test_add_func ("/kills/nothing-committed-is-lost", test_nothing_committed_is_lost_by_kills);
  g_test_add_func ("/claims/who-is-in-a-hurry-waits-little-for-a-locked-index", test_who_is_in_a_hurry_waits_little_for_a_locked_index);
  return g_test_run ();
}
