/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames that are mapped where all that they are said to have lies in their memory: a meta may say anything. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Maps a buffer of those caps to read. FALSE and, where asked for, a message (transfer full) when it does not fit them, or when a meta says of its
 * planes what cannot be: rows that overlap, or that are not in the memory that was mapped. Of mappings that do not say how much there is the
 * strides alone are looked at. */
gboolean gst_llama4_extent_map (const GstVideoInfo * info, GstBuffer * buffer, GstVideoFrame * frame, char **problem);

/* Of a mapped frame of which so few rows are to be scaled, to or from, that GStreamer makes no scaler for its fields: it is taken for one picture. */
void gst_llama4_extent_join_fields (GstVideoFrame * frame, guint rows);

G_END_DECLS
