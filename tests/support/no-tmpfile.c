/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To be preloaded: no file can be made without a name, as on some file systems. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

int
openat64 (int folder, const char *path, int flags, ...)
{
  int (*open) (int, const char *, int, ...) = (int (*) (int, const char *, int, ...)) dlsym (RTLD_NEXT, "openat64");
  va_list args;
  mode_t mode;

  if ((flags & O_TMPFILE) == O_TMPFILE) {
    errno = EOPNOTSUPP;
    return -1;
  }
  va_start (args, flags);
  mode = va_arg (args, mode_t);
  va_end (args);
  return open (folder, path, flags, mode);
}
