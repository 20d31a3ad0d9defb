/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a GGUF file and what belongs to it. */

#include "formats/checkpoint-private.h"

gboolean
l4_checkpoint_open_gguf (L4Checkpoint *self, const char *projector_path, GError **error)
{
  return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: is not a Hugging Face folder"), self->path);
}
