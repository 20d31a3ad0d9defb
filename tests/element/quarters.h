/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A frame of four colours, and what a model is shown of it. */

#pragma once

#include "frame.h"

#define RED 0xff0000
#define GREEN 0x00ff00
#define BLUE 0x0000ff
#define WHITE 0xffffff

/* A scripted model, which looks at pictures of up to 112 pixels a side as they are. (transfer full) */
L4Model *quarters_load_model (void);

/* RGB, `width` x `height`, four quarters: red and green above, blue and white below, in a buffer whose rows have `stride` bytes and which
 * begins at (x, y) of a larger frame that is black. (transfer full) */
GstBuffer *quarters_draw (guint width, guint height, guint x, guint y, guint full_width, guint full_height, gsize stride);

/* The same in another format. (transfer full) */
GstBuffer *quarters_convert (const GstVideoInfo * from, GstBuffer * buffer, const GstVideoInfo * to);

/* What the model is shown of a buffer of those caps, or NULL and *problem; the same by way of a draft, of which there must be no problem.
 * (transfer full) */
GstLlama4Frame *quarters_copy (const char *caps, GstBuffer * buffer, GstVideoOrientationMethod orientation, char **problem);
GstLlama4Frame *quarters_copy_draft (const GstVideoInfo * info, GstBuffer * buffer, GstVideoOrientationMethod orientation);

/* The colour in the middle of a quarter; 0: left or above, 1: right or below. */
guint quarters_colour (const GstLlama4Frame * frame, guint x, guint y);
void quarters_assert (const GstLlama4Frame * frame, guint upper_left, guint upper_right, guint lower_left, guint lower_right);

/* Two colours differ by no more than rounding. */
void quarters_assert_alike (guint one, guint other);
