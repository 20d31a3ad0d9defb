/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the header of a GGUF file is kept as. */

#pragma once

#include "gguf/gguf.h"

typedef enum
{
  L4_GGUF_UINT8, L4_GGUF_INT8, L4_GGUF_UINT16, L4_GGUF_INT16, L4_GGUF_UINT32, L4_GGUF_INT32, L4_GGUF_FLOAT32, L4_GGUF_BOOL,
  L4_GGUF_STRING, L4_GGUF_ARRAY, L4_GGUF_UINT64, L4_GGUF_INT64, L4_GGUF_FLOAT64, L4_GGUF_N_TYPES
} L4GgufType;

typedef struct
{
  const char *key;
  L4GgufType type;              /* of the value, or of the items of an array; never L4_GGUF_ARRAY */
  gboolean is_array;
  gsize n;                      /* items; 1 when it is no array */
  gsize at;                     /* place of the first item in data: a number, or the length of a string */
  const char *text;             /* of a string by itself that is valid UTF-8 without NUL */
} L4GgufValue;

struct _L4Gguf
{
  char *path;
  guint8 *data;                 /* the file up to the end of the metadata; items in it were checked to lie within it */
  gsize length;
  GStringChunk *strings;        /* keys and texts */
  GArray *values;               /* L4GgufValue, in the order of the file */
  GHashTable *by_key;           /* key → L4GgufValue */
};

/* Bytes of a number or truth value; 0 for strings and arrays. */
gsize l4_gguf_type_size (L4GgufType type);

const L4GgufValue *l4_gguf_find (const L4Gguf *self, const char *key);

/* Little endian numbers, not aligned. */
static inline guint64
l4_gguf_load (const guint8 *at, gsize n_bytes)
{
  guint64 number = 0;

  for (gsize i = 0; i < n_bytes; i++)
    number |= (guint64) at[i] << (8 * i);
  return number;
}
