/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The chat prompt: turns of text and pictures to token ids. */

#pragma once

#include "config/config.h"
#include "tokenizer/tokenizer.h"

/* How a picture was cut: rows x cols tiles, and one overview tile more when there are several. */
typedef struct
{
  guint rows;
  guint cols;
} L4Grid;

/* Ids of the special tokens that the prompt needs, looked up by name, or by the numbers that the settings give. */
typedef struct
{
  gint32 begin_of_text, header_start, header_end, eot;
  gint32 image_start, image_end, image, patch, tile_x, tile_y;  /* -1 in a model without pictures */
} L4ChatTokens;

/* An error that names the tokenizer's file when it belongs to another model: more ids than the model's vocabulary, fewer than its
 * settings speak of, or other ones. */
gboolean l4_chat_tokens_find (const L4Tokenizer *tokenizer, const L4Config *config, L4ChatTokens *tokens, GError **error);

/* The whole prompt up to and with the header of the assistant's turn. grids: [n_pictures], one for every picture part in
 * order; tokens_per_tile: patches that one tile becomes. Returns a GArray of gint32. (transfer full) */
GArray *l4_chat_encode (const L4Tokenizer *tokenizer, const L4ChatTokens *tokens, const L4Message *messages,
    gsize n_messages, const L4Grid *grids, gsize n_pictures, guint tokens_per_tile, GError **error);

/* The same without that header: what prompts have in common whose conversations begin with these messages. */
GArray *l4_chat_encode_beginning (const L4Tokenizer *tokenizer, const L4ChatTokens *tokens, const L4Message *messages,
    gsize n_messages, const L4Grid *grids, gsize n_pictures, guint tokens_per_tile, GError **error);
