/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where in a value of a schema a text may be: states, found as they are needed. */

#pragma once

#include "schema/schema.h"

/* One thread at a time. */
typedef struct _L4Automaton L4Automaton;

#define L4_STATE_DEAD 1         /* no value goes on like that */

/* schema is borrowed. (transfer full) */
L4Automaton *l4_automaton_new (const L4Schema *schema);
void l4_automaton_free (L4Automaton *self);     /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Automaton, l4_automaton_free)

/* Before the first byte. Every state but L4_STATE_DEAD leads to the end of a value. */
guint32 l4_automaton_begin (L4Automaton *self);
guint32 l4_automaton_step (L4Automaton *self, guint32 state, guint8 byte);

/* Whether the value is complete; whether besides nothing can follow. */
gboolean l4_automaton_may_end (const L4Automaton *self, guint32 state);
gboolean l4_automaton_must_end (const L4Automaton *self, guint32 state);

/* Bytes to the nearest end, at most; and what they are, appended. */
guint64 l4_automaton_shortest (const L4Automaton *self, guint32 state);
void l4_automaton_complete (const L4Automaton *self, guint32 state, GString *text);

/* A state from which the same texts of up to `longest` bytes go on, and which many states share. */
guint32 l4_automaton_simplify (L4Automaton *self, guint32 state, guint longest);

/* States that are known, and about what memory they take. Forgetting makes all of them none, but for those of keep [n], which become their new
 * numbers. */
guint l4_automaton_size (const L4Automaton *self);
gsize l4_automaton_bytes (const L4Automaton *self);
void l4_automaton_forget (L4Automaton *self, guint32 *keep, guint n);
