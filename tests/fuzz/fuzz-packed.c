/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a folder whose weights are several tensors: the first byte says by which quantiser, the rest is the safetensors file. */

#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "checkpoint/checkpoint.h"
#include "fuzz/fuzz.h"

#define COMPRESSED "{\"quantization_config\":{\"quant_method\":\"compressed-tensors\",\"format\":\"pack-quantized\",\"config_groups\":{\"g\":" \
  "{\"weights\":{\"num_bits\":4,\"type\":\"int\",\"symmetric\":"

static const char *const settings[] = {
  COMPRESSED "true}}}}}", COMPRESSED "false}}}}}",
  "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4,\"sym\":false}}",
  "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4,\"sym\":false,\"checkpoint_format\":\"gptq_v2\"}}",
  "{\"quantization_config\":{\"quant_method\":\"fp8\",\"weight_block_size\":[128,128]}}",
};

static char *folder;

static void
remove_folder (void)
{
  g_autofree char *config = g_build_filename (folder, "config.json", NULL), *model = g_build_filename (folder, "model.safetensors", NULL);

  g_unlink (config);
  g_unlink (model);
  g_rmdir (folder);
  g_free (folder);
}

/* The folder, whose model is the file at path. */
static void
make_folder (const char *path, const char *text)
{
  static const char *written;

  g_autofree char *config = NULL, *model = NULL;

  if (folder == NULL) {
    folder = g_dir_make_tmp ("llama4-fuzz-XXXXXX", NULL);
    model = g_build_filename (folder, "model.safetensors", NULL);
    if (symlink (path, model) != 0)
      g_error ("no link");
    atexit (remove_folder);
  }
  if (written == text)
    return;
  written = text;
  config = g_build_filename (folder, "config.json", NULL);
  if (!g_file_set_contents_full (config, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL))
    g_error ("no settings");
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (GError) error = NULL;
  const char *path;

  if (size == 0)
    return 0;
  fuzz_file (data + 1, size - 1, &path);
  make_folder (path, settings[data[0] % G_N_ELEMENTS (settings)]);
  checkpoint = l4_checkpoint_open (folder, NULL, &error);
  g_assert ((checkpoint != NULL) == (error == NULL));
  for (guint i = 0; checkpoint != NULL && i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);
    g_autofree float *weights = NULL;
    g_autoptr (GError) failure = NULL;

    if (tensor->packed == NULL)
      continue;
    g_assert (tensor->n_elements <= 2 * size);  /* no more than there are codes */
    weights = g_new (float, tensor->n_elements);
    g_assert (l4_checkpoint_read_float (checkpoint, tensor, 0, tensor->n_elements, weights, &failure) == (failure == NULL));
  }
  return 0;
}
