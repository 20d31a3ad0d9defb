/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is at an address, decoded: its pictures, whatever else there is. */

#include "watch/source.h"

#define RTSP_LATENCY_MS 500     /* that packets may be late by */

typedef struct
{
  L4SourceFunc func;
  gpointer user_data;
} Call;

static gboolean
is_live (GstPad *pad)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_query (pad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  return live;
}

static void
on_pad (GstElement *source, GstPad *pad, gpointer data)
{
  const Call *call = data;

  call->func (pad, is_live (pad), call->user_data);
}

/* Only what the element has. */
static void
on_source_setup (GstElement *bin, GstElement *source, gpointer data)
{
  GstElementFactory *factory = gst_element_get_factory (source);

  if (factory != NULL && g_str_equal (GST_OBJECT_NAME (factory), "rtspsrc"))
    g_object_set (source, "latency", RTSP_LATENCY_MS, NULL);
}

static void
free_call (gpointer data, GClosure *closure)
{
  g_free (data);
}

GstElement *
l4_source_new (const char *uri, L4SourceFunc func, gpointer user_data)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string ("video/x-raw(ANY)");
  GstElement *self = gst_element_factory_make ("uridecodebin", NULL);
  Call *call = g_new0 (Call, 1);

  *call = (Call) { func, user_data };
  g_object_set (self, "uri", uri, "caps", caps, "expose-all-streams", FALSE, NULL);
  g_signal_connect_data (self, "pad-added", G_CALLBACK (on_pad), call, free_call, 0);
  g_signal_connect (self, "source-setup", G_CALLBACK (on_source_setup), NULL);
  return self;
}
