/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A search as the kinds of database carry it out. */

#pragma once

#include "index/database.h"
#include "index/query.h"

/* Of words that more windows have, so many of the newest are ranked; the rest follows in blocks of as many. */
#define L4_SEARCH_BLOCK 500

/* Around hits in a sentence. */
#define L4_MARK_BEGIN "\356\200\200"     /* U+E000 */
#define L4_MARK_END "\356\200\201"       /* U+E001 */

struct _L4Search
{
  const L4Query *query;
  gboolean any;                 /* all windows are ranked, by how many of the words they have and how rare these are */
  const char *regex;            /* that the path must match; NULL: none */
  gint64 since, until;          /* nanoseconds since 1970 */
  guint64 limit, offset;        /* of the hits; never beyond the end of a block unless any */
};

/* Adds what there is to hits (of L4IndexHit), best first. Within a transaction. */
gboolean l4_sqlite_search (L4Database *database, const L4Search *search, GPtrArray *hits, GError **error);
gboolean l4_postgres_search (L4Database *database, const L4Search *search, GPtrArray *hits, GError **error);

/* Whether any sentence has that term, whatever the file. */
gboolean l4_sqlite_has (L4Database *database, const L4Term *term, gboolean *has, GError **error);
gboolean l4_postgres_has (L4Database *database, const L4Term *term, gboolean *has, GError **error);

/* A hit from a row: a video's columns, a bare window's, the score. Takes marked. (transfer full) */
L4IndexHit *l4_hit_from_row (const L4Value *columns, char *marked);
