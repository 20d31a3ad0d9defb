/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Days of cameras go when they are too old or too many, and nothing else goes with them. */

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "watch/day.h"
#include "watch/keep.h"

#define DAY_US (86400 * (gint64) G_USEC_PER_SEC)
#define NOW (1795874592 * (gint64) G_USEC_PER_SEC)      /* 2026-11-28, 14:03:12 */

typedef struct
{
  char *folder;
  L4Cameras *cameras;
  L4Index *index;
  gint64 run;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  char *uris[] = { "rtsp://yard/", "rtsp://gate/", NULL };
  L4IndexRun run = { 0, (char *) "m", (char *) "d", (char *) "q", (char *) "p", (char *) "{}", (char *) "1" };
  g_autofree char *where = NULL;

  self->folder = g_dir_make_tmp ("keep-XXXXXX", NULL);
  self->cameras = l4_cameras_of_uris (uris, NULL);
  self->cameras->folder = g_build_filename (self->folder, "alerts", NULL);
  where = g_build_filename (self->folder, "index", NULL);
  self->index = l4_index_open (where, L4_INDEX_WRITE, NULL);
  g_assert_nonnull (self->index);
  g_assert_true (l4_index_put_run (self->index, &run, NULL));
  self->run = run.id;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", self->folder, NULL };

  l4_index_close (self->index);
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  l4_cameras_free (self->cameras);
  g_free (self->folder);
}

/* A video of the index with a window of that text; its number. */
static gint64
add_text (Fixture *self, const char *key, const char *text)
{
  g_autofree char *path = g_strconcat ("/v/", key, NULL);
  L4IndexVideo video = {.path = path,.key = (char *) key };
  L4IndexWindow window = {.run = self->run,.end = 1,.text = (char *) text };

  g_assert_true (l4_index_put_video (self->index, &video, NULL));
  window.video = video.id;
  g_assert_true (l4_index_put_window (self->index, &window, NULL));
  return video.id;
}

/* The same of so many letters. */
static void
add_video (Fixture *self, const char *key, guint length)
{
  g_autofree char *text = g_strnfill (length, 'x');

  add_text (self, key, text);
}

static void
add_file (Fixture *self, const char *camera, const char *day, const char *name, guint length)
{
  g_autofree char *folder = g_build_filename (self->cameras->folder, camera, day, NULL), *path = g_build_filename (folder, name, NULL);
  g_autofree char *content = g_strnfill (length, 'x');

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, content, length, NULL));
}

/* Which keys are there, in order. (transfer full) */
static char *
list (Fixture *self)
{
  g_autoptr (GPtrArray) videos = l4_index_list_videos (self->index, NULL);
  g_autoptr (GString) keys = g_string_new (NULL);

  for (guint i = 0; i < videos->len; i++)
    g_string_append_printf (keys, "%s ", ((L4IndexVideo *) g_ptr_array_index (videos, i))->key);
  return g_string_free (g_steal_pointer (&keys), FALSE);
}

static gboolean
has (Fixture *self, const char *camera, const char *day)
{
  g_autofree char *path = g_build_filename (self->cameras->folder, camera, day, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
test_old (Fixture *self, gconstpointer data)
{
  g_autofree char *keys = NULL;

  add_video (self, "camera:yard:2026-11-25", 10);
  add_video (self, "camera:yard:2026-11-26-2", 10);
  add_video (self, "camera:yard:2026-11-26-summary", 10);
  add_video (self, "camera:yard:2026-11-26-summary-2", 10);
  add_video (self, "camera:yard:2026-11-27", 10);
  add_video (self, "camera:other:2020-01-01", 10);
  add_video (self, "camera:yard:2020-01-01x", 10);
  add_video (self, "1-a", 10);
  add_file (self, "gate", "2026-11-25", "a.mp4", 10);
  add_file (self, "gate", "2026-11-27", "a.mp4", 10);
  add_file (self, "gate", "2020-01-01 mine", "a.mp4", 10);
  add_file (self, "other", "2020-01-01", "a.mp4", 10);
  self->cameras->keep_time = 0;
  g_assert_true (l4_keep (self->cameras, self->index, NOW, NULL));
  g_assert_true (has (self, "gate", "2026-11-25"));
  self->cameras->keep_time = 36 * 3600 * G_GUINT64_CONSTANT (1000000000); 
  g_assert_true (l4_keep (self->cameras, self->index, NOW, NULL));
  keys = list (self);
  g_assert_cmpstr (keys, ==, "1-a camera:other:2020-01-01 camera:yard:2020-01-01x camera:yard:2026-11-27 ");
  g_assert_false (has (self, "gate", "2026-11-25"));
  g_assert_true (has (self, "gate", "2026-11-27"));
  g_assert_true (has (self, "gate", "2020-01-01 mine"));
  g_assert_true (has (self, "other", "2020-01-01"));
}

static void
test_many (Fixture *self, gconstpointer data)
{
  g_autofree char *keys = NULL;

  add_video (self, "camera:yard:2026-11-25", 1000);
  add_video (self, "camera:yard:2026-11-27", 1000);
  add_video (self, "camera:yard:2026-11-28", 5000);
  add_file (self, "gate", "2026-11-26", "a.mp4", 1000);
  add_file (self, "gate", "2026-11-28", "a.mp4", 5000);
  self->cameras->keep_bytes = 13000;
  g_assert_true (l4_keep (self->cameras, self->index, NOW, NULL));
  g_assert_true (has (self, "gate", "2026-11-26"));
  self->cameras->keep_bytes = 11500;    /* two days must go, the oldest ones */
  g_assert_true (l4_keep (self->cameras, self->index, NOW, NULL));
  keys = list (self);
  g_assert_cmpstr (keys, ==, "camera:yard:2026-11-27 camera:yard:2026-11-28 ");
  g_assert_false (has (self, "gate", "2026-11-26"));
  self->cameras->keep_bytes = 1;        /* today stays */
  g_assert_true (l4_keep (self->cameras, self->index, NOW, NULL));
  g_assert_true (has (self, "gate", "2026-11-28"));
  g_free (keys);
  keys = list (self);
  g_assert_cmpstr (keys, ==, "camera:yard:2026-11-28 ");
}

static void
test_letters (Fixture *self, gconstpointer data)
{
  gint64 video = add_text (self, "camera:yard:2026-11-28", "映画");
  guint64 bytes;

  g_assert_true (l4_index_measure_video (self->index, video, &bytes, NULL));
  g_assert_cmpuint (bytes, >=, strlen ("映画"));        /* and what words of such letters are kept apart by */
}

/* A camera whose name begins with another's and a colon. */
static void
test_names (Fixture *self, gconstpointer data)
{
  char *uris[] = { "rtsp://a/", "rtsp://b/", NULL };
  g_autoptr (L4Cameras) cameras = l4_cameras_of_uris (uris, NULL);
  g_autofree char *keys = NULL;
  L4Camera *first = g_ptr_array_index (cameras->cameras, 0), *second = g_ptr_array_index (cameras->cameras, 1);

  g_free (first->name);
  first->name = g_strdup ("a");
  g_free (second->name);
  second->name = g_strdup ("a:b");
  add_video (self, "camera:a:2026-11-25", 10);
  add_video (self, "camera:a:b:2026-11-25", 10);
  add_video (self, "camera:a:c:2026-11-25", 10);
  cameras->keep_time = 36 * 3600 * G_GUINT64_CONSTANT (1000000000);
  g_assert_true (l4_keep (cameras, self->index, NOW, NULL));
  keys = list (self);
  g_assert_cmpstr (keys, ==, "camera:a:c:2026-11-25 ");
}

/* A link that stands for a day, or in one, leads nowhere. */
static void
test_links (Fixture *self, gconstpointer data)
{
  g_autofree char *away = g_build_filename (self->folder, "away", NULL), *file = g_build_filename (away, "mine", NULL);
  g_autofree char *link = g_build_filename (self->cameras->folder, "yard", "2020-01-01", NULL);
  g_autofree char *inner = g_build_filename (self->cameras->folder, "yard", "2020-01-02", "link", NULL);

  add_file (self, "yard", "2020-01-02", "a.mp4", 1);
  g_assert_cmpint (g_mkdir_with_parents (away, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_assert_cmpint (symlink (away, link), ==, 0);
  g_assert_cmpint (symlink (away, inner), ==, 0);
  self->cameras->keep_time = 1;
  g_assert_true (l4_keep (self->cameras, self->index, NOW, NULL));
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
}

static void
test_days (void)
{
  L4Day day = l4_day_of (NOW), parsed;

  g_assert_cmpstr (day.name, ==, "2026-11-28");
  g_assert_cmpint (day.midnight, ==, NOW - (14 * 3600 + 3 * 60 + 12) * (gint64) G_USEC_PER_SEC);
  g_assert_true (l4_day_parse ("2026-11-27", &parsed));
  g_assert_cmpint (day.midnight - parsed.midnight, ==, DAY_US);
  for (guint i = 0; i < 6; i++)
    g_assert_false (l4_day_parse ((const char *[]) { "", "2026-11-2", "2026-13-01", "2026-02-30", "2026-11-28x", "2026-11-28-a", "2026-11-28-summaryx" }[i], &parsed));
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keep/days-have-names-and-begin-at-midnight", test_days);
  g_test_add ("/keep/what-is-too-old-goes-and-nothing-else", Fixture, NULL, set_up, test_old, tear_down);
  g_test_add ("/keep/what-is-too-much-goes-from-the-oldest-day-but-today-stays", Fixture, NULL, set_up, test_many, tear_down);
  g_test_add ("/keep/days-go-of-a-camera-whose-name-begins-with-another-s", Fixture, NULL, set_up, test_names, tear_down);
  g_test_add ("/keep/letters-of-several-bytes-take-as-many", Fixture, NULL, set_up, test_letters, tear_down);
  g_test_add ("/keep/links-are-not-followed", Fixture, NULL, set_up, test_links, tear_down);
  return g_test_run ();
}
