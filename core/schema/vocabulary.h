/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tokens of a model by their bytes: those that begin alike are looked at together. */

#pragma once

#include <glib.h>

#define L4_NO_TOKEN G_MAXUINT32

/* A byte of tokens. Those that go on with another byte follow it, up to `after`. */
typedef struct
{
  guint32 token;                /* that ends here; L4_NO_TOKEN: none */
  guint32 after;                /* the next node that does not begin like this one */
  guint16 depth;                /* bytes up to here, from 1 on */
  guint8 byte;
} L4VocabularyNode;

/* Immutable; any thread. */
typedef struct
{
  guint n_tokens;               /* ids, also those that have no bytes */
  guint longest;                /* bytes */
  const char **bytes;           /* [n_tokens] */
  guint32 *lengths;             /* [n_tokens]; 0: it is never chosen */
  GStringChunk *chunk;          /* where bytes lie */
  L4VocabularyNode *nodes;
  guint n_nodes;
} L4Vocabulary;

/* Appends the bytes of a token to bytes; nothing when it is none of text. */
typedef void (*L4TokenBytes) (gpointer user_data, guint32 token, GString *bytes);

/* Tokens of more than 60,000 bytes are left out; the bytes of the others are distinct, and every byte is a token. (transfer full) */
L4Vocabulary *l4_vocabulary_new (guint n_tokens, L4TokenBytes token_bytes, gpointer user_data);
void l4_vocabulary_free (L4Vocabulary *self);   /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Vocabulary, l4_vocabulary_free)

/* Appends the fewest tokens that are together the text (guint32). FALSE: none are. */
gboolean l4_vocabulary_split (const L4Vocabulary *self, const char *text, gsize length, GArray *tokens);
