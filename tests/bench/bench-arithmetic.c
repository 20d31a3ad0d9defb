/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of pictures and prompts take on one core: a block of the vision part, products of few rows and many, attention to keys far
 * away. L4_CPU forces an instruction set. */

#include <math.h>
#include <stdio.h>

#include "bench/work.h"

#include "base/memory.h"
#include "blocks/type.h"
#include "compute/attention.h"
#include "compute/measure.h"
#include "compute/product.h"
#include "kernels/kernels.h"
#include "vision/block.h"

#define TRIES 5                 /* the best one counts */
#define MOST ((gint64) 1 << 24) /* numbers of any operand */

static L4Compute *compute;
static float *numbers, *results;        /* [MOST] */

/* What was asked for once, and how many operations that is. */
typedef struct
{
  char name[64];
  double operations;
  gint64 best;                  /* microseconds */
} Figure;

static void
count (Figure *figure, gint64 start)
{
  figure->best = MIN (figure->best, MAX (now () - start, 1));
}

static void
print (const Figure *figure)
{
  printf ("%-52s %10.2f ms %8.1f GFLOPS\n", figure->name, (double) figure->best / 1e3, figure->operations / (double) figure->best / 1e3);
}

/* Any bytes below the signs and exponents of numbers of 16 bits around 2^-3, which scales and bfloat16 are. */
static L4Weight *
random_weight (L4Type type, gint64 n_out, gint64 n_in)
{
  L4Weight *weight = l4_weight_new (type, n_out, n_in, NULL, NULL);
  gsize bytes = L4_PANEL_ROWS * weight->row_bytes;
  g_autofree guint8 *rows = g_malloc (bytes);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);

  for (gsize i = 0; i < bytes; i++)
    rows[i] = i % 2 == 0 ? (guint8) g_rand_int (random) : (guint8) ((g_rand_int (random) & 0x83) | 0x30);
  for (gsize p = 0; p < l4_weight_n_panels (weight); p++)
    l4_weight_set_panel (weight, p, rows, weight->row_bytes);
  return weight;
}

static void
measure_product (L4Type type, gint64 rows)
{
  const gint64 n_out = 5120, n_in = 8192;
  g_autoptr (L4Weight) weight = random_weight (type, n_out, n_in);
  const L4Product product = {.weight = weight,.x = numbers,.m = rows,.y = results };
  Figure figure = {.operations = 2.0 * (double) (rows * n_out * n_in),.best = G_MAXINT64 };

  g_snprintf (figure.name, sizeof figure.name, "%s, %" G_GINT64_FORMAT " rows of %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
      l4_type_name (type), rows, n_in, n_out);
  for (guint i = 0; i < TRIES; i++) {
    gint64 start = now ();

    if (!l4_multiply (compute, &product, 1, NULL))
      g_error ("no memory");
    count (&figure, start);
  }
  print (&figure);
}

/* One of the 34 of Llama 4. */
static void
measure_vision_block (L4Type type)
{
  const L4VisionConfig config = {.hidden = 1408,.intermediate = 5632,.n_heads = 16,.image_size = 336,.patch_size = 14 };
  const L4LayerNorm norm = { numbers, numbers, 1e-5f };
  L4VisionBlock block = {.attention_norm = norm,.mlp_norm = norm };
  L4Linear *const linears[] = { &block.q, &block.k, &block.v, &block.o, &block.fc1, &block.fc2 };
  const double tokens = 577, hidden = 1408;
  Figure figure = {.operations = 2 * tokens * 12 * hidden * hidden + 4 * tokens * tokens * hidden,.best = G_MAXINT64 };
  L4KeyValues store;

  g_snprintf (figure.name, sizeof figure.name, "a block of the vision part, %s", l4_type_name (type));
  if (!l4_vision_store_init (&store, compute, &config, NULL))
    g_error ("no memory");
  for (guint i = 0; i < G_N_ELEMENTS (linears); i++)
    *linears[i] = (L4Linear) { random_weight (type, i == 4 ? 5632 : 1408, i == 5 ? 5632 : 1408), numbers };
  for (guint i = 0; i < TRIES; i++) {
    gint64 start;

    memcpy (results, numbers, 577 * 1408 * sizeof (float));
    start = now ();
    if (!l4_vision_block_forward (&block, compute, &config, numbers, numbers, &store, 1, results, NULL))
      g_error ("no memory");
    count (&figure, start);
  }
  for (guint i = 0; i < G_N_ELEMENTS (linears); i++)
    l4_weight_free (linears[i]->weight);
  l4_key_values_clear (&store);
  print (&figure);
}

/* Of n tokens after so many others, on a layer that sees all, with the heads of Scout. */
static void
measure_attention (gboolean int8, gint64 before, gint64 n)
{
  const gint64 n_heads = 40, n_kv_heads = 8, d = 128;
  Figure figure = {.operations = 4.0 * (double) (n * n_heads * d) * ((double) before + (double) (n + 1) / 2),.best = G_MAXINT64 };
  L4KeyValues store;

  g_snprintf (figure.name, sizeof figure.name, "attention, %s, %" G_GINT64_FORMAT " tokens after %" G_GINT64_FORMAT,
      int8 ? "int8" : "bf16", n, before);
  if (!l4_key_values_init (&store, compute, int8, n_kv_heads, d, before + n, NULL))
    g_error ("no memory");
  for (gint64 slot = 0; slot < before + n; slot += 512)
    l4_key_values_store (&store, compute, slot, numbers, numbers + 1000, MIN (512, before + n - slot));
  for (guint i = 0; i < (before > 0 ? 1 : TRIES); i++) {
    gint64 start = now ();

    if (!l4_attention (compute, &store, numbers, n, n_heads, 1 / sqrtf ((float) d), before + 1, 1, results, NULL))
      g_error ("no memory");
    count (&figure, start);
  }
  l4_key_values_clear (&store);
  print (&figure);
}

int
main (void)
{
  static const L4Type types[] = { L4_TYPE_Q4_0, L4_TYPE_Q4_K, L4_TYPE_Q8_0 };
  static const gint64 rows[] = { 1, 4, 8, 12, 32, 64, 512 };
  static const gint64 distances[] = { 0, 65536, 127000 };
  L4Speed speed;

  compute = l4_compute_new (L4_PRECISION_BF16, 1, NULL);
  numbers = l4_alloc (MOST * sizeof (float), "numbers", NULL);
  results = l4_alloc (MOST * sizeof (float), "numbers", NULL);
  if (numbers == NULL || results == NULL || !l4_measure (compute, &speed, NULL))
    g_error ("no memory");
  for (gint64 i = 0; i < MOST; i++)
    numbers[i] = (float) ((guint32) i * 2654435761u >> 16) / 32768 - 1;
  printf ("%s: matrices %.1f GFLOPS, 4-bit dots %.1f\n", l4_kernels ()->name, speed.matrix_per_second / 1e9, speed.dots_per_second / 1e9);
  measure_vision_block (L4_TYPE_BF16);
  measure_vision_block (L4_TYPE_Q8_0);
  for (guint t = 0; t < G_N_ELEMENTS (types); t++)
    for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
      measure_product (types[t], rows[r]);
  for (guint i = 0; i < G_N_ELEMENTS (distances); i++)
    measure_attention (TRUE, distances[i], 512);
  l4_free (numbers);
  l4_free (results);
  l4_compute_free (compute);
  return 0;
}
