/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands get their record, say how they ended, and never hold up anything. */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "watch/command.h"

#define MS G_GUINT64_CONSTANT (1000000)
#define LONG_MS 60000           /* far longer than anything takes */
#define SHORT_MS 3000           /* enough for a program to begin on a busy machine, for those that never end */

/* Results as lines. */
typedef struct
{
  GMutex lock;
  GPtrArray *lines;
} Results;

static void
on_result (const L4CommandResult *result, gpointer data)
{
  Results *results = data;

  g_mutex_lock (&results->lock);
  g_ptr_array_add (results->lines, g_strdup_printf ("%s status=%d signal=%d late=%d problem=%d %s", result->label, result->status, result->signal,
          result->timed_out, result->problem != NULL, result->output));
  g_mutex_unlock (&results->lock);
}

/* (transfer full) */
static char *
run_one (const char *const *argv, const char *input, guint64 limit)
{
  Results results = {.lines = g_ptr_array_new () };
  L4Commands *commands = l4_commands_new (1, limit, on_result, &results);
  char *line;

  g_assert_true (l4_commands_run (commands, argv, input, "r"));
  g_assert_cmpuint (l4_commands_finish (commands, g_get_monotonic_time () + LONG_MS * G_TIME_SPAN_MILLISECOND), ==, 0);
  l4_commands_free (commands);
  g_assert_cmpuint (results.lines->len, ==, 1);
  line = g_ptr_array_index (results.lines, 0);
  g_ptr_array_unref (results.lines);
  return line;
}

#define RUN(input, limit, ...) run_one ((const char *const[]) { __VA_ARGS__, NULL }, input, limit)

static void
test_ends (void)
{
  g_autofree char *large = g_strnfill (1000000, 'x');
  g_autofree char *cat = RUN ("{\"a\": 1}", LONG_MS * MS, "cat"), *count = RUN (large, LONG_MS * MS, "wc", "-c");
  g_autofree char *deaf = RUN (large, LONG_MS * MS, "true"), *wrong = RUN ("x", LONG_MS * MS, "sh", "-c", "echo out; echo err >&2; exit 3");
  g_autofree char *killed = RUN ("x", LONG_MS * MS, "sh", "-c", "kill -9 $$"), *none = RUN ("x", LONG_MS * MS, "/no/such/program");
  g_autofree char *literal = RUN ("x", LONG_MS * MS, "printf", "%s", "$(id); `id` \e[31m");

  g_assert_cmpstr (cat, ==, "r status=0 signal=0 late=0 problem=0 {\"a\": 1}");
  g_assert_cmpstr (count, ==, "r status=0 signal=0 late=0 problem=0 1000001");
  g_assert_cmpstr (deaf, ==, "r status=0 signal=0 late=0 problem=0 ");
  g_assert_cmpstr (wrong, ==, "r status=3 signal=0 late=0 problem=0 out err");
  g_assert_cmpstr (killed, ==, "r status=-1 signal=9 late=0 problem=0 ");
  g_assert_cmpstr (none, ==, "r status=-1 signal=0 late=0 problem=1 ");
  g_assert_true (g_str_has_prefix (literal, "r status=0 signal=0 late=0 problem=0 $(id); `id`"));
  g_assert_null (strchr (literal, '\e'));
}

static void
test_hangs (void)
{
  g_autofree char *pid_file = g_strdup_printf ("%s/watch-command-%d", g_get_tmp_dir (), (int) getpid ());
  g_autofree char *script = g_strdup_printf ("sleep 1000 & echo $! > %s; trap '' TERM; echo begun; while :; do sleep 1000; done", pid_file);
  g_autofree char *line = RUN ("x", SHORT_MS * MS, "sh", "-c", script), *pid = NULL;
  guint waited;

  g_assert_cmpstr (line, ==, "r status=-1 signal=9 late=1 problem=0 begun");
  g_assert_true (g_file_get_contents (pid_file, &pid, NULL, NULL));
  for (waited = 0; waited < 1000; waited++) {   /* what it had started is gone too: nobody may take it over here, so that it may be a zombie */
    g_autofree char *path = g_strdup_printf ("/proc/%d/stat", atoi (pid)), *stat = NULL;

    if (!g_file_get_contents (path, &stat, NULL, NULL) || strstr (stat, ") Z ") != NULL)
      break;
    g_usleep (20000);
  }
  g_assert_cmpuint (waited, <, 1000);
  g_unlink (pid_file);
}

static void
test_noise (void)
{
  g_autofree char *line = RUN ("x", SHORT_MS * MS, "yes", "a\nb");
  g_autofree char *left = RUN ("x", LONG_MS * MS, "sh", "-c", "sleep 1000 & echo $!");
  int pid = atoi (strrchr (left, ' ') + 1);

  g_assert_true (g_str_has_prefix (left, "r status=0 signal=0 late=0 problem=0 "));
  g_assert_cmpint (pid, >, 1);
  g_assert_cmpint (kill (pid, SIGTERM), ==, 0); /* nobody else ends it */
  g_assert_true (g_str_has_prefix (line, "r status=-1 signal=9 late=1 problem=0 a b a b"));
  g_assert_cmpuint (strlen (line), <, 2100);
}

static void
test_many (void)
{
  Results results = {.lines = g_ptr_array_new_with_free_func (g_free) };
  L4Commands *commands = l4_commands_new (2, LONG_MS * MS, on_result, &results);
  const char *const argv[] = { "sleep", "1000", NULL };
  guint n = 0;
  gint64 begun = g_get_monotonic_time ();

  while (n < 1000 && l4_commands_run (commands, argv, "x", "r"))
    n++;
  g_assert_cmpuint (n, ==, L4_COMMANDS_WAITING + 2);
  g_assert_cmpuint (l4_commands_finish (commands, g_get_monotonic_time () + 10000), >, 0);
  l4_commands_free (commands);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, LONG_MS * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (results.lines->len, <=, 2);
  g_ptr_array_unref (results.lines);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/command/its-record-its-output-and-its-end-are-told", test_ends);
  g_test_add_func ("/command/one-that-hangs-is-killed-with-all-that-it-started", test_hangs);
  g_test_add_func ("/command/output-without-end-is-bounded-and-not-waited-for", test_noise);
  g_test_add_func ("/command/so-many-wait-and-none-outlives-the-end", test_many);
  return g_test_run ();
}
