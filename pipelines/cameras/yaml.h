/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of YAML, read into fields by tables; whatever is not as it should be is an error that names file, line and key. */

#pragma once

#include <glib.h>
#include <yaml.h>

G_BEGIN_DECLS

typedef struct
{
  char *path, *folder;          /* of the file */
  yaml_document_t document;
  gboolean loaded;
} L4Yaml;

/* Reads the one document of a file. */
gboolean l4_yaml_open (L4Yaml *self, const char *path, GError **error);
void l4_yaml_clear (L4Yaml *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Yaml, l4_yaml_clear)

/* NULL: there is none of that number. */
yaml_node_t *l4_yaml_node (L4Yaml *self, int number);
guint l4_yaml_line (const yaml_node_t *node);

/* "FILE:LINE: key: …" */
gboolean l4_yaml_fail_in (L4Yaml *self, guint line, const char *key, GError **error, const char *format, ...) G_GNUC_PRINTF (5, 6);
#define l4_yaml_fail(self, node, ...) l4_yaml_fail_in (self, l4_yaml_line (node), __VA_ARGS__)

/* Scalars. Each frees what was in the field. */
typedef gboolean (*L4YamlRead) (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);

gboolean l4_yaml_read_text (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);        /* char * */
gboolean l4_yaml_read_flag (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);        /* gboolean */
gboolean l4_yaml_read_count (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);       /* guint, from 0 to 1000000 */
gboolean l4_yaml_read_time (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);        /* guint64, nanoseconds */
gboolean l4_yaml_read_bytes (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);       /* guint64 */
gboolean l4_yaml_read_texts (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);       /* char **; one text too */
/* A path, by the file's folder where it is not absolute. */
gboolean l4_yaml_read_path (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);        /* char * */
/* Any value, as JSON. */
gboolean l4_yaml_read_json (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);        /* char * */

/* A key of a mapping. */
typedef struct
{
  const char *key;
  L4YamlRead read;
  gsize offset;                 /* in what it is read into */
} L4YamlField;

/* Reads a mapping by a table, which ends with a key of NULL; what: "a camera". A key without a value is as if it were not there. Unknown and repeated keys are errors, unless other takes those
 * that are not in the table. */
typedef gboolean (*L4YamlOther) (L4Yaml *self, yaml_node_t *node, const char *key, gpointer target, gboolean *taken, GError **error);
gboolean l4_yaml_read_fields (L4Yaml *self, yaml_node_t *node, const char *what, const L4YamlField *fields, L4YamlOther other, gpointer target,
    GError **error);

/* The text of a scalar that is one, else NULL; plain: it stood there without quotation marks. */
const char *l4_yaml_scalar (const yaml_node_t *node, gboolean *plain);

/* Fails unless the node is a list. */
gboolean l4_yaml_check_list (L4Yaml *self, yaml_node_t *node, const char *key, GError **error);
#define L4_YAML_EACH(node, item) (yaml_node_item_t *item = (node)->data.sequence.items.start; item < (node)->data.sequence.items.top; item++)

G_END_DECLS
