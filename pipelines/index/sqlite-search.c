/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Searching an index in a SQLite file, with FTS5. */

#include "index/sqlite.h"

#include <string.h>

#include "base/i18n.h"
#include "index/search.h"
#include "index/videos.h"
#include "index/windows.h"

/* The query in FTS5's language ------------------------------------------------------------------------------------------------- */

/* Quoted, so that nothing in it is an operator: words have no quotation marks. */
static void
append_term (GString *match, const L4Term *term)
{
  g_string_append_c (match, '"');
  for (guint i = 0; i < term->words->len; i++)
    g_string_append_printf (match, "%s%s", i > 0 ? " " : "", g_array_index (term->words, L4Word, i).lower);
  g_string_append (match, term->prefix ? "\" *" : "\"");
}

static void
append_terms (GString *match, const GPtrArray *terms, const char *between)
{
  for (guint i = 0; i < terms->len; i++) {
    g_string_append (match, i > 0 ? between : "(");
    append_term (match, terms->pdata[i]);
  }
  g_string_append_c (match, ')');
}

/* (transfer full) */
static char *
get_match (const L4Query *query)
{
  GString *match = g_string_new (NULL);

  for (guint i = 0; i < query->groups->len; i++) {
    const L4Group *group = query->groups->pdata[i];

    g_string_append (match, i > 0 ? " OR (" : "(");
    append_terms (match, group->wanted, " AND ");
    if (group->unwanted->len > 0) {
      g_string_append (match, " NOT ");
      append_terms (match, group->unwanted, " OR ");
    }
    g_string_append_c (match, ')');
  }
  return g_string_free (match, FALSE);
}

/* Paths ------------------------------------------------------------------------------------------------------------------------- */

static void
free_regex (gpointer regex)
{
  g_regex_unref (regex);
}

/* path_matches (regex, path): the expression is compiled once a statement. */
static void
path_matches (sqlite3_context *context, int n_values, sqlite3_value **values)
{
  GRegex *regex = sqlite3_get_auxdata (context, 0), *made = NULL;
  const char *path = (const char *) sqlite3_value_text (values[1]);

  if (regex == NULL) {
    const char *text = (const char *) sqlite3_value_text (values[0]);

    regex = made = text == NULL ? NULL : g_regex_new (text, G_REGEX_DOTALL | G_REGEX_DOLLAR_ENDONLY | G_REGEX_OPTIMIZE, 0, NULL);
    if (regex == NULL) {
      sqlite3_result_error (context, _("the pattern for files cannot be understood"), -1);
      return;
    }
  }
  sqlite3_result_int (context, path != NULL && g_utf8_validate (path, -1, NULL) && g_regex_match (regex, path, 0, NULL));
  if (made != NULL)
    sqlite3_set_auxdata (context, 0, made, free_regex);
}

gboolean
l4_sqlite_add_functions (L4Sqlite *self, GError **error)
{
  return sqlite3_create_function_v2 (self->handle, "path_matches", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
      path_matches, NULL, NULL, NULL) == SQLITE_OK || l4_sqlite_fail (self, error);
}

/* Searching --------------------------------------------------------------------------------------------------------------------- */

static void
row_hit (const L4Value *columns, gpointer hits)
{
  g_autofree char *marked = l4_value_text (&columns[L4_N_VIDEO_COLUMNS + L4_N_WINDOW_COLUMNS + 1]);

  g_ptr_array_add (hits, l4_hit_from_row (columns, l4_words_unspace (marked == NULL ? "" : marked)));
}

/* Ranking by bm25 looks at every window that is ranked: of a block only, whose newest windows FTS5 finds without looking at others. */
#define FROM "FROM sentences AS s CROSS JOIN windows AS w ON w.id = s.rowid CROSS JOIN videos AS v ON v.id = w.video " \
    "WHERE s.sentences MATCH $1 AND v.newest_run = w.run AND v.path IS NOT NULL AND ($2 IS NULL OR path_matches ($2, v.shown)) " \
    "AND ($3 = 0 OR v.mtime >= $3) AND ($4 = 0 OR v.mtime <= $4)"
#define COLUMNS "SELECT " L4_VIDEO_COLUMNS ", " L4_WINDOW_COLUMNS_BARE ", -bm25 (sentences) AS score, " \
    "highlight (sentences, 0, '" L4_MARK_BEGIN "', '" L4_MARK_END "') "

gboolean
l4_sqlite_search (L4Database *database, const L4Search *search, GPtrArray *hits, GError **error)
{
  static const char of_block[] = "SELECT * FROM (" COLUMNS FROM " ORDER BY s.rowid DESC LIMIT $5 OFFSET $6) ORDER BY score DESC, 11 DESC "
      "LIMIT $7 OFFSET $8";
  static const char of_all[] = COLUMNS FROM " ORDER BY score DESC, w.id DESC LIMIT $7 OFFSET $8";
  g_autofree char *match = get_match (search->query);
  gint64 begin = search->any ? 0 : search->offset / L4_SEARCH_BLOCK * L4_SEARCH_BLOCK;

  return l4_database_query (database, row_hit, hits, error, search->any ? of_all : of_block, "ttiiiiii", match, search->regex,
      search->since, search->until, (gint64) L4_SEARCH_BLOCK, begin, (gint64) search->limit, (gint64) search->offset - begin);
}

static void
row_has (const L4Value *columns, gpointer has)
{
  *(gboolean *) has = TRUE;
}

gboolean
l4_sqlite_has (L4Database *database, const L4Term *term, gboolean *has, GError **error)
{
  g_autoptr (GString) match = g_string_new (NULL);

  *has = FALSE;
  append_term (match, term);
  return l4_database_query (database, row_has, has, error, "SELECT 1 FROM sentences WHERE sentences MATCH $1 LIMIT 1", "t", match->str);
}
