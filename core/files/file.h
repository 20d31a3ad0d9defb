/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading regular files: interrupted and short reads are dealt with, everything else is an error that names the file. */

#pragma once

#include <sys/stat.h>

#include "base/error.h"

/* Opens path, which must be a regular file (or a link to one), for reading; *size: its bytes. -1 on error. */
int l4_file_open (const char *path, guint64 *size, GError **error);

/* Whether a file has the size and the time of its last change that it had then. */
gboolean l4_file_is_as_before (const struct stat *then, const struct stat *now);

/* Reads exactly bytes bytes from offset on; a file that ends before is L4_ERROR_IO. Any thread. */
gboolean l4_file_read (int fd, const char *path, guint64 offset, gpointer out, gsize bytes, GError **error);

#define L4_FILE_PADDING 8

/* The whole file and L4_FILE_PADDING bytes of 0 after it; one of more than max_bytes is refused before it is read.
 * (transfer full) */
char *l4_file_load (const char *path, gsize max_bytes, gsize *length, GError **error);
