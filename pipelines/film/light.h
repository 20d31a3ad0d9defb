/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a film says of its light (HDR10): the screen that it was mastered on, and how bright its pictures get. */

#pragma once

#include <gst/gst.h>

#include <libavcodec/codec_par.h>
#include <libavutil/frame.h>

G_BEGIN_DECLS

/* Adds what the picture comes with to the caps of it. */
void l4_light_to_caps (const AVFrame *frame, GstCaps *caps);

/* The way back: to what a container says of a stream. FALSE: no memory. */
gboolean l4_light_from_caps (const GstCaps *caps, AVCodecParameters *parameters);

G_END_DECLS
