/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index of a test's own: a SQLite file, or with LLAMA4_TEST_POSTGRES a database of that server. */

#pragma once

#include "index/index.h"
#include "llama4.h"
#include "support/folder.h"

typedef struct
{
  Folder *folder;
  char *where;                  /* what l4_index_open() takes */
} Place;

/* Of a server, an address without a database; NULL: SQLite is tested. */
const char *place_get_server (void);

Place *place_new (void);        /* nothing is in it */
void place_free (Place *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Place, place_free)

/* Runs SQL in it, past the program; the first column of the first row ("": none). (transfer full) */
char *place_query (const Place *self, const char *sql);

void place_execute (const Place *self, const char *sql);        /* several statements */

/* Keeps everybody else from writing to it, as another program might. */
typedef struct _PlaceLock PlaceLock;
PlaceLock *place_lock (const Place *self);
void place_unlock (PlaceLock *lock);

L4Index *open_index (const Place *self);        /* to write */

/* A run, a film and a window that differ by their numbers. */
gint64 add_run (L4Index *index, const char *model);
gint64 add_video (L4Index *index, const char *path, const char *key);
gint64 add_window (L4Index *index, gint64 video, gint64 run, guint seconds, const char *text);
