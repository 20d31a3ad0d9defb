/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk that fails is an error of those who asked alone. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experts.h"

/* Nobody waits for a guess that cannot be read. */
static void
test_a_guess_that_cannot_be_read_fails_nobody (void)
{
  Experts self = { 0 };
  gint64 until = g_get_monotonic_time () + WAIT;

  experts_start (&self, 6);
  experts_break (&self, REFUSED, 1, 2);
  experts_guess (&self, 1, 4);
  while (g_atomic_int_get (&disk.count) == 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_usleep (1000);
  }
  experts_assert_use (&self, 0, 31, 1);
  experts_assert_use (&self, 1, 27, 1);
  experts_clear (&self);
}

static void
test_a_bad_sector_fails_only_those_who_need_it (void)
{
  Experts self = { 0 };
  gint64 until;

  experts_start (&self, 3);
  experts_break (&self, REFUSED, 1, 2);
  experts_assert_fails (&self, 1, 31, "experts.gguf|Input/output error");
  experts_assert_use (&self, 1, 27, 1);
  experts_assert_use (&self, 0, 31, 1);
  experts_assert_fails (&self, 1, 4, "experts.gguf|Input/output error");
  for (guint i = 0; i < 3; i++) {       /* foreseen, and then not needed */
    l4_stream_foresee (self.stream, 1, 100);
    experts_assert_use (&self, 0, 31, 100);
  }
  disk.fault = RIGHT;
  until = g_get_monotonic_time () + WAIT;
  while (!experts_use (&self, 1, 31, 1, NULL, NULL)) {  /* one that was foreseen may just be failing */
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_usleep (1000);
  }
  experts_clear (&self);
}

static void
test_a_file_that_ends_early_is_an_error (void)
{
  Experts self = { 0 };

  experts_start (&self, 3);
  experts_break (&self, ENDS, 2, 4);
  experts_assert_fails (&self, 2, 16, "experts.gguf|bytes are missing");
  experts_assert_use (&self, 2, 15, 1);
  experts_clear (&self);
}

/* Parts that a source makes out of the experts' file and of another one. */
static void
test_every_file_that_a_source_reads_is_watched (void)
{
  Experts self = { 0 };
  g_autofree char *scales = NULL;
  int fd;

  experts_fill (&self);
  scales = folder_write (self.folder, "scales.gguf", "scales", 6);
  fd = open (scales, O_RDONLY);
  experts_join (&self);
  self.other = (L4StreamFile) { fd, scales };
  experts_begin (&self, 3);
  self.dropped = 0;
  experts_assert_use (&self, 0, 3, 1);
  g_assert_cmpint (g_atomic_int_get (&self.dropped), >=, 2 * self.part_bytes);
  g_assert_cmpint (utimensat (AT_FDCWD, scales, (const struct timespec[]) { {5, 0}, {5, 0} }, 0), ==, 0);
  experts_assert_fails (&self, 0, 16, "scales.gguf|changed");
  experts_clear (&self);
  close (fd);
}

static void
test_a_file_that_changes_is_an_error (void)
{
  Experts self = { 0 };

  experts_start (&self, 3);
  experts_assert_use (&self, 0, 3, 1);
  g_assert_cmpint (utimensat (AT_FDCWD, self.path, (const struct timespec[]) { {5, 0}, {5, 0} }, 0), ==, 0);
  experts_assert_fails (&self, 0, 7, "experts.gguf|changed");
  experts_assert_use (&self, 0, 3, 1);  /* what was read before is right */
  experts_clear (&self);
}

static void
test_a_file_system_without_direct_reads_is_read_all_the_same (void)
{
  Experts self = { 0 };

  experts_start (&self, 3);
  experts_break (&self, NO_DIRECT, 0, 0);
  experts_assert_use (&self, 0, 31, 1);
  experts_clear (&self);
}

static void
test_a_read_that_gives_less_is_gone_on_with (void)
{
  Experts self = { 0 };

  experts_start (&self, 3);
  experts_break (&self, SHORT, 0, 0);
  experts_assert_use (&self, 0, 31, 1);
  g_assert_cmpint (disk.count, >, 2);
  experts_clear (&self);
}

static void
test_an_interrupted_read_is_done_again (void)
{
  Experts self = { 0 };

  experts_start (&self, 3);
  experts_break (&self, INTERRUPTED, 0, 0);
  experts_assert_use (&self, 0, 31, 1);
  g_assert_cmpint (disk.count, >, 1);
  experts_clear (&self);
}

static void
test_a_disk_that_stalls_is_an_error_and_can_be_cancelled (void)
{
  Experts self = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  experts_start (&self, 3);
  experts_break (&self, STALLED, 0, 0);
  g_cancellable_cancel (cancellable);
  g_assert_false (experts_use (&self, 0, 1, 1, cancellable, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_CANCELLED);
  l4_stream_set_patience (self.stream, 50 * G_TIME_SPAN_MILLISECOND);
  experts_assert_fails (&self, 0, 1, "experts.gguf|the disk has given nothing for 0.05 seconds");
  g_atomic_int_set (&disk.released, TRUE);
  l4_stream_set_patience (self.stream, G_TIME_SPAN_MINUTE);
  experts_assert_use (&self, 0, 31, 1);
  experts_clear (&self);
}

static void
test_taking_slots_away_does_not_wait_for_a_disk_that_stalls (void)
{
  const gint64 uses[EXPERTS] = { 1, 1, 1 };
  Experts self = { 0 };
  g_autoptr (GError) error = NULL;
  L4StreamTurn *turn;
  gint64 ready[EXPERTS];
  gsize n_ready;

  experts_start (&self, 4);
  experts_break (&self, STALLED, 0, 0);
  turn = l4_stream_begin (self.stream, 0, uses, 1);
  experts_wait_for_reads (&self, 2);
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
  experts_assert_use (&self, 0, 31, 1);
  g_assert_cmpuint (self.stream->allocated, ==, 2);
  experts_clear (&self);
}

static void
test_the_disk_is_measured (void)
{
  Experts self = { 0 };
  g_autoptr (GError) error = NULL;
  double rate;

  experts_start (&self, 3);
  g_assert_true (l4_stream_measure (self.stream, &rate, NULL));
  g_assert_cmpfloat (rate, >, 0);
  experts_break (&self, REFUSED, 1, 1);
  g_assert_false (l4_stream_measure (self.stream, &rate, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  experts_clear (&self);
}

/* A disk whose reads of some experts are held until they are let go, all but one, which fails. */
static struct
{
  GMutex lock;
  GCond changed;
  guint64 first, last;          /* bytes that are held */
  guint64 bad;                  /* the read from there on fails */
  guint held;
} gate;

static gboolean
read_gated (gconstpointer owner, gconstpointer item, guint64 offset, gsize n_bytes, guint8 *out, GError **error)
{
  const Experts *self = owner;
  gboolean failed;

  memcpy (out, self->bytes + offset, n_bytes);
  g_mutex_lock (&gate.lock);
  gate.held++;
  g_cond_broadcast (&gate.changed);
  while (offset >= gate.first && offset < gate.last && offset != gate.bad)
    g_cond_wait (&gate.changed, &gate.lock);
  failed = offset == gate.bad;
  gate.held--;
  g_mutex_unlock (&gate.lock);
  return !failed || l4_fail (error, L4_ERROR_IO, "a bad sector");
}

static void
set_gate (guint64 first, guint64 bad)
{
  g_mutex_lock (&gate.lock);
  gate.first = first;
  gate.bad = bad;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
}

/* Waits until so many pieces of the expert are under way, and every reader has one that is held. */
static void
wait_until_held (const Experts *self, guint layer, guint expert, guint n)
{
  gint64 until = g_get_monotonic_time () + WAIT;
  gboolean there = FALSE;

  while (!there) {
    g_mutex_lock (&self->stream->lock);
    there = l4_stream_expert (self->stream, layer * EXPERTS + expert)->pieces == n;
    g_mutex_unlock (&self->stream->lock);
    g_mutex_lock (&gate.lock);
    there = there && gate.held == L4_READER_DEPTH;
    g_mutex_unlock (&gate.lock);
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_usleep (1000);
  }
}

/* One of its pieces fails while it is dropped, and it is guessed anew while every reader is at work and its last pieces are not yet
 * back. An expert has more pieces than there are readers. */
static void
test_a_guess_that_fails_while_it_is_dropped_and_made_again_is_queued_once (void)
{
  const gint64 uses[EXPERTS] = { 0, 1 };
  Experts self = {.small_pieces = TRUE };
  L4StreamTurn *other;

  experts_fill (&self);
  self.joined = (L4StreamSource) { read_gated, &self, NULL, NULL };
  experts_begin (&self, L4_STREAM_LEAST_SLOTS);
  gate.last = experts_place (&self, 2, 2, 0);
  set_gate (experts_place (&self, 1, 2, 0), 0);
  experts_guess (&self, 1, 4);
  wait_until_held (&self, 1, 2, L4_READER_DEPTH);
  other = l4_stream_begin (self.stream, 2, uses, 1);
  experts_guess (&self, 1, 0);
  set_gate (experts_place (&self, 1, 2, 0), experts_place (&self, 1, 2, 0));
  wait_until_held (&self, 1, 2, L4_READER_DEPTH - 1);
  wait_until_held (&self, 2, 1, 1);
  experts_guess (&self, 1, 4);
  set_gate (experts_place (&self, 2, 1, 0), 0);
  wait_until_held (&self, 2, 1, L4_READER_DEPTH);
  experts_guess (&self, 1, 4);
  g_assert_cmpuint (g_queue_get_length (&self.stream->foreseen), ==, 1);
  set_gate (gate.last, 0);
  l4_stream_end (other);
  experts_assert_use (&self, 1, 4, 1);
  experts_assert_use (&self, 0, 31, 1);
  experts_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stream-faults/a-guess-that-cannot-be-read-fails-nobody", test_a_guess_that_cannot_be_read_fails_nobody);
  g_test_add_func ("/stream-faults/a-bad-sector-fails-only-those-who-need-it", test_a_bad_sector_fails_only_those_who_need_it);
  g_test_add_func ("/stream-faults/a-file-that-ends-early-is-an-error", test_a_file_that_ends_early_is_an_error);
  g_test_add_func ("/stream-faults/every-file-that-a-source-reads-is-watched", test_every_file_that_a_source_reads_is_watched);
  g_test_add_func ("/stream-faults/a-file-that-changes-is-an-error", test_a_file_that_changes_is_an_error);
  g_test_add_func ("/stream-faults/a-file-system-without-direct-reads-is-read-all-the-same",
      test_a_file_system_without_direct_reads_is_read_all_the_same);
  g_test_add_func ("/stream-faults/a-read-that-gives-less-is-gone-on-with", test_a_read_that_gives_less_is_gone_on_with);
  g_test_add_func ("/stream-faults/an-interrupted-read-is-done-again", test_an_interrupted_read_is_done_again);
  g_test_add_func ("/stream-faults/a-disk-that-stalls-is-an-error-and-can-be-cancelled",
      test_a_disk_that_stalls_is_an_error_and_can_be_cancelled);
  g_test_add_func ("/stream-faults/taking-slots-away-does-not-wait-for-a-disk-that-stalls",
      test_taking_slots_away_does_not_wait_for_a_disk_that_stalls);
  g_test_add_func ("/stream-faults/the-disk-is-measured", test_the_disk_is_measured);
  g_test_add_func ("/stream/a-guess-that-fails-while-it-is-dropped-and-made-again-is-queued-once",
      test_a_guess_that_fails_while_it_is_dropped_and_made_again_is_queued_once);
  return g_test_run ();
}
