/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To be loaded before a program: its threads come at the worst time for the types of GLib, as they seldom do by themselves. */

#define _GNU_SOURCE

#include <dlfcn.h>

#include <gio/gio.h>
#include <gst/gst.h>

#define LATER_US (300 * 1000)
#define LONG_US (1500 * 1000)

/* The element for HTTP is looked for when that for RTSP is at work. */
GstElement *
gst_element_make_from_uri (const GstURIType type, const char *uri, const char *name, GError **error)
{
  GstElement *(*next) (GstURIType, const char *, const char *, GError **) = dlsym (RTLD_NEXT, "gst_element_make_from_uri");

  if (g_str_has_prefix (uri, "http:"))
    g_usleep (LATER_US);
  return next (type, uri, name, error);
}

/* The class GSocketClient, which is made for RTSP, takes long just before it comes to the type of its address. */
GParamSpec *
g_param_spec_enum (const char *name, const char *nick, const char *blurb, GType type, int value, GParamFlags flags)
{
  GParamSpec *(*next) (const char *, const char *, const char *, GType, int, GParamFlags) = dlsym (RTLD_NEXT, "g_param_spec_enum");

  if (type == G_TYPE_SOCKET_PROTOCOL)
    g_usleep (LONG_US);
  return next (name, nick, blurb, type, value, flags);
}
