/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in GGUF files comes out as it was written. */

#include <unistd.h>

#include "support/gguf.h"

#define ARCH STR ("general.architecture", "llama4")
#define WIDTH(n) U32 ("llama4.embedding_length", n)
#define EVERY \
  U8 ("u8", 200) I8 ("i8", -5) U16 ("u16", 65535) I16 ("i16", -300) U32 ("u32", 4000000000) I32 ("i32", -70000) F32 ("f32", 1.5) \
  BOOL ("yes", 1) BOOL ("no", 0) STR ("text", "two~words") U64 ("u64", 18446744073709551615) I64 ("i64", -9000000000) \
  F64 ("f64", -2.25) ARR ("strings", 8, 3) "<a~b> <> <ü> " ARR ("ints", 5, 3) "1:4 -2:4 3:4 " \
  ARR ("floats", 6, 2) "f:0.5 f:2 " ARR ("doubles", 12, 1) "d:0.25 " ARR ("bools", 7, 2) "1:1 0:1 " ARR ("none", 4, 0)
#define N_EVERY 19

static L4Checkpoint *
open_words (const Folder *folder, const char *words)
{
  g_autofree char *path = gguf_write (folder, "model.gguf", words);

  return gguf_open_good (path, NULL);
}

static void
test_every_type_of_value_is_read (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = open_words (folder, HEAD (0, 20) ARCH EVERY);
  const L4Gguf *gguf = l4_checkpoint_get_gguf (checkpoint);
  const struct
  {
    const char *key;
    gint64 value;
  } ints[] = { {"u8", 200}, {"i8", -5}, {"u16", 65535}, {"i16", -300}, {"u32", 4000000000}, {"i32", -70000},
  {"i64", -9000000000} };
  double number = 0;
  gboolean flag = FALSE;
  const char *text = NULL;

  g_assert_cmpuint (l4_gguf_get_n_keys (gguf), ==, 20);
  g_assert_cmpstr (l4_gguf_get_key (gguf, 1), ==, "u8");
  for (guint i = 0; i < G_N_ELEMENTS (ints); i++) {
    gint64 value = 0;

    g_assert_true (l4_gguf_get_int (gguf, ints[i].key, G_MININT64, G_MAXINT64, &value, NULL));
    g_assert_cmpint (value, ==, ints[i].value);
    g_assert_true (l4_gguf_get_double (gguf, ints[i].key, -1e20, 1e20, &number, NULL));
    g_assert_cmpfloat (number, ==, (double) ints[i].value);
  }
  g_assert_true (l4_gguf_get_double (gguf, "f32", 0, 2, &number, NULL) && number == 1.5);
  g_assert_true (l4_gguf_get_double (gguf, "f64", -3, 2, &number, NULL) && number == -2.25);
  g_assert_true (l4_gguf_get_bool (gguf, "yes", &flag, NULL) && flag);
  g_assert_true (l4_gguf_get_bool (gguf, "no", &flag, NULL) && !flag);
  g_assert_true (l4_gguf_get_string (gguf, "text", &text, NULL));
  g_assert_cmpstr (text, ==, "two words");
  g_assert_true (l4_gguf_has (gguf, "none") && l4_gguf_is_array (gguf, "none") && !l4_gguf_is_array (gguf, "u8"));
}

static void
test_arrays_are_read (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = open_words (folder, HEAD (0, 20) ARCH EVERY);
  const L4Gguf *gguf = l4_checkpoint_get_gguf (checkpoint);
  g_autofree L4GgufString *strings = NULL;
  g_autofree gint64 *ints = NULL;
  g_autofree gint64 *none = NULL;
  g_autofree float *floats = NULL;
  g_autofree float *doubles = NULL;
  g_autofree gboolean *bools = NULL;
  gsize n;

  g_assert_true (l4_gguf_get_strings (gguf, "strings", 3, 3, &strings, &n, NULL));
  g_assert_cmpmem (strings[0].text, strings[0].length, "a b", 3);
  g_assert_cmpuint (strings[1].length, ==, 0);
  g_assert_cmpmem (strings[2].text, strings[2].length, "ü", 2);
  g_assert_true (l4_gguf_get_ints (gguf, "ints", 0, 9, &ints, &n, NULL));
  g_assert_cmpuint (n, ==, 3);
  g_assert_true (ints[0] == 1 && ints[1] == -2 && ints[2] == 3);
  g_assert_true (l4_gguf_get_floats (gguf, "floats", 2, 2, &floats, &n, NULL) && floats[0] == 0.5f && floats[1] == 2);
  g_assert_true (l4_gguf_get_floats (gguf, "doubles", 1, 1, &doubles, &n, NULL) && doubles[0] == 0.25f);
  g_assert_true (l4_gguf_get_bools (gguf, "bools", 2, &bools, NULL) && bools[0] && !bools[1]);
  g_assert_true (l4_gguf_get_ints (gguf, "none", 0, 9, &none, &n, NULL) && none != NULL && n == 0);
  g_clear_pointer (&none, g_free);
  g_assert_true (l4_gguf_get_ints (gguf, "not there", 1, 9, &none, &n, NULL) && none == NULL && n == 0);
}

static void
test_a_value_of_another_type_is_named (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = open_words (folder, HEAD (0, 20) ARCH EVERY);
  const L4Gguf *gguf = l4_checkpoint_get_gguf (checkpoint);
  GError *errors[12] = { NULL };
  const char *words[] = {
    "text is \"two words\"|integer", "f32 is 1.5|integer from 0 to 9", "u64 is 18446744073709551615|integer",
    "ints is an array of 3 integers",
    "text is|number", "u8 is 200|true or false", "i8 is -5|string", "strings is an array of 3 strings|4 to 9 items",
    "ints is|items must be strings", "strings is|items must be integers", "bools is an array of 2 truth values|numbers",
    "i32 is -70000|from -5 to 5",
  };
  g_autofree L4GgufString *strings = NULL;
  g_autofree gint64 *ints = NULL;
  g_autofree float *floats = NULL;
  gint64 value = 0;
  double number = 0;
  gboolean flag;
  const char *text;
  gsize n;

  g_assert_false (l4_gguf_get_int (gguf, "text", 0, 9, &value, &errors[0]));
  g_assert_false (l4_gguf_get_int (gguf, "f32", 0, 9, &value, &errors[1]));
  g_assert_false (l4_gguf_get_int (gguf, "u64", 0, G_MAXINT64, &value, &errors[2]));
  g_assert_false (l4_gguf_get_int (gguf, "ints", 0, 9, &value, &errors[3]));
  g_assert_false (l4_gguf_get_double (gguf, "text", 0, 9, &number, &errors[4]));
  g_assert_false (l4_gguf_get_bool (gguf, "u8", &flag, &errors[5]));
  g_assert_false (l4_gguf_get_string (gguf, "i8", &text, &errors[6]));
  g_assert_false (l4_gguf_get_strings (gguf, "strings", 4, 9, &strings, &n, &errors[7]));
  g_assert_false (l4_gguf_get_strings (gguf, "ints", 0, 9, &strings, &n, &errors[8]));
  g_assert_false (l4_gguf_get_ints (gguf, "strings", 0, 9, &ints, &n, &errors[9]));
  g_assert_false (l4_gguf_get_floats (gguf, "bools", 0, 9, &floats, &n, &errors[10]));
  g_assert_false (l4_gguf_get_double (gguf, "i32", -5, 5, &number, &errors[11]));
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++) {
    g_assert_error (errors[i], L4_ERROR, L4_ERROR_FORMAT);
    assert_says (errors[i], words[i]);
    g_clear_error (&errors[i]);
  }
  g_assert_cmpint (value, ==, 0);
}

#define TENSORS \
  TENSOR2 ("token_embd.weight", 3, 2, 0, 0) TENSOR1 ("output_norm.weight", 4, 1, 32) \
  TENSOR2 ("blk.11.attn_q.weight", 32, 1, 8, 64) TENSOR3 ("blk.0.ffn_gate_exps.weight", 2, 1, 3, 30, 128)

static void
test_tensors_have_published_names_and_row_major_shapes (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = open_words (folder, HEAD (4, 1) ARCH TENSORS "|32 *140 ");
  const L4Tensor *tensor;
  guint8 bytes[12], more[4];
  float values[32];

  g_assert_cmpuint (l4_checkpoint_get_n_tensors (checkpoint), ==, 4);
  tensor = l4_checkpoint_find (checkpoint, "language_model.model.embed_tokens.weight");
  g_assert_cmpstr (tensor->original, ==, "token_embd.weight");
  g_assert_true (tensor->n_dims == 2 && tensor->dims[0] == 2 && tensor->dims[1] == 3 && tensor->type == L4_TYPE_F32);
  g_assert_true (l4_checkpoint_read (checkpoint, tensor, 0, 12, bytes, NULL));
  g_assert_true (bytes[0] == 1 && bytes[11] == 12);
  g_assert_cmpmem (l4_checkpoint_map (checkpoint, tensor, NULL), 12, bytes, 12);
  tensor = l4_checkpoint_find (checkpoint, "language_model.model.layers.11.self_attn.q_proj.weight");
  g_assert_cmpstr (tensor->dtype, ==, "Q8_0");
  g_assert_cmpuint (tensor->bytes, ==, 34);
  g_assert_true (l4_checkpoint_read_float (checkpoint, tensor, 0, 32, values, NULL));
  g_assert_cmpfloat (values[1] / values[0], ==, 68.0f / 67);
  tensor = l4_checkpoint_find (checkpoint, "language_model.model.layers.0.feed_forward.experts.gate_proj.weight");
  g_assert_true (tensor->n_dims == 3 && tensor->dims[0] == 3 && tensor->dims[1] == 1 && tensor->dims[2] == 2);
  g_assert_true (l4_checkpoint_read (checkpoint, tensor, 8, 4, more, NULL));
  g_assert_true (more[0] == 137 && more[3] == 140);
}

static void
test_version_2_and_any_alignment_are_read (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = open_words (folder, "'GGUF' 2:4 2:8 2:8 " ARCH U32 ("general.alignment", 256)
      TENSOR1 ("a", 3, 0, 0) TENSOR1 ("b", 5, 0, 256) "|256 *300 ");
  guint8 byte;

  g_assert_cmpuint (l4_checkpoint_find (checkpoint, "a")->offset % 256, ==, 0);
  g_assert_true (l4_checkpoint_read (checkpoint, l4_checkpoint_find (checkpoint, "b"), 0, 1, &byte, NULL));
  g_assert_cmpuint (byte, ==, 1);       /* 257 */
}

static void
test_reads_beyond_a_tensor_are_refused (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = gguf_write (folder, "model.gguf", HEAD (4, 1) ARCH TENSORS "|32 *140 ");
  g_autoptr (L4Checkpoint) checkpoint = gguf_open_good (path, NULL);
  const L4Tensor *tensor = l4_checkpoint_find (checkpoint, "language_model.model.layers.11.self_attn.q_proj.weight");
  g_autoptr (GError) error = NULL;
  guint8 bytes[64];
  float values[64];

  g_assert_false (l4_checkpoint_read (checkpoint, tensor, 30, 5, bytes, NULL));
  g_assert_false (l4_checkpoint_read (checkpoint, tensor, G_MAXUINT64, 1, bytes, NULL));
  g_assert_false (l4_checkpoint_read (checkpoint, tensor, 1, G_MAXSIZE, bytes, NULL));
  g_assert_false (l4_checkpoint_read_float (checkpoint, tensor, 0, 31, values, NULL));
  g_assert_false (l4_checkpoint_read_float (checkpoint, tensor, 1, 0, values, NULL));
  g_assert_true (l4_checkpoint_read_float (checkpoint, tensor, 32, 0, values, NULL));
  g_assert_cmpint (truncate (path, (off_t) tensor->offset + 10), ==, 0);
  g_assert_false (l4_checkpoint_read (checkpoint, tensor, 0, 34, bytes, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, "model.gguf|24 bytes are missing");
}

/* Split sets ---------------------------------------------------------------------------------------------------------- */

#define SPLIT(no, count, n) U16 ("split.no", no) U16 ("split.count", count) I32 ("split.tensors.count", n)

static void
test_any_shard_opens_all (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *first = gguf_write (folder, "m-00001-of-00003.gguf", HEAD (0, 5) ARCH WIDTH (4) SPLIT (0, 3, 3));
  g_autofree char *second = gguf_write (folder, "m-00002-of-00003.gguf", HEAD (2, 3) SPLIT (1, 3, 3) TENSOR1 ("a", 4, 0, 0)
      TENSOR1 ("output_norm.weight", 2, 0, 32) "|32 *40 ");
  g_autofree char *third = gguf_write (folder, "m-00003-of-00003.gguf", HEAD (1, 3) SPLIT (2, 3, 3) TENSOR1 ("c", 1, 0, 0)
      "|32 *4 ");
  const char *paths[] = { first, second, third };

  for (guint i = 0; i < 3; i++) {
    g_autoptr (L4Checkpoint) checkpoint = gguf_open_good (paths[i], NULL);
    gint64 width = 0;
    guint8 bytes[4];

    g_assert_cmpuint (l4_checkpoint_get_n_files (checkpoint), ==, 3);
    g_assert_cmpuint (l4_checkpoint_get_n_tensors (checkpoint), ==, 3);
    g_assert_cmpstr (l4_checkpoint_get_path (checkpoint), ==, paths[i]);
    g_assert_true (l4_gguf_get_int (l4_checkpoint_get_gguf (checkpoint), "llama4.embedding_length", 1, 9, &width, NULL));
    g_assert_cmpint (width, ==, 4);
    g_assert_true (l4_checkpoint_read (checkpoint, l4_checkpoint_find (checkpoint, "c"), 0, 4, bytes, NULL));
    g_assert_cmpuint (bytes[3], ==, 4);
    g_assert_cmpstr (l4_checkpoint_get_file (checkpoint, l4_checkpoint_find (checkpoint, "a")->file), ==, second);
  }
}

static void
test_split_sets_must_agree (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *first = gguf_write (folder, "m-00001-of-00002.gguf", HEAD (1, 4) ARCH SPLIT (0, 2, 2) TENSOR1 ("a", 1, 0, 0)
      "|32 *4 ");
  g_autofree char *second = g_build_filename (folder, "m-00002-of-00002.gguf", NULL);
  g_autofree char *renamed = NULL;

  gguf_assert_fails (first, NULL, L4_ERROR_NOT_FOUND, "m-00002-of-00002.gguf");
  g_free (gguf_write (folder, "m-00002-of-00002.gguf", HEAD (1, 3) SPLIT (0, 2, 2) TENSOR1 ("b", 1, 0, 0) "|32 *4 "));
  gguf_assert_fails (first, NULL, L4_ERROR_FORMAT, "00002-of-00002|is shard 1 of 2|shard 2 of 2");
  g_free (gguf_write (folder, "m-00002-of-00002.gguf", HEAD (1, 3) SPLIT (1, 3, 2) TENSOR1 ("b", 1, 0, 0) "|32 *4 "));
  gguf_assert_fails (first, NULL, L4_ERROR_FORMAT, "is shard 2 of 3|shard 2 of 2");
  gguf_assert_fails (second, NULL, L4_ERROR_FORMAT, "must end in -00002-of-00003.gguf");
  g_free (gguf_write (folder, "m-00002-of-00002.gguf", HEAD (1, 3) SPLIT (1, 2, 3) TENSOR1 ("b", 1, 0, 0) "|32 *4 "));
  gguf_assert_fails (first, NULL, L4_ERROR_FORMAT, "with 3 tensors in all|with 2 should be there");
  g_free (gguf_write (folder, "m-00002-of-00002.gguf", HEAD (0, 3) SPLIT (1, 2, 2)));
  gguf_assert_fails (first, NULL, L4_ERROR_FORMAT, "have 1 tensors, split.tensors.count says 2");
  g_free (gguf_write (folder, "m-00002-of-00002.gguf", HEAD (1, 3) SPLIT (1, 2, 2) TENSOR1 ("a", 1, 0, 0) "|32 *4 "));
  gguf_assert_fails (first, NULL, L4_ERROR_FORMAT, "\"a\" is there twice|m-00001-of|m-00002-of");
  renamed = gguf_write (folder, "other.gguf", HEAD (1, 4) ARCH SPLIT (0, 2, 2) TENSOR1 ("a", 1, 0, 0) "|32 *4 ");
  gguf_assert_fails (renamed, NULL, L4_ERROR_FORMAT, "other.gguf: is shard 1 of 2|-00001-of-00002.gguf");
  g_free (gguf_write (folder, "big-00001-of-09999.gguf", HEAD (0, 4) ARCH SPLIT (0, 9999, 2)));
  renamed = (g_free (renamed), g_build_filename (folder, "big-00001-of-09999.gguf", NULL));
  gguf_assert_fails (renamed, NULL, L4_ERROR_FORMAT, "split.count is 9999");
}

/* Names --------------------------------------------------------------------------------------------------------------- */

static void
test_both_writers_vision_names_are_known (void)
{
  static const char *const names[][2] = {
    {"v.patch_embd.weight", "vision_model.patch_embedding.linear.weight"},
    {"v.patch_embedding.weight", "vision_model.patch_embedding.linear.weight"},
    {"v.position_embd.weight", "vision_model.positional_embedding_vlm"},
    {"v.positional_embedding_vlm", "vision_model.positional_embedding_vlm"},
    {"v.blk.3.attn_post_norm.bias", "vision_model.model.layers.3.post_attention_layernorm.bias"},
    {"v.blk.3.ln2.bias", "vision_model.model.layers.3.post_attention_layernorm.bias"},
    {"v.blk.0.attn_out.weight", "vision_model.model.layers.0.self_attn.o_proj.weight"},
    {"v.blk.0.mlp.fc2.bias", "vision_model.model.layers.0.mlp.fc2.bias"},
    {"v.vision_adapter.mlp.fc1.weight", "vision_model.vision_adapter.mlp.fc1.weight"},
    {"mm.linear_1.weight", "multi_modal_projector.linear_1.weight"},
    {"v.layernorm_pre.weight", "vision_model.layernorm_pre.weight"},
    {"blk.47.ffn_gate_up_exps.weight", "language_model.model.layers.47.feed_forward.experts.gate_up_proj.weight"},
    {"blk.0.attn_q.bias", "language_model.model.layers.0.self_attn.q_proj.bias"},
    {"output.weight", "language_model.lm_head.weight"}, {"rope_freqs.weight", "rope_freqs.weight"},
    {"blk.00.attn_q.weight", "blk.00.attn_q.weight"}, {"blk.12345.attn_q.weight", "blk.12345.attn_q.weight"},
    {"blk..attn_q.weight", "blk..attn_q.weight"}, {"blk.1.attn_q", "blk.1.attn_q"}, {"blk.1.weight", "blk.1.weight"},
    {"output.scale", "output.scale"}, {"v.blk.1.", "v.blk.1."},
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (Folder) folder = folder_new ();
    g_autofree char *words = g_strdup_printf (HEAD (1, 1) ARCH "<%s> 1:4 1:8 0:4 0:8 |32 *4 ", names[i][0]);
    g_autoptr (L4Checkpoint) checkpoint = open_words (folder, words);

    g_assert_cmpstr (l4_checkpoint_get_tensor (checkpoint, 0)->name, ==, names[i][1]);
    g_assert_cmpstr (l4_checkpoint_get_tensor (checkpoint, 0)->original, ==, names[i][0]);
  }
}

static void
test_a_filter_becomes_a_matrix (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = open_words (folder, HEAD (1, 1) ARCH
      "<v.patch_embd.weight> 4:4 2:8 2:8 3:8 5:8 0:4 0:8 |32 *240 ");
  const gint64 dims[] = { 5, 12 };

  g_assert_nonnull (l4_checkpoint_expect (checkpoint, "vision_model.patch_embedding.linear.weight", 2, dims, NULL));
}

static void
test_the_digest_sees_metadata_and_places (void)
{
  const char *const words[] = {
    HEAD (1, 2) ARCH U32 ("x", 1) TENSOR1 ("a", 4, 0, 0) "|32 *16 ",
    HEAD (1, 2) ARCH U32 ("x", 2) TENSOR1 ("a", 4, 0, 0) "|32 *16 ",
    HEAD (1, 2) ARCH U32 ("x", 1) TENSOR1 ("b", 4, 0, 0) "|32 *16 ",
    HEAD (1, 2) ARCH U32 ("x", 1) TENSOR1 ("a", 4, 1, 0) "|32 *16 ",
  };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    g_autoptr (Folder) folder = folder_new ();
    g_autoptr (L4Checkpoint) checkpoint = open_words (folder, words[i]);

    g_assert_true (g_hash_table_add (seen, l4_checkpoint_digest (checkpoint)));
  }
}

static void
test_the_main_type_is_that_of_most_weights (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Checkpoint) checkpoint = open_words (folder, HEAD (3, 1) ARCH TENSOR1 ("norm", 999, 0, 0)
      TENSOR2 ("a", 32, 2, 8, 4000) TENSOR2 ("b", 32, 3, 2, 4096) "|32 *4160 ");

  g_assert_cmpstr (l4_checkpoint_main_type (checkpoint), ==, "Q4_0");
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    GTestFunc run;
  } tests[] = {
    {"every-type-of-value-is-read", test_every_type_of_value_is_read},
    {"arrays-are-read", test_arrays_are_read},
    {"a-value-of-another-type-is-named", test_a_value_of_another_type_is_named},
    {"tensors-have-published-names-and-row-major-shapes", test_tensors_have_published_names_and_row_major_shapes},
    {"version-2-and-any-alignment-are-read", test_version_2_and_any_alignment_are_read},
    {"reads-beyond-a-tensor-are-refused", test_reads_beyond_a_tensor_are_refused},
    {"any-shard-opens-all", test_any_shard_opens_all},
    {"split-sets-must-agree", test_split_sets_must_agree},
    {"both-writers-vision-names-are-known", test_both_writers_vision_names_are_known},
    {"a-filter-becomes-a-matrix", test_a_filter_becomes_a_matrix},
    {"the-digest-sees-metadata-and-places", test_the_digest_sees_metadata_and_places},
    {"the-main-type-is-that-of-most-weights", test_the_main_type_is_that_of_most_weights},
  };

  g_test_init (&argc, &argv, NULL);
  for (guint t = 0; t < G_N_ELEMENTS (tests); t++) {
    g_autofree char *path = g_strconcat ("/gguf/", tests[t].path, NULL);

    g_test_add_func (path, tests[t].run);
  }
  return g_test_run ();
}
