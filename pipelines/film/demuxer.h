/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FFmpeg's demuxer of a file that nobody vouches for: it is known by its content alone, and opens no other file. */

#pragma once

#include <gst/gst.h>

#include "film/source.h"

#include <libavformat/avformat.h>

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (l4_film_debug);

/* Its streams are known, as far as that can be. NULL: it is nothing to read a film from. The source is borrowed until
 * l4_demuxer_close(). */
AVFormatContext *l4_demuxer_open (L4Source *source, AVIOContext **io, GError **error);
void l4_demuxer_close (AVFormatContext **demuxer, AVIOContext **io);    /* of NULL is fine */

G_END_DECLS
