/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films taken out of an index whose files are gone. */

#include "library/library-private.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/i18n.h"

static gboolean
is_below (const char *path, const GPtrArray *folders)
{
  for (guint i = 0; i < folders->len; i++) {
    const char *folder = g_ptr_array_index (folders, i);
    gsize length = strlen (folder);

    if (strncmp (path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/' || folder[length - 1] == '/'))
      return TRUE;
  }
  return FALSE;
}

gboolean
l4_library_is_gone (const char *path)
{
  struct stat status;

  return lstat (path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

static gboolean
is_empty (const char *path)
{
  DIR *folder = opendir (path);
  const struct dirent *entry;
  gboolean empty = TRUE;

  if (folder == NULL)
    return TRUE;
  while (empty && (entry = readdir (folder)) != NULL)
    empty = g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, "..");
  closedir (folder);
  return empty;
}

/* The nearest folder above that is there, if nothing is in it: where a disk was. NULL: something is in it. (transfer full) */
static char *
find_empty (const char *path)
{
  char *folder = g_path_get_dirname (path);

  while (l4_library_is_gone (folder)) {
    char *above = g_path_get_dirname (folder);

    g_free (folder);
    folder = above;
  }
  if (!is_empty (folder))
    g_clear_pointer (&folder, g_free);
  return folder;
}

/* Tells of each such folder once. */
static void
spare (L4Library *self, char *folder, GHashTable *spared)
{
  if (g_hash_table_add (spared, folder))
    l4_tally_fail (self->context.tally, self->context.progress, folder,
        _("is empty, but films of it are in the index; they stay there, because a disk may be missing. They go when the folder does"));
}

static gboolean
prune_video (L4Library *self, const L4IndexVideo *video, GHashTable *spared, GError **error)
{
  char *empty = video->path != NULL ? find_empty (video->path) : NULL;
  g_autoptr (GError) problem = NULL;

  if (empty != NULL) {
    spare (self, empty, spared);
    return TRUE;
  }
  if (!self->context.look_only && !l4_index_remove_video (self->context.index, video->id, &problem)) {
    if (!g_error_matches (problem, L4_INDEX_ERROR, L4_INDEX_ERROR_TAKEN)) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
    l4_tally_fail (self->context.tally, self->context.progress, NULL, problem->message);        /* another run has it */
    return TRUE;
  }
  self->context.tally->counts[L4_TALLY_PRUNED]++;
  return TRUE;
}

/* Paths of the files that were found when the run began. */
static GHashTable *
get_found (const L4Library *self)
{
  GHashTable *found = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; self->files != NULL && i < self->files->len; i++)
    g_hash_table_add (found, ((const L4ScanFile *) self->files->pdata[i])->path);
  return found;
}

/* The day of a camera that is watched, which is no file: there is something where its path says only if an alert left it there. */
static gboolean
is_of_camera (const L4IndexVideo *video)
{
  return g_strcmp0 (video->container, "camera") == 0;
}

gboolean
l4_library_prune (L4Library *self, const GPtrArray *paths, GError **error)
{
  g_autoptr (GHashTable) spared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL), found = get_found (self);
  g_autoptr (GPtrArray) videos = NULL;

  if (self->context.index == NULL)
    return TRUE;
  videos = l4_index_list_videos (self->context.index, error);
  if (videos == NULL)
    return FALSE;
  for (guint i = 0; i < videos->len && !g_cancellable_is_cancelled (self->context.cancellable); i++) {
    const L4IndexVideo *video = g_ptr_array_index (videos, i);

    if (!is_of_camera (video) && (video->path == NULL || (is_below (video->path, paths) && !g_hash_table_contains (found, video->path)
                && l4_library_is_gone (video->path))))
      if (!prune_video (self, video, spared, error))
        return FALSE;
  }
  return TRUE;
}
