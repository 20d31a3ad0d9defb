/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes from a camera, as it comes: when the latest picture did, and what its time is by the clock on the wall. */

#pragma once

#include <gst/gst.h>

#include "cameras/cameras.h"
#include "live/live.h"

G_BEGIN_DECLS

/* All functions: any thread. */
typedef struct _L4Sight L4Sight;

/* Looks at what enters the queue, and at what enters the element that describes it. live: a page that gets pictures, looked at with each of
 * them, as are camera and elements: they outlive it. (transfer full) */
L4Sight *l4_sight_new (const L4Camera *camera, L4Live *const *live, GstElement *queue, GstElement *describe);
void l4_sight_free (L4Sight *self);     /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Sight, l4_sight_free)

/* Nothing has come; times begin anew. */
void l4_sight_reset (L4Sight *self);

/* What comes from now on is let go of, until times begin anew. */
void l4_sight_close (L4Sight *self);

/* How far ahead of its time a picture came, in nanoseconds, if it was that of no camera that is right; then none is taken any more. 0: none
 * did. */
GstClockTime l4_sight_get_ahead (L4Sight *self);

/* When the latest picture came, monotonic; 0: none did. ending: no more will, though what came is described still. */
gint64 l4_sight_get_latest (L4Sight *self, gboolean *ending);

/* Stream times by the clock on the wall, microseconds since 1970, of which now is the latest. */
void l4_sight_tell_time (L4Sight *self, guint64 start, guint64 end, gint64 now, gint64 *from, gint64 *until);

G_END_DECLS
