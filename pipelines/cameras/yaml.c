/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of YAML, read into fields by tables; whatever is not as it should be is an error that names file, line and key. */

#include "cameras/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

#define MOST_BYTES (1u << 20)   /* of a file: enough for thousands of cameras */

/* Opening ----------------------------------------------------------------------------------------------------------------------- */

/* An ordinary file: a pipe or a device would be waited for. */
static FILE *
open_file (const char *path, GError **error)
{
  int file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;

  if (file < 0 || fstat (file, &status) != 0) {
    l4_fail (error, errno == ENOENT ? L4_ERROR_NOT_FOUND : L4_ERROR_IO, _("%s: cannot be opened: %s"), path, g_strerror (errno));
  } else if (!S_ISREG (status.st_mode) || status.st_size > MOST_BYTES) {
    l4_fail (error, L4_ERROR_INPUT, _("%s: is no ordinary file of 1 MiB at most"), path);
  } else {
    return fdopen (file, "rb");
  }
  if (file >= 0)
    close (file);
  return NULL;
}

static gboolean
fail_parse (L4Yaml *self, const yaml_parser_t *parser, GError **error)
{
  const char *problem = parser->problem != NULL ? parser->problem : _("is no YAML");

  if (parser->error == YAML_READER_ERROR)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: byte %" PRIu64 ": is no YAML: %s"), self->path, (guint64) parser->problem_offset, problem);
  return l4_fail (error, L4_ERROR_FORMAT, _("%s:%u: is no YAML: %s"), self->path, (guint) parser->problem_mark.line + 1, problem);
}

/* Whether nothing follows the one document. */
static gboolean
check_end (L4Yaml *self, yaml_parser_t *parser, GError **error)
{
  yaml_document_t second;
  gboolean more;

  if (!yaml_parser_load (parser, &second))
    return fail_parse (self, parser, error);
  more = yaml_document_get_root_node (&second) != NULL;
  yaml_document_delete (&second);
  return !more || l4_fail (error, L4_ERROR_FORMAT, _("%s: has more than one document"), self->path);
}

static gboolean
load (L4Yaml *self, FILE *file, GError **error)
{
  yaml_parser_t parser;
  gboolean right;

  if (!yaml_parser_initialize (&parser))
    return l4_fail (error, L4_ERROR_MEMORY, _("%s: not enough memory"), self->path);
  yaml_parser_set_input_file (&parser, file);
  self->loaded = yaml_parser_load (&parser, &self->document);
  if (!self->loaded)
    right = fail_parse (self, &parser, error);
  else if (yaml_document_get_root_node (&self->document) == NULL)
    right = l4_fail (error, L4_ERROR_FORMAT, _("%s: is empty"), self->path);
  else
    right = check_end (self, &parser, error);
  yaml_parser_delete (&parser);
  return right;
}

gboolean
l4_yaml_open (L4Yaml *self, const char *path, GError **error)
{
  FILE *file = open_file (path, error);
  g_autofree char *absolute = NULL;
  gboolean right;

  if (file == NULL)
    return FALSE;
  self->path = g_strdup (path);
  absolute = g_canonicalize_filename (path, NULL);
  self->folder = g_path_get_dirname (absolute);
  right = load (self, file, error);
  fclose (file);
  return right;
}

void
l4_yaml_clear (L4Yaml *self)
{
  if (self->loaded)
    yaml_document_delete (&self->document);
  g_free (self->path);
  g_free (self->folder);
  *self = (L4Yaml) { 0 };
}

/* Nodes ------------------------------------------------------------------------------------------------------------------------- */

yaml_node_t *
l4_yaml_node (L4Yaml *self, int number)
{
  return yaml_document_get_node (&self->document, number);
}

guint
l4_yaml_line (const yaml_node_t *node)
{
  return (guint) node->start_mark.line + 1;
}

gboolean
l4_yaml_fail_in (L4Yaml *self, guint line, const char *key, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  return l4_fail (error, L4_ERROR_INPUT, "%s:%u: %s: %s", self->path, line, key, what);
}

const char *
l4_yaml_scalar (const yaml_node_t *node, gboolean *plain)
{
  const char *text;

  if (node->type != YAML_SCALAR_NODE)
    return NULL;
  text = (const char *) node->data.scalar.value;
  if (plain != NULL)
    *plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  return strlen (text) == node->data.scalar.length ? text : NULL;
}

gboolean
l4_yaml_check_list (L4Yaml *self, yaml_node_t *node, const char *key, GError **error)
{
  return node->type == YAML_SEQUENCE_NODE || l4_yaml_fail (self, node, key, error, _("must be a list"));
}

/* Mappings ---------------------------------------------------------------------------------------------------------------------- */

/* All below the key was made a comment, for example. */
static gboolean
is_nothing (const yaml_node_t *node)
{
  gboolean plain = FALSE;
  const char *text = l4_yaml_scalar (node, &plain);

  return text != NULL && plain && *text == '\0';
}

static gboolean
read_pair (L4Yaml *self, yaml_node_t *key_node, yaml_node_t *node, const char *what, const L4YamlField *fields, L4YamlOther other,
    GHashTable *seen, gpointer target, GError **error)
{
  const char *key = l4_yaml_scalar (key_node, NULL);
  gboolean taken = FALSE;

  if (key == NULL)
    return l4_yaml_fail (self, key_node, what, error, _("has a key that is no text"));
  if (!g_hash_table_add (seen, (gpointer) key))
    return l4_yaml_fail (self, key_node, key, error, _("stands there twice"));
  if (is_nothing (node))
    return TRUE;
  for (const L4YamlField *field = fields; field->key != NULL; field++)
    if (g_str_equal (field->key, key))
      return field->read (self, node, key, G_STRUCT_MEMBER_P (target, field->offset), error);
  if (other != NULL && !other (self, node, key, target, &taken, error))
    return FALSE;
  return taken || l4_yaml_fail (self, key_node, key, error, _("is no key of %s"), what);
}

gboolean
l4_yaml_read_fields (L4Yaml *self, yaml_node_t *node, const char *what, const L4YamlField *fields, L4YamlOther other, gpointer target,
    GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  if (node->type != YAML_MAPPING_NODE)
    return l4_yaml_fail (self, node, what, error, _("must be keys with values"));
  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
    if (!read_pair (self, l4_yaml_node (self, pair->key), l4_yaml_node (self, pair->value), what, fields, other, seen, target, error))
      return FALSE;
  return TRUE;
}
