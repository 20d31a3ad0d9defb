/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a tokenizer.json: byte-level BPE with a split rule. Refuses every other kind by its name. */

#include <string.h>

#include "formats/json.h"
#include "tokenizer/tokenizer-private.h"

#define MAX_FILE (256u << 20)   /* bytes */
#define MAX_TOKEN 65536         /* bytes of one token's spelling */

/* The byte that a character of GPT-2's spelling stands for, or -1: printable characters are themselves, the other bytes follow
 * from U+0100 on in their order. */
static gint
byte_of_character (gunichar character)
{
  static gint of_moved[256];    /* byte of U+0100 + i, plus one */
  static gsize ready = 0;

  if (g_once_init_enter (&ready)) {
    guint moved = 0;

    for (guint byte = 0; byte < 256; byte++)
      if (byte < 33 || (byte > 126 && byte < 161) || byte == 173)
        of_moved[moved++] = byte + 1;
    g_once_init_leave (&ready, 1);
  }
  if ((character >= 33 && character <= 126) || (character >= 161 && character <= 255 && character != 173))
    return character;
  return character >= 256 && character < 512 ? of_moved[character - 256] - 1 : -1;
}

/* Turns a spelling into bytes; FALSE when a character of it stands for none. */
static gboolean
bytes_of_spelling (const char *spelling, gsize length, GByteArray *bytes)
{
  g_byte_array_set_size (bytes, 0);
  for (const char *at = spelling; at < spelling + length; at = g_utf8_next_char (at)) {
    gint byte = byte_of_character (g_utf8_get_char (at));

    if (byte < 0)
      return FALSE;
    g_byte_array_append (bytes, (guint8[]) { byte }, 1);
  }
  return bytes->len > 0;
}

static gboolean
place_token (L4Tokenizer *self, const L4Json *json, gint64 id, const guint8 *bytes, gsize length, gboolean special,
    GError **error)
{
  L4Token *token;

  if (id < 0 || id >= self->size)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: id %" PRId64 " is outside 0 … %u"), json->path, id, self->size - 1);
  token = &self->tokens[id];
  if (token->bytes != NULL && !special)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: two tokens have the id %" PRId64), json->path, id);
  if (token->bytes != NULL)
    g_hash_table_remove (self->by_bytes, token);        /* an added token may stand in the vocabulary as well */
  token->bytes = (const guint8 *) g_string_chunk_insert_len (self->arena, (const char *) bytes, length);
  token->length = length;
  token->special = special;
  if (!g_hash_table_add (special ? self->specials : self->by_bytes, token))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the token with id %" PRId64 " stands there twice"), json->path, id);
  if (special)
    self->longest_special = MAX (self->longest_special, length);
  return TRUE;
}

static gboolean
read_vocabulary (L4Tokenizer *self, const L4Json *json, yyjson_val *vocabulary, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  yyjson_val *key, *value;
  size_t index, count;

  yyjson_obj_foreach (vocabulary, index, count, key, value) {
    if (!yyjson_is_int (value) || yyjson_get_len (key) > MAX_TOKEN
        || !bytes_of_spelling (yyjson_get_str (key), yyjson_get_len (key), bytes))
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: entry %zu of the vocabulary is not a byte-level token with an id"),
          json->path, index);
    if (!place_token (self, json, yyjson_get_sint (value), bytes->data, bytes->len, FALSE, error))
      return FALSE;
  }
  for (guint byte = 0; byte < 256; byte++) {
    self->of_byte[byte] = l4_tokenizer_find_bytes (self, (guint8[]) { byte }, 1);
    if (self->of_byte[byte] < 0)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: no token for the byte 0x%02x"), json->path, byte);
  }
  return TRUE;
}

static gboolean
read_specials (L4Tokenizer *self, const L4Json *json, yyjson_val *added, GError **error)
{
  yyjson_val *entry;
  size_t index, count;

  yyjson_arr_foreach (added, index, count, entry) {
    yyjson_val *id = yyjson_obj_get (entry, "id"), *content = yyjson_obj_get (entry, "content");

    if (!yyjson_is_int (id) || !yyjson_is_str (content) || yyjson_get_len (content) == 0
        || yyjson_get_len (content) > MAX_TOKEN)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: entry %zu of added_tokens has no id or no content"), json->path, index);
    if (!place_token (self, json, yyjson_get_sint (id), (const guint8 *) yyjson_get_str (content), yyjson_get_len (content),
            TRUE, error))
      return FALSE;
  }
  return TRUE;
}

/* Both halves of a merge, written "left right" or [left, right]. */
static gboolean
split_merge (yyjson_val *entry, const char **left, gsize *left_length, const char **right, gsize *right_length)
{
  const char *blank;

  if (yyjson_is_arr (entry) && yyjson_arr_size (entry) == 2 && yyjson_is_str (yyjson_arr_get (entry, 0))
      && yyjson_is_str (yyjson_arr_get (entry, 1))) {
    *left = yyjson_get_str (yyjson_arr_get (entry, 0));
    *left_length = yyjson_get_len (yyjson_arr_get (entry, 0));
    *right = yyjson_get_str (yyjson_arr_get (entry, 1));
    *right_length = yyjson_get_len (yyjson_arr_get (entry, 1));
    return TRUE;
  }
  if (!yyjson_is_str (entry) || (blank = strchr (yyjson_get_str (entry), ' ')) == NULL)
    return FALSE;
  *left = yyjson_get_str (entry);
  *left_length = blank - *left;
  *right = blank + 1;
  *right_length = yyjson_get_len (entry) - *left_length - 1;
  return TRUE;
}

static gboolean
read_merges (L4Tokenizer *self, const L4Json *json, yyjson_val *merges, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new (), right_bytes = g_byte_array_new ();
  yyjson_val *entry;
  size_t index, count;

  self->merges = g_new (L4Merge, MAX (yyjson_arr_size (merges), 1));
  yyjson_arr_foreach (merges, index, count, entry) {
    L4Merge *merge = &self->merges[self->n_merges];
    const char *left, *right;
    gsize left_length, right_length;

    merge->left = merge->right = merge->result = -1;
    if (split_merge (entry, &left, &left_length, &right, &right_length) && left_length <= MAX_TOKEN
        && right_length <= MAX_TOKEN && bytes_of_spelling (left, left_length, bytes)
        && bytes_of_spelling (right, right_length, right_bytes)) {
      merge->left = l4_tokenizer_find_bytes (self, bytes->data, bytes->len);
      merge->right = l4_tokenizer_find_bytes (self, right_bytes->data, right_bytes->len);
      g_byte_array_append (bytes, right_bytes->data, right_bytes->len);
      merge->result = l4_tokenizer_find_bytes (self, bytes->data, bytes->len);
    }
    if (merge->left < 0 || merge->right < 0 || merge->result < 0)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: merge %zu does not join two tokens of the vocabulary into a third"),
          json->path, index);
    merge->rank = index;
    if (!g_hash_table_contains (self->by_pair, merge))
      g_hash_table_add (self->by_pair, merge);
    self->n_merges++;
  }
  return TRUE;
}

/* \s is the Unicode property White_Space where the rule comes from; PCRE2's own \s has one character more. */
static char *
translate_pattern (const char *pattern)
{
  GString *result = g_string_new (NULL);

  for (const char *at = pattern; *at != '\0'; at++) {
    if (at[0] == '\\' && (at[1] == 's' || at[1] == 'S'))
      g_string_append (result, at[1] == 's' ? "\\p{White_Space}" : "\\P{White_Space}");
    else if (at[0] == '\\' && at[1] != '\0')
      g_string_append_len (result, at, 2);
    else
      g_string_append_c (result, *at);
    at += at[0] == '\\' && at[1] != '\0';
  }
  return g_string_free (result, FALSE);
}

static gboolean
compile_pattern (L4Tokenizer *self, const L4Json *json, const char *pattern, GError **error)
{
  g_autofree char *translated = translate_pattern (pattern);
  int code;
  PCRE2_SIZE at;

  self->split = pcre2_compile ((PCRE2_SPTR) translated, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C,
      &code, &at, NULL);
  if (self->split == NULL)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the split rule cannot be compiled: error %d at its character %zu"),
        json->path, code, (size_t) at);
  pcre2_jit_compile (self->split, PCRE2_JIT_COMPLETE);  /* without it matching is slower and equal */
  return TRUE;
}

static gboolean
is_type (yyjson_val *object, const char *type)
{
  return yyjson_equals_str (yyjson_obj_get (object, "type"), type);
}

/* Sequence of a Split by a pattern, each match by itself, and ByteLevel without a pattern of its own. */
static gboolean
read_split (L4Tokenizer *self, const L4Json *json, GError **error)
{
  yyjson_val *rule = yyjson_obj_get (json->root, "pre_tokenizer");
  yyjson_val *steps = yyjson_obj_get (rule, "pretokenizers");
  yyjson_val *split = yyjson_arr_get (steps, 0), *bytes = yyjson_arr_get (steps, 1);
  yyjson_val *pattern = yyjson_obj_get (yyjson_obj_get (split, "pattern"), "Regex");

  if (!is_type (rule, "Sequence") || yyjson_arr_size (steps) != 2 || !is_type (split, "Split")
      || !yyjson_equals_str (yyjson_obj_get (split, "behavior"), "Isolated")
      || yyjson_get_bool (yyjson_obj_get (split, "invert")) || !yyjson_is_str (pattern) || !is_type (bytes, "ByteLevel")
      || yyjson_get_bool (yyjson_obj_get (bytes, "add_prefix_space"))
      || !yyjson_is_false (yyjson_obj_get (bytes, "use_regex")))
    return l4_fail (error, L4_ERROR_UNSUPPORTED,
        _("%s: pre_tokenizer: only a Split by a pattern followed by ByteLevel is supported"), json->path);
  return compile_pattern (self, json, yyjson_get_str (pattern), error);
}

static gboolean
check_kind (const L4Json *json, yyjson_val *model, GError **error)
{
  yyjson_val *normalizer = yyjson_obj_get (json->root, "normalizer"), *type = yyjson_obj_get (model, "type");

  if (!yyjson_is_obj (model))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: model: missing"), json->path);
  if (type != NULL && !yyjson_equals_str (type, "BPE")) {
    g_autofree char *shown = l4_json_describe (type);

    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: model type %s is not supported, only BPE"), json->path, shown);
  }
  if (normalizer != NULL && !yyjson_is_null (normalizer))
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: normalizer: not supported"), json->path);
  if (yyjson_get_bool (yyjson_obj_get (model, "byte_fallback")))
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: byte_fallback: not supported"), json->path);
  return TRUE;
}

static gboolean
read_all (L4Tokenizer *self, const L4Json *json, GError **error)
{
  yyjson_val *model = yyjson_obj_get (json->root, "model"), *added = yyjson_obj_get (json->root, "added_tokens");
  yyjson_val *vocabulary = yyjson_obj_get (model, "vocab"), *merges = yyjson_obj_get (model, "merges");

  if (!check_kind (json, model, error))
    return FALSE;
  if (!yyjson_is_obj (vocabulary) || !yyjson_is_arr (merges))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: model: has no vocab or no merges"), json->path);
  /* ids may leave holes, but not so many that a small file asks for a large table */
  self->size = 2 * (yyjson_obj_size (vocabulary) + yyjson_arr_size (added)) + 4096;
  self->tokens = g_new0 (L4Token, self->size);
  self->arena = g_string_chunk_new (1 << 16);
  self->by_bytes = g_hash_table_new (l4_token_hash, l4_token_equal);
  self->specials = g_hash_table_new (l4_token_hash, l4_token_equal);
  self->by_pair = g_hash_table_new (l4_merge_hash, l4_merge_equal);
  self->ignore_merges = yyjson_get_bool (yyjson_obj_get (model, "ignore_merges"));
  if (!read_split (self, json, error) || !read_vocabulary (self, json, vocabulary, error)
      || !read_merges (self, json, merges, error) || !read_specials (self, json, added, error))
    return FALSE;
  while (self->size > 0 && self->tokens[self->size - 1].bytes == NULL)
    self->size--;
  return TRUE;
}

L4Tokenizer *
l4_tokenizer_load (const char *path, GError **error)
{
  g_autofree char *file =
      g_file_test (path, G_FILE_TEST_IS_DIR) ? g_build_filename (path, "tokenizer.json", NULL) : g_strdup (path);
  g_autoptr (L4Json) json = l4_json_load (file, MAX_FILE, error);
  g_autoptr (L4Tokenizer) self = NULL;

  if (json == NULL)
    return NULL;
  self = g_new0 (L4Tokenizer, 1);
  if (!read_all (self, json, error))
    return NULL;
  return g_steal_pointer (&self);
}
