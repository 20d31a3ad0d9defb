/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of metadata: each is a document that is whole at all times, though it grows. */

#include "onvif/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "onvif/metadata.h"

#define TAIL_LENGTH ((off_t) strlen (L4_ONVIF_TAIL))
#define MOST_FILES 100          /* of others that are passed over */

/* Whether it is a document that goes on: its end is where the next elements stand. */
static gboolean
is_ours (int file, off_t size)
{
  char head[sizeof L4_ONVIF_HEAD - 1], tail[sizeof L4_ONVIF_TAIL - 1];

  return size >= (off_t) (sizeof head + sizeof tail) && pread (file, head, sizeof head, 0) == sizeof head
      && pread (file, tail, sizeof tail, size - TAIL_LENGTH) == sizeof tail && memcmp (head, L4_ONVIF_HEAD, sizeof head) == 0
      && memcmp (tail, L4_ONVIF_TAIL, sizeof tail) == 0;
}

/* Everything, in one call where the system takes it so: then nobody sees a part of it. */
static gboolean
write_at (int file, const char *text, gsize length, off_t at)
{
  while (length > 0) {
    gssize n = pwrite (file, text, length, at);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    text += n;
    length -= n;
    at += n;
  }
  return TRUE;
}

/* Of a disk that is full nothing is left but what was there. */
static gboolean
add_text (int file, off_t size, const char *elements)
{
  g_autofree char *text = g_strconcat (size == 0 ? L4_ONVIF_HEAD : "", elements, L4_ONVIF_TAIL, NULL);
  const off_t at = size == 0 ? 0 : size - TAIL_LENGTH;
  int problem;

  if (write_at (file, text, strlen (text), at))
    return TRUE;
  problem = errno;
  if (ftruncate (file, size) == 0 && size > 0)
    write_at (file, L4_ONVIF_TAIL, TAIL_LENGTH, at);
  errno = problem;
  return FALSE;
}

/* 1: it was added; 0: the file is another's; -1: errno. */
static int
add_there (const char *path, const char *elements)
{
  int file = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640), result = -1, problem;
  struct stat status;

  if (file < 0)
    return errno == ELOOP || errno == ENXIO || errno == EISDIR ? 0 : -1;
  if (flock (file, LOCK_EX) == 0 && fstat (file, &status) == 0) {
    if (!S_ISREG (status.st_mode) || (status.st_size > 0 && !is_ours (file, status.st_size)))
      result = 0;
    else if (add_text (file, status.st_size, elements))
      result = 1;
  }
  problem = errno;
  close (file);
  errno = problem;
  return result;
}

gboolean
l4_onvif_file_add (const char *path, const char *elements, GError **error)
{
  const char *dot = strrchr (path, '.');
  int result = 0;

  for (guint n = 1; result == 0 && n <= MOST_FILES; n++) {
    g_autofree char *name = n == 1 ? g_strdup (path) : g_strdup_printf ("%.*s-%u%s", (int) (dot - path), path, n, dot);

    result = add_there (name, elements);
  }
  if (result == 0)
    errno = EEXIST;
  return result == 1 || l4_fail (error, L4_ERROR_IO, _("%s: cannot be written: %s"), path, g_strerror (errno));
}
