/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which packets of a film reach the decoder. */

#include "film/plan.h"

#include <gst/gst.h>

#include "film/entries.h"

#define MAX_GROUP (64 << 20)    /* bytes that are held back to decide on a group */


static void
clear_queue (GQueue *queue)
{
  AVPacket *packet;

  while ((packet = g_queue_pop_head (queue)) != NULL)
    av_packet_free (&packet);
}

static void
drop_group (L4Plan *self)
{
  clear_queue (&self->group);
  self->group_bytes = 0;
}

void
l4_plan_clear (L4Plan *self)
{
  clear_queue (&self->ready);
  drop_group (self);
}

static gint64
time_of (const L4Plan *self, const AVPacket *packet)
{
  return l4_reader_time (self->reader, l4_packet_stamp (packet));
}

/* Pictures that follow a key frame, but are shown before it, need the group before. */
static gboolean
can_be_decoded (const L4Plan *self, const AVPacket *packet)
{
  return self->whole_before || packet->pts == AV_NOPTS_VALUE || self->key_stamp == AV_NOPTS_VALUE || packet->pts >= self->key_stamp;
}

static void
take (L4Plan *self, AVPacket *packet)
{
  packet->opaque = GINT_TO_POINTER (self->state == L4_PLAN_KEY);
  if (can_be_decoded (self, packet))
    g_queue_push_tail (&self->ready, packet);
  else
    av_packet_free (&packet);
}

static void
decide_on_whole (L4Plan *self)
{
  AVPacket *packet;

  self->state = L4_PLAN_WHOLE;
  while ((packet = g_queue_pop_head (&self->group)) != NULL)
    take (self, packet);
  self->group_bytes = 0;
}

static void
decide_on_key (L4Plan *self)
{
  self->state = L4_PLAN_KEY;
  take (self, g_queue_pop_head (&self->group));
  drop_group (self);
}

/* Whether the group's time is up by this packet. */
static gboolean
is_late (const L4Plan *self, const AVPacket *packet)
{
  const gint64 stamp = l4_packet_stamp (packet);

  return stamp == AV_NOPTS_VALUE || self->key_stamp == AV_NOPTS_VALUE
      || l4_reader_time (self->reader, stamp) - l4_reader_time (self->reader, self->key_stamp) > self->limit;
}

static void
hold (L4Plan *self, AVPacket *packet)
{
  g_queue_push_tail (&self->group, packet);
  self->group_bytes += packet->size;
}

/* A key frame that an edit list hides stands for nothing: of its group everything is looked at. */
static void
begin_group (L4Plan *self, AVPacket *key)
{
  gint64 gap;

  self->whole_before = self->state == L4_PLAN_WHOLE;
  self->state = L4_PLAN_UNDECIDED;
  self->key_stamp = l4_packet_stamp (key);
  hold (self, key);
  if (self->decode == L4_FILM_DECODE_ALL || (key->flags & AV_PKT_FLAG_DISCARD))
    decide_on_whole (self);
  else if (self->decode == L4_FILM_DECODE_KEYS)
    decide_on_key (self);
  else if (l4_entries_get_gap (self->reader, key, &gap))
    (gap > self->limit ? decide_on_whole : decide_on_key) (self);
}

static void
add (L4Plan *self, AVPacket *packet)
{
  if (self->state == L4_PLAN_UNDECIDED && (is_late (self, packet) || self->group_bytes > MAX_GROUP))
    decide_on_whole (self);
  if (self->state == L4_PLAN_UNDECIDED)
    hold (self, packet);
  else if (self->state == L4_PLAN_WHOLE)
    take (self, packet);
  else
    av_packet_free (&packet);
}

/* What comes before the first key frame cannot be decoded. */
static void
wait_for_key (L4Plan *self, AVPacket *packet)
{
  if (++self->n_before_key > L4_MAX_BEFORE_KEY)
    begin_group (self, packet);
  else
    av_packet_free (&packet);
}

static void
put (L4Plan *self, AVPacket *packet)
{
  if (packet->flags & AV_PKT_FLAG_KEY) {
    if (self->state == L4_PLAN_UNDECIDED && is_late (self, packet))
      decide_on_whole (self);
    if (self->state == L4_PLAN_UNDECIDED)
      decide_on_key (self);
    begin_group (self, packet);
  } else if (self->state == L4_PLAN_NO_GROUP) {
    wait_for_key (self, packet);
  } else {
    add (self, packet);
  }
}

/* The last group is short, and its pictures are all that the last window has: it is looked at as a whole. */
static gboolean
end (L4Plan *self)
{
  if (self->state != L4_PLAN_UNDECIDED)
    return FALSE;
  decide_on_whole (self);
  return TRUE;
}

AVPacket *
l4_plan_next (L4Plan *self, gboolean *alone, GError **error)
{
  g_autoptr (GError) failure = NULL;
  AVPacket *packet;

  while (g_queue_is_empty (&self->ready)) {
    packet = self->state == L4_PLAN_KEY ? l4_reader_next_key (self->reader, &failure) : l4_reader_next (self->reader, &failure);
    if (packet != NULL) {
      put (self, packet);
    } else if (failure != NULL) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    } else if (!end (self)) {
      return NULL;
    }
  }
  packet = g_queue_pop_head (&self->ready);
  *alone = packet->opaque != NULL;
  return packet;
}

/* Reads on to the last key frame that is shown at `from` or before it, and puts everything since then into the plan. A group that is
 * too large to be held back is where it begins, although it may not be the last. */
static gboolean
skip_to (L4Plan *self, gint64 from, GError **error)
{
  g_autoptr (GError) failure = NULL;
  GQueue held = G_QUEUE_INIT;
  gsize bytes = 0;
  AVPacket *packet;

  while (bytes <= MAX_GROUP && (packet = l4_reader_next (self->reader, &failure)) != NULL) {
    const gboolean known = l4_packet_stamp (packet) != AV_NOPTS_VALUE, key = packet->flags & AV_PKT_FLAG_KEY;
    const gboolean late = known && time_of (self, packet) > from;

    if (key && known && !late) {
      clear_queue (&held);
      bytes = 0;
    }
    g_queue_push_tail (&held, packet);
    bytes += packet->size;
    if (late)
      break;
  }
  while ((packet = g_queue_pop_head (&held)) != NULL)
    put (self, packet);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
l4_plan_start (L4Plan *self, L4Reader *reader, L4FilmDecode decode, gint64 from, guint64 window, guint n_frames, GError **error)
{
  l4_plan_clear (self);
  *self = (L4Plan) {.reader = reader,.decode = decode };
  /* Two pictures in each window show what moves. A little more is let pass: 60 frames at 29.97 a second are 2.002 s. */
  self->limit = window / MIN (MAX (n_frames, 1), 2);
  self->limit += self->limit / 25;
  if (!(from > 0 ? l4_reader_seek (reader, from, error) : l4_reader_rewind (reader, error)))
    return FALSE;
  return from <= 0 || skip_to (self, from, error);
}
