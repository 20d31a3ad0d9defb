/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film read ahead by a thread of its own, as far as its queue holds. */

#include "run/ahead.h"

#define MOST_BYTES (64u << 20)  /* of pictures that wait; one waits whatever its size */

struct _L4Ahead
{
  L4Film *film;
  L4FilmDecode decode;
  guint64 from, window;
  guint n_frames;
  GFunc on_end;
  gpointer user_data;
  GThread *thread;

  GMutex lock;                  /* of all below */
  GCond changed;
  GQueue samples;               /* of GstSample */
  gsize bytes;                  /* of them */
  gboolean ended, stopped;
  GError *error;
  guint64 position;
};

static gsize
sample_size (GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);

  return buffer != NULL ? gst_buffer_get_size (buffer) : 0;
}

/* Waits for room. FALSE: stopped. (transfer full) */
static gboolean
push (L4Ahead *self, GstSample *sample)
{
  gsize size = sample_size (sample);
  gboolean goes_on;

  g_mutex_lock (&self->lock);
  while (!self->stopped && self->bytes > 0 && self->bytes + size > MOST_BYTES)
    g_cond_wait (&self->changed, &self->lock);
  goes_on = !self->stopped;
  if (goes_on) {
    g_queue_push_tail (&self->samples, sample);
    self->bytes += size;
    g_cond_broadcast (&self->changed);
  }
  g_mutex_unlock (&self->lock);
  if (!goes_on)
    gst_sample_unref (sample);
  return goes_on;
}

static gpointer
run (gpointer data)
{
  L4Ahead *self = data;
  GError *error = NULL;
  GstSample *sample;

  if (l4_film_start (self->film, self->decode, self->from, self->window, self->n_frames, &error))
    while ((sample = l4_film_next (self->film, &error)) != NULL && push (self, sample));
  g_mutex_lock (&self->lock);
  self->error = error;
  self->ended = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  self->on_end (self, self->user_data);
  return NULL;
}

L4Ahead *
l4_ahead_new (L4Film *film, L4FilmDecode decode, guint64 from, guint64 window, guint n_frames, GFunc on_end, gpointer user_data)
{
  L4Ahead *self = g_new0 (L4Ahead, 1);

  self->film = film;
  self->decode = decode;
  self->from = from;
  self->window = window;
  self->n_frames = n_frames;
  self->on_end = on_end;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->samples);
  self->thread = g_thread_new ("l4-ahead", run, self);
  return self;
}

void
l4_ahead_free (L4Ahead *self)
{
  if (self == NULL)
    return;
  l4_ahead_stop (self);
  g_thread_join (self->thread);
  g_queue_clear_full (&self->samples, (GDestroyNotify) gst_sample_unref);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

L4Film *
l4_ahead_get_film (const L4Ahead *self)
{
  return self->film;
}

GstSample *
l4_ahead_pop (L4Ahead *self)
{
  GstSample *sample = NULL;

  g_mutex_lock (&self->lock);
  while (!self->stopped && !self->ended && g_queue_is_empty (&self->samples))
    g_cond_wait (&self->changed, &self->lock);
  if (!self->stopped)
    sample = g_queue_pop_head (&self->samples);
  if (sample != NULL) {
    self->bytes -= sample_size (sample);
    self->position = GST_BUFFER_PTS (gst_sample_get_buffer (sample));
    g_cond_broadcast (&self->changed);
  }
  g_mutex_unlock (&self->lock);
  return sample;
}

void
l4_ahead_stop (L4Ahead *self)
{
  g_mutex_lock (&self->lock);
  self->stopped = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

gboolean
l4_ahead_has_ended (L4Ahead *self)
{
  gboolean ended;

  g_mutex_lock (&self->lock);
  ended = self->ended;
  g_mutex_unlock (&self->lock);
  return ended;
}

const GError *
l4_ahead_get_error (L4Ahead *self)
{
  const GError *error;

  g_mutex_lock (&self->lock);
  error = self->error;
  g_mutex_unlock (&self->lock);
  return error;
}

guint64
l4_ahead_get_position (L4Ahead *self)
{
  guint64 position;

  g_mutex_lock (&self->lock);
  position = self->position;
  g_mutex_unlock (&self->lock);
  return position;
}
