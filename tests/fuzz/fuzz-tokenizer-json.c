/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a tokenizer.json. */

#include "fuzz/fuzz-tokenizer.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *path;
  g_autoptr (L4Json) json = NULL;
  L4Tokenizer *tokenizer;
  GError *error = NULL;

  fuzz_file (data, size, &path);
  json = l4_json_load_sparse (path, 1 << 20, &error);
  tokenizer = json != NULL ? l4_tokenizer_read_json (json, &error) : NULL;
  return fuzz_use (tokenizer, error, data, size);
}
