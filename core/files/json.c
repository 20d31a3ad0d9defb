/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading JSON files of bounded size, with errors that name the file and the key. */

#include "files/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "files/file.h"

G_STATIC_ASSERT (L4_FILE_PADDING >= YYJSON_PADDING_SIZE);

#define MAX_SHOWN 80            /* bytes of a value in a message */
#define MAX_KEY 200             /* of a key */
#define MAX_LABEL_DEPTH 4
#define BYTES_A_VALUE 8
#define FREE_VALUES 262144      /* that short texts may have in any case */

/* Parses text in its place: beside it only the values need memory. */
static L4Json *
take (const char *path, char *text, gsize length, GError **error)
{
  yyjson_read_err problem;
  g_autoptr (L4Json) self = g_new0 (L4Json, 1);

  self->path = g_strdup (path);
  self->text = text;
  self->doc = yyjson_read_opts (text, length, YYJSON_READ_INSITU, NULL, &problem);
  if (self->doc == NULL) {
    l4_fail (error, problem.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION ? L4_ERROR_MEMORY : L4_ERROR_FORMAT,
        _("%s: not JSON at byte %zu: %s"), path, problem.pos, problem.msg);
    return NULL;
  }
  self->root = yyjson_doc_get_root (self->doc);
  if (!yyjson_is_obj (self->root)) {
    g_autofree char *shown = l4_json_describe (self->root);

    l4_fail (error, L4_ERROR_FORMAT, _("%s: the root is %s, not an object"), path, shown);
    return NULL;
  }
  return g_steal_pointer (&self);
}

/* Every value but the first stands after a comma, a colon or a bracket; those in strings count too. */
static gboolean
is_sparse (const char *text, gsize length)
{
  gsize n = 0;

  for (gsize i = 0; i < length; i++)
    n += text[i] == ',' || text[i] == ':' || text[i] == '[' || text[i] == '{';
  return n <= FREE_VALUES || n - FREE_VALUES <= length / BYTES_A_VALUE;
}

L4Json *
l4_json_take_sparse (const char *path, char *text, gsize length, GError **error)
{
  if (is_sparse (text, length))
    return take (path, text, length, error);
  g_free (text);
  l4_fail (error, L4_ERROR_FORMAT, _("%s: %zu bytes of JSON have more than one value in %d bytes"), path, length, BYTES_A_VALUE);
  return NULL;
}

L4Json *
l4_json_load (const char *path, gsize max_bytes, GError **error)
{
  gsize length;
  char *text = l4_file_load (path, max_bytes, &length, error);

  return text != NULL ? take (path, text, length, error) : NULL;
}

L4Json *
l4_json_load_sparse (const char *path, gsize max_bytes, GError **error)
{
  gsize length;
  char *text = l4_file_load (path, max_bytes, &length, error);

  return text != NULL ? l4_json_take_sparse (path, text, length, error) : NULL;
}

void
l4_json_free (L4Json *self)
{
  if (self == NULL)
    return;
  yyjson_doc_free (self->doc);
  g_free (self->text);
  g_free (self->path);
  g_free (self);
}

/* Characters that JSON may have as they are, but a line may not. */
static gboolean
breaks_lines (gunichar character)
{
  GUnicodeType type = g_unichar_type (character);

  return type == G_UNICODE_CONTROL || type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* Text of a file for a message: on one line, and of most bytes if it has more. */
static char *
show (const char *text, gsize length, gsize most)
{
  GString *shown = g_string_new (NULL);
  const char *at = text;

  for (; at < text + length && shown->len < most; at = g_utf8_next_char (at))
    if (breaks_lines (g_utf8_get_char (at)))
      g_string_append_printf (shown, "\\u%04x", g_utf8_get_char (at));
    else
      g_string_append_len (shown, at, g_utf8_next_char (at) - at);
  if (at < text + length)
    g_string_append (shown, "…");
  return g_string_free (shown, FALSE);
}

char *
l4_json_describe (yyjson_val *value)
{
  char *text = NULL, *shown;
  gsize length = 0;

  if (yyjson_is_arr (value))
    return g_strdup_printf (_("an array of %zu"), yyjson_arr_size (value));
  if (yyjson_is_obj (value))
    return g_strdup_printf (_("an object of %zu"), yyjson_obj_size (value));
  text = yyjson_val_write (value, YYJSON_WRITE_NOFLAG, &length);
  if (text == NULL)
    return g_strdup ("?");
  shown = show (text, length, MAX_SHOWN);
  free (text);
  return shown;
}

/* Where object stands below parent, as "text_config.rope_scaling."; NULL when it is not found. */
static char *
label (yyjson_val *parent, yyjson_val *object, guint depth)
{
  yyjson_val *key, *value;
  size_t i, n;

  if (parent == object)
    return g_strdup ("");
  if (depth == MAX_LABEL_DEPTH)
    return NULL;
  yyjson_obj_foreach (parent, i, n, key, value) {
    g_autofree char *rest = yyjson_is_obj (value) ? label (value, object, depth + 1) : NULL;
    g_autofree char *shown = rest != NULL ? show (yyjson_get_str (key), yyjson_get_len (key), MAX_KEY) : NULL;

    if (rest != NULL)
      return g_strdup_printf ("%s.%s", shown, rest);
  }
  return NULL;
}

gboolean
l4_json_refuse (const L4Json *self, yyjson_val *object, const char *key, L4Error code, GError **error, const char *reason, ...)
{
  va_list args;
  yyjson_val *value = yyjson_obj_get (object, key);
  g_autofree char *shown = value != NULL ? l4_json_describe (value) : NULL;
  g_autofree char *place = label (self->root, object, 0), *name = show (key, strlen (key), MAX_KEY);
  g_autofree char *text = NULL;

  va_start (args, reason);
  text = g_strdup_vprintf (reason, args);
  va_end (args);
  if (shown == NULL)
    return l4_fail (error, code, _("%s: %s%s is missing: %s"), self->path, place != NULL ? place : "", name, text);
  return l4_fail (error, code, _("%s: %s%s is %s: %s"), self->path, place != NULL ? place : "", name, shown, text);
}

static const char *
type_name (yyjson_type type)
{
  switch (type) {
    case YYJSON_TYPE_BOOL:
      return _("true or false");
    case YYJSON_TYPE_NUM:
      return _("a number");
    case YYJSON_TYPE_STR:
      return _("a string");
    case YYJSON_TYPE_ARR:
      return _("an array");
    default:
      return _("an object");
  }
}

gboolean
l4_json_get (const L4Json *self, yyjson_val *object, const char *key, yyjson_type type, yyjson_val **value, GError **error)
{
  yyjson_val *name, *item, *found = NULL;
  size_t i, n;

  *value = NULL;
  yyjson_obj_foreach (object, i, n, name, item) {
    if (!yyjson_equals_str (name, key))
      continue;
    if (found != NULL)
      return l4_json_refuse (self, object, key, L4_ERROR_FORMAT, error, _("and the same key stands there again"));
    found = item;
  }
  if (found == NULL || yyjson_is_null (found))
    return TRUE;
  if (type != YYJSON_TYPE_NONE && yyjson_get_type (found) != type)
    return l4_json_refuse (self, object, key, L4_ERROR_FORMAT, error, _("it must be %s"), type_name (type));
  *value = found;
  return TRUE;
}

gboolean
l4_json_get_int (const L4Json *self, yyjson_val *object, const char *key, gint64 minimum, gint64 maximum, gint64 *value,
    GError **error)
{
  yyjson_val *found;
  gint64 number;

  if (!l4_json_get (self, object, key, YYJSON_TYPE_NONE, &found, error))
    return FALSE;
  if (found == NULL)
    return TRUE;
  number = yyjson_get_sint (found);
  if (!yyjson_is_int (found) || (yyjson_is_uint (found) && yyjson_get_uint (found) > G_MAXINT64) || number < minimum
      || number > maximum)
    return l4_json_refuse (self, object, key, L4_ERROR_FORMAT, error,
        _("it must be an integer from %" PRId64 " to %" PRId64), minimum, maximum);
  *value = number;
  return TRUE;
}

gboolean
l4_json_get_double (const L4Json *self, yyjson_val *object, const char *key, double minimum, double maximum, double *value,
    GError **error)
{
  yyjson_val *found;

  if (!l4_json_get (self, object, key, YYJSON_TYPE_NONE, &found, error))
    return FALSE;
  if (found == NULL)
    return TRUE;
  /* Written so that a NaN would be refused too. */
  if (!yyjson_is_num (found) || !(yyjson_get_num (found) >= minimum && yyjson_get_num (found) <= maximum))
    return l4_json_refuse (self, object, key, L4_ERROR_FORMAT, error, _("it must be a number from %g to %g"), minimum, maximum);
  *value = yyjson_get_num (found);
  return TRUE;
}

gboolean
l4_json_get_bool (const L4Json *self, yyjson_val *object, const char *key, gboolean *value, GError **error)
{
  yyjson_val *found;

  if (!l4_json_get (self, object, key, YYJSON_TYPE_BOOL, &found, error))
    return FALSE;
  if (found != NULL)
    *value = yyjson_get_bool (found);
  return TRUE;
}
