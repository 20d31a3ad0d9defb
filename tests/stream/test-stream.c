/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Experts come from their file as they are in it, whoever asks when, and a disk that fails is an error of those who asked alone. */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "blocks/type.h"
#include "kernels/panel.h"
#include "stream/stream-private.h"
#include "support/folder.h"

#define LAYERS 3
#define EXPERTS 5
#define ROWS 40                 /* two panels and a half */
#define COLUMNS 64
#define SPACING 16384           /* bytes from part to part: no two share a block of the disk */
#define START 1234              /* bytes before the first expert: aligned to nothing */

/* How long something that must happen may take. */
#define WAIT (60 * G_TIME_SPAN_SECOND)

/* A disk that fails: reads that reach these bytes of the file --------------------------------------------------------------- */

typedef enum
{
  RIGHT,
  REFUSED,                      /* EIO */
  ENDS,                         /* as if the file ended there */
  NO_DIRECT,                    /* EINVAL, but only past the system's cache */
  SHORT,                        /* the same, and otherwise few bytes at a time */
  INTERRUPTED,                  /* EINTR once */
  STALLED                       /* until somebody sets `released` */
} Fault;

static struct
{
  Fault fault;
  gint64 first, last;           /* bytes of the file; in these experts */
  gint released, count;         /* count: reads that met the fault; atomic */
} disk;

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

typedef struct
{
  Folder *folder;
  char *path;
  guint8 *bytes;
  gsize length, part_bytes;
  int fd;
  L4StreamSource joined;        /* what the parts are read by; read NULL: they lie in the file */
  L4StreamFile other;
  L4Stream *stream;
} Fixture;

/* Where a part of an expert begins. */
static gsize
place (const Fixture *self, guint layer, guint expert, guint part)
{
  return START + ((layer * EXPERTS + expert) * L4_STREAM_PARTS + part) * SPACING;
}

static void
fixture_fill (Fixture *self)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);

  disk.fault = RIGHT;
  self->part_bytes = ROWS * COLUMNS / 32 * 34;
  self->length = place (self, LAYERS, 0, 0);
  self->bytes = g_malloc (self->length);
  for (gsize i = 0; i < self->length; i++)
    self->bytes[i] = (guint8) g_rand_int (random);
  self->folder = folder_new ();
  self->path = folder_write (self->folder, "experts.gguf", self->bytes, (gssize) self->length);
  self->fd = open (self->path, O_RDONLY);
}

/* The second part is missing everywhere: it is somewhere else. */
static void
fixture_begin (Fixture *self, gsize n_slots)
{
  g_autoptr (GError) error = NULL;

  self->stream = l4_stream_new ();
  for (guint l = 0; l < LAYERS; l++) {
    guint layer = l4_stream_add_layer (self->stream, EXPERTS);

    for (guint e = 0; e < EXPERTS; e++) {
      L4StreamPart parts[] = {
        {self->fd, self->path, place (self, l, e, 0), L4_TYPE_Q8_0, ROWS, COLUMNS, self->joined, {self->other}},
        {self->fd, self->path, place (self, l, e, 2), L4_TYPE_Q8_0, ROWS, COLUMNS, self->joined, {self->other}},
      };

      l4_stream_set_expert (self->stream, layer, e, (const L4StreamPart *const[]) { &parts[0], NULL, &parts[1] });
    }
  }
  g_assert_true (l4_stream_start (self->stream, n_slots, &error));
  g_assert_no_error (error);
}

static void
fixture_start (Fixture *self, gsize n_slots)
{
  fixture_fill (self);
  fixture_begin (self, n_slots);
}

static void
fixture_clear (Fixture *self)
{
  l4_stream_free (self->stream);
  close (self->fd);
  g_free (self->bytes);
  g_free (self->path);
  folder_free (self->folder);
}

/* The bytes from which faults come: those of one expert. */
static void
break_expert (const Fixture *self, Fault fault, guint layer, guint expert)
{
  disk.first = (gint64) place (self, layer, expert, 2) + 100;
  disk.last = (gint64) place (self, layer, expert, 2) + (gint64) self->part_bytes;
  disk.count = disk.released = 0;
  disk.fault = fault;
}

static void
assert_panels (const Fixture *self, const L4StreamTurn *turn, guint layer, guint expert)
{
  gsize panel_bytes = l4_panel_bytes (L4_TYPE_Q8_0, COLUMNS), row_bytes = COLUMNS / 32 * 34;
  g_autofree guint8 *panel = g_malloc (panel_bytes);

  for (guint part = 0; part < L4_STREAM_PARTS; part += 2)
    for (guint row = 0; row < ROWS; row += L4_PANEL_ROWS) {
      l4_panel_pack (L4_TYPE_Q8_0, self->bytes + place (self, layer, expert, part) + row * row_bytes, row_bytes, row_bytes,
          MIN (ROWS - row, L4_PANEL_ROWS), panel);
      g_assert_cmpmem (l4_stream_panels (turn, expert, part) + row / L4_PANEL_ROWS * panel_bytes, panel_bytes, panel, panel_bytes);
    }
}

/* A step of n tokens that uses those of the layer's experts whose bits are set. */
static gboolean
use (const Fixture *self, guint layer, guint experts, gint64 n, GCancellable *cancellable, GError **error)
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

static void
assert_use (const Fixture *self, guint layer, guint experts, gint64 n)
{
  g_autoptr (GError) error = NULL;

  use (self, layer, experts, n, NULL, &error);
  g_assert_no_error (error);
}

/* The step fails with one error of the disk that says these words. */
static void
assert_fails (const Fixture *self, guint layer, guint experts, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (use (self, layer, experts, 1, NULL, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, words);
}

/* What is read ------------------------------------------------------------------------------------------------------------ */

static void
test_every_expert_is_as_in_the_file (void)
{
  Fixture self = { 0 };

  fixture_start (&self, L4_STREAM_LEAST_SLOTS);
  for (guint i = 0; i < 200; i++)
    assert_use (&self, i % LAYERS, (i * 7 + 1) % 32, 1);
  fixture_clear (&self);
}

static void
test_sweeps_too (void)
{
  for (gsize slots = L4_STREAM_LEAST_SLOTS; slots <= LAYERS * EXPERTS; slots++) {
    Fixture self = { 0 };
    L4StreamFigures figures;

    fixture_start (&self, slots);
    for (guint i = 0; i < 4; i++) {
      l4_stream_foresee (self.stream, 0, 100);
      for (guint l = 0; l < LAYERS; l++)
        assert_use (&self, l, 31, 100);
    }
    l4_stream_figures (self.stream, &figures);
    g_assert_cmpuint (figures.uses, ==, 4 * LAYERS * EXPERTS);
    g_assert_cmpuint (figures.reads, <=, 4 * LAYERS * EXPERTS);
    if (slots == LAYERS * EXPERTS)
      g_assert_cmpuint (figures.reads, ==, LAYERS * EXPERTS);
    fixture_clear (&self);
  }
}

/* The next step at the layer will probably use those whose bits are set. */
static void
guess (const Fixture *self, guint layer, guint experts)
{
  gboolean likely[EXPERTS];

  for (guint e = 0; e < EXPERTS; e++)
    likely[e] = experts >> e & 1;
  l4_stream_guess (self->stream, layer, likely);
}

typedef struct
{
  const Fixture *fixture;
  guint seed;
  GCancellable *cancellable;
} User;

/* Steps of any kind; those of one with a cancellable may be cancelled at any time. */
static gpointer
use_at_random (gpointer data)
{
  const User *self = data;
  g_autoptr (GRand) random = g_rand_new_with_seed (self->seed);

  for (guint i = 0; i < 150; i++) {
    guint layer = (guint) g_rand_int_range (random, 0, LAYERS);
    gint64 n = g_rand_int_range (random, 1, 30);
    g_autoptr (GError) error = NULL;

    if (g_rand_int_range (random, 0, 4) == 0)
      l4_stream_foresee (self->fixture->stream, layer, n);
    if (g_rand_int_range (random, 0, 2) == 0)
      guess (self->fixture, (guint) g_rand_int_range (random, 0, LAYERS), (guint) g_rand_int_range (random, 0, 32));
    if (use (self->fixture, layer, (guint) g_rand_int_range (random, 1, 32), n, self->cancellable, &error))
      continue;
    g_assert_error (error, L4_ERROR, L4_ERROR_CANCELLED);
    g_cancellable_reset (self->cancellable);
  }
  return NULL;
}

static void
test_many_at_once_get_what_they_asked_for (void)
{
  for (gsize slots = L4_STREAM_LEAST_SLOTS; slots < 9; slots += 3) {
    Fixture self = { 0 };
    GThread *threads[6];
    User users[6];
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();

    fixture_start (&self, slots);
    for (guint i = 0; i < G_N_ELEMENTS (threads); i++) {
      users[i] = (User) { &self, i, i == 0 ? cancellable : NULL };
      threads[i] = g_thread_new ("user", use_at_random, &users[i]);
    }
    for (guint i = 0; i < 50; i++) {
      g_usleep (500);
      g_cancellable_cancel (cancellable);
      l4_stream_allow (self.stream, i % 10);
      g_assert_cmpuint (l4_stream_n_slots (self.stream), ==, CLAMP (i % 10, L4_STREAM_LEAST_SLOTS, slots));
    }
    for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
      g_thread_join (threads[i]);
    fixture_clear (&self);
  }
}

static void
test_the_warm_stay (void)
{
  Fixture self = { 0 };
  L4StreamFigures before, after;

  fixture_start (&self, 4);
  for (guint i = 0; i < 30; i++) {
    assert_use (&self, 0, 1, 1);
    assert_use (&self, 1, 1, 1);
  }
  for (guint e = 1; e < EXPERTS; e++)
    assert_use (&self, 2, 1u << e, 1);
  l4_stream_figures (self.stream, &before);
  assert_use (&self, 0, 1, 1);
  assert_use (&self, 1, 1, 1);
  l4_stream_figures (self.stream, &after);
  g_assert_cmpuint (after.hits, ==, before.hits + 2);
  g_assert_cmpuint (after.reads, ==, before.reads);
  fixture_clear (&self);
}

static L4StreamFigures
figures_of (const Fixture *self)
{
  L4StreamFigures figures;

  l4_stream_figures (self->stream, &figures);
  return figures;
}

/* Waits until that many experts have been read. */
static void
wait_for_reads (const Fixture *self, guint64 n)
{
  gint64 until = g_get_monotonic_time () + WAIT;

  while (figures_of (self).reads < n) {
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_usleep (1000);
  }
}

static void
test_what_is_guessed_is_there_when_it_is_asked_for (void)
{
  Fixture self = { 0 };
  L4StreamFigures figures;

  fixture_start (&self, 6);
  guess (&self, 1, 4);
  guess (&self, 2, 3);
  wait_for_reads (&self, 3);
  assert_use (&self, 1, 4, 1);
  figures = figures_of (&self);
  g_assert_cmpuint (figures.reads, ==, 3);
  g_assert_cmpuint (figures.foreseen, ==, 1);
  g_assert_cmpuint (figures.right, ==, 1);
  g_assert_cmpuint (figures.guesses, ==, 1);
  assert_use (&self, 2, 9, 1);  /* one of two was right, and one was not thought of */
  figures = figures_of (&self);
  g_assert_cmpuint (figures.reads, ==, 4);
  g_assert_cmpuint (figures.foreseen, ==, 2);
  g_assert_cmpuint (figures.right, ==, 2);
  g_assert_cmpuint (figures.guesses, ==, 3);
  fixture_clear (&self);
}

/* Nobody waits for a guess that cannot be read. */
static void
test_a_guess_that_cannot_be_read_fails_nobody (void)
{
  Fixture self = { 0 };
  gint64 until = g_get_monotonic_time () + WAIT;

  fixture_start (&self, 6);
  break_expert (&self, REFUSED, 1, 2);
  guess (&self, 1, 4);
  while (g_atomic_int_get (&disk.count) == 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_usleep (1000);
  }
  assert_use (&self, 0, 31, 1);
  assert_use (&self, 1, 27, 1);
  fixture_clear (&self);
}

/* What fails -------------------------------------------------------------------------------------------------------------- */

static void
test_a_bad_sector_fails_only_those_who_need_it (void)
{
  Fixture self = { 0 };
  gint64 until;

  fixture_start (&self, 3);
  break_expert (&self, REFUSED, 1, 2);
  assert_fails (&self, 1, 31, "experts.gguf|Input/output error");
  assert_use (&self, 1, 27, 1);
  assert_use (&self, 0, 31, 1);
  assert_fails (&self, 1, 4, "experts.gguf|Input/output error");
  for (guint i = 0; i < 3; i++) {       /* foreseen, and then not needed */
    l4_stream_foresee (self.stream, 1, 100);
    assert_use (&self, 0, 31, 100);
  }
  disk.fault = RIGHT;
  until = g_get_monotonic_time () + WAIT;
  while (!use (&self, 1, 31, 1, NULL, NULL)) {  /* one that was foreseen may just be failing */
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_usleep (1000);
  }
  fixture_clear (&self);
}

static void
test_a_file_that_ends_early_is_an_error (void)
{
  Fixture self = { 0 };

  fixture_start (&self, 3);
  break_expert (&self, ENDS, 2, 4);
  assert_fails (&self, 2, 16, "experts.gguf|bytes are missing");
  assert_use (&self, 2, 15, 1);
  fixture_clear (&self);
}

/* Parts that a source makes out of the experts' file and of another one. */
static gint dropped;            /* bytes; atomic */

static gboolean
read_joined (gconstpointer owner, gconstpointer item, guint64 offset, gsize n_bytes, guint8 *out, GError **error)
{
  const Fixture *self = owner;

  memcpy (out, self->bytes + offset, n_bytes);
  return TRUE;
}

static void
drop_joined (gconstpointer owner, gconstpointer item, guint64 offset, gsize n_bytes)
{
  g_atomic_int_add (&dropped, (gint) n_bytes);
}

static void
test_every_file_that_a_source_reads_is_watched (void)
{
  Fixture self = { 0 };
  g_autofree char *scales = NULL;
  int fd;

  fixture_fill (&self);
  scales = folder_write (self.folder, "scales.gguf", "scales", 6);
  fd = open (scales, O_RDONLY);
  self.joined = (L4StreamSource) { read_joined, &self, NULL, drop_joined };
  self.other = (L4StreamFile) { fd, scales };
  fixture_begin (&self, 3);
  dropped = 0;
  assert_use (&self, 0, 3, 1);
  g_assert_cmpint (g_atomic_int_get (&dropped), >=, 2 * self.part_bytes);
  g_assert_cmpint (utimensat (AT_FDCWD, scales, (const struct timespec[]) { {5, 0}, {5, 0} }, 0), ==, 0);
  assert_fails (&self, 0, 16, "scales.gguf|changed");
  fixture_clear (&self);
  close (fd);
}

static void
test_a_file_that_changes_is_an_error (void)
{
  Fixture self = { 0 };

  fixture_start (&self, 3);
  assert_use (&self, 0, 3, 1);
  g_assert_cmpint (utimensat (AT_FDCWD, self.path, (const struct timespec[]) { {5, 0}, {5, 0} }, 0), ==, 0);
  assert_fails (&self, 0, 7, "experts.gguf|changed");
  assert_use (&self, 0, 3, 1);  /* what was read before is right */
  fixture_clear (&self);
}

static void
test_a_file_system_without_direct_reads_is_read_all_the_same (void)
{
  Fixture self = { 0 };

  fixture_start (&self, 3);
  break_expert (&self, NO_DIRECT, 0, 0);
  assert_use (&self, 0, 31, 1);
  fixture_clear (&self);
}

static void
test_a_read_that_gives_less_is_gone_on_with (void)
{
  Fixture self = { 0 };

  fixture_start (&self, 3);
  break_expert (&self, SHORT, 0, 0);
  assert_use (&self, 0, 31, 1);
  g_assert_cmpint (disk.count, >, 2);
  fixture_clear (&self);
}

static void
test_an_interrupted_read_is_done_again (void)
{
  Fixture self = { 0 };

  fixture_start (&self, 3);
  break_expert (&self, INTERRUPTED, 0, 0);
  assert_use (&self, 0, 31, 1);
  g_assert_cmpint (disk.count, >, 1);
  fixture_clear (&self);
}

static void
test_a_disk_that_stalls_is_an_error_and_can_be_cancelled (void)
{
  Fixture self = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  fixture_start (&self, 3);
  break_expert (&self, STALLED, 0, 0);
  g_cancellable_cancel (cancellable);
  g_assert_false (use (&self, 0, 1, 1, cancellable, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_CANCELLED);
  l4_stream_set_patience (self.stream, 50 * G_TIME_SPAN_MILLISECOND);
  assert_fails (&self, 0, 1, "nothing for 0.05 seconds");
  g_atomic_int_set (&disk.released, TRUE);
  l4_stream_set_patience (self.stream, G_TIME_SPAN_MINUTE);
  assert_use (&self, 0, 31, 1);
  fixture_clear (&self);
}

static void
test_taking_slots_away_does_not_wait_for_a_disk_that_stalls (void)
{
  const gint64 uses[EXPERTS] = { 1, 1, 1 };
  Fixture self = { 0 };
  g_autoptr (GError) error = NULL;
  L4StreamTurn *turn;
  gint64 ready[EXPERTS];
  gsize n_ready;

  fixture_start (&self, 4);
  break_expert (&self, STALLED, 0, 0);
  turn = l4_stream_begin (self.stream, 0, uses, 1);
  wait_for_reads (&self, 2);
  g_assert_true (l4_stream_next (turn, ready, &n_ready, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_ready, ==, 2);
  l4_stream_set_patience (self.stream, 50 * G_TIME_SPAN_MILLISECOND);
  l4_stream_allow (self.stream, 2);
  g_assert_cmpuint (l4_stream_n_slots (self.stream), ==, 2);
  g_assert_cmpuint (self.stream->allocated, ==, 3);
  l4_stream_release (turn, ready, n_ready);
  g_assert_cmpuint (self.stream->allocated, ==, 2);
  l4_stream_end (turn);
  g_atomic_int_set (&disk.released, TRUE);
  l4_stream_set_patience (self.stream, G_TIME_SPAN_MINUTE);
  assert_use (&self, 0, 31, 1);
  g_assert_cmpuint (self.stream->allocated, ==, 2);
  fixture_clear (&self);
}

static void
test_the_disk_is_measured (void)
{
  Fixture self = { 0 };
  g_autoptr (GError) error = NULL;
  double rate;

  fixture_start (&self, 3);
  g_assert_true (l4_stream_measure (self.stream, &rate, NULL));
  g_assert_cmpfloat (rate, >, 0);
  break_expert (&self, REFUSED, 1, 1);
  g_assert_false (l4_stream_measure (self.stream, &rate, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  fixture_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stream/every-expert-is-as-in-the-file", test_every_expert_is_as_in_the_file);
  g_test_add_func ("/stream/sweeps-too", test_sweeps_too);
  g_test_add_func ("/stream/many-at-once-get-what-they-asked-for", test_many_at_once_get_what_they_asked_for);
  g_test_add_func ("/stream/the-warm-stay", test_the_warm_stay);
  g_test_add_func ("/stream/what-is-guessed-is-there-when-it-is-asked-for", test_what_is_guessed_is_there_when_it_is_asked_for);
  g_test_add_func ("/stream/a-guess-that-cannot-be-read-fails-nobody", test_a_guess_that_cannot_be_read_fails_nobody);
  g_test_add_func ("/stream/a-bad-sector-fails-only-those-who-need-it", test_a_bad_sector_fails_only_those_who_need_it);
  g_test_add_func ("/stream/a-file-that-ends-early-is-an-error", test_a_file_that_ends_early_is_an_error);
  g_test_add_func ("/stream/every-file-that-a-source-reads-is-watched", test_every_file_that_a_source_reads_is_watched);
  g_test_add_func ("/stream/a-file-that-changes-is-an-error", test_a_file_that_changes_is_an_error);
  g_test_add_func ("/stream/a-file-system-without-direct-reads-is-read-all-the-same",
      test_a_file_system_without_direct_reads_is_read_all_the_same);
  g_test_add_func ("/stream/a-read-that-gives-less-is-gone-on-with", test_a_read_that_gives_less_is_gone_on_with);
  g_test_add_func ("/stream/an-interrupted-read-is-done-again", test_an_interrupted_read_is_done_again);
  g_test_add_func ("/stream/a-disk-that-stalls-is-an-error-and-can-be-cancelled",
      test_a_disk_that_stalls_is_an_error_and_can_be_cancelled);
  g_test_add_func ("/stream/taking-slots-away-does-not-wait-for-a-disk-that-stalls",
      test_taking_slots_away_does_not_wait_for_a_disk_that_stalls);
  g_test_add_func ("/stream/the-disk-is-measured", test_the_disk_is_measured);
  return g_test_run ();
}
