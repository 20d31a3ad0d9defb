/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Self-attention far into a context against float64: rotary angles, temperature, borders of chunks, bfloat16 and 8-bit caches. */

#define _GNU_SOURCE             /* M_PIl */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "decoder/rope.h"
#include "decoder/self-attention.h"
#include "engine/llama.h"

#define NEW 4                   /* tokens whose attention is compared */
#define CHUNK 8192
#define FILL 4096               /* known keys that are stored at once */
#define MOST 131072             /* of them, unless all is tried */
#define CONTEXT 10485760        /* of Scout */

/* Most that an output may differ, as a share of the largest; of float32 arithmetic, of bfloat16 operands, of 8-bit keys and values. */
#define EXACT 2e-5
#define ROUNDED 0.02
#define EIGHT_BITS 0.03

typedef struct
{
  const char *name;
  gboolean rope, chunked;
} Kind;

static const Kind kinds[] = { {"rotary-chunked", TRUE, TRUE}, {"rotary", TRUE, FALSE}, {"global", FALSE, FALSE}, {"chunked", FALSE, TRUE} };

typedef struct
{
  L4Llama *model;               /* its weights, by name */
  L4Checkpoint *checkpoint;
  L4TextConfig config;          /* of one layer */
  L4LayerConfig layer;
  L4SelfAttention attention;
  double *q, *k, *v, *o;        /* the same weights */
  gint64 first;                 /* known token */
  float *keys, *values;         /* from that on: [tokens, n_kv_heads, head_dim] */
} Layer;

static double *
read_weights (const L4Checkpoint *checkpoint, const char *name)
{
  g_autofree char *whole = g_strdup_printf ("language_model.model.layers.3.self_attn.%s_proj.weight", name);
  const L4Tensor *tensor = l4_checkpoint_find (checkpoint, whole);
  g_autofree float *floats = g_new (float, tensor->n_elements);
  double *weights = g_new (double, tensor->n_elements);

  g_assert_true (l4_checkpoint_read_float (checkpoint, tensor, 0, tensor->n_elements, floats, NULL));
  for (gsize i = 0; i < tensor->n_elements; i++)
    weights[i] = floats[i];
  return weights;
}

static void
layer_init (Layer *self, L4Precision precision)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", NULL);
  const L4LoadOptions options = {.model_path = folder,.threads = 2 };
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Loader) loader = NULL;

  *self = (Layer) {.model = l4_llama_load (&options, precision, NULL, NULL, NULL, &error) };
  g_assert_no_error (error);
  self->checkpoint = l4_checkpoint_open (folder, NULL, NULL);
  self->config = self->model->config->text;
  self->config.n_layers = 1;
  self->config.layers = &self->layer;
  self->config.chunk = CHUNK;
  self->config.floor_scale = 8192;
  self->config.context = 2 * CONTEXT;
  loader = l4_loader_new (self->model->compute, self->checkpoint, FALSE, 1, NULL, NULL, NULL);
  l4_self_attention_load (&self->attention, loader, &self->config, "language_model.model.layers.3.self_attn");
  g_assert_true (l4_loader_finish (loader, NULL));
  self->q = read_weights (self->checkpoint, "q");
  self->k = read_weights (self->checkpoint, "k");
  self->v = read_weights (self->checkpoint, "v");
  self->o = read_weights (self->checkpoint, "o");
}

static void
layer_clear (Layer *self)
{
  l4_self_attention_clear (&self->attention);
  l4_checkpoint_free (self->checkpoint);
  l4_llama_free (self->model);
  g_free (self->q);
  g_free (self->k);
  g_free (self->v);
  g_free (self->o);
  g_free (self->keys);
  g_free (self->values);
}

/* A number from -1 to 1 that belongs to a place. */
static float
known (guint64 place, guint salt)
{
  guint64 x = (place + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) + salt;

  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return (float) ((double) (x >> 40) / (1 << 23) - 1);
}

static void
fill (Layer *self, L4Cache *cache, gint64 seen)
{
  gint64 width = self->config.n_kv_heads * self->config.head_dim, first = self->layer.chunked ? seen / CHUNK * CHUNK : 0, n = seen - first;

  self->first = first;
  self->keys = g_renew (float, self->keys, n * width);
  self->values = g_renew (float, self->values, n * width);
  for (gint64 i = 0; i < n * width; i++) {
    self->keys[i] = known (first * width + i, 0);
    self->values[i] = known (first * width + i, 1);
  }
  for (gint64 at = 0; at < n; at += FILL)
    l4_key_values_store (&cache->layers[0], self->model->compute, at, self->keys + at * width, self->values + at * width, MIN (FILL, n - at));
  cache->n_tokens = seen;
}

/* y [rows] = weights [rows, columns] x */
static void
multiply (const double *weights, gint64 rows, gint64 columns, const double *x, double *y)
{
  for (gint64 r = 0; r < rows; r++) {
    y[r] = 0;
    for (gint64 c = 0; c < columns; c++)
      y[r] += weights[r * columns + c] * x[c];
  }
}

/* The head of a token at a position, turned and brought to unit root mean square. */
static void
turn (const L4TextConfig *config, const long double *frequencies, gint64 position, double *head)
{
  gint64 d = config->head_dim;
  double sum = 0;

  for (gint64 i = 0; i < d / 2; i++) {
    long double angle = fmodl (position * frequencies[i], 2 * M_PIl);
    double c = cosl (angle), s = sinl (angle), a = head[2 * i], b = head[2 * i + 1];

    head[2 * i] = a * c - b * s;
    head[2 * i + 1] = a * s + b * c;
  }
  for (gint64 i = 0; i < d; i++)
    sum += head[i] * head[i];
  for (gint64 i = 0; config->qk_norm && i < d; i++)
    head[i] /= sqrt (sum / d + config->rms_eps);
}

/* Those of the model's settings, without rounding. */
static void
find_frequencies (const L4TextConfig *config, long double *frequencies)
{
  const L4RopeConfig *rope = &config->rope;

  for (gint64 i = 0; i < config->head_dim / 2; i++) {
    long double f = powl (rope->theta, -2.0L * i / config->head_dim), length = 2 * M_PIl / f, blend;

    blend = (rope->original_context / length - rope->low_freq_factor) / (rope->high_freq_factor - rope->low_freq_factor);
    if (rope->factor > 0)
      f *= length < rope->original_context / rope->high_freq_factor ? 1 : length > rope->original_context / rope->low_freq_factor
          ? 1 / rope->factor : (1 - blend) / rope->factor + blend;
    frequencies[i] = f;
  }
}

/* A token's query, key and value; those of NEW tokens stand one after the other. */
typedef struct
{
  double *q, *k, *v;
} Vectors;

/* What query t has of the new tokens' or the known ones' key and value. */
static double
element (const Layer *self, const Vectors *vectors, gint64 seen, gint64 token, gint64 i, gboolean value)
{
  gint64 width = self->config.n_kv_heads * self->config.head_dim;

  if (token < seen)
    return (value ? self->values : self->keys)[(token - self->first) * width + i];
  return (value ? vectors->v : vectors->k)[(token - seen) * width + i];
}

/* out [head_dim] of query head h of new token t. */
static void
attend (const Layer *self, const Vectors *vectors, gint64 seen, gint64 t, gint64 h, double *weights, double *out)
{
  const L4TextConfig *config = &self->config;
  gint64 d = config->head_dim, position = seen + t, first = self->layer.chunked ? position / CHUNK * CHUNK : 0;
  gint64 at = h / (config->n_heads / config->n_kv_heads) * d;
  const double *q = vectors->q + (t * config->n_heads + h) * d;
  double largest = -INFINITY, total = 0;

  for (gint64 j = first; j <= position; j++) {
    double score = 0;

    for (gint64 i = 0; i < d; i++)
      score += q[i] * element (self, vectors, seen, j, at + i, FALSE);
    weights[j - first] = score / sqrt (d);
    largest = MAX (largest, weights[j - first]);
  }
  memset (out, 0, d * sizeof (double));
  for (gint64 j = first; j <= position; j++) {
    double weight = exp (weights[j - first] - largest);

    total += weight;
    for (gint64 i = 0; i < d; i++)
      out[i] += weight * element (self, vectors, seen, j, at + i, TRUE);
  }
  for (gint64 i = 0; i < d; i++)
    out[i] /= total;
}

/* y [NEW, hidden] of x [NEW, hidden], after `seen` known tokens. */
static void
reference (const Layer *self, gint64 seen, const float *x, double *y)
{
  const L4TextConfig *config = &self->config;
  gint64 d = config->head_dim, q_width = config->n_heads * d, kv_width = config->n_kv_heads * d;
  g_autofree double *memory = g_new (double, NEW * (2 * q_width + 2 * kv_width)), *row = g_new (double, config->hidden);
  g_autofree double *weights = g_new (double, self->layer.chunked ? CHUNK : seen + NEW);
  g_autofree long double *frequencies = g_new (long double, d / 2);
  Vectors vectors = { memory, memory + NEW * q_width, memory + NEW * (q_width + kv_width) };
  double *heads = vectors.v + NEW * kv_width;

  find_frequencies (config, frequencies);
  for (gint64 t = 0; t < NEW; t++) {
    double scale = 1 + config->attn_scale * log (floor ((double) (seen + t + 1) / config->floor_scale) + 1);

    for (gint64 i = 0; i < config->hidden; i++)
      row[i] = x[t * config->hidden + i];
    multiply (self->q, q_width, config->hidden, row, vectors.q + t * q_width);
    multiply (self->k, kv_width, config->hidden, row, vectors.k + t * kv_width);
    multiply (self->v, kv_width, config->hidden, row, vectors.v + t * kv_width);
    for (gint64 h = 0; self->layer.rope && h < config->n_heads; h++)
      turn (config, frequencies, self->layer.chunked ? (seen + t) % CHUNK : seen + t, vectors.q + t * q_width + h * d);
    for (gint64 h = 0; self->layer.rope && h < config->n_kv_heads; h++)
      turn (config, frequencies, self->layer.chunked ? (seen + t) % CHUNK : seen + t, vectors.k + t * kv_width + h * d);
    for (gint64 i = 0; !self->layer.rope && i < q_width; i++)
      vectors.q[t * q_width + i] *= scale;
  }
  for (gint64 t = 0; t < NEW; t++) {
    for (gint64 h = 0; h < config->n_heads; h++)
      attend (self, &vectors, seen, t, h, weights, heads + t * q_width + h * d);
    multiply (self->o, config->hidden, q_width, heads + t * q_width, y + t * config->hidden);
  }
}

static void
check_at (Layer *self, const Kind *kind, gint64 seen, gboolean int8, double bound)
{
  L4Compute *compute = self->model->compute;
  gint64 hidden = self->config.hidden, n_pairs = self->config.head_dim / 2;
  g_autofree float *x = g_new (float, NEW * hidden), *y = g_new (float, NEW * hidden), *tables = g_new (float, 2 * NEW * n_pairs);
  g_autofree double *expected = g_new (double, NEW * hidden);
  g_autoptr (L4Cache) cache = NULL;
  l4_autofree double *frequencies = NULL;
  const L4Angles angles = { tables, tables + NEW * n_pairs };
  double largest = 0, off = 0;
  L4Strands tokens;

  self->layer = (L4LayerConfig) { kind->rope, kind->chunked, TRUE };
  cache = l4_cache_new (compute, &self->config, int8, seen + NEW, NULL);
  g_assert_nonnull (cache);
  fill (self, cache, seen);
  for (gint64 i = 0; i < NEW * hidden; i++)
    x[i] = 2 * known (i, 7);
  frequencies = l4_rope_frequencies (&self->config, NULL);
  l4_rope_angles (frequencies, n_pairs, seen, NEW, kind->chunked ? CHUNK : 0, tables, tables + NEW * n_pairs);
  tokens = l4_strands_of (&(L4Strand) { cache, NEW });
  g_assert_true (l4_self_attention_forward (&self->attention, compute, &tokens, 0, &angles, x, y, NULL));
  reference (self, seen, x, expected);
  for (gint64 i = 0; i < NEW * hidden; i++) {
    largest = MAX (largest, fabs (expected[i]));
    off = MAX (off, fabs (y[i] - expected[i]));
    g_assert_true (isfinite (y[i]));
  }
  g_test_message ("%s, %" G_GINT64_FORMAT " tokens before, %s: off by %.2g of the largest", kind->name, seen, int8 ? "int8" : "not int8",
      off / largest);
  g_assert_cmpfloat (off / largest, <=, bound);
}

/* The new tokens lie across the border before each of these positions, which is one of chunks and of the temperature's steps. */
static const gint64 borders[] = { 8192, 131072, 1048576, CONTEXT };

static void
test_attention (gconstpointer data)
{
  L4Precision precision = GPOINTER_TO_INT (data);
  double bound = precision == L4_PRECISION_F32 ? EXACT : ROUNDED;
  gboolean all = g_getenv ("L4_BIG") != NULL;   /* ten million keys take 5 GB */
  Layer layer;

  layer_init (&layer, precision);
  for (guint b = 0; b < G_N_ELEMENTS (borders); b++)
    for (guint k = 0; k < G_N_ELEMENTS (kinds); k++) {
      if (kinds[k].chunked || borders[b] <= (all ? CONTEXT / 10 : MOST))
        check_at (&layer, &kinds[k], borders[b] - NEW / 2, FALSE, bound);
      if (kinds[k].chunked || borders[b] <= (all ? CONTEXT : MOST))
        check_at (&layer, &kinds[k], borders[b] - NEW / 2, TRUE, EIGHT_BITS);
    }
  layer_clear (&layer);
}

/* In float32 a pair that turns by one radian a token would be off by half a radian at ten million. */
static void
test_angles_are_exact_at_any_distance (void)
{
  const L4RopeConfig ropes[] = { {.theta = 500000}, {.theta = 500000,.factor = 16,.low_freq_factor = 1,.high_freq_factor = 1,.original_context = 8192},
  {.theta = 500000,.factor = 8,.low_freq_factor = 1,.high_freq_factor = 4,.original_context = 8192}
  };

  for (guint r = 0; r < G_N_ELEMENTS (ropes); r++) {
    const L4TextConfig config = {.head_dim = 128,.rope = ropes[r] };
    l4_autofree double *frequencies = l4_rope_frequencies (&config, NULL);
    long double exact[64];
    float cosines[3 * 64], sines[3 * 64];

    find_frequencies (&config, exact);
    for (guint b = 0; b < G_N_ELEMENTS (borders); b++) {
      l4_rope_angles (frequencies, 64, borders[b] - 1, 3, 0, cosines, sines);
      for (gint64 i = 0; i < 3 * 64; i++) {
        long double angle = fmodl ((borders[b] - 1 + i / 64) * exact[i % 64], 2 * M_PIl);

        g_assert_cmpfloat_with_epsilon (cosines[i], (double) cosl (angle), 1e-7);
        g_assert_cmpfloat_with_epsilon (sines[i], (double) sinl (angle), 1e-7);
      }
    }
  }
}

static void
test_the_temperature_rises_at_its_steps (void)
{
  static const double floors[] = { 8192, 8191, 1000, 3 };

  for (guint f = 0; f < G_N_ELEMENTS (floors); f++) {
    const L4TextConfig config = {.floor_scale = floors[f],.attn_scale = 0.1 };

    for (guint b = 0; b < G_N_ELEMENTS (borders); b++) {
      gint64 step = borders[b] / (gint64) floors[f], first = step * (gint64) floors[f] - 1;     /* where a step begins */

      g_assert_cmpfloat_with_epsilon (l4_rope_temperature (&config, first), 1 + 0.1 * log (step + 1), 2e-7);
      g_assert_cmpfloat_with_epsilon (l4_rope_temperature (&config, first - 1), 1 + 0.1 * log (step), 2e-7);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/distance/angles-are-exact-at-any-distance", test_angles_are_exact_at_any_distance);
  g_test_add_func ("/distance/the-temperature-rises-at-its-steps", test_the_temperature_rises_at_its_steps);
  g_test_add_data_func ("/distance/float32-attention-is-that-of-float64", GINT_TO_POINTER (L4_PRECISION_F32), test_attention);
  g_test_add_data_func ("/distance/bf16-attention-is-that-of-float64-but-for-rounding", GINT_TO_POINTER (L4_PRECISION_BF16), test_attention);
  return g_test_run ();
}
