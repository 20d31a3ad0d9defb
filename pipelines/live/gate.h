/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may see the page. */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

typedef struct _L4LiveGate L4LiveGate;

/* token NULL: whoever asks on this machine may. */
L4LiveGate *l4_live_gate_new (const char *token);
void l4_live_gate_free (L4LiveGate *self);

typedef enum
{
  L4_LIVE_WELCOME,
  L4_LIVE_STRANGER,             /* has not shown the token */
  L4_LIVE_MISLED                /* asks for another host: a page from elsewhere whose name leads here */
} L4LiveVisitor;

L4LiveVisitor l4_live_gate_look (const L4LiveGate *self, SoupServerMessage *message, guint port);

/* Whether that is the token. */
gboolean l4_live_gate_check (const L4LiveGate *self, const char *token);

/* What lets a browser in from now on, as a Set-Cookie header. (transfer full) */
char *l4_live_gate_make_cookie (const L4LiveGate *self, guint port);

G_END_DECLS
