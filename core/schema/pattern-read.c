/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a regular expression into parts. */

#include "schema/pattern-private.h"

#include <string.h>

#define MAX_GROUPS 60           /* in one another */
#define MAX_REPEATS 1000
#define MAX_WORK 200000
#define NO_PART G_MAXUINT

typedef struct
{
  L4PatternParts *out;
  const char *pattern, *at;
  guint depth;
  guint work;                   /* parts made, those that were made again included */
  GError **error;
} Reader;

/* What was read: it begins in start; end is a fork that leads nowhere yet. */
typedef struct
{
  guint start, end;
} Piece;

static gboolean read_alternatives (Reader *self, Piece *piece);

static gboolean
refuse (Reader *self, const char *reason)
{
  return l4_fail (self->error, L4_ERROR_UNSUPPORTED, _("at byte %zu: %s"), (gsize) (self->at - self->pattern), reason);
}

/* NO_PART, with an error, when there are too many. */
static guint
add_part (Reader *self, L4PatternPart part)
{
  if (self->out->parts->len >= L4_MAX_PARTS || self->work++ >= MAX_WORK) {
    refuse (self, _("it is too large when its repetitions are written out"));
    return NO_PART;
  }
  g_array_append_val (self->out->parts, part);
  return self->out->parts->len - 1;
}

static guint
add_fork (Reader *self, guint next, guint other)
{
  return add_part (self, (L4PatternPart) { L4_PART_FORK, next, other });
}

static L4PatternPart *
part (Reader *self, guint i)
{
  return &g_array_index (self->out->parts, L4PatternPart, i);
}

/* A piece of one part that goes on at the end. */
static gboolean
make_piece (Reader *self, L4PatternPart only, Piece *piece)
{
  piece->end = add_fork (self, NO_PART, NO_PART);
  only.next = piece->end;
  piece->start = piece->end != NO_PART ? add_part (self, only) : NO_PART;
  return piece->start != NO_PART;
}

/* Classes ------------------------------------------------------------------------------------------------------------------ */

static const L4CharacterRange digits[] = { {'0', '9'} };
static const L4CharacterRange words[] = { {'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'} };
static const L4CharacterRange blanks[] = { {'\t', '\r'}, {' ', ' '}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a},
{0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff} };
static const L4CharacterRange line_ends[] = { {'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029} };

static int
compare_ranges (gconstpointer a, gconstpointer b)
{
  const L4CharacterRange *one = a, *other = b;

  return (one->first > other->first) - (one->first < other->first);
}

/* In their order, without overlaps. */
static void
tidy_ranges (GArray *ranges)
{
  guint n = 0;

  g_array_sort (ranges, compare_ranges);
  for (guint i = 0; i < ranges->len; i++) {
    L4CharacterRange *last = n > 0 ? &g_array_index (ranges, L4CharacterRange, n - 1) : NULL;
    L4CharacterRange range = g_array_index (ranges, L4CharacterRange, i);

    if (last != NULL && range.first <= last->last + 1)
      last->last = MAX (last->last, range.last);
    else
      g_array_index (ranges, L4CharacterRange, n++) = range;
  }
  g_array_set_size (ranges, n);
}

/* Appends the characters that are not in ranges, which are tidy. */
static void
append_others (GArray *out, const L4CharacterRange *ranges, guint n)
{
  gunichar next = 0;

  for (guint i = 0; i <= n; i++) {
    L4CharacterRange gap = { next, i < n ? ranges[i].first - 1 : L4_MAX_CHARACTER };

    if (i == n ? next <= L4_MAX_CHARACTER : ranges[i].first > next)
      g_array_append_val (out, gap);
    next = i < n ? ranges[i].last + 1 : next;
  }
}

static gboolean
make_class (Reader *self, GArray *ranges, gboolean negative, Piece *piece)
{
  L4PatternPart only = { L4_PART_CHARACTERS,.first_range = self->out->ranges->len };

  tidy_ranges (ranges);
  if (negative)
    append_others (self->out->ranges, (L4CharacterRange *) ranges->data, ranges->len);
  else
    g_array_append_vals (self->out->ranges, ranges->data, ranges->len);
  only.n_ranges = self->out->ranges->len - only.first_range;
  return make_piece (self, only, piece);
}

static gboolean
read_hex (Reader *self, guint n, gunichar *character)
{
  *character = 0;
  for (guint i = 0; i < n; i++, self->at++) {
    if (!g_ascii_isxdigit (*self->at))
      return refuse (self, _("an escape lacks hexadecimal digits"));
    *character = *character << 4 | g_ascii_xdigit_value (*self->at);
  }
  return TRUE;
}

/* What stands after a backslash, appended to ranges; *single: it is one character. */
static gboolean
read_escape (Reader *self, GArray *ranges, gboolean *single)
{
  static const char letters[] = "tnrfv", meanings[] = "\t\n\r\f\v";
  char letter = *self->at;
  const char *found = letter != '\0' ? strchr (letters, letter) : NULL;
  gunichar character = found != NULL ? (gunichar) meanings[found - letters] : (gunichar) letter;

  *single = FALSE;
  switch (letter) {
    case 'd':
      g_array_append_vals (ranges, digits, G_N_ELEMENTS (digits));
      break;
    case 'D':
      append_others (ranges, digits, G_N_ELEMENTS (digits));
      break;
    case 'w':
      g_array_append_vals (ranges, words, G_N_ELEMENTS (words));
      break;
    case 'W':
      append_others (ranges, words, G_N_ELEMENTS (words));
      break;
    case 's':
      g_array_append_vals (ranges, blanks, G_N_ELEMENTS (blanks));
      break;
    case 'S':
      append_others (ranges, blanks, G_N_ELEMENTS (blanks));
      break;
    default:
      *single = TRUE;
  }
  if (*single && letter == '0' && !g_ascii_isdigit (self->at[1]))
    character = 0;
  else if (*single && found == NULL && letter != 'x' && letter != 'u' && !g_ascii_ispunct (letter))
    return refuse (self, letter >= '1' && letter <= '9' ? _("references back are not supported") : _("this escape is not supported"));
  self->at++;
  if (letter == 'x' || letter == 'u') {
    if (!read_hex (self, letter == 'x' ? 2 : 4, &character))
      return FALSE;
    if (character >= 0xd800 && character < 0xe000)
      return refuse (self, _("halves of surrogate pairs are not supported"));
  }
  if (*single)
    g_array_append_val (ranges, ((L4CharacterRange) { character, character }));
  return TRUE;
}

/* One character or escape of a class. */
static gboolean
read_member (Reader *self, GArray *ranges, gboolean *single)
{
  gunichar character = g_utf8_get_char (self->at);

  if (character == '\\') {
    self->at++;
    return read_escape (self, ranges, single);
  }
  *single = TRUE;
  g_array_append_val (ranges, ((L4CharacterRange) { character, character }));
  self->at = g_utf8_next_char (self->at);
  return TRUE;
}

/* After the opening bracket. */
static gboolean
read_class (Reader *self, Piece *piece)
{
  g_autoptr (GArray) ranges = g_array_new (FALSE, FALSE, sizeof (L4CharacterRange));
  gboolean negative = *self->at == '^', single, last_single;

  self->at += negative;
  if (*self->at == ']')
    return refuse (self, _("an empty class is not supported"));
  while (*self->at != ']') {
    if (*self->at == '\0')
      return refuse (self, _("a class has no end"));
    if (!read_member (self, ranges, &single))
      return FALSE;
    if (*self->at == '-' && self->at[1] != ']' && self->at[1] != '\0') {
      guint i = ranges->len - 1;

      self->at++;
      if (!read_member (self, ranges, &last_single))
        return FALSE;
      if (!single || !last_single
          || g_array_index (ranges, L4CharacterRange, i).first > g_array_index (ranges, L4CharacterRange, i + 1).last)
        return refuse (self, _("a range of characters is in the wrong order"));
      g_array_index (ranges, L4CharacterRange, i).last = g_array_index (ranges, L4CharacterRange, i + 1).last;
    }
  }
  self->at++;
  return make_class (self, ranges, negative, piece);
}

/* Structure ------------------------------------------------------------------------------------------------------------------ */

static gboolean
read_group (Reader *self, Piece *piece)
{
  if (*self->at == '?') {
    if (self->at[1] != ':')
      return refuse (self, _("groups that begin with (? are not supported, other than (?:"));
    self->at += 2;
  }
  if (++self->depth > MAX_GROUPS)
    return refuse (self, _("too many groups in one another"));
  if (!read_alternatives (self, piece))
    return FALSE;
  self->depth--;
  if (*self->at != ')')
    return refuse (self, _("a group has no end"));
  self->at++;
  return TRUE;
}

static gboolean
read_atom (Reader *self, Piece *piece)
{
  g_autoptr (GArray) ranges = g_array_new (FALSE, FALSE, sizeof (L4CharacterRange));
  gboolean single;
  char first = *self->at;

  if (strchr ("*+?{}]", first) != NULL)
    return refuse (self, strchr ("*+?", first) != NULL ? _("there is nothing to repeat") : _("this character must be escaped"));
  self->at += first == '(' || first == '[' || first == '.' || first == '^' || first == '$' || first == '\\';
  switch (first) {
    case '(':
      return read_group (self, piece);
    case '[':
      return read_class (self, piece);
    case '.':
      g_array_append_vals (ranges, line_ends, G_N_ELEMENTS (line_ends));
      return make_class (self, ranges, TRUE, piece);
    case '^':
      return make_piece (self, (L4PatternPart) { L4_PART_BEGIN }, piece);
    case '$':
      return make_piece (self, (L4PatternPart) { L4_PART_END }, piece);
    case '\\':
      if (*self->at == 'b' || *self->at == 'B' || *self->at == 'p' || *self->at == 'P' || *self->at == '\0')
        return refuse (self, _("this escape is not supported"));
      return read_escape (self, ranges, &single) && make_class (self, ranges, FALSE, piece);
    default:
      return read_member (self, ranges, &single) && make_class (self, ranges, FALSE, piece);
  }
}

/* A number of repeats; FALSE without an error: none stands there. */
static gboolean
read_count (Reader *self, guint *count)
{
  char *end;
  guint64 value = g_ascii_isdigit (*self->at) ? g_ascii_strtoull (self->at, &end, 10) : 0;

  if (!g_ascii_isdigit (*self->at))
    return FALSE;
  self->at = end;
  *count = (guint) MIN (value, MAX_REPEATS + 1);
  return TRUE;
}

/* How often what stood before may come; *most NO_PART: any number of times. */
static gboolean
read_repeats (Reader *self, guint *least, guint *most)
{
  static const char marks[] = "*+?";
  const char *mark = *self->at != '\0' ? strchr (marks, *self->at) : NULL;

  *least = *most = 1;
  if (mark != NULL) {
    *least = *mark == '+';
    *most = *mark == '?' ? 1 : NO_PART;
    self->at++;
  } else if (*self->at == '{') {
    self->at++;
    if (!read_count (self, least))
      return refuse (self, _("a number of repetitions is missing"));
    *most = *least;
    if (*self->at == ',') {
      self->at++;
      if (!read_count (self, most))
        *most = NO_PART;
    }
    if (*self->at != '}')
      return refuse (self, _("a number of repetitions has no end"));
    self->at++;
    if (*least > MAX_REPEATS || (*most != NO_PART && (*most > MAX_REPEATS || *most < *least)))
      return refuse (self, _("the number of repetitions is too large, or in the wrong order"));
  } else {
    return TRUE;
  }
  self->at += *self->at == '?'; /* lazy: the same strings */
  return TRUE;
}

/* Appends a copy of what stands at `atom` to piece; an optional one may be left out, a repeated one come again. */
static gboolean
append_copy (Reader *self, const char *atom, gboolean optional, gboolean repeated, Piece *piece)
{
  const char *after = self->at;
  Piece copy;
  guint end;

  self->at = atom;
  if (!read_atom (self, &copy))
    return FALSE;
  self->at = after;
  if ((end = add_fork (self, NO_PART, NO_PART)) == NO_PART)
    return FALSE;
  part (self, piece->end)->next = copy.start;
  if (optional)
    part (self, piece->end)->other = end;
  part (self, copy.end)->next = end;
  if (repeated)
    part (self, copy.end)->other = copy.start;
  piece->end = end;
  return TRUE;
}

static gboolean
read_repeated (Reader *self, Piece *piece)
{
  const char *atom = self->at;
  guint least, most, parts = self->out->parts->len, ranges = self->out->ranges->len;
  Piece first;

  if (!read_atom (self, &first) || !read_repeats (self, &least, &most))
    return FALSE;
  if (least == 1 && most == 1) {
    *piece = first;
    return TRUE;
  }
  g_array_set_size (self->out->parts, parts);   /* it is read again for every copy */
  g_array_set_size (self->out->ranges, ranges);
  piece->start = piece->end = add_fork (self, NO_PART, NO_PART);
  if (piece->start == NO_PART)
    return FALSE;
  for (guint i = 0; i < MAX (least, most == NO_PART ? 1 : most); i++)
    if (!append_copy (self, atom, i >= least, most == NO_PART && i + 1 >= least, piece))
      return FALSE;
  return TRUE;
}

static gboolean
read_sequence (Reader *self, Piece *piece)
{
  piece->start = piece->end = add_fork (self, NO_PART, NO_PART);
  if (piece->start == NO_PART)
    return FALSE;
  while (*self->at != '\0' && *self->at != '|' && *self->at != ')') {
    Piece next;

    if (!read_repeated (self, &next))
      return FALSE;
    part (self, piece->end)->next = next.start;
    piece->end = next.end;
  }
  return TRUE;
}

static gboolean
read_alternatives (Reader *self, Piece *piece)
{
  guint end = add_fork (self, NO_PART, NO_PART);
  Piece one;

  if (end == NO_PART || !read_sequence (self, piece))
    return FALSE;
  part (self, piece->end)->next = end;
  piece->end = end;
  while (*self->at == '|') {
    self->at++;
    if (!read_sequence (self, &one))
      return FALSE;
    part (self, one.end)->next = end;
    if ((piece->start = add_fork (self, one.start, piece->start)) == NO_PART)
      return FALSE;
  }
  return TRUE;
}

gboolean
l4_pattern_parts_read (L4PatternParts *self, const char *pattern, GError **error)
{
  Reader reader = {.out = self,.pattern = pattern,.at = pattern,.error = error };
  Piece all;
  guint found;

  self->parts = g_array_new (FALSE, FALSE, sizeof (L4PatternPart));
  self->ranges = g_array_new (FALSE, FALSE, sizeof (L4CharacterRange));
  if (!read_alternatives (&reader, &all))
    return FALSE;
  if (*reader.at != '\0')
    return refuse (&reader, _("a group has no beginning"));
  if ((found = add_part (&reader, (L4PatternPart) { L4_PART_FOUND })) == NO_PART)
    return FALSE;
  part (&reader, all.end)->next = found;
  self->start = all.start;
  return TRUE;
}

void
l4_pattern_parts_clear (L4PatternParts *self)
{
  g_clear_pointer (&self->parts, g_array_unref);
  g_clear_pointer (&self->ranges, g_array_unref);
}
