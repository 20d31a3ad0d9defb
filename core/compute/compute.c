/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What computes: threads, oneDNN's kernels and working memory, shared by all products of a model. */

#include "compute/compute-private.h"

#include "base/memory.h"

/* Jobs of fewer operations run on the calling thread: waking the others would take longer. */
#define WORTH_THREADS (1 << 18)

L4Compute *
l4_compute_new (L4Precision precision, guint threads, GError **error)
{
  g_autoptr (L4Compute) self = g_new0 (L4Compute, 1);

  self->precision = precision;
  g_rec_mutex_init (&self->lock);
  self->pool = l4_pool_new (threads);
  self->own = g_new0 (L4Scratch, l4_pool_get_threads (self->pool));
  self->free = g_array_new (FALSE, FALSE, sizeof (L4Scratch));
  self->brgemm = l4_brgemm_new ();
  return g_steal_pointer (&self);
}

void
l4_compute_free (L4Compute *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < l4_pool_get_threads (self->pool); i++)
    l4_free (self->own[i].data);
  g_free (self->own);
  for (guint i = 0; i < self->free->len; i++)
    l4_free (g_array_index (self->free, L4Scratch, i).data);
  g_array_unref (self->free);
  l4_free (self->shared.data);
  l4_brgemm_free (self->brgemm);
  l4_pool_free (self->pool);
  g_rec_mutex_clear (&self->lock);
  g_free (self);
}

L4Precision
l4_compute_get_precision (const L4Compute *self)
{
  return self->precision;
}

guint
l4_compute_get_threads (const L4Compute *self)
{
  return l4_pool_get_threads (self->pool);
}

void
l4_compute_run (L4Compute *self, L4PoolFunc func, gpointer data, gsize n_tasks, guint64 work)
{
  g_rec_mutex_lock (&self->lock);
  if (work >= WORTH_THREADS)
    l4_pool_run (self->pool, func, data, n_tasks);
  else
    for (gsize task = 0; task < n_tasks; task++)
      func (data, task, 0);
  g_rec_mutex_unlock (&self->lock);
}

/* Working memory in whole huge pages where it is not small: with rows in small pages matrix units, in a loop of their own, took a third longer. */
static gsize
round_up (gsize bytes)
{
  return bytes < L4_HUGE_PAGE / 4 || bytes > G_MAXSSIZE ? bytes : (bytes + L4_HUGE_PAGE - 1) & ~(L4_HUGE_PAGE - 1);
}

gpointer
l4_scratch_take (L4Scratch *self, gsize bytes, GError **error)
{
  if (self->bytes < bytes) {
    bytes = round_up (bytes);
    l4_free (self->data);
    self->bytes = 0;
    self->data = l4_alloc_raw (bytes, _("working memory"), error);
    if (self->data != NULL)
      self->bytes = bytes;
  }
  return self->data;
}

gboolean
l4_compute_take_own (L4Compute *self, gsize bytes, GError **error)
{
  for (guint i = 0; i < l4_pool_get_threads (self->pool); i++)
    if (l4_scratch_take (&self->own[i], bytes, error) == NULL)
      return FALSE;
  return TRUE;
}

float *
l4_workspace_take (L4Workspace *self, L4Compute *compute, gsize n, GError **error)
{
  gsize bytes = round_up (n * sizeof (float));
  guint best = G_MAXUINT;

  g_rec_mutex_lock (&compute->lock);
  for (guint i = 0; i < compute->free->len; i++) {
    const L4Scratch *one = &g_array_index (compute->free, L4Scratch, i);

    if (one->bytes >= bytes && (best == G_MAXUINT || one->bytes < g_array_index (compute->free, L4Scratch, best).bytes))
      best = i;
  }
  if (best == G_MAXUINT && compute->free->len > 0) {    /* one that is too small would stay unused from now on */
    l4_free (g_array_index (compute->free, L4Scratch, 0).data);
    g_array_remove_index_fast (compute->free, 0);
  }
  if (best != G_MAXUINT) {
    self->data = g_array_index (compute->free, L4Scratch, best).data;
    self->bytes = g_array_index (compute->free, L4Scratch, best).bytes;
    g_array_remove_index_fast (compute->free, best);
  } else {
    self->data = l4_alloc_raw (bytes, _("working memory"), error);
    self->bytes = bytes;
  }
  g_rec_mutex_unlock (&compute->lock);
  self->compute = compute;
  return self->data;
}

void
l4_workspace_return (L4Workspace *self)
{
  L4Scratch scratch = { self->data, self->bytes };

  if (self->data == NULL)
    return;
  g_rec_mutex_lock (&self->compute->lock);
  g_array_append_val (self->compute->free, scratch);
  g_rec_mutex_unlock (&self->compute->lock);
  *self = (L4Workspace) { 0 };
}
