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

/* octet_length (value): SQLite has it from 3.43 on. */
static void
octet_length (sqlite3_context *context, int n_values, sqlite3_value **values)
{
  if (sqlite3_value_type (values[0]) != SQLITE_NULL)
    sqlite3_result_int64 (context, sqlite3_value_bytes (values[0]));
}

static gboolean
add_function (L4Sqlite *self, const char *name, int n_values, void (*function) (sqlite3_context *, int, sqlite3_value **), GError **error)
{
  return sqlite3_create_function_v2 (self->handle, name, n_values, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL, function,
      NULL, NULL, NULL) == SQLITE_OK || l4_sqlite_fail (self, error);
}

gboolean
l4_sqlite_add_functions (L4Sqlite *self, GError **error)
{
  return add_function (self, "path_matches", 2, path_matches, error) && add_function (self, "octet_length", 1, octet_length, error);
}

/* Searching --------------------------------------------------------------------------------------------------------------------- */

/* What the index holds with its words marked; the sentence without marks where it holds something else, as a stranger's may. (transfer full) */
static char *
get_marked (const L4Value *value, const char *sentence)
{
  g_autofree char *held = l4_value_text (value), *marked = l4_words_unspace (held == NULL ? "" : held);
  g_autoptr (GString) plain = g_string_new (marked);

  g_string_replace (plain, L4_MARK_BEGIN, "", 0);
  g_string_replace (plain, L4_MARK_END, "", 0);
  return g_str_equal (plain->str, sentence) ? g_steal_pointer (&marked) : g_strdup (sentence);
}

static void
row_hit (const L4Value *columns, gpointer hits)
{
  L4IndexHit *hit = l4_hit_from_row (columns, NULL);

  hit->marked = get_marked (&columns[L4_N_VIDEO_COLUMNS + L4_N_WINDOW_COLUMNS + 1], hit->window->text);
  g_ptr_array_add (hits, hit);
}

/* Films that are looked through one by one, in whose windows' ids the sentences are looked for: that begins anew for each, which takes
 * long for all words of a beginning. */
#define MAX_FILMS 64
#define MAX_FILMS_OF_PREFIX 4

static gboolean
has_prefix (const GPtrArray *terms)
{
  for (guint i = 0; i < terms->len; i++)
    if (((const L4Term *) terms->pdata[i])->prefix)
      return TRUE;
  return FALSE;
}

static guint
get_max_films (const L4Query *query)
{
  for (guint i = 0; i < query->groups->len; i++) {
    const L4Group *group = query->groups->pdata[i];

    if (has_prefix (group->wanted) || has_prefix (group->unwanted))
      return MAX_FILMS_OF_PREFIX;
  }
  return MAX_FILMS;
}

typedef struct
{
  GString *ids;                 /* a JSON array, still open */
  guint n;
} Films;

static void
row_film (const L4Value *columns, gpointer data)
{
  Films *films = data;

  g_string_append_printf (films->ids, "%s%" G_GINT64_FORMAT, films->n++ > 0 ? "," : "[", l4_value_integer (columns));
}

#define FILTER "v.path IS NOT NULL AND ($2 IS NULL OR path_matches ($2, v.shown)) AND "

/* The films that are chosen by name and time, when they are few, as a JSON array. NULL in *films: all are, or many. (transfer full) */
static gboolean
find_films (L4Database *database, const L4Search *search, char **films, GError **error)
{
  g_autoptr (GString) ids = g_string_new (NULL);
  Films found = { ids };
  guint most = get_max_films (search->query);

  *films = NULL;
  if (search->regex == NULL && search->since == 0 && search->until == 0)
    return TRUE;
  if (!l4_database_query (database, row_film, &found, error, "SELECT v.id FROM videos AS v WHERE " FILTER L4_FILM_IN_TIME " LIMIT $1", "itii",
          (gint64) most + 1, search->regex, search->since, search->until))
    return FALSE;
  if (found.n <= most)
    *films = g_strconcat (found.n > 0 ? ids->str : "[", "]", NULL);
  return TRUE;
}

#define COLUMNS(rank) "SELECT " L4_VIDEO_COLUMNS ", " L4_WINDOW_COLUMNS_BARE ", " rank " AS score, " \
    "highlight (sentences, 0, '" L4_MARK_BEGIN "', '" L4_MARK_END "') "
#define FROM "sentences AS s CROSS JOIN windows AS w ON w.id = s.rowid CROSS JOIN videos AS v ON v.id = w.video "
#define WHERE "WHERE s.sentences MATCH $1 AND v.newest_run = w.run AND " FILTER L4_WINDOW_IN_TIME
#define PLACES "(SELECT video, min (id) AS first, max (id) AS last FROM windows WHERE video IN (SELECT value FROM json_each ($9)) GROUP BY video)"
#define BLOCK " ORDER BY s.rowid DESC LIMIT $5 OFFSET $6) ORDER BY score DESC, 11 DESC LIMIT $7 OFFSET $8"

/* A block is ranked at a time, for that of all windows with a common word takes long; FTS5 finds its newest windows without looking at
 * others. Of a question all are. */
gboolean
l4_sqlite_search (L4Database *database, const L4Search *search, GPtrArray *hits, GError **error)
{
  static const char of_all[] = COLUMNS ("-bm25 (sentences)") "FROM " FROM WHERE " ORDER BY score DESC, w.id DESC LIMIT $7 OFFSET $8";
  static const char of_block[] = "SELECT * FROM (" COLUMNS ("fit (sentences)") "FROM " FROM WHERE BLOCK;
  static const char of_films[] = "SELECT * FROM (" COLUMNS ("fit (sentences)") "FROM " PLACES " AS f CROSS JOIN " FROM WHERE
      " AND s.rowid BETWEEN f.first AND f.last AND w.video = f.video" BLOCK;
  g_autofree char *match = get_match (search->query), *films = NULL;
  gint64 begin = search->any ? 0 : search->offset / L4_SEARCH_BLOCK * L4_SEARCH_BLOCK;

  if (!search->any && !find_films (database, search, &films, error))
    return FALSE;
  return l4_database_query (database, row_hit, hits, error, search->any ? of_all : films != NULL ? of_films : of_block, "ttiiiiiit", match,
      search->regex, search->since, search->until, (gint64) L4_SEARCH_BLOCK, begin, (gint64) search->limit, (gint64) search->offset - begin,
      films);
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
