/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index of an older version is brought up to this one, or read as it is. LLAMA4_TEST_WORKER is the program worker. */

#include <signal.h>

#include "version-1.h"

#define NOW 3                   /* the version of today */

/* The texts that are searched of the first film, which was whole in one run when another had begun. (transfer full) */
static char *
get_searched (L4Index *index)
{
  g_autoptr (GPtrArray) windows = l4_index_list_windows (index, 1, 0, FALSE, NULL);

  return g_strdup_printf ("%u, %s", windows->len, ((L4IndexWindow *) windows->pdata[0])->text);
}

static void
assert_up_to_date (const Place *place)
{
  g_autoptr (L4Index) index = open_index (place);
  g_autofree char *searched = NULL;

  g_assert_cmpint (version_1_get (place), ==, NOW);
  version_1_assert_found (index);
  searched = get_searched (index);
  g_assert_cmpstr (searched, ==, "3, A red circle moves right.");
}

/* Tables and columns, whatever the order in which they were made. (transfer full) */
static char *
get_schema (const Place *place)
{
  return place_query (place, place_get_server () == NULL
      ? "SELECT group_concat (s, '; ') FROM (SELECT m.type || ' ' || m.name || ' (' || COALESCE ((SELECT group_concat (p.name || ' ' || p.type || "
      "' ' || p.\"notnull\") FROM pragma_table_info (m.name) AS p), '') || ')' AS s FROM sqlite_master AS m ORDER BY m.name)"
      : "SELECT string_agg (s, '; ') FROM (SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable AS s FROM "
      "information_schema.columns WHERE table_schema = 'llama4' ORDER BY table_name, column_name) AS c");
}

static void
test_who_writes_brings_it_up_to_date_and_finds_everything (void)
{
  g_autoptr (Place) place = place_new (), fresh = place_new ();
  g_autofree char *migrated = NULL, *made = NULL;

  version_1_make (place);
  assert_up_to_date (place);
  assert_up_to_date (place);    /* which is now as if it always had been of this version */
  l4_index_close (open_index (fresh));
  migrated = get_schema (place);
  made = get_schema (fresh);
  g_assert_cmpuint (strlen (made), >, 500);
  g_assert_cmpstr (migrated, ==, made);
}

/* Ids go on, claims, windows and what is described again as in any. */
static void
test_one_that_was_brought_up_to_date_is_as_any (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = (version_1_make (place), open_index (place));
  gint64 run = add_run (index, "m"), video = add_video (index, "/new.mkv", "1-new"), again;
  g_autoptr (GPtrArray) windows = NULL;
  gboolean taken;

  g_assert_cmpint (run, ==, 3);
  g_assert_cmpint (video, ==, 5);
  g_assert_true (l4_index_claim (index, video, run, &taken, NULL) && taken);
  g_assert_cmpint (add_window (index, video, run, 0, "A green square."), ==, 7);
  g_assert_true (l4_index_settle (index, video, run, L4_INDEX_DONE, NULL, NULL));
  g_assert_true (l4_index_put_again (index, 1, &again, NULL));
  add_window (index, 1, again, 0, "A blue circle.");
  g_assert_true (l4_index_settle (index, 1, again, L4_INDEX_DONE, NULL, NULL));
  windows = l4_index_list_windows (index, 1, 0, FALSE, NULL);
  g_assert_cmpuint (windows->len, ==, 1);
  g_assert_cmpstr (((L4IndexWindow *) windows->pdata[0])->text, ==, "A blue circle.");
}

/* Of what cannot be made shorter PostgreSQL's indices hold no more than a third of a page. */
static void
test_a_long_path_is_kept_found_and_another_films_when_it_comes_there (void)
{
  g_autoptr (GRand) chance = g_rand_new_with_seed (1);
  g_autoptr (GString) path = g_string_new (NULL);

  while (path->len < 4000)
    g_string_append_c (path, path->len % 250 == 0 ? '/' : g_rand_int_range (chance, '0', 'z'));
  for (guint migrated = 0; migrated < 2; migrated++) {
    g_autoptr (Place) place = place_new ();
    g_autoptr (L4Index) index = (migrated > 0 ? version_1_make (place) : (void) 0, open_index (place));
    gint64 first = add_video (index, path->str, "1-first"), second;
    g_autoptr (L4IndexVideo) found = l4_index_find_path (index, path->str, NULL), other = NULL, lost = NULL;

    g_assert_cmpint (found->id, ==, first);
    second = add_video (index, path->str, "1-second");
    other = l4_index_find_path (index, path->str, NULL);
    g_assert_cmpint (other->id, ==, second);
    lost = l4_index_find_key (index, "1-first", NULL);
    g_assert_null (lost->path);
  }
}

/* As it lies on a disk that is not to be written to: searched as it always was. */
static void
test_who_only_reads_finds_everything_and_changes_nothing (void)
{
  g_autoptr (Place) place = place_new ();
  g_autoptr (L4Index) index = NULL;
  g_autofree char *searched = NULL;
  g_autoptr (GError) error = NULL;
  gint64 again = 1;

  version_1_make (place);
  index = l4_index_open (place->where, L4_INDEX_READ, &error);
  g_assert_no_error (error);
  version_1_assert_found (index);
  searched = get_searched (index);
  g_assert_cmpstr (searched, ==, "1, A yellow ring rolls.");
  g_assert_true (l4_index_find_again (index, 1, &again, NULL));
  g_assert_cmpint (again, ==, 0);
  g_clear_pointer (&index, l4_index_close);
  g_assert_cmpint (version_1_get (place), ==, 1);
}

/* Whenever it comes, there is one version or the other, whole. */
static void
test_a_kill_leaves_it_whole (void)
{
  guint n_old = 0;

  for (guint i = 0; i < 12; i++) {
    g_autoptr (Place) place = place_new ();
    const char *const argv[] = { g_getenv ("LLAMA4_TEST_WORKER"), place->where, "open", NULL };
    g_autoptr (GSubprocess) worker = NULL;

    version_1_make (place);
    worker = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, NULL);
    g_usleep (g_test_rand_int_range (0, 60000));
    g_subprocess_force_exit (worker);
    g_subprocess_wait (worker, NULL, NULL);
    n_old += version_1_get (place) == 1;
    assert_up_to_date (place);
  }
  g_test_message ("%u of 12 were of version 1 still", n_old);
}

/* Of several who come at the same moment one does it. */
static void
test_it_is_brought_up_to_date_once (void)
{
  g_autoptr (Place) place = place_new ();
  const char *const argv[] = { g_getenv ("LLAMA4_TEST_WORKER"), place->where, "open", NULL };
  GSubprocess *workers[4];

  version_1_make (place);
  for (guint i = 0; i < G_N_ELEMENTS (workers); i++)
    workers[i] = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (workers); i++) {
    g_assert_true (g_subprocess_wait_check (workers[i], NULL, NULL));
    g_object_unref (workers[i]);
  }
  assert_up_to_date (place);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/migration/who-writes-brings-it-up-to-date-and-finds-everything", test_who_writes_brings_it_up_to_date_and_finds_everything);
  g_test_add_func ("/migration/one-that-was-brought-up-to-date-is-as-any", test_one_that_was_brought_up_to_date_is_as_any);
  g_test_add_func ("/migration/a-long-path-is-kept-found-and-another-films-when-it-comes-there",
      test_a_long_path_is_kept_found_and_another_films_when_it_comes_there);
  g_test_add_func ("/migration/who-only-reads-finds-everything-and-changes-nothing", test_who_only_reads_finds_everything_and_changes_nothing);
  g_test_add_func ("/migration/a-kill-leaves-it-whole", test_a_kill_leaves_it_whole);
  g_test_add_func ("/migration/it-is-brought-up-to-date-once", test_it_is_brought_up_to_date_once);
  return g_test_run ();
}
