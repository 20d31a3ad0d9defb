/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What somebody wants to find, as a tree: any of groups, in a group all of what is wanted and none of what is not. */

#pragma once

#include "index/words.h"

/* A word, or several that follow each other. */
typedef struct _L4Term
{
  GArray *words;                /* of L4Word; at least one */
  gboolean quoted;              /* it stood in quotation marks */
  gboolean prefix;              /* the last word is the beginning of one */
} L4Term;

typedef struct
{
  GPtrArray *wanted;            /* of L4Term; at least one */
  GPtrArray *unwanted;          /* of L4Term */
} L4Group;

typedef struct
{
  GPtrArray *groups;            /* of L4Group; at least one */
} L4Query;

/* words, "phrases", prefix*, OR, -not; with any: any of the words, those left out that most sentences have. (transfer full) */
L4Query *l4_query_parse (const char *text, gboolean any, GError **error);
void l4_query_free (L4Query *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Query, l4_query_free)

/* A text that reads as the same tree. (transfer full) */
char *l4_query_to_string (const L4Query *self);

/* Sets another word in the place of one of a term. */
void l4_term_replace (L4Term *self, guint at, const char *word);

/* A glob over paths as a regular expression that PCRE and PostgreSQL understand alike: * any characters, ? one, [a-z] [!a-z] one of
 * them. Without a slash it is for the file's name alone. (transfer full) */
char *l4_query_glob_to_regex (const char *glob);
