/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tokens of a tokenizer and what merges into what, in hash tables of their own: see tokenizer-private.h. */

#include "tokenizer/tokenizer-private.h"

#include <string.h>

#include "base/memory.h"

#define MAX_IDS (1u << 24)

/* Both halves of the product, so that every bit of the arguments reaches every bit of the result. */
static inline guint64
mix (guint64 a, guint64 b)
{
  unsigned __int128 product = (unsigned __int128) a * b;

  return (guint64) product ^ (guint64) (product >> 64);
}

static guint64
hash_bytes (guint64 seed, const guint8 *bytes, gsize length)
{
  guint64 hash = seed ^ length, word;

  for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
    memcpy (&word, bytes, sizeof word);
    hash = mix (hash ^ word, 0x9e3779b97f4a7c15u);
  }
  word = 0;
  memcpy (&word, bytes, length);
  return mix (hash ^ word, 0xd6e8feb86659fd93u);
}

static inline guint64
hash_pair (guint64 seed, gint32 left, gint32 right)
{
  return mix (seed ^ ((guint64) (guint32) left << 32 | (guint32) right), 0x9e3779b97f4a7c15u);
}

/* The mask of a table with room for twice n entries; the table itself, zeroed, in *table. */
static gboolean
make_table (const char *path, gsize n, gsize entry_size, gpointer table, gsize *mask, GError **error)
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

L4Tokenizer *
l4_tokenizer_new (const char *path, gsize n_ids, GError **error)
{
  g_autoptr (L4Tokenizer) self = g_new0 (L4Tokenizer, 1);

  self->path = g_strdup (path);
  self->arena = g_string_chunk_new (1 << 16);
  self->seed = (guint64) g_random_int () << 32 | g_random_int ();
  if (n_ids > MAX_IDS) {
    l4_fail (error, L4_ERROR_FORMAT, _("%s: %zu tokens are more than the %u allowed"), path, n_ids, MAX_IDS);
    return NULL;
  }
  self->size = (guint) n_ids;
  self->tokens = l4_alloc (n_ids * sizeof (L4Token), path, error);
  if (self->tokens == NULL || !make_table (path, n_ids, sizeof (guint32), &self->by_bytes, &self->by_bytes_mask, error)
      || !make_table (path, n_ids, sizeof (L4Merge), &self->merges, &self->merges_mask, error) || !l4_tokenizer_compile_rule (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
l4_tokenizer_free (L4Tokenizer *self)
{
  if (self == NULL)
    return;
  g_string_chunk_free (self->arena);
  pcre2_code_free (self->rule);
  l4_free (self->tokens);
  l4_free (self->by_bytes);
  l4_free (self->merges);
  g_free (self->path);
  g_free (self);
}

/* Where the token with these bytes stands in by_bytes, or where it would. */
static gsize
place_of_bytes (const L4Tokenizer *self, const guint8 *bytes, gsize length)
{
  gsize place = hash_bytes (self->seed, bytes, length) & self->by_bytes_mask;

  for (; self->by_bytes[place] != 0; place = (place + 1) & self->by_bytes_mask) {
    const L4Token *token = &self->tokens[self->by_bytes[place] - 1];

    if (token->length == length && memcmp (token->bytes, bytes, length) == 0)
      break;
  }
  return place;
}

gint32
l4_tokenizer_find (const L4Tokenizer *self, L4TokenKind kind, const void *bytes, gsize length)
{
  guint32 found = self->by_bytes[place_of_bytes (self, bytes, length)];

  return found != 0 && self->tokens[found - 1].kind == kind ? (gint32) (found - 1) : -1;
}

gboolean
l4_tokenizer_add (L4Tokenizer *self, guint64 id, L4TokenKind kind, const void *bytes, gsize length, GError **error)
{
  L4Token *token;
  gsize place;

  if (id >= self->size)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the id %" PRIu64 " is too large for %u tokens"), self->path, id,
        self->size);
  token = &self->tokens[id];
  if (token->kind != L4_TOKEN_MISSING)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: two tokens have the id %" PRIu64), self->path, id);
  if (length == 0 || length > L4_MAX_TOKEN || (kind == L4_TOKEN_SPECIAL && memchr (bytes, '\0', length) != NULL))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the token with the id %" PRIu64 " is empty, longer than %u bytes, or a "
            "name with a NUL in it"), self->path, id, L4_MAX_TOKEN);
  if (kind != L4_TOKEN_UNUSED) {
    place = place_of_bytes (self, bytes, length);
    if (self->by_bytes[place] != 0)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: the ids %u and %" PRIu64 " have the same token"), self->path,
          self->by_bytes[place] - 1, id);
    self->by_bytes[place] = (guint32) id + 1;
  }
  token->bytes = (const guint8 *) g_string_chunk_insert_len (self->arena, bytes, (gssize) length);
  token->length = (guint32) length;
  token->kind = kind;
  return TRUE;
}

gboolean
l4_tokenizer_finish_tokens (L4Tokenizer *self, GError **error)
{
  while (self->size > 0 && self->tokens[self->size - 1].kind == L4_TOKEN_MISSING)
    self->size--;
  for (guint id = 0; id < self->size; id++)
    if (self->tokens[id].kind == L4_TOKEN_MISSING)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: no token has the id %u, though there is one with the id %u"), self->path,
          id, self->size - 1);
  for (guint byte = 0; byte < 256; byte++) {
    self->of_byte[byte] = l4_tokenizer_find (self, L4_TOKEN_ORDINARY, (guint8[]) { byte }, 1);
    if (self->of_byte[byte] < 0)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: no token for the byte 0x%02x"), self->path, byte);
  }
  return TRUE;
}

/* No merge gives the token that it begins with. */
static inline gboolean
is_free (const L4Merge *merge)
{
  return merge->result == merge->left;
}

/* Where the merge of these two stands, or where it would. */
static L4Merge *
place_of_merge (const L4Tokenizer *self, gint32 left, gint32 right)
{
  gsize place = hash_pair (self->seed, left, right) & self->merges_mask;

  while (!is_free (&self->merges[place]) && (self->merges[place].left != left || self->merges[place].right != right))
    place = (place + 1) & self->merges_mask;
  return &self->merges[place];
}

const L4Merge *
l4_tokenizer_find_merge (const L4Tokenizer *self, gint32 left, gint32 right)
{
  const L4Merge *merge = place_of_merge (self, left, right);

  return is_free (merge) ? NULL : merge;
}

/* Twice the room. */
static gboolean
grow_merges (L4Tokenizer *self, GError **error)
{
  L4Merge *old = self->merges;
  gsize n_old = self->merges_mask + 1;

  if (!make_table (self->path, n_old, sizeof (L4Merge), &self->merges, &self->merges_mask, error)) {
    self->merges = old;
    return FALSE;
  }
  for (gsize i = 0; i < n_old; i++)
    if (!is_free (&old[i]))
      *place_of_merge (self, old[i].left, old[i].right) = old[i];
  l4_free (old);
  return TRUE;
}

static gboolean
insert_merge (L4Tokenizer *self, L4Merge merge, GError **error)
{
  L4Merge *place;

  if (self->n_merges > self->merges_mask / 2 && !grow_merges (self, error))
    return FALSE;
  place = place_of_merge (self, merge.left, merge.right);
  if (!is_free (place))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the merges %u and %u join the same tokens"), self->path, place->rank,
        merge.rank);
  *place = merge;
  self->n_merges++;
  return TRUE;
}

gboolean
l4_tokenizer_add_merge (L4Tokenizer *self, gsize rank, const char *left, gsize left_length, const char *right,
    gsize right_length, GError **error)
{
  guint8 bytes[L4_MAX_TOKEN];
  gsize n_left = 0, n = 0;
  L4Merge merge = {.left = -1,.rank = (guint32) rank };

  if (rank < G_MAXUINT32 && l4_tokenizer_unspell (left, left_length, bytes, &n)) {
    n_left = n;
    if (l4_tokenizer_unspell (right, right_length, bytes, &n)) {
      merge.left = l4_tokenizer_find (self, L4_TOKEN_ORDINARY, bytes, n_left);
      merge.right = l4_tokenizer_find (self, L4_TOKEN_ORDINARY, bytes + n_left, n - n_left);
      merge.result = l4_tokenizer_find (self, L4_TOKEN_ORDINARY, bytes, n);
    }
  }
  if (merge.left < 0 || merge.right < 0 || merge.result < 0)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: merge %zu does not join two tokens of the vocabulary into a third"),
        self->path, rank);
  return insert_merge (self, merge, error);
}

gboolean
l4_tokenizer_add_merge_text (L4Tokenizer *self, gsize rank, const char *text, gsize length, GError **error)
{
  const char *blank = memchr (text, ' ', length);
  gsize n_left = blank != NULL ? (gsize) (blank - text) : length;

  return l4_tokenizer_add_merge (self, rank, text, n_left, text + MIN (n_left + 1, length), length - MIN (n_left + 1, length),
      error);
}

gboolean
l4_tokenizer_derive_merges (L4Tokenizer *self, GError **error)
{
  for (guint id = 0; id < self->size; id++) {
    const L4Token *token = &self->tokens[id];

    for (guint32 n = 1; token->kind == L4_TOKEN_ORDINARY && n < token->length; n++) {
      L4Merge merge = {.result = (gint32) id,.rank = id };

      merge.left = l4_tokenizer_find (self, L4_TOKEN_ORDINARY, token->bytes, n);
      if (merge.left >= 0)
        merge.right = l4_tokenizer_find (self, L4_TOKEN_ORDINARY, token->bytes + n, token->length - n);
      if (merge.left >= 0 && merge.right >= 0 && !insert_merge (self, merge, error))
        return FALSE;
    }
  }
  return TRUE;
}
