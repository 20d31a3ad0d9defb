/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entries of a container's index: where it says key frames are, which is not to be trusted. */

#pragma once

#include "film/reader.h"

G_BEGIN_DECLS

/* Whether it tells how long after that key frame the next one is shown; nanoseconds. */
gboolean l4_entries_get_gap (const L4Reader *reader, const AVPacket *key, gint64 *gap);

/* Whether it tells where the key frame after that packet is; time: what to ask the demuxer for to get there. */
gboolean l4_entries_aim (const L4Reader *reader, const AVPacket *packet, gint64 *time);

G_END_DECLS
