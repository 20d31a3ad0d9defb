/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a tokenizer.json: byte-level BPE with Llama 4's split rule. Refuses every other kind by its name. */

#include "tokenizer/tokenizer-private.h"

#include <string.h>

/* object[key] must be missing, null, false, 0 or "". */
static gboolean
expect_unset (const L4Json *json, yyjson_val *object, const char *key, GError **error)
{
  yyjson_val *value;

  if (!l4_json_get (json, object, key, YYJSON_TYPE_NONE, &value, error))
    return FALSE;
  if (value == NULL || yyjson_is_false (value) || yyjson_equals_str (value, "")
      || (yyjson_is_num (value) && yyjson_get_num (value) == 0))
    return TRUE;
  return l4_json_refuse (json, object, key, L4_ERROR_UNSUPPORTED, error, _("it is not supported"));
}

/* object[key] must be this text. */
static gboolean
expect_text (const L4Json *json, yyjson_val *object, const char *key, const char *text, GError **error)
{
  yyjson_val *value;

  if (!l4_json_get (json, object, key, YYJSON_TYPE_STR, &value, error))
    return FALSE;
  if (value != NULL && yyjson_equals_str (value, text))
    return TRUE;
  return l4_json_refuse (json, object, key, L4_ERROR_UNSUPPORTED, error, _("only %s is supported"), text);
}

/* *part = object[key], which must be an object of this type. */
static gboolean
expect_type (const L4Json *json, const char *key, const char *type, yyjson_val **part, GError **error)
{
  if (!l4_json_get (json, json->root, key, YYJSON_TYPE_OBJ, part, error))
    return FALSE;
  if (*part == NULL)
    return l4_json_refuse (json, json->root, key, L4_ERROR_UNSUPPORTED, error, _("only %s is supported"), type);
  return expect_text (json, *part, "type", type, error);
}

/* Sequence of a Split by Llama 4's rule, each match by itself, and ByteLevel without a rule of its own. */
static gboolean
check_split (const L4Json *json, GError **error)
{
  yyjson_val *sequence, *steps, *split, *bytes, *pattern;

  if (!expect_type (json, "pre_tokenizer", "Sequence", &sequence, error)
      || !l4_json_get (json, sequence, "pretokenizers", YYJSON_TYPE_ARR, &steps, error))
    return FALSE;
  split = yyjson_arr_get (steps, 0);
  bytes = yyjson_arr_get (steps, 1);
  if (yyjson_arr_size (steps) != 2)
    return l4_json_refuse (json, sequence, "pretokenizers", L4_ERROR_UNSUPPORTED, error,
        _("only a Split followed by ByteLevel is supported"));
  if (!expect_text (json, split, "type", "Split", error) || !expect_text (json, bytes, "type", "ByteLevel", error)
      || !l4_json_get (json, split, "pattern", YYJSON_TYPE_OBJ, &pattern, error)
      || !expect_text (json, split, "behavior", "Isolated", error) || !expect_unset (json, split, "invert", error)
      || !expect_unset (json, bytes, "add_prefix_space", error))
    return FALSE;
  if (!yyjson_equals_str (yyjson_obj_get (pattern, "Regex"), l4_split_rule))
    return l4_json_refuse (json, pattern, "Regex", L4_ERROR_UNSUPPORTED, error,
        _("text can only be split by the rule of Llama 4"));
  if (!yyjson_is_false (yyjson_obj_get (bytes, "use_regex")))   /* where it is missing, it is on */
    return l4_json_refuse (json, bytes, "use_regex", L4_ERROR_UNSUPPORTED, error, _("it must be false"));
  return TRUE;
}

static gboolean
check_kind (const L4Json *json, yyjson_val **model, GError **error)
{
  static const char *const unset[] = {
    "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback",
  };
  yyjson_val *decoder;

  if (!expect_unset (json, json->root, "normalizer", error) || !check_split (json, error)
      || !expect_type (json, "decoder", "ByteLevel", &decoder, error) || !expect_type (json, "model", "BPE", model, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (unset); i++)
    if (!expect_unset (json, *model, unset[i], error))
      return FALSE;
  return TRUE;
}

/* All of them are special here, those too that text could become elsewhere: text from outside must not. */
static gboolean
read_added (L4Tokenizer *self, const L4Json *json, yyjson_val *added, GError **error)
{
  static const char *const unset[] = { "single_word", "lstrip", "rstrip" };
  yyjson_val *entry;
  size_t index, count;

  yyjson_arr_foreach (added, index, count, entry) {
    yyjson_val *id, *content;

    if (!l4_json_get (json, entry, "id", YYJSON_TYPE_NUM, &id, error)
        || !l4_json_get (json, entry, "content", YYJSON_TYPE_STR, &content, error))
      return FALSE;
    if (!yyjson_is_uint (id) || content == NULL)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: entry %zu of added_tokens has no id or no content"), json->path, index);
    for (guint i = 0; i < G_N_ELEMENTS (unset); i++)
      if (!expect_unset (json, entry, unset[i], error))
        return FALSE;
    if (!l4_tokenizer_add (self, yyjson_get_uint (id), L4_TOKEN_SPECIAL, yyjson_get_str (content), yyjson_get_len (content),
            error))
      return FALSE;
  }
  return TRUE;
}

/* A special token may stand in the vocabulary as well, with the same id and spelled as it is. */
static gboolean
is_added (const L4Tokenizer *self, guint64 id, yyjson_val *spelling)
{
  const L4Token *token = id < self->size ? &self->tokens[id] : NULL;

  return token != NULL && token->kind == L4_TOKEN_SPECIAL && token->length == yyjson_get_len (spelling)
      && memcmp (token->bytes, yyjson_get_str (spelling), token->length) == 0;
}

static gboolean
read_vocabulary (L4Tokenizer *self, const L4Json *json, yyjson_val *vocabulary, GError **error)
{
  yyjson_val *key, *value;
  size_t index, count;

  yyjson_obj_foreach (vocabulary, index, count, key, value) {
    guint8 bytes[L4_MAX_TOKEN];
    gsize length = 0;

    if (yyjson_is_uint (value) && is_added (self, yyjson_get_uint (value), key))
      continue;
    if (!yyjson_is_uint (value) || !l4_tokenizer_unspell (yyjson_get_str (key), yyjson_get_len (key), bytes, &length)) {
      g_autofree char *shown = l4_json_describe (key);

      return l4_fail (error, L4_ERROR_FORMAT, _("%s: entry %zu of the vocabulary, %s, is not a byte-level token with an id"),
          json->path, index, shown);
    }
    if (!l4_tokenizer_add (self, yyjson_get_uint (value), L4_TOKEN_ORDINARY, bytes, length, error))
      return FALSE;
  }
  return TRUE;
}

/* "left right" or ["left", "right"]. */
static gboolean
read_merge (L4Tokenizer *self, gsize rank, yyjson_val *entry, GError **error)
{
  yyjson_val *left = yyjson_arr_get_first (entry), *right = yyjson_arr_get_last (entry);

  if (yyjson_is_str (entry))
    return l4_tokenizer_add_merge_text (self, rank, yyjson_get_str (entry), yyjson_get_len (entry), error);
  if (yyjson_arr_size (entry) != 2 || !yyjson_is_str (left) || !yyjson_is_str (right))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: merge %zu is not a pair of tokens"), self->path, rank);
  return l4_tokenizer_add_merge (self, rank, yyjson_get_str (left), yyjson_get_len (left), yyjson_get_str (right),
      yyjson_get_len (right), error);
}

static gboolean
read_merges (L4Tokenizer *self, yyjson_val *merges, GError **error)
{
  yyjson_val *entry;
  size_t index, count;

  yyjson_arr_foreach (merges, index, count, entry)
    if (!read_merge (self, index, entry, error))
      return FALSE;
  return l4_tokenizer_finish_merges (self, error);
}

L4Tokenizer *
l4_tokenizer_read_json (const L4Json *json, GError **error)
{
  yyjson_val *model, *added, *vocabulary, *merges;
  g_autoptr (L4Tokenizer) self = NULL;

  if (!check_kind (json, &model, error) || !l4_json_get (json, json->root, "added_tokens", YYJSON_TYPE_ARR, &added, error)
      || !l4_json_get (json, model, "vocab", YYJSON_TYPE_OBJ, &vocabulary, error)
      || !l4_json_get (json, model, "merges", YYJSON_TYPE_ARR, &merges, error))
    return NULL;
  if (vocabulary == NULL || merges == NULL) {
    l4_json_refuse (json, model, vocabulary == NULL ? "vocab" : "merges", L4_ERROR_FORMAT, error, _("it is needed"));
    return NULL;
  }
  self = l4_tokenizer_new (json->path, yyjson_obj_size (vocabulary) + yyjson_arr_size (added), error);
  if (self == NULL || !l4_json_get_bool (json, model, "ignore_merges", &self->whole_first, error)
      || !read_added (self, json, added, error) || !read_vocabulary (self, json, vocabulary, error)
      || !l4_tokenizer_finish_tokens (self, yyjson_arr_size (merges), error) || !read_merges (self, merges, error))
    return NULL;
  return g_steal_pointer (&self);
}
