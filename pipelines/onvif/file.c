/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of metadata: each is a document that grows, and is whole after each piece of it. */

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
#define BLOCK 4096
#define MOST_FILES 100          /* of others that are passed over */
#define PATIENCE_US G_USEC_PER_SEC      /* with who keeps one of them locked */
#define TICK_US 10000           /* between two looks at whether he still does */

static gboolean
has (int file, off_t at, const char *text)
{
  g_autofree char *found = g_malloc (strlen (text));

  return at >= 0 && pread (file, found, strlen (text), at) == (gssize) strlen (text) && memcmp (found, text, strlen (text)) == 0;
}

/* Behind the last line end. */
static off_t
find_last_line (int file, off_t size)
{
  char block[BLOCK];

  for (off_t end = size; end > 0;) {
    off_t begin = MAX (end - BLOCK, 0);

    if (pread (file, block, end - begin, begin) != end - begin)
      return -1;
    for (; end > begin; end--)
      if (block[end - begin - 1] == '\n')
        return end;
  }
  return 0;
}

/* Where the next elements stand in a document that is ours, and how large it is then; -1: it is another's. */
static off_t
find_place (int file, off_t *size)
{
  if (*size == 0)
    return 0;
  if (!has (file, 0, L4_ONVIF_HEAD))
    return -1;
  if (has (file, *size - TAIL_LENGTH, L4_ONVIF_TAIL))
    return *size - TAIL_LENGTH;
  return *size = find_last_line (file, *size);
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
add_text (int file, off_t at, off_t size, const char *elements)
{
  g_autofree char *text = g_strconcat (size == 0 ? L4_ONVIF_HEAD : "", elements, L4_ONVIF_TAIL, NULL);
  int problem;

  if (ftruncate (file, size) == 0 && write_at (file, text, strlen (text), at))
    return TRUE;
  problem = errno;
  if (ftruncate (file, size) == 0 && size > 0)
    write_at (file, L4_ONVIF_TAIL, TAIL_LENGTH, at);
  errno = problem;
  return FALSE;
}

/* Other programs of this kind have a file for a moment. Who keeps it for longer may never give it back. */
static gboolean
lock (int file)
{
  gint64 until = g_get_monotonic_time () + PATIENCE_US;

  while (flock (file, LOCK_EX | LOCK_NB) != 0) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || g_get_monotonic_time () > until)
      return FALSE;
    g_usleep (TICK_US);
  }
  return TRUE;
}

/* 1: it was added; 0: the file is another's; -1: errno. */
static int
add_there (const char *path, const char *elements)
{
  int file = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640), result = -1, problem;
  struct stat status;
  off_t at;

  if (file < 0)
    return errno == ELOOP || errno == ENXIO || errno == EISDIR ? 0 : -1;
  if (!lock (file)) {
    result = errno == EWOULDBLOCK ? 0 : -1;
  } else if (fstat (file, &status) == 0) {
    at = S_ISREG (status.st_mode) ? find_place (file, &status.st_size) : -1;
    if (at < 0)
      result = 0;
    else if (add_text (file, at, status.st_size, elements))
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
