/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to token ids and back. */

#include "tokenizer/tokenizer-private.h"

#include <string.h>

/* Bytes of one text: several times what a context of ten million tokens holds. Positions fit 32 bits. */
#define MAX_TEXT (64u << 20)

const char *
l4_tokenizer_get_path (const L4Tokenizer *self)
{
  return self->path;
}

guint
l4_tokenizer_get_size (const L4Tokenizer *self)
{
  return self->size;
}

gint32
l4_tokenizer_find_special (const L4Tokenizer *self, const char *name)
{
  static const char *const padding[] = { "<|finetune_right_pad|>", "<|finetune_right_pad_id|>" };
  gint32 id = l4_tokenizer_find (self, L4_TOKEN_SPECIAL, name, strlen (name));

  for (guint i = 0; id < 0 && i < G_N_ELEMENTS (padding); i++)
    if (strcmp (name, padding[i]) == 0)
      id = l4_tokenizer_find (self, L4_TOKEN_SPECIAL, padding[1 - i], strlen (padding[1 - i]));
  return id;
}

gboolean
l4_tokenizer_is_special (const L4Tokenizer *self, gint32 id)
{
  return id >= 0 && (guint) id < self->size && self->tokens[id].kind == L4_TOKEN_SPECIAL;
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

/* Pieces are the matches of the split rule and what stands between them. The rule takes time in proportion to the text, so that
 * PCRE2's own limit of steps is lifted. */
static gboolean
encode_pieces (const L4Tokenizer *self, const guint8 *text, gsize length, L4MergeRoom *room, GArray *ids, GError **error)
{
  pcre2_match_data *match = pcre2_match_data_create (1, NULL);
  pcre2_match_context *context = pcre2_match_context_create (NULL);
  const gsize *found = pcre2_get_ovector_pointer (match);
  gboolean good = TRUE;

  pcre2_set_match_limit (context, G_MAXUINT32);
  for (gsize at = 0; good && at < length;) {
    int status = pcre2_match (self->rule, text, length, at, PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, match, context);
    gsize start = status > 0 ? found[0] : length, end = status > 0 ? found[1] : length;

    if (status < 0 && status != PCRE2_ERROR_NOMATCH)
      good = l4_fail (error, L4_ERROR_INPUT, _("text: splitting at byte %zu of %zu failed with status %d"), at, length, status);
    if (good && start > at)
      good = l4_tokenizer_merge_piece (self, text + at, start - at, room, ids, error);
    if (good && end > start)
      good = l4_tokenizer_merge_piece (self, text + start, end - start, room, ids, error);
    at = end;
  }
  pcre2_match_context_free (context);
  pcre2_match_data_free (match);
  return good;
}

gboolean
l4_tokenizer_encode (const L4Tokenizer *self, const char *text, gssize given, GArray *ids, GError **error)
{
  gsize length = given < 0 ? strlen (text) : (gsize) given;
  L4MergeRoom room = { NULL };
  gboolean good;

  if (length > MAX_TEXT)
    return l4_fail (error, L4_ERROR_INPUT, _("text: %zu bytes are more than the %u allowed"), length, MAX_TEXT);
  good = check_utf8 (text, length, error) && encode_pieces (self, (const guint8 *) text, length, &room, ids, error);
  l4_merge_room_clear (&room);
  return good;
}

void
l4_tokenizer_decode (const L4Tokenizer *self, gint32 id, gboolean with_specials, GString *bytes)
{
  const L4Token *token;

  if (id < 0 || (guint) id >= self->size)
    return;
  token = &self->tokens[id];
  if (token->kind == L4_TOKEN_ORDINARY || (token->kind == L4_TOKEN_SPECIAL && with_specials))
    g_string_append_len (bytes, (const char *) token->bytes, token->length);
}
