/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An element that makes RTP packets of documents of metadata. */

#include "onvif/payloader.h"

#include <gst/rtp/rtp.h>

#define RATE 90000              /* ticks a second, as the specification has it */

typedef struct
{
  GstRTPBasePayload parent;
} Payloader;

typedef struct
{
  GstRTPBasePayloadClass parent;
} PayloaderClass;

static GType payloader_get_type (void);
G_DEFINE_TYPE (Payloader, payloader, GST_TYPE_RTP_BASE_PAYLOAD)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("application/x-onvif-metadata"));
static GstStaticPadTemplate source_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("application/x-rtp, media=(string)application, payload=(int)[96, 127], clock-rate=(int)90000, "
        "encoding-name=(string)vnd.onvif.metadata"));

static gboolean
set_caps (GstRTPBasePayload *base, GstCaps *caps)
{
  gst_rtp_base_payload_set_options (base, "application", TRUE, "vnd.onvif.metadata", RATE);
  return gst_rtp_base_payload_set_outcaps (base, NULL);
}

/* (transfer full) */
static GstBuffer *
make_packet (GstRTPBasePayload *base, GstBuffer *document, gsize offset, gsize length)
{
  GstBuffer *packet = gst_rtp_base_payload_allocate_output_buffer (base, 0, 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;

  if (gst_rtp_buffer_map (packet, GST_MAP_WRITE, &rtp)) {
    gst_rtp_buffer_set_marker (&rtp, offset + length == gst_buffer_get_size (document));
    gst_rtp_buffer_unmap (&rtp);
  }
  packet = gst_buffer_append (packet, gst_buffer_copy_region (document, GST_BUFFER_COPY_MEMORY, offset, length));
  GST_BUFFER_PTS (packet) = GST_BUFFER_PTS (document);
  GST_BUFFER_DTS (packet) = GST_BUFFER_DTS (document);
  return packet;
}

static GstFlowReturn
handle_buffer (GstRTPBasePayload *base, GstBuffer *document)
{
  const gsize size = gst_buffer_get_size (document), most = MAX (gst_rtp_buffer_calc_payload_len (GST_RTP_BASE_PAYLOAD_MTU (base), 0, 0), 1);
  GstBufferList *packets = gst_buffer_list_new ();

  for (gsize offset = 0; offset < size; offset += most)
    gst_buffer_list_add (packets, make_packet (base, document, offset, MIN (most, size - offset)));
  gst_buffer_unref (document);
  return gst_rtp_base_payload_push_list (base, packets);
}

static void
payloader_class_init (PayloaderClass *class)
{
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (class), &sink_template);
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (class), &source_template);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (class), "Payloader of ONVIF metadata", "Codec/Payloader/Network/RTP",
      "Makes RTP packets of documents", "llama4describe");
  GST_RTP_BASE_PAYLOAD_CLASS (class)->set_caps = set_caps;
  GST_RTP_BASE_PAYLOAD_CLASS (class)->handle_buffer = handle_buffer;
}

static void
payloader_init (Payloader *self)
{
}

void
l4_onvif_payloader_register (void)
{
  static gsize once;

  if (g_once_init_enter (&once)) {
    gst_element_register (NULL, L4_ONVIF_PAYLOADER, GST_RANK_NONE, payloader_get_type ());
    g_once_init_leave (&once, 1);
  }
}
