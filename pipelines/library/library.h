/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An archive of films and its index, brought up to date: what there is to do with each file, and doing it. */

#pragma once

#include "index/index.h"
#include "library/tally.h"
#include "run/describe.h"
#include "scan/scan.h"

G_BEGIN_DECLS

/* All borrowed, and there as long as the library is. */
typedef struct
{
  L4Index *index;               /* NULL: there is none yet, and nothing is to be changed */
  gint64 run;                   /* in the index; 0: not there yet, and nothing is to be changed */
  gint64 beside;                /* where films of that run are described again; 0: there is none, and nothing is to be changed, or no again */
  gboolean again;               /* what was described before is described again */
  gboolean look_only;           /* nothing is changed anywhere */
  guint sidecars;               /* of L4SidecarKind */
  const char *output;           /* folder for these; NULL: beside the films */
  const GPtrArray *roots;       /* of the scan: below which folders films may have been when they got theirs there */
  gboolean force;               /* these may come in the place of others' files */
  const L4DescribeOptions *describe;
  L4Tally *tally;
  L4Progress *progress;
  GCancellable *cancellable;
} L4LibraryContext;

typedef struct _L4Library L4Library;

L4Library *l4_library_new (const L4LibraryContext *context);
void l4_library_free (L4Library *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Library, l4_library_free)

/* Looks at these files (of L4ScanFile, borrowed until the end) as far as can be done without reading them, and tallies those that need
 * nothing. The others wait. */
gboolean l4_library_survey (L4Library *self, const GPtrArray *files, GError **error);

/* Stream time of which the index has nothing: windows that begin from `from` on, before `until`. */
typedef struct
{
  guint64 from, until;          /* nanoseconds; G_MAXUINT64: to the end */
  guint64 begin;                /* where describing begins: `from`, or the window before when only that tells where the next one begins */
} L4Stretch;

/* A film that is to be described. */
typedef struct
{
  const L4ScanFile *file;
  guint64 size;                 /* bytes, when it was looked at */
  gint64 mtime;                 /* nanoseconds since 1970 */
  L4IndexVideo *video;
  gint64 run;                   /* where it is described: the library's, or the one beside it; 0: not there yet */
  L4Film *film;
  GArray *missing;              /* of L4Stretch, at least one */
  gboolean once_more;           /* it was touched when it was described just before */
} L4Work;

/* The next film of those that wait, claimed and open. What shows meanwhile to need no describing, or to be no film, is settled. NULL
 * without *error: there is none, or it was cancelled, or one would have to wait for files that change just now, and may_wait is FALSE.
 * (transfer full) */
L4Work *l4_library_next (L4Library *self, gboolean may_wait, GError **error);

/* Describes a film and settles it; takes the work. *next: the film after it if that was opened meanwhile, or NULL. FALSE: the run cannot
 * go on, or was cancelled; what was described is in the index. */
gboolean l4_library_describe (L4Library *self, L4Describer *describer, L4Work *work, L4Work **next, GError **error);

/* Gives a film back that will not be described now. NULL is fine. */
void l4_library_give_back (L4Library *self, L4Work *work);

/* Writes the side files of a film that was described in that run, before it counts as described: those that this run is asked for, and those of
 * all kinds that are as they were written. Each comes in the place of the one before in one step, so that none is lost whenever this ends; one
 * that cannot be written is taken away, as what it says is old then. FALSE: the index failed. */
gboolean l4_library_replace_sidecars (L4Library *self, const L4ScanFile *file, const L4IndexVideo *video, gint64 run, GError **error);

/* Seconds that describing a window of this run took so far, on average; 0: the index has none. */
double l4_library_measure (L4Library *self);

/* Windows that the work will be, by the film's length; 0: that is not known. */
guint l4_library_count_windows (const L4Library *self, const L4Work *work);

/* Takes films out of the index whose file is gone, of those below the paths (absolute), and those in whose place others lie. Where a
 * folder is empty that had films, it may be that a disk is not there: these stay. So do films that were found when the run began: they may
 * have been moved since. */
gboolean l4_library_prune (L4Library *self, const GPtrArray *paths, GError **error);

G_END_DECLS
