/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to token ids and back: byte-level BPE as in a tokenizer.json. */

#pragma once

#include "base/error.h"

/* Immutable; usable from any thread. */
typedef struct _L4Tokenizer L4Tokenizer;

/* path: a tokenizer.json, or a folder that holds one. (transfer full) */
L4Tokenizer *l4_tokenizer_load (const char *path, GError **error);
void l4_tokenizer_free (L4Tokenizer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Tokenizer, l4_tokenizer_free)

guint l4_tokenizer_get_size (const L4Tokenizer *self);  /* one more than the largest id */

/* The id of a special token such as "<|eot|>", or -1. */
gint32 l4_tokenizer_find_special (const L4Tokenizer *self, const char *name);
gboolean l4_tokenizer_is_special (const L4Tokenizer *self, gint32 id);

/* Appends the ids of text (length bytes, or NUL-terminated when -1; invalid UTF-8 is an L4_ERROR_INPUT that gives the byte's
 * position) to ids, a GArray of gint32. Special tokens are never formed from text. */
gboolean l4_tokenizer_encode (const L4Tokenizer *self, const char *text, gssize length, GArray *ids, GError **error);

/* Like l4_tokenizer_encode, but spellings of special tokens become those tokens (longest match): for prompts that are already
 * templated, never for text from outside. */
gboolean l4_tokenizer_encode_with_specials (const L4Tokenizer *self, const char *text, gssize length, GArray *ids,
    GError **error);

/* Appends the bytes of one token (nothing for special or unknown ids, unless with_specials). A token may end inside a code
 * point. */
void l4_tokenizer_decode (const L4Tokenizer *self, gint32 id, gboolean with_specials, GString *bytes);
