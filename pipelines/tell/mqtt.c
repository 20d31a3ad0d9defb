/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells an MQTT broker: what is handed over waits for the thread that has the connection. */

#include "tell/mqtt.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <mosquitto.h>

#include "base/error.h"
#include "tell/mqtt-private.h"

#define PATIENCE_MS 900         /* of who ends it */

static void
mqtt_clear (gpointer data)
{
  L4Mqtt *self = data;

  l4_tell_queue_clear (&self->queue);
  l4_tell_voice_clear (&self->voice);
  l4_tell_voice_clear (&self->fullness);
  l4_topics_free (self->topics);
  g_cond_clear (&self->left);
  g_object_unref (self->cancellable);
  if (self->wake >= 0)
    close (self->wake);
  g_free (self->host);
  g_free (self->user);
  g_free (self->password);
  g_free (self->ca_file);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self->who);
  g_free (self->detail);
}

void
l4_mqtt_unref (L4Mqtt *self)
{
  g_atomic_rc_box_release_full (self, mqtt_clear);
}

static void
wake (L4Mqtt *self)
{
  eventfd_write (self->wake, 1);
}

static void
mqtt_alert (L4Tell *tell, const L4Alert *alert)
{
  L4Mqtt *self = (L4Mqtt *) tell;
  const L4TopicCamera *camera = g_hash_table_lookup (self->topics->cameras, alert->camera);
  const L4TopicRule *rule = camera != NULL ? g_hash_table_lookup (camera->rules, alert->rule) : NULL;
  gboolean due;

  if (rule == NULL) {
    g_mutex_lock (&self->queue.lock);
    self->queue.refused++;
    g_mutex_unlock (&self->queue.lock);
    return;
  }
  l4_tell_queue_add (&self->queue, alert, rule);
  g_mutex_lock (&self->queue.lock);
  due = rule->state->due;
  l4_kept_set_text (rule->state, alert->on ? "ON" : "OFF");
  rule->state->due = due;       /* the queue has it already */
  if (alert->picture != NULL && g_bytes_get_size (alert->picture) <= L4_TELL_BIGGEST_PICTURE)
    l4_kept_set (camera->picture, g_bytes_ref (alert->picture));
  g_mutex_unlock (&self->queue.lock);
  wake (self);
}

static void
mqtt_said (L4Tell *tell, const L4Said *said)
{
  L4Mqtt *self = (L4Mqtt *) tell;
  const L4TopicCamera *camera = g_hash_table_lookup (self->topics->cameras, said->camera);
  g_autofree char *json = l4_topics_said (said);

  if (camera == NULL)
    return;
  g_mutex_lock (&self->queue.lock);
  l4_kept_set_text (said->summary ? camera->summary : camera->sentence, json);
  if (said->picture != NULL && g_bytes_get_size (said->picture) <= L4_TELL_BIGGEST_PICTURE)
    l4_kept_set (camera->picture, g_bytes_ref (said->picture));
  g_mutex_unlock (&self->queue.lock);
  wake (self);
}

static void
mqtt_presence (L4Tell *tell, const char *name, gboolean present)
{
  L4Mqtt *self = (L4Mqtt *) tell;
  const L4TopicCamera *camera = g_hash_table_lookup (self->topics->cameras, name);

  if (camera == NULL)
    return;
  g_mutex_lock (&self->queue.lock);
  l4_kept_set_text (camera->status, present ? "online" : "offline");
  g_mutex_unlock (&self->queue.lock);
  wake (self);
}

static void
mqtt_get_counters (L4Tell *tell, L4TellCounters *counters)
{
  l4_tell_queue_get_counters (&((L4Mqtt *) tell)->queue, counters);
}

static gboolean
mqtt_finish (L4Tell *tell, guint ms)
{
  return l4_tell_queue_wait_empty (&((L4Mqtt *) tell)->queue, ms);
}

/* A thread that looks for a host's name cannot be woken: it is left alone then, and ends by itself. */
static void
mqtt_free (L4Tell *tell)
{
  L4Mqtt *self = (L4Mqtt *) tell;
  gint64 end = g_get_monotonic_time () + PATIENCE_MS * G_TIME_SPAN_MILLISECOND;
  gboolean left;

  l4_tell_queue_end (&self->queue);
  g_cancellable_cancel (self->cancellable);
  wake (self);
  g_mutex_lock (&self->queue.lock);
  while (!self->has_left && g_cond_wait_until (&self->left, &self->queue.lock, end));
  left = self->has_left;
  g_mutex_unlock (&self->queue.lock);
  l4_tell_hush (&self->voice);
  l4_tell_hush (&self->fullness);
  if (left)
    g_thread_join (self->thread);
  else
    g_thread_unref (self->thread);
  l4_mqtt_unref (self);
}

/* A change of state that was lost for want of room is told by what is kept. With the lock held. */
static void
on_dropped (const void *rule)
{
  ((const L4TopicRule *) rule)->state->due = TRUE;
}

static gboolean
check_file (const char *path, GError **error)
{
  g_autofree char *name = NULL;

  if (path == NULL || access (path, R_OK) == 0)
    return TRUE;
  name = g_filename_display_name (path);
  return l4_fail (error, L4_ERROR_IO, "%s: %s", name, g_strerror (errno));
}

static gboolean
check_settings (const L4MqttSettings *settings, GError **error)
{
  if (settings->host == NULL || *settings->host == '\0' || !g_utf8_validate (settings->host, -1, NULL))
    return l4_fail (error, L4_ERROR_INPUT, _("an MQTT broker needs the name of its host"));
  if (settings->port > G_MAXUINT16)
    return l4_fail (error, L4_ERROR_INPUT, _("MQTT broker %s: there is no port %u"), settings->host, settings->port);
  if ((settings->certificate == NULL) != (settings->key == NULL))
    return l4_fail (error, L4_ERROR_INPUT, _("MQTT broker %s: a certificate needs its key, and a key its certificate"), settings->host);
  if (settings->password != NULL && settings->user == NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("MQTT broker %s: a password needs a user"), settings->host);
  if ((settings->user != NULL && !g_utf8_validate (settings->user, -1, NULL)) || settings->keepalive > G_MAXUINT16)
    return l4_fail (error, L4_ERROR_INPUT, _("MQTT broker %s: user or keepalive are such as MQTT does not allow"), settings->host);
  return check_file (settings->ca_file, error) && check_file (settings->certificate, error) && check_file (settings->key, error);
}

static L4Mqtt *
mqtt_new_idle (const L4MqttSettings *settings)
{
  L4Mqtt *self = g_atomic_rc_box_new0 (L4Mqtt);

  self->base = (L4Tell) { mqtt_alert, mqtt_said, mqtt_presence, mqtt_get_counters, mqtt_finish, mqtt_free };
  l4_tell_queue_init (&self->queue, &settings->bounds);
  self->queue.on_dropped = on_dropped;
  l4_tell_voice_init (&self->voice, settings->report, settings->report_data);
  l4_tell_voice_init (&self->fullness, settings->report, settings->report_data);
  g_cond_init (&self->left);
  self->cancellable = g_cancellable_new ();
  self->host = g_strdup (settings->host);
  self->user = g_strdup (settings->user);
  self->password = g_strdup (settings->password);
  self->ca_file = g_strdup (settings->ca_file);
  self->certificate = g_strdup (settings->certificate);
  self->key = g_strdup (settings->key);
  self->tls = settings->tls || settings->ca_file != NULL || settings->certificate != NULL;
  self->port = settings->port > 0 ? settings->port : self->tls ? 8883 : 1883;
  self->keepalive = settings->keepalive > 0 ? MAX (settings->keepalive, 5) : 30;
  self->answer_ms = settings->answer_ms > 0 ? settings->answer_ms : 10000;
  self->retry_ms = settings->retry_ms > 0 ? settings->retry_ms : 1000;
  self->who = g_strdup_printf (_("MQTT broker %s:%u"), self->host, self->port);
  self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  return self;
}

gboolean
l4_mqtt_check (const L4MqttSettings *settings, const L4TellCamera *cameras, guint n_cameras, GError **error)
{
  L4Topics *topics = check_settings (settings, error) ? l4_topics_new (settings, cameras, n_cameras, error) : NULL;

  if (topics == NULL)
    return FALSE;
  l4_topics_free (topics);
  return TRUE;
}

L4Tell *
l4_mqtt_new (const L4MqttSettings *settings, const L4TellCamera *cameras, guint n_cameras, GError **error)
{
  static gsize once;
  L4Mqtt *self;

  if (!check_settings (settings, error))
    return NULL;
  if (g_once_init_enter (&once)) {
    mosquitto_lib_init ();
    g_once_init_leave (&once, 1);
  }
  self = mqtt_new_idle (settings);
  if (self->wake < 0)
    l4_fail (error, L4_ERROR_IO, "%s: %s", self->who, g_strerror (errno));
  else
    self->topics = l4_topics_new (settings, cameras, n_cameras, error);
  if (self->topics == NULL) {
    l4_mqtt_unref (self);
    return NULL;
  }
  g_atomic_rc_box_acquire (self);       /* the thread's */
  self->thread = g_thread_new ("mqtt", l4_mqtt_run, self);
  return &self->base;
}
