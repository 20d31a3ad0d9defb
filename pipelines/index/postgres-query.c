/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queries in PostgreSQL's language. */

#include "index/postgres-query.h"

static void
append_lexeme (GString *query, const char *lexeme, gboolean prefix)
{
  g_string_append_c (query, '\'');
  for (; *lexeme != '\0'; lexeme++) {
    if (*lexeme == '\'' || *lexeme == '\\')
      g_string_append_c (query, *lexeme);
    g_string_append_c (query, *lexeme);
  }
  g_string_append (query, prefix ? "':*" : "'");
}

/* Any of the lexemes that a word has in the languages of the index. */
static void
append_word (GString *query, L4Lexemes *lexemes, const L4Word *word, gboolean prefix)
{
  g_autoptr (GList) all = g_hash_table_get_keys (l4_lexemes_get (lexemes, word));

  g_string_append_c (query, '(');
  if (all == NULL)              /* there is no run, and so no window */
    append_lexeme (query, word->folded, prefix);
  for (GList *at = all; at != NULL; at = at->next) {
    g_string_append (query, at == all ? "" : " | ");
    append_lexeme (query, at->data, prefix);
  }
  g_string_append_c (query, ')');
}

static void
append_term (GString *query, L4Lexemes *lexemes, const L4Term *term)
{
  g_string_append_c (query, '(');
  for (guint i = 0; i < term->words->len; i++) {
    g_string_append (query, i > 0 ? " <-> " : "");
    append_word (query, lexemes, &g_array_index (term->words, L4Word, i), term->prefix && i + 1 == term->words->len);
  }
  g_string_append_c (query, ')');
}

static void
append_group (GString *query, L4Lexemes *lexemes, const L4Group *group)
{
  g_string_append_c (query, '(');
  for (guint i = 0; i < group->wanted->len; i++) {
    g_string_append (query, i > 0 ? " & " : "");
    append_term (query, lexemes, group->wanted->pdata[i]);
  }
  for (guint i = 0; i < group->unwanted->len; i++) {
    g_string_append (query, " & !");
    append_term (query, lexemes, group->unwanted->pdata[i]);
  }
  g_string_append_c (query, ')');
}

char *
l4_postgres_write_query (const L4Query *query, L4Lexemes *lexemes)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < query->groups->len; i++) {
    g_string_append (text, i > 0 ? " | " : "");
    append_group (text, lexemes, query->groups->pdata[i]);
  }
  return g_string_free (text, FALSE);
}

char *
l4_postgres_write_group (const L4Group *group, L4Lexemes *lexemes)
{
  GString *text = g_string_new (NULL);

  append_group (text, lexemes, group);
  return g_string_free (text, FALSE);
}

char *
l4_postgres_write_term (const L4Term *term, L4Lexemes *lexemes)
{
  GString *text = g_string_new (NULL);

  append_term (text, lexemes, term);
  return g_string_free (text, FALSE);
}

static void
collect_words (GArray *words, const GPtrArray *terms)
{
  for (guint i = 0; i < terms->len; i++) {
    const L4Term *term = terms->pdata[i];

    g_array_append_vals (words, term->words->data, term->words->len);
  }
}

gboolean
l4_lexemes_add_query (L4Lexemes *lexemes, L4Database *database, const L4Query *query, GError **error)
{
  g_autoptr (GArray) words = g_array_new (FALSE, FALSE, sizeof (L4Word));       /* borrowed */

  for (guint i = 0; i < query->groups->len; i++) {
    const L4Group *group = query->groups->pdata[i];

    collect_words (words, group->wanted);
    collect_words (words, group->unwanted);
  }
  return l4_lexemes_add (lexemes, database, words, error);
}
