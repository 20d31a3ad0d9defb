/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To be preloaded: a line in the file $LLAMA4_TEST_LOG for what is taken away or replaced, and for what is brought to the disk. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
add_line (const char *what, const char *path)
{
  const char *log = getenv ("LLAMA4_TEST_LOG");
  int file = log != NULL ? open (log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;

  if (file < 0)
    return;
  dprintf (file, "%s %s\n", what, path);
  close (file);
}

static int
sync_with (const char *function, int file)
{
  int (*sync_file) (int) = (int (*) (int)) dlsym (RTLD_NEXT, function);
  char link[64], path[4096];
  ssize_t length;

  snprintf (link, sizeof link, "/proc/self/fd/%d", file);
  length = readlink (link, path, sizeof path - 1);
  if (length >= 0) {
    path[length] = '\0';
    add_line ("sync", path);
  }
  return sync_file (file);
}

int
fsync (int file)
{
  return sync_with ("fsync", file);
}

int
fdatasync (int file)
{
  return sync_with ("fdatasync", file);
}

int
unlink (const char *path)
{
  int (*take_away) (const char *) = (int (*) (const char *)) dlsym (RTLD_NEXT, "unlink");

  add_line ("unlink", path);
  return take_away (path);
}

int
rename (const char *from, const char *to)
{
  int (*move) (const char *, const char *) = (int (*) (const char *, const char *)) dlsym (RTLD_NEXT, "rename");

  add_line ("rename", to);
  return move (from, to);
}
