/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The topics of cameras and rules, and what Home Assistant is told of them. */

#include "tell/topics.h"

#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "base/error.h"
#include "config.h"

#define LONGEST_TOPIC 1024      /* bytes; MQTT allows 65,535, some brokers less */
#define LONGEST_STATE "255"     /* characters of a state of Home Assistant */

typedef struct
{
  L4Topics *topics;
  GHashTable *taken;            /* topics, to find two names that have the same */
  const char *prefix, *discovery;
  char *node;                   /* the prefix as a part of a topic */
} Maker;

static void
kept_free (L4Kept *self)
{
  g_free (self->topic);
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_free (self);
}

void
l4_kept_set (L4Kept *self, GBytes *payload)
{
  g_clear_pointer (&self->payload, g_bytes_unref);
  self->payload = payload;
  self->due = TRUE;
  self->tries = 0;
}

void
l4_kept_set_text (L4Kept *self, const char *text)
{
  l4_kept_set (self, g_bytes_new (text, strlen (text)));
}

/* Takes the topic; text NULL: nothing yet. */
static L4Kept *
add_kept (GPtrArray *list, char *topic, const char *text)
{
  L4Kept *self = g_new0 (L4Kept, 1);

  self->topic = topic;
  if (text != NULL)
    l4_kept_set_text (self, text);
  g_ptr_array_add (list, self);
  return self;
}

static void
rule_free (L4TopicRule *self)
{
  g_free (self->alerts);
  g_free (self);
}

static void
camera_free (L4TopicCamera *self)
{
  g_hash_table_unref (self->rules);
  g_free (self);
}

void
l4_topics_free (L4Topics *self)
{
  if (self == NULL)
    return;
  g_free (self->status);
  g_hash_table_unref (self->cameras);
  g_ptr_array_unref (self->first);
  g_ptr_array_unref (self->last);
  g_free (self);
}

/* A name as a part of a topic, fit for Home Assistant too. What would be lost of other scripts is told apart by figures. (transfer full) */
static char *
part_of_name (const char *name)
{
  GString *part = g_string_new (NULL);
  gboolean ascii = TRUE;

  for (const char *at = name; *at != '\0'; at++) {
    ascii &= (guchar) *at < 0x80;
    if (g_ascii_isalnum (*at) || *at == '-' || *at == '_')
      g_string_append_c (part, *at);
    else if (((guchar) *at & 0xc0) != 0x80)     /* one for a character of several bytes */
      g_string_append_c (part, '_');
  }
  if (!ascii) {
    g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, name, -1);

    g_string_append_printf (part, "_%.6s", digest);
  }
  return g_string_free (part, FALSE);
}

static yyjson_mut_val *
add_object (yyjson_mut_doc *doc, yyjson_mut_val *parent, const char *name)
{
  yyjson_mut_val *object = yyjson_mut_obj (doc);

  yyjson_mut_obj_add_val (doc, parent, name, object);
  return object;
}

static void
add_available (yyjson_mut_doc *doc, yyjson_mut_val *list, const char *topic)
{
  yyjson_mut_obj_add_strcpy (doc, yyjson_mut_arr_add_obj (doc, list), "topic", topic);
}

/* What all announcements of a camera have. */
static yyjson_mut_val *
begin_announcement (Maker *self, yyjson_mut_doc **doc, const char *camera, const char *base, const char *name, const char *id)
{
  g_autofree char *unique = g_strconcat (base, "/", id, NULL), *status = g_strconcat (base, "/status", NULL);
  yyjson_mut_val *root, *list, *device, *origin;

  *doc = yyjson_mut_doc_new (NULL);
  root = yyjson_mut_obj (*doc);
  yyjson_mut_doc_set_root (*doc, root);
  yyjson_mut_obj_add_strcpy (*doc, root, "name", name);
  yyjson_mut_obj_add_strcpy (*doc, root, "unique_id", unique);
  list = yyjson_mut_obj_add_arr (*doc, root, "availability");
  add_available (*doc, list, self->topics->status);
  add_available (*doc, list, status);
  yyjson_mut_obj_add_str (*doc, root, "availability_mode", "all");
  device = add_object (*doc, root, "device");
  yyjson_mut_arr_add_strcpy (*doc, yyjson_mut_obj_add_arr (*doc, device, "identifiers"), base);
  yyjson_mut_obj_add_strcpy (*doc, device, "name", camera);
  yyjson_mut_obj_add_str (*doc, device, "manufacturer", "llama4describe");
  origin = add_object (*doc, root, "origin");
  yyjson_mut_obj_add_str (*doc, origin, "name", "llama4describe");
  yyjson_mut_obj_add_str (*doc, origin, "sw_version", L4_VERSION);
  return root;
}

/* Takes the document. kind: of Home Assistant's entity. */
static void
end_announcement (Maker *self, yyjson_mut_doc *doc, const char *kind, const char *camera, const char *id)
{
  char *json = yyjson_mut_write (doc, YYJSON_WRITE_NOFLAG, NULL);
  char *topic = g_strdup_printf ("%s/%s/%s-%s/%s/config", self->discovery, kind, self->node, camera, id);

  add_kept (self->topics->first, topic, json);
  free (json);
  yyjson_mut_doc_free (doc);
}

/* A sensor for a text that is kept, of which the state is the beginning; id: its member there. */
static void
announce_text (Maker *self, const char *camera, const char *part, const char *base, const char *name, const char *id, const L4Kept *kept)
{
  g_autofree char *template = g_strdup_printf ("{{ value_json.%s[:" LONGEST_STATE "] }}", id);
  yyjson_mut_doc *doc;
  yyjson_mut_val *root = begin_announcement (self, &doc, camera, base, name, id);

  yyjson_mut_obj_add_strcpy (doc, root, "state_topic", kept->topic);
  yyjson_mut_obj_add_strcpy (doc, root, "value_template", template);
  yyjson_mut_obj_add_strcpy (doc, root, "json_attributes_topic", kept->topic);
  end_announcement (self, doc, "sensor", part, id);
}

static void
announce_camera (Maker *self, const L4TellCamera *given, const char *part, const char *base, const L4TopicCamera *camera)
{
  yyjson_mut_doc *doc;
  yyjson_mut_val *root;

  announce_text (self, given->name, part, base, _("Last sentence"), "sentence", camera->sentence);
  if (given->summaries)
    announce_text (self, given->name, part, base, _("Last summary"), "summary", camera->summary);
  root = begin_announcement (self, &doc, given->name, base, _("Picture"), "picture");
  yyjson_mut_obj_add_strcpy (doc, root, "image_topic", camera->picture->topic);
  yyjson_mut_obj_add_str (doc, root, "content_type", "image/jpeg");
  end_announcement (self, doc, "image", part, "picture");
}

static void
announce_rule (Maker *self, const char *camera, const char *camera_part, const char *base, const char *name, const char *part,
    const L4TopicRule *rule)
{
  g_autofree char *id = g_strconcat ("rule-", part, NULL);      /* none of them is "picture", "sentence" or "summary" then */
  yyjson_mut_doc *doc;
  yyjson_mut_val *root = begin_announcement (self, &doc, camera, base, name, id);

  yyjson_mut_obj_add_strcpy (doc, root, "state_topic", rule->state->topic);
  yyjson_mut_obj_add_strcpy (doc, root, "json_attributes_topic", rule->alerts);
  end_announcement (self, doc, "binary_sensor", camera_part, id);
}

/* base/PART, of which there is none so far and which is a topic. (transfer full) */
static char *
claim (Maker *self, const char *base, const char *part, const char *name, GError **error)
{
  g_autofree char *topic = g_strconcat (base, "/", part, NULL), *shown = l4_text_to_line (name, -1);

  if (*part == '\0' || !g_utf8_validate (name, -1, NULL) || strlen (topic) > LONGEST_TOPIC)
    l4_fail (error, L4_ERROR_INPUT, _("\"%s\": there can be no MQTT topic for this name"), shown);
  else if (!g_hash_table_add (self->taken, g_strdup (topic)))
    l4_fail (error, L4_ERROR_INPUT, _("\"%s\": another name would have the same MQTT topic, %s"), shown, topic);
  else
    return g_steal_pointer (&topic);
  return NULL;
}

static gboolean
add_rule (Maker *self, L4TopicCamera *camera, const char *camera_name, const char *camera_part, const char *camera_base, const char *name,
    GError **error)
{
  g_autofree char *part = part_of_name (name), *base = claim (self, camera_base, part, name, error);
  L4TopicRule *rule;

  if (base == NULL)
    return FALSE;
  rule = g_new0 (L4TopicRule, 1);
  rule->alerts = g_strconcat (base, "/alert", NULL);
  rule->state = add_kept (self->topics->last, g_strconcat (base, "/state", NULL), "OFF");
  g_hash_table_insert (camera->rules, g_strdup (name), rule);
  if (*self->discovery != '\0')
    announce_rule (self, camera_name, camera_part, camera_base, name, part, rule);
  return TRUE;
}

static gboolean
add_camera (Maker *self, const L4TellCamera *given, GError **error)
{
  g_autofree char *part = part_of_name (given->name), *base = claim (self, self->prefix, part, given->name, error);
  L4TopicCamera *camera;

  if (base == NULL)
    return FALSE;
  camera = g_new0 (L4TopicCamera, 1);
  camera->rules = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) rule_free);
  g_hash_table_insert (self->topics->cameras, g_strdup (given->name), camera);
  camera->status = add_kept (self->topics->first, g_strconcat (base, "/status", NULL), "offline");
  camera->sentence = add_kept (self->topics->last, g_strconcat (base, "/sentence", NULL), NULL);
  camera->summary = add_kept (self->topics->last, g_strconcat (base, "/summary", NULL), NULL);
  camera->picture = add_kept (self->topics->last, g_strconcat (base, "/picture", NULL), NULL);
  if (*self->discovery != '\0')
    announce_camera (self, given, part, base, camera);
  for (guint i = 0; given->rules != NULL && given->rules[i] != NULL; i++)
    if (!add_rule (self, camera, given->name, part, base, given->rules[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
check_prefix (const char *prefix, GError **error)
{
  gsize length = strlen (prefix);
  g_autofree char *shown = l4_text_to_line (prefix, -1);

  if (length > 0 && length <= LONGEST_TOPIC && g_utf8_validate (prefix, -1, NULL) && strpbrk (prefix, "+#") == NULL && *prefix != '$'
      && *prefix != '/' && prefix[length - 1] != '/')
    return TRUE;
  return l4_fail (error, L4_ERROR_INPUT, _("\"%s\": MQTT topics cannot begin with this"), shown);
}

L4Topics *
l4_topics_new (const L4MqttSettings *settings, const L4TellCamera *cameras, guint n_cameras, GError **error)
{
  const char *prefix = settings->prefix != NULL ? settings->prefix : "llama4describe";
  const char *discovery = settings->discovery != NULL ? settings->discovery : "homeassistant";
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *node = part_of_name (prefix);
  L4Topics *topics;
  Maker maker;
  gboolean made = TRUE;

  if (!check_prefix (prefix, error) || (*discovery != '\0' && !check_prefix (discovery, error)))
    return NULL;
  topics = g_new0 (L4Topics, 1);
  topics->status = g_strconcat (prefix, "/status", NULL);
  topics->first = g_ptr_array_new_with_free_func ((GDestroyNotify) kept_free);
  topics->last = g_ptr_array_new_with_free_func ((GDestroyNotify) kept_free);
  topics->cameras = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) camera_free);
  add_kept (topics->first, g_strdup (topics->status), "online");
  maker = (Maker) { topics, taken, prefix, discovery, node };
  for (guint i = 0; i < n_cameras && made; i++)
    made = add_camera (&maker, &cameras[i], error);
  if (!made)
    g_clear_pointer (&topics, l4_topics_free);
  return topics;
}

static void
add_time (yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, gint64 time)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autofree char *second = date != NULL ? g_date_time_format (date, "%Y-%m-%dT%H:%M:%S") : NULL, *when = NULL;

  if (second == NULL)
    return;
  when = g_strdup_printf ("%s.%03dZ", second, (int) (time % G_USEC_PER_SEC / 1000));
  yyjson_mut_obj_add_strcpy (doc, object, name, when);
}

char *
l4_topics_said (const L4Said *said)
{
  g_autofree char *line = l4_text_to_line (said->text, -1);
  yyjson_mut_doc *doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_val *root = yyjson_mut_obj (doc);
  char *json, *copy;

  yyjson_mut_doc_set_root (doc, root);
  if (said->summary)
    add_time (doc, root, "from", said->from);
  add_time (doc, root, "time", said->until);
  yyjson_mut_obj_add_str (doc, root, said->summary ? "summary" : "sentence", line);
  json = yyjson_mut_write (doc, YYJSON_WRITE_NOFLAG, NULL);
  copy = g_strdup (json);
  free (json);
  yyjson_mut_doc_free (doc);
  return copy;
}
