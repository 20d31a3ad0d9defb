/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sampled frames: small upright RGB copies of what the decoder gave. */

#include "frame.h"

#include <string.h>

#include "gettext.h"

/* The stretch of a frame that is shown. */
typedef struct
{
  gint x, y, width, height;
} Area;

struct _GstLlama4Copier
{
  GstVideoConverter *converter;
  GstVideoInfo in, out;         /* what the converter is for */
  Area area;
};

GstLlama4Frame *
gst_llama4_frame_ref (GstLlama4Frame * self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
gst_llama4_frame_unref (GstLlama4Frame * self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_free (self->pixels);
  g_free (self);
}

GstLlama4Copier *
gst_llama4_copier_new (void)
{
  return g_new0 (GstLlama4Copier, 1);
}

void
gst_llama4_copier_free (GstLlama4Copier * self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->converter, gst_video_converter_free);
  g_free (self);
}

static gboolean
is_sideways (GstVideoOrientationMethod orientation)
{
  return orientation == GST_VIDEO_ORIENTATION_90R || orientation == GST_VIDEO_ORIENTATION_90L
      || orientation == GST_VIDEO_ORIENTATION_UL_LR || orientation == GST_VIDEO_ORIENTATION_UR_LL;
}

/* What the caps or a crop meta show of a mapped frame, which can be larger than the caps say. */
static Area
visible_area (const GstVideoInfo * info, const GstVideoFrame * frame)
{
  const GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta (frame->buffer);
  guint width = GST_VIDEO_FRAME_WIDTH (frame), height = GST_VIDEO_FRAME_HEIGHT (frame);

  if (crop == NULL || crop->x >= width || crop->y >= height || crop->width == 0 || crop->height == 0)
    return (Area) { 0, 0, GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info) };
  return (Area) { crop->x, crop->y, MIN (crop->width, width - crop->x), MIN (crop->height, height - crop->y) };
}

/* Mapping takes a meta at its word that it fits the caps. */
static gboolean
map_frame (const GstVideoInfo * info, GstBuffer * buffer, GstVideoFrame * frame, char **problem)
{
  const GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  const char *format = gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info));
  gint width = GST_VIDEO_INFO_WIDTH (info), height = GST_VIDEO_INFO_HEIGHT (info);

  if (meta != NULL && (meta->format != GST_VIDEO_INFO_FORMAT (info) || meta->width < (guint) width
          || meta->height < (guint) height)) {
    *problem = g_strdup_printf (_("a buffer says that it is %ux%u %s, but its caps say %dx%d %s"), meta->width, meta->height,
        gst_video_format_to_string (meta->format), width, height, format);
    return FALSE;
  }
  if (gst_video_frame_map (frame, info, buffer, GST_MAP_READ))
    return TRUE;
  *problem = g_strdup_printf (_("cannot read a %dx%d %s frame from a buffer of %zu bytes"), width, height, format,
      gst_buffer_get_size (buffer));
  return FALSE;
}

/* The size to convert to: what the model wants of the upright picture with square pixels, laid as the frame lies. */
static void
choose_size (const GstVideoInfo * info, const Area * area, gboolean sideways, const L4Model * model, guint max_tiles,
    guint * width, guint * height)
{
  guint64 shown = gst_util_uint64_scale_int (area->width, MAX (GST_VIDEO_INFO_PAR_N (info), 1),
      MAX (GST_VIDEO_INFO_PAR_D (info), 1));
  guint across = CLAMP (shown, 1, 65535), down = CLAMP (area->height, 1, 65535);

  if (sideways)
    l4_model_picture_size (model, down, across, max_tiles, height, width);
  else
    l4_model_picture_size (model, across, down, max_tiles, width, height);
}

static gboolean
prepare_converter (GstLlama4Copier * self, const GstVideoInfo * in, const Area * area, guint width, guint height)
{
  GstVideoInfo out;

  gst_video_info_set_format (&out, GST_VIDEO_FORMAT_RGB, width, height);
  GST_VIDEO_INFO_FPS_N (&out) = GST_VIDEO_INFO_FPS_N (in);      /* the converter insists, though it does not use them */
  GST_VIDEO_INFO_FPS_D (&out) = GST_VIDEO_INFO_FPS_D (in);
  GST_VIDEO_INFO_INTERLACE_MODE (&out) = GST_VIDEO_INFO_INTERLACE_MODE (in);    /* the same of these; its fields stay in one picture */
  if (self->converter != NULL && gst_video_info_is_equal (&self->in, in) && gst_video_info_is_equal (&self->out, &out)
      && memcmp (&self->area, area, sizeof *area) == 0)
    return TRUE;
  g_clear_pointer (&self->converter, gst_video_converter_free);
  self->in = *in;
  self->out = out;
  self->area = *area;
  self->converter = gst_video_converter_new (&self->in, &self->out, gst_structure_new ("GstVideoConverter",
          GST_VIDEO_CONVERTER_OPT_RESAMPLER_METHOD, GST_TYPE_VIDEO_RESAMPLER_METHOD, GST_VIDEO_RESAMPLER_METHOD_LINEAR,
          GST_VIDEO_CONVERTER_OPT_SRC_X, G_TYPE_INT, area->x, GST_VIDEO_CONVERTER_OPT_SRC_Y, G_TYPE_INT, area->y,
          GST_VIDEO_CONVERTER_OPT_SRC_WIDTH, G_TYPE_INT, area->width,
          GST_VIDEO_CONVERTER_OPT_SRC_HEIGHT, G_TYPE_INT, area->height, NULL));
  return self->converter != NULL;
}

/* Where the pixel (x, y) of the upright picture lies in the converted one of w x h pixels. */
static void
source_pixel (GstVideoOrientationMethod orientation, guint w, guint h, guint x, guint y, guint * sx, guint * sy)
{
  switch (orientation) {
    case GST_VIDEO_ORIENTATION_90R:
      *sx = y, *sy = h - 1 - x;
      break;
    case GST_VIDEO_ORIENTATION_180:
      *sx = w - 1 - x, *sy = h - 1 - y;
      break;
    case GST_VIDEO_ORIENTATION_90L:
      *sx = w - 1 - y, *sy = x;
      break;
    case GST_VIDEO_ORIENTATION_HORIZ:
      *sx = w - 1 - x, *sy = y;
      break;
    case GST_VIDEO_ORIENTATION_VERT:
      *sx = x, *sy = h - 1 - y;
      break;
    case GST_VIDEO_ORIENTATION_UL_LR:
      *sx = y, *sy = x;
      break;
    case GST_VIDEO_ORIENTATION_UR_LL:
      *sx = w - 1 - y, *sy = h - 1 - x;
      break;
    default:
      *sx = x, *sy = y;
      break;
  }
}

static GstLlama4Frame *
frame_new (const GstVideoFrame * converted, GstVideoOrientationMethod orientation, GstClockTime time)
{
  guint w = GST_VIDEO_FRAME_WIDTH (converted), h = GST_VIDEO_FRAME_HEIGHT (converted);
  const guint8 *pixels = GST_VIDEO_FRAME_PLANE_DATA (converted, 0);
  gsize stride = GST_VIDEO_FRAME_PLANE_STRIDE (converted, 0);
  GstLlama4Frame *self = g_new0 (GstLlama4Frame, 1);
  L4Picture *picture = &self->picture;

  g_atomic_ref_count_init (&self->references);
  self->time = time;
  picture->width = is_sideways (orientation) ? h : w;
  picture->height = is_sideways (orientation) ? w : h;
  picture->stride = (gsize) picture->width * 3;
  picture->pixels = self->pixels = g_malloc (picture->stride * picture->height);
  for (guint y = 0; y < picture->height; y++)
    for (guint x = 0; x < picture->width; x++) {
      guint sx, sy;

      source_pixel (orientation, w, h, x, y, &sx, &sy);
      memcpy (self->pixels + y * picture->stride + x * 3, pixels + sy * stride + sx * 3, 3);
    }
  return self;
}

GstLlama4Frame *
gst_llama4_copier_copy (GstLlama4Copier * self, const GstVideoInfo * info, GstBuffer * buffer,
    GstVideoOrientationMethod orientation, const L4Model * model, guint max_tiles, GstClockTime time, char **problem)
{
  GstVideoFrame in, out;
  GstLlama4Frame *frame = NULL;
  GstBuffer *converted = NULL;
  guint width, height;
  Area area;

  if (!map_frame (info, buffer, &in, problem))
    return NULL;
  area = visible_area (info, &in);
  choose_size (info, &area, is_sideways (orientation), model, max_tiles, &width, &height);
  if (!prepare_converter (self, &in.info, &area, width, height)) {
    *problem = g_strdup_printf (_("cannot convert %dx%d %s to %ux%u RGB"), area.width, area.height,
        gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)), width, height);
  } else if ((converted = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&self->out), NULL)) == NULL
      || !gst_video_frame_map (&out, &self->out, converted, GST_MAP_READWRITE)) {
    *problem = g_strdup_printf (_("no memory for a picture of %ux%u"), width, height);
  } else {
    gst_video_converter_frame (self->converter, &in, &out);
    frame = frame_new (&out, orientation, time);
    gst_video_frame_unmap (&out);
  }
  gst_clear_buffer (&converted);
  gst_video_frame_unmap (&in);
  return frame;
}
