/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text over pictures that can be read on any of them. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A textoverlay: white letters without serifs on a shaded ground at the bottom, so large that as many fit into a line, but not larger than
 * a caption is. Of video/x-raw,format=I420 without features, which is what it shades. NULL: GStreamer lacks it. (floating) */
GstElement *l4_legible_new (guint columns, GError **error);

G_END_DECLS
