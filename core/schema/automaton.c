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
  GArray *frames;               /* of L4Frame */
  GHashTable *by_frame;         /* L4Frame → its number */
  GArray *scratch;              /* of L4Thread */
};

static guint
hash_frame (gconstpointer data)
{
  const L4Frame *frame = data;

  return (frame->node * 31 + frame->count) * 0x9e3779b1u + frame->parent;
}

static gboolean
equal_frames (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (L4Frame)) == 0;
}

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
  g_hash_table_remove_all (self->by_frame);
  g_array_set_size (self->threads, 0);
  g_array_set_size (self->frames, 0);
  g_array_set_size (self->states, 0);
  g_array_set_size (self->states, L4_STATE_DEAD + 1);
  g_array_set_size (self->frames, 1);
}

L4Automaton *
l4_automaton_new (const L4Schema *schema)
{
  L4Automaton *self = g_new0 (L4Automaton, 1);

  self->schema = schema;
  self->states = g_array_new (FALSE, TRUE, sizeof (State));
  self->threads = g_array_new (FALSE, FALSE, sizeof (L4Thread));
  self->by_threads = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  self->frames = g_array_new (FALSE, TRUE, sizeof (L4Frame));
  self->by_frame = g_hash_table_new_full (hash_frame, equal_frames, g_free, NULL);
  self->scratch = g_array_new (FALSE, FALSE, sizeof (L4Thread));
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
  g_array_unref (self->frames);
  g_hash_table_unref (self->by_frame);
  g_array_unref (self->scratch);
  g_free (self);
}

guint
l4_automaton_size (const L4Automaton *self)
{
  return self->states->len;
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

static const L4Frame *
get_frame (const L4Automaton *self, guint32 frame)
{
  return &g_array_index (self->frames, L4Frame, frame);
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

  if (self->scratch->len == 0)
    return L4_STATE_DEAD;
  if (self->scratch->len > MAX_THREADS)
    g_array_set_size (self->scratch, MAX_THREADS);
  g_array_sort (self->scratch, compare_threads);
  for (guint i = 0; i < self->scratch->len; i++) {
    L4Thread thread = g_array_index (self->scratch, L4Thread, i);

    if (n == 0 || memcmp (&thread, &g_array_index (self->scratch, L4Thread, n - 1), sizeof thread) != 0)
      g_array_index (self->scratch, L4Thread, n++) = thread;
    made.may_end |= thread.node == L4_NO_NODE;
  }
  key = g_bytes_new (self->scratch->data, n * sizeof (L4Thread));
  if (g_hash_table_lookup_extended (self->by_threads, key, NULL, &known)) {
    g_bytes_unref (key);
    return GPOINTER_TO_UINT (known);
  }
  made.n_threads = n;
  g_array_append_vals (self->threads, self->scratch->data, n);
  g_array_append_val (self->states, made);
  g_hash_table_insert (self->by_threads, key, GUINT_TO_POINTER (self->states->len - 1));
  return self->states->len - 1;
}

static guint32
find_frame (L4Automaton *self, guint32 node, guint32 count, guint32 parent)
{
  L4Frame frame = { node, count, parent, get_frame (self, parent)->depth + 1 };
  gpointer known = g_hash_table_lookup (self->by_frame, &frame);

  if (known != NULL)
    return GPOINTER_TO_UINT (known);
  g_array_append_val (self->frames, frame);
  g_hash_table_insert (self->by_frame, g_memdup2 (&frame, sizeof frame), GUINT_TO_POINTER (self->frames->len - 1));
  return self->frames->len - 1;
}

static void
add_thread (L4Automaton *self, guint32 node, guint32 place, guint32 count, guint32 frame)
{
  L4Thread thread = { node, place, count, frame };

  g_array_append_val (self->scratch, thread);
}

/* Values ------------------------------------------------------------------------------------------------------------------------------ */

/* Whether there is room for the levels that a value needs within a frame. */
static gboolean
fits (const L4Automaton *self, guint32 value, guint32 depth)
{
  const L4SchemaNode *node = value != L4_NO_NODE ? l4_schema_node (self->schema, value) : NULL;

  return node != NULL && node->need != L4_DFA_NONE && depth + node->need <= L4_SCHEMA_DEPTH;
}

static void
begin_value (L4Automaton *self, guint32 value, guint32 frame)
{
  const L4SchemaNode *node = l4_schema_node (self->schema, value);

  for (guint i = 0; i < node->choices->len; i++) {
    guint32 choice = g_array_index (node->choices, guint32, i);

    if (fits (self, choice, get_frame (self, frame)->depth))
      add_thread (self, choice, L4_PLACE_BEFORE, 0, frame);
  }
}

/* A value is complete: what it stands in goes on. */
static void
end_value (L4Automaton *self, guint32 frame)
{
  const L4Frame *in = get_frame (self, frame);

  if (frame == 0)
    add_thread (self, L4_NO_NODE, 0, 0, 0);
  else
    add_thread (self, in->node, L4_PLACE_AFTER, in->count, in->parent);
}

static void
step_word (L4Automaton *self, const L4Thread *thread, const L4Dfa *word, guint8 byte)
{
  guint32 next = l4_dfa_step (word, thread->place, byte);

  if (next == L4_DFA_NONE)
    return;
  if (word->states[next].n_edges > 0)
    add_thread (self, thread->node, next, 0, thread->frame);
  if (word->states[next].shortest == 0)
    end_value (self, thread->frame);
}

static void
step_string (L4Automaton *self, const L4Thread *thread, const L4SchemaNode *node, guint8 byte)
{
  guint32 state = thread->place - L4_PLACE_FIRST, next, count = thread->count;

  if (thread->place == L4_PLACE_BEFORE) {
    if (byte == '"')
      add_thread (self, thread->node, L4_PLACE_FIRST, 0, thread->frame);
    return;
  }
  if (state == 0 && byte == '"') {
    if (count >= node->least)
      end_value (self, thread->frame);
    return;
  }
  next = l4_dfa_step (self->schema->any_string, state, byte);
  if (next == L4_DFA_NONE || count == node->most)
    return;
  if (next == 0)                /* another character is complete */
    count = node->most == L4_DFA_NONE ? MIN (count + 1, node->least) : count + 1;
  add_thread (self, thread->node, L4_PLACE_FIRST + next, count, thread->frame);
}

/* The next item of an array that has count. */
static void
begin_item (L4Automaton *self, const L4Thread *thread, const L4SchemaNode *node)
{
  guint32 count = node->most == L4_DFA_NONE ? MIN (thread->count + 1, node->least) : thread->count + 1;

  if (thread->count != node->most && fits (self, node->item, get_frame (self, thread->frame)->depth + 1))
    begin_value (self, node->item, find_frame (self, thread->node, count, thread->frame));
}

static void
step_array (L4Automaton *self, const L4Thread *thread, const L4SchemaNode *node, guint8 byte)
{
  if (thread->place == L4_PLACE_BEFORE && byte == '[') {
    if (node->least == 0)
      add_thread (self, thread->node, L4_PLACE_FIRST, 0, thread->frame);
    begin_item (self, thread, node);
  } else if (thread->place == L4_PLACE_FIRST || (thread->place == L4_PLACE_AFTER && byte == ']')) {
    if (byte == ']' && thread->count >= node->least)
      end_value (self, thread->frame);
  } else if (thread->place == L4_PLACE_AFTER && byte == ',') {
    begin_item (self, thread, node);
  }
}

/* The keys that may come next in an object: up to the first that must. */
static void
begin_property (L4Automaton *self, const L4Thread *thread, const L4SchemaNode *node)
{
  guint32 depth = get_frame (self, thread->frame)->depth + 1;

  for (guint32 i = thread->count; i < node->properties->len; i++) {
    const L4Property *property = l4_node_property (node, i);

    if (fits (self, property->value, depth))
      add_thread (self, thread->node, L4_PLACE_KEY, i, thread->frame);
    if (property->required)
      break;
  }
}

static void
step_key (L4Automaton *self, const L4Thread *thread, const L4SchemaNode *node, guint8 byte)
{
  const L4Property *property = l4_node_property (node, thread->count);
  guint32 at = thread->place - L4_PLACE_KEY;

  if ((guint8) property->key[at] != byte)
    return;
  if (at + 1 < property->key_length)
    add_thread (self, thread->node, thread->place + 1, thread->count, thread->frame);
  else
    begin_value (self, property->value, find_frame (self, thread->node, thread->count + 1, thread->frame));
}

static void
step_object (L4Automaton *self, const L4Thread *thread, const L4SchemaNode *node, guint8 byte)
{
  if (thread->place >= L4_PLACE_KEY) {
    step_key (self, thread, node, byte);
  } else if (thread->place == L4_PLACE_BEFORE && byte == '{') {
    if (node->rests[0] == 0)
      add_thread (self, thread->node, L4_PLACE_FIRST, 0, thread->frame);
    begin_property (self, thread, node);
  } else if (byte == '}' && thread->place != L4_PLACE_BEFORE && node->rests[thread->count] == 0) {
    end_value (self, thread->frame);
  } else if (byte == ',' && thread->place == L4_PLACE_AFTER) {
    begin_property (self, thread, node);
  }
}

static void
step_thread (L4Automaton *self, const L4Thread *thread, guint8 byte)
{
  const L4SchemaNode *node;

  if (thread->node == L4_NO_NODE)
    return;
  node = l4_schema_node (self->schema, thread->node);
  switch (node->kind) {
    case L4_NODE_WORD:
      step_word (self, thread, node->word, byte);
      break;
    case L4_NODE_STRING:
      step_string (self, thread, node, byte);
      break;
    case L4_NODE_ARRAY:
      step_array (self, thread, node, byte);
      break;
    case L4_NODE_OBJECT:
      step_object (self, thread, node, byte);
      break;
    default:
      break;                    /* a value is always one of its kinds */
  }
}

/* States -------------------------------------------------------------------------------------------------------------------------------- */

guint32
l4_automaton_begin (L4Automaton *self)
{
  g_array_set_size (self->scratch, 0);
  begin_value (self, 0, 0);
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
  g_array_set_size (self->scratch, 0);
  for (guint32 i = 0; i < from->n_threads; i++) {
    L4Thread thread = threads_of (self, state)[i];

    step_thread (self, &thread, byte);
  }
  next = find_state (self);
  from = get_state (self, state);
  if (from->next == NULL)
    from->next = g_new0 (guint32, 256);
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
    kept = find_frame (self, frames[around[n]].node, frames[around[n]].count, kept);
  return kept;
}

guint32
l4_automaton_forget (L4Automaton *self, guint32 keep)
{
  guint32 n = get_state (self, keep)->n_threads;
  g_autofree L4Thread *threads = g_memdup2 (threads_of (self, keep), n * sizeof (L4Thread));
  g_autofree L4Frame *frames = g_memdup2 (self->frames->data, self->frames->len * sizeof (L4Frame));

  empty (self);
  g_array_set_size (self->scratch, 0);
  for (guint32 i = 0; i < n; i++)
    add_thread (self, threads[i].node, threads[i].place, threads[i].count, keep_frame (self, frames, threads[i].frame));
  return find_state (self);
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
    guint64 own = l4_thread_shortest (self->schema, (const L4Frame *) self->frames->data, &threads[i]);

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
    l4_thread_complete (self->schema, (const L4Frame *) self->frames->data, thread, text);
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
  g_array_set_size (self->scratch, 0);
  for (guint32 i = 0; i < get_state (self, state)->n_threads; i++) {
    L4Thread thread = threads_of (self, state)[i];
    const L4SchemaNode *node = thread.node != L4_NO_NODE ? l4_schema_node (self->schema, thread.node) : NULL;

    if (node != NULL && node->kind == L4_NODE_STRING && thread.place != L4_PLACE_BEFORE)
      thread.count = simple_count (node, thread.count, longest);
    g_array_append_val (self->scratch, thread);
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
