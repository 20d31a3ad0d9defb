/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models whose experts come from a file of repacked ones compute what they compute in memory, bit for bit; without that file, too. */

#define _GNU_SOURCE

#include <fcntl.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "engine/experts.h"
#include "engine/llama.h"
#include "support/folder.h"
#include "support/program.h"

#define PROMPT 60               /* tokens: every expert's turn comes in most layers of most models */
#define GENERATED 8

static const struct
{
  const char *golden, *type;
} models[] = {
  {"gguf-tiny", NULL}, {"scout-tiny", "Q8_0"}, {"maverick-tiny", "BF16"},
};

/* A golden as a GGUF file; of a folder one of that type is made. (transfer full) */
static char *
make_model (const Folder *folder, const char *name, const char *type)
{
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "golden", name, NULL), *bytes = NULL;
  g_autofree char *file = g_build_filename (golden, "model.gguf", NULL);
  gsize length;

  if (type == NULL) {
    g_assert_true (g_file_get_contents (file, &bytes, &length, NULL));
    return folder_write (folder, "model.gguf", bytes, (gssize) length);
  }
  g_free (succeed ("convert %s %s/model.gguf --type %s --no-projector", golden, folder, type));
  return g_build_filename (folder, "model.gguf", NULL);
}

static L4Llama *
load (const char *path, L4Load way)
{
  const L4LoadOptions options = {.model_path = path,.threads = 2,.load = way };
  g_autoptr (GError) error = NULL;
  L4Llama *model = l4_llama_load (&options, L4_PRECISION_BF16, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (model->load, ==, way);
  return model;
}

/* With as few slots as there can be. */
static L4Llama *
load_tight (const char *path)
{
  L4Llama *model = load (path, L4_LOAD_STREAM);

  l4_stream_allow (model->stream, L4_STREAM_LEAST_SLOTS);
  return model;
}

/* Logits after a prompt and after each of some tokens: [1 + GENERATED, vocab]. (transfer full) */
static float *
converse (const L4Llama *model, guint index)
{
  const L4TextConfig *text = &model->config->text;
  g_autoptr (L4Cache) cache = l4_cache_new (model->compute, text, FALSE, PROMPT + GENERATED, NULL);
  g_autoptr (GError) error = NULL;
  float *logits = g_new0 (float, (1 + GENERATED) * text->vocab);
  gint32 ids[PROMPT + GENERATED];
  l4_autofree float *h = NULL;

  for (guint i = 0; i < PROMPT + GENERATED; i++)
    ids[i] = (gint32) ((index * 31 + i * 17 + i * i) % (guint) (text->vocab - 40));
  h = l4_llama_embed (model, ids, PROMPT + GENERATED, NULL, 0, NULL);
  l4_llama_forward (model, cache, h, PROMPT, 1, logits, NULL, &error);
  for (guint i = 0; i < GENERATED && error == NULL; i++)
    l4_llama_forward (model, cache, h + (PROMPT + i) * text->hidden, 1, 1, logits + (1 + i) * text->vocab, NULL, &error);
  g_assert_no_error (error);
  return logits;
}

static void
assert_same (const L4Llama *one, const L4Llama *other)
{
  for (guint i = 0; i < 2; i++) {
    g_autofree float *expected = converse (one, i), *logits = converse (other, i);
    gsize bytes = (1 + GENERATED) * one->config->text.vocab * sizeof (float);

    g_assert_cmpmem (logits, bytes, expected, bytes);
  }
}

static void
test_repacked_experts_compute_what_memory_does (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    g_autoptr (Folder) folder = folder_new ();
    g_autofree char *path = make_model (folder, models[i].golden, models[i].type), *said = NULL;
    g_autoptr (L4Llama) read = load (path, L4_LOAD_READ), streamed = NULL;

    said = succeed ("convert --stream %s", path);
    g_assert_nonnull (strstr (said, "model.gguf.experts: "));
    streamed = load_tight (path);
    g_assert_true (g_str_has_suffix (l4_stream_repacked (streamed->stream), "model.gguf.experts"));
    g_assert_null (streamed->why_not_repacked);
    g_assert_cmpuint (l4_stream_n_slots (streamed->stream), <, l4_stream_n_experts (streamed->stream));
    assert_same (read, streamed);
  }
}

/* Whoever reads weights from the model's own file is told why, and gets the same. */
static void
test_without_a_file_that_fits_the_model_computes_the_same (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = make_model (folder, "scout-tiny", "BF16"), *said = succeed ("convert --stream %s", path);
  g_autofree char *repacked = g_strconcat (path, ".experts", NULL);
  g_autoptr (L4Llama) read = load (path, L4_LOAD_READ), stale = NULL, broken = NULL, none = NULL;

  g_assert_cmpint (utimensat (AT_FDCWD, path, (const struct timespec[]) { {5, 0}, {5, 0} }, 0), ==, 0);
  stale = load_tight (path);
  g_assert_null (l4_stream_repacked (stale->stream));
  assert_says (&(GError) {.message = stale->why_not_repacked }, "model.gguf.experts|before the model was changed|convert --stream");
  assert_same (read, stale);
  g_free (folder_write (folder, "model.gguf.experts", "L4exps\r\n", 8));
  broken = load_tight (path);
  assert_says (&(GError) {.message = broken->why_not_repacked }, "model.gguf.experts|is damaged|convert --stream");
  assert_same (read, broken);
  g_unlink (repacked);
  none = load_tight (path);
  g_assert_null (none->why_not_repacked);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/repacked/repacked-experts-compute-what-memory-does", test_repacked_experts_compute_what_memory_does);
  g_test_add_func ("/repacked/without-a-file-that-fits-the-model-computes-the-same", test_without_a_file_that_fits_the_model_computes_the_same);
  return g_test_run ();
}
