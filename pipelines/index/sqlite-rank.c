/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How well a sentence fits a query, by itself: FTS5's own bm25() goes through all sentences first, to learn how rare each word is. */

#include "index/sqlite.h"

#include <string.h>

#define MAX_PHRASES 64
#define SATURATION 1.2          /* as bm25() has them: how much a word said again counts, */
#define LENGTH_SHARE 0.75       /* and how much the sentence's length does */

/* fit (sentences): the sum over phrases of how often they are said, for the sentence's length against the usual one. */
static void
fit (const Fts5ExtensionApi *api, Fts5Context *row, sqlite3_context *context, int n_values, sqlite3_value **values)
{
  int n_phrases = MIN (api->xPhraseCount (row), MAX_PHRASES), n_instances = 0, length = 0, result;
  int counts[MAX_PHRASES] = { 0 };
  sqlite3_int64 total = 0, n_rows = 0;
  double score = 0, usual;

  if ((result = api->xInstCount (row, &n_instances)) != SQLITE_OK || (result = api->xColumnSize (row, -1, &length)) != SQLITE_OK
      || (result = api->xColumnTotalSize (row, -1, &total)) != SQLITE_OK || (result = api->xRowCount (row, &n_rows)) != SQLITE_OK) {
    sqlite3_result_error_code (context, result);
    return;
  }
  for (int i = 0; i < n_instances; i++) {
    int phrase, column, offset;

    if (api->xInst (row, i, &phrase, &column, &offset) == SQLITE_OK && phrase < n_phrases)
      counts[phrase]++;
  }
  usual = MAX (1.0, (double) total / MAX (n_rows, 1));
  for (int i = 0; i < n_phrases; i++)
    score += counts[i] * (SATURATION + 1) / (counts[i] + SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / usual));
  sqlite3_result_double (context, score);
}

/* FTS5 hands its interface out through a statement. NULL: there is none. */
static fts5_api *
get_interface (sqlite3 *handle)
{
  fts5_api *api = NULL;
  sqlite3_stmt *statement;

  if (sqlite3_prepare_v2 (handle, "SELECT fts5(?1)", -1, &statement, NULL) != SQLITE_OK)
    return NULL;
  sqlite3_bind_pointer (statement, 1, &api, "fts5_api_ptr", NULL);
  sqlite3_step (statement);
  sqlite3_finalize (statement);
  return api;
}

gboolean
l4_sqlite_add_rank (L4Sqlite *self, GError **error)
{
  fts5_api *api = get_interface (self->handle);

  if (api == NULL)
    return l4_sqlite_fail (self, error);
  return api->xCreateFunction (api, "fit", NULL, fit, NULL) == SQLITE_OK || l4_sqlite_fail (self, error);
}
