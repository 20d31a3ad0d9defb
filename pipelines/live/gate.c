/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may see the page. */

#include "live/gate.h"

#include <string.h>
#include <sys/random.h>

#define DIGEST 32               /* bytes of SHA-256 */
#define COOKIE "llama4-%u"      /* browsers keep cookies by host, whatever the port */

struct _L4LiveGate
{
  char *token;                  /* NULL: none is needed */
  char *pass;                   /* what the cookie holds: not the token, and another one each time the program begins */
};

L4LiveGate *
l4_live_gate_new (const char *token)
{
  L4LiveGate *self = g_new0 (L4LiveGate, 1);
  guint8 bytes[DIGEST];
  GString *pass = g_string_new (NULL);

  while (getrandom (bytes, sizeof (bytes), 0) != sizeof (bytes));
  for (guint i = 0; i < sizeof (bytes); i++)
    g_string_append_printf (pass, "%02x", bytes[i]);
  self->pass = g_string_free (pass, FALSE);
  self->token = g_strdup (token);
  return self;
}

void
l4_live_gate_free (L4LiveGate *self)
{
  if (self == NULL)
    return;
  g_free (self->token);
  g_free (self->pass);
  g_free (self);
}

static void
digest (const char *text, guint8 *bytes)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = DIGEST;

  g_checksum_update (checksum, (const guchar *) text, strlen (text));
  g_checksum_get_digest (checksum, bytes, &length);
}

/* Takes as long wherever they differ. */
static gboolean
is_same (const char *given, const char *secret)
{
  guint8 a[DIGEST], b[DIGEST], differs = 0;

  digest (given, a);
  digest (secret, b);
  for (guint i = 0; i < DIGEST; i++)
    differs |= a[i] ^ b[i];
  return differs == 0;
}

gboolean
l4_live_gate_check (const L4LiveGate *self, const char *token)
{
  return self->token != NULL && is_same (token, self->token);
}

char *
l4_live_gate_make_cookie (const L4LiveGate *self, guint port)
{
  return g_strdup_printf (COOKIE "=%s; HttpOnly; SameSite=Strict; Path=/", port, self->pass);
}

static gboolean
has_pass (const L4LiveGate *self, const char *cookies, guint port)
{
  g_autofree char *name = g_strdup_printf (COOKIE "=", port);
  g_auto (GStrv) each = g_strsplit_set (cookies, ";,", 0);      /* several lines of them come joined by commas */
  gboolean has = FALSE;

  for (guint i = 0; each[i] != NULL; i++) {
    const char *cookie = g_strstrip (each[i]);

    has |= g_str_has_prefix (cookie, name) && is_same (cookie + strlen (name), self->pass);
  }
  return has;
}

/* Whether a Host header names this machine by a name that nobody else can give it. */
static gboolean
is_this_machine (const char *host)
{
  g_autofree char *name = NULL;
  const char *end;

  if (host == NULL)
    return FALSE;
  end = *host == '[' ? strchr (host, ']') : strchr (host, ':');
  name = end == NULL ? g_strdup (host) : g_strndup (host, end - host + (*host == '['));
  return g_ascii_strcasecmp (name, "localhost") == 0 || g_str_has_suffix (name, ".localhost") || strcmp (name, "[::1]") == 0
      || (g_str_has_prefix (name, "127.") && g_hostname_is_ip_address (name));
}

L4LiveVisitor
l4_live_gate_look (const L4LiveGate *self, SoupServerMessage *message, guint port)
{
  static const char bearer[] = "Bearer ";
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *authorization = soup_message_headers_get_one (headers, "Authorization");
  g_autofree char *cookies = g_strdup (soup_message_headers_get_list (headers, "Cookie"));

  if (self->token == NULL)
    return is_this_machine (soup_message_headers_get_one (headers, "Host")) ? L4_LIVE_WELCOME : L4_LIVE_MISLED;
  if (authorization != NULL && g_ascii_strncasecmp (authorization, bearer, strlen (bearer)) == 0
      && l4_live_gate_check (self, authorization + strlen (bearer)))
    return L4_LIVE_WELCOME;
  return cookies != NULL && has_pass (self, cookies, port) ? L4_LIVE_WELCOME : L4_LIVE_STRANGER;
}
