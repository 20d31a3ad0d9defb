/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an answer with a schema chose among the few things that the schema offers. */

#include <string.h>
#include <yyjson.h>

#include "llama4.h"

#define MAX_DEPTH 64            /* as deep as schemas allow values */

typedef struct
{
  GHashTable *words;            /* the strings that the schema offers; borrowed */
  L4ChoiceFunc on_choice;
  gpointer user_data;
} Search;

/* Every string of an enum or const, wherever it stands. */
static void
collect_words (GHashTable *words, yyjson_val *schema, gboolean offered, guint depth)
{
  yyjson_val *key, *value;
  size_t i, n;

  if (depth > 4 * MAX_DEPTH)
    return;
  if (offered && yyjson_is_str (schema))
    g_hash_table_add (words, (gpointer) yyjson_get_str (schema));
  yyjson_arr_foreach (schema, i, n, value)
    collect_words (words, value, offered, depth + 1);
  yyjson_obj_foreach (schema, i, n, key, value)
    collect_words (words, value, offered || yyjson_equals_str (key, "enum") || yyjson_equals_str (key, "const"), depth + 1);
}

static void
tell (const Search *self, const char *path, const char *word, double level)
{
  g_autofree char *name = word == NULL ? g_strdup (path) : *path == '\0' ? g_strdup (word) : g_strconcat (path, "=", word, NULL);
  g_autofree char *line = l4_text_to_line (name, -1);

  if (*line != '\0')
    self->on_choice (line, level, self->user_data);
}

static void
search (const Search *self, const char *path, yyjson_val *value, guint depth)
{
  yyjson_val *key, *child;
  size_t i, n;

  if (depth > MAX_DEPTH)
    return;
  if (yyjson_is_bool (value))
    tell (self, path, NULL, yyjson_get_bool (value) ? 1 : 0);
  else if (yyjson_is_str (value) && g_hash_table_contains (self->words, yyjson_get_str (value)))
    tell (self, path, yyjson_get_str (value), 1);
  yyjson_arr_foreach (value, i, n, child)
    search (self, path, child, depth + 1);
  yyjson_obj_foreach (value, i, n, key, child) {
    g_autofree char *longer = *path == '\0' ? g_strdup (yyjson_get_str (key)) : g_strconcat (path, "/", yyjson_get_str (key), NULL);

    search (self, longer, child, depth + 1);
  }
}

void
l4_answer_get_choices (const L4Answer *answer, const char *schema, L4ChoiceFunc on_choice, gpointer user_data)
{
  g_autoptr (GHashTable) words = g_hash_table_new (g_str_hash, g_str_equal);
  const Search self = { words, on_choice, user_data };
  yyjson_doc *offers = answer->is_value && schema != NULL ? yyjson_read (schema, strlen (schema), YYJSON_READ_NOFLAG) : NULL;
  yyjson_doc *value = offers != NULL ? yyjson_read (answer->text, strlen (answer->text), YYJSON_READ_NOFLAG) : NULL;

  collect_words (words, yyjson_doc_get_root (offers), FALSE, 0);
  search (&self, "", yyjson_doc_get_root (value), 0);
  yyjson_doc_free (value);
  yyjson_doc_free (offers);
}
