/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which experts stay in memory: against letting that one go which was used longest ago, on made-up habits of routers. */

#include <math.h>

#include "stream/heat.h"

#define LAYERS 24
#define EXPERTS 16
#define TOKENS 400
#define UNCOUNTED 100           /* tokens until memory is full and known */

typedef enum
{
  EVEN,                         /* any expert, as likely as any other */
  LIKED,                        /* some far more than others, in each layer others */
  SUBJECTS,                     /* the same, but others every 150 tokens */
  REPEATED,                     /* often one that one of the last four tokens took */
  N_HABITS
} Habit;

static const char *const names[] = { "even", "liked", "subjects", "repeated" };

static guint8 choices[N_HABITS][TOKENS][LAYERS];

/* The expert at a place of an order of liking, of which the first is likeliest. */
static guint8
draw_liked (GRand *random, const guint8 *order)
{
  double sum = 0, at;

  for (guint i = 0; i < EXPERTS; i++)
    sum += 1.0 / (i + 1);
  at = g_rand_double (random) * sum;
  for (guint i = 0; i < EXPERTS; i++)
    if ((at -= 1.0 / (i + 1)) < 0)
      return order[i];
  return order[EXPERTS - 1];
}

static void
shuffle (GRand *random, guint8 *order)
{
  for (guint i = 0; i < EXPERTS; i++)
    order[i] = (guint8) i;
  for (guint i = EXPERTS - 1; i > 0; i--) {
    guint j = (guint) g_rand_int_range (random, 0, (gint) i + 1);
    guint8 one = order[i];

    order[i] = order[j];
    order[j] = one;
  }
}

static void
draw_choices (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (7);

  for (guint l = 0; l < LAYERS; l++) {
    guint8 order[EXPERTS], subject[EXPERTS];

    shuffle (random, order);
    for (guint t = 0; t < TOKENS; t++) {
      if (t % 150 == 0)
        shuffle (random, subject);
      choices[EVEN][t][l] = (guint8) g_rand_int_range (random, 0, EXPERTS);
      choices[LIKED][t][l] = draw_liked (random, order);
      choices[SUBJECTS][t][l] = draw_liked (random, subject);
      choices[REPEATED][t][l] = t >= 4 && g_rand_double (random) < 0.4
          ? choices[REPEATED][t - (guint) g_rand_int_range (random, 1, 5)][l] : (guint8) g_rand_int_range (random, 0, EXPERTS);
    }
  }
}

/* The one of the resident that leaves. */
static guint
coldest (const gboolean *resident, const double *warmth)
{
  guint best = LAYERS * EXPERTS;

  for (guint i = 0; i < LAYERS * EXPERTS; i++)
    if (resident[i] && (best == LAYERS * EXPERTS || warmth[i] < warmth[best]))
      best = i;
  return best;
}

/* Share of uses that found their expert there, with slots for a share of all. */
static double
hits (Habit habit, gboolean by_heat, double share)
{
  L4Heat heat[LAYERS * EXPERTS] = { 0 };
  gboolean resident[LAYERS * EXPERTS] = { 0 };
  double warmth[LAYERS * EXPERTS] = { 0 };
  guint slots = (guint) (share * LAYERS * EXPERTS), used = 0, n = 0, clock = 0;

  for (guint t = 0; t < TOKENS; t++)
    for (guint l = 0; l < LAYERS; l++) {
      gint64 uses[EXPERTS] = { 0 };
      guint expert = l * EXPERTS + choices[habit][t][l];

      uses[choices[habit][t][l]] = 1;
      l4_heat_use (heat + l * EXPERTS, EXPERTS, uses, 1);
      for (guint e = l * EXPERTS; by_heat && e < (l + 1) * EXPERTS; e++)
        warmth[e] = l4_heat_of (&heat[e]);
      if (!by_heat)
        warmth[expert] = ++clock;
      n += t >= UNCOUNTED && resident[expert];
      if (resident[expert])
        continue;
      if (used < slots)
        used++;
      else {
        guint leaves;

        leaves = coldest (resident, warmth);
        resident[leaves] = FALSE;
      }
      resident[expert] = TRUE;
    }
  return (double) n / ((TOKENS - UNCOUNTED) * LAYERS);
}

static void
test_no_habit_does_worse_than_with_the_longest_unused (void)
{
  static const double shares[] = { 1.0 / 3, 1.0 / 2 };

  for (guint s = 0; s < G_N_ELEMENTS (shares); s++)
    for (guint h = 0; h < N_HABITS; h++) {
      double longest = hits (h, FALSE, shares[s]), heat = hits (h, TRUE, shares[s]);

      g_test_message ("%s, %.0f %% in memory: longest unused leaves %.1f %% hits, the coldest %.1f %%", names[h], 100 * shares[s],
          100 * longest, 100 * heat);
      g_assert_cmpfloat (heat, >, longest - 0.01);
      if (h == LIKED)
        g_assert_cmpfloat (heat, >, longest + 0.03);
    }
}

/* A prompt through all layers leaves those that generation likes the warmest. */
static void
test_a_prompt_does_not_wipe_out_what_was_known (void)
{
  L4Heat heat[4] = { 0 };

  for (guint i = 0; i < 200; i++)
    l4_heat_use (heat, 4, (const gint64[]) { 4 * (i % 2), 0, 0, 4 * (1 - i % 2) }, 4);
  l4_heat_use (heat, 4, (const gint64[]) { 500, 500, 500, 500 }, 2000);
  g_assert_cmpfloat (l4_heat_of (&heat[0]), >, l4_heat_of (&heat[1]));
  g_assert_cmpfloat (l4_heat_of (&heat[3]), >, l4_heat_of (&heat[2]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  draw_choices ();
  g_test_add_func ("/heat/no-habit-does-worse-than-with-the-longest-unused", test_no_habit_does_worse_than_with_the_longest_unused);
  g_test_add_func ("/heat/a-prompt-does-not-wipe-out-what-was-known", test_a_prompt_does_not_wipe_out_what_was_known);
  return g_test_run ();
}
