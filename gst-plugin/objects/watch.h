/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects from the frames that pass to windows, and what the model says of them. */

#pragma once

#include "gstllama4describe.h"

G_BEGIN_DECLS

/* For the streaming thread. Forgets the objects of the stream. */
void gst_llama4_objects_reset (GstLlama4Describe * self);

/* Looks at what is detected in the frame, after advancing to its time. Where a tracker is at work, what it knows is looked at; else what is
 * detected is followed by where it is (objects/follow.h). What is not shown of the picture is not looked at: an object is where the middle
 * of its box is. */
void gst_llama4_objects_watch (GstLlama4Describe * self, GstBuffer * buffer, GstClockTime time);

/* Gives the window those that are described with it. */
void gst_llama4_objects_choose (GstLlama4Describe * self, GstLlama4Window * window);

/* For the worker: asks the model about each. One that would be answered later than `until`, in monotonic time, is left to another window with
 * those behind it; if late_too, and it is later than that already, the first is asked about even so. One that fails has an error. */
void gst_llama4_objects_describe (GPtrArray * objects, const GstLlama4Settings * settings, gint64 until, gboolean late_too, L4Session * session,
    GCancellable * cancellable);

/* Those that were answered, as records tell of them: of L4Object, which borrow from them. (transfer full) */
GArray *gst_llama4_objects_list (GPtrArray * objects);

/* Those that were answered are in a record: counts them, warns of those that failed, and gives back the others. One job at a time. */
void gst_llama4_objects_tell (GPtrArray * objects, GstLlama4Describe * element);

/* Their window is let go of: what was not told may be told with another. Any thread; NULL is fine. */
void gst_llama4_objects_give_back (GPtrArray * objects);

G_END_DECLS
