/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to token ids and back: Llama 4's byte-level BPE. */

#pragma once

#include "checkpoint/checkpoint.h"
#include "config/config.h"
#include "gguf/write.h"

/* Immutable; usable from any thread. */
typedef struct _L4Tokenizer L4Tokenizer;

/* path: a tokenizer.json; a tokenizer.model with a token and its rank a line, after which come Llama 4's special tokens; a GGUF
 * file; or a folder that holds a tokenizer.json or else a tokenizer.model. Which of them a file is shows in its content. Ids must
 * be dense, tokens distinct, every single byte a token, and the rules by which text is split Llama 4's. (transfer full) */
L4Tokenizer *l4_tokenizer_load (const char *path, GError **error);
/* The tokenizer of a model: from the metadata of a GGUF file (of a split set: its first), or from its folder. (transfer full) */
L4Tokenizer *l4_tokenizer_load_for (const L4Checkpoint *checkpoint, GError **error);
void l4_tokenizer_free (L4Tokenizer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Tokenizer, l4_tokenizer_free)

const char *l4_tokenizer_get_path (const L4Tokenizer *self);    /* the file that it was read from */
guint l4_tokenizer_get_size (const L4Tokenizer *self);  /* one more than the largest id */

/* The id of a special token such as "<|eot|>", or -1. Both spellings of the padding token are found. */
gint32 l4_tokenizer_find_special (const L4Tokenizer *self, const char *name);
gboolean l4_tokenizer_is_special (const L4Tokenizer *self, gint32 id);

/* Appends the ids of text (length bytes, or NUL-terminated when -1) to ids, a GArray of gint32. Invalid UTF-8 is an
 * L4_ERROR_INPUT that gives the byte's position. Special tokens are never formed from text, however it is spelled. */
gboolean l4_tokenizer_encode (const L4Tokenizer *self, const char *text, gssize length, GArray *ids, GError **error);

/* Appends the bytes of one token (nothing for unused and unknown ids, and for special ones unless with_specials). A token may end
 * inside a code point. */
void l4_tokenizer_decode (const L4Tokenizer *self, gint32 id, gboolean with_specials, GString *bytes);

/* Puts the vocabulary into the metadata of a GGUF file, with placeholders up to the size that config says, which is not below that
 * of self; and the ids that config has, or that the names of tokens tell. */
void l4_tokenizer_put (const L4Tokenizer *self, const L4Config *config, L4GgufWriter *writer);
