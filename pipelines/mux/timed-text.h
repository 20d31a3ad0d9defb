/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timed text of MP4 (3GPP TS 26.245, "tx3g"). */

#pragma once

#include <glib.h>

#include <libavcodec/codec_par.h>

G_BEGIN_DECLS

/* Describes how text is shown over a film of that many pixels: white, sans serif, centred at the bottom. FALSE: no memory. */
gboolean l4_timed_text_describe (AVCodecParameters *parameters, int width, int height);

G_END_DECLS
