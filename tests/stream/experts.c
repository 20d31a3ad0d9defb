/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of experts that are read one by one, on a disk that fails when it is told to. */

#define _GNU_SOURCE

#include "experts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "blocks/type.h"

#define ROWS 72                 /* four panels and a half */
#define COLUMNS 64
#define SPACING 16384           /* bytes from part to part: no two share a block of the disk */
#define START 1234              /* bytes before the first expert: aligned to nothing */

Disk disk;

/* A disk that fails: reads that reach these bytes of the file --------------------------------------------------------------- */

static gboolean
meets_fault (size_t count, off_t offset)
{
  return disk.fault != RIGHT && offset < disk.last && offset + (off_t) count > disk.first;
}

/* In the place of the C library's. */
ssize_t
pread (int fd, void *to, size_t count, off_t offset)
{
  if (meets_fault (count, offset)) {
    gint n = g_atomic_int_add (&disk.count, 1);

    switch (disk.fault) {
      case REFUSED:
        errno = EIO;
        return -1;
      case ENDS:
        count = offset < disk.first ? (size_t) (disk.first - offset) : 0;
        break;
      case NO_DIRECT:
      case SHORT:
        if (fcntl (fd, F_GETFL) & O_DIRECT) {
          errno = EINVAL;
          return -1;
        }
        count = disk.fault == SHORT ? MIN (count, 1000) : count;
        break;
      case INTERRUPTED:
        if (n == 0) {
          errno = EINTR;
          return -1;
        }
        break;
      case STALLED:
        while (!g_atomic_int_get (&disk.released))
          g_usleep (1000);
        break;
      default:
        break;
    }
  }
  return syscall (SYS_pread64, fd, to, count, offset);
}

/* A file of experts ------------------------------------------------------------------------------------------------------- */

/* Where a part of an expert begins. */
gsize
experts_place (const Experts *self, guint layer, guint expert, guint part)
{
  return START + ((layer * EXPERTS + expert) * L4_STREAM_PARTS + part) * SPACING;
}

void
experts_fill (Experts *self)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);

  disk.fault = RIGHT;
  self->part_bytes = ROWS * COLUMNS / 32 * 34;
  self->length = experts_place (self, LAYERS, 0, 0);
  self->bytes = g_malloc (self->length);
  for (gsize i = 0; i < self->length; i++)
    self->bytes[i] = (guint8) g_rand_int (random);
  self->folder = folder_new ();
  self->path = folder_write (self->folder, "experts.gguf", self->bytes, (gssize) self->length);
  self->fd = open (self->path, O_RDONLY);
}

static gboolean
read_joined (gconstpointer owner, gconstpointer item, guint64 offset, gsize n_bytes, guint8 *out, GError **error)
{
  const Experts *self = owner;

  memcpy (out, self->bytes + offset, n_bytes);
  return TRUE;
}

static void
drop_joined (gconstpointer owner, gconstpointer item, guint64 offset, gsize n_bytes)
{
  Experts *self = (Experts *) owner;

  g_atomic_int_add (&self->dropped, (gint) n_bytes);
}

void
experts_join (Experts *self)
{
  self->joined = (L4StreamSource) { read_joined, self, NULL, drop_joined };
}

void
experts_add (Experts *self)
{
  self->stream = l4_stream_new ();
  for (guint l = 0; l < LAYERS; l++) {
    guint layer = l4_stream_add_layer (self->stream, EXPERTS);

    for (guint e = 0; e < EXPERTS; e++) {
      L4StreamPart parts[] = {
        {self->fd, self->path, experts_place (self, l, e, 0), L4_TYPE_Q8_0, ROWS, COLUMNS, self->joined, {self->other}},
        {self->fd, self->path, experts_place (self, l, e, 2), L4_TYPE_Q8_0, ROWS, COLUMNS, self->joined, {self->other}},
      };

      l4_stream_set_expert (self->stream, layer, e, (const L4StreamPart *const[]) { &parts[0], NULL, &parts[1] });
    }
  }
  if (self->small_pieces)
    self->stream->piece_bytes = L4_PANEL_ROWS * COLUMNS / 32 * 34;
}

void
experts_run (const Experts *self, gsize n_slots)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (l4_stream_start (self->stream, n_slots, &error));
  g_assert_no_error (error);
}

void
experts_begin (Experts *self, gsize n_slots)
{
  experts_add (self);
  experts_run (self, n_slots);
}

void
experts_start (Experts *self, gsize n_slots)
{
  experts_fill (self);
  experts_begin (self, n_slots);
}

void
experts_clear (Experts *self)
{
  l4_stream_free (self->stream);
  close (self->fd);
  g_free (self->bytes);
  g_free (self->path);
  folder_free (self->folder);
}

void
experts_break (const Experts *self, Fault fault, guint layer, guint expert)
{
  disk.first = (gint64) experts_place (self, layer, expert, 2) + 100;
  disk.last = (gint64) experts_place (self, layer, expert, 2) + (gint64) self->part_bytes;
  disk.count = disk.released = 0;
  disk.fault = fault;
}

static void
assert_panels (const Experts *self, const L4StreamTurn *turn, guint layer, guint expert)
{
  gsize panel_bytes = l4_panel_bytes (L4_TYPE_Q8_0, COLUMNS), row_bytes = COLUMNS / 32 * 34;
  g_autofree guint8 *panel = g_malloc (panel_bytes);

  for (guint part = 0; part < L4_STREAM_PARTS; part += 2)
    for (guint row = 0; row < ROWS; row += L4_PANEL_ROWS) {
      l4_panel_pack (L4_TYPE_Q8_0, self->bytes + experts_place (self, layer, expert, part) + row * row_bytes, row_bytes, row_bytes,
          MIN (ROWS - row, L4_PANEL_ROWS), panel);
      g_assert_cmpmem (l4_stream_panels (turn, expert, part) + row / L4_PANEL_ROWS * panel_bytes, panel_bytes, panel, panel_bytes);
    }
}

gboolean
experts_use (const Experts *self, guint layer, guint experts, gint64 n, GCancellable *cancellable, GError **error)
{
  gint64 uses[EXPERTS], ready[EXPERTS];
  g_autoptr (L4StreamTurn) turn = NULL;
  guint seen = 0;
  gsize n_ready;

  for (guint e = 0; e < EXPERTS; e++)
    uses[e] = experts >> e & 1;
  turn = l4_stream_begin (self->stream, layer, uses, n);
  while (l4_stream_next (turn, ready, &n_ready, cancellable, error)) {
    if (n_ready == 0) {
      g_assert_cmpuint (seen, ==, experts);
      return TRUE;
    }
    for (gsize i = 0; i < n_ready; i++) {
      g_assert_false (seen >> ready[i] & 1);
      seen |= 1u << ready[i];
      assert_panels (self, turn, layer, (guint) ready[i]);
    }
    l4_stream_release (turn, ready, n_ready);
  }
  return FALSE;
}

void
experts_assert_use (const Experts *self, guint layer, guint experts, gint64 n)
{
  g_autoptr (GError) error = NULL;

  experts_use (self, layer, experts, n, NULL, &error);
  g_assert_no_error (error);
}

void
experts_assert_fails (const Experts *self, guint layer, guint experts, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (experts_use (self, layer, experts, 1, NULL, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, words);
}

void
experts_guess (const Experts *self, guint layer, guint experts)
{
  gboolean likely[EXPERTS];

  for (guint e = 0; e < EXPERTS; e++)
    likely[e] = experts >> e & 1;
  l4_stream_guess (self->stream, layer, likely);
}

L4StreamFigures
experts_figures (const Experts *self)
{
  L4StreamFigures figures;

  l4_stream_figures (self->stream, &figures);
  return figures;
}

void
experts_wait_for_reads (const Experts *self, guint64 n)
{
  gint64 until = g_get_monotonic_time () + WAIT;

  while (experts_figures (self).reads < n) {
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_usleep (1000);
  }
}
