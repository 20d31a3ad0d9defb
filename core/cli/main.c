/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The llama4 program: its own commands, and the way to the programs beside it. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "cli/cli.h"
#include "command/catalogue.h"
#include "command/reference.h"
#include "config.h"
#include "files/whole.h"

static const L4Command *const commands[] = {
  &l4_cli_run, &l4_cli_inspect, &l4_cli_plan, &l4_cli_convert, &l4_cli_synth, &l4_cli_bench, &l4_cli_tokenize, &l4_cli_trace, NULL
};

gboolean
l4_cli_is (const char *value, const char *wanted)
{
  return g_strcmp0 (value, wanted) == 0;
}

gboolean
l4_cli_check_threads (gint threads, GError **error)
{
  return (threads >= 0 && threads <= L4_MAX_THREADS)
      || l4_fail (error, L4_ERROR_INPUT, _("--threads %d: must be 0 to %d"), threads, L4_MAX_THREADS);
}

char *
l4_cli_one_model (char **arguments, GError **error)
{
  if (arguments[0] == NULL)
    return l4_cli_embedded_model ();
  if (arguments[1] == NULL)
    return g_strdup (arguments[0]);
  l4_fail (error, L4_ERROR_INPUT, _("%s: one model is enough"), arguments[1]);
  return NULL;
}

char *
l4_cli_data_file (const char *name, const char *below)
{
  const char *directory = g_getenv ("LLAMA4_DATA_DIR");

  return g_build_filename (directory != NULL ? directory : L4_DATA_DIR, name, below, NULL);
}

char *
l4_cli_embedded_model (void)
{
  return l4_cli_data_file ("embedded", NULL);
}

/* Becomes the program; returns when there is none. */
static gboolean
become_program (const char *name, char **argv, GError **error)
{
  g_autofree char *path = l4_catalogue_program (name);

  argv[0] = path;
  execv (path, argv);
  return l4_fail (error, L4_ERROR_IO, _("%s: is not installed: %s: %s"), name, path, g_strerror (errno));
}

static gboolean
fail_unknown (const char *name, GError **error)
{
  const char *nearest = l4_catalogue_nearest (name);

  if (nearest != NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: no such command; did you mean %s?"), name, nearest);
  return l4_fail (error, L4_ERROR_INPUT, _("%s: no such command; llama4 --help names them"), name);
}

/* The options of llama4 itself. FALSE with *error NULL: it is none of them. */
static gboolean
do_option (const char *option, GError **error)
{
  if (g_str_equal (option, "--help") || g_str_equal (option, "-h"))
    l4_help_print_all ();
  else if (g_str_equal (option, "--version"))
    printf ("llama4 %s\n", L4_VERSION);
  else
    return g_str_has_prefix (option, L4_REFERENCE_OPTION)
        && l4_reference_print_all (commands, option + strlen (L4_REFERENCE_OPTION), error);
  return TRUE;
}

/* What was not whole goes with who made it. */
G_NORETURN static void
end_by_signal (int number)
{
  l4_whole_remove_parts ();
  raise (number);               /* for which there is no handler any longer */
  _exit (128 + number);         /* the first process of a container */
}

static void
hear_signals (void)
{
  static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
  const struct sigaction handler = {.sa_handler = end_by_signal,.sa_flags = SA_RESETHAND | SA_NODEFER };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++) {
    struct sigaction now;

    if (sigaction (signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
      sigaction (signals[i], &handler, NULL);
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  l4_command_begin ();
  hear_signals ();
  if (argc < 2) {
    l4_fail (&error, L4_ERROR_INPUT, _("no command; llama4 --help names them"));
    return l4_command_fail (error);
  }
  if (do_option (argv[1], &error))
    return EXIT_SUCCESS;
  if (error == NULL) {
    const L4CatalogueEntry *entry = l4_catalogue_find (argv[1]);

    for (const L4Command *const *command = commands; *command != NULL; command++)
      if (g_str_equal (argv[1], (*command)->name))
        return l4_command_main (*command, argc - 1, argv + 1);
    if (entry == NULL)
      fail_unknown (argv[1], &error);
    else
      become_program (entry->name, argv + 1, &error);
  }
  return l4_command_fail (error);
}
