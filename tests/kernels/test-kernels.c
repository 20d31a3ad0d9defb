/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every instruction set's kernels against plain double arithmetic, on odd sizes too. */

#include <glib.h>
#include <math.h>

#include "base/bf16.h"
#include "base/half.h"
#include "kernels/kernels.h"

static const gsize sizes[] = { 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 88, 127, 128, 257, 1408 };

#define LARGEST 1408

typedef struct
{
  const L4Kernels *kernels;
  GRand *random;
  float a[LARGEST * 2], b[LARGEST * 2], c[LARGEST * 2], out[LARGEST * 2];
} Fixture;

static void
set_up (Fixture *self, gconstpointer name)
{
  self->kernels = l4_kernels_by_name (name);
  self->random = g_rand_new_with_seed (7);
  for (guint i = 0; i < LARGEST * 2; i++) {
    self->a[i] = g_rand_double_range (self->random, -4, 4);
    self->b[i] = g_rand_double_range (self->random, -4, 4);
    self->c[i] = g_rand_double_range (self->random, -4, 4);
  }
}

static void
tear_down (Fixture *self, gconstpointer name)
{
  g_rand_free (self->random);
}

/* FALSE, after saying so, on a machine without this instruction set. */
static gboolean
can_run (Fixture *self, const char *name)
{
  if (self->kernels == NULL)
    g_test_skip_printf ("this machine cannot run %s", name);
  return self->kernels != NULL;
}

#define assert_near(value, expected, tolerance) \
  g_assert_cmpfloat_with_epsilon ((double) (value), (double) (expected), (tolerance))

static void
test_norms (Fixture *self, gconstpointer name)
{
  if (!can_run (self, name))
    return;
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s];
    double squares = 0, mean = 0, variance = 0;

    for (gsize i = 0; i < n; i++) {
      squares += (double) self->a[i] * self->a[i] / n;
      mean += (double) self->a[i] / n;
    }
    for (gsize i = 0; i < n; i++)
      variance += (self->a[i] - mean) * (self->a[i] - mean) / n;
    self->kernels->rms_norm (self->a, self->b, n, 1e-5, self->out);
    for (gsize i = 0; i < n; i++)
      assert_near (self->out[i], self->a[i] / sqrt (squares + 1e-5) * self->b[i], 1e-4);
    self->kernels->rms_norm (self->a, NULL, n, 1e-5, self->out);
    for (gsize i = 0; i < n; i++)
      assert_near (self->out[i], self->a[i] / sqrt (squares + 1e-5), 1e-4);
    self->kernels->layer_norm (self->a, self->b, self->c, n, 1e-5, self->out);
    for (gsize i = 0; i < n; i++)
      assert_near (self->out[i], (self->a[i] - mean) / sqrt (variance + 1e-5) * self->b[i] + self->c[i], 2e-4);
  }
}

static void
test_elementwise (Fixture *self, gconstpointer name)
{
  if (!can_run (self, name))
    return;
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s];

    self->kernels->silu_multiply (self->a, self->b, n, self->out);
    for (gsize i = 0; i < n; i++)
      assert_near (self->out[i], self->a[i] / (1 + exp (-self->a[i])) * self->b[i], 1e-5);
    self->kernels->scale (self->a, 1, n, self->out);
    self->kernels->gelu (self->out, n);
    for (gsize i = 0; i < n; i++)
      assert_near (self->out[i], 0.5 * self->a[i] * (1 + erf (self->a[i] / sqrt (2))), 1e-5);
    self->kernels->scale (self->a, -1.5f, n, self->out);
    self->kernels->add (self->b, n, self->out);
    for (gsize i = 0; i < n; i++)
      assert_near (self->out[i], -1.5 * self->a[i] + self->b[i], 1e-5);
  }
}

static void
test_rotation_turns_interleaved_pairs (Fixture *self, gconstpointer name)
{
  if (!can_run (self, name))
    return;
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    gsize n = sizes[s];

    self->kernels->scale (self->a, 1, 2 * n, self->out);
    self->kernels->rotate (self->out, self->b, self->c, n);
    for (gsize i = 0; i < n; i++) {
      assert_near (self->out[2 * i], self->a[2 * i] * self->b[i] - self->a[2 * i + 1] * self->c[i], 1e-5);
      assert_near (self->out[2 * i + 1], self->a[2 * i] * self->c[i] + self->a[2 * i + 1] * self->b[i], 1e-5);
    }
  }
}

/* In two steps, so that the second has to make up for the first; the values are far beyond what exp() can take. */
static void
soften_in_two_steps (Fixture *self, gsize n, const float *before, const float *after)
{
  gsize half = n / 2;
  double sum = 0, most = -INFINITY, score;
  float largest = -INFINITY, total = 0, shrink;

  for (gsize i = 0; i < n; i++)
    most = MAX (most, 50.0 * self->a[i] * (before != NULL ? before[i] : 1));
  for (gsize i = 0; i < n; i++)
    sum += exp (50.0 * self->a[i] * (before != NULL ? before[i] : 1) - most);
  self->kernels->scale (self->a, 100, n, self->out);
  if (half > 0)
    self->kernels->soften (self->out, half, 0.5f, before, after, &largest, &total);
  shrink = self->kernels->soften (self->out + half, n - half, 0.5f, before != NULL ? before + half : NULL, after != NULL ? after + half : NULL,
      &largest, &total);
  self->kernels->scale (self->out, half > 0 ? shrink : 1, half, self->out);
  for (gsize i = 0; i < n; i++) {
    score = 50.0 * self->a[i] * (before != NULL ? before[i] : 1);
    assert_near (self->out[i] / total, exp (score - most) / sum * (after != NULL ? after[i] : 1), 1e-5);
  }
  assert_near (largest, most, 1e-4);
}

static void
test_running_softmax_survives_large_values (Fixture *self, gconstpointer name)
{
  if (!can_run (self, name))
    return;
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    soften_in_two_steps (self, sizes[s], NULL, NULL);
    soften_in_two_steps (self, sizes[s], self->b, self->c);
  }
}

static void
test_exponentials_are_exact_to_rounding (Fixture *self, gconstpointer name)
{
  float x[64], gate[64], y[64], largest, total;

  if (!can_run (self, name))
    return;
  for (double start = -100; start < 100; start += 0.1) {
    for (guint i = 0; i < 64; i++) {
      gate[i] = start + i * 0.013f;
      y[i] = 1;
      x[i] = gate[i];
    }
    self->kernels->silu_multiply (gate, y, 64, y);
    self->kernels->gelu (x, 64);
    for (guint i = 0; i < 64; i++) {
      double z = gate[i];

      g_assert_cmpfloat_with_epsilon (y[i], z / (1 + exp (-z)), 4e-7 * fabs (z / (1 + exp (-z))) + 1e-36);
      g_assert_cmpfloat_with_epsilon (x[i], 0.5 * z * (1 + erf (z * M_SQRT1_2)), 2e-7 * fabs (z) + 1e-7);
      x[i] = -1.4f * i;
    }
    largest = 0;
    total = 0;
    self->kernels->soften (x, 64, 1, NULL, NULL, &largest, &total);
    for (guint i = 0; i < 62; i++)
      g_assert_cmpfloat_with_epsilon (x[i], exp (-1.4f * i), 4e-7 * exp (-1.4f * i));
  }
}

static void
test_bf16_rounds_to_nearest_even (Fixture *self, gconstpointer name)
{
  static const struct
  {
    float value;
    guint16 bits;
  } known[] = { {1.0f, 0x3f80}, {-2.0f, 0xc000}, {0x1.01p0f, 0x3f80}, {0x1.03p0f, 0x3f82}, {0x1.010002p0f, 0x3f81},
    {0x1.fffffep127f, 0x7f80}, {INFINITY, 0x7f80}, {0x1p-149f, 0x0000}
  };

  if (!can_run (self, name))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    guint16 bits;

    self->kernels->to_bf16 (&known[i].value, 1, &bits);
    g_assert_cmphex (bits, ==, known[i].bits);
  }
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    guint16 bits[LARGEST];

    self->kernels->to_bf16 (self->a, sizes[s], bits);
    for (gsize i = 0; i < sizes[s]; i++)
      g_assert_cmphex (bits[i], ==, l4_bf16_from_float (self->a[i]));
  }
}

static void
test_every_half_becomes_bf16 (Fixture *self, gconstpointer name)
{
  g_autofree guint16 *halves = g_new (guint16, 65536), *bits = g_new (guint16, 65536);

  if (!can_run (self, name))
    return;
  for (guint i = 0; i < 65536; i++)
    halves[i] = i;
  self->kernels->half_to_bf16 (halves, 65536, bits);
  for (guint i = 0; i < 65536; i++)
    g_assert_cmphex (bits[i], ==, l4_bf16_from_float (l4_half_to_float (i)));
}

static void
test_unknown_instruction_set_is_refused (void)
{
  g_assert_null (l4_kernels_by_name ("avx1024"));
  g_assert_nonnull (l4_kernels_by_name ("baseline"));
  g_assert_nonnull (l4_kernels ());
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "baseline", "avx2", "avxvnni", "avx512", "vnni", "bf16", "amx" };
  static const struct
  {
    const char *path;
    void (*run) (Fixture *, gconstpointer);
  } tests[] = {
    {"norms-match-their-definition", test_norms},
    {"elementwise-functions-match-their-definition", test_elementwise},
    {"rotation-turns-interleaved-pairs", test_rotation_turns_interleaved_pairs},
    {"running-softmax-survives-large-values", test_running_softmax_survives_large_values},
    {"exponentials-are-exact-to-rounding", test_exponentials_are_exact_to_rounding},
    {"bf16-rounds-to-nearest-even", test_bf16_rounds_to_nearest_even},
    {"every-half-becomes-bf16", test_every_half_becomes_bf16},
  };

  g_test_init (&argc, &argv, NULL);
  for (guint n = 0; n < G_N_ELEMENTS (names); n++)
    for (guint t = 0; t < G_N_ELEMENTS (tests); t++) {
      g_autofree char *path = g_strdup_printf ("/kernels/%s/%s", names[n], tests[t].path);

      g_test_add (path, Fixture, names[n], set_up, tests[t].run, tear_down);
    }
  g_test_add_func ("/kernels/unknown-instruction-set-is-refused", test_unknown_instruction_set_is_refused);
  return g_test_run ();
}
