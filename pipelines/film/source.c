/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An ordinary file that is read from, and whether it stays what it was. */

#include "film/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libavutil/error.h>
#include <libavutil/mem.h>

#include "base/i18n.h"

#define IO_BUFFER (64 << 10)    /* bytes; more is read for nothing where a film is read key frame by key frame */

struct _L4Source
{
  char *path;
  int file;
  struct stat stat;             /* when it was opened */
  GCancellable *cancellable;    /* NULL: none */
  guint64 position;             /* of FFmpeg */
  int status;                   /* errno of the first read that failed; 0: none did */
};

G_DEFINE_QUARK (l4-film-error-quark, l4_film_error)

gboolean
l4_film_fail (GError **error, L4FilmError code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    g_propagate_error (error, g_error_new_valist (L4_FILM_ERROR, code, format, args));
  va_end (args);
  return FALSE;
}

static gboolean
fail_to_open (GError **error, const char *path, int status)
{
  struct stat link;

  if (status == ENOENT && lstat (path, &link) == 0 && S_ISLNK (link.st_mode))
    return l4_film_fail (error, L4_FILM_ERROR_GONE, _("%s: is a link to something that is not there"), path);
  if (status == ELOOP)
    return l4_film_fail (error, L4_FILM_ERROR_GONE, _("%s: is a link that leads back to itself"), path);
  return l4_film_fail (error, L4_FILM_ERROR_GONE, _("%s: cannot be opened: %s"), path, g_strerror (status));
}

static gboolean
check_kind (const char *path, mode_t mode, GError **error)
{
  if (S_ISREG (mode))
    return TRUE;
  return l4_film_fail (error, L4_FILM_ERROR_FORMAT,
      S_ISDIR (mode) ? _("%s: is a folder, not a film")
      : S_ISFIFO (mode) ? _("%s: is a pipe, not a film")
      : S_ISSOCK (mode) ? _("%s: is a socket, not a film") : _("%s: is a device, not a film"), path);
}

/* Its kind is looked at first: opening a device can be enough to set it going. */
static gboolean
open_ordinary (L4Source *self, GError **error)
{
  if (stat (self->path, &self->stat) != 0)
    return fail_to_open (error, self->path, errno);
  if (!check_kind (self->path, self->stat.st_mode, error))
    return FALSE;
  self->file = open (self->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (self->file < 0 || fstat (self->file, &self->stat) != 0)
    return fail_to_open (error, self->path, errno);
  if (!check_kind (self->path, self->stat.st_mode, error))
    return FALSE;
  if (self->stat.st_size == 0)
    return l4_film_fail (error, L4_FILM_ERROR_EMPTY, _("%s: is empty"), self->path);
  return TRUE;
}

L4Source *
l4_source_open (const char *path, GCancellable *cancellable, GError **error)
{
  L4Source *self = g_new0 (L4Source, 1);

  self->path = g_strdup (path);
  self->file = -1;
  g_set_object (&self->cancellable, cancellable);
  if (open_ordinary (self, error))
    return self;
  l4_source_close (self);
  return NULL;
}

void
l4_source_close (L4Source *self)
{
  if (self == NULL)
    return;
  if (self->file >= 0)
    close (self->file);
  g_clear_object (&self->cancellable);
  g_free (self->path);
  g_free (self);
}

const char *
l4_source_get_path (const L4Source *self)
{
  return self->path;
}

guint64
l4_source_get_size (const L4Source *self)
{
  return self->stat.st_size;
}

gboolean
l4_source_is_cancelled (L4Source *self)
{
  return self->cancellable != NULL && g_cancellable_is_cancelled (self->cancellable);
}

/* Bytes read, 0 at the end, -1 with errno. */
static gssize
read_some (const L4Source *self, guint64 offset, gpointer buffer, gsize size)
{
  gssize got;

  do
    got = pread (self->file, buffer, size, offset);
  while (got < 0 && errno == EINTR);
  return got;
}

gboolean
l4_source_read (L4Source *self, guint64 offset, gpointer buffer, gsize size, gsize *got, GError **error)
{
  for (*got = 0; *got < size;) {
    gssize now = l4_source_is_cancelled (self) ? 0 : read_some (self, offset + *got, (guint8 *) buffer + *got, size - *got);

    if (now < 0)
      self->status = errno;
    if (now <= 0)
      break;
    *got += now;
  }
  if (self->status != 0 || l4_source_is_cancelled (self))
    return l4_source_check (self, error);
  return TRUE;
}

/* For FFmpeg ------------------------------------------------------------------------------------------------------------------- */

static int
io_read (void *data, uint8_t *buffer, int size)
{
  L4Source *self = data;
  gssize got;

  if (l4_source_is_cancelled (self))
    return AVERROR_EXIT;
  got = read_some (self, self->position, buffer, size);
  if (got < 0) {
    self->status = errno;
    return AVERROR (errno);
  }
  self->position += got;
  return got > 0 ? (int) got : AVERROR_EOF;
}

static int64_t
io_seek (void *data, int64_t offset, int whence)
{
  L4Source *self = data;

  whence &= ~AVSEEK_FORCE;
  if (whence == AVSEEK_SIZE)
    return self->stat.st_size;
  if (whence == SEEK_CUR)
    offset += (int64_t) self->position;
  else if (whence == SEEK_END)
    offset += self->stat.st_size;
  if (offset < 0)
    return AVERROR (EINVAL);
  self->position = offset;
  return offset;
}

AVIOContext *
l4_source_new_io (L4Source *self)
{
  guint8 *buffer = av_malloc (IO_BUFFER);
  AVIOContext *io = buffer != NULL ? avio_alloc_context (buffer, IO_BUFFER, 0, self, io_read, NULL, io_seek) : NULL;

  if (io == NULL)
    g_error ("no memory for reading a file");
  self->position = 0;
  return io;
}

void
l4_source_free_io (AVIOContext *io)
{
  if (io == NULL)
    return;
  av_freep (&io->buffer);       /* not always the one that it was made with */
  avio_context_free (&io);
}

/* Changes ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_same (const struct stat *one, const struct stat *other)
{
  return one->st_dev == other->st_dev && one->st_ino == other->st_ino && one->st_size == other->st_size
      && one->st_mtim.tv_sec == other->st_mtim.tv_sec && one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

gboolean
l4_source_is (const L4Source *self, guint64 size, gint64 mtime)
{
  struct stat now;

  return fstat (self->file, &now) == 0 && now.st_nlink > 0 && (guint64) now.st_size == size
      && (gint64) now.st_mtim.tv_sec * 1000000000 + now.st_mtim.tv_nsec == mtime;
}

gboolean
l4_source_check (L4Source *self, GError **error)
{
  struct stat now;

  if (l4_source_is_cancelled (self))
    return l4_film_fail (error, L4_FILM_ERROR_CANCELLED, _("%s: was given up"), self->path);
  if (stat (self->path, &now) != 0)
    return l4_film_fail (error, L4_FILM_ERROR_CHANGED, _("%s: went away while it was read"), self->path);
  if (!is_same (&self->stat, &now))
    return l4_film_fail (error, L4_FILM_ERROR_CHANGED, _("%s: changed while it was read"), self->path);
  if (self->status != 0)
    return l4_film_fail (error, L4_FILM_ERROR_IO, _("%s: cannot be read: %s"), self->path, g_strerror (self->status));
  return TRUE;
}
