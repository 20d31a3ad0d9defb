/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model is to know before a question: a system prompt, documents, and what was computed of them, kept in a file. */

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "files/file.h"

#define MAX_DOCUMENTS (64u << 20)       /* bytes of all together: more than any context holds */

gboolean
l4_cli_check_text (const char *what, const char *text, GError **error)
{
  const char *end;

  return text == NULL || g_utf8_validate (text, -1, &end)
      || l4_fail (error, L4_ERROR_INPUT, _("%s: byte %zu is not valid UTF-8"), what, (gsize) (end - text));
}

static gboolean
add_document (const char *file, GString *text, GError **error)
{
  gsize length;
  g_autofree char *contents = l4_file_load (file, MAX_DOCUMENTS - MIN (text->len, MAX_DOCUMENTS), &length, error);

  if (contents == NULL)
    return FALSE;
  if (strlen (contents) < length)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: byte %zu is not valid UTF-8"), file, strlen (contents));
  if (!l4_cli_check_text (file, contents, error))
    return FALSE;
  if (text->len > 0)
    g_string_append (text, "\n\n");
  g_string_append_len (text, contents, (gssize) length);
  return TRUE;
}

gboolean
l4_cli_read_background (const char *system, char **files, char **text, GError **error)
{
  g_autoptr (GString) all = g_string_new (system);

  *text = NULL;
  for (; files != NULL && *files != NULL; files++)
    if (!add_document (*files, all, error))
      return FALSE;
  if (system != NULL || all->len > 0)
    *text = g_string_free (g_steal_pointer (&all), FALSE);
  return TRUE;
}

/* What the file has, unless there is none. */
static gboolean
load (L4Session *session, const char *file, const L4GenerateOptions *options, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (l4_session_load (session, file, options->kv_int8, &problem) || g_error_matches (problem, L4_ERROR, L4_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

gboolean
l4_cli_keep_background (L4Session *session, const char *file, const L4Message *message, const L4GenerateOptions *options,
    GError **unsaved, GError **error)
{
  L4Held held;

  if (!load (session, file, options, error) || !l4_session_compare (session, message, 1, options, &held, error))
    return FALSE;
  if (held.other_tokens > 0 && !held.goes_on)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: holds another text: of its %u tokens only the first %u are those of now; another name is "
            "needed, or the file removed"), file, held.held_tokens + held.other_tokens, held.held_tokens);
  if (held.held_tokens == held.tokens && held.other_tokens == 0) {
    fprintf (stderr, _("llama4: %s: the %u tokens before the question are taken from it\n"), file, held.tokens);
    return TRUE;
  }
  if (!l4_session_prepare (session, message, 1, options, NULL, error))
    return FALSE;
  if (l4_session_save (session, file, unsaved))
    fprintf (stderr, _("llama4: %s: holds the %u tokens before the question from now on\n"), file, held.tokens);
  return TRUE;
}
