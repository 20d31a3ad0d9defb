/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a tokenizer.model as Meta publishes it: a line is a token in base64, a blank, and its rank, which is its id. */

#include "tokenizer/tokenizer-private.h"

#include <string.h>

/* The special tokens that follow: names, in which %u counts up from `from`. */
static const struct
{
  const char *name;
  guint from, n;
} specials[] = {
  {"begin_of_text", 0, 1}, {"end_of_text", 0, 1}, {"fim_prefix", 0, 1}, {"fim_middle", 0, 1}, {"fim_suffix", 0, 1},
  {"header_start", 0, 1}, {"header_end", 0, 1}, {"eom", 0, 1}, {"eot", 0, 1}, {"step", 0, 1},
  {"text_post_train_reserved_special_token_%u", 0, 6}, {"python_start", 0, 1}, {"python_end", 0, 1},
  {"finetune_right_pad", 0, 1}, {"text_post_train_reserved_special_token_%u", 8, 61}, {"image_start", 0, 1},
  {"image_end", 0, 1}, {"vision_reserved_special_token_%u", 0, 2}, {"tile_x_separator", 0, 1}, {"tile_y_separator", 0, 1},
  {"vision_reserved_special_token_%u", 2, 4}, {"image", 0, 1}, {"vision_reserved_special_token_%u", 6, 1}, {"patch", 0, 1},
  {"vision_reserved_special_token_%u", 7, 1041}, {"reasoning_reserved_special_token_%u", 0, 8},
  {"reasoning_thinking_start", 0, 1}, {"reasoning_thinking_end", 0, 1}, {"reserved_special_token_%u", 0, 904},
};

#define N_SPECIALS 2048
#define SHORTEST_LINE 6         /* "AA== 0" */
#define MAX_BASE64 (L4_MAX_TOKEN / 3 * 4 + 4)

/* Strictly: the only spelling of these bytes. */
static gboolean
decode_base64 (const char *text, gsize length, guint8 *out, gsize *n_out)
{
  char again[MAX_BASE64 + 8];
  gint state = 0, save = 0;
  guint rest = 0;
  gsize n;

  if (length == 0 || length > MAX_BASE64)
    return FALSE;
  *n_out = g_base64_decode_step (text, length, out, &state, &rest);
  state = 0;
  n = g_base64_encode_step (out, *n_out, FALSE, again, &state, &save);
  n += g_base64_encode_close (FALSE, again + n, &state, &save);
  return *n_out > 0 && n == length && memcmp (again, text, length) == 0;
}

/* The number that stands there, without sign, blanks or leading zeros; at most 9 digits. */
static gboolean
parse_rank (const char *text, gsize length, guint64 *rank)
{
  *rank = 0;
  if (length == 0 || length > 9 || (text[0] == '0' && length > 1))
    return FALSE;
  for (gsize i = 0; i < length; i++) {
    if (!g_ascii_isdigit (text[i]))
      return FALSE;
    *rank = *rank * 10 + (guint64) (text[i] - '0');
  }
  return TRUE;
}

static gboolean
add_line (L4Tokenizer *self, guint number, const char *line, gsize length, GError **error)
{
  const char *blank = memchr (line, ' ', length);
  guint8 bytes[MAX_BASE64];
  gsize n_bytes = 0;
  guint64 rank;

  if (blank == NULL || !decode_base64 (line, (gsize) (blank - line), bytes, &n_bytes)
      || !parse_rank (blank + 1, length - (gsize) (blank + 1 - line), &rank))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: line %u is not a token in base64 of at most %u bytes and a rank"), self->path,
        number, L4_MAX_TOKEN);
  if (rank != number - 1)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: line %u has the rank %" PRIu64 ", but they must count up from 0"), self->path,
        number, rank);
  return l4_tokenizer_add (self, rank, L4_TOKEN_ORDINARY, bytes, n_bytes, error);
}

static gboolean
add_specials (L4Tokenizer *self, guint id, GError **error)
{
  for (guint s = 0; s < G_N_ELEMENTS (specials); s++)
    for (guint i = 0; i < specials[s].n; i++) {
      g_autoptr (GString) name = g_string_new (specials[s].name);
      g_autofree char *number = g_strdup_printf ("%u", specials[s].from + i);

      g_string_replace (name, "%u", number, 1);
      g_string_prepend (name, "<|");
      g_string_append (name, "|>");
      if (!l4_tokenizer_add (self, id++, L4_TOKEN_SPECIAL, name->str, name->len, error))
        return FALSE;
    }
  return TRUE;
}

/* Lines up to the first that is too short to be one: there reading fails. */
static guint
count_lines (const char *text, gsize length)
{
  const char *at = text, *end = text + length;
  guint n = 0;

  while (at < end) {
    const char *stop = memchr (at, '\n', (gsize) (end - at));

    n++;
    if ((stop != NULL ? stop : end) - at < SHORTEST_LINE)
      break;
    at = stop != NULL ? stop + 1 : end;
  }
  return n;
}

L4Tokenizer *
l4_tokenizer_read_ranks (const char *path, const char *text, gsize length, GError **error)
{
  guint n = count_lines (text, length);
  g_autoptr (L4Tokenizer) self = l4_tokenizer_new (path, n + N_SPECIALS, error);
  const char *line = text, *end = text + length;

  if (self == NULL)
    return NULL;
  self->whole_first = TRUE;
  for (guint number = 1; number <= n; number++) {
    const char *stop = memchr (line, '\n', (gsize) (end - line));
    gsize n_line = (gsize) ((stop != NULL ? stop : end) - line);

    if (!add_line (self, number, line, n_line, error))
      return NULL;
    line += n_line + (stop != NULL);
  }
  /* Llama 4's vocabulary has 2.2 merges for each token */
  if (!add_specials (self, n, error) || !l4_tokenizer_finish_tokens (self, (gsize) n * 5 / 2, error)
      || !l4_tokenizer_derive_merges (self, error))
    return NULL;
  return g_steal_pointer (&self);
}
