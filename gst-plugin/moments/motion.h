/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether something moves before the background, which is learnt from the frames themselves. */

#pragma once

#include "moments/glance.h"

G_BEGIN_DECLS

/* Every cell of a glance has a mean that it keeps to, and a spread that grows where leaves, water or noise stir. What stands still for
 * half a minute is background; so is all that is seen in the first two seconds, and after a change of nearly everything. A change of light is no motion.
 * Used by one thread. */
typedef struct _GstLlama4Motion GstLlama4Motion;

GstLlama4Motion *gst_llama4_motion_new (void);
void gst_llama4_motion_free (GstLlama4Motion * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Motion, gst_llama4_motion_free)

void gst_llama4_motion_reset (GstLlama4Motion * self);

/* The next frame is of another size or format, in which the same things look a little different: no motion yet. */
void gst_llama4_motion_change_format (GstLlama4Motion * self);

/* So often a second at most frames are looked at: of 30 every other one. What comes and goes between two of them is nothing that
 * anybody would see move. */
#define GST_LLAMA4_MOTION_MOST_LOOKS 17

/* Whether a frame at that time is worth a glance: unless there was one just before it, of the same format. */
gboolean gst_llama4_motion_wants (const GstLlama4Motion * self, GstClockTime time);

/* Whether something moves in the next frame that is looked at. */
gboolean gst_llama4_motion_push (GstLlama4Motion * self, const GstLlama4Glance * glance);

G_END_DECLS
