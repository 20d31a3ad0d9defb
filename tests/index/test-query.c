/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queries, words and globs as trees, lists and expressions. */

#include <glib.h>

#include "index/query.h"

static void
assert_reads (const char *text, const char *as)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Query) query = l4_query_parse (text, FALSE, &error);
  g_autofree char *written = query == NULL ? NULL : l4_query_to_string (query);

  g_autofree char *shown = g_strescape (text, NULL);

  g_test_message ("%s", shown);
  g_assert_cmpstr (written, ==, as);
  g_assert_true ((query == NULL) == (error != NULL));
}

static void
test_a_query_reads_as_words_phrases_prefixes_or_and_not (void)
{
  assert_reads ("red circle", "red circle");
  assert_reads ("  RED\tCircle\n", "red circle");
  assert_reads ("\"red circle\" moves", "\"red circle\" moves");
  assert_reads ("circ* -blue", "circ* -blue");
  assert_reads ("red OR blue -\"at night\"", "red OR blue -\"at night\"");
  assert_reads ("red or blue", "red or blue");
  assert_reads ("\342\200\236rote Kugel\342\200\234", "\"rote kugel\"");
  assert_reads ("red-haired don't", "\"red haired\" \"don t\"");
  assert_reads ("\"red cir\"*", "\"red cir\"*");
  assert_reads ("a\"b c\"d", "a \"b c\" d");
}

static void
test_what_is_left_open_or_stray_is_no_error (void)
{
  assert_reads ("OR red OR OR blue OR", "red OR blue");
  assert_reads ("\"red circle", "\"red circle\"");
  assert_reads ("red - ! * () \"\" -\"\" --", "red");
  assert_reads ("--red blue", "blue -red");
  assert_reads ("ORANGE NOT AND NEAR", "orange not and near");
  assert_reads ("text:red {a b} ^first NEAR(a b)", "\"text red\" a b first \"near a\" b");
  assert_reads ("red\377blue", "\"red blue\"");
  assert_reads ("'; DROP TABLE windows; --", "drop table windows");
}

static void
test_nothing_to_search_for_is_an_error (void)
{
  g_autoptr (GString) many = g_string_new (NULL);

  assert_reads ("", NULL);
  assert_reads ("!!! \"\" *", NULL);
  assert_reads ("-red", NULL);
  assert_reads ("blue OR -red", NULL);
  for (guint i = 0; i < 1000; i++)
    g_string_append (many, "word ");
  assert_reads (many->str, NULL);
}

/* Of all that may be typed, what is read is written as it is read again. */
static void
test_what_is_written_reads_as_the_same (void)
{
  static const char *const pieces[] = {
    "red", "Blue", " ", " ", "\"", "*", "-", "OR", "'", "(", ":", "\\", "\303\251", "\347\272\242", "\377", "\n", "3d", "\302\253", "\342\200\215", "&|!", "%"
  };

  for (guint i = 0; i < 20000; i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    g_autoptr (L4Query) query = NULL, again = NULL;
    g_autofree char *written = NULL, *second = NULL;

    for (guint n = g_test_rand_int_range (0, 14); n > 0; n--)
      g_string_append (text, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
    if ((query = l4_query_parse (text->str, FALSE, NULL)) == NULL)
      continue;
    written = l4_query_to_string (query);
    again = l4_query_parse (written, FALSE, NULL);
    g_assert_nonnull (again);
    second = l4_query_to_string (again);
    g_assert_cmpstr (written, ==, second);
  }
}

static void
test_a_question_is_its_words_without_the_common_ones (void)
{
  g_autoptr (L4Query) query = l4_query_parse ("What does the Red circle do, and where is the red circle?", TRUE, NULL);
  g_autofree char *written = l4_query_to_string (query);

  g_assert_cmpstr (written, ==, "red OR circle");
  g_assert_null (l4_query_parse ("What is it?", TRUE, NULL));
}

static void
assert_words (const char *text, const char *lower, const char *folded)
{
  g_autoptr (GArray) words = l4_words_split (text);
  g_autofree char *first = l4_words_to_list (words, FALSE), *second = l4_words_to_list (words, TRUE);

  g_assert_cmpstr (first, ==, lower);
  g_assert_cmpstr (second, ==, folded);
}

static void
test_text_is_cut_into_words (void)
{
  assert_words ("A red, RED circle's 3d", "[\"a\",\"red\",\"red\",\"circle\",\"s\",\"3d\"]", "[\"a\",\"red\",\"red\",\"circle\",\"s\",\"3d\"]");
  assert_words ("Gr\303\274n Caf\303\251", "[\"gr\303\274n\",\"caf\303\251\"]", "[\"grun\",\"cafe\"]");
  assert_words ("Cafe\314\201", "[\"caf\303\251\"]", "[\"cafe\"]");
  assert_words ("\347\272\242\350\211\262A4", "[\"\347\272\242\",\"\350\211\262\",\"a4\"]", "[\"\347\272\242\",\"\350\211\262\",\"a4\"]");
  assert_words ("...", "[]", "[]");
}

/* Both who counts words and who cuts them by characters' kinds have the same pieces. */
static void
test_a_long_word_is_several (void)
{
  g_autofree char *word = g_strnfill (2 * L4_MAX_WORD + 1, 'x'), *spaced = l4_words_space (word), *plain = l4_words_unspace (spaced);
  g_autoptr (GArray) words = l4_words_split (word), again = l4_words_split (spaced);

  g_assert_cmpuint (words->len, ==, 3);
  g_assert_cmpuint (again->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpstr (g_array_index (words, L4Word, i).lower, ==, g_array_index (again, L4Word, i).lower);
  g_assert_cmpstr (plain, ==, word);
}

static void
test_spaces_between_characters_are_taken_away_again (void)
{
  static const char *const texts[] = {
    "plain", "\347\272\242\350\211\262\345\234\206", "A\347\272\242b \350\211\262", "", "\340\270\201\340\270\264\340\270\231",
    "\343\201\202\343\202\231x"
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *spaced = l4_words_space (texts[i]), *plain = l4_words_unspace (spaced);

    g_assert_cmpstr (plain, ==, texts[i]);
    g_assert_true ((strlen (spaced) > strlen (plain)) == (i != 0 && i != 3));
  }
}

static void
test_nearness_counts_slips (void)
{
  static const struct
  {
    const char *a, *b;
    guint distance;
  } cases[] = {
    {"circle", "circle", 0}, {"cirlce", "circle", 1}, {"circel", "circle", 1}, {"crcle", "circle", 1}, {"ciircle", "circle", 1},
    {"sircle", "circle", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"abcdef", "uvwxyz", 4}, {"gr\303\274n", "grun", 1}, {"ca", "abc", 3}
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_assert_cmpuint (l4_words_distance (cases[i].a, cases[i].b, 3), ==, cases[i].distance);
    g_assert_cmpuint (l4_words_distance (cases[i].b, cases[i].a, 3), ==, cases[i].distance);
  }
}

static void
assert_glob (const char *glob, const char *path, gboolean matches)
{
  g_autofree char *text = l4_query_glob_to_regex (glob);
  g_autoptr (GError) error = NULL;
  g_autoptr (GRegex) regex = g_regex_new (text, G_REGEX_DOTALL | G_REGEX_DOLLAR_ENDONLY, 0, &error);

  g_assert_no_error (error);
  g_test_message ("%s (%s) on %s", glob, text, path);
  g_assert_cmpint (g_regex_match (regex, path, 0, NULL), ==, matches);
}

static void
test_globs_are_over_the_name_or_the_path (void)
{
  assert_glob ("*.mp4", "/a/b/c.mp4", TRUE);
  assert_glob ("b*", "/a/b/c.mp4", FALSE);
  assert_glob ("c.mp4", "/a/b/c.mp4", TRUE);
  assert_glob (".mp4", "/a/b/c.mp4", FALSE);
  assert_glob ("c?mp4", "/a/c.mp4", TRUE);
  assert_glob ("b/*.mp4", "/a/b/c.mp4", TRUE);
  assert_glob ("b/*.mp4", "/a/bb/c.mp4", TRUE == FALSE);
  assert_glob ("/a/*", "/a/b/c.mp4", TRUE);
  assert_glob ("/b/*", "/a/b/c.mp4", FALSE);
  assert_glob ("[a-c].mp4", "/b.mp4", TRUE);
  assert_glob ("[!a-c].mp4", "/b.mp4", FALSE);
  assert_glob ("[!x]*", "/a/xylophone.mp4", FALSE);
  assert_glob ("[!x]*", "/x/a.mp4", TRUE);
  assert_glob ("a[+-9]b", "/a/b", FALSE);
  assert_glob ("[]x].mp4", "/].mp4", TRUE);
  assert_glob ("[x", "/[x", TRUE);
  assert_glob ("100%(1)+$^|.{2}", "/100%(1)+$^|.{2}", TRUE);
  assert_glob ("a\\*b", "/a*b", TRUE);
  assert_glob ("a\\*b", "/axb", FALSE);
  assert_glob ("*\n*", "/a\nb", TRUE);
  assert_glob ("a", "/a\n", FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/query/reads-as-words-phrases-prefixes-or-and-not", test_a_query_reads_as_words_phrases_prefixes_or_and_not);
  g_test_add_func ("/query/what-is-left-open-or-stray-is-no-error", test_what_is_left_open_or_stray_is_no_error);
  g_test_add_func ("/query/nothing-to-search-for-is-an-error", test_nothing_to_search_for_is_an_error);
  g_test_add_func ("/query/what-is-written-reads-as-the-same", test_what_is_written_reads_as_the_same);
  g_test_add_func ("/query/a-question-is-its-words-without-the-common-ones", test_a_question_is_its_words_without_the_common_ones);
  g_test_add_func ("/words/text-is-cut-into-words", test_text_is_cut_into_words);
  g_test_add_func ("/query/a-long-word-is-several", test_a_long_word_is_several);
  g_test_add_func ("/words/spaces-between-characters-are-taken-away-again", test_spaces_between_characters_are_taken_away_again);
  g_test_add_func ("/words/nearness-counts-slips", test_nearness_counts_slips);
  g_test_add_func ("/globs/are-over-the-name-or-the-path", test_globs_are_over_the_name_or_the_path);
  return g_test_run ();
}
