/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main function of the programs beside llama4. */

#include "command/command.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/i18n.h"
#include "command/catalogue.h"
#include "config.h"

/* What was printed must have arrived, however the program ends. */
static void
check_output (void)
{
  g_autofree char *line = NULL;

  errno = 0;
  if (fflush (stdout) == 0 && !ferror (stdout))
    return;
  line = g_strdup_printf (_("standard output: %s"), g_strerror (errno != 0 ? errno : EIO));
  fprintf (stderr, "llama4: %s\n", line);
  _exit (EXIT_FAILURE);
}

static GOptionContext *
make_context (const L4Command *command, char ***rest)
{
  const GOptionEntry arguments[] = {
    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, rest, NULL, NULL},
    {NULL}
  };
  GOptionContext *context = g_option_context_new (_(command->usage));

  g_option_context_set_summary (context, _(l4_catalogue_find (command->name)->summary));
  if (command->entries != NULL)
    g_option_context_add_main_entries (context, command->entries, GETTEXT_PACKAGE);
  if (command->more != NULL)
    g_option_context_add_main_entries (context, command->more, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, arguments, GETTEXT_PACKAGE);
  return context;
}

int
l4_command_main (const L4Command *command, int argc, char **argv)
{
  g_autofree char *name = g_strconcat ("llama4 ", command->name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = NULL;
  g_auto (GStrv) rest = NULL;
  gboolean right;

  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C");  /* numbers look the same everywhere */
  l4_translate_begin ();
  atexit (check_output);
  g_set_prgname (name);
  context = make_context (command, &rest);
  right = g_option_context_parse (context, &argc, &argv, &error);
  if (right) {
    if (rest == NULL)
      rest = g_new0 (char *, 1);
    right = command->run (rest, &error);
  }
  if (error != NULL) {
    g_autofree char *line = l4_text_to_line (error->message, -1);

    fprintf (stderr, "llama4: %s\n", line);
  }
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
