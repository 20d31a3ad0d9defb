/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the header of a GGUF file. Trusts no length, count or offset in it. */

#include "gguf/gguf-private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "files/file.h"

#define MAGIC "GGUF"
#define MAX_KEYS 65536
#define MAX_TENSORS 32768
#define MAX_KEY 256             /* bytes */
#define MAX_NAME 256
#define MAX_DIMS 4
#define MAX_DIM (G_GUINT64_CONSTANT (1) << 40)
#define DEFAULT_ALIGNMENT 32
#define MIN_ALIGNMENT 8
#define MAX_ALIGNMENT 65536
#define FIRST_READ 65536        /* bytes */
#define MAX_HEADER (256 << 20)  /* bytes; that of a model with a vocabulary of 200,000 tokens has some ten million */

/* The least that one of them takes in the file. */
#define MIN_KEY_BYTES (8 + 1 + 4 + 1)
#define MIN_TENSOR_BYTES (8 + 1 + 4 + 8 + 4 + 8)

/* The header while it is read: everything up to at is understood. */
typedef struct
{
  L4Gguf *self;
  int fd;
  guint64 size;                 /* of the file */
  gsize at;
  gsize capacity;               /* of self->data */
} Reader;

/* Numbers of types in a file that this version cannot read, for messages. */
static const struct
{
  guint32 number;
  const char *name;
} other_types[] = {
  {4, "Q4_2"}, {5, "Q4_3"}, {9, "Q8_1"}, {15, "Q8_K"}, {24, "I8"}, {25, "I16"}, {26, "I32"}, {27, "I64"}, {28, "F64"},
  {31, "Q4_0_4_4"}, {32, "Q4_0_4_8"}, {33, "Q4_0_8_8"}, {40, "NVFP4"}, {41, "Q1_0"}, {42, "Q2_0"},
};

/* Bytes --------------------------------------------------------------------------------------------------------------- */

/* Makes the first needed bytes of the file (which has them) be there. Reads ahead, and grows to no more than twice of that. */
static gboolean
fill (Reader *reader, gsize needed, GError **error)
{
  L4Gguf *self = reader->self;
  gsize capacity = (gsize) MIN (reader->size, (guint64) MAX (FIRST_READ, 2 * (guint64) reader->capacity));
  guint8 *data;

  if (needed <= self->length)
    return TRUE;
  if (needed > MAX_HEADER)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: has a header of more than %d MiB"), self->path, MAX_HEADER >> 20);
  capacity = MAX (MIN (capacity, MAX_HEADER), needed);
  data = g_try_realloc (self->data, capacity);
  if (data == NULL)
    return l4_fail (error, L4_ERROR_MEMORY, _("%s: cannot allocate %zu bytes"), self->path, capacity);
  self->data = data;
  reader->capacity = capacity;
  if (!l4_file_read (reader->fd, self->path, self->length, data + self->length, capacity - self->length, error))
    return FALSE;
  self->length = capacity;
  return TRUE;
}

/* The next n bytes, which what describes; valid until the next call. */
static const guint8 *
take (Reader *reader, guint64 n, const char *what, GError **error)
{
  gsize at = reader->at;

  if (n > reader->size - at) {
    l4_fail (error, L4_ERROR_FORMAT, _("%s: ends inside %s: %" PRIu64 " bytes from byte %zu on are needed, the file has %" PRIu64),
        reader->self->path, what, n, at, reader->size);
    return NULL;
  }
  if (!fill (reader, at + (gsize) n, error))
    return NULL;
  reader->at = at + (gsize) n;
  return reader->self->data + at;
}

static gboolean
take_number (Reader *reader, gsize n_bytes, const char *what, guint64 *number, GError **error)
{
  const guint8 *bytes = take (reader, n_bytes, what, error);

  if (bytes != NULL)
    *number = l4_gguf_load (bytes, n_bytes);
  return bytes != NULL;
}

/* The next string, of minimum … maximum bytes. */
static const char *
take_string (Reader *reader, gsize minimum, gsize maximum, const char *what, gsize *length, GError **error)
{
  guint64 announced;

  if (!take_number (reader, 8, what, &announced, error))
    return NULL;
  if (announced < minimum || announced > maximum) {
    l4_fail (error, L4_ERROR_FORMAT, _("%s: %s at byte %zu has %" PRIu64 " bytes, not %zu to %zu"), reader->self->path, what,
        reader->at, announced, minimum, maximum);
    return NULL;
  }
  *length = (gsize) announced;
  return (const char *) take (reader, announced, what, error);
}

/* A copy of the next string if it is fit for messages: UTF-8 without control characters. */
static const char *
take_name (Reader *reader, gsize maximum, const char *what, GStringChunk *strings, GError **error)
{
  gsize length, begin = reader->at;
  const char *text = take_string (reader, 1, maximum, what, &length, error);
  gboolean plain = text != NULL && g_utf8_validate (text, length, NULL);

  if (text == NULL)
    return NULL;
  for (gsize i = 0; plain && i < length; i++)
    plain = !g_ascii_iscntrl (text[i]);
  if (plain)
    return g_string_chunk_insert_len (strings, text, length);
  l4_fail (error, L4_ERROR_FORMAT, _("%s: %s at byte %zu has bytes that are no plain text"), reader->self->path, what, begin);
  return NULL;
}

/* A count of things of at least least bytes each, which must fit into the rest of the file. */
static gboolean
take_count (Reader *reader, gsize least, guint64 maximum, const char *what, guint64 *count, GError **error)
{
  if (!take_number (reader, 8, what, count, error))
    return FALSE;
  if (*count <= maximum && *count <= (reader->size - reader->at) / least)
    return TRUE;
  return l4_fail (error, L4_ERROR_FORMAT, _("%s: %s is %" PRIu64 "; the %" PRIu64 " bytes after it can hold %" PRIu64
          ", and at most %" PRIu64 " are allowed"), reader->self->path, what, *count, reader->size - reader->at,
      (reader->size - reader->at) / least, maximum);
}

/* Metadata ------------------------------------------------------------------------------------------------------------ */

static gboolean
take_type (Reader *reader, const char *key, L4GgufType *type, GError **error)
{
  guint64 number;

  if (!take_number (reader, 4, key, &number, error))
    return FALSE;
  if (number >= L4_GGUF_N_TYPES)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: %s has a value of the unknown type %" PRIu64), reader->self->path, key,
        number);
  *type = (L4GgufType) number;
  return TRUE;
}

/* Passes over the items of value, which must be there in full. */
static gboolean
take_items (Reader *reader, L4GgufValue *value, GError **error)
{
  gsize size = l4_gguf_type_size (value->type), length;
  const guint8 *bytes;
  guint64 total;

  value->at = reader->at;
  if (value->type == L4_GGUF_STRING) {
    const char *text = NULL;

    for (gsize i = 0; i < value->n; i++) {
      text = take_string (reader, 0, L4_GGUF_MAX_STRING, value->key, &length, error);
      if (text == NULL)
        return FALSE;
    }
    if (!value->is_array && g_utf8_validate (text, length, NULL) && memchr (text, '\0', length) == NULL)
      value->text = g_string_chunk_insert_len (reader->self->strings, text, length);
    return TRUE;
  }
  if (!g_uint64_checked_mul (&total, value->n, size))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: %s has %zu items"), reader->self->path, value->key, value->n);
  bytes = take (reader, total, value->key, error);
  for (gsize i = 0; bytes != NULL && value->type == L4_GGUF_BOOL && i < value->n; i++)
    if (bytes[i] > 1)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: %s has the truth value %u, not 0 or 1"), reader->self->path, value->key,
          bytes[i]);
  return bytes != NULL;
}

static gboolean
take_value (Reader *reader, L4GgufValue *value, GError **error)
{
  guint64 n;

  value->n = 1;
  if (!take_type (reader, value->key, &value->type, error))
    return FALSE;
  if (value->type != L4_GGUF_ARRAY)
    return take_items (reader, value, error);
  value->is_array = TRUE;
  if (!take_type (reader, value->key, &value->type, error))
    return FALSE;
  if (value->type == L4_GGUF_ARRAY)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: %s is an array of arrays, which no key may be"), reader->self->path,
        value->key);
  if (!take_count (reader, value->type == L4_GGUF_STRING ? 8 : l4_gguf_type_size (value->type), G_MAXINT32, value->key, &n,
          error))
    return FALSE;
  value->n = (gsize) n;
  return take_items (reader, value, error);
}

static gboolean
take_metadata (Reader *reader, guint64 count, GError **error)
{
  L4Gguf *self = reader->self;

  for (guint64 i = 0; i < count; i++) {
    L4GgufValue value = {.key = take_name (reader, MAX_KEY, _("the name of a key"), self->strings, error) };

    if (value.key == NULL || !take_value (reader, &value, error))
      return FALSE;
    g_array_append_val (self->values, value);
  }
  for (guint i = 0; i < self->values->len; i++) {
    L4GgufValue *value = &g_array_index (self->values, L4GgufValue, i);

    if (!g_hash_table_insert (self->by_key, (gpointer) value->key, value))
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: the key %s stands there twice"), self->path, value->key);
  }
  return TRUE;
}

static gboolean
find_alignment (const L4Gguf *self, guint64 *alignment, GError **error)
{
  const L4GgufValue *value = l4_gguf_find (self, "general.alignment");

  *alignment = DEFAULT_ALIGNMENT;
  if (value == NULL)
    return TRUE;
  if (value->type != L4_GGUF_UINT32 || value->is_array)
    return l4_gguf_refuse (self, value->key, L4_ERROR_FORMAT, error, _("it must be an unsigned 32-bit integer"));
  *alignment = l4_gguf_load (self->data + value->at, 4);
  if (*alignment < MIN_ALIGNMENT || *alignment > MAX_ALIGNMENT || (*alignment & (*alignment - 1)) != 0)
    return l4_gguf_refuse (self, value->key, L4_ERROR_FORMAT, error, _("it must be a power of two from %d to %d"),
        MIN_ALIGNMENT, MAX_ALIGNMENT);
  return TRUE;
}

/* Tensors ------------------------------------------------------------------------------------------------------------- */

/* dims, from the file's order (fastest first) to ours. */
static gboolean
take_dims (Reader *reader, L4Tensor *tensor, GError **error)
{
  guint64 n_dims, dim;

  if (!take_number (reader, 4, tensor->name, &n_dims, error))
    return FALSE;
  if (n_dims < 1 || n_dims > MAX_DIMS)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" has %" PRIu64 " dimensions, not 1 to %d"), reader->self->path,
        tensor->name, n_dims, MAX_DIMS);
  tensor->n_dims = (guint) n_dims;
  for (guint i = tensor->n_dims; i-- > 0;) {
    if (!take_number (reader, 8, tensor->name, &dim, error))
      return FALSE;
    if (dim < 1 || dim > MAX_DIM)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" is %" PRIu64 " wide in one dimension, not 1 to 2^40"),
          reader->self->path, tensor->name, dim);
    tensor->dims[i] = (gint64) dim;
  }
  return l4_checked_product (tensor->dims, tensor->n_dims, 1, &tensor->n_elements)
      || l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" has more elements than can be counted"), reader->self->path,
      tensor->name);
}

static gboolean
refuse_type (const Reader *reader, const L4Tensor *tensor, guint32 number, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (other_types); i++)
    if (other_types[i].number == number)
      return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" has the type %s, which cannot be read"),
          reader->self->path, tensor->name, other_types[i].name);
  return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" has the unknown type %u"), reader->self->path, tensor->name,
      number);
}

/* The tensor's entry; its offset is still that within the data. */
static gboolean
take_tensor (Reader *reader, GStringChunk *strings, L4Tensor *tensor, GError **error)
{
  const char *path = reader->self->path;
  const L4TypeInfo *info;
  guint64 number;

  tensor->name = tensor->original = take_name (reader, MAX_NAME, _("the name of a tensor"), strings, error);
  if (tensor->name == NULL || !take_dims (reader, tensor, error) || !take_number (reader, 4, tensor->name, &number, error))
    return FALSE;
  tensor->type = l4_type_from_ggml ((guint32) number);
  if (tensor->type == L4_TYPE_OTHER)
    return refuse_type (reader, tensor, (guint32) number, error);
  info = l4_type_info (tensor->type);
  tensor->dtype = info->name;
  if (tensor->dims[tensor->n_dims - 1] % info->block_elements != 0)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" has rows of %" PRId64 " weights, which are no whole blocks of "
            "%u as %s has them"), path, tensor->name, tensor->dims[tensor->n_dims - 1], info->block_elements, info->name);
  if (!l4_type_bytes (tensor->type, tensor->n_elements, &tensor->bytes))
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" has more bytes than can be counted"), path, tensor->name);
  return take_number (reader, 8, tensor->name, &tensor->offset, error);
}

static gint
compare_places (gconstpointer a, gconstpointer b)
{
  const L4Tensor *left = *(const L4Tensor * const *) a, *right = *(const L4Tensor * const *) b;

  if (left->offset != right->offset)
    return left->offset < right->offset ? -1 : 1;
  return left->bytes < right->bytes ? -1 : left->bytes > right->bytes;
}

/* Makes offsets relative to the file. */
static gboolean
place_tensors (const Reader *reader, L4Tensor *tensors, guint n, guint64 alignment, GError **error)
{
  guint64 start = (reader->at + alignment - 1) / alignment * alignment;         /* a place in a file, and a little more */
  g_autofree const L4Tensor **order = g_new (const L4Tensor *, n);
  const char *path = reader->self->path;

  for (guint i = 0; i < n; i++) {
    L4Tensor *tensor = &tensors[i];

    if (tensor->offset % alignment != 0)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" begins at byte %" PRIu64 " of the data, no multiple of %"
              PRIu64), path, tensor->name, tensor->offset, alignment);
    if (start > reader->size || tensor->offset > reader->size - start || tensor->bytes > reader->size - start - tensor->offset)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" needs %zu bytes from byte %" PRIu64 " of the data on, which "
              "has %" PRIu64), path, tensor->name, tensor->bytes, tensor->offset,
          reader->size > start ? reader->size - start : 0);
    tensor->offset += start;
    order[i] = tensor;
  }
  qsort (order, n, sizeof *order, compare_places);
  for (guint i = 1; i < n; i++)
    if (order[i]->offset - order[i - 1]->offset < order[i - 1]->bytes)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" begins at byte %" PRIu64 ", inside \"%s\""), path,
          order[i]->name, order[i]->offset, order[i - 1]->name);
  return TRUE;
}

static gboolean
take_tensors (Reader *reader, guint64 count, guint file, GStringChunk *strings, GArray *tensors, GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  guint first = tensors->len;
  guint64 alignment;

  for (guint64 i = 0; i < count; i++) {
    L4Tensor tensor = {.file = file };

    if (!take_tensor (reader, strings, &tensor, error))
      return FALSE;
    if (!g_hash_table_add (names, (gpointer) tensor.name))
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" is there twice"), reader->self->path, tensor.name);
    g_array_append_val (tensors, tensor);
  }
  return find_alignment (reader->self, &alignment, error)
      && (count == 0
      || place_tensors (reader, &g_array_index (tensors, L4Tensor, first), tensors->len - first, alignment, error));
}

/* The whole ----------------------------------------------------------------------------------------------------------- */

static gboolean
take_version (Reader *reader, GError **error)
{
  const guint8 *magic = take (reader, strlen (MAGIC), _("the magic"), error);
  guint64 version;

  if (magic == NULL)
    return FALSE;
  if (memcmp (magic, MAGIC, strlen (MAGIC)) != 0)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: is neither a Hugging Face folder nor a GGUF file"), reader->self->path);
  if (!take_number (reader, 4, _("the version"), &version, error))
    return FALSE;
  if (version == 2 || version == 3)
    return TRUE;
  if ((version & 0xffff) == 0 && version != 0)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: a big-endian GGUF file cannot be read"), reader->self->path);
  return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: GGUF version %" PRIu64 "; 2 and 3 can be read"), reader->self->path,
      version);
}

static gboolean
read_all (Reader *reader, guint file, GStringChunk *strings, GArray *tensors, GError **error)
{
  guint64 n_tensors, n_keys;
  gsize metadata_end;
  guint8 *data;

  if (!take_version (reader, error)
      || !take_count (reader, MIN_TENSOR_BYTES, MAX_TENSORS, _("the number of tensors"), &n_tensors, error)
      || !take_count (reader, MIN_KEY_BYTES, MAX_KEYS, _("the number of keys"), &n_keys, error)
      || !take_metadata (reader, n_keys, error))
    return FALSE;
  metadata_end = reader->at;
  if (!take_tensors (reader, n_tensors, file, strings, tensors, error))
    return FALSE;
  data = g_try_realloc (reader->self->data, metadata_end);
  reader->self->data = data != NULL ? data : reader->self->data;
  reader->self->length = metadata_end;
  return TRUE;
}

L4Gguf *
l4_gguf_read_header (int fd, const char *path, guint64 size, guint file, GStringChunk *strings, GArray *tensors, GError **error)
{
  g_autoptr (L4Gguf) self = g_new0 (L4Gguf, 1);
  Reader reader = {.self = self,.fd = fd,.size = size };

  self->path = g_strdup (path);
  self->strings = g_string_chunk_new (4096);
  self->values = g_array_new (FALSE, FALSE, sizeof (L4GgufValue));
  self->by_key = g_hash_table_new (g_str_hash, g_str_equal);
  return read_all (&reader, file, strings, tensors, error) ? g_steal_pointer (&self) : NULL;
}

void
l4_gguf_free (L4Gguf *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_key);
  g_array_unref (self->values);
  g_string_chunk_free (self->strings);
  g_free (self->data);
  g_free (self->path);
  g_free (self);
}
