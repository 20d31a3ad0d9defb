/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The llama4 program as its users meet it. */

#define _GNU_SOURCE             /* memmem, posix_openpt */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <yyjson.h>

#include "support/folder.h"
#include "support/program.h"

static void
test_bad_input_is_one_line_that_names_the_thing (void)
{
  static const char *const cases[][2] = {
    {"run /nowhere/model hello", "/nowhere/model"}, {"run --image /nowhere.png hello", "/nowhere.png"},
    {"run --max-tokens 0 hello", "max-tokens"}, {"run --temperature -1 hello", "temperature"},
    {"run --top-p 2 hello", "top-p"}, {"run --nonsense", "--nonsense"}, {"inspect /nowhere", "/nowhere"},
    {"tokenize /nowhere", "/nowhere"}, {"tokenize /", "tokenizer.model"}, {"tokenize /dev/null", "/dev/null"}, {"trace", "--ids"}, {"trace --ids /nowhere.npy --out /tmp", "/nowhere.npy"},
    {"nonsense", "nonsense"}, {"run /dev/null hello", "/dev/null"}, {"run --projector x.gguf hello", "x.gguf"},
    {"run --image /dev/null hello", "/dev/null"}, {"inspect a b", "b"}, {"", "--help"},
    {"run --load later hello", "--load later"},
    {"plan /nowhere", "/nowhere"}, {"plan a b", "b"}, {"plan ''", "no such model"}, {"plan --context -1", "--context"}, {"plan scout --type x", "--type x"},
    {"plan scout --context 99999999", "10485760"}, {"run --threads 2147483647 hello", "--threads 2147483647"},
    {"plan --threads 1025", "--threads 1025"}, {"plan --threads -1", "--threads -1"}, {"bench --threads 1025", "--threads 1025"},
    {"bench --threads -1", "--threads -1"}, {"trace --threads 1025 --ids /nowhere.npy --out /tmp", "--threads 1025"},
    {"run --tiles -1 hello", "--tiles -1"}, {"run --schema /nowhere.json hello", "/nowhere.json"},
    {"run --schema /dev/null hello", "/dev/null"}, {"bench -p", "-p"}, {"bench -p ''", "\"\""}, {"bench -n 1,,2", "\"\""},
    {"bench -p 8192,x -r 1000", "\"x\""}, {"bench -p 1 -n 8193", "\"8193\""},     /* for hours, if it were measured first */
    {"bench -p 8,8192 -n 0 --memory-limit 20M", "a context of 8192 tokens"}, {"bench -p 0 -n 2048 -c 8 --memory-limit 40M", "2048 tokens"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *out = NULL, *err = NULL;

    g_test_message ("llama4 %s", cases[i][0]);
    g_assert_cmpint (run (cases[i][0], NULL, &out, &err), ==, 1);
    g_assert_cmpstr (out, ==, "");
    g_assert_nonnull (strstr (err, cases[i][1]));
    g_assert_true (strchr (err, '\n') == err + strlen (err) - 1);
  }
}

/* The memory is enough for the embedded model without it, and not for all of it. */
static void
test_what_shows_no_pictures_loads_no_vision_part (void)
{
  static const char *const text[] = { "bench --no-vision --memory-limit 14M -p 8 -n 2 -r 1", "run --memory-limit 14M --max-tokens 1 hello" };
  g_autofree char *out = NULL, *err = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (text); i++)
    g_free (succeed ("%s", text[i]));
  g_assert_cmpint (run ("bench --memory-limit 14M -p 8 -n 2 -r 1", NULL, &out, &err), ==, 1);
  g_assert_nonnull (strstr (err, "memory-limit is 14.0 MiB"));
}

static void
test_unreadable_pictures_are_refused (void)
{
  static const char *const contents[] = { "", "not a picture", "P6 4 4 255\nxx", "\x89PNG\r\n\x1a\n", "P6 100000 100000 255\n" };

  for (guint i = 0; i < G_N_ELEMENTS (contents); i++) {
    g_autofree char *path = NULL, *arguments = NULL, *out = NULL, *err = NULL;

    close (g_file_open_tmp ("picture-XXXXXX.ppm", &path, NULL));
    g_assert_true (g_file_set_contents (path, contents[i], -1, NULL));
    arguments = g_strdup_printf ("run --image %s hello", path);
    g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 1);
    g_assert_nonnull (strstr (err, path));
    g_unlink (path);
  }
}

/* Runs a line of the shell, in which $LLAMA4 is the program; the exit status, and what went to standard error. */
static int
shell (const char *line, char **err)
{
  const char *const argv[] = { "sh", "-c", line, NULL };
  g_autoptr (GSubprocess) process = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL);

  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, err, NULL));
  g_assert_true (g_subprocess_get_if_exited (process));
  return g_subprocess_get_exit_status (process);
}

static void
test_a_full_disk_is_an_error_of_every_command (void)
{
  static const char *const commands[] = { "inspect", "plan scout", "tokenize", "run hello", "run --json hello",
    "--help", "--version", "run --help", "bench --json -p 8 -n 2 --repetitions 1"
  };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    g_autofree char *line = g_strdup_printf ("echo '\"a\"' | \"$LLAMA4\" %s > /dev/full", commands[i]), *err = NULL;

    g_test_message ("%s", commands[i]);
    g_assert_cmpint (shell (line, &err), ==, 1);
    g_assert_nonnull (strstr (err, "llama4: standard output: No space left on device\n"));
  }
}

static void
test_input_that_cannot_be_read_is_an_error (void)
{
  static const char *const commands[] = { "run -", "tokenize", "tokenize --decode" };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    g_autofree char *line = g_strdup_printf ("\"$LLAMA4\" %s < /", commands[i]), *err = NULL;

    g_assert_cmpint (shell (line, &err), ==, 1);
    g_assert_nonnull (strstr (err, "llama4: standard input: "));
  }
}

/* Files of more than 10 KiB cannot be written: as on a full disk, but for the reason. */
static void
test_a_file_that_cannot_be_written_is_named_and_not_left_half (void)
{
  static const struct
  {
    const char *arguments, *named;
  } cases[] = {
    {"convert $model $folder/out.gguf", "mmproj-out-F16.gguf"}, {"synth $model $folder/out.gguf", "out.gguf"},
    {"trace $model --ids $model/expected/input_ids.npy --out $folder", "hidden_states.npy"}
  };
  g_autofree char *model = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *folder = g_dir_make_tmp ("llama4-XXXXXX", NULL), *err = NULL;
    g_autofree char *line = g_strdup_printf ("trap '' XFSZ; ulimit -f 20; model=%s folder=%s; exec \"$LLAMA4\" %s", model, folder,
        cases[i].arguments);

    g_assert_cmpint (shell (line, &err), ==, 1);
    g_test_message ("%s", err);
    g_assert_nonnull (strstr (err, cases[i].named));
    g_assert_true (g_str_has_prefix (err, "llama4: ") && strchr (err, '\n') == err + strlen (err) - 1);
    g_assert_cmpint (g_rmdir (folder), ==, 0);  /* which is empty */
  }
}

static void
test_text_comes_out_as_it_is_generated (void)
{
  g_autofree char *path = NULL, *rest = NULL;
  g_autoptr (GSubprocess) process = NULL;
  gint64 begun = g_get_monotonic_time ();
  char first[16] = "";

  close (g_file_open_tmp ("answers-XXXXXX.script", &path, NULL));
  g_assert_true (g_file_set_contents (path, "{\"text\":\"One two three four\",\"delay_ms\":4000}", -1, NULL));
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL, g_getenv ("LLAMA4"),
      "run", path, "hello", NULL);
  g_assert_cmpint (g_input_stream_read (g_subprocess_get_stdout_pipe (process), first, sizeof first - 1, NULL, NULL), >, 0);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 3500 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpstr (first, ==, "One");
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &rest, NULL, NULL));
  g_assert_cmpstr (rest, ==, " two three four\n");
  g_unlink (path);
}

static void
test_figures_stand_below_the_answer_where_both_go_to_one_file (void)
{
  g_autofree char *path = NULL, *line = NULL, *text = NULL;

  close (g_file_open_tmp ("answers-XXXXXX.script", &path, NULL));
  g_assert_true (g_file_set_contents (path, "{\"text\":\"One two\"}", -1, NULL));
  line = g_strdup_printf ("\"$LLAMA4\" run %s hello >&2", path);
  g_assert_cmpint (shell (line, &text), ==, 0);
  g_test_message ("%s", text);
  g_assert_true (g_str_has_prefix (text, "One two\n"));
  g_assert_true (g_str_has_suffix (text, " ms\n"));
  g_unlink (path);
}

static void
test_text_is_utf_8_in_every_locale (void)
{
  static const struct
  {
    const char *arguments;
    int status;
    const char *words;
  } cases[] = {
    {"run --max-tokens 1 --system 'Wäs' 'Schöne Grüße'", 0, "generated"}, {"run --kv-type ä hello", 1, "--kv-type ä: "},
    {"run --projector ä.gguf hello", 1, "ä.gguf"}, {"run \"$(printf 'bad \\377 text')\"", 1, "prompt: byte 4 "},
    {"run --system \"$(printf '\\377')\" hello", 1, "--system: byte 0 "},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = g_strdup_printf ("LC_ALL=C \"$LLAMA4\" %s > /dev/null", cases[i].arguments), *err = NULL;

    g_assert_cmpint (shell (line, &err), ==, cases[i].status);
    g_assert_nonnull (strstr (err, cases[i].words));
  }
}

/* The language must be that of a locale other than C: C's files under another name make one, wherever none is installed. What the C
 * library keeps of LOCPATH is no leak of ours. */
static void
test_help_speaks_the_users_language (void)
{
  static const char *const c = "/usr/lib/locale/C.utf8";
  g_autoptr (Folder) locales = folder_new ();
  g_autofree char *german = g_build_filename (locales, "de_DE.UTF-8", NULL), *line = NULL, *text = NULL;

  if (!g_file_test (c, G_FILE_TEST_IS_DIR)) {
    g_test_skip ("the C locale has no files here");
    return;
  }
  g_assert_cmpint (symlink (c, german), ==, 0);
  line = g_strdup_printf ("ASAN_OPTIONS=detect_leaks=0 LOCPATH=%s LC_ALL=de_DE.UTF-8 \"$LLAMA4\" plan --help >&2", locales);
  g_assert_cmpint (shell (line, &text), ==, 0);
  g_assert_nonnull (strstr (text, "Token von Frage und Antwort"));
}

static void
test_help_names_what_a_model_may_be (void)
{
  g_autofree char *text = NULL, *err = NULL;

  g_assert_cmpint (run ("--help", NULL, &text, &err), ==, 0);
  g_assert_nonnull (strstr (text, "GGUF"));
}

static void
test_what_follows_two_dashes_is_no_option (void)
{
  g_autofree char *err = succeed ("run --max-tokens 1 -- '-5 apples'"), *out = NULL, *named = NULL;

  g_assert_cmpint (run ("run -- -model --json more", NULL, &out, &named), ==, 1);
  g_assert_nonnull (strstr (named, "more: more than a model and a prompt"));
}

static void
test_whoever_names_no_model_is_told_once_which_one_answered (void)
{
  static const char *const arguments[] = { "run --max-tokens 1 hello", "run --max-tokens 1 --json hello", "run --max-tokens 1 '' hello" };
  g_autofree char *named = NULL, *path = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++) {
    g_autofree char *err = succeed ("%s", arguments[i]);
    const char *first = strstr (err, "built-in");

    g_assert_nonnull (first);
    g_assert_null (strstr (first + 1, "built-in"));
    g_assert_nonnull (strstr (err, "MODEL"));
  }
  close (g_file_open_tmp ("answers-XXXXXX.script", &path, NULL));
  g_assert_true (g_file_set_contents (path, "{\"text\":\"Hello\"}", -1, NULL));
  named = succeed ("run %s hello", path);
  g_assert_null (strstr (named, "built-in"));
  g_unlink (path);
}

/* What the program prints to a terminal, whose line ends are CR LF. */
static char *
print_to_terminal (const char *const *argv)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  int terminal = posix_openpt (O_RDWR | O_NOCTTY);
  char buffer[256];
  ssize_t n;

  g_assert_true (terminal >= 0 && grantpt (terminal) == 0 && unlockpt (terminal) == 0);
  g_subprocess_launcher_take_stdout_fd (launcher, open (ptsname (terminal), O_RDWR | O_NOCTTY));
  process = g_subprocess_launcher_spawnv (launcher, argv, NULL);
  g_subprocess_launcher_close (launcher);       /* so that reading ends with the program */
  while ((n = read (terminal, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
  close (terminal);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_a_terminal_gets_no_control_characters (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = folder_write (folder, "a.script", "{\"text\":\"a\\u001b[31mb\\u009bc\\u202ed\\u007f\\re\\tf\\ng\"}", -1);
  const char *const argv[] = { g_getenv ("LLAMA4"), "run", path, "hello", NULL };
  g_autofree char *arguments = g_strdup_printf ("run %s hello", path), *shown = print_to_terminal (argv), *out = NULL, *err = NULL;

  g_assert_cmpstr (shown, ==, "a[31mbcde\tf\r\ng\r\n");
  g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 0);
  g_assert_cmpstr (out, ==, "a\x1b[31mb\xc2\x9b" "c\xe2\x80\xae" "d\x7f\re\tf\ng\n");  /* a pipe gets what the model said */
}

static void
test_tokenize_goes_there_and_back (void)
{
  const char *lines = "\"A red circle\"\n\"<|eot|> \\u00e4 \\ud83d\\ude42\\n\\u0000end\"\n\"\"\n";
  g_autofree char *ids = NULL, *back = NULL, *err = NULL, *err2 = NULL;

  g_assert_cmpint (run ("tokenize", lines, &ids, &err), ==, 0);
  g_assert_cmpint (run ("tokenize --decode", ids, &back, &err2), ==, 0);
  g_assert_cmpstr (back, ==, "\"A red circle\"\n\"<|eot|> ä 🙂\\n\\u0000end\"\n\"\"\n");
}

/* A folder, and each kind of file by itself. */
static void
test_tokenize_takes_every_kind_of_file (void)
{
  static const char *const models[] = {
    "golden/scout-tiny", "golden/scout-tiny/tokenizer.json", "golden/gguf-tiny/model.gguf", "fuzz/corpus/tokenizer-model/good",
  };
  const char *lines = "\"The last bus isn't here in 1999?\"\n\"<|eot|> zw\\u00f6lf\"\n";
  g_autofree char *first = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    g_autofree char *path = g_test_build_filename (G_TEST_DIST, models[i], NULL);
    g_autofree char *arguments = g_strconcat ("tokenize ", path, NULL), *decode = g_strconcat (arguments, " --decode", NULL);
    g_autofree char *ids = NULL, *back = NULL, *err = NULL, *err2 = NULL;

    g_assert_cmpint (run (arguments, lines, &ids, &err), ==, 0);
    g_assert_cmpint (run (decode, ids, &back, &err2), ==, 0);
    g_assert_cmpstr (back, ==, "\"The last bus isn't here in 1999?\"\n\"<|eot|> zwölf\"\n");
    if (first == NULL)
      first = g_strdup (ids);
    g_assert_cmpstr (ids, ==, first);
  }
}

static void
test_bad_lines_are_named_by_number (void)
{
  g_autofree char *out = NULL, *err = NULL, *out2 = NULL, *err2 = NULL;

  g_assert_cmpint (run ("tokenize", "\"good\"\n17\n", &out, &err), ==, 1);
  g_assert_nonnull (strstr (err, "line 2"));
  g_assert_cmpint (run ("tokenize --decode", "[1]\n[99999999]\n", &out2, &err2), ==, 1);
  g_assert_nonnull (strstr (err2, "line 2"));
}

static void
test_inspect_tells_shapes_and_totals (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "maverick-tiny", NULL);
  g_autofree char *arguments = g_strconcat ("inspect ", folder, NULL);
  g_autofree char *out = NULL, *err = NULL;

  g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 0);
  g_assert_nonnull (strstr (out, "128 of width 24, 1 a token"));
  g_assert_nonnull (strstr (out, "Rcd Rcm Rcd Nm"));
  g_assert_nonnull (strstr (out, "[128, 64, 48]"));
}

static void
test_inspect_knows_gguf_files (void)
{
  g_autofree char *file = g_test_build_filename (G_TEST_DIST, "golden", "gguf-tiny", "model.gguf", NULL);
  g_autofree char *arguments = g_strconcat ("inspect --metadata ", file, NULL);
  g_autofree char *out = NULL, *err = NULL;

  g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 0);
  g_assert_nonnull (strstr (out, "mmproj-F16.gguf"));
  g_assert_nonnull (strstr (out, "Rcd Rcm Rcd Nm"));
  g_assert_nonnull (strstr (out, "type Q3_K: 4 tensors, 90112 parameters, 38720 bytes"));
  g_assert_nonnull (strstr (out, "llama4.expert_count = 2"));
  g_assert_nonnull (strstr (out, "Q5_K  [314, 256] 55264 language_model.lm_head.weight (output.weight)"));
  g_assert_null (strstr (out, "missing"));
}

/* Neither of names of files nor of what messages repeat. */
static void
test_inspect_prints_no_control_characters (void)
{
  g_autoptr (Folder) outer = folder_new ();
  g_autoptr (Folder) folder = g_build_filename (outer, "a\xc2\x9b" "31mb", NULL);
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "golden", "dense-tiny", "config.json", NULL), *config = NULL;
  g_autofree char *arguments = g_strconcat ("inspect ", folder, NULL), *out = NULL, *err = NULL;

  g_assert_true (g_file_get_contents (golden, &config, NULL, NULL));
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_free (folder_write (folder, "config.json", config, -1));
  g_free (folder_write (folder, "model.safetensors", "\x02\0\0\0\0\0\0\0{}", 10));
  g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 0);
  g_assert_nonnull (strstr (out, "/a31mb: tensor \""));
  g_assert_nonnull (strstr (out, "embed_tokens.weight\" is missing\n"));
  g_assert_null (strstr (out, "\xc2\x9b"));
}

/* Nor of what a GGUF file holds, and of names of files that should lie beside it or do. */
static void
test_inspect_prints_no_control_characters_of_gguf_files (void)
{
  static const char key[] = "tokenizer.ggml.pre", rule[] = "a\xc2\x9b" "31m";
  g_autoptr (Folder) outer = folder_new ();
  g_autoptr (Folder) folder = g_build_filename (outer, "a\xc2\x9b" "31mb", NULL);
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "golden", "gguf-tiny", "model.gguf", NULL), *bytes = NULL;
  g_autofree char *arguments = g_strconcat ("inspect ", folder, "/model.gguf", NULL), *out = NULL, *err = NULL;
  gsize length;
  char *value;

  g_assert_true (g_file_get_contents (golden, &bytes, &length, NULL));
  value = (char *) memmem (bytes, length, key, strlen (key)) + strlen (key) + 4 + 8;    /* after the type and the length, which stays */
  g_assert_cmpmem (value, strlen (rule), "llama4", 6);
  memcpy (value, rule, strlen (rule));
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_free (folder_write (folder, "model.gguf", bytes, (gssize) length));
  g_free (folder_write (folder, "model.gguf.experts", "", 0));
  g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 0);
  g_assert_nonnull (strstr (out, "tokenizer.ggml.pre is "));
  g_assert_nonnull (strstr (out, "missing: the vision part"));
  g_assert_nonnull (strstr (out, "repacked experts: "));
  g_assert_null (strstr (out, "\xc2\x9b"));
}

static void
test_trace_writes_the_reference_stages (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", NULL);
  g_autofree char *expected = g_build_filename (folder, "expected", NULL);
  g_autofree char *out_folder = g_dir_make_tmp ("llama4-trace-XXXXXX", NULL);
  g_autofree char *arguments = g_strdup_printf ("trace %s --ids %s/input_ids.npy --pixels %s/pixel_values.npy --out %s", folder,
      expected, expected, out_folder);
  g_autofree char *out = NULL, *err = NULL;

  g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 0);
  compare_stage (out_folder, "vision_features.npy", expected, 1e-4);
  compare_stage (out_folder, "hidden_states.npy", expected, 1e-4);
  compare_stage (out_folder, "router_logits.npy", expected, 1e-4);
  compare_stage (out_folder, "logits.npy", expected, 1e-4);
  g_rmdir (out_folder);
}

static void
test_run_describes_a_picture (void)
{
  g_autofree char *picture = g_test_build_filename (G_TEST_DIST, "golden", "frames-tiny", "expected", "image-0.ppm", NULL);
  g_autofree char *arguments = g_strdup_printf ("run --image %s --json -", picture);
  g_autofree char *out = NULL, *err = NULL;
  yyjson_doc *doc;

  g_assert_cmpint (run (arguments, "Describe what happens in this video.", &out, &err), ==, 0);
  doc = yyjson_read (out, strlen (out), 0);
  g_assert_nonnull (doc);
  g_assert_cmpuint (strlen (yyjson_get_str (yyjson_obj_get (yyjson_doc_get_root (doc), "text"))), >, 0);
  yyjson_doc_free (doc);
}

/* The embedded model has never seen JSON. */
static void
test_run_answers_with_a_value_of_a_schema (void)
{
  static const char *const schemas[][2] = {
    {"{\"type\":\"object\",\"properties\":{\"yes\":{\"type\":\"boolean\"},\"colour\":{\"enum\":[\"red\",\"blue\"]}},\"required\":[\"yes\",\"colour\"]}", NULL},
    {"{\"type\":\"string\",\"minLength\":900}", "schema: the shortest answer takes"},
    {"{\"type\":\"string\",\"format\":\"date\"}", ": schema: #/format: this keyword is not supported"},
    {"{\"type\":", ": schema: not JSON at byte 8"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (schemas); i++) {
    g_autofree char *path = NULL, *arguments = NULL, *out = NULL, *err = NULL;
    int file = g_file_open_tmp ("schema-XXXXXX.json", &path, NULL);
    yyjson_doc *doc;

    g_assert_true (g_close (file, NULL) && g_file_set_contents (path, schemas[i][0], -1, NULL));
    arguments = g_strdup_printf ("run --schema %s hello", path);
    g_assert_cmpint (run (arguments, NULL, &out, &err), ==, schemas[i][1] != NULL);
    g_unlink (path);
    if (schemas[i][1] != NULL) {
      g_assert_cmpstr (out, ==, "");
      g_assert_nonnull (strstr (err, schemas[i][1]));
      g_assert_true (strchr (err, '\n') == err + strlen (err) - 1);
      continue;
    }
    doc = yyjson_read (out, strlen (out), 0);
    g_assert_true (yyjson_is_bool (yyjson_obj_get (yyjson_doc_get_root (doc), "yes")));
    g_assert_true (yyjson_is_str (yyjson_obj_get (yyjson_doc_get_root (doc), "colour")));
    yyjson_doc_free (doc);
  }
}

static void
test_a_model_without_a_vision_part_answers (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "dense-tiny", NULL);
  g_autofree char *arguments = g_strconcat ("run --max-tokens 3 ", folder, " hello", NULL);
  g_autofree char *out = NULL, *err = NULL;

  g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 0);
  g_assert_cmpuint (strlen (out), >, 1);
}

static void
test_plan_tells_figures_of_published_shapes_and_files (void)
{
  static const char *const cases[][2] = {
    {"plan scout", "108641793536 parameters, 17172894720 a token|10485760 tokens: 480 + 1.125 = 481.1|tokens/s|in Q4_K"},
    {"plan Maverick --type Q4_0 --context 131072", "401583781376 parameters|after 131072|in Q4_0"},
    {"plan scout --memory-limit 24G", "with --load stream|% of the experts|a disk of 1 GB/s (say)"},
    {"plan scout --kv-type int8", "cache in 8-bit integers|10485760 tokens: 240 + 0.5625 = 240.6"}, {"plan behemoth", "never published|286.8 … 288.6 G"}, {"plan", "fits|as the files have them"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (GStrv) words = g_strsplit (cases[i][1], "|", -1);
    g_autofree char *out = NULL, *err = NULL;

    g_assert_cmpint (run (cases[i][0], NULL, &out, &err), ==, 0);
    for (guint w = 0; words[w] != NULL; w++)
      if (strstr (out, words[w]) == NULL)
        g_error ("llama4 %s does not say \"%s\":\n%s", cases[i][0], words[w], out);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/bad-input-is-one-line-that-names-the-thing", test_bad_input_is_one_line_that_names_the_thing);
  g_test_add_func ("/cli/what-shows-no-pictures-loads-no-vision-part", test_what_shows_no_pictures_loads_no_vision_part);
  g_test_add_func ("/cli/unreadable-pictures-are-refused", test_unreadable_pictures_are_refused);
  g_test_add_func ("/cli/a-full-disk-is-an-error-of-every-command", test_a_full_disk_is_an_error_of_every_command);
  g_test_add_func ("/cli/input-that-cannot-be-read-is-an-error", test_input_that_cannot_be_read_is_an_error);
  g_test_add_func ("/cli/a-file-that-cannot-be-written-is-named-and-not-left-half",
      test_a_file_that_cannot_be_written_is_named_and_not_left_half);
  g_test_add_func ("/cli/text-comes-out-as-it-is-generated", test_text_comes_out_as_it_is_generated);
  g_test_add_func ("/cli/figures-stand-below-the-answer-where-both-go-to-one-file",
      test_figures_stand_below_the_answer_where_both_go_to_one_file);
  g_test_add_func ("/cli/text-is-utf-8-in-every-locale", test_text_is_utf_8_in_every_locale);
  g_test_add_func ("/cli/help-speaks-the-users-language", test_help_speaks_the_users_language);
  g_test_add_func ("/cli/help-names-what-a-model-may-be", test_help_names_what_a_model_may_be);
  g_test_add_func ("/cli/what-follows-two-dashes-is-no-option", test_what_follows_two_dashes_is_no_option);
  g_test_add_func ("/cli/whoever-names-no-model-is-told-once-which-one-answered",
      test_whoever_names_no_model_is_told_once_which_one_answered);
  g_test_add_func ("/cli/a-terminal-gets-no-control-characters", test_a_terminal_gets_no_control_characters);
  g_test_add_func ("/cli/tokenize-goes-there-and-back", test_tokenize_goes_there_and_back);
  g_test_add_func ("/cli/tokenize-takes-every-kind-of-file", test_tokenize_takes_every_kind_of_file);
  g_test_add_func ("/cli/bad-lines-are-named-by-number", test_bad_lines_are_named_by_number);
  g_test_add_func ("/cli/inspect-tells-shapes-and-totals", test_inspect_tells_shapes_and_totals);
  g_test_add_func ("/cli/inspect-knows-gguf-files", test_inspect_knows_gguf_files);
  g_test_add_func ("/cli/inspect-prints-no-control-characters", test_inspect_prints_no_control_characters);
  g_test_add_func ("/cli/inspect-prints-no-control-characters-of-gguf-files", test_inspect_prints_no_control_characters_of_gguf_files);
  g_test_add_func ("/cli/trace-writes-the-reference-stages", test_trace_writes_the_reference_stages);
  g_test_add_func ("/cli/run-describes-a-picture", test_run_describes_a_picture);
  g_test_add_func ("/cli/plan-tells-figures-of-published-shapes-and-files",
      test_plan_tells_figures_of_published_shapes_and_files);
  g_test_add_func ("/cli/run-answers-with-a-value-of-a-schema", test_run_answers_with_a_value_of_a_schema);
  g_test_add_func ("/cli/a-model-without-a-vision-part-answers", test_a_model_without_a_vision_part_answers);
  return g_test_run ();
}
