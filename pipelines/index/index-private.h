/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files about the index share. */

#pragma once

#include "index/database.h"
#include "index/lease.h"

struct _L4Index
{
  L4Database *database;
  char *where;                  /* as it was given */
  L4Owner owner;                /* this process */
  L4Lease *lease;               /* keeps its claims alive; NULL: it has made none */
  GHashTable *claims;           /* of those that it has made and not given back, as "VIDEO RUN" */
};

/* Keeps others from the film until the transaction's end; an error when there is none. */
gboolean l4_index_lock_video (L4Index *self, gint64 video, GError **error);
/* TRUE when nobody else who lives has claimed the film in that run, and this process has not lost its claim; an error otherwise. Within a
 * transaction. */
gboolean l4_index_check_claim (L4Index *self, gint64 video, gint64 run, GError **error);

/* Gives back what this process has, within a transaction; *key: what is to be taken out of self->claims behind it (transfer full; freed
 * first). *lost: it was gone before, or was given back already: the answer was lost. What another has is an error. */
gboolean l4_index_drop_claim (L4Index *self, gint64 video, gint64 run, char **key, gboolean *lost, GError **error);

/* The run whose claims count for a run, in a statement: of films that are described again those of the run that described them before. */
#define L4_CLAIMED_RUN(run) "COALESCE ((SELECT again_of FROM runs WHERE id = " run "), " run ")"
/* Begins the key of a run in which films are described again; the id of the other follows. */
#define L4_AGAIN_KEY "again "

/* What was said again takes the place of what was said before; within a transaction. Nothing said again: all stays. */
gboolean l4_index_replace_windows (L4Index *self, gint64 video, gint64 run, gint64 again, GError **error);
/* Makes the description of a film the one that is searched which is: of the whole ones the last that was done, or else the one that
 * came furthest. Within a transaction. */
gboolean l4_index_choose_newest (L4Index *self, gint64 video, GError **error);

/* Refuses numbers that databases cannot keep: sets *error and returns FALSE when n > G_MAXINT64. */
gboolean l4_index_check_number (L4Index *self, guint64 n, GError **error);
/* Refuses what is NULL or not UTF-8. */
gboolean l4_index_check_text (L4Index *self, const char *text, const char *what, GError **error);
