/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights in several tensors, as published folders have them, against what the packages that write them read there. */

#define _GNU_SOURCE             /* memmem, syscall */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "blocks/load.h"
#include "files/npy.h"
#include "support/safetensors.h"

/* Bytes of a file that will be read, as was said: how many, from where on, up to where, and how many at once at most. */
static struct
{
  gint64 n, first, end, most;
} wished;

/* In the place of the C library's. */
int
posix_fadvise (int fd, off_t offset, off_t n, int advice)
{
  if (advice == POSIX_FADV_WILLNEED) {
    wished.first = wished.n == 0 ? offset : MIN (wished.first, offset);
    wished.end = MAX (wished.end, offset + n);
    wished.most = MAX (wished.most, n);
    wished.n += n;
  }
  return syscall (SYS_fadvise64, fd, offset, n, advice) == 0 ? 0 : errno;
}

static const struct
{
  const char *folder;
  L4Type type;
} goldens[] = {
  {"compressed-symmetric", L4_TYPE_INT4_128}, {"compressed-asymmetric", L4_TYPE_INT4_128}, {"compressed-rows", L4_TYPE_INT4_128},
  {"gptq-symmetric", L4_TYPE_INT4_128}, {"gptq-v1", L4_TYPE_INT4_128}, {"gptq-v2", L4_TYPE_INT4_128}, {"block-fp8", L4_TYPE_F8_128},
  {"block-fp8-inverse", L4_TYPE_F8_128}, {"compressed-32", L4_TYPE_INT4_32}, {"compressed-96", L4_TYPE_INT4_32}, {"gptq-32", L4_TYPE_INT4_32},
  {"gptq-64", L4_TYPE_INT4_32},
};

/* A golden folder, its only weight and what that is. */
typedef struct
{
  L4Checkpoint *checkpoint;
  const L4Tensor *tensor;
  L4Npy expected;
} Golden;

static void
golden_clear (Golden *self)
{
  l4_checkpoint_free (self->checkpoint);
  l4_npy_clear (&self->expected);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Golden, golden_clear)

static void
golden_open (const char *folder, Golden *self)
{
  g_autofree char *weights = g_build_filename (folder, "weights.npy", NULL);
  g_autoptr (GError) error = NULL;

  l4_npy_load (weights, &self->expected, &error);
  g_assert_no_error (error);
  self->checkpoint = open_good (folder);
  self->tensor = l4_checkpoint_expect (self->checkpoint, "w.weight", 2, self->expected.dims, &error);
  g_assert_no_error (error);
}

static void
golden_open_there (guint index, Golden *self)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "packed", goldens[index].folder, NULL);

  golden_open (folder, self);
}

static void
assert_golden (const Golden *golden)
{
  g_autofree float *weights = g_new (float, golden->tensor->n_elements);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (golden->tensor->n_elements, ==, golden->expected.n_elements);
  g_assert_cmpuint (l4_checkpoint_get_n_tensors (golden->checkpoint), ==, 1);   /* the parts are none */
  l4_checkpoint_read_float (golden->checkpoint, golden->tensor, 0, golden->tensor->n_elements, weights, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < golden->tensor->n_elements; i++)
    g_assert_cmpfloat (weights[i], ==, ((const float *) golden->expected.data)[i]);
}

static void
test_weights_are_those_of_the_package (gconstpointer data)
{
  g_auto (Golden) golden = { 0 };
  const guint index = GPOINTER_TO_UINT (data);

  golden_open_there (index, &golden);
  g_assert_cmpint (golden.tensor->type, ==, goldens[index].type);
  assert_golden (&golden);
}

/* A golden folder in one of its own, with other settings of how it was quantised. */
static Folder *
copy_golden (const char *name, const char *settings)
{
  static const char *const files[] = { "config.json", SINGLE, "weights.npy" };
  Folder *self = folder_new ();

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *source = g_test_build_filename (G_TEST_DIST, "golden", "packed", name, files[i], NULL), *bytes = NULL;
    gsize length;

    g_assert_true (g_file_get_contents (source, &bytes, &length, NULL));
    g_free (folder_write (self, files[i], bytes, (gssize) length));
  }
  if (settings != NULL) {
    g_autofree char *config = g_strconcat ("{'model_type':'llama4','quantization_config':{", settings, "}}", NULL), *json = json_from (config);

    g_free (folder_write (self, "config.json", json, -1));
  }
  return self;
}

static char *
sample_of (const char *folder)
{
  g_autoptr (L4Checkpoint) checkpoint = open_good (folder);

  return l4_checkpoint_sample (checkpoint);
}

/* Any run of blocks is the same as read with all others. */
static void
test_blocks_are_the_same_wherever_reading_begins (gconstpointer data)
{
  g_auto (Golden) golden = { 0 };
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  g_autofree guint8 *all = NULL, *some = NULL;
  gsize block, n;

  golden_open_there (GPOINTER_TO_UINT (data), &golden);
  block = l4_type_info (golden.tensor->type)->block_bytes;
  n = golden.tensor->bytes / block;
  all = g_malloc (golden.tensor->bytes);
  some = g_malloc (golden.tensor->bytes);
  g_assert_true (l4_checkpoint_read (golden.checkpoint, golden.tensor, 0, golden.tensor->bytes, all, NULL));
  for (guint i = 0; i < 200; i++) {
    gsize first = (gsize) g_rand_int_range (random, 0, (gint32) n), count = (gsize) g_rand_int_range (random, 0, (gint32) (n - first) + 1);

    g_assert_true (l4_checkpoint_read (golden.checkpoint, golden.tensor, first * block, count * block, some, NULL));
    g_assert_cmpmem (some, count * block, all + first * block, count * block);
  }
}

/* One bit of each is another. */
static void
test_a_sample_is_of_every_part (gconstpointer data)
{
  static const char *const endings[] = { ".weight_packed", ".qweight", ".weight", ".weight_scale", ".weight_scale_inv", ".scales", ".qzeros",
    ".weight_zero_point"
  };
  const char *name = goldens[GPOINTER_TO_UINT (data)].folder;
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "packed", name, NULL);
  g_autoptr (Folder) copy = copy_golden (name, NULL);
  g_autofree char *file = g_build_filename (copy, SINGLE, NULL), *sample = sample_of (folder), *same = sample_of (copy), *bytes = NULL;
  guint n_changed = 0;
  gsize length;

  g_assert_cmpstr (sample, ==, same);
  g_assert_true (g_file_get_contents (file, &bytes, &length, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++) {
    g_autofree char *key = g_strdup_printf ("\"w%s\"", endings[i]), *other = NULL;
    gsize at = 8 + l4_load_u32 ((const guint8 *) bytes);
    const char *entry = memmem (bytes, at, key, strlen (key)), *offsets = entry != NULL ? strstr (entry, "\"data_offsets\"") : NULL;

    if (offsets == NULL || (g_str_equal (name, "gptq-symmetric") && g_str_equal (endings[i], ".qzeros")))      /* which do not count there */
      continue;
    at += g_ascii_strtoull (strchr (offsets, '[') + 1, NULL, 10);
    bytes[at] ^= 1;
    g_free (folder_write (copy, SINGLE, bytes, (gssize) length));
    other = sample_of (copy);
    g_assert_cmpstr (other, !=, sample);
    bytes[at] ^= 1;
    n_changed++;
  }
  g_assert_cmpuint (n_changed, >=, 2);
}

/* What integers are, is not said: then they have zeros if zeros are there. */
static void
test_tensors_tell_what_settings_do_not (void)
{
  static const char *const groups[] = { "", ",'config_groups':{}", ",'config_groups':null", ",'config_groups':{'g':{'format':'float-quantized',"
        "'weights':{'num_bits':8,'type':'float'}}}" };
  static const char *const names[] = { "compressed-symmetric", "compressed-asymmetric" };

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    for (guint n = 0; n < G_N_ELEMENTS (names); n++) {
      g_autofree char *settings = g_strconcat ("'quant_method':'compressed-tensors','format':'pack-quantized'", groups[i], NULL);
      g_autoptr (Folder) copy = copy_golden (names[n], settings);
      g_auto (Golden) golden = { 0 };

      golden_open (copy, &golden);
      assert_golden (&golden);
    }
}

/* Broken folders --------------------------------------------------------------------------------------------------------- */

#define SYMMETRIC "'quant_method':'compressed-tensors','format':'pack-quantized','config_groups':{'g':{'weights':{'num_bits':4,'type':" \
  "'int','symmetric':true}}}"
#define ASYMMETRIC "'quant_method':'compressed-tensors','format':'pack-quantized','config_groups':{'g':{'weights':{'num_bits':4,'type':" \
  "'int','symmetric':false}}}"
#define GPTQ "'quant_method':'gptq','bits':4,'sym':false"
#define FP8 "'quant_method':'fp8','weight_block_size':[128,128]"
#define CODES "'w.weight_packed':{'dtype':'I32','shape':[2,32]," AT (0, 256) "}"
#define SCALES "'w.weight_scale':{'dtype':'BF16','shape':[2,2]," AT (256, 264) "}"
#define QWEIGHT "'w.qweight':{'dtype':'I32','shape':[32,2]," AT (0, 256) "}"
#define QSCALES "'w.scales':{'dtype':'F16','shape':[2,2]," AT (256, 264) "}"
#define QZEROS "'w.qzeros':{'dtype':'I32','shape':[2,1]," AT (264, 272) "}"

/* Parts of "w", whose bytes are 0, 1, 2, …, and what is wrong with them. */
static const struct
{
  const char *name, *settings, *header;
  gsize n_data;
  const char *words;
} broken[] = {
  {"no-scales", SYMMETRIC, CODES, 256, "w.weight_scale|missing"},
  {"no-zeros", ASYMMETRIC, CODES "," SCALES, 264, "w.weight_zero_point|missing"},
  {"scales-for-other-rows", SYMMETRIC, CODES ",'w.weight_scale':{'dtype':'BF16','shape':[3,2]," AT (256, 268) "}", 268,
      "w.weight_scale|[3, 2]|[2, 2]|w.weight_packed"},
  {"scales-of-32-bits", SYMMETRIC, CODES ",'w.weight_scale':{'dtype':'F32','shape':[2,2]," AT (256, 272) "}", 272,
      "w.weight_scale|F32|F16 or BF16 [2, 2]"},
  {"scales-in-a-row", SYMMETRIC, CODES ",'w.weight_scale':{'dtype':'BF16','shape':[4]," AT (256, 264) "}", 264, "w.weight_scale|[4]|F16 or BF16"},
  {"groups-of-16", SYMMETRIC, CODES ",'w.weight_scale':{'dtype':'BF16','shape':[2,16]," AT (256, 320) "}", 320,
      "w.weight_packed|256 columns in 16 groups|32"},
  {"groups-that-do-not-divide", SYMMETRIC, CODES ",'w.weight_scale':{'dtype':'BF16','shape':[2,3]," AT (256, 268) "}", 268,
      "w.weight_packed|256 columns in 3 groups"},
  {"no-groups", SYMMETRIC, CODES ",'w.weight_scale':{'dtype':'BF16','shape':[2,0]," AT (256, 256) "}", 256, "in 0 groups"},
  {"no-codes", SYMMETRIC, "'w.weight_packed':{'dtype':'I32','shape':[0,32]," AT (0, 0) "}", 0, "w.weight_packed|[0, 32]"},
  {"codes-that-are-bytes", SYMMETRIC, "'w.weight_packed':{'dtype':'U8','shape':[2,128]," AT (0, 256) "}," SCALES, 264,
      "w.weight_packed|U8"},
  {"codes-in-three-dimensions", SYMMETRIC, "'w.weight_packed':{'dtype':'I32','shape':[1,2,32]," AT (0, 256) "}," SCALES, 264,
      "w.weight_packed|[1, 2, 32]"},
  {"another-shape-said", SYMMETRIC, CODES "," SCALES ",'w.weight_shape':{'dtype':'I64','shape':[2]," AT (264, 280) "}", 280,
      "w.weight_shape|2 by 256"},
  {"a-shape-of-three", SYMMETRIC, CODES "," SCALES ",'w.weight_shape':{'dtype':'I64','shape':[3]," AT (264, 288) "}", 288,
      "w.weight_shape|[3]|[2]"},
  {"zeros-for-other-rows", ASYMMETRIC, CODES "," SCALES ",'w.weight_zero_point':{'dtype':'I32','shape':[2,2]," AT (264, 280) "}", 280,
      "w.weight_zero_point|[2, 2]|[1, 2]"},
  {"a-whole-weight-beside-it", SYMMETRIC, CODES "," SCALES ",'w.weight':{'dtype':'F32','shape':[1]," AT (264, 268) "}", 268,
      "w.weight|twice"},
  {"a-short-order", SYMMETRIC, CODES "," SCALES ",'w.weight_g_idx':{'dtype':'I32','shape':[2]," AT (264, 272) "}", 272,
      "w.weight_g_idx|[2]|I32 [256]"},
  {"gptq-without-scales", GPTQ, QWEIGHT, 256, "w.scales|missing"},
  {"gptq-without-zeros", GPTQ, QWEIGHT "," QSCALES, 264, "w.qzeros|missing"},
  {"gptq-zeros-of-another-shape", GPTQ, QWEIGHT "," QSCALES ",'w.qzeros':{'dtype':'I32','shape':[1,2]," AT (264, 272) "}", 272,
      "w.qzeros|[1, 2]|[2, 1]"},
  {"gptq-of-8-bits", GPTQ, "'w.qweight':{'dtype':'I32','shape':[64,2]," AT (0, 512) "},'w.scales':{'dtype':'F16','shape':[2,2],"
      AT (512, 520) "},'w.qzeros':{'dtype':'I32','shape':[2,1]," AT (520, 528) "},'w.g_idx':{'dtype':'I32','shape':[256]," AT (528, 1552)
      "}", 1552, "w.g_idx|[256]|[512]"},
  {"squares-that-do-not-cover", FP8, "'w.weight':{'dtype':'F8_E4M3','shape':[130,128]," AT (0, 16640) "},'w.weight_scale_inv':{'dtype':"
      "'F32','shape':[1,2]," AT (16640, 16648) "}", 16648, "w.weight_scale_inv|[1, 2]|[2, 1]"},
  {"squares-of-whole-numbers", FP8, "'w.weight':{'dtype':'F8_E4M3','shape':[130,128]," AT (0, 16640) "},'w.weight_scale_inv':{'dtype':"
      "'I32','shape':[2,1]," AT (16640, 16648) "}", 16648, "w.weight_scale_inv|I32|F32, F16 or BF16 [2, 1]"},
  {"squares-that-are-cut", FP8, "'w.weight':{'dtype':'F8_E4M3','shape':[2,130]," AT (0, 260) "},'w.weight_scale_inv':{'dtype':'F32',"
      "'shape':[1,2]," AT (260, 268) "}", 268, "w.weight|130|128"},
};

static void
write_folder (const Folder *folder, const char *settings, const char *header, gsize n_data)
{
  g_autofree char *config = g_strconcat ("{'model_type':'llama4','quantization_config':{", settings, "}}", NULL), *json = json_from (config);
  g_autofree char *path = folder_write (folder, "config.json", json, -1), *whole = g_strconcat ("{", header, "}", NULL);

  write_file (folder, SINGLE, whole, n_data);
}

static void
test_what_is_wrong_with_parts_is_named (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    g_autoptr (Folder) folder = folder_new ();
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", broken[i].name);
    write_folder (folder, broken[i].settings, broken[i].header, broken[i].n_data);
    g_assert_null (l4_checkpoint_open (folder, NULL, &error));
    assert_says (error, broken[i].words);
    assert_says (error, SINGLE);
  }
}

/* Reading all of "w" of such a folder, whose bytes from there on are those; what it says. */
static void
assert_unreadable (const char *settings, const char *header, gsize n_data, gsize place, const guint8 *bytes, gsize n_bytes, const char *words)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, SINGLE, NULL), *data = NULL;
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (GError) error = NULL;
  float weights[2 * 256];
  gsize length;

  write_folder (folder, settings, header, n_data);
  g_assert_true (g_file_get_contents (path, &data, &length, NULL));
  memcpy (data + length - n_data + place, bytes, n_bytes);
  g_free (folder_write (folder, SINGLE, data, (gssize) length));
  checkpoint = open_good (folder);
  g_assert_false (l4_checkpoint_read_float (checkpoint, l4_checkpoint_find (checkpoint, "w.weight"), 0, G_N_ELEMENTS (weights), weights, &error));
  assert_says (error, words);
}

static void
test_scales_that_are_no_numbers_are_named (void)
{
  static const guint8 nan[] = { 0xc0, 0x7f }, infinite[] = { 0x00, 0xfc }, wide[] = { 0x00, 0x00, 0x80, 0x7f };

  assert_unreadable (SYMMETRIC, CODES "," SCALES, 264, 262, nan, sizeof nan, SINGLE "|w.weight_scale|no number");
  assert_unreadable (GPTQ, QWEIGHT "," QSCALES "," QZEROS, 272, 262, infinite, sizeof infinite, SINGLE "|w.scales|no number");
  assert_unreadable (FP8, "'w.weight':{'dtype':'F8_E4M3','shape':[2,256]," AT (0, 512) "},'w.weight_scale_inv':{'dtype':'F32','shape':[1,2],"
      AT (512, 520) "}", 520, 516, wide, sizeof wide, SINGLE "|w.weight_scale_inv|no number");
}

static void
test_columns_in_the_order_of_activations_are_refused (void)
{
  guint8 order[256 * 4] = { 0 };

  for (guint c = 0; c < 256; c++)
    order[4 * c] = c % 2;
  assert_unreadable (GPTQ, QWEIGHT "," QSCALES "," QZEROS ",'w.g_idx':{'dtype':'I32','shape':[256]," AT (272, 1296) "}", 1296, 272, order,
      sizeof order, SINGLE "|w.g_idx|column 1 into group 1|desc_act|llama4 convert");
}

/* What was cut off after the folder was opened. */
static void
test_a_file_that_shrank_is_an_error (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, SINGLE, NULL);
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (GError) error = NULL;
  float weights[2 * 256];

  write_folder (folder, SYMMETRIC, CODES "," SCALES, 264);
  checkpoint = open_good (folder);
  g_assert_cmpint (truncate (path, 100), ==, 0);
  g_assert_false (l4_checkpoint_read_float (checkpoint, l4_checkpoint_find (checkpoint, "w.weight"), 0, G_N_ELEMENTS (weights), weights, &error));
  assert_says (error, SINGLE);
}

/* Linux reads no more of a longer wish than its first 128 KiB. */
static void
test_codes_that_lie_apart_are_wished_for_in_small_pieces (void)
{
  const gint64 n_codes = 32 * 2504 * 4, n_scales = 2 * 2504 * 2, n_zeros = 2 * 313 * 4;
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *header = g_strdup_printf ("'w.qweight':{'dtype':'I32','shape':[32,2504],'data_offsets':[0,%" PRId64 "]},"
      "'w.scales':{'dtype':'F16','shape':[2,2504],'data_offsets':[%" PRId64 ",%" PRId64 "]},"
      "'w.qzeros':{'dtype':'I32','shape':[2,313],'data_offsets':[%" PRId64 ",%" PRId64 "]}", n_codes, n_codes, n_codes + n_scales,
      n_codes + n_scales, n_codes + n_scales + n_zeros);
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (GError) error = NULL;
  const L4Tensor *tensor;
  guint8 block[256];

  write_folder (folder, GPTQ, header, (gsize) (n_codes + n_scales + n_zeros));
  checkpoint = open_good (folder);
  tensor = l4_checkpoint_find (checkpoint, "w.weight");
  memset (&wished, 0, sizeof wished);
  l4_checkpoint_read (checkpoint, tensor, 0, l4_type_info (tensor->type)->block_bytes, block, &error);
  g_assert_no_error (error);
  g_assert_cmpint (wished.most, <=, 128 << 10);
  g_assert_cmpint (wished.n, ==, n_codes);
  g_assert_cmpint (wished.first, ==, (gint64) l4_checkpoint_get_part (tensor, 0)->offset);
  g_assert_cmpint (wished.end, ==, wished.first + n_codes);
}

/* Codes without settings that say what they are, stay what they are. */
static void
test_parts_without_settings_are_tensors (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = NULL;

  write_file (folder, SINGLE, "{" CODES "," SCALES "}", 264);
  checkpoint = open_good (folder);
  g_assert_null (l4_checkpoint_find (checkpoint, "w.weight"));
  g_assert_nonnull (l4_checkpoint_find (checkpoint, "w.weight_packed"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (goldens); i++) {
    g_autofree char *weights = g_strconcat ("/packed/weights-are-those-of-the-package/", goldens[i].folder, NULL);
    g_autofree char *sample = g_strconcat ("/packed/a-sample-is-of-every-part/", goldens[i].folder, NULL);
    g_autofree char *blocks = g_strconcat ("/packed/blocks-are-the-same-wherever-reading-begins/", goldens[i].folder, NULL);

    g_test_add_data_func (weights, GUINT_TO_POINTER (i), test_weights_are_those_of_the_package);
    g_test_add_data_func (blocks, GUINT_TO_POINTER (i), test_blocks_are_the_same_wherever_reading_begins);
    g_test_add_data_func (sample, GUINT_TO_POINTER (i), test_a_sample_is_of_every_part);
  }
  g_test_add_func ("/packed/tensors-tell-what-settings-do-not", test_tensors_tell_what_settings_do_not);
  g_test_add_func ("/packed/what-is-wrong-with-parts-is-named", test_what_is_wrong_with_parts_is_named);
  g_test_add_func ("/packed/scales-that-are-no-numbers-are-named", test_scales_that_are_no_numbers_are_named);
  g_test_add_func ("/packed/columns-in-the-order-of-activations-are-refused", test_columns_in_the_order_of_activations_are_refused);
  g_test_add_func ("/packed/a-file-that-shrank-is-an-error", test_a_file_that_shrank_is_an_error);
  g_test_add_func ("/packed/codes-that-lie-apart-are-wished-for-in-small-pieces", test_codes_that_lie_apart_are_wished_for_in_small_pieces);
  g_test_add_func ("/packed/parts-without-settings-are-tensors", test_parts_without_settings_are_tensors);
  return g_test_run ();
}
