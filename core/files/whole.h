/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that appear whole or not at all. */

#pragma once

#include "base/error.h"

/* A file in the making: written through fd, at any places. Zeroed before. */
typedef struct
{
  char *path, *part;            /* its name, and the one that it has until it is whole */
  int fd;
  gboolean nameless;            /* it has not even that one */
  gboolean open;
} L4Whole;

/* What lies at the path is replaced in the end, but neither a folder nor a device, and who may read it stays the same. mode: of a file that
 * is new, less what the umask takes. Cleared by l4_whole_clear(), also after FALSE. */
gboolean l4_whole_open (L4Whole *self, const char *path, guint mode, GError **error);

/* Takes the space for that many bytes: zeros, until they are written. */
gboolean l4_whole_reserve (const L4Whole *self, guint64 bytes, GError **error);

/* Writes at an offset. Any thread. */
gboolean l4_whole_write (const L4Whole *self, guint64 offset, const void *data, gsize bytes, GError **error);

/* It is whole: on the disk, and there under its name. */
gboolean l4_whole_finish (L4Whole *self, GError **error);

/* Removes what has a name before it is whole, where the file system has no files without one: for a handler of the signal that ends the
 * process. */
void l4_whole_remove_parts (void);

/* Without l4_whole_finish() before: nothing is left of it. */
void l4_whole_clear (L4Whole *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Whole, l4_whole_clear)
