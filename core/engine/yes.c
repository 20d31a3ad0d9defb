/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How likely yes is, against no. */

#include "engine/yes.h"

#include <math.h>

/* As an answer may begin. Where a word is several tokens its first one stands for it. */
static const char *const spellings[2][5] = { {"yes", "Yes", "YES", " yes", " Yes"}, {"no", "No", "NO", " no", " No"} };

/* The tokens that the spellings of an answer begin with, each once. */
static void
find_tokens (const L4Tokenizer *tokenizer, guint which, gint64 vocab, GArray *tokens)
{
  for (guint i = 0; i < G_N_ELEMENTS (spellings[which]); i++) {
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
    gint32 id = -1;

    if (l4_tokenizer_encode (tokenizer, spellings[which][i], -1, ids, NULL) && ids->len > 0)
      id = g_array_index (ids, gint32, 0);
    for (guint j = 0; j < tokens->len && id >= 0; j++)
      id = g_array_index (tokens, gint32, j) == id ? -1 : id;
    if (id >= 0 && id < vocab)
      g_array_append_val (tokens, id);
  }
}

/* The sum of what the logits stand for, but for a token that both answers may begin with. */
static double
add_up (const GArray *tokens, const GArray *others, const float *logits, double largest)
{
  double sum = 0;

  for (guint i = 0; i < tokens->len; i++) {
    gint32 id = g_array_index (tokens, gint32, i);
    gboolean common = FALSE;

    for (guint j = 0; j < others->len; j++)
      common |= g_array_index (others, gint32, j) == id;
    sum += common || isnan (logits[id]) ? 0 : exp (logits[id] - largest);
  }
  return sum;
}

static double
largest_of (const GArray *tokens, const float *logits, double largest)
{
  for (guint i = 0; i < tokens->len; i++)
    largest = fmax (largest, logits[g_array_index (tokens, gint32, i)]);
  return largest;
}

double
l4_yes_share (const L4Tokenizer *tokenizer, const float *logits, gint64 vocab)
{
  g_autoptr (GArray) yes = g_array_new (FALSE, FALSE, sizeof (gint32)), no = g_array_new (FALSE, FALSE, sizeof (gint32));
  double largest, for_yes, for_no;

  find_tokens (tokenizer, 0, vocab, yes);
  find_tokens (tokenizer, 1, vocab, no);
  largest = largest_of (no, logits, largest_of (yes, logits, -INFINITY));
  if (!isfinite (largest))
    return NAN;
  for_yes = add_up (yes, no, logits, largest);
  for_no = add_up (no, yes, logits, largest);
  return for_yes / (for_yes + for_no);
}
