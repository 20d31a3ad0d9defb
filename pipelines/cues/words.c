/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of small words. One that is another kind of word in another of the languages is listed where the harm is least. */

#include "cues/words.h"

#include <string.h>

#define LONGEST 16              /* bytes */

static const char *const articles[] = {
  "a", "an", "the", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our", "their", "some", "any", "each", "every", "no",
  "one", "two", "three", "four", "five",
  "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "eines", "kein", "keine", "keinen", "dieser", "diese",
  "dieses", "diesen", "diesem", "sein", "seine", "seinen", "seinem", "seiner", "ihre", "ihren", "ihrem", "ihrer", "zwei", "drei", "vom", "zum", "zur", "im", "am",
  "le", "la", "les", "un", "une", "du", "au", "aux", "ce", "cet", "cette", "ces", "mon", "ma", "mes", "ton", "ta", "tes", "son", "sa", "ses", "notre",
  "votre", "leur", "leurs", "deux", "trois",
  "el", "los", "las", "una", "unos", "unas", "del", "al", "este", "esta", "estos", "estas", "ese", "esa", "su", "sus", "mi", "dos", "tres",
};

static const char *const conjunctions[] = {
  "and", "or", "but", "nor", "so", "yet", "while", "when", "where", "which", "who", "because", "if", "as", "then", "than", "although", "though",
  "until", "unless", "whereas",
  "und", "oder", "aber", "denn", "sondern", "dass", "weil", "wenn", "als", "ob", "obwohl", "bevor", "nachdem", "damit", "dann",
  "et", "ou", "mais", "donc", "car", "que", "qui", "quand", "puis", "lorsque", "tandis", "si", "comme",
  "y", "o", "pero", "porque", "cuando", "mientras", "aunque", "luego", "sino",
};

static const char *const prepositions[] = {
  "in", "on", "at", "by", "with", "from", "to", "into", "onto", "over", "under", "of", "for", "through", "across", "along", "behind", "beside",
  "between", "beyond", "near", "towards", "toward", "around", "above", "below", "against", "before", "after", "during", "without", "inside",
  "outside", "past", "off", "down", "up",
  "auf", "mit", "von", "zu", "aus", "bei", "nach", "unter", "vor", "hinter", "neben", "zwischen", "durch", "gegen", "ohne", "um", "an",
  "dans", "sur", "avec", "de", "pour", "sans", "vers", "devant", "entre", "sous", "chez", "par",
  "en", "con", "desde", "hacia", "hasta", "para", "por", "sin", "sobre", "tras", "ante", "bajo",
};

static const char *const auxiliaries[] = {
  "is", "are", "was", "were", "be", "been", "being", "has", "have", "had", "will", "would", "can", "could", "may", "might", "must", "should",
  "does", "do", "did", "not", "very",
  "ist", "sind", "war", "waren", "wird", "werden", "wurde", "wurden", "hat", "haben", "hatte", "kann", "muss", "nicht", "sehr",
  "est", "sont", "était", "étaient", "a", "ont", "avait", "ne", "pas", "très", "se",
  "es", "son", "está", "están", "era", "eran", "ha", "han", "muy",
};

static const char *const pronouns[] = {
  "i", "you", "he", "she", "it", "we", "they", "ich", "du", "er", "sie", "wir", "je", "tu", "il", "elle", "nous", "vous", "ils", "elles", "yo", "ella",
  "ellos", "nosotros",
};

static void
add (GHashTable *words, const char *const *list, guint n, L4CueWord kind)
{
  for (guint i = 0; i < n; i++)
    if (!g_hash_table_contains (words, list[i]))
      g_hash_table_insert (words, (gpointer) list[i], GUINT_TO_POINTER (kind));
}

static GHashTable *
make_words (void)
{
  GHashTable *words = g_hash_table_new (g_str_hash, g_str_equal);

  add (words, articles, G_N_ELEMENTS (articles), L4_CUE_WORD_ARTICLE);
  add (words, conjunctions, G_N_ELEMENTS (conjunctions), L4_CUE_WORD_CONJUNCTION);
  add (words, prepositions, G_N_ELEMENTS (prepositions), L4_CUE_WORD_PREPOSITION);
  add (words, auxiliaries, G_N_ELEMENTS (auxiliaries), L4_CUE_WORD_AUXILIARY);
  add (words, pronouns, G_N_ELEMENTS (pronouns), L4_CUE_WORD_PRONOUN);
  return words;
}

L4CueWord
l4_cue_word (const char *word, gsize length)
{
  static GHashTable *words;
  g_autofree char *lower = NULL;

  if (length == 0 || length > LONGEST)
    return L4_CUE_WORD_OTHER;
  if (g_once_init_enter (&words))
    g_once_init_leave (&words, make_words ());
  lower = g_utf8_strdown (word, (gssize) length);
  return GPOINTER_TO_UINT (g_hash_table_lookup (words, lower));
}
