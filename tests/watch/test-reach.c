/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with a server's certificate is said, all of it, and nothing of one that is right. */

#include <gst/gst.h>

#include "support/folder.h"
#include "tell/support.h"
#include "watch/reach.h"

typedef struct
{
  GSocketService *service;
  guint port;
} Server;

static void
free_certificate (gpointer data, GClosure *closure)
{
  g_object_unref (data);
}

static gboolean
serve (GThreadedSocketService *service, GSocketConnection *connection, GObject *source, gpointer certificate)
{
  g_autoptr (GIOStream) tls = g_tls_server_connection_new (G_IO_STREAM (connection), certificate, NULL);

  if (tls != NULL)
    g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, NULL);
  return TRUE;
}

/* The address of a server with the certificate of that name. (transfer full) */
static char *
begin (Server *self, const char *folder, const char *name)
{
  g_autofree char *file = g_strdup_printf ("%s/%s.pem", folder, name), *key = g_strdup_printf ("%s/%s.key", folder, name);
  g_autoptr (GError) error = NULL;
  GTlsCertificate *certificate = g_tls_certificate_new_from_files (file, key, &error);

  g_assert_no_error (error);
  self->service = g_threaded_socket_service_new (4);
  self->port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (self->service), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect_data (self->service, "run", G_CALLBACK (serve), certificate, free_certificate, 0);
  g_socket_service_start (self->service);
  return g_strdup_printf ("https://me:secret@localhost:%u/live", self->port);
}

typedef struct
{
  const char *uri;
  L4Trust *trust;
  char *why;
  gint done;
} Question;

/* The service takes connections in this thread. */
static gpointer
ask (gpointer data)
{
  Question *self = data;

  self->why = l4_reach_explain (self->uri, self->trust, FALSE, NULL);
  g_atomic_int_set (&self->done, TRUE);
  return NULL;
}

static void
assert_told_to (L4Trust *trust, const char *folder, const char *name, const char *expected)
{
  Server server;
  g_autofree char *uri = begin (&server, folder, name);
  Question question = { uri, trust };
  GThread *thread = g_thread_new ("ask", ask, &question);

  wait_for ((g_main_context_iteration (NULL, FALSE), g_atomic_int_get (&question.done)));
  g_thread_join (thread);
  g_assert_cmpstr (question.why, ==, expected);
  g_free (question.why);
  g_socket_service_stop (server.service);
  g_socket_listener_close (G_SOCKET_LISTENER (server.service));
  g_object_unref (server.service);
}

/* To who trusts those that the system trusts. */
static void
assert_told (const char *folder, const char *name, const char *expected)
{
  assert_told_to (NULL, folder, name, expected);
}

/* Instead of those that the system trusts. */
static void
trust (const char *folder)
{
  g_autofree char *ca = g_build_filename (folder, "ca.pem", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase) database = g_tls_file_database_new (ca, &error);

  g_assert_no_error (error);
  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
}

#define REFUSED "TLS: its certificate is refused: "
#define UNTRUSTED "nobody who is trusted here has signed it"

static void
test_certificates (void)
{
  g_autoptr (Folder) folder = folder_new ();

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ())) {
    g_test_skip ("GLib has no TLS here");
    return;
  }
  make_certificates (folder);
  trust (folder);
  assert_told (folder, "server", NULL);
  assert_told (folder, "expired", REFUSED "it was valid until 2020-02-01");
  assert_told (folder, "other", REFUSED "it is for another name");
  assert_told (folder, "self-signed", REFUSED UNTRUSTED);
  assert_told (folder, "stranger", REFUSED UNTRUSTED "; it is for another name");
  assert_told (folder, "early", REFUSED "it is valid from 2100-01-01 on");
}

static void
test_trust (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GError) error = NULL;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ())) {
    g_test_skip ("GLib has no TLS here");
    return;
  }
  make_certificates (folder);
  for (guint i = 0; i < 5; i++) {
    static const char *const names[] = { "self-signed", "other", "expired", "stranger", "early" };
    g_autofree char *file = g_strdup_printf ("%s/%s.pem", folder, names[i]), *ca = g_build_filename (folder, "ca.pem", NULL);
    g_autoptr (L4Trust) itself = l4_trust_new (file, &error), authority = l4_trust_new (ca, &error);

    g_assert_no_error (error);
    assert_told_to (itself, folder, names[i], NULL);
    assert_told_to (itself, folder, "server", REFUSED UNTRUSTED);
    assert_told_to (authority, folder, "server", NULL);
    assert_told_to (authority, folder, "self-signed", REFUSED UNTRUSTED);
    assert_told_to (authority, folder, "other", REFUSED "it is for another name");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/reach/all-that-is-wrong-with-a-certificate-is-said", test_certificates);
  g_test_add_func ("/reach/a-certificate-that-is-known-itself-is-right-and-no-other", test_trust);
  return g_test_run ();
}
