/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes GGUF files, version 3: what is said about the model, the list of tensors, then their data as it comes. */

#define _GNU_SOURCE              /* fallocate, O_TMPFILE */
#include "gguf/write.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

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
  char *path, *part;            /* its name, and the one that it has until it is whole */
  int fd;                       /* -1: closed */
  gboolean nameless;            /* it has not even that one */
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

static gboolean
fail_io (const L4GgufWriter *self, int code, GError **error)
{
  return l4_fail (error, L4_ERROR_IO, "%s: %s", self->path, g_strerror (code));
}

/* What lies at the path is replaced in the end, which must never happen to a device or a pipe. */
static gboolean
can_be_replaced (const char *path, GError **error)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is a folder; the name of a file is needed"), path);
  return !g_file_test (path, G_FILE_TEST_EXISTS) || g_file_test (path, G_FILE_TEST_IS_REGULAR)
      || l4_fail (error, L4_ERROR_INPUT, _("%s: is not a regular file"), path);
}

/* A file that has no name yet is gone however this process ends. Not every file system has such files, and without /proc there
 * is no way to give it a name later: -1. */
static int
open_nameless (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  return g_access ("/proc/self/fd", X_OK) == 0 ? g_open (folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666) : -1;
}

L4GgufWriter *
l4_gguf_writer_new (const char *path, GError **error)
{
  g_autoptr (L4GgufWriter) self = NULL;

  if (!can_be_replaced (path, error))
    return NULL;
  self = g_new0 (L4GgufWriter, 1);
  self->path = g_strdup (path);
  self->part = g_strdup_printf ("%s.%08x.part", path, g_random_int ());
  self->metadata = g_byte_array_new ();
  self->infos = g_byte_array_new ();
  self->places = g_array_new (FALSE, FALSE, sizeof (Place));
  self->fd = open_nameless (path);
  self->nameless = self->fd >= 0;
  if (!self->nameless)
    self->fd = g_open (self->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (self->fd >= 0)
    return g_steal_pointer (&self);
  fail_io (self, errno, error);
  return NULL;
}

void
l4_gguf_writer_free (L4GgufWriter *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0) {
    close (self->fd);
    if (!self->nameless)
      g_unlink (self->part);
  }
  g_byte_array_unref (self->metadata);
  g_byte_array_unref (self->infos);
  g_array_unref (self->places);
  g_free (self->path);
  g_free (self->part);
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
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\": GGUF has no type %s"), self->path, name,
        l4_type_name (type));
  if (n_dims < 1 || n_dims > MAX_DIMS)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" has %u dimensions, GGUF allows 1 to %d"), self->path, name,
        n_dims, MAX_DIMS);
  if (dims[n_dims - 1] % l4_type_info (type)->block_elements != 0)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\": rows of %" PRId64 " are no whole blocks of %u, which %s "
            "needs"), self->path, name, dims[n_dims - 1], l4_type_info (type)->block_elements, l4_type_name (type));
  if (!l4_checked_product (dims, n_dims, 1, &elements) || !l4_type_bytes (type, elements, &bytes)
      || bytes > (guint64) G_MAXINT64 - self->data_bytes - L4_GGUF_ALIGNMENT)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" is too large"), self->path, name);
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

static gboolean
write_at (L4GgufWriter *self, guint64 offset, const void *data, gsize bytes, GError **error)
{
  for (gsize done = 0; done < bytes;) {
    gssize n = pwrite (self->fd, (const char *) data + done, bytes - done, (off_t) (offset + done));

    if (n >= 0)
      done += (gsize) n;
    else if (errno != EINTR)
      return fail_io (self, errno, error);
  }
  return TRUE;
}

/* The gaps are what the file system gives for bytes that were never written: zeros. */
static gboolean
take_space (L4GgufWriter *self, GError **error)
{
  guint64 bytes = self->data_start + self->data_bytes;

  if (fallocate (self->fd, 0, 0, (off_t) bytes) == 0)
    return TRUE;
  if ((errno == EOPNOTSUPP || errno == ENOSYS) && ftruncate (self->fd, (off_t) bytes) == 0)
    return TRUE;
  return l4_fail (error, L4_ERROR_IO, _("%s: %s; %" PRIu64 " bytes are needed"), self->path, g_strerror (errno), bytes);
}

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
  return take_space (self, error) && write_at (self, 0, header->data, header->len, error);
}

gboolean
l4_gguf_writer_write (L4GgufWriter *self, guint index, guint64 offset, const void *data, gsize bytes, GError **error)
{
  const Place *place = &g_array_index (self->places, Place, index);

  if (offset > place->bytes || bytes > place->bytes - offset)
    return l4_fail (error, L4_ERROR_INTERNAL, _("%s: tensor %u has %" PRIu64 " bytes; %zu from %" PRIu64 " on were given"),
        self->path, index, place->bytes, bytes, offset);
  if (!write_at (self, self->data_start + place->offset + offset, data, bytes, error))
    return FALSE;
  __atomic_sub_fetch (&self->missing, bytes, __ATOMIC_RELAXED);
  return TRUE;
}

static gboolean
give_name (L4GgufWriter *self, GError **error)
{
  g_autofree char *file = g_strdup_printf ("/proc/self/fd/%d", self->fd);

  if (self->nameless && linkat (AT_FDCWD, file, AT_FDCWD, self->part, AT_SYMLINK_FOLLOW) != 0)
    return fail_io (self, errno, error);
  self->nameless = FALSE;       /* a link replaces nothing, so that there are two steps */
  return g_rename (self->part, self->path) == 0 || fail_io (self, errno, error);
}

gboolean
l4_gguf_writer_finish (L4GgufWriter *self, GError **error)
{
  int fd = self->fd;

  if (self->missing != 0)
    return l4_fail (error, L4_ERROR_INTERNAL, _("%s: %zu bytes of data were not written"), self->path, self->missing);
  if (fsync (fd) != 0)
    return fail_io (self, errno, error);
  if (!give_name (self, error))
    return FALSE;
  self->fd = -1;
  close (fd);
  return TRUE;
}
