/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The next token is chosen as the options say. */

#include <math.h>

#include "sampling/sampler.h"

static void
test_greedy_takes_the_largest_and_the_first_of_equals (void)
{
  g_autoptr (L4Sampler) sampler = l4_sampler_new (0, 1, 0, NULL);

  g_assert_cmpint (l4_sampler_choose (sampler, (float[]) { 1, 5, 5, 2 }, 4), ==, 1);
  g_assert_cmpint (l4_sampler_choose (sampler, (float[]) { NAN, -3, NAN, -4 }, 4), ==, 1);
}

static void
test_frequencies_follow_the_probabilities (void)
{
  const float logits[] = { 0, logf (2), logf (5), -INFINITY };
  g_autoptr (L4Sampler) sampler = l4_sampler_new (1, 1, 42, NULL);
  guint counts[4] = { 0 };

  for (guint i = 0; i < 80000; i++)
    counts[l4_sampler_choose (sampler, logits, 4)]++;
  g_assert_cmpint (ABS ((gint) counts[0] - 10000), <, 500);
  g_assert_cmpint (ABS ((gint) counts[1] - 20000), <, 600);
  g_assert_cmpint (ABS ((gint) counts[2] - 50000), <, 700);
  g_assert_cmpuint (counts[3], ==, 0);
}

static void
test_top_p_leaves_the_unlikely_out (void)
{
  const float logits[] = { 0, logf (2), logf (5) };
  g_autoptr (L4Sampler) most = l4_sampler_new (1, 0.7, 1, NULL), least = l4_sampler_new (1, 0, 1, NULL);
  guint counts[3] = { 0 };

  for (guint i = 0; i < 5000; i++) {
    counts[l4_sampler_choose (most, logits, 3)]++;
    g_assert_cmpint (l4_sampler_choose (least, logits, 3), ==, 2);
  }
  g_assert_cmpuint (counts[0], ==, 0);
  g_assert_cmpuint (counts[1], >, 1000);
}

/* Over many tokens, most of which are never looked at. */
static void
test_top_p_keeps_exactly_the_likeliest (void)
{
  enum { N = 5000 };
  g_autofree float *logits = g_new (float, N);
  GRand *random = g_rand_new_with_seed (3);

  for (guint round = 0; round < 60; round++) {
    double top_p = g_rand_double (random), spread = g_rand_double_range (random, 0, 12), total = 0, above;
    g_autoptr (L4Sampler) sampler = l4_sampler_new (1, top_p, round, NULL);

    for (guint i = 0; i < N; i++) {
      logits[i] = (float) (g_rand_double (random) * spread);
      total += exp (logits[i]);
    }
    for (guint k = 0; k < 40; k++) {
      gint32 id = l4_sampler_choose (sampler, logits, N);

      above = 0;                /* the share of those that are likelier than the choice */
      for (guint i = 0; i < N; i++)
        above += logits[i] > logits[id] ? exp (logits[i]) / total : 0;
      g_assert_cmpfloat (above, <, top_p + 1e-9);
    }
  }
  g_rand_free (random);
}

static void
test_logits_that_are_no_numbers_choose_nothing (void)
{
  for (guint temperature = 0; temperature < 2; temperature++)
    for (guint top_p = 0; top_p < 2; top_p++) {
      g_autoptr (L4Sampler) sampler = l4_sampler_new (temperature, top_p, 5, NULL);

      g_assert_cmpint (l4_sampler_choose (sampler, (float[]) { NAN, NAN, NAN }, 3), ==, -1);
      g_assert_cmpint (l4_sampler_choose (sampler, (float[]) { NAN, -INFINITY }, 2), ==, -1);
      g_assert_cmpint (l4_sampler_choose (sampler, NULL, 0), ==, -1);
      g_assert_cmpint (l4_sampler_choose (sampler, (float[]) { NAN, -1e30f, NAN }, 3), ==, 1);
      g_assert_cmpint (l4_sampler_choose (sampler, (float[]) { 3, INFINITY, NAN, INFINITY }, 4), ==, 1);
      g_assert_cmpint (l4_sampler_choose (sampler, (float[]) { -3e38f, 3e38f, -INFINITY }, 3), ==, 1);
    }
}

/* Temperatures that make every weight but one vanish, and all equal. */
static void
test_extreme_temperatures_choose_from_what_is_there (void)
{
  const float logits[] = { 1, 2, -INFINITY, NAN, 2.5f };
  g_autoptr (L4Sampler) cold = l4_sampler_new (1e-300, 1, 1, NULL), hot = l4_sampler_new (1e300, 1, 1, NULL);
  guint counts[5] = { 0 };

  for (guint i = 0; i < 3000; i++) {
    g_assert_cmpint (l4_sampler_choose (cold, logits, 5), ==, 4);
    counts[l4_sampler_choose (hot, logits, 5)]++;
  }
  g_assert_cmpuint (counts[2] + counts[3], ==, 0);
  for (guint i = 0; i < 5; i++)
    g_assert_true (i == 2 || i == 3 || (counts[i] > 850 && counts[i] < 1150));
}

static void
test_same_seed_same_choices (void)
{
  const float logits[] = { 0.3f, 0.1f, 0.2f, 0.25f };
  g_autoptr (L4Sampler) one = l4_sampler_new (2, 1, 9, NULL), two = l4_sampler_new (2, 1, 9, NULL);

  for (guint i = 0; i < 1000; i++)
    g_assert_cmpint (l4_sampler_choose (one, logits, 4), ==, l4_sampler_choose (two, logits, 4));
}

static void
test_impossible_options_are_refused (void)
{
  static const double bad[][2] = { {-1, 1}, {NAN, 1}, {INFINITY, 1}, {1, -0.1}, {1, 1.1}, {1, NAN} };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (l4_sampler_new (bad[i][0], bad[i][1], 0, &error));
    g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sampler/greedy-takes-the-largest-and-the-first-of-equals", test_greedy_takes_the_largest_and_the_first_of_equals);
  g_test_add_func ("/sampler/frequencies-follow-the-probabilities", test_frequencies_follow_the_probabilities);
  g_test_add_func ("/sampler/top-p-leaves-the-unlikely-out", test_top_p_leaves_the_unlikely_out);
  g_test_add_func ("/sampler/top-p-keeps-exactly-the-likeliest", test_top_p_keeps_exactly_the_likeliest);
  g_test_add_func ("/sampler/logits-that-are-no-numbers-choose-nothing", test_logits_that_are_no_numbers_choose_nothing);
  g_test_add_func ("/sampler/extreme-temperatures-choose-from-what-is-there", test_extreme_temperatures_choose_from_what_is_there);
  g_test_add_func ("/sampler/same-seed-same-choices", test_same_seed_same_choices);
  g_test_add_func ("/sampler/impossible-options-are-refused", test_impossible_options_are_refused);
  return g_test_run ();
}
