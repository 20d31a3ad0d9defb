/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers of sources in an answer. */

#include "talk/cites.h"

#include <string.h>

#define LONGEST 200             /* bytes between brackets that may still be numbers */

struct _L4Cites
{
  guint n;
  gboolean *named;              /* [n + 1] */
  GString *blanks;              /* that stood last, held back: they go with a number that goes */
  GString *inside;              /* of the bracket that is open */
  gboolean open, closed;        /* closed: a number was the last thing that came out */
};

L4Cites *
l4_cites_new (guint n)
{
  L4Cites *self = g_new0 (L4Cites, 1);

  self->n = n;
  self->named = g_new0 (gboolean, n + 1);
  self->blanks = g_string_new (NULL);
  self->inside = g_string_new (NULL);
  return self;
}

void
l4_cites_free (L4Cites *self)
{
  g_free (self->named);
  g_string_free (self->blanks, TRUE);
  g_string_free (self->inside, TRUE);
  g_free (self);
}

gboolean
l4_cites_named (const L4Cites *self, guint n)
{
  return n >= 1 && n <= self->n && self->named[n];
}

static void
add_blanks (L4Cites *self, GString *text)
{
  g_string_append_len (text, self->blanks->str, self->blanks->len);
  g_string_truncate (self->blanks, 0);
}

/* Words that models put beside the numbers. */
static gboolean
is_word_of_lists (const char *word, gsize length)
{
  static const char *const words[] = { "note", "notes", "source", "sources", "and", "to", "no", "nos" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strlen (words[i]) == length && g_ascii_strncasecmp (words[i], word, length) == 0)
      return TRUE;
  return FALSE;
}

/* Whether there is nothing but numbers and what stands between them. */
static gboolean
is_list (const char *inside)
{
  gboolean digit = FALSE;

  for (const char *at = inside; *at != '\0';) {
    gsize length = 0;

    while (g_ascii_isalpha (at[length]))
      length++;
    digit |= g_ascii_isdigit (*at);
    if (length > 0 && !is_word_of_lists (at, length))
      return FALSE;
    if (length == 0 && !g_ascii_isdigit (*at) && strchr (" ,;&-^#", *at) == NULL && !g_str_has_prefix (at, "\342\200\223"))
      return FALSE;
    at = length > 0 ? at + length : g_utf8_next_char (at);
  }
  return digit;
}

/* A dash between two numbers stands for all from the one to the other. */
static gboolean
is_range (const char *between, const char *end)
{
  while (between < end && *between == ' ')
    between++;
  return between < end && (*between == '-' || g_str_has_prefix (between, "\342\200\223"));
}

static void
name (L4Cites *self, guint64 first, guint64 last, GString *text)
{
  for (guint64 n = MAX (first, 1); n <= MIN (last, self->n); n++) {
    self->named[n] = TRUE;
    add_blanks (self, text);
    g_string_append_printf (text, "[%" G_GUINT64_FORMAT "]", n);
  }
}

/* The numbers that exist, each in brackets of its own; blanks before them stay only if one does. */
static void
add_list (L4Cites *self, GString *text)
{
  const char *at = self->inside->str, *behind = NULL;
  guint64 last = 0;

  while (*(at += strcspn (at, "0123456789")) != '\0') {
    char *end;
    guint64 n = g_ascii_strtoull (at, &end, 10);

    if (behind != NULL && n > last && is_range (behind, at))
      name (self, last + 1, n, text);
    else
      name (self, n, n, text);
    last = n;
    at = behind = end;
  }
  g_string_truncate (self->blanks, 0);
  self->closed = TRUE;
}

/* Digits of other scripts were made ours; there are numbers besides, such as those in circles. */
static gboolean
has_number (const char *text)
{
  for (; *text != '\0'; text = g_utf8_next_char (text))
    switch (g_unichar_type (g_utf8_get_char (text))) {
      case G_UNICODE_DECIMAL_NUMBER:
      case G_UNICODE_LETTER_NUMBER:
      case G_UNICODE_OTHER_NUMBER:
        return TRUE;
      default:
        break;
    }
  return FALSE;
}

/* What was no number after all comes out, without brackets that could be taken for one's. */
static void
close_bracket (L4Cites *self, gboolean complete, GString *text)
{
  const char *inside = self->inside->str;

  self->open = FALSE;
  if (is_list (inside) && complete) {
    add_list (self, text);
  } else if (is_list (inside)) {
    g_string_truncate (self->blanks, 0);
  } else {
    add_blanks (self, text);
    if (!complete)
      g_string_append_printf (text, "(%s", inside);
    else
      g_string_append_printf (text, has_number (inside) ? "(%s)" : "[%s]", inside);
  }
  g_string_truncate (self->inside, 0);
}

static void
take_character (L4Cites *self, const char *at, GString *text)
{
  gunichar character = g_utf8_get_char (at);
  gboolean opens = character == '[' || character == 0x3010 || character == 0xff3b;
  gboolean closes = character == ']' || character == 0x3011 || character == 0xff3d;

  if (self->open && opens && self->inside->len == 0)
    return;
  if (self->open && (opens || character == '\n' || self->inside->len >= LONGEST))
    close_bracket (self, FALSE, text);
  if (closes && self->closed)
    return;                     /* the second of [[1]] */
  if (self->open && closes) {
    close_bracket (self, TRUE, text);
    return;
  }
  self->closed = FALSE;
  if (opens)
    self->open = TRUE;
  else if (self->open)
    g_string_append_unichar (self->inside, g_unichar_isdigit (character) ? '0' + (gunichar) g_unichar_digit_value (character) : character);
  else if (character == ' ' || character == '\n' || character == '\t')
    g_string_append_c (self->blanks, *at);
  else {
    add_blanks (self, text);
    g_string_append_unichar (text, character);
  }
}

void
l4_cites_take (L4Cites *self, const char *piece, GString *text)
{
  for (const char *at = piece; *at != '\0'; at = g_utf8_next_char (at))
    take_character (self, at, text);
}

void
l4_cites_end (L4Cites *self, GString *text)
{
  if (self->open)
    close_bracket (self, FALSE, text);
}
