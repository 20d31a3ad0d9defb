/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index in a SQLite file: statements, values and transactions. */

#include "index/sqlite.h"

#include <errno.h>
#include <string.h>

#include "base/i18n.h"
#include "index/search.h"

#define MAX_COLUMNS 32
#define ATTEMPTS 3              /* each is as patient by itself */

static L4Error
code_of (int result)
{
  switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return L4_ERROR_FORMAT;
    case SQLITE_CONSTRAINT:
      return L4_ERROR_INPUT;
    case SQLITE_NOMEM:
      return L4_ERROR_MEMORY;
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL:
      return L4_ERROR_IO;
    default:
      return L4_ERROR_INTERNAL;
  }
}

gboolean
l4_sqlite_fail (L4Sqlite *self, GError **error)
{
  int result = sqlite3_extended_errcode (self->handle);
  int number = sqlite3_system_errno (self->handle);
  gboolean of_system = (result & 0xff) == SQLITE_CANTOPEN || (result & 0xff) == SQLITE_IOERR;

  self->result = result;
  if ((result & 0xff) == SQLITE_BUSY)
    return l4_database_fail (&self->base, L4_ERROR_IO, error, _("another program keeps the index locked"));
  if ((result & 0xff) == SQLITE_NOTADB)
    return l4_database_fail (&self->base, L4_ERROR_FORMAT, error, _("the file is no index"));
  if (of_system && number != 0)
    return l4_database_fail (&self->base, L4_ERROR_IO, error, "%s", g_strerror (number));
  return l4_database_fail (&self->base, code_of (result), error, "%s", sqlite3_errmsg (self->handle));
}

/* Statements -------------------------------------------------------------------------------------------------------------------- */

static sqlite3_stmt *
prepare (L4Sqlite *self, const char *sql, GError **error)
{
  sqlite3_stmt *statement = g_hash_table_lookup (self->statements, sql);

  if (statement != NULL)
    return statement;
  if (sqlite3_prepare_v3 (self->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
    l4_sqlite_fail (self, error);
    return NULL;
  }
  g_hash_table_insert (self->statements, g_strdup (sql), statement);
  return statement;
}

/* A parameter that the statement does without is one for another kind of database. */
static int
bind (sqlite3_stmt *statement, guint number, const L4Value *value)
{
  g_autofree char *name = g_strdup_printf ("$%u", number);
  int at = sqlite3_bind_parameter_index (statement, name);

  if (at == 0)
    return SQLITE_OK;
  switch (value->type) {
    case L4_VALUE_INTEGER:
      return sqlite3_bind_int64 (statement, at, value->integer);
    case L4_VALUE_REAL:
      return sqlite3_bind_double (statement, at, value->real);
    case L4_VALUE_TEXT:
      return sqlite3_bind_text64 (statement, at, value->data, value->length, SQLITE_STATIC, SQLITE_UTF8);
    case L4_VALUE_BYTES:
      return sqlite3_bind_blob64 (statement, at, value->data, value->length, SQLITE_STATIC);
    default:
      return sqlite3_bind_null (statement, at);
  }
}

static L4Value
column_value (sqlite3_stmt *statement, int column)
{
  switch (sqlite3_column_type (statement, column)) {
    case SQLITE_INTEGER:
      return (L4Value) { L4_VALUE_INTEGER, .integer = sqlite3_column_int64 (statement, column) };
    case SQLITE_FLOAT:
      return (L4Value) { L4_VALUE_REAL, .real = sqlite3_column_double (statement, column) };
    case SQLITE_TEXT:
      return (L4Value) { L4_VALUE_TEXT, .data = (const char *) sqlite3_column_text (statement, column),
                         .length = sqlite3_column_bytes (statement, column) };
    case SQLITE_BLOB: {
      const char *data = sqlite3_column_blob (statement, column);

      return (L4Value) { L4_VALUE_BYTES, .data = data == NULL ? "" : data, .length = sqlite3_column_bytes (statement, column) };
    }
    default:
      return (L4Value) { L4_VALUE_NULL };
  }
}

static gboolean
step_through (L4Sqlite *self, sqlite3_stmt *statement, L4RowFunc row, gpointer user_data, GError **error)
{
  int n_columns = MIN (sqlite3_column_count (statement), MAX_COLUMNS), result;

  while ((result = sqlite3_step (statement)) == SQLITE_ROW)
    if (row != NULL) {
      L4Value columns[MAX_COLUMNS];

      for (int i = 0; i < n_columns; i++)
        columns[i] = column_value (statement, i);
      row (columns, user_data);
    }
  return result == SQLITE_DONE || l4_sqlite_fail (self, error);
}

static gboolean
query (L4Database *base, const char *sql, const L4Value *values, guint n_values, L4RowFunc row, gpointer user_data, GError **error)
{
  L4Sqlite *self = (L4Sqlite *) base;
  sqlite3_stmt *statement = prepare (self, sql, error);
  gboolean right = statement != NULL;

  for (guint i = 0; right && i < n_values; i++)
    right = bind (statement, i + 1, &values[i]) == SQLITE_OK || l4_sqlite_fail (self, error);
  right = right && step_through (self, statement, row, user_data, error);
  if (statement != NULL) {
    sqlite3_reset (statement);
    sqlite3_clear_bindings (statement);
  }
  return right;
}

/* Transactions ------------------------------------------------------------------------------------------------------------------ */

gboolean
l4_sqlite_execute (L4Sqlite *self, const char *sql, GError **error)
{
  return sqlite3_exec (self->handle, sql, NULL, NULL, NULL) == SQLITE_OK || l4_sqlite_fail (self, error);
}

/* One that writes takes the lock at once: taken later, it could not be waited for. */
static gboolean
begin (L4Database *base, gboolean write, GError **error)
{
  return query (base, write ? "BEGIN IMMEDIATE" : "BEGIN", NULL, 0, NULL, NULL, error);
}

static gboolean
commit (L4Database *base, GError **error)
{
  return query (base, "COMMIT", NULL, 0, NULL, NULL, error);
}

/* Some errors have rolled back already. */
static void
rollback (L4Database *base)
{
  L4Sqlite *self = (L4Sqlite *) base;
  int result = self->result;

  if (!sqlite3_get_autocommit (self->handle))
    query (base, "ROLLBACK", NULL, 0, NULL, NULL, NULL);
  self->result = result;
}

static gboolean
try_again (L4Database *base, guint attempt)
{
  L4Sqlite *self = (L4Sqlite *) base;
  int result = self->result & 0xff;

  self->result = SQLITE_OK;
  return attempt < ATTEMPTS && (result == SQLITE_BUSY || result == SQLITE_LOCKED || result == SQLITE_PROTOCOL);
}

static gboolean
now (L4Database *base, gint64 *now, GError **error)
{
  *now = g_get_real_time ();
  return TRUE;
}

static void
close_sqlite (L4Database *base)
{
  L4Sqlite *self = (L4Sqlite *) base;

  g_hash_table_unref (self->statements);
  sqlite3_close (self->handle);
  g_free (base->name);
  g_free (self->path);
  g_free (self);
}

static void
finalize (gpointer statement)
{
  sqlite3_finalize (statement);
}

static L4Database *
open_sqlite (const char *where, L4IndexMode mode, gboolean hurried, GError **error)
{
  L4Sqlite *self = g_new0 (L4Sqlite, 1);
  g_autofree char *shown = g_utf8_make_valid (where, -1);

  self->base.class = &l4_sqlite;
  self->base.name = *where == '\0' ? g_strdup ("\"\"") : l4_text_to_line (shown, -1);
  self->base.mode = mode;
  self->base.hurried = hurried;
  self->statements = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, finalize);
  if (*where == '\0')
    l4_database_fail (&self->base, L4_ERROR_INPUT, error, _("is no name of an index"));
  else if ((self->path = g_canonicalize_filename (where, NULL)) != NULL && l4_sqlite_open_file (self, error))
    return &self->base;
  close_sqlite (&self->base);
  return NULL;
}

const L4DatabaseClass l4_sqlite = {
  .open = open_sqlite,
  .close = close_sqlite,
  .set_patience = l4_sqlite_set_patience,
  .begin = begin,
  .commit = commit,
  .rollback = rollback,
  .query = query,
  .try_again = try_again,
  .now = now,
  .search = l4_sqlite_search,
  .has = l4_sqlite_has,
  .lock_video = "SELECT id FROM videos WHERE id = $1",    /* the whole index is locked */
  .put_window = "INSERT INTO windows (video, run, start, \"end\", text, frames, finish, prompt_tokens, generated_tokens, queue_ms, "
      "vision_ms, prefill_ms, decode_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
      "ON CONFLICT (video, run, start) DO UPDATE SET \"end\" = excluded.\"end\", text = excluded.text, frames = excluded.frames, "
      "finish = excluded.finish, prompt_tokens = excluded.prompt_tokens, generated_tokens = excluded.generated_tokens, "
      "queue_ms = excluded.queue_ms, vision_ms = excluded.vision_ms, prefill_ms = excluded.prefill_ms, "
      "decode_ms = excluded.decode_ms RETURNING id",
  .put_words = "INSERT OR IGNORE INTO words (word) SELECT value FROM json_each($1)",
};
