/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What benchmarks measure. */

#pragma once

#include <glib.h>
#include <time.h>

/* Microseconds of work of all threads, whatever else the machine does. */
static inline gint64
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}
