/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the disk gives when nothing is computed. */

#include "stream/stream-private.h"

#define TIME (1500 * G_TIME_SPAN_MILLISECOND)

/* Experts one after the other, from one that differs from measurement to measurement. */
typedef struct
{
  L4Stream *stream;
  GMutex lock;
  L4StreamExpert expert;                /* a copy of the one at hand: where we are in it */
  gsize next;
  gint64 end;                   /* monotonic time */
  guint64 bytes;
  GError *error;
} Measure;

static gboolean
take_measured (gpointer user_data, L4Piece *piece, gboolean wait)
{
  Measure *self = user_data;
  gboolean more;

  g_mutex_lock (&self->lock);
  more = self->error == NULL && g_get_monotonic_time () < self->end;
  while (more && !l4_stream_has_pieces (&self->expert)) {
    self->expert = *l4_stream_expert (self->stream, self->next++ % self->stream->experts->len);
    self->expert.error = NULL;
    l4_stream_rewind (&self->expert);
  }
  if (more)
    l4_stream_next_piece (self->stream, &self->expert, piece);
  g_mutex_unlock (&self->lock);
  return more;
}

static void
measured_arrived (gpointer user_data, const L4Piece *piece, const guint8 *bytes, const GError *error)
{
  Measure *self = user_data;

  g_mutex_lock (&self->lock);
  self->bytes += error == NULL ? piece->bytes : 0;
  if (error != NULL && self->error == NULL)
    self->error = g_error_copy (error);
  g_mutex_unlock (&self->lock);
}

gboolean
l4_stream_measure (L4Stream *self, double *bytes_per_second, GError **error)
{
  static const L4ReaderClass class = { take_measured, measured_arrived };
  gint64 begun = g_get_monotonic_time ();
  Measure measure = {.stream = self,.next = self->figures.reads,.end = begun + TIME,.expert.part = L4_STREAM_PARTS };
  L4Reader *reader = l4_reader_new_like (self->reader, &class, &measure);
  gboolean good;

  g_mutex_init (&measure.lock);
  good = l4_reader_start (reader, self->piece_bytes, error);
  l4_reader_free (reader);      /* waits for the end */
  g_mutex_clear (&measure.lock);
  if (good && measure.error != NULL) {
    g_propagate_error (error, measure.error);
    return FALSE;
  }
  *bytes_per_second = (double) measure.bytes * 1e6 / (double) (g_get_monotonic_time () - begun);
  return good;
}
