/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is, and its pictures in order. */

#include "film/film.h"

#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>

#include "base/i18n.h"
#include "film/clock.h"
#include "film/decoder.h"
#include "film/picture.h"
#include "film/plan.h"
#include "film/secret.h"

#define MAX_TRIED (128 << 20)   /* bytes in which a picture must be found */

struct _L4Film
{
  L4Reader *reader;
  L4FilmFacts facts;
  char *container;

  L4Pictures *pictures;
  L4FilmDecoder *decoder;       /* NULL: not started */
  L4Plan plan;
  GstSegment segment;
  gint64 from;                  /* nanoseconds */
  AVFrame *held;                /* the next to be handed out, when it is known how long it is shown; NULL: none */
  gint64 held_time;
  guint64 n_decoded, n_damaged;
};

static const char *
path_of (const L4Film *self)
{
  return l4_source_get_path (self->reader->source);
}

/* Facts ------------------------------------------------------------------------------------------------------------------------ */

static guint
count_streams (const L4Film *self, enum AVMediaType type)
{
  const AVFormatContext *demuxer = self->reader->demuxer;
  guint n = 0;

  for (guint i = 0; i < demuxer->nb_streams; i++)
    n += demuxer->streams[i]->codecpar->codec_type == type;
  return n;
}

static void
learn_facts (L4Film *self)
{
  const AVStream *stream = self->reader->stream;
  L4FilmFacts *facts = &self->facts;

  facts->container = self->container = l4_reader_get_container (self->reader);
  facts->codec = avcodec_get_name (stream->codecpar->codec_id);
  facts->width = MAX (stream->codecpar->width, 0);
  facts->height = MAX (stream->codecpar->height, 0);
  facts->duration = l4_clock_duration (self->reader);
  facts->frame_rate = av_q2d (l4_stream_rate (stream));
  facts->n_audio = count_streams (self, AVMEDIA_TYPE_AUDIO);
  facts->n_subtitles = count_streams (self, AVMEDIA_TYPE_SUBTITLE);
}

/* Opening ---------------------------------------------------------------------------------------------------------------------- */

/* Whether that packet, the n-th, may be part of the first picture: it is a key frame, or behind it. What is behind it but shown before
 * it cannot be decoded. */
static gboolean
may_be_first (const AVPacket *packet, guint n, gint64 *key)
{
  if (*key == AV_NOPTS_VALUE && !(packet->flags & AV_PKT_FLAG_KEY) && n <= L4_MAX_BEFORE_KEY)
    return FALSE;
  if (*key == AV_NOPTS_VALUE)
    *key = l4_packet_stamp (packet) != AV_NOPTS_VALUE ? l4_packet_stamp (packet) : G_MININT64 + 1;
  return packet->pts == AV_NOPTS_VALUE || packet->pts >= *key;
}

/* The first picture, from packets that stay where they are. NULL: there is none, or what went wrong. (transfer full) */
static AVFrame *
find_first_picture (L4Film *self, GError **error)
{
  g_autoptr (L4FilmDecoder) decoder = l4_film_decoder_new (self->reader->stream, 1);
  gint64 key = AV_NOPTS_VALUE;
  AVFrame *frame = NULL;
  AVPacket *packet;
  gsize bytes = 0;

  if (decoder == NULL)
    return NULL;
  for (guint n = 0; frame == NULL && bytes < MAX_TRIED && (packet = l4_reader_peek (self->reader, n, error)) != NULL; n++) {
    bytes += packet->size;
    if (!may_be_first (packet, n, &key))
      continue;
    l4_film_decoder_give (decoder, av_packet_clone (packet), FALSE);
    frame = l4_film_decoder_take (decoder);
  }
  if (frame != NULL || (error != NULL && *error != NULL))
    return frame;
  l4_film_decoder_give (decoder, NULL, FALSE);
  return l4_film_decoder_take (decoder);
}

static gboolean
fail_encrypted (const L4Film *self, GError **error)
{
  return l4_film_fail (error, L4_FILM_ERROR_ENCRYPTED, _("%s: is encrypted"), path_of (self));
}

static gboolean
find_zero (L4Film *self, GError **error)
{
  g_autoptr (GError) failure = NULL;
  AVFrame *first;

  if (l4_reader_is_encrypted (self->reader))
    return fail_encrypted (self, error);
  first = find_first_picture (self, &failure);
  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  if (first == NULL && l4_reader_is_scrambled (self->reader))
    return fail_encrypted (self, error);
  if (first == NULL)
    return l4_film_fail (error, L4_FILM_ERROR_FORMAT, _("%s: no picture in it can be decoded"), path_of (self));
  l4_clock_set_zero (self->reader, l4_frame_stamp (first));
  av_frame_free (&first);
  return TRUE;
}

L4Film *
l4_film_open (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (L4Film) self = g_new0 (L4Film, 1);

  self->reader = l4_reader_open (path, cancellable, error);
  if (self->reader == NULL || !find_zero (self, error))
    return NULL;
  learn_facts (self);
  return g_steal_pointer (&self);
}

static void
stop (L4Film *self)
{
  av_frame_free (&self->held);
  l4_plan_clear (&self->plan);
  g_clear_pointer (&self->decoder, l4_film_decoder_free);
  g_clear_pointer (&self->pictures, l4_pictures_free);
}

void
l4_film_close (L4Film *self)
{
  if (self == NULL)
    return;
  stop (self);
  l4_reader_close (self->reader);
  g_free (self->container);
  g_free (self);
}

const L4FilmFacts *
l4_film_get_facts (const L4Film *self)
{
  return &self->facts;
}

gboolean
l4_film_is (const L4Film *self, guint64 size, gint64 mtime)
{
  return l4_source_is (self->reader->source, size, mtime);
}

void
l4_film_get_clock (const L4Film *self, int *stream, gint64 *zero)
{
  *stream = self->reader->stream->index;
  *zero = self->reader->zero;
}

/* Pictures --------------------------------------------------------------------------------------------------------------------- */

gboolean
l4_film_start (L4Film *self, L4FilmDecode decode, guint64 from, guint64 window, guint n_frames, GError **error)
{
  stop (self);
  self->from = MIN (from, (guint64) G_MAXINT64);
  self->n_decoded = self->n_damaged = 0;
  if (!l4_plan_start (&self->plan, self->reader, decode, self->from, window, n_frames, error))
    return FALSE;
  self->decoder = l4_film_decoder_new (self->reader->stream, 0);
  if (self->decoder == NULL)
    return l4_film_fail (error, L4_FILM_ERROR_UNSUPPORTED, _("%s: its decoder cannot be opened"), path_of (self));
  self->pictures = l4_pictures_new (self->reader->demuxer, self->reader->stream);
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  self->segment.start = self->segment.time = self->segment.position = self->from;
  return TRUE;
}

/* The decoder's next picture; NULL: the end, or what went wrong. (transfer full) */
static AVFrame *
decode (L4Film *self, GError **error)
{
  g_autoptr (GError) failure = NULL;
  AVFrame *frame;

  while ((frame = l4_film_decoder_take (self->decoder)) == NULL && !l4_film_decoder_has_ended (self->decoder)) {
    gboolean alone = FALSE;
    AVPacket *packet = l4_plan_next (&self->plan, &alone, &failure);

    if (failure != NULL) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
    l4_film_decoder_give (self->decoder, packet, alone);
  }
  return frame;
}

/* The next picture that is shown at `from` or later, and later than the one before. */
static AVFrame *
next_shown (L4Film *self, gint64 *time, GError **error)
{
  AVFrame *frame;

  while ((frame = decode (self, error)) != NULL) {
    self->n_decoded++;
    *time = l4_reader_time (self->reader, l4_frame_stamp (frame));
    if (*time >= self->from && (self->held == NULL || *time > self->held_time))
      return frame;
    av_frame_free (&frame);
  }
  return NULL;
}

/* How long the last picture is shown: to where the film ends, as far as its packets tell. */
static gint64
last_duration (const L4Film *self)
{
  const gint64 own = l4_reader_time (self->reader, self->reader->zero + self->held->duration);
  const gint64 end = self->reader->end != AV_NOPTS_VALUE ? l4_reader_time (self->reader, self->reader->end) : 0;

  return MAX (MAX (own, end - self->held_time), 0);
}

/* Hands out the one that is held, and holds the next. */
static GstSample *
exchange (L4Film *self, AVFrame *next, gint64 next_time)
{
  const gint64 duration = next != NULL ? next_time - self->held_time : last_duration (self);
  GstSample *sample = l4_pictures_take (self->pictures, self->held, &self->segment, self->held_time, duration);

  av_frame_free (&self->held);
  self->held = next;
  self->held_time = next_time;
  self->n_damaged += sample == NULL;
  return sample;
}

GstSample *
l4_film_next (L4Film *self, GError **error)
{
  g_autoptr (GError) failure = NULL;
  GstSample *sample = NULL;

  if (self->decoder == NULL || l4_source_is_cancelled (self->reader->source)) {
    l4_source_check (self->reader->source, error);
    return NULL;
  }
  if (self->held == NULL)
    self->held = next_shown (self, &self->held_time, &failure);
  while (sample == NULL && failure == NULL && self->held != NULL) {
    gint64 time = 0;
    AVFrame *next = next_shown (self, &time, &failure);

    if (failure == NULL)
      sample = exchange (self, next, time);
  }
  if (sample != NULL)
    return sample;
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  else
    l4_source_check (self->reader->source, error);
  return NULL;
}

void
l4_film_get_counts (const L4Film *self, guint64 *damaged, guint64 *decoded)
{
  if (damaged != NULL)
    *damaged = self->n_damaged + self->reader->damaged + (self->decoder != NULL ? l4_film_decoder_get_damaged (self->decoder) : 0);
  if (decoded != NULL)
    *decoded = self->n_decoded;
}
