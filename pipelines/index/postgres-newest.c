/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The newest windows that a query hits. */

#include "index/postgres-newest.h"

#define FIRST_SPAN 5000         /* ids that are looked at first */
#define MOST_GROWTH 8           /* of the next ones */
#define MARGIN 1.3              /* more than seem to be needed, so that they suffice */
#define MAX_FILMS 1000          /* that are looked up one by one */

static void
row_id (const L4Value *columns, gpointer ids)
{
  gint64 id = l4_value_integer (columns);

  g_array_append_val ((GArray *) ids, id);
}

char *
l4_postgres_write_ids (const GArray *ids, gsize begin)
{
  GString *text = g_string_new ("{");

  for (gsize i = begin; i < ids->len; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > begin ? "," : "", g_array_index (ids, gint64, i));
  return g_string_free (g_string_append_c (text, '}'), FALSE);
}

/* The films that are chosen by name and time, when they are few. NULL in *films: all are, or many. (transfer full) */
static gboolean
find_films (L4Database *database, const L4Search *search, char **films, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));

  *films = NULL;
  if (search->regex == NULL && search->since == 0 && search->until == 0)
    return TRUE;
  if (!l4_database_query (database, row_id, ids, error, "SELECT v.id FROM videos AS v WHERE $1::bigint > 0 AND " L4_FILTER L4_FILM_IN_TIME " LIMIT $1",
          "itii", (gint64) MAX_FILMS + 1, search->regex, search->since, search->until))
    return FALSE;
  if (ids->len <= MAX_FILMS)
    *films = l4_postgres_write_ids (ids, 0);
  return TRUE;
}

/* How many ids to look at next, by how many of the last ones were hits. */
static gint64
get_next_span (gint64 span, guint n_hits, guint64 n_needed)
{
  double enough = n_hits > 0 ? MARGIN * n_needed * span / n_hits : G_MAXINT64;

  return MAX (FIRST_SPAN, MIN (enough, (double) MOST_GROWTH * MIN (span, G_MAXINT64 / (2 * MOST_GROWTH))));
}

/* The newest ids are looked at first, then more at once: of a common word few windows are read, and a rare one is looked up a few times.
 * By itself the server would walk through all windows backwards when it thinks a phrase more common than it is. */
gboolean
l4_postgres_find_newest (L4Database *database, const L4Search *search, const char *query, guint64 n, GArray *ids, GError **error)
{
  static const char of_all[] = "WITH matching AS MATERIALIZED (SELECT id, video, run, start, \"end\" FROM windows WHERE words @@ $1::tsquery AND "
      "id > $5::bigint AND id <= $6::bigint) SELECT w.id FROM matching AS w " L4_FILM " WHERE " L4_FILTER L4_WINDOW_IN_TIME " ORDER BY w.id DESC LIMIT $7";
  static const char of_films[] = "WITH matching AS MATERIALIZED (SELECT id, video, run, start, \"end\" FROM windows WHERE words @@ $1::tsquery AND "
      "id > $5::bigint AND id <= $6::bigint AND video = ANY ($8::bigint[])) SELECT w.id FROM matching AS w " L4_FILM " WHERE " L4_FILTER
      L4_WINDOW_IN_TIME " ORDER BY w.id DESC LIMIT $7";
  gint64 to = 0, span = FIRST_SPAN;
  guint first = ids->len;
  g_autofree char *films = NULL;

  if (!l4_database_query (database, l4_row_integer, &to, error, "SELECT max (id) FROM windows", "")
      || !find_films (database, search, &films, error))
    return FALSE;
  if (films != NULL)
    span = MAX (to, 1);         /* their windows are not many */
  while (to > 0 && ids->len - first < n) {
    guint before = ids->len;

    if (!l4_database_query (database, row_id, ids, error, films == NULL ? of_all : of_films, films == NULL ? "ttiiiii" : "ttiiiiit", query,
            search->regex, search->since, search->until, to > span ? to - span : 0, to, (gint64) n - (ids->len - first), films))
      return FALSE;
    to -= span;
    span = get_next_span (span, ids->len - before, n - (ids->len - first));
  }
  return TRUE;
}
