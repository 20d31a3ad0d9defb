/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film read ahead by a thread of its own, as far as its queue holds. */

#pragma once

#include "film/film.h"

G_BEGIN_DECLS

typedef struct _L4Reader L4Reader;

/* Starts reading at once, as l4_film_start() has it. film: borrowed, and nobody else's until l4_reader_free(). on_end is called by the
 * reading thread when the film has been read to its end, or not further. */
L4Reader *l4_reader_new (L4Film *film, L4FilmDecode decode, guint64 from, guint64 window, guint n_frames, GFunc on_end,
    gpointer user_data);
void l4_reader_free (L4Reader *self);   /* waits for the thread, which reads one picture more at most */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Reader, l4_reader_free)

L4Film *l4_reader_get_film (const L4Reader *self);

/* The next picture, waited for. NULL: that was the last, or reading failed, or was stopped. Any thread. (transfer full) */
GstSample *l4_reader_pop (L4Reader *self);

/* Makes pop return NULL from now on, and the thread end. Any thread. */
void l4_reader_stop (L4Reader *self);

/* Whether the film has been read to its end, or failed: nothing comes to the queue any more. Any thread. */
gboolean l4_reader_has_ended (L4Reader *self);

/* NULL: reading did not fail so far. Stays. */
const GError *l4_reader_get_error (L4Reader *self);

/* Time stamp of the latest picture that was popped. */
guint64 l4_reader_get_position (L4Reader *self);

G_END_DECLS
