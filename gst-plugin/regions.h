/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of the picture that alone are watched and shown, and parts that never are. */

#pragma once

#include <gst/video/video.h>

#include "moments/glance.h"

G_BEGIN_DECLS

/* A rectangle of the upright picture, in fractions of its width and height. */
typedef struct
{
  double x, y, width, height;
} GstLlama4Region;

#define GST_LLAMA4_MOST_REGIONS 64

/* Immutable while it is used. Zeroed: everything is shown. */
typedef struct
{
  GstLlama4Region shown[GST_LLAMA4_MOST_REGIONS], hidden[GST_LLAMA4_MOST_REGIONS];
  guint n_shown, n_hidden;      /* none shown: all is */
} GstLlama4Regions;

/* Reads "x,y,width,height; …" with numbers of 0 … 1; NULL and "" are none. FALSE and what is wrong with it in *problem (transfer full). */
gboolean gst_llama4_regions_parse (const char *text, GstLlama4Region * regions, guint * n, char **problem);

/* The smallest rectangle that has all that is shown. */
GstLlama4Region gst_llama4_regions_bounds (const GstLlama4Regions * self);

/* A rectangle of the upright picture as it lies in one that is turned upright by `orientation`, and back. */
GstLlama4Region gst_llama4_region_turn (GstLlama4Region region, GstVideoOrientationMethod orientation);
GstLlama4Region gst_llama4_region_turn_back (GstLlama4Region region, GstVideoOrientationMethod orientation);

/* All of them as they lie there. */
GstLlama4Regions gst_llama4_regions_turn (const GstLlama4Regions * self, GstVideoOrientationMethod orientation);

/* What of it lies within another. FALSE: nothing. */
gboolean gst_llama4_region_clip (GstLlama4Region * region, const GstLlama4Region * within);

/* Whether that place is shown. */
gboolean gst_llama4_regions_show (const GstLlama4Regions * self, double x, double y);

/* Whether anything of that rectangle is hidden. */
gboolean gst_llama4_regions_hide (const GstLlama4Regions * self, const GstLlama4Region * of);

/* How pixels were made, in fractions of the picture: how large samples were, and how far beyond itself each pixel is made of them, to either side
 * and above and below. */
typedef struct
{
  double across, down;
  double reach_across, reach_down;
} GstLlama4Source;

/* Blackens what is not shown of RGB pixels that show that rectangle, and those that have a trace of it. What is shown begins and ends with whole
 * samples, the nearest ones. */
void gst_llama4_regions_blacken (const GstLlama4Regions * self, const GstLlama4Region * of, const GstLlama4Source * source,
    guint8 * pixels, guint width, guint height, gsize stride);

/* Makes the cells of a glance at a whole frame of that orientation the same that show nothing of it. */
void gst_llama4_regions_blind (const GstLlama4Regions * self, GstVideoOrientationMethod orientation, GstLlama4Glance * glance);

G_END_DECLS
