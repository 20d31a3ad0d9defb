/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words as a PostgreSQL index has them, and hits marked in sentences. */

#include "index/postgres-mark.h"

#include <string.h>

#include "index/search.h"

L4Lexemes *
l4_lexemes_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
}

static GHashTable *
get_set (L4Lexemes *self, const char *word)
{
  GHashTable *set = g_hash_table_lookup (self, word);

  if (set == NULL) {
    set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_insert (self, g_strdup (word), set);
  }
  return set;
}

GHashTable *
l4_lexemes_get (L4Lexemes *self, const L4Word *word)
{
  return get_set (self, word->lower);
}

typedef struct
{
  L4Lexemes *lexemes;
  const GArray *words;
} Addition;

static void
row_lexeme (const L4Value *columns, gpointer data)
{
  Addition *addition = data;
  gint64 at = l4_value_integer (&columns[0]) - 1;
  char *lexeme = l4_value_text (&columns[1]);

  if (at >= 0 && at < addition->words->len && lexeme != NULL)
    g_hash_table_add (get_set (addition->lexemes, g_array_index (addition->words, L4Word, at).lower), lexeme);
  else
    g_free (lexeme);
}

gboolean
l4_lexemes_add (L4Lexemes *self, L4Database *database, const GArray *words, GError **error)
{
  g_autoptr (GArray) new = g_array_new (FALSE, FALSE, sizeof (L4Word));         /* borrowed */
  g_autofree char *lower = NULL, *folded = NULL;
  Addition addition = { self, new };

  for (guint i = 0; i < words->len; i++) {
    const L4Word *word = &g_array_index (words, L4Word, i);

    if (g_hash_table_contains (self, word->lower))
      continue;
    get_set (self, word->lower);
    g_array_append_val (new, *word);
  }
  if (new->len == 0)
    return TRUE;
  lower = l4_words_to_list (new, FALSE);
  folded = l4_words_to_list (new, TRUE);
  return l4_database_query (database, row_lexeme, &addition, error, "WITH dictionaries AS MATERIALIZED ("
      "SELECT dictionary (language) AS dictionary FROM (SELECT DISTINCT language FROM runs) AS languages), spellings AS ("
      "SELECT ordinality, value FROM json_array_elements_text ($1::json) WITH ORDINALITY UNION "
      "SELECT ordinality, value FROM json_array_elements_text ($2::json) WITH ORDINALITY) "
      "SELECT ordinality, COALESCE ((ts_lexize (dictionary, value))[1], value) FROM dictionaries, spellings", "tt", lower, folded);
}

/* Marking ----------------------------------------------------------------------------------------------------------------------- */

/* Whether a word of a sentence is one that is looked for: a lexeme of theirs is the same, or begins so. */
static gboolean
is_same (L4Lexemes *self, const L4Word *word, const L4Word *wanted, gboolean prefix)
{
  GHashTableIter all;
  gpointer lexeme;

  g_hash_table_iter_init (&all, l4_lexemes_get (self, wanted));
  while (g_hash_table_iter_next (&all, &lexeme, NULL)) {
    GHashTableIter own;
    gpointer other;

    if (g_hash_table_contains (l4_lexemes_get (self, word), lexeme))
      return TRUE;
    g_hash_table_iter_init (&own, l4_lexemes_get (self, word));
    while (prefix && g_hash_table_iter_next (&own, &other, NULL))
      if (g_str_has_prefix (other, lexeme))
        return TRUE;
  }
  return FALSE;
}

static gboolean
begins_at (L4Lexemes *self, const GArray *words, guint at, const L4Term *term)
{
  if (term->words->len > words->len - at)
    return FALSE;
  for (guint i = 0; i < term->words->len; i++)
    if (!is_same (self, &g_array_index (words, L4Word, at + i), &g_array_index (term->words, L4Word, i),
            term->prefix && i + 1 == term->words->len))
      return FALSE;
  return TRUE;
}

/* How many words from there on are hit; 0: none. */
static guint
get_length (L4Lexemes *self, const GArray *words, guint at, const L4Query *query)
{
  guint length = 0;

  for (guint i = 0; i < query->groups->len; i++) {
    const L4Group *group = query->groups->pdata[i];

    for (guint j = 0; j < group->wanted->len; j++)
      if (begins_at (self, words, at, group->wanted->pdata[j]))
        length = MAX (length, ((L4Term *) group->wanted->pdata[j])->words->len);
  }
  return length;
}

char *
l4_lexemes_mark (L4Lexemes *self, const L4Query *query, const char *text)
{
  g_autoptr (GArray) words = l4_words_split (text);
  GString *marked = g_string_new (NULL);
  gsize written = 0;

  for (guint i = 0; i < words->len; i++) {
    guint begin = i, end = i + get_length (self, words, i, query);      /* hits that overlap are one */

    if (end == begin)
      continue;
    for (; i + 1 < end; i++)
      end = MAX (end, i + 1 + get_length (self, words, i + 1, query));
    g_string_append_len (marked, text + written, g_array_index (words, L4Word, begin).start - written);
    g_string_append (marked, L4_MARK_BEGIN);
    written = g_array_index (words, L4Word, begin).start;
    g_string_append_len (marked, text + written, g_array_index (words, L4Word, end - 1).end - written);
    g_string_append (marked, L4_MARK_END);
    written = g_array_index (words, L4Word, end - 1).end;
  }
  g_string_append (marked, text + written);
  return g_string_free (marked, FALSE);
}
