/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making up GGUF files. */

#pragma once

#include "checkpoint/checkpoint.h"
#include "support/folder.h"

/* Files are written in words with a space after each:
 *   N:K      the integer N in K bytes        f:X d:X   a number as float32, float64
 *   <text>   a string with its length        'text'    bare bytes
 *   *N       N bytes 1, 2, 3, …              |N        zeros up to a multiple of N
 * A ~ in <text> and 'text' stands for a space. */
#define HEAD(n_tensors, n_keys) "'GGUF' 3:4 " #n_tensors ":8 " #n_keys ":8 "
#define U8(key, value) "<" key "> 0:4 " #value ":1 "
#define I8(key, value) "<" key "> 1:4 " #value ":1 "
#define U16(key, value) "<" key "> 2:4 " #value ":2 "
#define I16(key, value) "<" key "> 3:4 " #value ":2 "
#define U32(key, value) "<" key "> 4:4 " #value ":4 "
#define I32(key, value) "<" key "> 5:4 " #value ":4 "
#define F32(key, value) "<" key "> 6:4 f:" #value " "
#define BOOL(key, value) "<" key "> 7:4 " #value ":1 "
#define STR(key, value) "<" key "> 8:4 <" value "> "
#define ARR(key, type, n) "<" key "> 9:4 " #type ":4 " #n ":8 "
#define U64(key, value) "<" key "> 10:4 " #value ":8 "
#define I64(key, value) "<" key "> 11:4 " #value ":8 "
#define F64(key, value) "<" key "> 12:4 d:" #value " "
#define TENSOR1(name, n, type, offset) "<" name "> 1:4 " #n ":8 " #type ":4 " #offset ":8 "
#define TENSOR2(name, n_in, n_out, type, offset) "<" name "> 2:4 " #n_in ":8 " #n_out ":8 " #type ":4 " #offset ":8 "
#define TENSOR3(name, n_in, n_out, n, type, offset) \
  "<" name "> 3:4 " #n_in ":8 " #n_out ":8 " #n ":8 " #type ":4 " #offset ":8 "

static inline void
put_text (GByteArray *file, const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    g_byte_array_append (file, (const guint8 *) (text[i] == '~' ? " " : &text[i]), 1);
}

static inline void
put_number (GByteArray *file, guint64 number, guint n_bytes)
{
  number = GUINT64_TO_LE (number);
  g_byte_array_append (file, (const guint8 *) &number, n_bytes);
}

static inline void
put_word (GByteArray *file, const char *word)
{
  gsize length = strlen (word);
  char *end;

  if (*word == '<') {
    put_number (file, length - 2, 8);
    put_text (file, word + 1, length - 2);
  } else if (*word == '\'') {
    put_text (file, word + 1, length - 2);
  } else if (g_str_has_prefix (word, "f:")) {
    float number = (float) g_ascii_strtod (word + 2, NULL);

    g_byte_array_append (file, (const guint8 *) &number, sizeof number);
  } else if (g_str_has_prefix (word, "d:")) {
    double number = g_ascii_strtod (word + 2, NULL);

    g_byte_array_append (file, (const guint8 *) &number, sizeof number);
  } else if (*word == '*') {
    for (gint64 i = 0, n = g_ascii_strtoll (word + 1, NULL, 10); i < n; i++)
      put_number (file, (guint64) i + 1, 1);
  } else if (*word == '|') {
    while (file->len % (guint) g_ascii_strtoull (word + 1, NULL, 10) != 0)
      put_number (file, 0, 1);
  } else {
    guint64 number = *word == '-' ? (guint64) g_ascii_strtoll (word, &end, 0) : g_ascii_strtoull (word, &end, 0);

    g_assert_true (*end == ':');
    put_number (file, number, (guint) g_ascii_strtoull (end + 1, NULL, 10));
  }
}

/* (transfer full) */
static inline GByteArray *
gguf_from (const char *words)
{
  g_auto (GStrv) each = g_strsplit (words, " ", -1);
  GByteArray *file = g_byte_array_new ();

  for (guint i = 0; each[i] != NULL; i++)
    if (*each[i] != '\0')
      put_word (file, each[i]);
  return file;
}

/* Returns the path. (transfer full) */
static inline char *
gguf_write (const Folder *folder, const char *name, const char *words)
{
  g_autoptr (GByteArray) file = gguf_from (words);

  return folder_write (folder, name, file->data, (gssize) file->len);
}

/* (transfer full) */
static inline L4Checkpoint *
gguf_open_good (const char *path, const char *projector)
{
  g_autoptr (GError) error = NULL;
  L4Checkpoint *checkpoint = l4_checkpoint_open (path, projector, &error);

  g_assert_no_error (error);
  g_assert_nonnull (checkpoint);
  return checkpoint;
}

static inline void
gguf_assert_fails (const char *path, const char *projector, L4Error code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (path, projector, &error);

  g_assert_null (checkpoint);
  g_assert_error (error, L4_ERROR, code);
  assert_says (error, words);
}
