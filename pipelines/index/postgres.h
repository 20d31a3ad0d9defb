/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files about PostgreSQL share. */

#pragma once

#include <libpq-fe.h>

#include "index/database.h"

typedef struct
{
  L4Database base;
  char *where;
  PGconn *connection;
  gboolean unclear;             /* parts of a password may have been taken for something else in the address: nothing of it is told */
  gboolean ready;               /* the session is as the index needs it */
  gboolean given_up;            /* it was tried again to the end, in vain, and nothing has worked since */
  gboolean passes;              /* what failed last may work when it is tried again */
  gboolean silent;              /* the server did not answer what it was asked last */
} L4Postgres;

/* What a statement is sent with. */
typedef struct
{
  guint n;
  Oid types[L4_MAX_VALUES];
  const char *data[L4_MAX_VALUES];
  int lengths[L4_MAX_VALUES], formats[L4_MAX_VALUES];
  char numbers[L4_MAX_VALUES][G_ASCII_DTOSTR_BUF_SIZE];
} L4Parameters;

/* As PQexec() and PQexecParams(), but a server that has stopped is not waited for without end. NULL: the statement could not be sent. */
PGresult *l4_postgres_ask (L4Postgres *self, const char *sql);
PGresult *l4_postgres_ask_with (L4Postgres *self, const char *sql, const L4Parameters *parameters);

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
