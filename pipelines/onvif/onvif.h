/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells as ONVIF's metadata (metadata.h): into files, which grow, and by RTSP (server.h).
 *
 * Everything that is said and every alert is told in order. What cannot be written is tried once, and counts as refused. */

#pragma once

#include "tell/tell.h"

G_BEGIN_DECLS

/* Borrowed during the call, but for the data. */
typedef struct
{
  /* The file of a camera and time (microseconds since 1970), NAME.xml in a folder that is there; any thread. NULL: no files. (transfer full) */
  char *(*path) (const char *camera, gint64 time, gpointer data, GError **error);
  gpointer path_data;
  gboolean serves;              /* by RTSP */
  guint port;                   /* 0: any that is free */
  const char *address, *user, *password;        /* as in server.h */
  L4TellReport report;          /* NULL: nobody is told */
  gpointer report_data;
} L4OnvifSettings;

/* gst_init() comes first where it serves. Fails for settings that cannot work. (transfer full) */
L4Tell *l4_onvif_new (const L4OnvifSettings *settings, const L4TellCamera *cameras, guint n_cameras, GError **error);

/* Whether these are such settings. */
gboolean l4_onvif_check (const L4OnvifSettings *settings, GError **error);

/* Where a camera's stream is; NULL: it does not serve. Borrowed. */
const char *l4_onvif_get_url (L4Tell *self, guint camera);

G_END_DECLS
