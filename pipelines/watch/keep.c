/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lets go of days of cameras that are older, or more, than is to be kept. */

#include "watch/keep.h"

#include <string.h>

#include "watch/day.h"

/* A day in the index, or a folder of one. */
typedef struct
{
  L4Day day;
  gint64 video;                 /* 0: a folder */
  char *path;                   /* of a folder */
  guint64 bytes;
} Kept;

static void
kept_clear (gpointer data)
{
  g_free (((Kept *) data)->path);
}

/* The day of a camera that a key names. A camera's name may begin with another's and a colon. */
static gboolean
find_day (const L4Cameras *cameras, const char *key, L4Day *day)
{
  if (!g_str_has_prefix (key, L4_DAY_KEY))
    return FALSE;
  key += strlen (L4_DAY_KEY);
  for (guint i = 0; i < cameras->cameras->len; i++) {
    const L4Camera *camera = g_ptr_array_index (cameras->cameras, i);
    gsize length = strlen (camera->name);

    if (strncmp (key, camera->name, length) == 0 && key[length] == ':' && l4_day_parse (key + length + 1, day))
      return TRUE;
  }
  return FALSE;
}

static gboolean
add_videos (const L4Cameras *cameras, L4Index *index, GArray *all, GError **error)
{
  g_autoptr (GPtrArray) videos = l4_index_list_videos (index, error);

  for (guint i = 0; videos != NULL && i < videos->len; i++) {
    const L4IndexVideo *video = g_ptr_array_index (videos, i);
    Kept kept = {.video = video->id };

    if (!find_day (cameras, video->key, &kept.day))
      continue;
    if (cameras->keep_bytes > 0 && !l4_index_measure_video (index, video->id, &kept.bytes, error))
      return FALSE;
    g_array_append_val (all, kept);
  }
  return videos != NULL;
}

static void
add_folders (const L4Cameras *cameras, const L4Camera *camera, GArray *all)
{
  g_autofree char *path = g_build_filename (cameras->folder, camera->name, NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    Kept kept = { 0 };

    if (strlen (name) != L4_DAY_LENGTH || !l4_day_parse (name, &kept.day))
      continue;
    kept.path = g_build_filename (path, name, NULL);
    kept.bytes = l4_day_measure (kept.path);
    g_array_append_val (all, kept);
  }
}

static int
compare_days (gconstpointer a, gconstpointer b)
{
  gint64 one = ((const Kept *) a)->day.midnight, other = ((const Kept *) b)->day.midnight;

  return one < other ? -1 : one > other;
}

static gboolean
let_go (L4Index *index, const Kept *kept, GError **error)
{
  if (kept->path != NULL)
    l4_day_remove (kept->path);
  return kept->video == 0 || l4_index_remove_video (index, kept->video, error);
}

gboolean
l4_keep (const L4Cameras *cameras, L4Index *index, gint64 now, GError **error)
{
  g_autoptr (GArray) all = g_array_new (FALSE, TRUE, sizeof (Kept));
  const L4Day today = l4_day_of (now);
  guint64 bytes = 0;
  gboolean right = TRUE;

  if (cameras->keep_time == 0 && cameras->keep_bytes == 0)
    return TRUE;
  g_array_set_clear_func (all, kept_clear);
  if (index != NULL && !add_videos (cameras, index, all, error))
    return FALSE;
  for (guint i = 0; cameras->folder != NULL && i < cameras->cameras->len; i++)
    add_folders (cameras, g_ptr_array_index (cameras->cameras, i), all);
  g_array_sort (all, compare_days);
  for (guint i = 0; i < all->len; i++)
    bytes += g_array_index (all, Kept, i).bytes;
  for (guint i = 0; right && i < all->len; i++) {
    const Kept *kept = &g_array_index (all, Kept, i);
    g_autoptr (GError) problem = NULL;
    gboolean old = cameras->keep_time > 0 && kept->day.midnight + 86400 * (gint64) G_USEC_PER_SEC + (gint64) (cameras->keep_time / 1000) < now;

    if (kept->day.midnight >= today.midnight || (!old && (cameras->keep_bytes == 0 || bytes <= cameras->keep_bytes)))
      continue;
    right = let_go (index, kept, &problem);
    if (g_error_matches (problem, L4_INDEX_ERROR, L4_INDEX_ERROR_TAKEN))
      right = TRUE;             /* another watch writes it still */
    else if (problem != NULL)
      g_propagate_error (error, g_steal_pointer (&problem));
    else
      bytes -= kept->bytes;
  }
  return right;
}
