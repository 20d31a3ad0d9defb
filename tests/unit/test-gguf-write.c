/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing GGUF files: what is written comes back, and what fails leaves nothing behind. */

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gguf/gguf.h"
#include "gguf/write.h"
#include "support/folder.h"

static L4GgufWriter *
start (const Folder *folder, char **path)
{
  g_autoptr (GError) error = NULL;
  L4GgufWriter *writer;

  *path = g_build_filename (folder, "a.gguf", NULL);
  writer = l4_gguf_writer_new (*path, &error);
  g_assert_no_error (error);
  return writer;
}

static void
put_everything (L4GgufWriter *writer)
{
  static const char *const strings[] = { "a", "", "Ġtoken", "\xf0\x9f\x99\x82" };

  l4_gguf_writer_put_string (writer, "general.architecture", "llama4");
  l4_gguf_writer_put_uint (writer, "uint", 4000000000u);
  l4_gguf_writer_put_float (writer, "float", 1e-5f);
  l4_gguf_writer_put_bool (writer, "bool", TRUE);
  l4_gguf_writer_put_strings (writer, "strings", G_N_ELEMENTS (strings), strings);
  l4_gguf_writer_put_strings (writer, "none", 0, NULL);
  l4_gguf_writer_put_ints (writer, "ints", 3, (const gint32[]) { -1, 0, 200092 });
  l4_gguf_writer_put_floats (writer, "floats", 2, (const float[]) { 0.5f, -0.25f });
  l4_gguf_writer_put_bools (writer, "bools", 2, (const gboolean[]) { TRUE, FALSE });
}

static void
check_everything (const L4Gguf *gguf)
{
  gint64 uint = 0;
  double number = 0;
  gboolean flag = FALSE;
  const char *text = NULL;
  g_autofree L4GgufString *strings = NULL;
  g_autofree gint64 *ints = NULL;
  g_autofree float *floats = NULL;
  gsize n;

  g_assert_cmpuint (l4_gguf_get_n_keys (gguf), ==, 9);
  g_assert_true (l4_gguf_get_string (gguf, "general.architecture", &text, NULL));
  g_assert_cmpstr (text, ==, "llama4");
  g_assert_true (l4_gguf_get_int (gguf, "uint", 0, G_MAXINT64, &uint, NULL));
  g_assert_cmpint (uint, ==, 4000000000);
  g_assert_true (l4_gguf_get_double (gguf, "float", 0, 1, &number, NULL));
  g_assert_cmpfloat ((float) number, ==, 1e-5f);
  g_assert_true (l4_gguf_get_bool (gguf, "bool", &flag, NULL));
  g_assert_true (flag);
  g_assert_true (l4_gguf_get_strings (gguf, "strings", 4, 4, &strings, &n, NULL));
  g_assert_cmpmem (strings[3].text, strings[3].length, "\xf0\x9f\x99\x82", 4);
  g_assert_cmpuint (strings[1].length, ==, 0);
  g_assert_true (l4_gguf_get_ints (gguf, "ints", 3, 3, &ints, &n, NULL));
  g_assert_cmpint (ints[0], ==, -1);
  g_assert_cmpint (ints[2], ==, 200092);
  g_assert_true (l4_gguf_get_floats (gguf, "floats", 2, 2, &floats, &n, NULL));
  g_assert_cmpfloat (floats[1], ==, -0.25f);
}

/* Opens the file's header and checks the three tensors' places and bytes, the second of which is 2 x 3 of F16. */
static void
check_file (const char *path)
{
  g_autoptr (GStringChunk) strings = g_string_chunk_new (64);
  g_autoptr (GArray) tensors = g_array_new (FALSE, TRUE, sizeof (L4Tensor));
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Gguf) gguf = NULL;
  g_autofree char *contents = NULL;
  gsize length;
  int fd = open (path, O_RDONLY);

  g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
  gguf = l4_gguf_read_header (fd, path, length, 0, strings, tensors, &error);
  close (fd);
  g_assert_no_error (error);
  check_everything (gguf);
  g_assert_cmpuint (tensors->len, ==, 3);
  for (guint i = 0; i < 3; i++) {
    const L4Tensor *tensor = &g_array_index (tensors, L4Tensor, i);
    static const char *const data[] = { "0123456789ab", "ABCDEFGHIJKL", "0123456789abcdef01" };

    g_assert_cmpuint (tensor->offset % L4_GGUF_ALIGNMENT, ==, 0);
    g_assert_cmpmem (contents + tensor->offset, tensor->bytes, data[i], strlen (data[i]));
  }
  g_assert_cmpint (g_array_index (tensors, L4Tensor, 1).dims[0], ==, 2);
  g_assert_cmpint (g_array_index (tensors, L4Tensor, 1).dims[1], ==, 3);
}

static gboolean
add_three (L4GgufWriter *writer)
{
  return l4_gguf_writer_add_tensor (writer, "one", L4_TYPE_F32, 1, (const gint64[]) { 3 }, NULL)
      && l4_gguf_writer_add_tensor (writer, "two", L4_TYPE_F16, 2, (const gint64[]) { 2, 3 }, NULL)
      && l4_gguf_writer_add_tensor (writer, "three", L4_TYPE_Q4_0, 1, (const gint64[]) { 32 }, NULL)
      && l4_gguf_writer_begin (writer, NULL);
}

static void
test_what_is_written_in_any_order_comes_back (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = NULL;
  g_autoptr (L4GgufWriter) writer = start (folder, &path);
  g_autoptr (GError) error = NULL;

  put_everything (writer);
  g_assert_true (add_three (writer));
  g_assert_true (l4_gguf_writer_write (writer, 2, 10, "abcdef01", 8, NULL));
  g_assert_true (l4_gguf_writer_write (writer, 1, 0, "ABCDEFGHIJKL", 12, NULL));
  g_assert_true (l4_gguf_writer_write (writer, 0, 0, "0123456789ab", 12, NULL));
  g_assert_true (l4_gguf_writer_write (writer, 2, 0, "0123456789", 10, NULL));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  l4_gguf_writer_finish (writer, &error);
  g_assert_no_error (error);
  check_file (path);
  g_assert_cmpuint (folder_count (folder), ==, 1);
}

static void
test_an_unfinished_file_leaves_nothing_and_the_old_one_alone (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = NULL, *kept = NULL, *old = folder_write (folder, "a.gguf", "old", -1);
  L4GgufWriter *writer = start (folder, &path);
  g_autoptr (GError) error = NULL;

  g_assert_true (add_three (writer));
  g_assert_true (l4_gguf_writer_write (writer, 0, 0, "0123456789ab", 12, NULL));
  g_assert_false (l4_gguf_writer_finish (writer, &error));
  assert_says (error, "a.gguf|30 bytes");
  l4_gguf_writer_free (writer);
  g_assert_cmpuint (folder_count (folder), ==, 1);
  g_assert_true (g_file_get_contents (old, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, "old");
}

static void
test_impossible_tensors_are_refused_by_name (void)
{
  static const struct
  {
    L4Type type;
    guint n_dims;
    gint64 dims[5];
    const char *words;
  } cases[] = {
    {L4_TYPE_Q4_0, 2, {4, 33}, "thing|33|32|Q4_0"}, {L4_TYPE_Q6_K, 1, {128}, "thing|128|256"},
    {L4_TYPE_F8_E4M3, 1, {32}, "thing|F8_E4M3"}, {L4_TYPE_OTHER, 1, {32}, "thing|other"}, {L4_TYPE_F32, 0, {0}, "thing|0"},
    {L4_TYPE_F32, 5, {1, 1, 1, 1, 1}, "thing|5"}, {L4_TYPE_F32, 2, {G_MAXINT64, 4}, "thing|too large"},
    {L4_TYPE_F32, 2, {-1, 4}, "thing|too large"},
  };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = NULL;
  g_autoptr (L4GgufWriter) writer = start (folder, &path);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (l4_gguf_writer_add_tensor (writer, "thing", cases[i].type, cases[i].n_dims, cases[i].dims, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_UNSUPPORTED);
    assert_says (error, cases[i].words);
  }
}

static void
test_data_beyond_a_tensor_is_refused (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = NULL;
  g_autoptr (L4GgufWriter) writer = start (folder, &path);

  g_assert_true (add_three (writer));
  g_assert_false (l4_gguf_writer_write (writer, 0, 0, "0123456789abc", 13, NULL));
  g_assert_false (l4_gguf_writer_write (writer, 0, 13, "", 0, NULL));
  g_assert_false (l4_gguf_writer_write (writer, 0, G_MAXUINT64, "0", 1, NULL));
}

static void
test_a_folder_that_cannot_be_written_is_named (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (l4_gguf_writer_new ("/nowhere/a.gguf", &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, "/nowhere/a.gguf");
}

static void
test_what_is_no_regular_file_is_refused_and_stays (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *pipe = g_build_filename (folder, "pipe", NULL), *link = g_build_filename (folder, "link", NULL);
  const struct
  {
    const char *path, *words;
  } cases[] = { {folder, "is a folder"}, {pipe, "pipe|is not a regular file"}, {link, "link|is not a regular file"} };
  struct stat status;

  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_cmpint (symlink ("pipe", link), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (l4_gguf_writer_new (cases[i].path, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
    assert_says (error, cases[i].words);
  }
  g_assert_cmpint (lstat (pipe, &status), ==, 0);
  g_assert_true (S_ISFIFO (status.st_mode));
  g_assert_cmpuint (folder_count (folder), ==, 2);
}

static void
test_a_link_to_a_file_is_replaced_and_the_file_stays (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = NULL, *old = folder_write (folder, "old", "old", -1), *kept = NULL;
  g_autofree char *link = g_build_filename (folder, "a.gguf", NULL);
  g_autoptr (L4GgufWriter) writer = NULL;

  g_assert_cmpint (symlink ("old", link), ==, 0);
  writer = start (folder, &path);
  g_assert_true (l4_gguf_writer_begin (writer, NULL) && l4_gguf_writer_finish (writer, NULL));
  g_assert_false (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  g_assert_true (g_file_get_contents (old, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, "old");
}

/* Each writes its own file; the one that is finished last stays. */
static void
test_two_writers_of_one_file_do_not_mix (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = NULL, *same = NULL, *first = NULL, *second = NULL;
  g_autoptr (L4GgufWriter) one = start (folder, &path), two = start (folder, &same);
  const gint64 dims[] = { 4 };
  gsize length;

  g_assert_true (l4_gguf_writer_add_tensor (one, "t", L4_TYPE_F32, 1, dims, NULL) && l4_gguf_writer_begin (one, NULL));
  g_assert_true (l4_gguf_writer_add_tensor (two, "t", L4_TYPE_F32, 1, dims, NULL) && l4_gguf_writer_begin (two, NULL));
  g_assert_true (l4_gguf_writer_write (one, 0, 0, "first file's one", 16, NULL));
  g_assert_true (l4_gguf_writer_write (two, 0, 0, "second file's 16", 16, NULL));
  g_assert_true (l4_gguf_writer_finish (one, NULL));
  g_assert_true (g_file_get_contents (path, &first, &length, NULL));
  g_assert_cmpmem (first + length - 32, 16, "first file's one", 16);
  g_assert_true (l4_gguf_writer_finish (two, NULL));
  g_assert_true (g_file_get_contents (path, &second, &length, NULL));
  g_assert_cmpmem (second + length - 32, 16, "second file's 16", 16);
  g_assert_cmpuint (folder_count (folder), ==, 1);
}

/* A limit on the size of files stands for a disk that is full. */
static void
test_a_full_disk_is_told_with_the_bytes_needed_and_leaves_nothing (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = NULL;
  L4GgufWriter *writer = start (folder, &path);
  g_autoptr (GError) error = NULL;
  struct rlimit before, small;

  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &before);
  small = (struct rlimit) { 1 << 20, before.rlim_max };
  g_assert_true (l4_gguf_writer_add_tensor (writer, "large", L4_TYPE_F32, 1, (const gint64[]) { 1 << 20 }, NULL));
  setrlimit (RLIMIT_FSIZE, &small);
  g_assert_false (l4_gguf_writer_begin (writer, &error));
  setrlimit (RLIMIT_FSIZE, &before);
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, "a.gguf|41943");
  l4_gguf_writer_free (writer);
  g_assert_cmpuint (folder_count (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gguf-write/what-is-written-in-any-order-comes-back", test_what_is_written_in_any_order_comes_back);
  g_test_add_func ("/gguf-write/an-unfinished-file-leaves-nothing-and-the-old-one-alone",
      test_an_unfinished_file_leaves_nothing_and_the_old_one_alone);
  g_test_add_func ("/gguf-write/impossible-tensors-are-refused-by-name", test_impossible_tensors_are_refused_by_name);
  g_test_add_func ("/gguf-write/data-beyond-a-tensor-is-refused", test_data_beyond_a_tensor_is_refused);
  g_test_add_func ("/gguf-write/a-folder-that-cannot-be-written-is-named", test_a_folder_that_cannot_be_written_is_named);
  g_test_add_func ("/gguf-write/what-is-no-regular-file-is-refused-and-stays", test_what_is_no_regular_file_is_refused_and_stays);
  g_test_add_func ("/gguf-write/a-link-to-a-file-is-replaced-and-the-file-stays",
      test_a_link_to_a_file_is_replaced_and_the_file_stays);
  g_test_add_func ("/gguf-write/two-writers-of-one-file-do-not-mix", test_two_writers_of_one_file_do_not_mix);
  g_test_add_func ("/gguf-write/a-full-disk-is-told-with-the-bytes-needed-and-leaves-nothing",
      test_a_full_disk_is_told_with_the_bytes_needed_and_leaves_nothing);
  return g_test_run ();
}
