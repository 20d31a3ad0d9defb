/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last packets of a camera, as it sent them: in memory, so many bytes. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Any thread. */
typedef struct _L4Ring L4Ring;

L4Ring *l4_ring_new (guint64 most_bytes);
void l4_ring_free (L4Ring *self);       /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Ring, l4_ring_free)

/* A packet that is shown at that stream time (nanoseconds), which is copied. When there is no more room the oldest go, from one key frame to
 * the next. */
void l4_ring_push (L4Ring *self, GstCaps *caps, GstBuffer *packet, guint64 time);

/* The stream broke: what comes is another one, with times of its own. */
void l4_ring_break (L4Ring *self);

/* Which stream it is that packets come of now: 0, 1, … */
guint l4_ring_get_stream (L4Ring *self);

/* Whether of that stream nothing is missing until that time, or nothing more will come. */
gboolean l4_ring_has (L4Ring *self, guint stream, guint64 until);

/* The packets of a stream from the key frame at `from`, or the last before it or else the first after it, to `until`; all of one codec.
 * NULL: there are none. (transfer full; GstBuffer, with pts as pushed; caps: transfer full) */
GPtrArray *l4_ring_cut (L4Ring *self, guint stream, guint64 from, guint64 until, GstCaps **caps);

G_END_DECLS
