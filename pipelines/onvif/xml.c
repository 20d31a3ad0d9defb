/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts, times and numbers as XML has them. */

#include "onvif/xml.h"

#include <math.h>

#define LAST_TIME (253402300799 * (gint64) G_USEC_PER_SEC)      /* of the year 9999 */

/* XML 1.0, 2.2: Char */
static gboolean
is_allowed (gunichar c)
{
  return c >= 0x20 ? c != 0xfffe && c != 0xffff : c == '\t' || c == '\n' || c == '\r';
}

void
l4_xml_add_text (GString *xml, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c)) {
    gunichar character = g_utf8_get_char (c);

    if (!is_allowed (character))
      continue;
    if (character < 0x20 || character == '&' || character == '<' || character == '>' || character == '"')
      g_string_append_printf (xml, "&#%u;", character);
    else
      g_string_append_unichar (xml, character);
  }
}

void
l4_xml_add_attribute (GString *xml, const char *name, const char *text)
{
  g_string_append_printf (xml, " %s=\"", name);
  l4_xml_add_text (xml, text);
  g_string_append_c (xml, '"');
}

void
l4_xml_add_number (GString *xml, const char *name, double number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  l4_xml_add_attribute (xml, name, g_ascii_formatd (text, sizeof text, "%.6g", isfinite (number) ? number : 0));
}

void
l4_xml_add_time (GString *xml, gint64 time)
{
  const gint64 within = CLAMP (time, 0, LAST_TIME);
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (within / G_USEC_PER_SEC);
  g_autofree char *second = g_date_time_format (date, "%Y-%m-%dT%H:%M:%S");

  g_string_append_printf (xml, "%s.%03dZ", second, (int) (within % G_USEC_PER_SEC / 1000));
}
