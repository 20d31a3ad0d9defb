/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What llama4 watch is told by its file: cameras, rules, what becomes of alerts. */

#include "cameras/cameras.h"

#include <string.h>

#include "base/error.h"
#include "cameras/cameras-private.h"

#define MOST_CAMERAS 256
#define MOST_RULES 1000
#define SECOND G_GUINT64_CONSTANT (1000000000)

static L4Cameras *
cameras_new (void)
{
  L4Cameras *self = g_new0 (L4Cameras, 1);

  self->cameras = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_camera_free);
  self->rules = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_rule_free);
  self->before = 5 * SECOND;
  self->after = 5 * SECOND;
  self->clip_memory = 64u << 20;
  self->command_limit = 30 * SECOND;
  self->commands = 4;
  return self;
}

void
l4_cameras_free (L4Cameras *self)
{
  if (self == NULL)
    return;
  g_free (self->file);
  g_free (self->model);
  g_free (self->projector);
  g_free (self->load);
  g_ptr_array_unref (self->cameras);
  g_ptr_array_unref (self->rules);
  g_free (self->index);
  g_free (self->folder);
  l4_cameras_clear_receivers (self);
  g_free (self);
}

static L4Camera *
find_camera (const L4Cameras *self, const char *name)
{
  for (guint i = 0; i < self->cameras->len; i++) {
    L4Camera *camera = g_ptr_array_index (self->cameras, i);

    if (g_str_equal (camera->name, name))
      return camera;
  }
  return NULL;
}

/* Sections ---------------------------------------------------------------------------------------------------------------------- */

/* While a file is read: lists come before what they need, or after it. */
typedef struct
{
  L4Cameras *cameras;
  yaml_node_t *defaults, *camera_list, *rule_list;
} Reading;

static gboolean
read_later (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  *(yaml_node_t **) field = node;
  return TRUE;
}

static gboolean
read_load (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const char *const names[] = { "auto", "read", "map", "stream", NULL };

  return l4_yaml_read_text (self, node, key, field, error) && (g_strv_contains (names, *(char **) field)
      || l4_yaml_fail (self, node, key, error, _("must be auto, read, map or stream")));
}

static gboolean
read_model (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const L4YamlField fields[] = {
    {"path", l4_yaml_read_path, G_STRUCT_OFFSET (L4Cameras, model)},
    {"projector", l4_yaml_read_path, G_STRUCT_OFFSET (L4Cameras, projector)},
    {"load", read_load, G_STRUCT_OFFSET (L4Cameras, load)},
    {"threads", l4_yaml_read_count, G_STRUCT_OFFSET (L4Cameras, threads)},
    {"memory-limit", l4_yaml_read_bytes, G_STRUCT_OFFSET (L4Cameras, memory_limit)},
    {NULL}
  };
  L4Cameras *cameras = *(L4Cameras **) field;

  return l4_yaml_read_fields (self, node, "model", fields, NULL, cameras, error)
      && (cameras->threads <= L4_MAX_THREADS || l4_yaml_fail (self, node, "threads", error, _("must be %d at most"), L4_MAX_THREADS));
}

/* A path, or postgresql://… */
static gboolean
read_index (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  const char *text = l4_yaml_scalar (node, NULL);
  L4Cameras *cameras = *(L4Cameras **) field;

  return text != NULL && strstr (text, "://") != NULL ? l4_yaml_read_text (self, node, key, &cameras->index, error)
      : l4_yaml_read_path (self, node, key, &cameras->index, error);
}

static gboolean
read_folder (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  return l4_yaml_read_path (self, node, key, &(*(L4Cameras **) field)->folder, error);
}

static gboolean
read_keep (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const L4YamlField fields[] = {
    {"time", l4_yaml_read_time, G_STRUCT_OFFSET (L4Cameras, keep_time)},
    {"bytes", l4_yaml_read_bytes, G_STRUCT_OFFSET (L4Cameras, keep_bytes)},
    {NULL}
  };

  return l4_yaml_read_fields (self, node, "keep", fields, NULL, *(L4Cameras **) field, error);
}

static gboolean
read_clips (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const L4YamlField fields[] = {
    {"before", l4_yaml_read_time, G_STRUCT_OFFSET (L4Cameras, before)},
    {"after", l4_yaml_read_time, G_STRUCT_OFFSET (L4Cameras, after)},
    {"memory", l4_yaml_read_bytes, G_STRUCT_OFFSET (L4Cameras, clip_memory)},
    {NULL}
  };

  return l4_yaml_read_fields (self, node, "clips", fields, NULL, *(L4Cameras **) field, error);
}

static gboolean
read_commands (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const L4YamlField fields[] = {
    {"limit", l4_yaml_read_time, G_STRUCT_OFFSET (L4Cameras, command_limit)},
    {"at-once", l4_yaml_read_count, G_STRUCT_OFFSET (L4Cameras, commands)},
    {NULL}
  };
  L4Cameras *cameras = *(L4Cameras **) field;

  return l4_yaml_read_fields (self, node, "commands", fields, NULL, cameras, error)
      && ((cameras->commands >= 1 && cameras->commands <= 64) || l4_yaml_fail (self, node, "at-once", error, _("must be 1 to 64")))
      && (cameras->command_limit > 0 || l4_yaml_fail (self, node, "limit", error, _("must be more than 0")));
}

static const L4YamlField sections[] = {
  {"model", read_model, G_STRUCT_OFFSET (Reading, cameras)},
  {"defaults", read_later, G_STRUCT_OFFSET (Reading, defaults)},
  {"cameras", read_later, G_STRUCT_OFFSET (Reading, camera_list)},
  {"rules", read_later, G_STRUCT_OFFSET (Reading, rule_list)},
  {"index", read_index, G_STRUCT_OFFSET (Reading, cameras)},
  {"folder", read_folder, G_STRUCT_OFFSET (Reading, cameras)},
  {"keep", read_keep, G_STRUCT_OFFSET (Reading, cameras)},
  {"clips", read_clips, G_STRUCT_OFFSET (Reading, cameras)},
  {"commands", read_commands, G_STRUCT_OFFSET (Reading, cameras)},
  {"mqtt", l4_yaml_read_mqtt, G_STRUCT_OFFSET (Reading, cameras)},
  {"onvif", l4_yaml_read_onvif, G_STRUCT_OFFSET (Reading, cameras)},
  {"page", l4_yaml_read_page, G_STRUCT_OFFSET (Reading, cameras)},
  {"webhook", l4_yaml_read_webhook, G_STRUCT_OFFSET (Reading, cameras)},
  {NULL}
};

/* Lists ------------------------------------------------------------------------------------------------------------------------- */

static gboolean
read_cameras (L4Yaml *yaml, const Reading *reading, GError **error)
{
  L4Cameras *self = reading->cameras;

  if (reading->camera_list == NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: has no cameras"), yaml->path);
  if (!l4_yaml_check_list (yaml, reading->camera_list, "cameras", error))
    return FALSE;
  for L4_YAML_EACH (reading->camera_list, item) {
    yaml_node_t *node = l4_yaml_node (yaml, *item);
    g_autoptr (L4Camera) camera = l4_camera_read (yaml, node, reading->defaults, error);

    if (camera == NULL)
      return FALSE;
    if (find_camera (self, camera->name) != NULL)
      return l4_yaml_fail (yaml, node, "cameras", error, _("there are two of the name %s"), camera->name);
    if (self->cameras->len >= MOST_CAMERAS)
      return l4_yaml_fail (yaml, node, "cameras", error, _("are more than %d"), MOST_CAMERAS);
    g_ptr_array_add (self->cameras, g_steal_pointer (&camera));
  }
  return self->cameras->len > 0 || l4_yaml_fail (yaml, reading->camera_list, "cameras", error, _("is empty"));
}

/* Whether those that a rule names are there; of the page an option may tell. */
static gboolean
check_receivers (L4Yaml *yaml, yaml_node_t *node, const L4Cameras *self, const L4Rule *rule, GError **error)
{
  if (rule->receivers == L4_RECEIVER_ALL)
    return TRUE;
  if ((rule->receivers & L4_RECEIVER_MQTT) && self->mqtt.host == NULL)
    return l4_yaml_fail (yaml, node, "tell", error, _("%s: there is no %s in this file"), rule->name, "mqtt");
  if ((rule->receivers & L4_RECEIVER_WEBHOOK) && self->webhook.url == NULL)
    return l4_yaml_fail (yaml, node, "tell", error, _("%s: there is no %s in this file"), rule->name, "webhook");
  if ((rule->receivers & L4_RECEIVER_ONVIF) && !self->onvif.files && self->onvif.rtsp == 0)
    return l4_yaml_fail (yaml, node, "tell", error, _("%s: there is no %s in this file"), rule->name, "onvif");
  return TRUE;
}

static gboolean
concerns (const L4Rule *rule, const L4Camera *camera)
{
  return rule->cameras == NULL || g_strv_contains ((const char *const *) rule->cameras, camera->name);
}

/* Whether conditions of a rule ask of its cameras what these ask the model. */
static gboolean
check_questions (L4Yaml *yaml, const L4Cameras *self, const L4Rule *rule, const GPtrArray *conditions, GError **error)
{
  for (guint c = 0; c < conditions->len; c++) {
    const L4Condition *condition = g_ptr_array_index (conditions, c);

    for (guint i = 0; condition->question != NULL && i < self->cameras->len; i++) {
      const L4Camera *camera = g_ptr_array_index (self->cameras, i);
      const char *const *questions = (const char *const *) camera->questions;

      if (concerns (rule, camera) && (questions == NULL || !g_strv_contains (questions, condition->question)))
        return l4_yaml_fail_in (yaml, condition->line, "question", error, _("is not among those of the camera %s"), camera->name);
    }
  }
  return TRUE;
}

/* Whether what a rule asks for is there. */
static gboolean
check_rule (L4Yaml *yaml, yaml_node_t *node, const L4Cameras *self, const L4Rule *rule, GError **error)
{
  for (char **name = rule->cameras; name != NULL && *name != NULL; name++)
    if (find_camera (self, *name) == NULL)
      return l4_yaml_fail (yaml, node, "cameras", error, _("%s: there is no camera %s"), rule->name, *name);
  if (!check_questions (yaml, self, rule, rule->all, error) || !check_questions (yaml, self, rule, rule->any, error))
    return FALSE;
  for (guint i = 0; rule->clip && i < self->cameras->len; i++) {
    const L4Camera *camera = g_ptr_array_index (self->cameras, i);

    if (l4_camera_is_masked (camera) && concerns (rule, camera))
      return l4_yaml_fail (yaml, node, "clip", error, _("would show what the mask of the camera %s hides"), camera->name);
  }
  if ((rule->clip || rule->picture) && self->folder == NULL)
    return l4_yaml_fail (yaml, node, "actions", error, _("%s: a clip or picture needs a folder"), rule->name);
  for (guint i = 0; i < self->rules->len; i++)
    if (g_str_equal (((L4Rule *) g_ptr_array_index (self->rules, i))->name, rule->name))
      return l4_yaml_fail (yaml, node, "rules", error, _("there are two of the name %s"), rule->name);
  return self->rules->len < MOST_RULES || l4_yaml_fail (yaml, node, "rules", error, _("are more than %d"), MOST_RULES);
}

static gboolean
read_rules (L4Yaml *yaml, const Reading *reading, GError **error)
{
  if (reading->rule_list == NULL)
    return TRUE;
  if (!l4_yaml_check_list (yaml, reading->rule_list, "rules", error))
    return FALSE;
  for L4_YAML_EACH (reading->rule_list, item) {
    yaml_node_t *node = l4_yaml_node (yaml, *item);
    g_autoptr (L4Rule) rule = l4_rule_read (yaml, node, error);

    if (rule == NULL || !check_rule (yaml, node, reading->cameras, rule, error)
        || !check_receivers (yaml, node, reading->cameras, rule, error))
      return FALSE;
    g_ptr_array_add (reading->cameras->rules, g_steal_pointer (&rule));
  }
  return TRUE;
}

L4Cameras *
l4_cameras_read (const char *path, GError **error)
{
  g_autoptr (L4Cameras) self = cameras_new ();
  g_auto (L4Yaml) yaml = { 0 };
  Reading reading = { self };

  self->file = g_strdup (path);
  if (!l4_yaml_open (&yaml, path, error)
      || !l4_yaml_read_fields (&yaml, yaml_document_get_root_node (&yaml.document), "the file", sections, NULL, &reading, error)
      || !read_cameras (&yaml, &reading, error) || !read_rules (&yaml, &reading, error))
    return NULL;
  if (self->onvif.files && self->folder == NULL) {
    l4_fail (error, L4_ERROR_INPUT, _("%s: onvif: files need a folder"), path);
    return NULL;
  }
  return g_steal_pointer (&self);
}

/* Addresses of a command line --------------------------------------------------------------------------------------------------- */

char *
l4_camera_show_uri (const char *uri)
{
  const char *begin = strstr (uri, "://"), *at;

  if (begin == NULL)
    return g_strdup (uri);
  begin += strlen ("://");
  at = strrchr (begin, '@');    /* the last one: a password may hold what ends a host */
  return at == NULL ? g_strdup (uri) : g_strdup_printf ("%.*s%s", (int) (begin - uri), uri, at + 1);
}

/* What is shown of it, as a name of a file, unlike those that are there. (transfer full) */
static char *
make_name (const L4Cameras *self, const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_NON_DNS | G_URI_FLAGS_PARSE_RELAXED, NULL);
  g_autofree char *base = parsed != NULL && *g_uri_get_path (parsed) != '\0' ? g_path_get_basename (g_uri_get_path (parsed)) : NULL;
  const char *host = parsed != NULL ? g_uri_get_host (parsed) : NULL;
  g_autofree char *line = l4_text_to_line (host != NULL && *host != '\0' ? host : base != NULL ? base : "", -1), *name = NULL;

  g_strdelimit (line, "/", '-');
  for (guint n = 1; name == NULL || *name == '\0' || strchr (".-", *name) != NULL || find_camera (self, name) != NULL; n++) {
    g_free (name);
    name = n == 1 ? g_strdup (line) : g_strdup_printf ("%s-%u", *line != '\0' && strchr (".-", *line) == NULL ? line : "camera", n);
  }
  return g_steal_pointer (&name);
}

L4Cameras *
l4_cameras_of_uris (char **uris, GError **error)
{
  g_autoptr (L4Cameras) self = cameras_new ();

  for (char **given = uris; *given != NULL; given++) {
    L4Camera *camera;
    g_autofree char *path = NULL, *uri = NULL;

    if (self->cameras->len >= MOST_CAMERAS) {
      l4_fail (error, L4_ERROR_INPUT, _("more than %d cameras"), MOST_CAMERAS);
      return NULL;
    }
    path = g_canonicalize_filename (*given, NULL);
    uri = strstr (*given, "://") != NULL ? g_strdup (*given) : g_str_has_prefix (path, "/dev/video") ? g_strconcat ("v4l2://", path, NULL)
        : g_filename_to_uri (path, NULL, error);
    if (uri == NULL)
      return NULL;
    camera = l4_camera_new ();
    camera->uri = g_steal_pointer (&uri);
    camera->name = make_name (self, camera->uri);
    g_ptr_array_add (self->cameras, camera);
  }
  return g_steal_pointer (&self);
}
