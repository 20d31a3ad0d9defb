/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shapes of models by name: the published ones, a Hugging Face folder's, a GGUF file's. */

#include "cli/shape.h"

#include "checkpoint/checkpoint.h"
#include "cli/cli.h"
#include "engine/experts.h"
#include "engine/footprint.h"

static char *
find_published (const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  g_autofree char *folder = l4_cli_data_file ("shapes", lower);

  if (strchr (name, '/') != NULL || *name == '\0' || *name == '.' || !g_file_test (folder, G_FILE_TEST_IS_DIR))
    return NULL;
  return g_steal_pointer (&folder);
}

/* A folder that has settings but no weights. */
static gboolean
only_settings (const char *path)
{
  static const char *const weights[] = { "model.safetensors", "model.safetensors.index.json" };
  g_autofree char *config = g_build_filename (path, "config.json", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (weights); i++) {
    g_autofree char *file = g_build_filename (path, weights[i], NULL);

    if (g_file_test (file, G_FILE_TEST_EXISTS))
      return FALSE;
  }
  return g_file_test (config, G_FILE_TEST_EXISTS);
}

/* The file of repacked experts, if there is one. */
static void
look_at_repacked (L4Checkpoint *checkpoint, const L4Config *config, L4ShapeFiles *files)
{
  g_autofree char *path = l4_experts_path (checkpoint);
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Stream) experts = g_file_test (path, G_FILE_TEST_EXISTS) ? l4_experts_find (checkpoint, config, &error) : NULL;

  if (experts == NULL)
    return;
  l4_experts_use (experts, checkpoint, &files->why_not_repacked);
  files->repacked = g_strdup (l4_stream_repacked (experts));
  files->repacked_bytes = files->repacked != NULL ? l4_stream_expert_bytes (experts) : 0;
}

void
l4_cli_shape_files_clear (L4ShapeFiles *self)
{
  g_free (self->first);
  g_free (self->repacked);
  g_free (self->why_not_repacked);
  *self = (L4ShapeFiles) {.type = L4_TYPE_OTHER };
}

static void
count_files (L4Checkpoint *checkpoint, const L4Config *config, L4ShapeFiles *files)
{
  files->memory = l4_footprint_weights (checkpoint, config, L4_PRECISION_BF16, L4_LOAD_READ, FALSE);
  files->unmapped = l4_footprint_weights (checkpoint, config, L4_PRECISION_BF16, L4_LOAD_MAP, FALSE);
  files->first = g_strdup (l4_checkpoint_get_file (checkpoint, 0));
  files->unstreamed = l4_footprint_weights (checkpoint, config, L4_PRECISION_BF16, L4_LOAD_STREAM, FALSE);
  look_at_repacked (checkpoint, config, files);
  files->type = l4_type_from_name (l4_checkpoint_main_type (checkpoint));
  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);

    if (g_str_has_prefix (tensor->name, "vision_model.") || g_str_has_prefix (tensor->name, "multi_modal_projector."))
      files->vision_bytes += tensor->bytes;
    else
      files->text_bytes += tensor->bytes;
  }
}

L4Config *
l4_cli_load_shape (const char *what, L4ShapeFiles *files, GError **error)
{
  g_autofree char *published = g_file_test (what, G_FILE_TEST_EXISTS) ? NULL : find_published (what);
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (L4Config) config = NULL;

  if (files != NULL)
    *files = (L4ShapeFiles) {.type = L4_TYPE_OTHER };
  if (published != NULL || only_settings (what))
    return l4_config_load_folder (published != NULL ? published : what, error);
  checkpoint = l4_checkpoint_open (what, NULL, error);
  config = checkpoint != NULL ? l4_config_load (checkpoint, error) : NULL;
  if (config != NULL && files != NULL)
    count_files (checkpoint, config, files);
  return g_steal_pointer (&config);
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
