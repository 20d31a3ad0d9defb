/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files tokenizer.model that are of another kind or lie: each is refused with the right code, in bounded memory. */

#define _GNU_SOURCE             /* memfd_create */

#include "fuzz/fuzz.h"
#include "support/allocations.h"
#include "support/vocabulary.h"

#define MAX_MEMORY(size) (16 * 1024 * 1024 + 4 * (gsize) (size))

/* The golden vocabulary with `from` replaced by `to`, which stands there once. */
typedef struct
{
  const char *name, *from, *to;
  const char *says;
} Case;

#define FIRST "IQ== 0\n"
#define SECOND "Ig== 1\n"
#define LAST "bm5l 299\n"

static const Case cases[] = {
  {"a-missing-byte", FIRST, "ISE= 0\n", "no token for the byte 0x21"},
  {"a-line-without-rank", FIRST, "IQ==\n", "line 1 is not a token"},
  {"a-line-without-token", FIRST, " 0\n", "line 1 is not a token"},
  {"an-empty-line", SECOND, SECOND "\n", "line 3 is not a token"},
  {"an-empty-first-line", FIRST, "\n" FIRST, "line 1 is not a token"},
  {"two-blanks", FIRST, "IQ==  0\n", "line 1 is not a token"},
  {"a-blank-at-the-end", FIRST, "IQ== 0 \n", "line 1 is not a token"},
  {"a-tab", FIRST, "IQ==\t0\n", "line 1 is not a token"},
  {"line-ends-of-windows", FIRST, "IQ== 0\r\n", "line 1 is not a token"},
  {"a-third-word", FIRST, "IQ== 0 1\n", "line 1 is not a token"},
  {"a-negative-rank", FIRST, "IQ== -0\n", "line 1 is not a token"},
  {"a-rank-with-a-plus", FIRST, "IQ== +0\n", "line 1 is not a token"},
  {"a-rank-with-a-leading-zero", SECOND, "Ig== 01\n", "line 2 is not a token"},
  {"a-rank-with-a-fraction", FIRST, "IQ== 0.0\n", "line 1 is not a token"},
  {"a-rank-in-hexadecimal", FIRST, "IQ== 0x0\n", "line 1 is not a token"},
  {"a-rank-of-2^31", FIRST, "IQ== 2147483648\n", "line 1 is not a token"},
  {"a-rank-of-2^32", FIRST, "IQ== 4294967296\n", "line 1 is not a token"},
  {"a-rank-of-2^64", FIRST, "IQ== 18446744073709551616\n", "line 1 is not a token"},
  {"a-rank-of-many-digits", FIRST, "IQ== 00000000000000000000000000000000000000000000000000\n", "line 1 is not a token"},
  {"ranks-from-1", FIRST, "IQ== 1\n", "line 1 has the rank 1, but they must count up from 0"},
  {"a-rank-twice", SECOND, "Ig== 0\n", "line 2 has the rank 0"},
  {"a-rank-left-out", LAST, "bm5l 300\n", "line 300 has the rank 300"},
  {"ranks-out-of-order", FIRST SECOND, "Ig== 1\nIQ== 0\n", "line 1 has the rank 1"},
  {"a-token-twice", LAST, "IQ== 299\n", "ids 0 and 299 have the same token"},
  {"base64-without-padding", FIRST, "IQ 0\n", "line 1 is not a token"},
  {"base64-with-half-its-padding", FIRST, "IQ= 0\n", "line 1 is not a token"},
  {"base64-with-too-much-padding", FIRST, "IQ==== 0\n", "line 1 is not a token"},
  {"base64-with-padding-inside", LAST, "bm==5l 299\n", "line 300 is not a token"},
  {"base64-with-bits-left-over", FIRST, "IR== 0\n", "line 1 is not a token"},
  {"base64-of-urls", LAST, "bm_- 299\n", "line 300 is not a token"},
  {"base64-with-a-line-end-inside", LAST, "bm\n5l 299\n", "line 300 is not a token"},
  {"base64-of-nothing", FIRST, "==== 0\n", "line 1 is not a token"},
  {"base64-with-another-character", LAST, "bm*l 299\n", "line 300 is not a token"},
  {"base64-of-latin-1", LAST, "bm\xe4l 299\n", "line 300 is not a token"},
  {"a-piece-spelled-like-a-special-token", LAST, "PHxlb3R8Pg== 299\n", "ids 299 and 308 have the same token"},
  {"two-lines-in-one", FIRST SECOND, "IQ== 0 Ig== 1\n", "line 1 is not a token"},
};

/* The golden vocabulary. */
static GString *
read_golden (void)
{
  g_autofree char *path = golden_tokenizer_path ();
  g_autoptr (L4Tokenizer) tokenizer = load_good_tokenizer (path);

  return ranks_of (tokenizer);
}

/* The error of loading a file of these bytes, for which loading needs bounded memory. (transfer full) */
static GError *
load_bytes (const void *bytes, gsize length)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = folder_write (folder, "tokenizer.model", bytes, (gssize) length);
  GError *error = NULL;

  allocations_reset ();
  g_assert_null (l4_tokenizer_load (path, &error));
  g_assert_cmpuint (allocations_peak (), <=, MAX_MEMORY (length));
  g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
  assert_says (error, path);
  return error;
}

static void
test_case (gconstpointer data)
{
  const Case *self = data;
  g_autoptr (GString) text = read_golden ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (g_string_replace (text, self->from, self->to, 0), ==, 1);
  error = load_bytes (text->str, text->len);
  assert_says (error, self->says);
}

static void
test_a_nul_is_refused (void)
{
  g_autoptr (GString) text = read_golden ();
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < 30; i++) {
    char good = text->str[i];

    text->str[i] = '\0';
    g_clear_error (&error);
    error = load_bytes (text->str, text->len);
    text->str[i] = good;
  }
}

/* What else is called tokenizer.model: the protocol buffers of SentencePiece. */
static void
test_sentencepiece_is_refused (void)
{
  static const guint8 start[] = { 0x0a, 0x0e, 0x0a, 0x05, '<', 'u', 'n', 'k', '>', 0x15, 0, 0, 0, 0, 0x18, 0x02 };
  g_autoptr (GError) error = load_bytes (start, sizeof start);

  assert_says (error, "line 1 is not");
}

static void
test_too_long_tokens_are_refused (void)
{
  for (gsize n = 1025; n < 4000; n += 997) {
    g_autoptr (GString) text = read_golden ();
    g_autofree char *letters = g_strnfill (n, 'q');
    g_autofree char *base64 = g_base64_encode ((const guchar *) letters, n);
    g_autoptr (GError) error = NULL;

    g_string_append_printf (text, "%s 300\n", base64);
    error = load_bytes (text->str, text->len);
    assert_says (error, "1024");
  }
}

static void
test_the_longest_token_is_read (void)
{
  g_autoptr (GString) text = read_golden (), back = g_string_new (NULL);
  g_autofree char *letters = g_strnfill (1024, 'q'), *path = NULL;
  g_autofree char *base64 = g_base64_encode ((const guchar *) letters, 1024);
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Tokenizer) tokenizer = NULL;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  g_string_append_printf (text, "%s 300\n", base64);
  path = folder_write (folder, "tokenizer.model", text->str, (gssize) text->len);
  tokenizer = load_good_tokenizer (path);
  g_assert_true (l4_tokenizer_encode (tokenizer, letters, -1, ids, NULL));
  g_assert_cmpuint (ids->len, ==, 1);
  g_assert_cmpint (g_array_index (ids, gint32, 0), ==, 300);
}

static void
test_a_last_line_without_end_is_read (void)
{
  g_autoptr (GString) text = read_golden ();
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = folder_write (folder, "tokenizer.model", text->str, (gssize) text->len - 1);
  g_autoptr (L4Tokenizer) tokenizer = load_good_tokenizer (path);

  g_assert_cmpuint (l4_tokenizer_get_size (tokenizer), ==, 300 + 2048);
}

/* A prefix that ends with a whole line, all bytes in it, is a smaller vocabulary; all others are refused. */
static void
test_every_prefix_is_refused_or_a_vocabulary (void)
{
  g_autoptr (GString) text = read_golden ();

  for (gsize n = 0; n < text->len; n++) {
    const char *path;
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Tokenizer) tokenizer = NULL;

    fuzz_file ((const guint8 *) text->str, n, &path);
    tokenizer = l4_tokenizer_load (path, &error);
    if (tokenizer != NULL)
      assert_round_trip (tokenizer, "The last bus isn't here in 1999? zw\303\266lf\n");
    else
      g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
  }
}

/* 16 MiB of line ends, and a megabyte of lines that are good but for the last. */
static void
test_many_lines_need_little_memory (void)
{
  g_autofree char *ends = g_strnfill (16 << 20, '\n');
  g_autoptr (GString) lines = read_golden ();
  g_autoptr (GError) first = load_bytes (ends, 16 << 20), last = NULL;

  for (guint id = 300; lines->len < 1 << 20; id++) {
    g_autofree char *bytes = g_strdup_printf ("%04x", id);
    g_autofree char *base64 = g_base64_encode ((const guchar *) bytes, strlen (bytes));

    g_string_append_printf (lines, "%s %u\n", base64, id);
  }
  g_string_append (lines, "IQ== 1\n");
  last = load_bytes (lines->str, lines->len);
  assert_says (last, "has the rank 1");
}

/* All splits of long tokens are tokens themselves: half a million merges. */
static void
test_long_tokens_of_one_letter_are_read_in_time (void)
{
  g_autoptr (GString) text = read_golden (), letters = g_string_new ("q");
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = NULL;
  g_autoptr (L4Tokenizer) tokenizer = NULL;

  for (guint id = 300; id < 300 + 1023; id++) {
    g_autofree char *base64 = NULL;

    g_string_append_c (letters, 'q');
    base64 = g_base64_encode ((const guchar *) letters->str, letters->len);
    g_string_append_printf (text, "%s %u\n", base64, id);
  }
  path = folder_write (folder, "tokenizer.model", text->str, (gssize) text->len);
  g_test_timer_start ();
  tokenizer = load_good_tokenizer (path);
  g_assert_cmpfloat (g_test_timer_elapsed (), <, 20);
  assert_round_trip (tokenizer, letters->str);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/tokenizer-ranks/refuses/", cases[i].name, NULL);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  g_test_add_func ("/tokenizer-ranks/refuses/a-nul", test_a_nul_is_refused);
  g_test_add_func ("/tokenizer-ranks/refuses/sentencepiece", test_sentencepiece_is_refused);
  g_test_add_func ("/tokenizer-ranks/refuses/too-long-tokens", test_too_long_tokens_are_refused);
  g_test_add_func ("/tokenizer-ranks/the-longest-token-is-read", test_the_longest_token_is_read);
  g_test_add_func ("/tokenizer-ranks/a-last-line-without-end-is-read", test_a_last_line_without_end_is_read);
  g_test_add_func ("/tokenizer-ranks/every-prefix-is-refused-or-a-vocabulary", test_every_prefix_is_refused_or_a_vocabulary);
  g_test_add_func ("/tokenizer-ranks/many-lines-need-little-memory", test_many_lines_need_little_memory);
  g_test_add_func ("/tokenizer-ranks/long-tokens-of-one-letter-are-read-in-time", test_long_tokens_of_one_letter_are_read_in_time);
  return g_test_run ();
}
