/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metadata by RTSP: a stream for each camera, rtsp://HOST:PORT/CAMERA, of documents as RTP packets (vnd.onvif.metadata, 90 kHz).
 *
 * Without a password it is served on this machine alone; with one it asks for it by digest, which does not show it to who listens. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _L4OnvifServer L4OnvifServer;

/* Borrowed during the call, but for the data. */
typedef struct
{
  guint port;                   /* 0: any that is free */
  const char *address;          /* numeric; NULL: 127.0.0.1. Others than those of this machine itself need a password */
  const char *user, *password;  /* both, or NULL */
  const char *const *cameras;   /* names; ends with NULL */
  char *(*begin) (guint camera, gpointer data); /* the document that whoever comes gets first; any thread (transfer full) */
  gpointer data;
} L4OnvifServerSettings;

#define L4_ONVIF_MOST_CLIENTS 64        /* at once; another one is refused */

/* Has a thread that serves. gst_init() comes first. Fails when the port is taken, and in a program that was built without
 * gst-rtsp-server. (transfer full) */
L4OnvifServer *l4_onvif_server_new (const L4OnvifServerSettings *settings, GError **error);

/* FALSE: the settings cannot work, whatever port is free. */
gboolean l4_onvif_server_check (const L4OnvifServerSettings *settings, GError **error);
void l4_onvif_server_free (L4OnvifServer *self);        /* NULL is fine */

/* Where a camera's is, without the password. Borrowed. */
const char *l4_onvif_server_get_url (const L4OnvifServer *self, guint camera);

/* A document for whoever is there, who never holds up the caller: what somebody does not take is lost for him. Any thread. */
void l4_onvif_server_push (L4OnvifServer *self, guint camera, const char *document);

G_END_DECLS
