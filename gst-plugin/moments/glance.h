/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A glance at a frame: a grid of mean values, of a few rows and columns alone, by which frames are compared. */

#pragma once

#include <gst/video/video.h>

#include "llama4.h"

G_BEGIN_DECLS

#define GST_LLAMA4_GLANCE_WIDTH 64
#define GST_LLAMA4_GLANCE_HEIGHT 36

typedef struct
{
  GstClockTime time;            /* stream time */
  guint8 y[GST_LLAMA4_GLANCE_HEIGHT][GST_LLAMA4_GLANCE_WIDTH];  /* luma, and colour differences around 128 */
  guint8 u[GST_LLAMA4_GLANCE_HEIGHT / 2][GST_LLAMA4_GLANCE_WIDTH / 2];
  guint8 v[GST_LLAMA4_GLANCE_HEIGHT / 2][GST_LLAMA4_GLANCE_WIDTH / 2];
} GstLlama4Glance;

/* Keeps what it needs for formats that are not read directly. Used by one thread. */
typedef struct _GstLlama4Glancer GstLlama4Glancer;

GstLlama4Glancer *gst_llama4_glancer_new (void);
void gst_llama4_glancer_free (GstLlama4Glancer * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Glancer, gst_llama4_glancer_free)

/* Takes a glance at what is visible of a mapped frame of any format: what the caps or a crop meta show of it. FALSE: the format cannot be
 * converted. */
gboolean gst_llama4_glancer_look (GstLlama4Glancer * self, const GstVideoInfo * caps, GstVideoFrame * frame, GstClockTime time,
    GstLlama4Glance * glance);

/* The same of a picture as it is shown to the model. Any thread. */
void gst_llama4_glance_at_picture (const L4Picture * picture, GstClockTime time, GstLlama4Glance * glance);

G_END_DECLS
