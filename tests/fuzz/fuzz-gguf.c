/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a GGUF file: its header, its metadata by every getter, its settings, its tensors. */

#include "config/config.h"
#include "fuzz/fuzz.h"

#define MAX_READ 4096           /* weights of a tensor */

static void
read_values (const L4Gguf *gguf)
{
  for (guint i = 0; i < l4_gguf_get_n_keys (gguf); i++) {
    const char *key = l4_gguf_get_key (gguf, i), *text = NULL;
    g_autofree char *shown = l4_gguf_describe (gguf, key);
    g_autofree L4GgufString *strings = NULL;
    g_autofree gint64 *ints = NULL;
    g_autofree float *floats = NULL;
    gint64 number = 0;
    double real = 0;
    gboolean flag = FALSE;
    gsize n;

    l4_gguf_get_int (gguf, key, -1000, 1000, &number, NULL);
    l4_gguf_get_double (gguf, key, -1000, 1000, &real, NULL);
    l4_gguf_get_bool (gguf, key, &flag, NULL);
    l4_gguf_get_string (gguf, key, &text, NULL);
    l4_gguf_get_strings (gguf, key, 0, G_MAXINT32, &strings, &n, NULL);
    l4_gguf_get_ints (gguf, key, 0, G_MAXINT32, &ints, &n, NULL);
    l4_gguf_get_floats (gguf, key, 0, G_MAXINT32, &floats, &n, NULL);
    g_assert (g_utf8_validate (shown, -1, NULL) && number >= -1000 && number <= 1000 && real >= -1000 && real <= 1000);
  }
}

static void
read_tensors (const L4Checkpoint *checkpoint)
{
  g_autofree float *out = g_new (float, MAX_READ);

  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);
    gsize n = MIN (tensor->n_elements, MAX_READ) / l4_type_info (tensor->type)->block_elements
        * l4_type_info (tensor->type)->block_elements;

    g_assert (l4_checkpoint_find (checkpoint, tensor->name) == tensor);
    g_assert (l4_checkpoint_read_float (checkpoint, tensor, tensor->n_elements - n, n, out, NULL));
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *path;
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (L4Config) config = NULL;
  g_autoptr (GError) error = NULL;

  fuzz_file (data, size, &path);
  checkpoint = l4_checkpoint_open (path, NULL, &error);
  g_assert ((checkpoint == NULL) == (error != NULL));
  if (checkpoint == NULL)
    return 0;
  read_values (l4_checkpoint_get_gguf (checkpoint));
  read_tensors (checkpoint);
  config = l4_config_load (checkpoint, &error);
  g_assert ((config == NULL) == (error != NULL));
  return 0;
}
