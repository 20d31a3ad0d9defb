/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GGUF files that lie: each is refused with the right code, in bounded memory. */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "support/allocations.h"
#include "support/gguf.h"

#define ARCH STR ("general.architecture", "llama4")
#define KEYS(n) "'GGUF' 3:4 0:8 " #n ":8 " ARCH
#define ONE_TENSOR "'GGUF' 3:4 1:8 1:8 " ARCH
#define TWO_TENSORS "'GGUF' 3:4 2:8 1:8 " ARCH
#define MAX_MEMORY(size) (16 * 1024 * 1024 + 4 * (gsize) (size))

typedef struct
{
  const char *name;
  const char *words;
  L4Error code;
  const char *says;
} Case;

static const Case cases[] = {
  /* The beginning. */
  {"an-empty-file", "", L4_ERROR_FORMAT, "ends inside the magic|4 bytes"},
  {"another-magic", "'GGML' 3:4 0:8 0:8", L4_ERROR_UNSUPPORTED, "neither a Hugging Face folder nor a GGUF file"},
  {"json", "'{\"a\":1}' *40", L4_ERROR_UNSUPPORTED, "neither"},
  {"only-the-magic", "'GGUF'", L4_ERROR_FORMAT, "inside the version"},
  {"version-0", "'GGUF' 0:4 0:8 0:8", L4_ERROR_UNSUPPORTED, "version 0"},
  {"version-1", "'GGUF' 1:4 0:4 0:4", L4_ERROR_UNSUPPORTED, "version 1"},
  {"version-4", "'GGUF' 4:4 0:8 0:8", L4_ERROR_UNSUPPORTED, "version 4"},
  {"big-endian", "'GGUF' 0x03000000:4 0:8 0:8", L4_ERROR_UNSUPPORTED, "big-endian"},
  {"counts-cut-short", "'GGUF' 3:4 0:8 0:4", L4_ERROR_FORMAT, "ends inside the number of keys"},
  {"a-negative-number-of-tensors", "'GGUF' 3:4 -1:8 0:8", L4_ERROR_FORMAT, "number of tensors is 18446744073709551615"},
  {"more-tensors-than-fit", "'GGUF' 3:4 100:8 0:8 *1000", L4_ERROR_FORMAT, "number of tensors is 100|can hold 30"},
  {"more-tensors-than-any-model", "'GGUF' 3:4 32769:8 0:8 *3000000", L4_ERROR_FORMAT, "number of tensors is 32769|32768"},
  {"a-negative-number-of-keys", "'GGUF' 3:4 0:8 -1:8", L4_ERROR_FORMAT, "number of keys is 18446744073709551615"},
  {"a-number-of-keys-whose-product-wraps", "'GGUF' 3:4 0:8 0x2492492492492493:8 *100", L4_ERROR_FORMAT, "number of keys is"},
  {"more-keys-than-fit", "'GGUF' 3:4 0:8 50:8 *100", L4_ERROR_FORMAT, "number of keys is 50|can hold 7"},
  /* Keys. */
  {"an-empty-key", KEYS (2) U8 ("", 1), L4_ERROR_FORMAT, "name of a key|0 bytes, not 1 to 256"},
  {"a-key-of-2^64-1-bytes", KEYS (2) "-1:8 *32", L4_ERROR_FORMAT, "name of a key|18446744073709551615 bytes"},
  {"a-key-of-2^63-bytes", KEYS (2) "0x8000000000000000:8 *32", L4_ERROR_FORMAT, "name of a key|9223372036854775808"},
  {"a-key-of-257-bytes", KEYS (2) "257:8 *300", L4_ERROR_FORMAT, "name of a key|257 bytes"},
  {"a-key-longer-than-the-file", KEYS (2) "200:8 *20", L4_ERROR_FORMAT, "ends inside the name of a key"},
  {"a-key-with-a-line-end", KEYS (2) "3:8 97:1 10:1 98:1 0:4 1:1", L4_ERROR_FORMAT, "name of a key|no plain text"},
  {"a-key-with-a-nul", KEYS (2) "3:8 97:1 0:1 98:1 0:4 1:1", L4_ERROR_FORMAT, "name of a key|no plain text"},
  {"a-key-that-is-no-utf-8", KEYS (2) "2:8 0xc3:1 0x28:1 0:4 1:1", L4_ERROR_FORMAT, "name of a key|no plain text"},
  {"a-key-twice", KEYS (3) U8 ("k", 1) U8 ("k", 1), L4_ERROR_FORMAT, "the key k stands there twice"},
  {"the-architecture-twice", KEYS (2) ARCH, L4_ERROR_FORMAT, "general.architecture stands there twice"},
  {"a-key-without-type", KEYS (2) "<key-of-no-value> 0:2", L4_ERROR_FORMAT, "ends inside key-of-no-value"},
  /* Values. */
  {"a-value-of-type-13", KEYS (2) "<k> 13:4 0:8", L4_ERROR_FORMAT, "k has a value of the unknown type 13"},
  {"a-value-of-type-2^32-1", KEYS (2) "<k> -1:4 0:8", L4_ERROR_FORMAT, "unknown type 4294967295"},
  {"a-value-cut-short", KEYS (2) "<a-key-of-8> 10:4 0:7", L4_ERROR_FORMAT, "ends inside a-key-of-8"},
  {"a-truth-value-of-2", KEYS (2) BOOL ("k", 2), L4_ERROR_FORMAT, "k has the truth value 2"},
  {"a-string-of-2^64-1-bytes", KEYS (2) "<k> 8:4 -1:8", L4_ERROR_FORMAT, "k at byte|18446744073709551615"},
  {"a-string-of-5-mib", KEYS (2) "<k> 8:4 5242880:8 *5242880", L4_ERROR_FORMAT, "k at byte|5242880 bytes, not 0 to 4194304"},
  {"a-string-longer-than-the-file", KEYS (2) "<k> 8:4 1000:8 *20", L4_ERROR_FORMAT, "ends inside k: 1000 bytes"},
  {"an-array-of-arrays", KEYS (2) "<k> 9:4 9:4 1:8 0:4 1:8 1:1", L4_ERROR_FORMAT, "k is an array of arrays"},
  {"an-array-of-an-unknown-type", KEYS (2) "<k> 9:4 99:4 1:8 *8", L4_ERROR_FORMAT, "unknown type 99"},
  {"an-array-of-2^64-1-bytes", KEYS (2) "<k> 9:4 0:4 -1:8 *8", L4_ERROR_FORMAT, "k is 18446744073709551615|can hold 8"},
  {"an-array-whose-bytes-wrap", KEYS (2) "<k> 9:4 10:4 0x2000000000000001:8 *8",
      L4_ERROR_FORMAT, "k is 2305843009213693953"},
  {"an-array-of-2^62-strings", KEYS (2) "<k> 9:4 8:4 0x4000000000000000:8 *8", L4_ERROR_FORMAT, "k is 4611686018427387904"},
  {"an-array-longer-than-the-file", KEYS (2) "<k> 9:4 4:4 5:8 *16", L4_ERROR_FORMAT, "k is 5|16 bytes|can hold 4"},
  {"an-array-of-strings-cut-short", KEYS (2) "<k> 9:4 8:4 2:8 <ab> 9:8 *4", L4_ERROR_FORMAT, "ends inside k: 9 bytes"},
  {"an-array-of-truth-values-with-a-3", KEYS (2) "<k> 9:4 7:4 2:8 1:1 3:1", L4_ERROR_FORMAT, "truth value 3"},
  {"an-array-with-a-string-of-2^64-1-bytes", KEYS (2) "<k> 9:4 8:4 1:8 -1:8", L4_ERROR_FORMAT, "18446744073709551615"},
  /* Alignment. */
  {"an-alignment-of-0", KEYS (2) U32 ("general.alignment", 0), L4_ERROR_FORMAT, "general.alignment is 0|power of two"},
  {"an-alignment-of-3", KEYS (2) U32 ("general.alignment", 3), L4_ERROR_FORMAT, "general.alignment is 3"},
  {"an-alignment-of-1", KEYS (2) U32 ("general.alignment", 1), L4_ERROR_FORMAT, "general.alignment is 1"},
  {"an-alignment-of-2^31", KEYS (2) U32 ("general.alignment", 0x80000000),
      L4_ERROR_FORMAT, "general.alignment is 2147483648"},
  {"an-alignment-of-131072", KEYS (2) U32 ("general.alignment", 131072), L4_ERROR_FORMAT, "general.alignment is 131072"},
  {"an-alignment-of-64-bits", KEYS (2) U64 ("general.alignment", 32), L4_ERROR_FORMAT, "general.alignment is 32|32-bit"},
  {"an-alignment-in-words", KEYS (2) STR ("general.alignment", "32"), L4_ERROR_FORMAT, "general.alignment is \"32\""},
  {"two-alignments", KEYS (2) ARR ("general.alignment", 4, 1) "32:4 ",
      L4_ERROR_FORMAT, "general.alignment is an array of 1"},
  /* Tensors. */
  {"no-tensor-where-one-is-announced", ONE_TENSOR, L4_ERROR_FORMAT, "ends inside the name of a tensor"},
  {"a-tensor-without-name", ONE_TENSOR TENSOR1 ("", 4, 0, 0) "|32 *16", L4_ERROR_FORMAT, "name of a tensor|0 bytes"},
  {"a-tensor-name-of-300-bytes", ONE_TENSOR "300:8 *400", L4_ERROR_FORMAT, "name of a tensor|300 bytes"},
  {"a-tensor-name-with-an-escape", ONE_TENSOR "2:8 27:1 65:1 1:4 4:8 0:4 0:8 |32 *16", L4_ERROR_FORMAT, "no plain text"},
  {"a-tensor-of-no-dimensions", ONE_TENSOR "<a> 0:4 0:4 0:8 |32 *16", L4_ERROR_FORMAT, "\"a\" has 0 dimensions"},
  {"a-tensor-of-5-dimensions", ONE_TENSOR "<a> 5:4 1:8 1:8 1:8 1:8 1:8 0:4 0:8 |32 *16",
      L4_ERROR_FORMAT, "\"a\" has 5 dimensions"},
  {"a-tensor-of-2^32-1-dimensions", ONE_TENSOR "<a> -1:4 *64", L4_ERROR_FORMAT, "has 4294967295 dimensions"},
  {"a-dimension-of-0", ONE_TENSOR TENSOR2 ("a", 4, 0, 0, 0) "|32 *16", L4_ERROR_FORMAT, "\"a\" is 0 wide"},
  {"a-negative-dimension", ONE_TENSOR TENSOR1 ("a", -4, 0, 0) "|32 *16", L4_ERROR_FORMAT, "is 18446744073709551612 wide"},
  {"a-dimension-of-2^41", ONE_TENSOR TENSOR1 ("a", 2199023255552, 0, 0) "|32 *16", L4_ERROR_FORMAT, "is 2199023255552 wide"},
  {"elements-that-wrap", ONE_TENSOR TENSOR3 ("a", 0x10000000000, 0x10000000000, 2, 0, 0) "|32 *16", L4_ERROR_FORMAT,
      "more elements than can be counted"},
  {"bytes-that-wrap", ONE_TENSOR TENSOR2 ("a", 0x10000000000, 0x400000, 0, 0) "|32 *16", L4_ERROR_FORMAT,
      "more bytes than can be counted"},
  {"rows-of-no-whole-blocks", ONE_TENSOR TENSOR2 ("a", 16, 2, 2, 0) "|32 *40",
      L4_ERROR_FORMAT, "rows of 16 weights|blocks of 32|Q4_0"},
  {"rows-of-half-a-super-block", ONE_TENSOR TENSOR2 ("a", 128, 2, 12, 0) "|32 *144",
      L4_ERROR_FORMAT, "rows of 128|256|Q4_K"},
  {"the-type-q8-k", ONE_TENSOR TENSOR1 ("a", 256, 15, 0) "|32 *292", L4_ERROR_UNSUPPORTED, "\"a\" has the type Q8_K"},
  {"the-type-nvfp4", ONE_TENSOR TENSOR1 ("a", 256, 40, 0) "|32 *144", L4_ERROR_UNSUPPORTED, "has the type NVFP4"},
  {"the-removed-type-q4-0-4-4", ONE_TENSOR TENSOR1 ("a", 32, 31, 0) "|32 *18",
      L4_ERROR_UNSUPPORTED, "has the type Q4_0_4_4"},
  {"the-type-i32", ONE_TENSOR TENSOR1 ("a", 4, 26, 0) "|32 *16", L4_ERROR_UNSUPPORTED, "has the type I32"},
  {"the-type-12345", ONE_TENSOR TENSOR1 ("a", 4, 12345, 0) "|32 *16", L4_ERROR_UNSUPPORTED, "unknown type 12345"},
  {"the-type-2^32-1", ONE_TENSOR TENSOR1 ("a", 4, -1, 0) "|32 *16", L4_ERROR_UNSUPPORTED, "unknown type 4294967295"},
  {"a-tensor-cut-short", ONE_TENSOR "<a-tensor-of-name> 1:4 4:8 0:4 0:4", L4_ERROR_FORMAT, "ends inside a-tensor-of-name"},
  {"a-tensor-twice", TWO_TENSORS TENSOR1 ("a", 4, 0, 0) TENSOR1 ("a", 4, 0, 32) "|32 *48",
      L4_ERROR_FORMAT, "\"a\" is there twice"},
  {"two-names-of-one-tensor", TWO_TENSORS TENSOR1 ("v.pre_ln.bias", 4, 0, 0) TENSOR1 ("v.layernorm_pre.bias", 4, 0, 32) "|32 *48",
      L4_ERROR_FORMAT, "\"vision_model.layernorm_pre.bias\" is there twice"},
  /* Places. */
  {"an-odd-place", ONE_TENSOR TENSOR1 ("a", 4, 0, 4) "|32 *64", L4_ERROR_FORMAT, "begins at byte 4 of the data|32"},
  {"a-place-beyond-the-file", ONE_TENSOR TENSOR1 ("a", 4, 0, 1024) "|32 *64",
      L4_ERROR_FORMAT, "from byte 1024|which has 64"},
  {"a-place-of-2^64-32", ONE_TENSOR TENSOR1 ("a", 4, 0, -32) "|32 *64", L4_ERROR_FORMAT, "from byte 18446744073709551584"},
  {"a-place-of-2^63", ONE_TENSOR TENSOR1 ("a", 4, 0, 0x8000000000000000) "|32 *64",
      L4_ERROR_FORMAT, "from byte 9223372036854775808"},
  {"data-cut-short", ONE_TENSOR TENSOR1 ("a", 4, 0, 0) "|32 *15",
      L4_ERROR_FORMAT, "needs 16 bytes from byte 0|which has 15"},
  {"no-data", ONE_TENSOR TENSOR1 ("a", 4, 0, 0), L4_ERROR_FORMAT, "needs 16 bytes|which has 0"},
  {"a-tensor-larger-than-the-file", ONE_TENSOR TENSOR2 ("a", 1048576, 1048576, 0, 0) "|32 *64", L4_ERROR_FORMAT,
      "needs 4398046511104 bytes"},
  {"tensors-that-overlap", TWO_TENSORS TENSOR1 ("a", 16, 0, 0) TENSOR1 ("b", 4, 0, 32) "|32 *80", L4_ERROR_FORMAT,
      "\"b\" begins at byte|inside \"a\""},
  {"tensors-in-one-place", TWO_TENSORS TENSOR1 ("a", 8, 0, 0) TENSOR1 ("b", 8, 0, 0) "|32 *80",
      L4_ERROR_FORMAT, "inside \""},
  {"tensors-that-overlap-in-another-order", TWO_TENSORS TENSOR1 ("a", 4, 0, 32) TENSOR1 ("b", 16, 0, 0) "|32 *80", L4_ERROR_FORMAT,
      "\"a\" begins at byte|inside \"b\""},
  /* Sets. */
  {"a-shard-by-itself", KEYS (4) U16 ("split.no", 0) U16 ("split.count", 2) I32 ("split.tensors.count", 0), L4_ERROR_FORMAT,
      "is shard 1 of 2|-00001-of-00002.gguf"},
  {"a-shard-of-65535", KEYS (2) U16 ("split.count", 65535), L4_ERROR_FORMAT, "split.count is 65535|4096"},
  {"a-negative-shard", KEYS (3) I16 ("split.no", -1) U16 ("split.count", 2), L4_ERROR_FORMAT, "split.no is -1"},
  {"a-count-of-shards-in-words", KEYS (2) STR ("split.count", "../2"), L4_ERROR_FORMAT, "split.count is \"../2\""},
  /* Other models. */
  {"another-architecture", "'GGUF' 3:4 0:8 1:8 " STR ("general.architecture", "llama"), L4_ERROR_UNSUPPORTED,
      "general.architecture is \"llama\"|\"llama4\""},
  {"an-architecture-that-is-a-number", "'GGUF' 3:4 0:8 1:8 " U32 ("general.architecture", 4), L4_ERROR_FORMAT,
      "general.architecture is 4|string"},
  {"an-architecture-with-a-nul", "'GGUF' 3:4 0:8 1:8 <general.architecture> 8:4 7:8 'llama4' 0:1", L4_ERROR_FORMAT,
      "general.architecture is no valid UTF-8"},
  {"an-architecture-of-many-lines", "'GGUF' 3:4 0:8 1:8 <general.architecture> 8:4 500:8 *500",
      L4_ERROR_FORMAT, "no valid UTF-8"},
};

static void
run_case (const Folder *folder, const Case *self)
{
  g_autofree char *path = gguf_write (folder, "model.gguf", self->words);
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  allocations_reset ();
  checkpoint = l4_checkpoint_open (path, NULL, &error);
  g_assert_cmpuint (allocations_peak (), <=, MAX_MEMORY (status.st_size));
  g_assert_null (checkpoint);
  g_assert_error (error, L4_ERROR, (gint) self->code);
  assert_says (error, "model.gguf");
  assert_says (error, self->says);
}

static void
test_case (gconstpointer data)
{
  g_autoptr (Folder) folder = folder_new ();

  run_case (folder, data);
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
test_failures_close_every_file (void)
{
  g_autoptr (Folder) folder = folder_new ();
  guint before = count_open_files ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    run_case (folder, &cases[i]);
  g_assert_cmpuint (count_open_files (), ==, before);
}

static void
test_what_is_no_file_is_refused (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, "model.gguf", NULL);
  g_autoptr (GError) error = NULL, missing = NULL;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  g_assert_null (l4_checkpoint_open (path, NULL, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, "model.gguf|not a regular file");
  g_assert_null (l4_checkpoint_open ("/nowhere/model.gguf", NULL, &missing));
  g_assert_error (missing, L4_ERROR, L4_ERROR_NOT_FOUND);
  assert_says (missing, "/nowhere/model.gguf");
}

/* Bombs --------------------------------------------------------------------------------------------------------------- */

/* Opens a file of these bytes, which may fail or not, in bounded memory. */
static void
assert_bounded (GByteArray *file)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = folder_write (folder, "model.gguf", file->data, (gssize) file->len);
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (L4Config) config = NULL;

  allocations_reset ();
  checkpoint = l4_checkpoint_open (path, NULL, &error);
  config = checkpoint != NULL ? l4_config_load (checkpoint, &error) : NULL;
  g_test_message ("%zu bytes of memory for a file of %u", allocations_peak (), file->len);
  g_assert_cmpuint (allocations_peak (), <=, MAX_MEMORY (file->len));
  g_assert_null (config);
}

static void
test_many_keys_need_little_memory (void)
{
  g_autoptr (GByteArray) file = gguf_from ("'GGUF' 3:4 0:8 65536:8 " ARCH);

  for (guint i = 1; i < 65536; i++) {
    g_autofree char *key = g_strdup_printf ("%x", i);

    put_number (file, strlen (key), 8);
    put_text (file, key, strlen (key));
    put_number (file, 0, 4);
    put_number (file, 0, 1);
  }
  assert_bounded (file);
}

static void
test_many_tensors_need_little_memory (void)
{
  g_autoptr (GByteArray) file = gguf_from ("'GGUF' 3:4 32768:8 1:8 " ARCH);

  for (guint i = 0; i < 32768; i++) {
    g_autofree char *words = g_strdup_printf ("<%x> 1:4 1:8 0:4 %u:8 ", i, 32 * i);
    g_autoptr (GByteArray) tensor = gguf_from (words);

    g_byte_array_append (file, tensor->data, tensor->len);
  }
  g_byte_array_set_size (file, file->len + 32768 * 32);
  assert_bounded (file);
}

static void
test_a_million_empty_tokens_need_little_memory (void)
{
  g_autoptr (GByteArray) file = gguf_from ("'GGUF' 3:4 1:8 4:8 " ARCH U32 ("llama4.embedding_length", 1)
      U32 ("llama4.block_count", 1) "<tokenizer.ggml.tokens> 9:4 8:4 1048576:8 ");
  guint at = file->len;
  g_autoptr (GByteArray) tensor = gguf_from (TENSOR2 ("token_embd.weight", 1, 1048576, 0, 0));

  g_byte_array_set_size (file, at + 8 * 1048576);
  memset (file->data + at, 0, 8 * 1048576);
  g_byte_array_append (file, tensor->data, tensor->len);
  g_byte_array_set_size (file, file->len + 64 + 4 * 1048576);
  assert_bounded (file);
}

/* A sparse file: the header would have 4 GiB of numbers. */
static void
test_a_header_of_gigabytes_is_refused (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = gguf_write (folder, "model.gguf", HEAD (0, 2) ARCH ARR ("numbers", 10, 0x20000000));
  g_autoptr (GError) error = NULL;

  if (truncate (path, G_GINT64_CONSTANT (5) << 30) != 0) {
    g_test_skip ("no file of 5 GiB can be made here");
    return;
  }
  allocations_reset ();
  g_assert_null (l4_checkpoint_open (path, NULL, &error));
  g_assert_cmpuint (allocations_peak (), <=, MAX_MEMORY (0));
  g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
  assert_says (error, "model.gguf|header of more than 256 MiB");
}

/* Damage -------------------------------------------------------------------------------------------------------------- */

#define GOOD \
  "'GGUF' 3:4 2:8 14:8 " ARCH U8 ("a", 1) I16 ("b", -3) F32 ("llama4.rope.freq_base", 10000) BOOL ("d", 1) STR ("e", "text") \
  ARR ("f", 8, 2) "<ab> <c> " ARR ("g", 5, 2) "1:4 2:4 " U64 ("h", 9) F64 ("i", 0.5) U32 ("general.alignment", 16) \
  U32 ("llama4.embedding_length", 4) U32 ("llama4.block_count", 1) ARR ("tokenizer.ggml.tokens", 8, 1) "<x> " \
  TENSOR2 ("token_embd.weight", 4, 1, 0, 0) TENSOR2 ("q", 32, 1, 2, 16) "|16 *34 "
#define GOOD_DATA 48            /* bytes of padding and data, at most */

/* Whatever opens must be readable to its last byte; the settings load or fail. */
static gboolean
open_and_read (const char *path)
{
  g_autoptr (GError) error = NULL, settings = NULL;
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (path, NULL, &error);
  g_autoptr (L4Config) config = NULL;
  float values[64];

  g_assert_true ((checkpoint == NULL) == (error != NULL));
  if (checkpoint == NULL)
    return FALSE;
  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);

    g_assert_cmpuint (tensor->n_elements, <=, G_N_ELEMENTS (values));
    g_assert_true (l4_checkpoint_read_float (checkpoint, tensor, 0, tensor->n_elements, values, NULL));
    g_assert_nonnull (l4_checkpoint_map (checkpoint, tensor, NULL));
  }
  config = l4_config_load (checkpoint, &settings);
  g_assert_true ((config == NULL) == (settings != NULL));
  return TRUE;
}

static void
test_every_prefix_is_refused (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = gguf_write (folder, "model.gguf", GOOD);
  GStatBuf status;

  g_assert_true (open_and_read (path));
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  for (off_t size = status.st_size - 1; size >= 0; size--) {
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Checkpoint) checkpoint = NULL;

    g_assert_cmpint (truncate (path, size), ==, 0);
    allocations_reset ();
    checkpoint = l4_checkpoint_open (path, NULL, &error);
    g_assert_cmpuint (allocations_peak (), <=, MAX_MEMORY (size));
    g_assert_null (checkpoint);
    g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
  }
}

static void
test_every_damaged_byte_is_refused_or_harmless (void)
{
  static const guint8 damage[] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff };
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GByteArray) file = gguf_from (GOOD);
  g_autofree char *path = gguf_write (folder, "model.gguf", GOOD);
  int fd = g_open (path, O_RDWR, 0);
  guint n_good = 0;

  g_assert_cmpint (fd, >=, 0);
  for (guint at = 0; at < file->len - GOOD_DATA; at++)
    for (gsize i = 0; i < G_N_ELEMENTS (damage); i++) {
      guint8 byte = file->data[at] ^ damage[i];

      g_assert_cmpint (pwrite (fd, &byte, 1, at), ==, 1);
      allocations_reset ();
      n_good += open_and_read (path);
      g_assert_cmpuint (allocations_peak (), <=, MAX_MEMORY (file->len));
      g_assert_cmpint (pwrite (fd, &file->data[at], 1, at), ==, 1);
    }
  close (fd);
  g_assert_cmpuint (n_good, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/gguf/refuses/%s", cases[i].name);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  g_test_add_func ("/gguf/refuses/what-is-no-file", test_what_is_no_file_is_refused);
  g_test_add_func ("/gguf/failures-close-every-file", test_failures_close_every_file);
  g_test_add_func ("/gguf/many-keys-need-little-memory", test_many_keys_need_little_memory);
  g_test_add_func ("/gguf/many-tensors-need-little-memory", test_many_tensors_need_little_memory);
  g_test_add_func ("/gguf/a-million-empty-tokens-need-little-memory", test_a_million_empty_tokens_need_little_memory);
  g_test_add_func ("/gguf/a-header-of-gigabytes-is-refused", test_a_header_of_gigabytes_is_refused);
  g_test_add_func ("/gguf/every-prefix-is-refused", test_every_prefix_is_refused);
  g_test_add_func ("/gguf/every-damaged-byte-is-refused-or-harmless", test_every_damaged_byte_is_refused_or_harmless);
  return g_test_run ();
}
