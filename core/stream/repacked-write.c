/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Repacks experts once, into a file from which they come as they lie in memory. */

#include <string.h>

#include "base/memory.h"
#include "base/pool.h"
#include "files/file.h"
#include "files/sum.h"
#include "files/whole.h"
#include "kernels/panel-layout.h"
#include "stream/repacked.h"

typedef struct
{
  const L4Stream *stream;
  const L4Whole *file;
  const L4RepackedMatrix *table;
  gsize rows_bytes, panels_bytes;       /* room that a thread has */
  guint8 *rooms;                /* [threads, rows_bytes + panels_bytes] */
  L4StreamProgress progress;
  gpointer user_data;
  guint64 total;
  GMutex lock;
  guint64 done;                 /* under lock, like the first error */
  GError *error;
} Work;

static void
work_clear (Work *self)
{
  l4_free (self->rooms);
  g_mutex_clear (&self->lock);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Work, work_clear)

static gboolean
read_rows (const Work *self, const L4StreamMatrix *part, gint64 first, gint64 n, guint8 *rows, GError **error)
{
  guint64 offset = part->offset + (guint64) first * part->row_bytes;
  gsize bytes = (gsize) n * part->row_bytes;
  const char *path;
  guint64 size;
  int fd;

  if (part->source.read != NULL) {
    gboolean good = part->source.read (part->source.owner, part->source.item, offset, bytes, rows, error);

    if (part->source.drop != NULL)
      part->source.drop (part->source.owner, part->source.item, offset, bytes);
    return good;
  }
  fd = l4_reader_get_file (self->stream->reader, part->file, &path, &size);
  return l4_file_read (fd, path, offset, rows, bytes, error);
}

static gboolean
is_over (Work *self)
{
  gboolean over;

  g_mutex_lock (&self->lock);
  over = self->error != NULL;
  g_mutex_unlock (&self->lock);
  return over;
}

static gboolean
repack_matrix (Work *self, const L4StreamMatrix *part, guint64 offset, guint8 *rows, GError **error)
{
  guint8 *panels = rows + self->rows_bytes;
  gint64 step = l4_stream_rows_at_once (self->stream, part);

  for (gint64 first = 0; first < part->n_rows; first += step) {
    gint64 n = MIN (step, part->n_rows - first);
    gsize bytes = (gsize) ((n + L4_PANEL_ROWS - 1) / L4_PANEL_ROWS) * part->panel_bytes;

    if (is_over (self) || !read_rows (self, part, first, n, rows, error))
      return FALSE;
    l4_stream_pack (part, rows, n, panels);
    if (!l4_whole_write (self->file, offset + (guint64) (first / L4_PANEL_ROWS) * part->panel_bytes, panels, bytes, error))
      return FALSE;
  }
  return TRUE;
}

static void
repack_expert (gpointer data, gsize index, guint thread)
{
  Work *self = data;
  guint8 *room = self->rooms + thread * (self->rows_bytes + self->panels_bytes);
  const L4RepackedMatrix *table = self->table + index * L4_STREAM_PARTS;
  g_autoptr (GError) error = NULL;
  gboolean good = TRUE;

  for (guint p = 0; p < L4_STREAM_PARTS && good; p++)
    good = table[p].n_rows == 0 || repack_matrix (self, &l4_stream_expert (self->stream, index)->parts[p], table[p].offset, room, &error);
  g_mutex_lock (&self->lock);
  if (error != NULL && self->error == NULL)
    self->error = g_steal_pointer (&error);
  for (guint p = 0; p < L4_STREAM_PARTS; p++)
    self->done += table[p].bytes;
  if (self->error == NULL && self->progress != NULL)
    self->progress (self->done, self->total, self->user_data);
  g_mutex_unlock (&self->lock);
}

/* Room for the most rows that are read at once, and for their panels. */
static gboolean
make_rooms (Work *self, guint threads, GError **error)
{
  for (gsize i = 0; i < self->stream->experts->len; i++)
    for (guint p = 0; p < L4_STREAM_PARTS; p++) {
      const L4StreamMatrix *part = &l4_stream_expert (self->stream, i)->parts[p];
      gsize rows = part->n_rows > 0 ? (gsize) l4_stream_rows_at_once (self->stream, part) : 0;

      self->rows_bytes = MAX (self->rows_bytes, rows * part->row_bytes);
      self->panels_bytes = MAX (self->panels_bytes, rows / L4_PANEL_ROWS * part->panel_bytes);
    }
  self->rooms = l4_alloc_raw (threads * (self->rows_bytes + self->panels_bytes), _("repacking"), error);
  return self->rooms != NULL;
}

static gboolean
write_header (const Work *self, const guint8 *model, guint64 bytes, GError **error)
{
  gsize n = self->stream->experts->len, table = l4_repacked_table_bytes (n);
  L4RepackedHeader header = {.version = L4_REPACKED_VERSION,.layout = l4_panel_layout (),.bytes = bytes,.n_experts = (guint32) n };

  memcpy (header.magic, L4_REPACKED_MAGIC, sizeof header.magic);
  memcpy (header.model, model, sizeof header.model);
  header.table_sum = l4_sum (0, self->table, table);
  header.sum = l4_repacked_sum (&header);
  return l4_whole_write (self->file, 0, &header, sizeof header, error)
      && l4_whole_write (self->file, sizeof header, self->table, table, error);
}

static gboolean
repack_all (Work *self, guint threads, GError **error)
{
  g_autoptr (L4Pool) pool = l4_pool_new (threads);

  if (!make_rooms (self, l4_pool_get_threads (pool), error))
    return FALSE;
  l4_pool_run (pool, repack_expert, self, self->stream->experts->len);
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

/* Whether all files are what they were when it began. */
static gboolean
check_files (const L4Stream *self, GError **error)
{
  for (guint i = 0; i < l4_reader_get_n_files (self->reader); i++)
    if (!l4_reader_check_file (self->reader, i, error))
      return FALSE;
  return TRUE;
}

guint64
l4_stream_repacked_bytes (const L4Stream *self)
{
  guint64 bytes;

  g_free (l4_repacked_lay_out (self, &bytes));
  return bytes;
}

gboolean
l4_stream_repack (const L4Stream *self, const char *path, guint threads, L4StreamProgress progress, gpointer user_data, GError **error)
{
  g_auto (L4Whole) file = { 0 };
  g_autofree L4RepackedMatrix *table = NULL;
  guint8 model[sizeof ((L4RepackedHeader *) NULL)->model];
  guint64 bytes;
  g_auto (Work) work = {.stream = self,.file = &file,.progress = progress,.user_data = user_data };

  g_mutex_init (&work.lock);
  work.table = table = l4_repacked_lay_out (self, &bytes);
  for (gsize i = 0; i < self->experts->len * L4_STREAM_PARTS; i++)
    work.total += table[i].bytes;
  return l4_repacked_identify (self, model, error) && l4_whole_open (&file, path, 0666, error) && l4_whole_reserve (&file, bytes, error)
      && repack_all (&work, threads, error) && write_header (&work, model, bytes, error) && check_files (self, error)
      && l4_whole_finish (&file, error);
}
