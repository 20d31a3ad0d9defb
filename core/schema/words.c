/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of a schema that are no containers: words, numbers, strings. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "schema/compile-private.h"
#include "schema/number.h"
#include "schema/pattern.h"

#define MAX_WORD_STATES 400000
#define MAX_STATES 1000000      /* of all words together */

/* Takes dfa, which may be NULL. */
static gboolean
add_word (L4Compiler *self, guint32 value, L4Dfa *dfa, yyjson_val *owner, const char *keyword)
{
  if (dfa != NULL)
    g_ptr_array_add (self->schema->words, dfa);
  self->n_states += dfa != NULL ? dfa->n_states : 0;
  if (dfa == NULL || self->n_states > MAX_STATES)
    return l4_schema_text_refuse (&self->text, owner, keyword, self->error, _("it is too large"));
  l4_compiler_add_choice (self, value, l4_compiler_add_node (self, (L4SchemaNode) { L4_NODE_WORD,.word = dfa }));
  return TRUE;
}

/* A word that was made before under that key; FALSE: none was. */
static gboolean
reuse_word (L4Compiler *self, guint32 value, gconstpointer key, gsize length)
{
  g_autoptr (GBytes) bytes = g_bytes_new (key, length);
  const L4Dfa *dfa = g_hash_table_lookup (self->words, bytes);

  if (dfa != NULL)
    l4_compiler_add_choice (self, value, l4_compiler_add_node (self, (L4SchemaNode) { L4_NODE_WORD,.word = dfa }));
  return dfa != NULL;
}

static void
keep_word (L4Compiler *self, gconstpointer key, gsize length)
{
  g_hash_table_insert (self->words, g_bytes_new (key, length), g_ptr_array_index (self->schema->words, self->schema->words->len - 1));
}

gboolean
l4_compiler_add_literals (L4Compiler *self, guint32 value, const char *one, const char *other)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autoptr (GString) first = g_string_new (one), second = g_string_new (other);

  if (reuse_word (self, value, one, strlen (one)))
    return TRUE;
  g_ptr_array_add (words, first);
  if (other != NULL)
    g_ptr_array_add (words, second);
  if (!add_word (self, value, l4_dfa_of_words (words, MAX_WORD_STATES), NULL, NULL))
    return FALSE;
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
check_beside_list (L4Compiler *self, const L4Conjunction *all)
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
gboolean
l4_compiler_add_list (L4Compiler *self, guint32 value, const L4Conjunction *all, yyjson_val *owner, const char *keyword)
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

/* Which of two bounds is larger, as strcmp() says it: of integers exactly, also where doubles are not. */
static int
compare_bounds (yyjson_val *a, yyjson_val *b)
{
  if (yyjson_is_uint (a) && yyjson_is_uint (b))
    return (yyjson_get_uint (a) > yyjson_get_uint (b)) - (yyjson_get_uint (a) < yyjson_get_uint (b));
  if (yyjson_is_sint (a) && yyjson_is_sint (b))
    return (yyjson_get_sint (a) > yyjson_get_sint (b)) - (yyjson_get_sint (a) < yyjson_get_sint (b));
  return (yyjson_get_num (a) > yyjson_get_num (b)) - (yyjson_get_num (a) < yyjson_get_num (b));
}

/* The tightest so far is *tightest; NULL: there is none. */
static void
tighten (yyjson_val *bound, gboolean open, int direction, gboolean *has, gboolean *is_open, yyjson_val **tightest, L4Decimal *decimal)
{
  int order = bound != NULL && *has ? compare_bounds (bound, *tightest) * direction : 1;

  if (bound == NULL || order < 0 || (order == 0 && !open))
    return;
  *has = TRUE;
  *is_open = open;
  *tightest = bound;
  l4_decimal_set (decimal, bound);
}

gboolean
l4_compiler_add_number (L4Compiler *self, guint32 value, const L4Conjunction *all, gboolean integer)
{
  L4NumberRange range;
  yyjson_val *low = NULL, *high = NULL;
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

gboolean
l4_compiler_add_string (L4Compiler *self, guint32 value, const L4Conjunction *all)
{
  guint32 least = l4_conjunction_least (all, "minLength"), most = l4_conjunction_most (all, "maxLength");
  yyjson_val *pattern, *owner;
  g_autoptr (GError) problem = NULL;
  L4Dfa *dfa;

  if (!l4_conjunction_find_only (all, &self->text, "pattern", &pattern, &owner, self->error))
    return FALSE;
  if (pattern == NULL) {
    if (least <= most)
      l4_compiler_add_choice (self, value, l4_compiler_add_node (self, (L4SchemaNode) { L4_NODE_STRING,.least = least,.most = most }));
    return TRUE;
  }
  dfa = l4_pattern_to_dfa (yyjson_get_str (pattern), least, most, &problem);
  if (dfa == NULL)
    return l4_schema_text_refuse (&self->text, owner, "pattern", self->error, problem->message);
  return add_word (self, value, dfa, owner, "pattern");
}
