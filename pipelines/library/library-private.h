/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the room. */

#pragma once

#include "library/library.h"

struct _L4Library
{
  L4LibraryContext context;
  const GPtrArray *files;       /* of L4ScanFile: all that was found */
  GPtrArray *pending;           /* of Pending (library.c) */
  guint n_taken;                /* of them */
  gint64 at_work;               /* id of the video that is being described; 0: none is */
  GHashTable *done;             /* of ids of videos that were described to their end just now, as gint64 */
  GHashTable *nameless;         /* of L4ScanFile: their side files would be those of another */
};

/* Whether nothing is there. FALSE: something is, or nobody can tell. */
gboolean l4_library_is_gone (const char *path);

/* Size and time of a file. FALSE: it cannot be looked at, which is tallied. */
gboolean l4_library_look (L4Library *self, const char *path, guint64 *size, gint64 *mtime);

/* Which film of the index a file is, by where it lies or by its content. */
typedef struct
{
  L4IndexVideo *video;          /* id 0: none yet */
  gboolean moved;               /* known under another path, where it is no more */
  char *from;                   /* where its content was seen last, if that was asked for; NULL: nowhere, or another film lies there since */
  gboolean copy;                /* of a film that is under its own path still */
} L4Identity;

void l4_identity_clear (L4Identity *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Identity, l4_identity_clear)

/* FALSE without *error: it cannot be read, which is tallied. */
gboolean l4_library_identify (L4Library *self, const char *path, guint64 size, gint64 mtime, L4Identity *identity, GError **error);

/* A film that was touched but not changed while it was described is to be gone on with in this run. */
void l4_library_try_once_more (L4Library *self, const L4Work *work);

/* How far the description of a film is that is to be made, or was made. */
typedef struct
{
  gint64 run;                   /* where that is: the library's, or the one beside it; 0: not there yet */
  L4IndexProgress progress;
} L4Standing;

void l4_standing_clear (L4Standing *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Standing, l4_standing_clear)

/* A film that was begun to be described again, now or by a run that was ended, is gone on with there. video 0: it is not in the index. */
gboolean l4_library_find_standing (L4Library *self, gint64 video, L4Standing *standing, GError **error);

/* Keeps the reason why a file is no film, in place of what the index had of it. Of one of which something was said nothing is lost, but it
 * will be tried again in that run. */
gboolean l4_library_refuse (L4Library *self, L4IndexVideo *video, gint64 run, const char *reason, GError **error);

/* Keeps the film in the index, where it takes the place of another whose path it has. */
gboolean l4_library_keep (L4Library *self, L4Identity *identity, GError **error);

/* Where a message of the film room says what is wrong, without the path that it begins with. */
const char *l4_library_reason (const GError *error, const char *path);

void l4_work_free (L4Work *self);       /* closes the film */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Work, l4_work_free)

/* What the index lacks of the film in that run; 0: all. NULL: *error. (transfer full) */
GArray *l4_library_find_missing (L4Library *self, gint64 video, gint64 run, GError **error);

/* Whether every side file is there that this run is asked for. */
gboolean l4_library_has_sidecars (const L4Library *self, const L4ScanFile *file, const L4IndexVideo *video);

/* Of a film that is described: those that are missing, and those that were written before it was, by whichever run, say what is said of it. */
gboolean l4_library_renew_sidecars (L4Library *self, const L4ScanFile *file, const L4IndexVideo *video, GError **error);

/* Those of a film that was moved come along, before the index forgets where it was. */
gboolean l4_library_move_sidecars (L4Library *self, const L4ScanFile *file, const L4Identity *identity, GError **error);
