/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One GGUF file of a checkpoint: its header and its tensors, under their published names. */

#include "checkpoint/checkpoint-private.h"
#include "gguf/names.h"

const L4Gguf *
l4_checkpoint_add_gguf (L4Checkpoint *self, const char *folder, const char *name, GError **error)
{
  const L4CheckpointFile *file = l4_checkpoint_add_file (self, folder, name, error);
  guint first = self->tensors->len;
  L4Gguf *gguf;

  if (file == NULL)
    return NULL;
  gguf = l4_gguf_read_header (file->fd, file->path, file->size, self->files->len - 1, self->strings, self->tensors, error);
  if (gguf == NULL)
    return NULL;
  g_ptr_array_add (self->ggufs, gguf);
  for (guint i = first; i < self->tensors->len; i++)
    l4_gguf_rename (&g_array_index (self->tensors, L4Tensor, i), self->strings);
  return gguf;
}

void
l4_checkpoint_remove_files (L4Checkpoint *self, guint keep)
{
  while (self->tensors->len > 0 && g_array_index (self->tensors, L4Tensor, self->tensors->len - 1).file >= keep)
    g_array_set_size (self->tensors, self->tensors->len - 1);
  g_ptr_array_set_size (self->ggufs, (gint) keep);
  g_array_set_size (self->files, keep);
}
