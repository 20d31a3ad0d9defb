/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index as version 1 of the schema had it. */

#include "version-1.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

void
version_1_make (const Place *place)
{
  const char *name = place_get_server () == NULL ? "version-1-sqlite.sql" : "version-1-postgres.sql";
  g_autofree char *path = g_build_filename (g_getenv ("LLAMA4_TEST_VERSIONS"), name, NULL), *sql = NULL;

  g_assert_true (g_file_get_contents (path, &sql, NULL, NULL));
  place_execute (place, sql);
  g_assert_cmpint (version_1_get (place), ==, 1);
}

gint64
version_1_get (const Place *place)
{
  g_autofree char *version = place_query (place, place_get_server () == NULL ? "PRAGMA user_version" : "SELECT version FROM llama4.version");

  return g_ascii_strtoll (version, NULL, 10);
}

static void
assert_window (const L4IndexWindow *window, guint seconds, const char *text, const char *picture)
{
  g_autofree char *record = g_strdup_printf ("{\"frames\":[%u]}", seconds);

  g_assert_cmpuint (window->start, ==, seconds * SECOND);
  g_assert_cmpuint (window->end, ==, (seconds + 4) * SECOND);
  g_assert_cmpstr (window->record, ==, record);
  g_assert_cmpmem (g_bytes_get_data (window->thumbnail, NULL), g_bytes_get_size (window->thumbnail), picture, strlen (picture));
  if (text != NULL)
    g_assert_cmpstr (window->text, ==, text);
}

static void
assert_windows (L4Index *index)
{
  g_autoptr (GPtrArray) first = l4_index_list_windows (index, 1, 1, TRUE, NULL), second = l4_index_list_windows (index, 1, 2, TRUE, NULL);
  g_autoptr (GPtrArray) other = l4_index_list_windows (index, 2, 0, TRUE, NULL);

  g_assert_cmpuint (first->len, ==, 3);
  g_assert_cmpuint (second->len, ==, 1);
  g_assert_cmpuint (other->len, ==, 1);
  assert_window (first->pdata[0], 0, "A red circle moves right.", "picture 1");
  assert_window (first->pdata[1], 4, "The circle stands still; 'quoted' <b>bold</b>.", "picture 2");
  assert_window (first->pdata[2], 8, NULL, "picture 3");
  assert_window (second->pdata[0], 0, "A yellow ring rolls.", "picture 4");
  assert_window (other->pdata[0], 0, "Children play on the beach.", "picture 5");
}

static void
assert_progress (L4Index *index, gint64 video, gint64 run, L4IndexState state, guint64 seconds, const char *reason)
{
  g_auto (L4IndexProgress) progress = { 0 };

  g_assert_true (l4_index_get_progress (index, video, run, &progress, NULL));
  g_assert_cmpint (progress.state, ==, state);
  g_assert_cmpuint (progress.next, ==, seconds * SECOND);
  g_assert_cmpstr (progress.reason, ==, reason);
}

static void
assert_films (L4Index *index)
{
  static const char *const paths[] = { "/films/a.mkv", "/films/bad.mp4", "/films/caf\351.mp4", NULL };
  g_autoptr (GPtrArray) videos = l4_index_list_videos (index, NULL), runs = l4_index_list_runs (index, NULL);
  const L4IndexVideo *film = videos->pdata[0];

  g_assert_cmpuint (videos->len, ==, G_N_ELEMENTS (paths));
  for (guint i = 0; i < videos->len; i++)
    g_assert_cmpstr (((L4IndexVideo *) videos->pdata[i])->path, ==, paths[i]);
  g_assert_cmpstr (film->codec, ==, "h264");
  g_assert_cmpuint (film->duration, ==, 12 * SECOND);
  g_assert_cmpuint (runs->len, ==, 2);
  g_assert_cmpstr (((L4IndexRun *) runs->pdata[1])->model_name, ==, "maverick");
  assert_progress (index, 1, 1, L4_INDEX_DONE, 12, NULL);
  assert_progress (index, 1, 2, L4_INDEX_BEGUN, 4, NULL);
  assert_progress (index, 3, 1, L4_INDEX_FAILED, 0, "is no film");
}

static void
assert_hit (L4Index *index, const char *words, const char *path)
{
  L4IndexQuery query = { .words = words };
  g_autofree char *nearest = NULL;
  g_autoptr (GPtrArray) hits = l4_index_search (index, &query, &nearest, NULL);

  g_test_message ("%s", words);
  g_assert_cmpuint (hits->len, ==, 1);
  g_assert_cmpstr (((L4IndexHit *) hits->pdata[0])->video->path, ==, path);
}

void
version_1_assert_found (L4Index *index)
{
  L4IndexQuery query = { .words = "cihldren" };
  g_autofree char *nearest = NULL;
  g_autoptr (GPtrArray) none = l4_index_search (index, &query, &nearest, NULL);

  assert_films (index);
  assert_windows (index);
  assert_hit (index, "child* playing", "/films/caf\351.mp4");
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_cmpstr (nearest, ==, "children");
}
