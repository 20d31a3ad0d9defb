/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a tokenizer, shared by its loader and its coder. */

#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tokenizer/tokenizer.h"

typedef struct
{
  const guint8 *bytes;          /* in the tokenizer's arena; NULL: no token has this id */
  guint32 length;
  gboolean special;
} L4Token;

/* Two neighbouring tokens that become one. */
typedef struct
{
  gint32 left, right;
  gint32 result;
  guint32 rank;                 /* lower goes first */
} L4Merge;

struct _L4Tokenizer
{
  GStringChunk *arena;
  L4Token *tokens;              /* [size], by id */
  guint size;
  GHashTable *by_bytes;         /* set of L4Token: the ordinary ones */
  GHashTable *specials;         /* set of L4Token */
  guint longest_special;        /* bytes */
  gint32 of_byte[256];          /* the token of every single byte */
  L4Merge *merges;              /* [n_merges] */
  guint n_merges;
  GHashTable *by_pair;          /* set of L4Merge */
  gboolean ignore_merges;       /* a piece that is a token stays whole */
  pcre2_code *split;
};

guint l4_token_hash (gconstpointer token);
gboolean l4_token_equal (gconstpointer a, gconstpointer b);
guint l4_merge_hash (gconstpointer merge);
gboolean l4_merge_equal (gconstpointer a, gconstpointer b);

/* The id of the ordinary token with these bytes, or -1. */
gint32 l4_tokenizer_find_bytes (const L4Tokenizer *self, const guint8 *bytes, gsize length);

/* Appends the ids of one piece that no token border crosses. */
void l4_tokenizer_merge_piece (const L4Tokenizer *self, const guint8 *piece, gsize length, GArray *ids);
