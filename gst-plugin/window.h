/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which frames belong to which stretch of time: sampling by time stamps alone. */

#pragma once

#include <gst/gst.h>

#include "roll.h"

G_BEGIN_DECLS

/* Frames of one window: [start, end) in stream time. */
typedef struct
{
  GstClockTime start;
  GstClockTime end;             /* of a window cut short, where its last frame ends */
  GstClockTime text_end;        /* where the next window starts, if that is earlier */
  GPtrArray *frames;            /* of GstLlama4Frame; empty: some were wanted, but none was taken */
  GPtrArray *objects;           /* of GstLlama4Object, to be described with it; NULL: none */
} GstLlama4Window;

/* With the same frames, and without objects. (transfer full) */
GstLlama4Window *gst_llama4_window_copy (const GstLlama4Window * self);
void gst_llama4_window_free (GstLlama4Window * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Window, gst_llama4_window_free)

/* Sorts frames into windows. The first frame after a reset starts the first window; the others follow every
 * `length - overlap`, or begin anew at a cut. Used by one thread. */
typedef struct _GstLlama4Sampler GstLlama4Sampler;

GstLlama4Sampler *gst_llama4_sampler_new (void);
void gst_llama4_sampler_free (GstLlama4Sampler * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Sampler, gst_llama4_sampler_free)

/* Takes new settings, length > 0, overlap < length, n_frames >= 1, and forgets everything else. shortest: no cut leaves a window
 * shorter than that or a quarter of length, for which whole windows are held back as long; 0: there will be no cuts. */
void gst_llama4_sampler_set (GstLlama4Sampler * self, GstClockTime length, GstClockTime overlap, guint n_frames,
    GstClockTime shortest);

/* From the next reset on windows come only between open and shut; meanwhile frames of the latest `preroll` are kept. 0: always. */
void gst_llama4_sampler_set_preroll (GstLlama4Sampler * self, GstClockTime preroll);

/* Frames that are not sure to be shown are wanted only so far behind the latest one that was taken, but for those of a shot that
 * may have just begun. 0, as at first: all of them. */
void gst_llama4_sampler_set_apart (GstLlama4Sampler * self, GstClockTime apart);

/* Forgets everything but the settings. */
void gst_llama4_sampler_reset (GstLlama4Sampler * self);

/* After a reset: the first window starts at `from`, whenever the first frame comes; frames before that belong to none. NONE: at the first
 * frame. */
void gst_llama4_sampler_begin (GstLlama4Sampler * self, GstClockTime from);

/* Where the stream is thought to end, NONE when nothing is known: a window that it cuts short gets its frames spread until there. */
void gst_llama4_sampler_set_end (GstLlama4Sampler * self, GstClockTime end);

/* Time passes on to `time` (a frame, or a gap that reaches there): the next window that is complete by then, or NULL. Call
 * until it returns NULL. (transfer full) */
GstLlama4Window *gst_llama4_sampler_advance (GstLlama4Sampler * self, GstClockTime time);

/* Up to when everything is settled, after advancing to `time`: no window that is still to come starts earlier. */
GstClockTime gst_llama4_sampler_settled (const GstLlama4Sampler * self, GstClockTime time);

/* Start of the latest window that a frame at `time`, which comes next, belongs to, or else that time. */
GstClockTime gst_llama4_sampler_start_of (const GstLlama4Sampler * self, GstClockTime time);

/* What the frame at `time`, after advancing there, is wanted for. interval: to the next frame, as far as is known. */
GstLlama4Role gst_llama4_sampler_wants (GstLlama4Sampler * self, GstClockTime time, GstClockTime interval);

/* The frames from `from` on, up to the next call, are wanted too: they may turn out to be of a shot that begins there. NONE: they are not. */
void gst_llama4_sampler_doubt (GstLlama4Sampler * self, GstClockTime from);

/* Adds a wanted frame. (transfer full) */
void gst_llama4_sampler_take (GstLlama4Sampler * self, GstLlama4Frame * frame);

/* The frame at `time`, not before the latest time advanced to, is the first of a shot: the windows before end there, and one begins, whose
 * are the frames that were taken from there on in doubt. FALSE: nothing begins, for it would leave too short a window. */
gboolean gst_llama4_sampler_cut (GstLlama4Sampler * self, GstClockTime time);

/* Whether no window is open and none will be by itself. */
gboolean gst_llama4_sampler_is_shut (const GstLlama4Sampler * self);

/* Opens a window that begins with the frames kept from before, and lets others follow; then ends them at `time`. */
void gst_llama4_sampler_open (GstLlama4Sampler * self, GstClockTime time);
void gst_llama4_sampler_shut (GstLlama4Sampler * self, GstClockTime time);

/* The stream ends at `time`: the next open window with what it has, or NULL. Call until it returns NULL. (transfer full) */
GstLlama4Window *gst_llama4_sampler_drain (GstLlama4Sampler * self, GstClockTime time);

G_END_DECLS
