/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all kinds of database do alike. */

#include "index/database.h"

#include <string.h>

#include "base/i18n.h"

gboolean
l4_database_fail (L4Database *self, L4Error code, GError **error, const char *format, ...)
{
  g_autofree char *message = NULL, *line = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  line = l4_text_to_line (message, -1);
  g_set_error (error, L4_ERROR, code, "%s: %s", self->name, line);
  return FALSE;
}

gboolean
l4_database_refuse_version (L4Database *self, gint64 version, GError **error)
{
  return l4_database_fail (self, L4_ERROR_UNSUPPORTED, error,
      _("the index is of version %" PRIi64 ", which a newer program made; this one knows version %d"), version, L4_SCHEMA_VERSION);
}

static gboolean
is_address (const char *where)
{
  return g_str_has_prefix (where, "postgresql://") || g_str_has_prefix (where, "postgres://");
}

L4Database *
l4_database_open (const char *where, L4IndexMode mode, gboolean hurried, GError **error)
{
  return (is_address (where) ? &l4_postgres : &l4_sqlite)->open (where, mode, hurried, error);
}

void
l4_database_close (L4Database *self)
{
  if (self != NULL)
    self->class->close (self);
}

gboolean
l4_database_hurry (L4Database *self, GError **error)
{
  self->hurried = TRUE;
  return self->class->set_patience (self, error);
}

static L4Value
data_value (L4ValueType type, const char *data, gsize length)
{
  return data == NULL ? (L4Value) { L4_VALUE_NULL } : (L4Value) { type, .data = data, .length = length };
}

static L4Value
blob_value (GBytes *bytes)
{
  gsize length = 0;
  const char *data = bytes == NULL ? NULL : g_bytes_get_data (bytes, &length);

  return data_value (L4_VALUE_BYTES, bytes != NULL && data == NULL ? "" : data, length);
}

gboolean
l4_database_query (L4Database *self, L4RowFunc row, gpointer user_data, GError **error, const char *sql, const char *types, ...)
{
  L4Value values[L4_MAX_VALUES];
  guint n = 0;
  va_list args;

  va_start (args, types);
  for (; types[n] != '\0'; n++) {
    g_assert (n < L4_MAX_VALUES);
    if (types[n] == 'i') {
      values[n] = (L4Value) { L4_VALUE_INTEGER, .integer = va_arg (args, gint64) };
    } else if (types[n] == 'r') {
      values[n] = (L4Value) { L4_VALUE_REAL, .real = va_arg (args, double) };
    } else if (types[n] == 'b') {
      values[n] = blob_value (va_arg (args, GBytes *));
    } else {
      const char *text = va_arg (args, const char *);

      values[n] = data_value (types[n] == 't' ? L4_VALUE_TEXT : L4_VALUE_BYTES, text, text == NULL ? 0 : strlen (text));
    }
  }
  va_end (args);
  return self->class->query (self, sql, values, n, row, user_data, error);
}

gboolean
l4_database_transact_once (L4Database *self, gboolean write, L4WorkFunc function, gpointer work, GError **error)
{
  if (!self->class->begin (self, write, error))
    return FALSE;
  if (function (self, work, error) && self->class->commit (self, error))
    return TRUE;
  self->class->rollback (self);
  return FALSE;
}

gboolean
l4_database_transact (L4Database *self, gboolean write, L4WorkFunc function, gpointer work, GError **error)
{
  if (write && self->mode == L4_INDEX_READ)
    return l4_database_fail (self, L4_ERROR_INPUT, error, _("the index was opened for reading only"));
  for (guint attempt = 1;; attempt++) {
    g_autoptr (GError) why = NULL;

    if (l4_database_transact_once (self, write, function, work, &why))
      return TRUE;
    if (self->hurried || !self->class->try_again (self, attempt)) {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  }
}

gint64
l4_value_integer (const L4Value *value)
{
  return value->type == L4_VALUE_INTEGER ? value->integer : 0;
}

guint64
l4_value_unsigned (const L4Value *value)
{
  return (guint64) MAX (l4_value_integer (value), 0);
}

char *
l4_value_text (const L4Value *value)
{
  if (value->type == L4_VALUE_NULL)
    return NULL;
  return value->type == L4_VALUE_TEXT ? g_utf8_make_valid (value->data, value->length) : g_strdup ("");
}

char *
l4_value_bytes (const L4Value *value)
{
  if (value->type == L4_VALUE_NULL)
    return NULL;
  return value->type == L4_VALUE_BYTES || value->type == L4_VALUE_TEXT ? g_strndup (value->data, value->length) : g_strdup ("");
}

GBytes *
l4_value_blob (const L4Value *value)
{
  return value->type == L4_VALUE_BYTES ? g_bytes_new (value->data, value->length) : NULL;
}

void
l4_row_integer (const L4Value *columns, gpointer user_data)
{
  *(gint64 *) user_data = l4_value_integer (columns);
}
