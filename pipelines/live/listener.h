/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes the connections of a server of libsoup, whose own listener ends for good with the first one that cannot be taken. */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define L4_LIVE_MOST_CONNECTIONS 128    /* open at once; another one is closed at once */
#define L4_LIVE_PATIENCE 10             /* seconds in which nothing is heard, or nothing taken, until one is closed */

/* All functions: with the context that serves as the thread's default, or when nothing serves any more. */
typedef struct _L4LiveListener L4LiveListener;

/* address: NULL: 127.0.0.1 and, where the machine has it, ::1, at the port (0: any that is free). Refers to the server. (transfer full) */
L4LiveListener *l4_live_listener_new (SoupServer *server, GSocketAddress *address, guint port, GError **error);
void l4_live_listener_free (L4LiveListener *self);

guint l4_live_listener_get_port (const L4LiveListener *self);

/* The socket by which a message came. Borrowed from it. */
GSocket *l4_live_listener_find_socket (SoupServerMessage *message);

G_END_DECLS
