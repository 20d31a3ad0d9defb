/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Characters, their widths, and where clauses end: Unicode's rules (libunistring) tell where a line may end at all, punctuation and small
 * words how well. */

#include "cues/sentence.h"

#include <string.h>
#include <unigbrk.h>
#include <unilbrk.h>
#include <uniwidth.h>

#include "cues/words.h"
#include "llama4.h"

/* Penalties: a full line costs 100 (layout.c). */
#define AFTER_SENTENCE 0
#define AFTER_CLAUSE 20
#define BEFORE_CONJUNCTION 30
#define BEFORE_PREPOSITION 45
#define BETWEEN_WORDS 180
#define IN_A_COMPOUND 200        /* behind a hyphen */
#define AFTER_AUXILIARY 240
#define AFTER_CONJUNCTION 280
#define AFTER_PRONOUN 280
#define AFTER_PREPOSITION 300
#define AFTER_ARTICLE 1000
#define IN_A_WORD 5000

#define MAX_MARKS 40            /* code points of one character; more than any script has */

static gboolean
is_one_of (gunichar character, const char *list)
{
  return g_utf8_strchr (list, -1, character) != NULL;
}

/* What closes a quotation or a bracket may stand behind the punctuation that counts. */
static gboolean
is_closing (gunichar character)
{
  GUnicodeType type = g_unichar_type (character);

  return type == G_UNICODE_CLOSE_PUNCTUATION || type == G_UNICODE_FINAL_PUNCTUATION || character == '"' || character == '\'';
}

/* What the text between two places ends with: -1, no punctuation. */
static double
judge_end (const char *from, const char *to)
{
  while (to > from) {
    const char *before = g_utf8_find_prev_char (from, to);
    gunichar character = g_utf8_get_char (before);

    if (is_one_of (character, ".!?…。！？｡؟۔।"))
      return AFTER_SENTENCE;
    if (is_one_of (character, ",;:–—，、；：､،؛"))
      return AFTER_CLAUSE;
    if (character == '-' || character == 0x2010)
      return IN_A_COMPOUND;
    if (!is_closing (character))
      return -1;
    to = before;
  }
  return -1;
}

/* What follows a word of that kind belongs to it. */
static double
judge_before (L4CueWord word)
{
  switch (word) {
    case L4_CUE_WORD_ARTICLE:
      return AFTER_ARTICLE;
    case L4_CUE_WORD_PREPOSITION:
      return AFTER_PREPOSITION;
    case L4_CUE_WORD_CONJUNCTION:
      return AFTER_CONJUNCTION;
    case L4_CUE_WORD_PRONOUN:
      return AFTER_PRONOUN;
    case L4_CUE_WORD_AUXILIARY:
      return AFTER_AUXILIARY;
    default:
      return BETWEEN_WORDS;
  }
}

/* The word that begins here, and where it ends. */
static L4CueWord
read_word (const char *at, const char **end)
{
  *end = at;
  while (**end != '\0' && strchr (" ,.;:!?\"'", **end) == NULL)
    (*end)++;
  return l4_cue_word (at, (gsize) (*end - at));
}

/* Whether the preposition that ends here has no noun behind it: "moves down and …", "moves up on …", "runs in." */
static gboolean
is_particle (const char *end)
{
  L4CueWord next = *end == ' ' ? read_word (end + 1, &end) : L4_CUE_WORD_PREPOSITION;

  return next == L4_CUE_WORD_PREPOSITION || next == L4_CUE_WORD_CONJUNCTION;
}

/* The words on both sides of a blank. */
static double
judge_words (const char *from, const char *to, const char *next)
{
  const char *before = to, *after;
  L4CueWord left, right = read_word (next, &after);

  while (before > from && before[-1] != ' ')
    before--;
  while (before < to && is_one_of (g_utf8_get_char (before), "\"'([«“„"))
    before = g_utf8_next_char (before);
  left = l4_cue_word (before, (gsize) (to - before));
  if (left != L4_CUE_WORD_OTHER && !(left == L4_CUE_WORD_PREPOSITION && is_particle (to)))
    return judge_before (left);
  if (right == L4_CUE_WORD_CONJUNCTION)
    return BEFORE_CONJUNCTION;
  return right == L4_CUE_WORD_PREPOSITION && !is_particle (after) ? BEFORE_PREPOSITION : BETWEEN_WORDS;
}

static gboolean
is_blank (const L4CueSentence *self, guint character)
{
  return self->text[self->offsets[character]] == ' ';
}

static L4CueBreak
make_break (const L4CueSentence *self, guint at)
{
  guint end = at > 0 && is_blank (self, at - 1) ? at - 1 : at;
  const char *to = self->text + self->offsets[end], *next = self->text + self->offsets[at];
  double penalty = judge_end (self->text, to);

  if (penalty < 0)
    penalty = end < at ? judge_words (self->text, to, next) : BETWEEN_WORDS;
  return (L4CueBreak) {.end = end,.next = at,.penalty = penalty };
}

/* Two columns: by itself, because a selector makes a picture of it, or as half of a flag. */
static gboolean
is_wide (const char *from, const char *to)
{
  for (const char *at = from; at < to; at = g_utf8_next_char (at)) {
    gunichar character = g_utf8_get_char (at);

    if (uc_width (character, "UTF-8") == 2 || character == 0xfe0f || (character >= 0x1f1e6 && character <= 0x1f1ff))
      return TRUE;
  }
  return FALSE;
}

/* Without what a character has beyond that many code points: there is no end to how many marks can be put on one. */
static char *
limit_marks (char *text)
{
  gsize length = strlen (text);
  g_autofree char *begins = g_malloc (length + 1);
  GString *limited = g_string_sized_new (length);
  guint marks = 0;

  u8_grapheme_breaks ((const guint8 *) text, length, begins);
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at)) {
    marks = begins[at - text] != 0 ? 0 : marks + 1;
    if (marks < MAX_MARKS)
      g_string_append_len (limited, at, g_utf8_next_char (at) - at);
  }
  g_free (text);
  return g_string_free (limited, FALSE);
}

static void
find_characters (L4CueSentence *self, gsize length)
{
  g_autofree char *begins = g_malloc (length + 1);

  u8_grapheme_breaks ((const guint8 *) self->text, length, begins);
  self->offsets = g_new (guint, length + 1);
  self->wide = g_new (guint, length + 1);
  self->n = 0;
  for (gsize i = 0; i < length; i++)
    if (begins[i] != 0 || i == 0)
      self->offsets[self->n++] = (guint) i;
  self->offsets[self->n] = (guint) length;
  self->wide[0] = 0;
  for (guint i = 0; i < self->n; i++)
    self->wide[i + 1] = self->wide[i] + is_wide (self->text + self->offsets[i], self->text + self->offsets[i + 1]);
}

/* Between any two characters of a word that no line holds. */
static void
break_word (GArray *breaks, const L4CueSentence *self, guint from, guint to)
{
  for (guint at = from + 1; at < to; at++) {
    const L4CueBreak inside = {.end = at,.next = at,.penalty = IN_A_WORD };

    g_array_append_val (breaks, inside);
  }
}

static void
find_breaks (L4CueSentence *self, gsize length, const L4CueRules *rules)
{
  g_autofree char *places = g_malloc (length + 1);
  GArray *breaks = g_array_new (FALSE, FALSE, sizeof (L4CueBreak));
  L4CueBreak last = { 0 };

  u8_possible_linebreaks ((const guint8 *) self->text, length, "UTF-8", places);
  g_array_append_val (breaks, last);
  for (guint at = 1; at <= self->n; at++) {
    L4CueBreak here;

    if (at < self->n && places[self->offsets[at]] != UC_BREAK_POSSIBLE && places[self->offsets[at]] != UC_BREAK_MANDATORY)
      continue;
    here = make_break (self, at);
    self->breaks = &g_array_index (breaks, L4CueBreak, 0);
    g_array_append_val (breaks, here);  /* for l4_cue_sentence_fill() */
    self->breaks = &g_array_index (breaks, L4CueBreak, 0);
    if (l4_cue_sentence_fill (self, breaks->len - 2, breaks->len - 1, rules) > 1) {
      g_array_set_size (breaks, breaks->len - 1);
      break_word (breaks, self, last.next, here.end);
      g_array_append_val (breaks, here);
    }
    last = here;
  }
  self->n_breaks = breaks->len;
  self->breaks = (L4CueBreak *) g_array_free (breaks, FALSE);
}

void
l4_cue_sentence_init (L4CueSentence *self, const char *text, const L4CueRules *rules)
{
  gsize length;

  memset (self, 0, sizeof *self);
  self->text = limit_marks (l4_text_to_line (text, -1));
  length = strlen (self->text);
  find_characters (self, length);
  find_breaks (self, length, rules);
}

void
l4_cue_sentence_clear (L4CueSentence *self)
{
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->offsets, g_free);
  g_clear_pointer (&self->wide, g_free);
  g_clear_pointer (&self->breaks, g_free);
}

/* How many characters of either kind are between two breaks. */
static guint
count (const L4CueSentence *self, guint from, guint to, guint *wide)
{
  guint first = self->breaks[from].next, end = MAX (self->breaks[to].end, first);

  *wide = self->wide[end] - self->wide[first];
  return end - first - *wide;
}

double
l4_cue_sentence_fill (const L4CueSentence *self, guint from, guint to, const L4CueRules *rules)
{
  guint wide, narrow = count (self, from, to, &wide);

  return (double) ((guint64) narrow * rules->wide_columns + (guint64) wide * rules->columns) /
      (double) ((guint64) rules->columns * rules->wide_columns);
}

guint64
l4_cue_sentence_reading (const L4CueSentence *self, guint from, guint to, const L4CueRules *rules)
{
  guint wide, narrow = count (self, from, to, &wide);

  return (guint64) ((narrow / rules->speed + wide / rules->wide_speed) * 1e9) + 1;
}

char *
l4_cue_sentence_line (const L4CueSentence *self, guint from, guint to)
{
  guint first = self->offsets[self->breaks[from].next], end = self->offsets[self->breaks[to].end];

  return g_strndup (self->text + first, end > first ? end - first : 0);
}
