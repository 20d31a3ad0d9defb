/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the test program has computed so far. */

#pragma once

#include <glib.h>
#include <sys/resource.h>

/* Of the whole process, in microseconds. */
static inline gint64
cpu_time_us (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (gint64) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}
