/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine against what the reference implementation computes, stage by stage. */

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "engine/trace.h"
#include "files/json.h"
#include "files/npy.h"
#include "files/ppm.h"
#include "vision/picture.h"

/* Largest difference allowed, as a part of the stage's largest value. */
#define FLOAT32_TOLERANCE 1e-4
#define ROUNDED_TOLERANCE 0.02     /* root mean square: single logits of a random model err by twice that, from rounding alone */
#define INTEGER_TOLERANCE 0.03  /* weights and input as 8-bit integers: two roundings of the size of one to bfloat16 */

static const char *const cases[] = { "scout-tiny", "maverick-tiny", "frames-tiny", "topk-tiny", "dense-tiny" };

typedef struct
{
  const char *name;
  L4Llama *model;
  gint32 *ids;                  /* [n] */
  gint64 n;
  L4Npy pixels;                 /* [n_tiles, 3, size, size]; empty without pictures */
} Golden;

static char *
golden_path (const char *name, const char *file)
{
  return g_test_build_filename (G_TEST_DIST, "golden", name, file, NULL);
}

static gboolean
load_expected (const char *name, const char *file, L4Npy *npy)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", name, "expected", file, NULL);
  g_autoptr (GError) error = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return FALSE;
  l4_npy_load (path, npy, &error);
  g_assert_no_error (error);
  return TRUE;
}

static void
load_ids (const char *name, const char *file, gint32 **ids, gint64 *n)
{
  g_auto (L4Npy) npy = { 0 };

  g_assert_true (load_expected (name, file, &npy));
  g_assert_cmpint (npy.type, ==, L4_NPY_INT64);
  *n = npy.dims[0];
  *ids = g_new (gint32, *n);
  for (gint64 i = 0; i < *n; i++)
    (*ids)[i] = ((const gint64 *) npy.data)[i];
}

static L4Llama *
load_model (const char *name, L4Precision precision)
{
  g_autofree char *folder = golden_path (name, NULL);
  const L4LoadOptions options = {.model_path = folder };
  g_autoptr (GError) error = NULL;
  L4Llama *model = l4_llama_load (&options, precision, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return model;
}

static void
golden_load (Golden *self, const char *name, L4Precision precision)
{
  *self = (Golden) {.name = name,.model = load_model (name, precision) };
  load_ids (name, "input_ids.npy", &self->ids, &self->n);
  load_expected (name, "pixel_values.npy", &self->pixels);
}

static void
golden_clear (Golden *self)
{
  l4_llama_free (self->model);
  g_free (self->ids);
  l4_npy_clear (&self->pixels);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Golden, golden_clear)

static double
largest (const float *values, gsize n)
{
  double most = 0;

  for (gsize i = 0; i < n; i++)
    most = MAX (most, fabs (values[i]));
  return most;
}

static void
assert_close (const char *what, const float *values, const float *expected, gsize n, double tolerance)
{
  double bound = tolerance * largest (expected, n), worst = 0;

  for (gsize i = 0; i < n; i++) {
    g_assert_true (isfinite (values[i]));
    worst = MAX (worst, fabs ((double) values[i] - expected[i]));
  }
  g_test_message ("%s: off by %.2g of the largest value", what, worst / largest (expected, n));
  g_assert_cmpfloat (worst, <=, bound);
}

/* Root mean square of the difference, as a part of that of the expected values. */
static double
distance (const float *values, const float *expected, gsize n)
{
  double difference = 0, size = 0;

  for (gsize i = 0; i < n; i++) {
    difference += ((double) values[i] - expected[i]) * ((double) values[i] - expected[i]);
    size += (double) expected[i] * expected[i];
  }
  return sqrt (difference / size);
}

static void
assert_stage (const Golden *golden, const char *file, const float *values, gsize n)
{
  g_auto (L4Npy) expected = { 0 };

  if (!load_expected (golden->name, file, &expected)) {
    g_assert_cmpuint (n, ==, 0);
    return;
  }
  g_assert_cmpint (expected.type, ==, L4_NPY_FLOAT32);
  g_assert_cmpuint (expected.n_elements, ==, n);
  assert_close (file, values, expected.data, n, FLOAT32_TOLERANCE);
}

static void
trace (const Golden *golden, const gint32 *ids, gint64 n, const gint32 *experts, L4Trace *result)
{
  g_autoptr (GError) error = NULL;

  l4_trace (golden->model, ids, n, golden->pixels.data, golden->pixels.data != NULL ? golden->pixels.dims[0] : 0, experts,
      result, &error);
  g_assert_no_error (error);
}

static void
test_every_stage_equals_the_reference (gconstpointer name)
{
  g_auto (Golden) golden = { 0 };
  g_auto (L4Trace) t = { 0 };

  golden_load (&golden, name, L4_PRECISION_F32);
  trace (&golden, golden.ids, golden.n, NULL, &t);
  assert_stage (&golden, "vision_features.npy", t.vision_features, t.n_features * t.hidden);
  assert_stage (&golden, "hidden_states.npy", t.hidden_states, (t.n_layers + 1) * t.n * t.hidden);
  assert_stage (&golden, "router_logits.npy", t.router_logits, t.n_moe_layers * t.n * t.n_experts);
  assert_stage (&golden, "logits.npy", t.logits, t.n * t.vocab);
}

/* The conversation of messages.json; text parts are borrowed from it. */
static GArray *
read_parts (const L4Json *json, GArray *roles)
{
  GArray *parts = g_array_new (FALSE, FALSE, sizeof (L4Part));
  yyjson_val *turns = json->root, *turn;
  gsize index, count;

  yyjson_arr_foreach (turns, index, count, turn) {
    const char *role = yyjson_get_str (yyjson_obj_get (turn, "role"));
    yyjson_val *content = yyjson_obj_get (turn, "content"), *item;
    L4Message message = {.role = g_str_equal (role, "system") ? L4_ROLE_SYSTEM : L4_ROLE_USER,
      .parts = GSIZE_TO_POINTER (parts->len),.n_parts = yyjson_arr_size (content)
    };
    gsize i, n;

    yyjson_arr_foreach (content, i, n, item) {
      static const guint8 dummy[3] = { 0 };
      L4Part part = {.text = yyjson_get_str (yyjson_obj_get (item, "text")),.picture = {dummy, 1, 1, 3} };

      g_array_append_val (parts, part);
    }
    g_array_append_val (roles, message);
  }
  for (guint i = 0; i < roles->len; i++) {
    L4Message *message = &g_array_index (roles, L4Message, i);

    message->parts = &g_array_index (parts, L4Part, GPOINTER_TO_SIZE (message->parts));
  }
  return parts;
}

/* messages.json is an array, which l4_json_load() refuses as a root. */
static L4Json *
load_array (const char *name, const char *file)
{
  L4Json *json = g_new0 (L4Json, 1);

  json->path = g_test_build_filename (G_TEST_DIST, "golden", name, "expected", file, NULL);
  json->doc = yyjson_read_file (json->path, 0, NULL, NULL);
  g_assert_nonnull (json->doc);
  json->root = yyjson_doc_get_root (json->doc);
  return json;
}

static GArray *
read_grids (const Golden *golden)
{
  g_autoptr (L4Json) images = load_array (golden->name, "images.json");
  const L4VisionConfig *config = &golden->model->config->vision;
  GArray *grids = g_array_new (FALSE, FALSE, sizeof (L4Grid));
  yyjson_val *image;
  gsize index, count;

  yyjson_arr_foreach (images->root, index, count, image) {
    L4Canvas canvas;

    l4_canvas_choose (config, config->max_patches, yyjson_get_uint (yyjson_obj_get (image, "width")),
        yyjson_get_uint (yyjson_obj_get (image, "height")), &canvas);
    g_array_append_val (grids, canvas.grid);
  }
  return grids;
}

static void
test_messages_become_the_reference_ids (gconstpointer name)
{
  g_auto (Golden) golden = { 0 };
  g_autoptr (L4Json) json = load_array (name, "messages.json");
  g_autoptr (GArray) messages = g_array_new (FALSE, FALSE, sizeof (L4Message));
  g_autoptr (GArray) parts = read_parts (json, messages);
  g_autoptr (GArray) grids = NULL, ids = NULL;
  g_autoptr (GError) error = NULL;

  golden_load (&golden, name, L4_PRECISION_F32);
  grids = read_grids (&golden);
  ids = l4_chat_encode (golden.model->tokenizer, &golden.model->tokens, (L4Message *) messages->data, messages->len,
      (L4Grid *) grids->data, grids->len,
      golden.model->config->has_vision ? l4_vision_tokens_per_tile (&golden.model->config->vision) : 0, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (ids->data, ids->len * sizeof (gint32), golden.ids, golden.n * sizeof (gint32));
}

static gint32
best (const float *logits, gint64 n)
{
  gint32 id = 0;

  for (gint64 i = 1; i < n; i++)
    if (logits[i] > logits[id])
      id = i;
  return id;
}

static void
test_greedy_ids_without_cache (gconstpointer name)
{
  g_auto (Golden) golden = { 0 };
  g_autofree gint32 *expected = NULL, *ids = NULL;
  gint64 n_new;

  golden_load (&golden, name, L4_PRECISION_F32);
  load_ids (name, "generated_ids.npy", &expected, &n_new);
  ids = g_new (gint32, golden.n + n_new);
  memcpy (ids, golden.ids, golden.n * sizeof (gint32));
  for (gint64 i = 0; i < n_new; i++) {
    g_auto (L4Trace) t = { 0 };

    trace (&golden, ids, golden.n + i, NULL, &t);
    ids[golden.n + i] = best (t.logits + (t.n - 1) * t.vocab, t.vocab);
    g_assert_cmpint (ids[golden.n + i], ==, expected[i]);
  }
}

/* Runs the prompt in batches of that size (all at once with a probe), then the expected answer token by token; logits [n + n_new, vocab]. */
static void
run_cached (const Golden *golden, gboolean int8, gint64 batch, const L4Probe *probe, const gint32 *answer, gint64 n_new, float *logits)
{
  const L4Llama *model = golden->model;
  const L4TextConfig *config = &model->config->text;
  g_autoptr (L4Cache) cache = l4_cache_new (model->compute, config, int8, golden->n + n_new, NULL);
  g_autoptr (GError) error = NULL;
  l4_autofree float *features = NULL, *h = NULL;
  gint64 n_features = 0, step;

  if (golden->pixels.data != NULL) {
    n_features = golden->pixels.dims[0] * l4_vision_tokens_per_tile (&model->config->vision);
    features = l4_alloc (n_features * config->hidden * sizeof (float), "test", NULL);
    g_assert_true (l4_vision_encoder_forward (model->vision, model->compute, golden->pixels.data, golden->pixels.dims[0],
            features, NULL, &error));
  }
  h = l4_llama_embed (model, golden->ids, golden->n, features, n_features, &error);
  g_assert_no_error (error);
  for (gint64 at = 0; at < golden->n; at += step) {
    L4Strands tokens;

    step = MIN (batch, golden->n - at);
    tokens = l4_strands_of (&(L4Strand) { cache, step });
    g_assert_true (l4_decoder_forward (model->decoder, model->compute, &tokens, h + at * config->hidden, probe, NULL, &error));
    g_assert_true (l4_decoder_logits (model->decoder, model->compute, h + at * config->hidden, step, FALSE,
            logits + at * config->vocab, &error));
  }
  for (gint64 i = 0; i < n_new; i++) {
    l4_autofree float *row = l4_llama_embed (model, answer + i, 1, NULL, 0, &error);
    L4Strands one = l4_strands_of (&(L4Strand) { cache, 1 });

    g_assert_true (l4_decoder_forward (model->decoder, model->compute, &one, row, NULL, NULL, &error));
    g_assert_true (l4_decoder_logits (model->decoder, model->compute, row, 1, FALSE, logits + (golden->n + i) * config->vocab, &error));
  }
  g_assert_no_error (error);
}

static void
test_greedy_ids_with_cache (gconstpointer name)
{
  g_auto (Golden) golden = { 0 };
  g_autofree gint32 *expected = NULL;
  l4_autofree float *logits = NULL;
  gint64 n_new, vocab;

  golden_load (&golden, name, L4_PRECISION_F32);
  load_ids (name, "generated_ids.npy", &expected, &n_new);
  vocab = golden.model->config->text.vocab;
  logits = l4_alloc ((golden.n + n_new) * vocab * sizeof (float), "test", NULL);
  run_cached (&golden, FALSE, golden.n, NULL, expected, n_new, logits);
  for (gint64 i = 0; i < n_new; i++)
    g_assert_cmpint (best (logits + (golden.n - 1 + i) * vocab, vocab), ==, expected[i]);
}

/* Batches of one, of sizes that straddle every chunk border, of exactly one chunk, and all at once. */
static void
test_batches_of_any_size_give_the_same_logits (gconstpointer name)
{
  g_auto (Golden) golden = { 0 };
  g_auto (L4Npy) expected = { 0 };
  l4_autofree float *logits = NULL;
  gint64 chunk, batches[6];

  golden_load (&golden, name, L4_PRECISION_F32);
  chunk = golden.model->config->text.chunk > 0 ? golden.model->config->text.chunk : 16;
  memcpy (batches, ((gint64[]) { 1, 7, chunk - 1, chunk, chunk + 1, golden.n }), sizeof batches);
  g_assert_true (load_expected (name, "logits.npy", &expected));
  logits = l4_alloc (expected.n_elements * sizeof (float), "test", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (batches); i++) {
    g_autofree char *what = g_strdup_printf ("batches of %" G_GINT64_FORMAT, batches[i]);

    run_cached (&golden, FALSE, batches[i], NULL, NULL, 0, logits);
    assert_close (what, logits, expected.data, expected.n_elements, FLOAT32_TOLERANCE);
  }
}

static void
test_chunked_layers_hold_one_chunk (gconstpointer name)
{
  g_auto (Golden) golden = { 0 };
  g_autoptr (L4Cache) cache = NULL;
  const L4TextConfig *config;

  golden_load (&golden, name, L4_PRECISION_BF16);
  config = &golden.model->config->text;
  cache = l4_cache_new (golden.model->compute, config, FALSE, 10 * (config->chunk + 1), NULL);
  for (gint64 l = 0; l < config->n_layers; l++)
    /* in blocks of 64 slots */
    g_assert_cmpint (cache->layers[l].capacity, ==,
        ((config->layers[l].chunked && config->chunk > 0 ? config->chunk : 10 * (config->chunk + 1)) + 63) / 64 * 64);
}

/* The reference's choices: the top_k largest router logits of every token. [n_moe_layers, n, top_k] */
static gint32 *
reference_experts (const Golden *golden, gint64 *n_choices)
{
  g_auto (L4Npy) router = { 0 };
  gint64 k = golden->model->config->text.top_k, n_experts, rows;
  gint32 *experts;

  if (!load_expected (golden->name, "router_logits.npy", &router) || router.n_elements == 0)
    return NULL;
  n_experts = router.dims[2];
  rows = router.dims[0] * router.dims[1];
  experts = g_new (gint32, rows * k);
  for (gint64 r = 0; r < rows; r++) {
    float *logits = (float *) router.data + r * n_experts;

    for (gint64 i = 0; i < k; i++) {
      experts[r * k + i] = best (logits, n_experts);
      logits[experts[r * k + i]] = -INFINITY;
    }
  }
  *n_choices = rows;
  return experts;
}

static void
test_bf16_is_close_with_the_reference_experts (gconstpointer name)
{
  g_auto (Golden) golden = { 0 };
  g_auto (L4Npy) expected = { 0 };
  g_auto (L4Trace) forced = { 0 }, free_running = { 0 };
  g_autofree gint32 *experts = NULL;
  gint64 n_choices = 0, flips = 0, k;

  golden_load (&golden, name, L4_PRECISION_BF16);
  k = golden.model->config->text.top_k;
  g_assert_true (load_expected (name, "logits.npy", &expected));
  experts = reference_experts (&golden, &n_choices);
  trace (&golden, golden.ids, golden.n, experts, &forced);
  g_test_message ("bf16 logits: off by %.2g", distance (forced.logits, expected.data, expected.n_elements));
  g_assert_cmpfloat (distance (forced.logits, expected.data, expected.n_elements), <, ROUNDED_TOLERANCE);

  trace (&golden, golden.ids, golden.n, NULL, &free_running);
  for (gint64 r = 0; r < n_choices; r++)
    flips += best (free_running.router_logits + r * free_running.n_experts, free_running.n_experts) != experts[r * k];
  g_test_message ("free-running: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " first choices differ", flips, n_choices);
}

static void
test_vision_as_integers_is_close (gconstpointer name)
{
  g_autofree char *path = golden_path (name, NULL);
  g_auto (L4Npy) pixels = { 0 }, expected = { 0 };
  g_autoptr (L4Llama) usual = load_model (name, L4_PRECISION_BF16), model = NULL;
  g_autoptr (GError) error = NULL;
  l4_autofree float *features = NULL;

  if (!load_expected (name, "pixel_values.npy", &pixels) || !load_expected (name, "vision_features.npy", &expected)) {
    g_test_skip ("no pictures");
    return;
  }
  model = l4_llama_load (&(L4LoadOptions) {.model_path = path,.vision_int8 = TRUE }, L4_PRECISION_BF16, NULL, NULL,
      NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (model->memory, <, usual->memory);
  features = l4_alloc (expected.n_elements * sizeof (float), "test", NULL);
  g_assert_true (l4_vision_encoder_forward (model->vision, model->compute, pixels.data, pixels.dims[0], features, NULL, &error));
  g_test_message ("features: off by %.2g", distance (features, expected.data, expected.n_elements));
  g_assert_cmpfloat (distance (features, expected.data, expected.n_elements), <, INTEGER_TOLERANCE);
}

static void
test_keys_and_values_as_integers_are_close (gconstpointer name)
{
  g_auto (Golden) golden = { 0 };
  g_auto (L4Npy) expected = { 0 };
  g_autofree gint32 *experts = NULL;
  l4_autofree float *logits = NULL;
  gint64 n_choices;

  golden_load (&golden, name, L4_PRECISION_F32);
  g_assert_true (load_expected (name, "logits.npy", &expected));
  experts = reference_experts (&golden, &n_choices);
  logits = l4_alloc (expected.n_elements * sizeof (float), "test", NULL);
  run_cached (&golden, TRUE, golden.n, &(L4Probe) {.experts = experts }, NULL, 0, logits);
  g_test_message ("logits: off by %.2g", distance (logits, expected.data, expected.n_elements));
  g_assert_cmpfloat (distance (logits, expected.data, expected.n_elements), <, ROUNDED_TOLERANCE);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    GTestDataFunc run;
  } tests[] = {
    {"every-stage-equals-the-reference", test_every_stage_equals_the_reference},
    {"messages-become-the-reference-ids", test_messages_become_the_reference_ids},
    {"greedy-ids-without-cache-equal-the-reference", test_greedy_ids_without_cache},
    {"greedy-ids-with-cache-equal-the-reference", test_greedy_ids_with_cache},
    {"batches-of-any-size-give-the-same-logits", test_batches_of_any_size_give_the_same_logits},
    {"chunked-layers-hold-one-chunk", test_chunked_layers_hold_one_chunk},
    {"bf16-is-close-with-the-reference-experts", test_bf16_is_close_with_the_reference_experts},
    {"vision-as-integers-is-close", test_vision_as_integers_is_close},
    {"keys-and-values-as-integers-are-close-with-the-reference-experts", test_keys_and_values_as_integers_are_close},
  };

  g_test_init (&argc, &argv, NULL);
  for (guint c = 0; c < G_N_ELEMENTS (cases); c++)
    for (guint t = 0; t < G_N_ELEMENTS (tests); t++) {
      g_autofree char *path = g_strdup_printf ("/golden/%s/%s", cases[c], tests[t].path);

      g_test_add_data_func (path, cases[c], tests[t].run);
    }
  return g_test_run ();
}
