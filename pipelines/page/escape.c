/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only ways by which text gets into a page. */

#include "page/escape.h"

#include "llama4.h"

void
l4_page_add_html (GString *page, const char *text)
{
  g_autofree char *line = l4_text_to_line (text, -1);

  for (const char *at = line; *at != '\0'; at++)
    switch (*at) {
      case '&':
        g_string_append (page, "&amp;");
        break;
      case '<':
        g_string_append (page, "&lt;");
        break;
      case '>':
        g_string_append (page, "&gt;");
        break;
      case '"':
        g_string_append (page, "&quot;");
        break;
      case '\'':
        g_string_append (page, "&#39;");
        break;
      default:
        g_string_append_c (page, *at);
    }
}

/* l4_text_to_line() leaves no control character and no line or paragraph separator, which end a line for some readers of scripts. */
void
l4_page_add_json (GString *page, const char *text)
{
  g_autofree char *line = l4_text_to_line (text, -1);

  g_string_append_c (page, '"');
  for (const char *at = line; *at != '\0'; at++)
    if (strchr ("\"\\<>&'", *at) != NULL)
      g_string_append_printf (page, "\\u%04x", *at);
    else
      g_string_append_c (page, *at);
  g_string_append_c (page, '"');
}

void
l4_page_add_url (GString *page, const char *path)
{
  for (const char *at = path; *at != '\0'; at++)
    if (g_ascii_isalnum (*at) || strchr ("/._-", *at) != NULL)
      g_string_append_c (page, *at);
    else
      g_string_append_printf (page, "%%%02X", (guchar) *at);
}
