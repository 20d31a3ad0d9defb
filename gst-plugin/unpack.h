/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of frames that GStreamer's converter cannot take out of them. */

#pragma once

#include <gst/video/video.h>

#include "area.h"

G_BEGIN_DECLS

/* Whether frames of the format are of those, where the area does not begin at their left edge. */
gboolean gst_llama4_unpack_is_needed (const GstVideoFormatInfo * format, const GstLlama4Area * area);

/* The area of a mapped frame in the format's unpacked form. The area becomes what was taken: it may begin some rows higher, so that rows of
 * both fields stay what they are. NULL: no memory. (transfer full) */
GstBuffer *gst_llama4_unpack_copy (const GstVideoFrame * in, GstLlama4Area * taken, GstVideoInfo * info);

G_END_DECLS
