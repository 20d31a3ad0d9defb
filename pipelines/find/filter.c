/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which films of an index are looked through, as options of a command line. */

#include "find/filter.h"

#include "base/i18n.h"
#include "find/date.h"

static struct
{
  char *file, *since, *until;
} given;

static const GOptionEntry entries[] = {
  {"file", 0, 0, G_OPTION_ARG_FILENAME, &given.file, N_("Only films whose name matches, or whose path if a slash is in it: '*.mkv', "
        "'2026/*', '[a-m]*'"), "GLOB"},
  {"since", 0, 0, G_OPTION_ARG_FILENAME, &given.since, N_("Only films of files changed then or later, and what cameras showed then or "
        "later: 2026-11-28, 2026-11-28T10:00, yesterday, 12h, 3d, 2w"), "DATE"},
  {"until", 0, 0, G_OPTION_ARG_FILENAME, &given.until, N_("Only films of files changed, and what cameras showed, then or earlier"), "DATE"},
  {NULL}
};

const GOptionEntry *
l4_filter_entries (void)
{
  return entries;
}

gboolean
l4_filter_read (const char **file, gint64 *since, gint64 *until, GError **error)
{
  gint64 now = g_get_real_time ();

  *file = given.file;
  *since = *until = 0;
  return (given.since == NULL || l4_date_parse (given.since, "--since", FALSE, now, since, error))
      && (given.until == NULL || l4_date_parse (given.until, "--until", TRUE, now, until, error));
}
