/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film's pictures with cues drawn into them: appsrc ! videoconvert ! videoflip ! videoscale ! videocrop ! textoverlay ! … ! x264enc ! appsink. */

#include "mux/burn.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include <libavcodec/avcodec.h>

#include "base/i18n.h"
#include "film/light.h"
#include "llama4.h"
#include "mux/legible.h"
#include "run/element.h"

#define QUALITY 20              /* x264's constant rate factor: hardly to be told from the original */
#define TICK (100 * GST_MSECOND)        /* between two looks at what went wrong */
#define QUEUE 8                 /* encoded pictures that wait */
#define WINDOW (4 * GST_SECOND) /* of no meaning where all is decoded */

struct _L4Burn
{
  const char *path;
  guint columns;
  GCancellable *cancellable;
  L4MuxPictures pictures;
  GPtrArray *cues;

  L4Film *film;
  GstSample *first;             /* decoded, before the pipeline runs; NULL: it was taken */
  GstElement *pipeline, *source, *flip, *crop, *overlay, *sink;
  GstBus *bus;
  GstSample *encoded;           /* the first, of which the parameters are known */
  guint next_cue;               /* the first that does not end before the latest picture; used by the streaming thread */
  const L4Cue *shown;           /* NULL: none; the same */
  GError *error;                /* of the film, under lock */
  GMutex lock;
};

/* Taking apart ------------------------------------------------------------------------------------------------------------------- */

static void
stop (L4Burn *self)
{
  if (self->pipeline != NULL) {
    gst_element_set_state (self->pipeline, GST_STATE_NULL);
    gst_object_unref (self->bus);
    gst_object_unref (self->pipeline);
  }
  self->pipeline = self->source = self->flip = self->crop = self->overlay = self->sink = NULL;
  g_clear_pointer (&self->first, gst_sample_unref);
  g_clear_pointer (&self->encoded, gst_sample_unref);
  g_clear_pointer (&self->film, l4_film_close);
  g_clear_error (&self->error);
}

void
l4_burn_free (L4Burn *self)
{
  if (self == NULL)
    return;
  stop (self);
  g_clear_pointer (&self->cues, g_ptr_array_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
l4_burn_set_cues (L4Burn *self, GPtrArray *cues)
{
  stop (self);
  g_clear_pointer (&self->cues, g_ptr_array_unref);
  self->cues = g_ptr_array_ref (cues);
}

const L4MuxPictures *
l4_burn_get_pictures (L4Burn *self)
{
  return &self->pictures;
}

/* In the streaming threads ------------------------------------------------------------------------------------------------------- */

/* The next picture of the film, whenever the pipeline has none. */
static void
on_need_data (GstAppSrc *source, guint length, gpointer data)
{
  L4Burn *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSample) sample = self->first != NULL ? g_steal_pointer (&self->first) : l4_film_next (self->film, &error);

  if (sample != NULL) {
    gst_app_src_push_sample (source, sample);
    return;
  }
  g_mutex_lock (&self->lock);
  self->error = g_steal_pointer (&error);
  g_mutex_unlock (&self->lock);
  gst_app_src_end_of_stream (source);
}

/* The cue of that time. Times only go on. */
static const L4Cue *
find_cue (L4Burn *self, guint64 time)
{
  const L4Cue *cue;

  while (self->next_cue < self->cues->len && ((L4Cue *) g_ptr_array_index (self->cues, self->next_cue))->end <= time)
    self->next_cue++;
  if (self->next_cue == self->cues->len)
    return NULL;
  cue = g_ptr_array_index (self->cues, self->next_cue);
  return cue->start <= time ? cue : NULL;
}

/* The overlay shows what it is told before each picture. */
static GstPadProbeReturn
on_picture (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  L4Burn *self = data;
  const L4Cue *cue = find_cue (self, GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)));
  g_autofree char *text = NULL, *markup = NULL;

  if (cue == self->shown)
    return GST_PAD_PROBE_OK;
  self->shown = cue;
  if (cue != NULL) {
    text = g_strjoinv ("\n", cue->lines);
    markup = g_markup_escape_text (text, -1);
  }
  g_object_set (self->overlay, "text", markup != NULL ? markup : "", NULL);
  return GST_PAD_PROBE_OK;
}

/* H.264 has an even number of rows and columns. */
static GstPadProbeReturn
on_crop_event (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  GstVideoInfo video;
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps (event, &caps);
  if (gst_video_info_from_caps (&video, caps))
    g_object_set (((L4Burn *) data)->crop, "right", video.width % 2, "bottom", video.height % 2, NULL);
  return GST_PAD_PROBE_OK;
}

/* The pipeline ------------------------------------------------------------------------------------------------------------------- */

static void
add_probe (GstElement *element, const char *name, GstPadProbeType type, GstPadProbeCallback callback, gpointer data)
{
  GstPad *pad = gst_element_get_static_pad (element, name);

  gst_pad_add_probe (pad, type, callback, data, NULL);
  gst_object_unref (pad);
}

static GstElement *
add (L4Burn *self, GstElement *element)
{
  if (element != NULL)
    gst_bin_add (GST_BIN (self->pipeline), element);
  return element;
}

static GstElement *
add_caps (L4Burn *self, const char *description, GError **error)
{
  GstElement *filter = add (self, l4_element_new ("capsfilter", error));
  g_autoptr (GstCaps) caps = gst_caps_from_string (description);

  if (filter != NULL)
    g_object_set (filter, "caps", caps, NULL);
  return filter;
}

/* The new file says once what its pictures are: those that have another size or shape on the way are fitted into the first one's. */
static void
fix_shape (GstElement *shape, GstSample *first, gboolean sideways)
{
  g_autoptr (GstCaps) caps = NULL;
  GstVideoInfo video;

  if (!gst_video_info_from_caps (&video, gst_sample_get_caps (first)))
    return;
  caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "I420",
      "width", G_TYPE_INT, sideways ? video.height : video.width, "height", G_TYPE_INT, sideways ? video.width : video.height,
      "pixel-aspect-ratio", GST_TYPE_FRACTION, sideways ? video.par_d : video.par_n, sideways ? video.par_n : video.par_d, NULL);
  g_object_set (shape, "caps", caps, NULL);
}

/* The encoder only knows for all pictures which field of them is shown first, and takes it for the lower one unless it is told. */
static void
tell_fields (GstElement *fields, GstSample *first)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string ("video/x-raw,interlace-mode=interleaved,field-order=top-field-first");
  const guint upper = GST_VIDEO_BUFFER_FLAG_INTERLACED | GST_VIDEO_BUFFER_FLAG_TFF;

  if ((GST_BUFFER_FLAGS (gst_sample_get_buffer (first)) & upper) == upper)
    g_object_set (fields, "caps", caps, NULL);
}

static gboolean
is_sideways (int method)
{
  return method == GST_VIDEO_ORIENTATION_90R || method == GST_VIDEO_ORIENTATION_90L || method == GST_VIDEO_ORIENTATION_UL_LR
      || method == GST_VIDEO_ORIENTATION_UR_LL;
}

static void
set_up (L4Burn *self, GstElement *shape, GstElement *encoder)
{
  GstAppSrcCallbacks callbacks = {.need_data = on_need_data };
  const GstStructure *info = gst_sample_get_info (self->first);
  int method = GST_VIDEO_ORIENTATION_IDENTITY;

  if (info != NULL)
    gst_structure_get_enum (info, "orientation", GST_TYPE_VIDEO_ORIENTATION_METHOD, &method);
  g_object_set (self->flip, "video-direction", method, NULL);
  fix_shape (shape, self->first, is_sideways (method));
  g_object_set (self->source, "format", GST_FORMAT_TIME, "handle-segment-change", TRUE, NULL);
  gst_util_set_object_arg (G_OBJECT (encoder), "pass", "qual");
  gst_util_set_object_arg (G_OBJECT (encoder), "speed-preset", "medium");
  g_object_set (encoder, "quantizer", QUALITY, NULL);
  g_object_set (self->sink, "sync", FALSE, "max-buffers", QUEUE, NULL);
  gst_app_src_set_callbacks (GST_APP_SRC (self->source), &callbacks, self, NULL);
  add_probe (self->crop, "sink", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_crop_event, self);
  add_probe (self->overlay, "video_sink", GST_PAD_PROBE_TYPE_BUFFER, on_picture, self);
}

static gboolean
build (L4Burn *self, GError **error)
{
  GstElement *convert, *scale, *shape, *fields, *encoder, *encoded;

  self->pipeline = gst_pipeline_new (NULL);
  self->bus = gst_element_get_bus (self->pipeline);
  if ((self->source = add (self, l4_element_new ("appsrc", error))) == NULL
      || (self->flip = add (self, l4_element_new ("videoflip", error))) == NULL
      || (convert = add (self, l4_element_new ("videoconvert", error))) == NULL
      || (scale = add (self, l4_element_new ("videoscale", error))) == NULL
      || (shape = add_caps (self, "video/x-raw,format=I420", error)) == NULL
      || (self->crop = add (self, l4_element_new ("videocrop", error))) == NULL
      || (self->overlay = add (self, l4_legible_new (self->columns, error))) == NULL
      || (fields = add (self, l4_element_new ("capssetter", error))) == NULL
      || (encoder = add (self, l4_element_new ("x264enc", error))) == NULL
      || (encoded = add_caps (self, "video/x-h264,stream-format=avc,alignment=au,profile=high", error)) == NULL
      || (self->sink = add (self, l4_element_new ("appsink", error))) == NULL)
    return FALSE;
  gst_element_link_many (self->source, convert, self->flip, scale, shape, self->crop, self->overlay, fields, encoder, encoded, self->sink, NULL);
  tell_fields (fields, self->first);
  set_up (self, shape, encoder);
  return TRUE;
}

/* What comes out ----------------------------------------------------------------------------------------------------------------- */

/* Whether something went wrong, in the pipeline or the film, or a signal came. */
static gboolean
check (L4Burn *self, GError **error)
{
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (self->bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) failure = NULL;

  if (g_cancellable_is_cancelled (self->cancellable)) {
    g_set_error_literal (error, L4_ERROR, L4_ERROR_CANCELLED, _("ended by a signal"));
    return FALSE;
  }
  if (message == NULL)
    return TRUE;
  gst_message_parse_error (message, &failure, NULL);
  g_set_error (error, L4_ERROR, L4_ERROR_INTERNAL, _("%s: its pictures cannot be encoded: %s"), self->path, failure->message);
  return FALSE;
}

/* NULL without an error: the end. */
static GstSample *
pull (L4Burn *self, GError **error)
{
  GstSample *sample = NULL;

  while (sample == NULL && check (self, error)) {
    sample = gst_app_sink_try_pull_sample (GST_APP_SINK (self->sink), TICK);
    if (sample == NULL && gst_app_sink_is_eos (GST_APP_SINK (self->sink)))
      break;
  }
  if (sample != NULL)
    return sample;
  g_mutex_lock (&self->lock);
  if (self->error != NULL && (error == NULL || *error == NULL))
    g_propagate_error (error, g_steal_pointer (&self->error));
  g_mutex_unlock (&self->lock);
  return NULL;
}

static gboolean
set_extradata (AVCodecParameters *parameters, GstBuffer *buffer)
{
  gsize size = gst_buffer_get_size (buffer);

  parameters->extradata = av_mallocz (size + AV_INPUT_BUFFER_PADDING_SIZE);
  if (parameters->extradata == NULL)
    return FALSE;
  parameters->extradata_size = (int) gst_buffer_extract (buffer, 0, parameters->extradata, size);
  return TRUE;
}

/* (transfer full) */
static AVCodecParameters *
describe (const L4Burn *self, GError **error)
{
  GstCaps *given = gst_sample_get_caps (self->encoded);
  const GstStructure *caps = gst_caps_get_structure (given, 0);
  const GValue *data = gst_structure_get_value (caps, "codec_data");
  AVCodecParameters *parameters = avcodec_parameters_alloc ();
  int n = 1, d = 1;

  gst_structure_get_fraction (caps, "pixel-aspect-ratio", &n, &d);
  parameters->codec_type = AVMEDIA_TYPE_VIDEO;
  parameters->codec_id = AV_CODEC_ID_H264;
  parameters->format = AV_PIX_FMT_YUV420P;
  parameters->sample_aspect_ratio = (AVRational) { n, d };
  gst_structure_get_int (caps, "width", &parameters->width);
  gst_structure_get_int (caps, "height", &parameters->height);
  if (data != NULL && set_extradata (parameters, gst_value_get_buffer (data)) && l4_light_from_caps (given, parameters))
    return parameters;
  avcodec_parameters_free (&parameters);
  g_set_error (error, L4_ERROR, L4_ERROR_INTERNAL, _("%s: its pictures cannot be encoded: %s"), self->path, "codec_data");
  return NULL;
}

static AVCodecParameters *
begin (gpointer data, GError **error)
{
  L4Burn *self = data;
  g_autoptr (GError) failure = NULL;

  stop (self);
  self->next_cue = 0;
  self->shown = NULL;
  self->film = l4_film_open (self->path, self->cancellable, error);
  if (self->film == NULL || !l4_film_start (self->film, L4_FILM_DECODE_ALL, 0, WINDOW, 1, error))
    return NULL;
  self->first = l4_film_next (self->film, &failure);
  if (self->first != NULL && build (self, &failure)) {
    gst_element_set_state (self->pipeline, GST_STATE_PLAYING);  /* whether that works the bus will tell */
    self->encoded = pull (self, &failure);
  }
  if (self->encoded != NULL)
    return describe (self, error);
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  else
    g_set_error (error, L4_ERROR, L4_ERROR_FORMAT, _("%s: no picture in it can be decoded"), self->path);
  return NULL;
}

/* On the film's clock: the encoder's is hours later, so that nothing is decoded before zero on it. */
static gint64
film_time (const GstSegment *segment, GstClockTime time)
{
  guint64 running;

  if (!GST_CLOCK_TIME_IS_VALID (time))
    return AV_NOPTS_VALUE;
  return gst_segment_to_running_time_full (segment, GST_FORMAT_TIME, time, &running) < 0 ? -(gint64) running : (gint64) running;
}

static AVPacket *
next (gpointer data, GError **error)
{
  L4Burn *self = data;
  g_autoptr (GstSample) sample = self->encoded != NULL ? g_steal_pointer (&self->encoded) : pull (self, error);
  AVPacket *packet;
  GstBuffer *buffer;
  gsize size;

  if (sample == NULL)
    return NULL;
  buffer = gst_sample_get_buffer (sample);
  size = gst_buffer_get_size (buffer);
  packet = av_packet_alloc ();
  if (packet == NULL || av_new_packet (packet, (int) size) < 0)
    g_error ("no memory");
  gst_buffer_extract (buffer, 0, packet->data, size);
  packet->pts = film_time (gst_sample_get_segment (sample), GST_BUFFER_PTS (buffer));
  packet->dts = film_time (gst_sample_get_segment (sample), GST_BUFFER_DTS (buffer));
  if (packet->dts == AV_NOPTS_VALUE)
    packet->dts = packet->pts;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    packet->duration = (gint64) GST_BUFFER_DURATION (buffer);
  if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    packet->flags |= AV_PKT_FLAG_KEY;
  return packet;
}

L4Burn *
l4_burn_new (const char *path, guint columns, GCancellable *cancellable)
{
  L4Burn *self = g_new0 (L4Burn, 1);

  self->path = path;
  self->columns = columns;
  self->cancellable = cancellable;
  self->pictures = (L4MuxPictures) { begin, next, self };
  g_mutex_init (&self->lock);
  return self;
}
