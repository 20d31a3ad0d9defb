/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why an address cannot be reached, where GStreamer does not say: its host is asked once more, by hand. */

#pragma once

#include "tell/trust.h"

G_BEGIN_DECLS

/* One line, without names and passwords of the address: nothing reads such, its host has no such name, nobody listens, TLS fails, all that is
 * wrong with a certificate (trust: which are right; NULL: those that the system trusts); silent: that it takes connections and says nothing.
 * NULL: none of these, it was cancelled, or what looks like the host may be a part of a name or password. Takes five seconds at most.
 * gst_init() comes first. (transfer full) */
char *l4_reach_explain (const char *uri, const L4Trust *trust, gboolean silent, GCancellable *cancellable);

G_END_DECLS
