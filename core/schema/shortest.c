/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The shortest way to the end of a value. */

#include "schema/automaton-private.h"

#define FILLER '.'              /* where any character will do */

static guint64
add (guint64 a, guint64 b)
{
  return a > L4_NEVER / 2 - MIN (b, L4_NEVER / 2) ? L4_NEVER / 2 : a + b;
}

static guint64
items_rest (const L4Schema *schema, const L4SchemaNode *array, guint32 count)
{
  guint64 missing = array->least > count ? array->least - count : 0;
  guint64 each = missing > 0 ? add (1, l4_schema_node (schema, array->item)->shortest) : 0;

  return each != 0 && missing > L4_NEVER / 2 / each ? L4_NEVER / 2 : missing * each;
}

static guint64
container_rest (const L4Schema *schema, guint32 node, guint32 count)
{
  const L4SchemaNode *container = l4_schema_node (schema, node);

  return add (1, container->kind == L4_NODE_ARRAY ? items_rest (schema, container, count) : container->rests[count]);
}

static guint64
string_rest (const L4Schema *schema, const L4SchemaNode *string, const L4Thread *thread)
{
  guint32 state = thread->place - L4_PLACE_FIRST, count = thread->count + (state > 0);

  return schema->any_string->states[state].shortest + (string->least > count ? string->least - count : 0) + 1;
}

static guint64
own_rest (const L4Schema *schema, const L4Thread *thread)
{
  const L4SchemaNode *node = l4_schema_node (schema, thread->node);

  if (node->kind == L4_NODE_WORD)
    return node->word->states[thread->place].shortest;
  if (thread->place == L4_PLACE_BEFORE)
    return node->shortest;
  if (node->kind == L4_NODE_STRING)
    return string_rest (schema, node, thread);
  if (thread->place >= L4_PLACE_KEY) {
    const L4Property *property = l4_node_property (node, thread->count);
    guint64 key = property->key_length - (thread->place - L4_PLACE_KEY);

    return add (add (key, l4_schema_node (schema, property->value)->shortest), container_rest (schema, thread->node, thread->count + 1));
  }
  return thread->place == L4_PLACE_FIRST ? 1 : container_rest (schema, thread->node, thread->count);
}

guint64
l4_thread_shortest (const L4Schema *schema, const L4Frame *frames, const L4Thread *thread)
{
  guint64 bytes;

  if (thread->node == L4_NO_NODE)
    return 0;
  bytes = own_rest (schema, thread);
  for (guint32 frame = thread->frame; frame != 0; frame = frames[frame].parent)
    bytes = add (bytes, container_rest (schema, frames[frame].node, frames[frame].count));
  return bytes;
}

/* What it is -------------------------------------------------------------------------------------------------------------------- */

static void append_node (const L4Schema *schema, guint32 value, GString *text);

static void append_node (const L4Schema *schema, guint32 i, GString *text);

static void
append_filler (GString *text, guint32 n)
{
  for (guint32 i = 0; i < n; i++)
    g_string_append_c (text, FILLER);
}

static void
append_rest (const L4Schema *schema, guint32 node, guint32 count, gboolean first, GString *text)
{
  const L4SchemaNode *container = l4_schema_node (schema, node);

  if (container->kind == L4_NODE_ARRAY) {
    for (; count < container->least; count++, first = FALSE) {
      g_string_append (text, first ? "" : ",");
      append_node (schema, container->item, text);
    }
    g_string_append_c (text, ']');
    return;
  }
  for (; count < container->properties->len; count++) {
    const L4Property *property = l4_node_property (container, count);

    if (!property->required)
      continue;
    g_string_append (text, first ? "" : ",");
    g_string_append (text, property->key);
    append_node (schema, property->value, text);
    first = FALSE;
  }
  g_string_append_c (text, '}');
}

static void
append_node (const L4Schema *schema, guint32 i, GString *text)
{
  const L4SchemaNode *node = l4_schema_node (schema, i);

  switch (node->kind) {
    case L4_NODE_VALUE:
      append_node (schema, node->best, text);
      break;
    case L4_NODE_WORD:
      l4_dfa_complete (node->word, 0, text);
      break;
    case L4_NODE_STRING:
      g_string_append_c (text, '"');
      append_filler (text, node->least);
      g_string_append_c (text, '"');
      break;
    default:
      g_string_append_c (text, node->kind == L4_NODE_ARRAY ? '[' : '{');
      append_rest (schema, i, 0, TRUE, text);
  }
}

static void
complete_own (const L4Schema *schema, const L4Thread *thread, GString *text)
{
  const L4SchemaNode *node = l4_schema_node (schema, thread->node);

  if (node->kind == L4_NODE_WORD) {
    l4_dfa_complete (node->word, thread->place, text);
  } else if (thread->place == L4_PLACE_BEFORE) {
    append_node (schema, thread->node, text);
  } else if (node->kind == L4_NODE_STRING) {
    guint32 state = thread->place - L4_PLACE_FIRST, count = thread->count + (state > 0);

    l4_dfa_complete (schema->any_string, state, text);
    append_filler (text, node->least > count ? node->least - count : 0);
    g_string_append_c (text, '"');
  } else if (thread->place >= L4_PLACE_KEY) {
    const L4Property *property = l4_node_property (node, thread->count);

    g_string_append (text, property->key + (thread->place - L4_PLACE_KEY));
    append_node (schema, property->value, text);
    append_rest (schema, thread->node, thread->count + 1, FALSE, text);
  } else if (thread->place == L4_PLACE_FIRST) {
    g_string_append_c (text, node->kind == L4_NODE_ARRAY ? ']' : '}');
  } else {
    append_rest (schema, thread->node, thread->count, FALSE, text);
  }
}

void
l4_thread_complete (const L4Schema *schema, const L4Frame *frames, const L4Thread *thread, GString *text)
{
  if (thread->node == L4_NO_NODE)
    return;
  complete_own (schema, thread, text);
  for (guint32 frame = thread->frame; frame != 0; frame = frames[frame].parent)
    append_rest (schema, frames[frame].node, frames[frame].count, FALSE, text);
}
