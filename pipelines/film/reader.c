/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The packets of a film, in the order of the file: demuxed, with times that never jump back. */

#include "film/reader.h"

#include <string.h>

#include <libavcodec/avcodec.h>

#include "film/choose.h"
#include "film/demuxer.h"
#include "film/entries.h"

#define MAX_FAILURES 256        /* of the demuxer in a row, after which nothing more is to be expected */
#define JUMP_BACK 0.5           /* seconds: more than that is another clock, not a muxer that counts badly */
#define JUMP_AHEAD 3600         /* seconds: less than that is a gap */
#define JUMP_TURN 10            /* seconds: less than that is a gap in which the counter turned */
#define N_FIRST 16              /* packets that tell how a container tells times */
#define MAX_FIRST (4 << 20)     /* bytes; larger ones come in order */
#define MAX_RATE 480            /* pictures a second; what is beyond is the clock's */
#define SEEK_MARGIN 2           /* seconds before the time that is wanted: indexes tell when frames are decoded, not shown */

static void
close_demuxer (L4Reader *self)
{
  g_clear_pointer (&self->order, l4_order_free);
  g_clear_pointer (&self->keys, l4_keys_free);
  l4_demuxer_close (&self->demuxer, &self->io);
}

static void
forget_packets (L4Reader *self)
{
  AVPacket *packet;

  while ((packet = g_queue_pop_head (&self->ahead)) != NULL || (packet = g_queue_pop_head (&self->others)) != NULL)
    av_packet_free (&packet);
}

static void
begin (L4Reader *self)
{
  self->begun = self->ended = FALSE;
  self->n_failures = 0;
  self->jumps_fail = FALSE;
  self->shift = 0;
  self->last = self->end = AV_NOPTS_VALUE;
  self->last_duration = 0;
  self->damaged = 0;
}

/* One packet of any stream, as the file has it. NULL: no further one comes. */
static AVPacket *
read_packet (L4Reader *self)
{
  AVPacket *packet = av_packet_alloc ();

  while (packet != NULL && !self->ended) {
    int status = av_read_frame (self->demuxer, packet);

    if (status >= 0) {
      self->n_failures = 0;
      return packet;
    }
    if (status != AVERROR_INVALIDDATA && status != AVERROR (EAGAIN))
      self->ended = TRUE;       /* the end, or an error that stays */
    else if (++self->n_failures >= MAX_FAILURES)
      self->ended = TRUE;
    self->damaged += status == AVERROR_INVALIDDATA;
    if (l4_source_is_cancelled (self->source))
      self->ended = TRUE;
  }
  av_packet_free (&packet);
  return NULL;
}

AVPacket *
l4_reader_read_any (L4Reader *self, GError **error)
{
  AVPacket *packet = read_packet (self);

  if (packet == NULL)
    l4_source_check (self->source, error);
  return packet;
}

/* Whether a jump ahead is one to another clock. One to a smaller time looks like a turn of the 33-bit counter, but for its length. */
static gboolean
jumps_ahead (const L4Reader *self, const AVPacket *packet, double jump)
{
  const int bits = self->stream->pts_wrap_bits;
  const gint64 before = self->last - self->shift;

  if (!(self->demuxer->iformat->flags & AVFMT_TS_DISCONT))
    return FALSE;
  return jump > JUMP_AHEAD || (jump > JUMP_TURN && bits < 63 && before >> bits != packet->dts >> bits);
}

/* A jump back is the beginning of another clock, as where transport streams were joined: time goes on from where it was. So does it
 * after a jump ahead to another one. An MP4 has a time line of its own. */
static void
straighten (L4Reader *self, AVPacket *packet)
{
  const double unit = av_q2d (self->stream->time_base);

  if (packet->dts == AV_NOPTS_VALUE || strstr (self->demuxer->iformat->name, "mp4") != NULL)
    return;
  if (self->last != AV_NOPTS_VALUE) {
    const double jump = (packet->dts + self->shift - self->last) * unit;

    if (jump < -JUMP_BACK || jumps_ahead (self, packet, jump)) {
      GST_CAT_DEBUG (l4_film_debug, "time stamps jump by %.3f s", jump);
      self->shift = self->last + self->last_duration - packet->dts;
    }
  }
  packet->dts += self->shift;
  if (packet->pts != AV_NOPTS_VALUE)
    packet->pts += self->shift;
  self->last = packet->dts;
  if (packet->duration > 0)
    self->last_duration = packet->duration;
}

/* What a picture lasts on the average, in the stream's time base; 0: not known. */
static gint64
usual_duration (const L4Reader *self)
{
  const AVRational rate = l4_stream_rate (self->stream);

  return rate.num > 0 ? av_rescale_q (1, av_inv_q (rate), self->stream->time_base) : 0;
}

/* A bare stream tells no times: its pictures follow each other. */
static void
count (L4Reader *self, AVPacket *packet)
{
  if (packet->duration <= 0)
    packet->duration = MAX (usual_duration (self), 1);
  packet->dts = self->last != AV_NOPTS_VALUE ? self->last + self->last_duration : 0;
}

static void
note (L4Reader *self, AVPacket *packet)
{
  if (self->counts)
    count (self, packet);
  straighten (self, packet);
  if (self->keys != NULL && (packet->flags & AV_PKT_FLAG_KEY) && !l4_keys_check (self->keys, packet->data, packet->size))
    packet->flags &= ~AV_PKT_FLAG_KEY;
  self->damaged += (packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
}

static void
put_ahead (L4Reader *self, AVPacket *packet)
{
  if (packet != NULL)
    note (self, packet);
  if (self->order != NULL)
    l4_order_put (self->order, packet, &self->ahead);
  else if (packet != NULL)
    g_queue_push_tail (&self->ahead, packet);
}

void
l4_reader_pass (L4Reader *self, AVPacket *packet)
{
  if (self->all)
    g_queue_push_tail (&self->others, packet);
  else
    av_packet_free (&packet);
}

/* One more packet of the film as the file has it. NULL: no further one comes. */
static AVPacket *
read_film (L4Reader *self)
{
  AVPacket *packet;

  while ((packet = read_packet (self)) != NULL && packet->stream_index != self->stream->index)
    l4_reader_pass (self, packet);
  return packet;
}

/* Reads on until at least so many packets of the film wait; FALSE: the end comes before that, or what went wrong. */
static gboolean
read_ahead (L4Reader *self, guint n, GError **error)
{
  while (g_queue_get_length (&self->ahead) < n) {
    if (self->ended) {
      l4_source_check (self->source, error);
      return FALSE;
    }
    put_ahead (self, read_film (self));
  }
  return TRUE;
}

/* Containers that do not tell when pictures are shown do not tell how long either. */
static void
move_end (L4Reader *self, const AVPacket *packet)
{
  const gint64 stamp = l4_packet_stamp (packet);
  const gint64 duration = self->order != NULL ? MAX (packet->duration, usual_duration (self)) : packet->duration;

  if (stamp != AV_NOPTS_VALUE && !(packet->flags & AV_PKT_FLAG_DISCARD))
    self->end = self->end == AV_NOPTS_VALUE ? stamp + duration : MAX (self->end, stamp + duration);
}

AVPacket *
l4_reader_next (L4Reader *self, GError **error)
{
  AVPacket *packet = read_ahead (self, 1, error) ? g_queue_pop_head (&self->ahead) : NULL;

  self->begun = TRUE;
  if (packet != NULL)
    move_end (self, packet);
  return packet;
}

AVPacket *
l4_reader_next_any (L4Reader *self, GError **error)
{
  AVPacket *packet = g_queue_pop_head (&self->others);

  self->begun = TRUE;
  while (packet == NULL && (packet = g_queue_pop_head (&self->ahead)) == NULL && !self->ended) {
    packet = read_packet (self);
    if (packet != NULL && packet->stream_index != self->stream->index)
      return packet;
    put_ahead (self, g_steal_pointer (&packet));
  }
  if (packet == NULL)
    l4_source_check (self->source, error);
  return packet;
}

AVPacket *
l4_reader_peek (L4Reader *self, guint n, GError **error)
{
  return read_ahead (self, n + 1, error) ? g_queue_peek_nth (&self->ahead, n) : NULL;
}

/* What was read while the stream was chosen, and a little more, tells whether the container says when pictures are shown. A transport
 * stream says it now and then, and FFmpeg fills the gaps. */
static void
put_first (L4Reader *self)
{
  const gboolean fills = self->demuxer->iformat->flags & AVFMT_TS_DISCONT;
  GQueue first = self->ahead;
  gboolean tells = TRUE, counts = TRUE;
  AVPacket *packet;

  g_queue_init (&self->ahead);
  if (fills)
    self->demuxer->flags |= AVFMT_FLAG_GENPTS;
  for (gsize bytes = 0; bytes < MAX_FIRST && g_queue_get_length (&first) < N_FIRST && (packet = read_film (self)) != NULL;) {
    g_queue_push_tail (&first, packet);
    bytes += packet->size;
  }
  for (GList * link = first.head; link != NULL; link = link->next) {
    packet = link->data;
    tells = tells && packet->pts != AV_NOPTS_VALUE;
    counts = counts && l4_packet_stamp (packet) == AV_NOPTS_VALUE;
  }
  self->counts = counts;
  if (!tells && !fills)
    self->order = l4_order_new (self->stream);
  while ((packet = g_queue_pop_head (&first)) != NULL)
    put_ahead (self, packet);
  if (self->ended)
    put_ahead (self, NULL);
}

/* From the first byte on to where the film's stream is chosen. */
static gboolean
open_film (L4Reader *self, GError **error)
{
  begin (self);
  self->demuxer = l4_demuxer_open (self->source, &self->io, error);
  if (self->demuxer == NULL)
    return FALSE;
  self->stream = l4_choose_stream (self, error);
  if (self->stream == NULL)
    return FALSE;
  self->keys = l4_keys_new (self->stream);
  for (guint i = 0; !self->all && i < self->demuxer->nb_streams; i++)
    if (self->demuxer->streams[i] != self->stream)
      self->demuxer->streams[i]->discard = AVDISCARD_ALL;
  put_first (self);
  return TRUE;
}

static L4Reader *
open_reader (const char *path, gboolean all, GCancellable *cancellable, GError **error)
{
  g_autoptr (L4Reader) self = g_new0 (L4Reader, 1);

  g_queue_init (&self->ahead);
  g_queue_init (&self->others);
  self->all = all;
  self->source = l4_source_open (path, cancellable, error);
  if (self->source == NULL || !open_film (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

L4Reader *
l4_reader_open (const char *path, GCancellable *cancellable, GError **error)
{
  return open_reader (path, FALSE, cancellable, error);
}

L4Reader *
l4_reader_open_all (const char *path, GCancellable *cancellable, GError **error)
{
  return open_reader (path, TRUE, cancellable, error);
}

void
l4_reader_close (L4Reader *self)
{
  if (self == NULL)
    return;
  forget_packets (self);
  close_demuxer (self);
  l4_source_close (self->source);
  g_free (self);
}

gboolean
l4_reader_rewind (L4Reader *self, GError **error)
{
  if (!self->begun)
    return TRUE;
  forget_packets (self);
  close_demuxer (self);
  return open_film (self, error);
}

/* Whether times in the file's index are times on the film's clock, so that it makes no difference where reading begins. */
static gboolean
has_index (const L4Reader *self)
{
  static const char *const names[] = { "mov", "matroska", "avi", NULL };
  g_autofree char *container = l4_reader_get_container (self);

  return g_strv_contains (names, container);
}

/* Whether what comes next is a key frame that is shown at that time or before it. */
static gboolean
is_early (L4Reader *self, gint64 time)
{
  const AVPacket *packet = l4_reader_peek (self, 0, NULL);

  return packet != NULL && (packet->flags & AV_PKT_FLAG_KEY) && l4_packet_stamp (packet) != AV_NOPTS_VALUE
      && l4_reader_time (self, l4_packet_stamp (packet)) <= time;
}

gboolean
l4_reader_seek (L4Reader *self, gint64 time, GError **error)
{
  const AVRational nanoseconds = { 1, GST_SECOND };
  gint64 stamp = self->zero + av_rescale_q (time - SEEK_MARGIN * (gint64) GST_SECOND, nanoseconds, self->stream->time_base);

  if (time > SEEK_MARGIN * (gint64) GST_SECOND && has_index (self)) {
    forget_packets (self);
    if (self->order != NULL)
      l4_order_reset (self->order);
    begin (self);
    self->begun = TRUE;
    if (av_seek_frame (self->demuxer, self->stream->index, stamp, AVSEEK_FLAG_BACKWARD) >= 0 && is_early (self, time))
      return TRUE;
  }
  return l4_reader_rewind (self, error);
}

/* To the key frame after that packet, if the index tells where it is. */
static void
jump (L4Reader *self, const AVPacket *packet)
{
  const AVPacket *there;
  gint64 time;

  if (self->jumps_fail || !g_queue_is_empty (&self->ahead) || !l4_entries_aim (self, packet, &time))
    return;
  av_seek_frame (self->demuxer, self->stream->index, time, AVSEEK_FLAG_BACKWARD);
  while ((there = l4_reader_peek (self, 0, NULL)) != NULL && there->dts <= packet->dts) {
    av_packet_free ((AVPacket **) &self->ahead.head->data);
    g_queue_pop_head (&self->ahead);
    self->jumps_fail = TRUE;
  }
}

AVPacket *
l4_reader_next_key (L4Reader *self, GError **error)
{
  AVPacket *packet;

  while ((packet = l4_reader_next (self, error)) != NULL && !(packet->flags & AV_PKT_FLAG_KEY)) {
    jump (self, packet);
    av_packet_free (&packet);
  }
  return packet;
}

gint64
l4_reader_time (const L4Reader *self, gint64 stamp)
{
  const AVRational nanoseconds = { 1, GST_SECOND };

  return av_rescale_q (stamp - self->zero, self->stream->time_base, nanoseconds);
}

gint64
l4_packet_stamp (const AVPacket *packet)
{
  return packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
}

AVRational
l4_stream_rate (const AVStream *stream)
{
  const AVRational unknown = { 0, 1 }, *rates[] = { &stream->avg_frame_rate, &stream->r_frame_rate };

  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++)
    if (rates[i]->num > 0 && rates[i]->den > 0 && av_q2d (*rates[i]) <= MAX_RATE)
      return *rates[i];
  return unknown;
}

char *
l4_reader_get_container (const L4Reader *self)
{
  const char *name = self->demuxer->iformat->name;

  return g_strndup (name, strcspn (name, ","));
}
