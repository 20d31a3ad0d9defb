/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of pages that appears whole: made beside its place, and put there when it is complete. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _L4PageFolder L4PageFolder;

/* Begins to make what shall stand at path. What an earlier report made there, as it noted, is replaced in the end, and what else lies in
 * its folder is kept, whatever it is called; a folder in which lie only files of others is an error unless force is set. */
L4PageFolder *l4_page_folder_new (const char *path, gboolean force, GError **error);

/* Until it was published nothing has changed at path. */
void l4_page_folder_free (L4PageFolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4PageFolder, l4_page_folder_free)

/* Where it will stand: absolute. Borrowed. */
const char *l4_page_folder_get_path (const L4PageFolder *self);

/* A file of the report; name: one of those that l4_page_folder_owns() knows. */
gboolean l4_page_folder_write (L4PageFolder *self, const char *name, const void *data, gsize length, GError **error);

/* A copy of that file; where the file system can, it shares the blocks of the original. */
gboolean l4_page_folder_copy (L4PageFolder *self, const char *name, const char *path, GCancellable *cancellable, GError **error);

/* Whether a report makes files of that name, relative to its folder; those of earlier versions are known by nothing else. */
gboolean l4_page_folder_owns (const char *name);

gboolean l4_page_folder_publish (L4PageFolder *self, GError **error);

G_END_DECLS
