/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tokens of a tokenizer: filling the table and looking up in it. */

#include "tokenizer/tokenizer-private.h"

#include <string.h>

#include "base/memory.h"

#define MAX_IDS (1u << 24)
#define LONG_KEY (0xffull << 56)

/* Tokens of seven bytes or less are their own key, with the length in the eighth byte; longer ones have a hash for it, and share
 * it with others perhaps. */
guint64
l4_tokenizer_key (const L4Tokenizer *self, const guint8 *bytes, gsize length)
{
  guint64 hash = self->seed, word = 0;

  if (length <= 7) {
    for (gsize i = 0; i < length; i++)
      word |= (guint64) bytes[i] << 8 * i;
    return word | (guint64) length << 56;
  }
  for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
    memcpy (&word, bytes, sizeof word);
    hash = l4_mix (hash ^ word);
  }
  word = (guint64) length << 56;
  memcpy (&word, bytes, length);
  return l4_mix (hash ^ word) | LONG_KEY;
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
  self->rule = l4_split_rule_get (error);
  if (self->rule == NULL)
    return NULL;
  self->size = (guint) n_ids;
  self->tokens = l4_alloc (n_ids * sizeof (L4Token), path, error);
  if (self->tokens == NULL || !l4_make_table (path, n_ids, sizeof (L4Place), &self->places, &self->places_mask, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
l4_tokenizer_free (L4Tokenizer *self)
{
  if (self == NULL)
    return;
  g_string_chunk_free (self->arena);
  l4_free (self->tokens);
  l4_free (self->places);
  l4_free (self->merges);
  g_free (self->waiting);
  g_free (self->path);
  g_free (self);
}

/* Where the token with this key and these bytes stands, or where it would. */
static L4Place *
find_place (const L4Tokenizer *self, guint64 key, const guint8 *bytes, gsize length)
{
  L4Place *place = l4_tokenizer_place (self, key), *end = self->places + self->places_mask + 1;

  while (place->id_plus_one != 0) {
    const L4Token *token = &self->tokens[place->id_plus_one - 1];

    if (place->key == key && (key < LONG_KEY || (token->length == length && memcmp (token->bytes, bytes, length) == 0)))
      break;
    if (++place == end)
      place = self->places;
  }
  return place;
}

gint32
l4_tokenizer_find_by_key (const L4Tokenizer *self, guint64 key, const guint8 *bytes, gsize length)
{
  const L4Place *place = find_place (self, key, bytes, length);

  return place->kind == L4_TOKEN_ORDINARY ? (gint32) (place->id_plus_one - 1) : -1;
}

gint32
l4_tokenizer_find (const L4Tokenizer *self, L4TokenKind kind, const void *bytes, gsize length)
{
  const L4Place *place = find_place (self, l4_tokenizer_key (self, bytes, length), bytes, length);

  return place->kind == kind ? (gint32) (place->id_plus_one - 1) : -1;
}

gboolean
l4_tokenizer_add (L4Tokenizer *self, guint64 id, L4TokenKind kind, const void *bytes, gsize length, GError **error)
{
  L4Token *token;

  if (id >= self->size)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the id %" PRIu64 " is too large for %u tokens"), self->path, id,
        self->size);
  token = &self->tokens[id];
  if (token->kind != L4_TOKEN_MISSING)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: two tokens have the id %" PRIu64), self->path, id);
  if (length == 0 || length > L4_MAX_TOKEN)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the token with the id %" PRIu64 " has %zu bytes, not 1 to %u"), self->path,
        id, length, L4_MAX_TOKEN);
  if (kind == L4_TOKEN_SPECIAL && memchr (bytes, '\0', length) != NULL)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the name of the token with the id %" PRIu64 " has a NUL in it"), self->path,
        id);
  if (kind != L4_TOKEN_UNUSED) {
    guint64 key = l4_tokenizer_key (self, bytes, length);
    L4Place *place = find_place (self, key, bytes, length);

    if (place->id_plus_one != 0)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: the ids %u and %" PRIu64 " have the same token"), self->path,
          place->id_plus_one - 1, id);
    *place = (L4Place) { key, (guint32) id + 1, kind };
  }
  token->bytes = (const guint8 *) g_string_chunk_insert_len (self->arena, bytes, (gssize) length);
  token->length = (guint32) length;
  token->kind = kind;
  return TRUE;
}

gboolean
l4_tokenizer_finish_tokens (L4Tokenizer *self, gsize n_merges, GError **error)
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
  return l4_make_table (self->path, n_merges, sizeof (L4Merge), &self->merges, &self->merges_mask, error);
}
