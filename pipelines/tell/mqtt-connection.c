/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread that owns a connection to an MQTT broker: makes it, sends what waits, hears what has arrived, tries again. */

#include "tell/mqtt-private.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

#include <mosquitto.h>

#include "base/i18n.h"
#include "tell/certificate.h"

#define WINDOW 20               /* messages that are under way at once; brokers allow at least so many */
#define QUALITY 1               /* of service: at least once */
#define MOST_TRIES 5            /* connections that an alert may end */
#define FORGIVE_WAITS 60        /* first waits for a retry that a connection lasts, after which what was given up is tried once more */
#define FAREWELL_MS 500         /* to say that the program goes */
#define TICK_MS 500             /* libmosquitto looks then whether signs of life are due */

/* Sending ---------------------------------------------------------------------------------------------------------------- */

/* The oldest alert that is to be sent, which is kept from being dropped from now on. One that was under way when a connection ended goes
 * alone (wait: nothing must be sent now), so that what the broker closes for shows. */
static L4TellItem *
take_item (L4Mqtt *self, gboolean *wait)
{
  L4TellItem *found = NULL;

  g_mutex_lock (&self->queue.lock);
  for (GList *link = self->queue.items.head; link != NULL && found == NULL && !*wait; link = link->next) {
    L4TellItem *item = link->data;

    *wait = item->tries > 0 && self->under_way > 0;
    if (item->parts == 0 && !*wait)
      found = item;
  }
  if (found != NULL)
    found->parts = G_N_ELEMENTS (found->ids);
  g_mutex_unlock (&self->queue.lock);
  return found;
}

static L4Kept *
take_kept (L4Mqtt *self, GPtrArray *list, GBytes **payload)
{
  L4Kept *found = NULL;

  g_mutex_lock (&self->queue.lock);
  for (guint i = 0; i < list->len && found == NULL; i++) {
    L4Kept *kept = list->pdata[i];

    if (!kept->due || kept->id != 0)
      continue;
    kept->due = FALSE;
    *payload = g_bytes_ref (kept->payload);
    found = kept;
  }
  g_mutex_unlock (&self->queue.lock);
  return found;
}

static int
publish (L4Mqtt *self, const char *topic, gconstpointer data, gsize length, gboolean retain, int *id)
{
  int result = mosquitto_publish (self->client, id, topic, length, data, QUALITY, retain);

  if (result == MOSQ_ERR_SUCCESS)
    self->under_way++;
  return result;
}

static int
send_item (L4Mqtt *self, L4TellItem *item)
{
  const L4TopicRule *rule = item->rule;
  const char *state = item->on ? "ON" : "OFF";
  int result = publish (self, rule->alerts, item->record, item->length, FALSE, &item->ids[0]);

  if (result == MOSQ_ERR_SUCCESS)
    result = publish (self, rule->state->topic, state, strlen (state), TRUE, &item->ids[1]);
  return result;
}

static int
send_kept (L4Mqtt *self, L4Kept *kept, GBytes *payload)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (payload, &length);

  return publish (self, kept->topic, data, length, TRUE, &kept->id);
}

/* As much as may be under way: first what there is, then alerts, then what is kept last. */
static int
send_what_waits (L4Mqtt *self)
{
  int result = MOSQ_ERR_SUCCESS;

  while (self->accepted && result == MOSQ_ERR_SUCCESS && self->under_way < WINDOW - 1) {
    g_autoptr (GBytes) payload = NULL;
    gboolean wait = FALSE;
    L4Kept *kept = take_kept (self, self->topics->first, &payload);
    L4TellItem *item = kept == NULL ? take_item (self, &wait) : NULL;

    if (kept == NULL && item == NULL && !wait)
      kept = take_kept (self, self->topics->last, &payload);
    if (kept == NULL && item == NULL)
      break;
    result = kept != NULL ? send_kept (self, kept, payload) : send_item (self, item);
  }
  return result;
}

/* What was not acknowledged is to be sent again, and all that the broker may have forgotten. With the lock held. */
static void
put_back_kept (GPtrArray *list, gboolean *blamed)
{
  for (guint i = 0; i < list->len; i++) {
    L4Kept *kept = list->pdata[i];

    if (kept->id != 0 && !*blamed) {
      kept->tries++;
      *blamed = TRUE;
    }
    kept->id = 0;
    kept->due = kept->payload != NULL && kept->tries < MOST_TRIES;
  }
}

/* Of what is kept all is true still: the broker may take by now what it would not. */
static void
forgive (L4Mqtt *self, GPtrArray *list)
{
  g_mutex_lock (&self->queue.lock);
  for (guint i = 0; i < list->len; i++) {
    L4Kept *kept = list->pdata[i];

    if (kept->tries < MOST_TRIES || kept->payload == NULL || kept->id != 0)
      continue;
    kept->tries = MOST_TRIES - 1;
    kept->due = TRUE;
  }
  g_mutex_unlock (&self->queue.lock);
}

/* FALSE: an alert was given up. The first one that was under way is what may have displeased the broker. */
static gboolean
put_back (L4Mqtt *self)
{
  gboolean blamed = self->silent, given_up = FALSE;
  GList *next;

  g_mutex_lock (&self->queue.lock);
  for (GList *link = self->queue.items.head; link != NULL; link = next) {
    L4TellItem *item = link->data;

    next = link->next;
    if (item->parts == 0)
      continue;
    item->parts = 0;
    memset (item->ids, 0, sizeof (item->ids));
    if (blamed)
      continue;
    blamed = TRUE;
    item->tries++;
    if (item->tries >= MOST_TRIES) {
      l4_tell_queue_remove (&self->queue, link, FALSE);
      given_up = TRUE;
    }
  }
  put_back_kept (self->topics->first, &blamed);
  put_back_kept (self->topics->last, &blamed);
  g_mutex_unlock (&self->queue.lock);
  self->under_way = 0;
  return !given_up;
}

/* Acknowledgements -------------------------------------------------------------------------------------------------------- */

static gboolean
acknowledge_item (L4Mqtt *self, int id)
{
  for (GList *link = self->queue.items.head; link != NULL; link = link->next) {
    L4TellItem *item = link->data;

    for (guint i = 0; i < G_N_ELEMENTS (item->ids); i++) {
      if (item->ids[i] != id)
        continue;
      item->ids[i] = 0;
      if (--item->parts == 0)
        l4_tell_queue_remove (&self->queue, link, TRUE);
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
acknowledge_kept (GPtrArray *list, int id)
{
  for (guint i = 0; i < list->len; i++) {
    L4Kept *kept = list->pdata[i];

    if (kept->id != id)
      continue;
    kept->id = 0;
    kept->tries = 0;
    return TRUE;
  }
  return FALSE;
}

static void
on_publish (struct mosquitto *client, void *data, int id)
{
  L4Mqtt *self = data;

  if (id == self->farewell)
    self->farewell = 0;
  g_mutex_lock (&self->queue.lock);
  if (acknowledge_item (self, id) || acknowledge_kept (self->topics->first, id) || acknowledge_kept (self->topics->last, id)) {
    self->under_way--;
    self->failures = 0;
  }
  g_mutex_unlock (&self->queue.lock);
}

static void
on_connect (struct mosquitto *client, void *data, int code)
{
  L4Mqtt *self = data;

  self->refusal = code;
  self->accepted = code == 0;
  if (self->accepted)
    l4_tell_say (&self->voice, FALSE, _("%s: connected"), self->who);
}

static void
on_log (struct mosquitto *client, void *data, int level, const char *text)
{
  L4Mqtt *self = data;
  const char *reason;

  if (level != MOSQ_LOG_ERR)
    return;
  g_free (self->detail);
  reason = strstr (text, "::");         /* "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed" */
  self->detail = reason != NULL ? g_strconcat ("TLS: ", reason + 2, NULL) : g_strdup (text);
}

/* A connection -------------------------------------------------------------------------------------------------------------- */

/* Nobody is asked for the password of a key: the terminal belongs to others. */
static int
give_no_password (char *buffer, int size, int for_writing, void *data)
{
  return 0;
}

static int
set_up_tls (L4Mqtt *self)
{
  int result;

  if (self->ca_file == NULL && (result = mosquitto_int_option (self->client, MOSQ_OPT_TLS_USE_OS_CERTS, 1)) != MOSQ_ERR_SUCCESS)
    return result;
  if (self->ca_file == NULL && self->certificate == NULL)
    return mosquitto_tls_opts_set (self->client, 1, NULL, NULL);
  return mosquitto_tls_set (self->client, self->ca_file, self->ca_file == NULL ? "/etc/ssl/certs" : NULL, self->certificate, self->key,
      give_no_password);
}

/* What libmosquitto shall bind to, so that it takes the kind of address at which somebody listens: of a host with several it would take
 * the first, or wait for minutes. This call ends when the program goes. */
static const char *
find_family (L4Mqtt *self, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, (self->answer_ms + 999) / 1000);
  connection = g_socket_client_connect_to_host (client, self->host, self->port, self->cancellable, error);
  if (connection == NULL)
    return NULL;
  return g_socket_get_family (g_socket_connection_get_socket (connection)) == G_SOCKET_FAMILY_IPV6 ? "::" : "0.0.0.0";
}

static int
begin_connection (L4Mqtt *self, const char *family)
{
  int result = MOSQ_ERR_SUCCESS;

  self->client = mosquitto_new (NULL, true, self);
  if (self->client == NULL)
    return MOSQ_ERR_NOMEM;
  mosquitto_connect_callback_set (self->client, on_connect);
  mosquitto_publish_callback_set (self->client, on_publish);
  mosquitto_log_callback_set (self->client, on_log);
  mosquitto_max_inflight_messages_set (self->client, WINDOW);
  mosquitto_will_set (self->client, self->topics->status, strlen ("offline"), "offline", QUALITY, true);
  if (self->user != NULL)
    result = mosquitto_username_pw_set (self->client, self->user, self->password);
  if (result == MOSQ_ERR_SUCCESS && self->tls)
    result = set_up_tls (self);
  if (result == MOSQ_ERR_SUCCESS)
    result = mosquitto_connect_bind_async (self->client, self->host, self->port, self->keepalive, family);
  return result;
}

static gboolean
is_ended (L4Mqtt *self)
{
  gboolean ended;

  g_mutex_lock (&self->queue.lock);
  ended = self->queue.ended;
  g_mutex_unlock (&self->queue.lock);
  return ended;
}

/* Waits at most so long until the broker said something, takes more, or there is something to send. */
static int
turn (L4Mqtt *self, int ms)
{
  struct pollfd polled[] = {{mosquitto_socket (self->client), POLLIN}, {self->wake, POLLIN}};
  int result = MOSQ_ERR_SUCCESS;
  eventfd_t count;

  if (polled[0].fd < 0)
    return MOSQ_ERR_CONN_LOST;
  if (self->accepted ? mosquitto_want_write (self->client) : !self->reached)
    polled[0].events |= POLLOUT;
  poll (polled, G_N_ELEMENTS (polled), ms);
  self->reached |= (polled[0].revents & POLLOUT) != 0;          /* a handshake is next, which is mostly reading */
  if (polled[1].revents != 0)
    eventfd_read (self->wake, &count);
  if ((polled[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
    result = mosquitto_loop_read (self->client, WINDOW);
  if (result == MOSQ_ERR_SUCCESS && ((polled[0].revents & POLLOUT) != 0 || !self->accepted))
    result = mosquitto_loop_write (self->client, WINDOW);
  if (result == MOSQ_ERR_SUCCESS) {
    result = mosquitto_loop_misc (self->client);
    self->silent = result != MOSQ_ERR_SUCCESS || mosquitto_socket (self->client) < 0;   /* it ends nothing but what answers no ping */
  }
  return result;
}

/* The program goes: says so, and gives the broker a moment to take it. Where it does not, as too much is under way before it, nothing is said
 * but the connection broken: a broker that is taken leave of forgets the will, which says the same. */
static void
say_farewell (L4Mqtt *self)
{
  gint64 end = g_get_monotonic_time () + FAREWELL_MS * G_TIME_SPAN_MILLISECOND;
  int id, result = mosquitto_publish (self->client, &id, self->topics->status, strlen ("offline"), "offline", QUALITY, true);

  self->farewell = result == MOSQ_ERR_SUCCESS ? id : 0;
  while (result == MOSQ_ERR_SUCCESS && self->farewell != 0 && g_get_monotonic_time () < end)
    result = turn (self, 20);
  if (result != MOSQ_ERR_SUCCESS || self->farewell != 0)
    return;
  mosquitto_disconnect (self->client);
  while (result == MOSQ_ERR_SUCCESS && mosquitto_want_write (self->client) && g_get_monotonic_time () < end)
    result = turn (self, 20);
}

static void
say_full (L4Mqtt *self)
{
  l4_tell_say_dropped (&self->fullness, &self->queue, self->who);
}

/* Until it breaks, or the program goes (MOSQ_ERR_SUCCESS). */
static int
hold_connection (L4Mqtt *self)
{
  gint64 begin = g_get_monotonic_time ();
  gboolean forgiven = FALSE;
  int result = MOSQ_ERR_SUCCESS;

  while (result == MOSQ_ERR_SUCCESS) {
    if (!forgiven && self->accepted && g_get_monotonic_time () - begin > FORGIVE_WAITS * self->retry_ms * G_TIME_SPAN_MILLISECOND) {
      forgive (self, self->topics->first);
      forgive (self, self->topics->last);
      forgiven = TRUE;
    }
    if (is_ended (self)) {
      if (self->accepted)
        say_farewell (self);
      return MOSQ_ERR_SUCCESS;
    }
    say_full (self);
    result = send_what_waits (self);
    if (result == MOSQ_ERR_SUCCESS)
      result = turn (self, self->accepted ? TICK_MS : 50);
    if (result == MOSQ_ERR_SUCCESS && !self->accepted && g_get_monotonic_time () - begin > self->answer_ms * G_TIME_SPAN_MILLISECOND)
      return MOSQ_ERR_KEEPALIVE;
  }
  return result;
}

static const char *
name_refusal (int code)
{
  switch (code) {
    case 4:
    case 5:
      return _("the broker refuses this user, password or certificate");
    case 3:
      return _("the broker is not available");
    default:
      return mosquitto_connack_string (code);
  }
}

/* Borrowed. problem: errno of the call that failed. */
static const char *
name_problem (L4Mqtt *self, int result, int problem)
{
  if (self->refusal != 0)
    return name_refusal (self->refusal);
  if (result == MOSQ_ERR_KEEPALIVE)
    return _("the broker does not answer");
  if (self->detail != NULL)
    return self->detail;
  if (result == MOSQ_ERR_EAI)
    return _("there is no such host");
  return result == MOSQ_ERR_ERRNO ? g_strerror (problem) : mosquitto_strerror (result);
}

/* The library only tells that it does not accept the broker's certificate. */
static void
find_detail (L4Mqtt *self)
{
  char *why;

  if (self->detail == NULL || strstr (self->detail, "certificate verify failed") == NULL)
    return;
  why = l4_certificate_ask (self->host, (guint16) self->port, self->ca_file, self->cancellable);
  if (why == NULL)
    return;
  g_free (self->detail);
  self->detail = why;
}

/* Waits until it is time to try again, or the program goes. */
static void
wait_for_retry (L4Mqtt *self)
{
  gint64 end = g_get_monotonic_time () + l4_tell_wait_ms (self->retry_ms, self->failures) * G_TIME_SPAN_MILLISECOND;
  gboolean on = TRUE;

  while (on && !is_ended (self)) {
    say_full (self);
    g_mutex_lock (&self->queue.lock);
    on = self->queue.ended || g_cond_wait_until (&self->queue.changed, &self->queue.lock, end);
    g_mutex_unlock (&self->queue.lock);
  }
}

static void
connect_once (L4Mqtt *self)
{
  g_autoptr (GError) error = NULL;
  const char *family;
  int result, problem;

  self->reached = self->accepted = self->silent = FALSE;
  self->refusal = 0;
  self->failures++;
  g_clear_pointer (&self->detail, g_free);
  family = find_family (self, &error);
  if (family == NULL) {
    if (!g_cancellable_is_cancelled (self->cancellable))
      l4_tell_say (&self->voice, TRUE, "%s: %s", self->who, error->message);
    return;
  }
  result = begin_connection (self, family);
  if (result == MOSQ_ERR_SUCCESS)
    result = hold_connection (self);
  problem = errno;
  find_detail (self);
  if (result != MOSQ_ERR_SUCCESS)
    l4_tell_say (&self->voice, TRUE, "%s: %s", self->who, name_problem (self, result, problem));
  g_clear_pointer (&self->client, mosquitto_destroy);
  if (!put_back (self))
    l4_tell_say (&self->voice, TRUE, _("%s: an alert was given up: the broker closes whenever it is sent"), self->who);
}

gpointer
l4_mqtt_run (gpointer data)
{
  L4Mqtt *self = data;
  sigset_t signals;

  sigemptyset (&signals);
  sigaddset (&signals, SIGPIPE);        /* of connections with TLS that broke */
  pthread_sigmask (SIG_BLOCK, &signals, NULL);
  while (!is_ended (self)) {
    connect_once (self);
    wait_for_retry (self);
  }
  g_mutex_lock (&self->queue.lock);
  self->has_left = TRUE;
  g_cond_broadcast (&self->left);
  g_mutex_unlock (&self->queue.lock);
  l4_mqtt_unref (self);
  return NULL;
}
