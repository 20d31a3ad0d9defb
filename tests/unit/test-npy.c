/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* .npy files: what is written comes back, NumPy's own forms are read, and no bad file is taken. */

#include "files/npy.h"
#include "support/folder.h"

/* A file of that version with this header; n_data bytes 0, 1, 2, … */
static char *
write_npy (const Folder *folder, guint8 version, const char *header, gsize n_data)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  guint32 length = GUINT32_TO_LE ((guint32) strlen (header));

  g_byte_array_append (file, (const guint8 *) "\x93NUMPY", 6);
  g_byte_array_append (file, (const guint8[]) { version, 0 }, 2);
  g_byte_array_append (file, (const guint8 *) &length, version > 1 ? 4 : 2);
  g_byte_array_append (file, (const guint8 *) header, strlen (header));
  for (gsize i = 0; i < n_data; i++)
    g_byte_array_append (file, &(guint8) { (guint8) i }, 1);
  return folder_write (folder, "a.npy", file->data, file->len);
}

static void
assert_refused (const char *path, L4Error code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_auto (L4Npy) npy = { 0 };

  g_assert_false (l4_npy_load (path, &npy, &error));
  g_assert_error (error, L4_ERROR, code);
  g_assert_true (g_str_has_prefix (error->message, path));
  assert_says (error, words);
  g_assert_null (npy.data);
}

typedef struct
{
  const char *name;
  const char *header;
  gsize n_data;
  L4Error code;
  const char *words;
} BadArray;

#define HEAD(descr, order, shape) "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }\n"

static const BadArray bad_arrays[] = {
  {"no-header", "", 4, L4_ERROR_FORMAT, "lacks"},
  {"a-list", "[]\n", 0, L4_ERROR_FORMAT, "lacks"},
  {"no-type", "{'fortran_order': False, 'shape': (1,), }\n", 4, L4_ERROR_FORMAT, "lacks descr"},
  {"no-order", "{'descr': '<f4', 'shape': (1,), }\n", 4, L4_ERROR_FORMAT, "fortran_order"},
  {"no-shape", "{'descr': '<f4', 'fortran_order': False, }\n", 4, L4_ERROR_FORMAT, "shape"},
  {"doubles", HEAD ("'<f8'", "False", "(1,)"), 8, L4_ERROR_UNSUPPORTED, "'<f8'"},
  {"big-endian", HEAD ("'>f4'", "False", "(1,)"), 4, L4_ERROR_UNSUPPORTED, "'>f4'"},
  {"objects", HEAD ("'|O'", "False", "(1,)"), 8, L4_ERROR_UNSUPPORTED, "'|O'"},
  {"a-record", HEAD ("[('a', '<f4')]", "False", "(1,)"), 4, L4_ERROR_UNSUPPORTED, "[('a'"},
  {"escapes-as-type", HEAD ("'\x1b[2J'", "False", "(1,)"), 4, L4_ERROR_UNSUPPORTED, "\\033"},
  {"columns-first", HEAD ("'<f4'", "True", "(1,)"), 4, L4_ERROR_UNSUPPORTED, "C order"},
  {"a-shape-that-is-a-number", HEAD ("'<f4'", "False", "1"), 4, L4_ERROR_FORMAT, "shape"},
  {"a-negative-dimension", HEAD ("'<f4'", "False", "(-1,)"), 4, L4_ERROR_FORMAT, "shape"},
  {"a-name-as-dimension", HEAD ("'<f4'", "False", "(n,)"), 4, L4_ERROR_FORMAT, "shape"},
  {"a-doubled-comma", HEAD ("'<f4'", "False", "(1,,1)"), 4, L4_ERROR_FORMAT, "shape"},
  {"a-shape-without-commas", HEAD ("'<f4'", "False", "(1 1)"), 4, L4_ERROR_FORMAT, "shape"},
  {"a-shape-without-end", "{'descr': '<f4', 'fortran_order': False, 'shape': (1, ", 4, L4_ERROR_FORMAT, "shape"},
  {"nine-dimensions", HEAD ("'<f4'", "False", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), 4, L4_ERROR_FORMAT, "at most 8"},
  {"a-product-of-2^64", HEAD ("'<f4'", "False", "(4294967296, 4294967296)"), 0, L4_ERROR_FORMAT, "too large"},
  {"bytes-of-2^64", HEAD ("'<f4'", "False", "(4611686018427387904,)"), 0, L4_ERROR_FORMAT, "too large"},
  {"a-dimension-above-2^64", HEAD ("'<f4'", "False", "(99999999999999999999,)"), 0, L4_ERROR_FORMAT, "too large"},
  {"too-little-data", HEAD ("'<f4'", "False", "(2, 2)"), 15, L4_ERROR_FORMAT, "16 bytes|has 15"},
  {"too-much-data", HEAD ("'<f4'", "False", "(2, 2)"), 17, L4_ERROR_FORMAT, "16 bytes|has 17"},
};

static void
test_bad_array (gconstpointer data)
{
  const BadArray *bad = data;
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = write_npy (folder, 1, bad->header, bad->n_data);

  assert_refused (path, bad->code, bad->words);
}

static void
test_bad_prefix (void)
{
  static const struct
  {
    const char *bytes;
    gsize length;
    const char *words;
  } prefixes[] = {
    {"", 0, "0 bytes are too few"}, {"\x93NUMPY\x01", 7, "7 bytes are too few"},
    {"\x93NUMPX\x01\0\x02\0{}", 12, "not an .npy file"}, {"\x93NUMPY\x04\0\x02\0{}", 12, "version 1 to 3"},
    {"\x93NUMPY\x01\0\xff\x7f{}", 12, "header of 32767 bytes|file 12"},
    {"\x93NUMPY\x02\0\xff\xff\xff\xff{}", 14, "header of 4294967295 bytes"},
  };
  g_autoptr (Folder) folder = folder_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++) {
    g_autofree char *path = folder_write (folder, "a.npy", prefixes[i].bytes, prefixes[i].length);

    assert_refused (path, L4_ERROR_FORMAT, prefixes[i].words);
  }
}

static void
test_missing (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, "none.npy", NULL);

  assert_refused (path, L4_ERROR_NOT_FOUND, "none.npy");
}

static void
test_every_prefix (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = write_npy (folder, 1, HEAD ("'|u1'", "False", "(3, 2)"), 6);
  g_autofree char *contents = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
  for (gsize i = 0; i < length; i++) {
    g_autofree char *cut = folder_write (folder, "a.npy", contents, i);

    assert_refused (cut, L4_ERROR_FORMAT, "a.npy");
  }
}

static void
test_round_trip (gconstpointer data)
{
  const gint64 dims[] = { 2, 3, 1, 2 };
  guint n_dims = GPOINTER_TO_UINT (data);
  float values[12];
  gsize n = n_dims == 0 ? 1 : n_dims == 1 ? 2 : n_dims < 4 ? 6 : 12;
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, "b.npy", NULL);
  g_autoptr (GError) error = NULL;
  g_auto (L4Npy) npy = { 0 };

  for (gsize i = 0; i < n; i++)
    values[i] = (float) i - 0.5f;
  l4_npy_save_float (path, dims, n_dims, values, &error);
  g_assert_no_error (error);
  l4_npy_load (path, &npy, &error);
  g_assert_no_error (error);
  g_assert_cmpint (npy.type, ==, L4_NPY_FLOAT32);
  g_assert_cmpmem (npy.dims, npy.n_dims * sizeof *dims, dims, n_dims * sizeof *dims);
  g_assert_cmpmem (npy.data, npy.n_elements * sizeof *values, values, n * sizeof *values);
}

/* What numpy.save() writes, byte for byte. */
static void
test_same_as_numpy (void)
{
  static const char expected[] = "\x93NUMPY\x01\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
      "                                                            \n\0\0\x80\x3f\0\0\0\x40";
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, "b.npy", NULL);
  g_autofree char *contents = NULL;
  gsize length;

  g_assert_true (l4_npy_save_float (path, (gint64[]) { 2 }, 1, (float[]) { 1, 2 }, NULL));
  g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
  g_assert_cmpmem (contents, length, expected, sizeof expected - 1);
}

static void
test_types_and_versions (void)
{
  static const gint64 numbers[] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *ids_path = NULL, *bytes_path = NULL;
  g_auto (L4Npy) ids = { 0 }, bytes = { 0 };

  ids_path = write_npy (folder, 2, HEAD ("'<i8'", "False", "(2,)"), 16);
  g_assert_true (l4_npy_load (ids_path, &ids, NULL));
  g_assert_cmpint (ids.type, ==, L4_NPY_INT64);
  g_assert_cmpmem (ids.data, ids.n_elements * 8, numbers, sizeof numbers);
  bytes_path = write_npy (folder, 3, "{'shape':(0,5),'fortran_order':False,'descr':'|u1'}", 0);
  g_assert_true (l4_npy_load (bytes_path, &bytes, NULL));
  g_assert_cmpint (bytes.type, ==, L4_NPY_UINT8);
  g_assert_cmpuint (bytes.n_dims, ==, 2);
  g_assert_cmpuint (bytes.n_elements, ==, 0);
}

static void
test_unwritable (void)
{
  g_autoptr (GError) error = NULL, full = NULL;
  g_autofree float *many = g_new0 (float, 100000);

  g_assert_false (l4_npy_save_float ("/nonexistent/a.npy", NULL, 0, many, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, "/nonexistent/a.npy");
  if (!g_file_test ("/dev/full", G_FILE_TEST_EXISTS))
    return;
  g_assert_false (l4_npy_save_float ("/dev/full", (gint64[]) { 100000 }, 1, many, &full));
  g_assert_error (full, L4_ERROR, L4_ERROR_IO);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (bad_arrays); i++) {
    g_autofree char *path = g_strdup_printf ("/npy/refuses/%s", bad_arrays[i].name);

    g_test_add_data_func (path, &bad_arrays[i], test_bad_array);
  }
  for (guint n = 0; n <= 4; n++) {
    g_autofree char *path = g_strdup_printf ("/npy/%u-dimensions-come-back-as-written", n);

    g_test_add_data_func (path, GUINT_TO_POINTER (n), test_round_trip);
  }
  g_test_add_func ("/npy/refuses/a-bad-prefix", test_bad_prefix);
  g_test_add_func ("/npy/refuses/a-missing-file", test_missing);
  g_test_add_func ("/npy/every-prefix-is-refused", test_every_prefix);
  g_test_add_func ("/npy/writes-the-bytes-that-numpy-writes", test_same_as_numpy);
  g_test_add_func ("/npy/reads-every-type-and-version", test_types_and_versions);
  g_test_add_func ("/npy/a-full-disk-is-an-error", test_unwritable);
  return g_test_run ();
}
