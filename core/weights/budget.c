/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a model of a given shape costs: parameters, bytes, operations. Arithmetic on the shape alone. */

#include "weights/budget.h"

#include <math.h>

#include "weights/layout.h"

static const L4LayoutTensor *
at (GArray *layout, guint index)
{
  return &g_array_index (layout, L4LayoutTensor, index);
}

/* Bytes of a tensor in a file of that type. */
static double
tensor_bytes (const L4LayoutTensor *tensor, L4Type type)
{
  const L4TypeInfo *info = l4_type_info (l4_layout_type (tensor, type));

  return (double) (tensor->n_elements / info->block_elements) * info->block_bytes;
}

static guint64
total_bytes (GArray *layout, L4Type type)
{
  double total = 0;

  for (guint i = 0; i < layout->len; i++)
    total += tensor_bytes (at (layout, i), type);
  return (guint64) total;
}

static GArray *
vision_layout (const L4Config *config)
{
  return config->has_vision ? l4_layout_vision (&config->vision, config->text.hidden) : g_array_new (FALSE, FALSE, 1);
}

void
l4_budget_count (const L4Config *config, L4Counts *counts)
{
  g_autoptr (GArray) text = l4_layout_text (&config->text, TRUE), vision = vision_layout (config);

  *counts = (L4Counts) { 0 };
  for (guint i = 0; i < text->len; i++) {
    const L4LayoutTensor *tensor = at (text, i);

    counts->text += tensor->kind == L4_LAYOUT_ROPE ? 0 : tensor->n_elements;
    counts->experts += tensor->kind == L4_LAYOUT_EXPERTS ? tensor->n_elements : 0;
  }
  for (guint i = 0; i < vision->len; i++)
    counts->vision += at (vision, i)->n_elements;
  counts->active = counts->text - counts->experts;
  if (config->text.n_experts > 0)
    counts->active += counts->experts / (guint64) config->text.n_experts * (guint64) config->text.top_k;
}

guint64
l4_budget_text_bytes (const L4Config *config, L4Type type)
{
  g_autoptr (GArray) layout = l4_layout_text (&config->text, TRUE);

  return total_bytes (layout, type);
}

guint64
l4_budget_expert_bytes (const L4Config *config, L4Type type)
{
  g_autoptr (GArray) layout = l4_layout_text (&config->text, TRUE);
  double total = 0;

  for (guint i = 0; i < layout->len; i++)
    if (at (layout, i)->kind == L4_LAYOUT_EXPERTS)
      total += tensor_bytes (at (layout, i), type);
  return (guint64) total;
}

guint64
l4_budget_vision_bytes (const L4Config *config, L4Type type)
{
  g_autoptr (GArray) layout = vision_layout (config);

  return total_bytes (layout, type);
}

void
l4_budget_cache (const L4TextConfig *text, gint64 n, guint element_size, double *full, double *chunked)
{
  double token = 2.0 * (double) text->n_kv_heads * (double) text->head_dim * element_size;

  *full = *chunked = 0;
  for (gint64 l = 0; l < text->n_layers; l++)
    if (text->layers[l].chunked && text->chunk > 0)
      *chunked += token * (double) MIN (n, text->chunk);
    else
      *full += token * (double) n;
}

void
l4_work_scale (L4Work *self, double factor)
{
  self->operations *= factor;
  self->weight_bytes *= factor;
  self->cache_bytes *= factor;
}

/* The sum over n tokens from position on of the keys that each sees on a layer. */
static double
keys_seen (const L4TextConfig *text, gint64 layer, gint64 position, gint64 n)
{
  double sum = 0;

  if (!text->layers[layer].chunked || text->chunk == 0)
    return (double) n * ((double) position + ((double) n + 1) / 2);
  while (n > 0) {
    gint64 from = position % text->chunk, some = MIN (n, text->chunk - from);

    sum += (double) some * ((double) from + ((double) some + 1) / 2);
    position += some;
    n -= some;
  }
  return sum;
}

/* How much of a tensor n tokens read, in whole tensors, and how often each of its weights is multiplied. */
static void
usage (const L4TextConfig *text, const L4LayoutTensor *tensor, gint64 n, double *read, double *multiplied)
{
  double share = text->n_experts > 0 ? (double) text->top_k / (double) text->n_experts : 0;

  *read = 1;
  *multiplied = tensor->n_dims > 1 ? (double) n : 0;
  if (tensor->kind == L4_LAYOUT_EXPERTS) {
    *read = 1 - pow (1 - share, (double) n);
    *multiplied = (double) n * share;
  } else if (tensor->kind == L4_LAYOUT_EMBEDDING) {
    *read = MIN ((double) n / (double) text->vocab, 1) + (text->tied ? 1 : 0);
    *multiplied = text->tied ? 1 : 0;
  } else if (tensor->kind == L4_LAYOUT_OUTPUT) {
    *multiplied = 1;
  }
}

void
l4_budget_tokens (const L4Config *config, L4Type type, guint kv_size, gint64 position, gint64 n, L4Work *work)
{
  const L4TextConfig *text = &config->text;
  g_autoptr (GArray) layout = l4_layout_text (text, TRUE);
  double full, chunked, keys = 0;

  *work = (L4Work) { 0 };
  for (guint i = 0; i < layout->len; i++) {
    const L4LayoutTensor *tensor = at (layout, i);
    double read, multiplied;

    usage (text, tensor, n, &read, &multiplied);
    work->weight_bytes += read * tensor_bytes (tensor, type);
    work->operations += 2 * multiplied * (double) tensor->n_elements;
  }
  for (gint64 l = 0; l < text->n_layers; l++)
    keys += keys_seen (text, l, position, n);
  work->operations += 4 * keys * (double) (text->n_heads * text->head_dim);
  l4_budget_cache (text, position + n, kv_size, &full, &chunked);
  work->cache_bytes = full + chunked;
}

void
l4_budget_tile (const L4Config *config, L4Type type, L4Work *work)
{
  g_autoptr (GArray) layout = vision_layout (config);
  const L4VisionConfig *vision = &config->vision;
  double patches, tokens;

  *work = (L4Work) { 0 };
  if (!config->has_vision)
    return;
  patches = (double) (l4_vision_grid (vision) * l4_vision_grid (vision)) + 1;
  tokens = (double) l4_vision_tokens_per_tile (vision);
  for (guint i = 0; i < layout->len; i++) {
    const L4LayoutTensor *tensor = at (layout, i);
    gboolean after = g_str_has_prefix (tensor->name, "mm.");    /* the adapter and the projector see the shuffled patches */

    work->weight_bytes += tensor_bytes (tensor, type);
    if (tensor->kind == L4_LAYOUT_VISION)
      work->operations += 2 * (after ? tokens : patches) * (double) tensor->n_elements;
  }
  work->operations += 4 * patches * patches * (double) (vision->hidden * vision->n_layers);
}
