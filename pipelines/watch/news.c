/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cameras have to say: one queue of it for all of them, each of which has a thread of its own. */

#include "watch/news.h"

struct _L4NewsQueue
{
  GAsyncQueue *queue;
  guint most;
  guint n;                      /* of what is said in the queue; lock of the queue */
  guint64 left_out;             /* lock of the queue */
};

void
l4_news_free (L4News *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self->record);
  g_clear_pointer (&self->picture, gst_sample_unref);
  g_free (self);
}

L4NewsQueue *
l4_news_queue_new (guint most_windows)
{
  L4NewsQueue *self = g_new0 (L4NewsQueue, 1);

  self->queue = g_async_queue_new_full ((GDestroyNotify) l4_news_free);
  self->most = most_windows;
  return self;
}

void
l4_news_queue_free (L4NewsQueue *self)
{
  if (self == NULL)
    return;
  g_async_queue_unref (self->queue);
  g_free (self);
}

static gboolean
is_said (const L4News *event)
{
  return event->kind == L4_NEWS_WINDOW || event->kind == L4_NEWS_SUMMARY || event->kind == L4_NEWS_PARTIAL;
}

void
l4_news_queue_push (L4NewsQueue *self, L4News *event)
{
  gboolean said = is_said (event), room;

  g_async_queue_lock (self->queue);
  room = !said || self->n < self->most;
  self->n += said && room;
  self->left_out += !room && event->kind != L4_NEWS_PARTIAL;
  if (room)
    g_async_queue_push_unlocked (self->queue, event);
  g_async_queue_unlock (self->queue);
  if (!room)
    l4_news_free (event);
}

L4News *
l4_news_queue_pop (L4NewsQueue *self, guint64 microseconds)
{
  L4News *event;

  g_async_queue_lock (self->queue);
  event = g_async_queue_timeout_pop_unlocked (self->queue, microseconds);
  if (event != NULL && is_said (event))
    self->n--;
  g_async_queue_unlock (self->queue);
  return event;
}

guint64
l4_news_queue_get_left_out (L4NewsQueue *self)
{
  guint64 n;

  g_async_queue_lock (self->queue);
  n = self->left_out;
  g_async_queue_unlock (self->queue);
  return n;
}
