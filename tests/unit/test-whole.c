/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that appear whole or not at all, on systems that have their ways. */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/whole.h"
#include "support/folder.h"

/* What fallocate() says, and how often it was called; 0: what the system says. */
static int refusal;
static guint n_refused;

/* In the place of the C library's. */
int
fallocate (int fd, int mode, off_t offset, off_t bytes)
{
  if (refusal != 0) {
    n_refused++;
    errno = refusal;
    return -1;
  }
  return (int) syscall (SYS_fallocate, fd, mode, offset, bytes);
}

/* A file of 3 MiB that has one byte at its end, when space is refused so. */
static void
check_refused (int with)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, "whole", NULL);
  g_autoptr (GError) error = NULL;
  g_auto (L4Whole) file = { 0 };
  GStatBuf status;

  refusal = with;
  n_refused = 0;
  g_assert_true (l4_whole_open (&file, path, 0600, &error) && l4_whole_reserve (&file, 3 << 20, &error));
  refusal = 0;
  g_assert_cmpuint (n_refused, ==, with != 0);
  g_assert_true (l4_whole_write (&file, (3 << 20) - 1, "x", 1, &error) && l4_whole_finish (&file, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_size, ==, 3 << 20);
}

static void
test_space_is_taken_where_the_system_can (void)
{
  check_refused (0);
}

static void
test_file_systems_that_cannot_take_space_are_no_error (void)
{
  check_refused (EOPNOTSUPP);
}

/* However many come: it is not tried again. */
static void
test_signals_while_space_is_taken_are_no_error (void)
{
  check_refused (EINTR);
}

static void
test_a_full_disk_is_one_that_names_the_file (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, "whole", NULL);
  g_autoptr (GError) error = NULL;
  g_auto (L4Whole) file = { 0 };

  refusal = ENOSPC;
  g_assert_true (l4_whole_open (&file, path, 0600, &error));
  g_assert_false (l4_whole_reserve (&file, 3 << 20, &error));
  refusal = 0;
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  g_assert_nonnull (strstr (error->message, path));
  l4_whole_clear (&file);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/whole/space-is-taken-where-the-system-can", test_space_is_taken_where_the_system_can);
  g_test_add_func ("/whole/file-systems-that-cannot-take-space-are-no-error", test_file_systems_that_cannot_take_space_are_no_error);
  g_test_add_func ("/whole/signals-while-space-is-taken-are-no-error", test_signals_while_space_is_taken_are_no_error);
  g_test_add_func ("/whole/a-full-disk-is-one-that-names-the-file", test_a_full_disk_is_one_that_names_the_file);
  return g_test_run ();
}
