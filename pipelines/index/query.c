/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What somebody wants to find, as a tree: any of groups, in a group all of what is wanted and none of what is not. */

#include "index/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "llama4.h"

#define MAX_TERMS 64            /* more is no search */

/* Words that say nothing about what a question is about. */
static const char *const stop_words[] = {
  "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been", "before", "being", "but",
  "by", "can", "could", "did", "do", "does", "doing", "done", "ever", "film", "for", "from", "had", "happen", "happened", "happens", "has",
  "have", "he", "her", "here", "hers", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "many", "may", "me", "might",
  "most", "much", "must", "my", "no", "not", "of", "off", "on", "one", "or", "our", "out", "over", "please", "scene", "see", "seen", "shall",
  "she", "should", "show", "shown", "shows", "so", "some", "something", "somebody", "someone", "such", "tell", "than", "that", "the",
  "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "up", "us", "very", "video", "videos", "was", "we",
  "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your"
};

/* Terms and groups -------------------------------------------------------------------------------------------------------------- */

static L4Term *
term_new (const char *text, gsize length, gboolean quoted, gboolean prefix)
{
  g_autofree char *part = g_strndup (text, length);
  L4Term *term = g_new0 (L4Term, 1);

  term->words = l4_words_split (part);
  term->quoted = quoted;
  term->prefix = prefix;
  return term;
}

static void
term_free (gpointer data)
{
  L4Term *term = data;

  g_array_unref (term->words);
  g_free (term);
}

static void
group_free (gpointer data)
{
  L4Group *group = data;

  g_ptr_array_unref (group->wanted);
  g_ptr_array_unref (group->unwanted);
  g_free (group);
}

static L4Group *
add_group (L4Query *self)
{
  L4Group *group = g_new0 (L4Group, 1);

  group->wanted = g_ptr_array_new_with_free_func (term_free);
  group->unwanted = g_ptr_array_new_with_free_func (term_free);
  g_ptr_array_add (self->groups, group);
  return group;
}

void
l4_query_free (L4Query *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->groups);
  g_free (self);
}

void
l4_term_replace (L4Term *self, guint at, const char *word)
{
  L4Word *old = &g_array_index (self->words, L4Word, at);
  g_autoptr (GArray) words = l4_words_split (word);

  if (words->len == 0)
    return;
  g_free (old->lower);
  g_free (old->folded);
  old->lower = g_steal_pointer (&g_array_index (words, L4Word, 0).lower);
  old->folded = g_steal_pointer (&g_array_index (words, L4Word, 0).folded);
}

/* Parsing ----------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_quote (gunichar character)
{
  return character == '"' || character == 0x201c || character == 0x201d || character == 0x201e || character == 0xab || character == 0xbb;
}

/* The end of a phrase: the next quotation mark, or the text's end. */
static const char *
find_quote (const char *at)
{
  while (*at != '\0' && !is_quote (g_utf8_get_char (at)))
    at = g_utf8_next_char (at);
  return at;
}

static const char *
find_blank (const char *at)
{
  while (*at != '\0' && !g_unichar_isspace (g_utf8_get_char (at)) && !is_quote (g_utf8_get_char (at)))
    at = g_utf8_next_char (at);
  return at;
}

/* Reads a term from *at on; NULL: what stood there has no word in it. */
static L4Term *
read_term (const char **at)
{
  gboolean quoted = is_quote (g_utf8_get_char (*at)), prefix;
  const char *begin = quoted ? g_utf8_next_char (*at) : *at;
  const char *end = quoted ? find_quote (begin) : find_blank (begin);
  L4Term *term;

  *at = quoted && *end != '\0' ? g_utf8_next_char (end) : end;
  prefix = quoted ? **at == '*' : end > begin && end[-1] == '*';
  if (quoted && prefix)
    (*at)++;
  term = term_new (begin, end - begin, quoted, prefix);
  if (term->words->len > 0)
    return term;
  term_free (term);
  return NULL;
}

static gboolean
take_or (const char **at)
{
  if (!g_str_has_prefix (*at, "OR") || ((*at)[2] != '\0' && !g_unichar_isspace (g_utf8_get_char (*at + 2))))
    return FALSE;
  *at += 2;
  return TRUE;
}

/* FALSE: too many terms. */
static gboolean
read_all (L4Query *self, const char *at)
{
  L4Group *group = add_group (self);

  for (guint n = 0; *at != '\0';) {
    gboolean unwanted = FALSE;
    L4Term *term;

    if (g_unichar_isspace (g_utf8_get_char (at))) {
      at = g_utf8_next_char (at);
      continue;
    }
    if (take_or (&at)) {
      group = add_group (self);
      continue;
    }
    for (; *at == '-'; at++)
      unwanted = TRUE;
    if ((term = read_term (&at)) == NULL)
      continue;
    g_ptr_array_add (unwanted ? group->unwanted : group->wanted, term);
    if (++n > MAX_TERMS)
      return FALSE;
  }
  return TRUE;
}

static int
compare (gconstpointer word, gconstpointer stop_word)
{
  return strcmp (word, *(const char *const *) stop_word);
}

static void
read_any (L4Query *self, const char *text)
{
  g_autoptr (GArray) words = l4_words_split (text);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < words->len && self->groups->len < MAX_TERMS; i++) {
    const L4Word *word = &g_array_index (words, L4Word, i);

    if (bsearch (word->folded, stop_words, G_N_ELEMENTS (stop_words), sizeof *stop_words, compare) != NULL
        || !g_hash_table_add (seen, word->folded))
      continue;
    g_ptr_array_add (add_group (self)->wanted, term_new (text + word->start, word->end - word->start, FALSE, FALSE));
  }
}

/* Takes away groups with nothing in them: OR at an end, or twice. */
static void
drop_empty (L4Query *self)
{
  for (guint i = self->groups->len; i-- > 0;) {
    const L4Group *group = self->groups->pdata[i];

    if (group->wanted->len == 0 && group->unwanted->len == 0)
      g_ptr_array_remove_index (self->groups, i);
  }
}

static gboolean
check (const L4Query *self, GError **error)
{
  if (self->groups->len == 0) {
    g_set_error (error, L4_ERROR, L4_ERROR_INPUT, _("there is no word to search for"));
    return FALSE;
  }
  for (guint i = 0; i < self->groups->len; i++)
    if (((L4Group *) self->groups->pdata[i])->wanted->len == 0) {
      g_set_error (error, L4_ERROR, L4_ERROR_INPUT, _("words with - only leave out: there is none to search for beside them"));
      return FALSE;
    }
  return TRUE;
}

L4Query *
l4_query_parse (const char *text, gboolean any, GError **error)
{
  g_autoptr (L4Query) self = g_new0 (L4Query, 1);
  g_autofree char *given = g_utf8_make_valid (text, -1), *valid = l4_words_normalize (given);

  self->groups = g_ptr_array_new_with_free_func (group_free);
  if (any)
    read_any (self, valid);
  else if (!read_all (self, valid)) {
    g_set_error (error, L4_ERROR, L4_ERROR_INPUT, _("more than %d words are too many to search for"), MAX_TERMS);
    return NULL;
  }
  drop_empty (self);
  return check (self, error) ? g_steal_pointer (&self) : NULL;
}

/* Writing ----------------------------------------------------------------------------------------------------------------------- */

static void
write_term (GString *text, const L4Term *term, gboolean unwanted)
{
  gboolean quoted = term->quoted || term->words->len > 1;

  if (text->len > 0)
    g_string_append_c (text, ' ');
  g_string_append (text, unwanted ? "-" : "");
  g_string_append (text, quoted ? "\"" : "");
  for (guint i = 0; i < term->words->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", g_array_index (term->words, L4Word, i).lower);
  g_string_append (text, quoted ? "\"" : "");
  g_string_append (text, term->prefix ? "*" : "");
}

char *
l4_query_to_string (const L4Query *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->groups->len; i++) {
    const L4Group *group = self->groups->pdata[i];

    if (i > 0)
      g_string_append (text, " OR");
    for (guint j = 0; j < group->wanted->len; j++)
      write_term (text, group->wanted->pdata[j], FALSE);
    for (guint j = 0; j < group->unwanted->len; j++)
      write_term (text, group->unwanted->pdata[j], TRUE);
  }
  return g_string_free (text, FALSE);
}

/* Globs ------------------------------------------------------------------------------------------------------------------------- */

static void
append_literal (GString *regex, gunichar character)
{
  if (character < 0x80 && !g_ascii_isalnum (character) && character > ' ')
    g_string_append_c (regex, '\\');
  g_string_append_unichar (regex, character);
}

/* One of the characters between brackets; without a closing one the bracket stands for itself. Returns what follows. */
static const char *
append_set (GString *regex, const char *at)
{
  gboolean inverted = at[1] == '!' || at[1] == '^';
  const char *begin = at + 1 + inverted, *end = strchr (*begin == ']' ? begin + 1 : begin, ']');

  if (end == NULL) {
    append_literal (regex, '[');
    return at + 1;
  }
  g_string_append (regex, inverted ? "[^" : "[");
  for (at = begin; at < end; at = g_utf8_next_char (at))
    if (*at == '-' && at > begin && at + 1 < end)
      g_string_append_c (regex, '-');
    else
      append_literal (regex, g_utf8_get_char (at));
  g_string_append_c (regex, ']');
  return end + 1;
}

char *
l4_query_glob_to_regex (const char *glob)
{
  g_autofree char *valid = g_utf8_make_valid (glob, -1);
  gboolean in_name = strchr (valid, '/') == NULL;
  GString *regex = g_string_new (in_name ? "(^|/)" : *valid == '/' || *valid == '*' ? "^" : "^(.*/)?");
  const char *any = in_name ? "[^/]" : ".";

  for (const char *at = valid; *at != '\0';) {
    if (*at == '[') {
      g_string_append (regex, in_name ? "(?!/)" : "");
      at = append_set (regex, at);
      continue;
    }
    if (*at == '*' || *at == '?')
      g_string_append_printf (regex, "%s%s", any, *at == '*' ? "*" : "");
    else
      append_literal (regex, *at == '\\' && at[1] != '\0' ? g_utf8_get_char (++at) : g_utf8_get_char (at));
    at = g_utf8_next_char (at);
  }
  g_string_append_c (regex, '$');
  return g_string_free (regex, FALSE);
}
