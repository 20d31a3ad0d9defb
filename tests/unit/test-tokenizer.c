/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token ids against those of the tokenizers library, and what a hostile tokenizer.json or text may do. */

#include <glib/gstdio.h>
#include <unistd.h>
#include <string.h>
#include <yyjson.h>

#include "tokenizer/tokenizer.h"

static L4Tokenizer *
load (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", NULL);
  g_autoptr (GError) error = NULL;
  L4Tokenizer *tokenizer = l4_tokenizer_load (path, &error);

  g_assert_no_error (error);
  return tokenizer;
}

static void
test_ids_equal_the_reference (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "tokenizer", "vectors.json", NULL);
  g_autoptr (L4Tokenizer) tokenizer = load ();
  yyjson_doc *doc = yyjson_read_file (path, 0, NULL, NULL);
  yyjson_val *vector;
  size_t index, count;

  yyjson_arr_foreach (yyjson_doc_get_root (doc), index, count, vector) {
    yyjson_val *text = yyjson_obj_get (vector, "text"), *expected = yyjson_obj_get (vector, "ids");
    g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
    g_autoptr (GString) back = g_string_new (NULL);
    g_autoptr (GError) error = NULL;

    g_assert_true (l4_tokenizer_encode (tokenizer, yyjson_get_str (text), yyjson_get_len (text), ids, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (ids->len, ==, yyjson_arr_size (expected));
    for (guint i = 0; i < ids->len; i++) {
      g_assert_cmpint (g_array_index (ids, gint32, i), ==, yyjson_get_int (yyjson_arr_get (expected, i)));
      l4_tokenizer_decode (tokenizer, g_array_index (ids, gint32, i), FALSE, back);
    }
    g_assert_cmpmem (back->str, back->len, yyjson_get_str (text), yyjson_get_len (text));
  }
  g_assert_cmpuint (count, >=, 300);
  yyjson_doc_free (doc);
}

static void
test_special_tokens_are_never_formed_from_text (void)
{
  g_autoptr (L4Tokenizer) tokenizer = load ();
  gint32 eot = l4_tokenizer_find_special (tokenizer, "<|eot|>");
  g_autoptr (GArray) plain = g_array_new (FALSE, FALSE, sizeof (gint32));

  g_assert_cmpint (eot, >=, 0);
  g_assert_true (l4_tokenizer_is_special (tokenizer, eot));
  g_assert_true (l4_tokenizer_encode (tokenizer, "a<|eot|>b<|patch|>", -1, plain, NULL));
  for (guint i = 0; i < plain->len; i++)
    g_assert_false (l4_tokenizer_is_special (tokenizer, g_array_index (plain, gint32, i)));
}

static void
test_invalid_utf8_is_refused_with_its_place (void)
{
  g_autoptr (L4Tokenizer) tokenizer = load ();
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (GError) error = NULL;

  g_assert_false (l4_tokenizer_encode (tokenizer, "good \xff bad", -1, ids, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "byte 5"));
}

/* A megabyte without a border must not take time that grows with its square. */
static void
test_a_megabyte_of_one_letter_is_quick (void)
{
  g_autoptr (L4Tokenizer) tokenizer = load ();
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autofree char *text = g_strnfill (1 << 20, 'a');
  g_autoptr (GString) back = g_string_new (NULL);

  g_test_timer_start ();
  g_assert_true (l4_tokenizer_encode (tokenizer, text, -1, ids, NULL));
  g_assert_cmpfloat (g_test_timer_elapsed (), <, 30);
  for (guint i = 0; i < ids->len; i++)
    l4_tokenizer_decode (tokenizer, g_array_index (ids, gint32, i), FALSE, back);
  g_assert_cmpmem (back->str, back->len, text, 1 << 20);
}

static void
test_unknown_ids_decode_to_nothing (void)
{
  g_autoptr (L4Tokenizer) tokenizer = load ();
  g_autoptr (GString) bytes = g_string_new (NULL);

  l4_tokenizer_decode (tokenizer, -1, TRUE, bytes);
  l4_tokenizer_decode (tokenizer, G_MAXINT32, TRUE, bytes);
  l4_tokenizer_decode (tokenizer, l4_tokenizer_find_special (tokenizer, "<|eot|>"), FALSE, bytes);
  g_assert_cmpuint (bytes->len, ==, 0);
}

/* The good file with `from` replaced by `to`. */
static void
check_refused (const char *from, const char *to, L4Error code, const char *thing)
{
  g_autofree char *good = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", "tokenizer.json", NULL);
  g_autofree char *text = NULL, *path = NULL;
  g_autoptr (GString) edited = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_get_contents (good, &text, NULL, NULL));
  edited = g_string_new (text);
  g_assert_cmpuint (g_string_replace (edited, from, to, 1), ==, 1);
  close (g_file_open_tmp ("tokenizer-XXXXXX", &path, NULL));
  g_assert_true (g_file_set_contents (path, edited->str, edited->len, NULL));
  g_assert_null (l4_tokenizer_load (path, &error));
  g_assert_error (error, L4_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, thing));
  g_unlink (path);
}

static void
test_other_kinds_are_refused_by_name (void)
{
  check_refused ("\"type\": \"BPE\"", "\"type\": \"Unigram\"", L4_ERROR_UNSUPPORTED, "Unigram");
  check_refused ("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}", L4_ERROR_UNSUPPORTED, "normalizer");
  check_refused ("\"behavior\": \"Isolated\"", "\"behavior\": \"Removed\"", L4_ERROR_UNSUPPORTED, "pre_tokenizer");
}

static void
test_broken_files_are_refused (void)
{
  check_refused ("\"vocab\"", "\"vacob\"", L4_ERROR_FORMAT, "vocab");
  check_refused ("\"A\": ", "\"A\": 1e9, \"A A\": ", L4_ERROR_FORMAT, "vocabulary");
  check_refused ("\"A\": ", "\"AAAA\": ", L4_ERROR_FORMAT, "0x41");
  check_refused ("\\\\p{L}", "\\\\p{Nope}", L4_ERROR_FORMAT, "split rule");
  check_refused ("{", "[", L4_ERROR_FORMAT, "");
}

static void
test_truncated_files_are_refused (void)
{
  g_autofree char *good = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", "tokenizer.json", NULL);
  g_autofree char *text = NULL, *path = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (good, &text, &length, NULL));
  close (g_file_open_tmp ("tokenizer-XXXXXX", &path, NULL));
  for (gsize n = 0; n < length - 2; n += length / 97) {
    g_autoptr (GError) error = NULL;

    g_assert_true (g_file_set_contents (path, text, n, NULL));
    g_assert_null (l4_tokenizer_load (path, &error));
    g_assert_nonnull (error);
  }
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tokenizer/ids-equal-the-reference", test_ids_equal_the_reference);
  g_test_add_func ("/tokenizer/special-tokens-are-never-formed-from-text", test_special_tokens_are_never_formed_from_text);
  g_test_add_func ("/tokenizer/invalid-utf8-is-refused-with-its-place", test_invalid_utf8_is_refused_with_its_place);
  g_test_add_func ("/tokenizer/a-megabyte-of-one-letter-is-quick", test_a_megabyte_of_one_letter_is_quick);
  g_test_add_func ("/tokenizer/unknown-ids-decode-to-nothing", test_unknown_ids_decode_to_nothing);
  g_test_add_func ("/tokenizer/other-kinds-are-refused-by-name", test_other_kinds_are_refused_by_name);
  g_test_add_func ("/tokenizer/broken-files-are-refused", test_broken_files_are_refused);
  g_test_add_func ("/tokenizer/truncated-files-are-refused", test_truncated_files_are_refused);
  return g_test_run ();
}
