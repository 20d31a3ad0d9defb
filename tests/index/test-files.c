/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are no index, that can only be read, or that somebody broke. */

#define _GNU_SOURCE             /* setresuid */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define NOBODY 65534

/* An index with a film of that many windows. */
static L4Index *
fill (const Place *place, guint n_windows)
{
  L4Index *index = open_index (place);
  gint64 run = add_run (index, "m"), video = add_video (index, "/a.mkv", "1-a");

  for (guint i = 0; i < n_windows; i++)
    add_window (index, video, run, 4 * i, "A red circle moves.");
  return index;
}

static void
assert_holds (const char *where, guint n_windows)
{
  L4IndexQuery query = { .words = "circles" };
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Index) index = l4_index_open (where, L4_INDEX_READ, &error);
  g_autoptr (GPtrArray) hits = NULL;

  g_assert_no_error (error);
  hits = l4_index_search (index, &query, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (hits->len, ==, n_windows);
}

static void
assert_refused (const char *where, L4IndexMode mode, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Index) index = l4_index_open (where, mode, &error);

  g_assert_null (index);
  g_test_message ("%s", error->message);
  assert_says (error, words);
}

/* Reading only ------------------------------------------------------------------------------------------------------------------ */

/* Runs function as a user who owns nothing, in a process of its own. */
static void
as_nobody (void (*function) (const char *where, guint n_windows), const char *where, guint n_windows)
{
  pid_t child = fork ();
  int status;

  if (child == 0) {
    if (geteuid () == 0 && (setresgid (NOBODY, NOBODY, NOBODY) != 0 || setresuid (NOBODY, NOBODY, NOBODY) != 0))
      _exit (9);
    function (where, n_windows);
    _exit (0);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
}

static void
set_modes (const Place *place, mode_t folder, mode_t file)
{
  static const char *const ends[] = { "", "-wal", "-shm" };

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    g_autofree char *path = g_strconcat (place->where, ends[i], NULL);

    g_assert_true (g_chmod (path, file) == 0 || errno == ENOENT);
  }
  g_assert_cmpint (g_chmod (place->folder, folder), ==, 0);
}

static void
test_one_that_can_only_be_read_is_read (void)
{
  g_autoptr (Place) place = place_new ();

  l4_index_close (fill (place, 3));
  set_modes (place, 0555, 0444);
  as_nobody (assert_holds, place->where, 3);
  set_modes (place, 0755, 0644);
}

static void
assert_not_writable (const char *where, guint n_windows)
{
  g_autoptr (GError) error = NULL;

  if (l4_index_open (where, L4_INDEX_WRITE, &error) != NULL || strstr (error->message, where) == NULL
      || strchr (error->message, '\n') != NULL)
    _exit (1);
}

static void
test_one_that_can_only_be_read_is_not_written_to (void)
{
  g_autoptr (Place) place = place_new ();

  l4_index_close (fill (place, 3));
  set_modes (place, 0555, 0444);
  as_nobody (assert_not_writable, place->where, 0);
  set_modes (place, 0755, 0644);
}

static void
assert_not_made (const char *where, guint n_windows)
{
  g_autoptr (GError) error = NULL;

  if (l4_index_open (where, L4_INDEX_WRITE, &error) != NULL || strstr (error->message, g_strerror (EACCES)) == NULL)
    _exit (1);
}

/* That there is no such file is no reason why none is made. */
static void
test_that_none_may_be_made_is_said (void)
{
  g_autoptr (Place) place = place_new ();

  g_assert_cmpint (g_chmod (place->folder, 0555), ==, 0);
  as_nobody (assert_not_made, place->where, 0);
  g_assert_cmpint (g_chmod (place->folder, 0755), ==, 0);
}

static void
test_that_no_log_may_be_made_beside_one_is_said (void)
{
  g_autoptr (Place) place = place_new ();

  l4_index_close (fill (place, 3));
  set_modes (place, 0555, 0666);
  as_nobody (assert_not_made, place->where, 0);
  set_modes (place, 0755, 0644);
}

/* A process is killed at work; then the disk is mounted for reading only, or copied to a disc. Its last windows are in the log. */
static void
test_what_is_in_the_log_of_one_that_can_only_be_read_is_read_too (void)
{
  g_autoptr (Place) place = place_new ();
  pid_t child = fork ();
  g_autofree char *shared = NULL, *log = NULL, *link = NULL;

  if (child == 0) {
    fill (place, 5);
    kill (getpid (), SIGKILL);
  }
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  shared = g_strconcat (place->where, "-shm", NULL);
  log = g_strconcat (place->where, "-wal", NULL);
  link = g_strconcat (place->where, ".link", NULL);
  g_assert_cmpint (symlink (place->where, link), ==, 0);
  g_assert_true (g_file_test (log, G_FILE_TEST_EXISTS));
  set_modes (place, 0555, 0444);
  as_nobody (assert_holds, place->where, 5);
  set_modes (place, 0755, 0644);
  g_assert_cmpint (g_unlink (shared), ==, 0);
  set_modes (place, 0555, 0444);
  as_nobody (assert_holds, place->where, 5);
  as_nobody (assert_holds, link, 5);
  set_modes (place, 0755, 0644);
  assert_holds (place->where, 5);
}

static void
test_it_is_read_while_another_writes (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = fill (place, 2);
  g_autoptr (L4Index) reader = l4_index_open (place->where, L4_INDEX_READ, NULL);
  L4IndexQuery query = { .words = "red" };
  g_autoptr (GPtrArray) hits = NULL;

  add_window (index, 1, 1, 100, "A red ball.");
  hits = l4_index_search (reader, &query, NULL, NULL);
  g_assert_cmpuint (hits->len, ==, 3);
}

/* What another process did not take away with it is in the way of copying one file. */
static void
test_who_has_read_leaves_one_file (void)
{
  static const char *const ends[] = { "-wal", "-shm" };
  g_autoptr (Place) place = place_new ();
  pid_t child = fork ();

  if (child == 0) {
    fill (place, 5);
    kill (getpid (), SIGKILL);
  }
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  for (guint i = 0; i < 2; i++) {       /* with a log, and without one */
    assert_holds (place->where, 5);
    for (guint e = 0; e < G_N_ELEMENTS (ends); e++) {
      g_autofree char *path = g_strconcat (place->where, ends[e], NULL);

      g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
    }
  }
}

/* What is no index -------------------------------------------------------------------------------------------------------------- */

static void
test_what_is_no_index_is_refused_by_name (void)
{
  g_autoptr (Place) place = place_new ();
  g_autofree char *text = folder_write (place->folder, "text", "This is no database, and nobody should write into it.", -1);
  g_autofree char *foreign = g_build_filename (place->folder, "foreign", NULL), *fifo = g_build_filename (place->folder, "fifo", NULL);
  g_autofree char *loop = g_build_filename (place->folder, "loop", NULL), *line = NULL, *before = NULL, *after = NULL;
  g_autofree char *deep = g_build_filename (place->folder, "none", "archive.index", NULL);
  Place other = { place->folder, foreign };
  g_autofree char *none = place_query (&other, "CREATE TABLE theirs (a)");
  gsize length;

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (symlink ("loop", loop), ==, 0);
  g_assert_true (g_file_get_contents (foreign, &before, &length, NULL));
  for (L4IndexMode mode = L4_INDEX_READ; mode <= L4_INDEX_WRITE; mode++) {
    assert_refused (text, mode, "/text|no index");
    assert_refused (foreign, mode, "/foreign|another program");
    assert_refused (place->folder, mode, place->folder);
    assert_refused (fifo, mode, "/fifo");
    assert_refused ("/dev/null", mode, "/dev/null");
    assert_refused (loop, mode, "/loop");
    assert_refused (deep, mode, "/none/archive.index");
    assert_refused ("", mode, "\"\"|no name");
  }
  g_assert_true (g_file_get_contents (text, &line, NULL, NULL));
  g_assert_true (g_str_has_prefix (line, "This is no database"));
  g_assert_true (g_file_get_contents (foreign, &after, NULL, NULL));
  g_assert_cmpmem (before, length, after, length);
}

static void
test_an_empty_file_becomes_one (void)
{
  g_autoptr (Place) place = place_new ();
  g_autofree char *path = folder_write (place->folder, "archive.index", "", 0);

  assert_refused (place->where, L4_INDEX_READ, "archive.index|empty");
  l4_index_close (fill (place, 1));
  assert_holds (place->where, 1);
}

static void
test_any_name_is_that_of_a_file (void)
{
  static const char *const names[] = {
    ":memory:", "file:x?mode=memory", "a b%20#?&.index", "-x", "caf\351", "line\nend", "x'; DROP TABLE windows; --", "temp", "\"quoted\""
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (Place) place = place_new ();

    g_free (place->where);
    place->where = g_build_filename (place->folder, names[i], NULL);
    g_assert_cmpint (g_chdir (place->folder), ==, 0);
    {
      Place relative = { place->folder, (char *) names[i] };

      l4_index_close (fill (&relative, 1));
    }
    g_assert_true (g_file_test (place->where, G_FILE_TEST_IS_REGULAR));
    assert_holds (place->where, 1);
    set_modes (place, 0555, 0444);
    as_nobody (assert_holds, place->where, 1);
    set_modes (place, 0755, 0644);
    g_assert_cmpint (g_chdir ("/"), ==, 0);
  }
}

/* Broken ones ------------------------------------------------------------------------------------------------------------------- */

/* Uses whatever is there; every error is a line. */
static void
use (const char *where)
{
  for (L4IndexMode mode = L4_INDEX_READ; mode <= L4_INDEX_WRITE; mode++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Index) index = l4_index_open (where, mode, &error);
    g_autoptr (GPtrArray) videos = NULL, windows = NULL, runs = NULL, hits = NULL;
    L4IndexQuery query = { .words = "cirlce OR \"red circle\"" };
    L4IndexVideo video = { .path = (char *) "/b.mkv", .key = (char *) "1-b" };
    g_autofree char *nearest = NULL;

    if (index == NULL) {
      assert_says (error, "archive.index");
      continue;
    }
    videos = l4_index_list_videos (index, NULL);
    runs = l4_index_list_runs (index, NULL);
    windows = l4_index_list_windows (index, 1, 0, TRUE, NULL);
    hits = l4_index_search (index, &query, &nearest, NULL);
    if (mode == L4_INDEX_WRITE && l4_index_put_video (index, &video, NULL))
      l4_index_remove_video (index, video.id, NULL);
  }
}

static void
test_one_that_is_cut_or_damaged_does_no_harm (void)
{
  g_autoptr (Place) place = place_new ();
  g_autofree char *whole = NULL;
  gsize length;

  l4_index_close (fill (place, 20));
  g_assert_true (g_file_get_contents (place->where, &whole, &length, NULL));
  for (guint i = 0; i < 60; i++) {
    g_autofree char *damaged = g_memdup2 (whole, length);
    gsize kept = i % 3 == 0 ? g_test_rand_int_range (1, length) : length;
    g_autofree char *path = NULL;

    for (guint j = 0; i % 3 != 0 && j < (i % 3 == 1 ? 1 : 200); j++)
      damaged[g_test_rand_int_range (0, length)] = g_test_rand_int_range (0, 256);
    path = folder_write (place->folder, "archive.index", damaged, kept);
    use (path);
  }
}

/* The tables are ours, what is in them is not. */
static void
test_what_a_stranger_wrote_into_one_does_no_harm (void)
{
  static const char *const changes[] = {
    "UPDATE windows SET text = CAST (x'41ff00416374' AS TEXT)", "UPDATE windows SET text = x'ff00'", "UPDATE windows SET start = 'soon' WHERE id = 1",
    "UPDATE windows SET \"end\" = -5, start = -id", "UPDATE videos SET path = 7", "UPDATE videos SET path = x'', shown = x'00ff'",
    "UPDATE videos SET size = -1, mtime = 1e300, width = 99999999999, duration = 'long'", "UPDATE runs SET settings = 'x', language = x'00'",
    "UPDATE videos SET container = x'80', key = x'00'", "INSERT INTO words VALUES (x'ff'), (1.5), ('a b'), ('')",
    "UPDATE details SET thumbnail = 'text', record = x'00'", "UPDATE progress SET reason = x'0a'"
  };

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autoptr (Place) place = place_new ();
    g_autofree char *none = NULL;

    l4_index_close (fill (place, 3));
    none = place_query (place, changes[i]);
    use (place->where);
  }
}

/* A trigger of a stranger's may call no function that reaches out of the database. */
static void
test_a_strangers_trigger_cannot_reach_out (void)
{
  g_autoptr (Place) place = place_new ();
  g_autofree char *none = NULL;

  L4IndexVideo video = { .path = (char *) "/c.mkv", .key = (char *) "1-a" };
  g_autoptr (L4Index) index = NULL;

  l4_index_close (fill (place, 1));
  none = place_query (place, "CREATE TRIGGER t AFTER UPDATE ON videos BEGIN SELECT path_matches ('x', 'x'); END");
  index = open_index (place);
  g_assert_false (l4_index_put_video (index, &video, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/files/one-that-can-only-be-read-is-read", test_one_that_can_only_be_read_is_read);
  g_test_add_func ("/files/one-that-can-only-be-read-is-not-written-to", test_one_that_can_only_be_read_is_not_written_to);
  g_test_add_func ("/files/that-none-may-be-made-is-said", test_that_none_may_be_made_is_said);
  g_test_add_func ("/files/that-no-log-may-be-made-beside-one-is-said", test_that_no_log_may_be_made_beside_one_is_said);
  g_test_add_func ("/files/what-is-in-the-log-of-one-that-can-only-be-read-is-read-too",
      test_what_is_in_the_log_of_one_that_can_only_be_read_is_read_too);
  g_test_add_func ("/files/who-has-read-leaves-one-file", test_who_has_read_leaves_one_file);
  g_test_add_func ("/files/it-is-read-while-another-writes", test_it_is_read_while_another_writes);
  g_test_add_func ("/files/what-is-no-index-is-refused-by-name", test_what_is_no_index_is_refused_by_name);
  g_test_add_func ("/files/an-empty-file-becomes-one", test_an_empty_file_becomes_one);
  g_test_add_func ("/files/any-name-is-that-of-a-file", test_any_name_is_that_of_a_file);
  g_test_add_func ("/files/one-that-is-cut-or-damaged-does-no-harm", test_one_that_is_cut_or_damaged_does_no_harm);
  g_test_add_func ("/files/what-a-stranger-wrote-into-one-does-no-harm", test_what_a_stranger_wrote_into_one_does_no_harm);
  g_test_add_func ("/files/a-strangers-trigger-cannot-reach-out", test_a_strangers_trigger_cannot_reach_out);
  return g_test_run ();
}
