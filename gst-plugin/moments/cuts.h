/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hard cuts: where one shot follows another from one frame to the next. */

#pragma once

#include "moments/glance.h"

G_BEGIN_DECLS

/* Fades, dissolves and flashes of one or two frames are none; nor is what comes or goes within three frames. Whether a frame is the
 * first of a shot is known two frames later, or at once where frames are more than 0.15 s apart. It depends on nothing
 * before the window that the frame is in, but for the frame just before: whoever begins there sees the same. Used by one thread. */
typedef struct _GstLlama4Cuts GstLlama4Cuts;

GstLlama4Cuts *gst_llama4_cuts_new (void);
void gst_llama4_cuts_free (GstLlama4Cuts * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Cuts, gst_llama4_cuts_free)

void gst_llama4_cuts_reset (GstLlama4Cuts * self);

/* The next frame, of the window that starts at `start`. What pop gives must have been taken before. */
void gst_llama4_cuts_push (GstLlama4Cuts * self, const GstLlama4Glance * glance, GstClockTime start);

/* No frame comes until that time. */
void gst_llama4_cuts_pass (GstLlama4Cuts * self, GstClockTime time);

/* Time of the first frame of a shot, found by the last push or pass; NONE: none. */
GstClockTime gst_llama4_cuts_pop (GstLlama4Cuts * self);

/* Time of the earliest frame that may still turn out to be the first of a shot; NONE: none. */
GstClockTime gst_llama4_cuts_pending (const GstLlama4Cuts * self);

G_END_DECLS
