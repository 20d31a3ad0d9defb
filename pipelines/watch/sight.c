/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes from a camera, as it comes: when the latest picture did, and what its time is by the clock on the wall. */

#include "watch/sight.h"

#include "watch/clock.h"
#include "watch/glimpse.h"

#define SHOW (950 * GST_MSECOND)        /* between two pictures for a page, by the pipeline's clock */
#define SHOW_SIDE 640           /* their pixels */
#define AHEAD (5 * GST_SECOND)  /* that a picture may come before its time, at least */

struct _L4Sight
{
  const L4Camera *camera;
  L4Live *const *live;
  GstClockTime shown;           /* when a page got the latest one, or NONE; streaming thread */

  GMutex lock;
  L4Clock clock;
  gint64 latest;                /* monotonic; 0: none came */
  gboolean ending, closed;
  GstClockTime ahead;           /* by which a picture came too early; 0: none did */
};

/* How long a picture would wait for its time. */
static GstClockTime
find_wait (GstPad *pad, GstBuffer *picture)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (pad);
  g_autoptr (GstEvent) event = gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  GstClockTime now = element != NULL ? gst_element_get_current_running_time (element) : GST_CLOCK_TIME_NONE, time = GST_CLOCK_TIME_NONE;
  const GstSegment *segment = NULL;

  if (event != NULL)
    gst_event_parse_segment (event, &segment);
  if (segment != NULL && segment->format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID (picture))
    time = gst_segment_to_running_time (segment, GST_FORMAT_TIME, GST_BUFFER_PTS (picture));
  return GST_CLOCK_TIME_IS_VALID (now) && GST_CLOCK_TIME_IS_VALID (time) && time > now ? time - now : 0;
}

/* A picture has come from the camera; however long it waits for its time. One that would wait for longer than a camera may be silent is none:
 * with it others would wait. */
static GstPadProbeReturn
on_arrival (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  L4Sight *self = data;
  GstClockTime wait = l4_camera_is_film (self->camera) ? 0 : find_wait (pad, GST_PAD_PROBE_INFO_BUFFER (info));
  gboolean closed;

  g_mutex_lock (&self->lock);
  if (wait > MAX (self->camera->stall, AHEAD))
    self->ahead = wait;
  else
    self->latest = g_get_monotonic_time ();
  closed = self->closed || self->ahead > 0;
  g_mutex_unlock (&self->lock);
  return closed ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/* What follows the latest picture is the end: it comes through when all was described, which may take long. */
static GstPadProbeReturn
on_event (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  L4Sight *self = data;

  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS) {
    g_mutex_lock (&self->lock);
    self->ending = TRUE;
    g_mutex_unlock (&self->lock);
  }
  return GST_PAD_PROBE_OK;
}

/* NONE: it has no clock. */
static GstClockTime
get_time (GstPad *pad)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (pad);
  g_autoptr (GstClock) clock = element != NULL ? gst_element_get_clock (element) : NULL;

  return clock != NULL ? gst_clock_get_time (clock) : GST_CLOCK_TIME_NONE;
}

/* Another try may have another clock. */
static gboolean
is_due (const L4Sight *self, GstClockTime now)
{
  return GST_CLOCK_TIME_IS_VALID (now) && (!GST_CLOCK_TIME_IS_VALID (self->shown) || now < self->shown || now - self->shown >= SHOW);
}

/* A page gets one a second, while somebody looks at it. Of a camera with a mask or a region it gets those of windows alone, which are
 * masked and cut. */
static void
show (L4Sight *self, GstPad *pad, GstBuffer *picture)
{
  GstClockTime now = *self->live != NULL ? get_time (pad) : GST_CLOCK_TIME_NONE;
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GBytes) jpeg = NULL;

  if (!is_due (self, now) || !l4_camera_is_shown_whole (self->camera) || !l4_live_is_watched (*self->live))
    return;
  self->shown = now;
  caps = gst_pad_get_current_caps (pad);
  jpeg = caps != NULL ? l4_glimpse (caps, picture, SHOW_SIDE) : NULL;
  if (jpeg != NULL)
    l4_live_set_picture (*self->live, self->camera->name, jpeg);
}

/* A picture's time has come. */
static GstPadProbeReturn
on_picture (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  L4Sight *self = data;
  GstClockTime pts = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
  g_autoptr (GstEvent) event = gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  const GstSegment *segment = NULL;
  guint64 time = GST_CLOCK_TIME_NONE;

  if (event != NULL)
    gst_event_parse_segment (event, &segment);
  if (segment != NULL && segment->format == GST_FORMAT_TIME && GST_CLOCK_TIME_IS_VALID (pts))
    time = gst_segment_to_stream_time (segment, GST_FORMAT_TIME, pts);
  if (GST_CLOCK_TIME_IS_VALID (time)) {
    g_mutex_lock (&self->lock);
    l4_clock_learn (&self->clock, time, g_get_real_time ());
    g_mutex_unlock (&self->lock);
  }
  show (self, pad, GST_PAD_PROBE_INFO_BUFFER (info));
  return GST_PAD_PROBE_OK;
}

static void
add_probe (GstElement *element, GstPadProbeType type, GstPadProbeCallback callback, gpointer data)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "sink");

  gst_pad_add_probe (pad, type, callback, data, NULL);
}

L4Sight *
l4_sight_new (const L4Camera *camera, L4Live *const *live, GstElement *queue, GstElement *describe)
{
  L4Sight *self = g_new0 (L4Sight, 1);

  self->camera = camera;
  self->live = live;
  self->shown = GST_CLOCK_TIME_NONE;
  g_mutex_init (&self->lock);
  add_probe (queue, GST_PAD_PROBE_TYPE_BUFFER, on_arrival, self);
  add_probe (queue, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, self);
  add_probe (describe, GST_PAD_PROBE_TYPE_BUFFER, on_picture, self);
  return self;
}

void
l4_sight_free (L4Sight *self)
{
  if (self == NULL)
    return;
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
l4_sight_reset (L4Sight *self)
{
  g_mutex_lock (&self->lock);
  self->latest = 0;
  self->ending = self->closed = FALSE;
  self->ahead = 0;
  self->clock = (L4Clock) { 0 };
  g_mutex_unlock (&self->lock);
}

void
l4_sight_close (L4Sight *self)
{
  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  g_mutex_unlock (&self->lock);
}

GstClockTime
l4_sight_get_ahead (L4Sight *self)
{
  GstClockTime ahead;

  g_mutex_lock (&self->lock);
  ahead = self->ahead;
  g_mutex_unlock (&self->lock);
  return ahead;
}

gint64
l4_sight_get_latest (L4Sight *self, gboolean *ending)
{
  gint64 latest;

  g_mutex_lock (&self->lock);
  latest = self->latest;
  *ending = self->ending;
  g_mutex_unlock (&self->lock);
  return latest;
}

void
l4_sight_tell_time (L4Sight *self, guint64 start, guint64 end, gint64 now, gint64 *from, gint64 *until)
{
  g_mutex_lock (&self->lock);
  *from = l4_clock_tell (&self->clock, start, now);
  *until = l4_clock_tell (&self->clock, end, now);
  g_mutex_unlock (&self->lock);
}
