/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether something moves before the background, which is learnt from the frames themselves. */

#include "moments/motion.h"

#include <math.h>
#include <string.h>

#include "moments/grid.h"
#include "moments/light.h"

#define N GST_LLAMA4_GRID_CELLS

/* Seconds in which the background follows: where nothing is before it, and where something is. */
#define SOON 5.0
#define LATE 30.0
#define FIRST 2.0               /* in these all is background */

/* Luma by which a cell differs from its background, and times its spread. */
#define LEAST 7.0f
#define SPREADS 4.0f
#define FIRST_SPREAD 1.5f
#define MOST_SPREAD 20.0f

/* Luma by which the same thing differs in another format: few of a cell's pixels are looked at. */
#define MOST_OF_FORMAT 30

#define NEARLY_ALL (N * 6 / 10) /* of the cells: the camera was moved, or this is another one */

/* Time that one step of learning stands for at most, in seconds: pictures may be far apart. */
#define LONGEST_STEP 1.0

struct _GstLlama4Motion
{
  GstClockTime time;            /* of the latest glance, or NONE */
  double age;                   /* seconds since it began */
  guint8 latest[N];             /* the latest glance, */
  guint8 marks[N];              /* and where something was before the background */
  gboolean other_format;        /* since then */
  guint8 stale[N];              /* whether the background there is of another format */
  float mean[N];
  float spread[N];              /* mean difference from it */
};

GstLlama4Motion *
gst_llama4_motion_new (void)
{
  GstLlama4Motion *self = g_new0 (GstLlama4Motion, 1);

  gst_llama4_motion_reset (self);
  return self;
}

void
gst_llama4_motion_free (GstLlama4Motion * self)
{
  g_free (self);
}

void
gst_llama4_motion_reset (GstLlama4Motion * self)
{
  self->time = GST_CLOCK_TIME_NONE;
  self->other_format = FALSE;
}

void
gst_llama4_motion_change_format (GstLlama4Motion * self)
{
  self->other_format = TRUE;
}

gboolean
gst_llama4_motion_wants (const GstLlama4Motion * self, GstClockTime time)
{
  return !GST_CLOCK_TIME_IS_VALID (self->time) || self->other_format || time < self->time
      || time - self->time >= GST_SECOND / GST_LLAMA4_MOTION_MOST_LOOKS;
}

static void
begin (GstLlama4Motion * self, const guint8 * y)
{
  self->age = 0;
  memset (self->marks, 0, N);
  memset (self->stale, 0, N);
  for (guint i = 0; i < N; i++) {
    self->mean[i] = y[i];
    self->spread[i] = FIRST_SPREAD;
  }
}

/* Light that changes everywhere is the background's own. */
static void
follow_light (GstLlama4Motion * self, const guint8 * y)
{
  guint8 before[N];
  GstLlama4Light light;

  for (guint i = 0; i < N; i++)
    before[i] = CLAMP (lrintf (self->mean[i]), 0, 255);
  light = gst_llama4_light_fit (before, y, N);
  for (guint i = 0; i < N; i++)
    self->mean[i] = light.gain * self->mean[i] + light.offset;
}

/* Where there was nothing before the background, and as far as that can be told nothing has come, the difference is that of the formats. Elsewhere
 * the background is seen again later. */
static void
follow_format (GstLlama4Motion * self, const guint8 * y)
{
  for (guint i = 0; i < N; i++) {
    int difference = y[i] - self->latest[i];

    if (self->other_format)
      self->stale[i] = self->stale[i] || self->marks[i] || ABS (difference) > MOST_OF_FORMAT;
    if (self->other_format && !self->stale[i])
      self->mean[i] += difference;
    if (self->stale[i] && fabsf (y[i] - self->mean[i]) <= MOST_OF_FORMAT) {
      self->mean[i] = y[i];
      self->stale[i] = FALSE;
    }
  }
  self->other_format = FALSE;
}

/* What is young is the mean of all that there was. */
static void
learn (GstLlama4Motion * self, const guint8 * y, const guint8 * marks, double seconds)
{
  double soon = MAX (1 - exp (-seconds / SOON), seconds / (self->age + seconds)), late = 1 - exp (-seconds / LATE);

  for (guint i = 0; i < N; i++) {
    float rate = marks[i] && self->age > FIRST ? late : soon, difference = y[i] - self->mean[i];

    self->mean[i] += rate * difference;
    self->spread[i] += rate * (MIN (fabsf (difference), MOST_SPREAD) - self->spread[i]);
  }
}

gboolean
gst_llama4_motion_push (GstLlama4Motion * self, const GstLlama4Glance * glance)
{
  const guint8 *y = &glance->y[0][0];
  gboolean is_first = !GST_CLOCK_TIME_IS_VALID (self->time);
  double seconds = is_first ? 0 : CLAMP (GST_CLOCK_DIFF (self->time, glance->time) / 1e9, 0, LONGEST_STEP);
  guint8 *marks = self->marks;
  guint n_marked = 0;

  self->time = glance->time;
  if (is_first) {
    begin (self, y);
    memcpy (self->latest, y, N);
    self->other_format = FALSE;
    return FALSE;
  }
  follow_format (self, y);
  follow_light (self, y);
  for (guint i = 0; i < N; i++)
    n_marked += marks[i] = fabsf (y[i] - self->mean[i]) > MAX (LEAST, SPREADS * self->spread[i]);
  memcpy (self->latest, y, N);
  if (n_marked > NEARLY_ALL) {
    begin (self, y);
    return TRUE;
  }
  if (seconds > 0)
    learn (self, y, marks, seconds);
  self->age += seconds;
  return self->age > FIRST && gst_llama4_grid_clustered (marks, GST_LLAMA4_GLANCE_WIDTH, GST_LLAMA4_GLANCE_HEIGHT) > 0;
}
