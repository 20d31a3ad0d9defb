/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index in a PostgreSQL database: statements, values and transactions. */

#include "index/postgres.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "index/search.h"

#define MAX_COLUMNS 32
#define ATTEMPTS 7
#define PATIENCE_MS 5000        /* with what others keep locked, in one attempt */
#define LOCKED "55P03"          /* the state after it */

/* Numbers of types, which are the same in every server. */
enum
{
  TYPE_BYTEA = 17,
  TYPE_INT8 = 20,
  TYPE_INT2 = 21,
  TYPE_INT4 = 23,
  TYPE_TEXT = 25,
  TYPE_FLOAT4 = 700,
  TYPE_FLOAT8 = 701,
  TYPE_NUMERIC = 1700
};

/* Errors ------------------------------------------------------------------------------------------------------------------------ */

/* States after which the same transaction may well succeed: others were in its way, or the server is ending or starting. */
static gboolean
may_pass (const char *state)
{
  static const char *const states[] = { "40001", "40P01", "23505", "23P01", LOCKED, "57P01", "57P02", "57P03", "53300" };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (strcmp (state, states[i]) == 0)
      return TRUE;
  return g_str_has_prefix (state, "08");
}

static L4Error
code_of (const char *state)
{
  if (state == NULL || strcmp (state, LOCKED) == 0 || g_str_has_prefix (state, "53") || g_str_has_prefix (state, "57") || g_str_has_prefix (state, "58"))
    return L4_ERROR_IO;
  /* "54": a limit of the server */
  return g_str_has_prefix (state, "22") || g_str_has_prefix (state, "23") || g_str_has_prefix (state, "54") ? L4_ERROR_INPUT : L4_ERROR_INTERNAL;
}

gboolean
l4_postgres_fail (L4Postgres *self, const PGresult *result, GError **error)
{
  const char *state = result == NULL ? NULL : PQresultErrorField (result, PG_DIAG_SQLSTATE);
  const char *message = result == NULL ? NULL : PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);

  self->ready &= state != NULL; /* the library says it itself, of a connection that is lost, whether or not that shows yet */
  self->passes = state == NULL || may_pass (state) || PQstatus (self->connection) != CONNECTION_OK;
  self->given_up |= self->silent;
  if (g_strcmp0 (state, LOCKED) == 0)
    message = _("another program keeps the index locked");
  if (self->silent)
    message = _("the server does not answer");
  if (message == NULL)
    /* xgettext:no-c-format */
    message = self->unclear ? _("there is no connection by this address; in a user's name and password, %40 stands for @, %2F for / and %25 for "
        "the percent sign") : PQerrorMessage (self->connection);
  return l4_database_fail (&self->base, code_of (state), error, "%s", message);
}

/* Statements -------------------------------------------------------------------------------------------------------------------- */

static gboolean
set_parameter (L4Parameters *all, guint i, const L4Value *value)
{
  all->lengths[i] = (int) value->length;
  all->formats[i] = value->type == L4_VALUE_BYTES;
  all->data[i] = value->type == L4_VALUE_NULL ? NULL : value->data;
  all->types[i] = 0;
  if (value->type == L4_VALUE_INTEGER) {
    g_snprintf (all->numbers[i], sizeof all->numbers[i], "%" G_GINT64_FORMAT, value->integer);
    all->types[i] = TYPE_INT8;
    all->data[i] = all->numbers[i];
  } else if (value->type == L4_VALUE_REAL) {
    all->types[i] = TYPE_FLOAT8;
    all->data[i] = g_ascii_dtostr (all->numbers[i], sizeof all->numbers[i], value->real);
  } else if (value->type != L4_VALUE_NULL) {
    all->types[i] = value->type == L4_VALUE_TEXT ? TYPE_TEXT : TYPE_BYTEA;
  }
  return value->length <= G_MAXINT;
}

/* data of bytes is to be freed with PQfreemem(). */
static L4Value
column_value (const PGresult *result, int row, int column)
{
  const char *data = PQgetvalue (result, row, column);
  size_t length;

  if (PQgetisnull (result, row, column))
    return (L4Value) { L4_VALUE_NULL };
  switch (PQftype (result, column)) {
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
      return (L4Value) { L4_VALUE_INTEGER, .integer = g_ascii_strtoll (data, NULL, 10) };
    case TYPE_FLOAT4:
    case TYPE_FLOAT8:
    case TYPE_NUMERIC:
      return (L4Value) { L4_VALUE_REAL, .real = g_ascii_strtod (data, NULL) };
    case TYPE_BYTEA:
      data = (const char *) PQunescapeBytea ((const unsigned char *) data, &length);
      return data == NULL ? (L4Value) { L4_VALUE_NULL } : (L4Value) { L4_VALUE_BYTES, .data = data, .length = length };
    default:
      return (L4Value) { L4_VALUE_TEXT, .data = data, .length = PQgetlength (result, row, column) };
  }
}

static void
give_rows (const PGresult *result, L4RowFunc row, gpointer user_data)
{
  int n_columns = MIN (PQnfields (result), MAX_COLUMNS);

  for (int i = 0; i < PQntuples (result); i++) {
    L4Value columns[MAX_COLUMNS];

    for (int j = 0; j < n_columns; j++)
      columns[j] = column_value (result, i, j);
    row (columns, user_data);
    for (int j = 0; j < n_columns; j++)
      if (columns[j].type == L4_VALUE_BYTES)
        PQfreemem ((void *) columns[j].data);
  }
}

static gboolean
query (L4Database *base, const char *sql, const L4Value *values, guint n_values, L4RowFunc row, gpointer user_data, GError **error)
{
  L4Postgres *self = (L4Postgres *) base;
  L4Parameters all = {.n = n_values };
  PGresult *result;
  gboolean right;

  for (guint i = 0; i < n_values; i++)
    if (!set_parameter (&all, i, &values[i]))
      return l4_database_fail (base, L4_ERROR_INPUT, error, _("a value is larger than a database can hold"));
  result = l4_postgres_ask_with (self, sql, &all);
  right = PQresultStatus (result) == PGRES_TUPLES_OK || PQresultStatus (result) == PGRES_COMMAND_OK;
  if (!right)
    l4_postgres_fail (self, result, error);
  else if (row != NULL)
    give_rows (result, row, user_data);
  PQclear (result);
  return right;
}

gboolean
l4_postgres_execute (L4Postgres *self, const char *sql, GError **error)
{
  PGresult *result = l4_postgres_ask (self, sql);
  ExecStatusType status = PQresultStatus (result);
  gboolean right = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || l4_postgres_fail (self, result, error);

  PQclear (result);
  return right;
}

/* A new session is made so patient by itself. */
gboolean
l4_postgres_set_patience (L4Database *base, GError **error)
{
  L4Postgres *self = (L4Postgres *) base;
  g_autofree char *sql = g_strdup_printf ("SET lock_timeout = %d", base->hurried ? L4_HURRIED_MS : PATIENCE_MS);

  return PQstatus (self->connection) != CONNECTION_OK || l4_postgres_execute (self, sql, error);
}

/* Transactions ------------------------------------------------------------------------------------------------------------------ */

static gboolean
begin (L4Database *base, gboolean write, GError **error)
{
  L4Postgres *self = (L4Postgres *) base;

  if (PQstatus (self->connection) != CONNECTION_OK || !self->ready)
    if (!l4_postgres_reconnect (self, error))
      return FALSE;
  return l4_postgres_execute (self, write ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error);
}

/* The end of a transaction in which something failed is no commit, though no error. */
static gboolean
commit (L4Database *base, GError **error)
{
  L4Postgres *self = (L4Postgres *) base;
  PGresult *result = l4_postgres_ask (self, "COMMIT");
  gboolean right = PQresultStatus (result) == PGRES_COMMAND_OK && strcmp (PQcmdStatus (result), "COMMIT") == 0;

  self->given_up &= !right;
  if (!right)
    l4_postgres_fail (self, result, error);
  PQclear (result);
  return right;
}

static void
rollback (L4Database *base)
{
  L4Postgres *self = (L4Postgres *) base;

  if (PQtransactionStatus (self->connection) == PQTRANS_INTRANS || PQtransactionStatus (self->connection) == PQTRANS_INERROR)
    PQclear (l4_postgres_ask (self, "ROLLBACK"));
}

/* Every change may be made twice without harm: it does not matter whether the answer to a commit was lost, or the commit. Who waited for a server
 * in vain does not wait for it again: what is still to be put in order at the end would take as long each time. */
static gboolean
try_again (L4Database *base, guint attempt)
{
  static const guint waits[ATTEMPTS] = { 20, 100, 300, 1000, 2000, 4000, 8000 };       /* milliseconds */
  L4Postgres *self = (L4Postgres *) base;

  if (self->given_up || !self->passes || attempt > ATTEMPTS) {
    self->given_up |= self->passes && attempt > ATTEMPTS;
    return FALSE;
  }
  self->passes = FALSE;
  g_usleep (waits[attempt - 1] * 1000);
  return TRUE;
}

static gboolean
now (L4Database *base, gint64 *now, GError **error)
{
  return l4_database_query (base, l4_row_integer, now, error, "SELECT (extract (epoch FROM clock_timestamp ()) * 1000000)::bigint", "");
}

static void
close_postgres (L4Database *base)
{
  L4Postgres *self = (L4Postgres *) base;

  PQfinish (self->connection);
  g_free (base->name);
  g_free (self->where);
  g_free (self);
}

static L4Database *
open_postgres (const char *where, L4IndexMode mode, gboolean hurried, GError **error)
{
  L4Postgres *self = g_new0 (L4Postgres, 1);

  self->base.class = &l4_postgres;
  self->base.mode = mode;
  self->base.hurried = hurried;
  if (l4_postgres_connect (self, where, error) && l4_postgres_open_schema (self, error))
    return &self->base;
  close_postgres (&self->base);
  return NULL;
}

const L4DatabaseClass l4_postgres = {
  .open = open_postgres,
  .close = close_postgres,
  .set_patience = l4_postgres_set_patience,
  .begin = begin,
  .commit = commit,
  .rollback = rollback,
  .query = query,
  .try_again = try_again,
  .now = now,
  .search = l4_postgres_search,
  .has = l4_postgres_has,
  .lock_video = "SELECT id FROM videos WHERE id = $1 FOR NO KEY UPDATE",
  .put_window = "INSERT INTO windows (video, run, start, \"end\", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, "
      "vision_ms, prefill_ms, decode_ms, words) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "
      "lexemes ((SELECT language FROM runs WHERE id = $2), $14, $15)) "
      "ON CONFLICT (video, run, start) DO UPDATE SET \"end\" = excluded.\"end\", text = excluded.text, frames = excluded.frames, "
      "finish = excluded.finish, prompt_tokens = excluded.prompt_tokens, generated_tokens = excluded.generated_tokens, "
      "queue_ms = excluded.queue_ms, vision_ms = excluded.vision_ms, prefill_ms = excluded.prefill_ms, "
      "decode_ms = excluded.decode_ms, words = excluded.words RETURNING id",
  .put_words = "INSERT INTO words (word) SELECT value FROM json_array_elements_text ($1::json) ON CONFLICT DO NOTHING",
};
