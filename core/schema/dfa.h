/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finite automata over bytes: what one value that is no container may look like. */

#pragma once

#include "base/error.h"

#define L4_DFA_NONE G_MAXUINT32 /* no state; also no number of bytes */
#define L4_MAX_CHARACTER 0x10ffff

typedef struct
{
  guint8 first, last;           /* bytes */
  guint32 next;                 /* a state */
} L4DfaEdge;

typedef struct
{
  guint32 first_edge, n_edges;
  guint32 shortest;             /* bytes from here to the nearest end; 0: here it may end; L4_DFA_NONE: never */
} L4DfaState;

/* Begins in state 0. Immutable; any thread. Edges that lead to no end are not there. */
typedef struct
{
  L4DfaState *states;
  L4DfaEdge *edges;             /* of a state in the order of their bytes */
  guint n_states;
} L4Dfa;

void l4_dfa_free (L4Dfa *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Dfa, l4_dfa_free)

/* L4_DFA_NONE: no word goes on like that. */
guint32 l4_dfa_step (const L4Dfa *self, guint32 state, guint8 byte);
/* Appends the shortest rest of a word from state on. */
void l4_dfa_complete (const L4Dfa *self, guint32 state, GString *word);

/* Building ---------------------------------------------------------------------------------------------------------------- */

typedef struct _L4DfaBuilder L4DfaBuilder;

/* Of at most most_states. (transfer full) */
L4DfaBuilder *l4_dfa_builder_new (guint most_states);
void l4_dfa_builder_free (L4DfaBuilder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4DfaBuilder, l4_dfa_builder_free)

/* Where too many states were asked for, the same one comes again and the automaton is of no use. */
guint32 l4_dfa_builder_add (L4DfaBuilder *self, gboolean may_end);
void l4_dfa_builder_set_end (L4DfaBuilder *self, guint32 state);
gboolean l4_dfa_builder_is_full (const L4DfaBuilder *self);
/* The bytes first … last of a state lead nowhere else. */
void l4_dfa_builder_connect (L4DfaBuilder *self, guint32 state, guint8 first, guint8 last, guint32 next);

/* Characters that lead from one state to another. */
typedef struct
{
  gunichar first, last;
  guint32 next;
} L4CharacterEdge;

/* Connects a state by characters as they stand within a string of JSON, in the one way that this project writes them: UTF-8, and an
 * escape for what needs one. edges [n] in their order, without overlaps, surrogates left out. */
void l4_dfa_builder_connect_characters (L4DfaBuilder *self, guint32 state, const L4CharacterEdge *edges, gsize n);

/* (transfer full); the builder is empty afterwards. */
L4Dfa *l4_dfa_builder_finish (L4DfaBuilder *self);

/* An automaton whose words are these, each with its own length. (transfer full); NULL: it would have more than most_states. */
L4Dfa *l4_dfa_of_words (const GPtrArray *words /* of GString */ , guint most_states);

/* An automaton whose states are keys of key_size bytes, found from start on. step: fills next (zeroed); FALSE: no word goes on like that.
 * (transfer full); NULL: it would have more than most_states. */
typedef struct
{
  gsize key_size;
  gboolean (*step) (gconstpointer key, guint8 byte, gpointer next, gconstpointer user_data);
  gboolean (*may_end) (gconstpointer key, gconstpointer user_data);
} L4DfaRule;

L4Dfa *l4_dfa_explore (const L4DfaRule *rule, gconstpointer start, guint most_states, gconstpointer user_data);
