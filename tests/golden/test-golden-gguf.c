/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine on a GGUF file with every block type, against the reference with the weights in those blocks. */

#include <math.h>

#include "engine/experts.h"
#include "engine/trace.h"
#include "files/npy.h"
#include "support/gguf.h"

#define FLOAT32_TOLERANCE 1e-4  /* of the stage's largest value */
#define PROJECTOR_TOLERANCE 1e-3        /* its matrices were rounded to F16 */
#define BF16_TOLERANCE 0.03     /* root mean square: times the root of 2 what others have, for here weights are rounded too */

static char *
golden_path (const char *file)
{
  return g_test_build_filename (G_TEST_DIST, "golden", "gguf-tiny", file, NULL);
}

static void
load_expected (const char *file, L4Npy *npy)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "gguf-tiny", "expected", file, NULL);
  g_autoptr (GError) error = NULL;

  l4_npy_load (path, npy, &error);
  g_assert_no_error (error);
}

/* path NULL: the golden's own file. */
static L4Llama *
load_model (const char *path, L4Precision precision, L4Load load)
{
  g_autofree char *own = golden_path ("model.gguf");
  g_autofree char *projector = golden_path ("mmproj-F16.gguf");
  const L4LoadOptions options = {.model_path = path != NULL ? path : own,.projector_path = path != NULL ? projector : NULL,
    .load = load
  };
  g_autoptr (GError) error = NULL;
  L4Llama *model = l4_llama_load (&options, precision, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return model;
}

/* One pass over the golden's ids; experts: [expert layers, tokens, top_k] or NULL. */
static void
trace (const L4Llama *model, gboolean with_pixels, const gint32 *experts, L4Trace *out)
{
  g_auto (L4Npy) npy = { 0 }, pixels = { 0 };
  g_autofree gint32 *ids = NULL;
  g_autoptr (GError) error = NULL;

  load_expected ("input_ids.npy", &npy);
  ids = g_new (gint32, npy.n_elements);
  for (gsize i = 0; i < npy.n_elements; i++)
    ids[i] = (gint32) ((const gint64 *) npy.data)[i];
  if (with_pixels)
    load_expected ("pixel_values.npy", &pixels);
  l4_trace (model, ids, npy.dims[0], pixels.data, with_pixels ? pixels.dims[0] : 0, experts, out, &error);
  g_assert_no_error (error);
}

/* The last rows of values against those of the file. */
static void
assert_close (const char *file, const float *values, gsize n, double tolerance)
{
  g_auto (L4Npy) expected = { 0 };
  double worst = 0, most = 0;

  load_expected (file, &expected);
  g_assert_cmpuint (n, >=, expected.n_elements);
  values += n - expected.n_elements;
  for (gsize i = 0; i < expected.n_elements; i++) {
    double should = ((const float *) expected.data)[i];

    g_assert_true (isfinite (values[i]));
    worst = MAX (worst, fabs (values[i] - should));
    most = MAX (most, fabs (should));
  }
  g_test_message ("%s: off by %.2g of the largest value", file, worst / most);
  g_assert_cmpfloat (worst, <=, tolerance * most);
}

static void
assert_stages_close (const char *path, L4Load load)
{
  g_autoptr (L4Llama) model = load_model (path, L4_PRECISION_F32, load);
  g_auto (L4Trace) pictures = { 0 }, text = { 0 };

  trace (model, TRUE, NULL, &pictures);
  assert_close ("vision_features.npy", pictures.vision_features, pictures.n_features * pictures.hidden, PROJECTOR_TOLERANCE);
  assert_close ("router_logits.npy", pictures.router_logits, pictures.n_moe_layers * pictures.n * pictures.n_experts,
      FLOAT32_TOLERANCE);
  assert_close ("logits.npy", pictures.logits, pictures.n * pictures.vocab, FLOAT32_TOLERANCE);
  trace (model, FALSE, NULL, &text);
  assert_close ("logits-text.npy", text.logits, text.n * text.vocab, FLOAT32_TOLERANCE);
}

static void
test_every_stage_equals_the_reference (void)
{
  assert_stages_close (NULL, L4_LOAD_READ);
}

static void
test_a_mapped_file_gives_the_same (void)
{
  assert_stages_close (NULL, L4_LOAD_MAP);
}

/* The golden's file in two: all that is said of the model, and its tensors. Returns the path of the second. */
static char *
split (const Folder *folder)
{
  g_autofree char *path = golden_path ("model.gguf");
  g_autofree char *bytes = NULL;
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (path, NULL, NULL);
  const L4Gguf *gguf = l4_checkpoint_get_gguf (checkpoint);
  g_autofree char *first_words = g_strdup_printf ("'GGUF' 3:4 0:8 %u:8 ", l4_gguf_get_n_keys (gguf) + 3);
  g_autofree char *second_words = NULL;
  g_autoptr (GByteArray) first = gguf_from (first_words), second = NULL;
  g_autoptr (GByteArray) first_split = gguf_from (U16 ("split.no", 0) U16 ("split.count", 2) I32 ("split.tensors.count", 48));
  gsize length, metadata_end;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  l4_gguf_get_metadata (gguf, &metadata_end);
  g_byte_array_append (first, (const guint8 *) bytes + 24, (guint) metadata_end - 24);
  g_byte_array_append (first, first_split->data, first_split->len);
  g_free (folder_write (folder, "m-00001-of-00002.gguf", first->data, first->len));

  /* The places of the tensors count from the data, which a key of bytes keeps at a multiple of 32 after them. */
  for (guint fill = 0; second == NULL || (second->len - metadata_end) % 32 != 0; fill++) {
    g_clear_pointer (&second, g_byte_array_unref);
    g_free (second_words);
    second_words = g_strdup_printf ("'GGUF' 3:4 48:8 4:8 " U16 ("split.no", 1) U16 ("split.count", 2)
        I32 ("split.tensors.count", 48) "<fill> 9:4 0:4 %u:8 *%u ", fill, fill);
    second = gguf_from (second_words);
  }
  g_byte_array_append (second, (const guint8 *) bytes + metadata_end, (guint) (length - metadata_end));
  return folder_write (folder, "m-00002-of-00002.gguf", second->data, second->len);
}

/* Writes the file of experts of the model. (transfer full) */
static char *
repack (const char *model)
{
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (model, NULL, NULL);
  g_autoptr (L4Config) config = l4_config_load (checkpoint, NULL);
  g_autoptr (L4Stream) experts = l4_experts_find (checkpoint, config, NULL);
  g_autoptr (GError) error = NULL;
  char *path = l4_experts_path (checkpoint);

  l4_stream_repack (experts, path, 1, NULL, NULL, &error);
  g_assert_no_error (error);
  return path;
}

/* Whichever file of a set was named, the first has the experts beside it. */
static void
test_a_split_set_has_its_experts_beside_the_first_file (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *second = split (folder), *experts = repack (second);
  const L4LoadOptions options = {.model_path = second,.load = L4_LOAD_STREAM };
  g_autoptr (L4Llama) model = l4_llama_load (&options, L4_PRECISION_BF16, NULL, NULL, NULL, NULL);

  g_assert_true (g_str_has_suffix (experts, "/m-00001-of-00002.gguf.experts"));
  g_assert_cmpstr (l4_stream_repacked (model->stream), ==, experts);
}

static void
test_a_split_set_gives_the_same (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *second = split (folder);

  assert_stages_close (second, L4_LOAD_READ);
  assert_stages_close (second, L4_LOAD_MAP);
}

static void
test_bf16_is_close_with_the_reference_experts (void)
{
  g_autoptr (L4Llama) model = load_model (NULL, L4_PRECISION_BF16, L4_LOAD_READ);
  g_auto (L4Npy) router = { 0 }, expected = { 0 };
  g_auto (L4Trace) forced = { 0 };
  g_autofree gint32 *experts = NULL;
  double difference = 0, size = 0;

  load_expected ("router_logits.npy", &router);
  load_expected ("logits.npy", &expected);
  g_assert_cmpint (router.dims[2], ==, 2);
  experts = g_new (gint32, router.n_elements / 2);
  for (gsize i = 0; i < router.n_elements / 2; i++)
    experts[i] = ((const float *) router.data)[2 * i + 1] > ((const float *) router.data)[2 * i];
  trace (model, TRUE, experts, &forced);
  for (gsize i = 0; i < expected.n_elements; i++) {
    double should = ((const float *) expected.data)[i];

    difference += (forced.logits[i] - should) * (forced.logits[i] - should);
    size += should * should;
  }
  g_test_message ("bf16 logits: off by %.2g", sqrt (difference / size));
  g_assert_cmpfloat (sqrt (difference / size), <, BF16_TOLERANCE);
}

/* What a record says of the model: the type that most weights have, and a digest that both ways of loading share. */
static void
test_the_model_says_what_it_is (void)
{
  g_autoptr (L4Llama) read = load_model (NULL, L4_PRECISION_F32, L4_LOAD_READ), mapped = load_model (NULL, L4_PRECISION_F32, L4_LOAD_MAP);

  g_assert_cmpstr (read->quantization, ==, "Q5_K");
  g_assert_true (g_str_has_prefix (read->digest, "sha256:"));
  g_assert_cmpstr (read->digest, ==, mapped->digest);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/golden-gguf/every-stage-equals-the-reference", test_every_stage_equals_the_reference);
  g_test_add_func ("/golden-gguf/a-mapped-file-gives-the-same", test_a_mapped_file_gives_the_same);
  g_test_add_func ("/golden-gguf/a-split-set-gives-the-same", test_a_split_set_gives_the_same);
  g_test_add_func ("/golden-gguf/a-split-set-has-its-experts-beside-the-first-file", test_a_split_set_has_its_experts_beside_the_first_file);
  g_test_add_func ("/golden-gguf/bf16-is-close-with-the-reference-experts", test_bf16_is_close_with_the_reference_experts);
  g_test_add_func ("/golden-gguf/the-model-says-what-it-is", test_the_model_says_what_it_is);
  return g_test_run ();
}
