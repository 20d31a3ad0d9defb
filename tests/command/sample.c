/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program as those of pipelines/, of which a test knows everything: prints its options and arguments, each with a line end behind it. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"

static char *file, *folder, *one, *some, *text, **several;
static gboolean flag;
static gint wait_for;

static const GOptionEntry entries[] = {
  {"input", 'i', 0, G_OPTION_ARG_FILENAME, &file, "A file", "FILE.ext"},
  {"folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, "A folder: it's [there]", "FOLDER"},
  {"one", 'o', 0, G_OPTION_ARG_FILENAME, &one, "One of them", "first|Second|third"},
  {"some", 0, 0, G_OPTION_ARG_FILENAME, &some, "Some of them", "srt,vtt,json,a-long-one,another-long-one"},
  {"text", 0, 0, G_OPTION_ARG_FILENAME, &text, "What \\nobody knows", "TEXT"},
  {"several", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &several, "May stand several times", "TEXT"},
  {"flag", 'f', 0, G_OPTION_ARG_NONE, &flag, "No argument", NULL},
  {NULL}
};

static const GOptionEntry more[] = {
  {"wait", 0, 0, G_OPTION_ARG_INT, &wait_for, "Seconds to wait, in order, for a signal", "N"},
  {NULL}
};

static const GOptionEntry still_more[] = {
  {"secret", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &flag, "Not told", NULL},
  {NULL}
};

static volatile sig_atomic_t heard;

static void
on_signal (int number)
{
  heard = number;
}

static gboolean
run (char **arguments, GError **error)
{
  printf ("%s\n%s\n%s\n%d\n", one != NULL ? one : "-", some != NULL ? some : "-", text != NULL ? text : "-", flag);
  for (; *arguments != NULL; arguments++)
    printf ("%s\n", *arguments);
  if (wait_for > 0) {
    signal (SIGTERM, on_signal);
    puts ("waiting");
    fflush (stdout);
    for (int i = 0; i < 100 * wait_for && heard == 0; i++)
      usleep (10000);
    puts ("in order");
    l4_command_end_by_signal (heard);
  }
  if (text != NULL && strcmp (text, "fail") == 0) {
    g_set_error_literal (error, L4_ERROR, L4_ERROR_INPUT, "a\nb\x1b[31m");
    return FALSE;
  }
  return text == NULL || strcmp (text, "silent") != 0;
}

static const L4Command command = {
  .name = "archive",
  .usage = "INDEX PATH…",
  .description = "One paragraph, which is quite long so that it has to be broken into two lines somewhere; --some may be named in it.\n\n"
      ".Another, which begins with a full stop, has a back\\slash and 'quotes'.",
  .examples = "llama4 archive 'a b' --one=first  # What it shows.",
  .exit_status = "2  # Something else.",
  .environment = "SAMPLE  # A variable.",
  .files = "~/.sample  # A file.",
  .events = (const char *const[]) {"Every line is an object.", "begin  # It begins: file.", "end  # It ends: file, state.\nlast  # All is over.", NULL},
  .entries = entries,
  .more = {more, still_more},
  .run = run,
};

int
main (int argc, char **argv)
{
  return l4_command_main (&command, argc, argv);
}
