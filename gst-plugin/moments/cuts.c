/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hard cuts: where one shot follows another from one frame to the next. */

#include "moments/cuts.h"

#include <string.h>

#include "moments/likeness.h"

#define BEFORE 3                /* frames that are looked at before a change, */
#define AFTER 2                 /* and after its first: a flash is no longer */
#define KEPT (BEFORE + 1 + AFTER)

/* Frames further apart are compared by what they show, not by how it moves. */
#define FAR (GST_SECOND * 3 / 20)

/* Others that are looked at around a change are no further from it. */
#define AROUND (GST_SECOND / 4)

/* A window may start between two frames; one that follows so soon begins what the window does. */
#define SOON (GST_SECOND / 10)

/* Of frames near each other, in mean differences of luma */
#define LEAST_CHANGE 3.5
#define OUTSTANDING 1.7         /* times what changes around it */
#define LASTING 0.4             /* of the change, which is still there a flash later */
#define OTHER_LIGHT 0.25        /* unexplained by another light on the same scene */
#define LEAST_CONTRAST 4        /* below which no scene is known again */

/* Of frames far from each other: by what more the odds must speak for a cut, for each second in which things may have moved */
#define DOUBT 0.3

/* Of snow and of strong noise neighbouring cells differ more than they do from the mean; of what is in focus, much less. */
#define NOISY 1.2
#define SAME_NOISE 0.35         /* distance of the lumas' distributions */

/* Something large that comes before the camera, in a stream of few pictures: so much of the texture stays where it was. */
#define KEPT_SCENE 0.25

/* A flash is nearly white, and has lost nearly all of what was to be seen. */
#define WHITE_LUMA 185
#define WHITE_CONTRAST 14

typedef struct
{
  GstLlama4Glance glance;
  GstClockTime start;           /* of its window */
  double change;                /* from the frame before, allowing for motion; 0: there is none near */
  gboolean is_white, is_noise;
  gboolean is_open;             /* may be the first of a shot */
} Frame;

struct _GstLlama4Cuts
{
  Frame frames[KEPT];           /* the latest last */
  guint n;
  GstClockTime passed;          /* by then all frames have come; 0: nothing is known */
  GstClockTime cut;             /* found, or NONE */
};

GstLlama4Cuts *
gst_llama4_cuts_new (void)
{
  GstLlama4Cuts *self = g_new0 (GstLlama4Cuts, 1);

  gst_llama4_cuts_reset (self);
  return self;
}

void
gst_llama4_cuts_free (GstLlama4Cuts * self)
{
  g_free (self);
}

void
gst_llama4_cuts_reset (GstLlama4Cuts * self)
{
  self->n = 0;
  self->passed = 0;
  self->cut = GST_CLOCK_TIME_NONE;
}

static GstClockTime
apart (const Frame * earlier, const Frame * later)
{
  return later->glance.time - earlier->glance.time;
}

/* How far things and cameras move in that time, in cells: a picture's width in two thirds of a second, and never out of sight. */
static guint
reach (const Frame * earlier, const Frame * later)
{
  return MIN (2 + (guint) (apart (earlier, later) * 50 / GST_SECOND), 24);
}

static double
change (const Frame * earlier, const Frame * later)
{
  return gst_llama4_likeness_residual (&earlier->glance, &later->glance, reach (earlier, later));
}

/* Mean difference from the mean. */
static double
contrast (const GstLlama4Glance * glance, double *mean)
{
  const guint8 *y = &glance->y[0][0];
  double sum = 0;

  *mean = 0;
  for (guint i = 0; i < sizeof glance->y; i++)
    *mean += y[i] / (double) sizeof glance->y;
  for (guint i = 0; i < sizeof glance->y; i++)
    sum += ABS (y[i] - *mean);
  return sum / sizeof glance->y;
}

static gboolean
is_white (const GstLlama4Glance * glance)
{
  double luma, spread = contrast (glance, &luma);

  return luma > WHITE_LUMA && spread < WHITE_CONTRAST;
}

/* Texture without structure, of which no two frames are alike. */
static gboolean
is_noise (const GstLlama4Glance * glance)
{
  guint sum = 0;
  double mean;

  for (guint y = 0; y < GST_LLAMA4_GLANCE_HEIGHT; y++)
    for (guint x = 1; x < GST_LLAMA4_GLANCE_WIDTH; x++)
      sum += ABS (glance->y[y][x] - glance->y[y][x - 1]);
  return sum > NOISY * contrast (glance, &mean) * GST_LLAMA4_GLANCE_HEIGHT * (GST_LLAMA4_GLANCE_WIDTH - 1);
}

/* Frames near each other ----------------------------------------------------------------------------------------------------- */

/* Whether the frame at `earlier` is near the one at `at`, and of its window. */
static gboolean
counts_before (const GstLlama4Cuts * self, guint earlier, guint at)
{
  const Frame *one = &self->frames[earlier], *other = &self->frames[at];

  return one->glance.time >= other->start && apart (one, other) <= AROUND;
}

static gboolean
counts_after (const GstLlama4Cuts * self, guint at, guint later)
{
  return apart (&self->frames[at], &self->frames[later]) <= AROUND;
}

/* The most that changes from frame to frame around the one at `at`, its own change left out. */
static double
unrest (const GstLlama4Cuts * self, guint at)
{
  double most = 0;

  for (guint i = at > BEFORE ? at - BEFORE : 1; i < self->n && i <= at + AFTER; i++)
    if (i != at && (i < at ? counts_before (self, i - 1, at) : counts_after (self, at, i)))
      most = MAX (most, self->frames[i].change);
  return most;
}

/* Whether the change is still there when the frames around it are left out: after a flash everything is as it was before. */
static gboolean
lasts (const GstLlama4Cuts * self, guint at, double least)
{
  for (guint i = at + 1; i < self->n && i <= at + AFTER; i++)
    if (counts_after (self, at, i) && change (&self->frames[at - 1], &self->frames[i]) < least)
      return FALSE;
  for (guint i = at - 1; i-- > 0 && i + BEFORE >= at;)
    if (counts_before (self, i, at) && change (&self->frames[i], &self->frames[at]) < least)
      return FALSE;
  return TRUE;
}

/* A lamp is switched on, a camera changes its exposure. */
static gboolean
is_other_light (const Frame * before, const Frame * after)
{
  double mean;

  return contrast (&after->glance, &mean) > LEAST_CONTRAST
      && gst_llama4_likeness_unexplained (&before->glance, &after->glance, reach (before, after)) < OTHER_LIGHT
      && gst_llama4_likeness_colours (&before->glance, &after->glance) < 0.5;
}

/* Whether noise begins or ends: however much it changes by itself. */
static gboolean
is_end_of_noise (const GstLlama4Cuts * self, guint at)
{
  gboolean before = self->frames[at - 1].is_noise;

  for (guint i = at > BEFORE ? at - BEFORE : 0; i < self->n && i <= at + AFTER; i++)
    if ((i < at ? counts_before (self, i, at) : counts_after (self, at, i)) && self->frames[i].is_noise != (i < at ? before : !before))
      return FALSE;
  return TRUE;
}

static gboolean
is_near_cut (const GstLlama4Cuts * self, guint at)
{
  const Frame *frame = &self->frames[at];
  double around = unrest (self, at);

  if (frame[-1].is_white && (at < 2 || !counts_before (self, at - 2, at)))
    return FALSE;               /* may be a flash with which the window began */
  return (frame->change > OUTSTANDING * around + LEAST_CHANGE / 2 || is_end_of_noise (self, at))
      && lasts (self, at, LASTING * frame->change) && !is_other_light (frame - 1, frame)
      && gst_llama4_likeness_kept (&frame[-1].glance, &frame->glance) < KEPT_SCENE;
}

/* Frames far from each other ---------------------------------------------------------------------------------------------------- */

/* The noise goes on. */
static gboolean
is_same_noise (const Frame * earlier, const Frame * later)
{
  return earlier->is_noise && later->is_noise
      && gst_llama4_likeness_lumas (&earlier->glance, &later->glance) < SAME_NOISE
      && gst_llama4_likeness_colours (&earlier->glance, &later->glance) < 0.5;
}

static gboolean
is_strange (const Frame * earlier, const Frame * later)
{
  double doubt = DOUBT * MIN (apart (earlier, later), 2 * GST_SECOND) / GST_SECOND;

  return change (earlier, later) > LEAST_CHANGE && !is_same_noise (earlier, later)
      && gst_llama4_likeness_strangeness (&earlier->glance, &later->glance, reach (earlier, later)) > doubt;
}

/* A white frame says nothing about what was before it; one later does. */
static gboolean
is_far_cut (const GstLlama4Cuts * self, guint at)
{
  const Frame *before = &self->frames[at - 1], *frame = &self->frames[at];

  if (before->is_white && !frame->is_white && before->start != before->glance.time) {
    if (at < 2 || self->frames[at - 2].start != before->start)
      return FALSE;             /* may be a flash with which the window began */
    before--;
  }
  if (frame->is_white && !before->is_white && at + 1 < self->n && !frame[1].is_white)
    return is_strange (before, frame + 1);
  return is_strange (before, frame);
}

/* Frames in turn ------------------------------------------------------------------------------------------------------------------ */

/* Whether the frame may begin a shot: none does with which its window begins. */
static gboolean
may_cut (const Frame * before, const Frame * frame)
{
  gboolean is_far = apart (before, frame) > FAR;

  if (before->glance.time < frame->start && frame->glance.time <= frame->start + SOON)
    return FALSE;
  return is_far || frame->change > LEAST_CHANGE;
}

/* Whether enough is known of the frame at that place. */
static gboolean
is_ripe (const GstLlama4Cuts * self, guint at)
{
  const Frame *frame = &self->frames[at], *last = &self->frames[self->n - 1];
  gboolean is_over = MAX (last->glance.time, self->passed) - frame->glance.time > AROUND;

  if (apart (frame - 1, frame) > FAR)
    return !frame->is_white || last != frame || is_over;
  return at + AFTER < self->n || is_over;
}

static void
judge (GstLlama4Cuts * self, guint at)
{
  Frame *frame = &self->frames[at];

  frame->is_open = FALSE;
  if (!(apart (frame - 1, frame) > FAR ? is_far_cut (self, at) : is_near_cut (self, at)))
    return;
  self->cut = frame->glance.time;
  for (guint i = at; i < self->n; i++)  /* a window starts here */
    self->frames[i].start = self->cut;
  for (guint i = at + 1; i < self->n && i <= at + AFTER; i++)
    if (apart (frame, &self->frames[i]) <= FAR)
      self->frames[i].is_open = FALSE;
}

static void
judge_what_is_ripe (GstLlama4Cuts * self)
{
  for (guint at = 1; at < self->n && !GST_CLOCK_TIME_IS_VALID (self->cut); at++)
    if (self->frames[at].is_open && is_ripe (self, at))
      judge (self, at);
}

void
gst_llama4_cuts_pass (GstLlama4Cuts * self, GstClockTime time)
{
  self->passed = time;
  judge_what_is_ripe (self);
}

void
gst_llama4_cuts_push (GstLlama4Cuts * self, const GstLlama4Glance * glance, GstClockTime start)
{
  Frame *frame;

  if (self->n > 0 && glance->time <= self->frames[self->n - 1].glance.time)
    return;                     /* times that go back a little are waited for to come forth again */
  if (self->n == KEPT)
    memmove (self->frames, self->frames + 1, --self->n * sizeof *self->frames);
  frame = &self->frames[self->n++];
  *frame = (Frame) {.glance = *glance,.start = start,.is_white = is_white (glance),.is_noise = is_noise (glance) };
  if (self->n < 2)
    return;
  if (GST_CLOCK_TIME_IS_VALID (frame[-1].start))
    frame->start = MAX (frame->start, frame[-1].start); /* a cut that was found but is too near for a window */
  if (apart (frame - 1, frame) <= FAR)
    frame->change = change (frame - 1, frame);
  frame->is_open = may_cut (frame - 1, frame);
  judge_what_is_ripe (self);
}

GstClockTime
gst_llama4_cuts_pop (GstLlama4Cuts * self)
{
  GstClockTime cut = self->cut;

  self->cut = GST_CLOCK_TIME_NONE;
  return cut;
}

GstClockTime
gst_llama4_cuts_pending (const GstLlama4Cuts * self)
{
  for (guint at = 1; at < self->n; at++)
    if (self->frames[at].is_open)
      return self->frames[at].glance.time;
  return GST_CLOCK_TIME_NONE;
}
