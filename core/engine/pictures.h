/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pictures of a conversation as picture tokens; those seen lately are not encoded again. */

#pragma once

#include "engine/llama.h"
#include "vision/picture.h"

/* What was encoded lately. One thread at a time. */
typedef struct _L4PictureCache L4PictureCache;

L4PictureCache *l4_picture_cache_new (void);
void l4_picture_cache_free (L4PictureCache *self);      /* NULL is fine */

#define L4_PICTURE_DIGEST 32    /* bytes: SHA-256 over a picture's pixels, size and canvas */

typedef struct
{
  gsize n_pictures;
  const L4Picture **shown;      /* [n_pictures]: borrowed from the conversation */
  L4Canvas *canvases;           /* [n_pictures] */
  L4Grid *grids;                /* [n_pictures] */
  guint8 (*digests)[L4_PICTURE_DIGEST]; /* [n_pictures] */
  gint64 n_tiles;
  gint64 *first_tile;           /* [n_pictures + 1] */
  guint n_reused;               /* pictures that the cache has, that come twice, or whose tokens are held */
  gint64 n_new_tiles;           /* of the others */
  gint64 n_tokens, n_dropped;   /* that are shown, and that are not */
  gboolean *dropped;            /* [n_tiles * tokens_per_tile]: not shown, since an earlier picture shows the same there */
  float *features;              /* [n_tokens, hidden]; NULL until encoded, and without pictures; undefined rows of what is held */
} L4Pictures;

/* Chooses the canvas of every picture of the conversation and looks which of them the cache has. max_tiles: 0 for what the checkpoint
 * allows; prune as in L4GenerateOptions. Cleared by l4_pictures_clear(), also after FALSE. */
gboolean l4_pictures_find (const L4Llama *model, L4PictureCache *cache, const L4Message *messages, gsize n_messages,
    guint max_tiles, double prune, L4Pictures *pictures, GError **error);

/* Counts n_reused and n_new_tiles for who holds the first `held` tokens that are shown; l4_pictures_find() counts for who holds none. */
void l4_pictures_count (const L4Llama *model, L4PictureCache *cache, L4Pictures *pictures, gint64 held);

/* Encodes those that the cache does not have, but none whose tokens are all among the first `held` that are shown: who holds these reads no
 * rows of theirs, which stay undefined. */
gboolean l4_pictures_encode (const L4Llama *model, L4PictureCache *cache, L4Pictures *pictures, gint64 held, GCancellable *cancellable,
    GError **error);
void l4_pictures_clear (L4Pictures *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Pictures, l4_pictures_clear)
