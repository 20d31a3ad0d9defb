/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads pieces of files past the system's cache, several at once, in the order in which they are asked for. */

#define _GNU_SOURCE             /* O_DIRECT */

#include "stream/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "files/file.h"

#define ALIGNMENT L4_READER_ALIGNMENT

typedef struct
{
  int fd;                       /* the caller's */
  int direct;                   /* the same file without the system's cache; -1: its file system has no such thing */
  const char *path;
  struct stat status;           /* when it was added */
} File;

struct _L4Reader
{
  const L4ReaderClass *class;
  gpointer user_data;
  GArray *files;                /* File */
  guint8 *buffers;              /* one for each thread */
  GThread *threads[L4_READER_DEPTH];
};

L4Reader *
l4_reader_new (const L4ReaderClass *class, gpointer user_data)
{
  L4Reader *self = g_new0 (L4Reader, 1);

  self->class = class;
  self->user_data = user_data;
  self->files = g_array_new (FALSE, TRUE, sizeof (File));
  return self;
}

void
l4_reader_free (L4Reader *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < L4_READER_DEPTH; i++)
    if (self->threads[i] != NULL)
      g_thread_join (self->threads[i]);
  for (guint i = 0; i < self->files->len; i++)
    if (g_array_index (self->files, File, i).direct >= 0)
      close (g_array_index (self->files, File, i).direct);
  g_array_unref (self->files);
  l4_free (self->buffers);
  g_free (self);
}

/* Opened anew by its number, so that it is the same file whatever its name leads to by now. */
static int
open_direct (int fd)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);

  return open (path, O_RDONLY | O_CLOEXEC | O_DIRECT);
}

guint
l4_reader_add_file (L4Reader *self, int fd, const char *path)
{
  File file = {.fd = fd,.path = path };

  for (guint i = 0; i < self->files->len; i++)
    if (g_array_index (self->files, File, i).fd == fd)
      return i;
  file.direct = open_direct (fd);
  fstat (fd, &file.status);
  g_array_append_val (self->files, file);
  return self->files->len - 1;
}

guint
l4_reader_get_n_files (const L4Reader *self)
{
  return self->files->len;
}

int
l4_reader_get_file (const L4Reader *self, guint index, const char **path, guint64 *size)
{
  const File *file = &g_array_index (self->files, File, index);

  *path = file->path;
  *size = (guint64) file->status.st_size;
  return file->fd;
}

gboolean
l4_reader_check_file (L4Reader *self, guint index, GError **error)
{
  const File *file = &g_array_index (self->files, File, index);
  struct stat now;

  if (fstat (file->fd, &now) != 0)
    return l4_fail (error, L4_ERROR_IO, "%s: %s", file->path, g_strerror (errno));
  return l4_file_is_as_before (&file->status, &now)
      || l4_fail (error, L4_ERROR_IO, _("%s: has changed since the model was loaded"), file->path);
}

/* All bytes that there are, up to count; -1 with errno. Past the cache only whole blocks can be read on from, and less comes at the end of
 * the file. */
static gssize
read_all (int fd, gboolean direct, guint8 *to, gsize count, guint64 offset)
{
  gsize done = 0;

  while (done < count) {
    gssize n = pread (fd, to + done, count - done, (off_t) (offset + done));

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1;
    done += (gsize) n;
    if (n == 0 || (direct && n % ALIGNMENT != 0))       /* the end of the file */
      break;
  }
  return (gssize) done;
}

/* The piece at *bytes within buffer. */
static gboolean
read_piece (const File *file, const L4Piece *piece, guint8 *buffer, const guint8 **bytes, GError **error)
{
  guint64 first = piece->offset / ALIGNMENT * ALIGNMENT;
  gsize before = (gsize) (piece->offset - first), needed = before + piece->bytes;
  gsize count = (needed + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  gssize n = file->direct >= 0 ? read_all (file->direct, TRUE, buffer, count, first) : -1;

  *bytes = buffer + before;
  if (file->direct < 0 || (n < 0 && errno == EINVAL)) { /* a file system that promised too much */
    n = read_all (file->fd, FALSE, buffer, count, first);
    posix_fadvise (file->fd, (off_t) first, (off_t) count, POSIX_FADV_DONTNEED);
  }
  if (n < 0)
    return l4_fail (error, L4_ERROR_IO, "%s: %s", file->path, g_strerror (errno));
  return (gsize) n >= needed || l4_fail (error, L4_ERROR_IO, _("%s: ends at byte %" PRIu64 ", %zu bytes are missing"), file->path,
      first + (guint64) n, needed - (gsize) n);
}

static void
read_source (const L4Piece *piece, guint8 *buffer, GError **error)
{
  const L4StreamSource *source = piece->source;

  source->read (source->owner, source->item, piece->offset, piece->bytes, buffer, error);
  if (source->drop != NULL)
    source->drop (source->owner, source->item, piece->offset, piece->bytes);
}

typedef struct
{
  L4Reader *reader;
  guint8 *buffer;
} Worker;

static gpointer
work (gpointer data)
{
  g_autofree Worker *worker = data;
  L4Reader *self = worker->reader;
  L4Piece piece;

  while (self->class->take (self->user_data, &piece, TRUE)) {
    g_autoptr (GError) error = NULL;
    guint8 *to = piece.to != NULL ? piece.to : worker->buffer;
    const guint8 *bytes = to;

    if (piece.source != NULL)
      read_source (&piece, to, &error);
    else
      read_piece (&g_array_index (self->files, File, piece.file), &piece, to, &bytes, &error);
    self->class->arrived (self->user_data, &piece, bytes, error);
  }
  return NULL;
}

/* A piece with what lies before and after it in its blocks. */
static gsize
buffer_bytes (gsize piece_bytes)
{
  return (piece_bytes + 3 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

guint64
l4_reader_bytes (gsize piece_bytes)
{
  return L4_READER_DEPTH * buffer_bytes (piece_bytes) + ALIGNMENT;
}

gboolean
l4_reader_start (L4Reader *self, gsize piece_bytes, GError **error)
{
  gboolean any = FALSE;
  guint8 *first;

  self->buffers = l4_alloc_raw (l4_reader_bytes (piece_bytes), _("reading"), error);
  if (self->buffers == NULL)
    return FALSE;
  first = (guint8 *) (((guintptr) self->buffers + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
  for (guint i = 0; i < L4_READER_DEPTH; i++) {
    Worker *worker = g_new (Worker, 1);

    *worker = (Worker) { self, first + i * buffer_bytes (piece_bytes) };
    self->threads[i] = g_thread_try_new ("llama4-read", work, worker, NULL);
    if (self->threads[i] == NULL)       /* fewer are slower, not wrong */
      g_free (worker);
    any = any || self->threads[i] != NULL;
  }
  return any || l4_fail (error, L4_ERROR_MEMORY, _("no thread can be started to read the weights"));
}
