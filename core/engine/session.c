/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session of the engine holds. */

#include "engine/session.h"

#include <string.h>

#include "base/memory.h"
#include "engine/footprint.h"

/* Fewest tokens of a prompt that go through the decoder. */
#define MIN_BATCH 16

gpointer
l4_llama_session_new (gpointer model)
{
  L4LlamaSession *self = g_new0 (L4LlamaSession, 1);

  self->model = model;
  self->places = g_array_new (FALSE, TRUE, sizeof (L4Place));
  self->pictures = l4_picture_cache_new ();
  self->draft = l4_draft_new (self->model->stream != NULL ? L4_DRAFT_WORTH_STREAMED : L4_DRAFT_WORTH);
  l4_room_count (self->model->room, 1);
  return self;
}

void
l4_llama_session_free (gpointer session)
{
  L4LlamaSession *self = session;

  l4_room_clear (self->model->room, &self->tenant);
  g_array_unref (self->places);
  l4_picture_cache_free (self->pictures);
  l4_draft_free (self->draft);
  l4_guided_clear (&self->guided);
  l4_room_count (self->model->room, -1);
  g_free (self);
}

void
l4_llama_session_enter (L4LlamaSession *self)
{
  l4_room_enter (self->model->room, &self->tenant);
  if (self->tenant.cache == NULL)
    g_array_set_size (self->places, 0);
}

void
l4_llama_session_leave (L4LlamaSession *self)
{
  l4_room_leave (self->model->room, &self->tenant);
}

void
l4_llama_session_forget (L4LlamaSession *self)
{
  g_array_set_size (self->places, 0);
  if (self->tenant.cache != NULL)
    l4_cache_clear (self->tenant.cache);
}

gboolean
l4_llama_session_take_cache (L4LlamaSession *self, gboolean int8, gint64 capacity, GCancellable *cancellable, GError **error)
{
  gboolean good = l4_room_take (self->model->room, &self->tenant, int8, capacity, cancellable, error);

  if (!good || self->tenant.cache->n_tokens != self->places->len)       /* another one */
    l4_llama_session_forget (self);
  return good;
}

gint64
l4_llama_session_common (const L4LlamaSession *self, const L4Prompt *prompt)
{
  gint64 same = 0, most = MIN (self->places->len, prompt->ids->len);

  while (same < most && memcmp (&g_array_index (self->places, L4Place, same), &prompt->places[same], sizeof (L4Place)) == 0)
    same++;
  return same;
}

/* How many tokens of the prompt the cache holds already. At least MIN_BATCH remain to be done: batches of fewer rows are multiplied
 * in another way, and their sums would differ in the last bits. (Those of experts that few of the tokens ask for do, where there are tiles.) */
static gint64
count_kept (const L4LlamaSession *self, const L4Prompt *prompt)
{
  gint64 same = MIN (l4_llama_session_common (self, prompt), (gint64) prompt->ids->len - MIN_BATCH);

  return same > 0 && l4_cache_can_rewind (self->tenant.cache, same) ? same : 0;
}

/* Makes the cache hold just the first n tokens, which it does hold. */
static void
keep_prefix (L4LlamaSession *self, gint64 n)
{
  if (n == 0)
    l4_cache_clear (self->tenant.cache);
  else
    l4_cache_rewind (self->tenant.cache, n);
  g_array_set_size (self->places, n);
}

/* Rows of the pictures' features that stand before a place of the prompt. */
static gint64
features_before (const L4Prompt *prompt, gint64 at)
{
  gint64 n = 0;

  for (gint64 t = 0; t < at; t++)
    n += prompt->places[t].picture;
  return n;
}

gint64
l4_llama_session_kept (const L4LlamaSession *self, gboolean int8, L4Prompt *prompt)
{
  gint64 kept = self->tenant.cache != NULL && self->tenant.cache->int8 == int8 ? count_kept (self, prompt) : 0;

  l4_pictures_count (self->model, self->pictures, &prompt->pictures, features_before (prompt, kept));
  return kept;
}

gboolean
l4_llama_session_encode (L4LlamaSession *self, L4Prompt *prompt, GCancellable *cancellable, GError **error)
{
  return l4_pictures_encode (self->model, self->pictures, &prompt->pictures, features_before (prompt, count_kept (self, prompt)), cancellable,
      error);
}

/* Tokens that go through the decoder at once of n that are left: never so that too few are left. */
static gint64
next_piece (gint64 n)
{
  gint64 after = n - L4_FORWARD_BATCH;

  return after > 0 && after < MIN_BATCH ? L4_FORWARD_BATCH - MIN_BATCH : MIN (L4_FORWARD_BATCH, n);
}

/* Tokens at … at + n - 1 of the prompt. */
static gboolean
prefill_piece (L4LlamaSession *self, const L4Prompt *prompt, gint64 at, gint64 n, float *logits, L4Answer *answer, GCancellable *cancellable,
    GError **error)
{
  const L4Llama *model = self->model;
  const float *features = prompt->pictures.features;
  gint64 first = features != NULL ? features_before (prompt, at) : 0, end = features != NULL ? features_before (prompt, at + n) : 0;
  l4_autofree float *h = l4_llama_embed (model, (const gint32 *) prompt->ids->data + at, n,
      end > first ? features + first * model->config->text.hidden : NULL, end - first, error);
  guint together = 0;

  if (h == NULL || !l4_prefill_run (model->prefill, self->tenant.cache, h, n, logits, &together, cancellable, error))
    return FALSE;
  answer->prompt_together = MAX (answer->prompt_together, together);
  return TRUE;
}

/* Tokens at … at + n - 1 of the prompt failed. Those before them are held, but from `kept` on not among the places yet. */
static void
undo_piece (L4LlamaSession *self, const L4Prompt *prompt, gint64 kept, gint64 at, gint64 n)
{
  if (l4_cache_undo (self->tenant.cache, at, n))
    g_array_append_vals (self->places, prompt->places + kept, at - kept);
  else
    g_array_set_size (self->places, 0);
}

gboolean
l4_llama_session_prefill (L4LlamaSession *self, const L4Prompt *prompt, float *logits, L4Answer *answer, GCancellable *cancellable,
    GError **error)
{
  gint64 n = prompt->ids->len, kept = count_kept (self, prompt);

  keep_prefix (self, kept);
  answer->reused_tokens = kept;
  for (gint64 at = kept, piece; at < n; at += piece) {
    piece = next_piece (n - at);
    if (!prefill_piece (self, prompt, at, piece, at + piece == n ? logits : NULL, answer, cancellable, error)) {
      undo_piece (self, prompt, kept, at, piece);
      return FALSE;
    }
  }
  g_array_append_vals (self->places, prompt->places + kept, n - kept);
  return TRUE;
}

gboolean
l4_llama_session_hold (L4LlamaSession *self, L4Prompt *prompt, GCancellable *cancellable, GError **error)
{
  gint64 n = prompt->ids->len;
  L4Answer answer = { 0 };

  if (l4_llama_session_common (self, prompt) < n || !l4_cache_holds (self->tenant.cache, n))
    return l4_llama_session_encode (self, prompt, cancellable, error)
        && l4_llama_session_prefill (self, prompt, NULL, &answer, cancellable, error);
  keep_prefix (self, n);
  return TRUE;
}

gboolean
l4_llama_session_step (L4LlamaSession *self, const gint32 *ids, guint n, float *logits, L4Answer *answer, GCancellable *cancellable, GError **error)
{
  l4_autofree float *h = l4_llama_embed (self->model, ids, n, NULL, 0, error);
  guint together = 0;

  if (h == NULL || !l4_batch_step (self->model->batch, self->tenant.cache, h, n, logits, &together, cancellable, error)) {
    if (!l4_cache_undo (self->tenant.cache, self->places->len, n))
      g_array_set_size (self->places, 0);
    return FALSE;
  }
  for (guint i = 0; i < n; i++)
    g_array_append_val (self->places, ((L4Place) {.id = ids[i] }));
  answer->steps++;
  answer->steps_together += together;
  answer->most_together = MAX (answer->most_together, together);
  return TRUE;
}

void
l4_llama_session_unstep (L4LlamaSession *self, guint n)
{
  l4_cache_rewind (self->tenant.cache, self->tenant.cache->n_tokens - n);
  g_array_set_size (self->places, self->places->len - n);
}
