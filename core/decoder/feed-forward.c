/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gated feed-forward network, dense or as a mixture of experts. */

#include "decoder/feed-forward.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/kernels.h"

void
l4_feed_forward_load (L4FeedForward *self, L4Loader *loader, gint64 hidden, gint64 width, const char *prefix)
{
  g_autofree char *gate = g_strconcat (prefix, ".gate_proj.weight", NULL);
  g_autofree char *up = g_strconcat (prefix, ".up_proj.weight", NULL);

  self->gate_up = l4_loader_pair (loader, width, hidden, gate, up);
  self->down = l4_loader_weight (loader, hidden, width, "%s.down_proj.weight", prefix);
}

void
l4_feed_forward_clear (L4FeedForward *self)
{
  l4_weight_free (self->gate_up);
  l4_weight_free (self->down);
}

void
l4_mixture_load (L4Mixture *self, L4Loader *loader, const L4TextConfig *config, const char *prefix)
{
  gint64 hidden = config->hidden, width = config->expert_width;
  g_autofree char *shared = g_strconcat (prefix, ".shared_expert", NULL);

  self->n_experts = config->n_experts;
  self->top_k = config->top_k;
  self->router = l4_loader_weight_f32 (loader, self->n_experts, hidden, "%s.router.weight", prefix);
  l4_feed_forward_load (&self->shared, loader, hidden, width, shared);
  self->experts = g_new0 (L4FeedForward, self->n_experts);
  for (gint64 e = 0; e < self->n_experts; e++) {
    self->experts[e].gate_up = l4_loader_slice (loader, e, self->n_experts, hidden, 2 * width, "%s.experts.gate_up_proj", prefix);
    self->experts[e].down = l4_loader_slice (loader, e, self->n_experts, width, hidden, "%s.experts.down_proj", prefix);
  }
}

void
l4_mixture_clear (L4Mixture *self)
{
  l4_weight_free (self->router);
  l4_feed_forward_clear (&self->shared);
  for (gint64 e = 0; self->experts != NULL && e < self->n_experts; e++)
    l4_feed_forward_clear (&self->experts[e]);
  g_free (self->experts);
}

gboolean
l4_feed_forward (const L4FeedForward *self, L4Compute *compute, const float *x, gint64 n, float *y, GError **error)
{
  gint64 width = l4_weight_n_in (self->down);
  l4_autofree float *memory = l4_alloc (n * 3 * width * sizeof (float), _("feed-forward network"), error);
  float *gate_up = memory;      /* [n, 2 * width] */
  float *inner = memory + n * 2 * width;        /* [n, width] */

  if (memory == NULL || !l4_product (compute, self->gate_up, x, n, NULL, gate_up, error))
    return FALSE;
#pragma omp parallel for if (n * width > 65536)
  for (gint64 t = 0; t < n; t++)
    l4_kernels ()->silu_multiply (gate_up + t * 2 * width, gate_up + (t * 2 + 1) * width, width, inner + t * width);
  return l4_product (compute, self->down, inner, n, NULL, y, error);
}

/* The k experts with the largest logits, best first, the lower number on ties. */
static void
choose_experts (const float *logits, gint64 n_experts, gint64 k, gint32 *chosen)
{
  for (gint64 i = 0; i < k; i++) {
    gint32 best = -1;

    for (gint32 e = 0; e < n_experts; e++) {
      gboolean taken = FALSE;

      for (gint64 j = 0; j < i; j++)
        taken |= chosen[j] == e;
      if (!taken && (best < 0 || logits[e] > logits[best]))
        best = e;
    }
    chosen[i] = best;
  }
}

/* Runs one expert on the m tokens that chose it and adds its answers to theirs. */
static gboolean
run_expert (const L4FeedForward *expert, L4Compute *compute, const gint64 *tokens, const float *weights, gint64 m,
    const float *x, gint64 hidden, float *in, float *out, float *y, GError **error)
{
  const L4Kernels *kernels = l4_kernels ();

  for (gint64 i = 0; i < m; i++)
    kernels->scale (x + tokens[i] * hidden, weights[i], hidden, in + i * hidden);
  if (!l4_feed_forward (expert, compute, in, m, out, error))
    return FALSE;
  for (gint64 i = 0; i < m; i++)
    kernels->add (out + i * hidden, hidden, y + tokens[i] * hidden);
  return TRUE;
}

gboolean
l4_mixture (const L4Mixture *self, L4Compute *compute, const float *x, gint64 n, const gint32 *forced, float *logits,
    float *y, GError **error)
{
  gint64 hidden = l4_weight_n_in (self->router), k = self->top_k;
  l4_autofree float *rows = l4_alloc (n * 2 * hidden * sizeof (float), _("experts"), error);
  g_autofree gint32 *chosen = g_new (gint32, n * k);    /* [n, top_k] */
  g_autofree gint64 *tokens = g_new (gint64, n);
  g_autofree float *weights = g_new (float, n);

  if (rows == NULL || !l4_product (compute, self->router, x, n, NULL, logits, error)
      || !l4_feed_forward (&self->shared, compute, x, n, y, error))
    return FALSE;
  if (forced != NULL)
    memcpy (chosen, forced, n * k * sizeof (gint32));
  else
    for (gint64 t = 0; t < n; t++)
      choose_experts (logits + t * self->n_experts, self->n_experts, k, chosen + t * k);

  for (gint64 e = 0; e < self->n_experts; e++) {
    gint64 m = 0;

    for (gint64 i = 0; i < n * k; i++)
      if (chosen[i] == e) {
        tokens[m] = i / k;
        weights[m++] = 1 / (1 + expf (-logits[(i / k) * self->n_experts + e]));
      }
    if (m > 0 && !run_expert (&self->experts[e], compute, tokens, weights, m, x, hidden, rows, rows + n * hidden, y, error))
      return FALSE;
  }
  return TRUE;
}
