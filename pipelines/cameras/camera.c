/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A camera, as the file tells of it: where it is, and how it is described. */

#include <string.h>

#include "base/error.h"
#include "cameras/cameras-private.h"

#define LONGEST_NAME 64         /* bytes */

static void
property_free (gpointer data)
{
  L4CameraProperty *property = data;

  g_free (property->name);
  g_free (property->value);
  g_free (property);
}

L4Camera *
l4_camera_new (void)
{
  L4Camera *self = g_new0 (L4Camera, 1);

  self->properties = g_ptr_array_new_with_free_func (property_free);
  self->stall = L4_STALL_DEFAULT;
  return self;
}

void
l4_camera_free (L4Camera *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->uri);
  g_ptr_array_unref (self->properties);
  g_strfreev (self->questions);
  g_free (self->ca_file);
  g_free (self->detector);
  g_free (self);
}

/* The value of a property, that of the camera itself before that of all; NULL: none. */
static const char *
find_property (const L4Camera *self, const char *name)
{
  for (guint i = self->properties->len; i > 0; i--) {
    const L4CameraProperty *property = g_ptr_array_index (self->properties, i - 1);

    if (g_str_equal (property->name, name))
      return property->value;
  }
  return NULL;
}

gboolean
l4_camera_is_film (const L4Camera *self)
{
  return g_str_has_prefix (self->uri, "file:");
}

static gboolean
has_regions (const L4Camera *self, const char *name)
{
  const char *text = find_property (self, name);

  return text != NULL && text[strspn (text, " ;")] != '\0';
}

gboolean
l4_camera_is_masked (const L4Camera *self)
{
  return has_regions (self, "mask");
}

gboolean
l4_camera_is_shown_whole (const L4Camera *self)
{
  return !has_regions (self, "mask") && !has_regions (self, "region");
}

gboolean
l4_camera_is_summed_up (const L4Camera *self)
{
  const char *summary = find_property (self, "summary");

  return summary != NULL && !g_str_equal (summary, "0");
}

/* Values ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
has_control (const char *text)
{
  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    if (g_unichar_iscntrl (g_utf8_get_char (c)))
      return TRUE;
  return FALSE;
}

gboolean
l4_yaml_read_name (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  const char *name;

  if (!l4_yaml_read_text (self, node, key, field, error))
    return FALSE;
  name = *(char **) field;
  if (*name == '\0' || strlen (name) > LONGEST_NAME || strchr (".-", *name) != NULL || strchr (name, '/') != NULL || has_control (name))
    return l4_yaml_fail (self, node, key, error, _("must have 1 to %d bytes, no slash, and no . or - at the beginning"), LONGEST_NAME);
  return TRUE;
}

static gboolean
is_path (const char *text)
{
  return strstr (text, "://") == NULL;
}

/* An address, or a path that becomes one. */
static gboolean
read_uri (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  char **uri = field;
  g_autofree char *path = NULL;

  if (!l4_yaml_read_text (self, node, key, field, error))
    return FALSE;
  if (**uri == '\0')
    return l4_yaml_fail (self, node, key, error, _("is empty"));
  if (!is_path (*uri))
    return TRUE;
  path = g_canonicalize_filename (*uri, self->folder);
  g_free (*uri);
  *uri = g_str_has_prefix (path, "/dev/video") ? g_strconcat ("v4l2://", path, NULL) : g_filename_to_uri (path, NULL, NULL);
  return TRUE;
}

/* "x,y,width,height", or a list of four numbers, or a list of several of these; the element reads it. */
static gboolean
read_region (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  g_auto (GStrv) parts = NULL;
  gboolean nested = FALSE;

  if (node->type != YAML_SEQUENCE_NODE)
    return l4_yaml_read_text (self, node, key, field, error);
  for L4_YAML_EACH (node, item)
    nested = nested || l4_yaml_node (self, *item)->type == YAML_SEQUENCE_NODE;
  if (nested) {
    g_autoptr (GString) all = g_string_new (NULL);

    for L4_YAML_EACH (node, item) {
      g_autofree char *one = NULL;

      if (l4_yaml_node (self, *item)->type == YAML_SEQUENCE_NODE && !l4_yaml_read_texts (self, l4_yaml_node (self, *item), key, &parts, error))
        return FALSE;
      if (parts == NULL)
        return l4_yaml_fail (self, node, key, error, _("must be a list of numbers, or of such lists"));
      one = g_strjoinv (",", parts);
      g_clear_pointer (&parts, g_strfreev);
      g_string_append_printf (all, "%s%s", all->len > 0 ? ";" : "", one);
    }
    *(char **) field = g_strdup (all->str);
    return TRUE;
  }
  if (!l4_yaml_read_texts (self, node, key, &parts, error))
    return FALSE;
  *(char **) field = g_strjoinv (strchr (parts[0], ',') != NULL ? ";" : ",", parts);
  return TRUE;
}

/* Nanoseconds, as the element has them. */
static gboolean
read_seconds (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  guint64 time;

  if (!l4_yaml_read_time (self, node, key, &time, error))
    return FALSE;
  *(char **) field = g_strdup_printf ("%" PRIu64, time);
  return TRUE;
}

static gboolean
read_flag (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  gboolean flag;

  if (!l4_yaml_read_flag (self, node, key, &flag, error))
    return FALSE;
  *(char **) field = g_strdup (flag ? "true" : "false");
  return TRUE;
}

/* JSON Schema: written out here, or a text of JSON, or the path of a file. */
static gboolean
read_schema (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  const char *text = l4_yaml_scalar (node, NULL);

  if (text == NULL)
    return l4_yaml_read_json (self, node, key, field, error);
  while (g_ascii_isspace (*text))
    text++;
  return *text == '{' ? l4_yaml_read_text (self, node, key, field, error) : l4_yaml_read_path (self, node, key, field, error);
}

/* The element takes several in one text. */
static gboolean
read_questions (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  if (!l4_yaml_read_texts (self, node, key, field, error))
    return FALSE;
  for (char **question = *(char ***) field; *question != NULL; question++)
    if (strpbrk (*question, ";\n") != NULL)
      return l4_yaml_fail (self, node, key, error, _("must have neither semicolons nor line ends"));
  return TRUE;
}

/* A camera ---------------------------------------------------------------------------------------------------------------------- */

/* The element's properties. */
static const struct
{
  const char *name;
  L4YamlRead read;
} properties[] = {
  {"cuts", read_flag},
  {"frames", l4_yaml_read_text},
  {"language", l4_yaml_read_text},
  {"mask", read_region},
  {"max-tokens", l4_yaml_read_text},
  {"memory", l4_yaml_read_text},
  {"object-prompt", l4_yaml_read_text},
  {"object-time", read_seconds},
  {"objects", l4_yaml_read_text},
  {"overlap", read_seconds},
  {"partial", read_flag},
  {"pick", l4_yaml_read_text},
  {"prompt", l4_yaml_read_text},
  {"prune", l4_yaml_read_text},
  {"region", read_region},
  {"repeat", l4_yaml_read_text},
  {"schema", read_schema},
  {"seed", l4_yaml_read_text},
  {"summary", read_seconds},
  {"system-prompt", l4_yaml_read_text},
  {"temperature", l4_yaml_read_text},
  {"tiles", l4_yaml_read_text},
  {"top-p", l4_yaml_read_text},
  {"when", l4_yaml_read_text},
  {"window", read_seconds},
};

static gboolean
read_property (L4Yaml *yaml, yaml_node_t *node, const char *key, gpointer target, gboolean *taken, GError **error)
{
  L4Camera *self = target;

  for (guint i = 0; i < G_N_ELEMENTS (properties); i++) {
    L4CameraProperty *property;

    if (!g_str_equal (properties[i].name, key))
      continue;
    property = g_new0 (L4CameraProperty, 1);
    property->name = g_strdup (key);
    property->line = l4_yaml_line (node);
    g_ptr_array_add (self->properties, property);
    *taken = TRUE;
    return properties[i].read (yaml, node, key, &property->value, error);
  }
  return TRUE;
}

static const L4YamlField fields[] = {
  {"name", l4_yaml_read_name, G_STRUCT_OFFSET (L4Camera, name)},
  {"uri", read_uri, G_STRUCT_OFFSET (L4Camera, uri)},
  {"questions", read_questions, G_STRUCT_OFFSET (L4Camera, questions)},
  {"ca-file", l4_yaml_read_path, G_STRUCT_OFFSET (L4Camera, ca_file)},
  {"detector", l4_yaml_read_text, G_STRUCT_OFFSET (L4Camera, detector)},
  {"stall", l4_yaml_read_time, G_STRUCT_OFFSET (L4Camera, stall)},
  {NULL}
};

/* One is for nothing without the other. */
static gboolean
check_objects (L4Yaml *yaml, yaml_node_t *node, const L4Camera *self, GError **error)
{
  const char *objects = find_property (self, "objects");
  gboolean wanted = objects != NULL && !g_str_equal (objects, "0");

  if (wanted && self->detector == NULL)
    return l4_yaml_fail (yaml, node, "objects", error, _("%s: there is no detector, which would find them"), self->name);
  return wanted || self->detector == NULL
      || l4_yaml_fail (yaml, node, "detector", error, _("%s: objects does not say how many are described"), self->name);
}

L4Camera *
l4_camera_read (L4Yaml *yaml, yaml_node_t *node, yaml_node_t *defaults, GError **error)
{
  g_autoptr (L4Camera) self = l4_camera_new ();

  /* a camera has no name of another */
  if (defaults != NULL && !l4_yaml_read_fields (yaml, defaults, "defaults", fields + 2, read_property, self, error))
    return NULL;
  self->line = l4_yaml_line (node);
  if (!l4_yaml_read_fields (yaml, node, "cameras", fields, read_property, self, error))
    return NULL;
  if (self->name == NULL || self->uri == NULL) {
    l4_yaml_fail (yaml, node, "cameras", error, self->name == NULL ? _("a camera has no name") : _("a camera has no uri"));
    return NULL;
  }
  if (self->stall == 0) {
    l4_yaml_fail (yaml, node, "stall", error, _("must be more than 0"));
    return NULL;
  }
  if (!check_objects (yaml, node, self, error))
    return NULL;
  return g_steal_pointer (&self);
}
