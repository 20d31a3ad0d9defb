/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of the manual, in the man macros. */

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "command/catalogue.h"
#include "command/option.h"
#include "command/reference.h"
#include "config.h"

#define WIDTH 76

/* Of all commands. */
static const char environment[] =
    N_("L4_CPU  # baseline, avx2, avxvnni, avx512, vnni, bf16 or amx: the instruction set to use, instead of the best that there is.\n"
    "LANGUAGE, LC_ALL, LC_MESSAGES, LANG  # The language of messages.\n"
    "LLAMA4_DATA_DIR  # Where the embedded model and the published shapes are, instead of where they were installed.\n"
    "LLAMA4_LIBEXEC_DIR  # Where the programs llama4-COMMAND are, instead of where they were installed.\n"
    "LLAMA4_LOCALE_DIR  # Where the translations are, instead of where they were installed.\n"
    "XDG_CACHE_HOME  # The folder of llama4describe/speed.ini, instead of ~/.cache.");
static const char files[] =
    N_("~/.cache/llama4describe/speed.ini  # What the machine can do, measured again after a week; delete it to have that done at once.");
static const char exit_status[] =
    N_("0  # All went well.\n"
    "1  # Something did not; a line on standard error says what.\n"
    "128+n  # As the first process of a container: signal number n ended it. Elsewhere the signal itself ends it.");

/* Text, in which every terminal has all characters; verbatim: so that it can be copied from the page, where a hyphen is no minus and
 * quotes are no quotation marks. */
static void
put (const char *text, gboolean verbatim)
{
  static const char *const escapes[256] = {['\\'] = "\\e",['-'] = "\\-",['\''] = "\\(aq",['`'] = "\\(ga",['^'] = "\\(ha",['~'] = "\\(ti" };
  gboolean begins = TRUE, option = FALSE;

  for (const char *at = text; *at != '\0'; at++) {
    const char *escape = escapes[(guchar) *at];

    option = (option && *at != ' ' && *at != '\n') || (begins && *at == '-');
    if (begins && (*at == '.' || *at == '\'') && (at == text || at[-1] == '\n'))
      fputs ("\\&", stdout);
    if (g_str_has_prefix (at, "…")) {
      fputs ("...", stdout);
      at += strlen ("…") - 1;
    } else if (escape != NULL && (verbatim || option || *at != '-'))
      fputs (escape, stdout);
    else
      putchar (*at);
    begins = *at == ' ' || *at == '\n' || *at == '(' || *at == '[';
  }
}

/* Paragraphs, with an empty line between them; what begins with a space stays as it is. */
static void
put_paragraphs (const char *text)
{
  g_auto (GStrv) paragraphs = g_strsplit (text, "\n\n", -1);

  for (guint i = 0; paragraphs[i] != NULL; i++) {
    gboolean example = *paragraphs[i] == ' ';
    g_autofree char *filled = example ? g_strconcat (paragraphs[i], "\n", NULL) : l4_fill (paragraphs[i], WIDTH, "");

    if (i > 0)
      puts (".PP");
    if (example)
      puts (".EX");
    put (filled, example);
    if (example)
      puts (".EE");
  }
}

static void
put_head (const char *name, const char *summary)
{
  g_autofree char *upper = g_ascii_strup (name, -1);

  printf (".TH %s 1 %s \"llama4describe %s\" \"%s\"\n.SH %s\n", upper, L4_DATE, L4_VERSION, _("User commands"), _("NAME"));
  put (name, TRUE);
  fputs (" \\- ", stdout);
  put (summary, FALSE);
  putchar ('\n');
}

static void
put_row (const char *what, const char *about)
{
  g_autofree char *filled = l4_fill (about, WIDTH, "");

  fputs (".TP\n\\fB", stdout);
  put (what, TRUE);
  fputs ("\\fR\n", stdout);
  put (filled, FALSE);
}

static void
put_list (const char *title, const char *list)
{
  if (list == NULL)
    return;
  printf (".SH %s\n", title);
  l4_list_foreach (list, put_row);
}

static void
put_option (const L4Option *option)
{
  g_autofree char *argument = l4_option_argument (option), *text = l4_option_describe (option), *filled = NULL;

  fputs (".TP\n", stdout);
  if (option->entry->short_name != 0)
    printf ("\\fB\\-%c\\fR, ", option->entry->short_name);
  fputs ("\\fB\\-\\-", stdout);
  put (option->entry->long_name, TRUE);
  fputs ("\\fR", stdout);
  if (argument != NULL) {
    fputs ("=\\fI", stdout);
    put (argument, TRUE);
    fputs ("\\fR", stdout);
  }
  putchar ('\n');
  filled = l4_fill (text, WIDTH, "");
  put (filled, FALSE);
}

static void
put_events (const char *const *events)
{
  if (events == NULL)
    return;
  printf (".SH %s\n", _("EVENTS"));
  put_paragraphs (_(events[0]));
  for (guint i = 1; events[i] != NULL; i++)
    l4_list_foreach (events[i], put_row);
}

void
l4_manual_print (const L4Command *command)
{
  g_autoptr (GArray) options = l4_options_of (command);
  g_autofree char *name = g_strconcat ("llama4-", command->name, NULL);

  put_head (name, _(l4_catalogue_find (command->name)->summary));
  printf (".SH %s\n\\fBllama4 %s\\fR [\\fI%s\\fR...] ", _("SYNOPSIS"), command->name, _("OPTION"));
  put (_(command->usage), TRUE);
  putchar ('\n');
  if (command->description != NULL) {
    printf (".SH %s\n", _("DESCRIPTION"));
    put_paragraphs (_(command->description));
  }
  printf (".SH %s\n", _("OPTIONS"));
  for (guint i = 0; i < options->len; i++)
    put_option (&g_array_index (options, L4Option, i));
  put_events (command->events);
  put_list (_("EXIT STATUS"), exit_status);
  l4_list_foreach (command->exit_status, put_row);
  put_list (_("ENVIRONMENT"), command->environment);
  put_list (_("FILES"), command->files);
  put_list (_("EXAMPLES"), command->examples);
  printf (".SH %s\n\\fBllama4\\fR(1), %s\n", _("SEE ALSO"), _("which has the environment of all commands"));
}

static void
put_commands (void)
{
  for (const L4CatalogueGroup *group = l4_catalogue (); group->title != NULL; group++) {
    printf (".SS %s\n", _(group->title));
    for (const L4CatalogueEntry *entry = group->entries; entry->name != NULL; entry++)
      printf (".TP\n\\fBllama4\\-%s\\fR(1)\n%s\n", entry->name, _(entry->summary));
  }
}

void
l4_manual_print_all (void)
{
  put_head ("llama4", _("say what happens in videos and pictures, by Llama 4"));
  printf (".SH %s\n\\fBllama4\\fR \\fI%s\\fR [\\fI%s\\fR...] [\\fI%s\\fR...]\n.br\n\\fBllama4\\fR \\fB\\-\\-help\\fR | \\fB\\-\\-version\\fR\n",
      _("SYNOPSIS"), _("COMMAND"), _("OPTION"), _("ARGUMENT"));
  printf (".SH %s\n", _("DESCRIPTION"));
  put_paragraphs (_("llama4 runs Llama 4 models on the CPU: without a GPU, without a network. It describes videos, keeps what it saw in an index "
          "that can be searched, and answers prompts about pictures.\n\n"
          "Wherever a MODEL may be given, it is a GGUF file (whole, or the first shard of a split set), whose vision part is found beside it as "
          "mmproj*.gguf, or a folder as published on Hugging Face. A file with the suffix .script holds prepared answers. Without a MODEL the "
          "embedded one is used, which tells test patterns and moving shapes, and of film light, colours, cuts and motion; ask, summary, convert "
          "and synth need one."));
  printf (".SH %s\n", _("COMMANDS"));
  put_commands ();
  put_list (_("EXIT STATUS"), exit_status);
  put_list (_("ENVIRONMENT"), environment);
  put_list (_("FILES"), files);
  printf (".SH %s\n\\fBgst\\-launch\\-1.0\\fR(1), \\fBgst\\-inspect\\-1.0\\fR(1)\n", _("SEE ALSO"));
}
