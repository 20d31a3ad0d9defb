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

/* When the times of a camera's day (videos AS v) begin, nanoseconds since 1970; NULL: of a film, for which the time of its file counts. */
#define L4_BEGIN "CASE WHEN v.container = 'camera' AND v.duration > 0 THEN v.mtime - v.duration END"
#define L4_LONGEST_DAY "93600000000000" /* of 25 hours, and a window that is an hour long */

/* Whether it is in the time of the search ($3 and $4): of a film, or a day that may have such windows; and of these (windows AS w). */
#define L4_IN_TIME(last, first) "(CAST ($3 AS bigint) = 0 OR COALESCE (" L4_BEGIN " + " last ", v.mtime) >= $3) AND " \
    "(CAST ($4 AS bigint) = 0 OR COALESCE (" L4_BEGIN " + " first ", v.mtime) <= $4)"
#define L4_FILM_IN_TIME L4_IN_TIME (L4_LONGEST_DAY, "0")
#define L4_WINDOW_IN_TIME L4_IN_TIME ("w.\"end\"", "w.start")

/* Adds what there is to hits (of L4IndexHit), best first. Within a transaction. */
gboolean l4_sqlite_search (L4Database *database, const L4Search *search, GPtrArray *hits, GError **error);
gboolean l4_postgres_search (L4Database *database, const L4Search *search, GPtrArray *hits, GError **error);

/* Whether any sentence has that term, whatever the file. */
gboolean l4_sqlite_has (L4Database *database, const L4Term *term, gboolean *has, GError **error);
gboolean l4_postgres_has (L4Database *database, const L4Term *term, gboolean *has, GError **error);

/* A hit from a row: a video's columns, a bare window's, the score. Takes marked. (transfer full) */
L4IndexHit *l4_hit_from_row (const L4Value *columns, char *marked);
