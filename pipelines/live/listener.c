/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes the connections of a server of libsoup. */

#include "live/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define PAUSE_MS 100            /* after a connection that could not be taken: mostly files that are open are too many */
#define MOST_TRIES 10           /* ports that are free for one kind of address, but not for the other */
#define SOCKET_KEY "l4-live-socket"

/* A socket that listens. */
typedef struct
{
  L4LiveListener *all;
  GSocket *socket;
  GSource *source;              /* waits for connections, or for the end of a pause */
} Ear;

struct _L4LiveListener
{
  SoupServer *server;
  GPtrArray *ears;
  guint port;
  guint *open;                  /* connections; outlives those */
};

static void wait_for_connections (Ear *self);

static void
drop_source (Ear *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static void
ear_free (gpointer data)
{
  Ear *self = data;

  drop_source (self);
  g_object_unref (self->socket);
  g_free (self);
}

static gboolean
on_pause_over (gpointer data)
{
  wait_for_connections (data);
  return G_SOURCE_REMOVE;
}

static void
wait_for_pause (Ear *self)
{
  drop_source (self);
  self->source = g_timeout_source_new (PAUSE_MS);
  g_source_set_callback (self->source, on_pause_over, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

static void
on_closed (gpointer data, GObject *connection)
{
  guint *open = data;

  --*open;
  g_rc_box_release (open);
}

static void
hand_over (L4LiveListener *self, GSocket *socket)
{
  g_autoptr (GSocketConnection) connection = g_socket_connection_factory_create_connection (socket);
  g_autoptr (GSocketAddress) local = g_socket_get_local_address (socket, NULL), remote = g_socket_get_remote_address (socket, NULL);

  if (local == NULL || remote == NULL)
    return;                     /* whoever came has left */
  g_socket_set_timeout (socket, L4_LIVE_PATIENCE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_object_set_data_full (G_OBJECT (remote), SOCKET_KEY, g_object_ref (socket), g_object_unref);
  ++*self->open;
  g_object_weak_ref (G_OBJECT (connection), on_closed, g_rc_box_acquire (self->open));
  soup_server_accept_iostream (self->server, G_IO_STREAM (connection), local, remote, NULL);
}

static gboolean
on_connection (GSocket *listening, GIOCondition condition, gpointer data)
{
  Ear *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_accept (listening, NULL, &error);

  if (socket != NULL && *self->all->open < L4_LIVE_MOST_CONNECTIONS)
    hand_over (self->all, socket);
  else if (socket != NULL)
    g_socket_close (socket, NULL);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
    wait_for_pause (self);
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

static void
wait_for_connections (Ear *self)
{
  drop_source (self);
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_connection), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

static gboolean
listen_at (L4LiveListener *self, GSocketAddress *address, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  g_autoptr (GSocketAddress) bound = NULL;
  Ear *ear;

  if (socket == NULL)
    return FALSE;
  g_socket_set_blocking (socket, FALSE);
  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6)
    g_socket_set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, TRUE, NULL);
  g_socket_set_listen_backlog (socket, L4_LIVE_MOST_CONNECTIONS);
  if (!g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error)
      || (bound = g_socket_get_local_address (socket, error)) == NULL)
    return FALSE;
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  ear = g_new0 (Ear, 1);
  *ear = (Ear) { self, g_steal_pointer (&socket), NULL };
  g_ptr_array_add (self->ears, ear);
  wait_for_connections (ear);
  return TRUE;
}

static gboolean
listen_at_loopback (L4LiveListener *self, GSocketFamily family, guint port, GError **error)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_loopback (family);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (inet, port);

  return listen_at (self, address, error);
}

/* A machine may have no IPv6; but a port that somebody else has there is not taken half. */
static gboolean
listen_here (L4LiveListener *self, guint port, GError **error)
{
  for (guint tries = 1;; tries++) {
    g_autoptr (GError) problem = NULL;

    g_ptr_array_set_size (self->ears, 0);
    if (!listen_at_loopback (self, G_SOCKET_FAMILY_IPV4, port, error))
      return FALSE;
    if (listen_at_loopback (self, G_SOCKET_FAMILY_IPV6, self->port, &problem) || !g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
      return TRUE;
    if (port != 0 || tries == MOST_TRIES) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  }
}

L4LiveListener *
l4_live_listener_new (SoupServer *server, GSocketAddress *address, guint port, GError **error)
{
  L4LiveListener *self = g_new0 (L4LiveListener, 1);

  self->server = g_object_ref (server);
  self->ears = g_ptr_array_new_with_free_func (ear_free);
  self->open = g_rc_box_new0 (guint);
  if (address != NULL ? !listen_at (self, address, error) : !listen_here (self, port, error))
    g_clear_pointer (&self, l4_live_listener_free);
  return self;
}

void
l4_live_listener_free (L4LiveListener *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->ears);
  g_object_unref (self->server);
  g_rc_box_release (self->open);
  g_free (self);
}

guint
l4_live_listener_get_port (const L4LiveListener *self)
{
  return self->port;
}

GSocket *
l4_live_listener_find_socket (SoupServerMessage *message)
{
  GSocketAddress *address = soup_server_message_get_remote_address (message);

  return address != NULL ? g_object_get_data (G_OBJECT (address), SOCKET_KEY) : NULL;
}
