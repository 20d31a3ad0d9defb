/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells a web server: each alert's record is sent by POST as application/json, one after the other, in order.
 *
 * An answer of 2xx: it was told; what else the answer holds is ignored. 408, 425, 429, 5xx and whatever went wrong on the way are tried again,
 * after 1, 2, 4 … 60 seconds or as long as Retry-After says (at most five minutes), until the tries are used up; every other answer is a
 * refusal at once. Redirections are followed, three at most, but never to another scheme, and the token goes to no other host. */

#pragma once

#include "tell/tell.h"

G_BEGIN_DECLS

/* Borrowed during the call. */
typedef struct
{
  const char *url;              /* http:// or https:// */
  const char *token_file;       /* its first line is sent as "Authorization: Bearer …"; NULL: none */
  const char *ca_file;          /* PEM, of who signed the server's certificate; NULL: those the system trusts */
  guint timeout_ms;             /* for one try, from the look-up of its name to the answer's end; 0: 10000 */
  guint tries;                  /* of an alert; 0: 20, which is a quarter of an hour */
  guint retry_ms;               /* the first wait before it is tried again; 0: 1000 */
  L4TellBounds bounds;
  L4TellReport report;          /* NULL: nobody is told */
  gpointer report_data;
} L4WebhookSettings;

/* What a token_file holds. NULL: it cannot be read, or its first line cannot stand in a header; *error names the file. (transfer full) */
char *l4_webhook_read_token (const char *path, GError **error);

/* Fails for settings that cannot work, never because the server is away. (transfer full) */
L4Tell *l4_webhook_new (const L4WebhookSettings *settings, GError **error);

/* FALSE: it would fail. Nobody is asked anything. */
gboolean l4_webhook_check (const L4WebhookSettings *settings, GError **error);

G_END_DECLS
