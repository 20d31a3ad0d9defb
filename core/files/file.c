/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading regular files. */

#include "files/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
refuse (const char *path, GError **error)
{
  int code = errno;

  l4_fail (error, code == ENOENT || code == ENOTDIR ? L4_ERROR_NOT_FOUND : L4_ERROR_IO, "%s: %s", path, g_strerror (code));
  return -1;
}

int
l4_file_open (const char *path, guint64 *size, GError **error)
{
  struct stat status;
  /* Without O_NONBLOCK a FIFO would hold us up until somebody writes to it. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0)
    return refuse (path, error);
  if (fstat (fd, &status) != 0) {
    refuse (path, error);
    close (fd);
    return -1;
  }
  if (!S_ISREG (status.st_mode)) {
    l4_fail (error, L4_ERROR_IO, _("%s: not a regular file"), path);
    close (fd);
    return -1;
  }
  *size = (guint64) status.st_size;
  return fd;
}

gboolean
l4_file_is_as_before (const struct stat *then, const struct stat *now)
{
  return now->st_size == then->st_size && now->st_mtim.tv_sec == then->st_mtim.tv_sec && now->st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

gboolean
l4_file_read (int fd, const char *path, guint64 offset, gpointer out, gsize bytes, GError **error)
{
  gsize done = 0;

  while (done < bytes) {
    gssize n = pread (fd, (char *) out + done, bytes - done, (off_t) (offset + done));

    if (n == 0)
      return l4_fail (error, L4_ERROR_IO, _("%s: ends at byte %" PRIu64 ", %zu bytes are missing"), path, offset + done,
          bytes - done);
    if (n > 0)
      done += (gsize) n;
    else if (errno != EINTR)
      return refuse (path, error) == 0;
  }
  return TRUE;
}

/* The contents of an open file. */
static char *
load (int fd, const char *path, guint64 size, gsize max_bytes, GError **error)
{
  g_autofree char *contents = NULL;

  if (size > max_bytes) {
    l4_fail (error, L4_ERROR_FORMAT, _("%s: %" PRIu64 " bytes are more than the %zu that such a file may have"), path, size,
        max_bytes);
    return NULL;
  }
  contents = size < G_MAXSSIZE - L4_FILE_PADDING ? g_try_malloc ((gsize) size + L4_FILE_PADDING) : NULL;
  if (contents == NULL) {
    l4_fail (error, L4_ERROR_MEMORY, _("%s: cannot allocate %" PRIu64 " bytes"), path, size);
    return NULL;
  }
  if (!l4_file_read (fd, path, 0, contents, (gsize) size, error))
    return NULL;
  memset (contents + size, 0, L4_FILE_PADDING);
  return g_steal_pointer (&contents);
}

char *
l4_file_load (const char *path, gsize max_bytes, gsize *length, GError **error)
{
  guint64 size;
  int fd = l4_file_open (path, &size, error);
  char *contents;

  if (fd < 0)
    return NULL;
  contents = load (fd, path, size, max_bytes, error);
  close (fd);
  *length = contents != NULL ? (gsize) size : 0;
  return contents;
}
