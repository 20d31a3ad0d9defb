/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of metadata: each is a document that is whole at all times, though it grows. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Adds elements before the end of the document at path, which is made when need be. FALSE: as it was before. One that somebody else
 * made, or that is cut off, is left alone: the next free of NAME-2.xml and so on takes its place. */
gboolean l4_onvif_file_add (const char *path, const char *elements, GError **error);

G_END_DECLS
