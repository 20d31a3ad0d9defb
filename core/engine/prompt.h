/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A conversation as the model will see it: token ids, with pictures in some of the places. */

#pragma once

#include "engine/pictures.h"

/* What stands at one place of the context: a token's id, or a part of a picture. Comparable byte by byte. */
typedef struct
{
  gint32 id;
  gboolean picture;
  gint64 row;                   /* of the picture's tokens */
  guint8 digest[L4_PICTURE_DIGEST];     /* of the picture; else zero */
} L4Place;

typedef struct
{
  L4Pictures pictures;          /* not encoded yet */
  GArray *ids;                  /* of gint32; fewer than the model's context */
  L4Place *places;              /* [ids->len] */
} L4Prompt;

/* Of the options those of the pictures count. Cleared by l4_prompt_clear(), also after FALSE. */
gboolean l4_prompt_prepare (const L4Llama *model, L4PictureCache *cache, const L4Message *messages, gsize n_messages,
    const L4GenerateOptions *options, L4Prompt *prompt, GError **error);
/* The same of the beginning of a conversation: without the header of an answer. */
gboolean l4_prompt_prepare_beginning (const L4Llama *model, L4PictureCache *cache, const L4Message *messages, gsize n_messages,
    const L4GenerateOptions *options, L4Prompt *prompt, GError **error);
void l4_prompt_clear (L4Prompt *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Prompt, l4_prompt_clear)

/* "sha256:…" over the ids. (transfer full) */
char *l4_prompt_digest (const L4Prompt *self);
