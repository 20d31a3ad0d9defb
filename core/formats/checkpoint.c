/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tensors of a checkpoint, whichever files they lie in. */

#include "formats/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bf16.h"
#include "base/memory.h"
#include "formats/file.h"
#include "formats/json.h"
#include "formats/safetensors.h"

#define SINGLE_NAME "model.safetensors"
#define INDEX_NAME "model.safetensors.index.json"
#define MAX_INDEX (16 * 1024 * 1024)    /* bytes */
#define MAX_SHARDS 4096
#define READ_AT_ONCE 32768      /* 16-bit elements; 64 KiB of stack */

typedef struct
{
  char *name;                   /* within the folder */
  char *path;
  int fd;
} L4CheckpointFile;

struct _L4Checkpoint
{
  char *path;                   /* the folder */
  GArray *files;                /* L4CheckpointFile */
  GArray *tensors;              /* L4Tensor, in order of names */
  GStringChunk *strings;        /* the tensors' */
};

const char *
l4_type_name (L4Type type)
{
  static const char *const names[] = { "F32", "F16", "BF16", "other" };

  return names[MIN (type, L4_TYPE_OTHER)];
}

gsize
l4_type_size (L4Type type)
{
  static const gsize sizes[] = { 4, 2, 2, 0 };

  return sizes[MIN (type, L4_TYPE_OTHER)];
}

static const L4CheckpointFile *
file_of (const L4Checkpoint *self, const L4Tensor *tensor)
{
  return &g_array_index (self->files, L4CheckpointFile, tensor->file);
}

/* Opening ------------------------------------------------------------------------------------------------------------ */

static void
file_clear (gpointer data)
{
  L4CheckpointFile *file = data;

  if (file->fd >= 0)
    close (file->fd);
  g_free (file->name);
  g_free (file->path);
}

static gboolean
add_file (L4Checkpoint *self, const char *name, GError **error)
{
  guint64 size;
  L4CheckpointFile file = { 0 };

  file.path = g_build_filename (self->path, name, NULL);
  file.name = g_strdup (name);
  file.fd = l4_file_open (file.path, &size, error);
  g_array_append_val (self->files, file);
  return file.fd >= 0
      && l4_safetensors_read_header (file.fd, file.path, size, self->files->len - 1, self->strings, self->tensors, error);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (((const L4Tensor *) a)->name, ((const L4Tensor *) b)->name);
}

static gboolean
sort_tensors (L4Checkpoint *self, GError **error)
{
  g_array_sort (self->tensors, compare_names);
  for (guint i = 1; i < self->tensors->len; i++) {
    const L4Tensor *one = l4_checkpoint_get_tensor (self, i - 1), *two = l4_checkpoint_get_tensor (self, i);

    if (strcmp (one->name, two->name) == 0)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" is there twice (bytes %" PRIu64 " of %s and %" PRIu64
              " of %s)"), self->path, one->name, one->offset, file_of (self, one)->name, two->offset, file_of (self, two)->name);
  }
  return TRUE;
}

/* Shards lie in the checkpoint's own folder: nothing that leads elsewhere is a name. */
static gboolean
is_plain_file_name (yyjson_val *value)
{
  const char *name = yyjson_get_str (value);

  return name != NULL && *name != '\0' && strlen (name) == yyjson_get_len (value) && strlen (name) <= 255
      && strchr (name, '/') == NULL && strchr (name, '\\') == NULL && strcmp (name, ".") != 0 && strcmp (name, "..") != 0;
}

/* Opens every file that map (tensor name → file name) names, in order of names. */
static gboolean
add_shards (L4Checkpoint *self, const L4Json *index, yyjson_val *map, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GList) names = NULL;
  yyjson_val *key, *value;
  size_t i, n;

  yyjson_obj_foreach (map, i, n, key, value) {
    if (!is_plain_file_name (value)) {
      g_autofree char *tensor = l4_json_describe (key);
      g_autofree char *shown = l4_json_describe (value);

      return l4_fail (error, L4_ERROR_FORMAT, _("%s: weight_map[%s] is %s: it must be the name of a file in this folder"),
          index->path, tensor, shown);
    }
    g_hash_table_add (seen, (gpointer) yyjson_get_str (value));
  }
  if (g_hash_table_size (seen) == 0 || g_hash_table_size (seen) > MAX_SHARDS)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: weight_map names %u files, not 1 to %d"), index->path,
        g_hash_table_size (seen), MAX_SHARDS);
  names = g_list_sort (g_hash_table_get_keys (seen), (GCompareFunc) strcmp);
  for (GList *at = names; at != NULL; at = at->next)
    if (!add_file (self, at->data, error))
      return FALSE;
  return TRUE;
}

/* Every tensor stands in the index, once and with its own file, and every entry of the index has its tensor. */
static gboolean
check_index (const L4Checkpoint *self, const L4Json *index, yyjson_val *map, GError **error)
{
  g_autofree guint8 *listed = g_new0 (guint8, self->tensors->len + 1);
  yyjson_val *key, *value;
  size_t i, n;

  yyjson_obj_foreach (map, i, n, key, value) {
    const char *name = yyjson_get_str (key), *file = yyjson_get_str (value);
    const L4Tensor *tensor = strlen (name) == yyjson_get_len (key) ? l4_checkpoint_find (self, name) : NULL;
    g_autofree char *shown = l4_json_describe (key);
    guint8 *mark;

    if (tensor == NULL)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor %s is in no file; the index names %s"), index->path, shown, file);
    if (strcmp (file_of (self, tensor)->name, file) != 0)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor %s is in %s; the index names %s"), index->path, shown,
          file_of (self, tensor)->name, file);
    mark = &listed[tensor - (const L4Tensor *) self->tensors->data];
    if (*mark)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor %s is listed twice"), index->path, shown);
    *mark = TRUE;
  }
  for (guint k = 0; k < self->tensors->len; k++)
    if (!listed[k])
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" of %s is not in the index"), index->path,
          l4_checkpoint_get_tensor (self, k)->name, file_of (self, l4_checkpoint_get_tensor (self, k))->name);
  return TRUE;
}

static gboolean
open_sharded (L4Checkpoint *self, const char *index_path, GError **error)
{
  g_autoptr (L4Json) index = l4_json_load (index_path, MAX_INDEX, error);
  yyjson_val *map;

  if (index == NULL || !l4_json_get (index, index->root, "weight_map", YYJSON_TYPE_OBJ, &map, error))
    return FALSE;
  if (map == NULL)
    return l4_json_refuse (index, index->root, "weight_map", L4_ERROR_FORMAT, error, _("an index must have it"));
  return add_shards (self, index, map, error) && sort_tensors (self, error) && check_index (self, index, map, error);
}

L4Checkpoint *
l4_checkpoint_open (const char *folder, GError **error)
{
  g_autoptr (L4Checkpoint) self = g_new0 (L4Checkpoint, 1);
  g_autofree char *single = g_build_filename (folder, SINGLE_NAME, NULL);
  g_autofree char *index = g_build_filename (folder, INDEX_NAME, NULL);
  gboolean good;

  self->path = g_strdup (folder);
  self->strings = g_string_chunk_new (64 * 1024);
  self->tensors = g_array_new (FALSE, FALSE, sizeof (L4Tensor));
  self->files = g_array_new (FALSE, FALSE, sizeof (L4CheckpointFile));
  g_array_set_clear_func (self->files, file_clear);
  if (g_file_test (single, G_FILE_TEST_EXISTS))
    good = add_file (self, SINGLE_NAME, error) && sort_tensors (self, error);
  else if (g_file_test (index, G_FILE_TEST_EXISTS))
    good = open_sharded (self, index, error);
  else
    good = l4_fail (error, L4_ERROR_NOT_FOUND, _("%s: neither %s nor %s is there"), folder, SINGLE_NAME, INDEX_NAME);
  return good ? g_steal_pointer (&self) : NULL;
}

void
l4_checkpoint_free (L4Checkpoint *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->files);
  g_array_unref (self->tensors);
  g_string_chunk_free (self->strings);
  g_free (self->path);
  g_free (self);
}

/* Looking ------------------------------------------------------------------------------------------------------------ */

const char *
l4_checkpoint_get_path (const L4Checkpoint *self)
{
  return self->path;
}

guint
l4_checkpoint_get_n_tensors (const L4Checkpoint *self)
{
  return self->tensors->len;
}

const L4Tensor *
l4_checkpoint_get_tensor (const L4Checkpoint *self, guint index)
{
  return &g_array_index (self->tensors, L4Tensor, index);
}

const L4Tensor *
l4_checkpoint_find (const L4Checkpoint *self, const char *name)
{
  L4Tensor key = {.name = name };

  if (self->tensors->len == 0)
    return NULL;
  return bsearch (&key, self->tensors->data, self->tensors->len, sizeof key, compare_names);
}

static char *
dims_to_string (guint n_dims, const gint64 *dims)
{
  g_autoptr (GString) text = g_string_new ("[");

  for (guint i = 0; i < n_dims; i++)
    g_string_append_printf (text, "%s%" PRId64, i > 0 ? ", " : "", dims[i]);
  g_string_append_c (text, ']');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
check_readable (const L4Checkpoint *self, const L4Tensor *tensor, GError **error)
{
  if (tensor->type != L4_TYPE_OTHER)
    return TRUE;
  return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" has the type %s; F32, F16 and BF16 can be read"),
      file_of (self, tensor)->path, tensor->name, tensor->dtype);
}

const L4Tensor *
l4_checkpoint_expect (const L4Checkpoint *self, const char *name, guint n_dims, const gint64 *dims, GError **error)
{
  const L4Tensor *tensor = l4_checkpoint_find (self, name);

  if (tensor == NULL) {
    l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" is missing"), self->path, name);
    return NULL;
  }
  if (tensor->n_dims != n_dims || (n_dims > 0 && memcmp (tensor->dims, dims, n_dims * sizeof *dims) != 0)) {
    g_autofree char *is = dims_to_string (tensor->n_dims, tensor->dims);
    g_autofree char *expected = dims_to_string (n_dims, dims);

    l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" is %s where the settings ask for %s"), file_of (self, tensor)->path,
        name, is, expected);
    return NULL;
  }
  return check_readable (self, tensor, error) ? tensor : NULL;
}

char *
l4_checkpoint_digest (const L4Checkpoint *self)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < self->tensors->len; i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (self, i);
    g_autofree char *dims = dims_to_string (tensor->n_dims, tensor->dims);
    g_autofree char *line = g_strdup_printf ("%s\t%s\t%s\t%s\t%" PRIu64 "\n", tensor->name, tensor->dtype, dims,
        file_of (self, tensor)->name, tensor->offset);

    g_checksum_update (checksum, (const guchar *) line, -1);
  }
  return g_strdup (g_checksum_get_string (checksum));
}

/* Reading ------------------------------------------------------------------------------------------------------------ */

static inline float
half_to_float (guint16 value)
{
  guint32 sign = (guint32) (value & 0x8000) << 16, exponent = (value >> 10) & 31, mantissa = value & 0x3ff;
  guint32 bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | mantissa << 13;
  float result;

  if (exponent == 0)
    return (sign ? -1.0f : 1.0f) * (float) mantissa * 0x1p-24f;
  memcpy (&result, &bits, sizeof result);
  return result;
}

static void
convert (L4Type type, const guint16 *values, gsize n, float *out)
{
  if (type == L4_TYPE_BF16)
    for (gsize i = 0; i < n; i++)
      out[i] = l4_bf16_to_float (values[i]);
  else
    for (gsize i = 0; i < n; i++)
      out[i] = half_to_float (values[i]);
}

gboolean
l4_checkpoint_read_float (const L4Checkpoint *self, const L4Tensor *tensor, gsize first, gsize n, float *out, GError **error)
{
  const L4CheckpointFile *file = file_of (self, tensor);
  guint16 values[READ_AT_ONCE];
  guint64 offset;

  if (!check_readable (self, tensor, error))
    return FALSE;
  if (first > tensor->n_elements || n > tensor->n_elements - first)
    return l4_fail (error, L4_ERROR_INTERNAL, _("%s: tensor \"%s\" has %zu elements; %zu from %zu on were asked for"),
        file->path, tensor->name, tensor->n_elements, n, first);
  /* The header was checked: every element of the tensor lies within the file. */
  offset = tensor->offset + first * l4_type_size (tensor->type);
  if (tensor->type == L4_TYPE_F32)
    return l4_file_read (file->fd, file->path, offset, out, n * sizeof *out, error);
  for (gsize done = 0; done < n; done += READ_AT_ONCE) {
    gsize some = MIN (READ_AT_ONCE, n - done);

    if (!l4_file_read (file->fd, file->path, offset + done * sizeof *values, values, some * sizeof *values, error))
      return FALSE;
    convert (tensor->type, values, some, out + done);
  }
  return TRUE;
}
