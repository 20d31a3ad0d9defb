/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One block of the vision encoder: attention over all patches of a tile, then a two-layer perceptron. */

#include "vision/block.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "compute/attention.h"
#include "kernels/kernels.h"

void
l4_layer_norm_load (L4LayerNorm *self, L4Loader *loader, gint64 n, const char *prefix)
{
  self->weight = l4_loader_vector (loader, n, "%s.weight", prefix);
  self->bias = l4_loader_vector (loader, n, "%s.bias", prefix);
}

void
l4_layer_norm_clear (L4LayerNorm *self)
{
  l4_free (self->weight);
  l4_free (self->bias);
}

void
l4_layer_norm (const L4LayerNorm *self, const float *x, gint64 n, gint64 hidden, double eps, float *y)
{
#pragma omp parallel for if (n * hidden > 65536)
  for (gint64 t = 0; t < n; t++)
    l4_kernels ()->layer_norm (x + t * hidden, self->weight, self->bias, hidden, eps, y + t * hidden);
}

void
l4_linear_load (L4Linear *self, L4Loader *loader, gint64 n_out, gint64 n_in, gboolean bias, const char *prefix)
{
  self->weight = l4_loader_weight (loader, n_out, n_in, "%s.weight", prefix);
  self->bias = bias ? l4_loader_vector (loader, n_out, "%s.bias", prefix) : NULL;
}

void
l4_linear_clear (L4Linear *self)
{
  l4_weight_free (self->weight);
  l4_free (self->bias);
}

void
l4_vision_block_load (L4VisionBlock *self, L4Loader *loader, const L4VisionConfig *config, const char *prefix)
{
  const struct
  {
    const char *name;
    L4Linear *linear;
    gint64 n_out, n_in;
  } linears[] = {
    {"self_attn.q_proj", &self->q, config->hidden, config->hidden},
    {"self_attn.k_proj", &self->k, config->hidden, config->hidden},
    {"self_attn.v_proj", &self->v, config->hidden, config->hidden},
    {"self_attn.o_proj", &self->o, config->hidden, config->hidden},
    {"mlp.fc1", &self->fc1, config->intermediate, config->hidden},
    {"mlp.fc2", &self->fc2, config->hidden, config->intermediate},
  };
  g_autofree char *attention_norm = g_strconcat (prefix, ".input_layernorm", NULL);
  g_autofree char *mlp_norm = g_strconcat (prefix, ".post_attention_layernorm", NULL);

  l4_layer_norm_load (&self->attention_norm, loader, config->hidden, attention_norm);
  l4_layer_norm_load (&self->mlp_norm, loader, config->hidden, mlp_norm);
  for (guint i = 0; i < G_N_ELEMENTS (linears); i++) {
    g_autofree char *name = g_strdup_printf ("%s.%s", prefix, linears[i].name);

    l4_linear_load (linears[i].linear, loader, linears[i].n_out, linears[i].n_in, TRUE, name);
  }
}

void
l4_vision_block_clear (L4VisionBlock *self)
{
  L4Linear *const linears[] = { &self->q, &self->k, &self->v, &self->o, &self->fc1, &self->fc2 };

  l4_layer_norm_clear (&self->attention_norm);
  l4_layer_norm_clear (&self->mlp_norm);
  for (guint i = 0; i < G_N_ELEMENTS (linears); i++)
    l4_linear_clear (linears[i]);
}

void
l4_vision_angles (const L4VisionConfig *config, float *cosines, float *sines)
{
  gint64 grid = l4_vision_grid (config), head_dim = config->hidden / config->n_heads, n_pairs = head_dim / 2;

  for (gint64 t = 0; t <= grid * grid; t++)
    for (gint64 i = 0; i < n_pairs; i++) {
      gint64 step = i < n_pairs / 2 ? i : i - n_pairs / 2;
      float frequency = pow (config->rope_theta, -4.0 * step / head_dim);
      float angle = (i < n_pairs / 2 ? t % grid + 1 : t / grid + 1) * frequency;

      if (t == grid * grid)
        angle = 0;
      cosines[t * n_pairs + i] = cosf (angle);
      sines[t * n_pairs + i] = sinf (angle);
    }
}

/* One head of all tokens side by side: [n, n_heads, head_dim] → [n_heads, n, head_dim]. */
static void
gather_heads (const float *in, gint64 n, gint64 n_heads, gint64 head_dim, float *out)
{
  for (gint64 h = 0; h < n_heads; h++)
    for (gint64 t = 0; t < n; t++)
      memcpy (out + (h * n + t) * head_dim, in + (t * n_heads + h) * head_dim, head_dim * sizeof (float));
}

static void
rotate_heads (const float *cosines, const float *sines, gint64 n, gint64 n_heads, gint64 head_dim, float *heads)
{
  for (gint64 t = 0; t < n; t++)
    for (gint64 h = 0; h < n_heads; h++)
      l4_kernels ()->rotate (heads + (t * n_heads + h) * head_dim, cosines + t * head_dim / 2, sines + t * head_dim / 2,
          head_dim / 2);
}

/* q is overwritten with the attention's output; all [n_tiles, n, hidden]; scratch: [2, n, hidden]. */
static gboolean
attend (const L4VisionConfig *config, const float *cosines, const float *sines, gint64 n_tiles, gint64 n, float *q, float *k,
    const float *v, float *out, float *scratch, GError **error)
{
  gint64 head_dim = config->hidden / config->n_heads, size = n * config->hidden;
  const L4AttentionShape shape = { config->n_heads, config->n_heads, head_dim, n, 1 / sqrtf (head_dim) };

  for (gint64 tile = 0; tile < n_tiles; tile++) {
    rotate_heads (cosines, sines, n, config->n_heads, head_dim, q + tile * size);
    rotate_heads (cosines, sines, n, config->n_heads, head_dim, k + tile * size);
    gather_heads (k + tile * size, n, config->n_heads, head_dim, scratch);
    gather_heads (v + tile * size, n, config->n_heads, head_dim, scratch + size);
    if (!l4_attention (&shape, q + tile * size, n, scratch, scratch + size, n, 0, out + tile * size, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
l4_vision_block_forward (const L4VisionBlock *self, L4Compute *compute, const L4VisionConfig *config,
    const float *cosines, const float *sines, gint64 n_tiles, float *h, GError **error)
{
  gint64 n = l4_vision_grid (config) * l4_vision_grid (config) + 1, rows = n_tiles * n, hidden = config->hidden;
  gint64 size = rows * hidden, inner_size = rows * config->intermediate;
  l4_autofree float *memory =
      l4_alloc ((5 * size + MAX (2 * n * hidden, inner_size)) * sizeof (float), _("vision block"), error);
  float *x = memory;            /* [n_tiles, n, hidden] */
  float *q = x + size, *k = q + size, *v = k + size, *heads = v + size; /* same */
  float *scratch = heads + size;        /* heads of one tile, then the perceptron's inside */

  if (memory == NULL)
    return FALSE;
  l4_layer_norm (&self->attention_norm, h, rows, hidden, config->norm_eps, x);
  if (!l4_product (compute, self->q.weight, x, rows, self->q.bias, q, error)
      || !l4_product (compute, self->k.weight, x, rows, self->k.bias, k, error)
      || !l4_product (compute, self->v.weight, x, rows, self->v.bias, v, error)
      || !attend (config, cosines, sines, n_tiles, n, q, k, v, heads, scratch, error)
      || !l4_product (compute, self->o.weight, heads, rows, self->o.bias, x, error))
    return FALSE;
  l4_kernels ()->add (x, size, h);

  l4_layer_norm (&self->mlp_norm, h, rows, hidden, config->norm_eps, x);
  if (!l4_product (compute, self->fc1.weight, x, rows, self->fc1.bias, scratch, error))
    return FALSE;
#pragma omp parallel for if (inner_size > 65536)
  for (gint64 t = 0; t < rows; t++)
    l4_kernels ()->gelu (scratch + t * config->intermediate, config->intermediate);
  if (!l4_product (compute, self->fc2.weight, scratch, rows, self->fc2.bias, x, error))
    return FALSE;
  l4_kernels ()->add (x, size, h);
  return TRUE;
}
