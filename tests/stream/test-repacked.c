/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Repacked experts are those of the model, their file appears whole or not at all, and no file that is not theirs is used. */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "experts.h"
#include "files/sum.h"
#include "stream/repacked.h"

#define NAME "experts.gguf.experts"

/* Bytes of data that may still be written; -1: any number. Atomic */
static gint room = -1;

/* In the place of the C library's. */
ssize_t
pwrite (int fd, const void *from, size_t count, off_t offset)
{
  if (g_atomic_int_get (&room) >= 0 && g_atomic_int_add (&room, -(gint) count) < (gint) count) {
    g_atomic_int_set (&room, 0);
    errno = ENOSPC;
    return -1;
  }
  return syscall (SYS_pwrite64, fd, from, count, offset);
}

static char *
path_of (const Experts *self)
{
  return g_build_filename (self->folder, NAME, NULL);
}

static gboolean
repack (const Experts *self, GError **error)
{
  g_autofree char *path = path_of (self);

  return l4_stream_repack (self->stream, path, 2, NULL, NULL, error);
}

/* The experts with a file of repacked ones, which are added again and come from nowhere yet. */
static void
prepare (Experts *self)
{
  g_autoptr (GError) error = NULL;

  experts_fill (self);
  experts_add (self);
  repack (self, &error);
  g_assert_no_error (error);
}

static void
use (const Experts *self)
{
  g_autofree char *path = path_of (self);
  g_autoptr (GError) error = NULL;

  l4_stream_use_repacked (self->stream, path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (l4_stream_repacked (self->stream), ==, path);
}

static void
start_repacked (Experts *self, gsize n_slots)
{
  prepare (self);
  use (self);
  experts_run (self, n_slots);
}

/* It cannot be used, for that reason, and the experts still come from the model. */
static void
assert_refused (const Experts *self, const char *words)
{
  g_autofree char *path = path_of (self);
  g_autoptr (GError) error = NULL;

  g_assert_false (l4_stream_use_repacked (self->stream, path, &error));
  g_assert_nonnull (error);
  assert_says (error, NAME);
  assert_says (error, words);
  g_assert_null (l4_stream_repacked (self->stream));
}

/* What is read ----------------------------------------------------------------------------------------------------------- */

static void
test_every_expert_is_as_in_the_model (void)
{
  for (gsize slots = L4_STREAM_LEAST_SLOTS; slots < 7; slots += 4) {
    Experts self = { 0 };
    L4StreamFigures figures;

    start_repacked (&self, slots);
    for (guint i = 0; i < 200; i++)
      experts_assert_use (&self, i % LAYERS, (i * 7 + 1) % 32, 1);
    for (guint i = 0; i < 4; i++) {
      l4_stream_foresee (self.stream, 0, 100);
      for (guint l = 0; l < LAYERS; l++)
        experts_assert_use (&self, l, 31, 100);
    }
    figures = experts_figures (&self);
    g_assert_cmpuint (figures.bytes, >=, figures.reads * l4_stream_expert_bytes (self.stream) / (LAYERS * EXPERTS));
    experts_clear (&self);
  }
}

/* Matrices of more than one piece, and not a whole number of them. */
static void
test_large_matrices_too (void)
{
  const gsize rows = 1000, columns = 4096, row_bytes = columns / 32 * 34, panel_bytes = l4_panel_bytes (L4_TYPE_Q8_0, columns);
  const gint64 uses[] = { 1 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree guint8 *bytes = g_malloc (rows * row_bytes), *panel = g_malloc (panel_bytes);
  g_autofree char *path = NULL, *repacked = g_build_filename (folder, NAME, NULL);
  g_autoptr (L4StreamTurn) turn = NULL;
  g_autoptr (L4Stream) stream = l4_stream_new ();
  L4StreamPart part = {.type = L4_TYPE_Q8_0,.n_rows = (gint64) rows,.n = (gint64) columns };
  gint64 ready;
  gsize n_ready;

  for (gsize i = 0; i < rows * row_bytes; i++)
    bytes[i] = (guint8) (i * 2654435761u >> 24);
  path = folder_write (folder, "model.gguf", bytes, (gssize) (rows * row_bytes));
  part.path = path;
  part.fd = open (path, O_RDONLY);
  l4_stream_add_layer (stream, 1);
  l4_stream_set_expert (stream, 0, 0, (const L4StreamPart *const[]) { &part, NULL, NULL });
  g_assert_true (l4_stream_repack (stream, repacked, 0, NULL, NULL, NULL));
  g_assert_true (l4_stream_use_repacked (stream, repacked, NULL));
  g_assert_true (l4_stream_start (stream, L4_STREAM_LEAST_SLOTS, NULL));
  turn = l4_stream_begin (stream, 0, uses, 1);
  g_assert_true (l4_stream_next (turn, &ready, &n_ready, NULL, NULL));
  for (gsize row = 0; row < rows; row += L4_PANEL_ROWS) {
    l4_panel_pack (L4_TYPE_Q8_0, bytes + row * row_bytes, row_bytes, row_bytes, (guint) MIN (rows - row, L4_PANEL_ROWS), panel);
    g_assert_cmpmem (l4_stream_panels (turn, 0, 0) + row / L4_PANEL_ROWS * panel_bytes, panel_bytes, panel, panel_bytes);
  }
  l4_stream_end (g_steal_pointer (&turn));
  l4_stream_free (g_steal_pointer (&stream));
  close (part.fd);
}

/* Parts that a source makes are repacked as it makes them, and what it read may leave the system's cache. */
static void
test_what_a_source_makes_too (void)
{
  Experts self = { 0 };

  experts_join (&self);
  start_repacked (&self, 3);
  g_assert_cmpint (self.dropped, ==, LAYERS * EXPERTS * 2 * self.part_bytes);
  for (guint i = 0; i < 20; i++)
    experts_assert_use (&self, i % LAYERS, 31, 1);
  experts_clear (&self);
}

/* Writing ---------------------------------------------------------------------------------------------------------------- */

static void
test_it_is_as_large_as_was_said (void)
{
  Experts self = { 0 };
  g_autofree char *path = NULL;
  GStatBuf status;

  prepare (&self);
  path = path_of (&self);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpuint (l4_stream_repacked_bytes (self.stream), ==, (guint64) status.st_size);
  g_assert_cmpuint (folder_count (self.folder), ==, 2);
  experts_clear (&self);
}

/* What was there stays as it was, and nothing else is left. */
static void
assert_fails_and_leaves (const Experts *self, const char *words)
{
  g_autofree char *path = path_of (self), *before = NULL, *after = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_before, n_after;

  g_assert_true (g_file_get_contents (path, &before, &n_before, NULL));
  g_assert_false (repack (self, &error));
  assert_says (error, words);
  g_assert_true (g_file_get_contents (path, &after, &n_after, NULL));
  g_assert_cmpmem (before, n_before, after, n_after);
  g_assert_cmpuint (folder_count (self->folder), ==, 2);
}

static void
test_a_full_disk_is_one_error_and_leaves_what_was_there (void)
{
  Experts self = { 0 };
  struct rlimit before, small;

  prepare (&self);
  for (gint bytes = 0; bytes < 60000; bytes += 7000) {
    g_atomic_int_set (&room, bytes);
    assert_fails_and_leaves (&self, NAME "|No space left on device");
    g_atomic_int_set (&room, -1);
  }
  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &before);
  small = (struct rlimit) { 1 << 12, before.rlim_max };
  setrlimit (RLIMIT_FSIZE, &small);
  assert_fails_and_leaves (&self, NAME "|bytes are needed");
  setrlimit (RLIMIT_FSIZE, &before);
  use (&self);
  experts_clear (&self);
}

static void
test_a_model_that_cannot_be_read_is_one_error_and_leaves_what_was_there (void)
{
  Experts self = { 0 };

  prepare (&self);
  experts_break (&self, REFUSED, 1, 2);
  assert_fails_and_leaves (&self, "experts.gguf|Input/output error");
  experts_clear (&self);
}

static void
test_a_model_that_changes_meanwhile_is_an_error (void)
{
  Experts self = { 0 };

  prepare (&self);
  g_assert_cmpint (utimensat (AT_FDCWD, self.path, (const struct timespec[]) { {5, 0}, {5, 0} }, 0), ==, 0);
  assert_fails_and_leaves (&self, "experts.gguf|changed");
  experts_clear (&self);
}

/* Whoever reads the old one goes on with it. */
static void
test_a_new_one_takes_the_place_of_one_that_is_in_use (void)
{
  Experts self = { 0 }, other;

  start_repacked (&self, 2);
  other = self;
  experts_add (&other);
  g_assert_true (repack (&other, NULL));
  for (guint i = 0; i < 20; i++)
    experts_assert_use (&self, i % LAYERS, 31, 1);
  use (&other);
  l4_stream_free (other.stream);
  experts_clear (&self);
}

/* Files that are not used ------------------------------------------------------------------------------------------------- */

static void
test_a_model_that_was_changed_is_told (void)
{
  Experts self = { 0 };
  struct timespec times[2] = { {5, 0}, {5, 0} };
  int fd;

  prepare (&self);
  use (&self);
  l4_stream_free (self.stream);
  g_assert_cmpint (utimensat (AT_FDCWD, self.path, times, 0), ==, 0);
  experts_add (&self);
  assert_refused (&self, "another model|before the model was changed");
  experts_run (&self, 3);
  experts_assert_use (&self, 0, 31, 1);
  experts_clear (&self);

  self = (Experts) { 0 };
  experts_fill (&self);
  g_assert_cmpint (utimensat (AT_FDCWD, self.path, times, 0), ==, 0);
  experts_add (&self);
  g_assert_true (repack (&self, NULL));
  fd = open (self.path, O_WRONLY);      /* of the same size and time */
  g_assert_cmpint (pwrite (fd, "another header", 14, 0), ==, 14);
  close (fd);
  g_assert_cmpint (utimensat (AT_FDCWD, self.path, times, 0), ==, 0);
  assert_refused (&self, "another model|before the model was changed");
  experts_clear (&self);
}

static void
test_a_file_cut_short_is_told (void)
{
  Experts self = { 0 };
  g_autofree char *path = NULL;
  off_t lengths[] = { 0, 1, 8, 40, 71, 72, 100, 72 + 40, 4095, 4096, 5000, 60000 };

  prepare (&self);
  path = path_of (&self);
  for (guint i = G_N_ELEMENTS (lengths); i > 0; i--) {
    g_assert_cmpint (truncate (path, lengths[i - 1]), ==, 0);
    assert_refused (&self, lengths[i - 1] < 8 ? "is no file of repacked experts" : "is damaged");
  }
  experts_clear (&self);
}

/* What is done to the bytes of a file, whose sums are then made right. */
typedef void (*Harm) (L4RepackedHeader *header, L4RepackedMatrix *table);

static void
harm (const Experts *self, Harm func)
{
  g_autofree char *path = path_of (self);
  g_autofree char *bytes = NULL;
  gsize length;
  L4RepackedHeader *header;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  header = (L4RepackedHeader *) bytes;
  func (header, (L4RepackedMatrix *) (header + 1));
  header->table_sum = l4_sum (0, header + 1, l4_repacked_table_bytes (LAYERS * EXPERTS));
  header->sum = l4_repacked_sum (header);
  g_free (folder_write (self->folder, NAME, bytes, (gssize) length));
}

static void
other_layout (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  header->layout ^= 1;
}

static void
other_version (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  header->version = 7;
}

static void
other_magic (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  header->magic[0] = 'G';
}

static void
other_size (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  header->bytes = G_MAXUINT64;
}

static void
more_experts (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  header->n_experts = G_MAXUINT32;
}

static void
other_type (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  table[3].type = G_MAXUINT32;
}

static void
more_rows (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  table[5].n_rows += 16;
}

static void
more_columns (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  table[0].n = G_MAXINT64;
}

static void
other_layer (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  table[0].layer = 1;
}

static void
more_bytes (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  table[2].bytes = G_MAXUINT64;
}

static void
beyond_the_end (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  table[LAYERS * EXPERTS * L4_STREAM_PARTS - 1].offset += L4_READER_ALIGNMENT;
}

static void
far_beyond_the_end (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  table[0].offset = G_MAXUINT64 / L4_READER_ALIGNMENT * L4_READER_ALIGNMENT;
}

static void
in_the_table (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  table[0].offset = 0;
}

static void
between_blocks (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  table[0].offset += 64;
}

static void
one_over_another (L4RepackedHeader *header, L4RepackedMatrix *table)
{
  table[2].offset = table[0].offset;
}

static void
test_what_contradicts_itself_or_the_model_is_told (void)
{
  static const struct
  {
    Harm func;
    const char *words;
  } cases[] = {
    {other_layout, "another version of this program"}, {other_version, "version 7"}, {other_magic, "is no file of repacked experts"},
    {other_size, "bytes instead of 18446744073709551615"}, {more_experts, "another model"}, {other_type, "matrix 3"}, {more_rows, "matrix 5"},
    {more_columns, "matrix 0"}, {other_layer, "matrix 0"}, {more_bytes, "matrix 2"}, {beyond_the_end, "matrix 44 lies at byte"},
    {far_beyond_the_end, "matrix 0 lies at byte"}, {in_the_table, "matrix 0 lies at byte 0"}, {between_blocks, "matrix 0 lies at byte"},
    {one_over_another, "matrix 2 lies at byte"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Experts self = { 0 };

    prepare (&self);
    harm (&self, cases[i].func);
    assert_refused (&self, cases[i].words);
    experts_run (&self, 3);
    experts_assert_use (&self, 0, 31, 1);
    experts_clear (&self);
  }
}

/* Neither header nor table is believed without its sum. */
static void
test_a_flipped_bit_is_told (void)
{
  Experts self = { 0 };
  g_autofree char *path = NULL, *bytes = NULL;
  gsize length;

  prepare (&self);
  path = path_of (&self);
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  for (gsize at = 8; at < sizeof (L4RepackedHeader) + l4_repacked_table_bytes (LAYERS * EXPERTS); at += at < 80 ? 1 : 37) {
    bytes[at] ^= 4;
    g_free (folder_write (self.folder, NAME, bytes, (gssize) length));
    assert_refused (&self, "");
    bytes[at] ^= 4;
  }
  experts_clear (&self);
}

/* A disk that fails ------------------------------------------------------------------------------------------------------- */

/* Bytes of the repacked file from which faults come: the last matrix of an expert. */
static void
break_repacked (const Experts *self, Fault fault, guint layer, guint expert)
{
  guint64 bytes;
  g_autofree L4RepackedMatrix *table = l4_repacked_lay_out (self->stream, &bytes);
  const L4RepackedMatrix *matrix = &table[(layer * EXPERTS + expert) * L4_STREAM_PARTS + 2];

  disk.first = (gint64) matrix->offset;
  disk.last = (gint64) (matrix->offset + matrix->bytes);
  disk.count = disk.released = 0;
  disk.fault = fault;
}

static void
test_a_bad_sector_fails_only_those_who_need_it (void)
{
  Experts self = { 0 };

  start_repacked (&self, 3);
  break_repacked (&self, REFUSED, 1, 2);
  experts_assert_fails (&self, 1, 31, NAME "|Input/output error");
  experts_assert_use (&self, 1, 27, 1);
  experts_assert_use (&self, 0, 31, 1);
  disk.fault = RIGHT;
  experts_assert_use (&self, 1, 31, 1);
  experts_clear (&self);
}

static void
test_a_file_system_without_direct_reads_is_read_all_the_same (void)
{
  static const Fault faults[] = { NO_DIRECT, SHORT, INTERRUPTED };

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    Experts self = { 0 };

    start_repacked (&self, 3);
    break_repacked (&self, faults[i], 0, 0);
    experts_assert_use (&self, 0, 31, 1);
    g_assert_cmpint (disk.count, >, 0);
    experts_clear (&self);
  }
}

static void
test_a_file_that_shrinks_or_changes_is_an_error_of_who_needs_it (void)
{
  Experts self = { 0 };
  g_autofree char *path = NULL;

  start_repacked (&self, 4);
  path = path_of (&self);
  experts_assert_use (&self, 0, 3, 1);
  g_assert_cmpint (truncate (path, 5000), ==, 0);
  experts_assert_fails (&self, 2, 16, NAME "|bytes are missing");
  experts_assert_use (&self, 0, 3, 1);  /* what was read before is right */
  experts_clear (&self);

  self = (Experts) { 0 };
  start_repacked (&self, 2);
  g_assert_cmpint (utimensat (AT_FDCWD, l4_stream_repacked (self.stream), (const struct timespec[]) { {5, 0}, {5, 0} }, 0), ==, 0);
  experts_assert_fails (&self, 0, 7, NAME "|changed");
  experts_clear (&self);
}

static void
test_the_disk_is_measured_where_the_experts_are (void)
{
  Experts self = { 0 };
  double rate;

  start_repacked (&self, 2);
  g_assert_true (l4_stream_measure (self.stream, &rate, NULL));
  g_assert_cmpfloat (rate, >, 0);
  experts_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/repacked/every-expert-is-as-in-the-model", test_every_expert_is_as_in_the_model);
  g_test_add_func ("/repacked/large-matrices-too", test_large_matrices_too);
  g_test_add_func ("/repacked/what-a-source-makes-too", test_what_a_source_makes_too);
  g_test_add_func ("/repacked/it-is-as-large-as-was-said", test_it_is_as_large_as_was_said);
  g_test_add_func ("/repacked/a-full-disk-is-one-error-and-leaves-what-was-there", test_a_full_disk_is_one_error_and_leaves_what_was_there);
  g_test_add_func ("/repacked/a-model-that-cannot-be-read-is-one-error-and-leaves-what-was-there",
      test_a_model_that_cannot_be_read_is_one_error_and_leaves_what_was_there);
  g_test_add_func ("/repacked/a-model-that-changes-meanwhile-is-an-error", test_a_model_that_changes_meanwhile_is_an_error);
  g_test_add_func ("/repacked/a-new-one-takes-the-place-of-one-that-is-in-use", test_a_new_one_takes_the_place_of_one_that_is_in_use);
  g_test_add_func ("/repacked/a-model-that-was-changed-is-told", test_a_model_that_was_changed_is_told);
  g_test_add_func ("/repacked/a-file-cut-short-is-told", test_a_file_cut_short_is_told);
  g_test_add_func ("/repacked/what-contradicts-itself-or-the-model-is-told", test_what_contradicts_itself_or_the_model_is_told);
  g_test_add_func ("/repacked/a-flipped-bit-is-told", test_a_flipped_bit_is_told);
  g_test_add_func ("/repacked/a-bad-sector-fails-only-those-who-need-it", test_a_bad_sector_fails_only_those_who_need_it);
  g_test_add_func ("/repacked/a-file-system-without-direct-reads-is-read-all-the-same",
      test_a_file_system_without_direct_reads_is_read_all_the_same);
  g_test_add_func ("/repacked/a-file-that-shrinks-or-changes-is-an-error-of-who-needs-it",
      test_a_file_that_shrinks_or_changes_is_an_error_of_who_needs_it);
  g_test_add_func ("/repacked/the-disk-is-measured-where-the-experts-are", test_the_disk_is_measured_where_the_experts_are);
  return g_test_run ();
}
