/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is at an address, decoded: its pictures, whatever else there is. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A pad with pictures is there; live: they come when they happen. Called by a streaming thread. */
typedef void (*L4SourceFunc) (GstPad *pad, gboolean live, gpointer user_data);

/* (floating) */
GstElement *l4_source_new (const char *uri, L4SourceFunc func, gpointer user_data);

G_END_DECLS
