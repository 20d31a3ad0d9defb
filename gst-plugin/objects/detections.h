/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a detector upstream has found in a frame and a tracker knows again, as GstAnalytics tells it. */

#pragma once

#include "regions.h"

G_BEGIN_DECLS

/* So many are read of a frame; the rest are left out. */
#define GST_LLAMA4_MOST_DETECTIONS 128

typedef struct
{
  guint64 id;                   /* the tracker's: one object has the same in all frames */
  const char *label;            /* the detector's, never freed; NULL: none */
  double confidence;            /* of that, 0 … 1 */
  GstLlama4Region box;          /* in pixels of the buffer, as large as is said: it may reach beyond the edges */
} GstLlama4Detection;

/* Whether they can be read: it takes GStreamer's library for analytics when this is built. */
gboolean gst_llama4_detections_supported (void);

/* Appends those of the buffer that have an id, each id once, to detections (of GstLlama4Detection). Detections that no tracker knows have none,
 * and what a tracker has lost is not there: returns how many there are of the former. Any thread. */
guint gst_llama4_detections_read (GstBuffer * buffer, GArray * detections);

G_END_DECLS
