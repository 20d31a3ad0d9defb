/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small picture of what comes from a camera. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The buffer (video/x-raw of any format in memory) as a JPEG so many pixels wide or high at most. NULL: it cannot be made.
 * (transfer full) */
GBytes *l4_glimpse (GstCaps *caps, GstBuffer *buffer, guint longer_side);

G_END_DECLS
