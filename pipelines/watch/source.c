/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is at an address, decoded: its pictures, whatever else there is. */

#include "watch/source.h"

#include <string.h>

#define RTSP_LATENCY_MS 500     /* that packets may be late by */
#define NEXT_PICTURE (GST_SECOND / 70)  /* single pictures that come sooner after the last are not looked at */

typedef struct
{
  const L4Trust *trust;
  L4SourceFunc func;
  L4PacketFunc packet;
  gpointer user_data;
  GstPad *decoded;              /* the decoder's, of which packets are taken: the first that has any; for comparing alone */
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

static gboolean
on_rtsp_certificate (GstElement *source, GTlsConnection *connection, GTlsCertificate *certificate, GTlsCertificateFlags wrong, gpointer trust)
{
  return l4_trust_knows (trust, certificate);
}

static gboolean
on_http_certificate (GstElement *source, GTlsCertificate *certificate, GTlsCertificateFlags wrong, gpointer trust)
{
  return l4_trust_knows (trust, certificate);
}

static void
set_trust (GstElement *source, const L4Trust *trust, GCallback on_certificate)
{
  if (trust == NULL)
    return;
  g_object_set (source, "tls-database", l4_trust_get_database (trust), NULL);
  g_signal_connect (source, "accept-certificate", on_certificate, (gpointer) trust);
}

/* Only what the element has. */
static void
on_source_setup (GstElement *bin, GstElement *source, gpointer data)
{
  const Call *call = data;
  GstElementFactory *factory = gst_element_get_factory (source);
  const char *name = factory != NULL ? GST_OBJECT_NAME (factory) : "";

  if (g_str_equal (name, "rtspsrc")) {
    g_object_set (source, "latency", RTSP_LATENCY_MS, NULL);
    set_trust (source, call->trust, G_CALLBACK (on_rtsp_certificate));
  } else if (g_str_equal (name, "souphttpsrc")) {
    set_trust (source, call->trust, G_CALLBACK (on_http_certificate));
  }
}

static void
free_call (gpointer data, GClosure *closure)
{
  g_free (data);
}

/* What kind it says it is, where pictures are its trade; NULL: they are not. */
static const char *
get_trade (GstElement *element)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  const char *kind = factory != NULL ? gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_KLASS) : NULL;

  return kind != NULL && (strstr (kind, "Video") != NULL || strstr (kind, "Image") != NULL) ? kind : NULL;
}

gboolean
l4_source_is_decoder (GstElement *element)
{
  const char *kind = get_trade (element);

  return kind != NULL && strstr (kind, "Decoder") != NULL;
}

gboolean
l4_source_is_of_pictures (GstElement *element)
{
  const char *kind = get_trade (element);

  return kind != NULL && (strstr (kind, "Decoder") != NULL || strstr (kind, "Parser") != NULL);
}

/* Packets ----------------------------------------------------------------------------------------------------------------------- */

static GstPadProbeReturn
on_packet (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Call *call = data;
  GstBuffer *packet = GST_PAD_PROBE_INFO_BUFFER (info);
  g_autoptr (GstEvent) event = gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const GstSegment *segment = NULL;
  guint64 time = GST_CLOCK_TIME_NONE;

  g_atomic_pointer_compare_and_exchange (&call->decoded, NULL, pad);
  if (event != NULL)
    gst_event_parse_segment (event, &segment);
  if (segment != NULL && segment->format == GST_FORMAT_TIME && g_atomic_pointer_get (&call->decoded) == pad)
    time = gst_segment_to_stream_time (segment, GST_FORMAT_TIME, GST_BUFFER_PTS_IS_VALID (packet) ? GST_BUFFER_PTS (packet)
        : GST_BUFFER_DTS (packet));
  if (GST_CLOCK_TIME_IS_VALID (time) && caps != NULL)
    call->packet (caps, packet, time, call->user_data);
  return GST_PAD_PROBE_OK;
}

static void
on_element (GstBin *bin, GstBin *within, GstElement *element, gpointer data)
{
  g_autoptr (GstPad) pad = l4_source_is_decoder (element) ? gst_element_get_static_pad (element, "sink") : NULL;

  if (pad != NULL)
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_packet, data, NULL);
}

/* Single pictures --------------------------------------------------------------------------------------------------------------- */

/* They have no times but that of their coming. However many come, they keep no processor busy. */
static GstPadProbeReturn
on_single (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstClockTime *latest = data;
  g_autoptr (GstElement) element = gst_pad_get_parent_element (pad);
  GstClockTime now = element != NULL ? gst_element_get_current_running_time (element) : GST_CLOCK_TIME_NONE;

  if (!GST_CLOCK_TIME_IS_VALID (now))   /* the first, before the clock runs */
    return GST_PAD_PROBE_OK;
  if (GST_CLOCK_TIME_IS_VALID (*latest) && now < *latest + NEXT_PICTURE)
    return GST_PAD_PROBE_DROP;
  *latest = now;
  info->data = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  GST_BUFFER_PTS (info->data) = now;
  GST_BUFFER_DTS (info->data) = GST_CLOCK_TIME_NONE;
  return GST_PAD_PROBE_OK;
}

static void
on_single_pad (GstElement *demuxer, GstPad *pad, gpointer data)
{
  GstClockTime *latest = g_new (GstClockTime, 1);

  *latest = GST_CLOCK_TIME_NONE;
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_single, latest, g_free);
}

/* A camera that sends one JPEG after the other, and nothing else that would have to be waited for. */
static void
on_any_element (GstBin *bin, GstBin *within, GstElement *element, gpointer data)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  if (factory == NULL || !g_str_equal (GST_OBJECT_NAME (factory), "multipartdemux"))
    return;
  g_object_set (element, "single-stream", TRUE, NULL);
  g_signal_connect (element, "pad-added", G_CALLBACK (on_single_pad), NULL);
}

GstElement *
l4_source_new (const char *uri, const L4Trust *trust, L4SourceFunc func, L4PacketFunc packet, gpointer user_data)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string ("video/x-raw(ANY)");
  GstElement *self = gst_element_factory_make ("uridecodebin", NULL);
  Call *call = g_new0 (Call, 1);

  *call = (Call) { trust, func, packet, user_data };
  g_object_set (self, "uri", uri, "caps", caps, "expose-all-streams", FALSE, NULL);
  g_signal_connect_data (self, "pad-added", G_CALLBACK (on_pad), call, free_call, 0);
  g_signal_connect (self, "deep-element-added", G_CALLBACK (on_any_element), NULL);
  if (packet != NULL)
    g_signal_connect (self, "deep-element-added", G_CALLBACK (on_element), call);
  g_signal_connect (self, "source-setup", G_CALLBACK (on_source_setup), call);
  return self;
}
