/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text as words: letters and digits between everything else, as SQLite's unicode61 cuts it. */

#pragma once

#include <glib.h>

/* A longer word is several, characters. */
#define L4_MAX_WORD 64

typedef struct
{
  gsize start, end;             /* bytes of the text */
  char *lower;                  /* in lower case */
  char *folded;                 /* without accents, too */
} L4Word;

/* Text as it is written and asked for: composed (NFC), without the invisible characters that a word may hold, as soft hyphens. text: valid
 * UTF-8. (transfer full) */
char *l4_words_normalize (const char *text);

/* Characters of scripts that write without blanks are a word each. text: valid UTF-8. (transfer full) */
GArray *l4_words_split (const char *text);      /* of L4Word, in order */

/* The distinct words as a JSON array, sorted; and all of them in order. (transfer full) */
char *l4_words_to_set (const GArray *words);
char *l4_words_to_list (const GArray *words, gboolean folded);

/* Sets a zero width space between words that touch, as of scripts that write without blanks, for who cuts by characters' kinds alone; takes
 * them away. (transfer full) */
char *l4_words_space (const char *text);
char *l4_words_unspace (const char *text);

/* How many characters are to be put in, left out, replaced or swapped with their neighbour; more than limit: limit + 1. */
guint l4_words_distance (const char *a, const char *b, guint limit);
