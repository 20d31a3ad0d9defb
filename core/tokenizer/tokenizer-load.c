/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out which kind of file holds a tokenizer, and reads it. */

#include "tokenizer/tokenizer-private.h"

#include <string.h>
#include <unistd.h>

#include "files/file.h"

#define MAX_FILE (256u << 20)   /* bytes */

/* The file that a folder offers, tokenizer.json first. (transfer full) */
static char *
find_file (const char *folder, GError **error)
{
  static const char *const names[] = { "tokenizer.json", "tokenizer.model" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *file = g_build_filename (folder, names[i], NULL);

    if (g_file_test (file, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&file);
  }
  l4_fail (error, L4_ERROR_NOT_FOUND, _("%s: neither %s nor %s is there"), folder, names[0], names[1]);
  return NULL;
}

static L4Tokenizer *
read_gguf (int fd, const char *path, guint64 size, GError **error)
{
  g_autoptr (GStringChunk) strings = g_string_chunk_new (4096);
  g_autoptr (GArray) tensors = g_array_new (FALSE, FALSE, sizeof (L4Tensor));
  g_autoptr (L4Gguf) gguf = l4_gguf_read_header (fd, path, size, 0, strings, tensors, error);

  return gguf != NULL ? l4_tokenizer_read_gguf (gguf, error) : NULL;
}

static L4Tokenizer *
read_text (const char *path, gboolean is_json, GError **error)
{
  if (is_json) {
    g_autoptr (L4Json) json = l4_json_load_sparse (path, MAX_FILE, error);

    return json != NULL ? l4_tokenizer_read_json (json, error) : NULL;
  } else {
    gsize length;
    g_autofree char *text = l4_file_load (path, MAX_FILE, &length, error);

    return text != NULL ? l4_tokenizer_read_ranks (path, text, length, error) : NULL;
  }
}

L4Tokenizer *
l4_tokenizer_load (const char *path, GError **error)
{
  g_autofree char *file = g_file_test (path, G_FILE_TEST_IS_DIR) ? find_file (path, error) : g_strdup (path);
  L4Tokenizer *self = NULL;
  char start[4] = "";
  guint64 size;
  int fd = file != NULL ? l4_file_open (file, &size, error) : -1;

  if (fd < 0)
    return NULL;
  if (l4_file_read (fd, file, 0, start, (gsize) MIN (size, sizeof start), error)) {
    if (memcmp (start, "GGUF", sizeof start) == 0)
      self = read_gguf (fd, file, size, error);
    else
      self = read_text (file, start[0] == '{' || g_str_has_suffix (file, ".json"), error);
  }
  close (fd);
  return self;
}

L4Tokenizer *
l4_tokenizer_load_for (const L4Checkpoint *checkpoint, GError **error)
{
  const L4Gguf *gguf = l4_checkpoint_get_gguf (checkpoint);

  return gguf != NULL ? l4_tokenizer_read_gguf (gguf, error) : l4_tokenizer_load (l4_checkpoint_get_path (checkpoint), error);
}
