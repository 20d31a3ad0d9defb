/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text as words: letters and digits between everything else, as SQLite's unicode61 cuts it. */

#include "index/words.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#define SPACE_UTF8 "\342\200\213"  /* U+200B, zero width space */

static gboolean
is_of_word (gunichar character)
{
  switch (g_unichar_type (character)) {
    case G_UNICODE_LOWERCASE_LETTER:
    case G_UNICODE_UPPERCASE_LETTER:
    case G_UNICODE_TITLECASE_LETTER:
    case G_UNICODE_MODIFIER_LETTER:
    case G_UNICODE_OTHER_LETTER:
    case G_UNICODE_DECIMAL_NUMBER:
    case G_UNICODE_LETTER_NUMBER:
    case G_UNICODE_OTHER_NUMBER:
      return TRUE;
    default:
      return FALSE;
  }
}

static gboolean
is_mark (gunichar character)
{
  return g_unichar_ismark (character);
}

/* Of a script that writes without blanks. */
static gboolean
stands_alone (gunichar character)
{
  if (character < 0xe00 || !is_of_word (character))
    return FALSE;
  switch (g_unichar_get_script (character)) {
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA:
    case G_UNICODE_SCRIPT_BOPOMOFO:
    case G_UNICODE_SCRIPT_THAI:
    case G_UNICODE_SCRIPT_LAO:
    case G_UNICODE_SCRIPT_KHMER:
    case G_UNICODE_SCRIPT_MYANMAR:
      return TRUE;
    default:
      return FALSE;
  }
}

/* What l4_text_to_line() leaves out of a text, though it may stand within a word, as a soft hyphen. What joins or parts letters (ZWJ, ZWNJ) is
 * seen. */
static gboolean
is_invisible (gunichar character)
{
  return g_unichar_type (character) == G_UNICODE_FORMAT && character != 0x200c && character != 0x200d;
}

char *
l4_words_normalize (const char *text)
{
  g_autoptr (GString) seen = g_string_sized_new (strlen (text));

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    if (!is_invisible (g_utf8_get_char (at)))
      g_string_append_unichar (seen, g_utf8_get_char (at));
  return g_utf8_normalize (seen->str, seen->len, G_NORMALIZE_NFC);
}

/* Splitting --------------------------------------------------------------------------------------------------------------------- */

static void
word_clear (gpointer data)
{
  L4Word *word = data;

  g_free (word->lower);
  g_free (word->folded);
}

/* Lower case, and what stays of it when accents are taken away. */
static void
fold (L4Word *word, const char *text)
{
  GString *lower = g_string_new (NULL), *folded = g_string_new (NULL);
  guint n = 0;

  for (const char *at = text + word->start; at < text + word->end && n < L4_MAX_WORD; at = g_utf8_next_char (at), n++) {
    gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH], character = g_unichar_tolower (g_utf8_get_char (at));
    gsize n_parts = g_unichar_fully_decompose (character, FALSE, parts, G_N_ELEMENTS (parts));

    g_string_append_unichar (lower, character);
    for (gsize i = 0; i < n_parts; i++)
      if (!is_mark (parts[i]))
        g_string_append_unichar (folded, parts[i]);
  }
  word->lower = g_utf8_normalize (lower->str, lower->len, G_NORMALIZE_NFC);
  word->folded = g_string_free (folded, FALSE);
  g_string_free (lower, TRUE);
}

/* Where the word ends that begins at a character of one. */
static const char *
get_end (const char *at)
{
  guint most = stands_alone (g_utf8_get_char (at)) ? 1 : L4_MAX_WORD, n = 0;

  do {
    at = g_utf8_next_char (at);
    n++;
  } while (is_mark (g_utf8_get_char (at)) || (n < most && is_of_word (g_utf8_get_char (at)) && !stands_alone (g_utf8_get_char (at))));
  return at;
}

GArray *
l4_words_split (const char *text)
{
  GArray *words = g_array_new (FALSE, TRUE, sizeof (L4Word));
  const char *at = text;

  g_array_set_clear_func (words, word_clear);
  while (*at != '\0') {
    L4Word word = { at - text };

    if (!is_of_word (g_utf8_get_char (at))) {
      at = g_utf8_next_char (at);
      continue;
    }
    at = get_end (at);
    word.end = at - text;
    fold (&word, text);
    g_array_append_val (words, word);
  }
  return words;
}

/* Lists ------------------------------------------------------------------------------------------------------------------------- */

static char *
write_list (GPtrArray *list)
{
  yyjson_mut_doc *doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_val *root = yyjson_mut_arr (doc);
  char *written, *json;

  yyjson_mut_doc_set_root (doc, root);
  for (guint i = 0; i < list->len; i++)
    yyjson_mut_arr_add_str (doc, root, g_ptr_array_index (list, i));
  written = yyjson_mut_write (doc, YYJSON_WRITE_NOFLAG, NULL);
  json = g_strdup (written);
  free (written);
  yyjson_mut_doc_free (doc);
  return json;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char *
l4_words_to_set (const GArray *words)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  g_autoptr (GPtrArray) set = g_ptr_array_new ();

  for (guint i = 0; i < words->len; i++)
    g_ptr_array_add (list, g_array_index (words, L4Word, i).lower);
  g_ptr_array_sort (list, compare);
  for (guint i = 0; i < list->len; i++)
    if (i == 0 || strcmp (list->pdata[i - 1], list->pdata[i]) != 0)
      g_ptr_array_add (set, list->pdata[i]);
  return write_list (set);
}

char *
l4_words_to_list (const GArray *words, gboolean folded)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();

  for (guint i = 0; i < words->len; i++) {
    const L4Word *word = &g_array_index (words, L4Word, i);

    g_ptr_array_add (list, folded ? word->folded : word->lower);
  }
  return write_list (list);
}

/* Spaces ------------------------------------------------------------------------------------------------------------------------ */

char *
l4_words_space (const char *text)
{
  g_autoptr (GArray) words = l4_words_split (text);
  GString *spaced = g_string_sized_new (strlen (text));
  gsize written = 0;

  for (guint i = 1; i < words->len; i++) {
    gsize start = g_array_index (words, L4Word, i).start;

    if (start != g_array_index (words, L4Word, i - 1).end)
      continue;
    g_string_append_len (spaced, text + written, start - written);
    g_string_append (spaced, SPACE_UTF8);
    written = start;
  }
  return g_string_free (g_string_append (spaced, text + written), FALSE);
}

char *
l4_words_unspace (const char *text)
{
  GString *plain = g_string_sized_new (strlen (text));
  const char *space;

  for (; (space = strstr (text, SPACE_UTF8)) != NULL; text = space + strlen (SPACE_UTF8))
    g_string_append_len (plain, text, space - text);
  g_string_append (plain, text);
  return g_string_free (plain, FALSE);
}

/* Nearness ---------------------------------------------------------------------------------------------------------------------- */

/* Three rows of the usual table: a swap looks two back. */
guint
l4_words_distance (const char *a, const char *b, guint limit)
{
  gunichar left[L4_MAX_WORD], right[L4_MAX_WORD];
  guint rows[3][L4_MAX_WORD + 1], n = 0, m = 0;

  for (; *a != '\0' && n < L4_MAX_WORD; a = g_utf8_next_char (a))
    left[n++] = g_utf8_get_char (a);
  for (; *b != '\0' && m < L4_MAX_WORD; b = g_utf8_next_char (b))
    right[m++] = g_utf8_get_char (b);
  if ((n > m ? n - m : m - n) > limit)
    return limit + 1;
  for (guint j = 0; j <= m; j++)
    rows[0][j] = j;
  for (guint i = 1; i <= n; i++) {
    guint *now = rows[i % 3], *above = rows[(i + 2) % 3], *top = rows[(i + 1) % 3], least = now[0] = i;

    for (guint j = 1; j <= m; j++) {
      now[j] = MIN (MIN (above[j], now[j - 1]) + 1, above[j - 1] + (left[i - 1] != right[j - 1]));
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
        now[j] = MIN (now[j], top[j - 2] + 1);
      least = MIN (least, now[j]);
    }
    if (least > limit)
      return limit + 1;
  }
  return MIN (rows[n % 3][m], limit + 1);
}
