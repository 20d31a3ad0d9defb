/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header of one GGUF file: metadata and the places of its tensors. */

#pragma once

#include "base/error.h"
#include "blocks/tensor.h"

/* Bytes of a text that a header may have, and of any that is written into one. */
#define L4_GGUF_MAX_STRING (4 << 20)

typedef struct _L4Gguf L4Gguf;

/* A string of an array; not terminated. Lives as long as its L4Gguf. Valid UTF-8. */
typedef struct
{
  const char *text;
  gsize length;
} L4GgufString;

/* Reads the header of the open file fd of size bytes; path serves messages. Versions 2 and 3, little endian. Appends the tensors,
 * which carry the names of the file, to tensors (L4Tensor); file becomes their `file`, their strings live in strings. Nothing in
 * the header is trusted: counts, lengths, shapes, types and places must agree with each other and with size; no key, name or byte
 * of data stands there twice. Allocates at most a small multiple of the header. (transfer full) */
L4Gguf *l4_gguf_read_header (int fd, const char *path, guint64 size, guint file, GStringChunk *strings, GArray *tensors,
    GError **error);
void l4_gguf_free (L4Gguf *self);       /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Gguf, l4_gguf_free)

const char *l4_gguf_get_path (const L4Gguf *self);
guint l4_gguf_get_n_keys (const L4Gguf *self);
const char *l4_gguf_get_key (const L4Gguf *self, guint index);          /* in the order of the file */
/* The bytes of the file up to the end of the metadata. Live as long as self. */
const guint8 *l4_gguf_get_metadata (const L4Gguf *self, gsize *length);
gboolean l4_gguf_has (const L4Gguf *self, const char *key);
gboolean l4_gguf_is_array (const L4Gguf *self, const char *key);        /* FALSE also when it is not there */

/* The value under key as a line for people: scalars in full or shortened, arrays as "array of 128 strings". (transfer full) */
char *l4_gguf_describe (const L4Gguf *self, const char *key);

/* The getters below leave *value as it is and return TRUE when key is not there; a value of another type or out of range is
 * L4_ERROR_FORMAT and names file, key and value. Any thread. */

/* Every integer type; minimum and maximum within the gint64. */
gboolean l4_gguf_get_int (const L4Gguf *self, const char *key, gint64 minimum, gint64 maximum, gint64 *value, GError **error);
/* Floating-point and integer types. */
gboolean l4_gguf_get_double (const L4Gguf *self, const char *key, double minimum, double maximum, double *value, GError **error);
gboolean l4_gguf_get_bool (const L4Gguf *self, const char *key, gboolean *value, GError **error);
/* Terminated, valid UTF-8 without NUL; lives as long as self. */
gboolean l4_gguf_get_string (const L4Gguf *self, const char *key, const char **value, GError **error);

/* The same of numbers, but a missing key is an error. */
gboolean l4_gguf_need_int (const L4Gguf *self, const char *key, gint64 minimum, gint64 maximum, gint64 *value, GError **error);
gboolean l4_gguf_need_double (const L4Gguf *self, const char *key, double minimum, double maximum, double *value, GError **error);

/* Arrays of minimum_n … maximum_n items; a key that is not there gives *items NULL, *n 0 and TRUE. (transfer full), g_free() */
gboolean l4_gguf_get_strings (const L4Gguf *self, const char *key, gsize minimum_n, gsize maximum_n, L4GgufString **items,
    gsize *n, GError **error);
/* Items of every integer type. */
gboolean l4_gguf_get_ints (const L4Gguf *self, const char *key, gsize minimum_n, gsize maximum_n, gint64 **items, gsize *n,
    GError **error);
/* Exactly n truth values. */
gboolean l4_gguf_get_bools (const L4Gguf *self, const char *key, gsize n, gboolean **items, GError **error);
/* Items of float32 and float64. */
gboolean l4_gguf_get_floats (const L4Gguf *self, const char *key, gsize minimum_n, gsize maximum_n, float **items, gsize *n,
    GError **error);

/* Fails with "FILE: KEY is VALUE: reason" ("… is missing: reason"). Returns FALSE. */
gboolean l4_gguf_refuse (const L4Gguf *self, const char *key, L4Error code, GError **error, const char *reason, ...)
    G_GNUC_PRINTF (5, 6);
