/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets into a file that plays, without encoding them again. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The suffix of the file that packets of those caps fit into: "mp4" or "mkv"; NULL: none. */
const char *l4_clip_suffix (const GstCaps *caps);

/* Writes packets (GstBuffer, in decoding order) to path, whole or not at all; what is there already is not replaced. Its times begin at 0. */
gboolean l4_clip_write (const char *path, GstCaps *caps, const GPtrArray *packets, GError **error);

G_END_DECLS
