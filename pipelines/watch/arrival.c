/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far what is at an address has come: not at all, to a decoder, and what it is. */

#include "watch/arrival.h"

#include "base/i18n.h"
#include "watch/source.h"

#define ANYTHING (GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST)

struct _L4Arrival
{
  int any;                      /* atomic */
  int answered;                 /* atomic */
  gsize part;                   /* atomic: behind the byte from which a part of a file was asked for, and has not come; 0: none was */
  const char *encoded;          /* atomic, interned: what a decoder of pictures got; NULL: nothing */
};

void
l4_arrival_unref (L4Arrival *self)
{
  if (self != NULL)
    g_atomic_rc_box_release (self);
}

static void
unref_closure (gpointer data, GClosure *closure)
{
  l4_arrival_unref (data);
}

static void
look_at (L4Arrival *self, GstPad *pad, GstPadProbeType what, GstPadProbeCallback probe)
{
  gst_pad_add_probe (pad, what, probe, g_atomic_rc_box_acquire (self), (GDestroyNotify) l4_arrival_unref);
}

/* The first is enough. */
static GstPadProbeReturn
on_any (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  g_atomic_int_set (&((L4Arrival *) data)->any, TRUE);
  return GST_PAD_PROBE_REMOVE;
}

static GstPadProbeReturn
on_part (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  gsize *part = &((L4Arrival *) data)->part, wanted = g_atomic_pointer_get (part);
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  if (wanted == 0)
    return GST_PAD_PROBE_REMOVE;
  if (!GST_IS_BUFFER (buffer) || GST_BUFFER_OFFSET (buffer) + 1 != wanted)      /* of before */
    return GST_PAD_PROBE_OK;
  g_atomic_pointer_compare_and_exchange (part, wanted, 0);
  return GST_PAD_PROBE_REMOVE;
}

/* What is downstream goes elsewhere in a file. */
static GstPadProbeReturn
on_seek (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  L4Arrival *self = data;
  GstFormat format;
  gint64 start;

  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) != GST_EVENT_SEEK)
    return GST_PAD_PROBE_OK;
  gst_event_parse_seek (GST_PAD_PROBE_INFO_EVENT (info), NULL, &format, NULL, NULL, &start, NULL, NULL);
  if (format == GST_FORMAT_BYTES && start >= 0) {
    g_atomic_pointer_set (&self->part, (gsize) start + 1);
    look_at (self, pad, GST_PAD_PROBE_TYPE_BUFFER, on_part);
  }
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_encoded (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  if (caps != NULL && gst_caps_get_size (caps) > 0)
    g_atomic_pointer_set (&((L4Arrival *) data)->encoded, g_intern_string (gst_structure_get_name (gst_caps_get_structure (caps, 0))));
  return GST_PAD_PROBE_REMOVE;
}

static void
on_pad (GstElement *source, GstPad *pad, gpointer data)
{
  if (GST_PAD_IS_SRC (pad))
    look_at (data, pad, ANYTHING, on_any);
}

static gboolean
look_at_static (GstElement *source, GstPad *pad, gpointer data)
{
  look_at (data, pad, ANYTHING, on_any);
  look_at (data, pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_seek);
  return TRUE;
}

/* An RTSP server has said what it has. */
static void
on_sdp (GstElement *source, gpointer sdp, gpointer data)
{
  g_atomic_int_set (&((L4Arrival *) data)->answered, TRUE);
}

static void
on_source (GstElement *bin, GstElement *source, gpointer data)
{
  gst_element_foreach_src_pad (source, look_at_static, data);
  g_signal_connect_data (source, "pad-added", G_CALLBACK (on_pad), g_atomic_rc_box_acquire (data), unref_closure, 0);
  if (g_signal_lookup ("on-sdp", G_OBJECT_TYPE (source)) != 0)
    g_signal_connect_data (source, "on-sdp", G_CALLBACK (on_sdp), g_atomic_rc_box_acquire (data), unref_closure, 0);
}

static void
on_element (GstBin *bin, GstBin *within, GstElement *element, gpointer data)
{
  g_autoptr (GstPad) pad = l4_source_is_of_pictures (element) ? gst_element_get_static_pad (element, "sink") : NULL;

  if (pad != NULL)
    look_at (data, pad, ANYTHING, on_encoded);
}

L4Arrival *
l4_arrival_new (GstElement *bin)
{
  L4Arrival *self = g_atomic_rc_box_new0 (L4Arrival);

  g_signal_connect_data (bin, "source-setup", G_CALLBACK (on_source), g_atomic_rc_box_acquire (self), unref_closure, 0);
  g_signal_connect_data (bin, "deep-element-added", G_CALLBACK (on_element), g_atomic_rc_box_acquire (self), unref_closure, 0);
  return self;
}

gboolean
l4_arrival_has_any (L4Arrival *self)
{
  return g_atomic_int_get (&self->any);
}

void
l4_arrival_take (L4Arrival *self, GstMessage *message)
{
  guint status;

  if (gst_message_has_name (message, "http-headers") && gst_structure_get_uint (gst_message_get_structure (message), "http-status-code", &status)
      && status >= 100)         /* less stands for what went wrong on the way */
    g_atomic_int_set (&self->answered, TRUE);
}

gboolean
l4_arrival_has_answered (L4Arrival *self)
{
  return l4_arrival_has_any (self) || g_atomic_int_get (&self->answered);
}

gboolean
l4_arrival_lacks_part (L4Arrival *self)
{
  return g_atomic_pointer_get (&self->part) != 0;
}

char *
l4_arrival_tell (L4Arrival *self)
{
  const char *encoded = g_atomic_pointer_get (&self->encoded);

  if (encoded != NULL)
    return g_strdup_printf (_("what came, %s, gave none"), encoded);
  if (l4_arrival_has_any (self))
    return g_strdup (_("there is no video in what came"));
  return g_strdup (l4_arrival_has_answered (self) ? _("it answers, but sends nothing") : _("nothing came"));
}
