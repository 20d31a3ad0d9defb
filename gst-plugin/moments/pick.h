/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of a window's pictures are worth showing. All for one thread at a time. */

#pragma once

#include "llama4.h"

G_BEGIN_DECLS

/* Of frames (of GstLlama4Frame with pictures, by time) leaves n at most: the first, and those that differ most from one another. */
void gst_llama4_pick_different (GPtrArray * frames, guint n);

/* The same: of as many stretches of equal length the sharpest each. */
void gst_llama4_pick_sharp (GPtrArray * frames, guint n);

/* Mean difference of every pixel's green from the mean of its four neighbours, of 255: the more, the sharper, for pictures of one thing. Any
 * thread. */
double gst_llama4_pick_sharpness (const L4Picture * picture);

G_END_DECLS
