/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of tiles against plain double arithmetic. */

#include <math.h>
#include <string.h>

#include "base/bf16.h"
#include "kernels/kernels.h"
#include "support/guarded.h"

/* Numbers as bfloat16 in the layout of an operand, and as they then are, [rows, depth]. */
typedef struct
{
  Guarded memory;
  float *values;
} Operand;

static void
rows_init (Operand *self, GRand *random, const L4TileKernels *tiles, gsize rows, gsize depth)
{
  guint16 *out;

  guarded_init (&self->memory, rows * depth * sizeof (guint16));
  out = (guint16 *) self->memory.data;
  self->values = g_new (float, rows * depth);
  for (gsize m = 0; m < rows; m++) {
    float *row = self->values + m * depth;

    for (gsize k = 0; k < depth; k++)
      row[k] = g_rand_double_range (random, -1, 1);
    tiles->pack_row (row, depth, out + m / 16 * 16 * depth + m % 16 * 32);
    for (gsize k = 0; k < depth; k++) {
      row[k] = l4_bf16_to_float (l4_bf16_from_float (row[k]));
      g_assert_cmpfloat (l4_bf16_to_float (out[m / 16 * 16 * depth + k / 32 * 512 + m % 16 * 32 + k % 32]), ==, row[k]);
    }
  }
}

/* values: [16, depth] */
static void
panel_init (Operand *self, GRand *random, gsize depth)
{
  guarded_init (&self->memory, 16 * depth * sizeof (guint16));
  self->values = g_new (float, 16 * depth);
  for (gsize k = 0; k < depth; k++)
    for (guint r = 0; r < 16; r++) {
      guint16 value = l4_bf16_from_float (g_rand_double_range (random, -1, 1));

      ((guint16 *) self->memory.data)[k / 2 * 32 + 2 * r + k % 2] = value;
      self->values[r * depth + k] = l4_bf16_to_float (value);
    }
}

static void
operand_clear (Operand *self)
{
  guarded_clear (&self->memory);
  g_free (self->values);
}

static void
check (const L4TileKernels *tiles, gsize rows, gsize depth, gsize gap, gboolean add, gboolean fetch)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (rows + depth);
  gsize stride = 32 + gap, n = (rows - 1) * stride + 32;
  g_autofree float *before = g_new (float, n);
  Operand a, b[2];
  Guarded sums;
  float *c;

  rows_init (&a, random, tiles, rows, depth);
  for (guint p = 0; p < 2; p++)
    panel_init (&b[p], random, depth);
  guarded_init (&sums, n * sizeof *c);
  c = (float *) sums.data;
  for (gsize i = 0; i < n; i++)
    c[i] = before[i] = g_rand_double_range (random, -1, 1);
  tiles->begin ();
  tiles->multiply ((const guint16 *) a.memory.data, rows, depth, (const guint16 *[]) { (guint16 *) b[0].memory.data, (guint16 *) b[1].memory.data },
      fetch ? (const guint16 *[]) { (guint16 *) b[1].memory.data, (guint16 *) b[0].memory.data } : NULL, add, (float *[]) { c, c + 16 }, stride);
  tiles->end ();
  for (gsize i = 0; i < n; i++) {
    gsize m = i / stride, r = i % stride;
    double expected = add || r >= 32 ? before[i] : 0;

    if (r >= 32) {
      g_assert_cmpfloat (c[i], ==, before[i]);
      continue;
    }
    for (gsize k = 0; k < depth; k++)
      expected += (double) a.values[m * depth + k] * b[r / 16].values[r % 16 * depth + k];
    g_assert_cmpfloat_with_epsilon (c[i], expected, 1e-5 * sqrt (depth));
  }
  guarded_clear (&sums);
  operand_clear (&a);
  for (guint p = 0; p < 2; p++)
    operand_clear (&b[p]);
}

static void
test_products (gconstpointer name)
{
  static const gsize rows[] = { 16, 32, 48, 160, 592 }, depths[] = { 32, 64, 96, 384, 512 };
  const L4Kernels *kernels = l4_kernels_by_name (name);

  if (kernels == NULL) {
    g_test_skip ("this machine lacks the instructions");
    return;
  }
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
    for (guint d = 0; d < G_N_ELEMENTS (depths); d++)
      check (kernels->tiles, rows[r], depths[d], (r + d) % 3 * 32, (r + d) % 2, r % 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/tiles/bf16/products-match-plain-sums-and-touch-nothing-else", "bf16", test_products);
  g_test_add_data_func ("/tiles/amx/products-match-plain-sums-and-touch-nothing-else", "amx", test_products);
  return g_test_run ();
}
