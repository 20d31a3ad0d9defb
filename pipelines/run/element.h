/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GStreamer's elements by their names. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* An element of that factory. NULL: GStreamer lacks it. (floating) */
GstElement *l4_element_new (const char *factory, GError **error);

G_END_DECLS
