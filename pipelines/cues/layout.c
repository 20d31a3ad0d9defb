/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cheapest way through a sentence's breaks: every line costs the more the fuller it is, so that lines come out balanced, and every
 * end of a line or cue what the break there is worth. */

#include "cues/layout.h"

#include <math.h>
#include <string.h>

#define FULL_LINE 100           /* for the square of how full a line is */
#define ONE_MORE_LINE 60        /* more than half a full line: what fits one line stays on one */
#define ONE_MORE_CUE 130
#define FEWEST 1e7              /* a cue more costs more than any break */
#define TOO_SHORT 60            /* a cue that is read in less than the shortest, by how much less */
#define CUE_END 1.5             /* a break between cues weighs more than one between lines */
#define ELLIPSIS "\342\200\246"

static double
line_cost (const L4CueSentence *sentence, guint from, guint to, const L4CueRules *rules)
{
  double fill = l4_cue_sentence_fill (sentence, from, to, rules);

  return fill <= 1 ? FULL_LINE * fill * fill : INFINITY;
}

/* The cheapest lines from one break to another, and where they end. */
static double
fold (const L4CueSentence *sentence, guint from, guint to, guint lines, const L4CueRules *rules, guint *ends)
{
  double best = line_cost (sentence, from, to, rules);
  guint further[3];

  ends[0] = to;
  if (best < INFINITY || lines == 1)
    return best;
  for (guint at = from + 1; at < to; at++) {
    double line = line_cost (sentence, from, at, rules), cost;

    if (line == INFINITY)
      break;
    cost = line + ONE_MORE_LINE + sentence->breaks[at].penalty + fold (sentence, at, to, lines - 1, rules, further);
    if (cost < best) {
      best = cost;
      ends[0] = at;
      memcpy (ends + 1, further, (lines - 1) * sizeof *ends);
    }
  }
  return best;
}

/* Whether more text than this could still be one cue. */
static gboolean
may_hold (const L4CueSentence *sentence, guint from, guint to, const L4CueRules *rules)
{
  return l4_cue_sentence_fill (sentence, from, to, rules) < rules->lines + 0.5;       /* and the blanks between them */
}

static double
cue_cost (const L4CueSentence *sentence, guint from, guint to, double per_cue, const L4CueRules *rules)
{
  guint ends[3];
  guint64 reading = l4_cue_sentence_reading (sentence, from, to, rules);
  double cost = per_cue + fold (sentence, from, to, rules->lines, rules, ends);

  if (reading > rules->longest && to > from + 1)
    return INFINITY;
  if (reading < rules->shortest)
    cost += TOO_SHORT * (1 - (double) reading / (double) rules->shortest);
  return to + 1 < sentence->n_breaks ? cost + CUE_END * sentence->breaks[to].penalty : cost;
}

/* (transfer full): the breaks at which cues end, last to first. */
static GArray *
find_ends (const L4CueSentence *sentence, double per_cue, const L4CueRules *rules)
{
  guint n = sentence->n_breaks;
  g_autofree double *best = g_new (double, n);
  g_autofree guint *before = g_new0 (guint, n);
  GArray *ends = g_array_new (FALSE, FALSE, sizeof (guint));

  best[0] = 0;
  for (guint i = 1; i < n; i++)
    best[i] = INFINITY;
  for (guint from = 0; from + 1 < n; from++)
    for (guint to = from + 1; best[from] < INFINITY && to < n && may_hold (sentence, from, to, rules); to++) {
      double cost = best[from] + cue_cost (sentence, from, to, per_cue, rules);

      if (cost < best[to]) {
        best[to] = cost;
        before[to] = from;
      }
    }
  for (guint at = n - 1; at > 0; at = before[at])
    g_array_append_val (ends, at);
  return ends;
}

static char **
make_lines (const L4CueSentence *sentence, guint from, guint to, const L4CueRules *rules)
{
  GPtrArray *lines = g_ptr_array_new ();
  guint ends[3];

  fold (sentence, from, to, rules->lines, rules, ends);
  for (guint i = 0; from < to; from = ends[i++])
    g_ptr_array_add (lines, l4_cue_sentence_line (sentence, from, ends[i]));
  g_ptr_array_add (lines, NULL);
  return (char **) g_ptr_array_free (lines, FALSE);
}

static void
clear_part (gpointer data)
{
  g_strfreev (((L4CuePart *) data)->lines);
}

static GArray *
make_parts (const L4CueSentence *sentence, double per_cue, const L4CueRules *rules)
{
  g_autoptr (GArray) ends = find_ends (sentence, per_cue, rules);
  GArray *parts = g_array_new (FALSE, FALSE, sizeof (L4CuePart));
  guint from = 0;

  g_array_set_clear_func (parts, clear_part);
  for (guint i = ends->len; i > 0; i--) {
    guint to = g_array_index (ends, guint, i - 1);
    const L4CuePart part = {
      .lines = make_lines (sentence, from, to, rules),
      .reading = l4_cue_sentence_reading (sentence, from, to, rules),
    };

    g_array_append_val (parts, part);
    from = to;
  }
  return parts;
}

guint64
l4_cue_layout_needs (GArray *parts, const L4CueRules *rules)
{
  guint64 needs = parts->len > 0 ? (parts->len - 1) * rules->gap : 0;

  for (guint i = 0; i < parts->len; i++)
    needs += MAX (g_array_index (parts, L4CuePart, i).reading, rules->shortest);
  return needs;
}

/* Whether the characters from one to another are a cue together with an ellipsis. */
static gboolean
can_end (const L4CueSentence *sentence, guint first, guint end, const L4CueRules *rules)
{
  g_autofree char *shown = g_strdup_printf ("%.*s" ELLIPSIS, (int) (sentence->offsets[end] - sentence->offsets[first]),
      sentence->text + sentence->offsets[first]);
  g_auto (L4CueSentence) last = { 0 };

  l4_cue_sentence_init (&last, shown, rules);
  return cue_cost (&last, 0, last.n_breaks - 1, 0, rules) < INFINITY;
}

/* The furthest break at which a cue can end that begins here. */
static guint
furthest (const L4CueSentence *sentence, guint from, const L4CueRules *rules)
{
  guint furthest = from + 1;

  for (guint to = from + 1; to < sentence->n_breaks && may_hold (sentence, from, to, rules); to++)
    if (cue_cost (sentence, from, to, 0, rules) < INFINITY)
      furthest = to;
  return furthest;
}

/* As much as that many cues hold, and an ellipsis, for which words are left out at the end of the last one; if it is a single word,
 * characters. (transfer full) */
static char *
cut_text (const L4CueSentence *sentence, guint most, const L4CueRules *rules)
{
  guint from = 0, to = 0, first, end;

  for (guint i = 0; i < most && to + 1 < sentence->n_breaks; i++) {
    from = to;
    to = furthest (sentence, from, rules);
  }
  first = sentence->breaks[from].next;
  while (to > from + 1 && !can_end (sentence, first, sentence->breaks[to].end, rules))
    to--;
  for (end = sentence->breaks[to].end; end > first + 1 && !can_end (sentence, first, end, rules); end--);
  return g_strdup_printf ("%.*s" ELLIPSIS, (int) sentence->offsets[end], sentence->text);
}

/* Of text that is far beyond what so many cues hold, no more than is surely more than they do. */
static void
shorten (L4CueSentence *sentence, guint64 most, const L4CueRules *rules)
{
  const guint64 holds = (most + 1) * rules->lines * (MAX (rules->columns, rules->wide_columns) + 1);
  g_autofree char *begin = NULL;

  if (sentence->n <= holds)
    return;
  begin = g_strndup (sentence->text, sentence->offsets[holds]);
  l4_cue_sentence_clear (sentence);
  l4_cue_sentence_init (sentence, begin, rules);
}

GArray *
l4_cue_layout (const char *text, guint64 length, const L4CueRules *rules, gboolean *cut)
{
  guint64 most = MAX ((length + rules->gap) / (rules->shortest + rules->gap), 1);
  g_auto (L4CueSentence) sentence = { 0 };
  g_autoptr (GArray) good = NULL, fewest = NULL;
  g_autofree char *shown = NULL;

  *cut = FALSE;
  l4_cue_sentence_init (&sentence, text, rules);
  shorten (&sentence, most, rules);
  good = make_parts (&sentence, ONE_MORE_CUE, rules);
  if (good->len <= most && l4_cue_layout_needs (good, rules) <= length)
    return g_steal_pointer (&good);
  fewest = make_parts (&sentence, FEWEST, rules);
  if (good->len <= most && l4_cue_layout_needs (fewest, rules) > length)
    return g_steal_pointer (&good);
  if (fewest->len <= most)
    return g_steal_pointer (&fewest);
  *cut = TRUE;
  shown = cut_text (&sentence, (guint) most, rules);
  l4_cue_sentence_clear (&sentence);
  l4_cue_sentence_init (&sentence, shown, rules);
  return make_parts (&sentence, FEWEST, rules);
}
