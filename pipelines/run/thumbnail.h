/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small JPEG pictures of what was shown. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The picture in sample (video/x-raw, format=RGB) as JPEG whose longer side has 240 pixels at most. NULL: it cannot be made.
 * (transfer full) */
GBytes *l4_thumbnail (GstSample *sample);

/* The same with so many pixels at most. */
GBytes *l4_picture (GstSample *sample, guint longer_side);

G_END_DECLS
