/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A camera through llama4describe, for as long as it takes: lost and tried again, in a thread of its own. */

#include "watch/feed.h"

#include <string.h>

#include "base/error.h"
#include "watch/arrival.h"
#include "watch/chain.h"
#include "watch/clock.h"
#include "watch/reason.h"
#include "watch/sight.h"
#include "watch/source.h"
#include "watch/try.h"

#define TICK (200 * GST_MSECOND)        /* between two looks at whether pictures come, and whether it is to end */
#define CONNECT_US (20 * G_USEC_PER_SEC)        /* that a first picture may take, beside the camera's own limit */
#define CAUSE_US (200 * G_TIME_SPAN_MILLISECOND)        /* between an error that tells little and a warning that tells more, at most */
#define DRAIN_US (60 * G_USEC_PER_SEC)  /* for what was seen before a camera was lost to be described */
#define STEADY_US (60 * G_USEC_PER_SEC) /* up for so long: waits begin anew */
#define SAY_US (60 * G_USEC_PER_SEC)    /* between two warnings */
#define HANG_US (60 * G_USEC_PER_SEC)   /* that a source may take to begin or to stop */

struct _L4Feed
{
  const L4FeedContext *context;
  const L4Camera *camera;
  guint number;
  L4Chain *chain;
  GThread *thread;
  GRand *random;
  L4Trust *trust;               /* NULL: as the system does */
  L4Ring *ring;                 /* NULL: nobody wants the packets */
  L4Sight *sight;
  L4Arrival *arrival;           /* of the latest try; NULL: there was none */
  GCancellable *cancellable;    /* of finding out why it failed */
  gint64 said;                  /* when the latest warning was passed on, monotonic; 0: none was */

  GMutex lock;
  GCond changed;
  gboolean stopping, ended;
  gboolean left;                /* alone: nobody listens any more */
  gint64 alive;                 /* when its thread was last known to be, monotonic; 0: it hangs, or need not be */
  L4FeedCounts counts;          /* of the tries that are over */
};

/* Events ------------------------------------------------------------------------------------------------------------------------ */

static L4News *
news_new (const L4Feed *self, L4NewsKind kind)
{
  L4News *event = g_new0 (L4News, 1);

  event->kind = kind;
  event->camera = self->number;
  return event;
}

static void
tell (const L4Feed *self, L4NewsKind kind, const char *text)
{
  L4News *event = news_new (self, kind);

  event->text = l4_text_to_line (text != NULL ? text : "", -1);
  l4_news_queue_push (self->context->news, event);
}

/* One of its flags. */
static gboolean
is_set (L4Feed *self, const gboolean *flag)
{
  gboolean set;

  g_mutex_lock (&self->lock);
  set = *flag;
  g_mutex_unlock (&self->lock);
  return set;
}

static gboolean
is_stopping (L4Feed *self)
{
  return is_set (self, &self->stopping);
}

/* Its thread is, until then and for a while. */
static void
set_alive (L4Feed *self, gint64 when)
{
  g_mutex_lock (&self->lock);
  self->alive = when;
  g_mutex_unlock (&self->lock);
}

/* Making ------------------------------------------------------------------------------------------------------------------------ */

static void
on_source (GstPad *pad, gboolean live, gpointer data)
{
  l4_chain_let_in (((L4Feed *) data)->chain, pad, live);
}

static void
on_packet (GstCaps *caps, GstBuffer *packet, guint64 time, gpointer data)
{
  l4_ring_push (((L4Feed *) data)->ring, caps, packet, time);
}

/* Whom the camera's address is trusted by. */
static gboolean
find_trust (L4Feed *self, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (self->camera->ca_file == NULL)
    return TRUE;
  self->trust = l4_trust_new (self->camera->ca_file, &problem);
  return self->trust != NULL || l4_fail (error, L4_ERROR_INPUT, "%s:%u: ca-file: %s", self->context->cameras->file, self->camera->line,
      problem->message);
}

static gboolean
build (L4Feed *self, GError **error)
{
  self->chain = l4_chain_new (self->context->options, self->context->cameras, self->camera, error);
  if (self->chain == NULL)
    return FALSE;
  self->sight = l4_sight_new (self->camera, &self->context->live, self->chain->queue, self->chain->describe);
  g_object_set (self->chain->describe, "pictures", self->context->pictures, NULL);
  return find_trust (self, error);
}

L4Feed *
l4_feed_new (const L4FeedContext *context, guint number, GError **error)
{
  g_autoptr (L4Feed) self = g_new0 (L4Feed, 1);

  self->context = context;
  self->camera = g_ptr_array_index (context->cameras->cameras, number);
  self->number = number;
  self->random = g_rand_new ();
  self->cancellable = g_cancellable_new ();
  self->ring = l4_clips_get_ring (context->clips, number);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return build (self, error) ? g_steal_pointer (&self) : NULL;
}

gboolean
l4_feed_join (L4Feed *self, gint64 until)
{
  gboolean ended;

  g_mutex_lock (&self->lock);
  while (!self->ended && g_cond_wait_until (&self->changed, &self->lock, until));
  ended = self->ended;
  self->left = !ended;
  g_mutex_unlock (&self->lock);
  if (ended)
    g_clear_pointer (&self->thread, g_thread_join);
  return ended;
}

void
l4_feed_free (L4Feed *self)
{
  if (self == NULL)
    return;
  l4_feed_stop (self);
  g_clear_pointer (&self->thread, g_thread_join);
  l4_chain_free (self->chain);
  l4_sight_free (self->sight);
  l4_arrival_unref (self->arrival);
  g_object_unref (self->cancellable);
  l4_trust_free (self->trust);
  g_rand_free (self->random);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

/* Messages ---------------------------------------------------------------------------------------------------------------------- */

static void
take_said (L4Feed *self, const GstStructure *structure, L4NewsKind kind)
{
  L4News *event = news_new (self, kind);

  gst_structure_get (structure, "start", G_TYPE_UINT64, &event->start, "end", G_TYPE_UINT64, &event->end, NULL);
  event->text = g_strdup (gst_structure_get_string (structure, "text"));
  event->record = g_strdup (gst_structure_get_string (structure, "json"));
  gst_structure_get (structure, "picture", GST_TYPE_SAMPLE, &event->picture, NULL);
  event->stream = self->ring != NULL ? l4_ring_get_stream (self->ring) : 0;
  l4_sight_tell_time (self->sight, event->start, event->end, g_get_real_time (), &event->from, &event->until);
  l4_news_queue_push (self->context->news, event);
}

/* The first, and then no more than one a minute: a broken camera has one for each picture. */
static void
tell_warning (L4Feed *self, const L4Try *try)
{
  gint64 now = g_get_monotonic_time ();

  if (self->said != 0 && now - self->said < SAY_US)
    return;
  self->said = now;
  tell (self, L4_NEWS_SAY, try->warning);
}

static void
take_progress (const L4Feed *self, GstMessage *message)
{
  L4News *event;
  int percent;

  if (self->number > 0 || !gst_structure_get_int (gst_message_get_structure (message), "percent", &percent) || percent < 0)
    return;
  event = news_new (self, L4_NEWS_LOADING);
  event->percent = percent;
  l4_news_queue_push (self->context->news, event);
}

static void
take_element (L4Feed *self, GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);

  if (gst_structure_has_name (structure, "llama4-description"))
    take_said (self, structure, L4_NEWS_WINDOW);
  else if (gst_structure_has_name (structure, "llama4-unchanged"))
    take_said (self, structure, L4_NEWS_UNCHANGED);
  else if (gst_structure_has_name (structure, "llama4-summary"))
    take_said (self, structure, L4_NEWS_SUMMARY);
  else if (gst_structure_has_name (structure, "llama4-partial"))
    take_said (self, structure, L4_NEWS_PARTIAL);
  else if (gst_structure_has_name (structure, "llama4-licence") && self->number == 0)
    tell (self, L4_NEWS_NOTICE, gst_structure_get_string (structure, "notice"));
}

static void
take (L4Feed *self, L4Try *try, GstMessage *message)
{
  l4_try_take (try, message, self->chain->describe);
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      l4_arrival_take (self->arrival, message);
      take_element (self, message);
      break;
    case GST_MESSAGE_WARNING:
      tell_warning (self, try);
      break;
    case GST_MESSAGE_PROGRESS:
      if (GST_MESSAGE_SRC (message) == GST_OBJECT (self->chain->describe))
        take_progress (self, message);
      break;
    default:
      break;
  }
}

/* One try ----------------------------------------------------------------------------------------------------------------------- */

/* The first picture is told of, and none for too long is an end: but not of a film, one of whose pictures may be shown for long. */
static void
look (L4Feed *self, L4Try *try, gboolean again)
{
  gboolean ending;
  gint64 seen = l4_sight_get_latest (self->sight, &ending), now = g_get_monotonic_time ();
  gint64 limit = self->camera->stall / 1000 + (seen == 0 ? CONNECT_US : 0);

  if (seen != 0 && !try->up) {
    L4News *event = news_new (self, L4_NEWS_UP);

    event->again = again;
    try->up = TRUE;
    l4_news_queue_push (self->context->news, event);
  }
  if (l4_sight_get_ahead (self->sight) > 0)
    l4_try_end (try, g_strdup_printf (_("its clock has jumped ahead by %.0f s"), l4_sight_get_ahead (self->sight) / 1e9));
  if (ending || (seen != 0 && l4_camera_is_film (self->camera)))
    return;
  if (now - (seen != 0 ? seen : try->begun) > limit)
    l4_reason_stall (try, self->arrival, seen != 0, limit);
}

/* What an error does not tell may come a moment later. */
static void
wait_for_cause (L4Feed *self, L4Try *try)
{
  while (try->vague != 0 && !is_stopping (self) && g_get_monotonic_time () - try->vague < CAUSE_US) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop (self->chain->bus, TICK);

    if (message != NULL)
      take (self, try, message);
  }
  try->vague = 0;               /* what is warned of from now on comes of the end */
}

/* What came before is described still. */
static void
drain (L4Feed *self, L4Try *try)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (self->chain->queue, "sink");
  gint64 until = g_get_monotonic_time () + DRAIN_US;

  gst_pad_send_event (sink, gst_event_new_eos ());
  while (!try->drained && !is_stopping (self) && g_get_monotonic_time () < until) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop (self->chain->bus, TICK);

    set_alive (self, g_get_monotonic_time ());
    if (message != NULL)
      take (self, try, message);
  }
}

/* What was described before a stop is on the bus still. */
static void
take_rest (L4Feed *self)
{
  GstMessage *message;

  while (!is_set (self, &self->left) && (message = gst_bus_pop_filtered (self->chain->bus, GST_MESSAGE_ELEMENT)) != NULL) {
    take_element (self, message);
    gst_message_unref (message);
  }
}

/* The source is stopped, while what came of it is described still: a thread of its that waited for room, behind a picture whose time comes
 * much later, could not be. At the end nothing is, and none waits for an answer to what it asks behind such a picture either. */
static void
stop_source (L4Feed *self, GstElement *source)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (self->chain->queue, "sink");

  l4_sight_close (self->sight);
  l4_chain_set_open (self->chain, TRUE);
  if (is_stopping (self))
    gst_pad_send_event (sink, gst_event_new_flush_start ());
  gst_element_set_locked_state (source, TRUE);
  gst_element_set_state (source, GST_STATE_NULL);
}

static void
begin (L4Feed *self)
{
  l4_chain_set_open (self->chain, FALSE);
  l4_sight_reset (self->sight);
  gst_bus_set_flushing (self->chain->bus, TRUE);
  gst_bus_set_flushing (self->chain->bus, FALSE);
}

/* Adds what the element counted since it was begun, before it begins anew. */
static void
count (L4Feed *self)
{
  g_autoptr (GstStructure) stats = NULL;
  L4FeedCounts counts = { 0 };

  g_object_get (self->chain->describe, "stats", &stats, NULL);
  if (stats != NULL)
    gst_structure_get (stats, "described", G_TYPE_UINT64, &counts.described, "unchanged", G_TYPE_UINT64, &counts.unchanged,
        "skipped", G_TYPE_UINT64, &counts.skipped, "failed", G_TYPE_UINT64, &counts.failed, NULL);
  g_mutex_lock (&self->lock);
  self->counts.described += counts.described;
  self->counts.unchanged += counts.unchanged;
  self->counts.skipped += counts.skipped;
  self->counts.failed += counts.failed;
  g_mutex_unlock (&self->lock);
}

/* again: it was lost before. */
static void
run_once (L4Feed *self, L4Try *try, gboolean again)
{
  GstElement *source;

  set_alive (self, g_get_monotonic_time ());
  begin (self);
  source = l4_source_new (self->camera->uri, self->trust, on_source, self->ring != NULL ? on_packet : NULL, self);
  l4_arrival_unref (self->arrival);
  self->arrival = l4_arrival_new (source);
  gst_bin_add (GST_BIN (self->chain->pipeline), source);
  gst_element_set_state (self->chain->pipeline, GST_STATE_PLAYING);    /* whether that works the bus will tell */
  while (!try->ended && try->reason == NULL && !is_stopping (self)) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop (self->chain->bus, TICK);

    set_alive (self, g_get_monotonic_time ());
    if (message != NULL)
      take (self, try, message);
    look (self, try, again);
  }
  wait_for_cause (self, try);
  stop_source (self, source);
  if (try->up && !try->drained && !try->fatal)
    drain (self, try);
  count (self);
  gst_element_set_state (self->chain->pipeline, GST_STATE_READY);
  take_rest (self);
  gst_bin_remove (GST_BIN (self->chain->pipeline), source);
  set_alive (self, 0);
  if (self->ring != NULL)
    l4_ring_break (self->ring);
}

/* All of them ------------------------------------------------------------------------------------------------------------------- */

static void
wait_ms (L4Feed *self, guint ms)
{
  gint64 until = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;

  g_mutex_lock (&self->lock);
  while (!self->stopping && g_cond_wait_until (&self->changed, &self->lock, until));
  g_mutex_unlock (&self->lock);
}

/* TRUE: it goes on. A film is over at its end, a camera is lost then. */
static gboolean
settle (L4Feed *self, L4Try *try, gboolean again)
{
  if (is_stopping (self))
    return FALSE;
  if (try->fatal) {
    tell (self, L4_NEWS_FATAL, try->reason);
    return FALSE;
  }
  if (try->reason == NULL && l4_camera_is_film (self->camera)) {
    tell (self, L4_NEWS_OVER, NULL);
    return FALSE;
  }
  if (try->up || !again)        /* that it cannot be reached is told once */
    tell (self, L4_NEWS_LOST, try->reason != NULL ? try->reason : _("the stream has ended"));
  return TRUE;
}

static gpointer
run (gpointer data)
{
  L4Feed *self = data;
  guint attempt = 0;
  gboolean again = FALSE, goes_on = TRUE;

  while (goes_on) {
    g_auto (L4Try) try = l4_try_begin ();

    run_once (self, &try, again);
    l4_reason_find (&try, self->arrival, again ? NULL : self->camera->uri, self->trust, self->cancellable);
    goes_on = settle (self, &try, again);
    again = TRUE;
    attempt = try.up && g_get_monotonic_time () - try.begun > STEADY_US ? 1 : attempt + 1;
    if (goes_on)
      wait_ms (self, l4_clock_wait (attempt, self->random));
  }
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return NULL;
}

void
l4_feed_start (L4Feed *self)
{
  self->thread = g_thread_new ("l4-camera", run, self);
}

void
l4_feed_stop (L4Feed *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_cancellable_cancel (self->cancellable);
}

gboolean
l4_feed_begins_to_hang (L4Feed *self)
{
  gboolean hangs;

  g_mutex_lock (&self->lock);
  hangs = self->alive != 0 && g_get_monotonic_time () - self->alive > HANG_US;
  self->alive = hangs ? 0 : self->alive;
  g_mutex_unlock (&self->lock);
  return hangs;
}

/* Facts ------------------------------------------------------------------------------------------------------------------------- */

char *
l4_feed_get_prompt_digest (L4Feed *self)
{
  return l4_describe_prompt_digest (self->chain->describe);
}

void
l4_feed_get_counts (L4Feed *self, L4FeedCounts *counts)
{
  g_mutex_lock (&self->lock);
  *counts = self->counts;
  g_mutex_unlock (&self->lock);
}
