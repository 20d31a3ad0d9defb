/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FFmpeg's pictures as GStreamer's, without copying their pixels where GStreamer knows their format. */

#pragma once

#include <gst/video/video.h>

#include <libavformat/avformat.h>

G_BEGIN_DECLS

typedef struct _L4Pictures L4Pictures;

/* For pictures of a stream, as the file describes it; both are borrowed until l4_pictures_free(). */
L4Pictures *l4_pictures_new (AVFormatContext *demuxer, AVStream *stream);
void l4_pictures_free (L4Pictures *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Pictures, l4_pictures_free)

/* A picture with that time and duration, in segment; the sample holds its pixels as long as it lives. NULL: one of which nothing can be
 * made. (transfer full) */
GstSample *l4_pictures_take (L4Pictures *self, AVFrame *frame, const GstSegment *segment, GstClockTime time, GstClockTime duration);

/* How a picture with this display matrix (9 numbers; NULL: none) is to be turned. */
GstVideoOrientationMethod l4_orientation_of_matrix (const gint32 *matrix);

G_END_DECLS
