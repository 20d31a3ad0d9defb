/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shapes of models by name: the published ones, a Hugging Face folder's, a GGUF file's. */

#include "cli/shape.h"

#include "cli/cli.h"
#include "formats/checkpoint.h"

static char *
find_published (const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  g_autofree char *folder = l4_cli_data_file ("shapes", lower);

  if (strchr (name, '/') != NULL || *name == '.' || !g_file_test (folder, G_FILE_TEST_IS_DIR))
    return NULL;
  return g_steal_pointer (&folder);
}

L4Config *
l4_cli_load_shape (const char *what, GError **error)
{
  g_autofree char *published = find_published (what), *config = g_build_filename (what, "config.json", NULL);
  g_autoptr (L4Checkpoint) checkpoint = NULL;

  if (published != NULL && !g_file_test (what, G_FILE_TEST_EXISTS))
    return l4_config_load_folder (published, error);
  if (g_file_test (config, G_FILE_TEST_EXISTS))
    return l4_config_load_folder (what, error);
  checkpoint = l4_checkpoint_open (what, NULL, error);
  return checkpoint != NULL ? l4_config_load (checkpoint, error) : NULL;
}

void
l4_cli_set_layers (L4TextConfig *config, gint64 n_layers)
{
  L4LayerConfig *layers = g_new (L4LayerConfig, n_layers);

  for (gint64 i = 0; i < n_layers; i++)
    layers[i] = config->layers[i % config->n_layers];
  g_free (config->layers);
  config->layers = layers;
  config->n_layers = n_layers;
}
