/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The elements that a camera's pictures pass through, and that stay when its source is lost. */

#include "watch/chain.h"

#include "base/error.h"
#include "run/element.h"
#include "watch/setup.h"

#define QUEUE_BUFFERS 200
#define QUEUE_BYTES (10u << 20)
#define QUEUE_TIME GST_SECOND

static GstElement *
add (L4Chain *self, const char *name, GError **error)
{
  GstElement *element = l4_element_new (name, error);

  if (element != NULL)
    gst_bin_add (GST_BIN (self->pipeline), element);
  return element;
}

static gboolean
link_two (GstElement *from, GstElement *to, GError **error)
{
  return gst_element_link (from, to)
      || l4_fail (error, L4_ERROR_UNSUPPORTED, "%s: %s", GST_OBJECT_NAME (to), _("pictures cannot pass through it"));
}

/* Puts the camera's detector before what describes. FALSE: it cannot be. */
static gboolean
link_detector (L4Chain *self, const L4Cameras *cameras, const L4Camera *camera, GError **error)
{
  g_autoptr (GError) problem = NULL;
  GstElement *detector = l4_watch_make_detector (cameras, camera, &problem);

  if (problem != NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (detector == NULL)
    return link_two (self->sync, self->describe, error);
  gst_bin_add (GST_BIN (self->pipeline), detector);
  return gst_element_link_many (self->sync, detector, self->describe, NULL)
      || l4_fail (error, L4_ERROR_INPUT, _("%s:%u: detector: %s"), cameras->file, camera->line, _("pictures cannot pass through it"));
}

L4Chain *
l4_chain_new (const L4DescribeOptions *options, const L4Cameras *cameras, const L4Camera *camera, GError **error)
{
  g_autoptr (L4Chain) self = g_new0 (L4Chain, 1);
  GstElement *sink;

  self->pipeline = gst_pipeline_new (NULL);
  self->bus = gst_element_get_bus (self->pipeline);
  if ((self->queue = add (self, "queue", error)) == NULL || (self->sync = add (self, "clocksync", error)) == NULL
      || (self->describe = add (self, "llama4describe", error)) == NULL || (sink = add (self, "fakesink", error)) == NULL)
    return NULL;
  g_object_set (sink, "sync", FALSE, NULL);
  if (!link_two (self->queue, self->sync, error) || !link_detector (self, cameras, camera, error)
      || !link_two (self->describe, sink, error) || !l4_watch_set_up (self->describe, options, cameras, camera, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
l4_chain_free (L4Chain *self)
{
  if (self == NULL)
    return;
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_object_unref (self->bus);
  gst_object_unref (self->pipeline);
  g_free (self);
}

void
l4_chain_let_in (L4Chain *self, GstPad *pad, gboolean live)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (self->queue, "sink");

  if (gst_pad_is_linked (sink))
    return;
  gst_util_set_object_arg (G_OBJECT (self->queue), "leaky", live ? "downstream" : "no");
  g_object_set (self->sync, "sync", !live, NULL);
  gst_pad_link (pad, sink);
}

void
l4_chain_set_open (L4Chain *self, gboolean open)
{
  g_object_set (self->queue, "max-size-buffers", open ? 0 : QUEUE_BUFFERS, "max-size-bytes", open ? 0 : QUEUE_BYTES,
      "max-size-time", open ? (guint64) 0 : (guint64) QUEUE_TIME, NULL);
}
