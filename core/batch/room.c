/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory for the caches of all conversations of a model. */

#include "batch/room.h"

#include "base/memory.h"

/* How often who waits looks whether it was cancelled, microseconds. */
#define LOOK (100 * G_TIME_SPAN_MILLISECOND)

struct _L4Room
{
  const L4Compute *compute;
  const L4TextConfig *config;
  guint64 limit;
  L4RoomFunc share;             /* NULL: nobody else has any of it */
  gpointer user_data;
  guint64 beside;               /* bytes that a conversation takes beside its cache; 0: they do not count */
  GMutex lock;
  GCond changed;
  guint64 bytes;                /* of all caches */
  guint n_conversations;
  guint n_entered;              /* conversations between enter and leave */
  GQueue waiting;               /* of these, L4Tenant that waits and holds nothing: who came first first */
  GQueue idle;                  /* of L4Tenant with a cache, whose answer has ended: the longest ago first */
};

L4Room *
l4_room_new (const L4Compute *compute, const L4TextConfig *config, guint64 limit)
{
  L4Room *self = g_new0 (L4Room, 1);

  self->compute = compute;
  self->config = config;
  self->limit = limit;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->waiting);
  g_queue_init (&self->idle);
  return self;
}

void
l4_room_share (L4Room *self, guint64 beside, L4RoomFunc func, gpointer user_data)
{
  self->beside = beside;
  self->share = func;
  self->user_data = user_data;
}

/* Bytes of all caches, and of what conversations take beside theirs: all but one, who is counted where the limit is made. */
static guint64
taken (const L4Room *self)
{
  return self->bytes + (MAX (self->n_conversations, 1) - 1) * self->beside;
}

/* Tells who else has memory that caches take, or are about to take, so many bytes. */
static void
tell (L4Room *self, guint64 bytes)
{
  if (self->share != NULL)
    self->share (bytes, self->user_data);
}

void
l4_room_free (L4Room *self)
{
  if (self == NULL)
    return;
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

static void
give_up (L4Room *self, L4Tenant *tenant)
{
  if (tenant->idle != NULL)
    g_queue_delete_link (&self->idle, g_steal_pointer (&tenant->idle));
  g_clear_pointer (&tenant->cache, l4_cache_free);
  self->bytes -= tenant->bytes;
  tenant->bytes = 0;
}

void
l4_room_enter (L4Room *self, L4Tenant *tenant)
{
  g_mutex_lock (&self->lock);
  if (tenant->idle != NULL)
    g_queue_delete_link (&self->idle, g_steal_pointer (&tenant->idle));
  self->n_entered++;
  g_mutex_unlock (&self->lock);
}

void
l4_room_leave (L4Room *self, L4Tenant *tenant)
{
  g_mutex_lock (&self->lock);
  self->n_entered--;
  if (!g_queue_is_empty (&self->waiting)) {     /* if it entered anew before the first of these has looked, it would have it still */
    give_up (self, tenant);
  } else if (tenant->cache != NULL) {
    g_queue_push_tail (&self->idle, tenant);
    tenant->idle = self->idle.tail;
  }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
l4_room_clear (L4Room *self, L4Tenant *tenant)
{
  g_mutex_lock (&self->lock);
  give_up (self, tenant);
  tell (self, taken (self));
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
l4_room_count (L4Room *self, gint change)
{
  g_mutex_lock (&self->lock);
  self->n_conversations += change;
  tell (self, taken (self));
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* Bytes that are left for one more cache. */
static guint64
available (const L4Room *self)
{
  guint64 free = l4_memory_available ();

  return self->limit > 0 ? MIN (free, self->limit - MIN (taken (self), self->limit)) : free;
}

/* Whoever else has the memory gives it up, as far as caches may have it. */
static void
tell_needed (L4Room *self, guint64 needed)
{
  if (needed <= self->limit - MIN (taken (self), self->limit))
    tell (self, taken (self) + needed);
}

static gboolean
refuse (guint64 needed, gint64 capacity, guint64 left, GError **error)
{
  return l4_fail (error, L4_ERROR_MEMORY,
      _("a context of %" PRId64 " tokens needs %.1f MiB of memory, but only %.1f MiB are left"), capacity, needed / 1048576.0,
      left / 1048576.0);
}

/* Waits until nobody has waited longer than the tenant and there are that many bytes: the first of those who wait gets the caches of ended
 * answers, and then those of others when they have ended. */
static gboolean
wait_for_place (L4Room *self, const L4Tenant *tenant, guint64 needed, gint64 capacity, GCancellable *cancellable, GError **error)
{
  while (self->waiting.head->data != tenant || (tell_needed (self, needed), needed > available (self))) {
    gboolean first = self->waiting.head->data == tenant;

    if (g_cancellable_is_cancelled (cancellable))
      return l4_fail (error, L4_ERROR_CANCELLED, _("cancelled"));
    if (first && !g_queue_is_empty (&self->idle))
      give_up (self, g_queue_peek_head (&self->idle));
    else if (!first || self->n_entered > self->waiting.length)
      g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + LOOK);
    else
      return refuse (needed, capacity, available (self), error);
  }
  return TRUE;
}

/* Makes place for that many bytes. Nobody overtakes, or those who need little would keep one who needs much waiting for ever. */
static gboolean
make_place (L4Room *self, L4Tenant *tenant, guint64 needed, gint64 capacity, GCancellable *cancellable, GError **error)
{
  gboolean good;

  if (self->limit > 0 && needed > self->limit)  /* whoever ends */
    return refuse (needed, capacity, self->limit, error);
  g_queue_push_tail (&self->waiting, tenant);
  good = wait_for_place (self, tenant, needed, capacity, cancellable, error);
  g_queue_remove (&self->waiting, tenant);
  g_cond_broadcast (&self->changed);    /* another one is the first now */
  return good;
}

/* Whether there would be so many bytes if no ended answer had a cache. */
static gboolean
idle_would_do (const L4Room *self, guint64 needed)
{
  guint64 idle = 0;

  for (GList *l = self->idle.head; l != NULL; l = l->next)
    idle += ((const L4Tenant *) l->data)->bytes;
  return self->limit > 0 ? needed <= self->limit - MIN (taken (self) - idle, self->limit) : needed <= l4_memory_available () + idle;
}

/* Without waiting, since who waits holds nothing. */
static gboolean
grow (L4Room *self, L4Tenant *tenant, gint64 capacity)
{
  guint64 needed = l4_cache_bytes_to_grow (tenant->cache, self->compute, capacity);

  if (!idle_would_do (self, needed))
    return FALSE;
  while (tell_needed (self, needed), needed > available (self)) {
    if (g_queue_is_empty (&self->idle))
      return FALSE;
    give_up (self, g_queue_peek_head (&self->idle));
  }
  if (!l4_cache_grow (tenant->cache, self->compute, capacity, NULL))
    return FALSE;
  self->bytes -= tenant->bytes;
  tenant->bytes = l4_cache_bytes (self->compute, self->config, tenant->cache->int8, tenant->cache->capacity);
  self->bytes += tenant->bytes;
  return TRUE;
}

gboolean
l4_room_take (L4Room *self, L4Tenant *tenant, gboolean int8, gint64 capacity, GCancellable *cancellable, GError **error)
{
  guint64 needed = l4_cache_bytes (self->compute, self->config, int8, capacity);

  if (tenant->cache != NULL && tenant->cache->int8 == int8 && tenant->cache->capacity >= capacity)
    return TRUE;
  g_mutex_lock (&self->lock);
  if (tenant->cache != NULL && tenant->cache->int8 == int8 && tenant->cache->n_tokens > 0 && grow (self, tenant, capacity)) {
    tell (self, taken (self));
    g_mutex_unlock (&self->lock);
    return TRUE;
  }
  give_up (self, tenant);
  if (make_place (self, tenant, needed, capacity, cancellable, error)) {
    tenant->cache = l4_cache_new (self->compute, self->config, int8, capacity, error);
    tenant->bytes = tenant->cache != NULL ? needed : 0;
    self->bytes += tenant->bytes;
  }
  tell (self, taken (self));
  g_mutex_unlock (&self->lock);
  return tenant->cache != NULL;
}
