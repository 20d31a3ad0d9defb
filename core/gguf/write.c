/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes GGUF files, version 3: what is said about the model, the list of tensors, then their data as it comes. */

#include "gguf/write.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "files/whole.h"

#define VERSION 3
#define MAX_DIMS 4              /* of a tensor in a GGUF file */

/* Numbers of the types of metadata. */
enum
{
  VALUE_UINT32 = 4,
  VALUE_INT32 = 5,
  VALUE_FLOAT32 = 6,
  VALUE_BOOL = 7,
  VALUE_STRING = 8,
  VALUE_ARRAY = 9
};

typedef struct
{
  guint64 offset;               /* from the start of the data */
  guint64 bytes;
} Place;

struct _L4GgufWriter
{
  L4Whole file;
  GByteArray *metadata, *infos;
  guint64 n_values;
  GArray *places;               /* Place: the data of each tensor */
  guint64 data_bytes;           /* of all tensors, with the gaps between them */
  guint64 data_start;           /* in the file */
  gsize missing;                /* bytes of data that are not written yet; atomic */
};

static guint64
padded (guint64 bytes)
{
  return (bytes + L4_GGUF_ALIGNMENT - 1) / L4_GGUF_ALIGNMENT * L4_GGUF_ALIGNMENT;
}

L4GgufWriter *
l4_gguf_writer_new (const char *path, GError **error)
{
  g_autoptr (L4GgufWriter) self = g_new0 (L4GgufWriter, 1);

  self->metadata = g_byte_array_new ();
  self->infos = g_byte_array_new ();
  self->places = g_array_new (FALSE, FALSE, sizeof (Place));
  return l4_whole_open (&self->file, path, 0666, error) ? g_steal_pointer (&self) : NULL;
}

void
l4_gguf_writer_free (L4GgufWriter *self)
{
  if (self == NULL)
    return;
  l4_whole_clear (&self->file);
  g_byte_array_unref (self->metadata);
  g_byte_array_unref (self->infos);
  g_array_unref (self->places);
  g_free (self);
}

/* Metadata: everything little endian ------------------------------------------------------------------------------- */

static void
append_u32 (GByteArray *to, guint32 value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (to, (const guint8 *) &value, sizeof value);
}

static void
append_u64 (GByteArray *to, guint64 value)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (to, (const guint8 *) &value, sizeof value);
}

static void
append_float (GByteArray *to, float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  append_u32 (to, bits);
}

static void
append_bytes (GByteArray *to, const void *bytes, gsize n)
{
  append_u64 (to, n);
  g_byte_array_append (to, bytes, (guint) n);
}

static void
append_key (L4GgufWriter *self, const char *key, guint32 type)
{
  append_bytes (self->metadata, key, strlen (key));
  append_u32 (self->metadata, type);
  self->n_values++;
}

static void
append_array (L4GgufWriter *self, const char *key, guint32 type, gsize n)
{
  append_key (self, key, VALUE_ARRAY);
  append_u32 (self->metadata, type);
  append_u64 (self->metadata, n);
}

void
l4_gguf_writer_put_string (L4GgufWriter *self, const char *key, const char *value)
{
  append_key (self, key, VALUE_STRING);
  append_bytes (self->metadata, value, strlen (value));
}

void
l4_gguf_writer_put_uint (L4GgufWriter *self, const char *key, guint32 value)
{
  append_key (self, key, VALUE_UINT32);
  append_u32 (self->metadata, value);
}

void
l4_gguf_writer_put_float (L4GgufWriter *self, const char *key, float value)
{
  append_key (self, key, VALUE_FLOAT32);
  append_float (self->metadata, value);
}

void
l4_gguf_writer_put_bool (L4GgufWriter *self, const char *key, gboolean value)
{
  const guint8 byte = value != FALSE;

  append_key (self, key, VALUE_BOOL);
  g_byte_array_append (self->metadata, &byte, 1);
}

void
l4_gguf_writer_put_strings (L4GgufWriter *self, const char *key, gsize n, const char *const *values)
{
  append_array (self, key, VALUE_STRING, n);
  for (gsize i = 0; i < n; i++)
    append_bytes (self->metadata, values[i], strlen (values[i]));
}

void
l4_gguf_writer_put_ints (L4GgufWriter *self, const char *key, gsize n, const gint32 *values)
{
  append_array (self, key, VALUE_INT32, n);
  for (gsize i = 0; i < n; i++)
    append_u32 (self->metadata, (guint32) values[i]);
}

void
l4_gguf_writer_put_bools (L4GgufWriter *self, const char *key, gsize n, const gboolean *values)
{
  append_array (self, key, VALUE_BOOL, n);
  for (gsize i = 0; i < n; i++) {
    const guint8 byte = values[i] != FALSE;

    g_byte_array_append (self->metadata, &byte, 1);
  }
}

void
l4_gguf_writer_put_floats (L4GgufWriter *self, const char *key, gsize n, const float *values)
{
  append_array (self, key, VALUE_FLOAT32, n);
  for (gsize i = 0; i < n; i++)
    append_float (self->metadata, values[i]);
}

/* Tensors ------------------------------------------------------------------------------------------------------------ */

gboolean
l4_gguf_writer_add_tensor (L4GgufWriter *self, const char *name, L4Type type, guint n_dims, const gint64 *dims, GError **error)
{
  gsize elements, bytes;
  Place place;

  if (type >= L4_N_TYPES || l4_type_info (type)->ggml < 0)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\": GGUF has no type %s"), self->file.path, name,
        l4_type_name (type));
  if (n_dims < 1 || n_dims > MAX_DIMS)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" has %u dimensions, GGUF allows 1 to %d"), self->file.path, name,
        n_dims, MAX_DIMS);
  if (dims[n_dims - 1] % l4_type_info (type)->block_elements != 0)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\": rows of %" PRId64 " are no whole blocks of %u, which %s "
            "needs"), self->file.path, name, dims[n_dims - 1], l4_type_info (type)->block_elements, l4_type_name (type));
  if (!l4_checked_product (dims, n_dims, 1, &elements) || !l4_type_bytes (type, elements, &bytes)
      || bytes > (guint64) G_MAXINT64 - self->data_bytes - L4_GGUF_ALIGNMENT)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" is too large"), self->file.path, name);
  append_bytes (self->infos, name, strlen (name));
  append_u32 (self->infos, n_dims);
  for (guint i = n_dims; i-- > 0;)
    append_u64 (self->infos, (guint64) dims[i]);
  append_u32 (self->infos, (guint32) l4_type_info (type)->ggml);
  append_u64 (self->infos, self->data_bytes);
  place = (Place) { self->data_bytes, bytes };
  g_array_append_val (self->places, place);
  self->data_bytes = padded (place.offset + bytes);
  self->missing += bytes;
  return TRUE;
}

/* Writing ------------------------------------------------------------------------------------------------------------ */

/* The gaps are what the file system gives for bytes that were never written: zeros. */
gboolean
l4_gguf_writer_begin (L4GgufWriter *self, GError **error)
{
  g_autoptr (GByteArray) header = g_byte_array_new ();

  g_byte_array_append (header, (const guint8 *) "GGUF", 4);
  append_u32 (header, VERSION);
  append_u64 (header, self->places->len);
  append_u64 (header, self->n_values);
  g_byte_array_append (header, self->metadata->data, self->metadata->len);
  g_byte_array_append (header, self->infos->data, self->infos->len);
  self->data_start = padded (header->len);
  return l4_whole_reserve (&self->file, self->data_start + self->data_bytes, error)
      && l4_whole_write (&self->file, 0, header->data, header->len, error);
}

gboolean
l4_gguf_writer_write (L4GgufWriter *self, guint index, guint64 offset, const void *data, gsize bytes, GError **error)
{
  const Place *place = &g_array_index (self->places, Place, index);

  if (offset > place->bytes || bytes > place->bytes - offset)
    return l4_fail (error, L4_ERROR_INTERNAL, _("%s: tensor %u has %" PRIu64 " bytes; %zu from %" PRIu64 " on were given"),
        self->file.path, index, place->bytes, bytes, offset);
  if (!l4_whole_write (&self->file, self->data_start + place->offset + offset, data, bytes, error))
    return FALSE;
  __atomic_sub_fetch (&self->missing, bytes, __ATOMIC_RELAXED);
  return TRUE;
}

gboolean
l4_gguf_writer_finish (L4GgufWriter *self, GError **error)
{
  if (self->missing != 0)
    return l4_fail (error, L4_ERROR_INTERNAL, _("%s: %zu bytes of data were not written"), self->file.path, self->missing);
  return l4_whole_finish (&self->file, error);
}
