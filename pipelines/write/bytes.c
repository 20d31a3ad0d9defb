/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes into an open file. */

#include "write/bytes.h"

#include <errno.h>
#include <unistd.h>

gboolean
l4_write_bytes (int file, const void *bytes, gsize length)
{
  const char *at = bytes;

  while (length > 0) {
    gssize n = write (file, at, length);

    if (n < 0 && errno != EINTR)
      return FALSE;
    at += MAX (n, 0);
    length -= (gsize) MAX (n, 0);
  }
  return TRUE;
}
