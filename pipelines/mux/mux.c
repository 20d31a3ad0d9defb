/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film's streams copied into another container, with cues beside them. */

#include "mux/mux.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/error.h"
#include "film/reader.h"
#include "llama4.h"
#include "mux/languages.h"
#include "mux/streams.h"
#include "mux/timed-text.h"
#include "mux/times.h"

#define BUFFER (256 << 10)      /* bytes */
#define MOMENT AV_TIME_BASE
#define PROGRESS 64             /* packets between two looks at how far it is */

static const AVRational nanoseconds = { 1, 1000000000 };

struct _L4Mux
{
  L4Reader *reader;
  AVFormatContext *demuxer;     /* of it */
  L4MuxKind kind;
  const L4MuxOptions *options;
  int film;
  gint64 zero, base;
  L4Streams streams;

  /* while it is written */
  AVFormatContext *muxer;
  int file;
  gint64 position;              /* in the file */
  int status;                   /* errno of the first write that failed; 0: none did */
  L4Times *times;
  gint64 *last;                 /* [streams of the muxer] the last decoding time, in its unit */
  GPtrArray *cues;
  guint next_cue;
  AVPacket *picture;            /* the next encoded one; NULL: none yet, or no more */
  gboolean pictures_ended;
  guint n_damaged;
};

/* Opening ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
choose_streams (L4Mux *self, const char *path, GError **error)
{
  const AVCodecParameters *film = self->demuxer->streams[self->film]->codecpar;

  return l4_streams_init (&self->streams, self->demuxer, self->film, self->kind, self->options->pictures != NULL)
      || l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: %s cannot hold its video (%s)"), path, l4_mux_name (self->kind),
      avcodec_get_name (film->codec_id));
}

/* The new file's clock begins where the old one does; what is before zero by a moment is what decoders throw away at the beginning. */
static gint64
find_base (const AVFormatContext *demuxer)
{
  const gint64 start = demuxer->start_time;

  return start != AV_NOPTS_VALUE && (start > 0 || start < -MOMENT) ? start * 1000 : 0;
}

L4Mux *
l4_mux_new (const L4Film *film, const char *path, L4MuxKind kind, const L4MuxOptions *options, GCancellable *cancellable, GError **error)
{
  g_autoptr (L4Mux) self = g_new0 (L4Mux, 1);

  self->kind = kind;
  self->options = options;
  l4_film_get_clock (film, &self->film, &self->zero);
  self->reader = l4_reader_open_all (path, cancellable, error);
  if (self->reader == NULL)
    return NULL;
  self->demuxer = self->reader->demuxer;
  if (self->reader->stream->index != self->film) {
    l4_fail (error, L4_ERROR_IO, _("%s: has changed meanwhile"), path);
    return NULL;
  }
  self->base = find_base (self->demuxer);
  if (!choose_streams (self, path, error))
    return NULL;
  for (guint i = 0; i < self->demuxer->nb_streams; i++)
    if (self->streams.map[i] < 0 && (int) i != self->film)
      self->demuxer->streams[i]->discard = AVDISCARD_ALL;
  return g_steal_pointer (&self);
}

static void
free_muxer (L4Mux *self)
{
  if (self->muxer != NULL && self->muxer->pb != NULL) {
    av_freep (&self->muxer->pb->buffer);
    avio_context_free (&self->muxer->pb);
  }
  avformat_free_context (self->muxer);
  self->muxer = NULL;
}

void
l4_mux_free (L4Mux *self)
{
  if (self == NULL)
    return;
  free_muxer (self);
  av_packet_free (&self->picture);
  l4_times_free (self->times);
  l4_streams_clear (&self->streams);
  l4_reader_close (self->reader);
  g_free (self->last);
  g_free (self);
}

GPtrArray *
l4_mux_get_left_out (const L4Mux *self)
{
  return self->streams.left_out;
}

gboolean
l4_mux_shows_hidden (const L4Mux *self)
{
  const AVPacket *first = l4_reader_peek (self->reader, 0, NULL);

  return (self->kind == L4_MUX_MKV || self->kind == L4_MUX_WEBM) && first != NULL && (first->flags & AV_PKT_FLAG_DISCARD);
}

guint
l4_mux_get_damaged (const L4Mux *self)
{
  return self->n_damaged;
}

/* The new file ------------------------------------------------------------------------------------------------------------------ */

static int
write_bytes (void *data, const uint8_t *bytes, int size)
{
  L4Mux *self = data;
  int written = 0;

  while (written < size) {
    gssize now = pwrite (self->file, bytes + written, (gsize) (size - written), self->position);

    if (now < 0 && errno == EINTR)
      continue;
    if (now <= 0) {
      self->status = now < 0 ? errno : EIO;
      return AVERROR (self->status);
    }
    written += (int) now;
    self->position += now;
  }
  return size;
}

static int64_t
seek (void *data, int64_t offset, int whence)
{
  L4Mux *self = data;
  off_t size = lseek (self->file, 0, SEEK_END);

  if (whence == AVSEEK_SIZE)
    return size;
  self->position = whence == SEEK_CUR ? self->position + offset : whence == SEEK_END ? size + offset : offset;
  return self->position;
}

static gboolean
fail_to_write (const L4Mux *self, const char *name, int status, GError **error)
{
  char reason[AV_ERROR_MAX_STRING_SIZE];

  if (self->status != 0)
    return l4_fail (error, L4_ERROR_IO, _("%s: cannot be written: %s"), name, g_strerror (self->status));
  av_make_error_string (reason, sizeof reason, status);
  return l4_fail (error, L4_ERROR_IO, _("%s: cannot be written: %s"), name, reason);
}

static gboolean
has_default_subtitles (const AVFormatContext *muxer)
{
  for (guint i = 0; i < muxer->nb_streams; i++)
    if (muxer->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE && (muxer->streams[i]->disposition & AV_DISPOSITION_DEFAULT))
      return TRUE;
  return FALSE;
}

static gboolean
add_cue_stream (L4Mux *self)
{
  const AVCodecParameters *film = self->demuxer->streams[self->film]->codecpar;
  const gboolean first = !has_default_subtitles (self->muxer);
  AVStream *stream = avformat_new_stream (self->muxer, NULL);

  if (stream == NULL)
    return FALSE;
  stream->codecpar->codec_type = AVMEDIA_TYPE_SUBTITLE;
  stream->codecpar->codec_id = avcodec_descriptor_get_by_name (l4_mux_codec (self->kind))->id;
  stream->time_base = (AVRational) { 1, 1000 };
  stream->disposition = first ? AV_DISPOSITION_DEFAULT : 0;
  av_dict_set (&stream->metadata, "language", l4_language_code (self->options->language), 0);
  av_dict_set (&stream->metadata, "title", self->options->title, 0);
  if (self->kind == L4_MUX_MP4 || self->kind == L4_MUX_MOV)
    return l4_timed_text_describe (stream->codecpar, film->width, film->height);
  return TRUE;
}

static gboolean
begin (L4Mux *self, int file, const char *name, GError **error)
{
  AVCodecParameters *encoded = NULL;
  int status;

  if (self->options->pictures != NULL && (encoded = self->options->pictures->begin (self->options->pictures->data, error)) == NULL)
    return FALSE;
  self->file = file;
  self->streams.encoded = encoded;
  self->muxer = l4_streams_make_muxer (&self->streams, self->base);
  self->streams.encoded = NULL;
  avcodec_parameters_free (&encoded);
  if (self->muxer == NULL || (self->cues != NULL && !add_cue_stream (self)))
    return fail_to_write (self, name, AVERROR (ENOMEM), error);
  self->muxer->pb = avio_alloc_context (av_malloc (BUFFER), BUFFER, 1, self, NULL, write_bytes, seek);
  status = avformat_write_header (self->muxer, NULL);
  if (status < 0)
    return fail_to_write (self, name, status, error);
  self->times = l4_times_new (self->reader);
  self->last = g_new (gint64, self->muxer->nb_streams);
  for (guint i = 0; i < self->muxer->nb_streams; i++)
    self->last[i] = AV_NOPTS_VALUE;
  return TRUE;
}

/* Takes over the packet, whose times are in that unit; what is damaged so that the container cannot hold it is left out. Muxers want
 * decoding times that rise, and of subtitles, several of which may be shown at once, such that do not fall. */
static gboolean
put (L4Mux *self, AVPacket *packet, int stream, AVRational unit, const char *name, GError **error)
{
  const gint64 step = self->muxer->streams[stream]->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE ? 0 : 1;
  int status;

  av_packet_rescale_ts (packet, unit, self->muxer->streams[stream]->time_base);
  if (self->last[stream] != AV_NOPTS_VALUE && packet->dts < self->last[stream] + step)
    packet->dts = self->last[stream] + step;
  packet->pts = MAX (packet->pts, packet->dts);
  self->last[stream] = packet->dts;
  packet->stream_index = stream;
  packet->pos = -1;
  status = av_interleaved_write_frame (self->muxer, packet);
  if (self->status == 0 && (status == AVERROR_INVALIDDATA || status == AVERROR_PATCHWELCOME)) {
    self->n_damaged++;
    return TRUE;
  }
  return status >= 0 || fail_to_write (self, name, status, error);
}

/* Where film time is on the clock of the new file; nanoseconds. */
static gint64
time_of_film (const L4Mux *self, guint64 time)
{
  return av_rescale_q (self->zero, self->reader->stream->time_base, nanoseconds) + (gint64) time - self->base;
}

/* What comes between the packets of the file ------------------------------------------------------------------------------------ */

/* (transfer full) */
static AVPacket *
make_cue_packet (const L4Mux *self, const L4Cue *cue)
{
  g_autofree char *text = l4_cue_to_packet (cue, l4_mux_codec (self->kind), self->next_cue);
  const gsize before = self->kind == L4_MUX_MP4 || self->kind == L4_MUX_MOV ? 2 : 0;   /* for its length */
  const gsize length = MIN (strlen (text), G_MAXUINT16);
  AVPacket *packet = av_packet_alloc ();

  if (packet == NULL || av_new_packet (packet, (int) (before + length)) < 0)
    g_error ("no memory");
  if (before > 0) {
    packet->data[0] = (guint8) (length >> 8);
    packet->data[1] = (guint8) length;
  }
  memcpy (packet->data + before, text, length);
  return packet;
}

/* Those that begin before that time, in nanoseconds of the new file. */
static gboolean
put_cues (L4Mux *self, gint64 until, const char *name, GError **error)
{
  const AVRational unit = { 1, 1000 };

  while (self->cues != NULL && self->next_cue < self->cues->len) {
    const L4Cue *cue = g_ptr_array_index (self->cues, self->next_cue);
    const gint64 start = time_of_film (self, cue->start), end = time_of_film (self, cue->end);
    AVPacket *packet;
    gboolean right;

    if (start > until)
      return TRUE;
    packet = make_cue_packet (self, cue);
    packet->pts = packet->dts = av_rescale_q (start, nanoseconds, unit);
    packet->duration = av_rescale_q (end, nanoseconds, unit) - packet->pts;
    packet->flags = AV_PKT_FLAG_KEY;
    self->next_cue++;
    right = put (self, packet, (int) self->muxer->nb_streams - 1, unit, name, error);
    av_packet_free (&packet);
    if (!right)
      return FALSE;
  }
  return TRUE;
}

static gboolean
next_picture (L4Mux *self, GError **error)
{
  g_autoptr (GError) failure = NULL;

  self->picture = self->options->pictures->next (self->options->pictures->data, &failure);
  self->pictures_ended = self->picture == NULL;
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Those that are decoded before that time. */
static gboolean
put_pictures (L4Mux *self, gint64 until, const char *name, GError **error)
{
  const gint64 shift = time_of_film (self, 0);
  gboolean right = TRUE;

  while (right && self->options->pictures != NULL && !self->pictures_ended) {
    if (self->picture == NULL && !next_picture (self, error))
      return FALSE;
    if (self->picture == NULL || self->picture->dts + shift > until)
      return TRUE;
    self->picture->dts += shift;
    self->picture->pts += shift;
    right = put (self, self->picture, self->streams.map[self->film], nanoseconds, name, error);
    av_packet_free (&self->picture);
  }
  return right;
}

/* Copying ------------------------------------------------------------------------------------------------------------------------ */

/* Whether its packets go into the new file. */
static gboolean
is_copied (const L4Mux *self, int index)
{
  if (self->streams.map[index] < 0 || (index == self->film && self->options->pictures != NULL))
    return FALSE;
  return self->muxer->streams[self->streams.map[index]]->codecpar->codec_type != AVMEDIA_TYPE_ATTACHMENT;       /* is in the header */
}

/* Takes from a subtitle what is before the new file's beginning: where an MP4 hides a part of one, FFmpeg's reader leaves out all of it, and
 * those behind it come too early. FALSE: nothing of it is left. */
static gboolean
cut_beginning (AVPacket *packet)
{
  if (packet->pts >= 0 || packet->duration <= 0)
    return TRUE;
  packet->duration += packet->pts;
  packet->pts = packet->dts = 0;
  return packet->duration > 0;
}

static gboolean
put_copied (L4Mux *self, AVPacket *packet, AVRational unit, const char *name, GError **error)
{
  const int index = packet->stream_index;

  if (!is_copied (self, index)
      || (self->demuxer->streams[index]->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE && !cut_beginning (packet)))
    return TRUE;
  return put (self, packet, self->streams.map[index], unit, name, error);
}

/* A packet of the file, with what comes before it. *time: when it is decoded, nanoseconds of the new file. */
static gboolean
copy (L4Mux *self, AVPacket *packet, gint64 *time, const char *name, GError **error)
{
  const int index = packet->stream_index;
  const AVRational unit = self->demuxer->streams[index]->time_base;

  if (self->demuxer->streams[index]->disposition & AV_DISPOSITION_ATTACHED_PIC) {
    packet->pts = packet->dts = 0;
  } else {
    l4_times_straighten (self->times, packet);
    packet->pts -= av_rescale_q (self->base, nanoseconds, unit);
    packet->dts -= av_rescale_q (self->base, nanoseconds, unit);
  }
  *time = av_rescale_q (packet->dts, unit, nanoseconds);
  return put_cues (self, *time, name, error) && put_pictures (self, *time, name, error) && put_copied (self, packet, unit, name, error);
}

static gboolean
copy_all (L4Mux *self, const char *name, void (*progress) (guint64, gpointer), gpointer data, GError **error)
{
  const guint n_streams = self->demuxer->nb_streams;    /* some formats find more of them on the way */
  const gint64 begin = time_of_film (self, 0);
  g_autoptr (GError) failure = NULL;
  gboolean right = TRUE;
  AVPacket *packet;

  for (guint n = 0; right && (packet = l4_reader_next_any (self->reader, &failure)) != NULL; n++) {
    gint64 time = 0;

    right = (guint) packet->stream_index >= n_streams || copy (self, packet, &time, name, error);
    av_packet_free (&packet);
    if (right && n % PROGRESS == 0 && progress != NULL)
      progress ((guint64) MAX (time - begin, 0), data);
  }
  if (failure == NULL)
    return right && put_cues (self, G_MAXINT64, name, error) && put_pictures (self, G_MAXINT64, name, error);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
l4_mux_write (L4Mux *self, int file, const char *name, GPtrArray *cues, void (*progress) (guint64 position, gpointer data), gpointer data,
    GError **error)
{
  int status;

  self->cues = cues;
  if (!begin (self, file, name, error) || !copy_all (self, name, progress, data, error))
    return FALSE;
  status = av_write_trailer (self->muxer);
  avio_flush (self->muxer->pb);
  return (status >= 0 && self->status == 0) || fail_to_write (self, name, status, error);
}
