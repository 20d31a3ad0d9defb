/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes into an open file. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* All of them, however many calls that takes. FALSE: errno tells why. */
gboolean l4_write_bytes (int file, const void *bytes, gsize length);

G_END_DECLS
