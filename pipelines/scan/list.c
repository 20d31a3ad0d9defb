/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths from a list, as find prints it. */

#include "scan/scan-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* Waits for input, or for the cancellation. FALSE: cancelled. */
static gboolean
wait_for_input (int file, GCancellable *cancellable)
{
  GPollFD polled[2] = { {file, G_IO_IN | G_IO_HUP | G_IO_ERR, 0} };
  guint n = g_cancellable_make_pollfd (cancellable, &polled[1]) ? 2 : 1;

  while (!g_cancellable_is_cancelled (cancellable) && g_poll (polled, n, -1) < 0 && errno == EINTR);
  if (n == 2)
    g_cancellable_release_fd (cancellable);
  return !g_cancellable_is_cancelled (cancellable);
}

/* Some systems end lines with a carriage return as well, which a name may end with, too. */
static void
leave_out_return (char *path, gsize length)
{
  if (length > 0 && path[length - 1] == '\r' && !g_file_test (path, G_FILE_TEST_EXISTS))
    path[length - 1] = '\0';
}

/* One path, of so many bytes. That of a list whose paths end otherwise than was said would be the first of them, and the others lost. */
static gboolean
take_path (L4Scan *self, const char *bytes, gsize length, char end, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = g_strndup (bytes, length);

  if (memchr (bytes, '\0', length) != NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("standard input: has zero bytes; paths that end with them are read with --null"));
  if (end == '\n')
    leave_out_return (path, length);
  return *path == '\0' || l4_scan_add (self, path, cancellable);
}

/* Takes the paths that are whole out of bytes. */
static gboolean
take_paths (L4Scan *self, GByteArray *bytes, char end, GCancellable *cancellable, GError **error)
{
  const guint8 *found;
  gboolean goes_on = TRUE;
  guint from = 0;

  while (goes_on && (found = memchr (bytes->data + from, end, bytes->len - from)) != NULL) {
    goes_on = take_path (self, (const char *) bytes->data + from, found - bytes->data - from, end, cancellable, error);
    from = found - bytes->data + 1;
  }
  if (from > 0)
    g_byte_array_remove_range (bytes, 0, from);
  return goes_on;
}

gboolean
l4_scan_add_list (L4Scan *self, int file, char end, GCancellable *cancellable, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 buffer[1 << 16];
  ssize_t n;

  do {
    if (!wait_for_input (file, cancellable))
      return FALSE;
    n = read (file, buffer, sizeof buffer);
    if (n < 0 && errno != EINTR)
      return l4_fail (error, L4_ERROR_IO, _("standard input: %s"), g_strerror (errno));
    g_byte_array_append (bytes, buffer, MAX (n, 0));
    if (n == 0 && bytes->len > 0)       /* the last one may have no end */
      g_byte_array_append (bytes, (const guint8 *) &end, 1);
    if (!take_paths (self, bytes, end, cancellable, error))
      return FALSE;
  } while (n != 0);
  return TRUE;
}
