/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index of a test's own: a SQLite file, or with LLAMA4_TEST_POSTGRES a database of that server. */

#include "fixture.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <unistd.h>

const char *
place_get_server (void)
{
  return g_getenv ("LLAMA4_TEST_POSTGRES");
}

static void
ignore_notice (void *user_data, const char *message)
{
}

static char *
query_postgres (const char *address, const char *sql)
{
  PGconn *connection = PQconnectdb (address);
  PGresult *result = (PQsetNoticeProcessor (connection, ignore_notice, NULL), PQexec (connection, sql));
  ExecStatusType status = PQresultStatus (result);
  char *value;

  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    g_error ("%s: %s", sql, PQerrorMessage (connection));
  value = g_strdup (PQntuples (result) > 0 ? PQgetvalue (result, 0, 0) : "");
  PQclear (result);
  PQfinish (connection);
  return value;
}

static char *
query_sqlite (const char *path, const char *sql)
{
  sqlite3 *handle;
  sqlite3_stmt *statement;
  char *value = NULL;

  g_assert_cmpint (sqlite3_open (path, &handle), ==, SQLITE_OK);
  sqlite3_busy_timeout (handle, 10000);
  if (sqlite3_prepare_v2 (handle, sql, -1, &statement, NULL) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (handle));
  if (sqlite3_step (statement) == SQLITE_ROW)
    value = g_strdup ((const char *) sqlite3_column_text (statement, 0));
  if (sqlite3_finalize (statement) != SQLITE_OK)
    g_error ("%s: %s", sql, sqlite3_errmsg (handle));
  sqlite3_close (handle);
  return value == NULL ? g_strdup ("") : value;
}

char *
place_query (const Place *self, const char *sql)
{
  return place_get_server () != NULL ? query_postgres (self->where, sql) : query_sqlite (self->where, sql);
}

void
place_execute (const Place *self, const char *sql)
{
  sqlite3 *handle;

  if (place_get_server () != NULL) {
    g_free (query_postgres (self->where, sql));
    return;
  }
  g_assert_cmpint (sqlite3_open (self->where, &handle), ==, SQLITE_OK);
  if (sqlite3_exec (handle, sql, NULL, NULL, NULL) != SQLITE_OK)
    g_error ("%s", sqlite3_errmsg (handle));
  sqlite3_close (handle);
}

struct _PlaceLock
{
  PGconn *connection;
  sqlite3 *handle;
};

PlaceLock *
place_lock (const Place *self)
{
  PlaceLock *lock = g_new0 (PlaceLock, 1);

  if (place_get_server () != NULL) {
    lock->connection = PQconnectdb (self->where);
    PQclear (PQexec (lock->connection, "BEGIN; LOCK TABLE llama4.videos IN EXCLUSIVE MODE"));
    g_assert_cmpint (PQtransactionStatus (lock->connection), ==, PQTRANS_INTRANS);
  } else {
    g_assert_cmpint (sqlite3_open (self->where, &lock->handle), ==, SQLITE_OK);
    g_assert_cmpint (sqlite3_exec (lock->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  }
  return lock;
}

void
place_unlock (PlaceLock *lock)
{
  if (lock->connection != NULL)
    PQfinish (lock->connection);
  sqlite3_close (lock->handle);
  g_free (lock);
}

static char *
get_address (const char *database)
{
  g_auto (GStrv) halves = g_strsplit (place_get_server (), "?", 2);

  return g_strdup_printf ("%s/%s?%s", halves[0], database, halves[1] == NULL ? "" : halves[1]);
}

/* Databases are made once and emptied: making one takes long. */
static char *
make_database (guint number)
{
  static guint n_made;
  g_autofree char *name = g_strdup_printf ("test_%d_%u", getpid (), number), *create = g_strdup_printf ("CREATE DATABASE %s", name);
  g_autofree char *all = get_address ("postgres"), *none = NULL;
  char *address = get_address (name);

  none = number < n_made ? query_postgres (address, "DROP SCHEMA IF EXISTS llama4 CASCADE") : query_postgres (all, create);
  n_made = MAX (n_made, number + 1);
  return address;
}

static guint n_places;          /* at the same time */

Place *
place_new (void)
{
  Place *self = g_new0 (Place, 1);

  self->folder = folder_new ();
  self->where = place_get_server () != NULL ? make_database (n_places) : g_build_filename (self->folder, "archive.index", NULL);
  n_places++;
  return self;
}

void
place_free (Place *self)
{
  n_places--;
  folder_free (self->folder);
  g_free (self->where);
  g_free (self);
}

L4Index *
open_index (const Place *self)
{
  g_autoptr (GError) error = NULL;
  L4Index *index = l4_index_open (self->where, L4_INDEX_WRITE, &error);

  g_assert_no_error (error);
  return index;
}

gint64
add_run (L4Index *index, const char *model)
{
  g_autofree char *digest = g_strdup_printf ("sha256:%s", model);
  L4IndexRun run = { .model_name = (char *) model, .model_digest = digest, .quantization = (char *) "bf16",
                     .prompt_digest = (char *) "sha256:of the prompt", .settings = (char *) "{\"frames\":4}", .version = (char *) "0.1.0" };
  g_autoptr (GError) error = NULL;

  l4_index_put_run (index, &run, &error);
  g_assert_no_error (error);
  return run.id;
}

gint64
add_video (L4Index *index, const char *path, const char *key)
{
  L4IndexVideo video = { .path = (char *) path, .key = (char *) key, .size = 1000, .mtime = 1700000000 * G_GINT64_CONSTANT (1000000000),
                         .container = (char *) "matroska", .codec = (char *) "h264", .width = 320, .height = 240,
                         .duration = 60 * G_GUINT64_CONSTANT (1000000000) };
  g_autoptr (GError) error = NULL;

  l4_index_put_video (index, &video, &error);
  g_assert_no_error (error);
  return video.id;
}

gint64
add_window (L4Index *index, gint64 video, gint64 run, guint seconds, const char *text)
{
  L4IndexWindow window = { .video = video, .run = run, .start = seconds * G_GUINT64_CONSTANT (1000000000), .text = (char *) text };
  g_autoptr (GError) error = NULL;

  window.end = window.start + 4 * G_GUINT64_CONSTANT (1000000000);
  l4_index_put_window (index, &window, &error);
  g_assert_no_error (error);
  return window.id;
}
