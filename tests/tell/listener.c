/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who listens to a broker. */

#include "listener.h"

#include "support.h"

static void
on_message (struct mosquitto *client, void *data, const struct mosquitto_message *message)
{
  Listener *self = data;

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->got, g_strdup_printf ("%s %s%.*s", message->topic, message->retain ? "=" : "", message->payloadlen,
          (const char *) message->payload));
  g_mutex_unlock (&self->lock);
}

static void
on_subscribe (struct mosquitto *client, void *data, int id, int n, const int *granted)
{
  g_atomic_int_set (&((Listener *) data)->subscribed, 1);
}

static void
on_connect (struct mosquitto *client, void *data, int code)
{
  g_assert_cmpint (code, ==, 0);
  mosquitto_subscribe (client, NULL, "#", 1);
}

void
listener_init (Listener *self, guint port, const char *user, const char *password, const char *folder)
{
  *self = (Listener) { .client = NULL };
  g_mutex_init (&self->lock);
  self->got = g_ptr_array_new_with_free_func (g_free);
  self->client = mosquitto_new ("listener", false, self);
  mosquitto_message_callback_set (self->client, on_message);
  mosquitto_subscribe_callback_set (self->client, on_subscribe);
  mosquitto_connect_callback_set (self->client, on_connect);
  mosquitto_username_pw_set (self->client, user, password);
  if (folder != NULL) {
    g_autofree char *ca = g_build_filename (folder, "ca.pem", NULL), *certificate = g_build_filename (folder, "client.pem", NULL);
    g_autofree char *key = g_build_filename (folder, "client.key", NULL);

    g_assert_cmpint (mosquitto_tls_set (self->client, ca, NULL, certificate, key, NULL), ==, MOSQ_ERR_SUCCESS);
  }
  wait_for (mosquitto_connect (self->client, "localhost", port, 30) == MOSQ_ERR_SUCCESS);
  mosquitto_loop_start (self->client);
  wait_for (g_atomic_int_get (&self->subscribed));
}

void
listener_clear (Listener *self)
{
  mosquitto_disconnect (self->client);
  mosquitto_loop_stop (self->client, true);
  mosquitto_destroy (self->client);
  g_ptr_array_unref (self->got);
  g_mutex_clear (&self->lock);
}

gboolean
has_got (Listener *self, const char *what)
{
  return has_text (&self->lock, self->got, what);
}

char *
find_got (Listener *self, const char *begin)
{
  char *found = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->got->len && found == NULL; i++)
    if (g_str_has_prefix (self->got->pdata[i], begin))
      found = g_strdup (self->got->pdata[i]);
  g_mutex_unlock (&self->lock);
  return found;
}

gboolean
last_is (Listener *self, const char *topic, const char *payload)
{
  g_autofree char *begin = g_strconcat (topic, " ", NULL);
  const char *last = NULL;
  gboolean is;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->got->len; i++)
    if (g_str_has_prefix (self->got->pdata[i], begin))
      last = (char *) self->got->pdata[i] + strlen (begin);
  is = last != NULL && strcmp (last + (*last == '='), payload) == 0;
  g_mutex_unlock (&self->lock);
  return is;
}

char *
numbers_got (Listener *self, const char *rule)
{
  g_autofree char *begin = g_strdup_printf ("llama4describe/Yard/%s/alert {\"number\":", rule);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GString *numbers = g_string_new (NULL);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->got->len; i++) {
    const char *line = self->got->pdata[i];

    if (g_str_has_prefix (line, begin) && g_hash_table_add (seen, GINT_TO_POINTER (atoi (line + strlen (begin)) + 1)))
      g_string_append_printf (numbers, "%d ", atoi (line + strlen (begin)));
  }
  g_mutex_unlock (&self->lock);
  return g_string_free (numbers, FALSE);
}
