/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and values of the tokens seen so far. */

#include "decoder/cache.h"

#include <string.h>

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
    if (!g_uint64_checked_add (&total, total, l4_key_values_bytes (l4_key_values_kind (compute), int8, config->n_kv_heads, config->head_dim,
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

gint64
l4_cache_slots (const L4TextConfig *config, gint64 layer, gint64 n)
{
  gint64 chunk = config->layers[layer].chunked ? config->chunk : 0;

  return chunk > 0 && n > 0 ? (n - 1) % chunk + 1 : n;
}

guint64
l4_cache_bytes_to_grow (const L4Cache *self, const L4Compute *compute, gint64 capacity)
{
  const L4TextConfig *config = self->config;
  guint64 before = l4_cache_bytes (compute, config, self->int8, self->capacity), after = l4_cache_bytes (compute, config, self->int8, capacity);
  guint64 largest = l4_key_values_bytes (l4_key_values_kind (compute), self->int8, config->n_kv_heads, config->head_dim,
      self->capacity);

  return after < G_MAXUINT64 - largest ? after - MIN (before, after) + largest : G_MAXUINT64;
}

/* What a layer holds, with room for more. */
static gboolean
grow_layer (const L4Cache *self, gint64 layer, const L4Compute *compute, gint64 capacity, L4KeyValues *grown, GError **error)
{
  const L4TextConfig *config = self->config;
  const L4KeyValues *held = &self->layers[layer];
  gint64 n = l4_cache_slots (config, layer, self->n_tokens);

  if (!l4_key_values_init (grown, compute, self->int8, config->n_kv_heads, config->head_dim, layer_capacity (config, layer, capacity), error)) {
    l4_key_values_clear (grown);
    return FALSE;
  }
  for (guint i = 0; i < l4_key_values_n_parts (held); i++)
    memcpy (l4_key_values_part (grown, i, n).data, l4_key_values_part (held, i, n).data, l4_key_values_part (held, i, n).bytes);
  return TRUE;
}

/* Layers that have grown when the memory ends may stay so: none gets less than it had. */
gboolean
l4_cache_grow (L4Cache *self, const L4Compute *compute, gint64 capacity, GError **error)
{
  for (gint64 l = 0; l < self->config->n_layers; l++) {
    L4KeyValues grown = { 0 };

    if (self->layers[l].capacity >= layer_capacity (self->config, l, capacity))
      continue;
    if (!grow_layer (self, l, compute, capacity, &grown, error))
      return FALSE;
    l4_key_values_clear (&self->layers[l]);
    self->layers[l] = grown;
  }
  self->capacity = MAX (self->capacity, capacity);
  return TRUE;
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
  self->n_tokens = self->lost = 0;
}

gboolean
l4_cache_can_rewind (const L4Cache *self, gint64 n)
{
  gint64 chunk = self->config->chunk;

  return chunk == 0 || n % chunk == 0 || (n > self->lost && n / chunk == (self->n_tokens - 1) / chunk);
}

gboolean
l4_cache_holds (const L4Cache *self, gint64 n)
{
  gint64 chunk = self->config->chunk;

  return chunk == 0 || n == 0 || (n > self->lost && (n - 1) / chunk == (self->n_tokens - 1) / chunk);
}

gboolean
l4_cache_rewind (L4Cache *self, gint64 n)
{
  if (!l4_cache_can_rewind (self, n))
    return FALSE;
  if (n == 0 || !l4_cache_holds (self, n))
    self->lost = n;
  self->n_tokens = n;
  return TRUE;
}

/* Where they begin a chunk, they lie over the last one: its tokens are not needed to go on, but can no longer be rewound to. */
gboolean
l4_cache_undo (L4Cache *self, gint64 before, gint64 n)
{
  gint64 chunk = self->config->chunk, in_chunk = chunk > 0 ? before % chunk : 0;

  if (in_chunk > 0 && n > chunk - in_chunk) {
    l4_cache_clear (self);
    return FALSE;
  }
  if (chunk > 0 && in_chunk == 0)
    self->lost = before;
  self->n_tokens = before;
  return TRUE;
}

gint64
l4_cache_rewindable (const L4Cache *self)
{
  return self->config->chunk > 0 ? self->config->chunk - self->n_tokens % self->config->chunk : G_MAXINT64;
}
