/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes GGUF files, version 3: what is said about the model, the list of tensors, then their data as it comes. */

#pragma once

#include "base/error.h"
#include "blocks/type.h"

#define L4_GGUF_ALIGNMENT 32            /* bytes; the format's default */

/* One file that is being written. Until l4_gguf_writer_finish() has succeeded it has no name, or one of its own (PATH.….part)
 * where the file system has no files without a name: a file that is there under PATH is whole, and several writers do not disturb
 * each other. One thread at a time, but for the data. */
typedef struct _L4GgufWriter L4GgufWriter;

/* What is at path already must be a regular file, or a link to one (the link is replaced, not what it leads to).
 * (transfer full) */
L4GgufWriter *l4_gguf_writer_new (const char *path, GError **error);
/* Removes what is not finished. NULL is fine. */
void l4_gguf_writer_free (L4GgufWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4GgufWriter, l4_gguf_writer_free)

/* First: metadata, each key once. Arrays hold n values. */
void l4_gguf_writer_put_string (L4GgufWriter *self, const char *key, const char *value);
void l4_gguf_writer_put_uint (L4GgufWriter *self, const char *key, guint32 value);
void l4_gguf_writer_put_float (L4GgufWriter *self, const char *key, float value);
void l4_gguf_writer_put_bool (L4GgufWriter *self, const char *key, gboolean value);
void l4_gguf_writer_put_strings (L4GgufWriter *self, const char *key, gsize n, const char *const *values);
void l4_gguf_writer_put_ints (L4GgufWriter *self, const char *key, gsize n, const gint32 *values);
void l4_gguf_writer_put_bools (L4GgufWriter *self, const char *key, gsize n, const gboolean *values);
void l4_gguf_writer_put_floats (L4GgufWriter *self, const char *key, gsize n, const float *values);

/* Second: the tensors, in the order of their data. dims as everywhere here, last index fastest; rows must be whole blocks of
 * type, which must be one that GGUF has. */
gboolean l4_gguf_writer_add_tensor (L4GgufWriter *self, const char *name, L4Type type, guint n_dims, const gint64 *dims,
    GError **error);

/* Third: writes all that and gives the file its size. The disk space is taken now, where the file system can do that, so that a
 * disk which is too small is an error before the work. */
gboolean l4_gguf_writer_begin (L4GgufWriter *self, GError **error);

/* Then the data: bytes from offset on of the tensor that was added as number index, every byte once, in any order. Any thread. */
gboolean l4_gguf_writer_write (L4GgufWriter *self, guint index, guint64 offset, const void *data, gsize bytes, GError **error);

/* Last: checks that all data is there, brings it to the disk and gives the file its name. */
gboolean l4_gguf_writer_finish (L4GgufWriter *self, GError **error);
