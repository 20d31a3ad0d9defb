/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regular expressions of a schema's keyword pattern, as an automaton. */

#pragma once

#include "schema/dfa.h"

/* Strings of JSON, with their quotes, in which the pattern is found somewhere, and which have least … most characters (most
 * L4_DFA_NONE: any number). Understood are characters, ., classes in brackets, \d \w \s and their opposites, \t \n \r \f \v \0 \xHH \uHHHH,
 * escaped punctuation, groups, |, * + ? {n} {n,} {n,m}, lazy or not, ^ and $. What else there is fails with a reason, as does a
 * pattern whose automaton is too large. (transfer full) */
L4Dfa *l4_pattern_to_dfa (const char *pattern, guint32 least, guint32 most, GError **error);

/* Strings of JSON of any length, without their quotes; state 0 is where a character ends. (transfer full) */
L4Dfa *l4_any_string_to_dfa (void);
