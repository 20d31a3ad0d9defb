/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and values of the tokens seen so far. */

#pragma once

#include "compute/key-values.h"
#include "config/config.h"

typedef struct
{
  const L4TextConfig *config;   /* borrowed */
  gboolean int8;                /* stored as 8-bit integers */
  gint64 capacity;              /* tokens of the whole context */
  gint64 n_tokens;              /* seen so far */
  gint64 lost;                  /* of the first so many tokens chunked layers hold nothing, though the last chunk is theirs */
  L4KeyValues *layers;          /* [n_layers]: keys rotated and normalised; the whole context, or one chunk on chunked layers */
} L4Cache;

/* Room for capacity tokens; a chunked layer holds at most one chunk of them. int8: as 8-bit integers. (transfer full) */
L4Cache *l4_cache_new (const L4Compute *compute, const L4TextConfig *config, gboolean int8, gint64 capacity, GError **error);
void l4_cache_free (L4Cache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Cache, l4_cache_free)

/* Bytes that such a cache takes; G_MAXUINT64 when they cannot be counted. */
guint64 l4_cache_bytes (const L4Compute *compute, const L4TextConfig *config, gboolean int8, gint64 capacity);

/* Makes room for capacity tokens, layer by layer, and forgets none. FALSE: there is no memory for it, and all is as it was. */
gboolean l4_cache_grow (L4Cache *self, const L4Compute *compute, gint64 capacity, GError **error);

/* Bytes that growing takes at most beside those that it has, while it lasts. */
guint64 l4_cache_bytes_to_grow (const L4Cache *self, const L4Compute *compute, gint64 capacity);

/* Slots of a layer that hold something after n tokens. */
gint64 l4_cache_slots (const L4TextConfig *config, gint64 layer, gint64 n);

/* L4_ERROR_INPUT unless n further tokens fit. */
gboolean l4_cache_has_room (const L4Cache *self, gint64 n, GError **error);

/* Forgets all tokens, keeps the memory. */
void l4_cache_clear (L4Cache *self);

/* Forgets all tokens but the first n <= n_tokens. FALSE, and nothing is forgotten, when chunked layers no longer hold the chunk that
 * n lies in. */
gboolean l4_cache_rewind (L4Cache *self, gint64 n);
gboolean l4_cache_can_rewind (const L4Cache *self, gint64 n);

/* Whether it would then hold all that one does which has seen just these: where a chunk ends, it can be rewound after a later chunk has taken
 * that one's place. */
gboolean l4_cache_holds (const L4Cache *self, gint64 n);

/* Tokens after which a chunked layer begins anew, so that what came before them can no longer be rewound to. */
gint64 l4_cache_rewindable (const L4Cache *self);

/* A pass of n tokens after the first `before` has failed, with some stored on some layers: forgets them. FALSE, and all is forgotten, where
 * they may lie over what came before them in their chunk. */
gboolean l4_cache_undo (L4Cache *self, gint64 before, gint64 n);
