/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Title, summary and chapters in a model's reply. */

#include "talk/outline.h"

#include <string.h>

#include "llama4.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define MOST 1000               /* headings of a reply */

static void
heading_clear (gpointer data)
{
  g_free (((L4Heading *) data)->title);
}

void
l4_outline_clear (L4Outline *outline)
{
  g_clear_pointer (&outline->title, g_free);
  g_clear_pointer (&outline->summary, g_free);
  g_clear_pointer (&outline->headings, g_array_unref);
}

/* What stands before words: marks of lists, headings, quotes and emphasis. */
static const char *
skip_marks (const char *at)
{
  for (;;) {
    if (*at != '\0' && strchr (" \t#*_>-+`\"'([", *at) != NULL)
      at++;
    else if (g_str_has_prefix (at, "\342\200\242") || g_str_has_prefix (at, "\342\200\223") || g_str_has_prefix (at, "\342\200\224"))
      at += 3;                  /* • – — */
    else
      return at;
  }
}

/* Behind a word in any case, or NULL. */
static const char *
skip_word (const char *at, const char *word)
{
  gsize length = strlen (word);

  return g_ascii_strncasecmp (at, word, length) == 0 && !g_ascii_isalpha (at[length]) ? at + length : NULL;
}

/* Behind a number of an enumeration, "12. " or "3) ", or at. */
static const char *
skip_number (const char *at)
{
  gsize digits = strspn (at, "0123456789");

  return digits > 0 && digits <= 3 && (at[digits] == '.' || at[digits] == ')' || at[digits] == ':') && at[digits + 1] == ' '
      ? at + digits + 2 : at;
}

/* What stands between a label, or a time, and the text. */
static const char *
skip_separators (const char *at)
{
  for (;;) {
    const char *behind = skip_marks (at);

    if (*behind != '\0' && strchr (":])|=.,", *behind) != NULL)
      behind++;
    if (behind == at)
      return at;
    at = behind;
  }
}

/* h:mm:ss, m:ss, with decimals; behind it, or NULL. */
static const char *
read_time (const char *at, guint64 *time)
{
  guint64 seconds = 0, fraction = 0, unit = SECOND;
  guint parts = 0;

  for (;;) {
    gsize digits = strspn (at, "0123456789");

    if (digits == 0 || digits > 5 || parts == 3)
      return NULL;
    seconds = seconds * 60 + g_ascii_strtoull (at, NULL, 10);
    at += digits;
    parts++;
    if (*at != ':' || !g_ascii_isdigit (at[1]))
      break;
    at++;
  }
  if (parts < 2)
    return NULL;
  if ((*at == '.' || *at == ',') && g_ascii_isdigit (at[1]))
    for (at++; g_ascii_isdigit (*at); at++) {
      unit /= 10;
      fraction += (*at - '0') * unit;
    }
  *time = seconds * SECOND + fraction;
  return at;
}

/* Text without the marks of emphasis that end it. NULL: nothing is left. (transfer full) */
static char *
make_text (const char *text)
{
  char *line = l4_text_to_line (skip_separators (text), -1);
  gsize length = strlen (line);

  while (length > 0 && strchr (" *_`#\"", line[length - 1]) != NULL)
    line[--length] = '\0';
  if (length == 0)
    g_clear_pointer (&line, g_free);
  return line;
}

/* "CHAPTER 0:00:10 Title", "2. 0:10 – 0:20: Title", "Chapter 3: Title (0:10)" is not: its time must stand first. */
static gboolean
read_heading (const char *line, L4Heading *heading)
{
  const char *word = skip_word (line, "chapter"), *at = skip_marks (skip_number (skip_separators (word != NULL ? word : line)));
  const char *behind = read_time (at, &heading->start), *second;
  guint64 end;

  if (behind == NULL)
    return FALSE;
  second = read_time (skip_separators (behind), &end);
  heading->title = make_text (second != NULL ? second : behind);
  return heading->title != NULL;
}

/* A label for what comes below it. */
static gboolean
is_chapters_label (const char *line)
{
  const char *behind = skip_word (line, "chapters");

  if (behind == NULL)
    behind = skip_word (line, "chapter");
  return behind != NULL && *skip_separators (behind) == '\0';
}

static void
append_line (char **text, const char *more)
{
  g_autofree char *line = make_text (more), *before = *text;

  *text = before == NULL ? g_steal_pointer (&line) : line == NULL ? g_steal_pointer (&before) : g_strconcat (before, " ", line, NULL);
}

static int
compare_headings (gconstpointer a, gconstpointer b)
{
  const L4Heading *one = a, *other = b;

  return (one->start > other->start) - (one->start < other->start);
}

static void
drop_doubles (GArray *headings)
{
  for (guint i = 1; i < headings->len;)
    if (g_array_index (headings, L4Heading, i).start == g_array_index (headings, L4Heading, i - 1).start)
      g_array_remove_index (headings, i);
    else
      i++;
}

void
l4_outline_read (const char *reply, L4Outline *outline)
{
  g_auto (GStrv) lines = g_strsplit (reply, "\n", -1);
  char **open = NULL;           /* what goes on in the next line */

  *outline = (L4Outline) {.headings = g_array_new (FALSE, FALSE, sizeof (L4Heading)) };
  g_array_set_clear_func (outline->headings, heading_clear);
  for (char **line = lines; *line != NULL; line++) {
    const char *at = skip_marks (*line), *text;
    L4Heading heading;

    if (read_heading (at, &heading)) {
      if (outline->headings->len < MOST)
        g_array_append_val (outline->headings, heading);
      else
        heading_clear (&heading);
      open = NULL;
    } else if ((text = skip_word (at, "title")) != NULL && outline->title == NULL) {
      append_line (&outline->title, text);
      open = outline->title == NULL ? &outline->title : NULL;
    } else if ((text = skip_word (at, "summary")) != NULL) {
      append_line (&outline->summary, text);
      open = &outline->summary;
    } else if (is_chapters_label (at)) {
      open = NULL;
    } else if (open != NULL && *at != '\0') {
      append_line (open, at);
      if (open == &outline->title)
        open = NULL;
    }
  }
  g_array_sort (outline->headings, compare_headings);   /* stable */
  drop_doubles (outline->headings);
}

static guint64
find_nearest (const GArray *times, guint64 time)
{
  guint low = 0, high = times->len;
  guint64 before, behind;

  while (low < high) {
    guint middle = (low + high) / 2;

    if (g_array_index (times, guint64, middle) <= time)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == 0 || low == times->len)
    return g_array_index (times, guint64, low == 0 ? 0 : low - 1);
  before = g_array_index (times, guint64, low - 1);
  behind = g_array_index (times, guint64, low);
  return time - before <= behind - time ? before : behind;
}

void
l4_outline_snap (L4Outline *outline, const GArray *times)
{
  for (guint i = 0; i < outline->headings->len; i++) {
    L4Heading *heading = &g_array_index (outline->headings, L4Heading, i);

    heading->start = find_nearest (times, i == 0 ? 0 : heading->start);
  }
  drop_doubles (outline->headings);
}
