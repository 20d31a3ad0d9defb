/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages that are open. */

#include "live/readers.h"

#include <string.h>

#include "live/listener.h"
#include "live/live.h"

#define MOST_UNSENT (8 << 20)   /* bytes that a reader may lag behind, beside the largest that it was sent at once */

typedef struct
{
  L4LiveReaders *all;
  SoupServerMessage *message;
  gsize unsent, largest;
} Reader;

struct _L4LiveReaders
{
  GPtrArray *each;              /* of Reader */
  gint count;
};

L4LiveReaders *
l4_live_readers_new (void)
{
  L4LiveReaders *self = g_new0 (L4LiveReaders, 1);

  self->each = g_ptr_array_new ();
  return self;
}

void
l4_live_readers_free (L4LiveReaders *self)
{
  for (guint i = 0; i < self->each->len; i++) {
    Reader *reader = self->each->pdata[i];

    g_signal_handlers_disconnect_by_data (reader->message, reader);
    g_object_unref (reader->message);
    g_free (reader);
  }
  g_ptr_array_unref (self->each);
  g_free (self);
}

guint
l4_live_readers_count (L4LiveReaders *self)
{
  return g_atomic_int_get (&self->count);
}

static void
on_written (SoupServerMessage *message, guint size, gpointer data)
{
  Reader *reader = data;

  reader->unsent -= MIN (reader->unsent, size);
}

static void
on_finished (SoupServerMessage *message, gpointer data)
{
  Reader *reader = data;

  g_signal_handlers_disconnect_by_data (message, reader);
  g_ptr_array_remove (reader->all->each, reader);
  g_atomic_int_set (&reader->all->count, reader->all->each->len);
  g_object_unref (message);
  g_free (reader);
}

static void
send_to (Reader *reader, GBytes *bytes)
{
  gsize size = g_bytes_get_size (bytes);

  reader->unsent += size;
  reader->largest = MAX (reader->largest, size);
  soup_message_body_append_bytes (soup_server_message_get_response_body (reader->message), bytes);
}

/* Old ones and some proxies know no chunks: for them the events end with the connection. */
static SoupEncoding
get_encoding (SoupServerMessage *message)
{
  return soup_server_message_get_http_version (message) == SOUP_HTTP_1_0 ? SOUP_ENCODING_EOF : SOUP_ENCODING_CHUNKED;
}

gboolean
l4_live_readers_add (L4LiveReaders *self, SoupServerMessage *message, const char *events)
{
  g_autoptr (GBytes) bytes = g_bytes_new (events, strlen (events));
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  Reader *reader;

  if (self->each->len >= L4_LIVE_MOST_READERS)
    return FALSE;
  reader = g_new0 (Reader, 1);
  *reader = (Reader) { self, g_object_ref (message) };
  g_ptr_array_add (self->each, reader);
  g_atomic_int_set (&self->count, self->each->len);
  g_signal_connect (message, "wrote-body-data", G_CALLBACK (on_written), reader);
  g_signal_connect (message, "finished", G_CALLBACK (on_finished), reader);
  soup_message_headers_set_content_type (headers, "text/event-stream", NULL);
  soup_message_headers_set_encoding (headers, get_encoding (message));
  soup_message_body_set_accumulate (soup_server_message_get_response_body (message), FALSE);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  send_to (reader, bytes);
  return TRUE;
}

/* Hanging up ends the message, and so the reader, at once or later. */
static void
hang_up (Reader *reader)
{
  GSocket *socket = l4_live_listener_find_socket (reader->message);

  if (socket != NULL)
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
}

void
l4_live_readers_send (L4LiveReaders *self, const char *events)
{
  g_autoptr (GBytes) bytes = g_bytes_new (events, strlen (events));

  for (guint i = self->each->len; i > 0; i--) {
    Reader *reader = self->each->pdata[i - 1];

    if (reader->unsent > MOST_UNSENT + reader->largest) {
      hang_up (reader);
      continue;
    }
    send_to (reader, bytes);
    soup_server_message_unpause (reader->message);
  }
}
