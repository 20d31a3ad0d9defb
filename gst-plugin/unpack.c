/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of frames that GStreamer's converter cannot take out of them. */

#include "unpack.h"

#include <string.h>

/* Of these GStreamer's converter reads a row that does not begin at its left edge from another place, or from behind the frame, writes behind its
 * own rows, or ends the process. */
static gboolean
is_misread (const GstVideoFormatInfo * format)
{
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_UYVP, GST_VIDEO_FORMAT_IYU1, GST_VIDEO_FORMAT_GRAY10_LE32,
    GST_VIDEO_FORMAT_RGBA64_LE, GST_VIDEO_FORMAT_RGBA64_BE, GST_VIDEO_FORMAT_BGRA64_LE, GST_VIDEO_FORMAT_BGRA64_BE,
    GST_VIDEO_FORMAT_ABGR64_LE, GST_VIDEO_FORMAT_ABGR64_BE, GST_VIDEO_FORMAT_ARGB64_BE
  };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (GST_VIDEO_FORMAT_INFO_FORMAT (format) == formats[i])
      return TRUE;
  return GST_VIDEO_FORMAT_INFO_IS_TILED (format);
}

gboolean
gst_llama4_unpack_is_needed (const GstVideoFormatInfo * format, const GstLlama4Area * area)
{
  return area->x > 0 && is_misread (format);
}

GstBuffer *
gst_llama4_unpack_copy (const GstVideoFrame * in, GstLlama4Area * taken, GstVideoInfo * info)
{
  const GstVideoFormatInfo *format = in->info.finfo;
  gsize pixel = GST_VIDEO_FORMAT_INFO_PSTRIDE (gst_video_format_get_info (format->unpack_format), 0);
  gint right = taken->x + taken->width, top = GST_ROUND_DOWN_4 (taken->y);
  g_autofree guint8 *line = g_malloc ((GST_ROUND_UP_64 ((gsize) right) + 64) * pixel);      /* some write whole tiles */
  g_autoptr (GstBuffer) buffer = NULL;
  GstVideoFrame copy;

  taken->height += taken->y - top;
  taken->y = top;
  if (!gst_video_info_set_format (info, format->unpack_format, taken->width, taken->height))
    return NULL;
  info->colorimetry = in->info.colorimetry;
  info->chroma_site = in->info.chroma_site;
  info->interlace_mode = in->info.interlace_mode;
  buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (info), NULL);
  if (buffer == NULL || !gst_video_frame_map (&copy, info, buffer, GST_MAP_WRITE))
    return NULL;
  for (gint y = 0; y < taken->height; y++) {
    guint8 *row = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&copy, 0) + (gssize) y * GST_VIDEO_FRAME_PLANE_STRIDE (&copy, 0);

    format->unpack_func (format, GST_VIDEO_PACK_FLAG_NONE, line, in->data, in->info.stride, 0, top + y, right);
    memcpy (row, line + taken->x * pixel, taken->width * pixel);
  }
  gst_video_frame_unmap (&copy);
  return g_steal_pointer (&buffer);
}
