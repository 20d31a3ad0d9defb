/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checkpoints: what is read from good files. */

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/safetensors.h"

static void
test_values (void)
{
  static const float f32[] = { 1.5f, -0.25f, 3e38f, 1e-40f };
  static const guint16 f16[] = { 0x3c00, 0xc000, 0x7bff, 0x0001, 0x83ff, 0x0400, 0x8000, 0x7c00, 0xfc00, 0x7e00 };
  static const float f16_values[] = { 1, -2, 65504, 0x1p-24f, -1023 * 0x1p-24f, 0x1p-14f, -0.0f, INFINITY, -INFINITY };
  static const guint16 bf16[] = { 0x3f80, 0xc0a0 };
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GByteArray) file = make_file ("{'x.f32':{'dtype':'F32','shape':[2,2]," AT (0, 16) "},'x.f16':{'dtype':'F16',"
      "'shape':[10]," AT (16, 36) "},'x.bf16':{'dtype':'BF16','shape':[2,1]," AT (36, 40) "}}", 0);
  g_autofree char *path = NULL;
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (GError) error = NULL;
  float out[10];

  g_byte_array_append (file, (const guint8 *) f32, sizeof f32);
  g_byte_array_append (file, (const guint8 *) f16, sizeof f16);
  g_byte_array_append (file, (const guint8 *) bf16, sizeof bf16);
  path = folder_write (folder, SINGLE, file->data, file->len);
  checkpoint = open_good (folder);
  g_assert_cmpuint (l4_checkpoint_get_n_tensors (checkpoint), ==, 3);
  g_assert_cmpstr (l4_checkpoint_get_tensor (checkpoint, 0)->name, ==, "x.bf16");
  g_assert_true (l4_checkpoint_read_float (checkpoint, l4_checkpoint_find (checkpoint, "x.f32"), 0, 4, out, &error));
  g_assert_cmpmem (out, sizeof f32, f32, sizeof f32);
  g_assert_true (l4_checkpoint_read_float (checkpoint, l4_checkpoint_find (checkpoint, "x.f32"), 2, 1, out, &error));
  g_assert_cmpfloat (out[0], ==, 3e38f);
  g_assert_true (l4_checkpoint_read_float (checkpoint, l4_checkpoint_find (checkpoint, "x.f16"), 0, 10, out, &error));
  g_assert_cmpmem (out, sizeof f16_values, f16_values, sizeof f16_values);
  g_assert_true (isnan (out[9]));
  g_assert_true (l4_checkpoint_read_float (checkpoint, l4_checkpoint_find (checkpoint, "x.bf16"), 1, 1, out, &error));
  g_assert_cmpfloat (out[0], ==, -5);
  g_assert_no_error (error);
}

/* More than the reader takes at once, from an odd place. */
static void
test_long_tensor (void)
{
  enum
  { N = 200001 };
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GByteArray) file = make_file ("{'a':{'dtype':'BF16','shape':[200001]," AT (0, 400002) "}}", 0);
  g_autofree char *path = NULL;
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autofree float *out = g_new (float, N);

  for (guint32 i = 0; i < N; i++) {
    guint16 value = (guint16) (i % 0x7f80);

    g_byte_array_append (file, (const guint8 *) &value, sizeof value);
  }
  path = folder_write (folder, SINGLE, file->data, file->len);
  checkpoint = open_good (folder);
  g_assert_true (l4_checkpoint_read_float (checkpoint, l4_checkpoint_get_tensor (checkpoint, 0), 13, N - 13, out, NULL));
  for (guint32 i = 13; i < N; i++) {
    guint32 bits = i % 0x7f80 << 16;

    g_assert_cmpmem (&out[i - 13], 4, &bits, 4);
  }
}

static void
test_reads_stay_inside (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  const L4Tensor *tensor;
  float out[8];

  write_file (folder, SINGLE, TINY, TINY_DATA);
  checkpoint = open_good (folder);
  tensor = l4_checkpoint_find (checkpoint, "b");
  g_assert_true (l4_checkpoint_read_float (checkpoint, tensor, 2, 0, out, NULL));
  for (gsize first = 0; first < 4; first++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (l4_checkpoint_read_float (checkpoint, tensor, first, first == 0 ? G_MAXSIZE : 3 - MIN (first, 2), out,
            &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_INTERNAL);
  }
}

static void
test_other_types (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (GError) error = NULL, expected = NULL;
  const L4Tensor *tensor;
  float out[1];

  write_file (folder, SINGLE, "{'w':{'dtype':'F8_E5M2','shape':[2,2]," AT (0, 4) "},'i':{'dtype':'I64','shape':[1]," AT (4, 12)
      "},'n':{'dtype':'F4','shape':[4]," AT (12, 14) "}}", 14);
  checkpoint = open_good (folder);
  tensor = l4_checkpoint_find (checkpoint, "w");
  g_assert_cmpint (tensor->type, ==, L4_TYPE_OTHER);
  g_assert_cmpstr (tensor->dtype, ==, "F8_E5M2");
  g_assert_cmpuint (l4_checkpoint_find (checkpoint, "n")->bytes, ==, 2);
  g_assert_false (l4_checkpoint_read_float (checkpoint, tensor, 0, 1, out, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "\"w\" has the type F8_E5M2"));
  g_assert_null (l4_checkpoint_expect (checkpoint, "i", 1, (gint64[]) { 1 }, &expected));
  g_assert_error (expected, L4_ERROR, L4_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (expected->message, "I64"));
}

static void
assert_unexpected (const L4Checkpoint *checkpoint, const char *name, guint n_dims, const gint64 *dims, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (l4_checkpoint_expect (checkpoint, name, n_dims, dims, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_expect (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;

  write_file (folder, SINGLE, TINY, TINY_DATA);
  checkpoint = open_good (folder);
  g_assert_true (l4_checkpoint_expect (checkpoint, "a", 2, (gint64[]) { 2, 2 }, NULL) == l4_checkpoint_find (checkpoint, "a"));
  g_assert_nonnull (l4_checkpoint_expect (checkpoint, "c", 0, NULL, NULL));
  assert_unexpected (checkpoint, "e", 1, (gint64[]) { 1 }, "\"e\" is missing");
  assert_unexpected (checkpoint, "a", 2, (gint64[]) { 2, 3 }, "\"a\" is [2, 2] where the settings ask for [2, 3]");
  assert_unexpected (checkpoint, "a", 1, (gint64[]) { 4 }, "[2, 2] where the settings ask for [4]");
  g_assert_null (l4_checkpoint_find (checkpoint, "__metadata__"));
}

static void
test_empty_tensors (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;

  write_file (folder, SINGLE, "{'e':{'dtype':'F32','shape':[0,7]," AT (4, 4) "},'a':{" ONE AT (0, 4) "}}   ", 4);
  checkpoint = open_good (folder);
  g_assert_cmpuint (l4_checkpoint_find (checkpoint, "e")->n_elements, ==, 0);
  g_assert_true (l4_checkpoint_read_float (checkpoint, l4_checkpoint_find (checkpoint, "e"), 0, 0, NULL, NULL));
}

static void
test_file_without_tensors (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;

  write_file (folder, SINGLE, "{}", 0);
  checkpoint = open_good (folder);
  g_assert_cmpuint (l4_checkpoint_get_n_tensors (checkpoint), ==, 0);
  g_assert_null (l4_checkpoint_find (checkpoint, "a"));
}

static void
test_shrunk_file (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, SINGLE, NULL);
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (GError) error = NULL;
  float out[4];

  write_file (folder, SINGLE, "{'a':{'dtype':'F32','shape':[4]," AT (0, 16) "}}", 16);
  checkpoint = open_good (folder);
  g_assert_cmpint (truncate (path, l4_checkpoint_get_tensor (checkpoint, 0)->offset + 10), ==, 0);
  g_assert_false (l4_checkpoint_read_float (checkpoint, l4_checkpoint_get_tensor (checkpoint, 0), 0, 4, out, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, "6 bytes are missing"));
}

static void
change_time (const char *path)
{
  g_assert_cmpint (utimensat (AT_FDCWD, path, (const struct timespec[]) { {5, 0}, {5, 0} }, 0), ==, 0);
}

/* Too soon for the clock to tell. */
static void
change_size (const char *path)
{
  GStatBuf before;

  g_assert_cmpint (g_stat (path, &before), ==, 0);
  g_assert_cmpint (truncate (path, before.st_size + 1), ==, 0);
  g_assert_cmpint (utimensat (AT_FDCWD, path, (const struct timespec[]) { before.st_atim, before.st_mtim }, 0), ==, 0);
}

/* What was opened stays as it was. */
static void
replace_by_another (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  write_file (folder, "two", "{}", 0);
}

static void
test_files_that_changed_are_told (void)
{
  static const struct
  {
    void (*change) (const char *path);
    gboolean told;
  } cases[] = { {change_time, TRUE}, {change_size, TRUE}, {replace_by_another, FALSE} };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Folder) folder = folder_new ();
    g_autofree char *path = g_build_filename (folder, "two", NULL);
    g_autoptr (L4Checkpoint) checkpoint = NULL;
    g_autoptr (GError) error = NULL;

    write_file (folder, "one", "{'a':{" ONE AT (0, 4) "}}", 4);
    write_file (folder, "two", "{'b':{" ONE AT (0, 4) "}}", 4);
    write_index (folder, "{'weight_map':{'a':'one','b':'two'}}");
    checkpoint = open_good (folder);
    g_assert_true (l4_checkpoint_check (checkpoint, &error));
    g_assert_no_error (error);
    cases[i].change (path);
    g_assert_true (l4_checkpoint_check (checkpoint, &error) != cases[i].told);
    if (!cases[i].told)
      continue;
    g_assert_error (error, L4_ERROR, L4_ERROR_IO);
    g_assert_true (g_str_has_prefix (error->message, path));
    assert_says (error, "has changed while it was read");
  }
}

/* A sparse file: its one tensor has more bytes than 32 bits count. */
static void
test_tensor_beyond_4_gib (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, SINGLE, NULL);
  g_autoptr (GByteArray) file = make_file ("{'big':{'dtype':'F32','shape':[5,268435456]," AT (0, 5368709120) "}}", 0);
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  gint64 size = (gint64) file->len + 5368709120;
  float last = 42, out[2];
  int fd = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, file->data, file->len), ==, file->len);
  if (ftruncate (fd, size) != 0) {
    close (fd);
    g_test_skip ("no file of 5 GiB can be made here");
    return;
  }
  g_assert_cmpint (pwrite (fd, &last, sizeof last, size - 4), ==, 4);
  close (fd);
  checkpoint = open_good (folder);
  g_assert_cmpuint (l4_checkpoint_get_tensor (checkpoint, 0)->bytes, ==, 5368709120);
  g_assert_true (l4_checkpoint_read_float (checkpoint, l4_checkpoint_get_tensor (checkpoint, 0), 1342177278, 2, out, NULL));
  g_assert_cmpfloat (out[0], ==, 0);
  g_assert_cmpfloat (out[1], ==, 42);
}

static void
test_fifty_shards (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GString) index = g_string_new ("{'metadata':{'total_size':400},'weight_map':{");
  g_autoptr (L4Checkpoint) checkpoint = NULL;

  for (guint i = 0; i < 50; i++) {
    g_autofree char *name = g_strdup_printf ("model-%05u-of-00050.safetensors", i + 1);
    g_autofree char *header = g_strdup_printf ("{'t%u':{" ONE AT (0, 4) "},'u%u':{'dtype':'F16','shape':[2]," AT (4, 8) "}}", i, i);

    write_file (folder, name, header, 8);
    g_string_append_printf (index, "%s'u%u':'%s','t%u':'%s'", i > 0 ? "," : "", i, name, i, name);
  }
  g_string_append (index, "}}");
  write_index (folder, index->str);
  checkpoint = open_good (folder);
  g_assert_cmpuint (l4_checkpoint_get_n_tensors (checkpoint), ==, 100);
  for (guint i = 0; i < 50; i++) {
    g_autofree char *name = g_strdup_printf ("u%u", i);
    const L4Tensor *tensor = l4_checkpoint_find (checkpoint, name);
    float out[2];

    g_assert_cmpuint (tensor->file, ==, i);
    g_assert_true (l4_checkpoint_read_float (checkpoint, tensor, 0, 2, out, NULL));
  }
  for (guint i = 1; i < 100; i++)
    g_assert_cmpstr (l4_checkpoint_get_tensor (checkpoint, i - 1)->name, <, l4_checkpoint_get_tensor (checkpoint, i)->name);
}

static void
test_single_file_comes_first (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;

  write_file (folder, SINGLE, TINY, TINY_DATA);
  write_index (folder, "{'weight_map':{'a':'gone'}}");
  checkpoint = open_good (folder);
  g_assert_cmpuint (l4_checkpoint_get_n_tensors (checkpoint), ==, 4);
}

static char *
digest_of (const char *header, gsize n_data)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;

  write_file (folder, SINGLE, header, n_data);
  checkpoint = open_good (folder);
  return l4_checkpoint_digest (checkpoint);
}

static void
test_digest (void)
{
  static const char *const others[] = {
    "{'b':{'dtype':'F16','shape':[2,1]," AT (0, 4) "}}",
    "{'a':{'dtype':'BF16','shape':[2,1]," AT (0, 4) "}}",
    "{'a':{'dtype':'F16','shape':[1,2]," AT (0, 4) "}}",
    " '__metadata__':{},'a':{'dtype':'F16','shape':[2,1]," AT (0, 4) "}}",
  };
  const char *header = "{'a':{'dtype':'F16','shape':[2,1]," AT (0, 4) "}}";
  g_autofree char *one = digest_of (header, 4);
  g_autofree char *again = digest_of (header, 4);

  g_assert_cmpuint (strlen (one), ==, 64);
  g_assert_cmpstr (one, ==, again);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autofree char *text = g_strdup (others[i]);
    g_autofree char *other = NULL;

    text[0] = '{';
    other = digest_of (text, 4);
    g_assert_cmpstr (one, !=, other);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/checkpoint/reads-each-type-exactly", test_values);
  g_test_add_func ("/checkpoint/reads-long-tensors-in-parts", test_long_tensor);
  g_test_add_func ("/checkpoint/reads-stay-inside-the-tensor", test_reads_stay_inside);
  g_test_add_func ("/checkpoint/other-types-are-listed-but-not-read", test_other_types);
  g_test_add_func ("/checkpoint/expect-names-what-differs", test_expect);
  g_test_add_func ("/checkpoint/empty-tensors-are-fine", test_empty_tensors);
  g_test_add_func ("/checkpoint/a-file-without-tensors-is-fine", test_file_without_tensors);
  g_test_add_func ("/checkpoint/a-file-that-shrank-is-an-error", test_shrunk_file);
  g_test_add_func ("/checkpoint/files-that-changed-are-told", test_files_that_changed_are_told);
  g_test_add_func ("/checkpoint/tensors-may-pass-4-gib", test_tensor_beyond_4_gib);
  g_test_add_func ("/checkpoint/index/fifty-shards-are-one-checkpoint", test_fifty_shards);
  g_test_add_func ("/checkpoint/index/a-single-file-comes-first", test_single_file_comes_first);
  g_test_add_func ("/checkpoint/digest-follows-name-type-shape-and-place", test_digest);
  return g_test_run ();
}
