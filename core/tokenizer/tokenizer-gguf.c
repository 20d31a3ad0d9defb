/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the tokenizer in the metadata of a GGUF file. */

#include "tokenizer/tokenizer-private.h"

#include <string.h>

#define MAX_ITEMS (1u << 24)

#define TOKENS "tokenizer.ggml.tokens"
#define MERGES "tokenizer.ggml.merges"
#define TYPES "tokenizer.ggml.token_type"
#define WHOLE_FIRST "tokenizer.ggml.ignore_merges"      /* which only files that this project converts have */

/* What tokenizer.ggml.token_type says. */
enum
{
  TYPE_NORMAL = 1,
  TYPE_CONTROL = 3,
  TYPE_USER_DEFINED = 4,        /* to be found in text; some writers say so of placeholders */
  TYPE_UNUSED = 5,
};

/* Byte-level BPE split by Llama 4's rule. Some writers say "default" or nothing: then the architecture decides. */
static gboolean
check_kind (const L4Gguf *gguf, GError **error)
{
  const char *model = NULL, *rule = "default", *architecture = "";

  if (!l4_gguf_get_string (gguf, "tokenizer.ggml.model", &model, error)
      || !l4_gguf_get_string (gguf, "tokenizer.ggml.pre", &rule, error)
      || !l4_gguf_get_string (gguf, "general.architecture", &architecture, error))
    return FALSE;
  if (g_strcmp0 (model, "gpt2") != 0)
    return l4_gguf_refuse (gguf, "tokenizer.ggml.model", L4_ERROR_UNSUPPORTED, error, _("only %s is supported"), "gpt2");
  if (strcmp (rule, "llama4") != 0 && strcmp (rule, "gpt-4o") != 0
      && (strcmp (rule, "default") != 0 || strcmp (architecture, "llama4") != 0))
    return l4_gguf_refuse (gguf, "tokenizer.ggml.pre", L4_ERROR_UNSUPPORTED, error,
        _("text can only be split by the rule of Llama 4"));
  return TRUE;
}

/* What users defined is special here: text from outside must not become it. */
static gboolean
read_token (L4Tokenizer *self, const L4Gguf *gguf, gsize id, L4GgufString token, gint64 type, GError **error)
{
  guint8 bytes[L4_MAX_TOKEN];
  gsize length = 0;

  switch (type) {
    case TYPE_NORMAL:
      if (!l4_tokenizer_unspell (token.text, token.length, bytes, &length))
        return l4_gguf_refuse (gguf, TOKENS, L4_ERROR_FORMAT, error, _("the token with the id %zu is not spelled by bytes"), id);
      return l4_tokenizer_add (self, id, L4_TOKEN_ORDINARY, bytes, length, error);
    case TYPE_CONTROL:
    case TYPE_USER_DEFINED:
      return l4_tokenizer_add (self, id, L4_TOKEN_SPECIAL, token.text, token.length, error);
    case TYPE_UNUSED:
      return l4_tokenizer_add (self, id, L4_TOKEN_UNUSED, token.text, token.length, error);
    default:
      return l4_gguf_refuse (gguf, TYPES, L4_ERROR_UNSUPPORTED, error, _("the type %" PRId64 " of the token with the id %zu is "
              "none of normal (1), control (3), user-defined (4) and unused (5)"), type, id);
  }
}

static gboolean
read_tokens (L4Tokenizer *self, const L4Gguf *gguf, const L4GgufString *tokens, gsize n, GError **error)
{
  g_autofree gint64 *types = NULL;
  gsize n_types;

  if (!l4_gguf_get_ints (gguf, TYPES, n, n, &types, &n_types, error))
    return FALSE;
  if (types == NULL)
    return l4_gguf_refuse (gguf, TYPES, L4_ERROR_FORMAT, error, _("it is needed"));
  for (gsize id = 0; id < n; id++)
    if (!read_token (self, gguf, id, tokens[id], types[id], error))
      return FALSE;
  return TRUE;
}

static gboolean
read_strings (const L4Gguf *gguf, const char *key, L4GgufString **strings, gsize *n, GError **error)
{
  if (!l4_gguf_get_strings (gguf, key, 0, MAX_ITEMS, strings, n, error))
    return FALSE;
  return *strings != NULL ? TRUE : l4_gguf_refuse (gguf, key, L4_ERROR_FORMAT, error, _("it is needed"));
}

L4Tokenizer *
l4_tokenizer_read_gguf (const L4Gguf *gguf, GError **error)
{
  g_autoptr (L4Tokenizer) self = NULL;
  g_autofree L4GgufString *tokens = NULL, *merges = NULL;
  gsize n_tokens, n_merges;

  if (!check_kind (gguf, error) || !read_strings (gguf, TOKENS, &tokens, &n_tokens, error)
      || !read_strings (gguf, MERGES, &merges, &n_merges, error))
    return NULL;
  self = l4_tokenizer_new (l4_gguf_get_path (gguf), n_tokens, error);
  if (self == NULL || !l4_gguf_get_bool (gguf, WHOLE_FIRST, &self->whole_first, error)
      || !read_tokens (self, gguf, tokens, n_tokens, error) || !l4_tokenizer_finish_tokens (self, n_merges, error))
    return NULL;
  for (gsize i = 0; i < n_merges; i++)
    if (!l4_tokenizer_add_merge_text (self, i, merges[i].text, merges[i].length, error))
      return NULL;
  return l4_tokenizer_finish_merges (self, error) ? g_steal_pointer (&self) : NULL;
}
