/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Softmax attention of several query heads over the keys and values of fewer heads. */

#include "compute/attention.h"

#include "compute/compute-private.h"

/* Queries of one head in a task: they share its keys and values while these are in the caches. */
#define TASK_QUERIES 16

typedef struct
{
  L4Compute *compute;
  const L4AttentionShape *shape;
  const float *queries, *keys, *values;
  gint64 n, first_visible, step;
  float *out;
} Call;

static void
do_task (gpointer data, gsize task, guint thread)
{
  const Call *call = data;
  const L4AttentionShape *shape = call->shape;
  const L4Kernels *kernels = l4_kernels ();
  gint64 d = shape->head_dim, h = task % shape->n_heads, first = task / shape->n_heads * TASK_QUERIES;
  gsize head = h / (shape->n_heads / shape->n_kv_heads) * shape->capacity * d;
  float *scores = call->compute->own[thread].data;

  for (gint64 t = first; t < MIN (first + TASK_QUERIES, call->n); t++) {
    gint64 visible = call->first_visible + t * call->step;
    gsize row = (t * shape->n_heads + h) * d;

    kernels->score (call->queries + row, call->keys + head, d, visible, shape->scale, scores);
    kernels->softmax (scores, visible);
    kernels->weighted_sum (scores, call->values + head, d, visible, call->out + row);
  }
}

gboolean
l4_attention (L4Compute *compute, const L4AttentionShape *shape, const float *queries, gint64 n, const float *keys,
    const float *values, gint64 first_visible, gint64 step, float *out, GError **error)
{
  Call call = { compute, shape, queries, keys, values, n, first_visible, step, out };
  gint64 most = first_visible + (n - 1) * step;
  gsize n_tasks = (n + TASK_QUERIES - 1) / TASK_QUERIES * shape->n_heads;
  gboolean done;

  g_rec_mutex_lock (&compute->lock);
  done = l4_compute_take_own (compute, most * sizeof (float), error);
  if (done)
    l4_compute_run (compute, do_task, &call, n_tasks, n * most * shape->n_heads * shape->head_dim);
  g_rec_mutex_unlock (&compute->lock);
  return done;
}
