/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of a file's streams a container holds: what FFmpeg's muxer of it says, and whether it makes a header of them. */

#include "mux/streams.h"

#include <string.h>

#include <libavcodec/avcodec.h>

#include "base/i18n.h"
#include "llama4.h"

static const struct
{
  const char *format, *name, *codec;
} kinds[] = {
  [L4_MUX_MKV] = {"matroska", "Matroska", "subrip"},
  [L4_MUX_MP4] = {"mp4", "MP4", "mov_text"},
  [L4_MUX_MOV] = {"mov", "QuickTime", "mov_text"},
  [L4_MUX_WEBM] = {"webm", "WebM", "webvtt"},
};

const char *
l4_mux_format (L4MuxKind kind)
{
  return kinds[kind].format;
}

const char *
l4_mux_name (L4MuxKind kind)
{
  return kinds[kind].name;
}

const char *
l4_mux_codec (L4MuxKind kind)
{
  return kinds[kind].codec;
}

/* Setting up ------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_cover (const AVStream *stream)
{
  return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && (stream->disposition & AV_DISPOSITION_ATTACHED_PIC);
}

/* Matroska has covers among its attachments. */
static gboolean
attach_cover (AVStream *to, const AVStream *from)
{
  AVCodecParameters *parameters = to->codecpar;
  const AVPacket *picture = &from->attached_pic;
  gboolean png = from->codecpar->codec_id == AV_CODEC_ID_PNG;

  if (picture->size <= 0)
    return FALSE;
  parameters->codec_type = AVMEDIA_TYPE_ATTACHMENT;
  parameters->codec_id = from->codecpar->codec_id;
  parameters->extradata = av_mallocz ((gsize) picture->size + AV_INPUT_BUFFER_PADDING_SIZE);
  if (parameters->extradata == NULL)
    return FALSE;
  memcpy (parameters->extradata, picture->data, (gsize) picture->size);
  parameters->extradata_size = picture->size;
  av_dict_copy (&to->metadata, from->metadata, 0);
  av_dict_set (&to->metadata, "filename", png ? "cover.png" : "cover.jpg", AV_DICT_DONT_OVERWRITE);
  av_dict_set (&to->metadata, "mimetype", png ? "image/png" : "image/jpeg", AV_DICT_DONT_OVERWRITE);
  return TRUE;
}

/* A tag that means the same codec there is kept, as Apple's players tell HEVC by it; otherwise the muxer finds one. */
static guint32
tag_for (const AVOutputFormat *format, const AVCodecParameters *parameters)
{
  guint tag;

  if (format->codec_tag == NULL || av_codec_get_id (format->codec_tag, parameters->codec_tag) == parameters->codec_id
      || !av_codec_get_tag2 (format->codec_tag, parameters->codec_id, &tag))
    return format->codec_tag != NULL ? parameters->codec_tag : 0;
  return 0;
}

/* Whether a tag tells of pictures how they are encoded: by what, how, and to how many bytes. */
static gboolean
is_of_encoding (const char *key)
{
  static const char *const beginnings[] = { "ENCODER", "BPS", "NUMBER_OF_", "_STATISTICS_" };   /* of mkvmerge, with a language or not */

  for (guint i = 0; i < G_N_ELEMENTS (beginnings); i++)
    if (g_ascii_strncasecmp (key, beginnings[i], strlen (beginnings[i])) == 0)
      return TRUE;
  return FALSE;
}

/* The vendor is one of MP4, and of no use elsewhere. */
static void
copy_stream_tags (const AVStream *from, AVStream *to, gboolean encoded)
{
  const AVDictionaryEntry *tag = NULL;

  while ((tag = av_dict_iterate (from->metadata, tag)) != NULL)
    if (g_ascii_strcasecmp (tag->key, "vendor_id") != 0 && !(encoded && is_of_encoding (tag->key)))
      av_dict_set (&to->metadata, tag->key, tag->value, 0);
}

static gboolean
add_stream (const L4Streams *self, AVFormatContext *muxer, int index)
{
  const AVStream *from = self->demuxer->streams[index];
  const gboolean encoded = index == self->film && self->encoded != NULL;
  AVStream *to = avformat_new_stream (muxer, NULL);

  if (to == NULL)
    return FALSE;
  if (is_cover (from) && self->kind == L4_MUX_MKV)
    return attach_cover (to, from);
  if (avcodec_parameters_copy (to->codecpar, encoded ? self->encoded : from->codecpar) < 0)
    return FALSE;
  to->codecpar->codec_tag = encoded ? 0 : tag_for (muxer->oformat, from->codecpar);
  to->time_base = encoded ? (AVRational) { 1, 90000 } : from->time_base;
  to->avg_frame_rate = from->avg_frame_rate;
  to->r_frame_rate = from->r_frame_rate;
  to->sample_aspect_ratio = encoded ? self->encoded->sample_aspect_ratio : from->sample_aspect_ratio;
  to->disposition = from->disposition;
  copy_stream_tags (from, to, encoded);
  return TRUE;
}

/* The muxer frees them. */
static void
copy_chapters (const AVFormatContext *from, AVFormatContext *to, gint64 base)
{
  const AVRational nanoseconds = { 1, 1000000000 };

  if (from->nb_chapters == 0)
    return;
  to->chapters = av_calloc (from->nb_chapters, sizeof *to->chapters);
  for (guint i = 0; to->chapters != NULL && i < from->nb_chapters; i++) {
    const AVChapter *chapter = from->chapters[i];
    gint64 shift = av_rescale_q (base, nanoseconds, chapter->time_base);
    AVChapter *copy = av_mallocz (sizeof *copy);

    if (copy == NULL)
      return;
    copy->id = chapter->id;
    copy->time_base = chapter->time_base;
    copy->start = MAX (chapter->start - shift, 0);
    copy->end = MAX (chapter->end - shift, copy->start);
    av_dict_copy (&copy->metadata, chapter->metadata, 0);
    to->chapters[to->nb_chapters++] = copy;
  }
}

/* What tells of the file as it was. */
static void
copy_tags (const AVFormatContext *from, AVFormatContext *to)
{
  static const char *const own[] = { "major_brand", "minor_version", "compatible_brands", "encoder", "duration" };

  av_dict_copy (&to->metadata, from->metadata, 0);
  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    av_dict_set (&to->metadata, own[i], NULL, 0);
}

AVFormatContext *
l4_streams_make_muxer (const L4Streams *self, gint64 base)
{
  AVFormatContext *muxer = NULL;
  gboolean right = avformat_alloc_output_context2 (&muxer, NULL, l4_mux_format (self->kind), NULL) >= 0;

  for (guint i = 0; right && i < self->demuxer->nb_streams; i++)
    if (self->map[i] >= 0)
      right = add_stream (self, muxer, (int) i);
  if (!right) {
    avformat_free_context (muxer);
    return NULL;
  }
  muxer->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;     /* MP4 tells of Dolby Vision, spheres and stereo only so */
  copy_tags (self->demuxer, muxer);
  copy_chapters (self->demuxer, muxer, base);
  return muxer;
}

/* Deciding --------------------------------------------------------------------------------------------------------------------- */

/* Whether a header can be made of the streams that are mapped, but for a film that is not encoded yet. */
static gboolean
makes_header (const L4Streams *self)
{
  const int film = self->map[self->film];
  guint8 *bytes = NULL;
  AVFormatContext *muxer;
  gboolean made;

  if (self->anew)
    self->map[self->film] = -1;
  muxer = l4_streams_make_muxer (self, 0);
  self->map[self->film] = film;
  if (muxer == NULL || muxer->nb_streams == 0) {
    made = muxer != NULL;
    avformat_free_context (muxer);
    return made;
  }
  made = avio_open_dyn_buf (&muxer->pb) >= 0 && avformat_write_header (muxer, NULL) >= 0;
  if (muxer->pb != NULL)
    avio_close_dyn_buf (muxer->pb, &bytes);
  av_free (bytes);
  avformat_free_context (muxer);
  return made;
}

static gboolean
is_known (const L4Streams *self, int index)
{
  const AVStream *stream = self->demuxer->streams[index];
  enum AVCodecID codec = index == self->film && self->anew ? AV_CODEC_ID_H264 : stream->codecpar->codec_id;
  const AVOutputFormat *format = av_guess_format (l4_mux_format (self->kind), NULL, NULL);
  /* Matroska has a way for all codecs of AVI, which FFmpeg calls unofficial */
  const int compliance = self->kind == L4_MUX_MKV ? FF_COMPLIANCE_UNOFFICIAL : FF_COMPLIANCE_NORMAL;

  if (stream->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT || (is_cover (stream) && self->kind == L4_MUX_MKV))
    return self->kind == L4_MUX_MKV;
  if (is_cover (stream) && self->kind == L4_MUX_MOV)
    return FALSE;               /* FFmpeg's muxer takes it, and writes none */
  return codec != AV_CODEC_ID_NONE && avformat_query_codec (format, codec, compliance) == 1;
}

/* Beside the film alone. */
static gboolean
is_held (const L4Streams *self, int index)
{
  L4Streams trial = *self;
  gboolean held;

  if (!is_known (self, index))
    return FALSE;
  trial.map = g_new (int, self->demuxer->nb_streams);
  for (guint i = 0; i < self->demuxer->nb_streams; i++)
    trial.map[i] = (int) i == self->film || (int) i == index ? 0 : -1;
  held = makes_header (&trial);
  g_free (trial.map);
  return held;
}

/* Chapters and time codes come as streams too, which muxers make anew of chapters and tags. */
static gboolean
is_made_anew (const AVStream *stream)
{
  return stream->discard == AVDISCARD_ALL || stream->codecpar->codec_tag == MKTAG ('t', 'm', 'c', 'd');
}

/* "sound 2 (truehd)" (transfer full) */
static char *
name_stream (const L4Streams *self, guint index)
{
  const AVStream *stream = self->demuxer->streams[index];
  const AVDictionaryEntry *file = av_dict_get (stream->metadata, "filename", NULL, 0);
  enum AVMediaType type = stream->codecpar->codec_type;
  const char *codec = avcodec_get_name (stream->codecpar->codec_id);
  guint number = 0;

  for (guint i = 0; i <= index; i++)
    number += self->demuxer->streams[i]->codecpar->codec_type == type;
  if (type == AVMEDIA_TYPE_ATTACHMENT && file != NULL)
    return g_strdup_printf (_("the attachment %s"), file->value);
  if (is_cover (stream))
    return g_strdup_printf (_("the cover (%s)"), codec);
  return g_strdup_printf (type == AVMEDIA_TYPE_VIDEO ? _("video %u (%s)") : type == AVMEDIA_TYPE_AUDIO ? _("sound %u (%s)")
      : type == AVMEDIA_TYPE_SUBTITLE ? _("subtitles %u (%s)") : type == AVMEDIA_TYPE_ATTACHMENT ? _("attachment %u (%s)")
      : _("data %u (%s)"), number, codec);
}

gboolean
l4_streams_init (L4Streams *self, const AVFormatContext *demuxer, int film, L4MuxKind kind, gboolean anew)
{
  int next = 0;

  *self = (L4Streams) {.demuxer = demuxer,.film = film,.kind = kind,.anew = anew };
  self->map = g_new (int, demuxer->nb_streams);
  self->left_out = g_ptr_array_new_with_free_func (g_free);
  if (!is_held (self, film))
    return FALSE;
  for (guint i = 0; i < demuxer->nb_streams; i++) {
    gboolean remade = is_made_anew (demuxer->streams[i]) && (int) i != film;

    self->map[i] = !remade && is_held (self, (int) i) ? next++ : -1;
    if (self->map[i] < 0 && !remade)
      g_ptr_array_add (self->left_out, name_stream (self, i));
  }
  return makes_header (self);
}

void
l4_streams_clear (L4Streams *self)
{
  g_clear_pointer (&self->map, g_free);
  g_clear_pointer (&self->left_out, g_ptr_array_unref);
}
