/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queries in PostgreSQL's language. */

#pragma once

#include "index/postgres-mark.h"

/* Adds the lexemes of all words of the query. Within a transaction. */
gboolean l4_lexemes_add_query (L4Lexemes *lexemes, L4Database *database, const L4Query *query, GError **error);

/* As a tsquery; lexemes knows all words of it. (transfer full) */
char *l4_postgres_write_query (const L4Query *query, L4Lexemes *lexemes);
char *l4_postgres_write_group (const L4Group *group, L4Lexemes *lexemes);
char *l4_postgres_write_term (const L4Term *term, L4Lexemes *lexemes);
