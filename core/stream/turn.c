/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The use of a layer's experts in a step. */

#include "stream/stream-private.h"

/* How often who waits looks whether it was cancelled, microseconds. */
#define LOOK (100 * G_TIME_SPAN_MILLISECOND)
/* A step is a sweep when it has so many tokens for each expert of a layer: next to none of these then stays unused. */
#define SWEEP_TOKENS 3

/* With the lock held ----------------------------------------------------------------------------------------------------- */

static gboolean
is_sweep (const L4StreamLayer *layer, gint64 n)
{
  return n >= SWEEP_TOKENS * layer->n_experts;
}

/* Layers that come before the expert's. */
static guint
layers_until (const L4Stream *self, gsize index)
{
  return (l4_stream_expert (self, index)->layer + self->layers->len - self->next) % self->layers->len;
}

/* Equals stay in the order in which they came. */
static int
compare_needs (gconstpointer there, gconstpointer given, gpointer user_data)
{
  return layers_until (user_data, GPOINTER_TO_SIZE (there) - 1) <= layers_until (user_data, GPOINTER_TO_SIZE (given) - 1) ? -1 : 1;
}

/* Goes on with an expert that was dropped while pieces of it were under way, unless one of these failed: that ends it first. */
static gboolean
take_up (L4StreamExpert *expert)
{
  gboolean was = expert->state == L4_STREAM_READING && expert->dropped && expert->error == NULL;

  if (was)
    expert->dropped = FALSE;
  return was;
}

/* Puts an expert that is nowhere into the queue of those that are foreseen. */
static void
foresee (L4Stream *self, gsize index)
{
  L4StreamExpert *expert = l4_stream_expert (self, index);

  if (expert->state != L4_STREAM_ABSENT && !take_up (expert))
    return;
  if (expert->state == L4_STREAM_ABSENT)
    expert->state = L4_STREAM_QUEUED;
  expert->early = TRUE;
  g_queue_insert_sorted (&self->foreseen, GSIZE_TO_POINTER (index + 1), compare_needs, self);
}

static void
foresee_layer (L4Stream *self, guint index, gint64 n)
{
  const L4StreamLayer *layer = &g_array_index (self->layers, L4StreamLayer, index);

  for (gint64 e = 0; is_sweep (layer, n) && e < layer->n_experts; e++)
    foresee (self, layer->first + e);
  g_cond_broadcast (&self->work);
}

void
l4_stream_foresee (L4Stream *self, guint layer, gint64 n)
{
  g_mutex_lock (&self->lock);
  if (layer == 0)
    self->next = self->swept = 0;       /* the step before may have ended anywhere, a sweep too */
  foresee_layer (self, layer, n);
  g_mutex_unlock (&self->lock);
}

gboolean
l4_stream_takes_guesses (const L4Stream *self, guint layer, gint64 n)
{
  return !is_sweep (&g_array_index (self->layers, L4StreamLayer, layer), n);
}

/* One that a turn asks for. */
static void
ask (L4Stream *self, gsize index)
{
  L4StreamExpert *expert = l4_stream_expert (self, index);

  self->figures.uses++;
  self->figures.right += expert->guessed;
  self->figures.hits += expert->state == L4_STREAM_READY && !expert->early;
  self->figures.foreseen += (expert->state == L4_STREAM_READY || expert->state == L4_STREAM_READING) && expert->early;
  expert->wanted++;
  if ((g_queue_remove (&self->foreseen, GSIZE_TO_POINTER (index + 1)) && expert->state == L4_STREAM_READING) || take_up (expert))
    g_queue_push_head (&self->asked, GSIZE_TO_POINTER (index + 1));       /* is finished first */
  else if (expert->state == L4_STREAM_ABSENT || (expert->state == L4_STREAM_QUEUED && expert->early))
    g_queue_push_tail (&self->asked, GSIZE_TO_POINTER (index + 1));
  if (expert->state == L4_STREAM_ABSENT)
    expert->state = L4_STREAM_QUEUED;
  expert->early = FALSE;
}

/* One that no turn wants although it may have been foreseen. */
static void
pass_over (L4Stream *self, gsize index)
{
  L4StreamExpert *expert = l4_stream_expert (self, index);

  if (!expert->early)
    return;
  expert->early = FALSE;
  g_queue_remove (&self->foreseen, GSIZE_TO_POINTER (index + 1));
  if (expert->state == L4_STREAM_QUEUED)
    expert->state = L4_STREAM_ABSENT;
  expert->dropped = expert->state == L4_STREAM_READING && l4_stream_has_pieces (expert);
  if (expert->dropped && expert->pieces == 0)
    l4_stream_finish (self, expert);
}

/* The latest guess is the best: what only an earlier one named is not read any longer. */
void
l4_stream_guess (L4Stream *self, guint index, const gboolean *experts)
{
  const L4StreamLayer *layer = &g_array_index (self->layers, L4StreamLayer, index);

  g_mutex_lock (&self->lock);
  for (gint64 e = 0; e < layer->n_experts; e++) {
    l4_stream_expert (self, layer->first + e)->guessed = experts[e];
    if (experts[e])
      foresee (self, layer->first + e);
    else
      pass_over (self, layer->first + e);
  }
  g_cond_broadcast (&self->work);
  g_mutex_unlock (&self->lock);
}

L4StreamTurn *
l4_stream_begin (L4Stream *self, guint index, const gint64 *uses, gint64 n)
{
  const L4StreamLayer *layer = &g_array_index (self->layers, L4StreamLayer, index);
  L4StreamTurn *turn = g_new0 (L4StreamTurn, 1);

  *turn = (L4StreamTurn) { self, index, layer->first, layer->n_experts, g_new0 (gboolean, layer->n_experts), NULL };
  g_mutex_lock (&self->lock);
  self->turns = g_list_prepend (self->turns, turn);
  self->next = (index + 1) % self->layers->len;
  l4_heat_use (&g_array_index (self->heat, L4Heat, layer->first), layer->n_experts, uses, n);
  for (gint64 e = 0; e < layer->n_experts; e++) {
    turn->left[e] = uses[e] > 0;
    if (uses[e] > 0)
      ask (self, layer->first + e);
    else
      pass_over (self, layer->first + e);
    self->figures.guesses += l4_stream_expert (self, layer->first + e)->guessed;
    l4_stream_expert (self, layer->first + e)->guessed = FALSE;
  }
  if (is_sweep (layer, n))
    self->swept = index + 1;
  if (index + 1 < self->layers->len)
    foresee_layer (self, index + 1, n);
  g_cond_broadcast (&self->work);
  g_mutex_unlock (&self->lock);
  return turn;
}

/* A file from which an expert should come that the turn waits for. */
static const char *
awaited_file (const L4StreamTurn *turn)
{
  const char *path = "";
  guint64 size;

  for (gint64 e = 0; e < turn->n_experts; e++)
    for (guint p = 0; turn->left[e] && p < L4_STREAM_PARTS; p++) {
      const L4StreamMatrix *part = &l4_stream_expert (turn->stream, turn->first + (gsize) e)->parts[p];

      if (part->n_rows == 0)
        continue;
      l4_reader_get_file (turn->stream->reader, part->file, &path, &size);
      return path;
    }
  return path;
}

/* Waits for a change; FALSE: there is no sense in it any longer. */
static gboolean
wait_for_change (L4StreamTurn *turn, GCancellable *cancellable, GError **error)
{
  L4Stream *self = turn->stream;
  gint64 begun = g_get_monotonic_time (), now;

  if (turn->error != NULL) {
    g_propagate_error (error, g_steal_pointer (&turn->error));
    return FALSE;
  }
  if (g_cancellable_is_cancelled (cancellable))
    return l4_fail (error, L4_ERROR_CANCELLED, _("cancelled"));
  if (self->pieces > 0 && begun - self->latest > self->patience)
    return l4_fail (error, L4_ERROR_IO, _("%s: the disk has given nothing for %.3g seconds"), awaited_file (turn),
        (double) self->patience / G_TIME_SPAN_SECOND);
  g_cond_wait_until (&self->changed, &self->lock, begun + LOOK);
  now = g_get_monotonic_time ();
  self->figures.waited += now - begun;
  return TRUE;
}

gboolean
l4_stream_next (L4StreamTurn *turn, gint64 *ready, gsize *n_ready, GCancellable *cancellable, GError **error)
{
  L4Stream *self = turn->stream;
  gboolean any, good = TRUE;

  *n_ready = 0;
  g_mutex_lock (&self->lock);
  do {
    any = FALSE;
    for (gint64 e = 0; e < turn->n_experts; e++) {
      any = any || turn->left[e];
      if (turn->left[e] && l4_stream_expert (self, turn->first + e)->state == L4_STREAM_READY)
        ready[(*n_ready)++] = e;
    }
  } while (any && *n_ready == 0 && (good = wait_for_change (turn, cancellable, error)));
  g_mutex_unlock (&self->lock);
  return good;
}

const guint8 *
l4_stream_panels (const L4StreamTurn *turn, gint64 index, guint part)
{
  const L4StreamExpert *expert = l4_stream_expert (turn->stream, turn->first + index);

  return l4_stream_slot (turn->stream, expert->slot) + expert->parts[part].place;
}

/* With the lock held. */
static void
release (L4StreamTurn *turn, gint64 index)
{
  L4StreamExpert *expert = l4_stream_expert (turn->stream, turn->first + index);

  turn->left[index] = FALSE;
  expert->wanted--;
  if (expert->wanted == 0 && expert->state == L4_STREAM_QUEUED
      && g_queue_remove (&turn->stream->asked, GSIZE_TO_POINTER (turn->first + index + 1)))
    expert->state = L4_STREAM_ABSENT;   /* another that is queued is foreseen */
}

void
l4_stream_release (L4StreamTurn *turn, const gint64 *ready, gsize n_ready)
{
  g_mutex_lock (&turn->stream->lock);
  for (gsize i = 0; i < n_ready; i++)
    release (turn, ready[i]);
  l4_stream_free_slots (turn->stream);
  g_cond_broadcast (&turn->stream->work);
  g_cond_broadcast (&turn->stream->changed);    /* for who takes slots away */
  g_mutex_unlock (&turn->stream->lock);
}

void
l4_stream_end (L4StreamTurn *turn)
{
  if (turn == NULL)
    return;
  g_mutex_lock (&turn->stream->lock);
  for (gint64 e = 0; e < turn->n_experts; e++)
    if (turn->left[e])
      release (turn, e);
  l4_stream_free_slots (turn->stream);
  turn->stream->turns = g_list_remove (turn->stream->turns, turn);
  g_cond_broadcast (&turn->stream->work);
  g_cond_broadcast (&turn->stream->changed);
  g_mutex_unlock (&turn->stream->lock);
  g_clear_error (&turn->error);
  g_free (turn->left);
  g_free (turn);
}

void
l4_stream_figures (L4Stream *self, L4StreamFigures *figures)
{
  g_mutex_lock (&self->lock);
  *figures = self->figures;
  g_mutex_unlock (&self->lock);
}
