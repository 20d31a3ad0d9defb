/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* States of a text within a value of a schema. A state is the set of all ways to read the text; each of these leads to an end by
 * itself, so that a way may be left out where there are too many. */

#include "schema/automaton.h"

#include <string.h>

#include "schema/automaton-private.h"

#define MAX_THREADS 4096

typedef struct
{
  guint32 first_thread, n_threads;
  guint32 *next;                /* [256] by bytes; 0: not known yet; NULL: none is known */
  gboolean may_end;
} State;

struct _L4Automaton
{
  const L4Schema *schema;
  GArray *states;               /* of State; 0 is none, 1 is dead */
  GArray *threads;              /* of L4Thread, of the states one after the other, each in order */
  GHashTable *by_threads;       /* GBytes → state */
  L4Reading reading;            /* what it says is next is scratch */
  gsize n_nexts;                /* states whose next are not NULL */
};

static void
clear_states (L4Automaton *self)
{
  for (guint i = 0; i < self->states->len; i++)
    g_free (g_array_index (self->states, State, i).next);
}

static void
empty (L4Automaton *self)
{
  clear_states (self);
  g_hash_table_remove_all (self->by_threads);
  g_array_set_size (self->threads, 0);
  g_array_set_size (self->states, 0);
  g_array_set_size (self->states, L4_STATE_DEAD + 1);
  self->n_nexts = 0;
  l4_reading_forget (&self->reading);
}

L4Automaton *
l4_automaton_new (const L4Schema *schema)
{
  L4Automaton *self = g_new0 (L4Automaton, 1);

  self->schema = schema;
  self->states = g_array_new (FALSE, TRUE, sizeof (State));
  self->threads = g_array_new (FALSE, FALSE, sizeof (L4Thread));
  self->by_threads = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  l4_reading_init (&self->reading, schema);
  empty (self);
  return self;
}

void
l4_automaton_free (L4Automaton *self)
{
  if (self == NULL)
    return;
  clear_states (self);
  g_array_unref (self->states);
  g_array_unref (self->threads);
  g_hash_table_unref (self->by_threads);
  l4_reading_clear (&self->reading);
  g_free (self);
}

guint
l4_automaton_size (const L4Automaton *self)
{
  return self->states->len;
}

/* Threads stand with their states and in the keys of these; a frame and a key are two allocations or three. */
gsize
l4_automaton_bytes (const L4Automaton *self)
{
  return 2 * self->threads->len * sizeof (L4Thread) + self->states->len * (sizeof (State) + 128) + self->n_nexts * 256 * sizeof (guint32)
      + self->reading.frames->len * (2 * sizeof (L4Frame) + 64);
}

static State *
get_state (const L4Automaton *self, guint32 state)
{
  return &g_array_index (self->states, State, state);
}

static const L4Thread *
threads_of (const L4Automaton *self, guint32 state)
{
  return &g_array_index (self->threads, L4Thread, get_state (self, state)->first_thread);
}

/* Sets of threads ------------------------------------------------------------------------------------------------------------------ */

static int
compare_threads (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (L4Thread));
}

/* The state of the threads in scratch. */
static guint32
find_state (L4Automaton *self)
{
  State made = { self->threads->len };
  guint n = 0;
  GBytes *key;
  gpointer known;

  if (self->reading.next->len == 0)
    return L4_STATE_DEAD;
  if (self->reading.next->len > MAX_THREADS)
    g_array_set_size (self->reading.next, MAX_THREADS);
  g_array_sort (self->reading.next, compare_threads);
  for (guint i = 0; i < self->reading.next->len; i++) {
    L4Thread thread = g_array_index (self->reading.next, L4Thread, i);

    if (n == 0 || memcmp (&thread, &g_array_index (self->reading.next, L4Thread, n - 1), sizeof thread) != 0)
      g_array_index (self->reading.next, L4Thread, n++) = thread;
    made.may_end |= thread.node == L4_NO_NODE;
  }
  key = g_bytes_new (self->reading.next->data, n * sizeof (L4Thread));
  if (g_hash_table_lookup_extended (self->by_threads, key, NULL, &known)) {
    g_bytes_unref (key);
    return GPOINTER_TO_UINT (known);
  }
  made.n_threads = n;
  g_array_append_vals (self->threads, self->reading.next->data, n);
  g_array_append_val (self->states, made);
  g_hash_table_insert (self->by_threads, key, GUINT_TO_POINTER (self->states->len - 1));
  return self->states->len - 1;
}

/* States -------------------------------------------------------------------------------------------------------------------------------- */

guint32
l4_automaton_begin (L4Automaton *self)
{
  g_array_set_size (self->reading.next, 0);
  l4_reading_begin (&self->reading, 0, 0);
  return find_state (self);
}

guint32
l4_automaton_step (L4Automaton *self, guint32 state, guint8 byte)
{
  State *from = get_state (self, state);
  guint32 next = from->next != NULL ? from->next[byte] : 0;

  if (next != 0)
    return next;
  if (state == L4_STATE_DEAD)
    return L4_STATE_DEAD;
  g_array_set_size (self->reading.next, 0);
  for (guint32 i = 0; i < from->n_threads; i++) {
    L4Thread thread = threads_of (self, state)[i];

    l4_reading_step (&self->reading, &thread, byte);
  }
  next = find_state (self);
  from = get_state (self, state);
  if (from->next == NULL) {
    from->next = g_new0 (guint32, 256);
    self->n_nexts++;
  }
  from->next[byte] = next;
  return next;
}

/* Puts a frame of before, and what is around it, where frames are now. */
static guint32
keep_frame (L4Automaton *self, const L4Frame *frames, guint32 frame)
{
  guint32 around[L4_SCHEMA_DEPTH + 1], kept = 0;
  guint n = 0;

  for (; frame != 0 && n < G_N_ELEMENTS (around); frame = frames[frame].parent)
    around[n++] = frame;
  while (n-- > 0)
    kept = l4_reading_frame (&self->reading, frames[around[n]].node, frames[around[n]].count, kept);
  return kept;
}

void
l4_automaton_forget (L4Automaton *self, guint32 *keep, guint n)
{
  g_autoptr (GArray) threads = g_array_new (FALSE, FALSE, sizeof (L4Thread));
  g_autofree guint32 *lengths = g_new (guint32, n);
  g_autofree L4Frame *frames = g_memdup2 (self->reading.frames->data, self->reading.frames->len * sizeof (L4Frame));
  gsize at = 0;

  for (guint k = 0; k < n; k++) {
    lengths[k] = get_state (self, keep[k])->n_threads;
    g_array_append_vals (threads, threads_of (self, keep[k]), lengths[k]);
  }
  empty (self);
  for (guint k = 0; k < n; k++) {
    g_array_set_size (self->reading.next, 0);
    for (guint32 i = 0; i < lengths[k]; i++) {
      L4Thread thread = g_array_index (threads, L4Thread, at++);

      thread.frame = keep_frame (self, frames, thread.frame);
      g_array_append_val (self->reading.next, thread);
    }
    keep[k] = find_state (self);
  }
}

gboolean
l4_automaton_may_end (const L4Automaton *self, guint32 state)
{
  return get_state (self, state)->may_end;
}

gboolean
l4_automaton_must_end (const L4Automaton *self, guint32 state)
{
  return get_state (self, state)->may_end && get_state (self, state)->n_threads == 1;
}

/* The thread that is nearest to the end. */
static const L4Thread *
nearest (const L4Automaton *self, guint32 state, guint64 *bytes)
{
  const L4Thread *threads = threads_of (self, state), *best = NULL;

  *bytes = L4_NEVER;
  for (guint32 i = 0; i < get_state (self, state)->n_threads; i++) {
    guint64 own = l4_thread_shortest (self->schema, (const L4Frame *) self->reading.frames->data, &threads[i]);

    if (own < *bytes) {
      *bytes = own;
      best = &threads[i];
    }
  }
  return best;
}

guint64
l4_automaton_shortest (const L4Automaton *self, guint32 state)
{
  guint64 bytes;

  nearest (self, state, &bytes);
  return bytes;
}

void
l4_automaton_complete (const L4Automaton *self, guint32 state, GString *text)
{
  guint64 bytes;
  const L4Thread *thread = nearest (self, state, &bytes);

  if (thread != NULL)
    l4_thread_complete (self->schema, (const L4Frame *) self->reading.frames->data, thread, text);
}

/* How many characters a string has matters only where one of its lengths is near. */
static guint32
simple_count (const L4SchemaNode *string, guint32 count, guint32 longest)
{
  guint32 missing = string->least > count ? string->least - count : 0;

  if (missing > longest + 1)
    return string->least - longest - 1;
  if (string->most != L4_DFA_NONE && missing == 0 && string->most - count > longest + 1 && string->most - longest - 1 >= string->least)
    return string->most - longest - 1;
  return count;
}

guint32
l4_automaton_simplify (L4Automaton *self, guint32 state, guint longest)
{
  g_array_set_size (self->reading.next, 0);
  for (guint32 i = 0; i < get_state (self, state)->n_threads; i++) {
    L4Thread thread = threads_of (self, state)[i];
    const L4SchemaNode *node = thread.node != L4_NO_NODE ? l4_schema_node (self->schema, thread.node) : NULL;

    if (node != NULL && node->kind == L4_NODE_STRING && thread.place != L4_PLACE_BEFORE)
      thread.count = simple_count (node, thread.count, longest);
    g_array_append_val (self->reading.next, thread);
  }
  return find_state (self);
}

gboolean
l4_schema_accepts (const L4Schema *schema, const char *text, gsize length)
{
  g_autoptr (L4Automaton) self = l4_automaton_new (schema);
  guint32 state = l4_automaton_begin (self);

  for (gsize i = 0; i < length && state != L4_STATE_DEAD; i++)
    state = l4_automaton_step (self, state, (guint8) text[i]);
  return l4_automaton_may_end (self, state);
}
