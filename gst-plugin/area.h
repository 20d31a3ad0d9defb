/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where parts of the upright picture lie in a frame. */

#pragma once

#include <gst/video/video.h>

#include "regions.h"

G_BEGIN_DECLS

/* A stretch of a frame, in pixels. */
typedef struct
{
  gint x, y, width, height;
} GstLlama4Area;

/* What the caps or a crop meta show of a frame, which can be larger than the caps say. */
GstLlama4Area gst_llama4_area_visible (const GstVideoInfo * info, GstBuffer * buffer);

/* A part of the upright picture as pixels of the visible area, and the part that an area of a frame's pixels is. */
GstLlama4Area gst_llama4_area_of (const GstLlama4Region * part, const GstLlama4Area * visible, GstVideoOrientationMethod orientation);
GstLlama4Region gst_llama4_area_get_part (const GstLlama4Area * area, const GstLlama4Area * visible, GstVideoOrientationMethod orientation);

/* Makes it begin and end at whole samples of colour, where the converter begins: so what is hidden of it is known exactly. */
void gst_llama4_area_align (GstLlama4Area * area, const GstLlama4Area * visible);

G_END_DECLS
