/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an index keeps, in every kind of database. */

#include "fixture.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

static const char record[] = "{\"start\":0,\"end\":4000000000,\"frames\":[0,1333333333,3966666666],\"text\":\"A red circle moves.\","
    "\"model\":{\"name\":\"m\",\"digest\":\"d\",\"quantization\":\"q\"},\"prompt_digest\":\"p\",\"tokens\":{\"prompt\":700,\"generated\":9},"
    "\"ms\":{\"queue\":0.5,\"vision\":20.25,\"prefill\":30.0,\"decode\":40.125},\"finish\":\"stop\"}";

static void
test_what_was_put_comes_back (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  g_autoptr (GBytes) picture = g_bytes_new_static ("\377\330\0\1'\\picture", 12);
  gint64 run = add_run (index, "scout"), video = add_video (index, "/films/a.mkv", "1000-aa");
  L4IndexWindow window = { .video = video, .run = run, .start = 0, .end = 4 * SECOND, .text = (char *) "A red circle moves.",
                           .record = (char *) record, .thumbnail = picture };
  g_autoptr (GPtrArray) windows = NULL;
  g_autoptr (L4IndexVideo) found = NULL;
  g_autoptr (GError) error = NULL;
  const L4IndexWindow *back;
  guint64 bytes;

  g_assert_true (l4_index_put_window (index, &window, &error));
  add_window (index, video, run, 4, "It stands still.");
  g_clear_pointer (&index, l4_index_close);
  index = l4_index_open (place->where, L4_INDEX_READ, &error);
  g_assert_no_error (error);

  found = l4_index_find_path (index, "/films/a.mkv", &error);
  g_assert_no_error (error);
  g_assert_cmpint (found->id, ==, video);
  g_assert_cmpstr (found->key, ==, "1000-aa");
  g_assert_cmpstr (found->container, ==, "matroska");
  g_assert_cmpstr (found->codec, ==, "h264");
  g_assert_cmpuint (found->size, ==, 1000);
  g_assert_cmpint (found->mtime, ==, 1700000000 * (gint64) SECOND);
  g_assert_cmpuint (found->width, ==, 320);
  g_assert_cmpuint (found->duration, ==, 60 * SECOND);
  windows = l4_index_list_windows (index, video, 0, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (windows->len, ==, 2);
  back = windows->pdata[0];
  g_assert_cmpint (back->id, ==, window.id);
  g_assert_cmpstr (back->text, ==, window.text);
  g_assert_cmpstr (back->record, ==, record);
  g_assert_true (g_bytes_equal (back->thumbnail, picture));
  g_assert_true (l4_index_measure_video (index, video, &bytes, &error));
  g_assert_cmpuint (bytes, ==, strlen (window.text) + strlen (record) + g_bytes_get_size (picture) + strlen ("It stands still."));
  back = windows->pdata[1];
  g_assert_cmpuint (back->start, ==, 4 * SECOND);
  g_assert_null (back->record);
  g_assert_null (back->thumbnail);
}

static void
assert_column (const Place *place, const char *column, const char *value)
{
  g_autofree char *sql = g_strdup_printf ("SELECT %s FROM %swindows", column, place_get_server () == NULL ? "" : "llama4.");
  g_autofree char *found = place_query (place, sql);

  g_assert_cmpstr (found, ==, value);
}

static void
test_a_record_fills_the_columns (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  L4IndexWindow window = { .video = add_video (index, "/a.mkv", "1-a"), .run = add_run (index, "m"), .end = 4 * SECOND,
                           .text = (char *) "A red circle moves.", .record = (char *) record };

  g_assert_true (l4_index_put_window (index, &window, NULL));
  assert_column (place, "frames", "[0,1333333333,3966666666]");
  assert_column (place, "finish", "stop");
  assert_column (place, "prompt_tokens", "700");
  assert_column (place, "generated_tokens", "9");
  assert_column (place, "vision_ms", "20.25");
  assert_column (place, "decode_ms", "40.125");
}

/* Of the newest 200; what another program put there without times counts for nothing. */
static void
test_the_time_of_a_window_is_measured_by_the_newest (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), other = add_run (index, "b"), video = add_video (index, "/a.mkv", "1-a");
  gboolean is_file = place_get_server () == NULL;
  g_autofree char *sql = g_strdup_printf ("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 210) INSERT INTO "
      "%swindows (video, run, start, \"end\", text, queue_ms, vision_ms, prefill_ms, decode_ms%s) SELECT %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
      ", i * 1000, i * 1000 + 1000, 'Text.', 9000, 500, CASE WHEN i <= 10 THEN 700000 ELSE 499 END, 1000.5%s FROM n ORDER BY i",
      is_file ? "" : "llama4.", is_file ? "" : ", words", video, run, is_file ? "" : ", ''::tsvector");
  double seconds = 1;

  g_assert_true (l4_index_measure (index, run, &seconds, NULL));
  g_assert_cmpfloat (seconds, ==, 0);
  place_execute (place, sql);
  add_window (index, video, run, 300, "Of a program that keeps no time.");
  add_window (index, video, other, 0, "Of another run.");
  g_assert_true (l4_index_measure (index, run, &seconds, NULL));
  g_assert_cmpfloat_with_epsilon (seconds, 1.9995, 1e-9);
  g_assert_true (l4_index_measure (index, other, &seconds, NULL));
  g_assert_cmpfloat (seconds, ==, 0);
}

static void
test_a_file_that_was_written_is_known_by_its_content (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gboolean has = TRUE;

  g_assert_true (l4_index_has_written (index, "e3b0", &has, NULL));
  g_assert_false (has);
  for (guint i = 0; i < 2; i++)
    g_assert_true (l4_index_put_written (index, "e3b0", NULL));
  g_assert_true (l4_index_has_written (index, "e3b0", &has, NULL));
  g_assert_true (has);
  g_assert_true (l4_index_has_written (index, "e3b1", &has, NULL));
  g_assert_false (has);
}

static void
test_a_run_is_known_again (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 first = add_run (index, "scout"), other = add_run (index, "maverick");
  g_autoptr (GPtrArray) runs = NULL;
  const L4IndexRun *run;

  g_assert_cmpint (add_run (index, "scout"), ==, first);
  g_assert_cmpint (other, >, first);
  runs = l4_index_list_runs (index, NULL);
  g_assert_cmpuint (runs->len, ==, 2);
  run = runs->pdata[1];
  g_assert_cmpint (run->id, ==, other);
  g_assert_cmpstr (run->model_name, ==, "maverick");
  g_assert_cmpstr (run->model_digest, ==, "sha256:maverick");
  g_assert_cmpstr (run->quantization, ==, "bf16");
  g_assert_cmpstr (run->prompt_digest, ==, "sha256:of the prompt");
  g_assert_cmpstr (run->settings, ==, "{\"frames\":4}");
  g_assert_cmpstr (run->version, ==, "0.1.0");
  g_assert_cmpint (ABS (run->time - g_get_real_time ()), <, 600 * G_USEC_PER_SEC);
}

static void
test_paths_are_bytes (void)
{
  static const char *const paths[] = {
    "/a/caf\351 \200.mp4", "/a/line\nend.mp4", "/a/'; DROP TABLE videos; --.mp4", "/a/100%25 %s%n\".mp4", "/a/\\x41\\.mp4", "/-rf", "/a/\177\001.mp4"
  };
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  g_autoptr (GPtrArray) all = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autofree char *key = g_strdup_printf ("1-%u", i);
    gint64 video = add_video (index, paths[i], key);
    g_autoptr (L4IndexVideo) found = l4_index_find_path (index, paths[i], NULL);

    g_assert_cmpint (found->id, ==, video);
    g_assert_cmpstr (found->path, ==, paths[i]);
  }
  all = l4_index_list_videos (index, NULL);
  g_assert_cmpuint (all->len, ==, G_N_ELEMENTS (paths));
  for (guint i = 1; i < all->len; i++)
    g_assert_cmpstr (((L4IndexVideo *) all->pdata[i - 1])->path, <, ((L4IndexVideo *) all->pdata[i])->path);
}

static void
test_a_moved_film_is_the_same_and_another_takes_its_place (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 film = add_video (index, "/a.mkv", "1-film");
  g_autoptr (L4IndexVideo) moved = NULL, lost = NULL, gone = NULL, here = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (add_video (index, "/b.mkv", "1-film"), ==, film);
  moved = l4_index_find_path (index, "/b.mkv", NULL);
  g_assert_cmpint (moved->id, ==, film);
  gone = l4_index_find_path (index, "/a.mkv", &error);
  g_assert_no_error (error);
  g_assert_null (gone);
  g_assert_cmpint (add_video (index, "/b.mkv", "1-other"), !=, film);
  lost = l4_index_find_key (index, "1-film", NULL);
  g_assert_null (lost->path);
  here = l4_index_find_path (index, "/b.mkv", NULL);
  g_assert_cmpstr (here->key, ==, "1-other");
}

static void
test_what_is_not_known_now_stays_as_it_was (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  L4IndexVideo bare = { .path = (char *) "/a.mkv", .key = (char *) "1-film", .size = 1 };
  g_autoptr (L4IndexVideo) found = NULL;

  add_video (index, "/a.mkv", "1-film");
  g_assert_true (l4_index_put_video (index, &bare, NULL));
  found = l4_index_find_key (index, "1-film", NULL);
  g_assert_cmpuint (found->size, ==, 1);
  g_assert_cmpstr (found->codec, ==, "h264");
  g_assert_cmpuint (found->height, ==, 240);
  g_assert_cmpuint (found->duration, ==, 60 * SECOND);
}

static void
assert_progress (L4Index *index, gint64 video, gint64 run, L4IndexState state, guint64 n_windows, guint64 seconds, const char *reason)
{
  g_auto (L4IndexProgress) progress = { 0 };

  g_assert_true (l4_index_get_progress (index, video, run, &progress, NULL));
  g_assert_cmpint (progress.state, ==, state);
  g_assert_cmpuint (progress.n_windows, ==, n_windows);
  g_assert_cmpuint (progress.next, ==, seconds * SECOND);
  g_assert_cmpstr (progress.reason, ==, reason);
}

static void
test_progress_is_of_a_film_and_a_run (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), other = add_run (index, "b"), video = add_video (index, "/a.mkv", "1-a");

  assert_progress (index, video, run, L4_INDEX_UNTOUCHED, 0, 0, NULL);
  add_window (index, video, run, 0, "One.");
  add_window (index, video, run, 4, "Two.");
  assert_progress (index, video, run, L4_INDEX_BEGUN, 2, 8, NULL);
  assert_progress (index, video, other, L4_INDEX_UNTOUCHED, 0, 0, NULL);
  g_assert_true (l4_index_settle (index, video, run, L4_INDEX_DONE, NULL, NULL));
  g_assert_true (l4_index_settle (index, video, other, L4_INDEX_FAILED, "it is\nbroken", NULL));
  assert_progress (index, video, run, L4_INDEX_DONE, 2, 8, NULL);
  assert_progress (index, video, other, L4_INDEX_FAILED, 0, 0, "it is broken");
  add_window (index, video, other, 0, "After all.");
  assert_progress (index, video, other, L4_INDEX_BEGUN, 1, 4, NULL);
}

static void
test_a_window_is_there_once (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), video = add_video (index, "/a.mkv", "1-a"), first = add_window (index, video, run, 0, "One.");
  g_autoptr (GPtrArray) windows = NULL;

  add_window (index, video, run, 4, "Two.");
  g_assert_cmpint (add_window (index, video, run, 0, "Another."), ==, first);
  assert_progress (index, video, run, L4_INDEX_BEGUN, 2, 8, NULL);
  windows = l4_index_list_windows (index, video, run, FALSE, NULL);
  g_assert_cmpuint (windows->len, ==, 2);
  g_assert_cmpstr (((L4IndexWindow *) windows->pdata[0])->text, ==, "Another.");
}

static void
test_what_is_forgotten_is_gone_and_the_run_before_counts (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 old = add_run (index, "a"), new = add_run (index, "b"), video = add_video (index, "/a.mkv", "1-a");
  g_autoptr (GPtrArray) newest = NULL, windows = NULL;

  add_window (index, video, old, 0, "Old.");
  add_window (index, video, new, 0, "New.");
  newest = l4_index_list_windows (index, video, 0, FALSE, NULL);
  g_assert_cmpstr (((L4IndexWindow *) newest->pdata[0])->text, ==, "New.");
  g_assert_true (l4_index_forget (index, video, new, NULL));
  assert_progress (index, video, new, L4_INDEX_UNTOUCHED, 0, 0, NULL);
  windows = l4_index_list_windows (index, video, 0, FALSE, NULL);
  g_assert_cmpuint (windows->len, ==, 1);
  g_assert_cmpstr (((L4IndexWindow *) windows->pdata[0])->text, ==, "Old.");
}

/* The texts of a film that are searched, with blanks between. (transfer full) */
static char *
get_searched (L4Index *index, gint64 video)
{
  g_autoptr (GPtrArray) windows = l4_index_list_windows (index, video, 0, FALSE, NULL);
  GString *texts = g_string_new (NULL);

  for (guint i = 0; i < windows->len; i++)
    g_string_append_printf (texts, "%s%s", i > 0 ? " " : "", ((L4IndexWindow *) windows->pdata[i])->text);
  return g_string_free (texts, FALSE);
}

static void
assert_searched (L4Index *index, gint64 video, const char *expected)
{
  g_autofree char *texts = get_searched (index, video);

  g_assert_cmpstr (texts, ==, expected);
}

/* Of those that are not whole it is the one that came furthest; of whole ones the newest. */
static void
test_what_is_searched_is_a_whole_description (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 a = add_run (index, "a"), b = add_run (index, "b"), c = add_run (index, "c"), video = add_video (index, "/a.mkv", "1-a");

  add_window (index, video, a, 0, "A0");
  add_window (index, video, a, 4, "A1");
  add_window (index, video, b, 0, "B0");
  assert_searched (index, video, "A0 A1");
  add_window (index, video, b, 4, "B1");
  assert_searched (index, video, "B0 B1");
  g_assert_true (l4_index_settle (index, video, a, L4_INDEX_DONE, NULL, NULL));
  assert_searched (index, video, "A0 A1");
  add_window (index, video, b, 8, "B2");
  g_assert_true (l4_index_settle (index, video, b, L4_INDEX_FAILED, "no answer", NULL));
  assert_searched (index, video, "A0 A1");
  g_assert_true (l4_index_settle (index, video, b, L4_INDEX_DONE, NULL, NULL));
  assert_searched (index, video, "B0 B1 B2");
  add_window (index, video, c, 0, "C0");
  g_assert_true (l4_index_settle (index, video, a, L4_INDEX_DONE, NULL, NULL));
  assert_searched (index, video, "B0 B1 B2");
  g_assert_true (l4_index_forget (index, video, b, NULL));
  assert_searched (index, video, "A0 A1");
  g_assert_true (l4_index_forget (index, video, a, NULL));
  assert_searched (index, video, "C0");
  g_assert_true (l4_index_forget (index, video, c, NULL));
  assert_searched (index, video, "");
}

static void
test_what_is_described_again_takes_the_place_when_it_is_done (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), video = add_video (index, "/a.mkv", "1-a"), again = 1, same;
  g_autoptr (GPtrArray) runs = NULL;

  g_assert_true (l4_index_find_again (index, run, &again, NULL));
  g_assert_cmpint (again, ==, 0);
  g_assert_true (l4_index_put_again (index, run, &again, NULL));
  g_assert_true (l4_index_put_again (index, run, &same, NULL));
  g_assert_cmpint (same, ==, again);
  g_assert_true (l4_index_find_again (index, run, &same, NULL));
  g_assert_cmpint (same, ==, again);
  runs = l4_index_list_runs (index, NULL);
  g_assert_cmpuint (runs->len, ==, 1);

  add_window (index, video, run, 0, "Old0");
  add_window (index, video, run, 4, "Old1");
  g_assert_true (l4_index_settle (index, video, run, L4_INDEX_DONE, NULL, NULL));
  g_assert_true (l4_index_settle (index, video, again, L4_INDEX_BEGUN, NULL, NULL));    /* given back before the first window */
  assert_progress (index, video, again, L4_INDEX_UNTOUCHED, 0, 0, NULL);
  for (guint i = 0; i < 3; i++)
    add_window (index, video, again, 4 * i, "New");
  g_assert_true (l4_index_settle (index, video, again, L4_INDEX_BEGUN, NULL, NULL));
  assert_progress (index, video, again, L4_INDEX_BEGUN, 3, 12, NULL);
  g_assert_true (l4_index_settle (index, video, again, L4_INDEX_FAILED, "no answer", NULL));
  assert_progress (index, video, run, L4_INDEX_DONE, 2, 8, NULL);
  assert_searched (index, video, "Old0 Old1");
  for (guint i = 0; i < 2; i++) {       /* as when an answer was lost */
    g_assert_true (l4_index_settle (index, video, again, L4_INDEX_DONE, NULL, NULL));
    assert_progress (index, video, run, L4_INDEX_DONE, 3, 12, NULL);
    assert_progress (index, video, again, L4_INDEX_UNTOUCHED, 0, 0, NULL);
    assert_searched (index, video, "New New New");
  }
  assert_column (place, "count(*)", "3");
}

/* Whichever run was there first. */
static void
test_what_was_done_last_is_searched (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 first = add_run (index, "a"), second = add_run (index, "b"), video = add_video (index, "/a.mkv", "1-a"), again;

  add_window (index, video, first, 0, "First.");
  add_window (index, video, second, 0, "Second.");
  g_assert_true (l4_index_settle (index, video, second, L4_INDEX_DONE, NULL, NULL));
  g_assert_true (l4_index_settle (index, video, first, L4_INDEX_DONE, NULL, NULL));
  assert_searched (index, video, "First.");
  g_assert_true (l4_index_settle (index, video, second, L4_INDEX_DONE, NULL, NULL));    /* as it was */
  assert_searched (index, video, "First.");
  g_assert_true (l4_index_put_again (index, second, &again, NULL));
  add_window (index, video, again, 0, "Again.");
  g_assert_true (l4_index_settle (index, video, again, L4_INDEX_DONE, NULL, NULL));
  assert_searched (index, video, "Again.");
  add_window (index, video, second, 4, "More.");        /* it is not whole any more */
  assert_searched (index, video, "First.");
}

static void
assert_film (const Place *place, const char *key, const char *expected)
{
  g_autofree char *sql = g_strdup_printf ("SELECT COALESCE (state, '-') || ' ' || COALESCE (reason, '-') || ' ' || COALESCE (container, '-') || ' ' "
      "|| COALESCE (codec, '-') FROM %sfilms WHERE key = '%s'", place_get_server () == NULL ? "" : "llama4.", key);
  g_autofree char *found = place_query (place, sql);

  g_assert_cmpstr (found, ==, expected);
}

/* For who reads the index with SQL. */
static void
test_films_have_their_state_reason_and_facts_in_a_row (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), newer = add_run (index, "b"), video = add_video (index, "/a.mkv", "1-a"), other = add_video (index, "/b.mkv", "1-b");

  add_video (index, "/c.mkv", "1-c");
  add_window (index, video, run, 0, "Text.");
  g_assert_true (l4_index_settle (index, video, run, L4_INDEX_DONE, NULL, NULL));
  g_assert_true (l4_index_settle (index, video, newer, L4_INDEX_FAILED, "broken", NULL));
  g_assert_true (l4_index_settle (index, other, run, L4_INDEX_FAILED, "empty", NULL));
  g_assert_true (l4_index_settle (index, other, newer, L4_INDEX_FAILED, "empty still", NULL));
  assert_film (place, "1-a", "done - matroska h264");
  assert_film (place, "1-b", "failed empty still matroska h264");
  assert_film (place, "1-c", "- - matroska h264");
}

static void
test_a_removed_film_leaves_nothing (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), video = add_video (index, "/a.mkv", "1-a"), stays = add_video (index, "/b.mkv", "1-b");
  g_autoptr (GPtrArray) videos = NULL, windows = NULL;

  add_window (index, video, run, 0, "Gone.");
  add_window (index, stays, run, 0, "Here.");
  g_assert_true (l4_index_remove_video (index, video, NULL));
  g_assert_true (l4_index_remove_video (index, video, NULL));   /* as when an answer was lost */
  videos = l4_index_list_videos (index, NULL);
  g_assert_cmpuint (videos->len, ==, 1);
  assert_column (place, "count(*)", "1");
}

static void
test_what_no_index_can_hold_is_refused (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), id = add_video (index, "/a.mkv", "1-a");
  L4IndexVideo video = { .path = (char *) "/b.mkv", .key = (char *) "1-b", .size = G_MAXUINT64 };
  L4IndexWindow window = { .video = id, .run = run, .start = 0, .end = G_MAXUINT64, .text = (char *) "Long." };
  static const char *const records[] = {
    "", "no JSON", "[]", "1", "{\"frames\":1}", "{\"frames\":[-1]}", "{\"frames\":[18446744073709551615]}", "{\"tokens\":{\"prompt\":1e30}}",
    "{\"ms\":{\"queue\":\"long\"}}", "{} {}", "{\"text\":\"\377\"}", "{\"tokens\":{\"generated\":9223372036854775808}}"
  };
  g_autoptr (GError) error = NULL;

  g_assert_false (l4_index_put_video (index, &video, &error));
  assert_says (error, "18446744073709551615");
  g_clear_error (&error);
  g_assert_false (l4_index_put_window (index, &window, &error));
  assert_says (error, "18446744073709551615");
  window.end = 4 * SECOND;
  for (guint i = 0; i < G_N_ELEMENTS (records); i++) {
    g_clear_error (&error);
    window.record = (char *) records[i];
    g_assert_false (l4_index_put_window (index, &window, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);   /* the index itself is whole */
    assert_says (error, "record of a window");
  }
  window.record = NULL;
  window.run = 77;
  g_clear_error (&error);
  g_assert_false (l4_index_put_window (index, &window, &error));
  window.run = run;
  window.video = 77;
  g_clear_error (&error);
  g_assert_false (l4_index_put_window (index, &window, &error));
  assert_says (error, "77");
  assert_progress (index, id, run, L4_INDEX_UNTOUCHED, 0, 0, NULL);
}

static void
test_text_becomes_one_safe_line (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "a"), video = add_video (index, "/a.mkv", "1-a");
  static const char *const texts[][2] = {
    {"two\nlines\033[2J", "two lines[2J"}, {"not UTF-8: \377.", "not UTF-8: \357\277\275."}, {"", ""},
    {"'; DROP TABLE windows; --", "'; DROP TABLE windows; --"}, {"<script>alert(1)</script>", "<script>alert(1)</script>"},
    {"\356\200\200marks\356\200\201 of ours", "marks of ours"}, {"\347\272\242\350\211\262\345\234\206 red", "\347\272\242\350\211\262\345\234\206 red"},
    {"$1 ? :a @b %s \\x41 \\", "$1 ? :a @b %s \\x41 \\"}
  };
  g_autoptr (GPtrArray) windows = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    add_window (index, video, run, i * 4, texts[i][0]);
  windows = l4_index_list_windows (index, video, run, FALSE, NULL);
  g_assert_cmpuint (windows->len, ==, G_N_ELEMENTS (texts));
  for (guint i = 0; i < windows->len; i++)
    g_assert_cmpstr (((L4IndexWindow *) windows->pdata[i])->text, ==, texts[i][1]);
}

/* Made in one go: a commit each would take minutes on a slow disk. */
static void
test_100000_films_are_as_any (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gboolean is_file = place_get_server () == NULL;
  g_autofree char *sql = g_strdup_printf ("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99999) INSERT INTO "
      "%svideos (key, shown, path, size, mtime, width, height, duration) SELECT 'film ' || i, '/films/' || i || '.mkv', %s, 1, 1, 0, 0, 0 "
      "FROM n", is_file ? "" : "llama4.", is_file ? "CAST ('/films/' || i || '.mkv' AS BLOB)" : "('/films/' || i || '.mkv')::bytea");
  g_autofree char *none = place_query (place, sql);
  gint64 run = add_run (index, "m"), video = add_video (index, "/films/55555.mkv", "film 55555"), new = add_video (index, "/new.mkv", "1-new");
  L4IndexQuery query = { .words = "red", .file = "[5]55*.mkv" };
  g_autoptr (GPtrArray) videos = l4_index_list_videos (index, NULL);
  g_autoptr (GPtrArray) hits = NULL;
  g_autoptr (L4IndexVideo) found = l4_index_find_path (index, "/films/77777.mkv", NULL);

  g_assert_cmpuint (videos->len, ==, 100000);
  g_assert_cmpstr (found->key, ==, "film 77777");
  add_window (index, video, run, 0, "A red circle.");
  add_window (index, new, run, 0, "A red square.");
  hits = l4_index_search (index, &query, NULL, NULL);
  g_assert_cmpuint (hits->len, ==, 1);
  g_assert_cmpint (((L4IndexHit *) hits->pdata[0])->video->id, ==, video);
}

static void
test_an_index_opened_for_reading_is_not_changed (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  L4IndexVideo video = { .path = (char *) "/a.mkv", .key = (char *) "1-a" };
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&index, l4_index_close);
  index = l4_index_open (place->where, L4_INDEX_READ, &error);
  g_assert_no_error (error);
  g_assert_false (l4_index_put_video (index, &video, &error));
  assert_says (error, "reading only");
}

static void
test_one_of_a_newer_version_is_refused_by_name (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  g_autofree char *none = NULL;

  g_clear_pointer (&index, l4_index_close);
  none = place_query (place, place_get_server () == NULL ? "PRAGMA user_version = 1000" : "UPDATE llama4.version SET version = 1000");
  for (L4IndexMode mode = L4_INDEX_READ; mode <= L4_INDEX_WRITE; mode++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (l4_index_open (place->where, mode, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_UNSUPPORTED);
    assert_says (error, place_get_server () == NULL ? "archive.index|version 1000" : "postgresql://|/test_|version 1000");
  }
}

static void
test_what_is_not_there_cannot_be_read (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (l4_index_open (place->where, L4_INDEX_READ, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_NOT_FOUND);
  assert_says (error, place_get_server () == NULL ? "archive.index" : "postgresql://|/test_");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/index/what-was-put-comes-back", test_what_was_put_comes_back);
  g_test_add_func ("/index/a-record-fills-the-columns", test_a_record_fills_the_columns);
  g_test_add_func ("/index/the-time-of-a-window-is-measured-by-the-newest", test_the_time_of_a_window_is_measured_by_the_newest);
  g_test_add_func ("/index/a-file-that-was-written-is-known-by-its-content", test_a_file_that_was_written_is_known_by_its_content);
  g_test_add_func ("/index/a-run-is-known-again", test_a_run_is_known_again);
  g_test_add_func ("/index/paths-are-bytes", test_paths_are_bytes);
  g_test_add_func ("/index/a-moved-film-is-the-same-and-another-takes-its-place", test_a_moved_film_is_the_same_and_another_takes_its_place);
  g_test_add_func ("/index/what-is-not-known-now-stays-as-it-was", test_what_is_not_known_now_stays_as_it_was);
  g_test_add_func ("/index/progress-is-of-a-film-and-a-run", test_progress_is_of_a_film_and_a_run);
  g_test_add_func ("/index/a-window-is-there-once", test_a_window_is_there_once);
  g_test_add_func ("/index/what-is-forgotten-is-gone-and-the-run-before-counts", test_what_is_forgotten_is_gone_and_the_run_before_counts);
  g_test_add_func ("/index/what-is-searched-is-a-whole-description", test_what_is_searched_is_a_whole_description);
  g_test_add_func ("/index/what-is-described-again-takes-the-place-when-it-is-done",
      test_what_is_described_again_takes_the_place_when_it_is_done);
  g_test_add_func ("/index/what-was-done-last-is-searched", test_what_was_done_last_is_searched);
  g_test_add_func ("/index/films-have-their-state-reason-and-facts-in-a-row", test_films_have_their_state_reason_and_facts_in_a_row);
  g_test_add_func ("/index/a-removed-film-leaves-nothing", test_a_removed_film_leaves_nothing);
  g_test_add_func ("/index/what-no-index-can-hold-is-refused", test_what_no_index_can_hold_is_refused);
  g_test_add_func ("/index/text-becomes-one-safe-line", test_text_becomes_one_safe_line);
  g_test_add_func ("/index/100000-films-are-as-any", test_100000_films_are_as_any);
  g_test_add_func ("/index/opened-for-reading-is-not-changed", test_an_index_opened_for_reading_is_not_changed);
  g_test_add_func ("/index/one-of-a-newer-version-is-refused-by-name", test_one_of_a_newer_version_is_refused_by_name);
  g_test_add_func ("/index/what-is-not-there-cannot-be-read", test_what_is_not_there_cannot_be_read);
  return g_test_run ();
}
