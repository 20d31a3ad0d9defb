/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The llama4 program, run by a test, and the files that it writes. */

#pragma once

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "files/npy.h"

/* Runs `llama4 ARGUMENTS` (split like a shell does) with input on standard input; its exit status. */
static inline int
run (const char *arguments, const char *input, char **out, char **err)
{
  g_autofree char *program = g_shell_quote (g_getenv ("LLAMA4")), *line = g_strconcat (program, " ", arguments, NULL);
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, &error));
  process = g_subprocess_newv ((const char *const *) argv,
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, input, NULL, out, err, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  return g_subprocess_get_exit_status (process);
}

/* Runs it and expects success; what it prints to standard error. (transfer full) */
G_GNUC_PRINTF (1, 2) static inline char *
succeed (const char *format, ...)
{
  g_autofree char *arguments = NULL, *out = NULL;
  char *err = NULL;
  va_list args;

  va_start (args, format);
  arguments = g_strdup_vprintf (format, args);
  va_end (args);
  if (run (arguments, NULL, &out, &err) != 0)
    g_error ("llama4 %s: %s", arguments, err);
  return err;
}

/* Within tolerance of the largest value; removes the file of folder. */
static inline void
compare_stage (const char *folder, const char *name, const char *expected_folder, double tolerance)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *expected_path = g_build_filename (expected_folder, name, NULL);
  g_auto (L4Npy) values = { 0 }, expected = { 0 };
  double largest = 0, worst = 0;

  g_assert_true (l4_npy_load (path, &values, NULL));
  g_assert_true (l4_npy_load (expected_path, &expected, NULL));
  g_assert_cmpuint (values.n_dims, ==, expected.n_dims);
  g_assert_cmpmem (values.dims, values.n_dims * sizeof (gint64), expected.dims, expected.n_dims * sizeof (gint64));
  for (gsize i = 0; i < values.n_elements; i++) {
    largest = MAX (largest, fabs (((float *) expected.data)[i]));
    worst = MAX (worst, fabs (((float *) expected.data)[i] - ((float *) values.data)[i]));
  }
  g_test_message ("%s: off by %g of its largest value", name, worst / largest);
  g_assert_cmpfloat (worst, <=, tolerance * largest);
  g_unlink (path);
}
