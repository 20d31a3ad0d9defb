/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the disk gives when nothing is computed. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "files/file.h"
#include "stream/stream-private.h"

#define TIME (1500 * G_TIME_SPAN_MILLISECOND)

/* Pieces of a file one after the other, and from its start again after its end. */
typedef struct
{
  GMutex lock;
  guint64 size, at;             /* bytes */
  gint64 end;                   /* monotonic time */
  guint64 bytes;                /* that have come */
  GError *error;
} Measure;

static gboolean
take_piece (gpointer user_data, L4Piece *piece, gboolean wait)
{
  Measure *self = user_data;
  gboolean more;

  g_mutex_lock (&self->lock);
  more = self->error == NULL && g_get_monotonic_time () < self->end;
  if (more) {
    *piece = (L4Piece) {.offset = self->at,.bytes = (gsize) MIN (L4_READER_PIECE, self->size - self->at) };
    self->at = self->at + piece->bytes < self->size ? self->at + piece->bytes : 0;
  }
  g_mutex_unlock (&self->lock);
  return more;
}

static void
piece_arrived (gpointer user_data, const L4Piece *piece, const guint8 *bytes, const GError *error)
{
  Measure *self = user_data;

  g_mutex_lock (&self->lock);
  self->bytes += error == NULL ? piece->bytes : 0;
  if (error != NULL && self->error == NULL)
    self->error = g_error_copy (error);
  g_mutex_unlock (&self->lock);
}

/* From the byte `from` on. */
static gboolean
measure (int fd, const char *path, guint64 size, guint64 from, double *bytes_per_second, GError **error)
{
  static const L4ReaderClass class = { take_piece, piece_arrived };
  gint64 begun = g_get_monotonic_time ();
  Measure self = {.size = size,.at = from,.end = begun + TIME };
  L4Reader *reader = l4_reader_new (&class, &self);
  gboolean good;

  g_mutex_init (&self.lock);
  l4_reader_add_file (reader, fd, path);
  good = l4_reader_start (reader, L4_READER_PIECE, error);
  l4_reader_free (reader);      /* waits for the end */
  g_mutex_clear (&self.lock);
  if (self.error != NULL) {
    g_propagate_error (good ? error : NULL, self.error);
    return FALSE;
  }
  *bytes_per_second = (double) self.bytes * 1e6 / (double) (g_get_monotonic_time () - begun);
  return good;
}

gboolean
l4_stream_measure_file (const char *path, double *bytes_per_second, GError **error)
{
  guint64 size;
  int fd = l4_file_open (path, &size, error);
  gboolean good;

  if (fd < 0)
    return FALSE;
  good = size > 0 ? measure (fd, path, size, 0, bytes_per_second, error) : l4_fail (error, L4_ERROR_FORMAT, _("%s: is empty"), path);
  close (fd);
  return good;
}

/* The first that is read of the expert with this number or of those after it. */
static const L4StreamMatrix *
some_matrix (const L4Stream *self, guint64 number)
{
  for (;; number++)
    for (guint p = 0; p < L4_STREAM_PARTS; p++)
      if (l4_stream_expert (self, number % self->experts->len)->parts[p].n_rows > 0)
        return &l4_stream_expert (self, number % self->experts->len)->parts[p];
}

gboolean
l4_stream_measure (L4Stream *self, double *bytes_per_second, GError **error)
{
  const L4StreamMatrix *matrix = some_matrix (self, self->figures.reads);
  const char *path;
  guint64 size;
  int fd;

  fd = l4_reader_get_file (self->reader, matrix->file, &path, &size);
  return measure (fd, path, size, MIN (matrix->offset, size - 1), bytes_per_second, error);
}
