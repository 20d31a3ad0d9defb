/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The video pads: samples what passes by, hands windows to the worker, passes everything on untouched. */

#include "gettext.h"
#include "gstllama4describe.h"
#include "objects/watch.h"

GST_DEBUG_CATEGORY_EXTERN (gst_llama4_describe_debug);
#define GST_CAT_DEFAULT gst_llama4_describe_debug

/* How often the output hears of time that has passed, in skip mode. */
#define PASSED_STEP (100 * GST_MSECOND)

/* Times that go back by more within a segment begin anew; by less, they are waited for to come forth again. */
#define STEP_BACK GST_SECOND

/* By how much a segment's start may be put right while its times stay the same: demuxers learn late where the first frame is. */
#define START_SLACK (100 * GST_MSECOND)

void
gst_llama4_describe_reset_stream (GstLlama4Describe * self)
{
  gst_llama4_sampling_reset (self);
  self->fresh = TRUE;
  self->last_time = self->reached = self->last_end = self->settled = self->passed = GST_CLOCK_TIME_NONE;
  self->interval = 0;
}

/* Whether upstream is live, and whether video must never wait. */
static void
decide (GstLlama4Describe * self)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();

  self->live = FALSE;
  if (gst_pad_peer_query (self->sinkpad, query))
    gst_query_parse_latency (query, &self->live, NULL, NULL);
  GST_OBJECT_LOCK (self);
  self->skips = self->settings.on_busy == GST_LLAMA4_ON_BUSY_SKIP || (self->settings.on_busy == GST_LLAMA4_ON_BUSY_AUTO && self->live);
  GST_OBJECT_UNLOCK (self);
}

/* Says that nothing will be said about the time before `time` that has not been said: now, or by the windows handed over so far. */
static void
push_passed (GstLlama4Describe * self, GstClockTime time, gboolean now)
{
  GstLlama4Item *passed = gst_llama4_item_new (GST_LLAMA4_ITEM_PASSED);

  passed->end = time;
  passed->segment_number = self->segment_number;
  gst_llama4_worker_push_output (self, passed, now);
}

static void
settle (GstLlama4Describe * self, GstClockTime time)
{
  if (GST_CLOCK_TIME_IS_VALID (self->settled) && time <= self->settled)
    return;
  self->settled = time;
  push_passed (self, time, FALSE);
}

/* Hands over what is complete by `time`. */
static void
advance (GstLlama4Describe * self, GstClockTime time)
{
  gst_llama4_sampling_advance (self, time);
  if (!self->skips)             /* otherwise pass_time() says so, past the windows */
    settle (self, gst_llama4_sampler_settled (self->sampler, time));
}

GstClockTime
gst_llama4_describe_segment_end (const GstLlama4Describe * self)
{
  return GST_CLOCK_TIME_IS_VALID (self->segment.stop) ? gst_segment_to_stream_time (&self->segment, GST_FORMAT_TIME,
      self->segment.stop) : GST_CLOCK_TIME_NONE;
}

/* The stream ends or breaks off: hands over what is there. The end's last window is never left out; a picture of which nothing says
 * how long it is shown fills it. */
static void
drain (GstLlama4Describe * self, gboolean ends)
{
  GstLlama4Patience patience = !self->skips ? GST_LLAMA4_WAIT : ends ? GST_LLAMA4_ADD : GST_LLAMA4_REPLACE;
  GstClockTime end = self->interval == 0 && self->last_end == self->last_time ? gst_llama4_describe_segment_end (self) : self->last_end;

  if (!GST_CLOCK_TIME_IS_VALID (self->last_end))
    return;
  gst_llama4_sampling_drain (self, end, patience);
  settle (self, self->last_end);
}

/* Segments --------------------------------------------------------------------------------------------------------------- */

/* What was said of the film before is no meta of this one's buffers, and nothing to tell the model with its windows. */
static void
begin_film (GstLlama4Describe * self)
{
  GST_OBJECT_LOCK (self);
  self->film++;
  g_clear_pointer (&self->latest, gst_structure_free);
  GST_OBJECT_UNLOCK (self);
}

GstClockTime
gst_llama4_describe_get_delay (GstLlama4Describe * self)
{
  GstClockTime delay;

  GST_OBJECT_LOCK (self);
  delay = self->settings.lateness + (self->live ? self->settings.latency : 0);  /* sinks wait only where something is live */
  GST_OBJECT_UNLOCK (self);
  return delay;
}

/* Stream time from the screen to here. */
static GstClockTime
get_screen_delay (GstLlama4Describe * self)
{
  return MIN (gst_llama4_describe_get_delay (self) * ABS (self->segment.rate * self->segment.applied_rate), G_MAXINT64);
}

/* Tells the output of the segment, which begins at that stream time, or goes on with the times of before. */
static void
push_segment (GstLlama4Describe * self, GstClockTime time, gboolean goes_on)
{
  GstLlama4Item *item = gst_llama4_item_new (GST_LLAMA4_ITEM_SEGMENT);
  const GstSegment *segment = &self->segment;

  self->segment_number += !goes_on;
  item->segment = *segment;
  item->segment_number = self->segment_number;
  item->goes_on = goes_on;
  item->ahead = get_screen_delay (self);
  item->new_stream = self->new_stream;
  item->seqnum = self->segment_seqnum;
  if (self->new_stream)
    begin_film (self);
  self->new_stream = FALSE;
  /* the same running times, but time stamps that are stream time: subtitle files know nothing else */
  item->segment.start = segment->time;
  item->segment.position = segment->time + (GstClockTime) ((time - segment->time) / ABS (segment->applied_rate));
  if (GST_CLOCK_TIME_IS_VALID (segment->stop))
    item->segment.stop = segment->time + (segment->stop - segment->start);
  GST_OBJECT_LOCK (self);
  item->segment.base += self->settings.lateness;
  GST_OBJECT_UNLOCK (self);
  gst_llama4_output_set_ending (self->output, FALSE);
  gst_llama4_worker_push_output (self, item, self->skips);
}

/* A segment that goes on with the same times only moves the position and the end. */
static gboolean
same_times (const GstSegment * one, const GstSegment * other)
{
  guint64 apart = MAX (one->start, other->start) - MIN (one->start, other->start);

  return one->format == other->format && one->rate == other->rate && one->applied_rate == other->applied_rate
      && apart <= START_SLACK && one->base == other->base && one->time == other->time && one->offset == other->offset;
}

static gboolean
take_segment (GstLlama4Describe * self, GstEvent * event)
{
  GstSegment segment;
  gboolean goes_on, same_end;

  gst_event_copy_segment (event, &segment);
  if (segment.format != GST_FORMAT_TIME) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, (_("The video's segment is in %s, not in time"),
            gst_format_get_name (segment.format)), (NULL));
    return FALSE;
  }
  if (!GST_CLOCK_TIME_IS_VALID (segment.time))  /* nothing but time stamps to go by */
    segment.time = segment.start;
  goes_on = same_times (&segment, &self->segment) && !self->fresh && !self->new_stream;
  same_end = segment.stop == self->segment.stop;
  if (!goes_on) {
    drain (self, FALSE);
    gst_llama4_describe_reset_stream (self);
  }
  self->segment = segment;
  self->segment_seqnum = gst_event_get_seqnum (event);
  if (!goes_on || !same_end)
    push_segment (self, self->segment.time, goes_on);
  return TRUE;
}

/* Times go back to `time` without a segment that says so: what follows is taken for a stream of its own. */
static void
start_over (GstLlama4Describe * self, GstClockTime time)
{
  GST_WARNING_OBJECT (self, "time stamps go back");
  drain (self, FALSE);
  gst_llama4_describe_reset_stream (self);
  begin_film (self);
  push_segment (self, time, FALSE);
}

/* Frames --------------------------------------------------------------------------------------------------------------- */

/* How much of the stream that is, where upstream has made it faster or slower. */
static GstClockTime
in_stream (const GstLlama4Describe * self, GstClockTime duration)
{
  double time = duration * self->segment.applied_rate;

  return MIN (time, (double) G_MAXINT64);
}

static GstClockTime
frame_interval (const GstLlama4Describe * self, GstBuffer * buffer, GstClockTime time)
{
  const GstVideoInfo *info = &self->info;

  if (GST_BUFFER_DURATION (buffer) > 0 && GST_BUFFER_DURATION (buffer) <= G_MAXINT64)
    return in_stream (self, GST_BUFFER_DURATION (buffer));
  if (GST_VIDEO_INFO_FPS_N (info) > 0)
    return in_stream (self, gst_util_uint64_scale (GST_SECOND, GST_VIDEO_INFO_FPS_D (info), GST_VIDEO_INFO_FPS_N (info)));
  if (GST_CLOCK_TIME_IS_VALID (self->last_time) && time > self->last_time)      /* a pause says little about the frames behind it */
    return self->interval > 0 ? MIN (time - self->last_time, 2 * self->interval) : time - self->last_time;
  return self->interval;
}

/* Stream time of a time stamp, or NONE: outside the segment, or so large that it must have been negative. */
static GstClockTime
stream_time (const GstLlama4Describe * self, GstClockTime timestamp)
{
  GstClockTime time = gst_segment_to_stream_time (&self->segment, GST_FORMAT_TIME, timestamp);

  return time <= G_MAXINT64 ? time : GST_CLOCK_TIME_NONE;
}

/* Stream time of buffer, or NONE: outside the segment, or nothing to tell it by. */
static GstClockTime
frame_time (GstLlama4Describe * self, GstBuffer * buffer)
{
  if (GST_BUFFER_PTS_IS_VALID (buffer))
    return stream_time (self, GST_BUFFER_PTS (buffer));
  if (!self->warned_no_time) {
    self->warned_no_time = TRUE;
    GST_ELEMENT_WARNING (self, STREAM, FAILED, (_("Frames without a time stamp: their times are counted on")), (NULL));
  }
  return GST_CLOCK_TIME_IS_VALID (self->last_end) ? self->last_end : stream_time (self, self->segment.position);
}

/* In skip mode text waits for nobody: what has not been said when its time on the screen comes is shown later. */
static void
pass_time (GstLlama4Describe * self, GstClockTime time)
{
  GstClockTime ahead = get_screen_delay (self);

  if (!self->skips || (GST_CLOCK_TIME_IS_VALID (self->passed) && time / PASSED_STEP == self->passed / PASSED_STEP))
    return;
  self->passed = time;
  push_passed (self, time > ahead ? time - ahead : 0, TRUE);
}

/* The first time of a segment passes. */
static void
begin (GstLlama4Describe * self)
{
  if (self->fresh)
    decide (self);
  self->fresh = FALSE;
}

static void
sample (GstLlama4Describe * self, GstBuffer * buffer)
{
  GstClockTime time = gst_llama4_side_is_forward (&self->segment) ? frame_time (self, buffer) : GST_CLOCK_TIME_NONE;
  GstClockTime interval, end;

  if (!GST_CLOCK_TIME_IS_VALID (time))
    return;
  if (GST_CLOCK_TIME_IS_VALID (self->reached) && time + STEP_BACK < self->reached)
    start_over (self, time);
  begin (self);
  interval = self->interval = frame_interval (self, buffer, time);
  gst_llama4_sampling_watch (self, buffer, time);
  advance (self, time);
  gst_llama4_objects_watch (self, buffer, time);
  gst_llama4_sampling_take (self, buffer, time);
  pass_time (self, time);
  end = MIN (time + interval, gst_llama4_describe_segment_end (self));      /* NONE is the largest */
  self->reached = GST_CLOCK_TIME_IS_VALID (self->reached) ? MAX (self->reached, time) : time;
  /* one that others follow sooner was not shown for as long as it said */
  self->last_end = time == self->reached ? end : MAX (self->last_end, end);
  self->last_time = time;
}

GstFlowReturn
gst_llama4_describe_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstLlama4Describe *self = GST_LLAMA4_DESCRIBE (parent);

  if (!self->has_info) {
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }
  sample (self, buffer);
  if (gst_llama4_worker_has_failed (self)) {
    gst_buffer_unref (buffer);
    return GST_FLOW_ERROR;
  }
  return gst_llama4_output_combine (self->output, self->srcpad, gst_pad_push (self->srcpad, gst_llama4_latest_attach (self, buffer)));
}

/* Events --------------------------------------------------------------------------------------------------------------- */

static gboolean
take_caps (GstLlama4Describe * self, GstEvent * event)
{
  GstVideoInfo info;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  self->has_info = gst_video_info_from_caps (&info, caps);
  if (self->has_info && self->info.finfo != NULL && !gst_video_info_is_equal (&self->info, &info))
    gst_llama4_motion_change_format (self->motion);
  if (self->has_info)
    self->info = info;
  self->warned_frame = FALSE;
  return self->has_info;
}

static void
take_gap (GstLlama4Describe * self, GstEvent * event)
{
  GstClockTime start, duration, end;

  gst_event_parse_gap (event, &start, &duration);
  if (!GST_CLOCK_TIME_IS_VALID (start) || !gst_llama4_side_is_forward (&self->segment))
    return;
  end = GST_CLOCK_TIME_IS_VALID (duration) && duration <= G_MAXINT64 ? start + duration : start;
  end = stream_time (self, MIN (end, self->segment.stop));      /* NONE is the largest */
  if (!GST_CLOCK_TIME_IS_VALID (end) || (GST_CLOCK_TIME_IS_VALID (self->last_end) && end <= self->last_end))
    return;
  begin (self);
  gst_llama4_sampling_pass (self, end);
  advance (self, end);
  pass_time (self, end);
  self->reached = self->last_end = end;
}

static void
take_tags (GstLlama4Describe * self, GstEvent * event)
{
  GstVideoOrientationMethod orientation;
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  if (gst_video_orientation_from_tag (tags, &orientation))
    self->orientation = orientation;
}

/* The end waits for what is still to be said about the video, or whoever waits for the end would miss it. In skip mode video waits for
 * nothing where text is linked: its sinks wait for its own end. */
static void
finish (GstLlama4Describe * self, GstLlama4Item * eos)
{
  if (self->fresh)              /* nothing has passed */
    decide (self);
  gst_llama4_output_set_ending (self->output, TRUE);
  drain (self, TRUE);
  if (!self->skips)
    gst_llama4_worker_drain (self);     /* a summary may follow the last window */
  if (eos != NULL)
    gst_llama4_worker_push_output (self, eos, FALSE);
  if (!self->skips || !gst_llama4_output_is_linked (self->output))
    gst_llama4_worker_drain (self);
}

static void
take_eos (GstLlama4Describe * self, GstEvent * event)
{
  GstLlama4Item *item = gst_llama4_item_new (GST_LLAMA4_ITEM_EOS);

  item->seqnum = gst_event_get_seqnum (event);
  item->segment_number = self->segment_number;
  finish (self, item);
  if (gst_llama4_worker_has_failed (self))      /* again: no buffer may have passed that could return it */
    GST_ELEMENT_FLOW_ERROR (self, GST_FLOW_ERROR);
}

static void
flush_start (GstLlama4Describe * self, GstEvent * event)
{
  gst_llama4_worker_flush_start (self);
  gst_llama4_output_flush_start (self->output, event, self->generation);
}

static void
flush_stop (GstLlama4Describe * self, GstEvent * event)
{
  gst_llama4_describe_reset_stream (self);
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  GST_OBJECT_LOCK (self);
  g_clear_pointer (&self->latest, gst_structure_free);
  gst_llama4_memory_clear (&self->memory);
  gst_llama4_memory_clear (&self->unsummed);
  GST_OBJECT_UNLOCK (self);
  gst_llama4_output_set_ending (self->output, FALSE);
  gst_llama4_output_flush_stop (self->output, event);
  gst_llama4_worker_flush_stop (self);
}

gboolean
gst_llama4_describe_sink_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstLlama4Describe *self = GST_LLAMA4_DESCRIBE (parent);
  gboolean usable = TRUE;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      usable = take_caps (self, event);
      break;
    case GST_EVENT_STREAM_START:
      self->orientation = GST_VIDEO_ORIENTATION_IDENTITY;
      self->new_stream = TRUE;
      break;
    case GST_EVENT_SEGMENT:
      usable = take_segment (self, event);
      break;
    case GST_EVENT_GAP:
      take_gap (self, event);
      break;
    case GST_EVENT_TAG:
      take_tags (self, event);
      break;
    case GST_EVENT_SEGMENT_DONE:       /* of a segment seek: as if it ended */
      finish (self, NULL);
      break;
    case GST_EVENT_EOS:
      take_eos (self, event);
      break;
    case GST_EVENT_FLUSH_START:
      flush_start (self, event);
      break;
    case GST_EVENT_FLUSH_STOP:
      flush_stop (self, event);
      break;
    default:
      break;
  }
  if (usable)
    gst_pad_push_event (self->srcpad, event);  /* nobody there to take it is no failure */
  else
    gst_event_unref (event);
  return usable;
}

/* A query that keeps its place among frames is answered by a queue when those before it have gone. Where they wait for the text of a window
 * that lacks frames, neither would ever come: who asks does without an answer. */
gboolean
gst_llama4_describe_sink_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  GstLlama4Describe *self = GST_LLAMA4_DESCRIBE (parent);

  if (GST_QUERY_IS_SERIALIZED (query) && !self->fresh && gst_llama4_output_is_linked (self->output))
    return FALSE;
  return gst_pad_query_default (pad, parent, query);
}

/* Where the video waits it is late on the screen by that: nobody upstream shall leave out frames for it, which would lose windows. */
gboolean
gst_llama4_describe_src_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstLlama4Describe *self = GST_LLAMA4_DESCRIBE (parent);
  gboolean skips;

  GST_OBJECT_LOCK (self);
  skips = self->skips;
  GST_OBJECT_UNLOCK (self);
  if (GST_EVENT_TYPE (event) != GST_EVENT_QOS || skips)
    return gst_pad_event_default (pad, parent, event);
  gst_event_unref (event);
  return TRUE;
}
