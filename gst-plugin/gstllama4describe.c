/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The element llama4describe: watches video and says what happens in it. */

/**
 * SECTION:element-llama4describe
 *
 * Samples frames by their time stamps, shows those of one window together to a Llama 4 model, and sends out what the model says:
 * as text with the window's times, as JSON, as an element message `llama4-description`, and as a custom meta
 * `Llama4Description` on the video that follows. The video itself passes untouched.
 *
 * With `objects`, what a detector upstream has found is shown to the model by itself, too: each object once, when it has been seen long enough,
 * in its best view. Detectors tell of objects by GstAnalytics metadata, and trackers of who is the same; where there is none, the element
 * follows them by where they are. Answers to `questions`, and what a `schema` offers, stand on the video as classes of that metadata.
 *
 * |[
 * gst-launch-1.0 -m filesrc location=clip.mp4 ! decodebin ! llama4describe ! fakesink
 * gst-launch-1.0 filesrc location=clip.mp4 ! decodebin ! llama4describe name=d ! fakesink \
 *     d.text_src ! text/x-raw,format=utf8 ! srtenc ! filesink location=clip.srt
 * ]|
 */

#include "gstllama4describe.h"

#include "gettext.h"
#include "objects/detections.h"
#include "questions.h"

GST_DEBUG_CATEGORY (gst_llama4_describe_debug);
#define GST_CAT_DEFAULT gst_llama4_describe_debug

#define MAX_OVERLAPPING 64      /* windows that a frame may belong to */

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE (GST_VIDEO_FORMATS_ALL)));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE (GST_VIDEO_FORMATS_ALL)));
static GstStaticPadTemplate text_template = GST_STATIC_PAD_TEMPLATE ("text_src", GST_PAD_SRC, GST_PAD_REQUEST,
    GST_STATIC_CAPS ("text/x-raw, format = (string) { utf8, pango-markup }"));
static GstStaticPadTemplate json_template = GST_STATIC_PAD_TEMPLATE ("json_src", GST_PAD_SRC, GST_PAD_REQUEST,
    GST_STATIC_CAPS ("application/x-json"));

G_DEFINE_FINAL_TYPE (GstLlama4Describe, gst_llama4_describe, GST_TYPE_ELEMENT)

GST_ELEMENT_REGISTER_DEFINE (llama4describe, "llama4describe", GST_RANK_NONE, GST_TYPE_LLAMA4_DESCRIBE)

/* The video pads are each other's other side. The text pads do not count here: what their peers can take says nothing about the
 * video, and caps and allocation are asked for along these links. */
static GstIterator *
iterate_internal_links (GstPad * pad, GstObject * parent)
{
  GstLlama4Describe *self = GST_LLAMA4_DESCRIBE (parent);
  GValue value = G_VALUE_INIT;
  GstIterator *iterator;

  g_value_init (&value, GST_TYPE_PAD);
  g_value_set_object (&value, pad == self->sinkpad ? self->srcpad : self->sinkpad);
  iterator = gst_iterator_new_single (GST_TYPE_PAD, &value);
  g_value_unset (&value);
  return iterator;
}

/* Forgets the stream and what was said about it. */
static void
reset (GstLlama4Describe * self)
{
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  self->has_info = FALSE;
  self->orientation = GST_VIDEO_ORIENTATION_IDENTITY;
  self->warned_no_time = self->warned_frame = FALSE;
  self->told = 0;
  gst_llama4_describe_reset_stream (self);
  GST_OBJECT_LOCK (self);
  self->stats = (GstLlama4Stats) { 0 };
  self->lost = GST_CLOCK_TIME_NONE;
  self->said_from = 0;
  gst_llama4_memory_clear (&self->memory);
  gst_llama4_memory_clear (&self->unsummed);
  g_clear_pointer (&self->description, g_free);
  g_clear_pointer (&self->latest, gst_structure_free);
  GST_OBJECT_UNLOCK (self);
}

static gboolean
take_regions (GstLlama4Describe * self, const GstLlama4Settings * settings)
{
  GstLlama4Regions *regions = &self->regions;
  g_autofree char *problem = NULL;
  const char *property = "region";
  gboolean good = gst_llama4_regions_parse (settings->region, regions->shown, &regions->n_shown, &problem);

  if (good) {
    property = "mask";
    good = gst_llama4_regions_parse (settings->mask, regions->hidden, &regions->n_hidden, &problem);
  }
  if (!good)
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, ("%s: %s", property, problem), (NULL));
  return good;
}

static gboolean
check_questions (GstLlama4Describe * self, const GstLlama4Settings * settings)
{
  g_auto (GStrv) questions = gst_llama4_questions_split (settings->questions);
  guint n = g_strv_length (questions);

  if (n > GST_LLAMA4_MOST_QUESTIONS)
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, (_("questions: %u are more than the %d allowed"), n, GST_LLAMA4_MOST_QUESTIONS), (NULL));
  return n <= GST_LLAMA4_MOST_QUESTIONS;
}

static gboolean
check_objects (GstLlama4Describe * self, const GstLlama4Settings * settings)
{
  gboolean good = settings->objects == 0 || gst_llama4_detections_supported ();

  if (!good)
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, (_("objects: this was built without GStreamer's analytics library, which it takes")), (NULL));
  return good;
}

/* Those of sampling are checked, and stay as they are until READY. */
static gboolean
take_settings (GstLlama4Describe * self)
{
  g_auto (GstLlama4Settings) settings = { 0 };

  gst_llama4_describe_copy_settings (self, &settings);
  if (settings.overlap >= settings.window || settings.window - settings.overlap < settings.window / MAX_OVERLAPPING) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, (_("overlap (%" PRIu64 " ns) must be less than window (%" PRIu64
                " ns), by a %dth of it"), settings.overlap, settings.window, MAX_OVERLAPPING), (NULL));
    return FALSE;
  }
  if (!take_regions (self, &settings) || !gst_llama4_schema_take (self) || !check_questions (self, &settings)
      || !check_objects (self, &settings))
    return FALSE;
  gst_llama4_sampling_set (self, &settings);
  return TRUE;
}

static GstStateChangeReturn
change_state (GstElement * element, GstStateChange transition)
{
  GstLlama4Describe *self = GST_LLAMA4_DESCRIBE (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    if (!take_settings (self))
      return GST_STATE_CHANGE_FAILURE;
    reset (self);
    gst_llama4_worker_start (self);
  } else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    gst_llama4_worker_interrupt (self);
  }
  result = GST_ELEMENT_CLASS (gst_llama4_describe_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
      || (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE)) {
    gst_llama4_worker_interrupt (self);
    gst_llama4_worker_join (self);
    reset (self);
  } else if (transition == GST_STATE_CHANGE_READY_TO_NULL) {
    gst_llama4_load_forget (self);
  }
  return result;
}

static GstPad *
request_new_pad (GstElement * element, GstPadTemplate * template, const char *name, const GstCaps * caps)
{
  return gst_llama4_output_request (GST_LLAMA4_DESCRIBE (element)->output, template);
}

static void
release_pad (GstElement * element, GstPad * pad)
{
  gst_llama4_output_release (GST_LLAMA4_DESCRIBE (element)->output, pad);
}

static void
gst_llama4_describe_init (GstLlama4Describe * self)
{
  GstElement *element = GST_ELEMENT (self);

  self->sinkpad = gst_pad_new_from_static_template (&sink_template, "sink");
  gst_pad_set_chain_function (self->sinkpad, GST_DEBUG_FUNCPTR (gst_llama4_describe_chain));
  gst_pad_set_event_function (self->sinkpad, GST_DEBUG_FUNCPTR (gst_llama4_describe_sink_event));
  gst_pad_set_query_function (self->sinkpad, GST_DEBUG_FUNCPTR (gst_llama4_describe_sink_query));
  gst_pad_set_iterate_internal_links_function (self->sinkpad, GST_DEBUG_FUNCPTR (iterate_internal_links));
  self->srcpad = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_set_event_function (self->srcpad, GST_DEBUG_FUNCPTR (gst_llama4_describe_src_event));
  gst_pad_set_iterate_internal_links_function (self->srcpad, GST_DEBUG_FUNCPTR (iterate_internal_links));
  for (guint i = 0; i < 2; i++) {
    GstPad *pad = i == 0 ? self->sinkpad : self->srcpad;

    GST_PAD_SET_PROXY_CAPS (pad);
    GST_PAD_SET_PROXY_ALLOCATION (pad);
    GST_PAD_SET_PROXY_SCHEDULING (pad);
    gst_element_add_pad (element, pad);
  }
  self->output = gst_llama4_output_new (element, self->sinkpad, self->srcpad);
  gst_llama4_settings_init (&self->settings);
  self->sampler = gst_llama4_sampler_new ();
  self->copier = gst_llama4_copier_new ();
  self->developer = gst_llama4_copier_new ();
  self->cropper = gst_llama4_copier_new ();
  gst_llama4_copier_set_regions (self->copier, &self->regions);
  gst_llama4_copier_set_regions (self->developer, &self->regions);
  gst_llama4_copier_set_regions (self->cropper, &self->regions);
  self->glancer = gst_llama4_glancer_new ();
  self->cuts = gst_llama4_cuts_new ();
  self->motion = gst_llama4_motion_new ();
  self->tracks = gst_llama4_tracks_new ();
  self->follower = gst_llama4_follower_new ();
  self->scene = gst_llama4_scene_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->jobs);
  g_queue_init (&self->asked_for);
  reset (self);
}

static void
finalize (GObject * object)
{
  GstLlama4Describe *self = GST_LLAMA4_DESCRIBE (object);

  gst_llama4_output_free (self->output);
  gst_llama4_settings_clear (&self->settings);
  gst_llama4_sampler_free (self->sampler);
  gst_llama4_copier_free (self->copier);
  gst_llama4_copier_free (self->developer);
  gst_llama4_copier_free (self->cropper);
  gst_llama4_glancer_free (self->glancer);
  gst_llama4_cuts_free (self->cuts);
  gst_llama4_motion_free (self->motion);
  gst_llama4_tracks_free (self->tracks);
  gst_llama4_follower_free (self->follower);
  gst_llama4_scene_free (self->scene);
  gst_llama4_load_forget (self);
  g_clear_object (&self->cancellable);
  g_free (self->description);
  gst_llama4_memory_clear (&self->memory);
  gst_llama4_memory_clear (&self->unsummed);
  g_clear_pointer (&self->latest, gst_structure_free);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  G_OBJECT_CLASS (gst_llama4_describe_parent_class)->finalize (object);
}

static void
gst_llama4_describe_class_init (GstLlama4DescribeClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_llama4_describe_debug, "llama4describe", 0, "descriptions of video by Llama 4");
  G_OBJECT_CLASS (klass)->finalize = finalize;
  element_class->change_state = change_state;
  element_class->request_new_pad = request_new_pad;
  element_class->release_pad = release_pad;
  gst_llama4_describe_install_properties (G_OBJECT_CLASS (klass));
  /* What the latest window shows: (question, for whom the message llama4-answer is) -> whether there will be one. */
  g_signal_new_class_handler ("ask", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (gst_llama4_ask), NULL, NULL,
      NULL, G_TYPE_BOOLEAN, 2, G_TYPE_STRING, G_TYPE_STRING);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_add_static_pad_template (element_class, &text_template);
  gst_element_class_add_static_pad_template (element_class, &json_template);
  gst_element_class_set_static_metadata (element_class, "Llama 4 video description", "Filter/Analyzer/Video",
      "Watches video and says what happens in it", "The llama4describe authors");
}
