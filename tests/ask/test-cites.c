/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of sources in answers: those that exist stay, others never come out. */

#include <string.h>

#include "talk/cites.h"

/* What comes of an answer that comes in pieces of that many characters; the numbers named as "1 3 ". */
static char *
filter (const char *answer, guint n, guint piece, char **named)
{
  g_autoptr (L4Cites) cites = l4_cites_new (n);
  g_autoptr (GString) numbers = g_string_new (NULL);
  GString *text = g_string_new (NULL);

  for (glong i = 0, length = g_utf8_strlen (answer, -1); i < length; i += piece) {
    g_autofree char *part = g_utf8_substring (answer, i, MIN (i + (glong) piece, length));

    l4_cites_take (cites, part, text);
  }
  l4_cites_end (cites, text);
  for (guint i = 0; i <= n + 1; i++)
    if (l4_cites_named (cites, i))
      g_string_append_printf (numbers, "%u ", i);
  *named = g_string_free (g_steal_pointer (&numbers), FALSE);
  return g_string_free (text, FALSE);
}

static void
test_existing_numbers_stay_in_one_form_and_others_never_come_out (void)
{
  static const struct
  {
    const char *answer, *shown, *named;
  } cases[] = {
    {"It moves [1].", "It moves [1].", "1 "},
    {"It moves [1, 3].", "It moves [1][3].", "1 3 "},
    {"It moves [1][3]", "It moves [1][3]", "1 3 "},
    {"It moves [1-3].", "It moves [1][2][3].", "1 2 3 "},
    {"It moves [2–9].", "It moves [2][3].", "2 3 "},
    {"It moves [9].", "It moves.", ""},
    {"It moves [9] there [4, 2, 77].", "It moves there [2].", "2 "},
    {"It moves [0].", "It moves.", ""},
    {"It moves [99999999999999999999999].", "It moves.", ""},
    {"It moves [1-99999999999999].", "It moves [1][2][3].", "1 2 3 "},
    {"It moves [3-1].", "It moves [3][1].", "1 3 "},
    {"It moves [Note 2] [notes 1 and 3] [Source 8].", "It moves [2] [1][3].", "1 2 3 "},
    {"It moves [[2]].", "It moves [2].", "2 "},
    {"It moves 【2】 ［3］.", "It moves [2] [3].", "2 3 "},
    {"It moves [\357\274\222] [\357\274\231].", "It moves [2].", "2 "},  /* full width */
    {"It moves [\331\243].", "It moves [3].", "3 "},     /* Arabic */
    {"It moves [\342\221\240].", "It moves (\342\221\240).", ""},        /* in a circle */
    {"It moves [^2].", "It moves [2].", "2 "},
    {"It moves [sic].", "It moves [sic].", ""},
    {"It moves [at 0:07].", "It moves (at 0:07).", ""},
    {"It moves [0:04].", "It moves (0:04).", ""},
    {"It moves [9", "It moves", ""},
    {"It moves [see", "It moves (see", ""},
    {"It moves [see 9", "It moves (see 9", ""},
    {"It moves [1\nand", "It moves\nand", ""},
    {"a[i] = b[j]", "a[i] = b[j]", ""},
    {"] [ ]", "] [ ]", ""},
    {"", "", ""},
    {"It moves. \n\n", "It moves.", ""},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint piece = 1; piece < 12; piece++) {
      g_autofree char *named = NULL, *shown = filter (cases[i].answer, 3, piece, &named);

      g_test_message ("%s, by %u", cases[i].answer, piece);
      g_assert_cmpstr (shown, ==, cases[i].shown);
      g_assert_cmpstr (named, ==, cases[i].named);
    }
}

/* Whatever comes: what looks like a number of a source is one. */
static void
test_no_noise_forms_a_number_that_does_not_exist (void)
{
  static const char *const bits[] = { "[", "]", "1", "2", "9", ",", " ", "-", "note", "x", "\n", "【", "】", "[1]", "[9]", "–", "[[", "]]" };
  g_autoptr (GRand) random = g_rand_new_with_seed (1);

  for (guint round = 0; round < 20000; round++) {
    g_autoptr (GString) answer = g_string_new (NULL);
    g_autofree char *named = NULL, *shown = NULL;

    for (guint i = 0; i < 12; i++)
      g_string_append (answer, bits[g_rand_int_range (random, 0, G_N_ELEMENTS (bits))]);
    shown = filter (answer->str, 2, 1 + round % 5, &named);
    for (const char *at = shown; (at = strchr (at, '[')) != NULL; at++) {
      const char *digits = at + 1 + strspn (at + 1, " ");

      if (g_ascii_isdigit (*digits) && !g_str_has_prefix (at, "[1]") && !g_str_has_prefix (at, "[2]"))
        g_error ("%s → %s", answer->str, shown);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ask/cites/existing-numbers-stay-in-one-form-and-others-never-come-out",
      test_existing_numbers_stay_in_one_form_and_others_never_come_out);
  g_test_add_func ("/ask/cites/no-noise-forms-a-number-that-does-not-exist", test_no_noise_forms_a_number_that_does_not_exist);
  return g_test_run ();
}
