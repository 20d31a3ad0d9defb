/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom alerts go to, as the file tells of it. */

#include "base/error.h"
#include "cameras/cameras-private.h"

#define MQTT(name) G_STRUCT_OFFSET (L4CamerasMqtt, name)
#define ONVIF(name) G_STRUCT_OFFSET (L4CamerasOnvif, name)
#define WEBHOOK(name) G_STRUCT_OFFSET (L4CamerasWebhook, name)

static gboolean
read_port (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  guint *port = field;

  return l4_yaml_read_count (self, node, key, port, error)
      && ((*port >= 1 && *port <= 65535) || l4_yaml_fail (self, node, key, error, _("must be 1 to 65535")));
}

gboolean
l4_yaml_read_mqtt (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const L4YamlField fields[] = {
    {"host", l4_yaml_read_text, MQTT (host)},
    {"port", read_port, MQTT (port)},
    {"user", l4_yaml_read_text, MQTT (user)},
    {"password", l4_yaml_read_text, MQTT (password)},
    {"password-file", l4_yaml_read_path, MQTT (password_file)},
    {"tls", l4_yaml_read_flag, MQTT (tls)},
    {"ca-file", l4_yaml_read_path, MQTT (ca_file)},
    {"certificate", l4_yaml_read_path, MQTT (certificate)},
    {"key", l4_yaml_read_path, MQTT (key)},
    {"prefix", l4_yaml_read_text, MQTT (prefix)},
    {"discovery", l4_yaml_read_text, MQTT (discovery)},
    {NULL}
  };
  L4CamerasMqtt *mqtt = &(*(L4Cameras **) field)->mqtt;

  return l4_yaml_read_fields (self, node, "mqtt", fields, NULL, mqtt, error)
      && (mqtt->host != NULL || l4_yaml_fail (self, node, "mqtt", error, _("needs a host")))
      && (mqtt->password == NULL || mqtt->password_file == NULL
      || l4_yaml_fail (self, node, "mqtt", error, _("has both password and password-file")));
}

gboolean
l4_yaml_read_webhook (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const L4YamlField fields[] = {
    {"url", l4_yaml_read_text, WEBHOOK (url)},
    {"token-file", l4_yaml_read_path, WEBHOOK (token_file)},
    {"ca-file", l4_yaml_read_path, WEBHOOK (ca_file)},
    {"timeout", l4_yaml_read_time, WEBHOOK (timeout)},
    {"tries", l4_yaml_read_count, WEBHOOK (tries)},
    {NULL}
  };
  L4CamerasWebhook *webhook = &(*(L4Cameras **) field)->webhook;

  return l4_yaml_read_fields (self, node, "webhook", fields, NULL, webhook, error)
      && (webhook->url != NULL || l4_yaml_fail (self, node, "webhook", error, _("needs a url")));
}

gboolean
l4_yaml_read_page (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const L4YamlField fields[] = {
    {"port", read_port, G_STRUCT_OFFSET (L4CamerasPage, port)},
    {"address", l4_yaml_read_text, G_STRUCT_OFFSET (L4CamerasPage, address)},
    {"token-file", l4_yaml_read_path, G_STRUCT_OFFSET (L4CamerasPage, token_file)},
    {NULL}
  };
  L4CamerasPage *page = &(*(L4Cameras **) field)->page;

  page->wanted = TRUE;
  return l4_yaml_read_fields (self, node, "page", fields, NULL, page, error)
      && (page->port > 0 || l4_yaml_fail (self, node, "page", error, _("needs a port")));
}

gboolean
l4_yaml_read_onvif (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const L4YamlField fields[] = {
    {"files", l4_yaml_read_flag, ONVIF (files)},
    {"rtsp", read_port, ONVIF (rtsp)},
    {"address", l4_yaml_read_text, ONVIF (address)},
    {"user", l4_yaml_read_text, ONVIF (user)},
    {"password", l4_yaml_read_text, ONVIF (password)},
    {"password-file", l4_yaml_read_path, ONVIF (password_file)},
    {NULL}
  };
  L4CamerasOnvif *onvif = &(*(L4Cameras **) field)->onvif;

  return l4_yaml_read_fields (self, node, "onvif", fields, NULL, onvif, error)
      && (onvif->files || onvif->rtsp > 0 || l4_yaml_fail (self, node, "onvif", error, _("needs files or rtsp")))
      && (onvif->rtsp > 0 || (onvif->address == NULL && onvif->user == NULL) || l4_yaml_fail (self, node, "onvif", error, _("has an address or a user without rtsp")))
      && (onvif->password == NULL || onvif->password_file == NULL
      || l4_yaml_fail (self, node, "onvif", error, _("has both password and password-file")));
}

void
l4_cameras_clear_receivers (L4Cameras *self)
{
  char *texts[] = { self->mqtt.host, self->mqtt.user, self->mqtt.password, self->mqtt.password_file, self->mqtt.ca_file,
    self->mqtt.certificate, self->mqtt.key, self->mqtt.prefix, self->mqtt.discovery, self->webhook.url, self->webhook.token_file,
    self->webhook.ca_file, self->page.address, self->page.token_file, self->onvif.address, self->onvif.user, self->onvif.password,
    self->onvif.password_file
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
}
