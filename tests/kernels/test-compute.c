/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matrix products and attention against plain double arithmetic. */

#include <math.h>

#include "base/memory.h"
#include "compute/attention.h"
#include "compute/compute.h"

static float *
random_floats (GRand *random, gsize n)
{
  float *values = l4_alloc (n * sizeof (float), "test", NULL);

  for (gsize i = 0; i < n; i++)
    values[i] = g_rand_double_range (random, -1, 1);
  return values;
}

static void
check_product (L4Precision precision, L4Layout layout, gint64 m, gint64 n_out, gint64 n_in, gboolean with_bias)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (m * 1000 + n_out);
  g_autoptr (L4Compute) compute = l4_compute_new (precision, 0, &error);
  g_autoptr (L4Weight) weight = NULL;
  l4_autofree float *w = random_floats (random, n_out * n_in);
  l4_autofree float *x = random_floats (random, m * n_in);
  l4_autofree float *bias = random_floats (random, n_out);
  l4_autofree float *y = random_floats (random, m * n_out);
  /* each term errs by at most 2^-8 when both factors are rounded to 8 bits, and the errors add like a random walk */
  double tolerance = precision == L4_PRECISION_F32 ? 1e-5 * sqrt (n_in) : 2 * sqrt (n_in) / 256;

  g_assert_no_error (error);
  l4_compute_enter (compute);
  weight = l4_weight_new (compute, precision, n_out, n_in, layout, w, &error);
  g_assert_no_error (error);
  g_assert_true (l4_product (compute, weight, x, m, with_bias ? bias : NULL, y, &error));
  g_assert_no_error (error);
  for (gint64 i = 0; i < m; i++)
    for (gint64 o = 0; o < n_out; o++) {
      double expected = with_bias ? bias[o] : 0;

      for (gint64 k = 0; k < n_in; k++)
        expected += (double) x[i * n_in + k] * (layout == L4_LAYOUT_OUT_IN ? w[o * n_in + k] : w[k * n_out + o]);
      g_assert_cmpfloat_with_epsilon (y[i * n_out + o], expected, tolerance);
    }
}

static void
test_products (gconstpointer data)
{
  static const gint64 rows[] = { 1, 2, 15, 16, 17, 33, 100 };
  static const gint64 shapes[][2] = { {1, 1}, {5, 3}, {16, 64}, {100, 60}, {456, 128} };

  for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
    for (guint s = 0; s < G_N_ELEMENTS (shapes); s++) {
      check_product (GPOINTER_TO_INT (data), L4_LAYOUT_OUT_IN, rows[r], shapes[s][0], shapes[s][1], r % 2);
      check_product (GPOINTER_TO_INT (data), L4_LAYOUT_IN_OUT, rows[r], shapes[s][0], shapes[s][1], !(r % 2));
    }
}

typedef struct
{
  L4Compute *compute;
  L4Weight *weight;
  const float *x;
  const float *expected;
  gint64 m;
} Shared;

static gpointer
multiply_often (gpointer data)
{
  const Shared *shared = data;
  l4_autofree float *y = l4_alloc (shared->m * 64 * sizeof (float), "test", NULL);

  l4_compute_enter (shared->compute);
  for (guint i = 0; i < 50; i++) {
    g_assert_true (l4_product (shared->compute, shared->weight, shared->x, shared->m, NULL, y, NULL));
    for (gint64 j = 0; j < shared->m * 64; j++)
      g_assert_cmpfloat (y[j], ==, shared->expected[j]);
  }
  return NULL;
}

static void
test_two_threads_share_one_weight (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_BF16, 1, NULL);
  l4_autofree float *w = random_floats (random, 64 * 96);
  l4_autofree float *x = random_floats (random, 20 * 96);
  l4_autofree float *y = random_floats (random, 20 * 64);
  g_autoptr (L4Weight) weight = l4_weight_new (compute, L4_PRECISION_BF16, 64, 96, L4_LAYOUT_OUT_IN, w, NULL);
  Shared shared = { compute, weight, x, y, 20 };
  GThread *threads[2];

  l4_compute_enter (compute);
  g_assert_true (l4_product (compute, weight, x, 20, NULL, y, NULL));
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("product", multiply_often, &shared);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
}

static void
test_attention_shares_key_heads (void)
{
  enum { HEADS = 6, KV_HEADS = 2, D = 5, N = 4, CAPACITY = 9, FIRST = 3 };
  const L4AttentionShape shape = { HEADS, KV_HEADS, D, CAPACITY, 0.5f };
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  l4_autofree float *q = random_floats (random, N * HEADS * D);
  l4_autofree float *k = random_floats (random, KV_HEADS * CAPACITY * D);
  l4_autofree float *v = random_floats (random, KV_HEADS * CAPACITY * D);
  l4_autofree float *out = random_floats (random, N * HEADS * D);

  g_assert_true (l4_attention (&shape, q, N, k, v, FIRST, 1, out, NULL));
  for (guint t = 0; t < N; t++)
    for (guint h = 0; h < HEADS; h++) {
      const float *keys = k + h / 3 * CAPACITY * D, *values = v + h / 3 * CAPACITY * D;
      double total = 0, weights[CAPACITY];

      for (guint j = 0; j < FIRST + t; j++) {
        double score = 0;

        for (guint i = 0; i < D; i++)
          score += 0.5 * q[(t * HEADS + h) * D + i] * keys[j * D + i];
        total += weights[j] = exp (score);
      }
      for (guint i = 0; i < D; i++) {
        double expected = 0;

        for (guint j = 0; j < FIRST + t; j++)
          expected += weights[j] / total * values[j * D + i];
        g_assert_cmpfloat_with_epsilon (out[(t * HEADS + h) * D + i], expected, 1e-5);
      }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/compute/float32-products-match-plain-sums", GINT_TO_POINTER (L4_PRECISION_F32), test_products);
  g_test_add_data_func ("/compute/bf16-products-match-plain-sums", GINT_TO_POINTER (L4_PRECISION_BF16), test_products);
  g_test_add_func ("/compute/two-threads-share-one-weight", test_two_threads_share_one_weight);
  g_test_add_func ("/compute/attention-shares-key-heads", test_attention_shares_key_heads);
  return g_test_run ();
}
