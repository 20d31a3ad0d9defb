/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening an index in a SQLite file: its schema, and files that can only be read. */

#include "index/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/i18n.h"
#include "index/schema.h"

#define APPLICATION_ID 0x4c344958        /* "L4IX" */
#define PATIENCE_MS 20000

/* What brings an index from the version before to this one. */
static const char *const migrations[L4_SCHEMA_VERSION] = { L4_SCHEMA_SQLITE_1, L4_SCHEMA_SQLITE_2, L4_SCHEMA_SQLITE_3 };

int
l4_sqlite_get_patience (const L4Sqlite *self)
{
  return self->base.hurried ? L4_HURRIED_MS : PATIENCE_MS;
}

gboolean
l4_sqlite_set_patience (L4Database *base, GError **error)
{
  L4Sqlite *self = (L4Sqlite *) base;

  return sqlite3_busy_timeout (self->handle, l4_sqlite_get_patience (self)) == SQLITE_OK || l4_sqlite_fail (self, error);
}

static gboolean
get_number (L4Sqlite *self, const char *sql, gint64 *number, GError **error)
{
  *number = 0;
  return l4_database_query (&self->base, l4_row_integer, number, error, sql, "");
}

/* The version of the schema; 0 for a file with nothing in it. Another program's database is refused. */
static gboolean
get_version (L4Sqlite *self, gint64 *version, GError **error)
{
  gint64 application, objects;

  if (!get_number (self, "PRAGMA user_version", version, error) || !get_number (self, "PRAGMA application_id", &application, error)
      || !get_number (self, "SELECT count(*) FROM sqlite_master", &objects, error))
    return FALSE;
  if (application == APPLICATION_ID && *version > 0)
    return TRUE;
  if (application != 0 || *version != 0 || objects != 0)
    return l4_database_fail (&self->base, L4_ERROR_FORMAT, error, _("the file is another program's database"));
  return TRUE;
}

static gboolean
work_get_version (L4Database *base, gpointer version, GError **error)
{
  return get_version ((L4Sqlite *) base, version, error);
}

/* Of one moment: between two looks another process may make the index. */
static gboolean
look_at_version (L4Sqlite *self, gint64 *version, GError **error)
{
  return l4_database_transact_once (&self->base, FALSE, work_get_version, version, error);
}

static gboolean
migrate (L4Database *base, gpointer unused, GError **error)
{
  L4Sqlite *self = (L4Sqlite *) base;
  g_autofree char *stamp = g_strdup_printf ("PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, L4_SCHEMA_VERSION);
  gint64 version;

  if (!get_version (self, &version, error))
    return FALSE;
  if (version > L4_SCHEMA_VERSION)
    return l4_database_refuse_version (base, version, error);
  for (gint64 i = version; i < L4_SCHEMA_VERSION; i++)
    if (!l4_sqlite_execute (self, migrations[i], error))
      return FALSE;
  return version == L4_SCHEMA_VERSION || l4_sqlite_execute (self, stamp, error);
}

static void
row_is_wal (const L4Value *columns, gpointer is_wal)
{
  *(gboolean *) is_wal = columns[0].type == L4_VALUE_TEXT && strcmp (columns[0].data, "wal") == 0;
}

/* Changing to the write-ahead log needs the file for itself, for which SQLite does not wait. */
static gboolean
use_log (L4Sqlite *self, GError **error)
{
  gint64 until = g_get_monotonic_time () + l4_sqlite_get_patience (self) * G_TIME_SPAN_MILLISECOND;
  gboolean is_wal = FALSE;

  for (;;) {
    g_autoptr (GError) why = NULL;

    if (l4_database_query (&self->base, row_is_wal, &is_wal, &why, "PRAGMA journal_mode = WAL", ""))
      break;
    if ((self->result & 0xff) != SQLITE_BUSY || g_get_monotonic_time () > until) {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
    g_usleep (20000);
  }
  return is_wal || l4_database_fail (&self->base, L4_ERROR_IO, error, _("this file system cannot hold an index: it shares no memory"));
}

/* SQLite takes locks that the file system refuses for those of another program. When it says so, here is another look: through the same
 * system call. */
static gboolean
has_locks (const char *path)
{
  sqlite3_vfs *vfs = sqlite3_vfs_find (NULL);
  int (*control) (int, int, ...) = (int (*) (int, int, ...)) vfs->xGetSystemCall (vfs, "fcntl");
  struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
  int file = open (path, O_RDONLY | O_CLOEXEC), number;

  if (file < 0)
    return TRUE;
  number = control (file, F_SETLK, &lock) == 0 ? 0 : errno;
  close (file);
  return number == 0 || number == EACCES || number == EAGAIN;
}

/* A name that was just made must outlast a loss of power as well. */
static void
sync_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int file = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (file >= 0) {
    fsync (file);
    close (file);
  }
}

/* first: executed before anything looks into the file. */
static gboolean
open_handle (L4Sqlite *self, const char *name, int flags, const char *first, GError **error)
{
  if (sqlite3_open_v2 (name, &self->handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK) {
    if (self->handle == NULL)
      return l4_database_fail (&self->base, L4_ERROR_MEMORY, error, _("not enough memory"));
    return l4_sqlite_fail (self, error);
  }
  sqlite3_db_config (self->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  return l4_sqlite_set_patience (&self->base, error) && l4_sqlite_execute (self, first, error)
      && l4_sqlite_execute (self, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; "
      "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY", error)
      && l4_sqlite_add_functions (self, error) && l4_sqlite_add_rank (self, error);
}

static void
close_handle (L4Sqlite *self)
{
  g_hash_table_remove_all (self->statements);
  g_clear_pointer (&self->handle, sqlite3_close);
}

static gboolean
open_to_write (L4Sqlite *self, GError **error)
{
  gint64 version;

  if (!open_handle (self, self->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "", error) || !look_at_version (self, &version, error))
    return FALSE;
  if (sqlite3_db_readonly (self->handle, "main") == 1)
    return l4_database_fail (&self->base, L4_ERROR_IO, error, _("the index can only be read"));
  if (version > L4_SCHEMA_VERSION)
    return l4_database_refuse_version (&self->base, version, error);
  if (!use_log (self, error) || !l4_database_transact (&self->base, TRUE, migrate, NULL, error))
    return FALSE;
  if (version == 0)
    sync_folder (self->path);
  return TRUE;
}

/* Opens and reads, which tells whether this way works. flags: SQLITE_OPEN_READWRITE or SQLITE_OPEN_READONLY among them. */
static gboolean
try_to_read (L4Sqlite *self, const char *name, int flags, const char *first, gint64 *version, GError **error)
{
  if (self->handle != NULL)
    close_handle (self);
  return open_handle (self, name, flags, first, error) && look_at_version (self, version, error);
}

/* Where no shared memory can be made beside the index nobody writes to it either: it is read without locks, with what is in its log, which
 * SQLite has beside the file itself and not beside a link to it. */
static gboolean
read_without_locks (L4Sqlite *self, gint64 *version, GError **error)
{
  g_autofree char *escaped = g_uri_escape_bytes ((const guint8 *) self->path, strlen (self->path), "/");
  g_autofree char *file = realpath (self->path, NULL), *log = g_strconcat (file != NULL ? file : self->path, "-wal", NULL);
  g_autofree char *uri = NULL;
  struct stat status;
  gboolean has_log = stat (log, &status) == 0 && status.st_size > 0;

  uri = g_strdup_printf ("file:%s?%s", escaped, has_log ? "vfs=unix-none" : "immutable=1");
  return try_to_read (self, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, has_log ? "PRAGMA locking_mode = EXCLUSIVE" : "", version, error);
}

/* Whether what failed last may work for one who asks for less. */
static gboolean
lacks_rights (const L4Sqlite *self)
{
  int result = self->result & 0xff;

  return result == SQLITE_CANTOPEN || result == SQLITE_READONLY || result == SQLITE_IOERR;
}

/* Nothing is written by statements; but only who might write takes log and shared memory away when nobody else is there any more. */
static gboolean
find_way_to_read (L4Sqlite *self, gint64 *version, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (try_to_read (self, self->path, SQLITE_OPEN_READWRITE, "PRAGMA query_only = ON", version, &why)
      || (lacks_rights (self) && try_to_read (self, self->path, SQLITE_OPEN_READONLY, "", version, NULL))
      || (lacks_rights (self) && read_without_locks (self, version, NULL)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

static gboolean
open_to_read (L4Sqlite *self, GError **error)
{
  struct stat status;
  gint64 version = 0;

  if (stat (self->path, &status) != 0)
    return l4_database_fail (&self->base, errno == ENOENT ? L4_ERROR_NOT_FOUND : L4_ERROR_IO, error, "%s", g_strerror (errno));
  if (!find_way_to_read (self, &version, error))
    return FALSE;
  if (version == 0)
    return l4_database_fail (&self->base, L4_ERROR_NOT_FOUND, error, _("the file is empty: there is no index in it"));
  return version <= L4_SCHEMA_VERSION || l4_database_refuse_version (&self->base, version, error);
}

/* Whether a file that is not there, the index or its log, cannot be made for lack of rights, as errno tells. SQLite tries to read it then, and
 * tells that there is none, or that nothing can be written. */
static gboolean
cannot_be_made (const L4Sqlite *self)
{
  g_autofree char *folder = g_path_get_dirname (self->path);
  gboolean is_missing = (self->result & 0xff) == SQLITE_CANTOPEN && sqlite3_system_errno (self->handle) == ENOENT;

  return (is_missing || (self->result & 0xff) == SQLITE_READONLY) && access (folder, W_OK | X_OK) != 0;
}

/* Of what is there but no file, nothing else is tried: a pipe would be waited for. */
gboolean
l4_sqlite_open_file (L4Sqlite *self, GError **error)
{
  g_autoptr (GError) why = NULL;
  struct stat status;

  if (stat (self->path, &status) == 0 && !S_ISREG (status.st_mode))
    return l4_database_fail (&self->base, L4_ERROR_IO, error, _("is no file"));
  if (self->base.mode == L4_INDEX_READ ? open_to_read (self, &why) : open_to_write (self, &why))
    return TRUE;
  if (cannot_be_made (self))
    return l4_database_fail (&self->base, L4_ERROR_IO, error, "%s", g_strerror (errno));
  if ((self->result & 0xff) == SQLITE_BUSY && !has_locks (self->path))
    return l4_database_fail (&self->base, L4_ERROR_IO, error, _("this file system cannot hold an index: it knows no locks"));
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}
