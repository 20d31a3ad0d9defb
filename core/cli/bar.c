/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a file is that is being written, on a terminal. */

#include "cli/bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define WIDTH 40                /* characters */
#define INTERVAL (200 * G_TIME_SPAN_MILLISECOND)

static void
show (guint64 done, guint64 total, gpointer user_data)
{
  L4Bar *self = user_data;
  gint64 now = g_get_monotonic_time (), left;
  guint filled = (guint) (WIDTH * (double) done / (double) total);

  if (done < total && now - self->shown < INTERVAL)
    return;
  self->shown = now;
  left = (gint64) ((double) (now - self->start) / (double) done * (double) (total - done)) / G_TIME_SPAN_SECOND;
  fprintf (stderr, "\r%s [", self->path);
  for (guint i = 0; i < WIDTH; i++)
    fputc (i < filled ? '#' : ' ', stderr);
  fprintf (stderr, "] %3.0f %% %" PRId64 ":%02" PRId64 " ", 100 * (double) done / (double) total, left / 60, left % 60);
  if (done == total)
    fputc ('\n', stderr);
}

L4BarFunc
l4_bar_begin (L4Bar *self, const char *path)
{
  *self = (L4Bar) { path, g_get_monotonic_time (), 0 };
  return isatty (STDERR_FILENO) ? show : NULL;
}
