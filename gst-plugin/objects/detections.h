/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a detector upstream has found in a frame, and a tracker knows again, as GstAnalytics tells it. */

#pragma once

#include "regions.h"

G_BEGIN_DECLS

/* So many are read of a frame; the rest are left out. */
#define GST_LLAMA4_MOST_DETECTIONS 128

typedef struct
{
  gboolean tracked;             /* it has an id: */
  guint64 id;                   /* the tracker's, less its highest bit: one object has the same in all frames */
  const char *label;            /* the detector's, never freed; NULL: none */
  double confidence;            /* of that, 0 … 1 */
  GstLlama4Region box;          /* in pixels of the buffer, as large as is said: it may reach beyond the edges */
} GstLlama4Detection;

/* Whether they can be read: it takes GStreamer's library for analytics when this is built. */
gboolean gst_llama4_detections_supported (void);

/* Appends those of the buffer to detections (of GstLlama4Detection), each id once; what a tracker has lost is not there. Any thread. */
void gst_llama4_detections_read (GstBuffer * buffer, GArray * detections);

G_END_DECLS
