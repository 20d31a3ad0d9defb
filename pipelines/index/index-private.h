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
};

/* Keeps others from the film until the transaction's end; an error when there is none. */
gboolean l4_index_lock_video (L4Index *self, gint64 video, GError **error);
/* TRUE when nobody else who lives has claimed the film in that run; an error otherwise. Within a transaction. */
gboolean l4_index_check_claim (L4Index *self, gint64 video, gint64 run, GError **error);

/* Refuses numbers that databases cannot keep: sets *error and returns FALSE when n > G_MAXINT64. */
gboolean l4_index_check_number (L4Index *self, guint64 n, GError **error);
/* Refuses what is NULL or not UTF-8. */
gboolean l4_index_check_text (L4Index *self, const char *text, const char *what, GError **error);
