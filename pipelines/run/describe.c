/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films through llama4describe, one after the other, with one model: appsrc ! llama4describe ! fakesink, built through the API. */

#include "run/describe.h"

#include <string.h>

#include <gst/app/app.h>
#include <gst/video/video.h>

#include "base/error.h"
#include "run/ahead.h"
#include "run/element.h"
#include "run/progress.h"
#include "run/thumbnail.h"
#include "run/trouble.h"

#define DESCRIPTION "llama4-description"
#define LICENCE "llama4-licence"
#define WAKE "llama4-wake"      /* on the bus: look what has changed */
#define TICK (250 * GST_MSECOND)
#define EARLY (5 * GST_SECOND)  /* how much sooner than a window before the film's end pictures may end, as it has more sound */
#define MOST_PENDING 8          /* descriptions on the bus, before whoever describes waits */

struct _L4Describer
{
  const L4DescribeOptions *options;
  GstElement *pipeline, *source, *describe;
  GstBus *bus;
  L4DescriberModel facts;       /* digest NULL: not asked yet */

  L4Ahead *reader, *ahead;     /* of the film that is described, and of the one after it */
  GstVideoOrientationMethod orientation;        /* told last; streaming thread */

  GMutex lock;
  GCond changed;
  guint n_pending;              /* lock */
  gboolean stopping;            /* lock */
};

/* One film being described. */
typedef struct
{
  const L4DescribeFuncs *funcs;
  gpointer user_data;
  GCancellable *cancellable;
  guint64 end;                  /* of the last window */
  gboolean asked_ahead;
  gboolean over;
  GError *error;
} Run;

static void
wake (L4Describer *self)
{
  gst_bus_post (self->bus, gst_message_new_application (NULL, gst_structure_new_empty (WAKE)));
}

static void
on_reader_end (gpointer reader, gpointer user_data)
{
  wake (user_data);
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  wake (user_data);
}

/* Pictures into the pipeline ------------------------------------------------------------------------------------------------------- */

static const char *
orientation_tag (GstVideoOrientationMethod method)
{
  static const char *const tags[] = {
    [GST_VIDEO_ORIENTATION_IDENTITY] = "rotate-0",
    [GST_VIDEO_ORIENTATION_90R] = "rotate-90",
    [GST_VIDEO_ORIENTATION_180] = "rotate-180",
    [GST_VIDEO_ORIENTATION_90L] = "rotate-270",
    [GST_VIDEO_ORIENTATION_HORIZ] = "flip-rotate-0",
    [GST_VIDEO_ORIENTATION_VERT] = "flip-rotate-180",
    [GST_VIDEO_ORIENTATION_UL_LR] = "flip-rotate-270",
    [GST_VIDEO_ORIENTATION_UR_LL] = "flip-rotate-90",
  };

  return method < G_N_ELEMENTS (tags) ? tags[method] : tags[0];
}

/* Tells the pipeline how the pictures from this one on are turned, if that has changed. */
static void
tell_orientation (L4Describer *self, GstSample *sample)
{
  const GstStructure *info = gst_sample_get_info (sample);
  int method = GST_VIDEO_ORIENTATION_IDENTITY;

  if (info != NULL)
    gst_structure_get_enum (info, "orientation", GST_TYPE_VIDEO_ORIENTATION_METHOD, &method);
  if (method == (int) self->orientation)
    return;
  self->orientation = method;
  gst_element_send_event (self->source, gst_event_new_tag (gst_tag_list_new (GST_TAG_IMAGE_ORIENTATION, orientation_tag (method), NULL)));
}

/* Called by the streaming thread whenever the source has nothing. */
static void
on_need_data (GstAppSrc *source, guint length, gpointer user_data)
{
  L4Describer *self = user_data;
  g_autoptr (GstSample) sample = l4_ahead_pop (self->reader);

  if (sample != NULL) {
    tell_orientation (self, sample);
    gst_app_src_push_sample (source, sample);
  } else {
    gst_app_src_end_of_stream (source);
  }
}

/* The pipeline --------------------------------------------------------------------------------------------------------------------- */

/* Whoever describes waits for whoever keeps what was said, so that not more and more of it waits. */
static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  L4Describer *self = user_data;

  if (gst_message_has_name (message, DESCRIPTION)) {
    g_mutex_lock (&self->lock);
    while (self->n_pending >= MOST_PENDING && !self->stopping)
      g_cond_wait (&self->changed, &self->lock);
    self->n_pending++;
    g_mutex_unlock (&self->lock);
  }
  return GST_BUS_PASS;
}

static gboolean
build (L4Describer *self, gboolean thumbnails, GError **error)
{
  GstAppSrcCallbacks callbacks = {.need_data = on_need_data };
  GstElement *sink;

  self->source = l4_element_new ("appsrc", error);
  self->describe = self->source != NULL ? l4_element_new ("llama4describe", error) : NULL;
  sink = self->describe != NULL ? l4_element_new ("fakesink", error) : NULL;
  self->pipeline = gst_pipeline_new (NULL);
  self->bus = gst_element_get_bus (self->pipeline);
  if (sink == NULL) {
    g_clear_pointer (&self->source, gst_object_unref);
    g_clear_pointer (&self->describe, gst_object_unref);
    return FALSE;
  }
  gst_bin_add_many (GST_BIN (self->pipeline), self->source, self->describe, sink, NULL);
  gst_element_link_many (self->source, self->describe, sink, NULL);
  g_object_set (self->source, "format", GST_FORMAT_TIME, "handle-segment-change", TRUE, NULL);
  g_object_set (sink, "sync", FALSE, NULL);
  l4_describe_set_up (self->describe, self->options);
  g_object_set (self->describe, "pictures", thumbnails, NULL);
  gst_util_set_object_arg (G_OBJECT (self->describe), "on-busy", "wait");
  gst_app_src_set_callbacks (GST_APP_SRC (self->source), &callbacks, self, NULL);
  gst_bus_set_sync_handler (self->bus, on_message, self, NULL);
  return TRUE;
}

L4Describer *
l4_describer_new (const L4DescribeOptions *options, gboolean thumbnails, GError **error)
{
  g_autoptr (L4Describer) self = g_new0 (L4Describer, 1);

  self->options = options;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return build (self, thumbnails, error) ? g_steal_pointer (&self) : NULL;
}

/* Ends what runs; the model stays where it is. */
static void
stop (L4Describer *self, GstState state)
{
  if (self->reader != NULL)
    l4_ahead_stop (self->reader);
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  gst_element_set_state (self->pipeline, state);
  g_clear_pointer (&self->reader, l4_ahead_free);
}

void
l4_describer_forget (L4Describer *self)
{
  g_clear_pointer (&self->ahead, l4_ahead_free);
}

void
l4_describer_free (L4Describer *self)
{
  if (self == NULL)
    return;
  stop (self, GST_STATE_NULL);
  l4_describer_forget (self);
  gst_bus_set_sync_handler (self->bus, NULL, NULL, NULL);
  gst_object_unref (self->bus);
  gst_object_unref (self->pipeline);
  l4_describer_model_clear (&self->facts);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

/* What comes from the pipeline ------------------------------------------------------------------------------------------------------ */

static void
fail_window (Run *run, guint64 start, guint64 end, const char *why)
{
  run->end = MAX (run->end, end);
  if (run->funcs->failed != NULL)
    run->funcs->failed (start, end, why, run->user_data);
  else
    l4_progress_say (NULL, "%s", why);
}

static void
take_description (L4Describer *self, Run *run, const GstStructure *structure)
{
  L4DescribeWindow window = {
    .text = gst_structure_get_string (structure, "text"),
    .json = gst_structure_get_string (structure, "json"),
  };
  g_autoptr (GstSample) picture = NULL;

  g_mutex_lock (&self->lock);
  self->n_pending -= self->n_pending > 0;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  gst_structure_get (structure, "start", G_TYPE_UINT64, &window.start, "end", G_TYPE_UINT64, &window.end, NULL);
  /* the pictures broke off: that window would have gone on */
  if (l4_ahead_get_error (self->reader) != NULL && window.end > l4_ahead_get_position (self->reader))
    return;
  if (gst_structure_get (structure, "picture", GST_TYPE_SAMPLE, &picture, NULL) && picture != NULL)
    window.thumbnail = l4_thumbnail (picture);
  run->end = MAX (run->end, window.end);
  run->over = !run->funcs->window (&window, run->user_data, &run->error);
  g_clear_pointer (&window.thumbnail, g_bytes_unref);
}

static void
warn (const Run *run, const char *warning)
{
  if (run->funcs->warning != NULL)
    run->funcs->warning (warning, run->user_data);
  else
    l4_progress_say (NULL, "%s", warning);
}

static void
take_warning (Run *run, GstMessage *message)
{
  const GstStructure *details = NULL;
  g_autoptr (GError) warning = NULL;
  guint64 start, end;

  gst_message_parse_warning (message, &warning, NULL);
  gst_message_parse_warning_details (message, &details);
  if (details != NULL && gst_structure_get (details, "start", G_TYPE_UINT64, &start, "end", G_TYPE_UINT64, &end, NULL))
    fail_window (run, start, end, warning->message);
  else
    warn (run, warning->message);
}

static void
take_notice (const Run *run, const char *notice)
{
  if (run->funcs->notice != NULL)
    run->funcs->notice (notice, run->user_data);
  else
    l4_progress_say (NULL, "%s", notice);
}

/* A window of which nothing could be shown. */
static void
take_skip (Run *run, GstMessage *message)
{
  guint64 start, duration;
  g_autofree char *why = NULL;

  gst_message_parse_qos (message, NULL, NULL, &start, NULL, &duration);
  why = g_strdup_printf (_("The window from %.1f s to %.1f s could not be described: none of its pictures can be shown"), start / 1e9,
      (start + duration) / 1e9);
  fail_window (run, start, start + duration, why);
}

/* What is wrong with the model is in the way of every film, all else of this one. */
static void
take_error (Run *run, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = l4_trouble_tell (message);

  gst_message_parse_error (message, &error, NULL);
  if (error->domain == GST_RESOURCE_ERROR || error->domain == GST_LIBRARY_ERROR)
    l4_fail (&run->error, L4_ERROR_INPUT, "%s", line);
  else
    g_set_error_literal (&run->error, L4_FILM_ERROR, L4_FILM_ERROR_UNSUPPORTED, line);
  run->over = TRUE;
}

static void
take_progress (const Run *run, GstMessage *message)
{
  int percent;

  if (run->funcs->loading != NULL && gst_structure_get_int (gst_message_get_structure (message), "percent", &percent) && percent >= 0)
    run->funcs->loading (percent, run->user_data);
}

static guint64
get_window (const L4Describer *self)
{
  return self->options->window > 0 ? self->options->window : 4 * GST_SECOND;
}

/* Half a film, such as one that is still being fetched, looks like a whole one but for its length. Of key frames alone the last may be long
 * before the end. */
static void
check_length (L4Describer *self, const Run *run)
{
  const guint64 length = l4_film_get_facts (l4_ahead_get_film (self->reader))->duration;
  g_autofree char *end = l4_progress_time (run->end), *said = l4_progress_time (length), *warning = NULL;

  if (run->end == 0 || run->end + get_window (self) + EARLY >= length || self->options->decode == L4_FILM_DECODE_KEYS)
    return;
  warning = g_strdup_printf (_("its pictures end at %s, but it says that it lasts %s"), end, said);
  warn (run, warning);
}

static void
check_damage (L4Describer *self, const Run *run)
{
  g_autofree char *warning = NULL;
  guint64 damaged, decoded;

  l4_film_get_counts (l4_ahead_get_film (self->reader), &damaged, &decoded);
  if (damaged == 0)
    return;
  warning = g_strdup_printf (_("damaged parts that were passed over: %" PRIu64), damaged);
  warn (run, warning);
}

static void
take_end (L4Describer *self, Run *run)
{
  const GError *error = l4_ahead_get_error (self->reader);

  run->over = TRUE;
  if (error != NULL) {
    run->error = g_error_copy (error);
    return;
  }
  check_length (self, run);
  check_damage (self, run);
}

static void
take (L4Describer *self, Run *run, GstMessage *message)
{
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      if (gst_message_has_name (message, DESCRIPTION))
        take_description (self, run, gst_message_get_structure (message));
      else if (gst_message_has_name (message, LICENCE))
        take_notice (run, gst_structure_get_string (gst_message_get_structure (message), "notice"));
      break;
    case GST_MESSAGE_WARNING:
      take_warning (run, message);
      break;
    case GST_MESSAGE_QOS:
      take_skip (run, message);
      break;
    case GST_MESSAGE_ERROR:
      take_error (run, message);
      break;
    case GST_MESSAGE_PROGRESS:
      take_progress (run, message);
      break;
    case GST_MESSAGE_EOS:
      take_end (self, run);
      break;
    default:
      break;
  }
}

/* Running --------------------------------------------------------------------------------------------------------------------------- */

/* From a window before on, so that what is just before `from` is seen: it tells whether a shot begins there. */
static L4Ahead *
read_film (L4Describer *self, L4Film *film, guint64 from)
{
  guint64 window = get_window (self);
  guint frames = self->options->frames > 0 ? self->options->frames : 4;

  return l4_ahead_new (film, self->options->decode, from > window ? from - window : 0, window, frames, on_reader_end, self);
}

static void
start (L4Describer *self, L4Film *film, guint64 from)
{
  const L4FilmFacts *facts = l4_film_get_facts (film);

  if (self->ahead != NULL && l4_ahead_get_film (self->ahead) == film)
    self->reader = g_steal_pointer (&self->ahead);
  else
    self->reader = read_film (self, film, from);
  g_object_set (self->describe, "from", from > 0 ? from : GST_CLOCK_TIME_NONE, NULL);
  self->orientation = GST_VIDEO_ORIENTATION_IDENTITY;
  self->n_pending = 0;
  self->stopping = FALSE;
  gst_bus_set_flushing (self->bus, TRUE);       /* of the film before */
  gst_bus_set_flushing (self->bus, FALSE);
  g_object_set (self->source, "duration", facts->duration > 0 ? facts->duration : GST_CLOCK_TIME_NONE, NULL);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);    /* whether that works the bus will tell */
}

static void
read_ahead (L4Describer *self, Run *run)
{
  guint64 from = 0;
  L4Film *film;

  if (run->asked_ahead || run->funcs->ahead == NULL || self->ahead != NULL || !l4_ahead_has_ended (self->reader))
    return;
  run->asked_ahead = TRUE;
  film = run->funcs->ahead (&from, run->user_data);
  if (film != NULL)
    self->ahead = read_film (self, film, from);
}

gboolean
l4_describer_run (L4Describer *self, L4Film *film, guint64 from, const L4DescribeFuncs *funcs, gpointer user_data,
    GCancellable *cancellable, GError **error)
{
  Run run = { funcs, user_data, cancellable };
  gulong connection = 0;

  start (self, film, from);
  if (cancellable != NULL)
    connection = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  while (!run.over) {
    gboolean cancelled = g_cancellable_is_cancelled (cancellable);
    g_autoptr (GstMessage) message = gst_bus_timed_pop (self->bus, cancelled ? 0 : TICK);

    if (message != NULL)
      take (self, &run, message);
    else if (cancelled)         /* and what came before is kept */
      break;
    if (funcs->tick != NULL)
      funcs->tick (user_data);
    if (!run.over)
      read_ahead (self, &run);
  }
  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, connection);
  stop (self, GST_STATE_READY);
  if (run.error == NULL && !run.over)
    l4_fail (&run.error, L4_ERROR_CANCELLED, _("ended by a signal"));
  if (run.error == NULL)
    return TRUE;
  g_propagate_error (error, run.error);
  return FALSE;
}

const L4DescriberModel *
l4_describer_get_model (L4Describer *self, GError **error)
{
  return self->facts.digest != NULL || l4_describer_model_find (self->options, &self->facts, error) ? &self->facts : NULL;
}

char *
l4_describer_get_prompt_digest (L4Describer *self)
{
  return l4_describe_prompt_digest (self->describe);
}
