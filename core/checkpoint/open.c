/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a checkpoint, whatever it lies in. */

#include "checkpoint/checkpoint-private.h"

L4Checkpoint *
l4_checkpoint_open (const char *path, const char *projector_path, GError **error)
{
  g_autoptr (L4Checkpoint) self = l4_checkpoint_new (path);
  gboolean named = projector_path != NULL && *projector_path != '\0', good;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    good = l4_fail (error, L4_ERROR_NOT_FOUND, _("%s: no such model"), path);
  else if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    good = l4_checkpoint_open_gguf (self, named ? projector_path : NULL, error);
  else if (named)
    good = l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: a projector file belongs to a GGUF model, not to the folder %s"),
        projector_path, path);
  else
    good = l4_checkpoint_open_folder (self, error);
  return good ? g_steal_pointer (&self) : NULL;
}
