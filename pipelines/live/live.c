/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A page that shows what cameras see, served by libsoup in a thread of its own. */

#include "live/live.h"

#include <string.h>

#include "base/error.h"
#include "live/answers.h"
#include "live/listener.h"

#define SIGN_OF_LIFE 5          /* seconds between events that tell of nothing: pages know that they are connected, and who left is noticed */

struct _L4Live
{
  L4LiveAnswers *answers;
  L4LiveStore *store;           /* of the answers */
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  SoupServer *server;
  L4LiveListener *listener;
  char *url;
  guint seconds;                /* since it began; the thread's */
  gint called;                  /* the thread has been asked to tell what is new */
};

static gboolean
tell_news (gpointer data)
{
  L4Live *self = data;

  g_atomic_int_set (&self->called, FALSE);
  l4_live_answers_tell (self->answers);
  return G_SOURCE_REMOVE;
}

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (((L4Live *) data)->loop);
  return G_SOURCE_REMOVE;
}

/* By the thread, also when it has not begun yet. */
static void
run_there (L4Live *self, GSourceFunc function)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, function, self, NULL);
  g_source_attach (source, self->context);
}

static void
call (L4Live *self)
{
  if (g_atomic_int_compare_and_exchange (&self->called, FALSE, TRUE))
    run_there (self, tell_news);
}

/* Each second. */
static gboolean
on_second (gpointer data)
{
  L4Live *self = data;

  l4_live_store_tell_pictures (self->store);
  l4_live_answers_tell (self->answers);
  if (++self->seconds % SIGN_OF_LIFE == 0)
    l4_live_answers_show_life (self->answers);
  return G_SOURCE_CONTINUE;
}

static gpointer
serve (gpointer data)
{
  L4Live *self = data;
  g_autoptr (GSource) source = g_timeout_source_new_seconds (1);

  g_main_context_push_thread_default (self->context);
  g_source_set_callback (source, on_second, self, NULL);
  g_source_attach (source, self->context);
  g_main_loop_run (self->loop);
  g_source_destroy (source);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

gboolean
l4_live_check_token (const char *token, GError **error)
{
  gsize length = token != NULL ? strlen (token) : 0;

  if (token == NULL)
    return TRUE;
  for (gsize i = 0; i < length; i++)
    if (token[i] < '!' || token[i] > '~')
      return l4_fail (error, L4_ERROR_INPUT, _("the page's token may have letters, figures and signs of ASCII only, without blanks"));
  if (length < L4_LIVE_SHORTEST_TOKEN)
    return l4_fail (error, L4_ERROR_INPUT, _("the page's token is shorter than %d characters"), L4_LIVE_SHORTEST_TOKEN);
  return TRUE;
}

/* NULL without an error: this machine's own two. */
static GSocketAddress *
parse_address (const L4LiveSettings *settings, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;
  GInetAddress *inet;

  if (settings->address == NULL)
    return NULL;
  address = g_inet_socket_address_new_from_string (settings->address, settings->port);
  if (address == NULL) {
    l4_fail (error, L4_ERROR_INPUT, _("\"%s\": this is no numeric address for the page"), settings->address);
    return NULL;
  }
  inet = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));
  if (settings->token == NULL && !g_inet_address_get_is_loopback (inet)) {
    l4_fail (error, L4_ERROR_INPUT, _("%s: the page needs a token there, as others than this machine can reach it"), settings->address);
    return NULL;
  }
  return g_steal_pointer (&address);
}

gboolean
l4_live_check (const L4LiveSettings *settings, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;

  if (settings->port > G_MAXUINT16)
    return l4_fail (error, L4_ERROR_INPUT, _("the page cannot be served: there is no port %u"), settings->port);
  if (!l4_live_check_token (settings->token, error))
    return FALSE;
  address = parse_address (settings, error);
  return address != NULL || settings->address == NULL;
}

static gboolean
listen_there (L4Live *self, const L4LiveSettings *settings, GSocketAddress *address, GError **error)
{
  g_autoptr (GError) problem = NULL;
  const char *host = settings->address != NULL ? settings->address : "127.0.0.1";
  guint port;

  self->listener = l4_live_listener_new (self->server, address, settings->port, &problem);
  if (self->listener == NULL)
    return l4_fail (error, L4_ERROR_IO, _("the page cannot be served at port %u: %s"), settings->port, problem->message);
  port = l4_live_listener_get_port (self->listener);
  l4_live_answers_set_port (self->answers, port);
  self->url = g_strdup_printf (strchr (host, ':') != NULL ? "http://[%s]:%u/" : "http://%s:%u/", host, port);
  return TRUE;
}

L4Live *
l4_live_new (const L4LiveSettings *settings, const char *const *cameras, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;
  L4Live *self;
  gboolean started;

  if (!l4_live_check (settings, error))
    return NULL;
  address = parse_address (settings, NULL);
  self = g_new0 (L4Live, 1);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  g_main_context_push_thread_default (self->context);
  self->server = soup_server_new (NULL, NULL);
  self->answers = l4_live_answers_new (self->server, settings->token, cameras);
  self->store = l4_live_answers_get_store (self->answers);
  started = listen_there (self, settings, address, error);
  g_main_context_pop_thread_default (self->context);
  if (started)
    self->thread = g_thread_new ("live", serve, self);
  else
    g_clear_pointer (&self, l4_live_free);
  return self;
}

void
l4_live_free (L4Live *self)
{
  if (self == NULL)
    return;
  if (self->thread != NULL) {
    run_there (self, quit);
    g_thread_join (self->thread);
  }
  g_main_context_push_thread_default (self->context);
  l4_live_listener_free (self->listener);
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  l4_live_answers_free (self->answers);
  g_main_context_pop_thread_default (self->context);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_free (self->url);
  g_free (self);
}

const char *
l4_live_get_url (const L4Live *self)
{
  return self->url;
}

gboolean
l4_live_is_watched (L4Live *self)
{
  return l4_live_answers_count_readers (self->answers) > 0;
}

void
l4_live_set_picture (L4Live *self, const char *camera, GBytes *jpeg)
{
  int number = l4_live_store_find (self->store, camera);

  if (number >= 0)
    l4_live_store_set_picture (self->store, number, jpeg);
}

void
l4_live_set_present (L4Live *self, const char *camera, gboolean present)
{
  int number = l4_live_store_find (self->store, camera);

  if (number >= 0 && l4_live_store_set_present (self->store, number, present))
    call (self);
}

void
l4_live_add_said (L4Live *self, const L4Said *said)
{
  int number = l4_live_store_find (self->store, said->camera);

  if (number < 0)
    return;
  l4_live_store_add_said (self->store, number, said);
  call (self);
}

void
l4_live_set_growing (L4Live *self, const char *camera, const char *text)
{
  int number = l4_live_store_find (self->store, camera);

  if (number < 0 || !l4_live_is_watched (self))
    return;
  l4_live_store_set_growing (self->store, number, text);
  call (self);
}

void
l4_live_add_alert (L4Live *self, const L4Alert *alert)
{
  if (l4_live_store_find (self->store, alert->camera) < 0)
    return;
  l4_live_store_add_alert (self->store, alert);
  call (self);
}
