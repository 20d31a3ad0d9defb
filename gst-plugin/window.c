/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which frames belong to which stretch of time: sampling by time stamps alone. */

#include "window.h"

/* A window that still takes frames. */
typedef struct
{
  GstClockTime start;
  guint n_taken;                /* targets passed so far */
  gboolean wants;               /* the frame just asked about */
  GPtrArray *frames;
} Open;

struct _GstLlama4Sampler
{
  GstClockTime length;
  GstClockTime step;            /* from one window's start to the next's */
  guint n_frames;
  GstClockTime next;            /* start of the next window to open; NONE: the first frame's time */
  GQueue open;                  /* of Open, earliest first */
};

static void
open_free (gpointer data)
{
  Open *open = data;

  g_ptr_array_unref (open->frames);
  g_free (open);
}

void
gst_llama4_window_free (GstLlama4Window * self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->frames);
  g_free (self);
}

GstLlama4Sampler *
gst_llama4_sampler_new (void)
{
  GstLlama4Sampler *self = g_new0 (GstLlama4Sampler, 1);

  g_queue_init (&self->open);
  gst_llama4_sampler_set (self, GST_SECOND, 0, 1);
  return self;
}

void
gst_llama4_sampler_free (GstLlama4Sampler * self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->open, open_free);
  g_free (self);
}

void
gst_llama4_sampler_reset (GstLlama4Sampler * self)
{
  g_queue_clear_full (&self->open, open_free);
  self->next = GST_CLOCK_TIME_NONE;
}

void
gst_llama4_sampler_begin (GstLlama4Sampler * self, GstClockTime from)
{
  self->next = from;
}

void
gst_llama4_sampler_set (GstLlama4Sampler * self, GstClockTime length, GstClockTime overlap, guint n_frames)
{
  gst_llama4_sampler_reset (self);
  self->length = length;
  self->step = length - overlap;
  self->n_frames = n_frames;
}

/* The earliest open window, which ends at `end`; NULL if it has seen nothing. */
static GstLlama4Window *
close_first (GstLlama4Sampler * self, GstClockTime end)
{
  Open *open = g_queue_pop_head (&self->open);
  GstLlama4Window *window = NULL;

  if (open->n_taken > 0) {
    window = g_new0 (GstLlama4Window, 1);
    window->start = open->start;
    window->end = end;
    window->text_end = MIN (end, open->start + self->step);
    window->frames = g_ptr_array_ref (open->frames);
  }
  open_free (open);
  return window;
}

/* Start of the next window that a frame at `time` opens or will open: a jump leaves out what nothing was seen of. */
static GstClockTime
next_start (const GstLlama4Sampler * self, GstClockTime time)
{
  if (!GST_CLOCK_TIME_IS_VALID (self->next))
    return time;
  if (time < self->next + self->length)
    return self->next;
  return self->next + ((time - self->next - self->length) / self->step + 1) * self->step;
}

/* Opens the windows that start by `time` and are not over by then. */
static void
open_windows (GstLlama4Sampler * self, GstClockTime time)
{
  for (self->next = next_start (self, time); self->next <= time; self->next += self->step) {
    Open *open = g_new0 (Open, 1);

    open->start = self->next;
    open->frames = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_llama4_frame_unref);
    g_queue_push_tail (&self->open, open);
  }
}

GstLlama4Window *
gst_llama4_sampler_advance (GstLlama4Sampler * self, GstClockTime time)
{
  Open *first;

  while ((first = g_queue_peek_head (&self->open)) != NULL && first->start + self->length <= time) {
    GstLlama4Window *window = close_first (self, first->start + self->length);

    if (window != NULL)
      return window;
  }
  return NULL;
}

GstClockTime
gst_llama4_sampler_settled (const GstLlama4Sampler * self, GstClockTime time)
{
  const Open *first = self->open.head != NULL ? self->open.head->data : NULL;

  return MIN (time, first != NULL ? first->start : next_start (self, time));
}

/* When the window's target number n is due: evenly spread, the last one where its last frame is expected. */
static GstClockTime
target (const GstLlama4Sampler * self, const Open * open, guint n, GstClockTime interval)
{
  GstClockTime span = self->length - MIN (interval, self->length);

  return open->start + (self->n_frames > 1 ? gst_util_uint64_scale (span, n, self->n_frames - 1) : 0);
}

gboolean
gst_llama4_sampler_wants (GstLlama4Sampler * self, GstClockTime time, GstClockTime interval)
{
  gboolean any = FALSE;

  open_windows (self, time);
  for (GList * link = self->open.head; link != NULL; link = link->next) {
    Open *open = link->data;

    open->wants = FALSE;
    /* half an interval early is nearer than half an interval late */
    while (open->n_taken < self->n_frames && time >= open->start
        && time + interval / 2 >= target (self, open, open->n_taken, interval)) {
      open->wants = TRUE;
      open->n_taken++;
    }
    any |= open->wants;
  }
  return any;
}

void
gst_llama4_sampler_take (GstLlama4Sampler * self, GstLlama4Frame * frame)
{
  for (GList * link = self->open.head; link != NULL; link = link->next) {
    Open *open = link->data;

    if (open->wants)
      g_ptr_array_add (open->frames, gst_llama4_frame_ref (frame));
    open->wants = FALSE;
  }
  gst_llama4_frame_unref (frame);
}

GstLlama4Window *
gst_llama4_sampler_drain (GstLlama4Sampler * self, GstClockTime time)
{
  Open *first;

  while ((first = g_queue_peek_head (&self->open)) != NULL) {
    GstClockTime end = CLAMP (time, first->start + 1, first->start + self->length);
    GstLlama4Window *window = close_first (self, end);

    if (window != NULL)
      return window;
  }
  self->next = GST_CLOCK_TIME_NONE;
  return NULL;
}
