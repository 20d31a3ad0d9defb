/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The films of an index. */

#include <string.h>

#include "base/i18n.h"
#include "index/index-private.h"
#include "index/videos.h"

#define NS G_GINT64_CONSTANT (1000000000)       /* in a second */

void
l4_index_video_free (L4IndexVideo *video)
{
  if (video == NULL)
    return;
  g_free (video->path);
  g_free (video->key);
  g_free (video->container);
  g_free (video->codec);
  g_free (video);
}

L4IndexVideo *
l4_video_from_row (const L4Value *columns)
{
  L4IndexVideo *video = g_new0 (L4IndexVideo, 1);

  video->id = l4_value_integer (&columns[0]);
  video->path = l4_value_bytes (&columns[1]);
  video->size = l4_value_unsigned (&columns[2]);
  video->mtime = l4_value_integer (&columns[3]);
  video->key = l4_value_text (&columns[4]);
  video->container = l4_value_text (&columns[5]);
  video->codec = l4_value_text (&columns[6]);
  video->width = MIN (l4_value_unsigned (&columns[7]), G_MAXINT);
  video->height = MIN (l4_value_unsigned (&columns[8]), G_MAXINT);
  video->duration = l4_value_unsigned (&columns[9]);
  return video;
}

guint64
l4_index_video_clock (const L4IndexVideo *video, guint64 time)
{
  gint64 begin = (video->mtime - (gint64) video->duration) / NS, set = 0;
  g_autoptr (GDateTime) midnight = NULL, moment = NULL;

  if (g_strcmp0 (video->container, "camera") != 0 || video->duration == 0)
    return time;
  midnight = g_date_time_new_from_unix_local (begin);
  moment = midnight != NULL ? g_date_time_new_from_unix_local (begin + (gint64) (time / NS)) : NULL;
  if (moment != NULL)
    set = (g_date_time_get_utc_offset (moment) - g_date_time_get_utc_offset (midnight)) * G_GINT64_CONSTANT (1000);
  return MAX ((gint64) time + set, 0);
}

/* Finding ----------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *path, *key;
  L4IndexVideo *found;
} Search;

static void
row_found (const L4Value *columns, gpointer data)
{
  Search *search = data;

  g_clear_pointer (&search->found, l4_index_video_free);
  search->found = l4_video_from_row (columns);
}

static gboolean
find (L4Database *database, gpointer work, GError **error)
{
  Search *search = work;

  g_clear_pointer (&search->found, l4_index_video_free);
  if (search->path != NULL)
    return l4_database_query (database, row_found, search, error, "SELECT " L4_VIDEO_COLUMNS " FROM videos AS v WHERE path = $1", "p",
        search->path);
  return l4_database_query (database, row_found, search, error, "SELECT " L4_VIDEO_COLUMNS " FROM videos AS v WHERE key = $1", "t",
      search->key);
}

static L4IndexVideo *
find_by (L4Index *self, Search search, GError **error)
{
  if (l4_database_transact (self->database, FALSE, find, &search, error))
    return search.found;
  l4_index_video_free (search.found);
  return NULL;
}

L4IndexVideo *
l4_index_find_path (L4Index *self, const char *path, GError **error)
{
  return find_by (self, (Search) { .path = path }, error);
}

L4IndexVideo *
l4_index_find_key (L4Index *self, const char *key, GError **error)
{
  return l4_index_check_text (self, key, "key", error) ? find_by (self, (Search) { .key = key }, error) : NULL;
}

static void
row_video (const L4Value *columns, gpointer videos)
{
  g_ptr_array_add (videos, l4_video_from_row (columns));
}

static gboolean
list (L4Database *database, gpointer videos, GError **error)
{
  g_ptr_array_set_size (videos, 0);
  return l4_database_query (database, row_video, videos, error, "SELECT " L4_VIDEO_COLUMNS " FROM videos AS v "
      "ORDER BY path IS NULL, path, id", "");
}

GPtrArray *
l4_index_list_videos (L4Index *self, GError **error)
{
  g_autoptr (GPtrArray) videos = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_index_video_free);

  return l4_database_transact (self->database, FALSE, list, videos, error) ? g_steal_pointer (&videos) : NULL;
}

/* Changing ---------------------------------------------------------------------------------------------------------------------- */

/* What is not known now stays as it was known before. */
static gboolean
put (L4Database *database, gpointer work, GError **error)
{
  L4IndexVideo *video = work;
  g_autofree char *shown = g_utf8_make_valid (video->path, -1);

  return l4_database_query (database, NULL, NULL, error, "UPDATE videos SET path = NULL WHERE path = $1 AND key <> $2", "pt", video->path,
      video->key)
      && l4_database_query (database, l4_row_integer, &video->id, error, "INSERT INTO videos (key, path, shown, size, mtime, container, "
      "codec, width, height, duration) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (key) DO UPDATE SET "
      "path = excluded.path, shown = excluded.shown, size = excluded.size, mtime = excluded.mtime, "
      "container = COALESCE (excluded.container, videos.container), codec = COALESCE (excluded.codec, videos.codec), "
      "width = CASE excluded.width WHEN 0 THEN videos.width ELSE excluded.width END, "
      "height = CASE excluded.height WHEN 0 THEN videos.height ELSE excluded.height END, "
      "duration = CASE excluded.duration WHEN 0 THEN videos.duration ELSE excluded.duration END RETURNING id", "tptiittiii", video->key,
      video->path, shown, (gint64) video->size, video->mtime, video->container, video->codec, (gint64) video->width,
      (gint64) video->height, (gint64) video->duration);
}

gboolean
l4_index_put_video (L4Index *self, L4IndexVideo *video, GError **error)
{
  if (video->path == NULL || !g_path_is_absolute (video->path))
    return l4_database_fail (self->database, L4_ERROR_INPUT, error, _("a film's path is not absolute"));
  return l4_index_check_text (self, video->key, "key", error)
      && (video->container == NULL || l4_index_check_text (self, video->container, "container", error))
      && (video->codec == NULL || l4_index_check_text (self, video->codec, "codec", error))
      && l4_index_check_number (self, video->size, error) && l4_index_check_number (self, video->duration, error)
      && l4_database_transact (self->database, TRUE, put, video, error);
}

typedef struct
{
  L4Index *index;
  gint64 video;                 /* may be gone already: an answer of the database that was lost */
} Removal;

static void
row_claim (const L4Value *columns, gpointer runs)
{
  gint64 run = l4_value_integer (columns);

  g_array_append_val ((GArray *) runs, run);
}

static gboolean
remove_video (L4Database *database, gpointer work, GError **error)
{
  static const char *const statements[] = {
    "DELETE FROM claims WHERE video = $1", "DELETE FROM progress WHERE video = $1", "DELETE FROM windows WHERE video = $1",
    "DELETE FROM videos WHERE id = $1"
  };
  Removal *removal = work;
  gint64 found = 0;
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (!l4_database_query (database, l4_row_integer, &found, error, database->class->lock_video, "i", removal->video)
      || !l4_database_query (database, row_claim, runs, error, "SELECT run FROM claims WHERE video = $1", "i", removal->video))
    return FALSE;
  for (guint i = 0; i < runs->len; i++)
    if (!l4_index_check_claim (removal->index, removal->video, g_array_index (runs, gint64, i), error))
      return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (statements); i++)
    if (!l4_database_query (database, NULL, NULL, error, statements[i], "i", removal->video))
      return FALSE;
  return TRUE;
}

gboolean
l4_index_remove_video (L4Index *self, gint64 video, GError **error)
{
  Removal removal = { self, video };

  return l4_database_transact (self->database, TRUE, remove_video, &removal, error);
}
