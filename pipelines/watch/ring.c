/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last packets of a camera, as it sent them: in memory, so many bytes. */

#include "watch/ring.h"

typedef struct
{
  GstBuffer *packet;
  GstCaps *caps;
  guint64 time;
  gsize bytes;
  guint stream;
  gboolean key;
} Entry;

struct _L4Ring
{
  guint64 most;
  GMutex lock;
  GQueue entries;               /* of Entry; the oldest at the head, which is a key frame */
  guint64 bytes;
  guint stream;
  guint64 latest;               /* time of the stream that comes now */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  gst_buffer_unref (entry->packet);
  gst_caps_unref (entry->caps);
  g_free (entry);
}

L4Ring *
l4_ring_new (guint64 most_bytes)
{
  L4Ring *self = g_new0 (L4Ring, 1);

  self->most = most_bytes;
  g_mutex_init (&self->lock);
  g_queue_init (&self->entries);
  return self;
}

void
l4_ring_free (L4Ring *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->entries, entry_free);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* From the oldest key frame to before the next; or all. */
static void
drop_group (L4Ring *self)
{
  do {
    Entry *entry = g_queue_pop_head (&self->entries);

    self->bytes -= entry->bytes;
    entry_free (entry);
  } while (!g_queue_is_empty (&self->entries) && !((Entry *) g_queue_peek_head (&self->entries))->key);
}

void
l4_ring_push (L4Ring *self, GstCaps *caps, GstBuffer *packet, guint64 time)
{
  gboolean key = !GST_BUFFER_FLAG_IS_SET (packet, GST_BUFFER_FLAG_DELTA_UNIT);
  Entry *entry;

  g_mutex_lock (&self->lock);
  self->latest = MAX (self->latest, time);
  if (key || !g_queue_is_empty (&self->entries)) {
    entry = g_new0 (Entry, 1);
    *entry = (Entry) { gst_buffer_copy_deep (packet), gst_caps_ref (caps), time, gst_buffer_get_size (packet) + sizeof (Entry), self->stream, key };
    GST_BUFFER_PTS (entry->packet) = time;
    if (GST_BUFFER_DTS_IS_VALID (packet) && GST_BUFFER_PTS_IS_VALID (packet))   /* the same way from the time as before */
      GST_BUFFER_DTS (entry->packet) = time + GST_BUFFER_DTS (packet) > GST_BUFFER_PTS (packet) ? time + GST_BUFFER_DTS (packet)
          - GST_BUFFER_PTS (packet) : 0;
    g_queue_push_tail (&self->entries, entry);
    self->bytes += entry->bytes;
  }
  while (self->bytes > self->most && !g_queue_is_empty (&self->entries))
    drop_group (self);
  g_mutex_unlock (&self->lock);
}

void
l4_ring_break (L4Ring *self)
{
  g_mutex_lock (&self->lock);
  self->stream++;
  self->latest = 0;
  g_mutex_unlock (&self->lock);
}

guint
l4_ring_get_stream (L4Ring *self)
{
  guint stream;

  g_mutex_lock (&self->lock);
  stream = self->stream;
  g_mutex_unlock (&self->lock);
  return stream;
}

gboolean
l4_ring_has (L4Ring *self, guint stream, guint64 until)
{
  gboolean has;

  g_mutex_lock (&self->lock);
  has = self->stream != stream || self->latest > until;
  g_mutex_unlock (&self->lock);
  return has;
}

/* Where the cut begins; NULL: nowhere. */
static GList *
find_begin (L4Ring *self, guint stream, guint64 from, guint64 until)
{
  GList *begin = NULL;

  for (GList * link = self->entries.head; link != NULL; link = link->next) {
    const Entry *entry = link->data;

    if (entry->stream == stream && entry->key && (entry->time <= from || (begin == NULL && entry->time <= until)))
      begin = link;
  }
  return begin;
}

GPtrArray *
l4_ring_cut (L4Ring *self, guint stream, guint64 from, guint64 until, GstCaps **caps)
{
  GPtrArray *cut = NULL;
  GList *begin;

  g_mutex_lock (&self->lock);
  begin = find_begin (self, stream, from, until);
  if (begin != NULL) {
    cut = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
    *caps = gst_caps_ref (((Entry *) begin->data)->caps);
    for (GList * link = begin; link != NULL; link = link->next) {
      const Entry *entry = link->data;

      if (entry->stream != stream || (entry->key && entry->time > until) || !gst_caps_is_equal (entry->caps, *caps))
        break;
      if (entry->time <= until)
        g_ptr_array_add (cut, gst_buffer_ref (entry->packet));
    }
  }
  g_mutex_unlock (&self->lock);
  return cut;
}
