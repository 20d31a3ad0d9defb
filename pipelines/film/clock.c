/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From where on a film's time counts, and how long it is. */

#include "film/clock.h"

#define SLACK 0.5               /* seconds of sound before the first picture of a transport stream that nobody counts */

/* When the earliest sound begins, in the film's time base; AV_NOPTS_VALUE: there is none, or it is not known. */
static gint64
find_sound (const L4Reader *reader)
{
  gint64 earliest = AV_NOPTS_VALUE;

  for (guint i = 0; i < reader->demuxer->nb_streams; i++) {
    const AVStream *stream = reader->demuxer->streams[i];
    gint64 start;

    if (stream->codecpar->codec_type != AVMEDIA_TYPE_AUDIO || stream->start_time == AV_NOPTS_VALUE)
      continue;
    start = av_rescale_q (stream->start_time, stream->time_base, reader->stream->time_base);
    earliest = earliest == AV_NOPTS_VALUE ? start : MIN (earliest, start);
  }
  return earliest;
}

/* Players count from what comes first. In a transport stream that is the first picture, but for sound of more than a moment. */
void
l4_clock_set_zero (L4Reader *reader, gint64 first)
{
  const gint64 sound = find_sound (reader);
  const gboolean broadcast = reader->demuxer->iformat->flags & AVFMT_TS_DISCONT;

  reader->zero = first != AV_NOPTS_VALUE ? first : 0;
  if (sound != AV_NOPTS_VALUE && sound < reader->zero
      && (!broadcast || (reader->zero - sound) * av_q2d (reader->stream->time_base) > SLACK))
    reader->zero = sound;
  if (reader->zero < 0 && first >= 0)
    reader->zero = 0;           /* sound that its decoder throws away */
}

guint64
l4_clock_duration (const L4Reader *reader)
{
  const AVFormatContext *demuxer = reader->demuxer;
  const AVStream *stream = reader->stream;
  const AVRational unit = AV_TIME_BASE_Q;
  gint64 end = AV_NOPTS_VALUE;

  if (stream->duration > 0 && reader->order != NULL)    /* it counts from the first picture, whenever that is decoded */
    end = reader->zero + stream->duration;
  else if (stream->duration > 0 && stream->start_time != AV_NOPTS_VALUE)
    end = stream->start_time + stream->duration;
  else if (demuxer->duration > 0 && demuxer->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE)
    end = av_rescale_q ((demuxer->start_time != AV_NOPTS_VALUE ? demuxer->start_time : 0) + demuxer->duration, unit, stream->time_base);
  return end != AV_NOPTS_VALUE ? MAX (l4_reader_time (reader, end), 0) : 0;
}
