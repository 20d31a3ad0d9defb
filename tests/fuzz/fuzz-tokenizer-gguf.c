/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a GGUF file with a tokenizer. */

#include "fuzz/fuzz-tokenizer.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *path;
  L4Tokenizer *tokenizer;
  GError *error = NULL;

  fuzz_file (data, size, &path);
  tokenizer = l4_tokenizer_load (path, &error);
  return fuzz_use (tokenizer, error, data, size);
}
