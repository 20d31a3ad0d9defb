/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far what is at an address has come: not at all, to a decoder, and what it is. */

#include "watch/arrival.h"

#include "base/i18n.h"
#include "watch/source.h"

struct _L4Arrival
{
  int any;                      /* atomic */
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

/* The first is enough. */
static GstPadProbeReturn
on_any (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  g_atomic_int_set (&((L4Arrival *) data)->any, TRUE);
  return GST_PAD_PROBE_REMOVE;
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
look_at (L4Arrival *self, GstPad *pad, GstPadProbeCallback probe)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, probe, g_atomic_rc_box_acquire (self),
      (GDestroyNotify) l4_arrival_unref);
}

static void
on_pad (GstElement *source, GstPad *pad, gpointer data)
{
  if (GST_PAD_IS_SRC (pad))
    look_at (data, pad, on_any);
}

static gboolean
look_at_static (GstElement *source, GstPad *pad, gpointer data)
{
  look_at (data, pad, on_any);
  return TRUE;
}

static void
on_source (GstElement *bin, GstElement *source, gpointer data)
{
  gst_element_foreach_src_pad (source, look_at_static, data);
  g_signal_connect_data (source, "pad-added", G_CALLBACK (on_pad), g_atomic_rc_box_acquire (data), unref_closure, 0);
}

static void
on_element (GstBin *bin, GstBin *within, GstElement *element, gpointer data)
{
  g_autoptr (GstPad) pad = l4_source_is_of_pictures (element) ? gst_element_get_static_pad (element, "sink") : NULL;

  if (pad != NULL)
    look_at (data, pad, on_encoded);
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

char *
l4_arrival_tell (L4Arrival *self)
{
  const char *encoded = g_atomic_pointer_get (&self->encoded);

  if (encoded != NULL)
    return g_strdup_printf (_("what came, %s, gave none"), encoded);
  return g_strdup (l4_arrival_has_any (self) ? _("there is no video in what came") : _("nothing came"));
}
