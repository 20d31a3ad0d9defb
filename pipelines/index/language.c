/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Languages by the names that people give them. */

#include "index/language.h"

#include <glib.h>
#include <string.h>

#include "index/words.h"

/* Folded; the English name first. */
static const char *const languages[][5] = {
  {"arabic", "ar", "ara", "\330\247\331\204\330\271\330\261\330\250\331\212\330\251"}, {"armenian", "hy", "hye"},
  {"basque", "eu", "eus", "euskara"}, {"catalan", "ca", "cat", "catala"}, {"danish", "da", "dan", "dansk"},
  {"dutch", "nl", "nld", "nederlands"}, {"english", "en", "eng"}, {"finnish", "fi", "fin", "suomi"},
  {"french", "fr", "fra", "francais"}, {"german", "de", "deu", "deutsch"}, {"greek", "el", "ell"}, {"hindi", "hi", "hin"},
  {"hungarian", "hu", "hun", "magyar"}, {"indonesian", "id", "ind"}, {"irish", "ga", "gle", "gaeilge"},
  {"italian", "it", "ita", "italiano"}, {"lithuanian", "lt", "lit", "lietuviu"}, {"nepali", "ne", "nep"},
  {"norwegian", "no", "nb", "nor", "norsk"}, {"portuguese", "pt", "por", "portugues"}, {"romanian", "ro", "ron", "romana"},
  {"russian", "ru", "rus", "\321\200\321\203\321\201\321\201\320\272\320\270\320\270"}, {"serbian", "sr", "srp", "srpski"},
  {"spanish", "es", "spa", "espanol", "castellano"}, {"swedish", "sv", "swe", "svenska"}, {"tamil", "ta", "tam"},
  {"turkish", "tr", "tur", "turkce"}, {"yiddish", "yi", "yid"}
};

/* The first word tells: "German", "de_CH.UTF-8", "English (UK)". */
const char *
l4_language_find (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autoptr (GArray) words = l4_words_split (valid);

  for (guint i = 0; words->len > 0 && i < G_N_ELEMENTS (languages); i++)
    for (guint j = 0; j < G_N_ELEMENTS (languages[i]) && languages[i][j] != NULL; j++)
      if (strcmp (g_array_index (words, L4Word, 0).folded, languages[i][j]) == 0)
        return languages[i][0];
  return "simple";
}
