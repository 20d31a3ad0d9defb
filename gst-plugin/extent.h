/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames that are mapped where all that they are said to have lies in their memory: a meta may say anything. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Maps a buffer of those caps to read. FALSE and, where asked for, a message (transfer full) when it does not fit them, or when a meta says of its
 * planes what cannot be: rows that overlap, or that are not in the memory that was mapped. Of mappings that do not say how much there is the
 * strides alone are looked at. */
gboolean gst_llama4_extent_map (const GstVideoInfo * info, GstBuffer * buffer, GstVideoFrame * frame, char **problem);

G_END_DECLS
