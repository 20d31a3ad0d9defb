/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frames of one window while it is open: those at their places, and a reserve for an end that nobody foresaw. */

#pragma once

#include "frame.h"

G_BEGIN_DECLS

/* What a frame is to a window. */
typedef enum
{
  GST_LLAMA4_UNWANTED,
  GST_LLAMA4_LATEST,            /* shown only if the window ends with it */
  GST_LLAMA4_RESERVE,           /* shown only if the window ends before its time */
  GST_LLAMA4_PLACE              /* shown when the window is whole */
} GstLlama4Role;

/* Whenever the window ends, the reserve has about `n_frames` frames evenly spread over it, or all that there were: the longer it lasts,
 * the wider they stand, and not many more than twice as many are kept. Used by one thread. */
typedef struct _GstLlama4Roll GstLlama4Roll;

GstLlama4Roll *gst_llama4_roll_new (guint n_frames);
void gst_llama4_roll_free (GstLlama4Roll * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Roll, gst_llama4_roll_free)

/* Whether the reserve wants the frame at `time`, later than all before. interval: to the next one. */
gboolean gst_llama4_roll_wants (const GstLlama4Roll * self, GstClockTime time, GstClockTime interval);

/* Adds the next frame. (frame: borrowed) */
void gst_llama4_roll_add (GstLlama4Roll * self, GstLlama4Frame * frame, GstLlama4Role role);

/* Forgets the frames from `time` on. */
void gst_llama4_roll_end (GstLlama4Roll * self, GstClockTime time);

/* Adds what other has later than self, as a reserve. */
void gst_llama4_roll_join (GstLlama4Roll * self, const GstLlama4Roll * other);

/* Makes each frame, in turn, what `choose` says that it is: place or reserve. */
void gst_llama4_roll_place (GstLlama4Roll * self, GstLlama4Role (*choose) (GstClockTime time, gpointer user_data), gpointer user_data);

/* The frames to show, of GstLlama4Frame, by time: of a whole window those at their places, otherwise as many of all, evenly
 * spread. (transfer full) */
GPtrArray *gst_llama4_roll_choose (const GstLlama4Roll * self, gboolean whole);

G_END_DECLS
