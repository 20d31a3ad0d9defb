/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The packets of a film, in the order of the file: demuxed, with times that never jump back. */

#include "film/reader.h"

#include <string.h>

#include <libavcodec/avcodec.h>

#include "film/choose.h"
#include "film/demuxer.h"

#define MAX_FAILURES 256        /* of the demuxer in a row, after which nothing more is to be expected */
#define JUMP_BACK 0.5           /* seconds: more than that is another clock, not a muxer that counts badly */
#define JUMP_AHEAD 3600         /* seconds: less than that is a gap */
#define SEEK_MARGIN 2           /* seconds before the time that is wanted: indexes tell when frames are decoded, not shown */

static void
forget_packets (L4Reader *self)
{
  AVPacket *packet;

  while ((packet = g_queue_pop_head (&self->ahead)) != NULL)
    av_packet_free (&packet);
}

static void
begin (L4Reader *self)
{
  self->begun = self->ended = FALSE;
  self->n_failures = 0;
  self->shift = 0;
  self->last = self->end = AV_NOPTS_VALUE;
  self->last_duration = 0;
  self->damaged = 0;
}

/* One packet of any stream, as the file has it. NULL: the end, or what went wrong. */
static AVPacket *
read_packet (L4Reader *self, GError **error)
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
  l4_source_check (self->source, error);
  return NULL;
}

AVPacket *
l4_reader_read_any (L4Reader *self, GError **error)
{
  return read_packet (self, error);
}

/* A jump back is the beginning of another clock, as where transport streams were joined: time goes on from where it was. So does it
 * after a jump ahead by more than any gap. An MP4 has a time line of its own. */
static void
straighten (L4Reader *self, AVPacket *packet)
{
  const double unit = av_q2d (self->stream->time_base);

  if (packet->dts == AV_NOPTS_VALUE || strstr (self->demuxer->iformat->name, "mp4") != NULL)
    return;
  if (self->last != AV_NOPTS_VALUE) {
    const double jump = (packet->dts + self->shift - self->last) * unit;

    if (jump < -JUMP_BACK || ((self->demuxer->iformat->flags & AVFMT_TS_DISCONT) && jump > JUMP_AHEAD)) {
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

static void
note (L4Reader *self, AVPacket *packet)
{
  gint64 end;

  straighten (self, packet);
  self->damaged += (packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
  if (l4_packet_stamp (packet) == AV_NOPTS_VALUE || (packet->flags & AV_PKT_FLAG_DISCARD))
    return;
  end = l4_packet_stamp (packet) + packet->duration;
  self->end = self->end == AV_NOPTS_VALUE ? end : MAX (self->end, end);
}

/* The next packet of the film. */
static AVPacket *
read_film (L4Reader *self, GError **error)
{
  AVPacket *packet;

  while ((packet = read_packet (self, error)) != NULL && packet->stream_index != self->stream->index)
    av_packet_free (&packet);
  if (packet != NULL)
    note (self, packet);
  return packet;
}

AVPacket *
l4_reader_next (L4Reader *self, GError **error)
{
  AVPacket *packet = g_queue_pop_head (&self->ahead);

  self->begun = TRUE;
  return packet != NULL ? packet : read_film (self, error);
}

AVPacket *
l4_reader_peek (L4Reader *self, guint n, GError **error)
{
  while (g_queue_get_length (&self->ahead) <= n) {
    AVPacket *packet = read_film (self, error);

    if (packet == NULL)
      return NULL;
    g_queue_push_tail (&self->ahead, packet);
  }
  return g_queue_peek_nth (&self->ahead, n);
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
  for (guint i = 0; i < self->demuxer->nb_streams; i++)
    if (self->demuxer->streams[i] != self->stream)
      self->demuxer->streams[i]->discard = AVDISCARD_ALL;
  for (GList * link = self->ahead.head; link != NULL; link = link->next)
    note (self, link->data);
  return TRUE;
}

L4Reader *
l4_reader_open (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (L4Reader) self = g_new0 (L4Reader, 1);

  g_queue_init (&self->ahead);
  self->source = l4_source_open (path, cancellable, error);
  if (self->source == NULL || !open_film (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
l4_reader_close (L4Reader *self)
{
  if (self == NULL)
    return;
  forget_packets (self);
  l4_demuxer_close (&self->demuxer, &self->io);
  l4_source_close (self->source);
  g_free (self);
}

gboolean
l4_reader_rewind (L4Reader *self, GError **error)
{
  if (!self->begun)
    return TRUE;
  forget_packets (self);
  l4_demuxer_close (&self->demuxer, &self->io);
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
    begin (self);
    self->begun = TRUE;
    if (av_seek_frame (self->demuxer, self->stream->index, stamp, AVSEEK_FLAG_BACKWARD) >= 0 && is_early (self, time))
      return TRUE;
  }
  return l4_reader_rewind (self, error);
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

char *
l4_reader_get_container (const L4Reader *self)
{
  const char *name = self->demuxer->iformat->name;

  return g_strndup (name, strcspn (name, ","));
}
