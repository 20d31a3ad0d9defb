/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Searching an index in a PostgreSQL database, by its text search vectors. */

#include <math.h>
#include <string.h>

#include "index/postgres-newest.h"
#include "index/postgres-query.h"
#include "index/videos.h"
#include "index/windows.h"

#define MAX_RARE 5000           /* windows that have a word of a question: so many are all ranked */

#define COLUMNS L4_VIDEO_COLUMNS ", " L4_WINDOW_COLUMNS_BARE

static void
row_hit (const L4Value *columns, gpointer hits)
{
  g_ptr_array_add (hits, l4_hit_from_row (columns, NULL));
}

static gboolean
search_block (L4Database *database, const L4Search *search, L4Lexemes *lexemes, GPtrArray *hits, GError **error)
{
  g_autofree char *query = l4_postgres_write_query (search->query, lexemes), *block = NULL;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint64 begin = search->offset / L4_SEARCH_BLOCK * L4_SEARCH_BLOCK;

  if (!l4_postgres_find_newest (database, search, query, begin + L4_SEARCH_BLOCK, ids, error))
    return FALSE;
  block = l4_postgres_write_ids (ids, begin);
  return l4_database_query (database, row_hit, hits, error, "SELECT " COLUMNS ", ts_rank (w.words, $1::tsquery, 1)::double precision AS "
      "score FROM windows AS w " L4_FILM " WHERE w.id = ANY ($2::bigint[]) ORDER BY score DESC, w.id DESC LIMIT $3 OFFSET $4", "ttii", query,
      block, (gint64) search->limit, (gint64) (search->offset - begin));
}

/* Questions --------------------------------------------------------------------------------------------------------------------- */

/* A word of a question. */
typedef struct
{
  char *query;                  /* tsquery */
  double n, weight;             /* of windows that have it, about; how much it counts: the more, the fewer these are */
} Word;

static void
word_clear (gpointer data)
{
  g_free (((Word *) data)->query);
}

static void
row_plan (const L4Value *columns, gpointer n)
{
  g_autofree char *plan = l4_value_text (columns);
  const char *rows = plan == NULL ? NULL : strstr (plan, "\"Plan Rows\": ");

  *(double *) n = rows == NULL ? 0 : g_ascii_strtod (rows + strlen ("\"Plan Rows\": "), NULL);
}

/* How many windows have each is what the server guesses from its statistics: counting those of a common word takes long. */
static gboolean
weigh (L4Database *database, const L4Query *query, L4Lexemes *lexemes, GArray *words, GError **error)
{
  gint64 n_windows = 0;

  g_array_set_clear_func (words, word_clear);
  if (!l4_database_query (database, l4_row_integer, &n_windows, error, "SELECT max (id) FROM windows", ""))
    return FALSE;
  for (guint i = 0; i < query->groups->len; i++) {
    Word word = { l4_postgres_write_group (query->groups->pdata[i], lexemes) };

    if (!l4_database_query (database, row_plan, &word.n, error, "EXPLAIN (FORMAT JSON) SELECT 1 FROM windows WHERE words @@ $1::tsquery", "t",
            word.query)) {
      word_clear (&word);
      return FALSE;
    }
    word.weight = log (1 + n_windows / (1 + word.n));
    g_array_append_val (words, word);
  }
  return TRUE;
}

/* All windows with a rare word are ranked; of common ones the newest, and the newest that have all of these. */
static gboolean
find_candidates (L4Database *database, const L4Search *search, const GArray *words, GString *rare, GArray *ids, GError **error)
{
  g_autoptr (GString) common = g_string_new (NULL);

  for (guint i = 0; i < words->len; i++) {
    const Word *word = &g_array_index (words, Word, i);

    if (word->n <= MAX_RARE) {
      g_string_append_printf (rare, "%s%s", rare->len > 0 ? " | " : "", word->query);
    } else {
      g_string_append_printf (common, "%s%s", common->len > 0 ? " & " : "", word->query);
      if (!l4_postgres_find_newest (database, search, word->query, L4_SEARCH_BLOCK, ids, error))
        return FALSE;
    }
  }
  return common->len == 0 || l4_postgres_find_newest (database, search, common->str, L4_SEARCH_BLOCK, ids, error);
}

/* Two JSON arrays: the words, and what they count. */
static void
write_words (const GArray *words, GString *queries, GString *weights)
{
  for (guint i = 0; i < words->len; i++) {
    const Word *word = &g_array_index (words, Word, i);
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf (queries, "%s\"%s\"", i > 0 ? "," : "[", word->query);     /* letters and digits: nothing to escape */
    g_string_append_printf (weights, "%s%s", i > 0 ? "," : "[", g_ascii_dtostr (number, sizeof number, word->weight));
  }
  g_string_append_c (queries, ']');
  g_string_append_c (weights, ']');
}

static gboolean
search_any (L4Database *database, const L4Search *search, L4Lexemes *lexemes, GPtrArray *hits, GError **error)
{
  g_autoptr (GArray) words = g_array_new (FALSE, FALSE, sizeof (Word));
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GString) rare = g_string_new (NULL);
  g_autoptr (GString) queries = g_string_new (NULL);
  g_autoptr (GString) weights = g_string_new (NULL);
  g_autofree char *common = NULL;

  if (!weigh (database, search->query, lexemes, words, error) || !find_candidates (database, search, words, rare, ids, error))
    return FALSE;
  write_words (words, queries, weights);
  common = l4_postgres_write_ids (ids, 0);
  return l4_database_query (database, row_hit, hits, error, "WITH terms AS MATERIALIZED (SELECT q.value::tsquery AS query, "
      "w.value::double precision AS weight FROM json_array_elements_text ($5::json) WITH ORDINALITY AS q JOIN "
      "json_array_elements_text ($6::json) WITH ORDINALITY AS w USING (ordinality)), "
      "candidates AS MATERIALIZED (SELECT id FROM windows WHERE words @@ $1::tsquery UNION SELECT unnest ($7::bigint[])) "
      "SELECT " COLUMNS ", (SELECT sum (weight) FROM terms WHERE w.words @@ query) AS score FROM candidates AS c JOIN windows AS w "
      "ON w.id = c.id " L4_FILM " WHERE " L4_FILTER L4_WINDOW_IN_TIME " ORDER BY score DESC, w.id DESC LIMIT $8 OFFSET $9", "ttiitttii", rare->str,
      search->regex, search->since, search->until, queries->str, weights->str, common, (gint64) search->limit, (gint64) search->offset);
}

/* All ---------------------------------------------------------------------------------------------------------------------------- */

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
  guint first = hits->len;

  return l4_lexemes_add_query (lexemes, database, search->query, error)
      && (search->any ? search_any : search_block) (database, search, lexemes, hits, error)
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
  g_autofree char *query = NULL;

  *has = FALSE;
  if (!l4_lexemes_add (lexemes, database, term->words, error))
    return FALSE;
  query = l4_postgres_write_term (term, lexemes);
  return l4_database_query (database, row_has, has, error, "SELECT 1 FROM windows WHERE words @@ $1::tsquery LIMIT 1", "t", query);
}
