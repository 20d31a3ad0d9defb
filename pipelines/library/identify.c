/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which film of the index a file is. */

#include "library/library-private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/i18n.h"

void
l4_identity_clear (L4Identity *self)
{
  g_clear_pointer (&self->video, l4_index_video_free);
  g_clear_pointer (&self->from, g_free);
}

static gint64
get_mtime (const struct stat *status)
{
  return (gint64) status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

gboolean
l4_library_look (L4Library *self, const char *path, guint64 *size, gint64 *mtime)
{
  struct stat status;

  if (stat (path, &status) != 0) {
    l4_tally_fail (self->context.tally, self->context.progress, path, g_strerror (errno));
    return FALSE;
  }
  *size = status.st_size;
  *mtime = get_mtime (&status);
  return TRUE;
}

const char *
l4_library_reason (const GError *error, const char *path)
{
  gsize length = strlen (path);

  return g_str_has_prefix (error->message, path) && g_str_has_prefix (error->message + length, ": ") ? error->message + length + 2 :
      error->message;
}

/* Whether the film is where the index has it. */
static gboolean
is_there (const L4IndexVideo *video)
{
  struct stat status;

  return video->path != NULL && stat (video->path, &status) == 0 && (guint64) status.st_size == video->size
      && get_mtime (&status) == video->mtime;
}

static L4IndexVideo *
find_path (L4Library *self, const char *path, GError **error)
{
  return self->context.index != NULL ? l4_index_find_path (self->context.index, path, error) : NULL;
}

static L4IndexVideo *
find_key (L4Library *self, const char *key, GError **error)
{
  return self->context.index != NULL ? l4_index_find_key (self->context.index, key, error) : NULL;
}

/* What the file is known by. Of what has no content there is no more than its place. NULL: it cannot be read, which is tallied, or *error.
 * (transfer full) */
static char *
make_key (L4Library *self, const char *path, guint64 size, GError **error)
{
  g_autoptr (GError) problem = NULL;
  char *key = l4_film_get_key (path, self->context.cancellable, &problem);

  if (key != NULL)
    return key;
  if (g_cancellable_is_cancelled (self->context.cancellable)) {
    g_propagate_error (error, g_steal_pointer (&problem));
  } else if (g_error_matches (problem, L4_FILM_ERROR, L4_FILM_ERROR_EMPTY)) {
    key = g_strdup ("0-empty");
  } else {
    l4_tally_fail (self->context.tally, self->context.progress, path, l4_library_reason (problem, path));
  }
  return key;
}

/* Of files that are no films everyone has its own reason, though they be alike. (transfer full) */
static char *
make_own_key (const char *key, const char *path)
{
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, path, -1);

  return g_strdup_printf ("%s-%.16s", key, sum);
}

/* The film with that content, which may be another file. */
static gboolean
find_content (L4Library *self, const char *path, char **key, L4Identity *identity, GError **error)
{
  g_autoptr (GError) problem = NULL;

  identity->video = find_key (self, *key, &problem);
  identity->copy = identity->video != NULL && g_strcmp0 (identity->video->path, path) != 0 && is_there (identity->video);
  if (identity->copy && identity->video->container == NULL) {
    g_autofree char *shared = *key;

    *key = make_own_key (shared, path);
    l4_identity_clear (identity);
    identity->copy = FALSE;
    identity->video = find_key (self, *key, &problem);
  }
  if (problem == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

gboolean
l4_library_identify (L4Library *self, const char *path, guint64 size, gint64 mtime, L4Identity *identity, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (L4IndexVideo) here = find_path (self, path, &problem);
  g_autofree char *key = NULL;

  *identity = (L4Identity) { 0 };
  if (problem != NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (here != NULL && here->size == size && here->mtime == mtime) {
    identity->video = g_steal_pointer (&here);
    return TRUE;
  }
  key = make_key (self, path, size, error);
  if (key == NULL || !find_content (self, path, &key, identity, error))
    return FALSE;
  if (identity->copy && here == NULL)
    return TRUE;                /* otherwise it takes the place of what was here */
  identity->moved = identity->video != NULL && g_strcmp0 (identity->video->path, path) != 0;
  if (identity->video == NULL) {
    identity->video = g_new0 (L4IndexVideo, 1);
    identity->video->key = g_steal_pointer (&key);
  }
  identity->from = g_steal_pointer (&identity->video->path);
  identity->video->path = g_strdup (path);
  identity->video->size = size;
  identity->video->mtime = mtime;
  return TRUE;
}

/* Whether anything was ever said of it. */
static gboolean
is_silent (L4Library *self, gint64 video)
{
  g_autoptr (GPtrArray) windows = l4_index_list_windows (self->context.index, video, 0, FALSE, NULL);

  return windows != NULL && windows->len == 0;
}

gboolean
l4_library_refuse (L4Library *self, L4IndexVideo *video, gint64 run, const char *reason, GError **error)
{
  L4Index *index = self->context.index;

  if (is_silent (self, video->id)) {
    g_clear_pointer (&video->container, g_free);        /* by which those are known that were opened once */
    g_clear_pointer (&video->codec, g_free);
    video->width = video->height = video->duration = 0;
    if (!l4_index_remove_video (index, video->id, error) || !l4_index_put_video (index, video, error))
      return FALSE;
  }
  return l4_index_settle (index, video->id, run, L4_INDEX_FAILED, reason, error);
}

gboolean
l4_library_keep (L4Library *self, L4Identity *identity, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (L4IndexVideo) before = NULL;

  if (self->context.look_only)
    return TRUE;
  before = find_path (self, identity->video->path, &problem);
  if (problem != NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (!l4_index_put_video (self->context.index, identity->video, error))
    return FALSE;
  if (before == NULL || before->id == identity->video->id)
    return TRUE;
  if (is_silent (self, before->id))
    return l4_index_remove_video (self->context.index, before->id, error);
  self->context.tally->counts[L4_TALLY_REPLACED]++;
  return TRUE;
}
