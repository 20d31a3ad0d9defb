/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What came of the files of a run: counted, and named where something went wrong. */

#pragma once

#include "run/progress.h"

G_BEGIN_DECLS

typedef enum
{
  L4_TALLY_DESCRIBED,           /* to their end, now */
  L4_TALLY_UNCHANGED,           /* described before */
  L4_TALLY_MOVED,               /* known under another path */
  L4_TALLY_COPIES,              /* of films that are described */
  L4_TALLY_KNOWN,               /* failed before, and have not changed since */
  L4_TALLY_BUSY,                /* another run is at work on them */
  L4_TALLY_REPLACED,            /* films in the index in whose place others lie now */
  L4_TALLY_PRUNED,              /* films taken out of the index */
  L4_TALLY_HIDDEN_FILES,
  L4_TALLY_HIDDEN_FOLDERS,
  L4_TALLY_WINDOWS,             /* described now */
  L4_TALLY_FAILED,              /* now */
  L4_TALLY_KINDS
} L4TallyKind;

typedef struct
{
  guint counts[L4_TALLY_KINDS];
  GPtrArray *failures;          /* in pairs: path (NULL: the line says it), reason */
} L4Tally;

L4Tally *l4_tally_new (void);
void l4_tally_free (L4Tally *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Tally, l4_tally_free)

/* Something failed: said at once (unless it is said already) and once more at the end. */
void l4_tally_fail (L4Tally *self, L4Progress *progress, const char *path, const char *reason);
void l4_tally_note_failure (L4Tally *self, const char *path, const char *reason);

/* The end: what failed as a table on standard error, and the numbers as a line on standard output. */
void l4_tally_print (L4Tally *self, L4Progress *progress, L4ProgressStyle style);

G_END_DECLS
