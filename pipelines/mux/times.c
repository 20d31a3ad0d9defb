/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The film's clock for a file's other streams. */

#include "mux/times.h"

#include <math.h>

#define NEAR 10                 /* seconds: how far apart what belongs together may be in a file */
#define MOST_REORDERED 32       /* pictures that may be shown after one that is decoded after them */

typedef struct
{
  gint64 shift;                 /* what is added, in the stream's unit */
  gint64 last;                  /* decoding time of the packet before, with its shift; AV_NOPTS_VALUE: none */
  gint64 last_duration;
} Stream;

struct _L4Times
{
  L4Reader *reader;
  Stream *streams;              /* [n_streams] */
};

L4Times *
l4_times_new (L4Reader *reader)
{
  L4Times *self = g_new0 (L4Times, 1);

  self->reader = reader;
  self->streams = g_new0 (Stream, reader->demuxer->nb_streams);
  for (guint i = 0; i < reader->demuxer->nb_streams; i++)
    self->streams[i].last = AV_NOPTS_VALUE;
  return self;
}

void
l4_times_free (L4Times *self)
{
  if (self == NULL)
    return;
  g_free (self->streams);
  g_free (self);
}

static AVRational
unit_of (const L4Times *self, int stream)
{
  return self->reader->demuxer->streams[stream]->time_base;
}

/* In seconds from where the film is. */
static double
distance (const L4Times *self, int stream, gint64 stamp)
{
  return fabs (stamp * av_q2d (unit_of (self, stream)) - self->reader->last * av_q2d (self->reader->stream->time_base));
}

/* Only transport streams have clocks that jump; in other files, streams may lie far apart. What is not near the film is on the clock from
 * before or after a jump: on the film's if that brings it near, and where the film has not jumped yet, goes on from where it was. */
static void
find_shift (const L4Times *self, int index, gint64 dts)
{
  Stream *stream = &self->streams[index];
  const gint64 film = av_rescale_q (self->reader->shift, self->reader->stream->time_base, unit_of (self, index));

  if (dts == AV_NOPTS_VALUE || self->reader->last == AV_NOPTS_VALUE || !(self->reader->demuxer->iformat->flags & AVFMT_TS_DISCONT))
    return;
  if (stream->shift != film && distance (self, index, dts + film) < NEAR)
    stream->shift = film;
  else if (stream->last != AV_NOPTS_VALUE && distance (self, index, dts + stream->shift) > NEAR
      && distance (self, index, stream->last) < NEAR)
    stream->shift = stream->last + stream->last_duration - dts;
}

/* When a picture of the film is decoded of which the file does not tell: such are those at the beginning of a Matroska file, as many as are
 * shown in another order. They come right before the first of which it is known. */
static gint64
find_decoding_time (const L4Times *self, const AVPacket *packet)
{
  const gint64 step = MAX (packet->duration, 1);
  const AVPacket *next;

  for (guint n = 0; n < MOST_REORDERED && (next = l4_reader_peek (self->reader, n, NULL)) != NULL; n++)
    if (next->dts != AV_NOPTS_VALUE)
      return MIN (next->dts - (n + 1) * step, packet->pts);
  return packet->pts;
}

void
l4_times_straighten (L4Times *self, AVPacket *packet)
{
  const int index = packet->stream_index;
  Stream *stream = &self->streams[index];

  if (index == self->reader->stream->index) {
    if (packet->dts == AV_NOPTS_VALUE)
      packet->dts = find_decoding_time (self, packet);
  } else {
    find_shift (self, index, packet->dts);
    if (packet->dts == AV_NOPTS_VALUE && packet->pts == AV_NOPTS_VALUE)
      packet->dts = (stream->last != AV_NOPTS_VALUE ? stream->last + stream->last_duration : 0) - stream->shift;
    if (packet->dts == AV_NOPTS_VALUE)
      packet->dts = packet->pts;
    packet->dts += stream->shift;
    if (packet->pts != AV_NOPTS_VALUE)
      packet->pts += stream->shift;
    stream->last = packet->dts;
    if (packet->duration > 0)
      stream->last_duration = packet->duration;
  }
  if (packet->pts == AV_NOPTS_VALUE)
    packet->pts = packet->dts;
}
