/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header of one safetensors file. Trusts no length, shape or offset in it. */

#include "checkpoint/safetensors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "files/file.h"
#include "files/json.h"

#define MAX_NAME 512            /* bytes */
#define MAX_TENSORS 32768       /* of a file */
#define LENGTH_BYTES 8          /* the header's length, little endian, comes first */

static const struct
{
  const char *name;
  L4Type type;
  guint bits;                   /* an element */
} types[] = {
  {"F32", L4_TYPE_F32, 32}, {"F16", L4_TYPE_F16, 16}, {"BF16", L4_TYPE_BF16, 16},
  {"F64", L4_TYPE_OTHER, 64}, {"F8_E4M3", L4_TYPE_F8_E4M3, 8}, {"F8_E5M2", L4_TYPE_OTHER, 8}, {"F8_E8M0", L4_TYPE_OTHER, 8},
  {"F6_E2M3", L4_TYPE_OTHER, 6}, {"F6_E3M2", L4_TYPE_OTHER, 6}, {"F4", L4_TYPE_OTHER, 4}, {"C64", L4_TYPE_OTHER, 64},
  {"I64", L4_TYPE_OTHER, 64}, {"I32", L4_TYPE_OTHER, 32}, {"I16", L4_TYPE_OTHER, 16}, {"I8", L4_TYPE_OTHER, 8},
  {"U64", L4_TYPE_OTHER, 64}, {"U32", L4_TYPE_OTHER, 32}, {"U16", L4_TYPE_OTHER, 16}, {"U8", L4_TYPE_OTHER, 8},
  {"BOOL", L4_TYPE_OTHER, 8},
};

/* Names go into messages and digests, so they are short and printable. */
static gboolean
name_is_plain (yyjson_val *name)
{
  const char *text = yyjson_get_str (name);
  gsize length = yyjson_get_len (name);

  if (length == 0 || length > MAX_NAME)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (g_ascii_iscntrl (text[i]))
      return FALSE;
  return TRUE;
}

static gboolean
parse_type (const L4Json *json, yyjson_val *entry, yyjson_val *dtype, GStringChunk *strings, L4Tensor *tensor, guint *bits,
    GError **error)
{
  if (!yyjson_is_str (dtype))
    return l4_json_refuse (json, entry, "dtype", L4_ERROR_FORMAT, error, _("it must be a string"));
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++) {
    if (yyjson_equals_str (dtype, types[i].name)) {
      tensor->type = types[i].type;
      tensor->dtype = g_string_chunk_insert_const (strings, types[i].name);
      *bits = types[i].bits;
      return TRUE;
    }
  }
  return l4_json_refuse (json, entry, "dtype", L4_ERROR_UNSUPPORTED, error, _("no such type is known"));
}

static gboolean
parse_shape (const L4Json *json, yyjson_val *entry, yyjson_val *shape, guint bits, L4Tensor *tensor, GError **error)
{
  yyjson_val *dim;
  size_t i, n;
  gsize total;

  if (!yyjson_is_arr (shape))
    return l4_json_refuse (json, entry, "shape", L4_ERROR_FORMAT, error, _("it must be an array"));
  if (yyjson_arr_size (shape) > L4_MAX_DIMS)
    return l4_json_refuse (json, entry, "shape", L4_ERROR_FORMAT, error, _("at most %d dimensions can be"), L4_MAX_DIMS);
  yyjson_arr_foreach (shape, i, n, dim) {
    if (!yyjson_is_uint (dim) || yyjson_get_uint (dim) > G_MAXINT64) {
      g_autofree char *shown = l4_json_describe (dim);

      return l4_json_refuse (json, entry, "shape", L4_ERROR_FORMAT, error, _("dimension %zu is %s"), i, shown);
    }
    tensor->dims[i] = yyjson_get_sint (dim);
  }
  tensor->n_dims = (guint) yyjson_arr_size (shape);
  if (!l4_checked_product (tensor->dims, tensor->n_dims, 1, &tensor->n_elements)
      || !l4_checked_product (tensor->dims, tensor->n_dims, bits, &total))
    return l4_json_refuse (json, entry, "shape", L4_ERROR_FORMAT, error, _("the product is too large"));
  if (total % 8 != 0)
    return l4_json_refuse (json, entry, "shape", L4_ERROR_FORMAT, error, _("%zu bits are no whole bytes"), total);
  tensor->bytes = total / 8;
  return TRUE;
}

/* offset becomes relative to the data; its end is checked with the others'. */
static gboolean
parse_offsets (const L4Json *json, yyjson_val *entry, yyjson_val *offsets, L4Tensor *tensor, GError **error)
{
  yyjson_val *begin = yyjson_arr_get (offsets, 0), *end = yyjson_arr_get (offsets, 1);

  if (yyjson_arr_size (offsets) != 2 || !yyjson_is_uint (begin) || !yyjson_is_uint (end)
      || yyjson_get_uint (begin) > yyjson_get_uint (end))
    return l4_json_refuse (json, entry, "data_offsets", L4_ERROR_FORMAT, error,
        _("it must be two integers that are not negative and do not fall"));
  tensor->offset = yyjson_get_uint (begin);
  if (yyjson_get_uint (end) - tensor->offset != tensor->bytes)
    return l4_json_refuse (json, entry, "data_offsets", L4_ERROR_FORMAT, error,
        _("from %" PRIu64 " to %" PRIu64 " are not the %zu bytes that type and shape need"), tensor->offset,
        yyjson_get_uint (end), tensor->bytes);
  return TRUE;
}

static gboolean
parse_tensor (const L4Json *json, yyjson_val *name, yyjson_val *entry, GStringChunk *strings, L4Tensor *tensor, GError **error)
{
  yyjson_val *dtype = yyjson_obj_get (entry, "dtype"), *shape = yyjson_obj_get (entry, "shape");
  yyjson_val *offsets = yyjson_obj_get (entry, "data_offsets");
  guint bits = 0;

  if (!name_is_plain (name)) {
    g_autofree char *shown = l4_json_describe (name);

    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the tensor name %s is empty, too long or has control characters"),
        json->path, shown);
  }
  /* Three keys in all, and each of these there: no key twice. */
  if (yyjson_obj_size (entry) != 3 || dtype == NULL || shape == NULL || offsets == NULL)
    return l4_json_refuse (json, json->root, yyjson_get_str (name), L4_ERROR_FORMAT, error,
        _("a tensor must have dtype, shape and data_offsets once each and nothing else"));
  tensor->name = tensor->original = g_string_chunk_insert (strings, yyjson_get_str (name));
  return parse_type (json, entry, dtype, strings, tensor, &bits, error)
      && parse_shape (json, entry, shape, bits, tensor, error) && parse_offsets (json, entry, offsets, tensor, error);
}

static gboolean
check_metadata (const L4Json *json, GError **error)
{
  yyjson_val *metadata, *key, *value;
  size_t i, n;

  if (!l4_json_get (json, json->root, "__metadata__", YYJSON_TYPE_OBJ, &metadata, error))
    return FALSE;
  if (metadata == NULL)
    return TRUE;
  yyjson_obj_foreach (metadata, i, n, key, value) {
    if (!yyjson_is_str (value)) {
      g_autofree char *shown = l4_json_describe (key);

      return l4_json_refuse (json, json->root, "__metadata__", L4_ERROR_FORMAT, error, _("the value of %s is no string"),
          shown);
    }
  }
  return TRUE;
}

static gint
compare_places (gconstpointer a, gconstpointer b)
{
  const L4Tensor *left = a, *right = b;

  if (left->offset != right->offset)
    return left->offset < right->offset ? -1 : 1;
  if (left->bytes != right->bytes)
    return left->bytes < right->bytes ? -1 : 1;
  return strcmp (left->name, right->name);
}

/* Puts the tensors in the order of their data, which must fill the file from data_start to its end exactly, and makes their
 * offsets relative to the file. */
static gboolean
place_tensors (const char *path, L4Tensor *tensors, guint n_tensors, guint64 data_start, guint64 size, GError **error)
{
  guint64 end = 0;              /* never passes 2^64: offset + bytes was compared with a 64-bit number of the file */

  if (n_tensors > 1)
    qsort (tensors, n_tensors, sizeof *tensors, compare_places);
  for (guint i = 0; i < n_tensors; i++) {
    L4Tensor *tensor = &tensors[i];

    if (tensor->offset != end)
      return l4_fail (error, L4_ERROR_FORMAT, tensor->offset < end
          ? _("%s: tensor \"%s\" begins at byte %" PRIu64 " of the data, inside the one that ends at %" PRIu64)
          : _("%s: tensor \"%s\" begins at byte %" PRIu64 " of the data, leaving a hole after %" PRIu64), path, tensor->name,
          tensor->offset, end);
    if (tensor->bytes > size - data_start - end)
      return l4_fail (error, L4_ERROR_FORMAT,
          _("%s: tensor \"%s\" needs %zu bytes from byte %" PRIu64 " of the data on, which has %" PRIu64), path, tensor->name,
          tensor->bytes, tensor->offset, size - data_start);
    end += tensor->bytes;
    tensor->offset += data_start;
  }
  if (end != size - data_start)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the tensors have %" PRIu64 " bytes, the data %" PRIu64), path, end,
        size - data_start);
  return TRUE;
}

/* The header's text; *length: its bytes. */
static char *
read_text (int fd, const char *path, guint64 size, gsize *length, GError **error)
{
  guint64 announced;
  g_autofree char *text = NULL;

  if (size < LENGTH_BYTES) {
    l4_fail (error, L4_ERROR_FORMAT, _("%s: %" PRIu64 " bytes are too few for a safetensors file"), path, size);
    return NULL;
  }
  if (!l4_file_read (fd, path, 0, &announced, sizeof announced, error))
    return NULL;
  announced = GUINT64_FROM_LE (announced);
  if (announced > L4_SAFETENSORS_MAX_HEADER || announced > size - LENGTH_BYTES) {
    l4_fail (error, L4_ERROR_FORMAT, _("%s: a header of %" PRIu64 " bytes does not fit (file %" PRIu64 ", limit %d)"), path,
        announced, size, L4_SAFETENSORS_MAX_HEADER);
    return NULL;
  }
  text = g_try_malloc (announced + L4_FILE_PADDING);
  if (text == NULL) {
    l4_fail (error, L4_ERROR_MEMORY, _("%s: cannot allocate %" PRIu64 " bytes"), path, announced);
    return NULL;
  }
  if (!l4_file_read (fd, path, LENGTH_BYTES, text, announced, error))
    return NULL;
  memset (text + announced, 0, L4_FILE_PADDING);
  if (text[0] != '{') {
    l4_fail (error, L4_ERROR_FORMAT, _("%s: the header does not begin with {"), path);
    return NULL;
  }
  *length = announced;
  return g_steal_pointer (&text);
}

gboolean
l4_safetensors_read_header (int fd, const char *path, guint64 size, guint file, GStringChunk *strings, GArray *tensors,
    GError **error)
{
  gsize length;
  guint first = tensors->len;
  char *text = read_text (fd, path, size, &length, error);
  g_autoptr (L4Json) json = text != NULL ? l4_json_take_sparse (path, text, length, error) : NULL;
  yyjson_val *name, *entry;
  size_t i, n;

  if (json == NULL || !check_metadata (json, error))
    return FALSE;
  yyjson_obj_foreach (json->root, i, n, name, entry) {
    L4Tensor tensor = {.file = file };

    if (yyjson_equals_str (name, "__metadata__"))
      continue;
    if (tensors->len - first == MAX_TENSORS)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: more than %d tensors"), path, MAX_TENSORS);
    if (!parse_tensor (json, name, entry, strings, &tensor, error))
      return FALSE;
    g_array_append_val (tensors, tensor);
  }
  return place_tensors (path, tensors->len > first ? &g_array_index (tensors, L4Tensor, first) : NULL, tensors->len - first,
      LENGTH_BYTES + length, size, error);
}
