/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which tokens merge into which: filling the table and looking up in it. */

#include "tokenizer/tokenizer-private.h"

#include <string.h>

#include "base/memory.h"

/* Merges that are looked up together: their memory is asked for before it is needed. */
#define BATCH 16
#define AHEAD 8                 /* tokens */

struct _L4WaitingMerge
{
  guint8 bytes[L4_MAX_TOKEN];
  gsize left_length, length;
  gsize rank;
};

gboolean
l4_make_table (const char *path, gsize n, gsize entry_size, gpointer table, gsize *mask, GError **error)
{
  gsize places = 16, wanted, bytes;

  if (!g_size_checked_mul (&wanted, n, 2) || wanted > G_MAXSIZE / 4)
    return l4_fail (error, L4_ERROR_MEMORY, _("%s: too many tokens"), path);
  while (places < wanted)
    places *= 2;
  if (!g_size_checked_mul (&bytes, places, entry_size))
    return l4_fail (error, L4_ERROR_MEMORY, _("%s: too many tokens"), path);
  *(gpointer *) table = l4_alloc (bytes, path, error);
  if (*(gpointer *) table == NULL)
    return FALSE;
  *mask = places - 1;
  return TRUE;
}

/* No merge gives the token that it begins with. */
static inline gboolean
is_free (const L4Merge *merge)
{
  return merge->result == merge->left;
}

static inline gsize
first_place (const L4Tokenizer *self, gint32 left, gint32 right)
{
  return l4_mix (self->seed ^ ((guint64) (guint32) left << 32 | (guint32) right)) & self->merges_mask;
}

/* Where the merge of these two stands, or where it would. */
static L4Merge *
find_place (const L4Tokenizer *self, gint32 left, gint32 right)
{
  gsize place = first_place (self, left, right);

  while (!is_free (&self->merges[place]) && (self->merges[place].left != left || self->merges[place].right != right))
    place = (place + 1) & self->merges_mask;
  return &self->merges[place];
}

const L4Merge *
l4_tokenizer_find_merge (const L4Tokenizer *self, gint32 left, gint32 right)
{
  const L4Merge *merge = find_place (self, left, right);

  return is_free (merge) ? NULL : merge;
}

/* Twice the room. */
static gboolean
grow (L4Tokenizer *self, GError **error)
{
  L4Merge *old = self->merges;
  gsize n_old = self->merges_mask + 1;

  if (!l4_make_table (self->path, n_old, sizeof (L4Merge), &self->merges, &self->merges_mask, error)) {
    self->merges = old;
    return FALSE;
  }
  for (gsize i = 0; i < n_old; i++)
    if (!is_free (&old[i]))
      *find_place (self, old[i].left, old[i].right) = old[i];
  l4_free (old);
  return TRUE;
}

static gboolean
insert (L4Tokenizer *self, const L4Merge *merges, guint n, GError **error)
{
  while (self->n_merges + n > self->merges_mask / 2)
    if (!grow (self, error))
      return FALSE;
  for (guint i = 0; i < n; i++)
    __builtin_prefetch (&self->merges[first_place (self, merges[i].left, merges[i].right)], 1);
  for (guint i = 0; i < n; i++) {
    L4Merge *place = find_place (self, merges[i].left, merges[i].right);

    if (!is_free (place))
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: the merges %u and %u join the same tokens"), self->path, place->rank,
          merges[i].rank);
    *place = merges[i];
    self->n_merges++;
  }
  return TRUE;
}

gboolean
l4_tokenizer_finish_merges (L4Tokenizer *self, GError **error)
{
  L4Merge merges[BATCH];
  guint64 keys[BATCH][3];
  const guint n = self->n_waiting;

  for (guint i = 0; i < n; i++) {
    const L4WaitingMerge *one = &self->waiting[i];

    keys[i][0] = l4_tokenizer_key (self, one->bytes, one->left_length);
    keys[i][1] = l4_tokenizer_key (self, one->bytes + one->left_length, one->length - one->left_length);
    keys[i][2] = l4_tokenizer_key (self, one->bytes, one->length);
    for (guint k = 0; k < 3; k++)
      __builtin_prefetch (l4_tokenizer_place (self, keys[i][k]));
  }
  for (guint i = 0; i < n; i++) {
    const L4WaitingMerge *one = &self->waiting[i];

    merges[i].rank = (guint32) one->rank;
    merges[i].left = l4_tokenizer_find_by_key (self, keys[i][0], one->bytes, one->left_length);
    merges[i].right = l4_tokenizer_find_by_key (self, keys[i][1], one->bytes + one->left_length,
        one->length - one->left_length);
    merges[i].result = l4_tokenizer_find_by_key (self, keys[i][2], one->bytes, one->length);
    if (merges[i].left < 0 || merges[i].right < 0 || merges[i].result < 0)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: merge %zu does not join two tokens of the vocabulary into a third"),
          self->path, one->rank);
  }
  self->n_waiting = 0;
  return insert (self, merges, n, error);
}

gboolean
l4_tokenizer_add_merge (L4Tokenizer *self, gsize rank, const char *left, gsize left_length, const char *right,
    gsize right_length, GError **error)
{
  L4WaitingMerge *one;

  if (self->waiting == NULL)
    self->waiting = g_new (L4WaitingMerge, BATCH);
  one = &self->waiting[self->n_waiting];
  one->rank = rank;
  one->length = 0;
  if (rank < G_MAXUINT32 && l4_tokenizer_unspell (left, left_length, one->bytes, &one->length)) {
    one->left_length = one->length;
    if (l4_tokenizer_unspell (right, right_length, one->bytes, &one->length))
      return ++self->n_waiting < BATCH || l4_tokenizer_finish_merges (self, error);
  }
  return l4_fail (error, L4_ERROR_FORMAT, _("%s: merge %zu is not a pair of tokens"), self->path, rank);
}

gboolean
l4_tokenizer_add_merge_text (L4Tokenizer *self, gsize rank, const char *text, gsize length, GError **error)
{
  const char *blank = memchr (text, ' ', length);
  gsize n_left = blank != NULL ? (gsize) (blank - text) : length;
  gsize at_right = MIN (n_left + 1, length);

  return l4_tokenizer_add_merge (self, rank, text, n_left, text + at_right, length - at_right, error);
}

/* Asks for the places of all beginnings of this token. */
static void
prefetch_beginnings (const L4Tokenizer *self, guint id)
{
  const L4Token *token = &self->tokens[id];

  for (gsize n = 2; token->kind == L4_TOKEN_ORDINARY && n < token->length; n++)
    __builtin_prefetch (l4_tokenizer_place (self, l4_tokenizer_key (self, token->bytes, n)));
}

/* All merges that make this token. What follows a beginning that is a token is looked up after all the beginnings. */
static gboolean
derive (L4Tokenizer *self, guint id, GError **error)
{
  const guint8 *bytes = self->tokens[id].bytes;
  const gsize length = self->tokens[id].length;
  guint64 keys[L4_MAX_TOKEN];   /* of the right halves */
  gsize lengths[L4_MAX_TOKEN];  /* of the left halves */
  L4Merge merges[L4_MAX_TOKEN];
  guint n_left = 0, n_merges = 0;

  for (gsize n = 1; n < length; n++) {
    gint32 left = l4_tokenizer_find (self, L4_TOKEN_ORDINARY, bytes, n);

    if (left < 0)
      continue;
    merges[n_left].left = left;
    lengths[n_left] = n;
    keys[n_left] = l4_tokenizer_key (self, bytes + n, length - n);
    __builtin_prefetch (l4_tokenizer_place (self, keys[n_left++]));
  }
  for (guint i = 0; i < n_left; i++) {
    gint32 right = l4_tokenizer_find_by_key (self, keys[i], bytes + lengths[i], length - lengths[i]);

    if (right >= 0)
      merges[n_merges++] = (L4Merge) {.left = merges[i].left,.right = right,.result = (gint32) id,.rank = id };
  }
  return insert (self, merges, n_merges, error);
}

gboolean
l4_tokenizer_derive_merges (L4Tokenizer *self, GError **error)
{
  for (guint id = 0; id < self->size; id++) {
    if (id + AHEAD < self->size)
      prefetch_beginnings (self, id + AHEAD);
    if (self->tokens[id].kind == L4_TOKEN_ORDINARY && !derive (self, id, error))
      return FALSE;
  }
  return TRUE;
}
