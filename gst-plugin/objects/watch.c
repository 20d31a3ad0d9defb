/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects from the frames that pass to windows. For the streaming thread. */

#include "objects/watch.h"

#include "objects/detections.h"

GST_DEBUG_CATEGORY_EXTERN (gst_llama4_describe_debug);
#define GST_CAT_DEFAULT gst_llama4_describe_debug

#define MARGIN 0.1              /* of its sides: what is shown around an object */

static void
forget_all (GstLlama4Describe * self)
{
  gst_llama4_tracks_reset (self->tracks, self->object_time);
  gst_llama4_follower_reset (self->follower);
  self->has_tracker = FALSE;
  GST_OBJECT_LOCK (self);
  self->object_from = GST_CLOCK_TIME_IS_VALID (self->settings.from) ? self->settings.from : 0;
  GST_OBJECT_UNLOCK (self);
}

static void
count_missed (GstLlama4Describe * self)
{
  guint missed = gst_llama4_tracks_take_missed (self->tracks);

  if (missed == 0)
    return;
  GST_OBJECT_LOCK (self);
  self->stats.objects_missed += missed;
  GST_OBJECT_UNLOCK (self);
}

void
gst_llama4_objects_reset (GstLlama4Describe * self)
{
  forget_all (self);
  count_missed (self);
}

/* FALSE: it is not in what is shown of the picture. */
static gboolean
place (GstLlama4Describe * self, GstBuffer * buffer, const GstLlama4Detection * detection, GstLlama4Sighting * sighting)
{
  static const GstLlama4Region all = { 0, 0, 1, 1 };
  GstLlama4Region box = gst_llama4_frame_place (&self->info, buffer, self->orientation, &detection->box);

  *sighting = (GstLlama4Sighting) { detection->id, detection->label, detection->confidence, box };
  return gst_llama4_region_clip (&sighting->box, &all)
      && gst_llama4_regions_show (&self->regions, sighting->box.x + sighting->box.width / 2, sighting->box.y + sighting->box.height / 2);
}

/* A picture of an object with a little around it. */
static GstLlama4Frame *
look_at (GstLlama4Describe * self, GstBuffer * buffer, const GstLlama4Region * box, guint tiles, GstClockTime time)
{
  GstLlama4Region bounds = gst_llama4_regions_bounds (&self->regions);
  GstLlama4Region part = { box->x - MARGIN * box->width, box->y - MARGIN * box->height, (1 + 2 * MARGIN) * box->width,
    (1 + 2 * MARGIN) * box->height
  };
  g_autofree char *problem = NULL;
  GstLlama4Frame *frame;

  if (!gst_llama4_region_clip (&part, &bounds))
    return NULL;
  frame = gst_llama4_copier_crop (self->cropper, &self->info, buffer, self->orientation, &part, self->model, tiles, time, &problem);
  if (frame == NULL)
    GST_DEBUG_OBJECT (self, "an object at %.3f s cannot be shown: %s", time / 1e9, problem);
  return frame;
}

static void
look (GstLlama4Describe * self, GstBuffer * buffer, const GstLlama4Sighting * sightings, GstClockTime time)
{
  gint sighting = gst_llama4_tracks_next_look (self->tracks);
  guint tiles;

  if (sighting < 0 || !gst_llama4_worker_wait_for_model (self, self->skips))
    return;
  GST_OBJECT_LOCK (self);
  tiles = self->settings.tiles;
  GST_OBJECT_UNLOCK (self);
  for (; sighting >= 0; sighting = gst_llama4_tracks_next_look (self->tracks)) {
    GstLlama4Frame *view = look_at (self, buffer, &sightings[sighting].box, tiles, time);

    if (view == NULL)
      continue;
    gst_llama4_tracks_look (self->tracks, sighting, view);
    gst_llama4_frame_unref (view);
  }
}

/* Whether a tracker is at work. When it turns out that one is, the ids so far were others. */
static gboolean
find_tracker (GstLlama4Describe * self, const GArray * detections)
{
  for (guint i = 0; i < detections->len && !self->has_tracker; i++)
    if (g_array_index (detections, GstLlama4Detection, i).tracked) {
      forget_all (self);
      gst_llama4_tracks_take_missed (self->tracks);     /* they come again */
      self->has_tracker = TRUE;
    }
  return self->has_tracker;
}

/* Those that are in the picture. Who a tracker leaves out is none yet. Returns how many. */
static guint
find_objects (GstLlama4Describe * self, GstBuffer * buffer, GstLlama4Sighting * sightings, GstClockTime time)
{
  g_autoptr (GArray) detections = g_array_new (FALSE, FALSE, sizeof (GstLlama4Detection));
  gboolean has_tracker;
  guint n = 0;

  gst_llama4_detections_read (buffer, detections);
  has_tracker = find_tracker (self, detections);
  for (guint i = 0; i < detections->len; i++) {
    const GstLlama4Detection *detection = &g_array_index (detections, GstLlama4Detection, i);

    if (detection->tracked == has_tracker && place (self, buffer, detection, &sightings[n]))
      n++;
  }
  if (!has_tracker)
    gst_llama4_follower_follow (self->follower, sightings, n, time);
  return n;
}

void
gst_llama4_objects_watch (GstLlama4Describe * self, GstBuffer * buffer, GstClockTime time)
{
  GstLlama4Sighting sightings[GST_LLAMA4_MOST_DETECTIONS];
  guint n;

  if (self->n_objects == 0 || time < self->object_from || !gst_llama4_tracks_is_next (self->tracks, time))
    return;
  n = find_objects (self, buffer, sightings, time);
  gst_llama4_tracks_see (self->tracks, sightings, n, time);
  look (self, buffer, sightings, time);
  count_missed (self);
}

void
gst_llama4_objects_choose (GstLlama4Describe * self, GstLlama4Window * window)
{
  if (self->n_objects > 0 && window->frames->len > 0)
    window->objects = gst_llama4_tracks_choose (self->tracks, window->end, self->n_objects);
}
