/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --help, for terminals of 80 columns. */

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "command/catalogue.h"
#include "command/option.h"
#include "command/reference.h"

#define WIDTH 80
#define COLUMN 26               /* where the text of options and lists begins */

/* What, and beside it or below it what it is. */
static void
print_row (const char *what, const char *about)
{
  g_autofree char *indent = g_strnfill (COLUMN, ' '), *filled = l4_fill (about, WIDTH, indent);
  glong used = g_utf8_strlen (what, -1) + 2;

  if (used + 2 > COLUMN)
    printf ("  %s\n%s", what, filled);
  else
    printf ("  %s%*s%s", what, (int) (COLUMN - used), "", filled + COLUMN);
}

static void
print_option (const L4Option *option)
{
  g_autofree char *argument = l4_option_argument (option), *text = l4_option_describe (option), *what = NULL;
  char short_name[] = { '-', option->entry->short_name, ',', ' ', '\0' };

  what = g_strdup_printf ("%s--%s%s%s", option->entry->short_name != 0 ? short_name : "    ", option->entry->long_name,
      argument != NULL ? "=" : "", argument != NULL ? argument : "");
  print_row (what, text);
}

/* A command line and below it what it does: both may be long. */
static void
print_example (const char *what, const char *about)
{
  g_autofree char *filled = l4_fill (about, WIDTH, "      ");

  printf ("  %s\n%s", what, filled);
}

static void
print_list (const char *title, const char *list, void (*print) (const char *what, const char *about))
{
  if (list == NULL)
    return;
  printf ("\n%s:\n", title);
  l4_list_foreach (list, print);
}

static void
print_events (const char *const *events)
{
  g_autofree char *text = events != NULL ? l4_fill (_(events[0]), WIDTH, "  ") : NULL;

  if (text == NULL)
    return;
  printf ("\n%s:\n%s", _("Events of --json"), text);
  for (guint i = 1; events[i] != NULL; i++)
    l4_list_foreach (events[i], print_row);
}

void
l4_help_print (const L4Command *command)
{
  g_autoptr (GArray) options = l4_options_of (command);
  const char *summary = _(l4_catalogue_find (command->name)->summary);
  g_autofree char *first = g_utf8_strup (summary, g_utf8_next_char (summary) - summary);
  g_autofree char *whole = g_strdup_printf ("%s%s.%s%s", first, g_utf8_next_char (summary), command->description != NULL ? "\n\n" : "",
      command->description != NULL ? _(command->description) : "");
  g_autofree char *text = l4_fill (whole, WIDTH, "");

  printf (_("Usage: llama4 %s [OPTION…] %s\n"), command->name, _(command->usage));
  printf ("\n%s\n%s:\n", text, _("Options"));
  for (guint i = 0; i < options->len; i++)
    print_option (&g_array_index (options, L4Option, i));
  print_events (command->events);
  print_list (_("Exit status"), command->exit_status, print_row);
  print_list (_("Environment"), command->environment, print_row);
  print_list (_("Files"), command->files, print_row);
  print_list (_("Examples"), command->examples, print_example);
}

void
l4_help_print_all (void)
{
  g_autofree char *models = l4_fill (_("Wherever a MODEL may be given, it is a GGUF file or a Hugging Face folder; without one the embedded "
          "model is used, but by ask, summary, convert and synth, which need one."), WIDTH, "");

  printf (_("Usage: llama4 COMMAND [OPTION…] [ARGUMENT…]\n"));
  printf ("\n%s", models);
  for (const L4CatalogueGroup *group = l4_catalogue (); group->title != NULL; group++) {
    printf ("\n%s:\n", _(group->title));
    for (const L4CatalogueEntry *entry = group->entries; entry->name != NULL; entry++)
      printf ("  %-10s %s\n", entry->name, _(entry->summary));
  }
  printf (_("\nllama4 COMMAND --help and the manual page llama4-COMMAND(1) tell more.\n"));
}
