/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets into a file that plays, without encoding them again. */

#include "watch/clip.h"

#include <gst/app/app.h>

#include "base/error.h"
#include "run/element.h"
#include "write/outputs.h"

#define LONGEST_NS (60 * GST_SECOND)    /* that writing may take */

/* What packets of a kind go through. */
typedef struct
{
  const char *caps, *parser, *muxer, *suffix;
} Way;

static const Way *
find_way (const GstCaps *caps)
{
  static const Way ways[] = {
    {"video/x-h264", "h264parse", "mp4mux", "mp4"},
    {"video/x-h265", "h265parse", "mp4mux", "mp4"},
    {"video/x-av1", "av1parse", "mp4mux", "mp4"},
    {"video/x-vp8", "identity", "matroskamux", "mkv"},
    {"video/x-vp9", "identity", "matroskamux", "mkv"},
    {"image/jpeg", "identity", "matroskamux", "mkv"},
    {"video/mpeg", "identity", "matroskamux", "mkv"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    if (gst_structure_has_name (gst_caps_get_structure (caps, 0), ways[i].caps))
      return &ways[i];
  return NULL;
}

const char *
l4_clip_suffix (const GstCaps *caps)
{
  const Way *way = find_way (caps);

  return way != NULL ? way->suffix : NULL;
}

/* The time that becomes 0. */
static guint64
find_base (const GPtrArray *packets)
{
  guint64 base = G_MAXUINT64;

  for (guint i = 0; i < packets->len; i++) {
    const GstBuffer *packet = g_ptr_array_index (packets, i);

    base = MIN (base, MIN (GST_BUFFER_PTS (packet), GST_BUFFER_DTS (packet)));  /* one that is not valid is the largest */
  }
  return base;
}

static void
push (GstElement *source, const GPtrArray *packets)
{
  guint64 base = find_base (packets);

  for (guint i = 0; i < packets->len; i++) {
    GstBuffer *packet = gst_buffer_copy (g_ptr_array_index (packets, i));

    GST_BUFFER_PTS (packet) -= base;
    if (GST_BUFFER_DTS_IS_VALID (packet))
      GST_BUFFER_DTS (packet) -= base;
    gst_app_src_push_buffer (GST_APP_SRC (source), packet);
  }
  gst_app_src_end_of_stream (GST_APP_SRC (source));
}

/* source ! parser ! muxer ! sink, which writes into an open file. (transfer full) */
static GstElement *
build (const Way *way, GstCaps *caps, int file, GstElement **source, GError **error)
{
  GstElement *pipeline = gst_object_ref_sink (gst_pipeline_new (NULL)), *before = NULL;
  const char *const names[] = { "appsrc", way->parser, way->muxer, "fdsink" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    GstElement *element = l4_element_new (names[i], error);

    if (element == NULL) {
      gst_object_unref (pipeline);
      return NULL;
    }
    gst_bin_add (GST_BIN (pipeline), element);
    if (i == 0)
      g_object_set (*source = element, "caps", caps, "format", GST_FORMAT_TIME, "max-bytes", G_GUINT64_CONSTANT (0), NULL);
    else
      gst_element_link (before, element);
    before = element;
  }
  g_object_set (before, "fd", file, "sync", FALSE, NULL);
  return pipeline;
}

static gboolean
play (GstElement *pipeline, const char *path, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) problem = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, LONGEST_NS, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (message == NULL)
    return l4_fail (error, L4_ERROR_IO, _("%s: writing takes too long"), path);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    return TRUE;
  gst_message_parse_error (message, &problem, NULL);
  return l4_fail (error, L4_ERROR_IO, "%s: %s", path, problem->message);
}

gboolean
l4_clip_write (const char *path, GstCaps *caps, const GPtrArray *packets, GError **error)
{
  const Way *way = find_way (caps);
  g_autoptr (L4Outputs) outputs = l4_outputs_new (FALSE, NULL);
  GstElement *source = NULL, *pipeline;
  gboolean right;
  int file;

  if (way == NULL || packets->len == 0)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: what the camera sends fits into no file"), path);
  file = l4_outputs_add (outputs, path, error);
  pipeline = file >= 0 ? build (way, caps, file, &source, error) : NULL;
  if (pipeline == NULL)
    return FALSE;
  push (source, packets);
  right = play (pipeline, path, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return right && l4_outputs_place (outputs, error);
}
