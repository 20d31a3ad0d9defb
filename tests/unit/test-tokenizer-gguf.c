/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokenizers in GGUF metadata that are of another kind or lie: each is refused with the right code, in bounded memory. */

#define _GNU_SOURCE             /* memfd_create */

#include "fuzz/fuzz.h"
#include "support/allocations.h"
#include "support/vocabulary.h"

#define MAX_MEMORY(size) (16 * 1024 * 1024 + 4 * (gsize) (size))

/* What is wrong with the golden vocabulary. */
typedef struct
{
  const char *name;
  void (*spoil) (Vocabulary *vocabulary);
  L4Error code;
  const char *says;
} Case;

static void
set_token (Vocabulary *self, guint id, const char *text)
{
  vocabulary_set (self, id, text, g_array_index (self->types, gint32, id));
}

static void
set_merge (Vocabulary *self, const char *text)
{
  g_free (self->merges->pdata[0]);
  self->merges->pdata[0] = g_strdup (text);
}

#define SPOIL(name, statement) \
  static void \
  name (Vocabulary *self) \
  { \
    statement; \
  }

SPOIL (no_model, self->model = NULL)
SPOIL (sentencepiece, self->model = "llama")
SPOIL (wordpiece, self->model = "bert")
SPOIL (rule_of_llama_3, self->rule = "llama-bpe")
SPOIL (empty_rule, self->rule = "")
SPOIL (default_rule_elsewhere, self->rule = "default"; self->architecture = "llama")
SPOIL (no_rule_elsewhere, self->rule = NULL; self->architecture = NULL)
SPOIL (no_tokens, g_clear_pointer (&self->tokens, g_ptr_array_unref))
SPOIL (no_types, g_clear_pointer (&self->types, g_array_unref))
SPOIL (no_merges, g_clear_pointer (&self->merges, g_ptr_array_unref))
SPOIL (empty_tokens, g_ptr_array_set_size (self->tokens, 0); g_array_set_size (self->types, 0))
SPOIL (too_few_types, g_array_set_size (self->types, 313))
SPOIL (too_many_types, g_array_set_size (self->types, 315))
SPOIL (type_unknown, g_array_index (self->types, gint32, 7) = 2)
SPOIL (type_byte, g_array_index (self->types, gint32, 7) = 6)
SPOIL (type_0, g_array_index (self->types, gint32, 7) = 0)
SPOIL (type_negative, g_array_index (self->types, gint32, 7) = -1)
SPOIL (byte_missing, set_token (self, 0, "!!"))
SPOIL (byte_unused, vocabulary_set (self, 0, "!", 5))
SPOIL (byte_special, vocabulary_set (self, 0, "!", 3))
SPOIL (token_twice, set_token (self, 299, "!"))
SPOIL (token_empty, set_token (self, 299, ""))
SPOIL (token_with_blank, set_token (self, 299, "a b"))
SPOIL (token_of_no_bytes, set_token (self, 299, "日本"))
SPOIL (special_twice, set_token (self, 305, "<|eom|>"))
SPOIL (special_empty, set_token (self, 305, ""))
SPOIL (special_like_piece, set_token (self, 305, "!"))
SPOIL (merge_twice, set_merge (self, self->merges->pdata[1]))
SPOIL (merge_of_unknown, set_merge (self, "qq n"))
SPOIL (merge_to_none, set_merge (self, "q q"))
SPOIL (merge_of_special, set_merge (self, "<|eot|> a"))
SPOIL (merge_without_blank, set_merge (self, "in"))
SPOIL (merge_of_three, set_merge (self, "i n g"))
SPOIL (merge_with_two_blanks, set_merge (self, "i  n"))
SPOIL (merge_empty, set_merge (self, ""))
SPOIL (merge_of_blank, set_merge (self, " "))
SPOIL (merge_without_right, set_merge (self, "i "))
SPOIL (merge_without_left, set_merge (self, " n"))

static void
token_too_long (Vocabulary *self)
{
  g_autofree char *letters = g_strnfill (1025, 'q');

  set_token (self, 299, letters);
}

static const Case cases[] = {
  {"no-model", no_model, L4_ERROR_UNSUPPORTED, "tokenizer.ggml.model is missing"},
  {"sentencepiece", sentencepiece, L4_ERROR_UNSUPPORTED, "tokenizer.ggml.model is \"llama\"|gpt2"},
  {"wordpiece", wordpiece, L4_ERROR_UNSUPPORTED, "tokenizer.ggml.model is \"bert\"|gpt2"},
  {"the-rule-of-llama-3", rule_of_llama_3, L4_ERROR_UNSUPPORTED, "tokenizer.ggml.pre is \"llama-bpe\"|rule of Llama 4"},
  {"an-empty-rule", empty_rule, L4_ERROR_UNSUPPORTED, "tokenizer.ggml.pre is \"\""},
  {"the-default-rule-of-another-model", default_rule_elsewhere, L4_ERROR_UNSUPPORTED, "tokenizer.ggml.pre is \"default\""},
  {"no-rule-in-another-model", no_rule_elsewhere, L4_ERROR_UNSUPPORTED, "tokenizer.ggml.pre is missing"},
  {"no-tokens", no_tokens, L4_ERROR_FORMAT, "tokenizer.ggml.tokens is missing"},
  {"no-types", no_types, L4_ERROR_FORMAT, "tokenizer.ggml.token_type is missing"},
  {"no-merges", no_merges, L4_ERROR_FORMAT, "tokenizer.ggml.merges is missing"},
  {"an-empty-vocabulary", empty_tokens, L4_ERROR_FORMAT, "no token for the byte 0x00"},
  {"too-few-types", too_few_types, L4_ERROR_FORMAT, "tokenizer.ggml.token_type|313|314"},
  {"too-many-types", too_many_types, L4_ERROR_FORMAT, "tokenizer.ggml.token_type|315|314"},
  {"an-unknown-token", type_unknown, L4_ERROR_UNSUPPORTED, "the type 2 of the token with the id 7"},
  {"a-token-for-a-byte", type_byte, L4_ERROR_UNSUPPORTED, "the type 6 of the token with the id 7"},
  {"type-0", type_0, L4_ERROR_UNSUPPORTED, "the type 0 of the token with the id 7"},
  {"a-negative-type", type_negative, L4_ERROR_UNSUPPORTED, "the type -1 of the token with the id 7"},
  {"a-byte-without-token", byte_missing, L4_ERROR_FORMAT, "no token for the byte 0x21"},
  {"a-byte-whose-token-is-unused", byte_unused, L4_ERROR_FORMAT, "no token for the byte 0x21"},
  {"a-byte-whose-token-is-special", byte_special, L4_ERROR_FORMAT, "no token for the byte 0x21"},
  {"a-token-twice", token_twice, L4_ERROR_FORMAT, "ids 0 and 299 have the same token"},
  {"an-empty-token", token_empty, L4_ERROR_FORMAT, "the token with the id 299"},
  {"a-token-with-a-blank", token_with_blank, L4_ERROR_FORMAT, "the token with the id 299"},
  {"a-token-that-is-no-bytes", token_of_no_bytes, L4_ERROR_FORMAT, "the token with the id 299"},
  {"a-long-token", token_too_long, L4_ERROR_FORMAT, "the token with the id 299"},
  {"a-special-token-twice", special_twice, L4_ERROR_FORMAT, "ids 304 and 305 have the same token"},
  {"a-special-token-without-name", special_empty, L4_ERROR_FORMAT, "the token with the id 305 has 0 bytes"},
  {"a-special-token-that-is-a-piece", special_like_piece, L4_ERROR_FORMAT, "ids 0 and 305 have the same token"},
  {"a-merge-twice", merge_twice, L4_ERROR_FORMAT, "merges 0 and 1 join the same tokens"},
  {"a-merge-of-unknown-tokens", merge_of_unknown, L4_ERROR_FORMAT, "merge 0 does not join"},
  {"a-merge-to-no-token", merge_to_none, L4_ERROR_FORMAT, "merge 0 does not join"},
  {"a-merge-of-special-tokens", merge_of_special, L4_ERROR_FORMAT, "merge 0 does not join"},
  {"a-merge-without-blank", merge_without_blank, L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-of-three", merge_of_three, L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-with-two-blanks", merge_with_two_blanks, L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"an-empty-merge", merge_empty, L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-of-a-blank", merge_of_blank, L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-without-right-half", merge_without_right, L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-without-left-half", merge_without_left, L4_ERROR_FORMAT, "merge 0 is not a pair"},
};

static void
test_case (gconstpointer data)
{
  const Case *self = data;
  g_autoptr (Vocabulary) vocabulary = vocabulary_new ();
  g_autoptr (GByteArray) file = NULL;
  g_autoptr (GError) error = NULL;
  const char *path;

  self->spoil (vocabulary);
  file = vocabulary_to_gguf (vocabulary);
  fuzz_file (file->data, file->len, &path);
  allocations_reset ();
  g_assert_null (l4_tokenizer_load (path, &error));
  g_assert_cmpuint (allocations_peak (), <=, MAX_MEMORY (file->len));
  g_assert_error (error, L4_ERROR, (gint) self->code);
  assert_says (error, path);
  assert_says (error, self->says);
}

/* (transfer full) */
static L4Tokenizer *
load_and_use (const Vocabulary *vocabulary)
{
  g_autoptr (GByteArray) file = vocabulary_to_gguf (vocabulary);
  L4Tokenizer *tokenizer;
  const char *path;

  fuzz_file (file->data, file->len, &path);
  tokenizer = load_good_tokenizer (path);
  g_assert_cmpuint (l4_tokenizer_get_size (tokenizer), ==, vocabulary->tokens->len);
  assert_round_trip (tokenizer, "The last bus isn't here in 1999? zw\303\266lf [PAD315] <|eot|>\n");
  return tokenizer;
}

/* Writers call Llama 4's rule by several names, or leave it to the architecture. */
static void
test_every_name_of_the_rule_is_known (void)
{
  static const char *const names[] = { "llama4", "gpt-4o", "default", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (Vocabulary) vocabulary = vocabulary_new ();

    vocabulary->rule = names[i];
    l4_tokenizer_free (load_and_use (vocabulary));
  }
}

/* They fill the ids that have no token; several may even read the same. */
static void
test_placeholders_are_neither_found_nor_shown (void)
{
  g_autoptr (Vocabulary) vocabulary = vocabulary_new ();
  g_autoptr (L4Tokenizer) tokenizer = NULL;
  g_autoptr (GString) bytes = g_string_new (NULL);

  vocabulary_set (vocabulary, 314, "[PAD314]", 5);
  vocabulary_set (vocabulary, 315, "[PAD314]", 5);
  tokenizer = load_and_use (vocabulary);
  g_assert_cmpint (l4_tokenizer_find_special (tokenizer, "[PAD314]"), ==, -1);
  g_assert_false (l4_tokenizer_is_special (tokenizer, 314));
  l4_tokenizer_decode (tokenizer, 314, TRUE, bytes);
  g_assert_cmpuint (bytes->len, ==, 0);
}

/* Ollama says so of the ids that have no token. */
static void
test_text_never_becomes_what_users_defined (void)
{
  g_autoptr (Vocabulary) vocabulary = vocabulary_new ();
  g_autoptr (L4Tokenizer) tokenizer = NULL;
  g_autoptr (GString) bytes = g_string_new (NULL);

  vocabulary_set (vocabulary, 314, "<think>", 4);
  vocabulary_set (vocabulary, 315, "[PAD315]", 4);
  tokenizer = load_and_use (vocabulary);
  assert_round_trip (tokenizer, "<think>");
  g_assert_cmpint (l4_tokenizer_find_special (tokenizer, "<think>"), ==, 314);
  l4_tokenizer_decode (tokenizer, 314, FALSE, bytes);
  g_assert_cmpuint (bytes->len, ==, 0);
}

static void
test_every_prefix_is_refused (void)
{
  g_autoptr (Vocabulary) vocabulary = vocabulary_new ();
  g_autoptr (GByteArray) file = vocabulary_to_gguf (vocabulary);

  for (gsize n = 0; n < file->len; n++) {
    const char *path;
    g_autoptr (GError) error = NULL;

    fuzz_file (file->data, n, &path);
    g_assert_null (l4_tokenizer_load (path, &error));
    g_assert_true (error->domain == L4_ERROR);
  }
}

/* The file may still be good: then text comes back as it was. */
static void
test_damaged_bytes_are_refused_or_harmless (void)
{
  g_autoptr (Vocabulary) vocabulary = vocabulary_new ();
  g_autoptr (GByteArray) file = vocabulary_to_gguf (vocabulary);

  for (gsize i = 0; i < file->len; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Tokenizer) tokenizer = NULL;
    const char *path;
    guint8 good = file->data[i];

    file->data[i] ^= (guint8) (1 << i % 8);
    fuzz_file (file->data, file->len, &path);
    file->data[i] = good;
    tokenizer = l4_tokenizer_load (path, &error);
    if (tokenizer != NULL)
      assert_round_trip (tokenizer, "The last bus isn't here in 1999? zw\303\266lf\n");
    else
      g_assert_true (error->domain == L4_ERROR);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/tokenizer-gguf/refuses/", cases[i].name, NULL);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  g_test_add_func ("/tokenizer-gguf/every-name-of-the-rule-is-known", test_every_name_of_the_rule_is_known);
  g_test_add_func ("/tokenizer-gguf/placeholders-are-neither-found-nor-shown", test_placeholders_are_neither_found_nor_shown);
  g_test_add_func ("/tokenizer-gguf/text-never-becomes-what-users-defined", test_text_never_becomes_what_users_defined);
  g_test_add_func ("/tokenizer-gguf/every-prefix-is-refused", test_every_prefix_is_refused);
  g_test_add_func ("/tokenizer-gguf/damaged-bytes-are-refused-or-harmless", test_damaged_bytes_are_refused_or_harmless);
  return g_test_run ();
}
