/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to token ids and back. */

#include "tokenizer/tokenizer-private.h"

#include <string.h>

/* Steps that matching one piece may take: ordinary text needs a few per byte, a hostile split rule without end. */
#define MATCH_LIMIT 10000000

/* Text is split in stretches of at most this size, so that positions fit 32 bits. */
#define MAX_TEXT (1u << 30)

guint
l4_token_hash (gconstpointer data)
{
  const L4Token *token = data;
  guint32 hash = 2166136261u;

  for (guint32 i = 0; i < token->length; i++)
    hash = (hash ^ token->bytes[i]) * 16777619u;
  return hash;
}

gboolean
l4_token_equal (gconstpointer a, gconstpointer b)
{
  const L4Token *one = a, *other = b;

  return one->length == other->length && memcmp (one->bytes, other->bytes, one->length) == 0;
}

guint
l4_merge_hash (gconstpointer data)
{
  const L4Merge *merge = data;

  return (guint32) merge->left * 2654435761u ^ (guint32) merge->right * 2246822519u;
}

gboolean
l4_merge_equal (gconstpointer a, gconstpointer b)
{
  const L4Merge *one = a, *other = b;

  return one->left == other->left && one->right == other->right;
}

static gint32
find (const L4Tokenizer *self, GHashTable *table, const guint8 *bytes, gsize length)
{
  const L4Token key = { bytes, length, FALSE };
  const L4Token *token = g_hash_table_lookup (table, &key);

  return token != NULL ? token - self->tokens : -1;
}

gint32
l4_tokenizer_find_bytes (const L4Tokenizer *self, const guint8 *bytes, gsize length)
{
  return find (self, self->by_bytes, bytes, length);
}

guint
l4_tokenizer_get_size (const L4Tokenizer *self)
{
  return self->size;
}

gint32
l4_tokenizer_find_special (const L4Tokenizer *self, const char *name)
{
  return find (self, self->specials, (const guint8 *) name, strlen (name));
}

gboolean
l4_tokenizer_is_special (const L4Tokenizer *self, gint32 id)
{
  return id >= 0 && (guint) id < self->size && self->tokens[id].special;
}

/* Like g_utf8_validate(), but a NUL is a character like any other. */
static gboolean
check_utf8 (const char *text, gsize length, GError **error)
{
  for (gsize at = 0; at < length;) {
    const char *end;

    if (!g_utf8_validate_len (text + at, length - at, &end) && *end != '\0')
      return l4_fail (error, L4_ERROR_INPUT, _("text: byte %zu is not valid UTF-8"), (gsize) (end - text));
    at = end - text + 1;
  }
  return TRUE;
}

/* Pieces are the matches of the split rule and what stands between them. */
static gboolean
encode_run (const L4Tokenizer *self, const char *text, gsize length, GArray *ids, GError **error)
{
  pcre2_match_data *match = pcre2_match_data_create (1, NULL);
  pcre2_match_context *context = pcre2_match_context_create (NULL);
  const guint8 *bytes = (const guint8 *) text;
  gsize at = 0;
  int status = 1;

  pcre2_set_match_limit (context, MATCH_LIMIT);
  while (at < length) {
    gsize start = length, end = length;

    status = pcre2_match (self->split, bytes, length, at, PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, match, context);
    if (status < 0 && status != PCRE2_ERROR_NOMATCH)
      break;
    if (status > 0) {
      start = pcre2_get_ovector_pointer (match)[0];
      end = pcre2_get_ovector_pointer (match)[1];
    }
    if (start > at)
      l4_tokenizer_merge_piece (self, bytes + at, start - at, ids);
    if (end > start)
      l4_tokenizer_merge_piece (self, bytes + start, end - start, ids);
    at = end;
  }
  pcre2_match_context_free (context);
  pcre2_match_data_free (match);
  if (at < length)
    return l4_fail (error, L4_ERROR_INPUT, _("text: splitting at byte %zu of %zu failed with status %d"), at, length, status);
  return TRUE;
}

static gboolean
check_text (const char *text, gssize given, gsize *length, GError **error)
{
  *length = given < 0 ? strlen (text) : (gsize) given;
  if (*length > MAX_TEXT)
    return l4_fail (error, L4_ERROR_INPUT, _("text: %zu bytes are more than the %u allowed"), *length,
        MAX_TEXT);
  return check_utf8 (text, *length, error);
}

gboolean
l4_tokenizer_encode (const L4Tokenizer *self, const char *text, gssize given, GArray *ids, GError **error)
{
  gsize length;

  return check_text (text, given, &length, error) && encode_run (self, text, length, ids, error);
}

/* The longest special token that text begins with, or -1. */
static gint32
special_at (const L4Tokenizer *self, const char *text, gsize length)
{
  for (gsize n = MIN (self->longest_special, length); n > 0; n--) {
    gint32 id = find (self, self->specials, (const guint8 *) text, n);

    if (id >= 0)
      return id;
  }
  return -1;
}

gboolean
l4_tokenizer_encode_with_specials (const L4Tokenizer *self, const char *text, gssize given, GArray *ids, GError **error)
{
  gsize length, start = 0;

  if (!check_text (text, given, &length, error))
    return FALSE;
  for (gsize at = 0; at < length;) {
    gint32 id = special_at (self, text + at, length - at);

    if (id < 0) {
      at++;
      continue;
    }
    if (!encode_run (self, text + start, at - start, ids, error))
      return FALSE;
    g_array_append_val (ids, id);
    at += self->tokens[id].length;
    start = at;
  }
  return encode_run (self, text + start, length - start, ids, error);
}

void
l4_tokenizer_decode (const L4Tokenizer *self, gint32 id, gboolean with_specials, GString *bytes)
{
  const L4Token *token;

  if (id < 0 || (guint) id >= self->size)
    return;
  token = &self->tokens[id];
  if (token->bytes != NULL && (with_specials || !token->special))
    g_string_append_len (bytes, (const char *) token->bytes, token->length);
}

void
l4_tokenizer_free (L4Tokenizer *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->by_bytes, g_hash_table_unref);
  g_clear_pointer (&self->specials, g_hash_table_unref);
  g_clear_pointer (&self->by_pair, g_hash_table_unref);
  g_clear_pointer (&self->arena, g_string_chunk_free);
  pcre2_code_free (self->split);
  g_free (self->tokens);
  g_free (self->merges);
  g_free (self);
}
