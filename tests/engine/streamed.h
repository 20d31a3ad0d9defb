/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of streamed experts share: small models, loaded with as little memory as they take, and conversations with them. */

#pragma once

#include <string.h>

#include "base/memory.h"
#include "engine/llama.h"
#include "support/folder.h"
#include "support/program.h"

#define PROMPT 60               /* tokens: every expert's turn comes in most layers of most models */
#define GENERATED 12
#define TOGETHER 9              /* conversations */

/* A golden as a GGUF file; those that are folders are made into one of that type. (transfer full) */
static inline char *
make_model (const Folder *folder, const char *name, const char *type)
{
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "golden", name, NULL), *bytes = NULL, *said = NULL;
  g_autofree char *file = g_build_filename (golden, "model.gguf", NULL);
  char *path = g_build_filename (folder, "model.gguf", NULL);
  gsize length;

  if (!g_file_test (file, G_FILE_TEST_EXISTS)) {
    said = succeed ("convert %s %s --type %s", golden, path, type);
    return path;
  }
  g_assert_true (g_file_get_contents (file, &bytes, &length, NULL));
  g_free (path);
  return folder_write (folder, "model.gguf", bytes, length);
}

static inline L4Llama *
load (const char *path, L4Load way, guint64 limit, GError **error)
{
  const L4LoadOptions options = {.model_path = path,.threads = 2,.load = way,.memory_limit = limit };

  return l4_llama_load (&options, L4_PRECISION_BF16, NULL, NULL, NULL, error);
}

/* The least limit at which a model of that size can be loaded. */
static inline guint64
find_limit (const char *path)
{
  static gint64 known_size;
  static guint64 known;
  guint64 too_little = 1, enough = 1 << 28;
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  if (status.st_size == known_size)
    return known;
  while (enough - too_little > 1024) {
    guint64 limit = (too_little + enough) / 2;
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Llama) one = load (path, L4_LOAD_STREAM, limit, &error);

    if (one == NULL) {
      g_assert_error (error, L4_ERROR, L4_ERROR_MEMORY);
      assert_says (error, "model.gguf|memory-limit|streamed");
      too_little = limit;
    } else {
      enough = limit;
    }
  }
  known_size = status.st_size;
  return known = enough;
}

/* With as little memory as it takes. */
static inline L4Llama *
load_tight (const char *path)
{
  L4Llama *model = load (path, L4_LOAD_STREAM, find_limit (path), NULL);

  g_assert_cmpint (model->load, ==, L4_LOAD_STREAM);
  return model;
}

/* Tokens in a conversation: a prompt, then one at a time. logits: [1 + GENERATED, vocab] */
static inline gboolean
converse (const L4Llama *model, guint index, float *logits, GError **error)
{
  const L4TextConfig *text = &model->config->text;
  g_autoptr (L4Cache) cache = l4_cache_new (model->compute, text, FALSE, PROMPT + GENERATED, error);
  gint32 ids[PROMPT + GENERATED];
  l4_autofree float *h = NULL;

  for (guint i = 0; i < PROMPT + GENERATED; i++)
    ids[i] = (gint32) ((index * 31 + i * 17 + i * i) % (guint) (text->vocab - 40));
  h = l4_llama_embed (model, ids, PROMPT + GENERATED, NULL, 0, error);
  if (!l4_llama_forward (model, cache, h, PROMPT, 1, logits, NULL, error))
    return FALSE;
  for (guint i = 0; i < GENERATED; i++)
    if (!l4_llama_forward (model, cache, h + (PROMPT + i) * text->hidden, 1, 1, logits + (1 + i) * text->vocab, NULL, error))
      return FALSE;
  return TRUE;
}

static inline float *
new_logits (const L4Llama *model)
{
  return g_new0 (float, (1 + GENERATED) * model->config->text.vocab);
}

static inline void
assert_same (const L4Llama *model, const float *one, const float *other)
{
  gsize bytes = (1 + GENERATED) * model->config->text.vocab * sizeof (float);

  g_assert_cmpmem (one, bytes, other, bytes);
}
