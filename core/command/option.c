/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of a command, with what their descriptions say of their arguments. */

#include "command/option.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

#define MANY 24                 /* characters of values that are too many for the option's own line */

static const GOptionEntry help = { "help", 'h', 0, G_OPTION_ARG_NONE, NULL, N_("Show this help"), NULL };

static L4OptionKind
kind_of (const GOptionEntry *entry)
{
  static const char *const files[] = { "FILE", "MODEL", "INDEX", "VIDEO" };
  const char *argument = entry->arg_description;

  if (argument == NULL)
    return L4_OPTION_FLAG;
  if (strchr (argument, '|') != NULL)
    return L4_OPTION_ONE_OF;
  if (strchr (argument, ',') != NULL)
    return L4_OPTION_SOME_OF;
  if (g_str_has_prefix (argument, "FOLDER"))
    return L4_OPTION_FOLDER;
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    if (g_str_has_prefix (argument, files[i]))
      return L4_OPTION_FILE;
  return L4_OPTION_TEXT;
}

static void
add_entries (GArray *options, const GOptionEntry *entries)
{
  for (const GOptionEntry *entry = entries; entry != NULL && entry->long_name != NULL; entry++) {
    L4Option option = { entry, kind_of (entry),
      entry->arg == G_OPTION_ARG_FILENAME_ARRAY || entry->arg == G_OPTION_ARG_STRING_ARRAY
    };

    if (*entry->long_name != '\0' && !(entry->flags & G_OPTION_FLAG_HIDDEN))
      g_array_append_val (options, option);
  }
}

GArray *
l4_options_of (const L4Command *command)
{
  GArray *options = g_array_new (FALSE, FALSE, sizeof (L4Option));
  L4Option last = { &help, L4_OPTION_FLAG, FALSE };

  add_entries (options, command->entries);
  for (guint i = 0; command->more[i] != NULL; i++)
    add_entries (options, command->more[i]);
  g_array_append_val (options, last);
  return options;
}

static gboolean
has_many_values (const L4Option *option)
{
  return (option->kind == L4_OPTION_ONE_OF || option->kind == L4_OPTION_SOME_OF) && strlen (option->entry->arg_description) > MANY;
}

char *
l4_option_argument (const L4Option *option)
{
  const char *dash = strrchr (option->entry->long_name, '-');

  if (!has_many_values (option))
    return g_strdup (option->entry->arg_description);
  return g_ascii_strup (dash != NULL ? dash + 1 : option->entry->long_name, -1);
}

char *
l4_option_describe (const L4Option *option)
{
  const char *text = _(option->entry->description);
  g_auto (GStrv) values = l4_option_values (option);
  g_autofree char *list = NULL;

  if (!has_many_values (option))
    return g_strdup (text);
  list = g_strjoinv (", ", values);
  return g_strdup_printf ("%s: %s", text, list);
}

char **
l4_option_values (const L4Option *option)
{
  if (option->kind != L4_OPTION_ONE_OF && option->kind != L4_OPTION_SOME_OF)
    return g_new0 (char *, 1);
  return g_strsplit (option->entry->arg_description, option->kind == L4_OPTION_ONE_OF ? "|" : ",", -1);
}

/* The value of that name in any case; NULL: there is none. */
static const char *
find_value (char *const *values, const char *name)
{
  for (guint i = 0; values[i] != NULL; i++)
    if (g_ascii_strcasecmp (values[i], name) == 0)
      return values[i];
  return NULL;
}

static gboolean
check_values (const L4Option *option, GError **error)
{
  char **value = option->entry->arg_data;
  g_auto (GStrv) values = l4_option_values (option), parts = NULL;

  if (*values == NULL || option->entry->arg != G_OPTION_ARG_FILENAME || *value == NULL)
    return TRUE;
  parts = option->kind == L4_OPTION_SOME_OF ? g_strsplit (*value, ",", -1) : g_strsplit (*value, "\n", 1);
  for (guint i = 0; i == 0 || parts[i] != NULL; i++) {
    const char *found = parts[i] != NULL ? find_value (values, parts[i]) : NULL;
    g_autofree char *list = found == NULL ? g_strjoinv (", ", values) : NULL;

    if (found == NULL)
      return l4_fail (error, L4_ERROR_INPUT, option->kind == L4_OPTION_ONE_OF ? _("--%s %s: must be one of %s")
          : _("--%s %s: must be some of %s"), option->entry->long_name, *value, list);
    g_free (parts[i]);
    parts[i] = g_strdup (found);
  }
  g_free (*value);
  *value = g_strjoinv (",", parts);
  return TRUE;
}

/* A variable of a script that is empty would be taken for no option: the embedded model, or the folder that one is in. */
static gboolean
check_path (const L4Option *option, GError **error)
{
  const char *const *one = option->entry->arg_data, *const *const *many = option->entry->arg_data;
  gboolean empty = option->repeated ? *many != NULL && g_strv_contains (*many, "") : *one != NULL && **one == '\0';

  return !empty || l4_fail (error, L4_ERROR_INPUT, _("--%s: is empty"), option->entry->long_name);
}

static gboolean
check (const L4Option *option, GError **error)
{
  return option->kind == L4_OPTION_FILE || option->kind == L4_OPTION_FOLDER ? check_path (option, error) : check_values (option, error);
}

gboolean
l4_options_check (const L4Command *command, GError **error)
{
  g_autoptr (GArray) options = l4_options_of (command);

  for (guint i = 0; i < options->len; i++)
    if (!check (&g_array_index (options, L4Option, i), error))
      return FALSE;
  return TRUE;
}

gboolean
l4_command_check_number (const char *option, int value, int least, int most, GError **error)
{
  return (value >= least && value <= most)
      || l4_fail (error, L4_ERROR_INPUT, _("--%s %d: must be %d to %d"), option, value, least, most);
}

gboolean
l4_command_check_text (const char *option, const char *text, GError **error)
{
  const char *end;

  return text == NULL || g_utf8_validate (text, -1, &end)
      || l4_fail (error, L4_ERROR_INPUT, _("--%s: byte %zu is not valid UTF-8"), option, (gsize) (end - text));
}

gboolean
l4_command_parse_bytes (const char *option, const char *given, guint64 *bytes, GError **error)
{
  static const char units[] = "KMG";
  guint64 value;
  char *end;

  if (given == NULL)
    return TRUE;
  errno = 0;
  value = g_ascii_strtoull (given, &end, 10);
  for (guint i = 0; units[i] != '\0'; i++)
    if (g_ascii_toupper (*end) == units[i] && end[1] == '\0' && value <= G_MAXUINT64 >> (10 * (i + 1))) {
      value <<= 10 * (i + 1);
      end++;
      break;
    }
  if (!g_ascii_isdigit (*given) || *end != '\0' || errno != 0)
    return l4_fail (error, L4_ERROR_INPUT, _("--%s %s: is not a number of bytes"), option, given);
  *bytes = value;
  return TRUE;
}
