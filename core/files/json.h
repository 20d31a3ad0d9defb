/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading JSON files of bounded size, with errors that name the file and the key. */

#pragma once

#include <yyjson.h>

#include "base/error.h"

/* A parsed file whose root is an object. path is kept for messages. */
typedef struct
{
  char *path;
  char *text;                   /* the strings of doc lie in it */
  yyjson_doc *doc;
  yyjson_val *root;
} L4Json;

/* Files of more than max_bytes are refused before they are read. (transfer full) */
L4Json *l4_json_load (const char *path, gsize max_bytes, GError **error);
/* The same for settings and lists, which have at least 8 bytes a value: what has fewer is refused, because it would need many
 * times its size of memory. (transfer full) */
L4Json *l4_json_load_sparse (const char *path, gsize max_bytes, GError **error);
/* The same of text in memory (transfer full), of length bytes with L4_FILE_PADDING bytes after it; path only serves messages.
 * (transfer full) */
L4Json *l4_json_take_sparse (const char *path, char *text, gsize length, GError **error);
void l4_json_free (L4Json *self);       /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Json, l4_json_free)

/* The value under key of object, which must be of that type (YYJSON_TYPE_NONE: of any). A missing or null key: *value is NULL,
 * TRUE. A key that stands there twice is an error, here and below. */
gboolean l4_json_get (const L4Json *self, yyjson_val *object, const char *key, yyjson_type type, yyjson_val **value,
    GError **error);

/* The number under key of object, within [minimum, maximum]. A missing or null key: *value stays as it is, TRUE. */
gboolean l4_json_get_int (const L4Json *self, yyjson_val *object, const char *key, gint64 minimum, gint64 maximum,
    gint64 *value, GError **error);
gboolean l4_json_get_double (const L4Json *self, yyjson_val *object, const char *key, double minimum, double maximum,
    double *value, GError **error);
gboolean l4_json_get_bool (const L4Json *self, yyjson_val *object, const char *key, gboolean *value, GError **error);

/* Fails with "FILE: KEY is VALUE: reason"; KEY with the names of the objects around it, each shortened. One line, whatever is in the file.
 * Returns FALSE. */
gboolean l4_json_refuse (const L4Json *self, yyjson_val *object, const char *key, L4Error code, GError **error,
    const char *reason, ...) G_GNUC_PRINTF (6, 7);

/* A scalar as JSON writes it, shortened to a line's worth; "array of 3", "object of 2" for the rest. (transfer full) */
char *l4_json_describe (yyjson_val *value);
