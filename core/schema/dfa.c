/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finite automata over bytes. */

#include "schema/dfa.h"

#include <string.h>

void
l4_dfa_free (L4Dfa *self)
{
  if (self == NULL)
    return;
  g_free (self->states);
  g_free (self->edges);
  g_free (self);
}

guint32
l4_dfa_step (const L4Dfa *self, guint32 state, guint8 byte)
{
  const L4DfaEdge *edges = self->edges + self->states[state].first_edge;
  guint32 from = 0, to = self->states[state].n_edges;

  while (from < to) {
    guint32 middle = (from + to) / 2;

    if (byte < edges[middle].first)
      to = middle;
    else if (byte > edges[middle].last)
      from = middle + 1;
    else
      return edges[middle].next;
  }
  return L4_DFA_NONE;
}

void
l4_dfa_complete (const L4Dfa *self, guint32 state, GString *word)
{
  while (self->states[state].shortest > 0) {
    const L4DfaEdge *edge = self->edges + self->states[state].first_edge;

    while (self->states[edge->next].shortest != self->states[state].shortest - 1)
      edge++;
    g_string_append_c (word, edge->first);
    state = edge->next;
  }
}

/* Building ---------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  guint32 from;
  L4DfaEdge edge;
} Link;

struct _L4DfaBuilder
{
  GByteArray *ends;             /* [states] whether it may end there */
  GArray *links;                /* of Link */
  guint most_states;
  gboolean full;
};

L4DfaBuilder *
l4_dfa_builder_new (guint most_states)
{
  L4DfaBuilder *self = g_new0 (L4DfaBuilder, 1);

  self->ends = g_byte_array_new ();
  self->links = g_array_new (FALSE, FALSE, sizeof (Link));
  self->most_states = most_states;
  return self;
}

void
l4_dfa_builder_free (L4DfaBuilder *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->ends);
  g_array_unref (self->links);
  g_free (self);
}

guint32
l4_dfa_builder_add (L4DfaBuilder *self, gboolean may_end)
{
  self->full |= self->ends->len >= self->most_states;
  if (self->full)
    return 0;
  g_byte_array_append (self->ends, &(guint8) { may_end }, 1);
  return self->ends->len - 1;
}

void
l4_dfa_builder_set_end (L4DfaBuilder *self, guint32 state)
{
  self->ends->data[state] = TRUE;
}

gboolean
l4_dfa_builder_is_full (const L4DfaBuilder *self)
{
  return self->full;
}

void
l4_dfa_builder_connect (L4DfaBuilder *self, guint32 state, guint8 first, guint8 last, guint32 next)
{
  Link link = { state, {first, last, next} };

  if (!self->full)
    g_array_append_val (self->links, link);
}

static int
compare_links (gconstpointer a, gconstpointer b)
{
  const Link *one = a, *other = b;

  if (one->from != other->from)
    return one->from < other->from ? -1 : 1;
  return (int) one->edge.first - other->edge.first;
}

/* Neighbouring bytes that lead to the same place become one edge. */
static void
merge_links (GArray *links)
{
  guint n = 0;

  g_array_sort (links, compare_links);
  for (guint i = 0; i < links->len; i++) {
    Link *last = n > 0 ? &g_array_index (links, Link, n - 1) : NULL, *link = &g_array_index (links, Link, i);

    if (last != NULL && last->from == link->from && last->edge.next == link->edge.next && last->edge.last + 1 == link->edge.first)
      last->edge.last = link->edge.last;
    else
      g_array_index (links, Link, n++) = *link;
  }
  g_array_set_size (links, n);
}

/* How far each state is from an end: backwards from the ends, a byte at a time. */
static void
measure (L4Dfa *self, const GArray *links)
{
  g_autofree guint32 *begins = g_new0 (guint32, self->n_states + 1), *sources = g_new (guint32, links->len + 1);
  g_autofree guint32 *queue = g_new (guint32, self->n_states + 1);
  guint n = 0;

  for (guint i = 0; i < links->len; i++)
    begins[g_array_index (links, Link, i).edge.next]++;
  for (guint i = 0, sum = 0; i <= self->n_states; i++) {
    sum += i < self->n_states ? begins[i] : 0;
    begins[i] = sum;
  }
  for (guint i = 0; i < links->len; i++)
    sources[--begins[g_array_index (links, Link, i).edge.next]] = g_array_index (links, Link, i).from;
  for (guint i = 0; i < self->n_states; i++)
    if (self->states[i].shortest == 0)
      queue[n++] = i;
  for (guint at = 0; at < n; at++)
    for (guint i = begins[queue[at]]; i < begins[queue[at] + 1]; i++)
      if (self->states[sources[i]].shortest == L4_DFA_NONE) {
        self->states[sources[i]].shortest = self->states[queue[at]].shortest + 1;
        queue[n++] = sources[i];
      }
}

L4Dfa *
l4_dfa_builder_finish (L4DfaBuilder *self)
{
  L4Dfa *dfa = g_new0 (L4Dfa, 1);
  guint n = 0;

  merge_links (self->links);
  dfa->n_states = self->ends->len;
  dfa->states = g_new0 (L4DfaState, dfa->n_states + 1);
  dfa->edges = g_new (L4DfaEdge, self->links->len + 1);
  for (guint i = 0; i < dfa->n_states; i++)
    dfa->states[i].shortest = self->ends->data[i] ? 0 : L4_DFA_NONE;
  measure (dfa, self->links);
  for (guint i = 0, state = 0; state < dfa->n_states; state++) {
    dfa->states[state].first_edge = n;
    for (; i < self->links->len && g_array_index (self->links, Link, i).from == state; i++)
      if (dfa->states[g_array_index (self->links, Link, i).edge.next].shortest != L4_DFA_NONE)
        dfa->edges[n++] = g_array_index (self->links, Link, i).edge;
    dfa->states[state].n_edges = n - dfa->states[state].first_edge;
  }
  g_byte_array_set_size (self->ends, 0);
  g_array_set_size (self->links, 0);
  return dfa;
}

/* Words ------------------------------------------------------------------------------------------------------------------- */

static int
compare_words (gconstpointer a, gconstpointer b)
{
  const GString *one = *(GString *const *) a, *other = *(GString *const *) b;
  int order = memcmp (one->str, other->str, MIN (one->len, other->len));

  return order != 0 ? order : (one->len > other->len) - (one->len < other->len);
}

L4Dfa *
l4_dfa_of_words (const GPtrArray *words, guint most_states)
{
  g_autoptr (L4DfaBuilder) builder = l4_dfa_builder_new (most_states);
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  g_autoptr (GArray) path = g_array_new (FALSE, FALSE, sizeof (guint32));
  const GString *before = NULL;
  guint32 start = l4_dfa_builder_add (builder, FALSE);

  for (guint i = 0; i < words->len; i++)
    g_ptr_array_add (sorted, words->pdata[i]);
  g_ptr_array_sort (sorted, compare_words);
  g_array_append_val (path, start);
  for (guint i = 0; i < sorted->len && !builder->full; i++) {
    const GString *word = sorted->pdata[i];
    gsize same = 0;

    while (before != NULL && same < before->len && same < word->len && before->str[same] == word->str[same])
      same++;
    g_array_set_size (path, same + 1);
    for (gsize at = same; at < word->len; at++) {
      guint32 next = l4_dfa_builder_add (builder, FALSE);
      guint8 byte = (guint8) word->str[at];

      l4_dfa_builder_connect (builder, g_array_index (path, guint32, at), byte, byte, next);
      g_array_append_val (path, next);
    }
    l4_dfa_builder_set_end (builder, g_array_index (path, guint32, word->len));
    before = word;
  }
  return builder->full ? NULL : l4_dfa_builder_finish (builder);
}

/* Rules ------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const L4DfaRule *rule;
  L4DfaBuilder *builder;
  GHashTable *known;            /* GBytes → state */
  GPtrArray *keys;              /* of GBytes, by state */
} Search;

static guint32
find_state (Search *self, gconstpointer key, gconstpointer user_data)
{
  GBytes *bytes = g_bytes_new (key, self->rule->key_size);
  gpointer state;

  if (g_hash_table_lookup_extended (self->known, bytes, NULL, &state)) {
    g_bytes_unref (bytes);
    return GPOINTER_TO_UINT (state);
  }
  state = GUINT_TO_POINTER (l4_dfa_builder_add (self->builder, self->rule->may_end (key, user_data)));
  g_hash_table_insert (self->known, bytes, state);
  g_ptr_array_add (self->keys, bytes);
  return GPOINTER_TO_UINT (state);
}

L4Dfa *
l4_dfa_explore (const L4DfaRule *rule, gconstpointer start, guint most_states, gconstpointer user_data)
{
  g_autoptr (L4DfaBuilder) builder = l4_dfa_builder_new (most_states);
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  g_autofree guint8 *next = g_malloc (rule->key_size);
  Search search = { rule, builder, known, keys };

  find_state (&search, start, user_data);
  for (guint32 state = 0; state < keys->len && !builder->full; state++)
    for (guint byte = 0; byte < 256; byte++) {
      memset (next, 0, rule->key_size);
      if (rule->step (g_bytes_get_data (keys->pdata[state], NULL), (guint8) byte, next, user_data))
        l4_dfa_builder_connect (builder, state, (guint8) byte, (guint8) byte, find_state (&search, next, user_data));
    }
  return builder->full ? NULL : l4_dfa_builder_finish (builder);
}
