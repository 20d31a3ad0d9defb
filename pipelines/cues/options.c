/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of captions as options of a command line. */

#include "cues/cues.h"

#include "base/error.h"

static struct
{
  char *rules;
  int columns;
  double speed;
} given;

static const GOptionEntry entries[] = {
  {"rules", 0, 0, G_OPTION_ARG_FILENAME, &given.rules, N_("Rules for lines and times (plain)"), "plain|netflix|bbc"},
  {"columns", 0, 0, G_OPTION_ARG_INT, &given.columns, N_("Most characters of a line, instead of those of the rules"), "N"},
  {"speed", 0, 0, G_OPTION_ARG_DOUBLE, &given.speed, N_("Most characters to read in a second, instead of those of the rules"), "N"},
  {NULL}
};

const GOptionEntry *
l4_cue_entries (void)
{
  return entries;
}

gboolean
l4_cue_options (const char *tag, L4CueRules *rules, GError **error)
{
  l4_cue_rules_for (given.rules != NULL ? given.rules : "plain", tag, rules);   /* the command knows that it is one of them */
  if (given.columns != 0 && (given.columns < 8 || given.columns > 200))
    return l4_fail (error, L4_ERROR_INPUT, _("--columns %d: must be 8 to 200"), given.columns);
  if (given.speed != 0 && !(given.speed >= 1 && given.speed <= 1000))
    return l4_fail (error, L4_ERROR_INPUT, _("--speed %g: must be 1 to 1000"), given.speed);
  if (given.columns != 0) {
    rules->wide_columns = MAX (1, rules->wide_columns * (guint) given.columns / rules->columns);
    rules->columns = (guint) given.columns;
  }
  if (given.speed != 0) {
    rules->wide_speed *= given.speed / rules->speed;
    rules->speed = given.speed;
  }
  return TRUE;
}
