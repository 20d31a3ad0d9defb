/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models as quantisers publish them in folders compute what their weights compute written out as floats, wherever the weights are kept. */

#include "base/memory.h"
#include "engine/llama.h"
#include "support/blocks.h"
#include "support/program.h"
#include "support/safetensors.h"
#include "weights/layout.h"

#define PROMPT 40               /* tokens */
#define GENERATED 4

typedef enum
{
  COMPRESSED,
  ASYMMETRIC,
  GPTQ,
  SQUARES,
  ONE_SCALE,
  N_KINDS
} Kind;

static const char *const settings[N_KINDS] = {
  "'quant_method':'compressed-tensors','format':'pack-quantized','config_groups':{'group_0':{'targets':['Linear'],'weights':{'num_bits':4,"
      "'type':'int','symmetric':true,'strategy':'group','group_size':128}}}",
  "'quant_method':'compressed-tensors','format':'pack-quantized','config_groups':{'group_0':{'targets':['Linear'],'weights':{'num_bits':4,"
      "'type':'int','symmetric':false,'strategy':'group','group_size':128}}}",
  "'quant_method':'gptq','bits':4,'group_size':128,'sym':false,'desc_act':false,'checkpoint_format':'gptq'",
  "'quant_method':'fp8','weight_block_size':[128,128]",
  "'quant_method':'compressed-tensors','format':'float-quantized','config_groups':{'group_0':{'targets':['Linear'],'weights':{'num_bits':8,"
      "'type':'float','symmetric':true,'strategy':'tensor'}}}",
};

/* Two expert layers of four, widths that are whole groups. */
#define MODEL "{'model_type':'llama4_text','hidden_size':128,'head_dim':32,'num_attention_heads':4,'num_key_value_heads':2,'intermediate_size':" \
  "256,'intermediate_size_mlp':384,'num_hidden_layers':4,'interleave_moe_layer_step':2,'num_local_experts':4,'num_experts_per_tok':1,'vocab_size'" \
  ":314,'max_position_embeddings':256,'attention_chunk_size':32,'rms_norm_eps':1e-5,'rope_theta':500000,'use_qk_norm':true,'bos_token_id':300," \
  "'eos_token_id':305%s%s%s}"

/* The same model twice. */
typedef struct
{
  GRand *random;
  Kind kind;
  Maker packed, floats;
} Twins;

static void
add (Maker *maker, const char *stem, const char *ending, const char *dtype, guint rows, guint columns, gconstpointer data, gsize bytes)
{
  g_autofree char *name = g_strconcat (stem, ending, NULL);
  g_autofree char *dims = columns > 0 ? g_strdup_printf ("[%u,%u]", rows, columns) : g_strdup_printf ("[%u]", rows);

  maker_add (maker, name, dtype, dims, data, bytes);
}

static void
add_floats (Maker *maker, const char *stem, guint rows, guint columns, const float *values)
{
  add (maker, stem, ".weight", "F32", rows, columns, values, (gsize) rows * MAX (columns, 1) * sizeof *values);
}

/* The code of row r and column c, into words of eight, [rows, columns / 8] or, turned, [columns / 8, rows]. */
static void
put_code (guint32 *words, guint rows, guint columns, gboolean turned, guint r, guint c, guint code)
{
  words[turned ? c / 8 * rows + r : r * (columns / 8) + c / 8] |= code << (4 * (c % 8));
}

/* Random codes, scales and zeros. */
static void
add_integers (Twins *self, const char *stem, guint rows, guint columns, float *values)
{
  guint groups = columns / 128, words = (rows + 7) / 8;
  gboolean gptq = self->kind == GPTQ, zeros = self->kind != COMPRESSED;
  g_autofree guint32 *codes = g_new0 (guint32, rows * columns / 8), *packed_zeros = g_new0 (guint32, words * groups);
  g_autofree guint16 *scales = g_new (guint16, rows * groups);
  g_autofree guint32 *order = g_new (guint32, columns);
  const gint64 shape[] = { rows, columns };

  for (guint r = 0; r < rows; r++)
    for (guint c = 0; c < columns; c++) {
      guint g = c / 128, at = gptq ? g * rows + r : r * groups + g, code = (guint) g_rand_int_range (self->random, 0, 16);
      guint zero = zeros ? (r * 5 + g * 3) % 15 + 1 : 8;
      float scale;

      if (c % 128 == 0) {
        scales[at] = (guint16) (gptq ? g_rand_int_range (self->random, 0x1c00, 0x2400) : g_rand_int_range (self->random, 0x3b80, 0x3c80));
        packed_zeros[gptq ? g * words + r / 8 : r / 8 * groups + g] |= (gptq ? zero - 1 : zero) << (4 * (r % 8));
      }
      l4_type_to_float (gptq ? L4_TYPE_F16 : L4_TYPE_BF16, &scales[at], 1, &scale);
      values[r * columns + c] = scale * ((float) code - (float) zero);
      put_code (codes, rows, columns, gptq, r, c, code);
      order[c] = g;
    }
  if (gptq) {
    add (&self->packed, stem, ".qweight", "I32", columns / 8, rows, codes, rows * columns / 2);
    add (&self->packed, stem, ".scales", "F16", groups, rows, scales, rows * groups * sizeof *scales);
    add (&self->packed, stem, ".qzeros", "I32", groups, words, packed_zeros, words * groups * sizeof *packed_zeros);
    add (&self->packed, stem, ".g_idx", "I32", columns, 0, order, columns * sizeof *order);
    return;
  }
  add (&self->packed, stem, ".weight_packed", "I32", rows, columns / 8, codes, rows * columns / 2);
  add (&self->packed, stem, ".weight_scale", "BF16", rows, groups, scales, rows * groups * sizeof *scales);
  add (&self->packed, stem, ".weight_shape", "I64", 2, 0, shape, sizeof shape);
  if (zeros)
    add (&self->packed, stem, ".weight_zero_point", "I32", words, groups, packed_zeros, words * groups * sizeof *packed_zeros);
}

static void
add_fp8 (Twins *self, const char *stem, guint rows, guint columns, float *values)
{
  gboolean squares = self->kind == SQUARES;
  guint high = squares ? (rows + 127) / 128 : 1, wide = squares ? columns / 128 : 1;
  g_autofree guint8 *codes = blocks_random (self->random, L4_TYPE_F8_E4M3, rows * columns);
  g_autofree float *scales = g_new (float, high * wide);

  for (guint i = 0; i < high * wide; i++)
    scales[i] = (float) g_rand_double_range (self->random, 0.01, 0.03);
  l4_type_to_float (L4_TYPE_F8_E4M3, codes, rows * columns, values);
  for (guint r = 0; r < rows; r++)
    for (guint c = 0; c < columns; c++)
      values[r * columns + c] *= scales[squares ? r / 128 * wide + c / 128 : 0];
  add (&self->packed, stem, ".weight", "F8_E4M3", rows, columns, codes, rows * columns);
  add (&self->packed, stem, squares ? ".weight_scale_inv" : ".weight_scale", "F32", high, squares ? wide : 0, scales,
      high * wide * sizeof *scales);
}

static void
add_matrix (Twins *self, const char *stem, guint rows, guint columns)
{
  g_autofree float *values = g_new (float, rows * columns);

  if (self->kind == SQUARES || self->kind == ONE_SCALE)
    add_fp8 (self, stem, rows, columns, values);
  else
    add_integers (self, stem, rows, columns, values);
  add_floats (&self->floats, stem, rows, columns, values);
}

/* Plain floats in both: around `middle`. */
static void
add_plain (Twins *self, const char *stem, guint rows, guint columns, float middle)
{
  gsize n = (gsize) rows * MAX (columns, 1);
  g_autofree float *values = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    values[i] = middle + (float) g_rand_double_range (self->random, -0.1, 0.1);
  add_floats (&self->packed, stem, rows, columns, values);
  add_floats (&self->floats, stem, rows, columns, values);
}

static void
add_tensor (Twins *self, const L4LayoutTensor *tensor)
{
  g_autofree char *stem = g_strndup (tensor->source, strlen (tensor->source) - strlen (".weight"));
  const char *part = strrchr (stem, '.');
  guint rows = (guint) tensor->dims[tensor->n_dims - 2 * (tensor->n_dims > 1)], columns = (guint) tensor->dims[tensor->n_dims - 1];

  switch (tensor->kind) {
    case L4_LAYOUT_VECTOR:
      add_plain (self, stem, columns, 0, 1);
      break;
    case L4_LAYOUT_EMBEDDING:
    case L4_LAYOUT_OUTPUT:
    case L4_LAYOUT_ROUTER:
      add_plain (self, stem, rows, columns, 0);
      break;
    case L4_LAYOUT_EXPERTS:
      for (guint e = 0; e < (guint) tensor->dims[0]; e++) {
        g_autofree char *one = g_strdup_printf ("%.*s.%u%s", (int) (part - stem), stem, e, part);

        add_matrix (self, one, rows, columns);
      }
      break;
    default:
      add_matrix (self, stem, rows, columns);
  }
}

static void
write_settings (const Folder *folder, const char *quantised)
{
  g_autofree char *config = g_strdup_printf (MODEL, quantised != NULL ? ",'quantization_config':{" : "", quantised != NULL ? quantised : "",
      quantised != NULL ? "}" : ""), *json = json_from (config), *path = folder_write (folder, "config.json", json, -1);
  g_autofree char *from = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", "tokenizer.json", NULL), *text = NULL;

  g_assert_true (g_file_get_contents (from, &text, NULL, NULL));
  g_free (folder_write (folder, "tokenizer.json", text, -1));
}

/* The model in folders of their own. */
static void
make_twins (Kind kind, const Folder *packed, const Folder *floats)
{
  Twins self = { g_rand_new_with_seed (kind + 1), kind, maker_new (), maker_new () };
  g_autoptr (L4Config) config = NULL;
  g_autoptr (GArray) layout = NULL;
  g_autoptr (GError) error = NULL;

  write_settings (packed, settings[kind]);
  write_settings (floats, NULL);
  config = l4_config_load_folder (packed, &error);
  g_assert_no_error (error);
  layout = l4_layout_text (&config->text, FALSE);
  for (guint i = 0; i < layout->len; i++)
    if (g_array_index (layout, L4LayoutTensor, i).source != NULL)
      add_tensor (&self, &g_array_index (layout, L4LayoutTensor, i));
  maker_write (&self.packed, packed);
  maker_write (&self.floats, floats);
  g_rand_free (self.random);
}

/* As floats -------------------------------------------------------------------------------------------------------------- */

static void
trace (const char *model, const Folder *out)
{
  g_autofree char *golden = g_test_build_filename (G_TEST_DIST, "golden", "dense-tiny", "expected", "input_ids.npy", NULL);

  g_free (succeed ("trace %s --ids %s --out %s", model, golden, out));
}

static void
test_it_is_the_floats_that_it_stands_for (gconstpointer data)
{
  static const char *const stages[] = { "hidden_states.npy", "router_logits.npy", "logits.npy" };
  static const char *const types[] = { "BF16", "Q8_0" };
  g_autoptr (Folder) packed = folder_new (), floats = folder_new (), one = folder_new (), other = folder_new ();

  make_twins (GPOINTER_TO_UINT (data), packed, floats);
  trace (packed, one);
  trace (floats, other);
  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    compare_stage (one, stages[i], other, 1e-5);
  for (guint t = 0; t < G_N_ELEMENTS (types); t++) {
    g_autofree char *a = g_build_filename (one, "model.gguf", NULL), *b = g_build_filename (other, "model.gguf", NULL);
    g_autofree char *renamed = g_build_filename (one, "model", NULL), *link = g_build_filename (other, "model", NULL);

    g_assert_cmpint (symlink (packed, renamed), ==, 0); /* what convert calls a model is its folder's name */
    g_assert_cmpint (symlink (floats, link), ==, 0);
    g_free (succeed ("convert %s %s --type %s", renamed, a, types[t]));
    g_free (succeed ("convert %s %s --type %s", link, b, types[t]));
    assert_same_files (a, b);
    g_unlink (renamed);
    g_unlink (link);
  }
}

/* Wherever they are kept ------------------------------------------------------------------------------------------------- */

static L4Llama *
load (const char *path, L4Load way, guint64 limit, GError **error)
{
  const L4LoadOptions options = {.model_path = path,.threads = 2,.load = way,.memory_limit = limit };

  return l4_llama_load (&options, L4_PRECISION_BF16, NULL, NULL, NULL, error);
}

/* Streamed with about as little memory as it takes. */
static L4Llama *
load_tight (const char *path)
{
  guint64 too_little = 1, enough = 1 << 28;

  while (enough - too_little > 64 * 1024) {
    guint64 limit = (too_little + enough) / 2;
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Llama) one = load (path, L4_LOAD_STREAM, limit, &error);

    if (one == NULL)
      g_assert_error (error, L4_ERROR, L4_ERROR_MEMORY);
    too_little = one == NULL ? limit : too_little;
    enough = one == NULL ? enough : limit;
  }
  return load (path, L4_LOAD_STREAM, enough, NULL);
}

/* A prompt, then one token at a time; [1 + GENERATED, vocab] (transfer full) */
static float *
converse (const L4Llama *model)
{
  const L4TextConfig *text = &model->config->text;
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Cache) cache = l4_cache_new (model->compute, text, FALSE, PROMPT + GENERATED, &error);
  float *logits = g_new0 (float, (1 + GENERATED) * text->vocab);
  l4_autofree float *h = NULL;
  gint32 ids[PROMPT + GENERATED];

  for (guint i = 0; i < PROMPT + GENERATED; i++)
    ids[i] = (gint32) ((i * 17 + i * i) % 270);
  h = l4_llama_embed (model, ids, PROMPT + GENERATED, NULL, 0, &error);
  g_assert_no_error (error);
  l4_llama_forward (model, cache, h, PROMPT, 1, logits, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < GENERATED; i++) {
    l4_llama_forward (model, cache, h + (PROMPT + i) * text->hidden, 1, 1, logits + (1 + i) * text->vocab, NULL, &error);
    g_assert_no_error (error);
  }
  return logits;
}

static void
test_streamed_and_mapped_it_is_the_same (gconstpointer data)
{
  g_autoptr (Folder) packed = folder_new (), floats = folder_new ();
  g_autoptr (L4Llama) read = NULL, mapped = NULL, streamed = NULL, repacked = NULL;
  g_autofree float *expected = NULL, *from_file = NULL, *from_stream = NULL, *from_repacked = NULL;
  L4StreamFigures figures;
  gsize bytes;

  make_twins (GPOINTER_TO_UINT (data), packed, floats);
  read = load (packed, L4_LOAD_READ, 0, NULL);
  mapped = load (packed, L4_LOAD_MAP, 0, NULL);
  streamed = load_tight (packed);
  bytes = (1 + GENERATED) * read->config->text.vocab * sizeof *expected;
  expected = converse (read);
  from_file = converse (mapped);
  from_stream = converse (streamed);
  g_assert_cmpmem (from_file, bytes, expected, bytes);
  g_assert_cmpmem (from_stream, bytes, expected, bytes);
  l4_stream_figures (streamed->stream, &figures);
  g_assert_cmpuint (l4_stream_n_slots (streamed->stream), <, l4_stream_n_experts (streamed->stream));
  g_assert_cmpuint (figures.reads, >, l4_stream_n_slots (streamed->stream));
  g_assert_cmpuint (figures.bytes, >=, figures.reads * 3 * 128 * 256 * (data == GUINT_TO_POINTER (SQUARES) ? 2 : 1) / 2);
  g_free (succeed ("convert --stream %s", packed));
  repacked = load_tight (packed);
  g_assert_true (g_str_has_suffix (l4_stream_repacked (repacked->stream), "/model.experts"));
  from_repacked = converse (repacked);
  g_assert_cmpmem (from_repacked, bytes, expected, bytes);
}

/* Experts whose rows are inputs cannot be streamed: the way out is said. */
static void
test_a_folder_that_cannot_be_streamed_says_what_can (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Llama) model = load (folder, L4_LOAD_STREAM, 1 << 20, &error);

  g_assert_null (model);
  g_assert_error (error, L4_ERROR, L4_ERROR_MEMORY);
  assert_says (error, "scout-tiny|cannot be streamed|llama4 convert|--type");
}

int
main (int argc, char **argv)
{
  static const char *const names[N_KINDS] = { "compressed", "compressed-asymmetric", "gptq", "fp8-squares", "fp8-one-scale" };

  g_test_init (&argc, &argv, NULL);
  for (guint k = 0; k < N_KINDS; k++) {
    g_autofree char *one = g_strconcat ("/folders/it-is-the-floats-that-it-stands-for/", names[k], NULL);
    g_autofree char *other = g_strconcat ("/folders/streamed-and-mapped-it-is-the-same/", names[k], NULL);

    g_test_add_data_func (one, GUINT_TO_POINTER (k), test_it_is_the_floats_that_it_stands_for);
    g_test_add_data_func (other, GUINT_TO_POINTER (k), test_streamed_and_mapped_it_is_the_same);
  }
  g_test_add_func ("/folders/a-folder-that-cannot-be-streamed-says-what-can", test_a_folder_that_cannot_be_streamed_says_what_can);
  return g_test_run ();
}
