/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decoder: token ids and picture tokens to logits. */

#include "decoder/decoder.h"

#include <string.h>

#include "base/memory.h"
#include "blocks/type.h"
#include "compute/product.h"
#include "decoder/feed-forward.h"
#include "decoder/rope.h"
#include "decoder/self-attention.h"
#include "kernels/kernels.h"

typedef struct
{
  float *attention_norm;        /* [hidden] */
  L4SelfAttention attention;
  float *ffn_norm;              /* [hidden] */
  L4FeedForward dense;          /* of a dense layer */
  L4Mixture mixture;            /* of a MoE layer */
} Layer;

struct _L4Decoder
{
  const L4TextConfig *config;
  L4Rows embeddings;            /* [vocab, hidden] */
  Layer *layers;                /* [n_layers] */
  float *norm;                  /* [hidden] */
  L4Weight *head;               /* [vocab, hidden] */
  double *frequencies;          /* [head_dim / 2] */
};

/* Loading ------------------------------------------------------------------------------------------------------------ */

static void
load_layer (Layer *layer, L4Loader *loader, const L4TextConfig *config, gint64 index, const char *prefix)
{
  g_autofree char *attention = g_strdup_printf ("%s.layers.%" PRId64 ".self_attn", prefix, index);
  g_autofree char *ffn = g_strdup_printf ("%s.layers.%" PRId64 ".feed_forward", prefix, index);

  layer->attention_norm =
      l4_loader_vector (loader, config->hidden, "%s.layers.%" PRId64 ".input_layernorm.weight", prefix, index);
  l4_self_attention_load (&layer->attention, loader, config, attention);
  layer->ffn_norm =
      l4_loader_vector (loader, config->hidden, "%s.layers.%" PRId64 ".post_attention_layernorm.weight", prefix,
      index);
  if (config->layers[index].moe)
    l4_mixture_load (&layer->mixture, loader, config, ffn);
  else
    l4_feed_forward_load (&layer->dense, loader, config->hidden, config->dense_width, ffn);
}

static const char *
prefix_of (const L4Config *config)
{
  return config->text_prefix ? "language_model.model" : "model";
}

void
l4_decoder_find_experts (L4Loader *loader, const L4Config *config)
{
  for (gint64 l = 0; l < config->text.n_layers; l++) {
    g_autofree char *ffn = g_strdup_printf ("%s.layers.%" PRId64 ".feed_forward", prefix_of (config), l);
    L4Mixture mixture = { 0 };

    if (config->text.layers[l].moe)
      l4_mixture_load_experts (&mixture, loader, &config->text, ffn);
    l4_mixture_clear (&mixture);
  }
}

L4Decoder *
l4_decoder_load (L4Loader *loader, const L4Config *settings)
{
  g_autoptr (L4Decoder) self = g_new0 (L4Decoder, 1);
  const L4TextConfig *config = &settings->text;
  const char *prefix = prefix_of (settings);
  const char *head = config->tied ? "model.embed_tokens" : "lm_head";
  const char *head_prefix = settings->text_prefix ? "language_model." : "";

  self->config = config;
  l4_loader_rows (loader, config->vocab, config->hidden, &self->embeddings, "%s.embed_tokens.weight", prefix);
  self->layers = g_new0 (Layer, config->n_layers);
  for (gint64 l = 0; l < config->n_layers; l++)
    load_layer (&self->layers[l], loader, config, l, prefix);
  self->norm = l4_loader_vector (loader, config->hidden, "%s.norm.weight", prefix);
  self->head = l4_loader_weight (loader, config->vocab, config->hidden, "%s%s.weight", head_prefix, head);
  self->frequencies = l4_rope_frequencies (config, NULL);
  if (self->head == NULL || self->frequencies == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

void
l4_decoder_free (L4Decoder *self)
{
  if (self == NULL)
    return;
  for (gint64 l = 0; l < self->config->n_layers; l++) {
    Layer *layer = &self->layers[l];

    l4_free (layer->attention_norm);
    l4_self_attention_clear (&layer->attention);
    l4_free (layer->ffn_norm);
    l4_feed_forward_clear (&layer->dense);
    l4_mixture_clear (&layer->mixture);
  }
  g_free (self->layers);
  l4_rows_clear (&self->embeddings);
  l4_free (self->norm);
  l4_weight_free (self->head);
  l4_free (self->frequencies);
  g_free (self);
}

guint64
l4_decoder_n_parameters (const L4TextConfig *config)
{
  guint64 hidden = config->hidden;
  guint64 q_width = config->n_heads * config->head_dim, kv_width = config->n_kv_heads * config->head_dim;
  guint64 total = config->vocab * hidden * 2 + hidden;

  for (gint64 l = 0; l < config->n_layers; l++) {
    total += 2 * hidden + 2 * hidden * (q_width + kv_width);
    if (config->attention_bias)
      total += q_width + 2 * kv_width + hidden;
    if (config->layers[l].moe)
      total += config->n_experts * hidden + 3 * hidden * config->expert_width * (config->n_experts + 1);
    else
      total += 3 * hidden * config->dense_width;
  }
  return total;
}

/* Forward ------------------------------------------------------------------------------------------------------------ */

gboolean
l4_decoder_embed (const L4Decoder *self, const gint32 *ids, gint64 n, float *embeddings, GError **error)
{
  gint64 hidden = self->config->hidden;

  for (gint64 t = 0; t < n; t++) {
    float *row = embeddings + t * hidden;

    if (ids[t] < 0 || ids[t] >= self->config->vocab)
      return l4_fail (error, L4_ERROR_INPUT,
          _("token %d at position %" PRId64 " is outside the vocabulary of %" PRId64), ids[t], t,
          self->config->vocab);
    l4_type_to_float (self->embeddings.type, self->embeddings.rows + ids[t] * self->embeddings.row_bytes, hidden, row);
  }
  return TRUE;
}

typedef struct
{
  const L4TextConfig *config;
  const float *y;               /* [n, hidden], is added to h first; NULL: nothing */
  float *h;                     /* [n, hidden] */
  const float *weight;          /* [hidden] */
  float *x;                     /* [n, hidden] */
} Normalise;

static void
normalise_row (gpointer data, gsize t, guint thread)
{
  const Normalise *job = data;
  const L4Kernels *kernels = l4_kernels ();
  gint64 hidden = job->config->hidden;

  if (job->y != NULL)
    kernels->add (job->y + t * hidden, hidden, job->h + t * hidden);
  kernels->rms_norm (job->h + t * hidden, job->weight, hidden, job->config->rms_eps, job->x + t * hidden);
}

/* h += y; x = norm(h) */
static void
normalise (const L4Decoder *self, L4Compute *compute, const float *y, float *h, const float *weight, gint64 n, float *x)
{
  Normalise job = { self->config, y, h, weight, x };

  l4_compute_run (compute, normalise_row, &job, n, n * self->config->hidden);
}

/* The first mixtures from layer index on whose experts are streamed. */
static L4Ahead
look_ahead (const L4Decoder *self, gint64 index)
{
  L4Ahead ahead = {.top_k = self->config->top_k,.eps = self->config->rms_eps };

  for (; index < self->config->n_layers && ahead.n < L4_AHEAD; index++) {
    const L4Mixture *mixture = &self->layers[index].mixture;

    if (!self->config->layers[index].moe || mixture->stream == NULL)
      continue;
    ahead.stream = mixture->stream;
    ahead.layers[ahead.n] = mixture->layer;
    ahead.routers[ahead.n] = mixture->router;
    ahead.norms[ahead.n++] = self->layers[index].ffn_norm;
  }
  return ahead;
}

/* h += y of the layer before; h += attention(norm(h)); y = feed-forward(norm(h)). x, y: [n, hidden]; router: [n, n_experts]. */
static gboolean
forward_layer (const L4Decoder *self, gint64 l, L4Compute *compute, const L4Strands *tokens, const L4Angles *angles,
    const gint32 *forced, float *h, float *x, float *y, float *router, float *hidden_states, GCancellable *cancellable, GError **error)
{
  const L4TextConfig *config = self->config;
  const Layer *layer = &self->layers[l];
  gint64 n = tokens->n;
  const L4Ahead ahead = look_ahead (self, l + 1);

  normalise (self, compute, l > 0 ? y : NULL, h, layer->attention_norm, n, x);
  if (hidden_states != NULL)
    memcpy (hidden_states + l * n * config->hidden, h, n * config->hidden * sizeof (float));
  if (!l4_self_attention_forward (&layer->attention, compute, tokens, l, angles, x, y, error))
    return FALSE;
  normalise (self, compute, y, h, layer->ffn_norm, n, x);
  if (!(config->layers[l].moe ? l4_mixture (&layer->mixture, compute, tokens, x, forced, &ahead, h, router, y, cancellable, error)
          : l4_feed_forward (&layer->dense, compute, x, n, l4_strands_apart (tokens), y, error)))
    return FALSE;
  return l4_ahead_guess (&ahead, compute, h, y, n, error);
}

/* Angles of every token's place in its own conversation; chunk: 0, or counted from the start of each chunk. */
static void
find_angles (const L4Decoder *self, const L4Strands *tokens, gint64 chunk, const L4Angles *angles)
{
  gint64 n_pairs = self->config->head_dim / 2, at = 0;

  for (gsize i = 0; i < tokens->n_strands; at += tokens->strands[i++].n)
    l4_rope_angles (self->frequencies, n_pairs, tokens->strands[i].cache->n_tokens, tokens->strands[i].n, chunk,
        (float *) angles->cosines + at * n_pairs, (float *) angles->sines + at * n_pairs);
}

/* What is kept of every token from layer to layer: [tokens->n, width]. */
typedef struct
{
  float *rows;
  gint64 width;
} Table;

static void
take_rows_out (const Table *self, gint64 n, gint64 first, gint64 count)
{
  memmove (self->rows + first * self->width, self->rows + (first + count) * self->width,
      (n - first - count) * self->width * sizeof (float));
}

/* Leaves out the strands, those of tokens, that are not wanted any more. FALSE: none is left. */
static gboolean
leave_out (L4Strands *tokens, L4Strand *strands, const Table *tables, guint n_tables)
{
  gint64 at = 0;

  for (gsize i = 0; tokens->stays != NULL && i < tokens->n_strands;) {
    gint64 count = strands[i].n;

    if (tokens->stays (strands[i].cache, tokens->user_data)) {
      at += count;
      i++;
      continue;
    }
    for (guint t = 0; t < n_tables; t++)
      take_rows_out (&tables[t], tokens->n, at, count);
    memmove (strands + i, strands + i + 1, (--tokens->n_strands - i) * sizeof *strands);
    tokens->n -= count;
  }
  return tokens->n_strands > 0;
}

gboolean
l4_decoder_forward (const L4Decoder *self, L4Compute *compute, const L4Strands *given_tokens, float *h, const L4Probe *given,
    GCancellable *cancellable, GError **error)
{
  g_autofree L4Strand *strands = g_memdup2 (given_tokens->strands, given_tokens->n_strands * sizeof (L4Strand));
  L4Strands left = *given_tokens, *tokens = &left;
  const L4TextConfig *config = self->config;
  const L4Probe probe = given != NULL ? *given : (L4Probe) { 0 };
  gint64 n = tokens->n, n_pairs = config->head_dim / 2, size = n * config->hidden, moe = 0;
  g_auto (L4Workspace) workspace = { 0 };
  float *memory = l4_workspace_take (&workspace, compute, 2 * size + n * config->n_experts + 4 * n * n_pairs, error);
  float *x = memory;            /* [n, hidden] */
  float *y = x + size;          /* [n, hidden] */
  float *router = y + size;     /* [n, n_experts] */
  float *tables = router + n * config->n_experts;       /* [2, 2, n, n_pairs] */
  const L4Angles whole = { tables, tables + n * n_pairs };
  const L4Ahead ahead = look_ahead (self, 0);
  const L4Angles chunked = { tables + 2 * n * n_pairs, tables + 3 * n * n_pairs };
  const Table per_token[] = { {h, config->hidden}, {y, config->hidden}, {tables, n_pairs}, {tables + n * n_pairs, n_pairs},
  {tables + 2 * n * n_pairs, n_pairs}, {tables + 3 * n * n_pairs, n_pairs}
  };

  if (memory == NULL)
    return FALSE;
  tokens->strands = strands;
  for (gsize i = 0; i < tokens->n_strands; i++)
    if (!l4_cache_has_room (tokens->strands[i].cache, tokens->strands[i].n, error))
      return FALSE;
  l4_ahead_foresee (&ahead, n);
  if (!l4_ahead_guess (&ahead, compute, h, NULL, n, error))
    return FALSE;
  find_angles (self, tokens, 0, &whole);
  find_angles (self, tokens, config->chunk, &chunked);

  for (gint64 l = 0; l < config->n_layers; l++) {
    gboolean is_moe = config->layers[l].moe;
    const gint32 *forced = is_moe && probe.experts != NULL ? probe.experts + moe * n * config->top_k : NULL;

    if (g_cancellable_is_cancelled (cancellable) || !leave_out (tokens, strands, per_token, G_N_ELEMENTS (per_token)))
      return l4_fail (error, L4_ERROR_CANCELLED, _("cancelled"));
    if (!forward_layer (self, l, compute, tokens, config->layers[l].chunked ? &chunked : &whole, forced, h, x, y, router,
            probe.hidden_states, cancellable, error))
      return FALSE;
    if (is_moe && probe.router_logits != NULL)
      memcpy (probe.router_logits + moe * n * config->n_experts, router, n * config->n_experts * sizeof (float));
    moe += is_moe;
  }
  normalise (self, compute, y, h, self->norm, tokens->n, h);
  if (probe.hidden_states != NULL)
    memcpy (probe.hidden_states + config->n_layers * size, h, size * sizeof (float));
  for (gsize i = 0; i < tokens->n_strands; i++)
    tokens->strands[i].cache->n_tokens += tokens->strands[i].n;
  return TRUE;
}

gboolean
l4_decoder_logits (const L4Decoder *self, L4Compute *compute, const float *h, gint64 n, gboolean apart, float *logits,
    GError **error)
{
  return l4_multiply (compute, &(L4Product) {.weight = self->head,.x = h,.m = n,.apart = apart,.y = logits }, 1, error);
}
