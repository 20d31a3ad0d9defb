/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The metadata of a GGUF file, by key: types, ranges and lengths are checked here. */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "gguf/gguf-private.h"

#define MAX_SHOWN 80            /* bytes of a text in a message */

gsize
l4_gguf_type_size (L4GgufType type)
{
  static const guint8 sizes[L4_GGUF_N_TYPES] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

  return sizes[type];
}

const char *
l4_gguf_get_path (const L4Gguf *self)
{
  return self->path;
}

guint
l4_gguf_get_n_keys (const L4Gguf *self)
{
  return self->values->len;
}

const char *
l4_gguf_get_key (const L4Gguf *self, guint index)
{
  return g_array_index (self->values, L4GgufValue, index).key;
}

const guint8 *
l4_gguf_get_metadata (const L4Gguf *self, gsize *length)
{
  *length = self->length;
  return self->data;
}

const L4GgufValue *
l4_gguf_find (const L4Gguf *self, const char *key)
{
  return g_hash_table_lookup (self->by_key, key);
}

gboolean
l4_gguf_has (const L4Gguf *self, const char *key)
{
  return l4_gguf_find (self, key) != NULL;
}

gboolean
l4_gguf_is_array (const L4Gguf *self, const char *key)
{
  const L4GgufValue *value = l4_gguf_find (self, key);

  return value != NULL && value->is_array;
}

/* Messages ------------------------------------------------------------------------------------------------------------ */

static gboolean
is_integer (L4GgufType type)
{
  return type != L4_GGUF_FLOAT32 && type != L4_GGUF_FLOAT64 && type != L4_GGUF_BOOL && type != L4_GGUF_STRING;
}

/* Item i of value, which is an integer; FALSE when it is beyond gint64. */
static gboolean
integer_at (const L4Gguf *self, const L4GgufValue *value, gsize i, gint64 *number)
{
  gsize size = l4_gguf_type_size (value->type);
  guint64 bits = l4_gguf_load (self->data + value->at + i * size, size);

  switch (value->type) {
    case L4_GGUF_INT8:
      *number = (gint8) bits;
      return TRUE;
    case L4_GGUF_INT16:
      *number = (gint16) bits;
      return TRUE;
    case L4_GGUF_INT32:
      *number = (gint32) bits;
      return TRUE;
    case L4_GGUF_INT64:
      *number = (gint64) bits;
      return TRUE;
    default:
      *number = (gint64) bits;
      return bits <= G_MAXINT64;
  }
}

static double
double_at (const L4Gguf *self, const L4GgufValue *value, gsize i)
{
  gsize size = l4_gguf_type_size (value->type);
  guint64 bits = l4_gguf_load (self->data + value->at + i * size, size);
  guint32 low = (guint32) bits;
  float single;
  double number;

  memcpy (&single, &low, sizeof single);
  memcpy (&number, &bits, sizeof number);
  return value->type == L4_GGUF_FLOAT32 ? (double) single : number;
}

/* Text with control characters made visible, shortened to a line's worth. */
static char *
describe_text (const char *text)
{
  g_autofree char *shown = g_strndup (text, MAX_SHOWN);
  g_autofree char *valid = g_utf8_make_valid (shown, -1);

  for (char *at = valid; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = ' ';
  return g_strdup_printf ("\"%s%s\"", valid, strlen (text) > MAX_SHOWN ? "…" : "");
}

static char *
describe_array (const L4GgufValue *value)
{
  switch (value->type) {
    case L4_GGUF_STRING:
      return g_strdup_printf (_("an array of %zu strings"), value->n);
    case L4_GGUF_BOOL:
      return g_strdup_printf (_("an array of %zu truth values"), value->n);
    case L4_GGUF_FLOAT32:
    case L4_GGUF_FLOAT64:
      return g_strdup_printf (_("an array of %zu numbers"), value->n);
    default:
      return g_strdup_printf (_("an array of %zu integers"), value->n);
  }
}

static char *
describe (const L4Gguf *self, const L4GgufValue *value)
{
  gint64 number;

  if (value->is_array)
    return describe_array (value);
  if (value->type == L4_GGUF_STRING)
    return value->text != NULL ? describe_text (value->text) : g_strdup (_("no valid UTF-8"));
  if (value->type == L4_GGUF_BOOL)
    return g_strdup (self->data[value->at] ? "true" : "false");
  if (!is_integer (value->type))
    return g_strdup_printf ("%g", double_at (self, value, 0));
  if (integer_at (self, value, 0, &number))
    return g_strdup_printf ("%" PRId64, number);
  return g_strdup_printf ("%" PRIu64, l4_gguf_load (self->data + value->at, 8));
}

char *
l4_gguf_describe (const L4Gguf *self, const char *key)
{
  const L4GgufValue *value = l4_gguf_find (self, key);

  return value != NULL ? describe (self, value) : g_strdup ("");
}

gboolean
l4_gguf_refuse (const L4Gguf *self, const char *key, L4Error code, GError **error, const char *reason, ...)
{
  const L4GgufValue *value = l4_gguf_find (self, key);
  g_autofree char *shown = value != NULL ? describe (self, value) : NULL;
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, reason);
  text = g_strdup_vprintf (reason, args);
  va_end (args);
  if (shown == NULL)
    return l4_fail (error, code, _("%s: %s is missing: %s"), self->path, key, text);
  return l4_fail (error, code, _("%s: %s is %s: %s"), self->path, key, shown, text);
}

/* Single values ------------------------------------------------------------------------------------------------------- */

gboolean
l4_gguf_get_int (const L4Gguf *self, const char *key, gint64 minimum, gint64 maximum, gint64 *value, GError **error)
{
  const L4GgufValue *found = l4_gguf_find (self, key);
  gint64 number;

  if (found == NULL)
    return TRUE;
  if (found->is_array || !is_integer (found->type) || !integer_at (self, found, 0, &number) || number < minimum
      || number > maximum)
    return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("it must be an integer from %" PRId64 " to %" PRId64), minimum,
        maximum);
  *value = number;
  return TRUE;
}

gboolean
l4_gguf_get_double (const L4Gguf *self, const char *key, double minimum, double maximum, double *value, GError **error)
{
  const L4GgufValue *found = l4_gguf_find (self, key);
  double number = NAN;
  gint64 integer;

  if (found == NULL)
    return TRUE;
  if (!found->is_array && is_integer (found->type) && integer_at (self, found, 0, &integer))
    number = (double) integer;
  else if (!found->is_array && (found->type == L4_GGUF_FLOAT32 || found->type == L4_GGUF_FLOAT64))
    number = double_at (self, found, 0);
  /* Written so that a NaN is refused too. */
  if (!(number >= minimum && number <= maximum))
    return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("it must be a number from %g to %g"), minimum, maximum);
  *value = number;
  return TRUE;
}

gboolean
l4_gguf_get_bool (const L4Gguf *self, const char *key, gboolean *value, GError **error)
{
  const L4GgufValue *found = l4_gguf_find (self, key);

  if (found == NULL)
    return TRUE;
  if (found->is_array || found->type != L4_GGUF_BOOL)
    return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("it must be %s"), _("true or false"));
  *value = self->data[found->at] != 0;
  return TRUE;
}

gboolean
l4_gguf_get_string (const L4Gguf *self, const char *key, const char **value, GError **error)
{
  const L4GgufValue *found = l4_gguf_find (self, key);

  if (found == NULL)
    return TRUE;
  if (found->text == NULL)
    return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("it must be a string in UTF-8"));
  *value = found->text;
  return TRUE;
}

/* Arrays -------------------------------------------------------------------------------------------------------------- */

/* *found: NULL when the key is not there; else an array with as many items as there may be. */
static gboolean
find_array (const L4Gguf *self, const char *key, gsize minimum_n, gsize maximum_n, const L4GgufValue **found, GError **error)
{
  *found = l4_gguf_find (self, key);
  if (*found == NULL || ((*found)->is_array && (*found)->n >= minimum_n && (*found)->n <= maximum_n))
    return TRUE;
  return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("it must be an array of %zu to %zu items"), minimum_n, maximum_n);
}

static gpointer
allocate (const L4Gguf *self, const char *key, gsize n, gsize size, GError **error)
{
  gpointer items = g_try_malloc0_n (MAX (n, 1), size);

  if (items == NULL)
    l4_fail (error, L4_ERROR_MEMORY, _("%s: %s: cannot allocate %zu items"), self->path, key, n);
  return items;
}

gboolean
l4_gguf_get_strings (const L4Gguf *self, const char *key, gsize minimum_n, gsize maximum_n, L4GgufString **items, gsize *n,
    GError **error)
{
  const L4GgufValue *found;
  g_autofree L4GgufString *list = NULL;
  gsize at;

  *items = NULL;
  *n = 0;
  if (!find_array (self, key, minimum_n, maximum_n, &found, error) || found == NULL)
    return found == NULL;
  if (found->type != L4_GGUF_STRING)
    return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("its items must be strings"));
  list = allocate (self, key, found->n, sizeof *list, error);
  if (list == NULL)
    return FALSE;
  at = found->at;
  for (gsize i = 0; i < found->n; i++) {        /* every length was checked when the file was read */
    list[i].length = (gsize) l4_gguf_load (self->data + at, 8);
    list[i].text = (const char *) self->data + at + 8;
    at += 8 + list[i].length;
    if (!g_utf8_validate (list[i].text, (gssize) list[i].length, NULL))
      return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("item %zu is no valid UTF-8"), i);
  }
  *items = g_steal_pointer (&list);
  *n = found->n;
  return TRUE;
}

gboolean
l4_gguf_get_ints (const L4Gguf *self, const char *key, gsize minimum_n, gsize maximum_n, gint64 **items, gsize *n,
    GError **error)
{
  const L4GgufValue *found;
  g_autofree gint64 *list = NULL;

  *items = NULL;
  *n = 0;
  if (!find_array (self, key, minimum_n, maximum_n, &found, error) || found == NULL)
    return found == NULL;
  if (!is_integer (found->type))
    return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("its items must be integers"));
  list = allocate (self, key, found->n, sizeof *list, error);
  if (list == NULL)
    return FALSE;
  for (gsize i = 0; i < found->n; i++)
    if (!integer_at (self, found, i, &list[i]))
      return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("item %zu is too large"), i);
  *items = g_steal_pointer (&list);
  *n = found->n;
  return TRUE;
}

gboolean
l4_gguf_get_floats (const L4Gguf *self, const char *key, gsize minimum_n, gsize maximum_n, float **items, gsize *n,
    GError **error)
{
  const L4GgufValue *found;
  g_autofree float *list = NULL;

  *items = NULL;
  *n = 0;
  if (!find_array (self, key, minimum_n, maximum_n, &found, error) || found == NULL)
    return found == NULL;
  if (found->type != L4_GGUF_FLOAT32 && found->type != L4_GGUF_FLOAT64)
    return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("its items must be numbers"));
  list = allocate (self, key, found->n, sizeof *list, error);
  if (list == NULL)
    return FALSE;
  for (gsize i = 0; i < found->n; i++)
    list[i] = (float) double_at (self, found, i);
  *items = g_steal_pointer (&list);
  *n = found->n;
  return TRUE;
}

gboolean
l4_gguf_get_bools (const L4Gguf *self, const char *key, gsize n, gboolean **items, GError **error)
{
  const L4GgufValue *found;

  *items = NULL;
  if (!find_array (self, key, n, n, &found, error) || found == NULL)
    return found == NULL;
  if (found->type != L4_GGUF_BOOL)
    return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("its items must be truth values"));
  *items = allocate (self, key, found->n, sizeof **items, error);
  for (gsize i = 0; *items != NULL && i < found->n; i++)
    (*items)[i] = self->data[found->at + i] != 0;
  return *items != NULL;
}

gboolean
l4_gguf_need_int (const L4Gguf *self, const char *key, gint64 minimum, gint64 maximum, gint64 *value, GError **error)
{
  if (!l4_gguf_has (self, key))
    return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("it must be an integer from %" PRId64 " to %" PRId64), minimum,
        maximum);
  return l4_gguf_get_int (self, key, minimum, maximum, value, error);
}

gboolean
l4_gguf_need_double (const L4Gguf *self, const char *key, double minimum, double maximum, double *value, GError **error)
{
  if (!l4_gguf_has (self, key))
    return l4_gguf_refuse (self, key, L4_ERROR_FORMAT, error, _("it must be a number from %g to %g"), minimum, maximum);
  return l4_gguf_get_double (self, key, minimum, maximum, value, error);
}
