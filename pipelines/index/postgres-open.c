/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connecting to a PostgreSQL database, and the schema of an index in it. */

#include "index/postgres.h"

#include <string.h>

#include "base/i18n.h"
#include "index/schema.h"

/* What brings an index from the version before to this one. */
static const char *const migrations[L4_SCHEMA_VERSION] = { L4_SCHEMA_POSTGRES_1, L4_SCHEMA_POSTGRES_2, L4_SCHEMA_POSTGRES_3 };

/* Connecting -------------------------------------------------------------------------------------------------------------------- */

static const char *
find_option (const PQconninfoOption *options, const char *keyword)
{
  for (; options->keyword != NULL; options++)
    if (strcmp (options->keyword, keyword) == 0)
      return options->val == NULL ? "" : options->val;
  return "";
}

/* Whether what is no password may be the end of one, in which @, / or : stood as they are: the last @ of the address was not taken for the one
 * before the host. */
static gboolean
is_unclear (const PQconninfoOption *options)
{
  static const char *const shown[] = { "host", "hostaddr", "port", "dbname" };
  const char *port = find_option (options, "port");

  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    if (strchr (find_option (options, shown[i]), '@') != NULL)
      return TRUE;
  return port[strspn (port, "0123456789,")] != '\0';
}

/* What a message may show of the address: no user, no password. */
static void
set_name (L4Postgres *self, const char *where)
{
  PQconninfoOption *options = PQconninfoParse (where, NULL);
  g_autofree char *name = NULL;

  self->unclear = options == NULL || is_unclear (options);
  if (self->unclear)
    name = g_strdup ("postgresql://");
  else
    name = g_strconcat ("postgresql://", find_option (options, "host"), *find_option (options, "port") != '\0' ? ":" : "",
        find_option (options, "port"), "/", find_option (options, "dbname"), NULL);
  PQconninfoFree (options);
  self->base.name = l4_text_to_line (name, -1);
}

static void
ignore_notice (void *user_data, const PGresult *result)
{
}

/* Commits wait for the disk even where the server's settings say otherwise. Plans are those that were measured: short searches gain
 * nothing from compiling and from helpers, and a word that seems common must not make the server read every window. */
static gboolean
begin_session (L4Postgres *self, GError **error)
{
  const char *encoding;

  self->ready = FALSE;
  PQsetNoticeReceiver (self->connection, ignore_notice, NULL);
  if (PQstatus (self->connection) != CONNECTION_OK || PQsetnonblocking (self->connection, TRUE) != 0)
    return l4_postgres_fail (self, NULL, error);
  encoding = PQparameterStatus (self->connection, "server_encoding");
  if (g_strcmp0 (encoding, "UTF8") != 0)
    return l4_database_fail (&self->base, L4_ERROR_UNSUPPORTED, error, _("the database's encoding is %s instead of UTF8"), encoding);
  if (PQserverVersion (self->connection) < 120000)
    return l4_database_fail (&self->base, L4_ERROR_UNSUPPORTED, error, _("the server is older than PostgreSQL 12"));
  self->ready = l4_postgres_execute (self, "SET search_path = llama4, pg_catalog; SET jit = off; SET enable_seqscan = off; "
      "SET max_parallel_workers_per_gather = 0; SELECT set_config ('synchronous_commit', 'on', false) "
      "WHERE current_setting ('synchronous_commit') IN ('off', 'local')", error)
      && l4_postgres_set_patience (&self->base, error)
      && (self->base.mode == L4_INDEX_WRITE || l4_postgres_execute (self, "SET default_transaction_read_only = on", error));
  return self->ready;
}

/* A server that is gone without a word is noticed within a minute. What the address says of these counts. */
gboolean
l4_postgres_connect (L4Postgres *self, const char *where, GError **error)
{
  const char *const keywords[] = { "connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
    "fallback_application_name", "dbname", "client_encoding", NULL
  };
  const char *const values[] = { "10", "20", "5", "4", "40000", "llama4", where, "UTF8", NULL };
  g_autoptr (GError) why = NULL;

  set_name (self, where);
  self->where = g_strdup (where);
  self->connection = PQconnectdbParams (keywords, values, TRUE);
  if (PQstatus (self->connection) != CONNECTION_OK)
    return l4_postgres_fail (self, NULL, error);        /* there is no server: no use in waiting */
  if (!begin_session (self, &why) && !self->passes)     /* else the first transaction begins it anew */
    g_propagate_error (error, g_steal_pointer (&why));
  return self->ready || self->passes;
}

gboolean
l4_postgres_reconnect (L4Postgres *self, GError **error)
{
  self->silent = FALSE;         /* what fails now has its own reason */
  PQreset (self->connection);
  return begin_session (self, error);
}

/* The schema -------------------------------------------------------------------------------------------------------------------- */

/* 0: there is none. */
static gboolean
get_version (L4Database *database, gpointer version, GError **error)
{
  gint64 is_there = 0;

  *(gint64 *) version = 0;
  if (!l4_database_query (database, l4_row_integer, &is_there, error, "SELECT count(*) FROM pg_catalog.pg_class WHERE "
          "relname = 'version' AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'llama4')", ""))
    return FALSE;
  return is_there == 0 || l4_database_query (database, l4_row_integer, version, error, "SELECT version FROM llama4.version", "");
}

/* One program at a time: the others wait, however long, and find it done. */
static gboolean
migrate (L4Database *database, gpointer unused, GError **error)
{
  L4Postgres *self = (L4Postgres *) database;
  gint64 version;

  if (!l4_postgres_execute (self, "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock (x'4c344958'::bigint)", error)
      || !get_version (database, &version, error))
    return FALSE;
  if (version > L4_SCHEMA_VERSION)
    return l4_database_refuse_version (database, version, error);
  for (gint64 i = version; i < L4_SCHEMA_VERSION; i++)
    if (!l4_postgres_execute (self, migrations[i], error))
      return FALSE;
  return TRUE;
}

gboolean
l4_postgres_open_schema (L4Postgres *self, GError **error)
{
  L4Database *database = &self->base;
  gint64 version;

  if (!l4_database_transact (database, FALSE, get_version, &version, error))
    return FALSE;
  if (version > L4_SCHEMA_VERSION)
    return l4_database_refuse_version (database, version, error);
  if (database->mode == L4_INDEX_READ)
    return version > 0 || l4_database_fail (database, L4_ERROR_NOT_FOUND, error, _("there is no index in the database"));
  return version == L4_SCHEMA_VERSION || l4_database_transact (database, TRUE, migrate, NULL, error);
}
