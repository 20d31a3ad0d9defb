/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether all that a mapped frame is said to have lies in its memory: a meta may say anything. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Rows must not overlap, and what is read of each plane must lie in the memory that was mapped for it. Of mappings that do not say how much
 * there is the strides alone are looked at. */
gboolean gst_llama4_extent_is_held (const GstVideoFrame * frame);

G_END_DECLS
