/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A checkpoint in FP8, laid out as Maverick's is published, gives what its weights give written out as floats. */

#include "support/blocks.h"
#include "support/program.h"
#include "support/safetensors.h"

#define EXPERTS "feed_forward.experts"
enum { N_EXPERTS = 128, HIDDEN = 64, WIDTH = 24 };

/* The same model twice. */
typedef struct
{
  GRand *random;
  Maker fp8;                    /* experts one by one, with a scale a row */
  Maker floats;                 /* of the published form: experts in one tensor, rows are inputs */
} Twins;

/* A random matrix of FP8 and its scales go into the file; values [rows, columns]: what they stand for. Scales are of bfloat16 and
 * [rows, 1], or of float32 and [rows]. */
static void
add_matrix (Twins *self, const char *stem, guint rows, guint columns, gboolean bf16, float *values)
{
  g_autofree guint8 *bytes = blocks_random (self->random, L4_TYPE_F8_E4M3, rows * columns);
  g_autofree char *name = g_strconcat (stem, ".weight", NULL), *scale_name = g_strconcat (stem, ".weight_scale", NULL);
  g_autofree char *dims = g_strdup_printf ("[%u,%u]", rows, columns);
  g_autofree char *scale_dims = g_strdup_printf (bf16 ? "[%u,1]" : "[%u]", rows);
  g_autofree guint16 *halves = g_new (guint16, rows);
  g_autofree float *scales = g_new (float, rows);

  l4_type_to_float (L4_TYPE_F8_E4M3, bytes, rows * columns, values);
  for (guint r = 0; r < rows; r++) {
    halves[r] = (guint16) g_rand_int_range (self->random, 0x3d00, 0x3e00);      /* 1/32 … 1/8 */
    l4_type_to_float (L4_TYPE_BF16, (const guint8 *) &halves[r], 1, &scales[r]);
    for (guint c = 0; c < columns; c++)
      values[r * columns + c] *= scales[r];
  }
  maker_add (&self->fp8, name, "F8_E4M3", dims, bytes, rows * columns);
  maker_add (&self->fp8, scale_name, bf16 ? "BF16" : "F32", scale_dims, bf16 ? (gconstpointer) halves : scales,
      rows * (bf16 ? sizeof *halves : sizeof *scales));
}

/* All experts of the layer whose tensors begin with prefix. */
static void
add_experts (Twins *self, const char *prefix)
{
  static const char *const parts[] = { "gate", "up", "down" };
  g_autofree float *joined = g_new (float, N_EXPERTS * HIDDEN * 2 * WIDTH);
  g_autofree float *down = g_new (float, N_EXPERTS * WIDTH * HIDDEN);
  g_autofree char *joined_name = g_strconcat (prefix, EXPERTS ".gate_up_proj", NULL);
  g_autofree char *down_name = g_strconcat (prefix, EXPERTS ".down_proj", NULL);

  for (guint e = 0; e < N_EXPERTS; e++)
    for (guint p = 0; p < G_N_ELEMENTS (parts); p++) {
      g_autofree char *stem = g_strdup_printf ("%s" EXPERTS ".%u.%s_proj", prefix, e, parts[p]);
      guint rows = p == 2 ? HIDDEN : WIDTH, columns = p == 2 ? WIDTH : HIDDEN;
      float values[WIDTH * HIDDEN];

      add_matrix (self, stem, rows, columns, TRUE, values);
      for (guint r = 0; r < rows; r++)
        for (guint c = 0; c < columns; c++)
          if (p == 2)
            down[(e * WIDTH + c) * HIDDEN + r] = values[r * columns + c];
          else
            joined[(e * HIDDEN + c) * 2 * WIDTH + p * WIDTH + r] = values[r * columns + c];
    }
  maker_add (&self->floats, joined_name, "F32", "[128,64,48]", joined, N_EXPERTS * HIDDEN * 2 * WIDTH * sizeof (float));
  maker_add (&self->floats, down_name, "F32", "[128,24,64]", down, N_EXPERTS * WIDTH * HIDDEN * sizeof (float));
}

/* A tensor as it is, in both. */
static void
copy_tensor (Twins *self, const L4Checkpoint *checkpoint, const L4Tensor *tensor)
{
  g_autofree guint8 *data = g_malloc (tensor->bytes);
  g_autoptr (GString) dims = g_string_new (NULL);

  g_assert_true (l4_checkpoint_read (checkpoint, tensor, 0, tensor->bytes, data, NULL));
  for (guint i = 0; i < tensor->n_dims; i++)
    g_string_append_printf (dims, "%c%" G_GINT64_FORMAT, i == 0 ? '[' : ',', tensor->dims[i]);
  g_string_append_c (dims, ']');
  maker_add (&self->fp8, tensor->original, tensor->dtype, dims->str, data, tensor->bytes);
  maker_add (&self->floats, tensor->original, tensor->dtype, dims->str, data, tensor->bytes);
}

/* Maverick's golden checkpoint with other experts, and one matrix of attention that is no expert's; routers too where they shall be. */
static void
make_twins (const char *golden, gboolean routers, Twins *self)
{
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (golden, NULL, NULL);

  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);
    const char *experts = strstr (tensor->name, EXPERTS ".down_proj");

    if (experts != NULL) {
      g_autofree char *prefix = g_strndup (tensor->name, (gsize) (experts - tensor->name));

      add_experts (self, prefix);
    } else if (g_str_equal (tensor->name, "language_model.model.layers.0.self_attn.o_proj.weight")) {
      g_autofree char *stem = g_strndup (tensor->name, strlen (tensor->name) - strlen (".weight"));
      float values[HIDDEN * HIDDEN];

      add_matrix (self, stem, HIDDEN, HIDDEN, FALSE, values);
      maker_add (&self->floats, tensor->name, "F32", "[64,64]", values, sizeof values);
    } else if (routers && g_str_has_suffix (tensor->name, ".router.weight")) {
      g_autofree char *stem = g_strndup (tensor->name, strlen (tensor->name) - strlen (".weight"));
      float values[N_EXPERTS * HIDDEN];

      add_matrix (self, stem, N_EXPERTS, HIDDEN, TRUE, values);
      maker_add (&self->floats, tensor->name, "F32", "[128,64]", values, sizeof values);
    } else if (strstr (tensor->name, EXPERTS) == NULL) {
      copy_tensor (self, checkpoint, tensor);
    }
  }
}

/* The settings of the golden checkpoint; FP8 adds what the published config.json has. */
static void
write_settings (const char *golden, const Folder *folder, gboolean fp8)
{
  static const char *const names[] = { "config.json", "tokenizer.json", "generation_config.json", "preprocessor_config.json",
    "processor_config.json"
  };
  g_autofree char *quantised = json_from ("{'quantization_config':{'quant_method':'compressed-tensors','format':'float-quantized',"
      "'quantization_status':'compressed','config_groups':{'group_0':{'targets':['Linear'],'weights':{'num_bits':8,'type':'float',"
      "'symmetric':true,'strategy':'channel','dynamic':false},'input_activations':{'num_bits':8,'type':'float','symmetric':true,"
      "'strategy':'token','dynamic':true}}},'ignore':['language_model.lm_head','re:.*router','re:.*vision_model.*']},");

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *from = g_build_filename (golden, names[i], NULL), *text = NULL, *changed = NULL, *path = NULL;

    g_assert_true (g_file_get_contents (from, &text, NULL, NULL));
    if (i == 0 && fp8)
      changed = g_strconcat (quantised, strchr (text, '{') + 1, NULL);
    path = folder_write (folder, names[i], changed != NULL ? changed : text, -1);
  }
}

/* A forward pass of the golden prompt without its picture. */
static void
trace (const char *golden, const char *model, const Folder *out)
{
  g_free (succeed ("trace %s --ids %s/expected/input_ids.npy --out %s", model, golden, out));
}

static void
assert_same_trace (const Folder *one, const Folder *other, double tolerance)
{
  static const char *const stages[] = { "hidden_states.npy", "router_logits.npy", "logits.npy" };

  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    compare_stage (one, stages[i], other, tolerance);
}

/* Files of every type from both, under the same names: what convert calls a model is its folder's. */
static void
convert_all (const char *model, const Folder *out, const char *name)
{
  static const char *const types[] = { "F32", "BF16", "F16", "Q8_0" };

  for (guint t = 0; t < G_N_ELEMENTS (types); t++)
    g_free (succeed ("convert %s %s/%s-%s.gguf --type %s --no-projector", model, out, name, types[t], types[t]));
}

static void
test_fp8_is_the_floats_that_it_stands_for (void)
{
  static const struct
  {
    const char *type;
    double tolerance;           /* of a forward pass through other roundings */
  } types[] = { {"F32", 1e-5}, {"BF16", 0.02}, {"F16", 0.005}, {"Q8_0", 0.1} };
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "golden", "maverick-tiny", NULL);
  g_autoptr (Folder) model = folder_new (), files = folder_new (), fp8 = folder_new (), floats = folder_new ();
  Twins twins = { g_rand_new_with_seed (4), maker_new (), maker_new () };

  make_twins (golden, FALSE, &twins);
  write_settings (golden, model, TRUE);
  maker_write (&twins.fp8, model);
  trace (golden, model, fp8);
  convert_all (model, files, "fp8");

  write_settings (golden, model, FALSE);
  maker_write (&twins.floats, model);
  trace (golden, model, floats);
  convert_all (model, files, "floats");
  assert_same_trace (floats, fp8, 1e-5);

  for (guint t = 0; t < G_N_ELEMENTS (types); t++) {
    g_autofree char *one = g_strdup_printf ("%s/fp8-%s.gguf", files, types[t].type);
    g_autofree char *other = g_strdup_printf ("%s/floats-%s.gguf", files, types[t].type);

    assert_same_files (one, other);
    trace (golden, one, floats);
    assert_same_trace (floats, fp8, types[t].tolerance);
  }
  g_rand_free (twins.random);
}

static void
test_a_router_in_fp8_has_its_scales (void)
{
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "golden", "maverick-tiny", NULL);
  g_autoptr (Folder) model = folder_new (), fp8 = folder_new (), floats = folder_new ();
  Twins twins = { g_rand_new_with_seed (5), maker_new (), maker_new () };

  make_twins (golden, TRUE, &twins);
  write_settings (golden, model, TRUE);
  maker_write (&twins.fp8, model);
  trace (golden, model, fp8);
  write_settings (golden, model, FALSE);
  maker_write (&twins.floats, model);
  trace (golden, model, floats);
  assert_same_trace (floats, fp8, 1e-5);
  g_rand_free (twins.random);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fp8/is-the-floats-that-it-stands-for", test_fp8_is_the_floats_that_it_stands_for);
  g_test_add_func ("/fp8/a-router-has-its-scales", test_a_router_in_fp8_has_its_scales);
  return g_test_run ();
}
