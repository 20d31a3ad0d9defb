/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way of every command from its arguments to its exit status. */

#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/i18n.h"
#include "command/option.h"
#include "command/reference.h"
#include "config.h"

int
l4_command_fail (const GError *error)
{
  g_autofree char *line = l4_text_to_line (error->message, -1);

  fprintf (stderr, "llama4: %s\n", line);
  return EXIT_FAILURE;
}

/* Why standard output did not take something, at first; 0: it took all. */
static int output_problem;

void
l4_command_flush (void)
{
  if ((fflush (stdout) != 0 || ferror (stdout)) && output_problem == 0)
    output_problem = errno != 0 ? errno : EIO;
}

/* What was printed must have arrived, however the program ends. */
static void
check_output (void)
{
  g_autoptr (GError) error = NULL;

  errno = 0;
  l4_command_flush ();
  if (output_problem == 0)
    return;
  error = g_error_new (L4_ERROR, L4_ERROR_IO, _("standard output: %s"), g_strerror (output_problem));
  _exit (l4_command_fail (error));
}

G_NORETURN static void
end_at_once (int number)
{
  _exit (128 + number);
}

/* The first process of a container gets no signal that it has no handler for; what ends any other process ends it all the same. */
static void
hear_signals (void)
{
  static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ };
  const struct sigaction handler = {.sa_handler = end_at_once };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++) {
    struct sigaction now;

    if (sigaction (signals[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
      sigaction (signals[i], &handler, NULL);
  }
}

void
l4_command_end_by_signal (int number)
{
  sigset_t set;

  fflush (stdout);
  signal (number, SIG_DFL);
  sigemptyset (&set);
  sigaddset (&set, number);
  sigprocmask (SIG_UNBLOCK, &set, NULL);
  raise (number);
  end_at_once (number);
}

/* What is opened later must not become a standard file that is closed: it would be printed into. Those are /dev/null, the wrong way round,
 * so that using them is an error still. */
static void
keep_standard_files (void)
{
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
    if (fcntl (file, F_GETFD) < 0)
      open ("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY);   /* has the lowest number that is free: that one */
}

void
l4_command_begin (void)
{
  static gboolean begun = FALSE;

  if (begun)
    return;
  begun = TRUE;
  keep_standard_files ();
  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C");  /* numbers look the same everywhere */
  l4_translate_begin ();
  atexit (check_output);
  if (getpid () == 1)
    hear_signals ();
}

static gboolean
on_help (const char *option, const char *value, gpointer command, GError **error)
{
  l4_reference_print (command, "help");
  exit (EXIT_SUCCESS);
}

static GOptionContext *
make_context (const L4Command *command, char ***rest)
{
  const GOptionEntry own[] = {
    {"help", 'h', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer) on_help, NULL, NULL},
    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, rest, NULL, NULL},
    {NULL}
  };
  GOptionContext *context = g_option_context_new (NULL);
  GOptionGroup *group = g_option_group_new ("main", NULL, NULL, (gpointer) command, NULL);

  if (command->entries != NULL)
    g_option_group_add_entries (group, command->entries);
  for (guint i = 0; command->more[i] != NULL; i++)
    g_option_group_add_entries (group, command->more[i]);
  g_option_group_add_entries (group, own);
  g_option_context_set_main_group (context, group);
  g_option_context_set_help_enabled (context, FALSE);
  return context;
}

static gboolean
parse_and_run (const L4Command *command, int argc, char **argv, GError **error)
{
  g_auto (GStrv) rest = NULL;
  g_autoptr (GOptionContext) context = make_context (command, &rest);

  if (!g_option_context_parse (context, &argc, &argv, error) || !l4_options_check (command, error))
    return FALSE;
  if (rest == NULL)
    rest = g_new0 (char *, 1);
  return command->run (rest, error);
}

int
l4_command_main (const L4Command *command, int argc, char **argv)
{
  g_autofree char *name = g_strconcat ("llama4 ", command->name, NULL);
  g_autoptr (GError) error = NULL;

  l4_command_begin ();
  g_set_prgname (name);
  if (argc == 2 && g_str_has_prefix (argv[1], L4_REFERENCE_OPTION))
    return l4_reference_print (command, argv[1] + strlen (L4_REFERENCE_OPTION)) ? EXIT_SUCCESS : EXIT_FAILURE;
  if (parse_and_run (command, argc, argv, &error))
    return EXIT_SUCCESS;
  return error != NULL ? l4_command_fail (error) : EXIT_FAILURE;
}
