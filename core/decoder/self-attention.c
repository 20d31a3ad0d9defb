/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Self-attention of one decoder layer. */

#include "decoder/self-attention.h"

#include <math.h>

#include "base/memory.h"
#include "compute/attention.h"
#include "compute/product.h"
#include "decoder/rope.h"
#include "kernels/kernels.h"

void
l4_self_attention_load (L4SelfAttention *self, L4Loader *loader, const L4TextConfig *config, const char *prefix)
{
  gint64 q_width = config->n_heads * config->head_dim, kv_width = config->n_kv_heads * config->head_dim;

  self->q = l4_loader_weight (loader, q_width, config->hidden, "%s.q_proj.weight", prefix);
  self->k = l4_loader_weight (loader, kv_width, config->hidden, "%s.k_proj.weight", prefix);
  self->v = l4_loader_weight (loader, kv_width, config->hidden, "%s.v_proj.weight", prefix);
  self->o = l4_loader_weight (loader, config->hidden, q_width, "%s.o_proj.weight", prefix);
  if (config->attention_bias) {
    self->q_bias = l4_loader_vector (loader, q_width, "%s.q_proj.bias", prefix);
    self->k_bias = l4_loader_vector (loader, kv_width, "%s.k_proj.bias", prefix);
    self->v_bias = l4_loader_vector (loader, kv_width, "%s.v_proj.bias", prefix);
    self->o_bias = l4_loader_vector (loader, config->hidden, "%s.o_proj.bias", prefix);
  }
}

void
l4_self_attention_clear (L4SelfAttention *self)
{
  l4_weight_free (self->q);
  l4_weight_free (self->k);
  l4_weight_free (self->v);
  l4_weight_free (self->o);
  l4_free (self->q_bias);
  l4_free (self->k_bias);
  l4_free (self->v_bias);
  l4_free (self->o_bias);
}

typedef struct
{
  const L4TextConfig *config;
  const L4Angles *angles;
  gint64 n_heads;
  float *heads;                 /* [n, n_heads, head_dim] */
} Rotate;

/* Rotates the heads of a token and brings each to unit root mean square if the model does so. */
static void
rotate_token (gpointer data, gsize token, guint thread)
{
  const Rotate *job = data;
  const L4Kernels *kernels = l4_kernels ();
  gint64 d = job->config->head_dim, n_pairs = d / 2;

  for (gint64 h = 0; h < job->n_heads; h++) {
    float *head = job->heads + ((gint64) token * job->n_heads + h) * d;

    kernels->rotate (head, job->angles->cosines + token * n_pairs, job->angles->sines + token * n_pairs, n_pairs);
    if (job->config->qk_norm)
      kernels->rms_norm (head, NULL, d, job->config->rms_eps, head);
  }
}

static void
rotate_heads (L4Compute *compute, const L4TextConfig *config, const L4Angles *angles, gint64 n, gint64 n_heads, float *heads)
{
  Rotate job = { config, angles, n_heads, heads };

  l4_compute_run (compute, rotate_token, &job, n, 4 * n * n_heads * config->head_dim);
}

static void
scale_queries (const L4TextConfig *config, gint64 first, gint64 n, float *queries)
{
  gint64 width = config->n_heads * config->head_dim;

  for (gint64 t = 0; t < n; t++)
    l4_kernels ()->scale (queries + t * width, l4_rope_temperature (config, first + t), width, queries + t * width);
}

/* Stores and attends; on a chunked layer chunk by chunk, each from the first slot on. */
static gboolean
attend (L4Compute *compute, L4Cache *cache, gint64 layer, const float *q, const float *k, const float *v, gint64 n, float *out,
    GError **error)
{
  const L4TextConfig *config = cache->config;
  L4KeyValues *store = &cache->layers[layer];
  gint64 chunk = config->layers[layer].chunked ? config->chunk : 0;
  gint64 q_width = config->n_heads * config->head_dim, kv_width = config->n_kv_heads * config->head_dim;

  for (gint64 at = 0, piece; at < n; at += piece) {
    gint64 position = cache->n_tokens + at;
    gint64 slot = chunk > 0 ? position % chunk : position;

    piece = chunk > 0 ? MIN (n - at, chunk - slot) : n - at;
    l4_key_values_store (store, compute, slot, k + at * kv_width, v + at * kv_width, piece);
    if (!l4_attention (compute, store, q + at * q_width, piece, config->n_heads, 1 / sqrtf (config->head_dim), slot + 1, 1,
            out + at * q_width, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
l4_self_attention_forward (const L4SelfAttention *self, L4Compute *compute, const L4Strands *tokens, gint64 layer,
    const L4Angles *angles, const float *x, float *y, GError **error)
{
  const L4TextConfig *config = tokens->strands[0].cache->config;
  gboolean apart = l4_strands_apart (tokens);
  gint64 q_width = config->n_heads * config->head_dim, kv_width = config->n_kv_heads * config->head_dim, n = tokens->n, at = 0;
  g_auto (L4Workspace) workspace = { 0 };
  float *memory = l4_workspace_take (&workspace, compute, n * 2 * (q_width + kv_width), error);
  float *q = memory;            /* [n, n_heads, head_dim] */
  float *k = q + n * q_width;   /* [n, n_kv_heads, head_dim] */
  float *v = k + n * kv_width;  /* same */
  float *heads = v + n * kv_width;      /* [n, n_heads, head_dim] */

  const L4Product inputs[] = {
    {.weight = self->q,.x = x,.m = n,.apart = apart,.bias = self->q_bias,.y = q},
    {.weight = self->k,.x = x,.m = n,.apart = apart,.bias = self->k_bias,.y = k},
    {.weight = self->v,.x = x,.m = n,.apart = apart,.bias = self->v_bias,.y = v},
  };
  const L4Product output = {.weight = self->o,.x = heads,.m = n,.apart = apart,.bias = self->o_bias,.y = y };

  if (memory == NULL || !l4_multiply (compute, inputs, G_N_ELEMENTS (inputs), error))
    return FALSE;
  if (config->layers[layer].rope) {
    rotate_heads (compute, config, angles, n, config->n_heads, q);
    rotate_heads (compute, config, angles, n, config->n_kv_heads, k);
  }
  for (gsize i = 0; i < tokens->n_strands; at += tokens->strands[i++].n) {
    const L4Strand *strand = &tokens->strands[i];

    if (!config->layers[layer].rope && config->temperature)
      scale_queries (config, strand->cache->n_tokens, strand->n, q + at * q_width);
    if (!attend (compute, strand->cache, layer, q + at * q_width, k + at * kv_width, v + at * kv_width, strand->n, heads + at * q_width,
            error))
      return FALSE;
  }
  return l4_multiply (compute, &output, 1, error);
}
