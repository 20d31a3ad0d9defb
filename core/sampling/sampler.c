/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Choosing the next token from logits. */

#include "sampling/sampler.h"

#include <math.h>
#include <stdlib.h>

/* One token and how likely it is. */
typedef struct
{
  double weight;                /* in proportion to its probability */
  gint32 id;
} Choice;

struct _L4Sampler
{
  double temperature;
  double top_p;
  guint64 state;                /* of the random numbers */
  Choice *choices;              /* [n_choices] room, reused */
  guint n_choices;
};

L4Sampler *
l4_sampler_new (double temperature, double top_p, guint64 seed, GError **error)
{
  L4Sampler *self;

  if (!isfinite (temperature) || temperature < 0) {
    l4_fail (error, L4_ERROR_INPUT, _("temperature: %g is not a number from 0 on"), temperature);
    return NULL;
  }
  if (!(top_p >= 0 && top_p <= 1)) {
    l4_fail (error, L4_ERROR_INPUT, _("top-p: %g is not between 0 and 1"), top_p);
    return NULL;
  }
  self = g_new0 (L4Sampler, 1);
  self->temperature = temperature;
  self->top_p = top_p;
  self->state = seed;
  return self;
}

void
l4_sampler_free (L4Sampler *self)
{
  if (self == NULL)
    return;
  g_free (self->choices);
  g_free (self);
}

/* SplitMix64 (Steele, Lea, Flood 2014): a number in [0, 1) with 53 random bits. */
static double
random_unit (L4Sampler *self)
{
  guint64 z = self->state += 0x9e3779b97f4a7c15u;

  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return ((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static gint32
choose_best (const float *logits, guint n)
{
  gint32 best = 0;

  for (guint i = 1; i < n; i++)
    if (logits[i] > logits[best] || isnan (logits[best]))
      best = i;
  return best;
}

static int
compare_choices (const void *a, const void *b)
{
  const Choice *one = a, *other = b;

  if (one->weight != other->weight)
    return one->weight < other->weight ? 1 : -1;
  return one->id - other->id;
}

/* Fills the choices in the order of their ids; returns the sum of their weights. */
static double
weigh (L4Sampler *self, const float *logits, guint n, float largest)
{
  double total = 0;

  if (self->n_choices < n) {
    self->choices = g_renew (Choice, self->choices, n);
    self->n_choices = n;
  }
  for (guint i = 0; i < n; i++) {
    double weight = isnan (logits[i]) ? 0 : exp (((double) logits[i] - largest) / self->temperature);

    self->choices[i] = (Choice) { weight, i };
    total += weight;
  }
  return total;
}

/* Leaves the most likely choices that together have top_p of total, most likely first; returns how many. Only those are sorted that
 * can be among them: all that are lighter than the others' share, evenly spread, are not even together as heavy as that share. */
static guint
keep_likely (L4Sampler *self, guint n, double total, double *kept)
{
  double lightest = (1 - self->top_p) * total / n;
  guint n_candidates = 0, n_kept = 0;

  for (guint i = 0; i < n; i++)
    if (self->choices[i].weight >= lightest)
      self->choices[n_candidates++] = self->choices[i];
  qsort (self->choices, n_candidates, sizeof (Choice), compare_choices);
  *kept = 0;
  while (n_kept < n_candidates && (n_kept == 0 || *kept < self->top_p * total))
    *kept += self->choices[n_kept++].weight;
  return n_kept;
}

gint32
l4_sampler_choose (L4Sampler *self, const float *logits, guint n)
{
  gint32 best = choose_best (logits, n);
  double kept, point;
  guint n_kept = n;

  if (n == 0 || isnan (logits[best]) || logits[best] == -INFINITY)
    return -1;
  if (self->temperature == 0 || !isfinite (logits[best]))
    return best;
  kept = weigh (self, logits, n, logits[best]);
  if (self->top_p < 1)
    n_kept = keep_likely (self, n, kept, &kept);
  point = random_unit (self) * kept;
  for (guint i = 0; i < n_kept; i++) {
    point -= self->choices[i].weight;
    if (point < 0)
      return self->choices[i].id;
  }
  return best;                  /* what rounding left over */
}

void
l4_logits_mask (float *logits, guint n, const guint32 *mask)
{
  for (guint at = 0; at < n; at += 32) {
    guint32 bits = mask[at / 32];

    for (guint i = at; bits != G_MAXUINT32 && i < MIN (at + 32, n); i++)
      logits[i] = bits >> (i - at) & 1 ? logits[i] : -INFINITY;
  }
}
