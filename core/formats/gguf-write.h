/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes GGUF files, version 3: what is said about the model, the list of tensors, then their data as it comes. */

#pragma once

#include "base/error.h"
#include "formats/type.h"

#define L4_GGUF_ALIGNMENT 32            /* bytes; the format's default */

/* One file that is being written. Until l4_gguf_writer_finish() has succeeded it lies at PATH.part, so that a file that is there
 * under its own name is whole. Not for several threads at once. */
typedef struct _L4GgufWriter L4GgufWriter;

/* Opens PATH.part, replacing one that is there. (transfer full) */
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
void l4_gguf_writer_put_floats (L4GgufWriter *self, const char *key, gsize n, const float *values);

/* Second: the tensors, in the order of their data. dims as everywhere here, last index fastest; rows must be whole blocks of
 * type, which must be one that GGUF has. */
gboolean l4_gguf_writer_add_tensor (L4GgufWriter *self, const char *name, L4Type type, guint n_dims, const gint64 *dims,
    GError **error);

/* Bytes of the data of all tensors so far, with the gaps between them. */
guint64 l4_gguf_writer_get_data_bytes (const L4GgufWriter *self);

/* Third: writes all that. The disk space for the data is taken now, where the file system can do that, so that a disk which is
 * too small is an error before the work. */
gboolean l4_gguf_writer_begin (L4GgufWriter *self, GError **error);

/* Then the data: pieces of any size, tensor after tensor; the writer fills the gaps. */
gboolean l4_gguf_writer_write (L4GgufWriter *self, const void *data, gsize bytes, GError **error);

/* Last: checks that every tensor has its bytes, brings them to the disk and gives the file its name. */
gboolean l4_gguf_writer_finish (L4GgufWriter *self, GError **error);
