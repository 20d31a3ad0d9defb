/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which frames belong to which stretch of time: sampling by time stamps alone. */

#include "window.h"

/* A window that still takes frames. */
typedef struct
{
  GstClockTime start, end;
  GstClockTime text_end;
  gboolean is_cut;              /* ends at a cut, and nothing is waited for */
  GstClockTime aim;             /* the end that its targets are spread to */
  guint n_taken;                /* targets passed so far */
  GstLlama4Role role;           /* of the frame just asked about */
  GstLlama4Roll *roll;
} Open;

struct _GstLlama4Sampler
{
  GstClockTime length;
  GstClockTime step;            /* from one window's start to the next's */
  GstClockTime shortest;        /* 0: no cuts */
  GstClockTime preroll;         /* kept while shut; 0: never shut */
  GstClockTime apart;           /* between frames that are not sure to be shown */
  guint n_frames;
  GstClockTime next;            /* start of the next window to open; NONE: the first frame's time */
  gboolean is_shut;             /* none opens by itself, and none sooner than */
  GstClockTime over;            /* where the latest ended */
  GstClockTime end;             /* of the stream, or NONE */
  GstClockTime interval;        /* the latest from a frame to the next */
  GstClockTime last;            /* frame asked about, or NONE */
  GstClockTime taken;           /* latest frame taken, or NONE */
  GQueue open;                  /* of Open, earliest first */
  GstClockTime doubt;           /* time of a frame that may be the first of a shot, or NONE */
  GPtrArray *doubtful;          /* of GstLlama4Frame, from there on */
};

static Open *
open_new (GstLlama4Sampler * self, GstClockTime start, GstLlama4Roll * roll)
{
  Open *open = g_new0 (Open, 1);

  open->start = start;
  open->end = start + self->length;
  open->text_end = start + self->step;
  open->roll = roll;
  g_queue_push_tail (&self->open, open);
  return open;
}

static void
open_free (gpointer data)
{
  Open *open = data;

  gst_llama4_roll_free (open->roll);
  g_free (open);
}

GstLlama4Window *
gst_llama4_window_copy (const GstLlama4Window * self)
{
  GstLlama4Window *copy = g_new (GstLlama4Window, 1);

  *copy = *self;
  copy->objects = NULL;
  copy->frames = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_llama4_frame_unref);
  for (guint i = 0; i < self->frames->len; i++)
    g_ptr_array_add (copy->frames, gst_llama4_frame_ref (g_ptr_array_index (self->frames, i)));
  return copy;
}

void
gst_llama4_window_free (GstLlama4Window * self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->frames);
  g_clear_pointer (&self->objects, g_ptr_array_unref);
  g_free (self);
}

GstLlama4Sampler *
gst_llama4_sampler_new (void)
{
  GstLlama4Sampler *self = g_new0 (GstLlama4Sampler, 1);

  g_queue_init (&self->open);
  self->doubtful = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_llama4_frame_unref);
  gst_llama4_sampler_set (self, GST_SECOND, 0, 1, 0);
  return self;
}

void
gst_llama4_sampler_free (GstLlama4Sampler * self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->open, open_free);
  g_ptr_array_unref (self->doubtful);
  g_free (self);
}

void
gst_llama4_sampler_reset (GstLlama4Sampler * self)
{
  g_queue_clear_full (&self->open, open_free);
  self->next = self->end = self->last = self->taken = self->doubt = GST_CLOCK_TIME_NONE;
  self->is_shut = self->preroll > 0;
  self->over = 0;
  g_ptr_array_set_size (self->doubtful, 0);
  self->interval = 0;
}

void
gst_llama4_sampler_set (GstLlama4Sampler * self, GstClockTime length, GstClockTime overlap, guint n_frames, GstClockTime shortest)
{
  gst_llama4_sampler_reset (self);
  self->length = length;
  self->step = length - overlap;
  self->n_frames = n_frames;
  self->shortest = MIN (shortest, length / 4);
}

void
gst_llama4_sampler_set_preroll (GstLlama4Sampler * self, GstClockTime preroll)
{
  self->preroll = preroll;
}

void
gst_llama4_sampler_set_apart (GstLlama4Sampler * self, GstClockTime apart)
{
  self->apart = apart;
}

void
gst_llama4_sampler_begin (GstLlama4Sampler * self, GstClockTime from)
{
  self->next = from;
  self->over = GST_CLOCK_TIME_IS_VALID (from) ? from : 0;
}

void
gst_llama4_sampler_set_end (GstLlama4Sampler * self, GstClockTime end)
{
  self->end = end;
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
    window->text_end = MIN (end, open->text_end);
    window->frames = gst_llama4_roll_choose (open->roll, open->n_taken == self->n_frames && end <= open->aim + self->interval
        && !open->is_cut);
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
  if (self->is_shut)
    return;
  for (self->next = next_start (self, time); self->next <= time; self->next += self->step)
    open_new (self, self->next, gst_llama4_roll_new (self->n_frames));
}

GstClockTime
gst_llama4_sampler_start_of (const GstLlama4Sampler * self, GstClockTime time)
{
  GstClockTime next = next_start (self, time);
  const Open *last = g_queue_peek_tail ((GQueue *) & self->open);

  if (self->is_shut)
    return time;
  if (next <= time)
    return next + (time - next) / self->step * self->step;
  return last != NULL ? last->start : time;
}

/* Until a whole window may be lengthened by a cut just behind it. */
static gboolean
is_complete (const GstLlama4Sampler * self, const Open * open, GstClockTime time)
{
  GstClockTime held = open->start + self->step + self->shortest;

  return open->end <= time && (self->shortest == 0 || open->is_cut || held <= time);
}

GstLlama4Window *
gst_llama4_sampler_advance (GstLlama4Sampler * self, GstClockTime time)
{
  Open *first;

  while ((first = g_queue_peek_head (&self->open)) != NULL && is_complete (self, first, time)) {
    GstLlama4Window *window = close_first (self, first->end);

    if (window != NULL)
      return window;
  }
  return NULL;
}

GstClockTime
gst_llama4_sampler_settled (const GstLlama4Sampler * self, GstClockTime time)
{
  const Open *first = self->open.head != NULL ? self->open.head->data : NULL;

  if (self->is_shut && first == NULL)
    return time > self->preroll ? MAX (time - self->preroll, self->over) : self->over;
  return MIN (time, first != NULL ? first->start : next_start (self, time));
}

/* When the window's target number n is due: evenly spread, the last one where its last frame is expected. */
static GstClockTime
target (const GstLlama4Sampler * self, const Open * open, guint n)
{
  GstClockTime length = open->aim - open->start;
  GstClockTime span = length - MIN (self->interval, length);

  return open->start + (self->n_frames > 1 ? gst_util_uint64_scale (span, n, self->n_frames - 1) : 0);
}

/* Whether a frame at `time` is at its place in the window. */
static gboolean
take_targets (const GstLlama4Sampler * self, Open * open, GstClockTime time)
{
  gboolean any = FALSE;

  open->aim = self->end > open->start ? MIN (self->end, open->end) : open->end; /* NONE is the largest */
  /* half an interval early is nearer than half an interval late */
  while (open->n_taken < self->n_frames && time + self->interval / 2 >= target (self, open, open->n_taken)) {
    open->n_taken++;
    any = TRUE;
  }
  return any;
}

/* The latest frame is always kept: what is known of the stream's end is not exact, and it may end with any. */
static GstLlama4Role
choose_role (const GstLlama4Sampler * self, Open * open, GstClockTime time)
{
  if (time >= open->end)        /* held back */
    return GST_LLAMA4_UNWANTED;
  if (take_targets (self, open, time))
    return GST_LLAMA4_PLACE;
  if (gst_llama4_roll_wants (open->roll, time, self->interval))
    return GST_LLAMA4_RESERVE;
  return self->n_frames > 1 ? GST_LLAMA4_LATEST : GST_LLAMA4_UNWANTED;
}

/* Whether the frame at `time` may be of a window that begins before it, as far as is known; a few of each preroll are enough. */
static gboolean
is_kept (const GstLlama4Sampler * self, GstClockTime time)
{
  const GstLlama4Frame *last = self->doubtful->len > 0 ? self->doubtful->pdata[self->doubtful->len - 1] : NULL;

  return time >= self->doubt || (self->is_shut && (last == NULL || time >= last->time + self->preroll / self->n_frames / 2));
}

/* Whether another frame was taken just before; the pre-roll is to have enough for a window. */
static gboolean
is_close (const GstLlama4Sampler * self, GstClockTime time)
{
  GstClockTime apart = self->is_shut ? MIN (self->apart, self->preroll / self->n_frames / 2) : self->apart;

  return GST_CLOCK_TIME_IS_VALID (self->taken) && time < self->taken + apart;
}

GstLlama4Role
gst_llama4_sampler_wants (GstLlama4Sampler * self, GstClockTime time, GstClockTime interval)
{
  GstLlama4Role most = is_kept (self, time) ? GST_LLAMA4_RESERVE : GST_LLAMA4_UNWANTED;

  if (GST_CLOCK_TIME_IS_VALID (self->last) && time <= self->last)      /* times that go back a little are waited for to come forth again */
    return GST_LLAMA4_UNWANTED;
  self->last = time;
  self->interval = interval;
  open_windows (self, time);
  for (GList * link = self->open.head; link != NULL; link = link->next) {
    Open *open = link->data;

    open->role = choose_role (self, open, time);
    most = MAX (most, open->role);
  }
  return most == GST_LLAMA4_PLACE || time >= self->doubt || !is_close (self, time) ? most : GST_LLAMA4_UNWANTED;
}

/* Drops the frames kept from before `from`. */
static void
keep_from (GstLlama4Sampler * self, GstClockTime from)
{
  while (self->doubtful->len > 0 && ((GstLlama4Frame *) g_ptr_array_index (self->doubtful, 0))->time < from)    /* NONE is the largest */
    g_ptr_array_remove_index (self->doubtful, 0);
}

void
gst_llama4_sampler_doubt (GstLlama4Sampler * self, GstClockTime from)
{
  self->doubt = from;
  if (!self->is_shut)
    keep_from (self, from);
}

void
gst_llama4_sampler_take (GstLlama4Sampler * self, GstLlama4Frame * frame)
{
  for (GList * link = self->open.head; link != NULL; link = link->next) {
    Open *open = link->data;

    if (open->role != GST_LLAMA4_UNWANTED)
      gst_llama4_roll_add (open->roll, frame, open->role);
    open->role = GST_LLAMA4_UNWANTED;
  }
  self->taken = frame->time;
  if (is_kept (self, frame->time))
    g_ptr_array_add (self->doubtful, gst_llama4_frame_ref (frame));
  if (self->is_shut && frame->time > self->preroll)
    keep_from (self, MIN (frame->time - self->preroll, self->doubt));   /* NONE is the largest */
  gst_llama4_frame_unref (frame);
}

/* Cuts ------------------------------------------------------------------------------------------------------------------ */

/* The last window that a cut at `time` would not make too short, or NULL. */
static Open *
find_cut_one (GstLlama4Sampler * self, GstClockTime time)
{
  for (GList * link = self->open.tail; link != NULL; link = link->prev) {
    Open *open = link->data;

    if (open->start < time && time - open->start >= self->shortest)
      return open;
  }
  return NULL;
}

typedef struct
{
  const GstLlama4Sampler *sampler;
  Open *open;
} Placing;

static GstLlama4Role
place (GstClockTime time, gpointer user_data)
{
  const Placing *placing = user_data;

  return take_targets (placing->sampler, placing->open, time) ? GST_LLAMA4_PLACE : GST_LLAMA4_RESERVE;
}

/* A window that starts at `time` with the frames that were kept, and the next one a step later. */
static void
open_with_kept (GstLlama4Sampler * self, GstClockTime time)
{
  GstLlama4Roll *roll = gst_llama4_roll_new (self->n_frames);
  Open *fresh;

  for (guint i = 0; i < self->doubtful->len; i++)
    gst_llama4_roll_add (roll, g_ptr_array_index (self->doubtful, i), GST_LLAMA4_RESERVE);
  fresh = open_new (self, time, roll);
  gst_llama4_roll_place (roll, place, &(Placing) { self, fresh });
  self->next = time + self->step;
}

/* What begins shortly before the cut goes on to what was there before; what begins behind it, to the new window. Where frames are far apart,
 * none may have come of the window that would have been next: the one before was seen until the cut. */
gboolean
gst_llama4_sampler_cut (GstLlama4Sampler * self, GstClockTime time)
{
  Open *cut = find_cut_one (self, time);

  if (cut == NULL || cut->end + self->length <= time)
    return FALSE;
  for (GList * link = self->open.head; link != NULL; link = link->next) {
    Open *open = link->data;

    gst_llama4_roll_end (open->roll, time);
    if (open->start > cut->start)
      gst_llama4_roll_join (cut->roll, open->roll);
    else if (open == cut || open->end > time)
      open->is_cut = TRUE;
    open->end = MIN (open->end, time);
  }
  while (g_queue_peek_tail (&self->open) != cut)
    open_free (g_queue_pop_tail (&self->open));
  cut->end = cut->text_end = time;
  gst_llama4_sampler_doubt (self, time);
  open_with_kept (self, time);
  return TRUE;
}

/* Motion ---------------------------------------------------------------------------------------------------------------- */

gboolean
gst_llama4_sampler_is_shut (const GstLlama4Sampler * self)
{
  return self->is_shut;
}

void
gst_llama4_sampler_open (GstLlama4Sampler * self, GstClockTime time)
{
  GstClockTime from = MAX (time > self->preroll ? time - self->preroll : 0, self->over);

  if (from > time)              /* nothing is to be described yet */
    return;
  keep_from (self, from);
  self->is_shut = FALSE;
  open_with_kept (self, self->doubtful->len > 0 ? ((GstLlama4Frame *) self->doubtful->pdata[0])->time : time);
  gst_llama4_sampler_doubt (self, self->doubt);
}

void
gst_llama4_sampler_shut (GstLlama4Sampler * self, GstClockTime time)
{
  for (GList * link = self->open.head; link != NULL; link = link->next) {
    Open *open = link->data;

    open->is_cut |= open->end > time;
    open->end = MAX (MIN (open->end, time), open->start + 1);
  }
  self->is_shut = TRUE;
  self->over = time;
}

GstLlama4Window *
gst_llama4_sampler_drain (GstLlama4Sampler * self, GstClockTime time)
{
  Open *first;

  while ((first = g_queue_peek_head (&self->open)) != NULL) {
    GstLlama4Window *window = close_first (self, CLAMP (time, first->start + 1, first->end));

    if (window != NULL)
      return window;
  }
  self->next = self->last = self->taken = GST_CLOCK_TIME_NONE;
  gst_llama4_sampler_doubt (self, GST_CLOCK_TIME_NONE);
  return NULL;
}
