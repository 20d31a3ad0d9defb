/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The llama4 program. */

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "cli/cli.h"
#include "command/catalogue.h"
#include "config.h"

static const struct
{
  const char *name;
  gboolean (*run) (int argc, char **argv, GError **error);
} commands[] = {
  {"run", l4_cli_run},
  {"trace", l4_cli_trace},
  {"tokenize", l4_cli_tokenize},
  {"bench", l4_cli_bench},
  {"inspect", l4_cli_inspect},
  {"plan", l4_cli_plan},
  {"convert", l4_cli_convert},
  {"synth", l4_cli_synth},
};

static void
print_help (void)
{
  printf (_("Usage: llama4 COMMAND [OPTION…] [ARGUMENT…]\n\nWherever a MODEL may be given, it is a GGUF file or a Hugging Face "
          "folder; without one the\nembedded model is used.\n"));
  for (const L4CatalogueGroup *group = l4_catalogue (); group->title != NULL; group++) {
    printf ("\n%s:\n", _(group->title));
    for (const L4CatalogueEntry *entry = group->entries; entry->name != NULL; entry++)
      printf ("  %-10s %s\n", entry->name, _(entry->summary));
  }
  printf (_("\nllama4 COMMAND --help tells more.\n"));
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

gboolean
l4_cli_parse (int *argc, char ***argv, const GOptionEntry *entries, const char *usage, char ***rest, GError **error)
{
  const GOptionEntry arguments[] = {
    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, rest, NULL, NULL},
    {NULL}
  };
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_autoptr (GError) problem = NULL;

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, arguments, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, argc, argv, &problem))
    return l4_fail (error, L4_ERROR_INPUT, "%s", problem->message);
  if (*rest == NULL)
    *rest = g_new0 (char *, 1);
  return TRUE;
}

gboolean
l4_cli_parse_choice (const char *option, const char *value, const char *usual, const char *second, gboolean *other, GError **error)
{
  *other = value != NULL && g_str_equal (value, second);
  return value == NULL || *other || g_str_equal (value, usual)
      || l4_fail (error, L4_ERROR_INPUT, _("--%s %s: must be %s or %s"), option, value, usual, second);
}

gboolean
l4_cli_check_threads (gint threads, GError **error)
{
  return (threads >= 0 && threads <= L4_MAX_THREADS)
      || l4_fail (error, L4_ERROR_INPUT, _("--threads %d: must be 0 to %d"), threads, L4_MAX_THREADS);
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

/* What was printed must have arrived, however the program ends: in GLib after the help of a command. */
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

static gboolean
run_command (int argc, char **argv, GError **error)
{
  const L4CatalogueEntry *entry = l4_catalogue_find (argv[0]);
  g_autofree char *name = g_strconcat ("llama4 ", argv[0], NULL);

  if (entry == NULL)
    return fail_unknown (argv[0], error);
  if (entry->program)
    return become_program (entry->name, argv, error);
  g_set_prgname (name);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (argv[0], commands[i].name))
      return commands[i].run (argc, argv, error);
  g_assert_not_reached ();
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;

  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C");  /* numbers look the same everywhere */
  l4_translate_begin ();
  atexit (check_output);
  if (argc >= 2 && (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h"))) {
    print_help ();
    return EXIT_SUCCESS;
  }
  if (argc >= 2 && g_str_equal (argv[1], "--version")) {
    printf ("llama4 %s\n", L4_VERSION);
    return EXIT_SUCCESS;
  }
  if (argc < 2) {
    fprintf (stderr, _("llama4: no command; llama4 --help names them\n"));
    return EXIT_FAILURE;
  }
  if (run_command (argc - 1, argv + 1, &error))
    return EXIT_SUCCESS;
  line = l4_text_to_line (error->message, -1);
  fprintf (stderr, "llama4: %s\n", line);
  return EXIT_FAILURE;
}
