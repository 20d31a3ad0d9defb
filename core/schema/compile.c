/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a schema into kinds of values. */

#include <stdlib.h>
#include <string.h>

#include "schema/compile-private.h"
#include "schema/pattern.h"

#define MAX_TEXT (4u << 20)     /* bytes of a schema */
#define MAX_NODES 100000
#define MAX_PROPERTIES 1000     /* of one object */

guint32
l4_compiler_add_node (L4Compiler *self, L4SchemaNode node)
{
  node.need = L4_DFA_NONE;
  node.shortest = L4_NEVER;
  g_array_append_val (self->schema->nodes, node);
  return self->schema->nodes->len - 1;
}

static L4SchemaNode *
get_node (L4Compiler *self, guint32 i)
{
  return &g_array_index (self->schema->nodes, L4SchemaNode, i);
}

void
l4_compiler_add_choice (L4Compiler *self, guint32 value, guint32 choice)
{
  g_array_append_val (get_node (self, value)->choices, choice);
}

static int
compare_pointers (gconstpointer a, gconstpointer b)
{
  gconstpointer one = *(gconstpointer const *) a, other = *(gconstpointer const *) b;

  return (one > other) - (one < other);
}

/* The value that fulfils all the schemas; the same ones have the same node. Consumes schemas. */
static guint32
value_of (L4Compiler *self, GPtrArray *given)
{
  g_autoptr (GPtrArray) schemas = given, sorted = g_ptr_array_copy (given, NULL, NULL);
  GBytes *key;
  gpointer node;
  L4OpenValue *open;

  g_ptr_array_sort (sorted, compare_pointers);
  key = g_bytes_new (sorted->pdata, sorted->len * sizeof (gpointer));
  if (g_hash_table_lookup_extended (self->values, key, NULL, &node)) {
    g_bytes_unref (key);
    return GPOINTER_TO_UINT (node);
  }
  open = g_new (L4OpenValue, 1);
  open->node = l4_compiler_add_node (self, (L4SchemaNode) { L4_NODE_VALUE,.choices = g_array_new (FALSE, FALSE, sizeof (guint32)) });
  open->schemas = g_steal_pointer (&schemas);
  g_hash_table_insert (self->values, key, GUINT_TO_POINTER (open->node));
  g_queue_push_tail (&self->open, open);
  return open->node;
}

static void
open_free (gpointer data)
{
  L4OpenValue *self = data;

  g_ptr_array_unref (self->schemas);
  g_free (self);
}

/* Containers ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
add_array (L4Compiler *self, guint32 value, const L4Conjunction *all)
{
  L4SchemaNode node = { L4_NODE_ARRAY,.least = l4_conjunction_least (all, "minItems"),.most = l4_conjunction_most (all, "maxItems") };
  GPtrArray *items = g_ptr_array_new ();

  for (guint i = 0; i < all->len; i++) {
    yyjson_val *own = yyjson_obj_get (all->pdata[i], "items");

    if (own == NULL || g_ptr_array_find (items, own, NULL))
      continue;
    l4_schema_text_reach (&self->text, all->pdata[i], "items", NULL, own);
    g_ptr_array_add (items, own);
  }
  node.item = value_of (self, items);
  if (node.least <= node.most)
    l4_compiler_add_choice (self, value, l4_compiler_add_node (self, node));
  return TRUE;
}

/* A property in the making. */
typedef struct
{
  GPtrArray *schemas;
  guint n_closed;               /* schemas that allow no other properties than theirs, and have this one */
  gboolean required;
  yyjson_val *within, *latest;  /* the "properties" that it was found in last, and what it is there */
} Named;

static void
named_free (gpointer data)
{
  Named *self = data;

  g_clear_pointer (&self->schemas, g_ptr_array_unref);
  g_free (self);
}

/* "name": with the escapes that it needs. (transfer full) */
static char *
key_of (yyjson_val *name)
{
  char *written = yyjson_val_write (name, YYJSON_WRITE_NOFLAG, NULL);
  char *key = g_strconcat (written != NULL ? written : "\"\"", ":", NULL);

  free (written);
  return key;
}

/* The property of that name, made when it is not there. */
static Named *
find_named (GHashTable *named, GPtrArray *order, yyjson_val *name)
{
  char *key = key_of (name);
  Named *found = g_hash_table_lookup (named, key);

  if (found != NULL) {
    g_free (key);
    return found;
  }
  found = g_new0 (Named, 1);
  found->schemas = g_ptr_array_new ();
  g_hash_table_insert (named, key, found);
  g_ptr_array_add (order, key);
  return found;
}

/* What a schema says of properties. */
static gboolean
collect_properties (L4Compiler *self, yyjson_val *schema, gboolean closed, GHashTable *named, GPtrArray *order)
{
  yyjson_val *properties = yyjson_obj_get (schema, "properties"), *name, *property;
  size_t i, n;

  yyjson_obj_foreach (properties, i, n, name, property) {
    Named *found = find_named (named, order, name);

    l4_schema_text_reach (&self->text, schema, "properties", yyjson_get_str (name), property);
    if (found->within == properties && found->latest != property)
      return l4_schema_text_refuse (&self->text, property, NULL, self->error, _("it stands there twice"));
    found->within = properties;
    found->latest = property;
    if (!g_ptr_array_find (found->schemas, property, NULL))
      g_ptr_array_add (found->schemas, property);
    found->n_closed += closed;
  }
  return TRUE;
}

static gboolean
add_object (L4Compiler *self, guint32 value, const L4Conjunction *all)
{
  g_autoptr (GHashTable) named = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, named_free);
  g_autoptr (GPtrArray) order = g_ptr_array_new ();     /* of the keys of named */
  GArray *properties;
  guint n_closed = 0;
  yyjson_val *name;
  size_t at, n;

  for (guint i = 0; i < all->len; i++) {
    gboolean closed = yyjson_is_false (yyjson_obj_get (all->pdata[i], "additionalProperties"));

    if (!collect_properties (self, all->pdata[i], closed, named, order))
      return FALSE;
    n_closed += closed;
  }
  for (guint i = 0; i < all->len; i++)
    yyjson_arr_foreach (yyjson_obj_get (all->pdata[i], "required"), at, n, name)
      find_named (named, order, name)->required = TRUE;
  if (order->len > MAX_PROPERTIES)
    return l4_schema_text_refuse (&self->text, all->pdata[0], "properties", self->error, _("more than 1000 are not supported"));
  properties = g_array_new (FALSE, TRUE, sizeof (L4Property));
  for (guint i = 0; i < order->len; i++) {
    Named *found = g_hash_table_lookup (named, order->pdata[i]);
    L4Property property = { g_strdup (order->pdata[i]), strlen (order->pdata[i]), L4_NO_NODE, found->required };

    if (found->n_closed == n_closed)
      property.value = value_of (self, g_steal_pointer (&found->schemas));
    g_array_append_val (properties, property);
  }
  l4_compiler_add_choice (self, value, l4_compiler_add_node (self, (L4SchemaNode) { L4_NODE_OBJECT,.properties = properties }));
  return TRUE;
}

/* All of it ---------------------------------------------------------------------------------------------------------------------------- */

static gboolean
add_kinds (L4Compiler *self, guint32 value, const L4Conjunction *all)
{
  L4ValueTypes types = l4_conjunction_types (all);
  yyjson_val *owner;

  if (l4_conjunction_find (all, "enum", &owner) != NULL)
    return l4_compiler_add_list (self, value, all, owner, "enum");
  if (l4_conjunction_find (all, "const", &owner) != NULL)
    return l4_compiler_add_list (self, value, all, owner, "const");
  return ((types & L4_VALUE_NULL) == 0 || l4_compiler_add_literals (self, value, "null", NULL))
      && ((types & L4_VALUE_BOOLEAN) == 0 || l4_compiler_add_literals (self, value, "true", "false"))
      && ((types & (L4_VALUE_NUMBER | L4_VALUE_INTEGER)) == 0 || l4_compiler_add_number (self, value, all, (types & L4_VALUE_NUMBER) == 0))
      && ((types & L4_VALUE_STRING) == 0 || l4_compiler_add_string (self, value, all))
      && ((types & L4_VALUE_ARRAY) == 0 || add_array (self, value, all))
      && ((types & L4_VALUE_OBJECT) == 0 || add_object (self, value, all));
}

static gboolean
compile_open (L4Compiler *self, const L4OpenValue *open)
{
  g_autoptr (GPtrArray) alternatives =
      l4_schema_alternatives (&self->text, (yyjson_val *const *) open->schemas->pdata, open->schemas->len, self->error);

  if (alternatives == NULL)
    return FALSE;
  for (guint i = 0; i < alternatives->len; i++) {
    if (self->schema->nodes->len > MAX_NODES || ++self->text.steps > L4_SCHEMA_MAX_STEPS)
      return l4_schema_text_refuse (&self->text, self->text.root, NULL, self->error, _("it is too large"));
    if (!add_kinds (self, open->node, alternatives->pdata[i]))
      return FALSE;
  }
  return TRUE;
}

static gboolean
compile (L4Compiler *self)
{
  GPtrArray *whole = g_ptr_array_new ();
  gboolean good = TRUE;
  L4OpenValue *open;

  g_ptr_array_add (whole, self->text.root);
  value_of (self, whole);
  while (good && (open = g_queue_pop_head (&self->open)) != NULL) {
    good = compile_open (self, open);
    open_free (open);
  }
  g_queue_clear_full (&self->open, open_free);
  return good && (l4_schema_measure (self->schema)
      || l4_schema_text_refuse (&self->text, self->text.root, NULL, self->error, _("it allows no value that has an end and no more than 64 levels")));
}

static gboolean
parse (L4Compiler *self, const char *text)
{
  yyjson_read_err problem;
  gsize length = strlen (text);

  if (length > MAX_TEXT)
    return l4_fail (self->error, L4_ERROR_INPUT, _("schema: %zu bytes are more than the %u allowed"), length, MAX_TEXT);
  self->text.doc = yyjson_read_opts ((char *) text, length, YYJSON_READ_NOFLAG, NULL, &problem);
  if (self->text.doc == NULL)
    return l4_fail (self->error, L4_ERROR_INPUT, _("schema: not JSON at byte %zu: %s"), (gsize) problem.pos, problem.msg);
  self->text.root = yyjson_doc_get_root (self->text.doc);
  return yyjson_is_obj (self->text.root) || yyjson_is_bool (self->text.root)
      || l4_fail (self->error, L4_ERROR_INPUT, _("schema: it must be a JSON object"));
}

static void
node_clear (gpointer data)
{
  L4SchemaNode *self = data;

  for (guint i = 0; self->properties != NULL && i < self->properties->len; i++)
    g_free (g_array_index (self->properties, L4Property, i).key);
  g_clear_pointer (&self->properties, g_array_unref);
  g_clear_pointer (&self->choices, g_array_unref);
  g_free (self->rests);
}

L4Schema *
l4_schema_new (const char *text, GError **error)
{
  g_autoptr (L4Schema) schema = g_new0 (L4Schema, 1);
  L4Compiler self = {.schema = schema,.error = error };
  gboolean good;

  schema->nodes = g_array_new (FALSE, TRUE, sizeof (L4SchemaNode));
  g_array_set_clear_func (schema->nodes, node_clear);
  schema->words = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_dfa_free);
  schema->any_string = l4_any_string_to_dfa ();
  self.text.pointers = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self.values = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  self.words = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  g_queue_init (&self.open);
  good = parse (&self, text) && compile (&self);
  g_hash_table_unref (self.text.pointers);
  g_hash_table_unref (self.values);
  g_hash_table_unref (self.words);
  yyjson_doc_free (self.text.doc);
  return good ? g_steal_pointer (&schema) : NULL;
}

void
l4_schema_free (L4Schema *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->nodes);
  g_ptr_array_unref (self->words);
  l4_dfa_free (self->any_string);
  g_free (self);
}
