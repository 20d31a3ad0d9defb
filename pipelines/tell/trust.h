/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which certificates of servers are trusted, beside those that the system trusts or instead of them. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Immutable: any thread may use it. */
typedef struct _L4Trust L4Trust;

/* A file of PEM: of authorities, and of servers themselves. NULL: *error names the file. (transfer full) */
L4Trust *l4_trust_new (const char *file, GError **error);
void l4_trust_free (L4Trust *self);     /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Trust, l4_trust_free)

/* Of all that are in the file, as authorities. (borrowed) */
GTlsDatabase *l4_trust_get_database (const L4Trust *self);

/* Whether this very certificate is in the file: then it is right whatever name and time it is for. */
gboolean l4_trust_knows (const L4Trust *self, GTlsCertificate *certificate);

G_END_DECLS
