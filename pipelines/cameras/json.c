/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A value of YAML as JSON. */

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/error.h"
#include "cameras/yaml.h"

#define MOST_DEEP 64
#define MOST_NODES 100000       /* an alias may stand for what has aliases */

typedef struct
{
  L4Yaml *yaml;
  const char *key;
  yyjson_mut_doc *doc;
  guint n;
  GError **error;
} Writer;

/* A number as only YAML has it: with a plus, without a digit on one side of its point. NULL: it is none. */
static yyjson_mut_val *
make_number (Writer *self, const char *text)
{
  static const char pattern[] = "^[-+]?((0|[1-9][0-9]*)(\\.[0-9]*)?|\\.[0-9]+)(e[-+]?[0-9]+)?$";
  double number = g_ascii_strtod (text, NULL);
  guint64 whole;

  if (!g_regex_match_simple (pattern, text, G_REGEX_DOLLAR_ENDONLY, 0) || !isfinite (number))
    return NULL;
  return *text == '+' && g_ascii_string_to_unsigned (text + 1, 10, 0, G_MAXUINT64, &whole, NULL) ? yyjson_mut_uint (self->doc, whole)
      : yyjson_mut_real (self->doc, number);
}

/* What stands there without quotation marks is what it would be in JSON, or a number of YAML, or else a text; YAML has True and TRUE for true. */
static yyjson_mut_val *
make_scalar (Writer *self, yaml_node_t *node)
{
  gboolean plain;
  const char *text = l4_yaml_scalar (node, &plain);
  yyjson_mut_val *made = NULL;

  if (text == NULL) {
    l4_yaml_fail (self->yaml, node, self->key, self->error, _("has a zero byte"));
    return NULL;
  }
  if (plain) {
    g_autofree char *lower = g_ascii_strdown (text, -1);
    yyjson_doc *doc = yyjson_read (lower, strlen (lower), 0);
    yyjson_val *root = yyjson_doc_get_root (doc);

    if (yyjson_is_num (root) || yyjson_is_bool (root) || yyjson_is_null (root))
      made = yyjson_val_mut_copy (self->doc, root);
    else
      made = make_number (self, lower);
    yyjson_doc_free (doc);
  }
  return made != NULL ? made : plain && (*text == '\0' || g_str_equal (text, "~")) ? yyjson_mut_null (self->doc)
      : yyjson_mut_strcpy (self->doc, text);
}

static yyjson_mut_val *make (Writer * self, int number, guint depth);

static yyjson_mut_val *
make_list (Writer *self, yaml_node_t *node, guint depth)
{
  yyjson_mut_val *list = yyjson_mut_arr (self->doc);

  for L4_YAML_EACH (node, item) {
    yyjson_mut_val *value = make (self, *item, depth + 1);

    if (value == NULL)
      return NULL;
    yyjson_mut_arr_append (list, value);
  }
  return list;
}

static yyjson_mut_val *
make_object (Writer *self, yaml_node_t *node, guint depth)
{
  yyjson_mut_val *object = yyjson_mut_obj (self->doc);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
    yaml_node_t *key_node = l4_yaml_node (self->yaml, pair->key);
    const char *key = l4_yaml_scalar (key_node, NULL);
    yyjson_mut_val *value;

    if (key == NULL || !g_hash_table_add (seen, (gpointer) key)) {
      l4_yaml_fail (self->yaml, key_node, self->key, self->error, _("has a key that is no text, or stands there twice"));
      return NULL;
    }
    value = make (self, pair->value, depth + 1);
    if (value == NULL)
      return NULL;
    yyjson_mut_obj_add (object, yyjson_mut_strcpy (self->doc, key), value);
  }
  return object;
}

/* NULL: *error. */
static yyjson_mut_val *
make (Writer *self, int number, guint depth)
{
  yaml_node_t *node = l4_yaml_node (self->yaml, number);

  if (depth > MOST_DEEP || self->n++ > MOST_NODES) {
    l4_yaml_fail (self->yaml, node, self->key, self->error, _("has too much in it"));
    return NULL;
  }
  if (node->type == YAML_SEQUENCE_NODE)
    return make_list (self, node, depth);
  return node->type == YAML_MAPPING_NODE ? make_object (self, node, depth) : make_scalar (self, node);
}

gboolean
l4_yaml_read_json (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  int number = (int) (node - self->document.nodes.start) + 1;
  Writer writer = { self, key, yyjson_mut_doc_new (NULL), 0, error };
  yyjson_mut_val *root = make (&writer, number, 0);
  char *text = root != NULL ? yyjson_mut_val_write (root, YYJSON_WRITE_NOFLAG, NULL) : NULL;
  gboolean right = text != NULL;

  if (root != NULL && !right)
    l4_yaml_fail (self, node, key, error, _("cannot be written as JSON"));
  if (right) {
    g_free (*(char **) field);
    *(char **) field = g_strdup (text);
  }
  free (text);
  yyjson_mut_doc_free (writer.doc);
  return right;
}
