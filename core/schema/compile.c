/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a schema into kinds of values. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schema/number.h"
#include "schema/pattern.h"
#include "schema/schema-private.h"

#define MAX_TEXT (4u << 20)     /* bytes of a schema */
#define MAX_NODES 100000
#define MAX_PROPERTIES 1000     /* of one object */
#define MAX_WORD_STATES 400000

/* A value whose kinds are still to be found: those that fulfil all the schemas. */
typedef struct
{
  guint32 node;
  GPtrArray *schemas;           /* of yyjson_val, each once */
} Open;

typedef struct
{
  L4SchemaText text;
  L4Schema *schema;
  GHashTable *values;           /* GBytes of schemas → node */
  GQueue open;                  /* of Open */
  GHashTable *words;            /* GBytes that tell which → L4Dfa */
  GError **error;
} Compiler;

static guint32
add_node (Compiler *self, L4SchemaNode node)
{
  node.need = L4_DFA_NONE;
  node.shortest = L4_NEVER;
  g_array_append_val (self->schema->nodes, node);
  return self->schema->nodes->len - 1;
}

static L4SchemaNode *
get_node (Compiler *self, guint32 i)
{
  return &g_array_index (self->schema->nodes, L4SchemaNode, i);
}

static void
add_choice (Compiler *self, guint32 value, guint32 choice)
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
value_of (Compiler *self, GPtrArray *given)
{
  g_autoptr (GPtrArray) schemas = given, sorted = g_ptr_array_copy (given, NULL, NULL);
  GBytes *key;
  gpointer node;
  Open *open;

  g_ptr_array_sort (sorted, compare_pointers);
  key = g_bytes_new (sorted->pdata, sorted->len * sizeof (gpointer));
  if (g_hash_table_lookup_extended (self->values, key, NULL, &node)) {
    g_bytes_unref (key);
    return GPOINTER_TO_UINT (node);
  }
  open = g_new (Open, 1);
  open->node = add_node (self, (L4SchemaNode) { L4_NODE_VALUE,.choices = g_array_new (FALSE, FALSE, sizeof (guint32)) });
  open->schemas = g_steal_pointer (&schemas);
  g_hash_table_insert (self->values, key, GUINT_TO_POINTER (open->node));
  g_queue_push_tail (&self->open, open);
  return open->node;
}

static void
open_free (gpointer data)
{
  Open *self = data;

  g_ptr_array_unref (self->schemas);
  g_free (self);
}

/* Words ------------------------------------------------------------------------------------------------------------------------ */

/* Takes dfa, which may be NULL. */
static gboolean
add_word (Compiler *self, guint32 value, L4Dfa *dfa, yyjson_val *owner, const char *keyword)
{
  if (dfa == NULL)
    return l4_schema_text_refuse (&self->text, owner, keyword, self->error, _("it is too large"));
  g_ptr_array_add (self->schema->words, dfa);
  add_choice (self, value, add_node (self, (L4SchemaNode) { L4_NODE_WORD,.word = dfa }));
  return TRUE;
}

/* A word that was made before under that key; FALSE: none was. */
static gboolean
reuse_word (Compiler *self, guint32 value, gconstpointer key, gsize length)
{
  g_autoptr (GBytes) bytes = g_bytes_new (key, length);
  const L4Dfa *dfa = g_hash_table_lookup (self->words, bytes);

  if (dfa != NULL)
    add_choice (self, value, add_node (self, (L4SchemaNode) { L4_NODE_WORD,.word = dfa }));
  return dfa != NULL;
}

static void
keep_word (Compiler *self, gconstpointer key, gsize length)
{
  g_hash_table_insert (self->words, g_bytes_new (key, length), g_ptr_array_index (self->schema->words, self->schema->words->len - 1));
}

static gboolean
add_literals (Compiler *self, guint32 value, const char *one, const char *other)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autoptr (GString) first = g_string_new (one), second = g_string_new (other);

  if (reuse_word (self, value, one, strlen (one)))
    return TRUE;
  g_ptr_array_add (words, first);
  if (other != NULL)
    g_ptr_array_add (words, second);
  add_word (self, value, l4_dfa_of_words (words, MAX_WORD_STATES), NULL, NULL);
  keep_word (self, one, strlen (one));
  return TRUE;
}

/* The one text of a value. (transfer full) */
static GString *
text_of (yyjson_val *value)
{
  GString *text = g_string_new (NULL);
  double number = yyjson_get_real (value);
  size_t length = 0;
  char *written;

  if (yyjson_is_real (value) && floor (number) == number && fabs (number) < 1e15) {
    g_string_append_printf (text, "%.0f", number == 0 ? 0.0 : number);
    return text;
  }
  written = yyjson_val_write (value, YYJSON_WRITE_NOFLAG, &length);
  g_string_append_len (text, written != NULL ? written : "null", written != NULL ? (gssize) length : 4);
  free (written);
  return text;
}

static L4ValueTypes
type_of (yyjson_val *value)
{
  switch (yyjson_get_type (value)) {
    case YYJSON_TYPE_NULL:
      return L4_VALUE_NULL;
    case YYJSON_TYPE_BOOL:
      return L4_VALUE_BOOLEAN;
    case YYJSON_TYPE_STR:
      return L4_VALUE_STRING;
    case YYJSON_TYPE_ARR:
      return L4_VALUE_ARRAY;
    case YYJSON_TYPE_OBJ:
      return L4_VALUE_OBJECT;
    default:
      return yyjson_is_int (value) || floor (yyjson_get_real (value)) == yyjson_get_real (value) ? L4_VALUE_INTEGER : L4_VALUE_NUMBER;
  }
}

static void
string_unref (gpointer string)
{
  g_string_free (string, TRUE);
}

/* The values that an enum or const has. (transfer full; GString, a set of texts) */
static GHashTable *
texts_of (yyjson_val *schema, L4ValueTypes types, gboolean only_const)
{
  GHashTable *texts = g_hash_table_new_full ((GHashFunc) g_string_hash, (GEqualFunc) g_string_equal, string_unref, NULL);
  yyjson_val *list = yyjson_obj_get (schema, only_const ? "const" : "enum"), *value;
  size_t i, n;

  if (only_const && (type_of (list) & types) != 0)
    g_hash_table_add (texts, text_of (list));
  if (!only_const)
    yyjson_arr_foreach (list, i, n, value)
      if ((type_of (value) & types) != 0)
        g_hash_table_add (texts, text_of (value));
  return texts;
}

/* What must not stand beside a list of values, because nobody looks whether these fulfil it. */
static gboolean
check_beside_list (Compiler *self, const L4Conjunction *all)
{
  static const char *const others[] = { "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "minLength",
    "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"
  };
  yyjson_val *owner;

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (l4_conjunction_find (all, others[i], &owner) != NULL)
      return l4_schema_text_refuse (&self->text, owner, others[i], self->error, _("it is not supported beside enum or const"));
  return TRUE;
}

/* The values that all lists have. */
static gboolean
add_list (Compiler *self, guint32 value, const L4Conjunction *all, yyjson_val *owner, const char *keyword)
{
  L4ValueTypes types = l4_conjunction_types (all);
  g_autoptr (GHashTable) common = NULL;
  g_autoptr (GPtrArray) words = NULL;

  if (!check_beside_list (self, all))
    return FALSE;
  for (guint i = 0; i < 2 * all->len; i++) {
    GHashTable *texts, *before = common;
    GHashTableIter iter;
    gpointer text;

    if (yyjson_obj_get (all->pdata[i / 2], i % 2 == 0 ? "enum" : "const") == NULL)
      continue;
    texts = texts_of (all->pdata[i / 2], types, i % 2 == 1);
    g_hash_table_iter_init (&iter, texts);
    while (before != NULL && g_hash_table_iter_next (&iter, &text, NULL))
      if (!g_hash_table_contains (before, text))
        g_hash_table_iter_remove (&iter);
    common = texts;
    g_clear_pointer (&before, g_hash_table_unref);
  }
  words = g_hash_table_get_keys_as_ptr_array (common);
  return add_word (self, value, l4_dfa_of_words (words, MAX_WORD_STATES), owner, keyword);
}

/* Numbers and strings ------------------------------------------------------------------------------------------------------------- */

static void
tighten (yyjson_val *bound, gboolean open, int direction, gboolean *has, gboolean *is_open, double *value, L4Decimal *decimal)
{
  double new_value = yyjson_get_num (bound);

  if (bound == NULL || (*has && (new_value - *value) * direction < 0) || (*has && new_value == *value && !open))
    return;
  *has = TRUE;
  *is_open = open;
  *value = new_value;
  l4_decimal_set (decimal, bound);
}

static gboolean
add_number (Compiler *self, guint32 value, const L4Conjunction *all, gboolean integer)
{
  L4NumberRange range;
  double low = 0, high = 0;
  guint64 multiple = 0;

  memset (&range, 0, sizeof range);     /* it is a key, with what lies between its members */
  for (guint i = 0; i < all->len; i++) {
    yyjson_val *schema = all->pdata[i], *step = yyjson_obj_get (schema, "multipleOf");

    tighten (yyjson_obj_get (schema, "minimum"), FALSE, 1, &range.has_low, &range.low_open, &low, &range.low);
    tighten (yyjson_obj_get (schema, "exclusiveMinimum"), TRUE, 1, &range.has_low, &range.low_open, &low, &range.low);
    tighten (yyjson_obj_get (schema, "maximum"), FALSE, -1, &range.has_high, &range.high_open, &high, &range.high);
    tighten (yyjson_obj_get (schema, "exclusiveMaximum"), TRUE, -1, &range.has_high, &range.high_open, &high, &range.high);
    if (step != NULL) {
      guint64 own = (guint64) yyjson_get_num (step), a = own, b = multiple > 0 ? multiple : own;

      while (b != 0) {
        guint64 rest = a % b;

        a = b;
        b = rest;
      }
      multiple = multiple > 0 ? multiple / a * own : own;
      if (multiple > L4_MAX_MULTIPLE)
        return l4_schema_text_refuse (&self->text, schema, "multipleOf", self->error, _("several together are too large"));
    }
  }
  range.integer = integer || multiple > 0;
  range.multiple = (guint) multiple;
  if (reuse_word (self, value, &range, sizeof range))
    return TRUE;
  if (!add_word (self, value, l4_number_range_to_dfa (&range), all->len > 0 ? all->pdata[0] : NULL, NULL))
    return FALSE;
  keep_word (self, &range, sizeof range);
  return TRUE;
}

static gboolean
add_string (Compiler *self, guint32 value, const L4Conjunction *all)
{
  guint32 least = l4_conjunction_least (all, "minLength"), most = l4_conjunction_most (all, "maxLength");
  yyjson_val *pattern, *owner;
  g_autoptr (GError) problem = NULL;
  L4Dfa *dfa;

  if (!l4_conjunction_find_only (all, &self->text, "pattern", &pattern, &owner, self->error))
    return FALSE;
  if (pattern == NULL) {
    if (least <= most)
      add_choice (self, value, add_node (self, (L4SchemaNode) { L4_NODE_STRING,.least = least,.most = most }));
    return TRUE;
  }
  dfa = l4_pattern_to_dfa (yyjson_get_str (pattern), least, most, &problem);
  if (dfa == NULL)
    return l4_schema_text_refuse (&self->text, owner, "pattern", self->error, problem->message);
  return add_word (self, value, dfa, owner, "pattern");
}

/* Containers ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
add_array (Compiler *self, guint32 value, const L4Conjunction *all)
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
    add_choice (self, value, add_node (self, node));
  return TRUE;
}

/* A property in the making. */
typedef struct
{
  GPtrArray *schemas;
  guint n_closed;               /* schemas that allow no other properties than theirs, and have this one */
  gboolean required;
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
static void
collect_properties (Compiler *self, yyjson_val *schema, gboolean closed, GHashTable *named, GPtrArray *order)
{
  yyjson_val *properties = yyjson_obj_get (schema, "properties"), *name, *property;
  size_t i, n;

  yyjson_obj_foreach (properties, i, n, name, property) {
    Named *found = find_named (named, order, name);

    l4_schema_text_reach (&self->text, schema, "properties", yyjson_get_str (name), property);
    if (!g_ptr_array_find (found->schemas, property, NULL))
      g_ptr_array_add (found->schemas, property);
    found->n_closed += closed;
  }
}

static gboolean
add_object (Compiler *self, guint32 value, const L4Conjunction *all)
{
  g_autoptr (GHashTable) named = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, named_free);
  g_autoptr (GPtrArray) order = g_ptr_array_new ();     /* of the keys of named */
  GArray *properties;
  guint n_closed = 0;
  yyjson_val *name;
  size_t at, n;

  for (guint i = 0; i < all->len; i++) {
    gboolean closed = yyjson_is_false (yyjson_obj_get (all->pdata[i], "additionalProperties"));

    collect_properties (self, all->pdata[i], closed, named, order);
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
  add_choice (self, value, add_node (self, (L4SchemaNode) { L4_NODE_OBJECT,.properties = properties }));
  return TRUE;
}

/* All of it ---------------------------------------------------------------------------------------------------------------------------- */

static gboolean
add_kinds (Compiler *self, guint32 value, const L4Conjunction *all)
{
  L4ValueTypes types = l4_conjunction_types (all);
  yyjson_val *owner;

  if (l4_conjunction_find (all, "enum", &owner) != NULL)
    return add_list (self, value, all, owner, "enum");
  if (l4_conjunction_find (all, "const", &owner) != NULL)
    return add_list (self, value, all, owner, "const");
  return ((types & L4_VALUE_NULL) == 0 || add_literals (self, value, "null", NULL))
      && ((types & L4_VALUE_BOOLEAN) == 0 || add_literals (self, value, "true", "false"))
      && ((types & (L4_VALUE_NUMBER | L4_VALUE_INTEGER)) == 0 || add_number (self, value, all, (types & L4_VALUE_NUMBER) == 0))
      && ((types & L4_VALUE_STRING) == 0 || add_string (self, value, all))
      && ((types & L4_VALUE_ARRAY) == 0 || add_array (self, value, all))
      && ((types & L4_VALUE_OBJECT) == 0 || add_object (self, value, all));
}

static gboolean
compile_open (Compiler *self, const Open *open)
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
compile (Compiler *self)
{
  GPtrArray *whole = g_ptr_array_new ();
  gboolean good = TRUE;
  Open *open;

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
parse (Compiler *self, const char *text)
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
  Compiler self = {.schema = schema,.error = error };
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
