/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which experts the next mixtures will need. */

#include "decoder/ahead.h"

#include <string.h>

#include "compute/product.h"
#include "kernels/kernels.h"

void
l4_choose_experts (const float *logits, gint64 n_experts, gint64 k, gint32 *chosen)
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

void
l4_ahead_foresee (const L4Ahead *self, gint64 n)
{
  if (self->n > 0)
    l4_stream_foresee (self->stream, self->layers[0], n);
}

/* Of mixture i. x: [n, hidden] and [n, n_experts] to work in. */
static gboolean
guess (const L4Ahead *self, gsize i, L4Compute *compute, const float *h, gint64 n, float *x, GError **error)
{
  const L4Weight *router = self->routers[i];
  gint64 hidden = router->n_in, n_experts = router->n_out;
  float *logits = x + n * hidden;
  g_autofree gboolean *likely = g_new0 (gboolean, n_experts);
  g_autofree gint32 *chosen = g_new (gint32, self->top_k);

  for (gint64 t = 0; t < n; t++)
    l4_kernels ()->rms_norm (h + t * hidden, self->norms[i], hidden, self->eps, x + t * hidden);
  if (!l4_multiply (compute, &(L4Product) {.weight = router,.x = x,.m = n,.apart = TRUE,.y = logits }, 1, error))
    return FALSE;
  for (gint64 t = 0; t < n; t++) {
    l4_choose_experts (logits + t * n_experts, n_experts, self->top_k, chosen);
    for (gint64 k = 0; k < self->top_k; k++)
      likely[chosen[k]] = TRUE;
  }
  l4_stream_guess (self->stream, self->layers[i], likely);
  return TRUE;
}

gboolean
l4_ahead_guess (const L4Ahead *self, L4Compute *compute, const float *h, const float *y, gint64 n, GError **error)
{
  g_auto (L4Workspace) workspace = { 0 };
  gint64 each;
  float *x;

  if (self->n == 0 || !l4_stream_takes_guesses (self->stream, self->layers[0], n))
    return TRUE;
  each = self->routers[0]->n_in;
  x = l4_workspace_take (&workspace, compute, n * (2 * each + self->routers[0]->n_out), error);
  if (x != NULL && y != NULL) {         /* the state is their sum */
    float *sum = x + n * (each + self->routers[0]->n_out);

    memcpy (sum, h, n * each * sizeof (float));
    l4_kernels ()->add (y, n * each, sum);
    h = sum;
  }
  for (gsize i = 0; x != NULL && i < self->n; i++)
    if (!guess (self, i, compute, h, n, x, error))
      return FALSE;
  return x != NULL;
}
