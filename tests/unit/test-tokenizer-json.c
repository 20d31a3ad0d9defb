/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files tokenizer.json that are of another kind or lie: each is refused with the right code, in bounded memory. */

#define _GNU_SOURCE             /* memfd_create */

#include <sys/stat.h>

#include "fuzz/fuzz.h"
#include "support/allocations.h"
#include "support/vocabulary.h"

#define MAX_MEMORY(size) (16 * 1024 * 1024 + 4 * (gsize) (size))

/* The golden file with `from` replaced by `to`, which stands there once; in `from` and `to` ' stands for ". */
typedef struct
{
  const char *name, *from, *to;
  L4Error code;
  const char *says;
} Case;

#define BPE "'type': 'BPE',"
#define ID "'!': 0,"
#define EOT "'id': 305,"
#define EOT_WORD "'content': '<|eot|>',\n      'single_word': "
#define EOT_STRIPS EOT_WORD "false,\n      'lstrip': "
#define EOT_ALL EOT_STRIPS "false,\n      'rstrip': false,\n      'normalized': false,\n      'special': "
#define STEPS "'pretokenizers': ["
#define SPLIT "'type': 'Split',"
#define DECODER "'decoder': {\n    'type': 'ByteLevel',"
#define MERGE "'merges': [\n"
#define ADDED "'added_tokens': ["

static const Case cases[] = {
  /* Another kind. */
  {"unigram", BPE, "'type': 'Unigram',", L4_ERROR_UNSUPPORTED, "model.type is \"Unigram\"|only BPE"},
  {"a-model-type-that-is-a-number", BPE, "'type': 4,", L4_ERROR_FORMAT, "model.type is 4|string"},
  {"no-model-type", BPE, "", L4_ERROR_UNSUPPORTED, "type is missing|only BPE"},
  {"no-model", "'model': {", "'mode': {", L4_ERROR_UNSUPPORTED, "model is missing"},
  {"a-model-twice", "'model': {", "'model': {}, 'model': {", L4_ERROR_FORMAT, "model is|again"},
  {"a-model-that-is-an-array", "'model': {", "'model': [], 'm': {", L4_ERROR_FORMAT, "model is an array of 0"},
  {"a-normalizer", "'normalizer': null", "'normalizer': {'type': 'NFC'}", L4_ERROR_UNSUPPORTED, "normalizer is an object"},
  {"a-normalizer-twice", "'normalizer': null", "'normalizer': null, 'normalizer': {}", L4_ERROR_FORMAT, "normalizer"},
  {"another-pretokenizer", "'type': 'Sequence',", "'type': 'Whitespace',", L4_ERROR_UNSUPPORTED,
      "pre_tokenizer.type is \"Whitespace\"|only Sequence"},
  {"no-pretokenizer", "'pre_tokenizer'", "'pre'", L4_ERROR_UNSUPPORTED, "pre_tokenizer is missing"},
  {"a-third-step", STEPS, STEPS "{'type': 'Digits'},", L4_ERROR_UNSUPPORTED, "pretokenizers is an array of 3"},
  {"another-step", SPLIT, "'type': 'Punctuation',", L4_ERROR_UNSUPPORTED, "type is \"Punctuation\"|only Split"},
  {"another-behaviour", "'Isolated'", "'Removed'", L4_ERROR_UNSUPPORTED, "behavior is \"Removed\"|only Isolated"},
  {"an-inverted-split", "'invert': false", "'invert': true", L4_ERROR_UNSUPPORTED, "invert is true"},
  {"another-rule", "\\\\p{N}{1,3}", "\\\\p{N}", L4_ERROR_UNSUPPORTED, "Regex is|rule of Llama 4"},
  {"a-rule-without-end", "\\\\p{N}{1,3}", "(a+)+$", L4_ERROR_UNSUPPORTED, "Regex is|rule of Llama 4"},
  {"a-rule-with-a-nul", "\\\\s+'", "\\\\s+\\u0000'", L4_ERROR_UNSUPPORTED, "Regex is"},
  {"a-text-for-a-rule", "'Regex'", "'String'", L4_ERROR_UNSUPPORTED, "Regex is missing"},
  {"a-rule-of-bytes", "'use_regex': false", "'use_regex': true", L4_ERROR_UNSUPPORTED, "use_regex is true"},
  {"a-rule-of-bytes-by-omission", "'use_regex': false", "'x': false", L4_ERROR_UNSUPPORTED, "use_regex is missing"},
  {"a-blank-before-text", "'add_prefix_space': false", "'add_prefix_space': true", L4_ERROR_UNSUPPORTED, "add_prefix_space is true"},
  {"no-decoder", "'decoder'", "'decode'", L4_ERROR_UNSUPPORTED, "decoder is missing|only ByteLevel"},
  {"another-decoder", DECODER, "'decoder': {\n    'type': 'WordPiece',", L4_ERROR_UNSUPPORTED, "decoder.type is \"WordPiece\""},
  {"dropout", "'dropout': null", "'dropout': 0.1", L4_ERROR_UNSUPPORTED, "model.dropout is 0.1"},
  {"an-unknown-token", "'unk_token': null", "'unk_token': 'A'", L4_ERROR_UNSUPPORTED, "model.unk_token is \"A\""},
  {"a-prefix-of-subwords", "'continuing_subword_prefix': null", "'continuing_subword_prefix': '##'", L4_ERROR_UNSUPPORTED,
      "model.continuing_subword_prefix is \"##\""},
  {"an-end-of-words", "'end_of_word_suffix': null", "'end_of_word_suffix': '</w>'", L4_ERROR_UNSUPPORTED,
      "model.end_of_word_suffix is \"</w>\""},
  {"byte-fallback", "'byte_fallback': false", "'byte_fallback': true", L4_ERROR_UNSUPPORTED, "model.byte_fallback is true"},
  {"ignore-merges-that-is-a-text", "'ignore_merges': false", "'ignore_merges': 'no'", L4_ERROR_FORMAT, "model.ignore_merges is"},
  /* Vocabulary. */
  {"no-vocabulary", "'vocab'", "'vacob'", L4_ERROR_FORMAT, "model.vocab is missing"},
  {"a-vocabulary-twice", "'vocab'", "'vocab': {}, 'vocab'", L4_ERROR_FORMAT, "model.vocab is|again"},
  {"a-vocabulary-that-is-an-array", "'vocab'", "'vocab': [], 'v'", L4_ERROR_FORMAT, "model.vocab is an array of 0"},
  {"an-empty-vocabulary", "'vocab'", "'vocab': {}, 'v'", L4_ERROR_FORMAT, "too large for 14 tokens"},
  {"a-negative-id", ID, "'!': -1,", L4_ERROR_FORMAT, "entry 0 of the vocabulary, \"!\","},
  {"an-id-with-a-fraction", ID, "'!': 0.5,", L4_ERROR_FORMAT, "entry 0 of the vocabulary, \"!\","},
  {"an-id-that-is-a-text", ID, "'!': '0',", L4_ERROR_FORMAT, "entry 0 of the vocabulary, \"!\","},
  {"an-id-of-2^31", ID, "'!': 2147483648,", L4_ERROR_FORMAT, "2147483648 is too large for 314 tokens"},
  {"an-id-of-2^32", ID, "'!': 4294967296,", L4_ERROR_FORMAT, "4294967296 is too large"},
  {"an-id-of-2^64-1", ID, "'!': 18446744073709551615,", L4_ERROR_FORMAT, "18446744073709551615 is too large"},
  {"an-id-of-2^64", ID, "'!': 18446744073709551616,", L4_ERROR_FORMAT, "entry 0 of the vocabulary, \"!\","},
  {"an-id-twice", ID, "'!': 1,", L4_ERROR_FORMAT, "two tokens have the id 1"},
  {"a-hole-in-the-ids", "'nne': 299", "'nne': 314, '<|eot|>': 305", L4_ERROR_FORMAT, "no token has the id 299|id 314"},
  {"a-byte-without-token", ID, "'!!': 0,", L4_ERROR_FORMAT, "no token for the byte 0x21"},
  {"a-token-twice", "'nne': 299", "'no': 299", L4_ERROR_FORMAT, "ids 298 and 299 have the same token"},
  {"an-empty-token", ID, "'!': 0, '': 314,", L4_ERROR_FORMAT, "entry 1 of the vocabulary, \"\","},
  {"a-token-with-a-blank", ID, "'!': 0, 'a b': 314,", L4_ERROR_FORMAT, "entry 1 of the vocabulary, \"a b\","},
  {"a-token-with-a-nul", ID, "'!': 0, 'a\\u0000b': 314,", L4_ERROR_FORMAT, "entry 1 of the vocabulary, \"a\\u0000b\","},
  {"a-token-that-is-no-bytes", ID, "'!': 0, '\\u0144': 314,", L4_ERROR_FORMAT, "entry 1 of the vocabulary"},
  {"a-token-of-emoji", ID, "'!': 0, '\xf0\x9f\x99\x82': 314,", L4_ERROR_FORMAT, "entry 1 of the vocabulary"},
  /* Added tokens. */
  {"added-tokens-that-are-an-object", ADDED, "'added_tokens': {}, 'x': [", L4_ERROR_FORMAT, "added_tokens is an object of 0"},
  {"added-tokens-twice", ADDED, "'added_tokens': [], 'added_tokens': [", L4_ERROR_FORMAT, "added_tokens is|again"},
  {"an-added-token-that-is-a-number", ADDED, ADDED "7,", L4_ERROR_FORMAT, "entry 0 of added_tokens"},
  {"an-added-token-without-id", EOT, "", L4_ERROR_FORMAT, "entry 5 of added_tokens"},
  {"an-added-token-with-a-negative-id", EOT, "'id': -305,", L4_ERROR_FORMAT, "entry 5 of added_tokens"},
  {"an-added-token-without-content", "'content': '<|eot|>'", "'c': 'e'", L4_ERROR_FORMAT, "entry 5 of added_tokens"},
  {"an-added-token-whose-content-is-a-number", "'content': '<|eot|>'", "'content': 7", L4_ERROR_FORMAT, "content is 7"},
  {"an-added-token-of-no-name", "'content': '<|eot|>'", "'content': ''", L4_ERROR_FORMAT, "id 305 has 0 bytes"},
  {"an-added-token-with-a-nul", "'content': '<|eot|>'", "'content': 'a\\u0000b'", L4_ERROR_FORMAT, "id 305|NUL"},
  {"an-added-token-twice", "'content': '<|eot|>'", "'content': '<|eom|>'", L4_ERROR_FORMAT, "ids 304 and 305 have the same token"},
  {"an-added-token-that-is-a-piece", "'content': '<|eot|>'", "'content': 'nne'", L4_ERROR_FORMAT, "ids 305 and 299"},
  {"an-added-id-twice", EOT, "'id': 304,", L4_ERROR_FORMAT, "two tokens have the id 304"},
  {"an-added-id-of-the-vocabulary", EOT, "'id': 299,", L4_ERROR_FORMAT, "two tokens have the id 299"},
  {"an-added-id-of-2^32", EOT, "'id': 4294967296,", L4_ERROR_FORMAT, "4294967296 is too large"},
  {"an-added-token-that-strips", EOT_STRIPS "false", EOT_STRIPS "true", L4_ERROR_UNSUPPORTED, "lstrip is true"},
  {"an-added-token-that-is-a-word", EOT_WORD "false", EOT_WORD "true", L4_ERROR_UNSUPPORTED, "single_word is true"},
  /* Merges. */
  {"no-merges", "'merges'", "'marges'", L4_ERROR_FORMAT, "model.merges is missing"},
  {"merges-twice", "'merges'", "'merges': [], 'merges'", L4_ERROR_FORMAT, "model.merges is|again"},
  {"merges-that-are-an-object", "'merges'", "'merges': {}, 'm'", L4_ERROR_FORMAT, "model.merges is an object of 0"},
  {"a-merge-twice", MERGE, MERGE "['i', 'n'],", L4_ERROR_FORMAT, "merges 0 and 1 join the same tokens"},
  {"a-merge-of-unknown-tokens", MERGE, MERGE "['qq', 'n'],", L4_ERROR_FORMAT, "merge 0 does not join"},
  {"a-merge-to-no-token", MERGE, MERGE "['q', 'q'],", L4_ERROR_FORMAT, "merge 0 does not join"},
  {"a-merge-of-special-tokens", MERGE, MERGE "['<|eot|>', 'a'],", L4_ERROR_FORMAT, "merge 0 does not join"},
  {"a-merge-of-three", MERGE, MERGE "['i', 'n', 'g'],", L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-of-one", MERGE, MERGE "['i'],", L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-of-numbers", MERGE, MERGE "[1, 2],", L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-that-is-a-number", MERGE, MERGE "7,", L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-that-is-null", MERGE, MERGE "null,", L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-without-blank", MERGE, MERGE "'in',", L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-with-two-blanks", MERGE, MERGE "'i n g',", L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-of-nothing", MERGE, MERGE "'',", L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-of-a-blank", MERGE, MERGE "' ',", L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-with-an-empty-half", MERGE, MERGE "['', 'n'],", L4_ERROR_FORMAT, "merge 0 is not a pair"},
  {"a-merge-with-a-nul", MERGE, MERGE "'i\\u0000 n',", L4_ERROR_FORMAT, "merge 0 is not a pair"},
  /* The file. */
  {"text-after-the-end", "'version'", "'v': 1}}} 'version'", L4_ERROR_FORMAT, "not JSON at byte"},
  {"invalid-utf-8", ID, "'\xff': 0,", L4_ERROR_FORMAT, "not JSON at byte"},
  {"a-surrogate", ID, "'\\ud800': 0,", L4_ERROR_FORMAT, "not JSON at byte"},
};

static void
replace_once (GString *text, const char *from, const char *to)
{
  g_autofree char *quoted_from = json_from (from), *quoted_to = json_from (to);

  g_assert_cmpuint (g_string_replace (text, quoted_from, quoted_to, 0), ==, 1);
}

/* The error of loading a file of these bytes, for which loading needs bounded memory. (transfer full) */
static GError *
load_bytes (const void *bytes, gsize length)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = folder_write (folder, "tokenizer.json", bytes, (gssize) length);
  GError *error = NULL;

  allocations_reset ();
  g_assert_null (l4_tokenizer_load (path, &error));
  g_assert_cmpuint (allocations_peak (), <=, MAX_MEMORY (length));
  g_assert_nonnull (error);
  g_assert_true (error->domain == L4_ERROR);
  assert_says (error, path);
  return error;
}

static GString *
read_golden (void)
{
  g_autofree char *path = golden_tokenizer_path (), *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return g_string_new (text);
}

static void
test_case (gconstpointer data)
{
  const Case *self = data;
  g_autoptr (GString) text = read_golden ();
  g_autoptr (GError) error = NULL;

  replace_once (text, self->from, self->to);
  error = load_bytes (text->str, text->len);
  assert_says (error, self->says);
  g_assert_error (error, L4_ERROR, (gint) self->code);
}

static void
test_what_is_no_tokenizer_is_refused (void)
{
  static const char *const texts[] = { "", "{", "{}", "[]", "null", "7", "\"a\"", "{\"model\":{}}", "\xef\xbb\xbf{}", "{\"a\":1}x", "\0\0" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = load_bytes (texts[i], strlen (texts[i]));

    g_assert_cmpint (error->code, ==, g_str_has_prefix (texts[i], "{}") || g_str_has_prefix (texts[i], "{\"m") ?
        L4_ERROR_UNSUPPORTED : L4_ERROR_FORMAT);
  }
}

static void
test_what_is_no_file_is_refused (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, "tokenizer.json", NULL);
  g_autoptr (GError) neither = NULL, fifo = NULL, missing = NULL;

  g_assert_null (l4_tokenizer_load (folder, &neither));
  g_assert_error (neither, L4_ERROR, L4_ERROR_NOT_FOUND);
  assert_says (neither, "tokenizer.json|tokenizer.model");
  g_assert_null (l4_tokenizer_load (path, &missing));
  g_assert_error (missing, L4_ERROR, L4_ERROR_NOT_FOUND);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  g_assert_null (l4_tokenizer_load (folder, &fifo));
  g_assert_error (fifo, L4_ERROR, L4_ERROR_IO);
  assert_says (fifo, "not a regular file");
}

static void
test_every_prefix_is_refused (void)
{
  g_autoptr (GString) text = read_golden ();

  for (gsize n = text->len - 2; n > 0; n--) {
    const char *path;
    g_autoptr (GError) error = NULL;

    fuzz_file ((const guint8 *) text->str, n, &path);
    g_assert_null (l4_tokenizer_load (path, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
  }
}

/* The file may still be good: then text comes back as it was. */
static void
test_damaged_bytes_are_refused_or_harmless (void)
{
  g_autoptr (GString) text = read_golden ();

  for (gsize i = 0; i < text->len; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Tokenizer) tokenizer = NULL;
    const char *path;
    char good = text->str[i];

    text->str[i] ^= (char) (1 << i % 8);
    fuzz_file ((const guint8 *) text->str, text->len, &path);
    text->str[i] = good;
    tokenizer = l4_tokenizer_load (path, &error);
    if (tokenizer != NULL)
      assert_round_trip (tokenizer, "The last bus isn't here in 1999? zw\303\266lf\n");
    else
      g_assert_true (error->domain == L4_ERROR);
  }
}

/* Bombs ------------------------------------------------------------------------------------------------------------------- */

static void
test_deep_nesting_is_refused (void)
{
  g_autofree char *text = g_strnfill (1000000, '[');
  g_autoptr (GError) error = load_bytes (text, 1000000);

  g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
}

/* The golden file with n items at a list's or object's start: a number between before and after. */
static void
check_bomb (const char *start, const char *before, const char *after, guint n, const char *says)
{
  g_autoptr (GString) text = read_golden (), items = g_string_new (NULL);
  g_autofree char *quoted = json_from (start);
  g_autoptr (GError) error = NULL;
  const char *place = strstr (text->str, quoted);

  g_assert_nonnull (place);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (items, "%s%u%s", before, i, after);
  g_string_insert (text, place + strlen (quoted) - text->str, items->str);
  error = load_bytes (text->str, text->len);
  assert_says (error, says);
}

static void
test_many_values_need_little_memory (void)
{
  check_bomb (MERGE, "[", "],", 100000, "merge 0 is not a pair");
  check_bomb ("'added_tokens': [", "[", "],", 100000, "entry 0 of added_tokens");
}

/* Those before the last are good: nothing is wrong with them but their number. */
static void
test_many_tokens_need_little_memory (void)
{
  check_bomb ("'vocab': {", "\"x", "y\": 0,", 100000, "two tokens have the id 0");
}

static void
test_long_tokens_are_refused (void)
{
  g_autoptr (GString) text = read_golden (), item = g_string_new ("'vocab': {\n '");
  g_autofree char *letters = g_strnfill (1025, 'q');
  g_autoptr (GError) error = NULL;

  g_string_append (item, letters);
  g_string_append (item, "': 314,");
  replace_once (text, "'vocab': {", item->str);
  error = load_bytes (text->str, text->len);
  g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
  assert_says (error, "entry 0 of the vocabulary");
}

/* Other ways to write the same ------------------------------------------------------------------------------------------- */

static void
check_equal (const char *from, const char *to)
{
  g_autoptr (GString) text = read_golden ();
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = NULL;
  g_autoptr (L4Tokenizer) tokenizer = NULL;

  replace_once (text, from, to);
  path = folder_write (folder, "tokenizer.json", text->str, (gssize) text->len);
  tokenizer = load_good_tokenizer (path);
  g_assert_cmpuint (l4_tokenizer_get_size (tokenizer), ==, 314);
  assert_round_trip (tokenizer, "in the inn: <|eot|>");
}

static void
test_merges_may_be_texts (void)
{
  check_equal (MERGE "      [\n        'i',\n        'n'\n      ]", MERGE "'i n'");
}

static void
test_special_tokens_may_stand_in_the_vocabulary_too (void)
{
  check_equal (ID, "'!': 0, '<|eot|>': 305,");
}

static void
test_text_never_becomes_an_added_token (void)
{
  check_equal (EOT_ALL "true", EOT_ALL "false");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/tokenizer-json/refuses/", cases[i].name, NULL);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  g_test_add_func ("/tokenizer-json/refuses/what-is-no-tokenizer", test_what_is_no_tokenizer_is_refused);
  g_test_add_func ("/tokenizer-json/refuses/what-is-no-file", test_what_is_no_file_is_refused);
  g_test_add_func ("/tokenizer-json/refuses/deep-nesting", test_deep_nesting_is_refused);
  g_test_add_func ("/tokenizer-json/refuses/long-tokens", test_long_tokens_are_refused);
  g_test_add_func ("/tokenizer-json/every-prefix-is-refused", test_every_prefix_is_refused);
  g_test_add_func ("/tokenizer-json/damaged-bytes-are-refused-or-harmless", test_damaged_bytes_are_refused_or_harmless);
  g_test_add_func ("/tokenizer-json/many-values-need-little-memory", test_many_values_need_little_memory);
  g_test_add_func ("/tokenizer-json/many-tokens-need-little-memory", test_many_tokens_need_little_memory);
  g_test_add_func ("/tokenizer-json/merges-may-be-texts", test_merges_may_be_texts);
  g_test_add_func ("/tokenizer-json/special-tokens-may-stand-in-the-vocabulary-too",
      test_special_tokens_may_stand_in_the_vocabulary_too);
  g_test_add_func ("/tokenizer-json/text-never-becomes-an-added-token", test_text_never_becomes_an_added_token);
  return g_test_run ();
}
