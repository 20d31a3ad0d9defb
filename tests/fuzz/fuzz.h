/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every fuzz target has: the entry that libFuzzer calls, and its bytes as a file. */

#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <glib.h>

/* Must neither crash nor leak, whatever the size bytes at data are. */
int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* A file in memory, the same at every call, that now has these bytes; *path: a name under which it can be opened. */
static inline int
fuzz_file (const guint8 *data, gsize size, const char **path)
{
  static char *name;
  static int fd = -1;

  if (fd < 0) {
    /* Messages of GLib that say that the program is wrong end it. */
    g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
    fd = memfd_create ("fuzz", MFD_CLOEXEC);
    name = g_strdup_printf ("/proc/self/fd/%d", fd);
  }
  if (fd < 0 || ftruncate (fd, 0) != 0 || pwrite (fd, data, size, 0) != (gssize) size)
    g_error ("no file in memory");
  *path = name;
  return fd;
}
