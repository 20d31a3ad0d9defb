/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads through values, byte by byte. */

#include <string.h>

#include "schema/automaton-private.h"

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

void
l4_reading_init (L4Reading *self, const L4Schema *schema)
{
  self->schema = schema;
  self->frames = g_array_new (FALSE, TRUE, sizeof (L4Frame));
  self->by_frame = g_hash_table_new_full (hash_frame, equal_frames, g_free, NULL);
  self->next = g_array_new (FALSE, FALSE, sizeof (L4Thread));
  g_array_set_size (self->frames, 1);
}

void
l4_reading_clear (L4Reading *self)
{
  g_array_unref (self->frames);
  g_hash_table_unref (self->by_frame);
  g_array_unref (self->next);
}

void
l4_reading_forget (L4Reading *self)
{
  g_hash_table_remove_all (self->by_frame);
  g_array_set_size (self->frames, 1);
}

static const L4Frame *
get_frame (const L4Reading *self, guint32 frame)
{
  return &g_array_index (self->frames, L4Frame, frame);
}

guint32
l4_reading_frame (L4Reading *self, guint32 node, guint32 count, guint32 parent)
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
add_thread (L4Reading *self, guint32 node, guint32 place, guint32 count, guint32 frame)
{
  L4Thread thread = { node, place, count, frame };

  g_array_append_val (self->next, thread);
}

/* Values ------------------------------------------------------------------------------------------------------------------------------ */

/* Whether there is room for the levels that a value needs within a frame. */
static gboolean
fits (const L4Reading *self, guint32 value, guint32 depth)
{
  const L4SchemaNode *node = value != L4_NO_NODE ? l4_schema_node (self->schema, value) : NULL;

  return node != NULL && node->need != L4_DFA_NONE && depth + node->need <= L4_SCHEMA_DEPTH;
}

void
l4_reading_begin (L4Reading *self, guint32 value, guint32 frame)
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
end_value (L4Reading *self, guint32 frame)
{
  const L4Frame *in = get_frame (self, frame);

  if (frame == 0)
    add_thread (self, L4_NO_NODE, 0, 0, 0);
  else
    add_thread (self, in->node, L4_PLACE_AFTER, in->count, in->parent);
}

static void
step_word (L4Reading *self, const L4Thread *thread, const L4Dfa *word, guint8 byte)
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
step_string (L4Reading *self, const L4Thread *thread, const L4SchemaNode *node, guint8 byte)
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
begin_item (L4Reading *self, const L4Thread *thread, const L4SchemaNode *node)
{
  guint32 count = node->most == L4_DFA_NONE ? MIN (thread->count + 1, node->least) : thread->count + 1;

  if (thread->count != node->most && fits (self, node->item, get_frame (self, thread->frame)->depth + 1))
    l4_reading_begin (self, node->item, l4_reading_frame (self, thread->node, count, thread->frame));
}

static void
step_array (L4Reading *self, const L4Thread *thread, const L4SchemaNode *node, guint8 byte)
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
begin_property (L4Reading *self, const L4Thread *thread, const L4SchemaNode *node)
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
step_key (L4Reading *self, const L4Thread *thread, const L4SchemaNode *node, guint8 byte)
{
  const L4Property *property = l4_node_property (node, thread->count);
  guint32 at = thread->place - L4_PLACE_KEY;

  if ((guint8) property->key[at] != byte)
    return;
  if (at + 1 < property->key_length)
    add_thread (self, thread->node, thread->place + 1, thread->count, thread->frame);
  else
    l4_reading_begin (self, property->value, l4_reading_frame (self, thread->node, thread->count + 1, thread->frame));
}

static void
step_object (L4Reading *self, const L4Thread *thread, const L4SchemaNode *node, guint8 byte)
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

void
l4_reading_step (L4Reading *self, const L4Thread *thread, guint8 byte)
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
