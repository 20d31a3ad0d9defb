/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and values of the tokens seen so far. */

#include "decoder/cache.h"

#include <string.h>

#include "base/memory.h"

static gint64
layer_capacity (const L4TextConfig *config, gint64 layer, gint64 capacity)
{
  return config->layers[layer].chunked && config->chunk > 0 ? MIN (config->chunk, capacity) : capacity;
}

guint64
l4_cache_bytes (const L4TextConfig *config, gint64 capacity)
{
  guint64 rows = 0, bytes;

  for (gint64 l = 0; l < config->n_layers; l++)
    if (!g_uint64_checked_add (&rows, rows, layer_capacity (config, l, capacity)))
      return G_MAXUINT64;
  if (!g_uint64_checked_mul (&bytes, rows, 2 * config->n_kv_heads * config->head_dim * sizeof (float)))
    return G_MAXUINT64;
  return bytes;
}

L4Cache *
l4_cache_new (const L4TextConfig *config, gint64 capacity, GError **error)
{
  g_autoptr (L4Cache) self = g_new0 (L4Cache, 1);

  self->config = config;
  self->capacity = capacity;
  self->layers = g_new0 (L4LayerCache, config->n_layers);
  for (gint64 l = 0; l < config->n_layers; l++) {
    L4LayerCache *layer = &self->layers[l];
    gsize bytes;

    layer->capacity = layer_capacity (config, l, capacity);
    if (!l4_checked_product ((gint64[]) { config->n_kv_heads, layer->capacity, config->head_dim }, 3, sizeof (float), &bytes)) {
      l4_fail (error, L4_ERROR_MEMORY, _("a context of %" PRId64 " tokens cannot be stored"), capacity);
      return NULL;
    }
    layer->keys = l4_alloc (bytes, _("key cache"), error);
    layer->values = layer->keys != NULL ? l4_alloc (bytes, _("value cache"), error) : NULL;
    if (layer->values == NULL)
      return NULL;
  }
  return g_steal_pointer (&self);
}

void
l4_cache_free (L4Cache *self)
{
  if (self == NULL)
    return;
  for (gint64 l = 0; l < self->config->n_layers; l++) {
    l4_free (self->layers[l].keys);
    l4_free (self->layers[l].values);
  }
  g_free (self->layers);
  g_free (self);
}

void
l4_cache_clear (L4Cache *self)
{
  self->n_tokens = 0;
}

void
l4_cache_store (L4Cache *self, gint64 layer, gint64 slot, const float *keys, const float *values, gint64 n)
{
  L4LayerCache *store = &self->layers[layer];
  gint64 heads = self->config->n_kv_heads, d = self->config->head_dim;

  for (gint64 t = 0; t < n; t++)
    for (gint64 h = 0; h < heads; h++) {
      gsize to = (h * store->capacity + slot + t) * d, from = (t * heads + h) * d;

      memcpy (store->keys + to, keys + from, d * sizeof (float));
      memcpy (store->values + to, values + from, d * sizeof (float));
    }
}
