/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Experts from a file of repacked ones. */

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "files/file.h"
#include "files/sum.h"
#include "kernels/panel-layout.h"
#include "stream/repacked.h"

typedef struct
{
  const char *path;
  int fd;
  guint64 size;
  L4RepackedHeader header;
  L4RepackedMatrix *table;
} File;

static void
file_clear (File *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->table);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (File, file_clear)

/* Whether it is such a file, and whole as it says. */
static gboolean
read_header (File *self, GError **error)
{
  L4RepackedHeader *header = &self->header;
  gsize there = (gsize) MIN (self->size, sizeof *header);

  if (!l4_file_read (self->fd, self->path, 0, header, there, error))
    return FALSE;
  if (there < sizeof header->magic || memcmp (header->magic, L4_REPACKED_MAGIC, sizeof header->magic) != 0)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: is no file of repacked experts"), self->path);
  if (there < sizeof *header)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: is damaged: it ends at byte %zu"), self->path, there);
  if (header->version != L4_REPACKED_VERSION)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: is a file of repacked experts of version %u; only version %d can be read"), self->path,
        header->version, L4_REPACKED_VERSION);
  if (l4_repacked_sum (header) != header->sum)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: is damaged: what it holds has not the checksum that it says"), self->path);
  return header->bytes == self->size || l4_fail (error, L4_ERROR_FORMAT, _("%s: is damaged: it has %" PRIu64 " bytes instead of %" PRIu64),
      self->path, self->size, header->bytes);
}

/* Whether it was made for this program, of this model as it is now. */
static gboolean
check_origin (const File *self, const L4Stream *stream, GError **error)
{
  guint8 model[sizeof self->header.model];

  if (self->header.layout != l4_panel_layout ())
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: its experts are laid out as another version of this program wants them in memory"),
        self->path);
  if (!l4_repacked_identify (stream, model, error))
    return FALSE;
  return (self->header.n_experts == stream->experts->len && memcmp (self->header.model, model, sizeof model) == 0)
      || l4_fail (error, L4_ERROR_INPUT, _("%s: was made of another model, or before the model was changed"), self->path);
}

static gboolean
read_table (File *self, GError **error)
{
  gsize bytes = l4_repacked_table_bytes (self->header.n_experts);

  if (bytes > self->size - sizeof self->header)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: is damaged: it ends at byte %" PRIu64), self->path, self->size);
  self->table = g_malloc (MAX (bytes, 1));
  if (!l4_file_read (self->fd, self->path, sizeof self->header, self->table, bytes, error))
    return FALSE;
  return l4_sum (0, self->table, bytes) == self->header.table_sum
      || l4_fail (error, L4_ERROR_FORMAT, _("%s: is damaged: what it holds has not the checksum that it says"), self->path);
}

/* Whether all matrices are those of the stream, and lie one behind the other within the file. */
static gboolean
check_table (const File *self, const L4Stream *stream, GError **error)
{
  g_autofree L4RepackedMatrix *wanted = NULL;
  guint64 bytes, end = sizeof self->header + l4_repacked_table_bytes (self->header.n_experts);

  wanted = l4_repacked_lay_out (stream, &bytes);
  for (gsize i = 0; i < stream->experts->len * L4_STREAM_PARTS; i++) {
    const L4RepackedMatrix *is = &self->table[i], *should = &wanted[i];

    if (is->layer != should->layer || is->type != should->type || is->n_rows != should->n_rows || is->n != should->n
        || is->bytes != should->bytes)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: is damaged: matrix %zu is no such as the model has"), self->path, i);
    if (is->n_rows == 0)
      continue;
    if (is->offset < end || is->offset % L4_READER_ALIGNMENT != 0 || is->offset > self->size
        || l4_stream_align (is->bytes) > self->size - is->offset)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: is damaged: matrix %zu lies at byte %" PRIu64 ", where it cannot be"), self->path, i,
          is->offset);
    end = is->offset + is->bytes;
  }
  return TRUE;
}

/* From now on all parts come from there, each to where the reader may read it to. */
static void
point_to (L4Stream *self, const File *file)
{
  const L4RepackedMatrix *matrix = file->table;
  guint index = l4_reader_add_file (self->reader, self->repacked_fd, self->repacked);

  self->slot_bytes = 0;
  for (gsize i = 0; i < self->experts->len; i++) {
    gsize at = 0;

    for (guint p = 0; p < L4_STREAM_PARTS; p++, matrix++) {
      L4StreamMatrix *part = &l4_stream_expert (self, i)->parts[p];

      if (part->n_rows == 0)
        continue;
      part->file = index;
      part->source = (L4StreamSource) { 0 };
      part->n_others = 0;
      part->offset = matrix->offset;
      part->repacked = matrix->bytes;
      part->place = at;
      at += l4_stream_align (matrix->bytes + L4_STREAM_SLACK);
    }
    self->slot_bytes = MAX (self->slot_bytes, at);
  }
  self->slot_bytes += L4_READER_ALIGNMENT;      /* of which a part stands before it */
  self->piece_bytes = 0;        /* no piece needs a buffer */
}

gboolean
l4_stream_use_repacked (L4Stream *self, const char *path, GError **error)
{
  g_auto (File) file = {.path = path };

  file.fd = l4_file_open (path, &file.size, error);
  if (file.fd < 0 || !read_header (&file, error) || !check_origin (&file, self, error) || !read_table (&file, error)
      || !check_table (&file, self, error))
    return FALSE;
  self->repacked = g_strdup (path);
  self->repacked_fd = file.fd;
  file.fd = -1;
  point_to (self, &file);
  return TRUE;
}

const char *
l4_stream_repacked (const L4Stream *self)
{
  return self->repacked;
}
