/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A decoder for the packets of a film. */

#include "film/decoder.h"

#define MAX_PIXELS (256u << 20)
#define MAX_THREADS 4           /* further ones cost memory and delay, and are missed elsewhere */

struct _L4FilmDecoder
{
  AVCodecContext *context;
  gboolean ended;
};

L4FilmDecoder *
l4_film_decoder_new (const AVStream *stream, guint threads)
{
  const AVCodec *codec = avcodec_find_decoder (stream->codecpar->codec_id);
  g_autoptr (L4FilmDecoder) self = g_new0 (L4FilmDecoder, 1);

  if (codec == NULL || (self->context = avcodec_alloc_context3 (codec)) == NULL
      || avcodec_parameters_to_context (self->context, stream->codecpar) < 0)
    return NULL;
  self->context->pkt_timebase = stream->time_base;
  self->context->thread_count = threads > 0 ? threads : MIN (g_get_num_processors (), MAX_THREADS);
  self->context->max_pixels = MAX_PIXELS;
  if (avcodec_open2 (self->context, codec, NULL) < 0)
    return NULL;
  return g_steal_pointer (&self);
}

void
l4_film_decoder_free (L4FilmDecoder *self)
{
  if (self == NULL)
    return;
  avcodec_free_context (&self->context);
  g_free (self);
}

gboolean
l4_film_decoder_give (L4FilmDecoder *self, const AVPacket *packet)
{
  return avcodec_send_packet (self->context, packet) >= 0;
}

AVFrame *
l4_film_decoder_take (L4FilmDecoder *self)
{
  AVFrame *frame = av_frame_alloc ();
  int status = frame != NULL ? avcodec_receive_frame (self->context, frame) : AVERROR (ENOMEM);

  if (status >= 0)
    return frame;
  self->ended = self->ended || status == AVERROR_EOF;
  av_frame_free (&frame);
  return NULL;
}

gboolean
l4_film_decoder_has_ended (const L4FilmDecoder *self)
{
  return self->ended;
}

gint64
l4_frame_stamp (const AVFrame *frame)
{
  return frame->best_effort_timestamp != AV_NOPTS_VALUE ? frame->best_effort_timestamp : frame->pkt_dts;
}
