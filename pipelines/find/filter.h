/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which films of an index are looked through, as options of a command line. */

#pragma once

#include <gio/gio.h>

/* Their entries, for L4Command's `more`. */
const GOptionEntry *l4_filter_entries (void);

/* What they say. *file: a pattern, bytes, borrowed; NULL: none. Times: nanoseconds since 1970; 0: none. */
gboolean l4_filter_read (const char **file, gint64 *since, gint64 *until, GError **error);
