/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picture files of any kind that FFmpeg reads. */

#include "cli/picture-file.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>

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

/* The decoder of the first picture stream, open. */
static AVCodecContext *
open_decoder (AVFormatContext *file, int *stream)
{
  const AVCodec *codec = NULL;
  AVCodecContext *decoder;

  *stream = av_find_best_stream (file, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  if (*stream < 0 || codec == NULL)
    return NULL;
  decoder = avcodec_alloc_context3 (codec);
  if (decoder != NULL && avcodec_parameters_to_context (decoder, file->streams[*stream]->codecpar) >= 0) {
    decoder->max_pixels = MAX_PIXELS;
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

static gboolean
load_frame (const char *path, const AVFrame *frame, Picture *picture, GError **error)
{
  const AVFrameSideData *matrix = av_frame_get_side_data (frame, AV_FRAME_DATA_DISPLAYMATRIX);

  if (!to_rgb (path, frame, picture, error))
    return FALSE;
  if (matrix != NULL && matrix->size >= 9 * sizeof (gint32))
    turn (picture, (const gint32 *) matrix->data);
  return TRUE;
}

gboolean
l4_picture_file_load (const char *path, guint *width, guint *height, guint8 **pixels, GError **error)
{
  AVFormatContext *file = NULL;
  AVCodecContext *decoder = NULL;
  AVFrame *frame = NULL;
  AVDictionary *settings = NULL;
  g_autofree char *url = g_strconcat ("file:", path, NULL);
  Picture picture = { 0 };
  gboolean done = FALSE;
  int stream, status;

  av_log_set_level (AV_LOG_QUIET);
  av_dict_set (&settings, "pattern_type", "none", 0);   /* or % in a name would make it a pattern of names */
  status = avformat_open_input (&file, url, NULL, &settings);
  av_dict_free (&settings);
  if (status < 0 || (status = avformat_find_stream_info (file, NULL)) < 0) {
    avformat_close_input (&file);
    return fail (error, path, status);
  }
  decoder = open_decoder (file, &stream);
  frame = av_frame_alloc ();
  if (decoder == NULL)
    l4_fail (error, L4_ERROR_FORMAT, _("%s: holds no picture"), path);
  else if ((status = decode_first (file, decoder, stream, frame)) < 0)
    fail (error, path, status);
  else
    done = load_frame (path, frame, &picture, error);
  *width = picture.width;
  *height = picture.height;
  *pixels = picture.pixels;
  av_frame_free (&frame);
  avcodec_free_context (&decoder);
  avformat_close_input (&file);
  return done;
}
