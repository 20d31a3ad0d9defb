/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When each cue is shown. */

#include "cues/cues.h"

#include "cues/layout.h"
#include "llama4.h"

#define ROUNDS 60               /* of halving, more than a double has bits */

typedef struct
{
  guint64 start, end;           /* the time it has */
  char *text;
} Sentence;

struct _L4CueMaker
{
  L4CueRules rules;
  GArray *sentences;            /* of Sentence */
  guint fast, cut;
};

static void
clear_sentence (gpointer data)
{
  g_free (((Sentence *) data)->text);
}

L4CueMaker *
l4_cue_maker_new (const L4CueRules *rules)
{
  L4CueMaker *self = g_new0 (L4CueMaker, 1);

  self->rules = *rules;
  self->rules.lines = CLAMP (rules->lines, 1, 3);
  self->sentences = g_array_new (FALSE, FALSE, sizeof (Sentence));
  g_array_set_clear_func (self->sentences, clear_sentence);
  return self;
}

void
l4_cue_maker_free (L4CueMaker *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->sentences);
  g_free (self);
}

void
l4_cue_free (L4Cue *cue)
{
  if (cue == NULL)
    return;
  g_strfreev (cue->lines);
  g_free (cue);
}

void
l4_cue_maker_add (L4CueMaker *self, guint64 start, guint64 end, const char *text)
{
  Sentence sentence = {.start = start,.end = end,.text = l4_text_to_line (text, -1) };

  if (*sentence.text == '\0' || end <= start)
    clear_sentence (&sentence);
  else
    g_array_append_val (self->sentences, sentence);
}

void
l4_cue_maker_get_counts (const L4CueMaker *self, guint *fast, guint *cut)
{
  *fast = self->fast;
  *cut = self->cut;
}

/* The time that each sentence has ------------------------------------------------------------------------------------------- */

/* How much of its time a sentence can do without. */
static guint64
spare (const Sentence *sentence, const L4CueRules *rules)
{
  guint64 length = sentence->end - sentence->start, needs;
  gboolean cut;
  g_autoptr (GArray) parts = l4_cue_layout (sentence->text, length, rules, &cut);

  needs = l4_cue_layout_needs (parts, rules) + rules->gap;
  return length > needs ? length - needs : 0;
}

/* None goes on when the next begins, and there is a gap between them. */
static void
part_neighbours (GArray *sentences, const L4CueRules *rules)
{
  for (guint i = 0; i + 1 < sentences->len; i++) {
    Sentence *this = &g_array_index (sentences, Sentence, i);
    const Sentence *next = &g_array_index (sentences, Sentence, i + 1);

    if (this->end + rules->gap <= next->start)
      continue;
    this->end = next->start - MIN (next->start, rules->gap);
    if (this->end <= this->start)       /* no room for both: half of what there is */
      this->end = this->start + (MAX (next->start, this->start) - this->start) / 2;
  }
}

/* Gives a sentence of less time than the shortest cue has some of the next one's, or of the one's before. */
static void
help_short_ones (GArray *sentences, const L4CueRules *rules)
{
  for (guint i = 0; i < sentences->len; i++) {
    Sentence *this = &g_array_index (sentences, Sentence, i);
    guint64 lacks = this->end - this->start < rules->shortest ? rules->shortest - (this->end - this->start) : 0;

    if (lacks > 0 && i + 1 < sentences->len) {
      Sentence *next = this + 1;
      guint64 between = next->start - this->end, taken = between >= lacks + rules->gap ? 0 : lacks + rules->gap - between;

      if (between <= rules->gap && taken <= spare (next, rules)) {
        this->end += lacks;
        next->start += taken;
        continue;
      }
    }
    if (lacks > 0 && i > 0) {
      Sentence *before = this - 1;
      guint64 between = this->start - before->end, taken = between >= lacks + rules->gap ? 0 : lacks + rules->gap - between;

      if (between <= rules->gap && taken <= spare (before, rules)) {
        this->start -= lacks;
        before->end -= taken;
      }
    }
  }
}

/* The time that each cue has ------------------------------------------------------------------------------------------------ */

/* Each as long as its text is, stretched or pressed so that all together take the time there is; none beyond the longest, nor below the
 * shortest and, where there is time enough, what a reader needs. */
static guint64
stretch (GArray *parts, guint64 *lengths, double factor, gboolean enough, const L4CueRules *rules)
{
  guint64 sum = 0;

  for (guint i = 0; i < parts->len; i++) {
    guint64 reading = g_array_index (parts, L4CuePart, i).reading;
    guint64 least = enough ? MAX (reading, rules->shortest) : rules->shortest;

    lengths[i] = MIN (MAX ((guint64) MIN (factor * (double) reading, 1e18), least), rules->longest);
    sum += lengths[i];
  }
  return sum;
}

static void
share (GArray *parts, guint64 *lengths, guint64 time, gboolean enough, const L4CueRules *rules)
{
  double low = 0, high = 1e9;

  if (parts->len == 1) {        /* however short */
    lengths[0] = MIN (time, rules->longest);
    return;
  }
  for (guint i = 0; i < ROUNDS; i++) {
    double middle = (low + high) / 2;

    if (stretch (parts, lengths, middle, enough, rules) <= time)
      low = middle;
    else
      high = middle;
  }
  stretch (parts, lengths, low, enough, rules);
}

static void
add_cues (L4CueMaker *self, const Sentence *sentence, GPtrArray *cues)
{
  guint64 length = sentence->end - sentence->start, at = sentence->start;
  gboolean cut;
  g_autoptr (GArray) parts = l4_cue_layout (sentence->text, length, &self->rules, &cut);
  g_autofree guint64 *lengths = g_new (guint64, parts->len);
  gboolean enough = l4_cue_layout_needs (parts, &self->rules) <= length;

  share (parts, lengths, length - MIN ((parts->len - 1) * self->rules.gap, length), enough, &self->rules);
  for (guint i = 0; i < parts->len; i++) {
    L4CuePart *part = &g_array_index (parts, L4CuePart, i);
    L4Cue *cue = g_new (L4Cue, 1);

    *cue = (L4Cue) {.start = at,.end = at + lengths[i],.lines = g_steal_pointer (&part->lines) };
    g_ptr_array_add (cues, cue);
    at = cue->end + self->rules.gap;
    self->fast += part->reading > lengths[i];
  }
  self->cut += cut;
}

/* A pause that is too short for one flickers: the cue before it goes on, or, where it may not be that long, ends sooner. */
static void
close_pauses (GPtrArray *cues, const L4CueRules *rules)
{
  for (guint i = 0; i + 1 < cues->len; i++) {
    L4Cue *this = cues->pdata[i];
    const L4Cue *next = cues->pdata[i + 1];
    guint64 between = next->start - this->end;

    if (between <= rules->gap || between >= rules->pause)
      continue;
    if (next->start - rules->gap - this->start <= rules->longest)
      this->end = next->start - rules->gap;
    else if (next->start - this->start >= rules->pause + rules->shortest)
      this->end = next->start - rules->pause;
  }
}

GPtrArray *
l4_cue_maker_finish (L4CueMaker *self)
{
  GPtrArray *cues = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_cue_free);
  g_autoptr (GArray) sentences = g_array_new (FALSE, FALSE, sizeof (Sentence));

  self->fast = self->cut = 0;
  g_array_append_vals (sentences, self->sentences->data, self->sentences->len);        /* texts are borrowed */
  part_neighbours (sentences, &self->rules);
  help_short_ones (sentences, &self->rules);
  for (guint i = 0; i < sentences->len; i++) {
    const Sentence *sentence = &g_array_index (sentences, Sentence, i);

    if (sentence->end > sentence->start)
      add_cues (self, sentence, cues);
  }
  close_pauses (cues, &self->rules);
  return cues;
}
