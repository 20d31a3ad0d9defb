/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a tokenizer: its vocabulary, how readers of files fill it, and how text is split and merged. */

#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "files/json.h"
#include "tokenizer/tokenizer.h"

#define L4_MAX_TOKEN 1024       /* bytes of one token; Llama 4's longest has 113 */

typedef enum
{
  L4_TOKEN_MISSING,             /* no token has this id */
  L4_TOKEN_ORDINARY,            /* what text becomes */
  L4_TOKEN_SPECIAL,             /* found by its name only */
  L4_TOKEN_UNUSED,              /* a placeholder; neither is found */
} L4TokenKind;

typedef struct
{
  const guint8 *bytes;          /* in the tokenizer's arena */
  guint32 length;
  L4TokenKind kind;
} L4Token;

/* Two neighbouring tokens that become one; lower ranks go first. left == result: this place of the table is free. */
typedef struct
{
  gint32 left, right;
  gint32 result;
  guint32 rank;
} L4Merge;

/* A place in the table of ordinary and special tokens. Most tokens are their own key, so that the table alone finds them: what
 * costs time is memory far apart. */
typedef struct
{
  guint64 key;
  guint32 id_plus_one;          /* 0: free */
  L4TokenKind kind;
} L4Place;

typedef struct _L4WaitingMerge L4WaitingMerge;

/* Hash tables with linear probing, at most half full: encoding does little else than look up tokens and merges, and a file of
 * 200,000 tokens with 440,000 merges is two million look-ups. Places depend on seed, so that nobody can write files whose tokens
 * collide. */
struct _L4Tokenizer
{
  char *path;
  GStringChunk *arena;
  guint64 seed;
  L4Token *tokens;              /* [size], by id */
  guint size;
  L4Place *places;              /* [places_mask + 1] */
  gsize places_mask;
  gint32 of_byte[256];          /* the token of every single byte */
  L4Merge *merges;              /* [merges_mask + 1] */
  gsize merges_mask;
  gsize n_merges;
  L4WaitingMerge *waiting;      /* [n_waiting] added, but not in the table yet */
  guint n_waiting;
  gboolean whole_first;         /* a piece that is a token stays whole, even where merges would not make it */
  const pcre2_code *rule;
};

/* Both halves of a product, so that every bit of value reaches every bit of the result. */
static inline guint64
l4_mix (guint64 value)
{
  unsigned __int128 product = (unsigned __int128) value * 0x9e3779b97f4a7c15u;

  return (guint64) product ^ (guint64) (product >> 64);
}

/* Sets *table to zeroed memory with room for twice n entries, and *mask to one less than its entries. */
gboolean l4_make_table (const char *path, gsize n, gsize entry_size, gpointer table, gsize *mask, GError **error);

/* Vocabulary: filling it. Each of these fails with L4_ERROR_FORMAT and names the file and the id or number. ----------------- */

/* An empty vocabulary with room for n_ids tokens. NULL only with an error. (transfer full) */
L4Tokenizer *l4_tokenizer_new (const char *path, gsize n_ids, GError **error);

/* Gives the token with these bytes the id. */
gboolean l4_tokenizer_add (L4Tokenizer *self, guint64 id, L4TokenKind kind, const void *bytes, gsize length, GError **error);

/* After the last token: forgets the room that was not needed; every id has a token and every byte one by itself. Makes room for
 * n_merges merges. */
gboolean l4_tokenizer_finish_tokens (L4Tokenizer *self, gsize n_merges, GError **error);

/* The tokens left and right, spelled as in JSON and GGUF files, become the token that has the bytes of both. */
gboolean l4_tokenizer_add_merge (L4Tokenizer *self, gsize rank, const char *left, gsize left_length, const char *right,
    gsize right_length, GError **error);
/* The same of "left right". */
gboolean l4_tokenizer_add_merge_text (L4Tokenizer *self, gsize rank, const char *text, gsize length, GError **error);

/* After the last merge: the tables are complete only now. */
gboolean l4_tokenizer_finish_merges (L4Tokenizer *self, GError **error);

/* Instead of adding merges: every two tokens that together are the bytes of a third merge, in the order of the third's ids. */
gboolean l4_tokenizer_derive_merges (L4Tokenizer *self, GError **error);

/* A tokenizer.json; a tokenizer.model, whose path only serves messages; the metadata of a GGUF file. (transfer full) */
L4Tokenizer *l4_tokenizer_read_json (const L4Json *json, GError **error);
L4Tokenizer *l4_tokenizer_read_ranks (const char *path, const char *text, gsize length, GError **error);
L4Tokenizer *l4_tokenizer_read_gguf (const L4Gguf *gguf, GError **error);

/* Turns a token as JSON and GGUF files spell it (a printable character for each byte, as in GPT-2) into bytes, appended to out,
 * which has room for L4_MAX_TOKEN; *n_out counts on. FALSE when a character stands for no byte, or when it is too long or empty. */
gboolean l4_tokenizer_unspell (const char *spelling, gsize length, guint8 *out, gsize *n_out);
/* The other way, appended to spelling. */
void l4_tokenizer_spell (const guint8 *bytes, gsize length, GString *spelling);

/* Vocabulary: looking up ------------------------------------------------------------------------------------------------- */

/* The id of the ordinary or special token with these bytes, or -1. */
gint32 l4_tokenizer_find (const L4Tokenizer *self, L4TokenKind kind, const void *bytes, gsize length);

/* The same in two steps: the key of bytes, by which a token is looked for first in the place that l4_tokenizer_place() gives. The
 * token's id when it is an ordinary one, or -1. */
guint64 l4_tokenizer_key (const L4Tokenizer *self, const guint8 *bytes, gsize length);
gint32 l4_tokenizer_find_by_key (const L4Tokenizer *self, guint64 key, const guint8 *bytes, gsize length);

static inline L4Place *
l4_tokenizer_place (const L4Tokenizer *self, guint64 key)
{
  return &self->places[l4_mix (self->seed ^ key) & self->places_mask];
}

/* What the two become, or NULL. */
const L4Merge *l4_tokenizer_find_merge (const L4Tokenizer *self, gint32 left, gint32 right);

/* Text --------------------------------------------------------------------------------------------------------------------- */

/* How the split rule is written in a tokenizer.json. */
extern const char l4_split_rule[];

/* That rule, compiled at the first call. NULL only with an error. Any thread. */
const pcre2_code *l4_split_rule_get (GError **error);

/* Room that merging pieces uses again and again. All zero at first. */
typedef struct
{
  struct _L4Symbol *symbols;
  guint64 *heap;
  gsize room;                   /* for pieces of so many bytes */
} L4MergeRoom;

void l4_merge_room_clear (L4MergeRoom *self);

/* Appends the ids of one piece that no token border crosses; length > 0. Time grows with length x log length. */
gboolean l4_tokenizer_merge_piece (const L4Tokenizer *self, const guint8 *piece, gsize length, L4MergeRoom *room, GArray *ids,
    GError **error);
