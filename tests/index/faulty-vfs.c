/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file system below SQLite that fails when it is told to, and that can lose its power. It never waits for the disk. */

#include "faulty-vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>

typedef struct
{
  sqlite3_file base;
  GPtrArray *unsynced;          /* of Change, oldest first */
  sqlite3_file *real;
} File;

/* What stood where something was written that is not synchronised yet. */
typedef struct
{
  sqlite3_int64 offset, size;   /* bytes; of the file before */
  GBytes *before;
} Change;

static sqlite3_vfs *unix_vfs, faulty_vfs;
static GPtrArray *files;        /* of File, that are open */
static FaultKind armed;
static guint countdown;
static gboolean lasts, happened, is_dark;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_bytes_unref (change->before);
  g_free (change);
}

/* Faults ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
is_due (FaultKind kind)
{
  if (is_dark)
    return TRUE;
  if (kind != armed)
    return FALSE;
  if (countdown > 0 && --countdown > 0)
    return FALSE;
  if (happened && !lasts)
    return FALSE;
  happened = TRUE;
  return TRUE;
}

/* Disks write what they were given in any order. */
static void
lose_power (void)
{
  for (guint i = 0; i < files->len; i++) {
    const File *file = files->pdata[i];

    for (guint j = file->unsynced->len; j-- > 0;) {
      const Change *change = file->unsynced->pdata[j];
      sqlite3_int64 size;

      if (g_random_boolean ())
        continue;
      file->real->pMethods->xFileSize (file->real, &size);
      file->real->pMethods->xWrite (file->real, g_bytes_get_data (change->before, NULL), g_bytes_get_size (change->before), change->offset);
      if (j + 1 == file->unsynced->len && change->size < size)
        file->real->pMethods->xTruncate (file->real, change->size);
    }
  }
  is_dark = TRUE;
}

void
faulty_vfs_arm (FaultKind kind, guint n, gboolean lasting)
{
  armed = kind;
  countdown = n;
  lasts = lasting;
  happened = is_dark = FALSE;
}

gboolean
faulty_vfs_disarm (void)
{
  armed = FAULT_NONE;
  is_dark = FALSE;
  return happened;
}

/* Files ------------------------------------------------------------------------------------------------------------------------- */

#define REAL(file) (((File *) (file))->real)
#define CALL(file, method, ...) REAL (file)->pMethods->method (REAL (file), ##__VA_ARGS__)

static int
close_file (sqlite3_file *file)
{
  int result = CALL (file, xClose);

  g_ptr_array_remove (files, file);
  g_ptr_array_unref (((File *) file)->unsynced);
  return result;
}

static int
read_file (sqlite3_file *file, void *data, int length, sqlite3_int64 offset)
{
  return CALL (file, xRead, data, length, offset);
}

static void
remember (File *file, int length, sqlite3_int64 offset)
{
  Change *change = g_new0 (Change, 1);
  g_autofree char *before = g_malloc0 (length);

  file->real->pMethods->xFileSize (file->real, &change->size);
  file->real->pMethods->xRead (file->real, before, length, offset);     /* zeros where there is nothing */
  change->offset = offset;
  change->before = g_bytes_new_take (g_steal_pointer (&before), length);
  g_ptr_array_add (file->unsynced, change);
}

static int
write_file (sqlite3_file *file, const void *data, int length, sqlite3_int64 offset)
{
  if (armed == FAULT_POWER && !is_dark && is_due (FAULT_POWER))
    lose_power ();
  if (is_due (FAULT_WRITE))
    return SQLITE_IOERR_WRITE;
  if (is_due (FAULT_FULL))
    return SQLITE_FULL;
  if (armed == FAULT_POWER)
    remember ((File *) file, length, offset);
  return CALL (file, xWrite, data, length, offset);
}

static int
truncate_file (sqlite3_file *file, sqlite3_int64 size)
{
  return is_due (FAULT_TRUNCATE) ? SQLITE_IOERR_TRUNCATE : CALL (file, xTruncate, size);
}

static int
sync_file (sqlite3_file *file, int flags)
{
  if (is_due (FAULT_SYNC))
    return SQLITE_IOERR_FSYNC;
  g_ptr_array_set_size (((File *) file)->unsynced, 0);
  return SQLITE_OK;
}

static int
size_of_file (sqlite3_file *file, sqlite3_int64 *size)
{
  return CALL (file, xFileSize, size);
}

static int
lock_file (sqlite3_file *file, int lock)
{
  return CALL (file, xLock, lock);
}

static int
unlock_file (sqlite3_file *file, int lock)
{
  return CALL (file, xUnlock, lock);
}

static int
check_lock (sqlite3_file *file, int *result)
{
  return CALL (file, xCheckReservedLock, result);
}

static int
control_file (sqlite3_file *file, int operation, void *argument)
{
  return CALL (file, xFileControl, operation, argument);
}

static int
get_sector_size (sqlite3_file *file)
{
  return CALL (file, xSectorSize);
}

/* Whatever the machine's disk promises, this one promises nothing. */
static int
get_characteristics (sqlite3_file *file)
{
  return 0;
}

static int
map_shared (sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
  return CALL (file, xShmMap, page, size, extend, memory);
}

static int
lock_shared (sqlite3_file *file, int offset, int n, int flags)
{
  return CALL (file, xShmLock, offset, n, flags);
}

static void
fence_shared (sqlite3_file *file)
{
  CALL (file, xShmBarrier);
}

static int
unmap_shared (sqlite3_file *file, int remove)
{
  return CALL (file, xShmUnmap, remove);
}

static const sqlite3_io_methods methods = {
  2, close_file, read_file, write_file, truncate_file, sync_file, size_of_file, lock_file, unlock_file, check_lock, control_file,
  get_sector_size, get_characteristics, map_shared, lock_shared, fence_shared, unmap_shared
};

static int
open_file (sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
  File *file = (File *) base;
  int result;

  file->base.pMethods = NULL;
  file->real = (sqlite3_file *) (file + 1);
  result = unix_vfs->xOpen (unix_vfs, name, file->real, flags, out_flags);
  if (file->real->pMethods == NULL)
    return result;
  file->base.pMethods = &methods;
  file->unsynced = g_ptr_array_new_with_free_func (change_free);
  g_ptr_array_add (files, file);
  return result;
}

/* Below the file system, so that it meets the memory that is shared too. */
static int
fail_to_open (const char *path, int flags, int mode)
{
  if (is_due (FAULT_OPEN)) {
    errno = EMFILE;
    return -1;
  }
  return open (path, flags, mode);
}

/* Who waits for a lock here waits in vain, and need not take as long. */
static int
sleep_not (sqlite3_vfs *vfs, int microseconds)
{
  return microseconds;
}

static int
fail_to_lock (int file, int operation, ...)
{
  va_list args;
  void *argument;

  va_start (args, operation);
  argument = va_arg (args, void *);
  va_end (args);
  if (operation == F_SETLK && is_due (FAULT_LOCK)) {
    errno = ENOLCK;
    return -1;
  }
  return fcntl (file, operation, argument);
}

void
faulty_vfs_install (void)
{
  unix_vfs = sqlite3_vfs_find (NULL);
  faulty_vfs = *unix_vfs;
  faulty_vfs.zName = "faulty";
  faulty_vfs.szOsFile = sizeof (File) + unix_vfs->szOsFile;
  faulty_vfs.xOpen = open_file;
  faulty_vfs.xSleep = sleep_not;
  files = g_ptr_array_new ();
  unix_vfs->xSetSystemCall (unix_vfs, "open", (sqlite3_syscall_ptr) fail_to_open);
  unix_vfs->xSetSystemCall (unix_vfs, "fcntl", (sqlite3_syscall_ptr) fail_to_lock);
  sqlite3_vfs_register (&faulty_vfs, 1);
}
