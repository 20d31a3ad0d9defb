/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 overlay: a video or a camera, shown with the latest sentence drawn on it.
 *
 *   source ! queue ! videoconvert ! llama4describe ! queue ! videoconvert ! videoflip ! textoverlay ! videoconvert ! sink
 *                                   text_src ! queue ! textoverlay.text_sink
 *
 * Nothing in it waits for the model: llama4describe leaves out what it cannot describe in time, and textoverlay draws what it has. Of a
 * live source the first queue takes the newest pictures when something below is slow; a file waits. lateness moves the text so far behind the pictures that it is there
 * when its time comes: a window, and what the model takes. */

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include <gst/gst.h>

#include "base/error.h"
#include "cameras/cameras.h"
#include "command/command.h"
#include "mux/legible.h"
#include "run/describe.h"
#include "run/element.h"
#include "run/progress.h"
#include "run/signals.h"
#include "run/trouble.h"

#define TICK (100 * GST_MSECOND)        /* between two looks at whether a signal came */
#define COLUMNS 42              /* letters of a line */
#define MAX_LATENESS 86400.0    /* seconds */
#define TEST "test:"

static struct
{
  char *sink;
  double lateness;
} given = {.lateness = 6 };

static const GOptionEntry entries[] = {
  {"sink", 0, 0, G_OPTION_ARG_FILENAME, &given.sink,
      N_("GStreamer's element that shows it, and its properties: \"fakesink sync=true\" (autovideosink)"), "ELEMENT"},
  {"lateness", 0, 0, G_OPTION_ARG_DOUBLE, &given.lateness,
      N_("Seconds from the end of a window to where its sentence is shown; those that the model takes (6)"), "SECONDS"},
  {NULL}
};

typedef struct
{
  const char *source;           /* as it was given */
  const L4DescribeOptions *options;
  GCancellable *cancellable;
  GstElement *pipeline;
  GstElement *first;            /* of what the source's pictures go through */
} Overlay;

/* Building ----------------------------------------------------------------------------------------------------------------------- */

static GstElement *
add (Overlay *self, const char *factory, GError **error)
{
  GstElement *element = l4_element_new (factory, error);

  if (element != NULL)
    gst_bin_add (GST_BIN (self->pipeline), element);
  return element;
}

/* A property as a text; FALSE: the element has none of that name, or not that value. */
static gboolean
set_property (GstElement *element, const char *name, const char *value)
{
  GParamSpec *property = g_object_class_find_property (G_OBJECT_GET_CLASS (element), name);
  GValue checked = G_VALUE_INIT;
  gboolean right;

  if (property == NULL || !(property->flags & G_PARAM_WRITABLE))
    return FALSE;
  g_value_init (&checked, property->value_type);
  right = gst_value_deserialize_with_pspec (&checked, value, property);
  if (right)
    g_object_set_property (G_OBJECT (element), name, &checked);
  g_value_unset (&checked);
  return right;
}

/* "ELEMENT PROPERTY=VALUE…" */
static GstElement *
add_sink (Overlay *self, GError **error)
{
  g_auto (GStrv) words = NULL;
  GstElement *sink;

  if (given.sink == NULL)
    return add (self, "autovideosink", error);
  if (!g_shell_parse_argv (given.sink, NULL, &words, NULL)) {
    l4_fail (error, L4_ERROR_INPUT, _("--sink %s: is not an element and its properties"), given.sink);
    return NULL;
  }
  sink = add (self, words[0], error);
  for (char **word = words + 1; sink != NULL && *word != NULL; word++) {
    char *value = strchr (*word, '=');

    if (value != NULL)
      *value++ = '\0';
    if (value == NULL || !set_property (sink, *word, value)) {
      l4_fail (error, L4_ERROR_INPUT, _("--sink: %s has no property %s, or not with that value"), words[0], *word);
      return NULL;
    }
  }
  return sink;
}

static gboolean
is_live (GstPad *pad)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_query (pad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  return live;
}

/* What a source has to show once it knows; its sound stays where it is. */
static void
on_pad (GstElement *source, GstPad *pad, gpointer data)
{
  GstElement *first = ((Overlay *) data)->first;
  g_autoptr (GstPad) sink = gst_element_get_static_pad (first, "sink");

  if (gst_pad_is_linked (sink))
    return;
  if (is_live (pad))
    gst_util_set_object_arg (G_OBJECT (first), "leaky", "downstream");
  gst_pad_link (pad, sink);
}

/* Decodes what is at that address. */
static gboolean
add_uri (Overlay *self, const char *uri, GError **error)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string ("video/x-raw(ANY)");
  GstElement *source = add (self, "uridecodebin", error);

  if (source == NULL)
    return FALSE;
  g_object_set (source, "uri", uri, "caps", caps, "expose-all-streams", FALSE, NULL);
  g_signal_connect (source, "pad-added", G_CALLBACK (on_pad), self);
  return TRUE;
}

static gboolean
add_file (Overlay *self, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (self->source, NULL), *uri = NULL;
  struct stat there;

  if (stat (path, &there) != 0)
    return l4_fail (error, L4_ERROR_NOT_FOUND, _("%s: cannot be opened: %s"), self->source, g_strerror (errno));
  if (!S_ISREG (there.st_mode))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is no ordinary file"), self->source);
  uri = g_filename_to_uri (path, NULL, error);
  return uri != NULL && add_uri (self, uri, error);
}

static gboolean
add_live (Overlay *self, const char *factory, const char *property, const char *value, GError **error)
{
  GstElement *source = add (self, factory, error);

  if (source == NULL)
    return FALSE;
  if (!set_property (source, property, value))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is no pattern of GStreamer's videotestsrc"), self->source);
  if (g_str_equal (factory, "videotestsrc"))
    g_object_set (source, "is-live", TRUE, NULL);
  gst_util_set_object_arg (G_OBJECT (self->first), "leaky", "downstream");
  gst_element_link (source, self->first);
  return TRUE;
}

static gboolean
add_source (Overlay *self, GError **error)
{
  if (g_str_has_prefix (self->source, TEST))
    return add_live (self, "videotestsrc", "pattern", self->source + strlen (TEST), error);
  if (g_str_has_prefix (self->source, "/dev/video"))
    return add_live (self, "v4l2src", "device", self->source, error);
  return strstr (self->source, "://") != NULL ? add_uri (self, self->source, error) : add_file (self, error);
}

static GstElement *
add_caps (Overlay *self, const char *description, GError **error)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (description);
  GstElement *filter = add (self, "capsfilter", error);

  if (filter != NULL)
    g_object_set (filter, "caps", caps, NULL);
  return filter;
}

static void
set_up (const Overlay *self, GstElement *describe, GstElement *flip)
{
  gst_util_set_object_arg (G_OBJECT (flip), "video-direction", "auto"); /* as the source says that its pictures are turned */
  l4_describe_set_up (describe, self->options);
  gst_util_set_object_arg (G_OBJECT (describe), "on-busy", "skip");
  g_object_set (describe, "ahead", 1, NULL);    /* one is under way, and what comes meanwhile is left out */
  g_object_set (describe, "lateness", (guint64) llround (given.lateness * GST_SECOND), NULL);
}

/* The text is drawn into plain pictures: a sink that would draw it itself leaves its ground out. */
static gboolean
build (Overlay *self, GError **error)
{
  GstElement *before, *describe, *queue, *convert, *flip, *planes, *overlay, *drawn, *after, *sink, *text;

  self->pipeline = gst_pipeline_new (NULL);
  if ((self->first = add (self, "queue", error)) == NULL || (before = add (self, "videoconvert", error)) == NULL
      || (describe = add (self, "llama4describe", error)) == NULL || (queue = add (self, "queue", error)) == NULL
      || (convert = add (self, "videoconvert", error)) == NULL || (flip = add (self, "videoflip", error)) == NULL
      || (planes = add_caps (self, "video/x-raw,format=I420", error)) == NULL
      || (overlay = l4_legible_new (COLUMNS, error)) == NULL || !gst_bin_add (GST_BIN (self->pipeline), overlay)
      || (drawn = add_caps (self, "video/x-raw", error)) == NULL || (after = add (self, "videoconvert", error)) == NULL
      || (text = add (self, "queue", error)) == NULL || (sink = add_sink (self, error)) == NULL)
    return FALSE;
  set_up (self, describe, flip);
  if (!gst_element_link_many (self->first, before, describe, queue, convert, flip, planes, overlay, drawn, after, sink, NULL))
    return l4_fail (error, L4_ERROR_INPUT, _("--sink %s: shows no video"), given.sink);
  gst_element_link_pads (describe, "text_src", text, "sink");
  gst_element_link_pads (text, "src", overlay, "text_sink");
  return add_source (self, error);
}

/* Running ------------------------------------------------------------------------------------------------------------------------ */

static void
take_warning (GstMessage *message)
{
  g_autofree char *warning = l4_trouble_tell (message);

  l4_progress_say (NULL, "%s", warning);
}

/* TRUE: it is over. */
static gboolean
take (const Overlay *self, GstMessage *message, GError **error)
{
  g_autofree char *shown = NULL, *trouble = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_WARNING:
      take_warning (message);
      return FALSE;
    case GST_MESSAGE_ELEMENT:
      if (gst_message_has_name (message, "llama4-licence"))
        l4_progress_say (NULL, "%s", gst_structure_get_string (gst_message_get_structure (message), "notice"));
      return FALSE;
    case GST_MESSAGE_ERROR:
      trouble = l4_trouble_tell (message);
      shown = l4_camera_show_uri (self->source);
      l4_fail (error, L4_ERROR_INPUT, "%s: %s", shown, trouble);
      return TRUE;
    default:
      return GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
  }
}

static gboolean
play (const Overlay *self, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  g_autoptr (GError) failure = NULL;
  gboolean over = FALSE;

  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);    /* whether that works the bus will tell */
  while (!over && !g_cancellable_is_cancelled (self->cancellable)) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop (bus, TICK);

    over = message != NULL && take (self, message, &failure);
  }
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static void
tell_model (const Overlay *self)
{
  L4DescriberModel model = { 0 };

  if (l4_describer_model_find (self->options, &model, NULL))    /* what is wrong with it, loading will tell */
    l4_describer_model_tell (&model, NULL);
  l4_describer_model_clear (&model);
}

static gboolean
run (char **arguments, GError **error)
{
  Overlay self = { 0 };
  gboolean right;

  if (g_strv_length (arguments) != 1)
    return l4_fail (error, L4_ERROR_INPUT, _("one video, camera or test pattern is needed"));
  if (!(given.lateness >= 0 && given.lateness <= MAX_LATENESS))
    return l4_fail (error, L4_ERROR_INPUT, _("--lateness %g: must be 0 to %g seconds"), given.lateness, MAX_LATENESS);
  self.source = arguments[0];
  self.options = l4_describe_options (error);
  if (self.options == NULL)
    return FALSE;
  gst_init (NULL, NULL);
  self.cancellable = l4_signals_begin ();
  right = build (&self, error);
  if (right)
    tell_model (&self);
  right = right && play (&self, error);
  gst_element_set_state (self.pipeline, GST_STATE_NULL);
  gst_object_unref (self.pipeline);
  l4_signals_end ();
  return right;
}

/* Those of films and of records alone are left out. */
static const GOptionEntry *
shared_entries (void)
{
  static const char *const others[] = { "decode", "ahead", "question", NULL };
  static GOptionEntry shared[64];
  guint n = 0;

  for (const GOptionEntry *entry = l4_describe_entries (); entry->long_name != NULL && n + 1 < G_N_ELEMENTS (shared); entry++)
    if (!g_strv_contains (others, entry->long_name))
      shared[n++] = *entry;
  return shared;
}

static const L4Command command = {
  .name = "overlay",
  .usage = N_("URI|FILE|/dev/videoN|test:PATTERN"),
  .description = N_("Shows a video, a camera, a stream of the network or one of GStreamer's test patterns, with the latest sentence drawn on it. "
      "The picture never waits for the model: what cannot be described in time is left out. A sentence is shown --lateness after the "
      "end of its window, or later where it comes later."),
  .examples = N_("llama4 overlay /dev/video0  # a camera\n"
      "llama4 overlay --window 2 --lateness 3 rtsp://camera.local/stream  # one of the network, with short windows\n"
      "llama4 overlay test:ball  # a ball that jumps\n"
      "llama4 overlay --sink 'fakesink sync=true' film.mp4  # without a screen"),
  .entries = entries,
};

int
main (int argc, char **argv)
{
  L4Command with_model = command;

  with_model.more[0] = shared_entries ();
  with_model.run = run;
  return l4_command_main (&with_model, argc, argv);
}
