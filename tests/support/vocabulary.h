/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vocabulary of the golden checkpoints, and writing it in each format that tokenizers have. */

#pragma once

#include <yyjson.h>

#include "support/gguf.h"
#include "tokenizer/tokenizer.h"

/* What the metadata of a GGUF file say; a NULL leaves its key out. */
typedef struct
{
  const char *architecture, *model, *rule;
  GPtrArray *tokens;            /* char *, spelled as in the file */
  GArray *types;                /* gint32 */
  GPtrArray *merges;            /* char * "left right" */
} Vocabulary;

static inline void
vocabulary_free (Vocabulary *self)
{
  g_clear_pointer (&self->tokens, g_ptr_array_unref);
  g_clear_pointer (&self->types, g_array_unref);
  g_clear_pointer (&self->merges, g_ptr_array_unref);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Vocabulary, vocabulary_free)

/* (transfer full) */
static inline char *
golden_tokenizer_path (void)
{
  return g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", "tokenizer.json", NULL);
}

static inline L4Tokenizer *
load_good_tokenizer (const char *path)
{
  g_autoptr (GError) error = NULL;
  L4Tokenizer *tokenizer = l4_tokenizer_load (path, &error);

  g_assert_no_error (error);
  return tokenizer;
}

/* Text becomes ids that are not special, and those become the text. */
static inline void
assert_round_trip (const L4Tokenizer *tokenizer, const char *text)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GString) back = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  l4_tokenizer_encode (tokenizer, text, -1, ids, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < ids->len; i++) {
    g_assert_false (l4_tokenizer_is_special (tokenizer, g_array_index (ids, gint32, i)));
    l4_tokenizer_decode (tokenizer, g_array_index (ids, gint32, i), FALSE, back);
  }
  g_assert_cmpstr (back->str, ==, text);
}

static inline void
vocabulary_set (Vocabulary *self, gsize id, const char *token, gint32 type)
{
  if (id >= self->tokens->len) {
    g_ptr_array_set_size (self->tokens, (gint) id + 1);
    g_array_set_size (self->types, (guint) id + 1);
  }
  g_free (self->tokens->pdata[id]);
  self->tokens->pdata[id] = g_strdup (token);
  g_array_index (self->types, gint32, id) = type;
}

/* That of the golden tokenizer.json. (transfer full) */
static inline Vocabulary *
vocabulary_new (void)
{
  Vocabulary *self = g_new0 (Vocabulary, 1);
  g_autofree char *path = golden_tokenizer_path ();
  yyjson_doc *doc = yyjson_read_file (path, 0, NULL, NULL);
  yyjson_val *root = yyjson_doc_get_root (doc), *model = yyjson_obj_get (root, "model"), *key, *value;
  size_t i, n;

  self->architecture = self->rule = "llama4";
  self->model = "gpt2";
  self->tokens = g_ptr_array_new_with_free_func (g_free);
  self->types = g_array_new (FALSE, TRUE, sizeof (gint32));
  self->merges = g_ptr_array_new_with_free_func (g_free);
  yyjson_obj_foreach (yyjson_obj_get (model, "vocab"), i, n, key, value)
    vocabulary_set (self, yyjson_get_uint (value), yyjson_get_str (key), 1);
  yyjson_arr_foreach (yyjson_obj_get (root, "added_tokens"), i, n, value)
    vocabulary_set (self, yyjson_get_uint (yyjson_obj_get (value, "id")), yyjson_get_str (yyjson_obj_get (value, "content")), 3);
  yyjson_arr_foreach (yyjson_obj_get (model, "merges"), i, n, value)
    g_ptr_array_add (self->merges, g_strdup_printf ("%s %s", yyjson_get_str (yyjson_arr_get_first (value)),
          yyjson_get_str (yyjson_arr_get_last (value))));
  yyjson_doc_free (doc);
  return self;
}

static inline void
put_string (GByteArray *file, const char *text)
{
  put_number (file, strlen (text), 8);
  g_byte_array_append (file, (const guint8 *) text, (guint) strlen (text));
}

static inline guint
put_text_key (GByteArray *file, const char *key, const char *value)
{
  if (value == NULL)
    return 0;
  put_string (file, key);
  put_number (file, 8, 4);
  put_string (file, value);
  return 1;
}

static inline guint
put_array_key (GByteArray *file, const char *key, guint type, gsize n)
{
  put_string (file, key);
  put_number (file, 9, 4);
  put_number (file, type, 4);
  put_number (file, n, 8);
  return 1;
}

/* A GGUF file without tensors. (transfer full) */
static inline GByteArray *
vocabulary_to_gguf (const Vocabulary *self)
{
  g_autoptr (GByteArray) keys = g_byte_array_new ();
  GByteArray *file = g_byte_array_new ();
  guint n = put_text_key (keys, "general.architecture", self->architecture);

  n += put_text_key (keys, "tokenizer.ggml.model", self->model);
  n += put_text_key (keys, "tokenizer.ggml.pre", self->rule);
  if (self->tokens != NULL)
    n += put_array_key (keys, "tokenizer.ggml.tokens", 8, self->tokens->len);
  for (guint i = 0; self->tokens != NULL && i < self->tokens->len; i++)
    put_string (keys, self->tokens->pdata[i]);
  if (self->types != NULL)
    n += put_array_key (keys, "tokenizer.ggml.token_type", 5, self->types->len);
  for (guint i = 0; self->types != NULL && i < self->types->len; i++)
    put_number (keys, (guint64) g_array_index (self->types, gint32, i), 4);
  if (self->merges != NULL)
    n += put_array_key (keys, "tokenizer.ggml.merges", 8, self->merges->len);
  for (guint i = 0; self->merges != NULL && i < self->merges->len; i++)
    put_string (keys, self->merges->pdata[i]);
  g_byte_array_append (file, (const guint8 *) "GGUF", 4);
  put_number (file, 3, 4);
  put_number (file, 0, 8);
  put_number (file, n, 8);
  g_byte_array_append (file, keys->data, keys->len);
  return file;
}

/* A tokenizer.model of the ordinary tokens that tokenizer has. (transfer full) */
static inline GString *
ranks_of (const L4Tokenizer *tokenizer)
{
  GString *text = g_string_new (NULL);

  for (gint32 id = 0; !l4_tokenizer_is_special (tokenizer, id); id++) {
    g_autoptr (GString) bytes = g_string_new (NULL);
    g_autofree char *base64 = NULL;

    l4_tokenizer_decode (tokenizer, id, FALSE, bytes);
    base64 = g_base64_encode ((const guchar *) bytes->str, bytes->len);
    g_string_append_printf (text, "%s %d\n", base64, id);
  }
  return text;
}
