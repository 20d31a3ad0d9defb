/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of several conversations in one. There is no thread for it: whoever comes when all are there takes the step for all. */

#include "batch/batch.h"

#include <string.h>

#include "base/memory.h"

/* How long a step waits for those who generate and have not come: one who hands out text may be held up. In microseconds at most, and no
 * longer than a step takes. */
#define PATIENCE 20000

typedef struct
{
  L4Strand strand;
  gint64 before;                /* tokens in its cache */
  const float *h;
  float *logits;
  guint n_together;
  GCancellable *cancellable;
  gboolean done, good;
  GError *error;
} Request;

struct _L4Batch
{
  const L4Decoder *decoder;
  L4Compute *compute;
  gint64 hidden, vocab;
  GMutex lock;
  GCond changed;
  guint n_joined;               /* conversations that generate */
  gboolean running;             /* somebody takes a step */
  GQueue requests;              /* of Request, that wait */
  gint64 since;                 /* when the first of them came, or the latest step ended; monotonic time */
  gint64 step_us;               /* the latest step took */
};

L4Batch *
l4_batch_new (const L4Decoder *decoder, L4Compute *compute, const L4TextConfig *config)
{
  L4Batch *self = g_new0 (L4Batch, 1);

  self->decoder = decoder;
  self->compute = compute;
  self->hidden = config->hidden;
  self->vocab = config->vocab;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->requests);
  return self;
}

void
l4_batch_free (L4Batch *self)
{
  if (self == NULL)
    return;
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

void
l4_batch_join (L4Batch *self)
{
  g_mutex_lock (&self->lock);
  self->n_joined++;
  g_mutex_unlock (&self->lock);
}

void
l4_batch_leave (L4Batch *self)
{
  g_mutex_lock (&self->lock);
  self->n_joined--;
  g_cond_broadcast (&self->changed);    /* nobody waits for it any longer */
  g_mutex_unlock (&self->lock);
}

/* Computing --------------------------------------------------------------------------------------------------------------- */

/* One step of n requests. */
static gboolean
compute (L4Batch *self, Request *const *requests, gsize n, GError **error)
{
  L4Strand strands[L4_BATCH_MOST];
  L4Strands tokens = { strands, n, 0 };
  GCancellable *cancellable = requests[0]->cancellable; /* of all, as those of an element have it; NULL: there is none */
  g_auto (L4Workspace) workspace = { 0 };
  float *h, *logits;
  gint64 at = 0;

  for (gsize i = 0; i < n; i++) {
    strands[i] = requests[i]->strand;
    tokens.n += strands[i].n;
    if (requests[i]->cancellable != requests[0]->cancellable)
      cancellable = NULL;
  }
  h = l4_workspace_take (&workspace, self->compute, tokens.n * (self->hidden + (n > 1 ? self->vocab : 0)), error);
  if (h == NULL)
    return FALSE;
  logits = n > 1 ? h + tokens.n * self->hidden : requests[0]->logits;
  for (gsize i = 0; i < n; at += strands[i++].n)
    memcpy (h + at * self->hidden, requests[i]->h, strands[i].n * self->hidden * sizeof (float));
  if (!l4_decoder_forward (self->decoder, self->compute, &tokens, h, NULL, cancellable, error)
      || !l4_decoder_logits (self->decoder, self->compute, h, tokens.n, n > 1, logits, error))
    return FALSE;
  at = 0;
  for (gsize i = 0; n > 1 && i < n; at += strands[i++].n)
    memcpy (requests[i]->logits, logits + at * self->vocab, strands[i].n * self->vocab * sizeof (float));
  return TRUE;
}

/* A request alone, whose step with others failed: maybe with all layers done. */
static gboolean
compute_again (L4Batch *self, Request *request)
{
  request->strand.cache->n_tokens = request->before;
  return compute (self, &request, 1, &request->error);
}

/* A step of all; if it fails, of each alone, so that it fails those alone whose fault it is: a step that has failed has left nothing in a
 * cache that the same step does not write over. */
static void
compute_each (L4Batch *self, Request *const *requests, gsize n)
{
  gboolean good = compute (self, requests, n, n == 1 ? &requests[0]->error : NULL);

  for (gsize i = 0; i < n; i++)
    requests[i]->good = good || (n > 1 && compute_again (self, requests[i]));
}

/* Takes the step of those who wait, or of as many as fit. Called and left with the lock held. */
static void
run (L4Batch *self)
{
  Request *requests[L4_BATCH_MOST];
  gint64 begun = g_get_monotonic_time ();
  gsize n = 0;

  while (n < L4_BATCH_MOST && !g_queue_is_empty (&self->requests))
    requests[n++] = g_queue_pop_head (&self->requests);
  self->running = TRUE;
  g_mutex_unlock (&self->lock);
  compute_each (self, requests, n);
  g_mutex_lock (&self->lock);
  self->running = FALSE;
  /* Who came meanwhile, or was left, waits for those of this step, too: with no patience left they would take turns for ever. */
  self->since = g_get_monotonic_time ();
  self->step_us = self->since - begun;
  for (gsize i = 0; i < n; i++) {
    requests[i]->n_together = n;
    requests[i]->done = TRUE;
  }
  g_cond_broadcast (&self->changed);
}

/* Whether there is nobody to wait for, or no longer. */
static gboolean
is_time (L4Batch *self, gint64 deadline)
{
  guint n = g_queue_get_length (&self->requests);

  return n >= MIN (self->n_joined, L4_BATCH_MOST) || g_get_monotonic_time () >= deadline;
}

gboolean
l4_batch_step (L4Batch *self, L4Cache *cache, const float *h, gint64 n, float *logits, guint *n_together, GCancellable *cancellable,
    GError **error)
{
  Request request = {.strand = {cache, n},.before = cache->n_tokens,.h = h,.logits = logits,.cancellable = cancellable };

  if (!l4_cache_has_room (cache, n, error))     /* of its own, not of who shares the step */
    return FALSE;
  g_mutex_lock (&self->lock);
  if (g_queue_is_empty (&self->requests))
    self->since = g_get_monotonic_time ();
  g_queue_push_tail (&self->requests, &request);
  g_cond_broadcast (&self->changed);
  while (!request.done) {
    gint64 deadline = self->since + MIN (PATIENCE, self->step_us);

    if (self->running)
      g_cond_wait (&self->changed, &self->lock);
    else if (is_time (self, deadline))
      run (self);
    else
      g_cond_wait_until (&self->changed, &self->lock, deadline);
  }
  g_mutex_unlock (&self->lock);
  *n_together = request.n_together;
  if (request.error != NULL)
    g_propagate_error (error, request.error);
  return request.good;
}
