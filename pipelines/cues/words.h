/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small words by which clauses and groups of words are told. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  L4_CUE_WORD_OTHER,
  L4_CUE_WORD_ARTICLE,          /* and what stands like one: a noun follows */
  L4_CUE_WORD_CONJUNCTION,      /* begins a clause */
  L4_CUE_WORD_PREPOSITION,      /* begins a group of words */
  L4_CUE_WORD_AUXILIARY,        /* a verb or an adjective follows */
  L4_CUE_WORD_PRONOUN           /* a verb follows */
} L4CueWord;

/* A word of English, German, French or Spanish, in any case; length in bytes. */
L4CueWord l4_cue_word (const char *word, gsize length);

G_END_DECLS
