/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom alerts go to beside standard output and commands: a broker, a web server. */

#include "watch/receivers.h"

#include <string.h>

#include "base/error.h"
#include "tell/mqtt.h"
#include "tell/webhook.h"

#define FINISH_MS 5000          /* for each to be told what waits */

struct _L4Receivers
{
  L4NewsQueue *news;
  L4Tell *tells[2];
  guint n;
};

static void
on_report (gboolean trouble, const char *line, gpointer data)
{
  L4News *news = g_new0 (L4News, 1);

  news->kind = L4_NEWS_DONE;
  news->text = g_strdup (line);
  l4_news_queue_push (data, news);
}

/* Names of the rules of each camera. */
static GPtrArray *
list_rules (const L4Cameras *cameras, const L4Camera *camera)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < cameras->rules->len; i++) {
    const L4Rule *rule = g_ptr_array_index (cameras->rules, i);

    if (rule->cameras == NULL || g_strv_contains ((const char *const *) rule->cameras, camera->name))
      g_ptr_array_add (names, rule->name);
  }
  g_ptr_array_add (names, NULL);
  return names;
}

/* The first line of a file; what: none was asked for. */
static gboolean
read_password (const L4CamerasMqtt *mqtt, char **password, GError **error)
{
  if (mqtt->password_file == NULL)
    *password = g_strdup (mqtt->password);
  else if (!g_file_get_contents (mqtt->password_file, password, NULL, error))
    return FALSE;
  if (*password != NULL)
    (*password)[strcspn (*password, "\r\n")] = '\0';
  return TRUE;
}

static L4Tell *
make_mqtt (const L4Cameras *cameras, L4NewsQueue *news, GError **error)
{
  const L4CamerasMqtt *given = &cameras->mqtt;
  g_autoptr (GPtrArray) rules = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autofree L4TellCamera *told = g_new0 (L4TellCamera, cameras->cameras->len);
  g_autofree char *password = NULL;
  L4MqttSettings settings;

  if (!read_password (given, &password, error))
    return NULL;
  for (guint i = 0; i < cameras->cameras->len; i++) {
    const L4Camera *camera = g_ptr_array_index (cameras->cameras, i);

    g_ptr_array_add (rules, list_rules (cameras, camera));
    told[i] = (L4TellCamera) { camera->name, (const char *const *) ((GPtrArray *) g_ptr_array_index (rules, i))->pdata };
  }
  settings = (L4MqttSettings) {
    .host = given->host,.port = given->port,.user = given->user,.password = password,.tls = given->tls,.ca_file = given->ca_file,
    .certificate = given->certificate,.key = given->key,.prefix = given->prefix,.discovery = given->discovery,
    .report = on_report,.report_data = news
  };
  return l4_mqtt_new (&settings, told, cameras->cameras->len, error);
}

static L4Tell *
make_webhook (const L4Cameras *cameras, L4NewsQueue *news, GError **error)
{
  const L4CamerasWebhook *given = &cameras->webhook;
  const L4WebhookSettings settings = {
    .url = given->url,.token_file = given->token_file,.ca_file = given->ca_file,.timeout_ms = MIN (given->timeout / 1000000, G_MAXINT),
    .tries = given->tries,.report = on_report,.report_data = news
  };

  return l4_webhook_new (&settings, error);
}

L4Receivers *
l4_receivers_new (const L4Cameras *cameras, L4NewsQueue *news, GError **error)
{
  g_autoptr (L4Receivers) self = g_new0 (L4Receivers, 1);

  self->news = news;
  if (cameras->mqtt.host != NULL && (self->tells[self->n++] = make_mqtt (cameras, news, error)) == NULL)
    return NULL;
  if (cameras->webhook.url != NULL && (self->tells[self->n++] = make_webhook (cameras, news, error)) == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

/* How many alerts were not told, where there are any. */
static void
report_rest (const L4Receivers *self, L4Tell *tell)
{
  L4TellCounters counters;
  g_autofree char *line = NULL;

  l4_tell_get_counters (tell, &counters);
  if (counters.waiting + counters.dropped + counters.refused == 0)
    return;
  line = g_strdup_printf (_("alerts that were not delivered: %" PRIu64), counters.waiting + counters.dropped + counters.refused);
  on_report (TRUE, line, self->news);
}

void
l4_receivers_free (L4Receivers *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n; i++)
    if (self->tells[i] != NULL) {
      if (!l4_tell_finish (self->tells[i], FINISH_MS))
        report_rest (self, self->tells[i]);
      l4_tell_free (self->tells[i]);
    }
  g_free (self);
}

void
l4_receivers_alert (L4Receivers *self, const L4Alert *alert)
{
  for (guint i = 0; i < self->n; i++)
    l4_tell_alert (self->tells[i], alert);
}

void
l4_receivers_sentence (L4Receivers *self, const char *camera, gint64 time, const char *sentence, GBytes *picture)
{
  for (guint i = 0; i < self->n; i++)
    l4_tell_sentence (self->tells[i], camera, time, sentence, picture);
}

void
l4_receivers_presence (L4Receivers *self, const char *camera, gboolean present)
{
  for (guint i = 0; i < self->n; i++)
    l4_tell_presence (self->tells[i], camera, present);
}

gboolean
l4_receivers_want_pictures (const L4Cameras *cameras)
{
  return cameras->mqtt.host != NULL;
}
