/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Schemas that hold together: anyOf, allOf and $ref resolved, keywords of several schemas brought to one. */

#include <string.h>

#include "schema/schema-private.h"

#define MAX_ALTERNATIVES 2000
#define MAX_TOGETHER 500

/* A schema that is to hold, and from which others it was reached. */
typedef struct _Link
{
  yyjson_val *schema;
  const struct _Link *from;
} Link;

typedef struct
{
  L4SchemaText *text;
  GPtrArray *links;             /* all Link that were made */
  GPtrArray *alternatives;      /* of L4Conjunction */
  GError **error;
} Expansion;

static void
add_link (Expansion *self, GPtrArray *pending, yyjson_val *schema, const Link *from)
{
  Link *link = g_new (Link, 1);

  *link = (Link) { schema, from };
  g_ptr_array_add (self->links, link);
  g_ptr_array_add (pending, link);
}

static gboolean
leads_back (const Link *link)
{
  for (const Link *from = link->from; from != NULL; from = from->from)
    if (from->schema == link->schema)
      return TRUE;
  return FALSE;
}

static gboolean expand (Expansion *self, L4Conjunction *taken, GPtrArray *pending);

/* One alternative for every schema of anyOf. */
static gboolean
branch (Expansion *self, const L4Conjunction *taken, const GPtrArray *pending, yyjson_val *schemas, const Link *from)
{
  yyjson_val *schema;
  size_t i, n;

  yyjson_arr_foreach (schemas, i, n, schema) {
    g_autoptr (GPtrArray) more = g_ptr_array_copy ((GPtrArray *) pending, NULL, NULL);
    g_autofree char *number = g_strdup_printf ("%zu", i);

    l4_schema_text_reach (self->text, from->schema, "anyOf", number, schema);
    add_link (self, more, schema, from);
    if (!expand (self, g_ptr_array_copy ((GPtrArray *) taken, NULL, NULL), more))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_references (Expansion *self, GPtrArray *pending, const Link *link)
{
  yyjson_val *reference = yyjson_obj_get (link->schema, "$ref"), *schema, *target;
  size_t i, n;

  if (reference != NULL) {
    target = l4_schema_text_follow (self->text, link->schema, yyjson_get_str (reference), self->error);
    if (target == NULL)
      return FALSE;
    add_link (self, pending, target, link);
  }
  yyjson_arr_foreach (yyjson_obj_get (link->schema, "allOf"), i, n, schema) {
    g_autofree char *number = g_strdup_printf ("%zu", i);

    l4_schema_text_reach (self->text, link->schema, "allOf", number, schema);
    add_link (self, pending, schema, link);
  }
  return TRUE;
}

static gboolean
is_too_much (Expansion *self, const L4Conjunction *taken)
{
  return ++self->text->steps > L4_SCHEMA_MAX_STEPS || self->alternatives->len >= MAX_ALTERNATIVES || taken->len >= MAX_TOGETHER;
}

/* Takes one pending schema after the other, also those that it adds meanwhile; consumes taken. */
static gboolean
expand (Expansion *self, L4Conjunction *own, GPtrArray *pending)
{
  g_autoptr (GPtrArray) taken = own;

  for (guint i = 0; i < pending->len; i++) {    /* nothing is taken out: that would move all of the rest each time */
    const Link *link = g_ptr_array_index (pending, i);
    yyjson_val *schema = link->schema;

    if (yyjson_is_false (schema))
      return TRUE;
    if (is_too_much (self, taken))
      return l4_schema_text_refuse (self->text, schema, NULL, self->error, _("too many combinations of anyOf, allOf and $ref"));
    if (leads_back (link))
      return l4_schema_text_refuse (self->text, schema, NULL, self->error, _("its $ref leads back to it without a value in between"));
    if (yyjson_is_true (schema) || g_ptr_array_find (taken, schema, NULL))
      continue;
    if (!l4_schema_text_check (self->text, schema, self->error))
      return FALSE;
    g_ptr_array_add (taken, schema);
    if (!add_references (self, pending, link))
      return FALSE;
    if (yyjson_obj_get (schema, "anyOf") != NULL) {
      g_ptr_array_remove_range (pending, 0, i + 1);
      return branch (self, taken, pending, yyjson_obj_get (schema, "anyOf"), link);
    }
  }
  g_ptr_array_add (self->alternatives, g_steal_pointer (&taken));
  return TRUE;
}

GPtrArray *
l4_schema_alternatives (L4SchemaText *text, yyjson_val *const *schemas, gsize n, GError **error)
{
  g_autoptr (GPtrArray) links = g_ptr_array_new_with_free_func (g_free), pending = g_ptr_array_new ();
  g_autoptr (GPtrArray) alternatives = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  Expansion self = { text, links, alternatives, error };

  for (gsize i = 0; i < n; i++)
    add_link (&self, pending, schemas[i], NULL);
  return expand (&self, g_ptr_array_new (), pending) ? g_steal_pointer (&alternatives) : NULL;
}

/* Keywords ------------------------------------------------------------------------------------------------------------------- */

static L4ValueTypes
type_named (const char *name)
{
  static const char *const names[] = { "null", "boolean", "integer", "number", "string", "array", "object" };
  guint i = 0;

  while (strcmp (names[i], name) != 0)
    i++;
  return strcmp (name, "number") == 0 ? L4_VALUE_NUMBER | L4_VALUE_INTEGER : 1u << i;
}

L4ValueTypes
l4_conjunction_types (const L4Conjunction *self)
{
  L4ValueTypes types = L4_VALUE_ALL;

  for (guint i = 0; i < self->len; i++) {
    yyjson_val *type = yyjson_obj_get (self->pdata[i], "type"), *name;
    L4ValueTypes own = yyjson_is_str (type) ? type_named (yyjson_get_str (type)) : 0;
    size_t at, n;

    yyjson_arr_foreach (type, at, n, name)
      own |= type_named (yyjson_get_str (name));
    types &= type != NULL ? own : L4_VALUE_ALL;
  }
  return types;
}

static guint32
count_of (yyjson_val *value)
{
  double count = yyjson_get_num (value);

  return count < L4_DFA_NONE - 1 ? (guint32) count : L4_DFA_NONE - 1;
}

guint32
l4_conjunction_least (const L4Conjunction *self, const char *keyword)
{
  guint32 least = 0;

  for (guint i = 0; i < self->len; i++) {
    yyjson_val *value = yyjson_obj_get (self->pdata[i], keyword);

    least = MAX (least, value != NULL ? count_of (value) : 0);
  }
  return least;
}

guint32
l4_conjunction_most (const L4Conjunction *self, const char *keyword)
{
  guint32 most = L4_DFA_NONE;

  for (guint i = 0; i < self->len; i++) {
    yyjson_val *value = yyjson_obj_get (self->pdata[i], keyword);

    most = MIN (most, value != NULL ? count_of (value) : L4_DFA_NONE);
  }
  return most;
}

yyjson_val *
l4_conjunction_find (const L4Conjunction *self, const char *keyword, yyjson_val **owner)
{
  for (guint i = 0; i < self->len; i++) {
    yyjson_val *value = yyjson_obj_get (self->pdata[i], keyword);

    if (value != NULL) {
      *owner = self->pdata[i];
      return value;
    }
  }
  return NULL;
}

gboolean
l4_conjunction_find_only (const L4Conjunction *self, const L4SchemaText *text, const char *keyword, yyjson_val **found,
    yyjson_val **owner, GError **error)
{
  *found = l4_conjunction_find (self, keyword, owner);
  for (guint i = 0; *found != NULL && i < self->len; i++)
    if (self->pdata[i] != *owner && yyjson_obj_get (self->pdata[i], keyword) != NULL)
      return l4_schema_text_refuse (text, self->pdata[i], keyword, error, _("two that must hold together are not supported"));
  return TRUE;
}
