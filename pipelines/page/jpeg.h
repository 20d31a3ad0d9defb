/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether bytes are a picture as a page may have it: an index that came from elsewhere may hold anything. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A JPEG of moderate size, from its first byte to its last; what its pixels are is not looked at. */
gboolean l4_page_is_jpeg (const guint8 *bytes, gsize length);

G_END_DECLS
