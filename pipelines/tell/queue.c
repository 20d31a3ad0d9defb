/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alerts that wait until a receiver has them. */

#include "tell/queue.h"

#include <string.h>

#include "base/error.h"

#define LONGEST_WAIT 60000      /* ms */

static void
item_free (L4TellItem *self)
{
  g_free (self->record);
  g_free (self);
}

void
l4_tell_queue_init (L4TellQueue *self, const L4TellBounds *bounds)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->items);
  self->bounds.most = bounds->most > 0 ? bounds->most : L4_TELL_MOST;
  self->bounds.most_bytes = bounds->most_bytes > 0 ? bounds->most_bytes : L4_TELL_MOST_BYTES;
}

void
l4_tell_queue_clear (L4TellQueue *self)
{
  g_queue_clear_full (&self->items, (GDestroyNotify) item_free);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
}

static void
take_out (L4TellQueue *self, GList *link)
{
  L4TellItem *item = link->data;

  self->bytes -= item->length;
  g_queue_delete_link (&self->items, link);
  item_free (item);
  g_cond_broadcast (&self->changed);
}

static gboolean
is_full (const L4TellQueue *self)
{
  return self->items.length > self->bounds.most || self->bytes > self->bounds.most_bytes;
}

static void
make_room (L4TellQueue *self)
{
  for (GList *link = self->items.head, *next; link != NULL && is_full (self); link = next) {
    L4TellItem *item = link->data;

    next = link->next;
    if (item->parts > 0)
      continue;
    if (self->on_dropped != NULL)
      self->on_dropped (item->rule);
    take_out (self, link);
    self->dropped++;
  }
}

void
l4_tell_queue_add (L4TellQueue *self, const L4Alert *alert, const void *rule)
{
  L4TellItem *item = g_new0 (L4TellItem, 1);

  item->record = g_strdup (alert->record);
  item->length = strlen (item->record);
  item->rule = rule;
  item->on = alert->on;
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->items, item);
  self->bytes += item->length;
  make_room (self);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
l4_tell_queue_remove (L4TellQueue *self, GList *link, gboolean told)
{
  if (told)
    self->told++;
  else
    self->refused++;
  take_out (self, link);
}

void
l4_tell_queue_get_counters (L4TellQueue *self, L4TellCounters *counters)
{
  g_mutex_lock (&self->lock);
  *counters = (L4TellCounters) { self->told, self->items.length, self->dropped, self->refused };
  g_mutex_unlock (&self->lock);
}

gboolean
l4_tell_queue_wait_empty (L4TellQueue *self, guint ms)
{
  gint64 end = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;
  gboolean empty;

  g_mutex_lock (&self->lock);
  while (self->items.length > 0 && g_cond_wait_until (&self->changed, &self->lock, end));
  empty = self->items.length == 0;
  g_mutex_unlock (&self->lock);
  return empty;
}

void
l4_tell_queue_end (L4TellQueue *self)
{
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

guint
l4_tell_wait_ms (guint first_ms, guint failures)
{
  guint64 ms = first_ms;

  for (guint i = 1; i < failures && ms < LONGEST_WAIT; i++)
    ms *= 2;
  return MIN (ms, LONGEST_WAIT);
}

void
l4_tell_voice_init (L4TellVoice *self, L4TellReport report, gpointer data)
{
  g_mutex_init (&self->lock);
  self->report = report;
  self->data = data;
}

void
l4_tell_voice_clear (L4TellVoice *self)
{
  g_mutex_clear (&self->lock);
  g_free (self->last);
}

void
l4_tell_say (L4TellVoice *self, gboolean trouble, const char *format, ...)
{
  g_autofree char *text = NULL, *line = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  line = l4_text_to_line (text, -1);
  g_mutex_lock (&self->lock);
  if (trouble ? g_strcmp0 (self->last, line) != 0 : self->last != NULL) {
    if (self->report != NULL)
      self->report (trouble, line, self->data);
    g_free (self->last);
    self->last = trouble ? g_steal_pointer (&line) : NULL;
  }
  g_mutex_unlock (&self->lock);
}

void
l4_tell_say_dropped (L4TellVoice *self, L4TellQueue *queue, const char *who)
{
  L4TellCounters now;

  l4_tell_queue_get_counters (queue, &now);
  if (now.dropped > self->dropped)
    l4_tell_say (self, TRUE, _("%s: the queue is full, the oldest alerts are dropped"), who);
  else if (now.waiting == 0)
    l4_tell_say (self, FALSE, _("%s: all that waited was told; alerts dropped: %" PRIu64), who, now.dropped);
  self->dropped = now.dropped;
}

void
l4_tell_hush (L4TellVoice *self)
{
  g_mutex_lock (&self->lock);
  self->report = NULL;
  g_mutex_unlock (&self->lock);
}
