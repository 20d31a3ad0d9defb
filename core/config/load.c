/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings of a checkpoint, whatever it lies in. */

#include "config/config-private.h"

L4Config *
l4_config_load (const L4Checkpoint *checkpoint, GError **error)
{
  if (l4_checkpoint_get_gguf (checkpoint) != NULL)
    return l4_config_load_gguf (checkpoint, error);
  return l4_config_load_folder (l4_checkpoint_get_path (checkpoint), error);
}
