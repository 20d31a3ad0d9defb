/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole code points out of a stream of token bytes, and text that is safe on one line. */

#include "output/text.h"

#include <string.h>

#define REPLACEMENT "\357\277\275"      /* U+FFFD */

void
l4_text_take (GString *bytes, gboolean at_end, GString *text)
{
  const char *at = bytes->str, *end = bytes->str + bytes->len;

  while (at < end) {
    gunichar character = g_utf8_get_char_validated (at, end - at);

    if (character == (gunichar) -2 && !at_end && memchr (at, '\0', (gsize) (end - at)) == NULL)
      break;
    if (*at == '\0' || character == (gunichar) -1 || character == (gunichar) -2) {
      g_string_append (text, REPLACEMENT);
      at++;
    } else {
      g_string_append_len (text, at, g_utf8_next_char (at) - at);
      at = g_utf8_next_char (at);
    }
  }
  g_string_erase (bytes, 0, at - bytes->str);
}

/* Characters that show nothing themselves but change how others show, or that no reader can know. */
static gboolean
is_unsafe (gunichar character)
{
  if (character == 0x200c || character == 0x200d)
    return FALSE;               /* joiners: Persian, Hindi and emoji are spelled with them */
  switch (g_unichar_type (character)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_UNASSIGNED:
      return TRUE;
    default:
      return FALSE;
  }
}

static gboolean
is_blank (gunichar character)
{
  return g_unichar_isspace (character) || character == '\v' || character == 0x85 || character == 0x2028 || character == 0x2029;
}

char *
l4_text_to_terminal (const char *text)
{
  GString *safe = g_string_sized_new (strlen (text));

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    if (*at == '\n' || *at == '\t' || !is_unsafe (g_utf8_get_char (at)))
      g_string_append_len (safe, at, g_utf8_next_char (at) - at);
  return g_string_free (safe, FALSE);
}

char *
l4_text_to_json (const char *json)
{
  GString *safe = g_string_sized_new (strlen (json));

  for (const char *at = json; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar character = g_utf8_get_char (at);

    if (!is_unsafe (character))
      g_string_append_len (safe, at, g_utf8_next_char (at) - at);
    else if (character < 0x10000)
      g_string_append_printf (safe, "\\u%04x", character);
    else
      g_string_append_printf (safe, "\\u%04x\\u%04x", 0xd800 + ((character - 0x10000) >> 10), 0xdc00 + ((character - 0x10000) & 0x3ff));
  }
  return g_string_free (safe, FALSE);
}

/* The arrow between the times of a subtitle must not appear in its text: --> and longer ones become ->. */
static void
append_arrowhead (GString *line)
{
  while (line->len >= 2 && line->str[line->len - 1] == '-' && line->str[line->len - 2] == '-')
    g_string_truncate (line, line->len - 1);
  g_string_append_c (line, '>');
}

char *
l4_text_to_line (const char *text, gssize length)
{
  g_autoptr (GString) bytes = g_string_new_len (text, length < 0 ? (gssize) strlen (text) : length);
  g_autoptr (GString) valid = g_string_sized_new (bytes->len);
  GString *line = g_string_sized_new (bytes->len);
  gboolean blank = FALSE;

  l4_text_take (bytes, TRUE, valid);
  for (const char *at = valid->str; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar character = g_utf8_get_char (at);

    if (is_blank (character)) {
      blank = TRUE;
    } else if (!is_unsafe (character)) {
      if (blank && line->len > 0)
        g_string_append_c (line, ' ');
      blank = FALSE;
      if (character == '>')
        append_arrowhead (line);
      else
        g_string_append_unichar (line, character);
    }
  }
  return g_string_free (line, FALSE);
}

/* Whether a \ at `at` begins what ffmpeg and libass take for a line end, a hard blank or a brace. */
static gboolean
is_obeyed (const char *at)
{
  return *at == '\\' && at[1] != '\0' && strchr ("Nnh{}", at[1]) != NULL;
}

char *
l4_text_to_subtitle (const char *line)
{
  GString *plain = g_string_sized_new (strlen (line));
  guint n_angles = 0, n_braces = 0;     /* opened */

  for (const char *at = line; *at != '\0'; at++)
    if (*at == '<' && strchr (at, '>') != NULL) {
      g_string_append (plain, "\342\200\271");
      n_angles++;
    } else if (*at == '>' && n_angles > 0) {
      g_string_append (plain, "\342\200\272");
      n_angles--;
    } else if (*at == '{' && strchr (at, '}') != NULL) {
      g_string_append_c (plain, '(');
      n_braces++;
    } else if (*at == '}' && n_braces > 0) {
      g_string_append_c (plain, ')');
      n_braces--;
    } else {
      g_string_append_c (plain, is_obeyed (at) ? '/' : *at);
    }
  return g_string_free (plain, FALSE);
}

char *
l4_text_to_markup (const char *line)
{
  GString *markup = g_string_sized_new (strlen (line));

  for (const char *at = line; *at != '\0'; at++)
    switch (*at) {
      case '&':
        g_string_append (markup, "&amp;");
        break;
      case '<':
        g_string_append (markup, "&lt;");
        break;
      case '>':
        g_string_append (markup, "&gt;");
        break;
      default:
        g_string_append_c (markup, *at);
    }
  return g_string_free (markup, FALSE);
}
