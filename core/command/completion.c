/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Completions of the command line for bash, zsh and fish. */

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "command/catalogue.h"
#include "command/option.h"
#include "command/reference.h"

/* Between single quotes, with these characters escaped by a backslash for who reads it after the shell. */
static void
put_quoted (const char *text, const char *special)
{
  for (; *text != '\0'; text++) {
    if (strchr (special, *text) != NULL)
      putchar ('\\');
    if (*text == '\'')
      fputs ("'\\''", stdout);
    else
      putchar (*text);
  }
}

static void
put_names (const L4Option *option, const char *between)
{
  if (option->entry->short_name != 0)
    printf ("-%c%s", option->entry->short_name, between);
  printf ("--%s", option->entry->long_name);
}

static void
foreach_command (void (*f) (const L4CatalogueEntry *entry))
{
  for (const L4CatalogueGroup *group = l4_catalogue (); group->title != NULL; group++)
    for (const L4CatalogueEntry *entry = group->entries; entry->name != NULL; entry++)
      f (entry);
}

/* bash ----------------------------------------------------------------------------------------------------------------- */

static void
bash_before (void)
{
  puts ("# Completion of llama4 for bash. _llama4_NAME OPTION sets the options of a command, and what an OPTION's argument is.");
}

static void
bash_part (const L4Command *command)
{
  static const char *const kinds[] = { NULL, "text", "file", "folder", "one", "some" };
  g_autoptr (GArray) options = l4_options_of (command);

  printf ("_llama4_%s() {\n  options='", command->name);
  for (guint i = 0; i < options->len; i++) {
    fputs (i > 0 ? " " : "", stdout);
    put_names (&g_array_index (options, L4Option, i), " ");
  }
  fputs ("'\n  case $1 in\n", stdout);
  for (guint i = 0; i < options->len; i++) {
    const L4Option *option = &g_array_index (options, L4Option, i);
    g_auto (GStrv) values = l4_option_values (option);
    g_autofree char *list = g_strjoinv (" ", values);

    if (option->kind == L4_OPTION_FLAG)
      continue;
    fputs ("    ", stdout);
    put_names (option, " | ");
    printf (") kind=%s", kinds[option->kind]);
    if (*list != '\0')
      printf (" values='%s'", list);
    puts (" ;;");
  }
  puts ("  esac\n}");
}

static void
bash_word (const L4CatalogueEntry *entry)
{
  printf ("%s ", entry->name);
}

static void
bash_after (void)
{
  fputs ("_llama4() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} options= kind= values= begun=\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n    mapfile -t COMPREPLY < <(compgen -W '", stdout);
  foreach_command (bash_word);
  fputs ("--help --version' -- \"$word\")\n    return\n  fi\n"
      "  declare -F \"_llama4_${COMP_WORDS[1]}\" > /dev/null || return\n"
      "  if [[ $word == = ]]; then     # --option=word is three words\n    word=\n"
      "  elif [[ $option == = ]]; then\n    option=${COMP_WORDS[COMP_CWORD - 2]}\n  fi\n"
      "  [[ \" ${COMP_WORDS[*]:2:COMP_CWORD-2} \" != *' -- '* ]] || option=--\n"
      "  \"_llama4_${COMP_WORDS[1]}\" \"$option\"\n"
      "  case $kind in\n"
      "    one) mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$word\") ;;\n"
      "    some)\n"
      "      [[ $word != *,* ]] || begun=${word%,*},\n"
      "      mapfile -t COMPREPLY < <(compgen -P \"$begun\" -W \"$values\" -- \"${word##*,}\")\n"
      "      ;;\n"
      "    folder) compopt -o dirnames ;;\n"
      "    file) compopt -o default ;;\n"
      "    '')\n"
      "      if [[ $word == -* && $option != -- ]]; then\n"
      "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
      "      else\n        compopt -o default\n      fi\n"
      "      ;;\n"
      "  esac\n}\ncomplete -F _llama4 llama4\n", stdout);
}

/* zsh ------------------------------------------------------------------------------------------------------------------ */

static void
zsh_before (void)
{
  puts ("#compdef llama4\n# Completion of llama4 for zsh.");
}

static void
zsh_option (const L4Option *option)
{
  g_autofree char *argument = l4_option_argument (option), *text = l4_option_describe (option);
  g_auto (GStrv) values = l4_option_values (option);
  g_autofree char *list = g_strjoinv (" ", values);
  static const char *const actions[] = { NULL, "", "_files", "_files -/", NULL, NULL };

  fputs (" \\\n    ", stdout);
  if (option->entry->short_name != 0 && option->repeated)
    printf ("'*'{-%c%s,--%s%s}'", option->entry->short_name, argument != NULL ? "+" : "", option->entry->long_name,
        argument != NULL ? "=" : "");
  else if (option->entry->short_name != 0)
    printf ("'(-%c --%s)'{-%c%s,--%s%s}'", option->entry->short_name, option->entry->long_name, option->entry->short_name,
        argument != NULL ? "+" : "", option->entry->long_name, argument != NULL ? "=" : "");
  else
    printf ("'%s--%s%s", option->repeated ? "*" : "", option->entry->long_name, argument != NULL ? "=" : "");
  putchar ('[');
  put_quoted (text, "[]:\\");
  putchar (']');
  if (argument != NULL) {
    putchar (':');
    put_quoted (argument, ":\\");
    putchar (':');
    if (option->kind == L4_OPTION_ONE_OF)
      printf ("(%s)", list);
    else if (option->kind == L4_OPTION_SOME_OF)
      printf ("_values -s , value %s", list);
    else
      fputs (actions[option->kind], stdout);
  }
  putchar ('\'');
}

static void
zsh_part (const L4Command *command)
{
  g_autoptr (GArray) options = l4_options_of (command);

  printf ("_llama4_%s() {\n  _arguments -s", command->name);
  for (guint i = 0; i < options->len; i++)
    zsh_option (&g_array_index (options, L4Option, i));
  puts (" \\\n    '*:file:_files'\n}");
}

static void
zsh_word (const L4CatalogueEntry *entry)
{
  printf ("    '%s:", entry->name);
  put_quoted (_(entry->summary), ":\\");
  puts ("'");
}

static void
zsh_after (void)
{
  puts ("_llama4() {\n  local -a commands=(");
  foreach_command (zsh_word);
  puts ("  )\n"
      "  if ((CURRENT == 2)); then\n"
      "    _describe -t commands 'command' commands\n"
      "    _arguments '--help' '--version'\n"
      "  elif ((${+functions[_llama4_$words[2]]})); then\n"
      "    local name=$words[2]\n"
      "    shift words\n"
      "    ((CURRENT--))\n"
      "    _llama4_$name\n"
      "  fi\n}\n"
      "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n  _llama4 \"$@\"\nelse\n  compdef _llama4 llama4\nfi");
}

/* fish ----------------------------------------------------------------------------------------------------------------- */

static void
fish_word (const L4CatalogueEntry *entry)
{
  printf ("complete -c llama4 -n __llama4_begins -f -a %s -d '", entry->name);
  put_quoted (_(entry->summary), "\\");
  puts ("'");
}

static void
fish_before (void)
{
  puts ("# Completion of llama4 for fish.\n"
      "function __llama4_begins\n  test (count (commandline -opc)) -eq 1\nend\n"
      "function __llama4_is\n  set -l words (commandline -opc)\n  test (count $words) -ge 2; and test \"$words[2]\" = $argv[1]\nend\n"
      "function __llama4_some\n"
      "  set -l begun (string match -r '^.*,' -- (commandline -ct | string replace -r '^--[a-z-]+=' ''))\n"
      "  printf \"$begun%s\\n\" $argv\nend\n"
      "complete -c llama4 -n __llama4_begins -f -l help\ncomplete -c llama4 -n __llama4_begins -f -l version");
  foreach_command (fish_word);
}

static void
fish_part (const L4Command *command)
{
  static const char *const kinds[] = { "", " -x", " -r -F", " -x -a '(__fish_complete_directories)'", " -x -a '", " -x -a '(__llama4_some " };
  g_autoptr (GArray) options = l4_options_of (command);

  for (guint i = 0; i < options->len; i++) {
    const L4Option *option = &g_array_index (options, L4Option, i);
    g_autofree char *text = l4_option_describe (option);
    g_auto (GStrv) values = l4_option_values (option);
    g_autofree char *list = g_strjoinv (" ", values);

    printf ("complete -c llama4 -n '__llama4_is %s'", command->name);
    if (option->entry->short_name != 0)
      printf (" -s %c", option->entry->short_name);
    printf (" -l %s%s", option->entry->long_name, kinds[option->kind]);
    if (*list != '\0')
      printf ("%s%s'", list, option->kind == L4_OPTION_SOME_OF ? ")" : "");
    fputs (" -d '", stdout);
    put_quoted (text, "\\");
    puts ("'");
  }
}

static void
fish_after (void)
{
}

static const L4Completion completions[] = {
  {"bash", bash_part, bash_before, bash_after},
  {"zsh", zsh_part, zsh_before, zsh_after},
  {"fish", fish_part, fish_before, fish_after},
};

const L4Completion *
l4_completion_find (const char *form)
{
  for (guint i = 0; i < G_N_ELEMENTS (completions); i++)
    if (strcmp (completions[i].form, form) == 0)
      return &completions[i];
  return NULL;
}
