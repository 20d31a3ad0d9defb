/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files about SQLite share. */

#pragma once

#include <sqlite3.h>

#include "index/database.h"

typedef struct
{
  L4Database base;
  char *path;                   /* absolute: nothing that SQLite would take for more than a name */
  sqlite3 *handle;
  GHashTable *statements;       /* of sqlite3_stmt, by their text */
  int result;                   /* of what failed last */
} L4Sqlite;

/* Sets *error by what failed last, returns FALSE. */
gboolean l4_sqlite_fail (L4Sqlite *self, GError **error);
gboolean l4_sqlite_execute (L4Sqlite *self, const char *sql, GError **error);

/* How long one attempt waits for a lock. */
int l4_sqlite_get_patience (const L4Sqlite *self);       /* milliseconds */
gboolean l4_sqlite_set_patience (L4Database *base, GError **error);

/* Opens self->path as self->base.mode says: makes or migrates the schema, or finds a way to read. */
gboolean l4_sqlite_open_file (L4Sqlite *self, GError **error);

/* What statements call that SQLite does not have. */
gboolean l4_sqlite_add_functions (L4Sqlite *self, GError **error);
gboolean l4_sqlite_add_rank (L4Sqlite *self, GError **error);    /* fit (sentences): more is better */
