/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of a file's streams is the film. */

#include "film/choose.h"

#include <string.h>

#include <libavcodec/avcodec.h>

#include "base/i18n.h"

#define MORE_THAN_PHOTO 8       /* pictures in a file of nothing but JPEG */

/* Codecs that covers are in, and that files of one picture are in. */
static gboolean
is_still_codec (enum AVCodecID codec)
{
  switch (codec) {
    case AV_CODEC_ID_MJPEG:
    case AV_CODEC_ID_PNG:
    case AV_CODEC_ID_APNG:
    case AV_CODEC_ID_GIF:
    case AV_CODEC_ID_BMP:
    case AV_CODEC_ID_TIFF:
    case AV_CODEC_ID_WEBP:
    case AV_CODEC_ID_JPEG2000:
    case AV_CODEC_ID_JPEGXL:
    case AV_CODEC_ID_TARGA:
      return TRUE;
    default:
      return FALSE;
  }
}

/* HEIF and AVIF are MP4 of one picture, or of one in pieces. */
static gboolean
is_picture_brand (const AVFormatContext *demuxer)
{
  static const char *const brands[] = { "avif", "heic", "heix", "heim", "heis", "mif1", "miaf", NULL };
  const AVDictionaryEntry *brand = av_dict_get (demuxer->metadata, "major_brand", NULL, 0);

  return brand != NULL && g_strv_contains (brands, brand->value);
}

static gboolean
is_candidate (const AVStream *stream)
{
  return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO
      && !(stream->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS));
}

static gboolean
is_decodable (const AVStream *stream)
{
  return avcodec_find_decoder (stream->codecpar->codec_id) != NULL;
}

/* Reads on until one of the streams that may hold only a picture has shown more. A photo may be several of the same in one file. NULL:
 * none has. */
static AVStream *
find_more_pictures (L4Reader *reader, GError **error)
{
  guint *seen = g_newa0 (guint, reader->demuxer->nb_streams);
  const guint n_streams = reader->demuxer->nb_streams;
  const guint enough = strcmp (reader->demuxer->iformat->name, "mjpeg") == 0 ? MORE_THAN_PHOTO : 2;
  AVPacket *packet;

  while ((packet = l4_reader_read_any (reader, error)) != NULL) {
    const guint index = packet->stream_index;

    if (index >= n_streams || !is_candidate (reader->demuxer->streams[index]) || !is_decodable (reader->demuxer->streams[index])) {
      l4_reader_pass (reader, packet);
      continue;
    }
    g_queue_push_tail (&reader->ahead, packet);
    if (++seen[index] == enough)
      return reader->demuxer->streams[index];
  }
  return NULL;
}

/* Only those of the film wait on. */
static AVStream *
keep_packets_of (L4Reader *reader, AVStream *stream)
{
  for (GList * link = reader->ahead.head, *next; link != NULL; link = next) {
    AVPacket *packet = link->data;

    next = link->next;
    if (packet->stream_index != stream->index) {
      l4_reader_pass (reader, packet);
      g_queue_delete_link (&reader->ahead, link);
    }
  }
  return stream;
}

static guint
count_streams (const L4Reader *reader, enum AVMediaType type)
{
  guint n = 0;

  for (guint i = 0; i < reader->demuxer->nb_streams; i++)
    n += reader->demuxer->streams[i]->codecpar->codec_type == type;
  return n;
}

static AVStream *
fail_without (const L4Reader *reader, gboolean picture, GError **error)
{
  const char *path = l4_source_get_path (reader->source);

  if (count_streams (reader, AVMEDIA_TYPE_AUDIO) > 0)
    l4_film_fail (error, L4_FILM_ERROR_NO_VIDEO, _("%s: has sound, but no film"), path);
  else if (picture)
    l4_film_fail (error, L4_FILM_ERROR_STILL, _("%s: is a picture, not a film"), path);
  else
    l4_film_fail (error, L4_FILM_ERROR_FORMAT, _("%s: has no film in it"), path);
  return NULL;
}

static AVStream *
fail_unsupported (const L4Reader *reader, const AVStream *stream, GError **error)
{
  const AVCodecParameters *codec = stream->codecpar;
  const char *path = l4_source_get_path (reader->source);

  if (codec->codec_id != AV_CODEC_ID_NONE)
    l4_film_fail (error, L4_FILM_ERROR_UNSUPPORTED, _("%s: its codec %s cannot be decoded"), path, avcodec_get_name (codec->codec_id));
  else if (codec->codec_tag != 0)
    l4_film_fail (error, L4_FILM_ERROR_UNSUPPORTED, _("%s: its codec %s is not known"), path, av_fourcc2str (codec->codec_tag));
  else
    l4_film_fail (error, L4_FILM_ERROR_UNSUPPORTED, _("%s: its codec is not known"), path);
  return NULL;
}

/* Those of a picture's codec only when nothing else is there. *still: one of them was seen; *other: the first of the others. */
static AVStream *
find_film (const L4Reader *reader, gboolean *still, AVStream **other)
{
  for (guint i = 0; i < reader->demuxer->nb_streams; i++) {
    AVStream *stream = reader->demuxer->streams[i];

    if (!is_candidate (stream))
      continue;
    if (is_still_codec (stream->codecpar->codec_id) || is_picture_brand (reader->demuxer)) {
      *still = TRUE;
      continue;
    }
    if (*other == NULL)
      *other = stream;
    if (is_decodable (stream) && stream->codecpar->width > 0)
      return stream;
  }
  return NULL;
}

AVStream *
l4_choose_stream (L4Reader *reader, GError **error)
{
  g_autoptr (GError) failure = NULL;
  gboolean still = FALSE;
  AVStream *other = NULL, *found = find_film (reader, &still, &other);

  if (found != NULL)
    return found;
  if (still && (found = find_more_pictures (reader, &failure)) != NULL)
    return keep_packets_of (reader, found);
  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return NULL;
  }
  if (other == NULL)
    return fail_without (reader, still, error);
  return is_decodable (other) ? keep_packets_of (reader, other) : fail_unsupported (reader, other, error);
}
