/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 convert --stream: repacks a model's experts once, so that they can be streamed as they are. */

#include "cli/repack.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/bar.h"
#include "engine/experts.h"

gboolean
l4_cli_repack (const char *model, const char *projector, guint threads, GError **error)
{
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (model, projector, error);
  g_autoptr (L4Config) config = checkpoint != NULL ? l4_config_load (checkpoint, error) : NULL;
  g_autoptr (L4Stream) experts = config != NULL ? l4_experts_find (checkpoint, config, error) : NULL;
  g_autofree char *path = NULL;
  L4BarFunc progress;
  L4Bar bar;

  if (experts == NULL)
    return FALSE;
  path = l4_experts_path (checkpoint);
  fprintf (stderr, _("llama4: %s: %" PRIu64 " bytes (%.2f GB) are written: the experts of %s, %zu of them, once more\n"), path,
      l4_stream_repacked_bytes (experts), l4_stream_repacked_bytes (experts) / 1e9, model, l4_stream_n_experts (experts));
  progress = l4_bar_begin (&bar, path);
  return l4_stream_repack (experts, path, threads, progress, &bar, error);
}
