/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a tokenizer.model. */

#include "fuzz/fuzz-tokenizer.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  GError *error = NULL;
  L4Tokenizer *tokenizer = l4_tokenizer_read_ranks ("tokenizer.model", (const char *) data, size, &error);

  return fuzz_use (tokenizer, error, data, size);
}
