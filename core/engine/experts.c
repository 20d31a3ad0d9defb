/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of repacked experts that a model may have beside it. */

#include "engine/experts.h"

#include "decoder/decoder.h"
#include "engine/footprint.h"

#define SUFFIX ".experts"

char *
l4_experts_path (const L4Checkpoint *checkpoint)
{
  if (l4_checkpoint_get_gguf (checkpoint) != NULL)
    return g_strconcat (l4_checkpoint_get_file (checkpoint, 0), SUFFIX, NULL);
  return g_build_filename (l4_checkpoint_get_path (checkpoint), "model" SUFFIX, NULL);
}

static gboolean
check_can_stream (const L4Checkpoint *checkpoint, const L4Config *config, GError **error)
{
  const char *path = l4_checkpoint_get_path (checkpoint);

  if (l4_footprint_expert (checkpoint, config, L4_PRECISION_BF16) > 0)
    return TRUE;
  if (l4_footprint_is_turned (checkpoint))
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: experts in the order of this folder cannot be streamed: llama4 convert makes a file of it "
            "whose experts can"), path);
  return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: has no experts that can be streamed"), path);
}

L4Stream *
l4_experts_find (L4Checkpoint *checkpoint, const L4Config *config, GError **error)
{
  g_autoptr (L4Compute) compute = NULL;
  g_autoptr (L4Loader) loader = NULL;
  g_autoptr (L4Stream) stream = l4_stream_new ();

  if (!check_can_stream (checkpoint, config, error) || (compute = l4_compute_new (L4_PRECISION_BF16, 1, error)) == NULL)
    return NULL;
  loader = l4_loader_new (compute, checkpoint, FALSE, 0, NULL, NULL, NULL);
  l4_loader_set_stream (loader, stream);
  l4_decoder_find_experts (loader, config);
  if (!l4_loader_finish (loader, error))
    return NULL;
  if (l4_stream_n_experts (stream) > 0)
    return g_steal_pointer (&stream);
  l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: has no experts that can be streamed"), l4_checkpoint_get_path (checkpoint));
  return NULL;
}

void
l4_experts_use (L4Stream *stream, const L4Checkpoint *checkpoint, char **why)
{
  g_autofree char *path = l4_experts_path (checkpoint);
  g_autoptr (GError) error = NULL;

  *why = NULL;
  if (g_file_test (path, G_FILE_TEST_EXISTS) && !l4_stream_use_repacked (stream, path, &error))
    *why = g_strdup_printf (_("%s; experts are read from the model itself until llama4 convert --stream makes that file anew"), error->message);
}
