/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines for who reads late, little or not at all. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include "run/relay.h"

#define LINE 100                /* bytes */

static void
write_lines (int file, guint from, guint until)
{
  for (guint i = from; i < until; i++) {
    g_autofree char *line = g_strdup_printf ("%0*u\n", LINE - 1, i);

    g_assert_cmpint (write (file, line, LINE), ==, LINE);
  }
}

/* The next one, as a number. */
static guint
read_line (int file)
{
  char line[LINE];

  for (gsize done = 0; done < LINE;) {
    ssize_t n = read (file, line + done, LINE - done);

    g_assert_cmpint (n, >, 0);
    done += n;
  }
  return (guint) g_ascii_strtoull (line, NULL, 10);
}

static gpointer
read_all (gpointer file)
{
  guint n = 0;
  char line[LINE];

  while (read (GPOINTER_TO_INT (file), line, LINE) == LINE)
    n++;
  return GUINT_TO_POINTER (n);
}

static void
test_nobody_waits_for_who_reads_late (void)
{
  int ends[2];
  L4Relay *relay;

  g_assert_true (g_unix_open_pipe (ends, FD_CLOEXEC, NULL));
  relay = l4_relay_new (ends[1], 1 << 20);
  write_lines (ends[1], 0, 5000);       /* more than pipes hold */
  for (guint i = 0; i < 5000; i++)
    g_assert_cmpuint (read_line (ends[0]), ==, i);
  l4_relay_end (relay);
  g_assert_cmpuint (l4_relay_get_left_out (relay), ==, 0);
  g_assert_cmpint (l4_relay_get_problem (relay), ==, 0);
  l4_relay_free (relay);
  write_lines (ends[1], 7, 8);
  g_assert_cmpuint (read_line (ends[0]), ==, 7);
  close (ends[0]);
  close (ends[1]);
}

static void
test_lines_that_nobody_reads_are_left_out_whole_and_counted (void)
{
  int ends[2];
  GThread *reader;
  L4Relay *relay;
  guint n;

  g_assert_true (g_unix_open_pipe (ends, FD_CLOEXEC, NULL));
  relay = l4_relay_new (ends[1], 100 * LINE);
  write_lines (ends[1], 0, 5000);
  reader = g_thread_new ("reader", read_all, GINT_TO_POINTER (ends[0]));
  l4_relay_end (relay);
  close (ends[1]);
  n = GPOINTER_TO_UINT (g_thread_join (reader));
  g_test_message ("%u were read", n);
  g_assert_cmpuint (n, >=, 100);
  g_assert_cmpuint (n + l4_relay_get_left_out (relay), ==, 5000);
  g_assert_cmpuint (l4_relay_get_left_out (relay), >, 0);
  l4_relay_free (relay);
  close (ends[0]);
}

static void
test_what_cannot_be_written_is_known (void)
{
  int full = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  L4Relay *relay = l4_relay_new (full, 1 << 20);

  write_lines (full, 0, 3);
  l4_relay_end (relay);
  g_assert_cmpint (l4_relay_get_problem (relay), ==, ENOSPC);
  l4_relay_free (relay);
  close (full);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/nobody-waits-for-who-reads-late", test_nobody_waits_for_who_reads_late);
  g_test_add_func ("/relay/lines-that-nobody-reads-are-left-out-whole-and-counted", test_lines_that_nobody_reads_are_left_out_whole_and_counted);
  g_test_add_func ("/relay/what-cannot-be-written-is-known", test_what_cannot_be_written_is_known);
  return g_test_run ();
}
