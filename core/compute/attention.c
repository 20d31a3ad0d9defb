/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Softmax attention of several query heads over the keys and values of fewer heads. */

#include "compute/attention.h"

#include <omp.h>

#include "base/memory.h"
#include "kernels/kernels.h"

gboolean
l4_attention (const L4AttentionShape *shape, const float *queries, gint64 n, const float *keys, const float *values,
    gint64 first_visible, gint64 step, float *out, GError **error)
{
  const L4Kernels *kernels = l4_kernels ();
  gint64 most = first_visible + (n - 1) * step;
  gint64 d = shape->head_dim, group = shape->n_heads / shape->n_kv_heads;
  l4_autofree float *scores = NULL;     /* [threads, most] */

  scores = l4_alloc (omp_get_max_threads () * most * sizeof (float), _("attention scores"), error);
  if (scores == NULL)
    return FALSE;

#pragma omp parallel for collapse (2) schedule (dynamic, 8) if (n * most * d > 65536)
  for (gint64 h = 0; h < shape->n_heads; h++)
    for (gint64 t = 0; t < n; t++) {
      float *own = scores + omp_get_thread_num () * most;
      gint64 visible = first_visible + t * step;
      gsize head = (h / group) * shape->capacity * d, row = (t * shape->n_heads + h) * d;

      kernels->score (queries + row, keys + head, d, visible, shape->scale, own);
      kernels->softmax (own, visible);
      kernels->weighted_sum (own, values + head, d, visible, out + row);
    }
  return TRUE;
}
