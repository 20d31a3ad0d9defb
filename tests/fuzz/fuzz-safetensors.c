/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a safetensors file. */

#include "checkpoint/safetensors.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *path;
  int fd = fuzz_file (data, size, &path);
  GStringChunk *strings = g_string_chunk_new (1024);
  g_autoptr (GArray) tensors = g_array_new (FALSE, FALSE, sizeof (L4Tensor));
  g_autoptr (GError) error = NULL;
  gboolean good = l4_safetensors_read_header (fd, path, size, 0, strings, tensors, &error);

  g_assert (good == (error == NULL));
  for (guint i = 0; good && i < tensors->len; i++) {
    const L4Tensor *tensor = &g_array_index (tensors, L4Tensor, i);

    g_assert (tensor->offset <= size && tensor->bytes <= size - tensor->offset && *tensor->name != '\0');
  }
  g_string_chunk_free (strings);
  return 0;
}
