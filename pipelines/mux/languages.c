/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Languages that models write and people name. */

#include "mux/languages.h"

#include <string.h>

static const struct
{
  char tag[3], code[4];
  const char *english, *own;
} languages[] = {
  {"af", "afr", "Afrikaans", "Afrikaans"},
  {"ar", "ara", "Arabic", "العربية"},
  {"bg", "bul", "Bulgarian", "Български"},
  {"bn", "ben", "Bengali", "বাংলা"},
  {"ca", "cat", "Catalan", "Català"},
  {"cs", "ces", "Czech", "Čeština"},
  {"cy", "cym", "Welsh", "Cymraeg"},
  {"da", "dan", "Danish", "Dansk"},
  {"de", "deu", "German", "Deutsch"},
  {"el", "ell", "Greek", "Ελληνικά"},
  {"en", "eng", "English", "English"},
  {"es", "spa", "Spanish", "Español"},
  {"et", "est", "Estonian", "Eesti"},
  {"eu", "eus", "Basque", "Euskara"},
  {"fa", "fas", "Persian", "فارسی"},
  {"fi", "fin", "Finnish", "Suomi"},
  {"fr", "fra", "French", "Français"},
  {"ga", "gle", "Irish", "Gaeilge"},
  {"gl", "glg", "Galician", "Galego"},
  {"gu", "guj", "Gujarati", "ગુજરાતી"},
  {"he", "heb", "Hebrew", "עברית"},
  {"hi", "hin", "Hindi", "हिन्दी"},
  {"hr", "hrv", "Croatian", "Hrvatski"},
  {"hu", "hun", "Hungarian", "Magyar"},
  {"hy", "hye", "Armenian", "Հայերեն"},
  {"id", "ind", "Indonesian", "Bahasa Indonesia"},
  {"is", "isl", "Icelandic", "Íslenska"},
  {"it", "ita", "Italian", "Italiano"},
  {"ja", "jpn", "Japanese", "日本語"},
  {"ka", "kat", "Georgian", "ქართული"},
  {"kk", "kaz", "Kazakh", "Қазақша"},
  {"ko", "kor", "Korean", "한국어"},
  {"lt", "lit", "Lithuanian", "Lietuvių"},
  {"lv", "lav", "Latvian", "Latviešu"},
  {"mk", "mkd", "Macedonian", "Македонски"},
  {"ml", "mal", "Malayalam", "മലയാളം"},
  {"mr", "mar", "Marathi", "मराठी"},
  {"ms", "msa", "Malay", "Bahasa Melayu"},
  {"nb", "nob", "Norwegian Bokmål", "Bokmål"},
  {"ne", "nep", "Nepali", "नेपाली"},
  {"nl", "nld", "Dutch", "Nederlands"},
  {"no", "nor", "Norwegian", "Norsk"},
  {"pa", "pan", "Punjabi", "ਪੰਜਾਬੀ"},
  {"pl", "pol", "Polish", "Polski"},
  {"pt", "por", "Portuguese", "Português"},
  {"ro", "ron", "Romanian", "Română"},
  {"ru", "rus", "Russian", "Русский"},
  {"sk", "slk", "Slovak", "Slovenčina"},
  {"sl", "slv", "Slovenian", "Slovenščina"},
  {"sq", "sqi", "Albanian", "Shqip"},
  {"sr", "srp", "Serbian", "Српски"},
  {"sv", "swe", "Swedish", "Svenska"},
  {"sw", "swa", "Swahili", "Kiswahili"},
  {"ta", "tam", "Tamil", "தமிழ்"},
  {"te", "tel", "Telugu", "తెలుగు"},
  {"th", "tha", "Thai", "ไทย"},
  {"tl", "tgl", "Tagalog", "Tagalog"},
  {"tr", "tur", "Turkish", "Türkçe"},
  {"uk", "ukr", "Ukrainian", "Українська"},
  {"ur", "urd", "Urdu", "اردو"},
  {"vi", "vie", "Vietnamese", "Tiếng Việt"},
  {"zh", "zho", "Chinese", "中文"},
};

static gboolean
is_name (const char *name, const char *folded)
{
  g_autofree char *other = g_utf8_casefold (name, -1);

  return strcmp (other, folded) == 0;
}

/* Letters and digits in parts of one to eight, the first of two or three letters. */
static gboolean
is_tag (const char *text)
{
  gsize first = strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), part = 0;

  if (first < 2 || first > 3 || (text[first] != '\0' && text[first] != '-'))
    return FALSE;
  for (; *text != '\0'; text++) {
    part = *text == '-' ? 0 : part + 1;
    if ((*text == '-' && (text[1] == '-' || text[1] == '\0')) || (*text != '-' && !g_ascii_isalnum (*text)) || part > 8)
      return FALSE;
  }
  return TRUE;
}

char *
l4_language_tag (const char *language)
{
  g_autofree char *folded = NULL;

  if (!g_utf8_validate (language, -1, NULL))
    return g_strdup ("und");
  folded = g_utf8_casefold (language, -1);
  for (guint i = 0; i < G_N_ELEMENTS (languages); i++)
    if (is_name (languages[i].english, folded) || is_name (languages[i].own, folded) || is_name (languages[i].tag, folded)
        || is_name (languages[i].code, folded))
      return g_strdup (languages[i].tag);
  return g_strdup (is_tag (language) ? language : "und");
}

const char *
l4_language_code (const char *tag)
{
  gsize length = strcspn (tag, "-");

  for (guint i = 0; i < G_N_ELEMENTS (languages); i++)
    if ((length == 2 && g_ascii_strncasecmp (tag, languages[i].tag, 2) == 0)
        || (length == 3 && g_ascii_strncasecmp (tag, languages[i].code, 3) == 0))
      return languages[i].code;
  return "und";
}
