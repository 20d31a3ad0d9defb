/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To be loaded before a program: its file systems have no files without a name, as those of many servers have none. */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

int
open (const char *path, int flags, ...)
{
  va_list args;
  unsigned mode;

  va_start (args, flags);
  mode = va_arg (args, unsigned);
  va_end (args);
  if ((flags & O_TMPFILE) != O_TMPFILE)
    return (int) syscall (SYS_openat, AT_FDCWD, path, flags, mode);
  errno = EOPNOTSUPP;
  return -1;
}
