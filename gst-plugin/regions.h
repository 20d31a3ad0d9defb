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

/* The smallest rectangle that has all that is shown, and as it lies in a picture that is turned upright by `orientation`. */
GstLlama4Region gst_llama4_regions_bounds (const GstLlama4Regions * self);
GstLlama4Region gst_llama4_region_turn (GstLlama4Region region, GstVideoOrientationMethod orientation);

/* Whether anything within the bounds is hidden. */
gboolean gst_llama4_regions_hide (const GstLlama4Regions * self);

/* Blackens what is not shown of RGB pixels that show the bounds. */
void gst_llama4_regions_blacken (const GstLlama4Regions * self, guint8 * pixels, guint width, guint height, gsize stride);

/* Makes the cells of a glance at a whole frame of that orientation the same that show nothing of it. */
void gst_llama4_regions_blind (const GstLlama4Regions * self, GstVideoOrientationMethod orientation, GstLlama4Glance * glance);

G_END_DECLS
