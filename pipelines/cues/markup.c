/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that is shown and not obeyed. */

#include "cues/markup.h"

#include <inttypes.h>
#include <string.h>

typedef struct
{
  char character;
  const char *instead;
} Instead;

static char *
replace (const char *line, const Instead *instead, guint n)
{
  GString *text = g_string_sized_new (strlen (line));

  for (const char *at = line; *at != '\0'; at++) {
    guint i;

    for (i = 0; i < n && instead[i].character != *at; i++);
    if (i < n)
      g_string_append (text, instead[i].instead);
    else
      g_string_append_c (text, *at);
  }
  return g_string_free (text, FALSE);
}

char *
l4_cue_vtt_text (const char *line)
{
  const Instead instead[] = { {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"} };

  return replace (line, instead, G_N_ELEMENTS (instead));
}

char *
l4_cue_xml_text (const char *line)
{
  const Instead instead[] = { {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"} };

  return replace (line, instead, G_N_ELEMENTS (instead));
}

char *
l4_cue_clock (guint64 time, char mark)
{
  guint64 ms = time / 1000000 + (time % 1000000 >= 500000);

  return g_strdup_printf ("%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 "%c%03" PRIu64, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, mark,
      ms % 1000);
}
