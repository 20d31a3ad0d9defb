/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The newest windows that a query hits. */

#pragma once

#include "index/postgres.h"
#include "index/search.h"

/* For statements with windows AS w: their films, without those that lost their place, and what the search says of them ($2), before what it says of times. */
#define L4_FILM "JOIN videos AS v ON v.id = w.video AND v.newest_run = w.run AND v.path IS NOT NULL"
#define L4_FILTER "($2::text IS NULL OR v.shown ~ $2) AND "

/* Adds the ids (gint64) of the n newest windows that the tsquery hits in the films of the search, the newest first. */
gboolean l4_postgres_find_newest (L4Database *database, const L4Search *search, const char *query, guint64 n, GArray *ids, GError **error);

/* Ids from begin on as an array of PostgreSQL's. (transfer full) */
char *l4_postgres_write_ids (const GArray *ids, gsize begin);
