/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files about PostgreSQL share. */

#pragma once

#include <libpq-fe.h>

#include "index/database.h"

typedef struct
{
  L4Database base;
  PGconn *connection;
  gboolean unclear;             /* parts of a password may have been taken for something else in the address: nothing of it is told */
  gboolean ready;               /* the session is as the index needs it */
  gboolean given_up;            /* it was tried again to the end, in vain, and nothing has worked since */
  gboolean passes;              /* what failed last may work when it is tried again */
} L4Postgres;

/* Sets *error by what failed last; result may be NULL. Returns FALSE. */
gboolean l4_postgres_fail (L4Postgres *self, const PGresult *result, GError **error);

/* Several statements without parameters. */
gboolean l4_postgres_execute (L4Postgres *self, const char *sql, GError **error);
gboolean l4_postgres_set_patience (L4Database *base, GError **error);

/* Connects to where, or anew, and makes the session as the index needs it. */
gboolean l4_postgres_connect (L4Postgres *self, const char *where, GError **error);
gboolean l4_postgres_reconnect (L4Postgres *self, GError **error);

/* Makes or migrates the schema, or finds it fit to be read. */
gboolean l4_postgres_open_schema (L4Postgres *self, GError **error);
