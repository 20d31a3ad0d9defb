/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 tokenize: JSON strings to ids and back, a line each. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "cli/cli.h"
#include "output/text.h"
#include "tokenizer/tokenizer.h"

/* Prints a value and frees its document. */
static void
print_value (yyjson_mut_doc *doc)
{
  char *written = yyjson_mut_write (doc, YYJSON_WRITE_NOFLAG, NULL);

  puts (written != NULL ? written : "null");
  free (written);
  yyjson_mut_doc_free (doc);
}

static gboolean
encode_line (const L4Tokenizer *tokenizer, yyjson_val *value, guint number, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  yyjson_mut_doc *doc;

  if (!yyjson_is_str (value))
    return l4_fail (error, L4_ERROR_INPUT, _("line %u is not a JSON string"), number);
  if (!l4_tokenizer_encode (tokenizer, yyjson_get_str (value), yyjson_get_len (value), ids, error))
    return FALSE;
  doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_doc_set_root (doc, yyjson_mut_arr_with_sint32 (doc, (gint32 *) ids->data, ids->len));
  print_value (doc);
  return TRUE;
}

static gboolean
decode_line (const L4Tokenizer *tokenizer, yyjson_val *value, guint number, GError **error)
{
  g_autoptr (GString) bytes = g_string_new (NULL), text = g_string_new (NULL);
  yyjson_mut_doc *doc;
  yyjson_val *id;
  size_t index, count;

  if (!yyjson_is_arr (value))
    return l4_fail (error, L4_ERROR_INPUT, _("line %u is not a JSON array"), number);
  yyjson_arr_foreach (value, index, count, id) {
    if (!yyjson_is_uint (id) || yyjson_get_uint (id) >= l4_tokenizer_get_size (tokenizer))
      return l4_fail (error, L4_ERROR_INPUT, _("line %u: entry %zu is not an id below %u"), number, index,
          l4_tokenizer_get_size (tokenizer));
    l4_tokenizer_decode (tokenizer, yyjson_get_uint (id), TRUE, bytes);
  }
  /* NUL is a character of JSON strings like any other */
  for (const char *at = bytes->str, *end = bytes->str + bytes->len; at < end;) {
    gsize length = strnlen (at, end - at);
    g_autoptr (GString) part = g_string_new_len (at, length);

    l4_text_take (part, TRUE, text);
    at += length;
    if (at < end)
      g_string_append_len (text, at++, 1);
  }
  doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_doc_set_root (doc, yyjson_mut_strn (doc, text->str, text->len));
  print_value (doc);
  return TRUE;
}

static gboolean
do_lines (const L4Tokenizer *tokenizer, gboolean decode, GError **error)
{
  char *line = NULL;
  size_t room = 0;
  ssize_t length;
  gboolean good = TRUE;

  for (guint number = 1; good && (length = getline (&line, &room, stdin)) >= 0; number++) {
    yyjson_doc *doc;

    if (length > 0 && line[length - 1] == '\n')
      length--;
    if (length == 0)
      continue;
    doc = yyjson_read (line, length, YYJSON_READ_NOFLAG);
    good = decode ? decode_line (tokenizer, yyjson_doc_get_root (doc), number, error)
        : encode_line (tokenizer, yyjson_doc_get_root (doc), number, error);
    yyjson_doc_free (doc);
  }
  if (good && ferror (stdin))
    good = l4_fail (error, L4_ERROR_IO, _("standard input: %s"), g_strerror (errno));
  free (line);
  return good;
}

static gboolean decode;

static const GOptionEntry entries[] = {
  {"decode", 0, 0, G_OPTION_ARG_NONE, &decode, N_("Turn ids into text"), NULL},
  {NULL}
};

static gboolean
run (char **arguments, GError **error)
{
  g_autofree char *path = l4_cli_one_model (arguments, error);
  g_autoptr (L4Tokenizer) tokenizer = path != NULL ? l4_tokenizer_load (path, error) : NULL;

  return tokenizer != NULL && do_lines (tokenizer, decode, error);
}

const L4Command l4_cli_tokenize = {
  .name = "tokenize",
  .usage = "[MODEL]",
  .description = N_("Reads JSON strings from standard input, one a line, and writes an array of token ids for each; with --decode the other way "
      "round. MODEL may also be a vocabulary by itself: tokenizer.json or tokenizer.model."),
  .examples = N_("echo '\"A red circle\"' | llama4 tokenize  # The ids of a text.\n"
      "echo '[1, 2, 3]' | llama4 tokenize --decode  # The text of ids."),
  .entries = entries,
  .run = run,
};
