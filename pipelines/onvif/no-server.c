/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of a program that was built without gst-rtsp-server: there is no metadata by RTSP. */

#include "base/error.h"
#include "onvif/server.h"

gboolean
l4_onvif_server_check (const L4OnvifServerSettings *settings, GError **error)
{
  return l4_fail (error, L4_ERROR_UNSUPPORTED, _("there is no rtsp in this program, which was built without gst-rtsp-server"));
}

L4OnvifServer *
l4_onvif_server_new (const L4OnvifServerSettings *settings, GError **error)
{
  l4_onvif_server_check (settings, error);
  return NULL;
}

void
l4_onvif_server_free (L4OnvifServer *self)
{
}

const char *
l4_onvif_server_get_url (const L4OnvifServer *self, guint camera)
{
  return NULL;
}

void
l4_onvif_server_push (L4OnvifServer *self, guint camera, const char *document)
{
}
