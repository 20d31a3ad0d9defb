/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages that are open: each has a stream of server-sent events. */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Belongs to the thread that serves, but for the count. */
typedef struct _L4LiveReaders L4LiveReaders;

L4LiveReaders *l4_live_readers_new (void);

/* After the server has let go of its messages. */
void l4_live_readers_free (L4LiveReaders *self);

/* Any thread. */
guint l4_live_readers_count (L4LiveReaders *self);

/* Answers the message with a stream that begins with these events, and goes on until the reader leaves. FALSE: there are too many readers. */
gboolean l4_live_readers_add (L4LiveReaders *self, SoupServerMessage *message, const char *events);

/* To all of them; who has not taken what was sent before is hung up on, and may come again. */
void l4_live_readers_send (L4LiveReaders *self, const char *events);

G_END_DECLS
