/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The metadata of GGUF files that say what a model's shape is. */

#pragma once

#include "config/config.h"
#include "gguf/write.h"

/* Puts the keys of the decoder's file, under the names that llama.cpp reads, and for what llama.cpp takes for granted (chunks, QK
 * norm, temperature) those of Ollama, or of llama.cpp for other models. type: that of most of the weights. L4_ERROR_UNSUPPORTED for a
 * shape that these keys cannot say; path names the model in that error. */
gboolean l4_gguf_put_text (L4GgufWriter *writer, const L4TextConfig *config, const char *name, L4Type type, const char *path,
    GError **error);

/* Whether llama.cpp, which has no keys for all of it, computes such a model as it is meant. */
gboolean l4_gguf_is_common (const L4TextConfig *config);

/* The same for the file of the vision part, which gives vectors of hidden values. */
void l4_gguf_put_vision (L4GgufWriter *writer, const L4VisionConfig *config, gint64 hidden, const char *name, L4Type type);
