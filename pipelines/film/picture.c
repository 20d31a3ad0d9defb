/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FFmpeg's pictures as GStreamer's, without copying their pixels where GStreamer knows their format. */

#include "film/picture.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "film/light.h"
#include "film/reader.h"

struct _L4Pictures
{
  AVFormatContext *demuxer;
  AVStream *stream;
  GstVideoOrientationMethod orientation;        /* of the stream */
  gboolean mixed;               /* some frames are interlaced */

  GstVideoInfo info;            /* of the last picture */
  GstCaps *caps;                /* NULL: there was none */

  struct SwsContext *scaler;    /* cached; NULL: none was needed */
};

/* Formats ---------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  enum AVPixelFormat from;
  GstVideoFormat to;
} Format;

/* Those that lie in memory alike. Where a swscale must choose one, it is of these too. Not gray: GStreamer's converters take its levels for
 * those of pictures with colours. */
static const Format formats[] = {
  {AV_PIX_FMT_YUV420P, GST_VIDEO_FORMAT_I420}, {AV_PIX_FMT_YUVJ420P, GST_VIDEO_FORMAT_I420},
  {AV_PIX_FMT_YUV422P, GST_VIDEO_FORMAT_Y42B}, {AV_PIX_FMT_YUVJ422P, GST_VIDEO_FORMAT_Y42B},
  {AV_PIX_FMT_YUV444P, GST_VIDEO_FORMAT_Y444}, {AV_PIX_FMT_YUVJ444P, GST_VIDEO_FORMAT_Y444},
  {AV_PIX_FMT_YUV411P, GST_VIDEO_FORMAT_Y41B}, {AV_PIX_FMT_YUV410P, GST_VIDEO_FORMAT_YUV9},
  {AV_PIX_FMT_NV12, GST_VIDEO_FORMAT_NV12}, {AV_PIX_FMT_NV21, GST_VIDEO_FORMAT_NV21},
  {AV_PIX_FMT_YUYV422, GST_VIDEO_FORMAT_YUY2}, {AV_PIX_FMT_UYVY422, GST_VIDEO_FORMAT_UYVY},
  {AV_PIX_FMT_YUVA420P, GST_VIDEO_FORMAT_A420},
  {AV_PIX_FMT_YUV420P10LE, GST_VIDEO_FORMAT_I420_10LE}, {AV_PIX_FMT_YUV422P10LE, GST_VIDEO_FORMAT_I422_10LE},
  {AV_PIX_FMT_YUV444P10LE, GST_VIDEO_FORMAT_Y444_10LE}, {AV_PIX_FMT_P010LE, GST_VIDEO_FORMAT_P010_10LE},
  {AV_PIX_FMT_YUV420P12LE, GST_VIDEO_FORMAT_I420_12LE}, {AV_PIX_FMT_YUV422P12LE, GST_VIDEO_FORMAT_I422_12LE},
  {AV_PIX_FMT_YUV444P12LE, GST_VIDEO_FORMAT_Y444_12LE},
  {AV_PIX_FMT_GBRP, GST_VIDEO_FORMAT_GBR}, {AV_PIX_FMT_GBRP10LE, GST_VIDEO_FORMAT_GBR_10LE},
  {AV_PIX_FMT_GBRP12LE, GST_VIDEO_FORMAT_GBR_12LE}, {AV_PIX_FMT_GBRAP, GST_VIDEO_FORMAT_GBRA},
  {AV_PIX_FMT_RGB24, GST_VIDEO_FORMAT_RGB}, {AV_PIX_FMT_BGR24, GST_VIDEO_FORMAT_BGR},
  {AV_PIX_FMT_RGBA, GST_VIDEO_FORMAT_RGBA}, {AV_PIX_FMT_BGRA, GST_VIDEO_FORMAT_BGRA},
  {AV_PIX_FMT_ARGB, GST_VIDEO_FORMAT_ARGB}, {AV_PIX_FMT_ABGR, GST_VIDEO_FORMAT_ABGR},
  {AV_PIX_FMT_RGB0, GST_VIDEO_FORMAT_RGBx}, {AV_PIX_FMT_BGR0, GST_VIDEO_FORMAT_BGRx},
  {AV_PIX_FMT_0RGB, GST_VIDEO_FORMAT_xRGB}, {AV_PIX_FMT_0BGR, GST_VIDEO_FORMAT_xBGR},
};

static GstVideoFormat
known_format (enum AVPixelFormat from)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (formats[i].from == from)
      return formats[i].to;
  return GST_VIDEO_FORMAT_UNKNOWN;
}

/* What a format that GStreamer does not know is converted to. */
static enum AVPixelFormat
nearest_format (enum AVPixelFormat from)
{
  const AVPixFmtDescriptor *descriptor = av_pix_fmt_desc_get (from);

  if (descriptor == NULL)
    return AV_PIX_FMT_NONE;
  if (descriptor->flags & (AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_PAL))
    return AV_PIX_FMT_RGBA;
  if (descriptor->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_BAYER))
    return AV_PIX_FMT_RGB24;
  return descriptor->nb_components < 3 ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_YUV444P;
}

/* Whether levels go from 0 to the most: those of gray do, unless the film says otherwise. */
static gboolean
is_full (const AVFrame *frame)
{
  const AVPixFmtDescriptor *descriptor = av_pix_fmt_desc_get (frame->format);

  if (descriptor != NULL && descriptor->nb_components < 3)
    return frame->color_range != AVCOL_RANGE_MPEG;
  return frame->color_range == AVCOL_RANGE_JPEG || (descriptor != NULL && g_str_has_prefix (descriptor->name, "yuvj"));
}

/* Rows from the bottom up are turned round too: GStreamer knows none. */
static gboolean
lies_alike (const AVFrame *frame)
{
  for (int i = 0; i < AV_NUM_DATA_POINTERS; i++)
    if (frame->linesize[i] < 0)
      return FALSE;
  return known_format (frame->format) != GST_VIDEO_FORMAT_UNKNOWN && frame->extended_buf == NULL;
}

/* A picture of its own, in a format that GStreamer knows, with the same colours and levels; NULL: there is no way. */
static AVFrame *
convert (L4Pictures *self, const AVFrame *frame)
{
  const gboolean known = known_format (frame->format) != GST_VIDEO_FORMAT_UNKNOWN;
  const enum AVPixelFormat format = known ? (enum AVPixelFormat) frame->format : nearest_format (frame->format);
  const int *colours = sws_getCoefficients (frame->colorspace);
  AVFrame *made = av_frame_alloc ();

  if (made == NULL || format == AV_PIX_FMT_NONE || frame->hw_frames_ctx != NULL)
    goto fail;
  made->format = format;
  made->width = frame->width;
  made->height = frame->height;
  if (av_frame_get_buffer (made, 0) < 0 || av_frame_copy_props (made, frame) < 0)
    goto fail;
  made->color_range = is_full (frame) ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  self->scaler = sws_getCachedContext (self->scaler, frame->width, frame->height, frame->format, frame->width, frame->height, format,
      SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
  if (self->scaler != NULL)
    sws_setColorspaceDetails (self->scaler, colours, is_full (frame), colours, is_full (frame), 0, 1 << 16, 1 << 16);
  if (self->scaler == NULL
      || sws_scale (self->scaler, (const uint8_t * const *) frame->data, frame->linesize, 0, frame->height, made->data,
          made->linesize) <= 0)
    goto fail;
  return made;

fail:
  av_frame_free (&made);
  return NULL;
}

/* Caps ------------------------------------------------------------------------------------------------------------------------- */

static void
set_colorimetry (GstVideoInfo *info, const AVFrame *frame)
{
  GstVideoColorimetry *colors = &info->colorimetry;
  const gboolean full = is_full (frame);

  if (!GST_VIDEO_INFO_IS_YUV (info))
    return;
  if (full || frame->color_range == AVCOL_RANGE_MPEG)
    colors->range = full ? GST_VIDEO_COLOR_RANGE_0_255 : GST_VIDEO_COLOR_RANGE_16_235;
  if (frame->colorspace != AVCOL_SPC_UNSPECIFIED && frame->colorspace != AVCOL_SPC_RGB)
    colors->matrix = gst_video_color_matrix_from_iso (frame->colorspace);
  if (frame->color_trc != AVCOL_TRC_UNSPECIFIED)
    colors->transfer = gst_video_transfer_function_from_iso (frame->color_trc);
  if (frame->color_primaries != AVCOL_PRI_UNSPECIFIED)
    colors->primaries = gst_video_color_primaries_from_iso (frame->color_primaries);
}

static void
set_chroma_site (GstVideoInfo *info, enum AVChromaLocation location)
{
  static const GstVideoChromaSite sites[] = {
    [AVCHROMA_LOC_LEFT] = GST_VIDEO_CHROMA_SITE_H_COSITED,
    [AVCHROMA_LOC_CENTER] = GST_VIDEO_CHROMA_SITE_NONE,
    [AVCHROMA_LOC_TOPLEFT] = GST_VIDEO_CHROMA_SITE_COSITED,
    [AVCHROMA_LOC_TOP] = GST_VIDEO_CHROMA_SITE_V_COSITED,
  };

  if (GST_VIDEO_INFO_IS_YUV (info) && location > AVCHROMA_LOC_UNSPECIFIED && location < (int) G_N_ELEMENTS (sites))
    info->chroma_site = sites[location];
}

static void
set_shape (L4Pictures *self, GstVideoInfo *info, AVFrame *frame)
{
  const AVRational shape = av_guess_sample_aspect_ratio (self->demuxer, self->stream, frame);
  const AVRational rate = l4_stream_rate (self->stream);

  if (shape.num > 0 && shape.den > 0) {
    info->par_n = shape.num;
    info->par_d = shape.den;
  }
  info->fps_n = rate.num;
  info->fps_d = rate.den;
}

/* Brings the caps up to date. Once a frame was interlaced they say that any may be. */
static gboolean
set_caps (L4Pictures *self, AVFrame *frame)
{
  GstVideoInfo info;

  if (!gst_video_info_set_format (&info, known_format (frame->format), frame->width, frame->height))
    return FALSE;
  self->mixed = self->mixed || (frame->flags & AV_FRAME_FLAG_INTERLACED);
  info.interlace_mode = self->mixed ? GST_VIDEO_INTERLACE_MODE_MIXED : GST_VIDEO_INTERLACE_MODE_PROGRESSIVE;
  set_colorimetry (&info, frame);
  set_chroma_site (&info, frame->chroma_location);
  set_shape (self, &info, frame);
  if (self->caps == NULL || !gst_video_info_is_equal (&info, &self->info)) {
    gst_clear_caps (&self->caps);
    self->caps = gst_video_info_to_caps (&info);
    if (self->caps != NULL)
      l4_light_to_caps (frame, self->caps);
    self->info = info;
  }
  return self->caps != NULL;
}

/* Orientation ------------------------------------------------------------------------------------------------------------------ */

/* The matrix takes column x and row y to column m[0] x + m[3] y and row m[1] x + m[4] y. Turns by other than quarters are left undone. */
GstVideoOrientationMethod
l4_orientation_of_matrix (const gint32 *m)
{
  if (m == NULL)
    return GST_VIDEO_ORIENTATION_IDENTITY;
  if (m[1] == 0 && m[3] == 0 && m[0] != 0 && m[4] != 0)
    return m[0] > 0 ? (m[4] > 0 ? GST_VIDEO_ORIENTATION_IDENTITY : GST_VIDEO_ORIENTATION_VERT)
        : (m[4] > 0 ? GST_VIDEO_ORIENTATION_HORIZ : GST_VIDEO_ORIENTATION_180);
  if (m[0] == 0 && m[4] == 0 && m[1] != 0 && m[3] != 0)
    return m[1] > 0 ? (m[3] > 0 ? GST_VIDEO_ORIENTATION_UL_LR : GST_VIDEO_ORIENTATION_90R)
        : (m[3] > 0 ? GST_VIDEO_ORIENTATION_90L : GST_VIDEO_ORIENTATION_UR_LL);
  return GST_VIDEO_ORIENTATION_IDENTITY;
}

static const gint32 *
matrix_of_stream (const AVStream *stream)
{
  const AVPacketSideData *data = av_packet_side_data_get (stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data,
      AV_PKT_DATA_DISPLAYMATRIX);

  return data != NULL && data->size >= 9 * sizeof (gint32) ? (const gint32 *) (gconstpointer) data->data : NULL;
}

/* The stream's; a picture's own where the stream has none. */
static GstStructure *
make_info (const L4Pictures *self, const AVFrame *frame)
{
  const AVFrameSideData *own = av_frame_get_side_data (frame, AV_FRAME_DATA_DISPLAYMATRIX);
  GstVideoOrientationMethod orientation = self->orientation;

  if (orientation == GST_VIDEO_ORIENTATION_IDENTITY && own != NULL && own->size >= 9 * sizeof (gint32))
    orientation = l4_orientation_of_matrix ((const gint32 *) (gconstpointer) own->data);
  if (orientation == GST_VIDEO_ORIENTATION_IDENTITY)
    return NULL;
  return gst_structure_new ("film", "orientation", GST_TYPE_VIDEO_ORIENTATION_METHOD, orientation, NULL);
}

/* Buffers ---------------------------------------------------------------------------------------------------------------------- */

static void
unref_plane (gpointer data)
{
  AVBufferRef *buffer = data;

  av_buffer_unref (&buffer);
}

/* Which of the frame's buffers holds data; -1: none. */
static int
find_buffer (const AVFrame *frame, const guint8 *data)
{
  for (int i = 0; i < AV_NUM_DATA_POINTERS && frame->buf[i] != NULL; i++)
    if (data >= frame->buf[i]->data && data < frame->buf[i]->data + frame->buf[i]->size)
      return i;
  return -1;
}

static gboolean
append_memory (GstBuffer *buffer, AVBufferRef *plane)
{
  AVBufferRef *held = av_buffer_ref (plane);

  if (held == NULL)
    return FALSE;
  gst_buffer_append_memory (buffer, gst_memory_new_wrapped (GST_MEMORY_FLAG_READONLY, held->data, held->size, 0, held->size, held,
          unref_plane));
  return TRUE;
}

/* The frame's memory, with a description of where its planes are; NULL: they are nowhere. */
static GstBuffer *
wrap (L4Pictures *self, const AVFrame *frame)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();
  gsize starts[AV_NUM_DATA_POINTERS] = { 0 }, end = 0, offsets[GST_VIDEO_MAX_PLANES] = { 0 };
  int strides[GST_VIDEO_MAX_PLANES] = { 0 };

  for (int i = 0; i < AV_NUM_DATA_POINTERS && frame->buf[i] != NULL; i++) {
    starts[i] = end;
    end += frame->buf[i]->size;
    if (!append_memory (buffer, frame->buf[i]))
      return NULL;
  }
  for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES (&self->info); plane++) {
    int held = find_buffer (frame, frame->data[plane]);

    if (held < 0)
      return NULL;
    offsets[plane] = starts[held] + (frame->data[plane] - frame->buf[held]->data);
    strides[plane] = frame->linesize[plane];
  }
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT (&self->info), frame->width, frame->height,
      GST_VIDEO_INFO_N_PLANES (&self->info), offsets, strides);
  return g_steal_pointer (&buffer);
}

static void
set_fields (GstBuffer *buffer, const AVFrame *frame)
{
  if (frame->flags & AV_FRAME_FLAG_INTERLACED)
    GST_BUFFER_FLAG_SET (buffer, GST_VIDEO_BUFFER_FLAG_INTERLACED);
  if (frame->flags & AV_FRAME_FLAG_TOP_FIELD_FIRST)
    GST_BUFFER_FLAG_SET (buffer, GST_VIDEO_BUFFER_FLAG_TFF);
  if (frame->repeat_pict > 0)
    GST_BUFFER_FLAG_SET (buffer, GST_VIDEO_BUFFER_FLAG_RFF);
}

L4Pictures *
l4_pictures_new (AVFormatContext *demuxer, AVStream *stream)
{
  L4Pictures *self = g_new0 (L4Pictures, 1);
  const enum AVFieldOrder fields = stream->codecpar->field_order;

  self->demuxer = demuxer;
  self->stream = stream;
  self->mixed = fields != AV_FIELD_UNKNOWN && fields != AV_FIELD_PROGRESSIVE;
  self->orientation = l4_orientation_of_matrix (matrix_of_stream (stream));
  return self;
}

void
l4_pictures_free (L4Pictures *self)
{
  if (self == NULL)
    return;
  gst_clear_caps (&self->caps);
  sws_freeContext (self->scaler);
  g_free (self);
}

GstSample *
l4_pictures_take (L4Pictures *self, AVFrame *frame, const GstSegment *segment, GstClockTime time, GstClockTime duration)
{
  AVFrame *made = lies_alike (frame) ? NULL : convert (self, frame), *shown = made != NULL ? made : frame;
  g_autoptr (GstBuffer) buffer = NULL;
  GstSample *sample = NULL;

  if ((made != NULL || lies_alike (frame)) && set_caps (self, shown))
    buffer = wrap (self, shown);
  if (buffer != NULL) {
    GST_BUFFER_PTS (buffer) = time;
    GST_BUFFER_DURATION (buffer) = duration;
    set_fields (buffer, shown);
    sample = gst_sample_new (buffer, self->caps, segment, make_info (self, frame));
  }
  av_frame_free (&made);
  return sample;
}
