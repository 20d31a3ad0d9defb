/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that appear whole or not at all. */

#define _GNU_SOURCE              /* fallocate, O_TMPFILE */
#include "files/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_PARTS 4            /* at once, that a signal removes */

/* Names that files have before they are whole. */
typedef enum
{
  FREE, CHANGES, THERE
} State;

static struct
{
  int state;                    /* atomic */
  char name[PATH_MAX];
} parts[MOST_PARTS];

static void
note_part (const char *name)
{
  for (guint i = 0; i < MOST_PARTS && strlen (name) < PATH_MAX; i++)
    if (g_atomic_int_compare_and_exchange (&parts[i].state, FREE, CHANGES)) {
      strcpy (parts[i].name, name);
      g_atomic_int_set (&parts[i].state, THERE);
      return;
    }
}

static void
forget_part (const char *name)
{
  for (guint i = 0; i < MOST_PARTS; i++)
    if (g_atomic_int_get (&parts[i].state) == THERE && strcmp (parts[i].name, name) == 0)
      g_atomic_int_set (&parts[i].state, FREE);
}

void
l4_whole_remove_parts (void)
{
  for (guint i = 0; i < MOST_PARTS; i++)
    if (g_atomic_int_get (&parts[i].state) == THERE)
      unlink (parts[i].name);
}

static gboolean
fail_io (const L4Whole *self, int code, GError **error)
{
  return l4_fail (error, L4_ERROR_IO, "%s: %s", self->path, g_strerror (code));
}

/* What lies at the path is replaced in the end, which must never happen to a device or a pipe. */
static gboolean
can_be_replaced (const char *path, GError **error)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is a folder; the name of a file is needed"), path);
  return !g_file_test (path, G_FILE_TEST_EXISTS) || g_file_test (path, G_FILE_TEST_IS_REGULAR)
      || l4_fail (error, L4_ERROR_INPUT, _("%s: is not a regular file"), path);
}

/* A file that has no name yet is gone however this process ends. Not every file system has such files, and without /proc there
 * is no way to give it a name later: -1. */
static int
open_nameless (const char *path, guint mode)
{
  g_autofree char *folder = g_path_get_dirname (path);

  return g_access ("/proc/self/fd", X_OK) == 0 ? g_open (folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode) : -1;
}

gboolean
l4_whole_open (L4Whole *self, const char *path, guint mode, GError **error)
{
  GStatBuf before;

  if (!can_be_replaced (path, error))
    return FALSE;
  self->path = g_strdup (path);
  self->part = g_strdup_printf ("%s.%08x.part", path, g_random_int ());
  self->fd = open_nameless (path, mode);
  self->nameless = self->fd >= 0;
  if (!self->nameless)
    self->fd = g_open (self->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (int) mode);
  self->open = self->fd >= 0;
  if (self->open && !self->nameless)
    note_part (self->part);
  if (self->open && g_stat (path, &before) == 0)
    fchmod (self->fd, before.st_mode & 0777);
  return self->open || fail_io (self, errno, error);
}

void
l4_whole_clear (L4Whole *self)
{
  if (self->open) {
    close (self->fd);
    if (!self->nameless)
      g_unlink (self->part);
    forget_part (self->part);
  }
  g_free (self->path);
  g_free (self->part);
  *self = (L4Whole) { 0 };
}

/* Where the file system has no such call, space is taken while the file is written. So it is after a signal, at which some give up all that
 * they have taken: if signals come often enough, trying again would never end. */
gboolean
l4_whole_reserve (const L4Whole *self, guint64 bytes, GError **error)
{
  if (fallocate (self->fd, 0, 0, (off_t) bytes) == 0)
    return TRUE;
  if ((errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR) && ftruncate (self->fd, (off_t) bytes) == 0)
    return TRUE;
  return l4_fail (error, L4_ERROR_IO, _("%s: %s; %" PRIu64 " bytes are needed"), self->path, g_strerror (errno), bytes);
}

gboolean
l4_whole_write (const L4Whole *self, guint64 offset, const void *data, gsize bytes, GError **error)
{
  for (gsize done = 0; done < bytes;) {
    gssize n = pwrite (self->fd, (const char *) data + done, bytes - done, (off_t) (offset + done));

    if (n >= 0)
      done += (gsize) n;
    else if (errno != EINTR)
      return fail_io (self, errno, error);
  }
  return TRUE;
}

static gboolean
give_name (L4Whole *self, GError **error)
{
  g_autofree char *file = g_strdup_printf ("/proc/self/fd/%d", self->fd);

  if (self->nameless && linkat (AT_FDCWD, file, AT_FDCWD, self->part, AT_SYMLINK_FOLLOW) != 0)
    return fail_io (self, errno, error);
  self->nameless = FALSE;       /* a link replaces nothing, so that there are two steps */
  return g_rename (self->part, self->path) == 0 || fail_io (self, errno, error);
}

/* So that a power cut does not take the name away. Not every file system has that. */
static void
sync_folder (const char *path)
{
  g_autofree char *name = g_path_get_dirname (path);
  int folder = g_open (name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  if (folder < 0)
    return;
  fsync (folder);
  close (folder);
}

gboolean
l4_whole_finish (L4Whole *self, GError **error)
{
  if (fsync (self->fd) != 0)
    return fail_io (self, errno, error);
  if (!give_name (self, error))
    return FALSE;
  self->open = FALSE;
  forget_part (self->part);
  close (self->fd);
  sync_folder (self->path);
  return TRUE;
}
