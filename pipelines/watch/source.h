/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is at an address, decoded: its pictures, whatever else there is. */

#pragma once

#include <gst/gst.h>

#include "tell/trust.h"

G_BEGIN_DECLS

/* A pad with pictures is there; live: they come when they happen. Called by a streaming thread. */
typedef void (*L4SourceFunc) (GstPad *pad, gboolean live, gpointer user_data);

/* A packet of pictures on its way to its decoder, with its stream time. Called by a streaming thread. */
typedef void (*L4PacketFunc) (GstCaps *caps, GstBuffer *packet, guint64 time, gpointer user_data);

/* Whether it makes pictures of packets; or whether it does that or finds the packets of pictures in a stream. */
gboolean l4_source_is_decoder (GstElement *element);
gboolean l4_source_is_of_pictures (GstElement *element);

/* trust: certificates that are right, if it has one; NULL: those that the system trusts. packet: NULL: nobody wants them. (floating, borrowed) */
GstElement *l4_source_new (const char *uri, const L4Trust *trust, L4SourceFunc func, L4PacketFunc packet, gpointer user_data);

G_END_DECLS
