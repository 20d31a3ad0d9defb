/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 convert --stream: one more file beside the model, which every command that streams counts with. */

#define _GNU_SOURCE

#include <sys/time.h>

#include "support/folder.h"
#include "support/program.h"

static char *
golden (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "golden", name, NULL);
}

/* A model in a folder of its own. (transfer full) */
static char *
make_model (const Folder *folder)
{
  g_autofree char *scout = golden ("scout-tiny");

  g_free (succeed ("convert %s %s/model.gguf --type Q8_0 --no-projector", scout, folder));
  return g_build_filename (folder, "model.gguf", NULL);
}

/* What it prints. (transfer full) */
static char *
output_of (const char *command, const char *model, const char *rest)
{
  g_autofree char *arguments = g_strdup_printf ("%s %s %s", command, model, rest), *err = NULL;
  char *out = NULL;

  if (run (arguments, NULL, &out, &err) != 0)
    g_error ("llama4 %s: %s", arguments, err);
  return out;
}

static void
test_it_says_what_it_writes (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *model = make_model (folder), *said = succeed ("convert --stream %s", model), *size = NULL;
  g_autofree char *path = g_strconcat (model, ".experts", NULL);
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  size = g_strdup_printf ("llama4: %s: %" G_GINT64_FORMAT " bytes (", path, (gint64) status.st_size);
  g_assert_true (g_str_has_prefix (said, size));
  g_assert_true (strchr (said, '\n') == said + strlen (said) - 1);
  g_free (succeed ("convert --stream %s --threads 1", model));  /* takes the place of the first */
  g_assert_cmpuint (folder_count (folder), ==, 2);
}

static void
test_every_command_that_streams_counts_with_it (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *model = make_model (folder), *said = succeed ("convert --stream %s", model);
  g_autofree char *bench = output_of ("bench", model, "--load stream -p 8 -n 0 -r 1");
  g_autofree char *plan = output_of ("plan", model, ""), *inspect = output_of ("inspect", model, "");

  g_assert_nonnull (strstr (bench, "experts come from "));
  g_assert_nonnull (strstr (plan, "experts come from "));
  g_assert_nonnull (strstr (inspect, "repacked experts: "));
  g_assert_nonnull (strstr (inspect, "model.gguf.experts, "));
}

static void
test_one_that_does_not_fit_is_told_once (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *model = make_model (folder), *said = succeed ("convert --stream %s", model), *arguments = NULL;
  g_autofree char *out = NULL, *err = NULL, *other = NULL, *plan = NULL, *inspect = NULL;
  const char *words[] = { "model.gguf.experts", "before the model was changed", "convert --stream" }, *first;

  arguments = g_strdup_printf ("run %s --load stream --max-tokens 3 hello", model);
  g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 0);
  g_assert_null (strstr (err, "experts"));
  g_clear_pointer (&err, g_free);
  g_assert_cmpint (utimes (model, (const struct timeval[]) { {5, 0}, {5, 0} }), ==, 0);
  g_assert_cmpint (run (arguments, NULL, &other, &err), ==, 0);
  g_assert_cmpstr (out, ==, other);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    g_assert_nonnull (strstr (err, words[i]));
  first = strstr (err, words[1]);
  g_assert_null (strstr (first + 1, words[1]));
  plan = output_of ("plan", model, "");
  inspect = output_of ("inspect", model, "");
  g_assert_nonnull (strstr (plan, words[1]));
  g_assert_nonnull (strstr (inspect, words[1]));
}

static void
test_what_it_cannot_do_is_refused_by_name (void)
{
  g_autofree char *scout = golden ("scout-tiny"), *dense = golden ("dense-tiny"), *topk = golden ("topk-tiny");
  g_autoptr (Folder) folder = folder_new ();
  const struct
  {
    const char *model, *rest, *words;
  } cases[] = {
    {scout, "", "scout-tiny|cannot be streamed|llama4 convert"}, {dense, "", "dense-tiny|has no experts"}, {"/nowhere", "", "/nowhere"},
    {topk, "out.gguf", "--stream|nothing else"}, {"", "", "--stream needs a model"}, {scout, "--type Q4_0", "--type does not go"},
    {scout, "--projector-type F16", "--projector-type does not go"}, {scout, "--no-projector", "--no-projector does not go"},
    {scout, "--threads -1", "--threads -1"}, {folder, "", "neither model.safetensors"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *arguments = g_strdup_printf ("convert --stream %s %s", cases[i].model, cases[i].rest), *out = NULL, *err = NULL;

    g_assert_cmpint (run (arguments, NULL, &out, &err), ==, 1);
    g_assert_true (strchr (err, '\n') == err + strlen (err) - 1);
    assert_says (&(GError) {.message = g_strchomp (err) }, cases[i].words);
  }
}

static void
test_a_disk_that_is_too_small_leaves_nothing (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *model = make_model (folder), *out = NULL, *err = NULL;
  g_autofree char *line = g_strdup_printf ("trap '' XFSZ; ulimit -f 20; exec \"$LLAMA4\" convert --stream %s", model);
  g_autoptr (GSubprocess) process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, "/bin/sh", "-c", line, NULL);

  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &out, &err, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 1);
  g_assert_nonnull (strstr (err, "model.gguf.experts: File too large"));
  g_assert_cmpuint (folder_count (folder), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/repack/it-says-what-it-writes", test_it_says_what_it_writes);
  g_test_add_func ("/repack/every-command-that-streams-counts-with-it", test_every_command_that_streams_counts_with_it);
  g_test_add_func ("/repack/one-that-does-not-fit-is-told-once", test_one_that_does_not_fit_is_told_once);
  g_test_add_func ("/repack/what-it-cannot-do-is-refused-by-name", test_what_it_cannot_do_is_refused_by_name);
  g_test_add_func ("/repack/a-disk-that-is-too-small-leaves-nothing", test_a_disk_that_is_too_small_leaves_nothing);
  return g_test_run ();
}
