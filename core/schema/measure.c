/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How deep and how long values are at least, and what can never be complete. */

#include "schema/schema-private.h"

static L4SchemaNode *
get_node (L4Schema *self, guint32 i)
{
  return &g_array_index (self->nodes, L4SchemaNode, i);
}

/* Sums of lengths stay a length. */
static guint64
add (guint64 a, guint64 b)
{
  return a > L4_NEVER / 2 - MIN (b, L4_NEVER / 2) ? L4_NEVER / 2 : a + b;
}

static guint64
times (guint64 n, guint64 length)
{
  return length != 0 && n > L4_NEVER / 2 / length ? L4_NEVER / 2 : n * length;
}

static void
measure_word (L4SchemaNode *node)
{
  guint32 shortest = node->word->n_states > 0 ? node->word->states[0].shortest : L4_DFA_NONE;

  if (shortest == L4_DFA_NONE)
    return;
  node->need = 0;
  node->shortest = shortest;
}

static void
measure_array (L4Schema *self, L4SchemaNode *node)
{
  const L4SchemaNode *item = get_node (self, node->item);

  if (node->least > 0 && item->need == L4_DFA_NONE)
    return;
  node->need = node->least > 0 ? item->need + 1 : 1;
  node->shortest = node->least > 0 ? add (1, times (node->least, add (item->shortest, 1))) : 2;
}

static void
measure_object (L4Schema *self, L4SchemaNode *node)
{
  guint n = node->properties->len;
  guint32 need = 0;

  node->rests = node->rests != NULL ? node->rests : g_new0 (guint64, n + 1);
  for (guint i = n; i > 0; i--) {
    const L4Property *property = l4_node_property (node, i - 1);
    const L4SchemaNode *value = property->value != L4_NO_NODE ? get_node (self, property->value) : NULL;

    node->rests[i - 1] = node->rests[i];
    if (!property->required)
      continue;
    if (value == NULL || value->need == L4_DFA_NONE)
      return;
    need = MAX (need, value->need);
    node->rests[i - 1] = add (node->rests[i], add (1 + property->key_length, value->shortest));
  }
  node->need = need + 1;
  node->shortest = node->rests[0] > 0 ? node->rests[0] + 1 : 2;
}

static void
measure_value (L4Schema *self, L4SchemaNode *node)
{
  for (guint i = 0; i < node->choices->len; i++) {
    guint32 choice = g_array_index (node->choices, guint32, i);
    const L4SchemaNode *other = get_node (self, choice);

    if (other->need < node->need || (other->need == node->need && other->shortest < node->shortest)) {
      node->need = other->need;
      node->shortest = other->shortest;
      node->best = choice;
    }
  }
}

/* Leaves out what can never be complete: nobody must be led there. */
static void
prune (L4Schema *self, L4SchemaNode *node)
{
  guint n = 0;

  if (node->kind == L4_NODE_ARRAY && get_node (self, node->item)->need == L4_DFA_NONE)
    node->most = 0;
  if (node->kind != L4_NODE_VALUE)
    return;
  for (guint i = 0; i < node->choices->len; i++) {
    guint32 choice = g_array_index (node->choices, guint32, i);

    if (get_node (self, choice)->need != L4_DFA_NONE)
      g_array_index (node->choices, guint32, n++) = choice;
  }
  g_array_set_size (node->choices, n);
}

/* In rounds: in each it is known what has a level more. So is what takes part in itself taken from what is less deep. */
gboolean
l4_schema_measure (L4Schema *self)
{
  gboolean more = TRUE;

  for (guint round = 0; round <= L4_SCHEMA_DEPTH && more; round++) {
    more = round == 0;
    for (guint i = 0; i < self->nodes->len; i++) {
      L4SchemaNode *node = get_node (self, i);

      if (node->need != L4_DFA_NONE || node->kind == L4_NODE_VALUE)
        continue;
      if (node->kind == L4_NODE_WORD) {
        measure_word (node);
      } else if (node->kind == L4_NODE_STRING) {
        node->need = 0;
        node->shortest = 2 + (guint64) node->least;
      } else if (round > 0) {
        if (node->kind == L4_NODE_ARRAY)
          measure_array (self, node);
        else
          measure_object (self, node);
      }
      more |= node->need != L4_DFA_NONE;
    }
    for (guint i = 0; i < self->nodes->len; i++)
      if (get_node (self, i)->kind == L4_NODE_VALUE && get_node (self, i)->need == L4_DFA_NONE)
        measure_value (self, get_node (self, i));
  }
  for (guint i = 0; i < self->nodes->len; i++)
    prune (self, get_node (self, i));
  return get_node (self, 0)->need != L4_DFA_NONE;
}
