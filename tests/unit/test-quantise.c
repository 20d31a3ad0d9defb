/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quantising: the bytes of other tools where the format leaves no choice, smaller errors where it does. */

#include <math.h>

#include "base/half.h"
#include "blocks/quantise.h"

#define ROWS 64
#define COLUMNS 1024
#define N (ROWS * COLUMNS)

/* What llama-quantize makes of weights(), printed by golden/make_quantised.py: SHA-256 of the blocks, relative error. */
static const struct
{
  L4Type type;
  const char *digest;
  double error;
} quantised[] = {
  {L4_TYPE_F16, "2ea8c18f50bab347297b569fadec6b89252c666961a36149ac5042004a2770a3", 0.000211},
  {L4_TYPE_BF16, "c44f6497d0c00097ab267004219999aaa12346406962e6ae0eac3ba826ea0ee0", 0.001667},
  {L4_TYPE_Q8_0, "9d7b6455779aae2dd3d89bc01964e9d65bf23f7ce521007abde8554f4d698f5b", 0.005012},
  {L4_TYPE_Q4_0, "c92d53d30b09f4379620c3b20f241af458862c392086a949cd68aac93014a888", 0.081736},
  {L4_TYPE_Q4_K, "e0fd02c7224c150bb0a075be364585a5785109bb8cd50bf6f77e70cd353bcdef", 0.068894},
  {L4_TYPE_Q6_K, "793e8edaf82eb4443dedee72fb4dd9724f369d29f89f7513458bf536aa74e673", 0.017123},
};

/* [ROWS, COLUMNS], the same as in golden/make_quantised.py. */
static float *
weights (void)
{
  float *table = g_new (float, N);
  guint64 state = 0;

  for (guint i = 0; i < N; i++) {
    guint64 z = state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
    gint sum = -2 * 65535;

    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
    z ^= z >> 31;
    for (guint k = 0; k < 4; k++)
      sum += (gint) (z >> 16 * k & 0xffff);
    table[i] = i / COLUMNS % 16 == 0 ? 0 : ldexpf ((float) sum, -22 + (gint) (i / COLUMNS % 8) - 4);
  }
  return table;
}

static guint8 *
quantise (L4Type type, const float *table, gsize n, gsize *bytes)
{
  guint8 *blocks;

  g_assert_true (l4_type_bytes (type, n, bytes));
  blocks = g_malloc (*bytes);
  g_assert_true (l4_quantise (type, table, n, blocks));
  return blocks;
}

/* Of what comes back from blocks, against table. */
static double
relative_error (L4Type type, const float *table, gsize n, const guint8 *blocks)
{
  g_autofree float *back = g_new (float, n);
  double error = 0, size = 0;

  l4_type_to_float (type, blocks, n, back);
  for (gsize i = 0; i < n; i++) {
    error += pow ((double) back[i] - table[i], 2);
    size += pow (table[i], 2);
  }
  return sqrt (error / size);
}

static void
test_plain_and_simple_blocks_are_those_of_other_tools (void)
{
  g_autofree float *table = weights ();

  for (guint i = 0; i < 4; i++) {
    gsize bytes;
    g_autofree guint8 *blocks = quantise (quantised[i].type, table, N, &bytes);
    g_autofree char *digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, blocks, bytes);

    g_assert_cmpstr (digest, ==, quantised[i].digest);
    g_assert_cmpfloat_with_epsilon (relative_error (quantised[i].type, table, N, blocks), quantised[i].error, 1e-6);
  }
}

static void
test_searched_blocks_have_smaller_errors_than_those_of_other_tools (void)
{
  g_autofree float *table = weights ();

  for (guint i = 4; i < G_N_ELEMENTS (quantised); i++) {
    gsize bytes;
    g_autofree guint8 *blocks = quantise (quantised[i].type, table, N, &bytes);
    double error = relative_error (quantised[i].type, table, N, blocks);

    g_test_message ("%s: %.6f, llama.cpp %.6f", l4_type_name (quantised[i].type), error, quantised[i].error);
    g_assert_cmpfloat (error, <, 0.985 * quantised[i].error);
  }
}

static void
test_float32_stays_as_it_is (void)
{
  g_autofree float *table = weights ();
  gsize bytes;
  g_autofree guint8 *blocks = quantise (L4_TYPE_F32, table, N, &bytes);

  g_assert_cmpfloat (relative_error (L4_TYPE_F32, table, N, blocks), ==, 0);
}

static void
test_every_half_comes_back_and_what_lies_between_goes_to_the_even_one (void)
{
  for (guint32 half = 0; half < 0x7c00; half++) {
    float value = l4_half_to_float ((guint16) half), above = l4_half_to_float ((guint16) (half + 1));
    float middle = half + 1 < 0x7c00 ? (value + above) / 2 : 65520;

    g_assert_cmpuint (l4_half_from_float (value), ==, half);
    g_assert_cmpuint (l4_half_from_float (-value), ==, half | 0x8000);
    g_assert_cmpuint (l4_half_from_float (middle), ==, half + (half & 1));
    g_assert_cmpuint (l4_half_from_float (nextafterf (middle, 0)), ==, half);
    g_assert_cmpuint (l4_half_from_float (nextafterf (middle, INFINITY)), ==, half + 1);
  }
  g_assert_cmpuint (l4_half_from_float (INFINITY), ==, 0x7c00);
  g_assert_cmpuint (l4_half_from_float (-INFINITY), ==, 0xfc00);
  g_assert_cmpuint (l4_half_from_float (NAN) & 0x7e00, ==, 0x7e00);
}

/* Rows of one kind: all zero, all alike of either sign, of one sign, a single large weight, tiny ones. */
static void
test_odd_blocks_keep_their_values (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (quantised); i++) {
    for (guint kind = 0; kind < 8; kind++) {
      L4Type type = quantised[i].type;
      float table[256], back[256], largest = 0, allowed;
      gsize bytes;
      g_autofree guint8 *blocks = NULL;

      for (guint k = 0; k < 256; k++) {
        const float kinds[] = { 0, 0.25f, -0.25f, 1 + k / 256.0f, -1 - k / 256.0f, k == 77 ? -60000.0f : 0, k % 2 ? 1e-30f : 0,
          k == 3 ? 1e-8f : k < 128 ? 3 : -3
        };

        table[k] = kinds[kind];
        largest = MAX (largest, fabsf (table[k]));
      }
      blocks = quantise (type, table, 256, &bytes);
      l4_type_to_float (type, blocks, 256, back);
      allowed = type == L4_TYPE_F16 || type == L4_TYPE_BF16 ? 0.005f : type == L4_TYPE_Q8_0 || type == L4_TYPE_Q6_K ? 0.02f
          : 0.13f;
      for (guint k = 0; k < 256; k++)
        g_assert_cmpfloat (fabsf (back[k] - table[k]), <=, allowed * largest + 1e-7f);
    }
  }
}

static void
test_weights_that_are_no_numbers_or_too_large_are_refused (void)
{
  const float bad[] = { NAN, INFINITY, -INFINITY, 70000, -70000 };

  for (guint i = 0; i < G_N_ELEMENTS (quantised); i++)
    for (guint k = 0; k < G_N_ELEMENTS (bad); k++) {
      gboolean holds = quantised[i].type == L4_TYPE_BF16 && k >= 3;
      float table[256] = { 0 };
      guint8 blocks[1024];

      table[200] = bad[k];
      g_assert_true (l4_quantise (quantised[i].type, table, 256, blocks) == holds);
    }
}

static void
test_other_types_cannot_be_made (void)
{
  guint n = 0;

  for (guint type = 0; type <= L4_N_TYPES; type++)
    n += l4_quantise_can ((L4Type) type);
  g_assert_cmpuint (n, ==, 1 + G_N_ELEMENTS (quantised));
  g_assert_false (l4_quantise_can (L4_TYPE_Q2_K));
  g_assert_false (l4_quantise_can (L4_TYPE_OTHER));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quantise/plain-and-simple-blocks-are-those-of-other-tools",
      test_plain_and_simple_blocks_are_those_of_other_tools);
  g_test_add_func ("/quantise/searched-blocks-have-smaller-errors-than-those-of-other-tools",
      test_searched_blocks_have_smaller_errors_than_those_of_other_tools);
  g_test_add_func ("/quantise/float32-stays-as-it-is", test_float32_stays_as_it_is);
  g_test_add_func ("/quantise/every-half-comes-back-and-what-lies-between-goes-to-the-even-one",
      test_every_half_comes_back_and_what_lies_between_goes_to_the_even_one);
  g_test_add_func ("/quantise/odd-blocks-keep-their-values", test_odd_blocks_keep_their_values);
  g_test_add_func ("/quantise/weights-that-are-no-numbers-or-too-large-are-refused",
      test_weights_that_are_no_numbers_or_too_large_are_refused);
  g_test_add_func ("/quantise/other-types-cannot-be-made", test_other_types_cannot_be_made);
  return g_test_run ();
}
