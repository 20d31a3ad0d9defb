/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows that show the scene described last: they are not described again. For the streaming thread. */

#include "gstllama4describe.h"

GST_DEBUG_CATEGORY_EXTERN (gst_llama4_describe_debug);
#define GST_CAT_DEFAULT gst_llama4_describe_debug

/* Messages of them come no more often, in microseconds. */
#define TELL_EVERY G_TIME_SPAN_MINUTE

static void
set_scene_start (GstLlama4Describe * self, GstClockTime start)
{
  GST_OBJECT_LOCK (self);
  self->scene_start = start;
  GST_OBJECT_UNLOCK (self);
}

void
gst_llama4_repeat_reset (GstLlama4Describe * self)
{
  gst_llama4_scene_reset (self->scene);
  set_scene_start (self, GST_CLOCK_TIME_NONE);
  self->n_untold = 0;
}

/* Whether what was said of the scene holds: its window was described, or will be, as it would be now. */
static gboolean
is_said (GstLlama4Describe * self)
{
  gboolean said;

  GST_OBJECT_LOCK (self);
  said = GST_CLOCK_TIME_IS_VALID (self->scene_start) && self->lost != self->scene_start;
  GST_OBJECT_UNLOCK (self);
  return said;
}

static gboolean
shows_scene (GstLlama4Describe * self, const GstLlama4Glance * glances, guint n)
{
  for (guint i = 0; i < n; i++)
    if (!gst_llama4_scene_has (self->scene, &glances[i]))
      return FALSE;
  return n > 0;
}

/* Tells of all windows left out since the latest message. */
static void
tell (GstLlama4Describe * self, const GstLlama4Window * window)
{
  gint64 now = g_get_monotonic_time ();

  if (self->n_untold++ == 0)
    self->untold_since = window->start;
  if (self->told != 0 && now - self->told < TELL_EVERY)
    return;
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self),
          gst_structure_new (GST_LLAMA4_UNCHANGED_MESSAGE, "start", G_TYPE_UINT64, self->untold_since, "end", G_TYPE_UINT64, window->end,
              "windows", G_TYPE_UINT, self->n_untold, NULL)));
  self->told = now;
  self->n_untold = 0;
}

/* The text that stands is said of the window too. */
static void
extend (GstLlama4Describe * self, const GstLlama4Window * window)
{
  GstLlama4Item *item = gst_llama4_item_new (GST_LLAMA4_ITEM_TEXT);

  item->start = window->start;
  item->end = window->text_end;
  item->late = item->hasty = self->skips;
  item->segment_number = self->segment_number;
  gst_llama4_worker_push_output (self, item, FALSE);
}

gboolean
gst_llama4_repeat_window (GstLlama4Describe * self, const GstLlama4Window * window)
{
  g_autofree GstLlama4Glance *glances = g_new (GstLlama4Glance, window->frames->len);
  GstLlama4Repeat repeat;

  for (guint i = 0; i < window->frames->len; i++) {
    const GstLlama4Frame *frame = g_ptr_array_index (window->frames, i);

    gst_llama4_glance_at_picture (&frame->picture, frame->time, &glances[i]);
  }
  /* what has been detected is news, even where it is too small to be seen so */
  if ((window->objects != NULL && window->objects->len > 0) || !is_said (self) || !shows_scene (self, glances, window->frames->len)) {
    gst_llama4_scene_learn (self->scene, glances, window->frames->len);
    /* what was said of something that happens does not hold of the time after it */
    set_scene_start (self, gst_llama4_scene_is_still (self->scene) ? window->start : GST_CLOCK_TIME_NONE);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->stats.unchanged++;
  repeat = self->settings.repeat;
  GST_OBJECT_UNLOCK (self);
  GST_DEBUG_OBJECT (self, "window from %.1f s shows the scene of the one from %.1f s", window->start / 1e9, self->scene_start / 1e9);
  if (repeat == GST_LLAMA4_REPEAT_EXTEND)
    extend (self, window);
  tell (self, window);
  return TRUE;
}
