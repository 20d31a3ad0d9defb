/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tokens of a model by their bytes. */

#include "schema/vocabulary.h"

#include <string.h>

#define MAX_LENGTH 60000

static int
compare_tokens (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const L4Vocabulary *self = user_data;
  guint32 one = *(const guint32 *) a, other = *(const guint32 *) b;
  int order = memcmp (self->bytes[one], self->bytes[other], MIN (self->lengths[one], self->lengths[other]));

  return order != 0 ? order : (self->lengths[one] > self->lengths[other]) - (self->lengths[one] < self->lengths[other]);
}

/* Ends the nodes of path from depth on. */
static void
close_path (GArray *nodes, const guint32 *path, guint depth, guint length)
{
  for (guint i = depth; i < length; i++)
    g_array_index (nodes, L4VocabularyNode, path[i]).after = nodes->len;
}

/* The nodes of tokens in the order of their bytes: from each to the next only what differs is new. */
static void
make_nodes (L4Vocabulary *self, const GArray *order)
{
  g_autoptr (GArray) nodes = g_array_new (FALSE, FALSE, sizeof (L4VocabularyNode));
  g_autofree guint32 *path = g_new (guint32, self->longest + 1);
  const char *before = "";
  guint length = 0;

  for (guint i = 0; i < order->len; i++) {
    guint32 token = g_array_index (order, guint32, i);
    const char *bytes = self->bytes[token];
    guint same = 0;

    while (same < length && same < self->lengths[token] && bytes[same] == before[same])
      same++;
    close_path (nodes, path, same, length);
    for (guint at = same; at < self->lengths[token]; at++) {
      L4VocabularyNode node = { L4_NO_TOKEN, 0, (guint16) (at + 1), (guint8) bytes[at] };

      path[at] = nodes->len;
      g_array_append_val (nodes, node);
    }
    g_array_index (nodes, L4VocabularyNode, path[self->lengths[token] - 1]).token = token;
    before = bytes;
    length = self->lengths[token];
  }
  close_path (nodes, path, 0, length);
  self->n_nodes = nodes->len;
  self->nodes = (L4VocabularyNode *) g_array_free (g_steal_pointer (&nodes), FALSE);
}

L4Vocabulary *
l4_vocabulary_new (guint n_tokens, L4TokenBytes token_bytes, gpointer user_data)
{
  L4Vocabulary *self = g_new0 (L4Vocabulary, 1);
  g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GString) bytes = g_string_new (NULL);

  self->n_tokens = n_tokens;
  self->bytes = g_new0 (const char *, n_tokens + 1);
  self->lengths = g_new0 (guint32, n_tokens + 1);
  self->chunk = g_string_chunk_new (1 << 16);
  for (guint32 token = 0; token < n_tokens; token++) {
    g_string_truncate (bytes, 0);
    token_bytes (user_data, token, bytes);
    if (bytes->len == 0 || bytes->len > MAX_LENGTH)
      continue;
    self->bytes[token] = g_string_chunk_insert_len (self->chunk, bytes->str, (gssize) bytes->len);
    self->lengths[token] = (guint32) bytes->len;
    self->longest = MAX (self->longest, self->lengths[token]);
    g_array_append_val (order, token);
  }
  g_array_sort_with_data (order, compare_tokens, self);
  make_nodes (self, order);
  return self;
}

void
l4_vocabulary_free (L4Vocabulary *self)
{
  if (self == NULL)
    return;
  g_string_chunk_free (self->chunk);
  g_free (self->bytes);
  g_free (self->lengths);
  g_free (self->nodes);
  g_free (self);
}

/* How few tokens the text takes up to each byte, and the last of them. */
gboolean
l4_vocabulary_split (const L4Vocabulary *self, const char *text, gsize length, GArray *tokens)
{
  g_autofree guint32 *few = g_new (guint32, length + 1), *last = g_new (guint32, length + 1);
  guint before = tokens->len;

  memset (few, 0xff, (length + 1) * sizeof (guint32));
  few[0] = 0;
  for (gsize at = 0; at < length; at++)
    for (guint32 i = 0; few[at] != G_MAXUINT32 && i < self->n_nodes;) {
      const L4VocabularyNode *node = &self->nodes[i];
      gsize end = at + node->depth;

      if (end > length || (guint8) text[end - 1] != node->byte) {
        i = node->after;
        if (i < self->n_nodes && self->nodes[i].depth < node->depth)
          break;                /* all that began as the text does were seen */
        continue;
      }
      if (node->token != L4_NO_TOKEN && few[at] + 1 < few[end]) {
        few[end] = few[at] + 1;
        last[end] = node->token;
      }
      i++;
    }
  if (few[length] == G_MAXUINT32)
    return FALSE;
  g_array_set_size (tokens, before + few[length]);
  for (gsize at = length, i = tokens->len; at > 0; at -= self->lengths[last[at]])
    g_array_index (tokens, guint32, --i) = last[at];
  return TRUE;
}
