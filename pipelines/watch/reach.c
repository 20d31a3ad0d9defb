/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why an address cannot be reached, where GStreamer does not say: its host is asked once more, by hand. */

#include "watch/reach.h"

#include <string.h>

#include <gst/gst.h>

#include "base/i18n.h"
#include "llama4.h"
#include "tell/certificate.h"

#define LIMIT_S 5

/* Addresses of hosts. */
static const struct
{
  const char *scheme;
  guint16 port;
  gboolean tls;
} kinds[] = {
  {"http", 80, FALSE}, {"https", 443, TRUE}, {"rtsp", 554, FALSE}, {"rtspt", 554, FALSE}, {"rtspu", 554, FALSE}, {"rtsps", 322, TRUE},
};

/* refusal: of the certificate; NULL: none. (transfer full) */
static char *
explain (const GError *error, const char *refusal)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return NULL;
  if (error->domain == G_TLS_ERROR)
    return refusal != NULL ? g_strdup (refusal) : g_strdup_printf ("TLS: %s", error->message);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return g_strdup (_("its host does not answer"));
  return g_strdup (error->message);
}

/* (transfer full) */
static char *
connect_to (const char *host, guint16 port, gboolean tls, const L4Trust *trust, gboolean silent, GCancellable *cancellable)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *why = NULL, *refusal = NULL;

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, LIMIT_S);
  g_socket_client_set_tls (client, tls);
  l4_certificate_watch (client, trust, &refusal);
  connection = g_socket_client_connect_to_host (client, host, port, cancellable, &error);
  if (connection != NULL)
    return silent ? g_strdup (_("it takes connections, but does not answer")) : NULL;
  why = explain (error, refusal);
  return why != NULL ? l4_text_to_line (why, -1) : NULL;
}

/* A name or a password with a /, a ? or a # that is not escaped ends what is taken for the host: an @ comes after it. */
static gboolean
is_doubtful (const char *uri)
{
  const char *host = strstr (uri, "://");

  return host != NULL && strchr (host + 3 + strcspn (host + 3, "/?#"), '@') != NULL;
}

char *
l4_reach_explain (const char *uri, const L4Trust *trust, gboolean silent, GCancellable *cancellable)
{
  const GUriFlags flags = G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_PARSE_RELAXED | G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY;
  g_autoptr (GUri) parsed = g_uri_parse (uri, flags, NULL);
  const char *scheme = parsed != NULL ? g_uri_get_scheme (parsed) : NULL;

  if (scheme == NULL)
    return NULL;
  if (!gst_uri_protocol_is_supported (GST_URI_SRC, scheme))
    return g_strdup_printf (_("nothing that is installed reads addresses that begin with %s:"), scheme);
  if (is_doubtful (uri))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (kinds[i].scheme, scheme) == 0 && g_uri_get_host (parsed) != NULL && *g_uri_get_host (parsed) != '\0')
      return connect_to (g_uri_get_host (parsed), g_uri_get_port (parsed) > 0 ? g_uri_get_port (parsed) : kinds[i].port, kinds[i].tls, trust,
          silent, cancellable);
  return NULL;
}
