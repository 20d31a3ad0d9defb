/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To be preloaded: a file has one name only, and is renamed without flags, as on some file systems. */

#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int
linkat (int folder, const char *path, int new_folder, const char *new_path, int flags)
{
  errno = EPERM;
  return -1;
}

int
renameat2 (int folder, const char *path, int new_folder, const char *new_path, unsigned flags)
{
  if (flags == 0)
    return renameat (folder, path, new_folder, new_path);
  errno = EINVAL;
  return -1;
}
