/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chooses the form of a command's reference, and gathers those of all commands. */

#include "command/reference.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "command/catalogue.h"

char *
l4_fill (const char *text, guint width, const char *indent)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GString *filled = g_string_new (NULL);
  glong room = (glong) width - g_utf8_strlen (indent, -1), used = -1;   /* -1: no line is begun */

  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);
    gboolean as_it_is = *lines[i] == ' ' || *lines[i] == '\0';

    if (as_it_is) {
      g_string_append_printf (filled, "%s%s%s\n", used >= 0 ? "\n" : "", *lines[i] == ' ' ? indent : "", lines[i]);
      used = -1;
    }
    for (guint w = 0; !as_it_is && words[w] != NULL; w++) {
      glong length = g_utf8_strlen (words[w], -1);
      gboolean fits = used >= 0 && used + 1 + length <= room;

      g_string_append_printf (filled, "%s%s%s", fits ? " " : used >= 0 ? "\n" : "", fits ? "" : indent, words[w]);
      used = fits ? used + 1 + length : length;
    }
  }
  if (used >= 0)
    g_string_append_c (filled, '\n');
  return g_string_free (filled, FALSE);
}

void
l4_list_foreach (const char *list, void (*f) (const char *what, const char *about))
{
  g_auto (GStrv) lines = g_strsplit (list != NULL ? _(list) : "", "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++) {
    char *mark = strstr (lines[i], "  # ");

    if (mark == NULL)
      continue;
    *mark = '\0';
    f (lines[i], mark + strlen ("  # "));
  }
}

gboolean
l4_reference_print (const L4Command *command, const char *form)
{
  const L4Completion *completion = l4_completion_find (form);

  if (completion != NULL)
    completion->part (command);
  else if (strcmp (form, "help") == 0)
    l4_help_print (command);
  else if (strcmp (form, "man") == 0)
    l4_manual_print (command);
  else
    return FALSE;
  return TRUE;
}

/* What a program says of itself, if it is there. */
static gboolean
print_part_of_program (const char *name, const char *form, GError **error)
{
  g_autofree char *path = l4_catalogue_program (name), *option = g_strconcat (L4_REFERENCE_OPTION, form, NULL), *text = NULL;
  char *argv[] = { path, option, NULL };
  int status;

  if (!g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
    return TRUE;
  if (!g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &text, NULL, &status, error)
      || !g_spawn_check_wait_status (status, error))
    return FALSE;
  fputs (text, stdout);
  return TRUE;
}

gboolean
l4_reference_print_all (const L4Command *const *commands, const char *form, GError **error)
{
  const L4Completion *completion = l4_completion_find (form);

  if (completion == NULL && strcmp (form, "man") != 0)
    return l4_fail (error, L4_ERROR_INPUT, L4_REFERENCE_OPTION "%s: no such form", form);
  if (completion == NULL) {
    l4_manual_print_all ();
    return TRUE;
  }
  completion->before ();
  for (; *commands != NULL; commands++)
    completion->part (*commands);
  for (const L4CatalogueGroup *group = l4_catalogue (); group->title != NULL; group++)
    for (const L4CatalogueEntry *entry = group->entries; entry->name != NULL; entry++)
      if (entry->program && !print_part_of_program (entry->name, form, error))
        return FALSE;
  completion->after ();
  return TRUE;
}
