/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film read ahead by a thread of its own, as far as its queue holds. */

#pragma once

#include "film/film.h"

G_BEGIN_DECLS

typedef struct _L4Ahead L4Ahead;

/* Starts reading at once, as l4_film_start() has it. film: borrowed, and nobody else's until l4_ahead_free(). on_end is called by the
 * reading thread when the film has been read to its end, or not further. */
L4Ahead *l4_ahead_new (L4Film *film, L4FilmDecode decode, guint64 from, guint64 window, guint n_frames, GFunc on_end,
    gpointer user_data);
void l4_ahead_free (L4Ahead *self);   /* waits for the thread, which reads one picture more at most */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Ahead, l4_ahead_free)

L4Film *l4_ahead_get_film (const L4Ahead *self);

/* The next picture, waited for. NULL: that was the last, or reading failed, or was stopped. Any thread. (transfer full) */
GstSample *l4_ahead_pop (L4Ahead *self);

/* Makes pop return NULL from now on, and the thread end. Any thread. */
void l4_ahead_stop (L4Ahead *self);

/* Whether the film has been read to its end, or failed: nothing comes to the queue any more. Any thread. */
gboolean l4_ahead_has_ended (L4Ahead *self);

/* NULL: reading did not fail so far. Stays. */
const GError *l4_ahead_get_error (L4Ahead *self);

/* Time stamp of the latest picture that was popped. */
guint64 l4_ahead_get_position (L4Ahead *self);

G_END_DECLS
