/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Searching an index in a PostgreSQL database, by its text search vectors. */

#include <string.h>

#include "index/postgres-mark.h"
#include "index/search.h"
#include "index/videos.h"
#include "index/windows.h"

/* The query in PostgreSQL's language -------------------------------------------------------------------------------------------- */

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

/* The tree as a tsquery; with any, its groups as a JSON array of them. (transfer full) */
static char *
get_text (const L4Query *query, L4Lexemes *lexemes, gboolean any)
{
  GString *text = g_string_new (any ? "[" : "");

  for (guint i = 0; i < query->groups->len; i++) {
    g_autoptr (GString) group = g_string_new (NULL);

    append_group (group, lexemes, query->groups->pdata[i]);
    if (any)
      g_string_append_printf (text, "%s\"%s\"", i > 0 ? "," : "", group->str);  /* words alone: nothing in it needs escaping */
    else
      g_string_append_printf (text, "%s%s", i > 0 ? " | " : "", group->str);
  }
  return g_string_free (g_string_append (text, any ? "]" : ""), FALSE);
}

static void
collect_words (GArray *words, const GPtrArray *terms)
{
  for (guint i = 0; i < terms->len; i++) {
    const L4Term *term = terms->pdata[i];

    g_array_append_vals (words, term->words->data, term->words->len);
  }
}

static gboolean
add_query (L4Lexemes *lexemes, L4Database *database, const L4Query *query, GError **error)
{
  g_autoptr (GArray) words = g_array_new (FALSE, FALSE, sizeof (L4Word));       /* borrowed */

  for (guint i = 0; i < query->groups->len; i++) {
    const L4Group *group = query->groups->pdata[i];

    collect_words (words, group->wanted);
    collect_words (words, group->unwanted);
  }
  return l4_lexemes_add (lexemes, database, words, error);
}

/* Candidates -------------------------------------------------------------------------------------------------------------------- */

#define FIRST_SPAN 5000         /* ids that are looked at first, and how that grows */
#define SPAN_GROWTH 4

#define FILM "JOIN videos AS v ON v.id = w.video AND v.newest_run = w.run AND v.path IS NOT NULL"
#define FILTER "($2::text IS NULL OR v.shown ~ $2) AND ($3::bigint = 0 OR v.mtime >= $3) AND ($4::bigint = 0 OR v.mtime <= $4)"
#define COLUMNS L4_VIDEO_COLUMNS ", " L4_WINDOW_COLUMNS_BARE

static void
row_id (const L4Value *columns, gpointer ids)
{
  gint64 id = l4_value_integer (columns);

  g_array_append_val ((GArray *) ids, id);
}

/* The ids of the newest windows that are hit, up to the block's end. The newest are looked at first, then ever more at once: of a common
 * word few windows are read, and a rare one is looked up a few times. By itself the server would walk through all windows backwards when
 * it thinks a phrase more common than it is. */
static gboolean
find_newest (L4Database *database, const L4Search *search, const char *query, gint64 n, GArray *ids, GError **error)
{
  gint64 to = 0, span = FIRST_SPAN;

  if (!l4_database_query (database, l4_row_integer, &to, error, "SELECT max (id) FROM windows", ""))
    return FALSE;
  for (; to > 0 && ids->len < n; to -= span, span = MIN (span, G_MAXINT64 / SPAN_GROWTH) * SPAN_GROWTH)
    if (!l4_database_query (database, row_id, ids, error, "WITH matching AS MATERIALIZED (SELECT id, video, run FROM windows "
            "WHERE words @@ $1::tsquery AND id > $5::bigint AND id <= $6::bigint) SELECT w.id FROM matching AS w " FILM " WHERE " FILTER
            " ORDER BY w.id DESC LIMIT $7", "ttiiiii", query, search->regex, search->since, search->until, to > span ? to - span : 0, to,
            n - ids->len))
      return FALSE;
  return TRUE;
}

/* The block's part of them as an array of PostgreSQL's. (transfer full) */
static char *
get_block (const GArray *ids, gsize begin)
{
  GString *block = g_string_new ("{");

  for (gsize i = begin; i < ids->len; i++)
    g_string_append_printf (block, "%s%" G_GINT64_FORMAT, i > begin ? "," : "", g_array_index (ids, gint64, i));
  return g_string_free (g_string_append_c (block, '}'), FALSE);
}

/* Searching --------------------------------------------------------------------------------------------------------------------- */

static void
row_hit (const L4Value *columns, gpointer hits)
{
  g_ptr_array_add (hits, l4_hit_from_row (columns, NULL));
}

static gboolean
search_block (L4Database *database, const L4Search *search, const char *query, GPtrArray *hits, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 begin = search->offset / L4_SEARCH_BLOCK * L4_SEARCH_BLOCK;
  g_autofree char *block = NULL;

  if (!find_newest (database, search, query, begin + L4_SEARCH_BLOCK, ids, error))
    return FALSE;
  block = get_block (ids, begin);
  return l4_database_query (database, row_hit, hits, error, "SELECT " COLUMNS ", ts_rank (w.words, $1::tsquery, 1)::double precision AS "
      "score FROM windows AS w " FILM " WHERE w.id = ANY ($2::bigint[]) ORDER BY score DESC, w.id DESC LIMIT $3 OFFSET $4", "ttii", query, block,
      (gint64) search->limit, (gint64) search->offset - begin);
}

/* A word counts the more the fewer windows have it. */
static gboolean
search_any (L4Database *database, const L4Search *search, const char *queries, GPtrArray *hits, GError **error)
{
  return l4_database_query (database, row_hit, hits, error, "WITH terms AS MATERIALIZED ("
      "SELECT value::tsquery AS query, ln (1 + (SELECT max (id) FROM windows)::double precision / (SELECT 1 + count(*) FROM windows "
      "WHERE words @@ value::tsquery)) AS weight FROM json_array_elements_text ($1::json)), "
      "scores AS (SELECT w.id, sum (t.weight) AS score FROM terms AS t JOIN windows AS w ON w.words @@ t.query GROUP BY w.id) "
      "SELECT " COLUMNS ", s.score FROM scores AS s JOIN windows AS w ON w.id = s.id " FILM " WHERE " FILTER " ORDER BY s.score DESC, w.id DESC LIMIT $5 OFFSET $6", "ttiiii",
      queries, search->regex, search->since, search->until, (gint64) search->limit, (gint64) search->offset);
}

/* From the first of hits on. */
static gboolean
mark (L4Lexemes *lexemes, L4Database *database, const L4Query *query, GPtrArray *hits, guint first, GError **error)
{
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (GArray) words = NULL;

  for (guint i = first; i < hits->len; i++)
    g_string_append_printf (all, "%s\n", ((L4IndexHit *) hits->pdata[i])->window->text);
  words = l4_words_split (all->str);
  if (hits->len > first && !l4_lexemes_add (lexemes, database, words, error))
    return FALSE;
  for (guint i = first; i < hits->len; i++) {
    L4IndexHit *hit = hits->pdata[i];

    hit->marked = l4_lexemes_mark (lexemes, query, hit->window->text);
  }
  return TRUE;
}

gboolean
l4_postgres_search (L4Database *database, const L4Search *search, GPtrArray *hits, GError **error)
{
  g_autoptr (GHashTable) lexemes = l4_lexemes_new ();
  g_autofree char *text = NULL;
  guint first = hits->len;

  if (!add_query (lexemes, database, search->query, error))
    return FALSE;
  text = get_text (search->query, lexemes, search->any);
  return (search->any ? search_any : search_block) (database, search, text, hits, error)
      && mark (lexemes, database, search->query, hits, first, error);
}

static void
row_has (const L4Value *columns, gpointer has)
{
  *(gboolean *) has = TRUE;
}

gboolean
l4_postgres_has (L4Database *database, const L4Term *term, gboolean *has, GError **error)
{
  g_autoptr (GHashTable) lexemes = l4_lexemes_new ();
  g_autoptr (GString) query = g_string_new (NULL);

  *has = FALSE;
  if (!l4_lexemes_add (lexemes, database, term->words, error))
    return FALSE;
  append_term (query, lexemes, term);
  return l4_database_query (database, row_has, has, error, "SELECT 1 FROM windows WHERE words @@ $1::tsquery LIMIT 1", "t", query->str);
}
