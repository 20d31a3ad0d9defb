/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checkpoints: what is read from good files, and that no bad file is taken. */

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/checkpoint.h"
#include "support/folder.h"

#define SINGLE "model.safetensors"
#define INDEX "model.safetensors.index.json"

/* Files ---------------------------------------------------------------------------------------------------------------- */

/* A safetensors file of this header (' for ") and n_data bytes 0, 1, 2, … */
static GByteArray *
make_file (const char *header, gsize n_data)
{
  g_autofree char *text = json_from (header);
  guint64 length = GUINT64_TO_LE (strlen (text));
  GByteArray *file = g_byte_array_new ();

  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) text, strlen (text));
  for (gsize i = 0; i < n_data; i++)
    g_byte_array_append (file, &(guint8) { (guint8) i }, 1);
  return file;
}

static void
write_file (const Folder *folder, const char *name, const char *header, gsize n_data)
{
  g_autoptr (GByteArray) file = make_file (header, n_data);
  g_autofree char *path = folder_write (folder, name, file->data, file->len);
}

static void
write_index (const Folder *folder, const char *text)
{
  g_autofree char *json = json_from (text);
  g_autofree char *path = folder_write (folder, INDEX, json, -1);
}

static L4Checkpoint *
open_good (const Folder *folder)
{
  g_autoptr (GError) error = NULL;
  L4Checkpoint *checkpoint = l4_checkpoint_open (folder, &error);

  g_assert_no_error (error);
  g_assert_nonnull (checkpoint);
  return checkpoint;
}

/* Opening must fail with that code and a single line that holds every one of the words. */
static void
assert_refused (const Folder *folder, L4Error code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (folder, &error);
  g_auto (GStrv) each = g_strsplit (words, "|", -1);

  g_assert_null (checkpoint);
  g_assert_error (error, L4_ERROR, code);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strchr (error->message, '\n'));
  g_assert_cmpuint (strlen (error->message), <, 1500);
  g_assert_nonnull (strstr (error->message, folder));
  for (guint i = 0; each[i] != NULL; i++)
    if (strstr (error->message, each[i]) == NULL)
      g_error ("\"%s\" does not say \"%s\"", error->message, each[i]);
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

#define AT(begin, end) "'data_offsets':[" #begin "," #end "]"
#define ONE "'dtype':'U8','shape':[4],"

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

/* Half a million brackets: a reader that calls itself would leave its stack. */
static void
test_deep_nesting (gconstpointer open)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GString) header = g_string_new ("{'a':");

  for (guint i = 0; i < 500000; i++)
    g_string_append (header, open);
  write_file (folder, SINGLE, header->str, 0);
  assert_refused (folder, L4_ERROR_FORMAT, "not JSON");
}

static void
test_deep_nesting_closed (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *open = g_strnfill (500000, '[');
  g_autofree char *close = g_strnfill (500000, ']');
  g_autofree char *header = g_strdup_printf ("{'a':%s%s}", open, close);

  write_file (folder, SINGLE, header, 0);
  assert_refused (folder, L4_ERROR_FORMAT, "a is an array of 1");
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

/* 4 floats, 2 halves, a scalar, 3 bytes. */
#define TINY "{'__metadata__':{'format':'pt'},'a':{'dtype':'F32','shape':[2,2]," AT (0, 16) "},'b':{'dtype':'F16','shape':[2]," \
  AT (16, 20) "},'c':{'dtype':'BF16','shape':[]," AT (20, 22) "},'d':{'dtype':'U8','shape':[3,1]," AT (22, 25) "}}"
#define TINY_DATA 25

/* Whatever opens must be readable to its last element. */
static void
assert_error_or_readable (const Folder *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (folder, &error);

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

/* Good files ---------------------------------------------------------------------------------------------------------------- */

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

  write_file (folder, SINGLE, "{'w':{'dtype':'F8_E4M3','shape':[2,2]," AT (0, 4) "},'i':{'dtype':'I64','shape':[1]," AT (4, 12)
      "},'n':{'dtype':'F4','shape':[4]," AT (12, 14) "}}", 14);
  checkpoint = open_good (folder);
  tensor = l4_checkpoint_find (checkpoint, "w");
  g_assert_cmpint (tensor->type, ==, L4_TYPE_OTHER);
  g_assert_cmpstr (tensor->dtype, ==, "F8_E4M3");
  g_assert_cmpuint (l4_checkpoint_find (checkpoint, "n")->bytes, ==, 2);
  g_assert_false (l4_checkpoint_read_float (checkpoint, tensor, 0, 1, out, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "\"w\" has the type F8_E4M3"));
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
  g_test_add_data_func ("/checkpoint/refuses/500000-open-brackets", "[", test_deep_nesting);
  g_test_add_data_func ("/checkpoint/refuses/500000-open-braces", "{'a':", test_deep_nesting);
  g_test_add_func ("/checkpoint/refuses/500000-nested-arrays", test_deep_nesting_closed);
  g_test_add_func ("/checkpoint/refuses/a-folder-without-checkpoint", test_nothing_there);
  g_test_add_func ("/checkpoint/refuses/a-folder-in-place-of-the-file", test_folder_as_file);
  g_test_add_func ("/checkpoint/refuses/a-fifo-without-waiting", test_fifo);
  g_test_add_func ("/checkpoint/index/refuses/5001-shards", test_too_many_shards);
  g_test_add_func ("/checkpoint/failures-close-every-file", test_failures_close_files);
  g_test_add_func ("/checkpoint/every-prefix-is-refused", test_every_prefix);
  g_test_add_func ("/checkpoint/every-damaged-header-byte-is-refused-or-harmless", test_every_byte_damaged);
  g_test_add_func ("/checkpoint/reads-each-type-exactly", test_values);
  g_test_add_func ("/checkpoint/reads-long-tensors-in-parts", test_long_tensor);
  g_test_add_func ("/checkpoint/reads-stay-inside-the-tensor", test_reads_stay_inside);
  g_test_add_func ("/checkpoint/other-types-are-listed-but-not-read", test_other_types);
  g_test_add_func ("/checkpoint/expect-names-what-differs", test_expect);
  g_test_add_func ("/checkpoint/empty-tensors-are-fine", test_empty_tensors);
  g_test_add_func ("/checkpoint/a-file-without-tensors-is-fine", test_file_without_tensors);
  g_test_add_func ("/checkpoint/a-file-that-shrank-is-an-error", test_shrunk_file);
  g_test_add_func ("/checkpoint/tensors-may-pass-4-gib", test_tensor_beyond_4_gib);
  g_test_add_func ("/checkpoint/index/fifty-shards-are-one-checkpoint", test_fifty_shards);
  g_test_add_func ("/checkpoint/index/a-single-file-comes-first", test_single_file_comes_first);
  g_test_add_func ("/checkpoint/digest-follows-name-type-shape-and-place", test_digest);
  return g_test_run ();
}
