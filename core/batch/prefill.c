/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prompts of several conversations in one pass through the decoder. */

#include "batch/prefill.h"

#include <string.h>

#include "base/memory.h"

/* How often who waits looks whether it was cancelled, microseconds. */
#define LOOK (50 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  L4Strand strand;
  gint64 before;                /* tokens in its cache */
  float *h;
  float *logits;
  guint n_together;
  GCancellable *cancellable;
  gboolean apart;               /* a pass with others has failed */
  gboolean begun, done, good;
  GError *error;
} Request;

struct _L4Prefill
{
  const L4Decoder *decoder;
  L4Compute *compute;
  gint64 hidden, vocab, most_tokens;
  GMutex lock;
  GCond changed;
  gboolean running;             /* a pass is under way */
  GThread *thread;              /* of the latest that was a thread's */
  GQueue requests;              /* of Request, that wait */
};

/* Those that share a pass; NULL: gone. */
typedef struct
{
  L4Prefill *prefill;
  Request *requests[L4_PREFILL_MOST];
  gsize n;
} Pass;

L4Prefill *
l4_prefill_new (const L4Decoder *decoder, L4Compute *compute, const L4TextConfig *config, gint64 most_tokens)
{
  L4Prefill *self = g_new0 (L4Prefill, 1);

  self->decoder = decoder;
  self->compute = compute;
  self->hidden = config->hidden;
  self->vocab = config->vocab;
  self->most_tokens = most_tokens;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->requests);
  return self;
}

static void
join (L4Prefill *self)
{
  if (self->thread != NULL)
    g_thread_join (g_steal_pointer (&self->thread));
}

void
l4_prefill_free (L4Prefill *self)
{
  if (self == NULL)
    return;
  join (self);                  /* a pass that all have left may be under way */
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

/* Computing --------------------------------------------------------------------------------------------------------------- */

/* Also after a pass that has failed, be it with all layers done. */
static gboolean
run_alone (const L4Prefill *self, const Request *request, GError **error)
{
  const L4Strands tokens = l4_strands_of (&request->strand);

  request->strand.cache->n_tokens = request->before;
  return l4_decoder_forward (self->decoder, self->compute, &tokens, request->h, NULL, request->cancellable, error)
      && (request->logits == NULL || l4_decoder_logits (self->decoder, self->compute,
          request->h + (request->strand.n - 1) * self->hidden, 1, FALSE, request->logits, error));
}

/* With the lock held; the request is its owner's again, who may be gone as soon as the lock is. */
static void
finish (L4Prefill *self, Request *request, gboolean good, const GError *error)
{
  request->good = good;
  request->error = error != NULL ? g_error_copy (error) : NULL;
  request->done = TRUE;
  g_cond_broadcast (&self->changed);
}

static gboolean
stays (const L4Cache *cache, gpointer user_data)
{
  Pass *pass = user_data;
  L4Prefill *self = pass->prefill;
  g_autoptr (GError) error = NULL;
  gsize i = 0;

  while (pass->requests[i] == NULL || pass->requests[i]->strand.cache != cache)
    i++;
  if (!g_cancellable_is_cancelled (pass->requests[i]->cancellable))
    return TRUE;
  l4_fail (&error, L4_ERROR_CANCELLED, _("cancelled"));
  g_mutex_lock (&self->lock);
  finish (self, g_steal_pointer (&pass->requests[i]), FALSE, error);
  g_mutex_unlock (&self->lock);
  return FALSE;
}

/* Logits after the last token of each that stayed, whose rows lie in h one after the other; those rows go to the front of it. */
static gboolean
find_logits (const Pass *pass, float *h, float *logits, GError **error)
{
  const L4Prefill *self = pass->prefill;
  gint64 at = 0, n = 0;

  for (gsize i = 0; i < pass->n; i++)
    if (pass->requests[i] != NULL) {
      at += pass->requests[i]->strand.n;
      memmove (h + n++ * self->hidden, h + (at - 1) * self->hidden, self->hidden * sizeof (float));
    }
  if (!l4_decoder_logits (self->decoder, self->compute, h, n, TRUE, logits, error))
    return FALSE;
  for (gsize i = 0; i < pass->n; i++)
    if (pass->requests[i] != NULL) {
      if (pass->requests[i]->logits != NULL)
        memcpy (pass->requests[i]->logits, logits, self->vocab * sizeof (float));
      logits += self->vocab;
    }
  return TRUE;
}

static gboolean
run_together (Pass *pass, GError **error)
{
  const L4Prefill *self = pass->prefill;
  L4Strand strands[L4_PREFILL_MOST];
  L4Strands tokens = { strands, pass->n, 0, TRUE, stays, pass };
  g_autoptr (GCancellable) cancellable = NULL;  /* of all, as those of an element have it; NULL: there is none */
  g_auto (L4Workspace) workspace = { 0 };
  gint64 at = 0;
  float *h;

  g_set_object (&cancellable, pass->requests[0]->cancellable);
  for (gsize i = 0; i < pass->n; i++) {
    strands[i] = pass->requests[i]->strand;
    tokens.n += strands[i].n;
    if (pass->requests[i]->cancellable != pass->requests[0]->cancellable)
      g_clear_object (&cancellable);
  }
  h = l4_workspace_take (&workspace, self->compute, tokens.n * self->hidden + pass->n * self->vocab, error);
  if (h == NULL)
    return FALSE;
  for (gsize i = 0; i < pass->n; at += strands[i++].n)
    memcpy (h + at * self->hidden, pass->requests[i]->h, strands[i].n * self->hidden * sizeof (float));
  return l4_decoder_forward (self->decoder, self->compute, &tokens, h, NULL, cancellable, error)
      && find_logits (pass, h, h + tokens.n * self->hidden, error);
}

/* What goes wrong with all may go right with each: they are the first to come next, and can be cancelled until it is their turn. */
static gpointer
run_pass (gpointer data)
{
  g_autofree Pass *pass = data;
  L4Prefill *self = pass->prefill;
  gboolean good = run_together (pass, NULL);

  g_mutex_lock (&self->lock);
  for (gsize i = pass->n; i > 0; i--) {
    Request *request = pass->requests[i - 1];

    if (request == NULL)
      continue;
    if (good) {
      finish (self, request, TRUE, NULL);
    } else {
      request->apart = TRUE;
      request->begun = FALSE;
      g_queue_push_head (&self->requests, request);
    }
  }
  self->running = FALSE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* Who goes with whom ------------------------------------------------------------------------------------------------------- */

/* So few meet weights in another way, even as a prompt. */
static gboolean
is_short (const Request *self)
{
  return self->strand.n <= L4_STEP_TOKENS;
}

/* Writes over the beginning of a chunk that its first tokens still need, so that it could not be done once more if a pass failed. */
static gboolean
goes_once (const Request *self)
{
  const L4Cache *cache = self->strand.cache;
  gint64 left = l4_cache_rewindable (cache);

  return left < cache->config->chunk && self->strand.n > left;
}

static gboolean
goes_alone (const Request *self)
{
  return self->apart || is_short (self) || goes_once (self);
}

/* Takes the first request out, and those behind it that may go with it. With the lock held. (transfer full) */
static Pass *
gather (L4Prefill *self)
{
  Pass *pass = g_new0 (Pass, 1);
  GList *link = self->requests.head, *next;
  gboolean shares = !goes_alone (link->data);
  gint64 tokens = 0;

  pass->prefill = self;
  for (; link != NULL && pass->n < (shares ? L4_PREFILL_MOST : 1); link = next) {
    Request *request = link->data;

    next = link->next;
    if (pass->n > 0 && goes_alone (request))
      continue;
    tokens += request->strand.n;
    if (pass->n > 0 && tokens > self->most_tokens)
      break;
    request->begun = TRUE;
    pass->requests[pass->n++] = request;
    g_queue_delete_link (&self->requests, link);
  }
  for (gsize i = 0; i < pass->n; i++)
    pass->requests[i]->n_together = MAX (pass->requests[i]->n_together, pass->n);       /* it may go alone after one with others */
  return pass;
}

/* Begins the next pass, the caller's request the first in it. One alone is the caller's own work; several are a thread's, so that each can
 * leave. With the lock held, but for the while. */
static void
begin (L4Prefill *self, Request *own)
{
  Pass *pass = gather (self);

  join (self);                  /* it has ended but for its last step */
  self->running = TRUE;
  if (pass->n == 1) {
    g_mutex_unlock (&self->lock);
    own->good = run_alone (self, own, &own->error);
    g_mutex_lock (&self->lock);
    own->done = TRUE;
    self->running = FALSE;
    g_cond_broadcast (&self->changed);
    g_free (pass);
    return;
  }
  self->thread = g_thread_try_new ("llama4-prefill", run_pass, pass, NULL);
  if (self->thread == NULL) {
    g_mutex_unlock (&self->lock);
    run_pass (pass);
    g_mutex_lock (&self->lock);
  }
}

gboolean
l4_prefill_run (L4Prefill *self, L4Cache *cache, float *h, gint64 n, float *logits, guint *n_together, GCancellable *cancellable,
    GError **error)
{
  Request request = {.strand = {cache, n},.before = cache->n_tokens,.h = h,.logits = logits,.cancellable = cancellable };

  if (!l4_cache_has_room (cache, n, error))     /* of its own, not of who shares the pass */
    return FALSE;
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->requests, &request);
  while (!request.done) {
    if (!request.begun && g_cancellable_is_cancelled (cancellable)) {
      g_queue_remove (&self->requests, &request);
      l4_fail (&request.error, L4_ERROR_CANCELLED, _("cancelled"));
      g_cond_broadcast (&self->changed);        /* another one is the first now */
      break;
    }
    if (!self->running && g_queue_peek_head (&self->requests) == &request)
      begin (self, &request);
    else
      g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + LOOK);
  }
  g_mutex_unlock (&self->lock);
  *n_together = request.n_together;
  if (request.error != NULL)
    g_propagate_error (error, request.error);
  return request.good;
}
