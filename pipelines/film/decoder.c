/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoders for the packets of a film: one for groups that are decoded as a whole, and some beside each other for lone key frames. */

#include "film/decoder.h"

#define MAX_PIXELS (256u << 20)
#define MAX_THREADS 4           /* further ones cost memory and delay, and are missed elsewhere */

/* A key frame alone. A decoder that knows only single pictures needs no order among them. */
typedef struct
{
  AVPacket *packet;
  AVFrame *frame;               /* NULL: none came of it */
  gboolean done;
} Job;

struct _L4FilmDecoder
{
  const AVStream *stream;
  guint threads;

  AVCodecContext *run;          /* for whole groups; NULL: there was none yet */
  gboolean running;             /* it was given packets since it was empty */
  gboolean draining;            /* it is given no more: its pictures come before those of the jobs */

  GThreadPool *pool;            /* works on jobs; NULL: there was none yet */
  GAsyncQueue *idle;            /* of AVCodecContext */
  GQueue jobs;                  /* of Job, in order */
  GMutex mutex;
  GCond done;

  gboolean finishing, ended;
  guint64 n_damaged;
};

static AVCodecContext *
open_context (const L4FilmDecoder *self, guint threads)
{
  const AVCodec *codec = avcodec_find_decoder (self->stream->codecpar->codec_id);
  AVCodecContext *context = codec != NULL ? avcodec_alloc_context3 (codec) : NULL;

  if (context != NULL && avcodec_parameters_to_context (context, self->stream->codecpar) >= 0) {
    context->pkt_timebase = self->stream->time_base;
    context->thread_count = threads;
    context->max_pixels = MAX_PIXELS;
    if (avcodec_open2 (context, codec, NULL) >= 0)
      return context;
  }
  avcodec_free_context (&context);
  return NULL;
}

static void
free_context (gpointer context)
{
  avcodec_free_context ((AVCodecContext **) &context);
}

L4FilmDecoder *
l4_film_decoder_new (const AVStream *stream, guint threads)
{
  g_autoptr (L4FilmDecoder) self = g_new0 (L4FilmDecoder, 1);
  AVCodecContext *context;

  self->stream = stream;
  self->threads = threads > 0 ? threads : MIN (g_get_num_processors (), MAX_THREADS);
  self->idle = g_async_queue_new_full (free_context);
  g_queue_init (&self->jobs);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->done);
  context = open_context (self, 1);
  if (context == NULL)
    return NULL;
  g_async_queue_push (self->idle, context);
  return g_steal_pointer (&self);
}

static void
job_free (gpointer data)
{
  Job *job = data;

  av_packet_free (&job->packet);
  av_frame_free (&job->frame);
  g_free (job);
}

void
l4_film_decoder_free (L4FilmDecoder *self)
{
  if (self == NULL)
    return;
  if (self->pool != NULL)
    g_thread_pool_free (self->pool, FALSE, TRUE);
  g_queue_clear_full (&self->jobs, job_free);
  avcodec_free_context (&self->run);
  g_async_queue_unref (self->idle);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->done);
  g_free (self);
}

/* Lone key frames -------------------------------------------------------------------------------------------------------------- */

static AVFrame *
decode_alone (AVCodecContext *context, const AVPacket *packet)
{
  AVFrame *frame = av_frame_alloc ();

  if (frame == NULL || avcodec_send_packet (context, packet) < 0 || avcodec_send_packet (context, NULL) < 0
      || avcodec_receive_frame (context, frame) < 0)
    av_frame_free (&frame);
  else
    frame->pts = packet->pts;
  avcodec_flush_buffers (context);
  return frame;
}

static void
work (gpointer data, gpointer user_data)
{
  L4FilmDecoder *self = user_data;
  Job *job = data;
  AVCodecContext *context = g_async_queue_try_pop (self->idle);
  AVFrame *frame = NULL;

  if (context == NULL)
    context = open_context (self, 1);
  if (context != NULL) {
    frame = decode_alone (context, job->packet);
    g_async_queue_push (self->idle, context);
  }
  g_mutex_lock (&self->mutex);
  job->frame = frame;
  job->done = TRUE;
  g_cond_signal (&self->done);
  g_mutex_unlock (&self->mutex);
}

static void
give_alone (L4FilmDecoder *self, AVPacket *packet)
{
  Job *job = g_new0 (Job, 1);

  job->packet = packet;
  if (self->pool == NULL)
    self->pool = g_thread_pool_new (work, self, self->threads, FALSE, NULL);
  g_queue_push_tail (&self->jobs, job);
  g_thread_pool_push (self->pool, job, NULL);
}

/* The first job, when it is done, and waiting for it when nothing else is to be done. */
static Job *
pop_job (L4FilmDecoder *self)
{
  const gboolean wait = self->finishing || self->running || g_queue_get_length (&self->jobs) >= 2 * self->threads;
  Job *job = g_queue_peek_head (&self->jobs);

  g_mutex_lock (&self->mutex);
  while (wait && !job->done)
    g_cond_wait (&self->done, &self->mutex);
  if (!job->done)
    job = NULL;
  g_mutex_unlock (&self->mutex);
  return job != NULL ? g_queue_pop_head (&self->jobs) : NULL;
}

static AVFrame *
take_alone (L4FilmDecoder *self)
{
  AVFrame *frame = NULL;
  Job *job;

  while (frame == NULL && !g_queue_is_empty (&self->jobs) && (job = pop_job (self)) != NULL) {
    frame = g_steal_pointer (&job->frame);
    self->n_damaged += frame == NULL;
    job_free (job);
  }
  return frame;
}

/* Whole groups ----------------------------------------------------------------------------------------------------------------- */

static void
give_run (L4FilmDecoder *self, AVPacket *packet)
{
  if (self->run == NULL)
    self->run = open_context (self, self->threads);
  self->running = TRUE;
  self->n_damaged += self->run == NULL || avcodec_send_packet (self->run, packet) < 0;
  av_packet_free (&packet);
}

static AVFrame *
take_run (L4FilmDecoder *self)
{
  AVFrame *frame = av_frame_alloc ();
  int status = frame == NULL || self->run == NULL ? AVERROR_EOF : avcodec_receive_frame (self->run, frame);

  while (status < 0 && status != AVERROR (EAGAIN) && status != AVERROR_EOF) {   /* a damaged one */
    self->n_damaged++;
    status = avcodec_receive_frame (self->run, frame);
  }
  if (status >= 0)
    return frame;
  av_frame_free (&frame);
  if (status == AVERROR_EOF) {
    self->running = self->draining = FALSE;
    if (self->run != NULL)
      avcodec_flush_buffers (self->run);
  }
  return NULL;
}

static void
drain_run (L4FilmDecoder *self)
{
  if (self->run != NULL)
    avcodec_send_packet (self->run, NULL);
}

/* Both ------------------------------------------------------------------------------------------------------------------------- */

void
l4_film_decoder_give (L4FilmDecoder *self, AVPacket *packet, gboolean alone)
{
  if ((packet == NULL || alone) && self->running)
    drain_run (self);
  if (packet == NULL) {
    self->finishing = TRUE;
  } else if (alone) {
    self->draining = self->running;
    give_alone (self, packet);
  } else {
    give_run (self, packet);
  }
}

AVFrame *
l4_film_decoder_take (L4FilmDecoder *self)
{
  AVFrame *frame = self->draining ? take_run (self) : NULL;

  if (frame == NULL)
    frame = take_alone (self);
  if (frame == NULL && self->running && g_queue_is_empty (&self->jobs))
    frame = take_run (self);
  self->ended = frame == NULL && self->finishing && !self->running && g_queue_is_empty (&self->jobs);
  return frame;
}

gboolean
l4_film_decoder_has_ended (const L4FilmDecoder *self)
{
  return self->ended;
}

guint64
l4_film_decoder_get_damaged (const L4FilmDecoder *self)
{
  return self->n_damaged;
}

gint64
l4_frame_stamp (const AVFrame *frame)
{
  return frame->pts != AV_NOPTS_VALUE ? frame->pts : frame->best_effort_timestamp;
}
