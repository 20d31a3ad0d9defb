/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of metadata: each is a document that grows, and is whole after each piece of it. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Adds elements, whole ones in each line, before the end of the document at path, which is made when need be. FALSE: as it was before. Of
 * one that was cut off when its writer was killed only the lines that are whole are kept. One that somebody else made, or keeps locked for
 * longer than a second, is left alone: the next free of NAME-2.xml and so on takes its place. */
gboolean l4_onvif_file_add (const char *path, const char *elements, GError **error);

G_END_DECLS
