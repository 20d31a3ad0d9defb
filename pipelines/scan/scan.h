/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files there are to look at: files, folders with all that is below them, lists. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  char *path;                   /* absolute; bytes as the file system has them */
  const char *relative;         /* of path: below the folder that was given, or the name of a file that was */
} L4ScanFile;

typedef struct _L4Scan L4Scan;

/* One line about something that could not be looked at: a link to nothing, a folder that cannot be read, … */
typedef void (*L4ScanProblem) (const char *line, gpointer user_data);

/* hidden: what is hidden, and what Macs and network storage put beside films, is looked at too. */
L4Scan *l4_scan_new (gboolean hidden, L4ScanProblem problem, gpointer user_data);
void l4_scan_free (L4Scan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Scan, l4_scan_free)

/* A file, which is taken whatever its name, or a folder, of which files are taken whose name ends as films' names do. Links are followed;
 * no file and no folder is taken twice, and what is no link goes first. FALSE: cancelled. */
gboolean l4_scan_add (L4Scan *self, const char *path, GCancellable *cancellable);

/* The paths of a list, each ended by `end` ('\n' or '\0'; the last may lack it). FALSE: cancelled, or *error. */
gboolean l4_scan_add_list (L4Scan *self, int file, char end, GCancellable *cancellable, GError **error);

/* Follows the links. Then all is there: of L4ScanFile, sorted by their bytes, without files that were found twice. FALSE: cancelled. */
gboolean l4_scan_finish (L4Scan *self, GCancellable *cancellable);
const GPtrArray *l4_scan_get_files (const L4Scan *self);

/* What paths are relative to, with the slash at the end: the folders that were given, and those of files that were, each once and in that order.
 * Of what is not there both may have been. */
const GPtrArray *l4_scan_get_roots (const L4Scan *self);

/* What was left out for being hidden: files named as films are, and folders. */
void l4_scan_get_hidden (const L4Scan *self, guint *files, guint *folders);

/* Whether the name ends as films' names do. */
gboolean l4_scan_is_film_name (const char *name);

G_END_DECLS
