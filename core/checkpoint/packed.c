/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights whose codes, scales and zeros are tensors of their own: how they are found. */

#include <inttypes.h>
#include <string.h>

#include "blocks/load.h"
#include "checkpoint/packed-private.h"
#include "checkpoint/packed.h"
#include "checkpoint/quantised.h"

#define MAX_CONFIG (4 * 1024 * 1024)    /* bytes */

/* One weight of the folder that is looked at. */
typedef struct
{
  L4Checkpoint *checkpoint;
  const L4Quantised *quantised;
  const L4Tensor *codes;
  char *stem;                   /* of all names */
  guint8 *used;                 /* [n_tensors]: is a part */
  L4Packed *packed;
} Finding;

/* What fails is about a part. */
static gboolean
refuse_shape (const Finding *self, const L4Tensor *tensor, const char *expected, GError **error)
{
  g_autofree char *is = l4_checkpoint_dims (tensor->n_dims, tensor->dims);

  return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" of the type %s is %s, which does not go with %s: it should be %s"),
      l4_checkpoint_file_of (self->checkpoint, tensor)->path, tensor->name, tensor->dtype, is, self->codes->name, expected);
}

/* Whether it is there; it is then a part. */
static gboolean
find_part (const Finding *self, const char *ending, L4Tensor *part)
{
  g_autofree char *name = g_strconcat (self->stem, ending, NULL);
  const L4Tensor *tensor = l4_checkpoint_find (self->checkpoint, name);

  if (tensor == NULL)
    return FALSE;
  self->used[tensor - (const L4Tensor *) self->checkpoint->tensors->data] = TRUE;
  *part = *tensor;
  return TRUE;
}

static gboolean
refuse_missing (const Finding *self, const char *ending, GError **error)
{
  return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s%s\" is missing"), l4_checkpoint_file_of (self->checkpoint,
          self->codes)->path, self->stem, ending);
}

/* Whether it is a matrix (or with columns -1 a vector) of that shape and one of those types. */
static gboolean
check_part (const Finding *self, const L4Tensor *part, gint64 rows, gint64 columns, gboolean good_type, const char *types, GError **error)
{
  const gint64 dims[] = { rows, columns };
  guint n_dims = columns < 0 ? 1 : 2;
  g_autofree char *shape = NULL, *expected = NULL;

  if (good_type && part->n_dims == n_dims && memcmp (part->dims, dims, n_dims * sizeof *dims) == 0)
    return TRUE;
  shape = l4_checkpoint_dims (n_dims, dims);
  expected = g_strdup_printf ("%s %s", types, shape);
  return refuse_shape (self, part, expected, error);
}

static gboolean
is_whole (const L4Tensor *tensor)
{
  return g_str_equal (tensor->dtype, "I32");
}

#define HALVES N_("F16 or BF16")

static gboolean
is_half (const L4Tensor *tensor)
{
  return tensor->type == L4_TYPE_F16 || tensor->type == L4_TYPE_BF16;
}

static gboolean
refuse_scales (const Finding *self, GError **error)
{
  g_autofree char *expected = g_strdup_printf ("%s [*, *]", _(HALVES));

  return refuse_shape (self, &self->packed->scales, expected, error);
}

/* The groups that n columns have scales for. */
static gboolean
set_groups (const Finding *self, gint64 columns, gint64 groups, GError **error)
{
  L4Packed *packed = self->packed;

  packed->columns = columns;
  packed->group_columns = groups > 0 ? columns / groups : 0;
  packed->block_columns = packed->group_columns % L4_SHARED == 0 ? L4_SHARED : L4_BLOCK;
  if (groups > 0 && columns % groups == 0 && packed->group_columns > 0 && packed->group_columns % L4_BLOCK == 0)
    return TRUE;
  return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" has %" PRId64 " columns in %" PRId64 " groups; only groups of "
          "multiples of %d columns can be read"), l4_checkpoint_file_of (self->checkpoint, self->codes)->path, self->codes->name, columns,
      groups, L4_BLOCK);
}

/* compressed-tensors ------------------------------------------------------------------------------------------------------- */

/* The shape that the file says, if it does. */
static gboolean
check_said_shape (const Finding *self, GError **error)
{
  const gint64 expected[] = { self->packed->rows, self->packed->columns };
  L4Tensor shape;
  guint8 bytes[2 * sizeof (gint64)];
  gint64 said[2] = { 0 };
  gboolean wide;

  if (!find_part (self, ".weight_shape", &shape))
    return TRUE;
  wide = g_str_equal (shape.dtype, "I64");
  if (!check_part (self, &shape, 2, -1, wide || is_whole (&shape), _("I64 or I32"), error)
      || !l4_checkpoint_read (self->checkpoint, &shape, 0, shape.bytes, bytes, error))
    return FALSE;
  for (guint i = 0; i < 2; i++)
    said[i] = wide ? (gint64) (l4_load_u32 (bytes + 8 * i) | (guint64) l4_load_u32 (bytes + 8 * i + 4) << 32)
        : (gint32) l4_load_u32 (bytes + 4 * i);
  if (memcmp (said, expected, sizeof said) == 0)
    return TRUE;
  return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" says %" PRId64 " by %" PRId64 ", but %s has %" PRId64 " by %" PRId64
          " weights"), l4_checkpoint_file_of (self->checkpoint, &shape)->path, shape.name, said[0], said[1], self->codes->name, expected[0],
      expected[1]);
}

static gboolean
find_zeros (const Finding *self, const char *ending, GError **error)
{
  L4Packed *packed = self->packed;
  gboolean across = packed->kind == L4_PACKED_GPTQ, there = find_part (self, ending, &packed->zeros);
  gint64 words = (packed->rows + L4_PACKED_CODES - 1) / L4_PACKED_CODES, groups = packed->columns / packed->group_columns;

  if (!there && self->quantised->asymmetric)
    return refuse_missing (self, ending, error);
  packed->has_zeros = there && !self->quantised->symmetric;
  return !there || check_part (self, &packed->zeros, across ? groups : words, across ? words : groups, is_whole (&packed->zeros), "I32",
      error);
}

static gboolean
find_order (const Finding *self, const char *ending, GError **error)
{
  L4Packed *packed = self->packed;

  packed->has_order = find_part (self, ending, &packed->order);
  return !packed->has_order || check_part (self, &packed->order, packed->columns, -1, is_whole (&packed->order), "I32", error);
}

static gboolean
find_compressed (const Finding *self, GError **error)
{
  L4Packed *packed = self->packed;
  const L4Tensor *codes = self->codes;

  *packed = (L4Packed) {.kind = L4_PACKED_COMPRESSED,.codes = *codes,.rows = codes->dims[0] };
  if (codes->n_dims != 2 || !is_whole (codes) || codes->dims[0] == 0 || codes->dims[1] == 0)
    return refuse_shape (self, codes, "I32 [*, *]", error);
  if (!find_part (self, ".weight_scale", &packed->scales))
    return refuse_missing (self, ".weight_scale", error);
  if (packed->scales.n_dims != 2)
    return refuse_scales (self, error);
  return set_groups (self, codes->dims[1] * L4_PACKED_CODES, packed->scales.dims[1], error)
      && check_part (self, &packed->scales, packed->rows, packed->scales.dims[1], is_half (&packed->scales), _(HALVES), error)
      && check_said_shape (self, error) && find_zeros (self, ".weight_zero_point", error)
      && find_order (self, ".weight_g_idx", error);
}

/* The others --------------------------------------------------------------------------------------------------------------- */

static gboolean
find_gptq (const Finding *self, GError **error)
{
  L4Packed *packed = self->packed;
  const L4Tensor *codes = self->codes;

  *packed = (L4Packed) {.kind = L4_PACKED_GPTQ,.codes = *codes,.rows = codes->dims[1],.zeros_less_one = self->quantised->zeros_less_one };
  if (codes->n_dims != 2 || !is_whole (codes) || codes->dims[0] == 0 || codes->dims[1] == 0)
    return refuse_shape (self, codes, "I32 [*, *]", error);
  if (!find_part (self, ".scales", &packed->scales))
    return refuse_missing (self, ".scales", error);
  if (packed->scales.n_dims != 2)
    return refuse_scales (self, error);
  return set_groups (self, codes->dims[0] * L4_PACKED_CODES, packed->scales.dims[0], error)
      && check_part (self, &packed->scales, packed->scales.dims[0], packed->rows, is_half (&packed->scales), _(HALVES), error)
      && find_zeros (self, ".qzeros", error) && find_order (self, ".g_idx", error);
}

/* How many squares of 128 are along so many weights. */
static gint64
squares (gint64 n)
{
  return n / L4_SHARED + (n % L4_SHARED != 0);
}

/* Scales of another shape are none for squares: *found stays as it is. */
static gboolean
find_squares (const Finding *self, gboolean *found, GError **error)
{
  L4Packed *packed = self->packed;
  const L4Tensor *codes = self->codes;
  g_autofree char *inverse = g_strconcat (self->stem, ".weight_scale_inv", NULL);
  g_autofree char *scale = g_strconcat (self->stem, ".weight_scale", NULL);
  const L4Tensor *scales = l4_checkpoint_find (self->checkpoint, inverse);

  scales = scales != NULL ? scales : l4_checkpoint_find (self->checkpoint, scale);
  if (codes->n_dims != 2 || scales == NULL || scales->n_dims != 2 || scales->n_elements <= 1
      || (scales->dims[0] == codes->dims[0] && scales->dims[1] == 1))
    return TRUE;
  *packed = (L4Packed) {.kind = L4_PACKED_SQUARES,.codes = *codes,.rows = codes->dims[0],.columns = codes->dims[1],.block_columns =
        L4_SHARED,.group_columns = L4_SHARED };
  if (!check_part (self, scales, squares (packed->rows), squares (packed->columns), is_half (scales) || scales->type == L4_TYPE_F32,
          _("F32, F16 or BF16"), error))
    return FALSE;
  if (packed->columns % L4_SHARED != 0)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" has rows of %" PRId64 " weights; with scales for blocks of %d by %d "
            "only multiples of that can be read"), l4_checkpoint_file_of (self->checkpoint, codes)->path, codes->name, packed->columns,
        L4_SHARED, L4_SHARED);
  *found = find_part (self, scales->name + strlen (self->stem), &packed->scales);
  return TRUE;
}

/* All of them -------------------------------------------------------------------------------------------------------------- */

/* Whether its name says that it holds codes, and which kind; *length: of the stem. */
static gboolean
is_codes (const L4Tensor *tensor, const L4Quantised *quantised, L4PackedKind *kind, gsize *length)
{
  static const struct
  {
    const char *ending;
    L4QuantisedMethod method;
    L4PackedKind kind;
  } endings[] = {
    {".weight_packed", L4_QUANTISED_COMPRESSED, L4_PACKED_COMPRESSED}, {".qweight", L4_QUANTISED_GPTQ, L4_PACKED_GPTQ},
    {".weight", L4_QUANTISED_COMPRESSED, L4_PACKED_SQUARES}, {".weight", L4_QUANTISED_FP8, L4_PACKED_SQUARES},
  };

  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    if (quantised->method == endings[i].method && g_str_has_suffix (tensor->name, endings[i].ending)
        && (endings[i].kind != L4_PACKED_SQUARES || tensor->type == L4_TYPE_F8_E4M3)) {
      *kind = endings[i].kind;
      *length = strlen (tensor->name) - strlen (endings[i].ending);
      return TRUE;
    }
  return FALSE;
}

/* The tensor that the parts are. */
static gboolean
put_together (const Finding *self, L4Tensor *tensor, GError **error)
{
  const L4Packed *packed = self->packed;
  g_autofree char *name = g_strconcat (self->stem, ".weight", NULL);

  *tensor = *self->codes;
  tensor->name = g_string_chunk_insert (self->checkpoint->strings, name);
  tensor->type = packed->kind == L4_PACKED_SQUARES ? L4_TYPE_F8_128 : packed->block_columns == L4_SHARED ? L4_TYPE_INT4_128
      : L4_TYPE_INT4_32;
  tensor->dtype = l4_type_name (tensor->type);
  tensor->dims[0] = packed->rows;
  tensor->dims[1] = packed->columns;
  tensor->packed = packed;
  tensor->n_elements = (gsize) packed->rows * (gsize) packed->columns;  /* as many as their codes, whose bytes were counted */
  return l4_type_bytes (tensor->type, tensor->n_elements, &tensor->bytes)
      || l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" is too large"), l4_checkpoint_file_of (self->checkpoint, tensor)->path,
      tensor->original);
}

/* Appends what the tensor is a part of, if it is the part with codes. */
static gboolean
join_one (Finding *self, GArray *joined, GError **error)
{
  g_autofree L4Packed *packed = g_new0 (L4Packed, 1);
  g_autofree char *stem = NULL;
  L4PackedKind kind = L4_PACKED_COMPRESSED;
  gboolean found = TRUE, good;
  L4Tensor tensor;
  gsize length = 0;

  if (!is_codes (self->codes, self->quantised, &kind, &length))
    return TRUE;
  self->stem = stem = g_strndup (self->codes->name, length);
  self->packed = packed;
  if (kind == L4_PACKED_SQUARES)
    good = find_squares (self, (found = FALSE, &found), error);
  else
    good = kind == L4_PACKED_GPTQ ? find_gptq (self, error) : find_compressed (self, error);
  if (!good || !found)
    return good;
  self->used[self->codes - (const L4Tensor *) self->checkpoint->tensors->data] = TRUE;
  if (!put_together (self, &tensor, error))
    return FALSE;
  g_ptr_array_add (self->checkpoint->packed, g_steal_pointer (&packed));
  g_array_append_val (joined, tensor);
  return TRUE;
}

/* What the folder's config.json says; whoever reads the settings complains when there is none. */
static gboolean
read_settings (const L4Checkpoint *self, L4Quantised *quantised, GError **error)
{
  g_autofree char *path = g_build_filename (self->path, "config.json", NULL);
  g_autoptr (L4Json) json = NULL;
  yyjson_val *text;

  *quantised = (L4Quantised) { 0 };
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  json = l4_json_load_sparse (path, MAX_CONFIG, error);
  if (json == NULL || !l4_quantised_read (json, json->root, quantised, error))
    return FALSE;
  if (quantised->method != L4_QUANTISED_NOT)
    return TRUE;
  return l4_json_get (json, json->root, "text_config", YYJSON_TYPE_OBJ, &text, error)
      && (text == NULL || l4_quantised_read (json, text, quantised, error));
}

gboolean
l4_packed_join (L4Checkpoint *self, GError **error)
{
  g_autoptr (GArray) joined = g_array_new (FALSE, FALSE, sizeof (L4Tensor));
  g_autofree guint8 *used = g_new0 (guint8, self->tensors->len + 1);
  L4Quantised quantised;
  Finding finding = { self, &quantised, NULL, NULL, used, NULL };

  if (!read_settings (self, &quantised, error))
    return FALSE;
  for (guint i = 0; quantised.method != L4_QUANTISED_NOT && i < self->tensors->len; i++) {
    finding.codes = l4_checkpoint_get_tensor (self, i);
    if (!join_one (&finding, joined, error))
      return FALSE;
  }
  if (joined->len == 0)
    return TRUE;
  for (guint i = 0; i < self->tensors->len; i++)
    if (!used[i])
      g_array_append_val (joined, g_array_index (self->tensors, L4Tensor, i));
  g_array_unref (self->tensors);
  self->tensors = g_steal_pointer (&joined);
  return l4_checkpoint_sort (self, error);
}
