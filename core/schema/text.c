/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a schema: its keywords, and where in it something stands. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schema/number.h"
#include "schema/schema-private.h"

/* What a keyword's value must be. */
typedef enum
{
  KIND_SAYS_NOTHING,            /* it only explains */
  KIND_TYPE, KIND_ANYTHING, KIND_LIST, KIND_NAMES, KIND_SCHEMA, KIND_SCHEMAS, KIND_NAMED_SCHEMAS, KIND_BOOLEAN, KIND_FALSE, KIND_COUNT,
  KIND_NUMBER, KIND_MULTIPLE, KIND_TEXT, KIND_ROOT
} Kind;

static const struct
{
  const char *name;
  Kind kind;
} keywords[] = {
  {"type", KIND_TYPE}, {"enum", KIND_LIST}, {"const", KIND_ANYTHING}, {"properties", KIND_NAMED_SCHEMAS}, {"required", KIND_NAMES},
  {"additionalProperties", KIND_BOOLEAN}, {"items", KIND_SCHEMA}, {"minItems", KIND_COUNT}, {"maxItems", KIND_COUNT},
  {"minLength", KIND_COUNT}, {"maxLength", KIND_COUNT}, {"pattern", KIND_TEXT}, {"minimum", KIND_NUMBER}, {"maximum", KIND_NUMBER},
  {"exclusiveMinimum", KIND_NUMBER}, {"exclusiveMaximum", KIND_NUMBER}, {"multipleOf", KIND_MULTIPLE}, {"anyOf", KIND_SCHEMAS},
  {"allOf", KIND_SCHEMAS}, {"$ref", KIND_TEXT}, {"$defs", KIND_NAMED_SCHEMAS}, {"definitions", KIND_NAMED_SCHEMAS},
  {"uniqueItems", KIND_FALSE}, {"$id", KIND_ROOT}, {"$schema", KIND_SAYS_NOTHING}, {"$comment", KIND_SAYS_NOTHING},
  {"title", KIND_SAYS_NOTHING}, {"description", KIND_SAYS_NOTHING}, {"default", KIND_SAYS_NOTHING}, {"examples", KIND_SAYS_NOTHING},
  {"deprecated", KIND_SAYS_NOTHING}, {"readOnly", KIND_SAYS_NOTHING}, {"writeOnly", KIND_SAYS_NOTHING},
};

/* Places -------------------------------------------------------------------------------------------------------------------- */

const char *
l4_schema_text_pointer (const L4SchemaText *self, yyjson_val *schema)
{
  const char *pointer = g_hash_table_lookup (self->pointers, schema);

  return pointer != NULL ? pointer : "#";
}

static void
append_token (GString *pointer, const char *token)
{
  g_string_append_c (pointer, '/');
  for (; *token != '\0'; token++)
    if (*token == '~' || *token == '/')
      g_string_append (pointer, *token == '~' ? "~0" : "~1");
    else
      g_string_append_c (pointer, *token);
}

void
l4_schema_text_reach (L4SchemaText *self, yyjson_val *schema, const char *name, const char *inner, yyjson_val *child)
{
  GString *pointer;

  if (g_hash_table_contains (self->pointers, child))
    return;
  pointer = g_string_new (l4_schema_text_pointer (self, schema));
  append_token (pointer, name);
  if (inner != NULL)
    append_token (pointer, inner);
  g_hash_table_insert (self->pointers, child, g_string_free (pointer, FALSE));
}

gboolean
l4_schema_text_refuse (const L4SchemaText *self, yyjson_val *schema, const char *keyword, GError **error, const char *reason)
{
  g_autofree char *place = g_strconcat (l4_schema_text_pointer (self, schema), keyword != NULL ? "/" : "", keyword, NULL);
  g_autofree char *line = l4_text_to_line (place, -1);

  return l4_fail (error, L4_ERROR_UNSUPPORTED, _("schema: %s: %s"), line, reason);
}

yyjson_val *
l4_schema_text_follow (L4SchemaText *self, yyjson_val *schema, const char *reference, GError **error)
{
  g_autofree char *pointer = *reference == '#' ? g_uri_unescape_string (reference + 1, NULL) : NULL;
  yyjson_val *found = NULL;

  if (*reference != '#' || pointer == NULL || (*pointer != '\0' && *pointer != '/')) {
    l4_schema_text_refuse (self, schema, "$ref", error, _("only places of the schema itself (#/…) are supported"));
    return NULL;
  }
  found = *pointer == '\0' ? self->root : yyjson_ptr_get (self->root, pointer);
  if (found == NULL || (!yyjson_is_obj (found) && !yyjson_is_bool (found))) {
    l4_schema_text_refuse (self, schema, "$ref", error, _("there is no schema at that place"));
    return NULL;
  }
  if (!g_hash_table_contains (self->pointers, found))
    g_hash_table_insert (self->pointers, found, g_strdup (reference));
  return found;
}

/* Keywords ------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_whole (yyjson_val *value)
{
  return yyjson_is_int (value) || (yyjson_is_real (value) && floor (yyjson_get_real (value)) == yyjson_get_real (value));
}

static gboolean
is_type (yyjson_val *value)
{
  static const char *const names[] = { "null", "boolean", "integer", "number", "string", "array", "object", NULL };

  return yyjson_is_str (value) && g_strv_contains (names, yyjson_get_str (value));
}

static gboolean
all_are (yyjson_val *list, gboolean (*test) (yyjson_val *))
{
  yyjson_val *item;
  size_t i, n;

  yyjson_arr_foreach (list, i, n, item)
    if (!test (item))
      return FALSE;
  return yyjson_is_arr (list);
}

static gboolean
is_schema (yyjson_val *value)
{
  return yyjson_is_obj (value) || yyjson_is_bool (value);
}

static gboolean
is_text (yyjson_val *value)
{
  return yyjson_is_str (value);
}

static gboolean
all_members_are_schemas (yyjson_val *object)
{
  yyjson_val *key, *value;
  size_t i, n;

  yyjson_obj_foreach (object, i, n, key, value)
    if (!is_schema (value))
      return FALSE;
  return yyjson_is_obj (object);
}

/* NULL: the value is as it must be. */
static const char *
why_not (Kind kind, yyjson_val *value, gboolean root)
{
  switch (kind) {
    case KIND_TYPE:
      return is_type (value) || all_are (value, is_type) ? NULL : _("it must be the name of a type, or a list of them");
    case KIND_LIST:
      return yyjson_is_arr (value) ? NULL : _("it must be a list");
    case KIND_NAMES:
      return all_are (value, is_text) ? NULL : _("it must be a list of names");
    case KIND_SCHEMA:
      return is_schema (value) ? NULL : _("it must be a schema");
    case KIND_SCHEMAS:
      return all_are (value, is_schema) && yyjson_arr_size (value) > 0 ? NULL : _("it must be a list of schemas");
    case KIND_NAMED_SCHEMAS:
      return all_members_are_schemas (value) ? NULL : _("it must be an object of schemas");
    case KIND_BOOLEAN:
      return yyjson_is_bool (value) ? NULL : _("only true and false are supported");
    case KIND_FALSE:
      return yyjson_is_false (value) ? NULL : _("only false is supported");
    case KIND_COUNT:
      return is_whole (value) && yyjson_get_num (value) >= 0 ? NULL : _("it must be a whole number from 0 on");
    case KIND_NUMBER:
      return yyjson_is_num (value) ? NULL : _("it must be a number");
    case KIND_MULTIPLE:
      return is_whole (value) && yyjson_get_num (value) >= 1 && yyjson_get_num (value) <= L4_MAX_MULTIPLE ? NULL
          : _("only whole numbers from 1 to 1000 are supported");
    case KIND_TEXT:
      return yyjson_is_str (value) && strlen (yyjson_get_str (value)) == yyjson_get_len (value) ? NULL : _("it must be a text without NUL");
    case KIND_ROOT:
      return root ? NULL : _("it is supported only for the whole schema");
    default:
      return NULL;
  }
}

gboolean
l4_schema_text_check (L4SchemaText *self, yyjson_val *schema, GError **error)
{
  yyjson_val *key, *value;
  size_t at, n;

  if (yyjson_obj_size (schema) > 2 * G_N_ELEMENTS (keywords))
    return l4_schema_text_refuse (self, schema, NULL, error, _("it has more keywords than there are"));
  yyjson_obj_foreach (schema, at, n, key, value) {
    const char *name = yyjson_get_str (key), *reason;
    guint i = 0;

    while (i < G_N_ELEMENTS (keywords) && strcmp (keywords[i].name, name) != 0)
      i++;
    if (i == G_N_ELEMENTS (keywords))
      return l4_schema_text_refuse (self, schema, name, error, _("this keyword is not supported"));
    reason = yyjson_obj_get (schema, name) != value ? _("it stands there twice") : why_not (keywords[i].kind, value, schema == self->root);
    if (reason != NULL)
      return l4_schema_text_refuse (self, schema, name, error, reason);
  }
  return TRUE;
}
