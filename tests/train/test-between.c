/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The training's steps between products: what they compute is that of float64, and what they do to gradients is its slope. */

#include <glib.h>
#include <string.h>

#include "../../models/train/network/attend.c"
#include "../../models/train/network/between.c"

#define CLOSE 0.02              /* of the root mean square of what is right; bfloat16 has 8 bits */

typedef void (*Function) (const double *x, double *y, const void *data);

static gsize
fill (bf16 *x, gsize n, double spread)
{
  for (gsize i = 0; i < n; i++)
    x[i] = narrow ((float) g_test_rand_double_range (-spread, spread));
  return n;
}

static double *
widened (const bf16 *x, gsize n)
{
  double *y = g_new (double, n);

  for (gsize i = 0; i < n; i++)
    y[i] = wide (x[i]);
  return y;
}

static void
assert_close (const double *right, const double *found, gsize n)
{
  double squares = 0, errors = 0;

  for (gsize i = 0; i < n; i++) {
    squares += right[i] * right[i];
    errors += (right[i] - found[i]) * (right[i] - found[i]);
  }
  g_assert_cmpfloat (squares, >, 0);
  g_assert_cmpfloat (sqrt (errors / squares), <, CLOSE);
}

/* The slope of the sum of weights x y at every place of x, by differences. */
static double *
slope (Function function, const void *data, double *x, gsize n, const double *weights, gsize n_y)
{
  const double step = 1e-5;
  g_autofree double *y = g_new (double, n_y);
  double *out = g_new0 (double, n);

  for (gsize i = 0; i < n; i++) {
    const double kept = x[i];

    for (int side = -1; side <= 1; side += 2) {
      x[i] = kept + side * step;
      function (x, y, data);
      for (gsize j = 0; j < n_y; j++)
        out[i] += side * weights[j] * y[j] / (2 * step);
    }
    x[i] = kept;
  }
  return out;
}

enum { CLIPS = 2, LENGTH = 37, HEADS = 6, KV_HEADS = 2, WIDTH = (HEADS + 2 * KV_HEADS) * HEAD, PITCH = 64 };

typedef struct
{
  const float *bias, *cosines, *sines;
  gboolean causal, even;
} Way;

static void
turn (double *x, gsize t, const Way *way)
{
  double squares = 0;

  for (int i = 0; i < HEAD / 2; i++) {
    const double a = x[2 * i], b = x[2 * i + 1], c = way->cosines[t * HEAD / 2 + i], s = way->sines[t * HEAD / 2 + i];

    x[2 * i] = a * c - b * s;
    x[2 * i + 1] = a * s + b * c;
    squares += a * a + b * b;
  }
  for (int i = 0; way->even && i < HEAD; i++)
    x[i] /= sqrt (squares / HEAD + 1e-5);
}

/* Attention, word for word. */
static void
attention (const double *given, double *y, const void *data)
{
  const Way *way = data;
  g_autofree double *x = g_memdup2 (given, CLIPS * LENGTH * WIDTH * sizeof *x);

  for (gsize i = 0; way->bias && i < CLIPS * LENGTH * WIDTH; i++)
    x[i] += way->bias[i % WIDTH];
  for (gsize row = 0; way->cosines && row < CLIPS * LENGTH; row++)
    for (gsize head = 0; head < HEADS + KV_HEADS; head++)
      turn (x + row * WIDTH + head * HEAD, row % LENGTH, way);
  for (gsize b = 0; b < CLIPS; b++)
    for (gsize t = 0; t < LENGTH; t++)
      for (gsize h = 0; h < HEADS; h++) {
        const double *q = x + (b * LENGTH + t) * WIDTH + h * HEAD;
        double *out = y + ((b * LENGTH + t) * HEADS + h) * HEAD, sum = 0;

        memset (out, 0, HEAD * sizeof *out);
        for (gsize j = 0; j < (way->causal ? t + 1 : LENGTH); j++) {
          const double *k = x + (b * LENGTH + j) * WIDTH + (HEADS + h / (HEADS / KV_HEADS)) * HEAD, *v = k + KV_HEADS * HEAD;
          double score = 0;

          for (int c = 0; c < HEAD; c++)
            score += q[c] * k[c];
          score = exp (score / sqrt (HEAD));
          sum += score;
          for (int c = 0; c < HEAD; c++)
            out[c] += score * v[c];
        }
        for (int c = 0; c < HEAD; c++)
          out[c] /= sum;
      }
}

static void
test_attention_and_its_gradient_are_those_of_float64 (gconstpointer kind)
{
  enum { N = CLIPS * LENGTH * WIDTH, N_Y = CLIPS * LENGTH * HEADS * HEAD };
  g_autofree bf16 *qkv = g_new (bf16, N), *y = g_new (bf16, N_Y), *dy = g_new (bf16, N_Y), *dqkv = g_new (bf16, N);
  g_autofree float *sums = g_new (float, CLIPS * HEADS * PITCH), *memory = g_new (float, (260 + PITCH / 2) * PITCH);
  g_autofree float *cosines = g_new (float, LENGTH * HEAD / 2), *sines = g_new (float, LENGTH * HEAD / 2);
  float bias[WIDTH], dbias[WIDTH] = { 0 };
  const gboolean turned = g_str_equal (kind, "turned"), seen = g_str_equal (kind, "seen");
  const Way way = { seen ? bias : NULL, turned || seen ? cosines : NULL, turned || seen ? sines : NULL, !seen, turned };

  for (gsize i = 0; i < LENGTH * HEAD / 2; i++) {
    const double angle = g_test_rand_double_range (0, 2 * G_PI);

    cosines[i] = (float) cos (angle);
    sines[i] = (float) sin (angle);
  }
  for (gsize i = 0; i < WIDTH; i++)
    bias[i] = (float) g_test_rand_double_range (-1, 1);
  fill (qkv, N, seen ? 1 : 3);
  fill (dy, N_Y, 1);
  attend (qkv, way.bias, way.cosines, way.sines, y, sums, memory, CLIPS, LENGTH, HEADS, KV_HEADS, way.causal, way.even);
  attend_back (qkv, way.bias, way.cosines, way.sines, y, sums, dy, dqkv, seen ? dbias : NULL, memory, CLIPS, LENGTH, HEADS, KV_HEADS, way.causal,
      way.even);
  g_autofree double *x = widened (qkv, N), *weights = widened (dy, N_Y), *right = g_new (double, N_Y), *found = widened (y, N_Y);
  attention (x, right, &way);
  assert_close (right, found, N_Y);
  /* Of the last clip's first rows alone: differences take a whole attention each. */
  enum { FIRST = (CLIPS - 1) * LENGTH * WIDTH, SOME = 2 * WIDTH };
  g_autofree double *back = widened (dqkv, N), *sloped = g_new0 (double, SOME);
  for (gsize i = 0; i < SOME; i++) {
    double up_to = 0;

    for (int side = -1; side <= 1; side += 2) {
      const double kept = x[FIRST + i];

      x[FIRST + i] = kept + side * 1e-5;
      attention (x, right, &way);
      x[FIRST + i] = kept;
      for (gsize j = 0; j < N_Y; j++)
        up_to += side * weights[j] * right[j] / 2e-5;
    }
    sloped[i] = up_to;
  }
  assert_close (sloped, back + FIRST, SOME);
  double summed[WIDTH] = { 0 }, added[WIDTH];
  for (gsize i = 0; i < N; i++)
    summed[i % WIDTH] += back[i];
  for (gsize i = 0; i < WIDTH; i++)
    added[i] = dbias[i];
  if (seen)
    assert_close (summed, added, WIDTH);
}

enum { ROWS = 5, SIZE = 48 };

static void
gated (const double *x, double *y, const void *data)
{
  for (gsize r = 0; r < ROWS; r++)
    for (gsize i = 0; i < SIZE; i++)
      y[r * SIZE + i] = x[r * 2 * SIZE + i] / (1 + exp (-x[r * 2 * SIZE + i])) * x[r * 2 * SIZE + SIZE + i];
}

static void
test_a_gate_and_its_gradient_are_those_of_float64 (void)
{
  bf16 both[ROWS * 2 * SIZE], y[ROWS * SIZE], dy[ROWS * SIZE], dboth[ROWS * 2 * SIZE];
  double right[ROWS * SIZE];

  fill (both, G_N_ELEMENTS (both), 4);
  fill (dy, G_N_ELEMENTS (dy), 1);
  gate (both, y, ROWS, SIZE);
  gate_back (both, dy, dboth, ROWS, SIZE);
  g_autofree double *x = widened (both, G_N_ELEMENTS (both)), *weights = widened (dy, G_N_ELEMENTS (dy));
  g_autofree double *found = widened (y, G_N_ELEMENTS (y)), *back = widened (dboth, G_N_ELEMENTS (dboth));
  gated (x, right, NULL);
  assert_close (right, found, G_N_ELEMENTS (y));
  g_autofree double *sloped = slope (gated, NULL, x, G_N_ELEMENTS (both), weights, G_N_ELEMENTS (y));
  assert_close (sloped, back, G_N_ELEMENTS (both));
}

/* x [ROWS][SIZE], after which the weights stand. */
static void
normed (const double *x, double *y, const void *data)
{
  const double *weights = x + ROWS * SIZE;

  for (gsize r = 0; r < ROWS; r++) {
    double squares = 0;

    for (gsize i = 0; i < SIZE; i++)
      squares += x[r * SIZE + i] * x[r * SIZE + i];
    for (gsize i = 0; i < SIZE; i++)
      y[r * SIZE + i] = x[r * SIZE + i] * weights[i] / sqrt (squares / SIZE + 1e-5);
  }
}

static void
test_a_norm_and_its_gradient_are_those_of_float64 (void)
{
  float x[(ROWS + 1) * SIZE], dx[(ROWS + 1) * SIZE] = { 0 };
  double wider[(ROWS + 1) * SIZE], right[ROWS * SIZE], back[(ROWS + 1) * SIZE];
  bf16 y[ROWS * SIZE], dy[ROWS * SIZE];

  for (gsize i = 0; i < G_N_ELEMENTS (x); i++)
    wider[i] = x[i] = (float) g_test_rand_double_range (-3, 3);
  fill (dy, G_N_ELEMENTS (dy), 1);
  norm (x, x + ROWS * SIZE, y, ROWS, SIZE);
  norm_back (x, x + ROWS * SIZE, dy, dx, dx + ROWS * SIZE, ROWS, SIZE);
  g_autofree double *found = widened (y, G_N_ELEMENTS (y)), *weights = widened (dy, G_N_ELEMENTS (dy));
  normed (wider, right, NULL);
  assert_close (right, found, G_N_ELEMENTS (y));
  for (gsize i = 0; i < G_N_ELEMENTS (dx); i++)
    back[i] = dx[i];
  g_autofree double *sloped = slope (normed, NULL, wider, G_N_ELEMENTS (wider), weights, G_N_ELEMENTS (y));
  assert_close (sloped, back, G_N_ELEMENTS (back));
}

/* x [ROWS][SIZE], after which the weights and the biases stand. */
static void
layer_normed (const double *x, double *y, const void *data)
{
  const double *weights = x + ROWS * SIZE, *biases = weights + SIZE;

  for (gsize r = 0; r < ROWS; r++) {
    const double *row = x + r * SIZE;
    double mean = 0, squares = 0;

    for (gsize i = 0; i < SIZE; i++)
      mean += row[i] / SIZE;
    for (gsize i = 0; i < SIZE; i++)
      squares += (row[i] - mean) * (row[i] - mean);
    for (gsize i = 0; i < SIZE; i++)
      y[r * SIZE + i] = (row[i] - mean) * weights[i] / sqrt (squares / SIZE + 1e-5) + biases[i];
  }
}

static void
test_a_layer_norm_and_its_gradient_are_those_of_float64 (void)
{
  enum { N = ROWS * SIZE, ALL = N + 2 * SIZE };
  float x[ALL], dx[ALL] = { 0 }, more[N];
  double wider[ALL], right[N], back[ALL];
  bf16 y[N], dy[N];

  for (gsize i = 0; i < ALL; i++)
    wider[i] = x[i] = (float) g_test_rand_double_range (-2, 4);
  for (gsize i = 0; i < N; i++)
    more[i] = (float) g_test_rand_double_range (-1, 1);
  fill (dy, N, 1);
  layer_norm (x, x + N, x + N + SIZE, y, ROWS, SIZE);
  layer_norm_back (x, x + N, dy, more, dx, dx + N, dx + N + SIZE, ROWS, SIZE);
  g_autofree double *found = widened (y, N), *weights = widened (dy, N);
  layer_normed (wider, right, NULL);
  assert_close (right, found, N);
  for (gsize i = 0; i < ALL; i++)
    back[i] = dx[i] - (i < N ? more[i] : 0);
  g_autofree double *sloped = slope (layer_normed, NULL, wider, ALL, weights, N);
  assert_close (sloped, back, ALL);
}

/* GELU of x [ROWS][SIZE] and the bias, which stands after it. */
static void
opened (const double *x, double *y, const void *data)
{
  for (gsize i = 0; i < ROWS * SIZE; i++) {
    const double g = x[i] + x[ROWS * SIZE + i % SIZE];

    y[i] = g * erfc (-g / sqrt (2)) / 2;
  }
}

static void
test_gelu_and_its_gradient_are_those_of_float64 (void)
{
  enum { N = ROWS * SIZE, ALL = N + SIZE };
  bf16 x[N], y[N], dy[N], dx[N];
  float bias[SIZE], dbias[SIZE] = { 0 };
  double wider[ALL], right[N], back[ALL];

  fill (x, N, 4);
  fill (dy, N, 1);
  for (gsize i = 0; i < N; i++)
    wider[i] = wide (x[i]);
  for (gsize i = 0; i < SIZE; i++)
    wider[N + i] = bias[i] = (float) g_test_rand_double_range (-1, 1);
  gelu (x, bias, y, ROWS, SIZE);
  gelu_back (x, bias, dy, dx, dbias, ROWS, SIZE);
  g_autofree double *found = widened (y, N), *weights = widened (dy, N);
  opened (wider, right, NULL);
  assert_close (right, found, N);
  for (gsize i = 0; i < ALL; i++)
    back[i] = i < N ? wide (dx[i]) : dbias[i - N];
  g_autofree double *sloped = slope (opened, NULL, wider, ALL, weights, N);
  assert_close (sloped, back, ALL);
}

static void
test_a_part_is_added_and_its_gradient_is_that_of_the_sum (void)
{
  enum { N = ROWS * SIZE };
  bf16 part[N], dpart[N];
  float x[N], y[N], bias[SIZE], dbias[SIZE] = { 0 };
  double sums[SIZE] = { 0 };

  fill (part, N, 2);
  for (gsize i = 0; i < N; i++)
    x[i] = (float) g_test_rand_double_range (-2, 2);
  for (gsize i = 0; i < SIZE; i++)
    bias[i] = (float) g_test_rand_double_range (-1, 1);
  add (x, part, bias, y, ROWS, SIZE);
  add_back (x, dpart, dbias, ROWS, SIZE);
  for (gsize i = 0; i < N; i++) {
    g_assert_cmpfloat_with_epsilon (y[i], x[i] + wide (part[i]) + bias[i % SIZE], 1e-5);
    g_assert_cmpuint (dpart[i], ==, narrow (x[i]));
    sums[i % SIZE] += x[i];
  }
  for (gsize i = 0; i < SIZE; i++)
    g_assert_cmpfloat_with_epsilon (dbias[i], sums[i], 1e-5);
}

static void
test_pictures_become_planes_by_the_table (void)
{
  enum { COUNT = 2, PIXELS = 35 };
  guint8 x[COUNT * PIXELS * 3];
  bf16 table[256], y[G_N_ELEMENTS (x)];

  for (gsize i = 0; i < 256; i++)
    table[i] = (bf16) (i * 257 ^ 0x1234);
  for (gsize i = 0; i < G_N_ELEMENTS (x); i++)
    x[i] = (guint8) g_test_rand_int_range (0, 256);
  planes (x, table, y, COUNT, PIXELS);
  for (gsize i = 0; i < G_N_ELEMENTS (x); i++)
    g_assert_cmpuint (y[(i / (3 * PIXELS) * 3 + i % 3) * PIXELS + i / 3 % PIXELS], ==, table[x[i]]);
}

/* Every token's weight times its row, which stands after the weights. */
static void
weighed (const double *x, double *y, const void *data)
{
  for (gsize r = 0; r < ROWS; r++)
    for (gsize i = 0; i < SIZE; i++)
      y[r * SIZE + i] = x[r] * x[ROWS + r * SIZE + i];
}

static void
test_every_token_goes_to_its_expert_and_back (void)
{
  enum { TAKEN = 8 };
  const int64_t taken[TAKEN] = { 3, 0, ROWS, ROWS, 4, 1, 2, ROWS }, place[ROWS] = { 1, 5, 6, 0, 4 };
  bf16 x[ROWS * SIZE], given[TAKEN * SIZE], shared[ROWS * SIZE], d[TAKEN * SIZE], dx[ROWS * SIZE] = { 0 };
  float opened[ROWS], dopened[ROWS], residual[ROWS * SIZE], y[ROWS * SIZE];
  double wider[ROWS + ROWS * SIZE], weights[ROWS * SIZE], back[ROWS + ROWS * SIZE];

  fill (x, G_N_ELEMENTS (x), 2);
  fill (shared, G_N_ELEMENTS (shared), 2);
  fill (d, G_N_ELEMENTS (d), 1);
  for (gsize r = 0; r < ROWS; r++)
    wider[r] = opened[r] = (float) g_test_rand_double_range (0, 1);
  for (gsize i = 0; i < ROWS * SIZE; i++) {
    wider[ROWS + i] = wide (x[i]);
    residual[i] = (float) g_test_rand_double_range (-2, 2);
    weights[i] = wide (d[place[i / SIZE] * SIZE + i % SIZE]);
  }
  gather (x, opened, taken, given, TAKEN, SIZE, ROWS);
  combine (residual, shared, given, place, y, ROWS, SIZE);
  for (gsize i = 0; i < ROWS * SIZE; i++) {
    const double own = wider[i / SIZE] * wider[ROWS + i];

    g_assert_cmpfloat_with_epsilon (y[i], residual[i] + wide (shared[i]) + own, 0.01);
    g_assert_cmpfloat_with_epsilon (wide (given[place[i / SIZE] * SIZE + i % SIZE]), own, 0.01);
  }
  for (gsize row = 0; row < TAKEN; row++)
    for (gsize i = 0; taken[row] == ROWS && i < SIZE; i++)
      g_assert_cmpuint (given[row * SIZE + i], ==, 0);
  gather_back (x, opened, d, place, dx, dopened, ROWS, SIZE);
  for (gsize i = 0; i < ROWS; i++)
    back[i] = dopened[i];
  for (gsize i = 0; i < ROWS * SIZE; i++)
    back[ROWS + i] = wide (dx[i]);
  g_autofree double *sloped = slope (weighed, NULL, wider, G_N_ELEMENTS (wider), weights, ROWS * SIZE);
  assert_close (sloped, back, G_N_ELEMENTS (back));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/between/attention-with-positions-and-its-gradient-are-those-of-float64", "turned",
      test_attention_and_its_gradient_are_those_of_float64);
  g_test_add_data_func ("/between/attention-without-positions-and-its-gradient-are-those-of-float64", "placeless",
      test_attention_and_its_gradient_are_those_of_float64);
  g_test_add_data_func ("/between/attention-of-pictures-and-its-gradient-are-those-of-float64", "seen",
      test_attention_and_its_gradient_are_those_of_float64);
  g_test_add_func ("/between/a-gate-and-its-gradient-are-those-of-float64", test_a_gate_and_its_gradient_are_those_of_float64);
  g_test_add_func ("/between/a-norm-and-its-gradient-are-those-of-float64", test_a_norm_and_its_gradient_are_those_of_float64);
  g_test_add_func ("/between/a-layer-norm-and-its-gradient-are-those-of-float64", test_a_layer_norm_and_its_gradient_are_those_of_float64);
  g_test_add_func ("/between/gelu-and-its-gradient-are-those-of-float64", test_gelu_and_its_gradient_are_those_of_float64);
  g_test_add_func ("/between/a-part-is-added-and-its-gradient-is-that-of-the-sum", test_a_part_is_added_and_its_gradient_is_that_of_the_sum);
  g_test_add_func ("/between/pictures-become-planes-by-the-table", test_pictures_become_planes_by_the_table);
  g_test_add_func ("/between/every-token-goes-to-its-expert-and-back", test_every_token_goes_to_its_expert_and_back);
  return g_test_run ();
}
