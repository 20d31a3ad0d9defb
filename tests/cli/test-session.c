/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 run with documents before the question, and with what was computed of them in a file. */

#include <unistd.h>

#include "support/folder.h"
#include "support/program.h"

#define TEXT "The old tiger sees a red lamp near the river. The code of Mira is apple. A small cat is not warm today."

/* Runs it with the document, session and more; the exit status. */
static int
ask (const Folder *folder, const char *more, char **out, char **err)
{
  g_autofree char *arguments = g_strdup_printf ("run --max-tokens 12 --document '%s/text' --session '%s/kept' %s 'What is the code of Mira, and "
      "who sees the lamp?'", folder, folder, more);

  return run (arguments, NULL, out, err);
}

static void
assert_fails (const Folder *folder, const char *more, const char *words)
{
  g_autofree char *out = NULL, *err = NULL;

  g_assert_cmpint (ask (folder, more, &out, &err), ==, 1);
  g_test_message ("%s", err);
  g_assert_cmpstr (out, ==, "");
  g_assert_true (g_str_has_prefix (err, "llama4: ") && strchr (err, '\n') == err + strlen (err) - 1);
  assert_says (&(GError) {.message = g_strchomp (err) }, words);
}

static void
write_text (const Folder *folder, const char *text, gssize length)
{
  g_autofree char *path = folder_write (folder, "text", text, length);
}

static void
test_the_second_question_begins_where_the_text_ends (void)
{
  g_autoptr (Folder) folder = folder_new ();
  static const char *const more[] = { "", "--kv-type int8", "--system 'Be short.'" };

  write_text (folder, TEXT, -1);
  for (guint i = 0; i < G_N_ELEMENTS (more); i++) {
    g_autofree char *first = NULL, *second = NULL, *plain = NULL, *first_err = NULL, *second_err = NULL, *plain_err = NULL, *without = NULL;
    g_autofree char *kept = g_build_filename (folder, "kept", NULL);

    g_unlink (kept);
    g_assert_cmpint (ask (folder, more[i], &first, &first_err), ==, 0);
    g_assert_nonnull (strstr (first_err, "kept: holds the "));
    g_assert_cmpint (ask (folder, more[i], &second, &second_err), ==, 0);
    g_assert_nonnull (strstr (second_err, "are taken from it"));
    g_assert_cmpstr (first, ==, second);
    without = g_strdup_printf ("run --max-tokens 12 --document '%s/text' %s 'What is the code of Mira, and who sees the lamp?'", folder, more[i]);
    g_assert_cmpint (run (without, NULL, &plain, &plain_err), ==, 0);
    g_assert_cmpstr (first, ==, plain);
  }
}

static void
test_a_text_that_got_longer_is_computed_from_there_on (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *first = NULL, *longer = NULL, *plain = NULL, *first_err = NULL, *longer_err = NULL, *plain_err = NULL, *again_err = NULL;
  g_autofree char *again = NULL, *without = g_strdup_printf ("run --max-tokens 12 --document '%s/text' 'What is the code of Mira, and who sees "
      "the lamp?'", folder);

  write_text (folder, TEXT, -1);
  g_assert_cmpint (ask (folder, "", &first, &first_err), ==, 0);
  write_text (folder, TEXT " The cold lake keeps a ring behind the hill. The code of Tono is wolf.", -1);
  g_assert_cmpint (ask (folder, "", &longer, &longer_err), ==, 0);
  g_assert_nonnull (strstr (longer_err, "kept: holds the "));
  g_assert_cmpint (run (without, NULL, &plain, &plain_err), ==, 0);
  g_assert_cmpstr (longer, ==, plain);
  g_assert_cmpint (ask (folder, "", &again, &again_err), ==, 0);
  g_assert_nonnull (strstr (again_err, "are taken from it"));
}

/* Before hours go by. */
static void
test_what_cannot_be_is_refused_before_anything_is_computed (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *text = g_build_filename (folder, "text", NULL), *kept = g_build_filename (folder, "kept", NULL);

  write_text (folder, TEXT, -1);
  assert_fails (folder, "--temperature -1", "--temperature|-1");
  assert_fails (folder, "--top-p 1.5", "--top-p|1.5");
  g_assert_cmpint (truncate (text, 65 << 20), ==, 0);
  assert_fails (folder, "", "text: |67108864");
  g_assert_false (g_file_test (kept, G_FILE_TEST_EXISTS));
}

static void
test_a_file_of_something_else_is_refused_and_stays (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *out = NULL, *err = NULL, *kept = g_build_filename (folder, "kept", NULL), *before = NULL, *after = NULL;
  gsize before_length, after_length;

  write_text (folder, TEXT, -1);
  g_assert_cmpint (ask (folder, "", &out, &err), ==, 0);
  g_assert_true (g_file_get_contents (kept, &before, &before_length, NULL));
  assert_fails (folder, "--kv-type int8", "kept|int8|bf16");
  assert_fails (folder, "--system 'Be short.'", "kept|another text");
  write_text (folder, "Something that has nothing to do with what was there before, and is as long.", -1);
  assert_fails (folder, "", "kept|another text");
  g_assert_true (g_file_get_contents (kept, &after, &after_length, NULL));
  g_assert_cmpmem (before, before_length, after, after_length);
  g_free (g_steal_pointer (&after));
  after = folder_write (folder, "kept", "a letter", -1);
  assert_fails (folder, "", "kept|not a saved conversation");
}

/* A few words of system prompt are soon others. */
static void
test_few_words_that_are_others_are_refused_and_more_are_not (void)
{
  static const struct
  {
    const char *words;
    gboolean goes_on;
  } next[] = { {"Be long.", FALSE}, {"Be", FALSE}, {"Be short. Be kind.", TRUE}, {"Be short.", FALSE}, {"Be short. Be kind to her.", FALSE},
    {"Be short. Be kind. Be red.", TRUE}
  };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *out = NULL, *err = NULL, *first = g_strdup_printf ("run --max-tokens 3 --session '%s/kept' --system 'Be short.' hello", folder);

  g_assert_cmpint (run (first, NULL, &out, &err), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (next); i++) {
    g_autofree char *arguments = g_strdup_printf ("run --max-tokens 3 --session '%s/kept' --system '%s' hello", folder, next[i].words);
    g_autofree char *more_out = NULL, *more_err = NULL;

    g_assert_cmpint (run (arguments, NULL, &more_out, &more_err), ==, !next[i].goes_on);
    g_assert_nonnull (strstr (more_err, next[i].goes_on ? "kept: holds the " : "kept: holds another text"));
  }
}

static void
test_what_is_no_text_is_refused (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *out = NULL, *err = NULL;

  assert_fails (folder, "", "text|No such file");
  write_text (folder, "caf\351", -1);
  assert_fails (folder, "", "text|byte 3");
  write_text (folder, "a\0b", 3);
  assert_fails (folder, "", "text|byte 1");
  g_assert_cmpint (run ("run --session somewhere hello", NULL, &out, &err), ==, 1);
  g_assert_nonnull (strstr (err, "--document"));
}

/* Files of more than 10 KiB cannot be written. */
static void
test_who_waited_has_the_answer_even_if_it_cannot_be_kept (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *line = g_strdup_printf ("trap '' XFSZ; ulimit -f 20; exec \"$LLAMA4\" run --max-tokens 3 --document '%s/text' --session '%s/kept' "
      "hello", folder, folder);
  const char *const argv[] = { "sh", "-c", line, NULL };
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *out = NULL, *err = NULL, *kept = g_build_filename (folder, "kept", NULL);

  write_text (folder, TEXT, -1);
  process = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &out, &err, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 1);
  g_assert_cmpuint (strlen (out), >, 1);
  g_assert_nonnull (strstr (err, "kept: File too large"));
  g_assert_false (g_file_test (kept, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/the-second-question-begins-where-the-text-ends", test_the_second_question_begins_where_the_text_ends);
  g_test_add_func ("/session/a-text-that-got-longer-is-computed-from-there-on", test_a_text_that_got_longer_is_computed_from_there_on);
  g_test_add_func ("/session/a-file-of-something-else-is-refused-and-stays", test_a_file_of_something_else_is_refused_and_stays);
  g_test_add_func ("/session/few-words-that-are-others-are-refused-and-more-are-not", test_few_words_that_are_others_are_refused_and_more_are_not);
  g_test_add_func ("/session/what-cannot-be-is-refused-before-anything-is-computed", test_what_cannot_be_is_refused_before_anything_is_computed);
  g_test_add_func ("/session/what-is-no-text-is-refused", test_what_is_no_text_is_refused);
  g_test_add_func ("/session/who-waited-has-the-answer-even-if-it-cannot-be-kept", test_who_waited_has_the_answer_even_if_it_cannot_be_kept);
  return g_test_run ();
}
