/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One block of the vision encoder: attention over all patches of a tile, then a two-layer perceptron. */

#include "vision/block.h"

#include <math.h>

#include "base/memory.h"
#include "compute/attention.h"
#include "compute/product.h"
#include "kernels/kernels.h"

void
l4_layer_norm_load (L4LayerNorm *self, L4Loader *loader, const L4VisionConfig *config, const char *prefix)
{
  self->weight = l4_loader_vector (loader, config->hidden, "%s.weight", prefix);
  self->bias = l4_loader_vector (loader, config->hidden, "%s.bias", prefix);
  self->eps = config->norm_eps;
}

void
l4_layer_norm_clear (L4LayerNorm *self)
{
  l4_free (self->weight);
  l4_free (self->bias);
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

  l4_layer_norm_load (&self->attention_norm, loader, config, attention_norm);
  l4_layer_norm_load (&self->mlp_norm, loader, config, mlp_norm);
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

gboolean
l4_vision_store_init (L4KeyValues *store, const L4Compute *compute, const L4VisionConfig *config, GError **error)
{
  gint64 grid = l4_vision_grid (config);

  return l4_key_values_init (store, compute, FALSE, config->n_heads, config->hidden / config->n_heads, grid * grid + 1, error);
}

typedef struct
{
  const L4VisionConfig *config;
  const float *cosines, *sines; /* [n, head_dim / 2] */
  gint64 n;                     /* tokens a tile */
  float *q, *k;                 /* [n_tiles, n, n_heads, head_dim] */
} Rotate;

/* One token's queries and keys. */
static void
rotate_token (gpointer data, gsize task, guint thread)
{
  const Rotate *job = data;
  gint64 n_heads = job->config->n_heads, d = job->config->hidden / n_heads, t = task % job->n;

  for (gint64 h = 0; h < n_heads; h++) {
    gsize at = (task * n_heads + h) * d;

    l4_kernels ()->rotate (job->q + at, job->cosines + t * d / 2, job->sines + t * d / 2, d / 2);
    l4_kernels ()->rotate (job->k + at, job->cosines + t * d / 2, job->sines + t * d / 2, d / 2);
  }
}

/* Rotates, then attends tile by tile; v, out: [n_tiles, n, hidden]. */
static gboolean
attend (L4Compute *compute, L4KeyValues *store, const Rotate *job, gint64 n_tiles, const float *v, float *out, GError **error)
{
  const L4VisionConfig *config = job->config;
  gint64 d = config->hidden / config->n_heads, size = job->n * config->hidden;
  gboolean good = TRUE;

  l4_compute_run (compute, rotate_token, (gpointer) job, n_tiles * job->n, n_tiles * size);
  for (gint64 tile = 0; good && tile < n_tiles; tile++) {
    l4_key_values_store (store, compute, 0, job->k + tile * size, v + tile * size, job->n);
    good = l4_attention (compute, store, job->q + tile * size, job->n, config->n_heads, 1 / sqrtf (d), job->n, 0,
        out + tile * size, error);
  }
  return good;
}

gboolean
l4_vision_block_forward (const L4VisionBlock *self, L4Compute *compute, const L4VisionConfig *config,
    const float *cosines, const float *sines, L4KeyValues *store, gint64 n_tiles, float *h, GError **error)
{
  gint64 n = l4_vision_grid (config) * l4_vision_grid (config) + 1, rows = n_tiles * n, size = rows * config->hidden;
  g_auto (L4Workspace) workspace = { 0 };
  float *memory = l4_workspace_take (&workspace, compute, MAX (4 * size, rows * config->intermediate), error);
  float *q = memory, *k = q + size, *v = k + size, *heads = v + size;   /* [n_tiles, n, hidden] */
  float *inner = memory;        /* [n_tiles, n, intermediate] */
  const L4Product inputs[] = {
    {.weight = self->q.weight,.x = h,.norm = &self->attention_norm,.m = rows,.bias = self->q.bias,.y = q},
    {.weight = self->k.weight,.x = h,.norm = &self->attention_norm,.m = rows,.bias = self->k.bias,.y = k},
    {.weight = self->v.weight,.x = h,.norm = &self->attention_norm,.m = rows,.bias = self->v.bias,.y = v},
  };
  const L4Product output = {.weight = self->o.weight,.x = heads,.m = rows,.bias = self->o.bias,.add = TRUE,.y = h };
  const L4Product fc1 = {.weight = self->fc1.weight,.x = h,.norm = &self->mlp_norm,.m = rows,.bias = self->fc1.bias,
    .activation = L4_ACTIVATION_GELU,.y = inner
  };
  const L4Product fc2 = {.weight = self->fc2.weight,.x = inner,.m = rows,.bias = self->fc2.bias,.add = TRUE,.y = h };
  const Rotate rotate = { config, cosines, sines, n, q, k };

  return memory != NULL && l4_multiply (compute, inputs, G_N_ELEMENTS (inputs), error)
      && attend (compute, store, &rotate, n_tiles, v, heads, error) && l4_multiply (compute, &output, 1, error)
      && l4_multiply (compute, &fc1, 1, error) && l4_multiply (compute, &fc2, 1, error);
}
