/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cameras have to say: one queue of it for all of them, each of which has a thread of its own. */

#include "watch/news.h"

struct _L4NewsQueue
{
  GAsyncQueue *queue;
  guint most;
  guint n, n_partial;           /* of what is said in the queue; lock of the queue */
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

/* How many of its kind wait, which are not to be more than *most; NULL: there may be any number. With lock held. */
static guint *
get_count (L4NewsQueue *self, const L4News *event, guint *most)
{
  *most = event->kind == L4_NEWS_PARTIAL ? MAX (self->most / L4_NEWS_PARTIAL_SHARE, 1) : self->most;
  if (event->kind == L4_NEWS_PARTIAL)
    return &self->n_partial;
  return event->kind == L4_NEWS_WINDOW || event->kind == L4_NEWS_SUMMARY ? &self->n : NULL;
}

void
l4_news_queue_push (L4NewsQueue *self, L4News *event)
{
  gboolean room;
  guint *count, most;

  g_async_queue_lock (self->queue);
  count = get_count (self, event, &most);
  room = count == NULL || *count < most;
  if (count != NULL && room)
    ++*count;
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
  guint *count, most;

  g_async_queue_lock (self->queue);
  event = g_async_queue_timeout_pop_unlocked (self->queue, microseconds);
  count = event != NULL ? get_count (self, event, &most) : NULL;
  if (count != NULL)
    --*count;
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
