/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picture files of any kind that FFmpeg reads. */

#include "cli/picture-file.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>

#include "cli/heif.h"

#define MAX_SIDE 65535          /* pixels */
#define MAX_PIXELS (256u << 20)

typedef struct
{
  guint width, height;
  guint8 *pixels;               /* RGB, rows without gaps */
} Picture;

static gboolean
fail (GError **error, const char *path, int status)
{
  char reason[AV_ERROR_MAX_STRING_SIZE];

  av_make_error_string (reason, sizeof reason, status);
  return l4_fail (error, status == AVERROR (ENOENT) ? L4_ERROR_NOT_FOUND : L4_ERROR_FORMAT,
      _("%s: cannot be read as a picture: %s"), path, reason);
}

/* An open decoder, for which a picture that is cut short or damaged is none; NULL where there is no decoder, as for codec NULL. */
static AVCodecContext *
open_decoder (const AVStream *stream, const AVCodec *codec)
{
  AVCodecContext *decoder = codec != NULL ? avcodec_alloc_context3 (codec) : NULL;

  if (decoder != NULL && avcodec_parameters_to_context (decoder, stream->codecpar) >= 0) {
    decoder->max_pixels = MAX_PIXELS;
    decoder->err_recognition |= AV_EF_EXPLODE;
    if (avcodec_open2 (decoder, codec, NULL) >= 0)
      return decoder;
  }
  avcodec_free_context (&decoder);
  return NULL;
}

static int
decode_first (AVFormatContext *file, AVCodecContext *decoder, int stream, AVFrame *frame)
{
  AVPacket *packet = av_packet_alloc ();
  int status = 0, received = AVERROR (EAGAIN);

  while (received == AVERROR (EAGAIN) && status >= 0) {
    status = av_read_frame (file, packet);
    if (status >= 0 && packet->stream_index != stream) {
      av_packet_unref (packet);
      continue;
    }
    status = avcodec_send_packet (decoder, status >= 0 ? packet : NULL);
    av_packet_unref (packet);
    received = avcodec_receive_frame (decoder, frame);
  }
  av_packet_free (&packet);
  return received == AVERROR (EAGAIN) ? status : received;
}

/* Which numbers are black and white, and how brightness and colours mix, as far as the frame says. */
static void
set_colours (struct SwsContext *scaler, const AVFrame *frame)
{
  int *from, *to, from_full, to_full, brightness, contrast, saturation;

  if (sws_getColorspaceDetails (scaler, &from, &from_full, &to, &to_full, &brightness, &contrast, &saturation) < 0)
    return;
  sws_setColorspaceDetails (scaler, frame->colorspace != AVCOL_SPC_UNSPECIFIED ? sws_getCoefficients (frame->colorspace) : from,
      from_full || frame->color_range == AVCOL_RANGE_JPEG, to, to_full, brightness, contrast, saturation);
}

static gboolean
to_rgb (const char *path, const AVFrame *frame, Picture *picture, GError **error)
{
  struct SwsContext *scaler;
  uint8_t *planes[4] = { NULL };
  int strides[4] = { frame->width * 3 };

  if (frame->width < 1 || frame->height < 1 || frame->width > MAX_SIDE || frame->height > MAX_SIDE)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: a picture of %d x %d pixels is not possible"), path, frame->width,
        frame->height);
  scaler = sws_getContext (frame->width, frame->height, frame->format, frame->width, frame->height, AV_PIX_FMT_RGB24,
      SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL, NULL);
  if (scaler == NULL)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: its pixel format is not supported"), path);
  set_colours (scaler, frame);
  picture->width = frame->width;
  picture->height = frame->height;
  picture->pixels = planes[0] = g_malloc ((gsize) picture->width * picture->height * 3 + 64);
  sws_scale (scaler, (const uint8_t * const *) frame->data, frame->linesize, 0, frame->height, planes, strides);
  sws_freeContext (scaler);
  return TRUE;
}

/* Cameras store what the sensor gives, and say how to hold it: m takes column x and row y to column m[0] x + m[3] y and row
 * m[1] x + m[4] y. Turns by other than quarters are left undone. */
static void
turn (Picture *picture, const gint32 *m)
{
  const gboolean across = m[0] == 0 && m[4] == 0;       /* rows become columns */
  const gint32 along_x = across ? m[1] : m[0], along_y = across ? m[3] : m[4];
  const Picture old = *picture;
  guint8 *to;

  if (along_x == 0 || along_y == 0 || (!across && (m[1] != 0 || m[3] != 0)))
    return;
  picture->width = across ? old.height : old.width;
  picture->height = across ? old.width : old.height;
  picture->pixels = to = g_malloc ((gsize) old.width * old.height * 3);
  for (guint row = 0; row < picture->height; row++)
    for (guint column = 0; column < picture->width; column++, to += 3) {
      guint x = across ? row : column, y = across ? column : row;

      x = along_x < 0 ? old.width - 1 - x : x;
      y = along_y < 0 ? old.height - 1 - y : y;
      memcpy (to, old.pixels + ((gsize) y * old.width + x) * 3, 3);
    }
  g_free (old.pixels);
}

static void
turn_as_file_says (Picture *picture, const char *path)
{
  gint32 matrix[9];

  if (l4_heif_find_matrix (path, matrix))
    turn (picture, matrix);
}

static gboolean
load_frame (const char *path, const AVFrame *frame, Picture *picture, GError **error)
{
  const AVFrameSideData *matrix = av_frame_get_side_data (frame, AV_FRAME_DATA_DISPLAYMATRIX);

  if (!to_rgb (path, frame, picture, error))
    return FALSE;
  if (matrix != NULL && matrix->size >= 9 * sizeof (gint32))
    turn (picture, (const gint32 *) matrix->data);
  else
    turn_as_file_says (picture, path);
  return TRUE;
}

/* The first picture of the best stream. */
static gboolean
load_first (const char *path, AVFormatContext *file, Picture *picture, GError **error)
{
  const AVCodec *codec = NULL;
  int stream = av_find_best_stream (file, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0), status;
  AVCodecContext *decoder = stream >= 0 ? open_decoder (file->streams[stream], codec) : NULL;
  AVFrame *frame = av_frame_alloc ();
  gboolean done = FALSE;

  if (decoder == NULL)
    l4_fail (error, L4_ERROR_FORMAT, _("%s: holds no picture"), path);
  else if ((status = decode_first (file, decoder, stream, frame)) < 0)
    fail (error, path, status);
  else
    done = load_frame (path, frame, picture, error);
  av_frame_free (&frame);
  avcodec_free_context (&decoder);
  return done;
}

#if LIBAVFORMAT_VERSION_MAJOR >= 61
/* Grids: the photos of phones are cut into tiles, each of which is the one frame of a stream ---------------------------- */

/* The grid that is the picture of the file, as far as it says; NULL: the picture is no grid. */
static const AVStreamGroup *
find_grid (AVFormatContext *file)
{
  int best = av_find_best_stream (file, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
  gboolean is_tile = best >= 0 && file->streams[best]->disposition & AV_DISPOSITION_DEPENDENT;

  for (guint i = 0; i < file->nb_stream_groups; i++) {
    const AVStreamGroup *group = file->stream_groups[i];

    if (group->type == AV_STREAM_GROUP_PARAMS_TILE_GRID && (is_tile || group->disposition & AV_DISPOSITION_DEFAULT))
      return group;
  }
  return NULL;
}

static int
decode_packet (const AVStream *stream, const AVPacket *packet, AVFrame *frame)
{
  AVCodecContext *decoder = open_decoder (stream, avcodec_find_decoder (stream->codecpar->codec_id));
  int status = decoder != NULL ? avcodec_send_packet (decoder, packet) : AVERROR_DECODER_NOT_FOUND;

  if (status >= 0)
    status = avcodec_send_packet (decoder, NULL);
  if (status >= 0)
    status = avcodec_receive_frame (decoder, frame);
  avcodec_free_context (&decoder);
  return status;
}

/* What of the tile lies outside the picture is left out. */
static void
put_tile (Picture *picture, const Picture *tile, gint64 left, gint64 top)
{
  gint64 first = MAX (-left, 0), end = MIN (picture->width - left, tile->width);

  for (gint64 y = MAX (-top, 0); first < end && y < MIN (picture->height - top, tile->height); y++)
    memcpy (picture->pixels + ((top + y) * picture->width + left + first) * 3, tile->pixels + (y * tile->width + first) * 3,
        (end - first) * 3);
}

static gboolean
load_tile (const char *path, const AVStreamGroup *group, guint number, const AVPacket *packet, Picture *picture, GError **error)
{
  const AVStreamGroupTileGrid *grid = group->params.tile_grid;
  AVFrame *frame = av_frame_alloc ();
  Picture tile = { 0 };
  int status = decode_packet (group->streams[grid->offsets[number].idx], packet, frame);
  gboolean done = status >= 0 ? to_rgb (path, frame, &tile, error) : fail (error, path, status);

  if (done)
    put_tile (picture, &tile, (gint64) grid->offsets[number].horizontal - grid->horizontal_offset,
        (gint64) grid->offsets[number].vertical - grid->vertical_offset);
  g_free (tile.pixels);
  av_frame_free (&frame);
  return done;
}

static gboolean
load_grid (const char *path, AVFormatContext *file, const AVStreamGroup *group, Picture *picture, GError **error)
{
  const AVStreamGroupTileGrid *grid = group->params.tile_grid;
  AVPacket *packet = av_packet_alloc ();
  guint missing = grid->nb_tiles;
  gboolean good = TRUE;

  if (grid->width < 1 || grid->height < 1 || MAX (grid->width, grid->height) > MAX_SIDE || grid->height > MAX_PIXELS / grid->width)
    good = l4_fail (error, L4_ERROR_INPUT, _("%s: a picture of %d x %d pixels is not possible"), path, grid->width, grid->height);
  else
    *picture = (Picture) { grid->width, grid->height, g_malloc0 ((gsize) grid->width * grid->height * 3) };
  while (good && missing > 0 && av_read_frame (file, packet) >= 0) {
    for (guint i = 0; good && i < grid->nb_tiles; i++)
      if (group->streams[grid->offsets[i].idx]->index == packet->stream_index) {
        good = load_tile (path, group, i, packet, picture, error);
        missing--;
      }
    av_packet_unref (packet);
  }
  av_packet_free (&packet);
  if (good && missing == 0)
    turn_as_file_says (picture, path);
  return good && (missing == 0 || fail (error, path, AVERROR_INVALIDDATA));
}
#endif

static gboolean
load (const char *path, AVFormatContext *file, Picture *picture, GError **error)
{
#if LIBAVFORMAT_VERSION_MAJOR >= 61
  const AVStreamGroup *grid = find_grid (file);

  if (grid != NULL)
    return load_grid (path, file, grid, picture, error);
#endif
  return load_first (path, file, picture, error);
}

gboolean
l4_picture_file_load (const char *path, guint *width, guint *height, guint8 **pixels, GError **error)
{
  AVFormatContext *file = NULL;
  AVDictionary *settings = NULL;
  g_autofree char *url = g_strconcat ("file:", path, NULL);
  Picture picture = { 0 };
  gboolean done;
  int status;

  av_log_set_level (AV_LOG_QUIET);
  av_dict_set (&settings, "pattern_type", "none", 0);   /* or % in a name would make it a pattern of names */
  status = avformat_open_input (&file, url, NULL, &settings);
  av_dict_free (&settings);
  if (status < 0 || (status = avformat_find_stream_info (file, NULL)) < 0) {
    avformat_close_input (&file);
    return fail (error, path, status);
  }
  done = load (path, file, &picture, error);
  avformat_close_input (&file);
  if (!done)
    g_clear_pointer (&picture.pixels, g_free);
  *width = picture.width;
  *height = picture.height;
  *pixels = picture.pixels;
  return done;
}
