/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From frames that pass to windows that are handed to the worker. For the streaming thread. */

#include "extent.h"
#include "gettext.h"
#include "gstllama4describe.h"
#include "moments/pick.h"
#include "objects/watch.h"

GST_DEBUG_CATEGORY_EXTERN (gst_llama4_describe_debug);
#define GST_CAT_DEFAULT gst_llama4_describe_debug

/* No shot shorter than this is a window of its own. */
#define SHORTEST_SHOT (GST_SECOND / 2)

/* A window of motion shows what was before it, and ends when nothing has moved for so long. */
#define PREROLL GST_SECOND
#define QUIET GST_SECOND

/* So many frames there are to choose each that is shown from, but not more in all. */
#define CHOICE 4
#define MOST_CANDIDATES 64

/* What is kept in case a window ends before its time comes no closer where few windows are described: a camera that is watched has
 * another frame soon. */
#define APART (GST_SECOND / GST_LLAMA4_MOTION_MOST_LOOKS)

void
gst_llama4_sampling_set (GstLlama4Describe * self, const GstLlama4Settings * settings)
{
  self->looks_for_cuts = settings->cuts;
  self->when = settings->when;
  gst_llama4_sampler_set_preroll (self->sampler, settings->when == GST_LLAMA4_WHEN_MOTION ? PREROLL : 0);
  gst_llama4_sampler_set_apart (self->sampler, settings->when == GST_LLAMA4_WHEN_ALWAYS ? 0 : APART);
  /* whatever is compared with one another is made in the same way, also where a window ends that nobody foresaw */
  gst_llama4_copier_set_fine (self->copier, settings->when == GST_LLAMA4_WHEN_CHANGE);
  self->pick = settings->pick;
  self->n_shown = settings->frames;
  self->n_objects = settings->objects;
  self->object_time = settings->object_time;
  gst_llama4_sampler_set (self->sampler, settings->window, settings->overlap, settings->pick == GST_LLAMA4_PICK_EVEN ? settings->frames
      : MAX (settings->frames, MIN (CHOICE * settings->frames, MOST_CANDIDATES)), settings->cuts ? SHORTEST_SHOT : 0);
}

void
gst_llama4_sampling_reset (GstLlama4Describe * self)
{
  gst_llama4_sampler_reset (self->sampler);
  GST_OBJECT_LOCK (self);
  gst_llama4_sampler_begin (self->sampler, self->settings.from);
  GST_OBJECT_UNLOCK (self);
  self->asked = GST_CLOCK_TIME_NONE;
  self->moved = GST_CLOCK_TIME_NONE;
  gst_llama4_cuts_reset (self->cuts);
  gst_llama4_motion_reset (self->motion);
  gst_llama4_repeat_reset (self);
  gst_llama4_objects_reset (self);
}

static void
warn_of_frame (GstLlama4Describe * self, GstClockTime time, const char *problem)
{
  if (self->warned_frame)
    return;
  self->warned_frame = TRUE;
  GST_ELEMENT_WARNING (self, STREAM, FORMAT, (_("A frame at %.1f s cannot be shown to the model: %s"), time / 1e9, problem), (NULL));
}

/* What the window has as drafts becomes pictures; what cannot be shown is left out. */
static void
develop (GstLlama4Describe * self, GstLlama4Window * window)
{
  for (guint i = 0; i < window->frames->len;) {
    GstLlama4Frame *frame = g_ptr_array_index (window->frames, i);
    g_autofree char *problem = NULL;

    if (gst_llama4_copier_develop (self->developer, frame, &problem)) {
      i++;
    } else {
      warn_of_frame (self, frame->time, problem);
      g_ptr_array_remove_index (window->frames, i);
    }
  }
}

/* (transfer full) */
static void
hand_over (GstLlama4Describe * self, GstLlama4Window * window, GstLlama4Patience patience)
{
  develop (self, window);
  if (self->pick == GST_LLAMA4_PICK_CHANGE)
    gst_llama4_pick_different (window->frames, self->n_shown);
  else if (self->pick == GST_LLAMA4_PICK_SHARP)
    gst_llama4_pick_sharp (window->frames, self->n_shown);
  gst_llama4_objects_choose (self, window);
  if (self->when == GST_LLAMA4_WHEN_CHANGE && gst_llama4_repeat_window (self, window))
    gst_llama4_window_free (window);
  else
    gst_llama4_worker_push_window (self, window, patience);
}

void
gst_llama4_sampling_advance (GstLlama4Describe * self, GstClockTime time)
{
  GstLlama4Window *window;

  time = MIN (time, gst_llama4_cuts_pending (self->cuts));      /* NONE is the largest */
  while ((window = gst_llama4_sampler_advance (self->sampler, time)) != NULL)
    hand_over (self, window, self->skips ? GST_LLAMA4_REPLACE : GST_LLAMA4_WAIT);
}

void
gst_llama4_sampling_drain (GstLlama4Describe * self, GstClockTime end, GstLlama4Patience patience)
{
  GstLlama4Window *window;

  gst_llama4_cuts_reset (self->cuts);
  while ((window = gst_llama4_sampler_drain (self->sampler, end)) != NULL)
    hand_over (self, window, patience);
}

/* Begins a window where a frame has turned out to be the first of a shot. */
static void
heed_cut (GstLlama4Describe * self)
{
  GstClockTime cut = gst_llama4_cuts_pop (self->cuts);

  if (GST_CLOCK_TIME_IS_VALID (cut)) {
    gboolean begins = gst_llama4_sampler_cut (self->sampler, cut);

    GST_DEBUG_OBJECT (self, "a shot begins at %.3f s%s", cut / 1e9, begins ? "" : ", too near to the window's start");
  }
  gst_llama4_sampler_doubt (self->sampler, gst_llama4_cuts_pending (self->cuts));
}

/* Opens windows when something begins to move, and ends them when nothing has for a while. */
static void
heed_motion (GstLlama4Describe * self, GstClockTime time, gboolean moves)
{
  if (moves)
    self->moved = time;
  if (gst_llama4_sampler_is_shut (self->sampler)) {
    if (moves)
      gst_llama4_sampler_open (self->sampler, time);
  } else if (time >= self->moved + QUIET) {
    gst_llama4_sampler_shut (self->sampler, self->moved + QUIET);
  }
}

static gboolean
look (GstLlama4Describe * self, GstBuffer * buffer, GstClockTime time, GstLlama4Glance * glance)
{
  g_autofree char *problem = NULL;
  GstVideoFrame frame;
  gboolean seen;

  if (!gst_llama4_extent_map (&self->info, buffer, &frame, &problem)) {
    warn_of_frame (self, time, problem);
    return FALSE;
  }
  seen = gst_llama4_glancer_look (self->glancer, &self->info, &frame, time, glance);
  gst_video_frame_unmap (&frame);
  if (seen)
    gst_llama4_regions_blind (&self->regions, self->orientation, glance);
  return seen;
}

/* Cuts lie between any two frames; of motion fewer are enough. */
void
gst_llama4_sampling_watch (GstLlama4Describe * self, GstBuffer * buffer, GstClockTime time)
{
  gboolean looks_for_motion = self->when == GST_LLAMA4_WHEN_MOTION && gst_llama4_motion_wants (self->motion, time);
  GstLlama4Glance glance;
  gboolean seen = (self->looks_for_cuts || looks_for_motion) && look (self, buffer, time, &glance);

  if (seen && self->looks_for_cuts) {
    gst_llama4_cuts_push (self->cuts, &glance, gst_llama4_sampler_start_of (self->sampler, time));
    heed_cut (self);
  }
  if (self->when == GST_LLAMA4_WHEN_MOTION)     /* time passes with every frame */
    heed_motion (self, time, seen && looks_for_motion && gst_llama4_motion_push (self->motion, &glance));
}

void
gst_llama4_sampling_pass (GstLlama4Describe * self, GstClockTime time)
{
  gst_llama4_cuts_pass (self->cuts, time);
  heed_cut (self);
  if (self->when == GST_LLAMA4_WHEN_MOTION)
    heed_motion (self, time, FALSE);
}

/* Asks once a window where the stream ends, which may become known late. */
static void
ask_for_end (GstLlama4Describe * self, GstClockTime time)
{
  GstClockTime start = gst_llama4_sampler_start_of (self->sampler, time), end = gst_llama4_describe_segment_end (self);
  gint64 duration;

  if (start == self->asked)
    return;
  self->asked = start;
  if (gst_pad_peer_query_duration (self->sinkpad, GST_FORMAT_TIME, &duration) && duration > 0)
    end = MIN (end, (GstClockTime) duration);   /* NONE is the largest */
  gst_llama4_sampler_set_end (self->sampler, end);
}

void
gst_llama4_sampling_take (GstLlama4Describe * self, GstBuffer * buffer, GstClockTime time)
{
  g_autofree char *problem = NULL;
  GstLlama4Frame *frame;
  GstLlama4Role role;
  guint tiles;

  if (!gst_llama4_sampler_is_shut (self->sampler))
    ask_for_end (self, time);
  role = gst_llama4_sampler_wants (self->sampler, time, self->interval);
  if (role == GST_LLAMA4_UNWANTED || !gst_llama4_worker_wait_for_model (self, self->skips))
    return;
  GST_OBJECT_LOCK (self);
  tiles = self->settings.tiles;
  GST_OBJECT_UNLOCK (self);
  if (role == GST_LLAMA4_PLACE && self->pick == GST_LLAMA4_PICK_EVEN && self->when != GST_LLAMA4_WHEN_CHANGE)
    frame = gst_llama4_copier_copy (self->copier, &self->info, buffer, self->orientation, self->model, tiles, time, &problem);
  else
    frame = gst_llama4_copier_draft (self->copier, &self->info, buffer, self->orientation, self->model, tiles, time, &problem);
  if (frame != NULL)
    gst_llama4_sampler_take (self->sampler, frame);
  else if (role == GST_LLAMA4_PLACE)
    warn_of_frame (self, time, problem);
}
