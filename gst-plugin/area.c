/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where parts of the upright picture lie in a frame. */

#include "area.h"

#include <math.h>

GstLlama4Area
gst_llama4_area_visible (const GstVideoInfo * info, GstBuffer * buffer)
{
  const GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta (buffer);
  const GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  guint width = meta != NULL ? meta->width : (guint) GST_VIDEO_INFO_WIDTH (info);
  guint height = meta != NULL ? meta->height : (guint) GST_VIDEO_INFO_HEIGHT (info);

  if (crop == NULL || crop->x >= width || crop->y >= height || crop->width == 0 || crop->height == 0)
    return (GstLlama4Area) { 0, 0, GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info) };
  return (GstLlama4Area) { crop->x, crop->y, MIN (crop->width, width - crop->x), MIN (crop->height, height - crop->y) };
}

GstLlama4Area
gst_llama4_area_of (const GstLlama4Region * part, const GstLlama4Area * visible, GstVideoOrientationMethod orientation)
{
  GstLlama4Region turned = gst_llama4_region_turn (*part, orientation);
  gint x = MIN (lrint (turned.x * visible->width), visible->width - 1), y = MIN (lrint (turned.y * visible->height), visible->height - 1);

  return (GstLlama4Area) { visible->x + x, visible->y + y, CLAMP (lrint (turned.width * visible->width), 1, visible->width - x),
    CLAMP (lrint (turned.height * visible->height), 1, visible->height - y)
  };
}

GstLlama4Region
gst_llama4_area_get_part (const GstLlama4Area * area, const GstLlama4Area * visible, GstVideoOrientationMethod orientation)
{
  return gst_llama4_region_turn_back ((GstLlama4Region) { (double) (area->x - visible->x) / visible->width,
        (double) (area->y - visible->y) / visible->height, (double) area->width / visible->width, (double) area->height / visible->height },
      orientation);
}

void
gst_llama4_area_align (GstLlama4Area * area, const GstLlama4Area * visible)
{
  gint right = MIN (GST_ROUND_UP_4 (area->x + area->width), visible->x + visible->width);
  gint bottom = MIN (GST_ROUND_UP_4 (area->y + area->height), visible->y + visible->height);

  area->x = MAX (GST_ROUND_DOWN_4 (area->x), visible->x);
  area->y = MAX (GST_ROUND_DOWN_4 (area->y), visible->y);
  area->width = right - area->x;
  area->height = bottom - area->y;
}
