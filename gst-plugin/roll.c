/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frames of one window while it is open: those at their places, and a reserve for an end that nobody foresaw. */

#include "roll.h"

#define MAX_MORE 16             /* frames that the reserve may hold beyond those to show */

typedef struct
{
  GstLlama4Frame *frame;
  GstLlama4Role role;           /* the latest frame alone can be LATEST */
  gboolean in_reserve;
} Item;

struct _GstLlama4Roll
{
  guint n_frames;
  GArray *items;                /* of Item, by time */
  guint n_reserve;
  GstClockTime first, last;     /* of the reserve */
  GstClockTime stride;          /* of the reserve; 0: every frame */
};

static void
item_clear (gpointer data)
{
  gst_llama4_frame_unref (((Item *) data)->frame);
}

GstLlama4Roll *
gst_llama4_roll_new (guint n_frames)
{
  GstLlama4Roll *self = g_new0 (GstLlama4Roll, 1);

  self->n_frames = n_frames;
  self->items = g_array_new (FALSE, FALSE, sizeof (Item));
  g_array_set_clear_func (self->items, item_clear);
  return self;
}

void
gst_llama4_roll_free (GstLlama4Roll * self)
{
  if (self == NULL)
    return;
  g_array_unref (self->items);
  g_free (self);
}

static Item *
nth (const GstLlama4Roll * self, guint index)
{
  return &g_array_index (self->items, Item, index);
}

static GstClockTime
time_of (const GstLlama4Roll * self, guint index)
{
  return nth (self, index)->frame->time;
}

gboolean
gst_llama4_roll_wants (const GstLlama4Roll * self, GstClockTime time, GstClockTime interval)
{
  if (self->n_frames == 1)      /* the first one is there */
    return FALSE;
  return self->n_reserve == 0 || time + interval / 2 >= self->last + self->stride;
}

/* Doubles the stride, and takes out of the reserve what stands closer. */
static void
thin_out (GstLlama4Roll * self)
{
  GstClockTime kept = GST_CLOCK_TIME_NONE;
  guint to = 0;

  self->stride = 2 * (self->last - self->first) / (self->n_reserve - 1);
  self->n_reserve = 0;
  for (guint from = 0; from < self->items->len; from++) {
    Item *item = nth (self, from);

    if (item->in_reserve && GST_CLOCK_TIME_IS_VALID (kept) && item->frame->time < kept + self->stride / 4 * 3)
      item->in_reserve = FALSE;
    if (item->in_reserve) {
      kept = item->frame->time;
      self->n_reserve++;
    }
    if (item->in_reserve || item->role == GST_LLAMA4_PLACE)
      *nth (self, to++) = *item;
    else
      item_clear (item);
  }
  g_array_set_clear_func (self->items, NULL);   /* those behind have moved or are cleared */
  g_array_set_size (self->items, to);
  g_array_set_clear_func (self->items, item_clear);
  self->last = kept;
}

void
gst_llama4_roll_add (GstLlama4Roll * self, GstLlama4Frame * frame, GstLlama4Role role)
{
  Item item = { gst_llama4_frame_ref (frame), role, FALSE };

  if (self->items->len > 0 && nth (self, self->items->len - 1)->role == GST_LLAMA4_LATEST)
    g_array_set_size (self->items, self->items->len - 1);
  item.in_reserve = role >= GST_LLAMA4_RESERVE && (role == GST_LLAMA4_RESERVE || gst_llama4_roll_wants (self, frame->time, 0));
  g_array_append_val (self->items, item);
  if (!item.in_reserve)
    return;
  if (self->n_reserve++ == 0)
    self->first = frame->time;
  self->last = frame->time;
  if (self->n_reserve > self->n_frames + MIN (self->n_frames, MAX_MORE) && self->n_reserve > 2)
    thin_out (self);
}

void
gst_llama4_roll_end (GstLlama4Roll * self, GstClockTime time)
{
  guint n = 0;

  self->n_reserve = 0;
  for (; n < self->items->len && time_of (self, n) < time; n++)
    if (nth (self, n)->in_reserve) {
      self->n_reserve++;
      self->last = time_of (self, n);
    }
  g_array_set_size (self->items, n);
}

void
gst_llama4_roll_join (GstLlama4Roll * self, const GstLlama4Roll * other)
{
  for (guint i = 0; i < other->items->len; i++)
    if (self->items->len == 0 || time_of (other, i) > time_of (self, self->items->len - 1))
      gst_llama4_roll_add (self, nth (other, i)->frame, MIN (nth (other, i)->role, GST_LLAMA4_RESERVE));
}

void
gst_llama4_roll_place (GstLlama4Roll * self, GstLlama4Role (*choose) (GstClockTime time, gpointer user_data), gpointer user_data)
{
  for (guint i = 0; i < self->items->len; i++)
    nth (self, i)->role = choose (time_of (self, i), user_data);
}

/* The frame nearest to `time` among those from `from` to before `to`. */
static guint
nearest (const GstLlama4Roll * self, GstClockTime time, guint from, guint to)
{
  guint best = from;

  for (guint i = from; i < to; i++)
    if (ABS (GST_CLOCK_DIFF (time_of (self, i), time)) < ABS (GST_CLOCK_DIFF (time_of (self, best), time)))
      best = i;
  return best;
}

GPtrArray *
gst_llama4_roll_choose (const GstLlama4Roll * self, gboolean whole)
{
  GPtrArray *frames = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_llama4_frame_unref);
  guint n = self->items->len, next = 0;

  if (whole || n <= self->n_frames) {
    for (guint i = 0; i < n; i++)
      if (!whole || nth (self, i)->role == GST_LLAMA4_PLACE)
        g_ptr_array_add (frames, gst_llama4_frame_ref (nth (self, i)->frame));
    return frames;
  }
  for (guint i = 0; i < self->n_frames; i++) {
    GstClockTime span = time_of (self, n - 1) - time_of (self, 0);
    GstClockTime ideal = time_of (self, 0) + (i > 0 ? gst_util_uint64_scale (span, i, self->n_frames - 1) : 0);

    next = nearest (self, ideal, next, n - (self->n_frames - 1 - i));   /* leaving enough for the others */
    g_ptr_array_add (frames, gst_llama4_frame_ref (nth (self, next++)->frame));
  }
  return frames;
}
