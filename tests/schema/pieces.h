/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making up a vocabulary like a model's: every byte, and pieces of words, numbers, JSON and several scripts. */

#pragma once

#include <string.h>

#include "schema/vocabulary.h"

typedef struct
{
  GPtrArray *pieces;            /* of GString */
  guint64 state;
} Pieces;

static inline guint
piece_random (Pieces *self, guint below)
{
  self->state = self->state * 6364136223846793005u + 1442695040888963407u;
  return (guint) (self->state >> 33) % below;
}

static inline void
append_piece (Pieces *self, GString *piece)
{
  static const char *const joints[] = { "\":", "\",\"", "\":\"", "{\"", "\"}", "}]", "],\"", "true", "false", "null", ",", "[", "\\n", "\\\"", ".", "-" };
  static const struct
  {
    gunichar first;
    guint n;
  } scripts[] = { {'a', 26}, {0x430, 32}, {0x4e00, 3000}, {0xe0, 31}, {0x1f600, 60} };
  guint kind = piece_random (self, 20), length = 1 + piece_random (self, 4) + piece_random (self, 5);

  if (kind == 0) {
    g_string_append_printf (piece, "%u", piece_random (self, 1000));
  } else if (kind == 1) {
    for (guint i = 0; i < 1 + length / 3; i++)
      g_string_append (piece, joints[piece_random (self, G_N_ELEMENTS (joints))]);
  } else {
    guint script = kind < 14 ? 0 : kind - 13 < 5 ? kind - 13 : 1;

    g_string_append (piece, piece_random (self, 2) ? " " : "");
    for (guint i = 0; i < (script == 0 ? length : 1 + length / 3); i++)
      g_string_append_unichar (piece, scripts[script].first + piece_random (self, scripts[script].n));
    if (script > 0 && piece_random (self, 8) == 0)
      g_string_truncate (piece, piece->len - 1);        /* ends within a character */
    if (script == 0 && piece_random (self, 16) == 0)
      g_string_append (piece, joints[piece_random (self, 4)]);
  }
}

static inline void
put_piece (gpointer user_data, guint32 token, GString *bytes)
{
  const Pieces *self = user_data;
  const GString *piece = self->pieces->pdata[token];

  g_string_append_len (bytes, piece->str, (gssize) piece->len);
}

static inline void
free_piece (gpointer piece)
{
  g_string_free (piece, TRUE);
}

/* n tokens, of which the last is none of text, as one that ends an answer. (transfer full) */
static inline L4Vocabulary *
make_vocabulary (guint n)
{
  Pieces pieces = { g_ptr_array_new_with_free_func (free_piece), 7 };
  GHashTable *known = g_hash_table_new ((GHashFunc) g_string_hash, (GEqualFunc) g_string_equal);
  L4Vocabulary *vocabulary;

  while (pieces.pieces->len < n - 1) {
    GString *piece = g_string_new (NULL);

    if (pieces.pieces->len < 256)
      g_string_append_c (piece, (char) pieces.pieces->len);
    else
      append_piece (&pieces, piece);
    if (piece->len > 0 && !g_hash_table_contains (known, piece)) {
      g_hash_table_add (known, piece);
      g_ptr_array_add (pieces.pieces, piece);
    } else {
      g_string_free (piece, TRUE);
    }
  }
  g_ptr_array_add (pieces.pieces, g_string_new (NULL));
  g_hash_table_unref (known);
  vocabulary = l4_vocabulary_new (n, put_piece, &pieces);
  g_ptr_array_unref (pieces.pieces);
  return vocabulary;
}
