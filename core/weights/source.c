/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the tensors of a GGUF file come from: the same weights as they lie in a checkpoint of any kind. */

#include "weights/source.h"

#include <inttypes.h>
#include <string.h>

#define PIECE 32                /* weights of a turned row's neighbours that are converted together; any type's block */

/* Finding -------------------------------------------------------------------------------------------------------------- */

/* The name with the part from expert_stem's last dot on (".gate_proj.weight") replaced. (transfer full) */
static char *
sibling (const char *name, const char *part, const char *with)
{
  const char *at = strstr (name, part);

  return g_strdup_printf ("%.*s%s", (int) (at - name), name, with);
}

static gboolean
is_down (const L4LayoutTensor *to)
{
  return strstr (to->source, ".down_proj") != NULL;
}

/* The tensor of that name, if it is there, which must have these dims. *tensor: NULL when there is none. */
static gboolean
look_up (const L4Checkpoint *checkpoint, const char *name, guint n_dims, const gint64 *dims, const L4Tensor **tensor,
    GError **error)
{
  *tensor = l4_checkpoint_find (checkpoint, name);
  return *tensor == NULL || l4_checkpoint_expect (checkpoint, name, n_dims, dims, error) != NULL;
}

/* Both gate and up in one tensor [E, 2F, D] or, turned, [E, D, 2F]; down turned, [E, F, D]. */
static gboolean
find_fused (const L4Checkpoint *checkpoint, const L4LayoutTensor *to, L4Source *source, GError **error)
{
  gint64 e = source->n_slices, rows = source->n_rows, columns = source->n_columns;
  gboolean down = is_down (to);
  const char *part = down ? ".down_proj.weight" : strstr (to->source, ".up_proj.weight") != NULL ? ".up_proj.weight"
      : ".gate_proj.weight";
  g_autofree char *turned = sibling (to->source, part, down ? ".down_proj" : ".gate_up_proj");
  g_autofree char *stacked = sibling (to->source, part, ".gate_up_proj.weight");

  source->first = g_str_equal (part, ".up_proj.weight") ? rows : 0;
  source->form = L4_SOURCE_TURNED;
  if (!look_up (checkpoint, turned, 3, (gint64[]) { e, columns, down ? rows : 2 * rows }, &source->from, error))
    return FALSE;
  if (source->from != NULL || down)
    return TRUE;
  source->form = L4_SOURCE_STACKED;
  return look_up (checkpoint, stacked, 3, (gint64[]) { e, 2 * rows, columns }, &source->from, error);
}

/* The tensor of one expert, whose name has the expert's number before the part that names the matrix. */
static const L4Tensor *
expert_tensor (const L4Checkpoint *checkpoint, const L4Source *source, gint64 expert, GError **error)
{
  const char *name = source->to->source, *end = strstr (name, ".experts.") + strlen (".experts.");
  g_autofree char *own = g_strdup_printf ("%.*s%" PRId64 ".%s", (int) (end - name), name, expert, end);

  return l4_checkpoint_expect (checkpoint, own, 2, (gint64[]) { source->n_rows, source->n_columns }, error);
}

static gboolean
find_experts (const L4Checkpoint *checkpoint, const L4LayoutTensor *to, L4Source *source, GError **error)
{
  if (!look_up (checkpoint, to->source, 3, to->dims, &source->from, error))
    return FALSE;
  if (source->from != NULL)
    return TRUE;
  if (!find_fused (checkpoint, to, source, error))
    return FALSE;
  if (source->from != NULL)
    return source->form != L4_SOURCE_TURNED || source->from->type <= L4_TYPE_BF16
        || l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" has the type %s; experts in this order can be F32, F16 or "
            "BF16"), l4_checkpoint_get_path (checkpoint), source->from->original, source->from->dtype);
  source->form = L4_SOURCE_APART;
  source->first = 0;
  for (gint64 e = 0; e < source->n_slices; e++)
    if (expert_tensor (checkpoint, source, e, error) == NULL)
      return FALSE;
  return TRUE;
}

gboolean
l4_source_find (const L4Checkpoint *checkpoint, const L4LayoutTensor *to, L4Source *source, GError **error)
{
  gboolean experts = to->kind == L4_LAYOUT_EXPERTS;

  *source = (L4Source) {.to = to,.form = L4_SOURCE_ROWS,.n_slices = experts ? to->dims[0] : 1,.n_columns =
        to->dims[to->n_dims - 1],.n_rows = to->n_dims == 1 ? 1 : to->dims[to->n_dims - 2] };
  if (experts)
    return find_experts (checkpoint, to, source, error);
  source->from = l4_checkpoint_expect (checkpoint, to->source, to->n_dims, to->dims, error);
  return source->from != NULL;
}

/* Reading -------------------------------------------------------------------------------------------------------------- */

gsize
l4_source_scratch (const L4Source *source)
{
  return source->form == L4_SOURCE_TURNED
      ? (gsize) source->n_rows * (gsize) source->n_columns * l4_type_info (source->from->type)->block_bytes : 0;
}

gboolean
l4_source_begin_slice (const L4Source *source, const L4Checkpoint *checkpoint, gint64 slice, gpointer scratch, GError **error)
{
  gsize size, width, line;
  guint64 start;

  if (source->form != L4_SOURCE_TURNED)
    return TRUE;
  size = l4_type_info (source->from->type)->block_bytes;
  width = (gsize) source->from->dims[2] * size;
  line = (gsize) source->n_rows * size;
  start = (guint64) slice * (guint64) source->n_columns * width + (guint64) source->first * size;
  for (gint64 c = 0; c < source->n_columns; c++)
    if (!l4_checkpoint_read (checkpoint, source->from, start + (guint64) c * width, line, (char *) scratch + c * line, error))
      return FALSE;
  return TRUE;
}

/* Rows of a slice that lies in scratch as [n_columns, n_rows]. */
static void
turn_rows (const L4Source *source, gint64 first, gint64 n, const guint8 *scratch, float *rows)
{
  L4Type type = source->from->type;
  gsize size = l4_type_info (type)->block_bytes;

  for (gint64 r = 0; r < n; r += PIECE) {
    gint64 some = MIN (PIECE, n - r);

    for (gint64 c = 0; c < source->n_columns; c++) {
      float piece[PIECE];

      l4_type_to_float (type, scratch + (gsize) (c * source->n_rows + first + r) * size, (gsize) some, piece);
      for (gint64 i = 0; i < some; i++)
        rows[(r + i) * source->n_columns + c] = piece[i];
    }
  }
}

/* Multiplies each of n rows of 8-bit floats by its scale, which is in a tensor of its own. */
static gboolean
scale_rows (const L4Source *source, const L4Checkpoint *checkpoint, const L4Tensor *tensor, gint64 first, gint64 n, float *rows,
    GError **error)
{
  g_autofree float *scales = g_new (float, n);

  if (tensor->type != L4_TYPE_F8_E4M3)
    return TRUE;
  if (!l4_checkpoint_read_scales (checkpoint, tensor, (gsize) first, (gsize) n, scales, error))
    return FALSE;
  for (gint64 r = 0; r < n; r++)
    for (gint64 c = 0; c < source->n_columns; c++)
      rows[r * source->n_columns + c] *= scales[r];
  return TRUE;
}

gboolean
l4_source_read_rows (const L4Source *source, const L4Checkpoint *checkpoint, gint64 slice, gint64 first, gint64 n,
    gconstpointer scratch, float *rows, GError **error)
{
  const L4Tensor *tensor = source->from;
  gint64 row = first;           /* of tensor */

  switch (source->form) {
    case L4_SOURCE_TURNED:
      turn_rows (source, first, n, scratch, rows);
      return TRUE;
    case L4_SOURCE_APART:
      tensor = expert_tensor (checkpoint, source, slice, error);
      if (tensor == NULL)
        return FALSE;
      break;
    case L4_SOURCE_STACKED:
      row = slice * 2 * source->n_rows + source->first + first;
      break;
    case L4_SOURCE_ROWS:
      row = slice * source->n_rows + first;
      break;
  }
  return l4_checkpoint_read_float (checkpoint, tensor, (gsize) (row * source->n_columns), (gsize) (n * source->n_columns), rows,
      error) && scale_rows (source, checkpoint, tensor, row, n, rows, error);
}
