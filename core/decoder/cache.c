/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and values of the tokens seen so far. */

#include "decoder/cache.h"

static gint64
layer_capacity (const L4TextConfig *config, gint64 layer, gint64 capacity)
{
  return config->layers[layer].chunked && config->chunk > 0 ? MIN (config->chunk, capacity) : capacity;
}

guint64
l4_cache_bytes (const L4Compute *compute, const L4TextConfig *config, gboolean int8, gint64 capacity)
{
  guint64 total = 0;

  for (gint64 l = 0; l < config->n_layers; l++)
    if (!g_uint64_checked_add (&total, total, l4_key_values_bytes (compute, int8, config->n_kv_heads, config->head_dim,
                layer_capacity (config, l, capacity))))
      return G_MAXUINT64;
  return total;
}

L4Cache *
l4_cache_new (const L4Compute *compute, const L4TextConfig *config, gboolean int8, gint64 capacity, GError **error)
{
  g_autoptr (L4Cache) self = g_new0 (L4Cache, 1);

  self->config = config;
  self->int8 = int8;
  self->capacity = capacity;
  self->layers = g_new0 (L4KeyValues, config->n_layers);
  for (gint64 l = 0; l < config->n_layers; l++)
    if (!l4_key_values_init (&self->layers[l], compute, int8, config->n_kv_heads, config->head_dim,
            layer_capacity (config, l, capacity), error))
      return NULL;
  return g_steal_pointer (&self);
}

void
l4_cache_free (L4Cache *self)
{
  if (self == NULL)
    return;
  for (gint64 l = 0; l < self->config->n_layers; l++)
    l4_key_values_clear (&self->layers[l]);
  g_free (self->layers);
  g_free (self);
}

gboolean
l4_cache_has_room (const L4Cache *self, gint64 n, GError **error)
{
  return self->n_tokens + n <= self->capacity
      || l4_fail (error, L4_ERROR_INPUT, _("%" PRId64 " tokens do not fit a context of %" PRId64), self->n_tokens + n, self->capacity);
}

void
l4_cache_clear (L4Cache *self)
{
  self->n_tokens = 0;
}

gboolean
l4_cache_can_rewind (const L4Cache *self, gint64 n)
{
  gint64 chunk = self->config->chunk;

  return chunk == 0 || n % chunk == 0 || n / chunk == (self->n_tokens - 1) / chunk;
}

gboolean
l4_cache_rewind (L4Cache *self, gint64 n)
{
  if (!l4_cache_can_rewind (self, n))
    return FALSE;
  self->n_tokens = n;
  return TRUE;
}

gint64
l4_cache_rewindable (const L4Cache *self)
{
  return self->config->chunk > 0 ? self->config->chunk - self->n_tokens % self->config->chunk : G_MAXINT64;
}
