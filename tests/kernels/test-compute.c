/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matrix products and attention against plain double arithmetic. */

#include <math.h>

#include "base/memory.h"
#include "compute/attention.h"
#include "compute/product.h"
#include "support/blocks.h"

static float *
random_floats (GRand *random, gsize n)
{
  float *values = l4_alloc (n * sizeof (float), "test", NULL);

  for (gsize i = 0; i < n; i++)
    values[i] = g_rand_double_range (random, -1, 1);
  return values;
}

/* A weight of that type and its values [n_out, n_in]. */
static L4Weight *
random_weight (GRand *random, L4Type type, gint64 n_out, gint64 n_in, float **values)
{
  gsize n = n_out * n_in, row_bytes = n_in / l4_type_info (type)->block_elements * l4_type_info (type)->block_bytes;
  g_autofree guint8 *rows = blocks_random (random, type, n);
  L4Weight *weight = l4_weight_new (type, n_out, n_in, NULL, NULL);

  for (gsize p = 0; p < l4_weight_n_panels (weight); p++)
    l4_weight_set_panel (weight, p, rows + p * 16 * row_bytes, row_bytes);
  *values = l4_alloc (n * sizeof (float), "test", NULL);
  l4_type_to_float (type, rows, n, *values);
  return weight;
}

/* Everything that a product can do at once: rows picked, scaled, a bias, GELU or a gate, added to what is there. */
static void
check_product (L4Compute *compute, L4Type type, gint64 m, gint64 n_out, gint64 n_in, guint variant)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (m * 1000 + n_out);
  l4_autofree float *w = NULL, *v = NULL;
  g_autoptr (L4Weight) weight = random_weight (random, type, n_out, n_in, &w);
  g_autoptr (L4Weight) gate = random_weight (random, type, n_out, n_in, &v);
  l4_autofree float *x = random_floats (random, (m + 3) * n_in), *bias = random_floats (random, n_out);
  l4_autofree float *factors = random_floats (random, m), *y = random_floats (random, m * n_out);
  l4_autofree float *before = random_floats (random, m * n_out);
  g_autofree gint32 *rows = g_new (gint32, m);
  L4Product product = {.weight = weight,.x = x,.m = m,.y = y };
  gboolean exact = l4_compute_get_precision (compute) == L4_PRECISION_F32 || type == L4_TYPE_F32;

  for (gint64 i = 0; i < m; i++)
    rows[i] = g_rand_int_range (random, 0, m + 3);
  memcpy (before, y, m * n_out * sizeof *y);
  product.rows = variant & 1 ? rows : NULL;
  product.factors = variant & 2 ? factors : NULL;
  product.bias = variant & 4 ? bias : NULL;
  product.activation = variant & 8 ? L4_ACTIVATION_GELU : L4_ACTIVATION_NONE;
  product.add = (variant & 16) != 0;
  product.gate = variant & 32 ? gate : NULL;
  g_assert_true (l4_multiply (compute, &product, 1, &error));
  g_assert_no_error (error);
  for (gint64 i = 0; i < m; i++)
    for (gint64 o = 0; o < n_out; o++) {
      double sum = 0, gated = 0, size = 0, tolerance;

      for (gint64 k = 0; k < n_in; k++) {
        double value = (double) x[(variant & 1 ? rows[i] : i) * n_in + k] * (variant & 2 ? factors[i] : 1);

        sum += value * w[o * n_in + k];
        gated += value * v[o * n_in + k];
        size += fabs (w[o * n_in + k]) + (variant & 32 ? fabs (v[o * n_in + k]) : 0);
      }
      /* rounding to 8 bits errs by half a step of at most 1 / 127 a term, and the errors add like a random walk */
      tolerance = (exact ? 1e-5 : 0.02 / sqrt (n_in) + 1e-4) * size * (variant & 32 ? 2 + fabs (sum) + fabs (gated) : 1) + 1e-5;
      sum += variant & 4 ? bias[o] : 0;
      if (variant & 32)
        sum *= gated / (1 + exp (-gated));
      if (variant & 8)
        sum *= 0.5 * (1 + erf (sum * M_SQRT1_2));
      if (variant & 16)
        sum += before[i * n_out + o];
      g_assert_cmpfloat_with_epsilon (y[i * n_out + o], sum, tolerance);
    }
}

static void
test_products (gconstpointer data)
{
  static const gint64 rows[] = { 1, 2, 7, 8, 9, 16, 17, 33, 100 };
  static const gint64 shapes[][2] = { {1, 256}, {5, 256}, {100, 512}, {300, 1024} };
  g_autoptr (L4Compute) compute = l4_compute_new (GPOINTER_TO_INT (data), 2, NULL);

  for (guint type = 0; type < L4_N_TYPES; type++)
    for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
      check_product (compute, type, rows[r], shapes[r % 4][0], shapes[r % 4][1], (r * 7 + type * 5) % 64);
  for (guint variant = 0; variant < 64; variant++) {
    check_product (compute, L4_TYPE_BF16, 3, 70, 96, variant);
    check_product (compute, L4_TYPE_BF16, 20, 70, 96, variant);
    check_product (compute, L4_TYPE_Q4_0, 20, 70, 96, variant);
    check_product (compute, L4_TYPE_F32, 20, 70, 97, variant);
  }
  check_product (compute, L4_TYPE_BF16, 1100, 130, 1060, 0);    /* more rows and columns than one block of sums or depth */
  check_product (compute, L4_TYPE_Q4_0, 1100, 130, 1056, 63);
}

static void
test_a_row_alone_gives_the_same_bits (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_BF16, 2, NULL);

  for (guint type = 0; type < L4_N_TYPES; type++) {
    l4_autofree float *w = NULL, *x = random_floats (random, 8 * 512), *y = random_floats (random, 8 * 100);
    g_autoptr (L4Weight) weight = random_weight (random, type, 100, 512, &w);
    float alone[100];

    g_assert_true (l4_multiply (compute, &(L4Product) {.weight = weight,.x = x,.m = 8,.y = y }, 1, NULL));
    for (guint i = 0; i < 8; i++) {
      g_assert_true (l4_multiply (compute, &(L4Product) {.weight = weight,.x = x + i * 512,.m = 1,.y = alone }, 1, NULL));
      g_assert_cmpmem (alone, sizeof alone, y + i * 100, sizeof alone);
    }
  }
}

/* Whichever way is the faster one for as many. */
static void
test_a_row_of_many_quantised_ones_gives_the_same_bits (void)
{
  static const gint64 rows[] = { 9, 31, 32, 33, 64, 100, 129, 200 };
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_BF16, 2, NULL);
  l4_autofree float *x = random_floats (random, 200 * 512), *y = random_floats (random, 200 * 100);

  for (guint type = 0; type < L4_N_TYPES; type++) {
    l4_autofree float *w = NULL, *v = NULL;
    g_autoptr (L4Weight) weight = random_weight (random, type, 100, 512, &w), gate = random_weight (random, L4_TYPE_Q4_K, 100, 512, &v);
    L4Product product = {.weight = weight,.gate = type % 2 ? gate : NULL,.x = x,.y = y };
    float alone[100];

    if (l4_type_info (type)->block_elements == 1 || l4_multiply_tells_many (compute, &product))
      continue;
    for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
      gint64 last = rows[r] - 1;

      product.m = rows[r];
      g_assert_true (l4_multiply (compute, &product, 1, NULL));
      g_assert_true (l4_multiply (compute, &(L4Product) {.weight = weight,.gate = product.gate,.x = x + last * 512,.m = 1,.y = alone }, 1,
              NULL));
      g_assert_cmpmem (alone, sizeof alone, y + last * 100, sizeof alone);
    }
  }
}

static void
test_weights_left_in_their_rows_give_the_same_bits (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (4);
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_BF16, 2, NULL);

  for (guint type = 0; type < L4_N_TYPES; type++)
    for (gint64 m = 1; m < 40; m += 19) {
      g_autofree guint8 *rows = blocks_random (random, type, 100 * 512);
      l4_autofree float *x = random_floats (random, m * 512), *y = random_floats (random, m * 100);
      l4_autofree float *z = random_floats (random, m * 100);
      g_autoptr (L4Weight) packed = l4_weight_new (type, 100, 512, NULL, NULL);
      g_autoptr (L4Weight) left = l4_weight_new (type, 100, 512, rows, NULL);

      for (gsize p = 0; p < l4_weight_n_panels (packed); p++)
        l4_weight_set_panel (packed, p, rows + p * 16 * packed->row_bytes, packed->row_bytes);
      g_assert_true (l4_multiply (compute, &(L4Product) {.weight = packed,.x = x,.m = m,.y = y }, 1, NULL));
      g_assert_true (l4_multiply (compute, &(L4Product) {.weight = left,.gate = NULL,.x = x,.m = m,.y = z }, 1, NULL));
      g_assert_cmpmem (y, m * 100 * sizeof *y, z, m * 100 * sizeof *z);
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

  for (guint i = 0; i < 50; i++) {
    g_assert_true (l4_multiply (shared->compute, &(L4Product) {.weight = shared->weight,.x = shared->x,.m = shared->m,.y = y }, 1,
            NULL));
    for (gint64 j = 0; j < shared->m * 64; j++)
      g_assert_cmpfloat (y[j], ==, shared->expected[j]);
  }
  return NULL;
}

static void
test_two_threads_share_one_weight (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_BF16, 2, NULL);
  l4_autofree float *w = NULL, *x = random_floats (random, 20 * 4096), *y = random_floats (random, 20 * 64);
  g_autoptr (L4Weight) weight = random_weight (random, L4_TYPE_Q4_K, 64, 4096, &w);
  Shared shared = { compute, weight, x, y, 20 };
  GThread *threads[2];

  g_assert_true (l4_multiply (compute, &(L4Product) {.weight = weight,.x = x,.m = 20,.y = y }, 1, NULL));
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("product", multiply_often, &shared);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
}

/* n queries over slots keys, of which query t sees first + t * step. */
static void
check_attention (L4Compute *compute, gboolean int8, gint64 heads, gint64 kv_heads, gint64 d, gint64 n, gint64 slots, gint64 first, gint64 step)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (slots * 7 + d);
  l4_autofree float *q = random_floats (random, n * heads * d), *out = random_floats (random, n * heads * d);
  l4_autofree float *k = random_floats (random, slots * kv_heads * d), *v = random_floats (random, slots * kv_heads * d);
  g_autofree double *weights = g_new (double, slots);
  double tolerance = l4_compute_get_precision (compute) == L4_PRECISION_F32 && !int8 ? 1e-5 : 0.02;
  L4KeyValues store;
  gint64 half = slots / 3;

  g_assert_true (l4_key_values_init (&store, compute, int8, kv_heads, d, slots, NULL));
  l4_key_values_store (&store, compute, 0, k, v, half);
  l4_key_values_store (&store, compute, half, k + half * kv_heads * d, v + half * kv_heads * d, slots - half);
  g_assert_true (l4_attention (compute, &store, q, n, heads, 0.5, first, step, out, NULL));
  for (gint64 t = 0; t < n; t++)
    for (gint64 h = 0; h < heads; h++) {
      gint64 g = h / (heads / kv_heads);
      double total = 0;

      for (gint64 j = 0; j < first + t * step; j++) {
        double score = 0;

        for (gint64 i = 0; i < d; i++)
          score += 0.5 * q[(t * heads + h) * d + i] * k[(j * kv_heads + g) * d + i];
        total += weights[j] = exp (score);
      }
      for (gint64 i = 0; i < d; i++) {
        double expected = 0;

        for (gint64 j = 0; j < first + t * step; j++)
          expected += weights[j] / total * v[(j * kv_heads + g) * d + i];
        g_assert_cmpfloat_with_epsilon (out[(t * heads + h) * d + i], expected, tolerance);
      }
    }
  l4_key_values_clear (&store);
}

static void
test_attention (gconstpointer data)
{
  g_autoptr (L4Compute) compute = l4_compute_new (GPOINTER_TO_INT (data), 2, NULL);
  g_autoptr (L4Compute) many = l4_compute_new (GPOINTER_TO_INT (data), 7, NULL);

  for (gboolean int8 = FALSE; int8 <= TRUE; int8++) {
    check_attention (compute, int8, 6, 2, 6, 4, 9, 3, 1);
    check_attention (compute, int8, 4, 4, 88, 77, 77, 77, 0);
    check_attention (compute, int8, 5, 1, 128, 1, 700, 700, 0); /* a token of Llama 4 */
    check_attention (compute, int8, 5, 1, 128, 3, 700, 600, 1);
    check_attention (compute, int8, 10, 2, 32, 300, 300, 1, 1);
    check_attention (many, int8, 10, 2, 16, 1, 3000, 3000, 0);  /* keys split between threads */
    check_attention (many, int8, 10, 2, 16, 2, 1025, 1024, 1);
  }
}

/* Queries, of which the first sees `first` keys and each further one more, `at_once` of them at a time. (transfer full) */
static float *
attend_in_pieces (guint threads, L4Precision precision, gboolean int8, gint64 n, gint64 first, gint64 at_once)
{
  const gint64 heads = 5, d = 32, slots = first + n - 1;
  g_autoptr (L4Compute) compute = l4_compute_new (precision, threads, NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  l4_autofree float *q = random_floats (random, n * heads * d), *k = random_floats (random, slots * d), *v = random_floats (random, slots * d);
  float *out = random_floats (random, n * heads * d);
  L4KeyValues store;

  g_assert_true (l4_key_values_init (&store, compute, int8, 1, d, slots, NULL));
  l4_key_values_store (&store, compute, 0, k, v, slots);
  for (gint64 at = 0; at < n; at += at_once)
    g_assert_true (l4_attention (compute, &store, q + at * heads * d, MIN (at_once, n - at), heads, 0.5, first + at, 1, out + at * heads * d,
            NULL));
  l4_key_values_clear (&store);
  return out;
}

/* Or what was held already, or guessed, and how many threads there are, would change an answer. */
static void
test_a_query_alone_gives_the_same_bits (void)
{
  const gint64 n = 80, at_once[] = { 1, 5, 16, 80 };
  const guint threads[] = { 2, 9 };

  for (L4Precision precision = L4_PRECISION_BF16; precision <= L4_PRECISION_F32; precision++)
    for (gboolean int8 = FALSE; int8 <= TRUE; int8++) {
      l4_autofree float *expected = attend_in_pieces (1, precision, int8, n, 2000, n);

      for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
        for (guint i = 0; i < G_N_ELEMENTS (at_once); i++) {
          l4_autofree float *out = attend_in_pieces (threads[t], precision, int8, n, 2000, at_once[i]);

          g_assert_cmpmem (out, n * 5 * 32 * sizeof (float), expected, n * 5 * 32 * sizeof (float));
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/compute/float32-products-match-plain-sums", GINT_TO_POINTER (L4_PRECISION_F32), test_products);
  g_test_add_data_func ("/compute/bf16-products-match-plain-sums", GINT_TO_POINTER (L4_PRECISION_BF16), test_products);
  g_test_add_func ("/compute/a-row-alone-gives-the-same-bits", test_a_row_alone_gives_the_same_bits);
  g_test_add_func ("/compute/a-row-of-many-quantised-ones-gives-the-same-bits", test_a_row_of_many_quantised_ones_gives_the_same_bits);
  g_test_add_func ("/compute/weights-left-in-their-rows-give-the-same-bits", test_weights_left_in_their_rows_give_the_same_bits);
  g_test_add_func ("/compute/two-threads-share-one-weight", test_two_threads_share_one_weight);
  g_test_add_data_func ("/compute/float32-attention-matches-plain-sums", GINT_TO_POINTER (L4_PRECISION_F32), test_attention);
  g_test_add_data_func ("/compute/bf16-attention-matches-plain-sums", GINT_TO_POINTER (L4_PRECISION_BF16), test_attention);
  g_test_add_func ("/compute/a-query-alone-gives-the-same-bits", test_a_query_alone_gives_the_same_bits);
  return g_test_run ();
}
