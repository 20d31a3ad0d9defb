/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with a server's certificate: who signed it, for whom, for which time. */

#include "tell/certificate.h"

#include "base/i18n.h"

#define LIMIT_S 5

/* When it was or will be valid, if it is not now. (transfer full) */
static char *
explain_time (GTlsCertificate *certificate)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc (), from = g_tls_certificate_get_not_valid_before (certificate);
  g_autoptr (GDateTime) until = g_tls_certificate_get_not_valid_after (certificate);
  g_autofree char *first = from != NULL ? g_date_time_format (from, "%F") : NULL, *last = until != NULL ? g_date_time_format (until, "%F") : NULL;

  if (last != NULL && g_date_time_compare (until, now) < 0)
    return g_strdup_printf (_("it was valid until %s"), last);
  if (first != NULL && g_date_time_compare (from, now) > 0)
    return g_strdup_printf (_("it is valid from %s on"), first);
  return NULL;
}

/* Not every fault is told by a library that has found one. */
static gboolean
is_for_another (GTlsCertificate *certificate, GTlsCertificateFlags wrong, GSocketConnectable *identity)
{
  wrong |= identity != NULL ? g_tls_certificate_verify (certificate, identity, NULL) : 0;
  return (wrong & G_TLS_CERTIFICATE_BAD_IDENTITY) != 0;
}

/* All that is wrong with it. (transfer full) */
static char *
explain_certificate (GTlsCertificate *certificate, GTlsCertificateFlags wrong, GSocketConnectable *identity)
{
  g_autoptr (GStrvBuilder) faults = g_strv_builder_new ();
  g_autofree char *time = explain_time (certificate), *all = NULL;
  g_auto (GStrv) list = NULL;

  if (wrong & G_TLS_CERTIFICATE_UNKNOWN_CA)
    g_strv_builder_add (faults, _("nobody who is trusted here has signed it"));
  if (is_for_another (certificate, wrong, identity))
    g_strv_builder_add (faults, _("it is for another name"));
  if (time != NULL)
    g_strv_builder_add (faults, time);
  else if (wrong & (G_TLS_CERTIFICATE_EXPIRED | G_TLS_CERTIFICATE_NOT_ACTIVATED))
    g_strv_builder_add (faults, _("that of who has signed it is not valid at this time"));
  list = g_strv_builder_end (faults);
  all = g_strjoinv ("; ", list);
  return g_strdup_printf (_("TLS: its certificate is refused: %s"), *all != '\0' ? all : _("it is not acceptable"));
}

static gboolean
on_certificate (GTlsConnection *connection, GTlsCertificate *certificate, GTlsCertificateFlags wrong, gpointer data)
{
  const L4Trust *trust = g_object_get_data (G_OBJECT (connection), "l4-trust");
  char **refusal = data;

  if (trust != NULL && l4_trust_knows (trust, certificate))
    return TRUE;
  g_free (*refusal);
  *refusal = explain_certificate (certificate, wrong, g_tls_client_connection_get_server_identity (G_TLS_CLIENT_CONNECTION (connection)));
  return FALSE;
}

static void
on_event (GSocketClient *client, GSocketClientEvent event, GSocketConnectable *connectable, GIOStream *connection, gpointer data)
{
  GTlsDatabase *database = g_object_get_data (G_OBJECT (client), "l4-database");
  L4Trust *trust = g_object_get_data (G_OBJECT (client), "l4-trust");

  if (event != G_SOCKET_CLIENT_TLS_HANDSHAKING)
    return;
  if (database != NULL)
    g_tls_connection_set_database (G_TLS_CONNECTION (connection), database);
  g_object_set_data (G_OBJECT (connection), "l4-trust", trust);
  g_signal_connect (connection, "accept-certificate", G_CALLBACK (on_certificate), data);
}

void
l4_certificate_watch (GSocketClient *client, const L4Trust *trust, char **refusal)
{
  if (trust != NULL) {
    g_object_set_data (G_OBJECT (client), "l4-trust", (gpointer) trust);
    g_object_set_data (G_OBJECT (client), "l4-database", l4_trust_get_database (trust));
  }
  g_signal_connect (client, "event", G_CALLBACK (on_event), refusal);
}

char *
l4_certificate_ask (const char *host, guint16 port, const char *ca_file, GCancellable *cancellable)
{
  g_autoptr (GTlsDatabase) database = ca_file != NULL ? g_tls_file_database_new (ca_file, NULL) : NULL;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  char *refusal = NULL;

  if (ca_file != NULL && database == NULL)
    return NULL;
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, LIMIT_S);
  g_socket_client_set_tls (client, TRUE);
  g_object_set_data (G_OBJECT (client), "l4-database", database);
  l4_certificate_watch (client, NULL, &refusal);
  connection = g_socket_client_connect_to_host (client, host, port, cancellable, NULL);
  return refusal;
}
