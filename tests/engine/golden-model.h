/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The models of the goldens, loaded without a registry. */

#pragma once

#include "engine/llama.h"

/* The path of a golden's model. (transfer full) */
static inline char *
golden (const char *name)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", name, NULL);

  return g_str_equal (name, "gguf-tiny") ? g_build_filename (folder, "model.gguf", NULL) : g_steal_pointer (&folder);
}

static inline L4Llama *
load_llama (const char *name)
{
  g_autofree char *path = golden (name);
  const L4LoadOptions options = {.model_path = path,.threads = 2 };
  g_autoptr (GError) error = NULL;
  L4Llama *model = l4_llama_load (&options, L4_PRECISION_BF16, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return model;
}
