/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The format of files of repacked experts. */

#include "stream/repacked.h"

#include <errno.h>
#include <sys/stat.h>

#include "files/file.h"
#include "files/sum.h"

/* Bytes at the beginning of a file by which it is known: what a header says first. */
#define BEGINNING (1u << 20)

static gboolean
add_file (const L4Reader *reader, guint index, GChecksum *checksum, GError **error)
{
  g_autofree guint8 *beginning = g_malloc (BEGINNING);
  const char *path;
  guint64 size;
  int fd = l4_reader_get_file (reader, index, &path, &size);
  gsize n = (gsize) MIN (size, BEGINNING);
  struct stat status;
  gint64 facts[3];

  if (fstat (fd, &status) != 0)
    return l4_fail (error, L4_ERROR_IO, "%s: %s", path, g_strerror (errno));
  facts[0] = status.st_size;
  facts[1] = status.st_mtim.tv_sec;
  facts[2] = status.st_mtim.tv_nsec;
  g_checksum_update (checksum, (const guchar *) facts, sizeof facts);
  if (!l4_file_read (fd, path, 0, beginning, n, error))
    return FALSE;
  g_checksum_update (checksum, beginning, (gssize) n);
  return TRUE;
}

static void
add_matrix (const L4StreamMatrix *part, GChecksum *checksum)
{
  const guint64 facts[] = { part->file, part->offset, part->type, (guint64) part->n_rows, (guint64) part->n };

  g_checksum_update (checksum, (const guchar *) facts, sizeof facts);
}

gboolean
l4_repacked_identify (const L4Stream *self, guint8 *model, GError **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = sizeof ((L4RepackedHeader *) NULL)->model;

  for (guint i = 0; i < l4_reader_get_n_files (self->reader); i++)
    if (!add_file (self->reader, i, checksum, error))
      return FALSE;
  for (gsize i = 0; i < self->experts->len; i++)
    for (guint p = 0; p < L4_STREAM_PARTS; p++)
      add_matrix (&l4_stream_expert (self, i)->parts[p], checksum);
  g_checksum_get_digest (checksum, model, &length);
  return TRUE;
}

L4RepackedMatrix *
l4_repacked_lay_out (const L4Stream *self, guint64 *bytes)
{
  gsize table = l4_repacked_table_bytes (self->experts->len);
  L4RepackedMatrix *matrices = g_malloc0 (MAX (table, 1)), *matrix = matrices;

  *bytes = l4_stream_align (sizeof (L4RepackedHeader) + table);
  for (gsize i = 0; i < self->experts->len; i++)
    for (guint p = 0; p < L4_STREAM_PARTS; p++, matrix++) {
      const L4StreamExpert *expert = l4_stream_expert (self, i);
      const L4StreamMatrix *part = &expert->parts[p];

      matrix->layer = expert->layer;
      if (part->n_rows == 0)
        continue;
      *matrix = (L4RepackedMatrix) { expert->layer, part->type, part->n_rows, part->n, *bytes, l4_stream_n_panels (part) * part->panel_bytes };
      *bytes += l4_stream_align (matrix->bytes);
    }
  return matrices;
}

guint32
l4_repacked_sum (const L4RepackedHeader *header)
{
  return l4_sum (0, header, offsetof (L4RepackedHeader, sum));
}
