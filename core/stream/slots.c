/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory for experts: who gets it, who leaves for it, and how much there is. */

#include "base/memory.h"
#include "stream/stream-private.h"

/* With the lock held ----------------------------------------------------------------------------------------------------- */

static float
heat_of (const L4Stream *self, gsize index)
{
  return l4_heat_of (&g_array_index (self->heat, L4Heat, index));
}

/* Whether an expert in a slot may leave it: for one that a turn waits for; for one that is foreseen, unless it is itself expected or
 * of the same layer; or, in: NULL, for nobody. */
static gboolean
may_leave (const L4StreamExpert *expert, const L4StreamExpert *in)
{
  if (expert->state != L4_STREAM_READY || expert->wanted > 0)
    return FALSE;
  return in == NULL || in->wanted > 0 || (!expert->early && !expert->guessed && expert->layer != in->layer);
}

/* Whether one should leave rather than other. A sweep comes to every expert of the layers that it has not seen yet; those behind it
 * come last. */
static gboolean
leaves_first (const L4Stream *self, gsize one, gsize other)
{
  const L4StreamExpert *a = l4_stream_expert (self, one), *b = l4_stream_expert (self, other);
  gboolean ahead = a->layer >= self->swept, other_ahead = b->layer >= self->swept;
  gboolean soon = a->early || a->guessed, other_soon = b->early || b->guessed;

  if (soon != other_soon)
    return other_soon;
  if (self->swept > 0 && ahead != other_ahead)
    return other_ahead;
  return heat_of (self, one) < heat_of (self, other);
}

/* The slot that is best given up for the expert; n_slots: none. */
static gsize
choose_slot (const L4Stream *self, const L4StreamExpert *in)
{
  gsize best = self->n_slots;

  for (gsize s = 0; s < self->n_slots; s++) {
    gsize owner = self->owners[s];

    if (self->slots[s] == NULL)
      continue;
    if (owner == 0)
      return s;
    if (may_leave (l4_stream_expert (self, owner - 1), in)
        && (best == self->n_slots || leaves_first (self, owner - 1, self->owners[best] - 1)))
      best = s;
  }
  return best;
}

/* Whoever is in the slot leaves it. */
static void
empty_slot (L4Stream *self, gsize slot)
{
  if (self->owners[slot] != 0) {
    L4StreamExpert *expert = l4_stream_expert (self, self->owners[slot] - 1);

    expert->state = L4_STREAM_ABSENT;
    expert->early = FALSE;
  }
  self->owners[slot] = 0;
}

/* A slot more, if there may be one and the system has the memory. */
static gsize
add_slot (L4Stream *self)
{
  gsize slot = 0;

  if (self->allocated >= self->allowed)
    return self->n_slots;
  while (self->slots[slot] != NULL)
    slot++;
  self->slots[slot] = l4_alloc_raw (self->slot_bytes, "", NULL);
  if (self->slots[slot] == NULL)
    return self->n_slots;
  self->allocated++;
  return slot;
}

gboolean
l4_stream_give_slot (L4Stream *self, gsize index)
{
  L4StreamExpert *expert = l4_stream_expert (self, index);
  gsize slot = choose_slot (self, expert);

  if (slot == self->n_slots || self->owners[slot] != 0) {
    gsize more = add_slot (self);

    slot = more < self->n_slots ? more : slot;
  }
  if (slot == self->n_slots)
    return FALSE;
  empty_slot (self, slot);
  self->owners[slot] = index + 1;
  expert->slot = slot;
  l4_stream_rewind (expert);
  return TRUE;
}

gboolean
l4_stream_free_slots (L4Stream *self)
{
  while (self->allocated > self->allowed) {
    gsize slot = choose_slot (self, NULL);

    if (slot == self->n_slots)
      return FALSE;
    empty_slot (self, slot);
    l4_free (self->slots[slot]);
    self->slots[slot] = NULL;
    self->allocated--;
  }
  return TRUE;
}

/* Without the lock --------------------------------------------------------------------------------------------------------- */

void
l4_stream_allow (L4Stream *self, gsize n_slots)
{
  gint64 until = g_get_monotonic_time () + self->patience;

  g_mutex_lock (&self->lock);
  self->allowed = CLAMP (n_slots, MIN (L4_STREAM_LEAST_SLOTS, self->n_slots), self->n_slots);
  while (!l4_stream_free_slots (self) && g_cond_wait_until (&self->changed, &self->lock, until)) {
    /* All are being read or computed. */
  }
  g_cond_broadcast (&self->work);
  g_mutex_unlock (&self->lock);
}

gsize
l4_stream_n_slots (const L4Stream *self)
{
  return self->allowed;
}
