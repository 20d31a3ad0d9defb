/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as each of the JSON files with a model's settings, beside others that are good. */

#include <stdlib.h>

#include <glib/gstdio.h>

#include "config/config.h"
#include "fuzz/fuzz.h"

static const char good[] = "{\"model_type\":\"llama4\",\"text_config\":{\"hidden_size\":8,\"num_hidden_layers\":2,"
    "\"vocab_size\":9,"
    "\"num_local_experts\":2,\"num_attention_heads\":2,\"num_key_value_heads\":1,\"intermediate_size\":8},\"vision_config\":{"
    "\"image_size\":56,\"patch_size\":14,\"hidden_size\":16,\"num_attention_heads\":2,\"num_hidden_layers\":1,"
    "\"intermediate_size\":64,\"projector_input_dim\":8,\"projector_output_dim\":8,\"vision_output_dim\":8}}";

/* What the rest of the program counts on. */
static void
check (const L4Config *config)
{
  g_assert (config->text.hidden > 0 && config->text.n_heads % config->text.n_kv_heads == 0 && config->text.head_dim % 2 == 0);
  g_assert (config->text.top_k <= config->text.n_experts && config->image_token < config->text.vocab);
  g_assert (config->n_stop_tokens <= L4_MAX_STOP_IDS);
  if (config->has_vision)
    g_assert (config->vision.image_size % (config->vision.patch_size * config->vision.shuffle) == 0);
}

static void
load (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Config) config = l4_config_load_folder (folder, &error);

  g_assert ((config == NULL) == (error != NULL));
  if (config != NULL)
    check (config);
}

/* The files that the input stands for, each in a folder of its own. */
static const char *const names[] = {
  "config.json", "generation_config.json", "processor_config.json", "preprocessor_config.json"
};
static char *folders[G_N_ELEMENTS (names)];

static void
remove_folders (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *link = g_build_filename (folders[i], names[i], NULL);
    g_autofree char *config = g_build_filename (folders[i], "config.json", NULL);

    g_remove (link);
    g_remove (config);
    g_rmdir (folders[i]);
    g_free (folders[i]);
  }
}

/* In each folder a link to the input, and the good settings unless the input stands for them. */
static void
make_folders (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *link = NULL;
    g_autofree char *config = NULL;

    folders[i] = g_dir_make_tmp ("llama4-fuzz-XXXXXX", NULL);
    link = g_build_filename (folders[i], names[i], NULL);
    config = g_build_filename (folders[i], "config.json", NULL);
    if (i > 0)
      g_assert (g_file_set_contents (config, good, -1, NULL));
    g_assert (symlink (path, link) == 0);
  }
  atexit (remove_folders);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *path;

  fuzz_file (data, size, &path);
  if (folders[0] == NULL)
    make_folders (path);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    load (folders[i]);
  return 0;
}
