/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an index in a file keeps when the disk fails at any moment, or loses its power. */

#include <fcntl.h>
#include <unistd.h>

#include "faulty-vfs.h"
#include "version-1.h"

#define N_WINDOWS 2
#define N_AGAIN 1               /* when it is described again */
#define RUN 1                   /* the id of the first run */
#define SECOND G_GUINT64_CONSTANT (1000000000)

/* What was reported as committed. */
typedef struct
{
  gboolean opened, video, settled;
  guint n_windows, n_again;
  gboolean settled_again;
} Report;

static char *
get_text (guint i, gboolean again)
{
  return g_strdup_printf (again ? "Again %u shows a red circle." : "Window %u shows a red circle and %u squares.", i, i * 7);
}

/* The windows up to what fails; *n: how many were committed. */
static gboolean
put_windows (L4Index *index, gint64 video, gint64 run, guint n_windows, gboolean again, guint *n)
{
  for (guint i = 0; i < n_windows; i++) {
    g_autofree char *text = get_text (i, again), *picture = g_malloc0 (9000);
    g_autoptr (GBytes) thumbnail = g_bytes_new (picture, 9000);
    L4IndexWindow window = { .video = video, .run = run, .start = i * 4 * SECOND, .end = (i + 1) * 4 * SECOND, .text = text,
                             .record = (char *) "{}", .thumbnail = thumbnail };

    if (!l4_index_put_window (index, &window, NULL))
      return FALSE;
    ++*n;
  }
  return TRUE;
}

/* Once more, from where an attempt before ended. */
static void
describe_again (L4Index *index, gint64 video, gint64 run, Report *report)
{
  gboolean taken;
  gint64 again;

  if (l4_index_put_again (index, run, &again, NULL) && l4_index_claim (index, video, run, &taken, NULL) && taken
      && put_windows (index, video, again, N_AGAIN, TRUE, &report->n_again))
    report->settled_again = l4_index_settle (index, video, again, L4_INDEX_DONE, NULL, NULL);
}

/* What an archive does, up to what fails. */
static void
describe (const Place *place, Report *report)
{
  g_autoptr (L4Index) index = l4_index_open (place->where, L4_INDEX_WRITE, NULL);
  L4IndexRun run = { .model_name = (char *) "m", .model_digest = (char *) "d", .quantization = (char *) "q", .prompt_digest = (char *) "p",
                     .settings = (char *) "{}", .version = (char *) "1" };
  L4IndexVideo video = { .path = (char *) "/a.mkv", .key = (char *) "1-a", .size = 1 };
  gboolean taken;

  report->opened = index != NULL;
  if (index == NULL || !l4_index_put_run (index, &run, NULL) || !l4_index_put_video (index, &video, NULL))
    return;
  report->video = TRUE;
  if (!l4_index_claim (index, video.id, run.id, &taken, NULL))
    return;
  g_assert_true (taken);
  if (!put_windows (index, video.id, run.id, N_WINDOWS, FALSE, &report->n_windows))
    return;
  report->settled = l4_index_settle (index, video.id, run.id, L4_INDEX_DONE, NULL, NULL);
  if (report->settled)
    describe_again (index, video.id, run.id, report);
}

static void
assert_query (const Place *place, const char *sql, const char *expected)
{
  g_autofree char *value = place_query (place, sql);

  g_assert_cmpstr (value, ==, expected);
}

/* Everything that was reported, in order, once; what was not, whole or not at all. */
static void
assert_kept (const Place *place, const Report *report)
{
  g_autoptr (L4Index) index = open_index (place);
  g_autoptr (L4IndexVideo) video = l4_index_find_key (index, "1-a", NULL);
  g_autoptr (GPtrArray) windows = NULL;
  g_auto (L4IndexProgress) progress = { 0 };
  L4IndexQuery query = { .words = "\"red circle\"" };
  g_autoptr (GPtrArray) hits = NULL;
  gboolean is_again;

  g_assert_true (video != NULL || !report->video);
  if (video == NULL)
    return;
  windows = l4_index_list_windows (index, video->id, 0, TRUE, NULL);
  is_again = windows->len > 0 && g_str_has_prefix (((L4IndexWindow *) windows->pdata[0])->text, "Again");
  g_assert_true (is_again || !report->settled_again);
  g_assert_true (!is_again || report->n_again == N_AGAIN);
  g_assert_cmpuint (windows->len, >=, is_again ? N_AGAIN : report->n_windows);
  g_assert_cmpuint (windows->len, <=, is_again ? N_AGAIN : report->n_windows + 1);
  for (guint i = 0; i < windows->len; i++) {
    const L4IndexWindow *window = windows->pdata[i];
    g_autofree char *text = get_text (i, is_again);

    g_assert_cmpuint (window->start, ==, i * 4 * SECOND);
    g_assert_cmpstr (window->text, ==, text);
    g_assert_cmpuint (g_bytes_get_size (window->thumbnail), ==, 9000);
  }
  g_assert_true (l4_index_get_progress (index, video->id, RUN, &progress, NULL));
  g_assert_cmpuint (progress.n_windows, ==, windows->len);
  g_assert_cmpuint (progress.next, ==, windows->len * 4 * SECOND);
  if (report->settled)
    g_assert_cmpint (progress.state, ==, L4_INDEX_DONE);
  hits = l4_index_search (index, &query, NULL, NULL);
  g_assert_cmpuint (hits->len, ==, windows->len);
  assert_query (place, "PRAGMA integrity_check", "ok");
  assert_query (place, "INSERT INTO sentences (sentences, rank) VALUES ('integrity-check', 1)", "");
}

/* Goes on where it was, as the next run does. */
static void
assert_finishes (const Place *place)
{
  Report report = { 0 };

  describe (place, &report);
  g_assert_true (report.settled);
  g_assert_true (report.settled_again);
  assert_kept (place, &report);
}

/* For the 1st, the 2nd, … call of a kind, until none fails. Returns how many there are. */
static guint
fail_at_every_call (FaultKind kind, gboolean lasting)
{
  for (guint n = 1;; n++) {
    g_autoptr (Place) place = place_new ();
    Report report = { 0 };
    gboolean happened;

    faulty_vfs_arm (kind, n, lasting);
    describe (place, &report);
    happened = faulty_vfs_disarm ();
    if (kind == FAULT_POWER) {
      g_autofree char *shared = g_strconcat (place->where, "-shm", NULL);

      g_unlink (shared);        /* which is memory */
    }
    assert_kept (place, &report);
    assert_finishes (place);
    if (!happened) {
      g_assert_true (report.settled_again);
      g_test_message ("%u calls", n - 1);
      return n - 1;
    }
  }
}

static void
test_a_write_that_fails (gconstpointer lasting)
{
  g_assert_cmpuint (fail_at_every_call (FAULT_WRITE, GPOINTER_TO_INT (lasting)), >, 50);
}

static void
test_a_disk_that_is_full (gconstpointer lasting)
{
  g_assert_cmpuint (fail_at_every_call (FAULT_FULL, GPOINTER_TO_INT (lasting)), >, 50);
}

static void
test_a_sync_that_fails (gconstpointer lasting)
{
  g_assert_cmpuint (fail_at_every_call (FAULT_SYNC, GPOINTER_TO_INT (lasting)), >=, N_WINDOWS + 4);
}

static void
test_an_open_that_fails (gconstpointer lasting)
{
  g_assert_cmpuint (fail_at_every_call (FAULT_OPEN, GPOINTER_TO_INT (lasting)), >=, 2);
}

static void
test_a_truncation_that_fails (gconstpointer lasting)
{
  fail_at_every_call (FAULT_TRUNCATE, GPOINTER_TO_INT (lasting));
}

static void
test_power_is_lost_at_any_write (void)
{
  g_assert_cmpuint (fail_at_every_call (FAULT_POWER, TRUE), >, 50);
}

/* Opened to be written to while a call fails, or the power is lost, until none does: it is of version 1, or of this one, and whole. */
static void
test_a_migration_is_whole_or_none (gconstpointer data)
{
  const FaultKind kind = GPOINTER_TO_INT (data);
  gboolean happened = TRUE;
  guint n_failed = 0;

  for (guint n = 1; happened; n++) {
    g_autoptr (Place) place = place_new ();
    g_autofree char *shared = g_strconcat (place->where, "-shm", NULL);
    g_autoptr (L4Index) index = NULL;
    gint64 version;

    version_1_make (place);
    faulty_vfs_arm (kind, n, TRUE);
    index = l4_index_open (place->where, L4_INDEX_WRITE, NULL);
    n_failed += index == NULL;
    g_clear_pointer (&index, l4_index_close);
    happened = faulty_vfs_disarm ();
    if (kind == FAULT_POWER)
      g_unlink (shared);
    version = version_1_get (place);
    g_assert_true (version == 1 || version == 3);
    assert_query (place, "PRAGMA integrity_check", "ok");
    index = open_index (place);
    version_1_assert_found (index);
    g_assert_cmpint (version_1_get (place), ==, 3);
  }
  g_assert_cmpuint (n_failed, >, 0);
  g_test_message ("%u failed", n_failed);
}

/* The disk must be the first to fail. */
static void
test_a_commit_waits_for_the_disk (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = open_index (place);
  gint64 run = add_run (index, "m"), video = add_video (index, "/a.mkv", "1-a");

  for (guint i = 0; i < 10; i++) {
    L4IndexWindow window = { .video = video, .run = run, .start = i * SECOND, .end = (i + 1) * SECOND, .text = (char *) "Text." };

    faulty_vfs_arm (FAULT_SYNC, 1, TRUE);
    g_assert_false (l4_index_put_window (index, &window, NULL));
    g_assert_true (faulty_vfs_disarm ());
  }
}

static void
test_locks_that_a_file_system_refuses_are_no_other_program (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (GError) error = NULL;

  l4_index_close (open_index (place));
  for (L4IndexMode mode = L4_INDEX_READ; mode <= L4_INDEX_WRITE; mode++) {
    g_clear_error (&error);
    faulty_vfs_arm (FAULT_LOCK, 1, TRUE);
    g_assert_null (l4_index_open (place->where, mode, &error));
    g_assert_true (faulty_vfs_disarm ());
    assert_says (error, "archive.index|no locks");
  }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    GTestDataFunc function;
  } faults[] = {
    {"a-write-that-fails", test_a_write_that_fails}, {"a-disk-that-is-full", test_a_disk_that_is_full},
    {"a-sync-that-fails", test_a_sync_that_fails}, {"an-open-that-fails", test_an_open_that_fails},
    {"a-truncation-that-fails", test_a_truncation_that_fails}
  };

  g_test_init (&argc, &argv, NULL);
  faulty_vfs_install ();
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    for (int lasting = 0; lasting < 2; lasting++) {
      g_autofree char *path = g_strdup_printf ("/faults/%s%s", faults[i].name, lasting ? "-and-all-after-it" : "");

      if (lasting || faults[i].function != test_a_disk_that_is_full)    /* such a disk stays full */
        g_test_add_data_func (path, GINT_TO_POINTER (lasting), faults[i].function);
    }
  g_test_add_func ("/faults/power-is-lost-at-any-write", test_power_is_lost_at_any_write);
  g_test_add_data_func ("/faults/a-migration-is-whole-or-none-when-writing-fails", GINT_TO_POINTER (FAULT_WRITE), test_a_migration_is_whole_or_none);
  g_test_add_data_func ("/faults/a-migration-is-whole-or-none-when-the-disk-fails", GINT_TO_POINTER (FAULT_SYNC),
      test_a_migration_is_whole_or_none);
  g_test_add_data_func ("/faults/a-migration-is-whole-or-none-when-power-is-lost", GINT_TO_POINTER (FAULT_POWER),
      test_a_migration_is_whole_or_none);
  g_test_add_func ("/faults/a-commit-waits-for-the-disk", test_a_commit_waits_for_the_disk);
  g_test_add_func ("/faults/locks-that-a-file-system-refuses-are-no-other-program",
      test_locks_that_a_file_system_refuses_are_no_other_program);
  return g_test_run ();
}
