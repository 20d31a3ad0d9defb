/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of the pads beside the video: a thread that pushes, in order, text or a gap for every stretch of time. */

#include "side.h"

#include <string.h>

#include "llama4.h"

#define MAX_WAITING 32          /* items, or as many more as the screen is behind; a describer that is further ahead waits */

struct _GstLlama4Side
{
  gatomicrefcount references;
  GstElement *element;
  GstPad *sinkpad, *pad;
  gboolean json;
  GstLlama4FlowFunc on_flow;
  gpointer user_data;

  GMutex lock;
  GCond changed;
  GQueue items;
  gboolean running;
  gboolean flushing;
  gboolean ending;
  GstClockTime ahead;           /* stream time from the screen to who pushes items */
  guint generation;             /* of the items that are welcome */
  GThread *thread;

  /* Held while pushing, so that the end of a flush waits for a push that runs. */
  GMutex push_lock;
  gboolean has_segment;
  GstSegment segment;
  guint segment_number;
  guint32 seqnum;
  GstClockTime covered;         /* segment time up to which text or gaps have been pushed */
};

GstLlama4Item *
gst_llama4_item_new (GstLlama4ItemType type)
{
  GstLlama4Item *self = g_new0 (GstLlama4Item, 1);

  self->type = type;
  self->start = self->end = GST_CLOCK_TIME_NONE;
  return self;
}

GstLlama4Item *
gst_llama4_item_copy (const GstLlama4Item * self)
{
  GstLlama4Item *copy = g_memdup2 (self, sizeof *self);

  copy->text = g_strdup (self->text);
  copy->json = g_strdup (self->json);
  return copy;
}

void
gst_llama4_item_free (GstLlama4Item * self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self->json);
  g_free (self);
}

GstLlama4Side *
gst_llama4_side_new (GstElement * element, GstPad * sinkpad, GstPad * pad, gboolean json, GstLlama4FlowFunc on_flow,
    gpointer user_data)
{
  GstLlama4Side *self = g_new0 (GstLlama4Side, 1);

  g_atomic_ref_count_init (&self->references);
  self->element = element;
  self->sinkpad = sinkpad;
  self->pad = gst_object_ref (pad);
  self->json = json;
  self->on_flow = on_flow;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->items);
  g_mutex_init (&self->push_lock);
  return self;
}

static void
drop_items (GstLlama4Side * self)
{
  g_queue_clear_full (&self->items, (GDestroyNotify) gst_llama4_item_free);
}

GstLlama4Side *
gst_llama4_side_ref (GstLlama4Side * self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
gst_llama4_side_unref (GstLlama4Side * self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  drop_items (self);
  gst_object_unref (self->pad);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->push_lock);
  g_free (self);
}

GstPad *
gst_llama4_side_get_pad (GstLlama4Side * self)
{
  return self->pad;
}

gboolean
gst_llama4_side_is_forward (const GstSegment * segment)
{
  return segment->rate > 0 && segment->applied_rate > 0;        /* upstream may play it backwards instead of who shows it */
}

/* Pushing: all with push_lock held ----------------------------------------------------------------------------------------- */

static void
push_event (GstLlama4Side * self, GstEvent * event, guint32 seqnum)
{
  if (seqnum != GST_SEQNUM_INVALID)
    gst_event_set_seqnum (event, seqnum);
  gst_pad_push_event (self->pad, event);
}

static void
push_stream_start (GstLlama4Side * self)
{
  g_autofree char *id = gst_pad_create_stream_id (self->pad, self->element, self->json ? "json" : "text");
  g_autoptr (GstEvent) upstream = gst_pad_get_sticky_event (self->sinkpad, GST_EVENT_STREAM_START, 0);
  GstEvent *event = gst_event_new_stream_start (id);
  guint group;

  gst_event_set_stream_flags (event, GST_STREAM_FLAG_SPARSE);
  if (upstream != NULL && gst_event_parse_group_id (upstream, &group))
    gst_event_set_group_id (event, group);
  push_event (self, event, upstream != NULL ? gst_event_get_seqnum (upstream) : GST_SEQNUM_INVALID);
}

/* The json pad has one format; of the text pad's two downstream chooses, literal text by preference. */
static void
push_caps (GstLlama4Side * self)
{
  g_autoptr (GstCaps) template = gst_pad_get_pad_template_caps (self->pad);
  g_autoptr (GstCaps) allowed = gst_pad_peer_query_caps (self->pad, template);
  g_autoptr (GstCaps) mine = gst_caps_intersect_full (template, allowed, GST_CAPS_INTERSECT_FIRST);

  gst_pad_check_reconfigure (self->pad);        /* that is what happens here */
  if (gst_caps_is_empty (mine))
    gst_caps_replace (&mine, template);
  mine = gst_caps_fixate (g_steal_pointer (&mine));
  push_event (self, gst_event_new_caps (mine), GST_SEQNUM_INVALID);
}

static void
ensure_stream (GstLlama4Side * self, gboolean new_stream)
{
  if (!new_stream && gst_pad_has_current_caps (self->pad))
    return;
  push_stream_start (self);
  push_caps (self);
}

/* After the segment a gap of no length, by which sinks preroll before there is anything to say. */
static void
take_segment (GstLlama4Side * self, const GstLlama4Item * item)
{
  gboolean goes_on = item->goes_on && self->has_segment;
  GstClockTime length = 0;

  if (self->has_segment && (gint) (item->segment_number - self->segment_number) < 0)
    return;                     /* one that came past it is there already */
  ensure_stream (self, item->new_stream);
  self->segment = item->segment;
  self->segment_number = item->segment_number;
  self->seqnum = item->seqnum;
  self->has_segment = TRUE;
  push_event (self, gst_event_new_segment (&self->segment), self->seqnum);
  if (goes_on)
    return;
  self->covered = MAX (self->segment.start, self->segment.position);
  if (!gst_llama4_side_is_forward (&self->segment) && GST_CLOCK_TIME_IS_VALID (self->segment.stop))
    length = self->segment.stop - self->segment.start;
  push_event (self, gst_event_new_gap (self->covered, length), self->seqnum);
}

static void
cover (GstLlama4Side * self, GstClockTime until)
{
  if (!GST_CLOCK_TIME_IS_VALID (until) || until <= self->covered)
    return;
  push_event (self, gst_event_new_gap (self->covered, until - self->covered), self->seqnum);
  self->covered = until;
}

/* The time stamp of that stream time, inside the segment: what is before it begins with it. */
static GstClockTime
segment_time (const GstLlama4Side * self, GstClockTime stream_time)
{
  guint64 position;

  if (gst_segment_position_from_stream_time_full (&self->segment, GST_FORMAT_TIME, stream_time, &position) != 1)
    return GST_CLOCK_TIME_NONE;
  return CLAMP (position, self->segment.start, self->segment.stop);     /* NONE is the largest */
}

/* The bytes to push: the text as the format wants it, or the record as a line. (transfer full) */
static GstBuffer *
make_buffer (GstLlama4Side * self, const GstLlama4Item * item)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (self->pad);
  char *bytes;

  if (self->json)
    bytes = g_strconcat (item->json, "\n", NULL);
  else if (caps != NULL && !g_strcmp0 (gst_structure_get_string (gst_caps_get_structure (caps, 0), "format"), "pango-markup"))
    bytes = l4_text_to_markup (item->text);
  else
    bytes = l4_text_to_subtitle (item->text);
  return gst_buffer_new_wrapped (bytes, strlen (bytes));
}

/* When the text is shown, as time stamps. One that is late is shown from now on: in full when its time is over, as it is when it was of
 * the segment before, or else so long that the next can be in time again; where the segment leaves no time for it, at its end. FALSE: it
 * has no time in the segment. */
static gboolean
choose_times (GstLlama4Side * self, const GstLlama4Item * item, GstClockTime * start, GstClockTime * end)
{
  GstClockTime length = item->end - item->start, now = self->covered;

  *start = segment_time (self, item->start);
  *end = segment_time (self, item->end);
  if (item->late && item->segment_number != self->segment_number) {
    *start = now;
    *end = now + length;
  } else if (!GST_CLOCK_TIME_IS_VALID (*start) || !GST_CLOCK_TIME_IS_VALID (*end)) {
    return FALSE;
  } else if (*start < now) {
    if (item->late)
      *end = *end <= now ? now + length : MAX (*end, now + length / 2);
    *start = now;
  }
  if (item->late && *start >= self->segment.stop) {     /* NONE is the largest */
    *end = self->segment.stop;
    *start = MAX (self->segment.start, *end - MIN (length, *end));
  }
  return *start < *end;
}

static void
push_text (GstLlama4Side * self, const GstLlama4Item * item)
{
  const char *says = self->json ? item->json : item->text;
  GstClockTime start, end;
  GstBuffer *buffer;

  if (!choose_times (self, item, &start, &end))
    return;
  cover (self, start);
  if (says == NULL || *says == '\0') {
    cover (self, end);
    return;
  }
  if (gst_pad_check_reconfigure (self->pad))    /* linked to something else */
    push_caps (self);
  buffer = make_buffer (self, item);
  GST_BUFFER_PTS (buffer) = start;
  GST_BUFFER_DURATION (buffer) = end - start;
  self->covered = MAX (self->covered, end);
  self->on_flow (self->pad, gst_pad_push (self->pad, buffer), self->user_data);
}

/* At the time that the records have come to. */
static void
push_note (GstLlama4Side * self, const GstLlama4Item * item)
{
  GstBuffer *buffer;

  if (!self->json)
    return;
  buffer = make_buffer (self, item);
  GST_BUFFER_PTS (buffer) = self->covered;
  GST_BUFFER_DURATION (buffer) = 0;
  self->on_flow (self->pad, gst_pad_push (self->pad, buffer), self->user_data);
}

static void
do_item (GstLlama4Side * self, const GstLlama4Item * item)
{
  if (item->type == GST_LLAMA4_ITEM_SEGMENT) {
    take_segment (self, item);
  } else if (item->type == GST_LLAMA4_ITEM_EOS) {
    ensure_stream (self, FALSE);
    push_event (self, gst_event_new_eos (), item->seqnum);
  } else if (self->has_segment && item->type == GST_LLAMA4_ITEM_TEXT) {
    push_text (self, item);
  } else if (self->has_segment && item->type == GST_LLAMA4_ITEM_NOTE) {
    push_note (self, item);
  } else if (self->has_segment && item->segment_number == self->segment_number) {
    cover (self, segment_time (self, item->end));
  }
}

/* The thread ----------------------------------------------------------------------------------------------------------- */

static gboolean
is_welcome (GstLlama4Side * self, const GstLlama4Item * item)
{
  return self->running && !self->flushing && item->generation == self->generation;
}

static gpointer
run (gpointer data)
{
  GstLlama4Side *self = data;
  GstElement *element;

  g_mutex_lock (&self->lock);
  while (self->running) {
    g_autoptr (GstLlama4Item) item = self->flushing ? NULL : g_queue_pop_head (&self->items);
    gboolean welcome;

    if (item == NULL) {
      g_cond_wait (&self->changed, &self->lock);
      continue;
    }
    g_cond_broadcast (&self->changed);
    g_mutex_unlock (&self->lock);

    g_mutex_lock (&self->push_lock);
    g_mutex_lock (&self->lock);
    welcome = is_welcome (self, item);  /* a flush may have come since */
    g_mutex_unlock (&self->lock);
    if (welcome)
      do_item (self, item);
    g_mutex_unlock (&self->push_lock);

    g_mutex_lock (&self->lock);
  }
  g_mutex_unlock (&self->lock);
  element = self->element;
  gst_llama4_side_unref (self);
  gst_object_unref (element);
  return NULL;
}

void
gst_llama4_side_start (GstLlama4Side * self, guint generation)
{
  if (self->thread != NULL)
    return;
  self->generation = generation;
  self->running = TRUE;
  self->flushing = FALSE;
  self->has_segment = FALSE;
  gst_object_ref (self->element);
  self->thread = g_thread_new ("llama4-side", run, gst_llama4_side_ref (self));
}

void
gst_llama4_side_interrupt (GstLlama4Side * self)
{
  g_mutex_lock (&self->lock);
  self->running = FALSE;
  drop_items (self);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static GThread *
take_thread (GstLlama4Side * self)
{
  GThread *thread;

  g_mutex_lock (&self->lock);
  thread = g_steal_pointer (&self->thread);
  g_mutex_unlock (&self->lock);
  return thread;
}

void
gst_llama4_side_join (GstLlama4Side * self)
{
  GThread *thread = take_thread (self);

  if (thread != NULL)
    g_thread_join (thread);
}

void
gst_llama4_side_detach (GstLlama4Side * self)
{
  GThread *thread = take_thread (self);

  if (thread != NULL)
    g_thread_unref (thread);
}

/* Whether last, which waits, says what item would: that time has passed. */
static gboolean
take_in (GstLlama4Item * last, const GstLlama4Item * item)
{
  if (last == NULL || item->type != GST_LLAMA4_ITEM_PASSED || last->segment_number != item->segment_number)
    return FALSE;
  if (last->type != GST_LLAMA4_ITEM_PASSED)
    return last->type == GST_LLAMA4_ITEM_TEXT && last->end >= item->end;
  last->end = MAX (last->end, item->end);
  return TRUE;
}

/* Whether video has come as far as the first text that waits is to be shown. Before, who muxes both takes no text. */
static gboolean
is_far (const GstLlama4Side * self, const GstLlama4Item * item)
{
  for (const GList * i = self->items.head; i != NULL; i = i->next) {
    const GstLlama4Item *first = i->data;

    if (first->type == GST_LLAMA4_ITEM_TEXT && first->segment_number == item->segment_number)
      return item->start > first->start + self->ahead;
  }
  return TRUE;
}

/* Whether there is no room for a text now. */
static gboolean
is_full (const GstLlama4Side * self, const GstLlama4Item * item)
{
  return item->type == GST_LLAMA4_ITEM_TEXT && self->items.length >= MAX_WAITING && !self->ending && is_far (self, item);
}

void
gst_llama4_side_push (GstLlama4Side * self, GstLlama4Item * given)
{
  g_autoptr (GstLlama4Item) item = given;
  GstLlama4Item *last;

  g_mutex_lock (&self->lock);
  if (item->type == GST_LLAMA4_ITEM_SEGMENT)
    self->ahead = item->ahead;
  while (!item->hasty && is_full (self, item) && is_welcome (self, item))
    g_cond_wait (&self->changed, &self->lock);
  last = g_queue_peek_tail (&self->items);
  if (is_welcome (self, item) && !is_full (self, item) && !take_in (last, item))
    g_queue_push_tail (&self->items, g_steal_pointer (&item));
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
gst_llama4_side_set_ending (GstLlama4Side * self, gboolean ending)
{
  g_mutex_lock (&self->lock);
  self->ending = ending;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
gst_llama4_side_flush_start (GstLlama4Side * self, GstEvent * event, guint generation)
{
  g_mutex_lock (&self->lock);
  self->flushing = TRUE;
  self->generation = generation;
  drop_items (self);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  gst_pad_push_event (self->pad, gst_event_ref (event));
}

void
gst_llama4_side_flush_stop (GstLlama4Side * self, GstEvent * event)
{
  g_mutex_lock (&self->push_lock);
  gst_pad_push_event (self->pad, gst_event_ref (event));
  self->has_segment = FALSE;
  g_mutex_lock (&self->lock);
  self->flushing = FALSE;
  g_mutex_unlock (&self->lock);
  g_mutex_unlock (&self->push_lock);
}
