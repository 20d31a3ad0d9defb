/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 convert and synth: the files that they write give what the folder gave, and failures leave nothing. */

#define _GNU_SOURCE             /* memmem */

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gguf/gguf.h"
#include "support/folder.h"
#include "support/program.h"

static char *
golden (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "golden", name, NULL);
}

/* One forward pass of model, compared with what the reference computes from the folder. */
static void
compare_trace (const char *model, const char *folder, gboolean vision, double tolerance)
{
  static const char *const stages[] = { "hidden_states.npy", "router_logits.npy", "logits.npy", "vision_features.npy" };
  g_autofree char *expected = g_build_filename (folder, "expected", NULL);
  g_autofree char *pixels = vision ? g_strdup_printf ("--pixels %s/pixel_values.npy", expected) : g_strdup ("");
  g_autoptr (Folder) out = folder_new ();
  g_autofree char *err = succeed ("trace %s --ids %s/input_ids.npy %s --out %s", model, expected, pixels, out);

  for (guint i = 0; i < G_N_ELEMENTS (stages); i++) {
    g_autofree char *path = g_build_filename (expected, stages[i], NULL);

    if (g_file_test (path, G_FILE_TEST_EXISTS))
      compare_stage (out, stages[i], expected, tolerance);
  }
}

static void
test_every_golden_computes_the_same_from_its_file (void)
{
  static const struct
  {
    const char *name;
    gboolean vision;
  } goldens[] = { {"scout-tiny", TRUE}, {"maverick-tiny", TRUE}, {"frames-tiny", TRUE}, {"dense-tiny", FALSE} };
  static const char *const types[] = { "F32", "BF16" };

  for (guint i = 0; i < G_N_ELEMENTS (goldens); i++)
    for (guint t = 0; t < G_N_ELEMENTS (types); t++) {
      g_autofree char *folder = golden (goldens[i].name), *path = NULL, *err = NULL;
      g_autoptr (Folder) out = folder_new ();

      path = g_build_filename (out, "model.gguf", NULL);
      err = succeed ("convert %s %s --type %s --projector-type %s", folder, path, types[t], types[t]);
      g_assert_nonnull (strstr (err, "note: "));        /* their chunks are small */
      g_assert_cmpuint (folder_count (out), ==, goldens[i].vision ? 2 : 1);
      compare_trace (path, folder, goldens[i].vision, 1e-4);
    }
}

/* A file made from a file is the file made from the folder. */
static void
test_a_file_converts_like_the_folder_it_came_from (void)
{
  static const char *const types[] = { "F16", "Q8_0", "Q4_0", "Q4_K", "Q6_K" };
  g_autofree char *folder = golden ("scout-tiny"), *whole = NULL, *err = NULL;
  g_autoptr (Folder) out = folder_new ();

  whole = g_build_filename (out, "scout-tiny.gguf", NULL);
  err = succeed ("convert %s %s --type F32 --projector-type F32", folder, whole);
  for (guint t = 0; t < G_N_ELEMENTS (types); t++) {
    g_autofree char *a = g_build_filename (out, "a.gguf", NULL), *b = g_build_filename (out, "b.gguf", NULL);
    g_autofree char *one = NULL, *two = NULL, *err_a = NULL, *err_b = NULL;
    gsize n_one, n_two;

    err_a = succeed ("convert %s %s --type %s --no-projector", folder, a, types[t]);
    err_b = succeed ("convert %s %s --type %s --no-projector --threads 1", whole, b, types[t]);
    g_assert_true (g_file_get_contents (a, &one, &n_one, NULL));
    g_assert_true (g_file_get_contents (b, &two, &n_two, NULL));
    g_assert_cmpmem (one, n_one, two, n_two);
  }
}

static void
test_a_converted_model_answers_like_the_folder (void)
{
  g_autofree char *embedded = g_build_filename (g_getenv ("LLAMA4_DATA_DIR"), "embedded", NULL), *path = NULL, *err = NULL;
  g_autofree char *from_folder = NULL, *from_file = NULL, *picture = golden ("frames-tiny/expected/image-0.ppm");
  g_autofree char *one = NULL, *two = NULL;
  g_autoptr (Folder) out = folder_new ();
  g_autofree char *err_one = NULL, *err_two = NULL;

  path = g_build_filename (out, "model.gguf", NULL);
  err = succeed ("convert %s %s", embedded, path);
  one = g_strdup_printf ("run %s --image %s Describe", embedded, picture);
  two = g_strdup_printf ("run %s --image %s Describe", path, picture);
  g_assert_cmpint (run (one, NULL, &from_folder, &err_one), ==, 0);
  g_assert_cmpint (run (two, NULL, &from_file, &err_two), ==, 0);
  g_assert_cmpstr (from_file, ==, from_folder);
}

/* The embedded model has words that no merges make. */
static void
test_a_converted_model_splits_text_like_the_folder (void)
{
  static const char text[] = "\"Das Bild zeigt Farbbalken. Le cercle rouge bouge.\"\n";
  g_autofree char *embedded = g_build_filename (g_getenv ("LLAMA4_DATA_DIR"), "embedded", NULL), *path = NULL, *err = NULL;
  g_autofree char *one = g_strdup_printf ("tokenize %s", embedded), *two = NULL, *from_folder = NULL, *from_file = NULL;
  g_autofree char *err_one = NULL, *err_two = NULL, *err_again = NULL;
  g_autoptr (Folder) out = folder_new ();

  path = g_build_filename (out, "once.gguf", NULL);
  two = g_strdup_printf ("tokenize %s/twice.gguf", out);
  err = succeed ("convert %s %s --type Q8_0 --no-projector", embedded, path);
  err_again = succeed ("convert %s %s/twice.gguf --type Q8_0 --no-projector", path, out);
  g_assert_cmpint (run (one, text, &from_folder, &err_one), ==, 0);
  g_assert_cmpint (run (two, text, &from_file, &err_two), ==, 0);
  g_assert_cmpstr (from_file, ==, from_folder);
}

/* Its name, too, which is no file's. */
static void
test_what_a_file_says_of_a_model_stays (void)
{
  static const char says[] = "general.size_label\x08\0\0\0\6\0\0\0\0\0\0\0" "2x885K";
  g_autofree char *model = g_test_build_filename (G_TEST_DIST, "golden", "gguf-tiny", "model.gguf", NULL), *path = NULL, *err = NULL;
  g_autofree char *inspect = NULL, *out = NULL, *err_inspect = NULL, *bytes = NULL;
  g_autoptr (Folder) folder = folder_new ();
  gsize n;

  path = g_build_filename (folder, "other.gguf", NULL);
  err = succeed ("convert %s %s --type Q8_0 --no-projector", model, path);
  g_assert_true (g_file_get_contents (path, &bytes, &n, NULL));
  g_assert_nonnull (memmem (bytes, n, says, sizeof says - 1));
  inspect = g_strdup_printf ("inspect %s", path);
  g_assert_cmpint (run (inspect, NULL, &out, &err_inspect), ==, 0);
  g_assert_true (g_str_has_prefix (out, "GGUF: Hf\n"));
}

/* The link in the folder holds wherever the test runs. */
static void
link_file (const char *source, const char *file, const Folder *folder)
{
  g_autofree char *path = g_build_filename (source, file, NULL), *old = g_canonicalize_filename (path, NULL);
  g_autofree char *new = g_build_filename (folder, file, NULL);

  g_assert_cmpint (symlink (old, new), ==, 0);
}

/* The files of a golden; of its processor's settings one text is another. */
static void
link_golden (const char *name, const Folder *folder, const char *from, const char *to)
{
  g_autofree char *source = golden (name), *settings = g_build_filename (source, "processor_config.json", NULL), *text = NULL;
  g_autoptr (GDir) files = g_dir_open (source, 0, NULL);
  g_autoptr (GString) changed = NULL;
  const char *file;

  while ((file = g_dir_read_name (files)) != NULL)
    link_file (source, file, folder);
  g_assert_true (g_file_get_contents (settings, &text, NULL, NULL));
  changed = g_string_new (text);
  g_assert_cmpuint (g_string_replace (changed, from, to, 0), ==, 1);
  g_free (folder_write (folder, "processor_config.json", changed->str, -1));
}

/* How many tokens a picture of 40 x 20 and a word are. (transfer full) */
static char *
count_tokens (const char *model, const Folder *folder)
{
  static const char head[] = "P6 40 20 255 ";
  g_autofree guint8 *bytes = g_malloc0 (sizeof head - 1 + 40 * 20 * 3);
  g_autofree char *picture = NULL, *arguments = NULL, *out = NULL, *err = NULL, *end = NULL;
  const char *tokens;

  memcpy (bytes, head, sizeof head - 1);
  picture = folder_write (folder, "picture.ppm", bytes, sizeof head - 1 + 40 * 20 * 3);
  arguments = g_strdup_printf ("run %s --image %s --max-tokens 1 --json hello", model, picture);
  g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 0);
  tokens = strstr (out, "\"tokens\":");
  g_assert_nonnull (tokens);
  return g_strndup (tokens, strcspn (tokens, "}"));
}

/* Small ones, too, fill as many tiles as there may be, if the folder says so. */
static void
test_a_converted_model_cuts_pictures_like_the_folder (void)
{
  g_autoptr (Folder) folder = folder_new (), out = folder_new ();
  g_autofree char *path = g_build_filename (out, "model.gguf", NULL), *plain = golden ("scout-tiny"), *err = NULL;
  g_autofree char *few = NULL, *many = NULL, *of_file = NULL;

  link_golden ("scout-tiny", folder, "\"resize_to_max_canvas\": false", "\"resize_to_max_canvas\": true");
  err = succeed ("convert %s %s", folder, path);
  few = count_tokens (plain, out);
  many = count_tokens (folder, out);
  of_file = count_tokens (path, out);
  g_assert_cmpstr (few, !=, many);
  g_assert_cmpstr (of_file, ==, many);
}

static void
test_failures_are_one_line_and_leave_nothing (void)
{
  g_autofree char *scout = golden ("scout-tiny"), *topk = golden ("topk-tiny");
  g_autoptr (Folder) broken = folder_new ();
  g_autofree char *config = g_build_filename (scout, "config.json", NULL), *contents = NULL, *moved = NULL, *weights = NULL;
  const struct
  {
    const char *model, *rest, *words;
  } cases[] = {
    {scout, "--type Q2_K", "--type|Q4_K"}, {scout, "--type nonsense", "--type"}, {scout, "--threads -1", "-1"},
    {scout, "--threads 1025", "--threads 1025"},
    {"/nowhere", "", "/nowhere"}, {topk, "", "experts|GGUF"}, {broken, "", "patch_embedding|is missing"}, {scout, "more", "convert needs"},
  };

  g_assert_true (g_file_get_contents (config, &contents, NULL, NULL));
  moved = folder_write (broken, "config.json", contents, -1);
  weights = folder_write (broken, "model.safetensors", "\x02\0\0\0\0\0\0\0{}", 10);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Folder) out = folder_new ();
    g_autofree char *arguments = g_strdup_printf ("convert %s %s/model.gguf %s", cases[i].model, out, cases[i].rest);
    g_autofree char *text = NULL, *err = NULL;
    g_auto (GStrv) words = g_strsplit (cases[i].words, "|", -1);

    g_assert_cmpint (run (arguments, NULL, &text, &err), ==, 1);
    for (guint w = 0; words[w] != NULL; w++)
      if (strstr (err, words[w]) == NULL)
        g_error ("llama4 %s: \"%s\" does not say \"%s\"", arguments, err, words[w]);
    g_assert_true (strchr (err, '\n') == err + strlen (err) - 1);
    g_assert_cmpuint (folder_count (out), ==, 0);
  }
}

/* Neither the model nor its vision part, whose name is made of the model's. */
static void
test_a_pipe_is_not_replaced (void)
{
  static const char *const pipes[] = { "a.gguf", "mmproj-a-F16.gguf" };
  g_autofree char *scout = golden ("scout-tiny");

  for (guint i = 0; i < G_N_ELEMENTS (pipes); i++) {
    g_autoptr (Folder) folder = folder_new ();
    g_autofree char *path = g_build_filename (folder, pipes[i], NULL), *text = NULL, *err = NULL;
    g_autofree char *arguments = g_strdup_printf ("convert %s %s/a.gguf", scout, folder);

    g_assert_cmpint (mkfifo (path, 0600), ==, 0);
    g_assert_cmpint (run (arguments, NULL, &text, &err), ==, 1);
    g_assert_nonnull (strstr (err, path));
    g_assert_nonnull (strstr (err, "is not a regular file"));
    g_assert_cmpuint (folder_count (folder), ==, 1);
  }
}

/* Random models --------------------------------------------------------------------------------------------------------- */

static void
test_random_models_load_and_answer (void)
{
  static const char *const types[] = { "F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K", "Q6_K" };
  g_autofree char *scout = golden ("scout-tiny");

  for (guint t = 0; t < G_N_ELEMENTS (types); t++) {
    g_autoptr (Folder) out = folder_new ();
    g_autofree char *synth = succeed ("synth %s %s/a.gguf --layers 4 --type %s --tokenizer %s", scout, out, types[t], scout);
    g_autofree char *projector = succeed ("synth %s %s/mmproj.gguf --projector", scout, out);
    g_autofree char *picture = golden ("frames-tiny/expected/image-0.ppm");
    g_autofree char *answer = succeed ("run %s/a.gguf --image %s --max-tokens 3 hello", out, picture);

    g_assert_nonnull (strstr (answer, "3 generated"));
  }
}

static void
test_random_models_depend_on_the_seed_alone (void)
{
  g_autofree char *scout = golden ("scout-tiny"), *one = NULL, *two = NULL, *three = NULL;
  g_autofree char *a = NULL, *b = NULL, *c = NULL;
  g_autoptr (Folder) out = folder_new ();
  gsize n;

  a = succeed ("synth %s %s/a.gguf --vocab 64 --layers 2", scout, out);
  b = succeed ("synth %s %s/b.gguf --vocab 64 --layers 2 --seed 0", scout, out);
  c = succeed ("synth %s %s/c.gguf --vocab 64 --layers 2 --seed 1", scout, out);
  for (guint i = 0; i < 3; i++) {
    char name[] = "a.gguf";
    g_autofree char *path = NULL;

    name[0] += (char) i;
    path = g_build_filename (out, name, NULL);
    g_assert_true (g_file_get_contents (path, i == 0 ? &one : i == 1 ? &two : &three, &n, NULL));
  }
  g_assert_cmpmem (one, n, two, n);
  g_assert_true (memcmp (one, three, n) != 0);
}

static void
test_bad_random_models_are_refused (void)
{
  static const struct
  {
    const char *shape, *file, *rest, *word;
  } cases[] = {
    {"scout", "", "", "synth needs"}, {"nonsense", "x.gguf", "", "nonsense"}, {"scout", "nowhere/x.gguf", "", "nowhere/x.gguf"},
    {"scout", "x.gguf", "--layers -1", "--layers"}, {"scout", "x.gguf", "--vocab -1", "--vocab"},
    {"scout", "x.gguf", "--layers 0", "--layers"}, {"scout", "x.gguf", "--vocab 0", "--vocab"},
    {"scout", "x.gguf", "--type IQ4_NL", "--type"}, {"scout", "x.gguf", "--tokenizer /nowhere", "/nowhere"},
    {"../scout", "x.gguf", "", "../scout"}, {"scout", ".", "", "is a folder"},
  };
  g_autoptr (Folder) folder = folder_new ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = *cases[i].file != '\0' ? g_build_filename (folder, cases[i].file, NULL) : g_strdup ("");
    g_autofree char *arguments = g_strdup_printf ("synth %s %s %s", cases[i].shape, path, cases[i].rest), *out = NULL, *err = NULL;

    g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 1);
    g_assert_nonnull (strstr (err, cases[i].word));
    g_assert_cmpuint (folder_count (folder), ==, 0);
  }
}

/* The file that a process has open in a folder; NULL: none. (transfer full) */
static char *
open_file (GSubprocess *process, const Folder *folder)
{
  g_autofree char *files = g_strdup_printf ("/proc/%s/fd", g_subprocess_get_identifier (process));
  g_autoptr (GDir) dir = g_dir_open (files, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *link = g_build_filename (files, name, NULL), *path = g_file_read_link (link, NULL);

    if (path != NULL && g_str_has_prefix (path, folder))
      return g_steal_pointer (&path);
  }
  return NULL;
}

static void
test_a_killed_program_leaves_no_file (void)
{
  g_autofree char *scout = golden ("scout-tiny"), *open = NULL, *path = NULL;
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GSubprocess) process = NULL;

  path = g_build_filename (folder, "a.gguf", NULL);
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, NULL, g_getenv ("LLAMA4"), "synth", scout, path, "--vocab", "4000000", NULL);
  while ((open = open_file (process, folder)) == NULL)
    g_usleep (1000);
  g_subprocess_send_signal (process, SIGKILL);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_true (g_subprocess_get_if_signaled (process));
  if (!g_str_has_suffix (open, " (deleted)"))
    g_test_skip ("this file system has no files without a name");
  else
    g_assert_cmpuint (folder_count (folder), ==, 0);
}

/* On file systems where a file has a name before it is whole. */
static void
test_a_program_that_is_ended_leaves_no_file (void)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *scout = golden ("scout-tiny"), *open = NULL, *path = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (Folder) folder = folder_new ();

  path = g_build_filename (folder, "a.gguf", NULL);
  g_subprocess_launcher_setenv (launcher, "LD_PRELOAD", g_getenv ("NAMED"), TRUE);
  process = g_subprocess_launcher_spawn (launcher, NULL, g_getenv ("LLAMA4"), "synth", scout, path, "--vocab", "4000000", NULL);
  while ((open = open_file (process, folder)) == NULL)
    g_usleep (1000);
  g_assert_true (g_str_has_suffix (open, ".part"));
  g_usleep (10 * 1000);         /* until it has noted that */
  g_subprocess_send_signal (process, SIGTERM);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_true (g_subprocess_get_if_signaled (process));
  g_assert_cmpint (g_subprocess_get_term_sig (process), ==, SIGTERM);
  g_assert_cmpuint (folder_count (folder), ==, 0);
}

static void
test_what_was_written_with_a_long_template_can_be_read (void)
{
  g_autofree char *scout = golden ("scout-tiny"), *out = NULL, *template = NULL, *said = NULL;
  g_autofree char *text = g_strnfill (L4_GGUF_MAX_STRING, 'x');
  g_autoptr (Folder) folder = folder_new (), copy = folder_new ();
  g_autoptr (GDir) names = g_dir_open (scout, 0, NULL);

  for (const char *name; (name = g_dir_read_name (names)) != NULL;) {
    if (!g_str_equal (name, "chat_template.jinja"))
      link_file (scout, name, copy);
  }
  template = folder_write (copy, "chat_template.jinja", text, -1);
  out = g_build_filename (folder, "model.gguf", NULL);
  said = succeed ("convert %s %s", copy, out);
  g_free (succeed ("inspect %s", out));
}

/* With experts streamed bench tells what it read, of a file whose name is no UTF-8, too, and plan what to expect. */
static void
test_streaming_is_measured_and_forecast (void)
{
  g_autofree char *scout = golden ("scout-tiny"), *path = NULL, *odd = NULL, *said = NULL, *bench = NULL, *plan = NULL, *out = NULL, *err = NULL;
  g_autoptr (Folder) folder = folder_new ();
  static const char *const told[] = { "\"bytes_read\": ", "\"of_disk\": ", "\"hits\": ", "\"disk_bytes_per_second\": ", "\"experts\": 128" };

  path = g_build_filename (folder, "model.gguf", NULL);
  odd = g_build_filename (folder, "m\xf6" "del.gguf", NULL);
  said = succeed ("convert %s %s --type BF16", scout, path);
  g_assert_cmpint (link (path, odd), ==, 0);
  bench = g_strdup_printf ("bench %s --json --load stream --no-vision -p 8 -n 2 -r 1", odd);
  g_assert_cmpint (run (bench, NULL, &out, &err), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    g_assert_nonnull (strstr (out, told[i]));
  g_clear_pointer (&out, g_free);
  g_clear_pointer (&err, g_free);
  plan = g_strdup_printf ("plan %s", path);
  g_assert_cmpint (run (plan, NULL, &out, &err), ==, 0);
  g_assert_nonnull (strstr (out, "with --load stream: "));
  g_assert_null (strstr (out, "(say)"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/convert/what-was-written-with-a-long-template-can-be-read", test_what_was_written_with_a_long_template_can_be_read);
  g_test_add_func ("/convert/every-golden-computes-the-same-from-its-file", test_every_golden_computes_the_same_from_its_file);
  g_test_add_func ("/convert/a-file-converts-like-the-folder-it-came-from", test_a_file_converts_like_the_folder_it_came_from);
  g_test_add_func ("/convert/a-converted-model-answers-like-the-folder", test_a_converted_model_answers_like_the_folder);
  g_test_add_func ("/convert/a-converted-model-splits-text-like-the-folder", test_a_converted_model_splits_text_like_the_folder);
  g_test_add_func ("/convert/what-a-file-says-of-a-model-stays", test_what_a_file_says_of_a_model_stays);
  g_test_add_func ("/convert/a-converted-model-cuts-pictures-like-the-folder", test_a_converted_model_cuts_pictures_like_the_folder);
  g_test_add_func ("/convert/failures-are-one-line-and-leave-nothing", test_failures_are_one_line_and_leave_nothing);
  g_test_add_func ("/convert/a-pipe-is-not-replaced", test_a_pipe_is_not_replaced);
  g_test_add_func ("/stream/streaming-is-measured-and-forecast", test_streaming_is_measured_and_forecast);
  g_test_add_func ("/synth/random-models-load-and-answer", test_random_models_load_and_answer);
  g_test_add_func ("/synth/random-models-depend-on-the-seed-alone", test_random_models_depend_on_the_seed_alone);
  g_test_add_func ("/synth/bad-random-models-are-refused", test_bad_random_models_are_refused);
  g_test_add_func ("/synth/a-program-that-is-ended-leaves-no-file", test_a_program_that_is_ended_leaves_no_file);
  g_test_add_func ("/synth/a-killed-program-leaves-no-file", test_a_killed_program_leaves_no_file);
  return g_test_run ();
}
