/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films that a test makes up, in place of those of files. */

#include "fake-film.h"

#include <gst/video/video.h>

#define WIDTH 64
#define HEIGHT 48

G_DEFINE_QUARK (l4-film-error-quark, l4_film_error)

const L4FilmFacts *
l4_film_get_facts (const L4Film *self)
{
  return &self->facts;
}

gboolean
l4_film_start (L4Film *self, L4FilmDecode decode, guint64 from, guint64 window, guint n_frames, GError **error)
{
  self->from = from;
  for (self->n = 0; FAKE_FRAME (self->n) < from; self->n++);
  return TRUE;
}

GstSample *
l4_film_next (L4Film *self, GError **error)
{
  guint64 time = FAKE_FRAME (self->n);
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "RGB", "width", G_TYPE_INT, WIDTH, "height",
      G_TYPE_INT, HEIGHT, "framerate", GST_TYPE_FRACTION, 0, 1, NULL);
  g_autoptr (GstBuffer) buffer = NULL;
  GstStructure *info = NULL;
  GstSegment segment;

  if (self->fail_at != 0 && time >= self->fail_at) {
    g_set_error (error, L4_FILM_ERROR, L4_FILM_ERROR_IO, "the disk is broken");
    return NULL;
  }
  if (time >= self->length)
    return NULL;
  buffer = gst_buffer_new_allocate (NULL, WIDTH * HEIGHT * 3, NULL);
  gst_buffer_memset (buffer, 0, ABS ((gint) (self->n % 510) - 255), WIDTH * HEIGHT * 3);        /* no jump that were a cut */
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = self->from;
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = FAKE_FRAME (self->n + 1) - time;
  if (self->orientation != 0)
    info = gst_structure_new ("info", "orientation", GST_TYPE_VIDEO_ORIENTATION_METHOD, self->orientation, NULL);
  self->n++;
  g_atomic_int_inc (&self->n_read);
  return gst_sample_new (buffer, caps, &segment, info);
}

void
l4_film_get_counts (const L4Film *self, guint64 *damaged, guint64 *decoded)
{
  *damaged = *decoded = 0;
}
