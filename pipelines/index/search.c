/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding windows by what was said of them, and words near to those that nobody said. */

#include "index/search.h"

#include <string.h>

#include "index/index-private.h"
#include "index/videos.h"
#include "index/windows.h"

#define DEFAULT_LIMIT 20
#define MAX_CANDIDATES 50       /* nearest words that are tried */

void
l4_index_hit_free (L4IndexHit *hit)
{
  if (hit == NULL)
    return;
  l4_index_video_free (hit->video);
  l4_index_window_free (hit->window);
  g_free (hit->marked);
  g_free (hit);
}

L4IndexHit *
l4_hit_from_row (const L4Value *columns, char *marked)
{
  L4IndexHit *hit = g_new0 (L4IndexHit, 1);
  const L4Value *score = &columns[L4_N_VIDEO_COLUMNS + L4_N_WINDOW_COLUMNS];

  hit->video = l4_video_from_row (columns);
  hit->window = l4_window_from_row (columns + L4_N_VIDEO_COLUMNS);
  hit->score = score->type == L4_VALUE_REAL ? score->real : (double) l4_value_integer (score);
  hit->marked = marked;
  return hit;
}

/* Nearest words ----------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  char *word;
  guint distance;
  gsize shared;                 /* bytes that begin both words */
} Candidate;

typedef struct
{
  const L4Word *wrong;
  guint limit;                  /* of the distance */
  gboolean prefix;              /* candidates are cut to the length of wrong */
  GArray *candidates;           /* of Candidate */
} Nearness;

static void
candidate_clear (gpointer data)
{
  g_free (((Candidate *) data)->word);
}

static int
compare_candidates (gconstpointer a, gconstpointer b)
{
  const Candidate *left = a, *right = b;

  if (left->distance != right->distance)
    return left->distance < right->distance ? -1 : 1;
  if (left->shared != right->shared)
    return left->shared > right->shared ? -1 : 1;
  return strcmp (left->word, right->word);
}

/* For the beginning of a word the beginnings of words are candidates. */
static void
row_word (const L4Value *columns, gpointer data)
{
  const Nearness *nearness = data;
  const char *wrong = nearness->wrong->folded;
  g_autofree char *word = l4_value_text (&columns[0]), *cut = NULL;
  g_autoptr (GArray) words = NULL;
  Candidate candidate = { .shared = 0 };

  if (word == NULL)
    return;
  cut = nearness->prefix ? g_utf8_substring (word, 0, MIN (g_utf8_strlen (word, -1), g_utf8_strlen (wrong, -1))) : g_strdup (word);
  words = l4_words_split (cut);
  if (words->len != 1)
    return;
  candidate.distance = l4_words_distance (wrong, g_array_index (words, L4Word, 0).folded, nearness->limit);
  if (candidate.distance > nearness->limit)
    return;
  candidate.word = g_steal_pointer (&g_array_index (words, L4Word, 0).lower);
  while (wrong[candidate.shared] != '\0' && wrong[candidate.shared] == candidate.word[candidate.shared])
    candidate.shared++;
  g_array_append_val (nearness->candidates, candidate);
}

/* Whether a word by itself hits anything. */
static gboolean
has_word (L4Index *self, const L4Word *word, gboolean prefix, gboolean *has, GError **error)
{
  g_autoptr (GArray) words = g_array_new (FALSE, FALSE, sizeof (L4Word));
  L4Term alone = { words, .prefix = prefix };

  g_array_append_val (words, *word);
  return self->database->class->has (self->database, &alone, has, error);
}

/* How many slips a word may have: a third of its characters at most. One in a number makes another number; one in one or two characters, of
 * which scripts without blanks have words, any other word. */
static guint
get_limit (const L4Word *word)
{
  glong n = g_utf8_strlen (word->folded, -1);

  for (const char *at = word->folded; *at != '\0'; at = g_utf8_next_char (at))
    if (g_unichar_isdigit (g_utf8_get_char (at)))
      return 0;
  return MIN (n / 3, 4);
}

/* The candidates, nearest first. */
static gboolean
find_candidates (L4Index *self, const L4Word *wrong, gboolean prefix, GArray *candidates, GError **error)
{
  Nearness nearness = { wrong, get_limit (wrong), prefix, candidates };

  g_array_set_clear_func (candidates, candidate_clear);
  if (!l4_database_query (self->database, row_word, &nearness, error, "SELECT word FROM words", ""))
    return FALSE;
  g_array_sort (candidates, compare_candidates);
  return TRUE;
}

/* Sets another word in the place of one that hits nothing. FALSE in *replaced: there is none near. */
static gboolean
replace_word (L4Index *self, L4Term *term, guint at, gboolean *replaced, GError **error)
{
  L4Word *wrong = &g_array_index (term->words, L4Word, at);
  g_autoptr (GArray) candidates = g_array_new (FALSE, FALSE, sizeof (Candidate));
  gboolean prefix = term->prefix && at + 1 == term->words->len;

  *replaced = FALSE;
  if (!find_candidates (self, wrong, prefix, candidates, error))
    return FALSE;
  for (guint i = 0; i < MIN (candidates->len, MAX_CANDIDATES) && !*replaced; i++) {
    l4_term_replace (term, at, g_array_index (candidates, Candidate, i).word);
    if (!has_word (self, wrong, prefix, replaced, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
mend_term (L4Index *self, L4Term *term, gboolean *mended, GError **error)
{
  for (guint i = 0; i < term->words->len; i++) {
    g_autofree char *before = g_strdup (g_array_index (term->words, L4Word, i).lower);
    gboolean prefix = term->prefix && i + 1 == term->words->len, has, replaced = FALSE;

    if (!has_word (self, &g_array_index (term->words, L4Word, i), prefix, &has, error)
        || (!has && !replace_word (self, term, i, &replaced, error)))
      return FALSE;
    if (!has && !replaced)
      l4_term_replace (term, i, before);
    *mended |= replaced;
  }
  return TRUE;
}

static gboolean
find_nearest (L4Index *self, L4Query *query, char **nearest, GError **error)
{
  gboolean mended = FALSE;

  for (guint i = 0; i < query->groups->len; i++) {
    const L4Group *group = query->groups->pdata[i];

    for (guint j = 0; j < group->wanted->len; j++)
      if (!mend_term (self, group->wanted->pdata[j], &mended, error))
        return FALSE;
  }
  *nearest = mended ? l4_query_to_string (query) : NULL;
  return TRUE;
}

/* Searching --------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  L4Index *index;
  const L4IndexQuery *query;
  const char *regex;
  GPtrArray *hits;
  char **nearest;
} Work;

/* A block at a time: what is ranked together stays together, whatever the page. */
static gboolean
search_blocks (L4Database *database, L4Search *search, guint64 limit, GPtrArray *hits, GError **error)
{
  while (hits->len < limit) {
    guint before = hits->len;

    search->limit = limit - before;
    if (!search->any)
      search->limit = MIN (search->limit, L4_SEARCH_BLOCK - search->offset % L4_SEARCH_BLOCK);
    if (!database->class->search (database, search, hits, error))
      return FALSE;
    if (hits->len - before < search->limit)
      return TRUE;
    search->offset += search->limit;
  }
  return TRUE;
}

static gboolean
search (L4Database *database, gpointer data, GError **error)
{
  Work *work = data;
  const L4IndexQuery *query = work->query;
  g_autoptr (GError) why = NULL;
  g_autoptr (L4Query) tree = l4_query_parse (query->words, query->any, &why);
  L4Search search = { tree, query->any, work->regex, query->since, query->until, .offset = query->offset };

  g_ptr_array_set_size (work->hits, 0);
  g_clear_pointer (work->nearest, g_free);
  if (tree == NULL && query->any)
    return TRUE;                /* a question of nothing but stop words */
  if (tree == NULL)
    return l4_database_fail (database, L4_ERROR_INPUT, error, "%s", why->message);
  if (!search_blocks (database, &search, query->limit == 0 ? DEFAULT_LIMIT : query->limit, work->hits, error))
    return FALSE;
  return work->hits->len > 0 || query->offset > 0 || find_nearest (work->index, tree, work->nearest, error);
}

GPtrArray *
l4_index_search (L4Index *self, const L4IndexQuery *query, char **nearest, GError **error)
{
  g_autoptr (GPtrArray) hits = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_index_hit_free);
  g_autofree char *regex = query->file == NULL ? NULL : l4_query_glob_to_regex (query->file), *found = NULL;
  Work work = { self, query, regex, hits, &found };

  if (nearest != NULL)
    *nearest = NULL;
  if (!l4_database_transact (self->database, FALSE, search, &work, error))
    return NULL;
  if (nearest != NULL)
    *nearest = g_steal_pointer (&found);
  return g_steal_pointer (&hits);
}
