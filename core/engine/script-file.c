/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of prepared answers: reading it. */

#include "engine/script-file.h"

#include <string.h>
#include <yyjson.h>

#include "files/file.h"

#define MAX_FILE (16u << 20)    /* bytes */

static void
line_clear (gpointer data)
{
  L4ScriptLine *line = data;

  g_free (line->text);
  g_free (line->error);
  g_free (line->until);
  g_array_unref (line->whether);
  g_strfreev (line->expect);
  g_strfreev (line->refuse);
  g_free (line->when);
}

void
l4_script_free (gpointer data)
{
  L4Script *self = data;

  g_array_unref (self->lines);
  g_array_unref (self->special);
  g_mutex_clear (&self->lock);
  g_free (self->load_error);
  g_free (self->digest);
  g_free (self);
}

static gint64
get_microseconds (yyjson_val *object, const char *key)
{
  yyjson_val *value = yyjson_obj_get (object, key);

  return yyjson_is_uint (value) ? MIN (yyjson_get_uint (value), 1000000) * 1000 : 0;
}

/* (transfer full) */
static char **
get_texts (yyjson_val *object, const char *key)
{
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  yyjson_val *text;
  size_t i, n;

  yyjson_arr_foreach (yyjson_obj_get (object, key), i, n, text)
    if (yyjson_is_str (text))
      g_strv_builder_add (texts, yyjson_get_str (text));
  return g_strv_builder_end (texts);
}

static void
whether_clear (gpointer data)
{
  L4ScriptWhether *self = data;

  g_free (self->text);
  g_free (self->error);
}

/* (transfer full) */
static GArray *
get_whether (yyjson_val *object)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (L4ScriptWhether));
  yyjson_val *key, *value;
  size_t i, n;

  g_array_set_clear_func (all, whether_clear);
  yyjson_obj_foreach (yyjson_obj_get (object, "yes"), i, n, key, value) {
    L4ScriptWhether one = { g_strdup (yyjson_get_str (key)), CLAMP (yyjson_get_num (value), 0, 1), g_strdup (yyjson_get_str (value)) };

    g_array_append_val (all, one);
  }
  return all;
}

static gboolean
parse_line (L4Script *self, const char *path, guint number, const char *text, GError **error)
{
  yyjson_doc *doc = yyjson_read (text, strlen (text), YYJSON_READ_NOFLAG);
  yyjson_val *root = yyjson_doc_get_root (doc);
  const char *answer = yyjson_get_str (yyjson_obj_get (root, "text"));
  const char *failure = yyjson_get_str (yyjson_obj_get (root, "error"));
  const char *load_failure = yyjson_get_str (yyjson_obj_get (root, "load_error"));
  gboolean setting = number == 1 && (load_failure != NULL || yyjson_obj_get (root, "load_ms") != NULL
      || yyjson_obj_get (root, "context") != NULL);
  L4ScriptLine line = { g_strdup (answer), g_strdup (failure), g_strdup (yyjson_get_str (yyjson_obj_get (root, "until"))),
    get_microseconds (root, "delay_ms"),
    get_microseconds (root, yyjson_obj_get (root, "forecast_ms") != NULL ? "forecast_ms" : "delay_ms"), get_microseconds (root, "ask_ms"),
    get_microseconds (root, "prefill_ms"), get_microseconds (root, "limit_ms"), get_texts (root, "expect"), get_texts (root, "refuse"),
    g_strdup (yyjson_get_str (yyjson_obj_get (root, "when"))), MIN (yyjson_get_uint (yyjson_obj_get (root, "together")), G_MAXINT32),
    get_whether (root)
  };

  if (setting) {
    self->load_us = get_microseconds (root, "load_ms");
    self->load_error = g_strdup (load_failure);
    self->context = MIN (yyjson_get_uint (yyjson_obj_get (root, "context")), G_MAXINT32);
  }
  yyjson_doc_free (doc);
  if (answer != NULL || failure != NULL) {
    g_array_append_val (line.when != NULL ? self->special : self->lines, line);
    return TRUE;
  }
  line_clear (&line);
  return setting || l4_fail (error, L4_ERROR_FORMAT, _("%s: line %u is not a JSON object with \"text\" or \"error\""), path,
      number);
}

static gboolean
parse_script (L4Script *self, const char *path, GError **error)
{
  gsize length;
  g_autofree char *contents = l4_file_load (path, MAX_FILE, &length, error), *digest = NULL;
  g_auto (GStrv) lines = NULL;

  if (contents == NULL)
    return FALSE;
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) contents, length);
  self->digest = g_strconcat ("sha256:", digest, NULL);
  lines = g_strsplit (contents, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (*g_strstrip (lines[i]) != '\0' && !parse_line (self, path, i + 1, lines[i], error))
      return FALSE;
  if (self->lines->len == 0 && self->load_error == NULL)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: holds no answer"), path);
  return TRUE;
}

static GArray *
lines_new (void)
{
  GArray *lines = g_array_new (FALSE, FALSE, sizeof (L4ScriptLine));

  g_array_set_clear_func (lines, line_clear);
  return lines;
}

L4Script *
l4_script_read (const char *path, GError **error)
{
  g_autoptr (L4Script) self = g_new0 (L4Script, 1);

  self->lines = lines_new ();
  self->special = lines_new ();
  g_mutex_init (&self->lock);
  return parse_script (self, path, error) ? g_steal_pointer (&self) : NULL;
}
