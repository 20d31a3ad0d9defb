/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and values of the tokens seen so far. */

#pragma once

#include "formats/config.h"

typedef struct
{
  gint64 capacity;              /* tokens: the whole context, or one chunk on chunked layers */
  float *keys;                  /* [n_kv_heads, capacity, head_dim], rotated and normalised */
  float *values;                /* same shape, raw */
} L4LayerCache;

typedef struct
{
  const L4TextConfig *config;   /* borrowed */
  gint64 capacity;              /* tokens of the whole context */
  gint64 n_tokens;              /* seen so far */
  L4LayerCache *layers;         /* [n_layers] */
} L4Cache;

/* Room for capacity tokens; a chunked layer holds at most one chunk of them. (transfer full) */
L4Cache *l4_cache_new (const L4TextConfig *config, gint64 capacity, GError **error);
void l4_cache_free (L4Cache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Cache, l4_cache_free)

/* Bytes that such a cache takes; G_MAXUINT64 when they cannot be counted. */
guint64 l4_cache_bytes (const L4TextConfig *config, gint64 capacity);

/* Forgets all tokens, keeps the memory. */
void l4_cache_clear (L4Cache *self);

/* Stores keys and values [n, n_kv_heads, head_dim] of the next n tokens of a layer from row slot on; slot + n <= its capacity. */
void l4_cache_store (L4Cache *self, gint64 layer, gint64 slot, const float *keys, const float *values, gint64 n);
