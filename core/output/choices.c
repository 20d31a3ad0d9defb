/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an answer with a schema chose among the few things that the schema offers. */

#include <string.h>
#include <yyjson.h>

#include "llama4.h"

#define MAX_DEPTH 64            /* as deep as schemas allow values */

#define MOST_STEPS 100000       /* looks at values, to find out which alternatives of a schema they are of; then all may be */

typedef struct
{
  yyjson_val *root;             /* the schema */
  guint n_steps;
  L4ChoiceFunc on_choice;
  gpointer user_data;
} Search;

/* Schemas ------------------------------------------------------------------------------------------------------------------------ */

/* Where a $ref leads; NULL: nowhere. */
static yyjson_val *
follow (const Search *self, yyjson_val *schema)
{
  const char *reference = yyjson_get_str (yyjson_obj_get (schema, "$ref"));
  g_autofree char *pointer = reference != NULL && *reference == '#' ? g_uri_unescape_string (reference + 1, NULL) : NULL;

  return pointer == NULL ? NULL : *pointer == '\0' ? self->root : yyjson_ptr_get (self->root, pointer);
}

static gboolean
is_among (yyjson_val *values, yyjson_val *value)
{
  yyjson_val *one;
  size_t i, n;

  yyjson_arr_foreach (values, i, n, one)
    if (yyjson_equals (one, value))
      return TRUE;
  return FALSE;
}

static gboolean
has_type (const char *type, yyjson_val *value)
{
  static const struct
  {
    const char *name;
    bool (*is) (yyjson_val *value);
  } types[] = {
    {"null", yyjson_is_null}, {"boolean", yyjson_is_bool}, {"string", yyjson_is_str}, {"array", yyjson_is_arr}, {"object", yyjson_is_obj},
    {"number", yyjson_is_num}, {"integer", yyjson_is_num},
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_strcmp0 (types[i].name, type) == 0)
      return types[i].is (value);
  return TRUE;
}

static gboolean
is_of_type (yyjson_val *types, yyjson_val *value)
{
  yyjson_val *type;
  size_t i, n;

  yyjson_arr_foreach (types, i, n, type)
    if (has_type (yyjson_get_str (type), value))
      return TRUE;
  return !yyjson_is_arr (types) && (types == NULL || has_type (yyjson_get_str (types), value));
}

static gboolean may_be (Search *self, yyjson_val *schema, yyjson_val *value, guint depth);

static gboolean
members_may_be (Search *self, yyjson_val *schema, yyjson_val *value, guint depth)
{
  yyjson_val *key, *child, *properties = yyjson_obj_get (schema, "properties");
  size_t i, n;

  yyjson_arr_foreach (yyjson_obj_get (schema, "required"), i, n, key)
    if (yyjson_is_obj (value) && yyjson_obj_get (value, yyjson_get_str (key)) == NULL)
      return FALSE;
  yyjson_obj_foreach (value, i, n, key, child) {
    yyjson_val *own = yyjson_obj_get (properties, yyjson_get_str (key));

    if (own != NULL ? !may_be (self, own, child, depth + 1) : yyjson_is_false (yyjson_obj_get (schema, "additionalProperties")))
      return FALSE;
  }
  yyjson_arr_foreach (value, i, n, child)
    if (yyjson_obj_get (schema, "items") != NULL && !may_be (self, yyjson_obj_get (schema, "items"), child, depth + 1))
      return FALSE;
  return TRUE;
}

/* Whether a value is one of that schema, but for the bounds of numbers and lengths, and patterns: enough to tell alternatives apart. */
static gboolean
may_be (Search *self, yyjson_val *schema, yyjson_val *value, guint depth)
{
  yyjson_val *target = follow (self, schema), *one, *alternatives = yyjson_obj_get (schema, "anyOf");
  gboolean any = alternatives == NULL;
  size_t i, n;

  if (depth > 4 * MAX_DEPTH || ++self->n_steps > MOST_STEPS || !yyjson_is_obj (schema))
    return !yyjson_is_false (schema);
  if (!is_of_type (yyjson_obj_get (schema, "type"), value) || (target != NULL && !may_be (self, target, value, depth + 1))
      || (yyjson_obj_get (schema, "enum") != NULL && !is_among (yyjson_obj_get (schema, "enum"), value))
      || (yyjson_obj_get (schema, "const") != NULL && !yyjson_equals (yyjson_obj_get (schema, "const"), value))
      || !members_may_be (self, schema, value, depth))
    return FALSE;
  yyjson_arr_foreach (yyjson_obj_get (schema, "allOf"), i, n, one)
    if (!may_be (self, one, value, depth + 1))
      return FALSE;
  yyjson_arr_foreach (alternatives, i, n, one)
    any = any || may_be (self, one, value, depth + 1);
  return any;
}

/* Adds the schema, and those that it refers to, that the value follows, each once. */
static void
add_schema (Search *self, GPtrArray *schemas, yyjson_val *schema, yyjson_val *value)
{
  yyjson_val *one;
  size_t i, n;

  if (!yyjson_is_obj (schema) || g_ptr_array_find (schemas, schema, NULL))
    return;
  g_ptr_array_add (schemas, schema);
  add_schema (self, schemas, follow (self, schema), value);
  yyjson_arr_foreach (yyjson_obj_get (schema, "allOf"), i, n, one)
    add_schema (self, schemas, one, value);
  yyjson_arr_foreach (yyjson_obj_get (schema, "anyOf"), i, n, one)
    if (may_be (self, one, value, 0))
      add_schema (self, schemas, one, value);
}

/* Those of an element, or of a member of that name. (transfer full) */
static GPtrArray *
schemas_of (Search *self, const GPtrArray *schemas, const char *name, yyjson_val *value)
{
  GPtrArray *own = g_ptr_array_new ();

  for (guint i = 0; i < schemas->len; i++)
    add_schema (self, own, name != NULL ? yyjson_obj_get (yyjson_obj_get (schemas->pdata[i], "properties"), name)
        : yyjson_obj_get (schemas->pdata[i], "items"), value);
  return own;
}

static gboolean
is_offered (const GPtrArray *schemas, yyjson_val *value)
{
  for (guint i = 0; i < schemas->len; i++)
    if (is_among (yyjson_obj_get (schemas->pdata[i], "enum"), value) || yyjson_equals (yyjson_obj_get (schemas->pdata[i], "const"), value))
      return TRUE;
  return FALSE;
}

/* Choices ------------------------------------------------------------------------------------------------------------------------ */

static void
tell (const Search *self, const char *path, const char *word, double level)
{
  g_autofree char *name = word == NULL ? g_strdup (path) : *path == '\0' ? g_strdup (word) : g_strconcat (path, "=", word, NULL);
  g_autofree char *line = l4_text_to_line (name, -1);

  if (*line != '\0')
    self->on_choice (line, level, self->user_data);
}

/* offered: what has the value was one that the schema offers as a whole. */
static void
search (Search *self, const GPtrArray *schemas, const char *path, yyjson_val *value, gboolean offered, guint depth)
{
  yyjson_val *key, *child;
  size_t i, n;

  if (depth > MAX_DEPTH)
    return;
  offered = offered || is_offered (schemas, value);
  if (yyjson_is_bool (value))
    tell (self, path, NULL, yyjson_get_bool (value) ? 1 : 0);
  else if (yyjson_is_str (value) && offered)
    tell (self, path, yyjson_get_str (value), 1);
  yyjson_arr_foreach (value, i, n, child) {
    g_autoptr (GPtrArray) own = schemas_of (self, schemas, NULL, child);

    search (self, own, path, child, offered, depth + 1);
  }
  yyjson_obj_foreach (value, i, n, key, child) {
    g_autofree char *longer = *path == '\0' ? g_strdup (yyjson_get_str (key)) : g_strconcat (path, "/", yyjson_get_str (key), NULL);
    g_autoptr (GPtrArray) own = schemas_of (self, schemas, yyjson_get_str (key), child);

    search (self, own, longer, child, offered, depth + 1);
  }
}

void
l4_answer_get_choices (const L4Answer *answer, const char *schema, L4ChoiceFunc on_choice, gpointer user_data)
{
  yyjson_doc *offers = answer->is_value && schema != NULL ? yyjson_read (schema, strlen (schema), YYJSON_READ_NOFLAG) : NULL;
  yyjson_doc *value = offers != NULL ? yyjson_read (answer->text, strlen (answer->text), YYJSON_READ_NOFLAG) : NULL;
  Search self = {.root = yyjson_doc_get_root (offers),.on_choice = on_choice,.user_data = user_data };
  g_autoptr (GPtrArray) schemas = g_ptr_array_new ();

  add_schema (&self, schemas, self.root, yyjson_doc_get_root (value));
  search (&self, schemas, "", yyjson_doc_get_root (value), FALSE, 0);
  yyjson_doc_free (value);
  yyjson_doc_free (offers);
}
