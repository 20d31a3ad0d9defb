/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that works on an index, for tests that watch, stop and kill it: worker INDEX open | claim VIDEO RUN |
 * write VIDEO RUN N. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index/index.h"
#include "llama4.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

static void
check (gboolean right, const GError *error)
{
  if (right)
    return;
  fprintf (stderr, "worker: %s\n", error != NULL ? error->message : "?");
  exit (2);
}

/* A line that is there for whoever reads, whatever happens to this process next. */
G_GNUC_PRINTF (1, 2) static void
say (const char *format, ...)
{
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  if (write (STDOUT_FILENO, line, strlen (line)) < 0)
    exit (3);
}

/* Says whether the film was taken, and holds it until standard input ends. */
static void
hold (gboolean taken)
{
  char byte;

  say (taken ? "taken\n" : "refused\n");
  while (read (STDIN_FILENO, &byte, 1) > 0)
    continue;
}

/* Goes on with the film up to n windows; says each that is committed. */
static void
describe (L4Index *index, gint64 video, gint64 run, guint n)
{
  g_auto (L4IndexProgress) progress = { 0 };
  GError *error = NULL;

  check (l4_index_get_progress (index, video, run, &progress, &error), error);
  for (guint64 i = progress.n_windows; i < n; i++) {
    g_autofree char *text = g_strdup_printf ("Window %" G_GUINT64_FORMAT " shows a red circle.", i);
    L4IndexWindow window = { .video = video, .run = run, .start = i * 4 * SECOND, .end = (i + 1) * 4 * SECOND, .text = text,
                             .record = (char *) "{\"frames\":[0,1],\"finish\":\"stop\"}" };

    check (l4_index_put_window (index, &window, &error), error);
    say ("%" G_GUINT64_FORMAT "\n", i);
  }
  check (l4_index_settle (index, video, run, L4_INDEX_DONE, NULL, &error), error);
  say ("done\n");
}

int
main (int argc, char **argv)
{
  GError *error = NULL;
  L4Index *index = l4_index_open (argv[1], L4_INDEX_WRITE, &error);
  gint64 video, run;
  gboolean taken;

  check (index != NULL, error);
  if (strcmp (argv[2], "open") == 0) {
    say ("opened\n");
    l4_index_close (index);
    return 0;
  }
  video = g_ascii_strtoll (argv[3], NULL, 10);
  run = g_ascii_strtoll (argv[4], NULL, 10);
  check (l4_index_claim (index, video, run, &taken, &error), error);
  if (strcmp (argv[2], "claim") == 0)
    hold (taken);
  else if (taken)
    describe (index, video, run, atoi (argv[5]));
  else
    say ("refused\n");
  l4_index_close (index);
  return 0;
}
