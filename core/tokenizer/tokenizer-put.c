/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a vocabulary as the metadata of a GGUF file. */

#include <stdlib.h>

#include "tokenizer/tokenizer-private.h"

/* Numbers of the kinds of tokens in such files. */
enum
{
  TYPE_ORDINARY = 1,
  TYPE_CONTROL = 3,
  TYPE_UNUSED = 5
};

static char *
token_text (const L4Tokenizer *self, gint32 id)
{
  const L4Token *token = &self->tokens[id];
  g_autoptr (GString) text = g_string_new (NULL);

  if (token->kind != L4_TOKEN_ORDINARY)
    return g_strndup ((const char *) token->bytes, token->length);
  l4_tokenizer_spell (token->bytes, token->length, text);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
put_tokens (const L4Tokenizer *self, guint n_ids, L4GgufWriter *writer)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree gint32 *types = g_new (gint32, n_ids);

  for (guint id = 0; id < n_ids; id++) {
    L4TokenKind kind = id < self->size ? self->tokens[id].kind : L4_TOKEN_MISSING;

    types[id] = kind == L4_TOKEN_ORDINARY ? TYPE_ORDINARY : kind == L4_TOKEN_SPECIAL ? TYPE_CONTROL : TYPE_UNUSED;
    g_ptr_array_add (texts, kind != L4_TOKEN_MISSING ? token_text (self, (gint32) id) : g_strdup_printf ("[PAD%u]", id));
  }
  l4_gguf_writer_put_strings (writer, "tokenizer.ggml.tokens", n_ids, (const char *const *) texts->pdata);
  l4_gguf_writer_put_ints (writer, "tokenizer.ggml.token_type", n_ids, types);
}

/* Those of equal rank, which make the same token, by the ids of their halves: the order of published files. */
static int
compare_merges (const void *a, const void *b)
{
  const L4Merge *one = *(const L4Merge *const *) a, *other = *(const L4Merge *const *) b;

  if (one->rank != other->rank)
    return one->rank < other->rank ? -1 : 1;
  if (one->left != other->left)
    return one->left < other->left ? -1 : 1;
  return (one->right > other->right) - (one->right < other->right);
}

static void
put_merges (const L4Tokenizer *self, L4GgufWriter *writer)
{
  g_autoptr (GPtrArray) merges = g_ptr_array_new (), texts = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; i <= self->merges_mask; i++)
    if (self->merges[i].left != self->merges[i].result)
      g_ptr_array_add (merges, &self->merges[i]);
  qsort (merges->pdata, merges->len, sizeof (gpointer), compare_merges);
  for (guint i = 0; i < merges->len; i++) {
    const L4Merge *merge = g_ptr_array_index (merges, i);
    g_autofree char *left = token_text (self, merge->left), *right = token_text (self, merge->right);

    g_ptr_array_add (texts, g_strconcat (left, " ", right, NULL));
  }
  l4_gguf_writer_put_strings (writer, "tokenizer.ggml.merges", texts->len, (const char *const *) texts->pdata);
}

static int
compare_ids (const void *a, const void *b)
{
  return *(const gint32 *) a - *(const gint32 *) b;
}

static void
put_id (L4GgufWriter *writer, const char *key, gint64 id)
{
  if (id >= 0)
    l4_gguf_writer_put_uint (writer, key, (guint32) id);
}

/* Ends of a turn that have names go under the keys for them, any other under that for the end of the text. */
static void
put_ids (const L4Tokenizer *self, const L4Config *config, L4GgufWriter *writer)
{
  gint32 eot = l4_tokenizer_find_special (self, "<|eot|>"), eom = l4_tokenizer_find_special (self, "<|eom|>");
  g_autofree gint32 *stops = g_new (gint32, config->n_stop_tokens + 1);

  for (guint i = 0; i < config->n_stop_tokens; i++)
    stops[i] = (gint32) config->stop_tokens[i];
  put_id (writer, "tokenizer.ggml.bos_token_id", config->bos_token);
  if (config->bos_token >= 0)
    l4_gguf_writer_put_bool (writer, "tokenizer.ggml.add_bos_token", TRUE);
  put_id (writer, "tokenizer.ggml.eos_token_id", eot >= 0 ? eot : config->n_stop_tokens > 0 ? stops[0] : -1);
  put_id (writer, "tokenizer.ggml.eot_token_id", eot);
  put_id (writer, "tokenizer.ggml.eom_token_id", eom);
  put_id (writer, "tokenizer.ggml.padding_token_id", config->pad_token);
  qsort (stops, config->n_stop_tokens, sizeof *stops, compare_ids);
  if (config->n_stop_tokens > 0)
    l4_gguf_writer_put_ints (writer, "tokenizer.ggml.eos_token_ids", config->n_stop_tokens, stops);
}

void
l4_tokenizer_put (const L4Tokenizer *self, const L4Config *config, L4GgufWriter *writer)
{
  l4_gguf_writer_put_string (writer, "tokenizer.ggml.model", "gpt2");
  l4_gguf_writer_put_string (writer, "tokenizer.ggml.pre", "llama4");
  if (self->whole_first)
    l4_gguf_writer_put_bool (writer, "tokenizer.ggml.ignore_merges", TRUE);
  put_tokens (self, (guint) config->text.vocab, writer);
  put_merges (self, writer);
  put_ids (self, config, writer);
}
