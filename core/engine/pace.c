/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long work takes on this machine: at least, and by what was measured so far. */

#include "engine/pace.h"

/* What the sums keep when something is added to them: about the last four count. */
#define FADE 0.75

/* A small model can be faster than memory for ever: its weights stay in the caches. Not measured again for that any more often. */
#define MAX_SET 3

/* Some machine. As long as the real one is unknown it says what bounds a stage, memory or arithmetic; never how fast that is. */
static const L4Speed some_machine = { 2e10, 1e12, 2e12 };

struct _L4Pace
{
  gboolean quantised;
  GMutex lock;
  gboolean known, certain;
  guint n_set;                  /* how often somebody said what the machine is */
  L4Speed machine;
  L4Work work[L4_N_STAGES];     /* done lately: fading sums */
  double seconds[L4_N_STAGES];  /* that took */
};

/* Work ------------------------------------------------------------------------------------------------------------------- */

void
l4_task_work (const L4Task *self, const L4Config *config, L4Type type, L4Work work[L4_N_STAGES])
{
  gint64 steps = MAX (self->generated - 1, 0);  /* the prompt's last token gives the first one */

  for (guint i = 0; i < L4_N_STAGES; i++)
    work[i] = (L4Work) { 0 };
  if (self->tiles > 0) {
    L4Work *vision = &work[L4_STAGE_VISION];

    l4_budget_tile (config, L4_TYPE_BF16, vision);
    vision->operations *= self->tiles;
    vision->weight_bytes *= self->pictures;
  }
  if (self->prompt > self->kept)
    l4_budget_tokens (config, type, self->kv_size, self->kept, self->prompt - self->kept, &work[L4_STAGE_PREFILL]);
  if (steps > 0) {
    l4_budget_tokens (config, type, self->kv_size, self->prompt + steps / 2, 1, &work[L4_STAGE_DECODE]);
    l4_work_scale (&work[L4_STAGE_DECODE], steps);
  }
}

/* Time ------------------------------------------------------------------------------------------------------------------- */

L4Pace *
l4_pace_new (gboolean quantised)
{
  L4Pace *self = g_new0 (L4Pace, 1);

  self->quantised = quantised;
  self->machine = some_machine;
  g_mutex_init (&self->lock);
  return self;
}

void
l4_pace_free (L4Pace *self)
{
  if (self == NULL)
    return;
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
l4_pace_set_machine (L4Pace *self, const L4Speed *speed, gboolean certain)
{
  g_mutex_lock (&self->lock);
  self->machine = *speed;
  self->known = TRUE;
  self->certain = certain;
  self->n_set++;
  g_mutex_unlock (&self->lock);
}

gboolean
l4_pace_knows_machine (L4Pace *self)
{
  gboolean known;

  g_mutex_lock (&self->lock);
  known = self->certain;
  g_mutex_unlock (&self->lock);
  return known;
}

static double
least (const L4Pace *self, L4Stage stage, const L4Work *work)
{
  return l4_speed_least (&self->machine, work->operations, work->weight_bytes + work->cache_bytes,
      self->quantised && stage != L4_STAGE_VISION);
}

double
l4_pace_learn (L4Pace *self, L4Stage stage, const L4Work *work, double seconds)
{
  L4Work *sum = &self->work[stage];
  double limit;

  if (work->operations <= 0 || seconds <= 0)
    return 0;
  g_mutex_lock (&self->lock);
  l4_work_scale (sum, FADE);
  sum->operations += work->operations;
  sum->weight_bytes += work->weight_bytes;
  sum->cache_bytes += work->cache_bytes;
  self->seconds[stage] = FADE * self->seconds[stage] + seconds;
  limit = self->known ? least (self, stage, work) : 0;
  if (limit > seconds && self->n_set < MAX_SET)
    self->certain = FALSE;
  g_mutex_unlock (&self->lock);
  return MIN (limit, seconds);
}

double
l4_pace_forecast (L4Pace *self, const L4Work work[L4_N_STAGES])
{
  double seconds = 0;
  gboolean known = TRUE;

  g_mutex_lock (&self->lock);
  for (guint stage = 0; stage < L4_N_STAGES; stage++) {
    double slower = self->seconds[stage] > 0 ? self->seconds[stage] / least (self, stage, &self->work[stage]) : 1;

    known = known && (work[stage].operations <= 0 || self->seconds[stage] > 0 || self->known);
    seconds += slower * least (self, stage, &work[stage]);
  }
  g_mutex_unlock (&self->lock);
  return known ? seconds : 0;
}
