/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checkpoints: no bad file is taken, whatever is wrong with it. */

#include <sys/stat.h>
#include <unistd.h>

#include "support/allocations.h"
#include "support/safetensors.h"

/* Opening must fail with that code and a message that holds every one of the words. */
static void
assert_refused (const Folder *folder, L4Error code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (folder, NULL, &error);

  g_assert_null (checkpoint);
  g_assert_error (error, L4_ERROR, code);
  g_assert_nonnull (strstr (error->message, folder));
  assert_says (error, words);
}

/* Bad headers ------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  const char *name;
  const char *header;           /* ' for " */
  gsize n_data;
  L4Error code;
  const char *words;            /* of the message, with | between them */
} BadHeader;

static const BadHeader bad_headers[] = {
  {"a-blank-before-the-brace", " {'a':{" ONE AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "begin with {"},
  {"an-array-as-root", "[]", 0, L4_ERROR_FORMAT, "begin with {"},
  {"no-json", "{'a':{" ONE, 4, L4_ERROR_FORMAT, "not JSON"},
  {"text-after-the-object", "{'a':{" ONE AT (0, 4) "}}x", 4, L4_ERROR_FORMAT, "not JSON"},
  {"a-nan", "{'a':{'dtype':'U8','shape':[NaN]," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "not JSON"},
  {"invalid-utf-8", "{'\xff\xfe':{" ONE AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "not JSON"},
  {"a-name-twice", "{'a':{" ONE AT (0, 4) "},'a':{" ONE AT (4, 8) "}}", 8, L4_ERROR_FORMAT, "\"a\"|twice"},
  {"metadata-twice", "{'__metadata__':{},'__metadata__':{}}", 0, L4_ERROR_FORMAT, "__metadata__|again"},
  {"metadata-with-a-number", "{'__metadata__':{'format':1}}", 0, L4_ERROR_FORMAT, "__metadata__|format"},
  {"metadata-as-an-array", "{'__metadata__':[]}", 0, L4_ERROR_FORMAT, "__metadata__|array"},
  {"a-tensor-that-is-a-number", "{'a':7}", 0, L4_ERROR_FORMAT, "a is 7"},
  {"no-dtype", "{'a':{'shape':[4]," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "dtype"},
  {"no-shape", "{'a':{'dtype':'U8'," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "shape"},
  {"no-offsets", "{'a':{'dtype':'U8','shape':[4]}}", 4, L4_ERROR_FORMAT, "data_offsets"},
  {"a-fourth-key", "{'a':{" ONE AT (0, 4) ",'b':1}}", 4, L4_ERROR_FORMAT, "nothing else"},
  {"a-key-twice", "{'a':{'dtype':'U8'," ONE AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "nothing else"},
  {"a-dtype-that-is-a-number", "{'a':{'dtype':8,'shape':[4]," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "a.dtype is 8"},
  {"an-unknown-dtype", "{'a':{'dtype':'F99','shape':[4]," AT (0, 4) "}}", 4, L4_ERROR_UNSUPPORTED, "a.dtype|F99"},
  {"a-dtype-in-lower-case", "{'a':{'dtype':'u8','shape':[4]," AT (0, 4) "}}", 4, L4_ERROR_UNSUPPORTED, "u8"},
  {"half-a-byte", "{'a':{'dtype':'F4','shape':[3]," AT (0, 2) "}}", 2, L4_ERROR_FORMAT, "a.shape|12 bits"},
  {"a-shape-that-is-a-number", "{'a':{'dtype':'U8','shape':4," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "a.shape is 4"},
  {"a-negative-dimension", "{'a':{'dtype':'U8','shape':[-4]," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "a.shape|-4"},
  {"two-negative-dimensions", "{'a':{'dtype':'U8','shape':[-2,-2]," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "a.shape|-2"},
  {"a-fractional-dimension", "{'a':{'dtype':'U8','shape':[4.0]," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "a.shape|4.0"},
  {"a-dimension-that-is-a-string", "{'a':{'dtype':'U8','shape':['4']," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "a.shape"},
  {"a-dimension-above-2^63", "{'a':{'dtype':'U8','shape':[9223372036854775808]," AT (0, 0) "}}", 0, L4_ERROR_FORMAT,
      "9223372036854775808"},
  {"a-dimension-above-2^64", "{'a':{'dtype':'U8','shape':[18446744073709551620]," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "a.shape"},
  {"nine-dimensions", "{'a':{'dtype':'U8','shape':[1,1,1,1,1,1,1,1,4]," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "an array of 9"},
  {"a-product-of-2^64-plus-4", "{'a':{'dtype':'U8','shape':[4294967296,4294967296]," AT (0, 0) "}}", 0, L4_ERROR_FORMAT,
      "too large"},
  {"bytes-of-2^64", "{'a':{'dtype':'F32','shape':[4611686018427387904]," AT (0, 0) "}}", 0, L4_ERROR_FORMAT, "too large"},
  {"one-offset", "{'a':{" ONE "'data_offsets':[0]}}", 4, L4_ERROR_FORMAT, "a.data_offsets"},
  {"three-offsets", "{'a':{" ONE "'data_offsets':[0,4,8]}}", 4, L4_ERROR_FORMAT, "a.data_offsets"},
  {"offsets-that-fall", "{'a':{" ONE AT (4, 0) "}}", 4, L4_ERROR_FORMAT, "a.data_offsets"},
  {"a-negative-offset", "{'a':{" ONE AT (-4, 0) "}}", 4, L4_ERROR_FORMAT, "a.data_offsets"},
  {"a-fractional-offset", "{'a':{" ONE AT (0, 4.0) "}}", 4, L4_ERROR_FORMAT, "a.data_offsets"},
  {"offsets-that-are-strings", "{'a':{" ONE "'data_offsets':['0','4']}}", 4, L4_ERROR_FORMAT, "a.data_offsets"},
  {"more-bytes-than-the-shape", "{'a':{" ONE AT (0, 5) "}}", 5, L4_ERROR_FORMAT, "from 0 to 5|4 bytes"},
  {"fewer-bytes-than-the-shape", "{'a':{" ONE AT (0, 3) "}}", 3, L4_ERROR_FORMAT, "from 0 to 3|4 bytes"},
  {"offsets-near-2^64", "{'a':{" ONE AT (18446744073709551611, 18446744073709551615) "}}", 4, L4_ERROR_FORMAT, "hole"},
  {"data-that-is-cut-short", "{'a':{" ONE AT (0, 4) "}}", 3, L4_ERROR_FORMAT, "\"a\"|4 bytes|has 3"},
  {"data-after-the-last-tensor", "{'a':{" ONE AT (0, 4) "}}", 5, L4_ERROR_FORMAT, "have 4 bytes|data 5"},
  {"data-without-tensors", "{}", 1, L4_ERROR_FORMAT, "have 0 bytes|data 1"},
  {"overlapping-tensors", "{'a':{" ONE AT (0, 4) "},'b':{" ONE AT (2, 6) "}}", 6, L4_ERROR_FORMAT, "\"b\"|byte 2|ends at 4"},
  {"two-tensors-on-the-same-data", "{'a':{" ONE AT (0, 4) "},'b':{" ONE AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "inside"},
  {"a-hole-at-the-start", "{'a':{" ONE AT (1, 5) "}}", 5, L4_ERROR_FORMAT, "\"a\"|byte 1|hole"},
  {"a-hole-between", "{'a':{" ONE AT (0, 4) "},'b':{" ONE AT (5, 9) "}}", 9, L4_ERROR_FORMAT, "\"b\"|byte 5|hole after 4"},
  {"an-empty-name", "{'':{" ONE AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "name \"\""},
  {"a-line-end-in-a-name", "{'a\\nb':{" ONE AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "a\\nb"},
  {"a-control-character-in-a-name", "{'a\\u009b':{'dtype':8,'shape':[4]," AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "a\\u009b.dtype is 8"},
  {"a-nul-in-a-name", "{'a\\u0000b':{" ONE AT (0, 4) "}}", 4, L4_ERROR_FORMAT, "control"},
};

static void
test_bad_header (gconstpointer data)
{
  const BadHeader *bad = data;
  g_autoptr (Folder) folder = folder_new ();

  write_file (folder, SINGLE, bad->header, bad->n_data);
  assert_refused (folder, bad->code, bad->words);
}

/* A file of these bytes, made to look size long. */
static void
assert_raw_refused (const char *bytes, gsize length, gint64 size, const char *words)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = folder_write (folder, SINGLE, bytes, length);

  if (size > 0)
    g_assert_cmpint (truncate (path, size), ==, 0);
  assert_refused (folder, L4_ERROR_FORMAT, words);
}

static void
test_empty_file (void)
{
  assert_raw_refused ("", 0, 0, "0 bytes are too few");
}

static void
test_cut_length (void)
{
  assert_raw_refused ("\x02\0\0\0\0\0\0", 7, 0, "7 bytes are too few");
}

static void
test_zero_length (void)
{
  assert_raw_refused ("\0\0\0\0\0\0\0\0{}", 10, 0, "begin with {");
}

static void
test_cut_header (void)
{
  assert_raw_refused ("\x40\0\0\0\0\0\0\0{}", 10, 0, "header of 64 bytes|file 10");
}

static void
test_length_of_2_64 (void)
{
  assert_raw_refused ("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, 0, "header of 18446744073709551615 bytes");
}

static void
test_header_above_the_limit (void)
{
  assert_raw_refused ("\x01\xe1\xf5\x05\0\0\0\0{", 9, 200000000, "header of 100000001 bytes|limit 100000000");
}

static void
test_long_name (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *name = g_strnfill (100000, 'n');
  g_autofree char *header = g_strdup_printf ("{'%s':{" ONE AT (0, 4) "}}", name);

  write_file (folder, SINGLE, header, 4);
  assert_refused (folder, L4_ERROR_FORMAT, "too long");
}

/* A quarter of a million levels: a reader that calls itself would leave its stack. */
static void
test_deep_nesting (gconstpointer open)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GString) header = g_string_new ("{'a':");

  for (guint i = 0; i < (strlen (open) == 1 ? 250000 : 130000); i++)
    g_string_append (header, open);
  write_file (folder, SINGLE, header->str, 0);
  assert_refused (folder, L4_ERROR_FORMAT, "not JSON");
}

static void
test_deep_nesting_closed (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *open = g_strnfill (250000, '[');
  g_autofree char *close = g_strnfill (250000, ']');
  g_autofree char *header = g_strdup_printf ("{'a':%s%s}", open, close);

  write_file (folder, SINGLE, header, 0);
  assert_refused (folder, L4_ERROR_FORMAT, "a is an array of 1");
}

/* Memory ------------------------------------------------------------------------------------------------------------------- */

static void
assert_bounded (const Folder *folder, const char *words)
{
  g_autofree char *path = g_build_filename (folder, SINGLE, NULL);
  g_autoptr (GError) error = NULL;
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  allocations_reset ();
  g_assert_null (l4_checkpoint_open (folder, NULL, &error));
  g_test_message ("%zu bytes of memory for a file of %zu", allocations_peak (), (gsize) status.st_size);
  g_assert_cmpuint (allocations_peak (), <=, 16 * 1024 * 1024 + 4 * (gsize) status.st_size);
  g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
  assert_says (error, words);
}

static void
test_dense_headers_need_little_memory (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *numbers = g_strnfill (20000000, '0');
  g_autofree char *header = NULL;

  for (gsize i = 1; i < 20000000; i += 2)
    numbers[i] = ',';
  numbers[20000000 - 1] = '0';
  header = g_strdup_printf ("{'a':[%s]}", numbers);
  write_file (folder, SINGLE, header, 0);
  assert_bounded (folder, "more than one value in 8 bytes");
}

static void
test_many_tensors_need_little_memory (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GString) header = g_string_new ("{");

  for (guint i = 0; i < 33000; i++)
    g_string_append_printf (header, "%s'layers.%u.weight':{'dtype':'F4','shape':[0],'data_offsets':[0,0]}", i > 0 ? "," : "", i);
  g_string_append (header, "}");
  write_file (folder, SINGLE, header->str, 0);
  assert_bounded (folder, "more than 32768 tensors");
}

/* Bad indexes -------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  const char *index;            /* ' for "; beside it lie one (a, b) and two (c) */
  L4Error code;
  const char *words;
} BadIndex;

#define MAP(text) "{'metadata':{},'weight_map':{" text "}}"

static const BadIndex bad_indexes[] = {
  {"no-json", "{", L4_ERROR_FORMAT, "not JSON"},
  {"an-array-as-root", "[]", L4_ERROR_FORMAT, "root is an array"},
  {"a-string-as-root", "'x'", L4_ERROR_FORMAT, "root is \"x\""},
  {"no-map", "{}", L4_ERROR_FORMAT, "weight_map is missing"},
  {"a-null-map", "{'weight_map':null}", L4_ERROR_FORMAT, "weight_map is null"},
  {"a-map-that-is-an-array", "{'weight_map':['one']}", L4_ERROR_FORMAT, "weight_map is an array"},
  {"two-maps", "{'weight_map':{},'weight_map':{}}", L4_ERROR_FORMAT, "weight_map|again"},
  {"an-empty-map", MAP (""), L4_ERROR_FORMAT, "0 files"},
  {"a-shard-that-is-a-number", MAP ("'a':1"), L4_ERROR_FORMAT, "weight_map[\"a\"] is 1"},
  {"a-shard-without-name", MAP ("'a':''"), L4_ERROR_FORMAT, "weight_map[\"a\"] is \"\""},
  {"a-shard-above-the-folder", MAP ("'a':'../one'"), L4_ERROR_FORMAT, "../one"},
  {"a-shard-below-the-folder", MAP ("'a':'sub/one'"), L4_ERROR_FORMAT, "sub/one"},
  {"a-shard-with-an-absolute-path", MAP ("'a':'/etc/passwd'"), L4_ERROR_FORMAT, "/etc/passwd"},
  {"a-shard-with-a-backslash", MAP ("'a':'..\\\\one'"), L4_ERROR_FORMAT, "weight_map"},
  {"a-shard-named-dot", MAP ("'a':'.'"), L4_ERROR_FORMAT, "weight_map"},
  {"a-shard-named-dot-dot", MAP ("'a':'..'"), L4_ERROR_FORMAT, "weight_map"},
  {"a-shard-with-a-nul", MAP ("'a':'one\\u0000'"), L4_ERROR_FORMAT, "weight_map"},
  {"a-shard-with-a-line-end", MAP ("'a':'one\\ntwo'"), L4_ERROR_FORMAT, "weight_map[\"a\"] is \"one\\ntwo\""},
  {"a-shard-with-a-control-character", MAP ("'a':'one\\u009b31m'"), L4_ERROR_FORMAT, "weight_map[\"a\"] is \"one\\u009b31m\""},
  {"a-missing-shard", MAP ("'a':'one','b':'one','c':'three'"), L4_ERROR_NOT_FOUND, "three"},
  {"a-tensor-that-is-nowhere", MAP ("'a':'one','b':'one','c':'two','d':'two'"), L4_ERROR_FORMAT, "\"d\"|two"},
  {"a-tensor-in-another-shard", MAP ("'a':'one','b':'two','c':'two'"), L4_ERROR_FORMAT, "\"b\" is in one"},
  {"a-tensor-left-out", MAP ("'a':'one','c':'two'"), L4_ERROR_FORMAT, "\"b\" of one"},
  {"a-tensor-listed-twice", MAP ("'a':'one','a':'one','b':'one','c':'two'"), L4_ERROR_FORMAT, "\"a\" is listed twice"},
  {"a-tensor-in-two-shards", MAP ("'a':'one','b':'one','c':'same'"), L4_ERROR_FORMAT, "\"a\" is there twice"},
  {"a-nul-in-a-tensor-name", MAP ("'a\\u0000':'one','b':'one','c':'two'"), L4_ERROR_FORMAT, "is in no file"},
};

static void
test_bad_index (gconstpointer data)
{
  const BadIndex *bad = data;
  g_autoptr (Folder) folder = folder_new ();

  write_file (folder, "one", "{'a':{" ONE AT (0, 4) "},'b':{" ONE AT (4, 8) "}}", 8);
  write_file (folder, "two", "{'c':{" ONE AT (0, 4) "}}", 4);
  write_file (folder, "same", "{'a':{" ONE AT (0, 4) "},'c':{" ONE AT (4, 8) "}}", 8);
  write_index (folder, bad->index);
  assert_refused (folder, bad->code, bad->words);
}

static void
test_too_many_shards (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GString) index = g_string_new ("{'weight_map':{'t':'s'");

  for (guint i = 0; i < 5000; i++)
    g_string_append_printf (index, ",'t%u':'s%u'", i, i);
  g_string_append (index, "}}");
  write_index (folder, index->str);
  assert_refused (folder, L4_ERROR_FORMAT, "5001 files");
}

static void
test_nothing_there (void)
{
  g_autoptr (Folder) folder = folder_new ();

  assert_refused (folder, L4_ERROR_NOT_FOUND, SINGLE "|" INDEX);
  g_free (folder_write (folder, "consolidated.00.pth", "", 0));
  assert_refused (folder, L4_ERROR_UNSUPPORTED, "no safetensors|consolidated.00.pth");
  g_free (folder_write (folder, "scout-00001-of-00002.gguf", "", 0));
  assert_refused (folder, L4_ERROR_NOT_FOUND, "GGUF files|must be named");
}

static void
test_folder_as_file (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, SINGLE, NULL);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  assert_refused (folder, L4_ERROR_IO, "not a regular file");
}

static void
test_fifo (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, SINGLE, NULL);

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_refused (folder, L4_ERROR_IO, "not a regular file");
}

static guint
count_open_files (void)
{
  g_autoptr (GDir) files = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (files) != NULL)
    n++;
  return n;
}

static void
test_failures_close_files (void)
{
  guint before = count_open_files ();

  for (gsize i = 0; i < G_N_ELEMENTS (bad_headers); i++)
    test_bad_header (&bad_headers[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (bad_indexes); i++)
    test_bad_index (&bad_indexes[i]);
  g_assert_cmpuint (count_open_files (), ==, before);
}

/* Damage ------------------------------------------------------------------------------------------------------------------- */

/* Whatever opens must be readable to its last element. */
static void
assert_error_or_readable (const Folder *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (folder, NULL, &error);

  if (checkpoint == NULL) {
    g_assert_nonnull (error);
    return;
  }
  g_assert_no_error (error);
  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);
    g_autofree float *values = g_new (float, tensor->n_elements);

    g_assert_cmpuint (tensor->n_elements, <=, TINY_DATA);
    if (tensor->type != L4_TYPE_OTHER)
      g_assert_true (l4_checkpoint_read_float (checkpoint, tensor, 0, tensor->n_elements, values, &error));
    g_assert_no_error (error);
  }
}

static void
test_every_prefix (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GByteArray) file = make_file (TINY, TINY_DATA);

  for (gsize length = 0; length < file->len; length++) {
    g_autofree char *path = folder_write (folder, SINGLE, file->data, length);

    assert_refused (folder, L4_ERROR_FORMAT, SINGLE);
  }
}

static void
test_every_byte_damaged (void)
{
  static const guint8 damage[] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff };
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GByteArray) file = make_file (TINY, TINY_DATA);

  for (gsize at = 0; at < file->len - TINY_DATA; at++) {
    for (gsize i = 0; i < G_N_ELEMENTS (damage); i++) {
      g_autofree char *path = NULL;

      file->data[at] ^= damage[i];
      path = folder_write (folder, SINGLE, file->data, file->len);
      assert_error_or_readable (folder);
      file->data[at] ^= damage[i];
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (bad_headers); i++) {
    g_autofree char *path = g_strdup_printf ("/checkpoint/refuses/%s", bad_headers[i].name);

    g_test_add_data_func (path, &bad_headers[i], test_bad_header);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (bad_indexes); i++) {
    g_autofree char *path = g_strdup_printf ("/checkpoint/index/refuses/%s", bad_indexes[i].name);

    g_test_add_data_func (path, &bad_indexes[i], test_bad_index);
  }
  g_test_add_func ("/checkpoint/refuses/an-empty-file", test_empty_file);
  g_test_add_func ("/checkpoint/refuses/a-length-cut-short", test_cut_length);
  g_test_add_func ("/checkpoint/refuses/a-header-of-no-bytes", test_zero_length);
  g_test_add_func ("/checkpoint/refuses/a-header-cut-short", test_cut_header);
  g_test_add_func ("/checkpoint/refuses/a-length-of-2^64-1", test_length_of_2_64);
  g_test_add_func ("/checkpoint/refuses/a-header-above-100-mb", test_header_above_the_limit);
  g_test_add_func ("/checkpoint/refuses/a-name-of-100-kb", test_long_name);
  g_test_add_data_func ("/checkpoint/refuses/250000-open-brackets", "[", test_deep_nesting);
  g_test_add_data_func ("/checkpoint/refuses/130000-open-braces", "{'a':", test_deep_nesting);
  g_test_add_func ("/checkpoint/refuses/250000-nested-arrays", test_deep_nesting_closed);
  g_test_add_func ("/checkpoint/dense-headers-need-little-memory", test_dense_headers_need_little_memory);
  g_test_add_func ("/checkpoint/many-tensors-need-little-memory", test_many_tensors_need_little_memory);
  g_test_add_func ("/checkpoint/refuses/a-folder-without-checkpoint", test_nothing_there);
  g_test_add_func ("/checkpoint/refuses/a-folder-in-place-of-the-file", test_folder_as_file);
  g_test_add_func ("/checkpoint/refuses/a-fifo-without-waiting", test_fifo);
  g_test_add_func ("/checkpoint/index/refuses/5001-shards", test_too_many_shards);
  g_test_add_func ("/checkpoint/failures-close-every-file", test_failures_close_files);
  g_test_add_func ("/checkpoint/every-prefix-is-refused", test_every_prefix);
  g_test_add_func ("/checkpoint/every-damaged-header-byte-is-refused-or-harmless", test_every_byte_damaged);
  return g_test_run ();
}
