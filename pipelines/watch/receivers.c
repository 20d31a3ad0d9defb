/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom alerts go to beside standard output and commands: a broker, a web server, ONVIF's metadata, a page. */

#include "watch/receivers.h"

#include <errno.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "run/json.h"
#include "onvif/onvif.h"
#include "tell/mqtt.h"
#include "tell/webhook.h"
#include "watch/day.h"

struct _L4Receivers
{
  L4NewsQueue *news;
  struct
  {
    L4Receiver kind;
    L4Tell *tell;
  } ways[3];
  guint n;
  L4Live *live;                 /* NULL: no page */
};

static void
on_report (gboolean trouble, const char *line, gpointer data)
{
  L4News *news = g_new0 (L4News, 1);

  news->kind = L4_NEWS_DONE;
  news->text = g_strdup (line);
  l4_news_queue_push (data, news);
}

/* Cameras, and the rules of each that a receiver is told of. */
typedef struct
{
  L4TellCamera *cameras;
  GPtrArray *rules;             /* of GPtrArray of names */
} Announced;

static void
announced_clear (Announced *self)
{
  g_free (self->cameras);
  g_clear_pointer (&self->rules, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Announced, announced_clear)

static GPtrArray *
list_rules (const L4Cameras *cameras, const L4Camera *camera, L4Receiver kind)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < cameras->rules->len; i++) {
    const L4Rule *rule = g_ptr_array_index (cameras->rules, i);

    if ((rule->receivers & kind) && (rule->cameras == NULL || g_strv_contains ((const char *const *) rule->cameras, camera->name)))
      g_ptr_array_add (names, rule->name);
  }
  g_ptr_array_add (names, NULL);
  return names;
}

static void
announce (Announced *self, const L4Cameras *cameras, L4Receiver kind)
{
  self->cameras = g_new0 (L4TellCamera, cameras->cameras->len);
  self->rules = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  for (guint i = 0; i < cameras->cameras->len; i++) {
    const L4Camera *camera = g_ptr_array_index (cameras->cameras, i);
    GPtrArray *rules = list_rules (cameras, camera, kind);

    g_ptr_array_add (self->rules, rules);
    self->cameras[i] = (L4TellCamera) { camera->name, (const char *const *) rules->pdata, l4_camera_is_summed_up (camera) };
  }
}

/* The first line of a file, which says something; without a file what was given, or NULL. */
static gboolean
read_secret (const char *file, const char *given, char **password, GError **error)
{
  if (file == NULL)
    *password = g_strdup (given);
  else if (!g_file_get_contents (file, password, NULL, error))
    return FALSE;
  if (*password != NULL)
    (*password)[strcspn (*password, "\r\n")] = '\0';
  if (file == NULL || **password != '\0')
    return TRUE;
  g_clear_pointer (password, g_free);
  return l4_fail (error, L4_ERROR_INPUT, _("%s: the first line is empty"), file);
}

/* The same of each: makes *tell, or, without tell, sees whether it could be made. */
static gboolean
use_mqtt (const L4Cameras *cameras, L4NewsQueue *news, L4Tell **tell, GError **error)
{
  const L4CamerasMqtt *given = &cameras->mqtt;
  g_auto (Announced) announced = { 0 };
  g_autofree char *password = NULL;
  L4MqttSettings settings;

  if (!read_secret (given->password_file, given->password, &password, error))
    return FALSE;
  announce (&announced, cameras, L4_RECEIVER_MQTT);
  settings = (L4MqttSettings) {
    .host = given->host,.port = given->port,.user = given->user,.password = password,.tls = given->tls,.ca_file = given->ca_file,
    .certificate = given->certificate,.key = given->key,.prefix = given->prefix,.discovery = given->discovery,
    .report = on_report,.report_data = news
  };
  if (tell == NULL)
    return l4_mqtt_check (&settings, announced.cameras, cameras->cameras->len, error);
  return (*tell = l4_mqtt_new (&settings, announced.cameras, cameras->cameras->len, error)) != NULL;
}

static gboolean
use_webhook (const L4Cameras *cameras, L4NewsQueue *news, L4Tell **tell, GError **error)
{
  const L4CamerasWebhook *given = &cameras->webhook;
  const L4WebhookSettings settings = {
    .url = given->url,.token_file = given->token_file,.ca_file = given->ca_file,.timeout_ms = MIN (given->timeout / 1000000, G_MAXINT),
    .tries = given->tries,.report = on_report,.report_data = news
  };

  if (tell == NULL)
    return l4_webhook_check (&settings, error);
  return (*tell = l4_webhook_new (&settings, error)) != NULL;
}

/* The file of a camera's day. */
static char *
make_metadata_path (const char *name, gint64 time, gpointer data, GError **error)
{
  const L4Day day = l4_day_of (time);
  g_autofree char *folder = l4_day_path (data, &(L4Camera) {.name = (char *) name }, day.name);

  if (g_mkdir_with_parents (folder, 0750) != 0) {
    l4_fail (error, L4_ERROR_IO, _("%s: cannot be made: %s"), folder, g_strerror (errno));
    return NULL;
  }
  return g_build_filename (folder, "metadata.xml", NULL);
}

static gboolean
use_onvif (const L4Cameras *cameras, L4NewsQueue *news, L4Tell **tell, GError **error)
{
  const L4CamerasOnvif *given = &cameras->onvif;
  g_auto (Announced) announced = { 0 };
  g_autofree char *password = NULL;
  L4OnvifSettings settings;

  if (!read_secret (given->password_file, given->password, &password, error))
    return FALSE;
  announce (&announced, cameras, L4_RECEIVER_ONVIF);
  settings = (L4OnvifSettings) {
    .path = given->files ? make_metadata_path : NULL,.path_data = (gpointer) cameras,.serves = given->rtsp > 0,.port = given->rtsp,
    .address = given->address,.user = given->user,.password = password,.report = on_report,.report_data = news
  };
  if (tell == NULL)
    return l4_onvif_check (&settings, error);
  return (*tell = l4_onvif_new (&settings, announced.cameras, cameras->cameras->len, error)) != NULL;
}

/* Where the streams of metadata are. */
static void
tell_streams (const L4Receivers *self, const L4Cameras *cameras, L4Tell *onvif)
{
  for (guint i = 0; i < cameras->cameras->len && l4_onvif_get_url (onvif, i) != NULL; i++) {
    const char *camera = ((L4Camera *) g_ptr_array_index (cameras->cameras, i))->name, *url = l4_onvif_get_url (onvif, i);
    L4News *news = g_new0 (L4News, 1);
    yyjson_mut_doc *doc;
    yyjson_mut_val *object = l4_json_begin (&doc, "onvif");

    news->kind = L4_NEWS_DONE;
    yyjson_mut_obj_add_strcpy (doc, object, "camera", camera);
    yyjson_mut_obj_add_strcpy (doc, object, "url", url);
    news->record = l4_json_to_line (doc);
    news->text = g_strdup_printf (_("%s: ONVIF metadata is at %s"), camera, url);
    l4_news_queue_push (self->news, news);
  }
}

/* Where the page is. */
static void
tell_page (const L4Receivers *self)
{
  L4News *news = g_new0 (L4News, 1);
  yyjson_mut_doc *doc;
  yyjson_mut_val *object = l4_json_begin (&doc, "page");

  news->kind = L4_NEWS_DONE;
  yyjson_mut_obj_add_strcpy (doc, object, "url", l4_live_get_url (self->live));
  news->record = l4_json_to_line (doc);
  news->text = g_strdup_printf (_("the page is at %s"), l4_live_get_url (self->live));
  l4_news_queue_push (self->news, news);
}

/* *live: made, or, without it, seen whether it could be. */
static gboolean
use_page (const L4Cameras *cameras, L4Live **live, GError **error)
{
  g_autofree char *token = NULL;
  g_autofree const char **names = g_new0 (const char *, cameras->cameras->len + 1);
  L4LiveSettings settings = {.port = cameras->page.port,.address = cameras->page.address };

  if (!read_secret (cameras->page.token_file, NULL, &token, error))
    return FALSE;
  settings.token = token;
  if (live == NULL)
    return l4_live_check (&settings, error);
  for (guint i = 0; i < cameras->cameras->len; i++)
    names[i] = ((L4Camera *) g_ptr_array_index (cameras->cameras, i))->name;
  return (*live = l4_live_new (&settings, names, error)) != NULL;
}

/* Of what is wrong with a part of the file. */
static gboolean
blame (const L4Cameras *cameras, const char *part, GError **error)
{
  if (cameras->file != NULL)
    g_prefix_error (error, "%s: %s: ", cameras->file, part);
  return FALSE;
}

static const struct
{
  L4Receiver kind;
  const char *name;             /* in the file */
  gboolean (*use) (const L4Cameras *cameras, L4NewsQueue *news, L4Tell **tell, GError **error);
} ways[] = {
  {L4_RECEIVER_MQTT, "mqtt", use_mqtt}, {L4_RECEIVER_WEBHOOK, "webhook", use_webhook}, {L4_RECEIVER_ONVIF, "onvif", use_onvif},
};

static gboolean
is_wanted (const L4Cameras *cameras, L4Receiver kind)
{
  return kind == L4_RECEIVER_MQTT ? cameras->mqtt.host != NULL : kind == L4_RECEIVER_WEBHOOK ? cameras->webhook.url != NULL
      : cameras->onvif.files || cameras->onvif.rtsp > 0;
}

L4Receivers *
l4_receivers_new (const L4Cameras *cameras, L4NewsQueue *news, GError **error)
{
  g_autoptr (L4Receivers) self = g_new0 (L4Receivers, 1);

  self->news = news;
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    L4Tell *tell = NULL;

    if (!is_wanted (cameras, ways[i].kind))
      continue;
    if (!ways[i].use (cameras, news, &tell, error)) {
      blame (cameras, ways[i].name, error);
      return NULL;
    }
    self->ways[self->n].kind = ways[i].kind;
    self->ways[self->n++].tell = tell;
    if (ways[i].kind == L4_RECEIVER_ONVIF)
      tell_streams (self, cameras, tell);
  }
  if (!cameras->page.wanted)
    return g_steal_pointer (&self);
  if (!use_page (cameras, &self->live, error)) {
    blame (cameras, "page", error);
    return NULL;
  }
  tell_page (self);
  return g_steal_pointer (&self);
}

/* As a run reads them. */
static gboolean
check_contents (const char *file, GError **error)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (file, &text, NULL, error);
}

static gboolean
check_secret (const char *file, GError **error)
{
  g_autofree char *secret = NULL;

  return read_secret (file, NULL, &secret, error);
}

static gboolean
check_webhook_token (const char *file, GError **error)
{
  g_autofree char *token = l4_webhook_read_token (file, error);

  return token != NULL;
}

static gboolean
check_page_token (const char *file, GError **error)
{
  g_autofree char *token = NULL;

  return read_secret (file, NULL, &token, error) && l4_live_check_token (token, error);
}

gboolean
l4_receivers_check (const L4Cameras *cameras, GError **error)
{
  const struct
  {
    const char *key, *file;
    gboolean (*check) (const char *file, GError **error);
  } files[] = {
    {"mqtt: password-file", cameras->mqtt.password_file, check_secret},
    {"mqtt: ca-file", cameras->mqtt.ca_file, check_contents},
    {"mqtt: certificate", cameras->mqtt.certificate, check_contents},
    {"mqtt: key", cameras->mqtt.key, check_contents},
    {"webhook: token-file", cameras->webhook.token_file, check_webhook_token},
    {"webhook: ca-file", cameras->webhook.ca_file, check_contents},
    {"onvif: password-file", cameras->onvif.password_file, check_secret},
    {"page: token-file", cameras->page.token_file, check_page_token},
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    if (files[i].file != NULL && !files[i].check (files[i].file, error))
      return blame (cameras, files[i].key, error);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    if (is_wanted (cameras, ways[i].kind) && !ways[i].use (cameras, NULL, NULL, error))
      return blame (cameras, ways[i].name, error);
  return !cameras->page.wanted || use_page (cameras, NULL, error) || blame (cameras, "page", error);
}

/* As the file of cameras calls it. */
static const char *
name_way (L4Receiver kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    if (ways[i].kind == kind)
      return ways[i].name;
  g_return_val_if_reached (NULL);
}

/* How many alerts were not told; says so where there are any. */
static guint64
report_rest (const L4Receivers *self, guint way)
{
  L4TellCounters counters;
  g_autofree char *line = NULL;
  guint64 rest;

  l4_tell_get_counters (self->ways[way].tell, &counters);
  rest = counters.waiting + counters.dropped + counters.refused;
  if (rest == 0)
    return 0;
  line = g_strdup_printf (_("%s: alerts that were not delivered: %" PRIu64), name_way (self->ways[way].kind), rest);
  on_report (TRUE, line, self->news);
  return rest;
}

guint64
l4_receivers_finish (L4Receivers *self, gint64 until)
{
  guint64 rest = 0;

  for (guint i = 0; i < self->n; i++)
    l4_tell_finish (self->ways[i].tell, MAX (until - g_get_monotonic_time (), 0) / 1000);
  for (guint i = 0; i < self->n; i++)
    rest += report_rest (self, i);
  return rest;
}

void
l4_receivers_free (L4Receivers *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n; i++)
    l4_tell_free (self->ways[i].tell);
  if (self->live != NULL)
    l4_live_free (self->live);
  g_free (self);
}

void
l4_receivers_alert (L4Receivers *self, const L4Rule *rule, const L4Alert *alert)
{
  for (guint i = 0; i < self->n; i++)
    if (rule->receivers & self->ways[i].kind)
      l4_tell_alert (self->ways[i].tell, alert);
  if (self->live != NULL && (rule->receivers & L4_RECEIVER_PAGE))
    l4_live_add_alert (self->live, alert);
}

void
l4_receivers_said (L4Receivers *self, const L4Said *said)
{
  for (guint i = 0; i < self->n; i++)
    l4_tell_said (self->ways[i].tell, said);
  if (self->live == NULL)
    return;
  l4_live_add_said (self->live, said);
  if (said->picture != NULL)
    l4_live_set_picture (self->live, said->camera, said->picture);
}

void
l4_receivers_growing (L4Receivers *self, const char *camera, const char *text)
{
  if (self->live != NULL)
    l4_live_set_growing (self->live, camera, text);
}

void
l4_receivers_presence (L4Receivers *self, const char *camera, gboolean present)
{
  for (guint i = 0; i < self->n; i++)
    l4_tell_presence (self->ways[i].tell, camera, present);
  if (self->live != NULL)
    l4_live_set_present (self->live, camera, present);
}

gboolean
l4_receivers_want_pictures (const L4Cameras *cameras)
{
  return cameras->mqtt.host != NULL || cameras->page.wanted;
}

L4Live *
l4_receivers_get_live (L4Receivers *self)
{
  return self->live;
}
