/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of pages that appears whole. */

#define _GNU_SOURCE             /* renameat2, syncfs */

#include "page/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "write/bytes.h"

/* Says that a report lies in the folder, and which files are its: a name a line, below the text. */
#define MARKER ".llama4-report"
#define MARKER_TEXT "llama4 report made these files, and replaces them when it makes the report again:"

/* What earlier versions wrote instead, without names: theirs is what is called like a report's files. */
#define EARLIER_TEXT "llama4 report made this folder, and replaces what it made when it makes it again."

#define OWN_FILES \
  "^(\\.llama4-report|index\\.html|style\\.css|script\\.js|film/[0-9]+\\.html|data/[0-9]+\\.js|pictures/[0-9]+/[0-9]+\\.jpg|" \
  "films/[0-9]+\\.[A-Za-z0-9]+)$"
#define OWN_FOLDERS "^(film|data|pictures|pictures/[0-9]+|films)$"

struct _L4PageFolder
{
  char *path;                   /* where it shall stand */
  char *part;                   /* where it is made; behind the exchange: what stood there before */
  int lock;                     /* on part; -1: none */
  gboolean made;                /* part is there, and is to be taken away again */
};

static gboolean
fail_errno (GError **error, const char *path)
{
  return l4_fail (error, L4_ERROR_IO, "%s: %s", path, g_strerror (errno));
}

gboolean
l4_page_folder_owns (const char *name)
{
  return g_regex_match_simple (OWN_FILES, name, G_REGEX_RAW | G_REGEX_DOLLAR_ENDONLY, 0);
}

const char *
l4_page_folder_get_path (const L4PageFolder *self)
{
  return self->path;
}

static gboolean
is_folder (const char *path)
{
  GStatBuf status;

  return g_lstat (path, &status) == 0 && S_ISDIR (status.st_mode);
}

static gboolean
has_marker (const char *path)
{
  g_autofree char *marker = g_build_filename (path, MARKER, NULL);

  return g_file_test (marker, G_FILE_TEST_IS_REGULAR);
}

/* Adds what the marker of a folder names. */
static void
read_marker (const char *path, GHashTable *made)
{
  g_autofree char *marker = g_build_filename (path, MARKER, NULL), *text = NULL;
  g_auto (GStrv) lines = g_file_get_contents (marker, &text, NULL, NULL) ? g_strsplit (text, "\n", -1) : NULL;

  for (char **line = lines; line != NULL && *line != NULL; line++)
    g_hash_table_add (made, g_strdup (*line));
}

static gboolean
is_made (GHashTable *made, const char *name)
{
  return g_hash_table_contains (made, name) || (g_hash_table_contains (made, EARLIER_TEXT) && l4_page_folder_owns (name));
}

/* Before a file is made: whatever happens, it is known whose it is. */
static gboolean
add_to_marker (const L4PageFolder *self, const char *line, GError **error)
{
  g_autofree char *marker = g_build_filename (self->part, MARKER, NULL), *text = g_strconcat (line, "\n", NULL);
  int file = open (marker, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  gboolean added = (file >= 0 && l4_write_bytes (file, text, strlen (text))) || fail_errno (error, marker);

  if (file >= 0)
    close (file);
  return added;
}

static gboolean
make_parents (const char *path, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);

  return g_mkdir_with_parents (parent, 0777) == 0 || fail_errno (error, parent);
}

/* Takes away what reports made below old/name; what others put there moves to the same place below kept (NULL: there is no such thing, all
 * is ours). made: names. */
static gboolean
clear_folder (const char *old, const char *name, const char *kept, GHashTable *made, GError **error)
{
  g_autofree char *path = g_build_filename (old, name, NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, error);
  const char *entry;

  if (folder == NULL)
    return FALSE;
  while ((entry = g_dir_read_name (folder)) != NULL) {
    g_autofree char *inside = *name != '\0' ? g_build_filename (name, entry, NULL) : g_strdup (entry);
    g_autofree char *from = g_build_filename (old, inside, NULL);
    gboolean ours = kept == NULL || is_made (made, inside);

    if (g_str_equal (inside, MARKER) && !is_folder (from))
      continue;
    if (is_folder (from) && (kept == NULL || g_regex_match_simple (OWN_FOLDERS, inside, G_REGEX_RAW | G_REGEX_DOLLAR_ENDONLY, 0))) {
      if (!clear_folder (old, inside, kept, made, error))
        return FALSE;
    } else if (ours && !is_folder (from)) {
      if (g_unlink (from) != 0)
        return fail_errno (error, from);
    } else {
      g_autofree char *to = g_build_filename (kept, inside, NULL);

      if (!make_parents (to, error))
        return FALSE;
      if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0 && (errno != EINVAL || g_rename (from, to) != 0))
        return fail_errno (error, from);
    }
  }
  if (*name == '\0') {          /* last: until then it tells whose the rest is */
    g_autofree char *marker = g_build_filename (old, MARKER, NULL);

    if (g_unlink (marker) != 0 && errno != ENOENT)
      return fail_errno (error, marker);
  }
  return g_rmdir (path) == 0 || fail_errno (error, path);
}

/* The report that was in old, or that begun there, goes; what it made, and what was replaced by the one in path, is nobody else's. */
static gboolean
clear_old (const char *old, const char *path, GError **error)
{
  g_autoptr (GHashTable) made = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  read_marker (old, made);
  read_marker (path, made);
  return clear_folder (old, "", path, made, error);
}

/* What a run that was killed left there: taken away, but for what it had not yet moved back of others. */
static gboolean
clear_leftover (const char *leftover, const char *path, GError **error)
{
  if (!is_folder (leftover) || g_rmdir (leftover) == 0)
    return TRUE;
  if (!has_marker (leftover))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is in the way"), leftover);
  return clear_old (leftover, path, error);
}

/* A lock says that a run is at work; where the file system has none, one does without. */
static gboolean
lock_part (L4PageFolder *self, GError **error)
{
  self->lock = open (self->part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->lock < 0 && errno != ENOENT)
    return fail_errno (error, self->part);
  if (self->lock >= 0 && flock (self->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: another report is being made there"), self->path);
  return TRUE;
}

static void
unlock_part (L4PageFolder *self)
{
  if (self->lock >= 0)
    close (self->lock);
  self->lock = -1;
}

static gboolean
is_empty (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);

  return folder != NULL && g_dir_read_name (folder) == NULL;
}

/* Nothing can take the place of what is mounted. */
static gboolean
is_mount (const char *path)
{
  struct statx status;

  return statx (AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &status) == 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

static gboolean
check_place (const char *path, gboolean force, GError **error)
{
  g_autofree char *here = g_get_current_dir ();
  GStatBuf status;

  if (g_lstat (path, &status) != 0)
    return errno == ENOENT || fail_errno (error, path);
  if (!S_ISDIR (status.st_mode))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is there already, and is no folder"), path);
  if (g_str_equal (here, path))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is the current folder; please name one in it"), path);
  if (is_mount (path))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is a mount point; please name a folder in it"), path);
  return force || has_marker (path) || is_empty (path)
      || l4_fail (error, L4_ERROR_INPUT, _("%s: holds files that no report made; --force makes the report among them"), path);
}

/* Like the one that stands there: what its owner keeps to himself or to a group stays so, while it is made as well. A group that cannot be
 * given gets nothing. */
static gboolean
make_like (const char *part, const char *there)
{
  GStatBuf status;

  if (g_lstat (there, &status) != 0)
    return g_mkdir (part, 0777) == 0;
  if (g_mkdir (part, 0700) != 0)
    return FALSE;
  if (chown (part, status.st_uid, status.st_gid) != 0 && chown (part, -1, status.st_gid) != 0)
    status.st_mode &= ~S_IRWXG;
  return g_chmod (part, (status.st_mode & 07777) | S_IRWXU) == 0;
}

static gboolean
make_part (L4PageFolder *self, GError **error)
{
  g_autofree char *aside = g_strconcat (self->part, "~", NULL);

  if (!make_parents (self->path, error) || !lock_part (self, error) || !clear_leftover (self->part, self->path, error)
      || !clear_leftover (aside, self->path, error))
    return FALSE;
  unlock_part (self);
  self->made = make_like (self->part, self->path);
  if (!self->made)
    return fail_errno (error, self->part);
  return lock_part (self, error) && add_to_marker (self, MARKER_TEXT, error);
}

L4PageFolder *
l4_page_folder_new (const char *path, gboolean force, GError **error)
{
  g_autoptr (L4PageFolder) self = g_new0 (L4PageFolder, 1);
  g_autofree char *parent = NULL, *name = NULL, *hidden = NULL;

  self->lock = -1;
  self->path = g_canonicalize_filename (path, NULL);
  parent = g_path_get_dirname (self->path);
  name = g_path_get_basename (self->path);
  if (!check_place (self->path, force, error))
    return NULL;
  hidden = g_strconcat (".", name, ".part", NULL);
  self->part = g_build_filename (parent, hidden, NULL);
  return make_part (self, error) ? g_steal_pointer (&self) : NULL;
}

void
l4_page_folder_free (L4PageFolder *self)
{
  if (self->made)
    clear_folder (self->part, "", NULL, NULL, NULL);
  unlock_part (self);
  g_free (self->part);
  g_free (self->path);
  g_free (self);
}

gboolean
l4_page_folder_write (L4PageFolder *self, const char *name, const void *data, gsize length, GError **error)
{
  g_autofree char *path = g_build_filename (self->part, name, NULL);
  int file;

  if (!add_to_marker (self, name, error))
    return FALSE;
  file = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0 && errno == ENOENT) {
    if (!make_parents (path, error))
      return FALSE;
    file = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  }
  if (file < 0)
    return fail_errno (error, path);
  if (!l4_write_bytes (file, data, length)) {
    fail_errno (error, path);
    close (file);
    return FALSE;
  }
  return close (file) == 0 || fail_errno (error, path);
}

gboolean
l4_page_folder_copy (L4PageFolder *self, const char *name, const char *path, GCancellable *cancellable, GError **error)
{
  g_autofree char *copy = g_build_filename (self->part, name, NULL);
  g_autoptr (GFile) from = g_file_new_for_path (path), to = g_file_new_for_path (copy);
  g_autoptr (GError) problem = NULL;

  if (!make_parents (copy, error) || !add_to_marker (self, name, error))
    return FALSE;
  return g_file_copy (from, to, G_FILE_COPY_TARGET_DEFAULT_PERMS, cancellable, NULL, NULL, &problem)
      || l4_fail (error, L4_ERROR_IO, "%s: %s", path, problem->message);
}

/* Puts the one where the other is; where the file system cannot in one step, in three. */
static gboolean
exchange (const char *part, const char *path, GError **error)
{
  g_autofree char *aside = g_strconcat (part, "~", NULL);

  if (renameat2 (AT_FDCWD, part, AT_FDCWD, path, RENAME_EXCHANGE) == 0)
    return TRUE;
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
    return fail_errno (error, path);
  if (g_rename (path, aside) != 0)
    return fail_errno (error, path);
  if (g_rename (part, path) != 0) {
    fail_errno (error, path);
    if (g_rename (aside, path) != 0)
      g_warning ("%s: %s", aside, g_strerror (errno));
    return FALSE;
  }
  return g_rename (aside, part) == 0 || fail_errno (error, aside);
}

/* After a loss of power what stands there is whole: its content is on the disk before its name is, and before what was there goes. */
static gboolean
sync_part (const L4PageFolder *self, GError **error)
{
  return self->lock < 0 || syncfs (self->lock) == 0 || fail_errno (error, self->path);
}

gboolean
l4_page_folder_publish (L4PageFolder *self, GError **error)
{
  if (!sync_part (self, error))
    return FALSE;
  if (!is_folder (self->path) || is_empty (self->path)) {
    self->made = g_rename (self->part, self->path) != 0;
    return !self->made || fail_errno (error, self->path);
  }
  if (!exchange (self->part, self->path, error))
    return FALSE;
  self->made = FALSE;
  if (!has_marker (self->part) && !add_to_marker (self, MARKER_TEXT, error))    /* all of it is of others */
    return FALSE;
  return clear_old (self->part, self->path, error);
}
