/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serves a film's H.264 as a camera does, by RTSP on a port of this machine: rtsp-server PORT FILE [USER PASSWORD | tls CERTIFICATE KEY]; port 0:
 * any. Instead of the file a pipeline "( … name=pay0 )". Prints the port. */

#include <stdio.h>

#include <gst/rtsp-server/rtsp-server.h>

/* Of one who may see it. (transfer full) */
static GstRTSPToken *
make_token (GstRTSPMediaFactory * factory)
{
  gst_rtsp_media_factory_add_role (factory, "user", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
      GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
  return gst_rtsp_token_new (GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "user", NULL);
}

/* Whoever else asks is refused. */
static void
demand (GstRTSPServer * server, GstRTSPMediaFactory * factory, const char *user, const char *password)
{
  g_autoptr (GstRTSPAuth) auth = gst_rtsp_auth_new ();
  g_autoptr (GstRTSPToken) token = make_token (factory);
  g_autofree char *basic = gst_rtsp_auth_make_basic (user, password);

  gst_rtsp_auth_add_basic (auth, basic, token);
  gst_rtsp_server_set_auth (server, auth);
}

static gboolean
encrypt (GstRTSPServer * server, GstRTSPMediaFactory * factory, const char *certificate, const char *key)
{
  g_autoptr (GstRTSPAuth) auth = gst_rtsp_auth_new ();
  g_autoptr (GstRTSPToken) token = make_token (factory);
  g_autoptr (GTlsCertificate) own = g_tls_certificate_new_from_files (certificate, key, NULL);

  gst_rtsp_auth_set_default_token (auth, token);
  gst_rtsp_auth_set_tls_certificate (auth, own);
  gst_rtsp_server_set_auth (server, auth);
  return own != NULL;
}

int
main (int argc, char **argv)
{
  GstRTSPServer *server;
  GstRTSPMediaFactory *factory;
  g_autofree char *launch = NULL;

  if (argc < 3 || argc == 4 || argc > 6)
    return 1;
  gst_init (&argc, &argv);
  server = gst_rtsp_server_new ();
  gst_rtsp_server_set_address (server, "127.0.0.1");
  gst_rtsp_server_set_service (server, argv[1]);
  factory = gst_rtsp_media_factory_new ();
  launch = *argv[2] == '(' ? g_strdup (argv[2]) : g_strdup_printf ("( filesrc location=%s ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )", argv[2]);
  gst_rtsp_media_factory_set_launch (factory, launch);
  gst_rtsp_media_factory_set_shared (factory, TRUE);
  if (argc == 5)
    demand (server, factory, argv[3], argv[4]);
  if (argc == 6 && !encrypt (server, factory, argv[4], argv[5]))
    return 1;
  gst_rtsp_mount_points_add_factory (gst_rtsp_server_get_mount_points (server), "/camera", factory);
  if (gst_rtsp_server_attach (server, NULL) == 0)
    return 1;
  printf ("%d\n", gst_rtsp_server_get_bound_port (server));
  fflush (stdout);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  return 0;
}
