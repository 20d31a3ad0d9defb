/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metadata by RTSP: a stream for each camera. */

#include "onvif/server.h"

#include <string.h>

#include <gst/app/app.h>
#include <gst/rtsp-server/rtsp-server.h>

#include "base/error.h"
#include "onvif/metadata.h"
#include "onvif/payloader.h"

#define ROLE "viewer"
#define MOST_BYTES "1048576"    /* that wait for a client */
#define BIGGEST_BODY 16384      /* bytes of a request: nobody fills the memory with one, least of all before a password */
#define AFTER_SESSION 20        /* seconds until a connection whose sessions have ended is closed: whoever it was may be gone for good */
#define MOST_CONNECTIONS (2 * L4_ONVIF_MOST_CLIENTS)    /* some of which have not asked for anything yet */

/* A pipeline for each client, so that each gets what is so when it comes. A slow one loses the oldest. */
#define LAUNCH "( appsrc name=metadata is-live=true format=time max-bytes=" MOST_BYTES " leaky-type=downstream " \
    "caps=application/x-onvif-metadata,parsed=true,encoding=utf8 ! " L4_ONVIF_PAYLOADER " name=pay0 pt=107 )"

/* Of a camera. A client's pipeline may end after the server has. */
typedef struct
{
  guint number;
  char *url;
  GMutex lock;
  L4OnvifServer *server;        /* NULL: it has ended; lock */
  GPtrArray *sources;           /* of GstAppSrc: a client each; lock */
} Mount;

/* Who is served at a mount, as long as his media is there. */
typedef struct
{
  Mount *mount;
  GstElement *source;
} Viewer;

struct _L4OnvifServer
{
  char *(*begin) (guint camera, gpointer data);
  gpointer data;
  Mount **mounts;               /* [n_mounts] */
  guint n_mounts;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  GstRTSPServer *server;
};

/* A server that hangs up on connections beyond as many as could ever be served. */
typedef struct
{
  GstRTSPServer parent;
} Server;

typedef struct
{
  GstRTSPServerClass parent;
} ServerClass;

static GType server_get_type (void);
G_DEFINE_TYPE (Server, server, GST_TYPE_RTSP_SERVER)

static void
on_session (GstRTSPClient *client, GstRTSPSession *session, gpointer data)
{
  g_object_set_data (G_OBJECT (session), "client", client);
}

static GstRTSPFilterResult
end_session (GstRTSPSessionPool *sessions, GstRTSPSession *session, gpointer client)
{
  return g_object_get_data (G_OBJECT (session), "client") == client ? GST_RTSP_FILTER_REMOVE : GST_RTSP_FILTER_KEEP;
}

/* A connection that ends takes its media with it, and not its sessions: they would count until they time out. */
static void
on_closed (GstRTSPClient *client, gpointer data)
{
  g_autoptr (GstRTSPSessionPool) sessions = gst_rtsp_client_get_session_pool (client);

  g_list_free (gst_rtsp_session_pool_filter (sessions, end_session, client));
}

static GstRTSPClient *
create_client (GstRTSPServer *server)
{
  GList *there = gst_rtsp_server_client_filter (server, NULL, NULL);
  guint n = g_list_length (there);
  GstRTSPClient *client;

  g_list_free_full (there, g_object_unref);
  if (n >= MOST_CONNECTIONS)
    return NULL;
  client = GST_RTSP_SERVER_CLASS (server_parent_class)->create_client (server);
  g_object_set (client, "post-session-timeout", AFTER_SESSION, NULL);
  g_signal_connect (client, "new-session", G_CALLBACK (on_session), NULL);
  g_signal_connect (client, "closed", G_CALLBACK (on_closed), NULL);
  return client;
}

static void
server_init (Server *self)
{
}

static void
server_class_init (ServerClass *class)
{
  GST_RTSP_SERVER_CLASS (class)->create_client = create_client;
}

static void
mount_clear (gpointer data)
{
  Mount *self = data;

  g_ptr_array_unref (self->sources);
  g_mutex_clear (&self->lock);
  g_free (self->url);
}

static void
mount_unref (gpointer mount)
{
  g_atomic_rc_box_release_full (mount, mount_clear);
}

static Mount *
mount_new (L4OnvifServer *server, guint number)
{
  Mount *self = g_atomic_rc_box_new0 (Mount);

  self->server = server;
  self->number = number;
  self->sources = g_ptr_array_new_with_free_func (gst_object_unref);
  g_mutex_init (&self->lock);
  return self;
}

/* Clients ------------------------------------------------------------------------------------------------------------------------- */

/* Since the pipeline began to play. A pipeline that starts has its clock a moment before it knows when it began: by appsrc's do-timestamp
 * a document of that moment is for as long after the beginning as the machine is up, and all of the stream waits until then. */
static GstClockTime
time_of (GstElement *source)
{
  return gst_element_get_base_time (source) > 0 ? gst_element_get_current_running_time (source) : 0;
}

/* While a client pauses, and when he leaves, his source takes nothing. */
static void
push_one (GstAppSrc *source, const char *document)
{
  GstBuffer *buffer = gst_buffer_new_memdup (document, strlen (document));

  GST_BUFFER_PTS (buffer) = time_of (GST_ELEMENT (source));
  gst_app_src_push_buffer (source, buffer);
}

static void
push_all (Mount *mount, const char *document)
{
  g_mutex_lock (&mount->lock);
  for (guint i = 0; i < mount->sources->len; i++)
    push_one (g_ptr_array_index (mount->sources, i), document);
  g_mutex_unlock (&mount->lock);
}

static void
forget_mount (gpointer mount, GClosure *closure)
{
  mount_unref (mount);
}

static void
viewer_free (gpointer data)
{
  Viewer *self = data;

  g_mutex_lock (&self->mount->lock);
  g_ptr_array_remove (self->mount->sources, self->source);
  g_mutex_unlock (&self->mount->lock);
  gst_object_unref (self->source);
  mount_unref (self->mount);
  g_free (self);
}

static void
on_unprepared (GstRTSPMedia *media, gpointer data)
{
  g_object_set_data (G_OBJECT (media), "viewer", NULL);
}

/* A media that cannot be prepared, as without rtpbin, goes without a signal. */
static void
add_viewer (GstRTSPMedia *media, Mount *mount, GstElement *source)
{
  Viewer *viewer = g_new (Viewer, 1);

  *viewer = (Viewer) { g_atomic_rc_box_acquire (mount), gst_object_ref (source) };
  g_object_set_data_full (G_OBJECT (media), "viewer", viewer, viewer_free);
  g_signal_connect (media, "unprepared", G_CALLBACK (on_unprepared), NULL);
}

/* What is so now, and then all that comes: nothing between them is lost. */
static void
on_media (GstRTSPMediaFactory *factory, GstRTSPMedia *media, Mount *mount)
{
  g_autoptr (GstElement) pipeline = gst_rtsp_media_get_element (media);
  GstElement *source = gst_bin_get_by_name (GST_BIN (pipeline), "metadata");

  add_viewer (media, mount, source);
  g_mutex_lock (&mount->lock);
  if (mount->server != NULL) {
    g_autofree char *document = mount->server->begin (mount->number, mount->server->data);

    push_one (GST_APP_SRC (source), document);
    g_ptr_array_add (mount->sources, gst_object_ref (source));
  }
  g_mutex_unlock (&mount->lock);
  gst_object_unref (source);
}

/* An empty document a second shows that there is no news, as the specification recommends. */
static gboolean
on_second (gpointer data)
{
  L4OnvifServer *self = data;
  g_autoptr (GstRTSPSessionPool) sessions = gst_rtsp_server_get_session_pool (self->server);

  for (guint i = 0; i < self->n_mounts; i++)
    push_all (self->mounts[i], L4_ONVIF_HEAD L4_ONVIF_TAIL);
  gst_rtsp_session_pool_cleanup (sessions);
  return G_SOURCE_CONTINUE;
}

/* The server ---------------------------------------------------------------------------------------------------------------------- */

gboolean
l4_onvif_server_check (const L4OnvifServerSettings *settings, GError **error)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (settings->address != NULL ? settings->address : "127.0.0.1");
  const gboolean asks = settings->password != NULL;

  if (settings->port > G_MAXUINT16)
    return l4_fail (error, L4_ERROR_INPUT, _("there is no port %u"), settings->port);
  if (address == NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("\"%s\" is no numeric address"), settings->address);
  if ((settings->user != NULL) != asks || (asks && (*settings->user == '\0' || *settings->password == '\0')))
    return l4_fail (error, L4_ERROR_INPUT, _("a user needs a password, and a password a user"));
  return asks || g_inet_address_get_is_loopback (address)
      || l4_fail (error, L4_ERROR_INPUT, _("%s needs a user and a password, as others than this machine can reach it"), settings->address);
}

static void
ask_for_password (L4OnvifServer *self, const L4OnvifServerSettings *settings)
{
  g_autoptr (GstRTSPAuth) auth = gst_rtsp_auth_new ();
  GstRTSPToken *token = gst_rtsp_token_new (GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, ROLE, NULL);

  gst_rtsp_auth_set_supported_methods (auth, GST_RTSP_AUTH_DIGEST);
  gst_rtsp_auth_add_digest (auth, settings->user, settings->password, token);
  gst_rtsp_token_unref (token);
  gst_rtsp_server_set_auth (self->server, auth);
}

/* The path of a camera's name. (transfer full) */
static char *
make_path (const char *camera)
{
  g_autofree char *escaped = g_uri_escape_string (camera, NULL, FALSE);

  return g_strconcat ("/", escaped, NULL);
}

static void
add_mount (L4OnvifServer *self, GstRTSPMountPoints *points, guint number, const char *camera)
{
  GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new ();
  g_autofree char *path = make_path (camera);

  self->mounts[number] = mount_new (self, number);
  gst_rtsp_media_factory_set_launch (factory, LAUNCH);
  gst_rtsp_media_factory_set_shared (factory, FALSE);
  gst_rtsp_media_factory_add_role (factory, ROLE, GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
      GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
  g_signal_connect_data (factory, "media-configure", G_CALLBACK (on_media), g_atomic_rc_box_acquire (self->mounts[number]), forget_mount, 0);
  gst_rtsp_mount_points_add_factory (points, path, factory);    /* takes it */
}

static void
add_mounts (L4OnvifServer *self, const char *const *cameras)
{
  g_autoptr (GstRTSPMountPoints) points = gst_rtsp_server_get_mount_points (self->server);

  self->n_mounts = g_strv_length ((char **) cameras);
  self->mounts = g_new0 (Mount *, self->n_mounts);
  for (guint i = 0; i < self->n_mounts; i++)
    add_mount (self, points, i, cameras[i]);
}

static gpointer
serve (gpointer data)
{
  L4OnvifServer *self = data;

  g_main_context_push_thread_default (self->context);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static void
attach (L4OnvifServer *self, GSource *source)
{
  g_source_attach (source, self->context);
  g_source_unref (source);
}

static gboolean
listen_there (L4OnvifServer *self, const L4OnvifServerSettings *settings, GError **error)
{
  g_autofree char *port = g_strdup_printf ("%u", settings->port);
  const char *host = settings->address != NULL ? settings->address : "127.0.0.1";
  g_autoptr (GstRTSPSessionPool) sessions = gst_rtsp_server_get_session_pool (self->server);
  g_autoptr (GError) problem = NULL;
  GSource *source, *second;

  gst_rtsp_server_set_address (self->server, host);
  gst_rtsp_server_set_service (self->server, port);
  gst_rtsp_server_set_content_length_limit (self->server, BIGGEST_BODY);
  gst_rtsp_session_pool_set_max_sessions (sessions, L4_ONVIF_MOST_CLIENTS);
  source = gst_rtsp_server_create_source (self->server, NULL, &problem);
  if (source == NULL)
    return l4_fail (error, L4_ERROR_IO, _("metadata cannot be served at port %u: %s"), settings->port, problem->message);
  attach (self, source);
  second = g_timeout_source_new_seconds (1);
  g_source_set_callback (second, on_second, self, NULL);
  attach (self, second);
  for (guint i = 0; i < self->n_mounts; i++) {
    g_autofree char *path = make_path (settings->cameras[i]);

    self->mounts[i]->url = g_strdup_printf (strchr (host, ':') != NULL ? "rtsp://[%s]:%d%s" : "rtsp://%s:%d%s", host,
        gst_rtsp_server_get_bound_port (self->server), path);
  }
  return TRUE;
}

L4OnvifServer *
l4_onvif_server_new (const L4OnvifServerSettings *settings, GError **error)
{
  L4OnvifServer *self;

  if (!l4_onvif_server_check (settings, error))
    return NULL;
  l4_onvif_payloader_register ();
  self = g_new0 (L4OnvifServer, 1);
  self->begin = settings->begin;
  self->data = settings->data;
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->server = g_object_new (server_get_type (), NULL);
  add_mounts (self, settings->cameras);
  if (settings->password != NULL)
    ask_for_password (self, settings);
  if (!listen_there (self, settings, error)) {
    l4_onvif_server_free (self);
    return NULL;
  }
  self->thread = g_thread_new ("onvif", serve, self);
  return self;
}

static GstRTSPFilterResult
close_client (GstRTSPServer *server, GstRTSPClient *client, gpointer data)
{
  return GST_RTSP_FILTER_REMOVE;
}

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

void
l4_onvif_server_free (L4OnvifServer *self)
{
  if (self == NULL)
    return;
  g_list_free (gst_rtsp_server_client_filter (self->server, close_client, NULL));
  if (self->thread != NULL) {
    GSource *last = g_idle_source_new ();

    g_source_set_callback (last, quit, self->loop, NULL);
    attach (self, last);
    g_thread_join (self->thread);
  }
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_object_unref (self->server);
  for (guint i = 0; i < self->n_mounts; i++) {
    g_mutex_lock (&self->mounts[i]->lock);
    self->mounts[i]->server = NULL;
    g_ptr_array_set_size (self->mounts[i]->sources, 0);
    g_mutex_unlock (&self->mounts[i]->lock);
    mount_unref (self->mounts[i]);
  }
  g_free (self->mounts);
  g_free (self);
}

const char *
l4_onvif_server_get_url (const L4OnvifServer *self, guint camera)
{
  return self->mounts[camera]->url;
}

void
l4_onvif_server_push (L4OnvifServer *self, guint camera, const char *document)
{
  push_all (self->mounts[camera], document);
}
