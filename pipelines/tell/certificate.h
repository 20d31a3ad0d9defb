/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with a server's certificate: who signed it, for whom, for which time. */

#pragma once

#include "tell/trust.h"

G_BEGIN_DECLS

/* From now on *refusal, which is NULL or freed, says all that is wrong with a certificate that a connection of that client is
 * refused for. trust: what is right; NULL: what the system trusts. (transfer full, borrowed) */
void l4_certificate_watch (GSocketClient *client, const L4Trust *trust, char **refusal);

/* Asks who listens there for its certificate, with a connection of its own; five seconds at most. ca_file: PEM, of who is
 * trusted; NULL: those the system trusts. What is wrong with it in one line; NULL: nothing, or there is none to be had.
 * (transfer full) */
char *l4_certificate_ask (const char *host, guint16 port, const char *ca_file, GCancellable *cancellable);

G_END_DECLS
