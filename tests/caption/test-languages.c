/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Languages as people name them become what containers mark them with. */

#include "mux/languages.h"

static void
test_names_become_tags (void)
{
  static const char *const cases[][2] = {
    {"German", "de"}, {"german", "de"}, {"Deutsch", "de"}, {"DE", "de"}, {"deu", "de"}, {"日本語", "ja"}, {"ČEŠTINA", "cs"}, {"pt-BR", "pt-BR"},
    {"zh-Hant-TW", "zh-Hant-TW"}, {"gsw", "gsw"}, {"Klingon", "und"}, {"", "und"}, {"e", "und"}, {"en-", "und"}, {"en--US", "und"}, {"en_US", "und"},
    {"en-toolongapart", "und"}, {"en US", "und"}, {"\351", "und"}, {"en\n", "und"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *tag = l4_language_tag (cases[i][0]);

    g_assert_cmpstr (tag, ==, cases[i][1]);
  }
}

static void
test_tags_become_codes_of_three_letters (void)
{
  static const char *const cases[][2] = {
    {"de", "deu"}, {"de-CH", "deu"}, {"EN", "eng"}, {"deu", "deu"}, {"zh-Hant-TW", "zho"}, {"und", "und"}, {"xx", "und"}, {"d", "und"}, {"", "und"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (l4_language_code (cases[i][0]), ==, cases[i][1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/languages/names-become-tags", test_names_become_tags);
  g_test_add_func ("/languages/tags-become-codes-of-three-letters", test_tags_become_codes_of_three_letters);
  return g_test_run ();
}
