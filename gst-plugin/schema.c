/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The schema that answers follow: read from the property or its file, and checked. */

#include <glib/gstdio.h>

#include "gettext.h"
#include "gstllama4describe.h"

#define MAX_SCHEMA (4u << 20)   /* bytes */

/* A schema is an object, or one of two words; anything else names a file. */
static gboolean
is_text (const char *value)
{
  g_autofree char *stripped = g_strstrip (g_strdup (value));

  return *stripped == '{' || g_str_equal (stripped, "true") || g_str_equal (stripped, "false");
}

/* Whatever else may have the name: reading a device may never end. (transfer full) */
static char *
read_file (const char *path, char **problem)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize length = 0;
  GStatBuf status;

  if (g_stat (path, &status) == 0 && (!S_ISREG (status.st_mode) || status.st_size > MAX_SCHEMA))
    *problem = g_strdup_printf (_("%s: is no file of up to %u bytes"), path, MAX_SCHEMA);
  else if (!g_file_get_contents (path, &text, &length, &error))
    *problem = g_strdup (error->message);
  else if (!g_utf8_validate_len (text, length, NULL))
    *problem = g_strdup_printf (_("%s: is not UTF-8 text"), path);
  return *problem == NULL ? g_steal_pointer (&text) : NULL;
}

gboolean
gst_llama4_schema_take (GstLlama4Describe * self)
{
  g_auto (GstLlama4Settings) settings = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *problem = NULL, *line = NULL;

  gst_llama4_describe_copy_settings (self, &settings);
  if (settings.schema != NULL && *settings.schema != '\0') {
    gboolean given = is_text (settings.schema);

    text = given ? g_strdup (settings.schema) : read_file (settings.schema, &problem);
    if (text != NULL && !l4_schema_check (text, &error))
      problem = given ? g_strdup (error->message) : g_strdup_printf ("%s: %s", settings.schema, error->message);
  }
  if (problem != NULL) {
    line = l4_text_to_line (problem, -1);
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, ("%s", line), (NULL));
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  g_free (self->settings.schema_text);
  self->settings.schema_text = g_steal_pointer (&text);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}
