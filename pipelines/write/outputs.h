/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that appear under their names whole or not at all, and all of them or none. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _L4Outputs L4Outputs;

/* force: what is there already may be replaced. source: the file that is read, which never may; NULL: none. */
L4Outputs *l4_outputs_new (gboolean force, const char *source);
/* What has not been placed vanishes. */
void l4_outputs_free (L4Outputs *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Outputs, l4_outputs_free)

/* An empty file that will have that name, in a folder that is there; open for reading and writing, and closed by l4_outputs_free().
 * -1: something is there already, or it cannot be made. Where the file system can, the file has no name before, so that nothing is left
 * of it even when the process is killed. */
int l4_outputs_add (L4Outputs *self, const char *path, GError **error);

/* Every file gets its name, after its content has arrived on the disk. FALSE: none of them has it, and what was there before is there. */
gboolean l4_outputs_place (L4Outputs *self, GError **error);

G_END_DECLS
