/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words as a PostgreSQL index has them, and hits marked in sentences. */

#pragma once

#include "index/postgres.h"
#include "index/query.h"

/* The lexemes of words in all languages of the index: sets of strings, by the words in lower case. */
typedef GHashTable L4Lexemes;

/* Adds those of the words; both spellings of each. Within a transaction. */
gboolean l4_lexemes_add (L4Lexemes *self, L4Database *database, const GArray *words, GError **error);
L4Lexemes *l4_lexemes_new (void);

/* Of a word that was added: a set of char *; never NULL. */
GHashTable *l4_lexemes_get (L4Lexemes *self, const L4Word *word);

/* The text with marks around what the query wants; lexemes knows the query's words and the text's. (transfer full) */
char *l4_lexemes_mark (L4Lexemes *self, const L4Query *query, const char *text);
