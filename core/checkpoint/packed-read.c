/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blocks of weights from codes, scales and zeros that are tensors of their own. */

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "blocks/load.h"
#include "checkpoint/packed-private.h"
#include "checkpoint/packed.h"

#define MIDDLE 8
#define AT_ONCE (1 << 20)       /* bytes of blocks that are put together at once, if a row is not longer */
/* Bytes that are wished for at once: of a longer wish Linux grants only the beginning, as much as is read ahead of the device; that is so much
 * unless somebody changed it. */
#define AHEAD (128 << 10)

/* Some rows of some columns of a matrix; one part of it, as it was read. */
typedef struct
{
  gint64 row, n_rows, column, n_columns;
} Area;

typedef struct
{
  guint8 *bytes;
  gint64 row_step, column_step; /* from one to the next */
} Table;

static void
table_clear (Table *self)
{
  g_free (self->bytes);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Table, table_clear)

static const char *
path_of (const L4Checkpoint *self, const L4Tensor *tensor)
{
  return l4_checkpoint_file_of (self, tensor)->path;
}

/* The area of a part, turned: of one whose rows lie side by side. */
static gboolean
read_table (const L4Checkpoint *self, const L4Tensor *part, const Area *of, gboolean turned, Table *table, GError **error)
{
  const Area area = turned ? (Area) { of->column, of->n_columns, of->row, of->n_rows } : *of;
  gsize size = part->bytes / part->n_elements, line = (gsize) area.n_columns * size;
  gboolean whole = area.n_columns == part->dims[1];
  gint64 reads = whole ? 1 : area.n_rows;

  table->bytes = g_try_malloc ((gsize) area.n_rows * line);
  if (table->bytes == NULL)
    return l4_fail (error, L4_ERROR_MEMORY, _("%s: cannot allocate %zu bytes"), path_of (self, part), (gsize) area.n_rows * line);
  table->row_step = turned ? (gint64) size : (gint64) line;
  table->column_step = turned ? (gint64) line : (gint64) size;
  for (gint64 r = 0; r < reads; r++)
    if (!l4_checkpoint_read (self, part, (guint64) ((area.row + r) * part->dims[1] + area.column) * size,
            whole ? (gsize) area.n_rows * line : line, table->bytes + (gsize) r * line, error))
      return FALSE;
  return TRUE;
}

static const guint8 *
table_at (const Table *self, gint64 row, gint64 column)
{
  return self->bytes + row * self->row_step + column * self->column_step;
}

/* The last bytes of halves of either kind are 0 as float32. */
static gboolean
read_scale (const L4Checkpoint *self, const L4Tensor *scales, const guint8 *at, guint32 *bits, GError **error)
{
  float scale;

  l4_type_to_float (scales->type, at, 1, &scale);
  memcpy (bits, &scale, sizeof *bits);
  return isfinite (scale) || l4_fail (error, L4_ERROR_FORMAT, _("%s: a scale of tensor \"%s\" is no number"), path_of (self, scales),
      scales->name);
}

static void
store_u32 (guint8 *at, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (at, &value, sizeof value);
}

/* Eight codes, each a byte. */
static inline guint64
spread (guint32 codes)
{
  guint64 v = codes;

  v = (v | v << 16) & 0x0000ffff0000ffff;
  v = (v | v << 8) & 0x00ff00ff00ff00ff;
  return (v | v << 4) & 0x0f0f0f0f0f0f0f0f;
}

/* n codes, eight a word, as type.c has them: of each 32 those of the first half in the lower nibbles. */
static void
place_codes (const guint8 *words, gint64 step, gint64 n, guint8 *out)
{
  for (gint64 g = 0; g < n / 32; g++)
    for (guint i = 0; i < 2; i++, out += L4_PACKED_CODES) {
      guint64 low = spread (l4_load_u32 (words + (4 * g + i) * step)), high = spread (l4_load_u32 (words + (4 * g + 2 + i) * step));
      guint64 both = GUINT64_TO_LE (low | high << 4);

      memcpy (out, &both, sizeof both);
    }
}

/* The parts of an area of the weights. */
typedef struct
{
  const L4Checkpoint *checkpoint;
  const L4Packed *packed;
  Area area;
  gint64 first_group;
  Table codes, scales, zeros;
} Parts;

static void
parts_clear (Parts *self)
{
  table_clear (&self->codes);
  table_clear (&self->scales);
  table_clear (&self->zeros);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear)

static guint
zero_of (const Parts *self, gint64 row, gint64 group)
{
  gint64 word = (self->area.row + row) / L4_PACKED_CODES - self->area.row / L4_PACKED_CODES;
  guint zero;

  if (!self->packed->has_zeros)
    return MIDDLE;
  zero = l4_load_u32 (table_at (&self->zeros, word, group)) >> (4 * ((self->area.row + row) % L4_PACKED_CODES)) & 15;
  return self->packed->zeros_less_one ? (zero + 1) & 15 : zero;
}

static gboolean
make_int4 (const Parts *self, guint8 *out, GError **error)
{
  const L4Packed *packed = self->packed;

  for (gint64 r = 0; r < self->area.n_rows; r++)
    for (gint64 c = 0; c < self->area.n_columns; c += packed->block_columns, out += 4 + packed->block_columns / 2) {
      gint64 group = (self->area.column + c) / packed->group_columns - self->first_group;
      guint32 scale;

      if (!read_scale (self->checkpoint, &packed->scales, table_at (&self->scales, r, group), &scale, error))
        return FALSE;
      store_u32 (out, scale | zero_of (self, r, group));
      place_codes (table_at (&self->codes, r, c / L4_PACKED_CODES), self->codes.column_step, packed->block_columns, out + 4);
    }
  return TRUE;
}

static gboolean
make_squares (const Parts *self, guint8 *out, GError **error)
{
  gint64 first = self->area.row / L4_SHARED;

  for (gint64 r = 0; r < self->area.n_rows; r++)
    for (gint64 c = 0; c < self->area.n_columns; c += L4_SHARED, out += 4 + L4_SHARED) {
      guint32 scale;

      if (!read_scale (self->checkpoint, &self->packed->scales, table_at (&self->scales, (self->area.row + r) / L4_SHARED - first,
                  c / L4_SHARED), &scale, error))
        return FALSE;
      store_u32 (out, scale);
      memcpy (out + 4, table_at (&self->codes, r, c), L4_SHARED);
    }
  return TRUE;
}

/* Rows that have scales or zeros for n rows from the first on, of which each has them for so many. */
static void
cover (gint64 *first, gint64 *n, gint64 each)
{
  gint64 last = (*first + *n - 1) / each;

  *first /= each;
  *n = last - *first + 1;
}

/* The blocks of an area, whose columns are whole blocks. */
static gboolean
read_area (const L4Checkpoint *self, const L4Packed *packed, const Area *area, guint8 *out, GError **error)
{
  g_auto (Parts) parts = {.checkpoint = self,.packed = packed,.area = *area };
  gboolean squares = packed->kind == L4_PACKED_SQUARES, turned = packed->kind == L4_PACKED_GPTQ;
  Area codes = *area, scales = *area, zeros;

  if (!squares)
    cover (&codes.column, &codes.n_columns, L4_PACKED_CODES);
  cover (&scales.column, &scales.n_columns, packed->group_columns);
  parts.first_group = scales.column;
  zeros = scales;
  if (squares)
    cover (&scales.row, &scales.n_rows, L4_SHARED);
  cover (&zeros.row, &zeros.n_rows, L4_PACKED_CODES);
  if (!read_table (self, &packed->codes, &codes, turned, &parts.codes, error)
      || !read_table (self, &packed->scales, &scales, turned, &parts.scales, error)
      || (packed->has_zeros && !read_table (self, &packed->zeros, &zeros, turned, &parts.zeros, error)))
    return FALSE;
  return squares ? make_squares (&parts, out, error) : make_int4 (&parts, out, error);
}

/* Whether every column is of the group that it lies in. */
static gboolean
check_order (const L4Checkpoint *self, const L4Packed *packed, GError **error)
{
  g_autofree guint8 *groups = g_try_malloc (packed->order.bytes);

  if (groups == NULL)
    return l4_fail (error, L4_ERROR_MEMORY, _("%s: cannot allocate %zu bytes"), path_of (self, &packed->order), packed->order.bytes);
  if (!l4_checkpoint_read (self, &packed->order, 0, packed->order.bytes, groups, error))
    return FALSE;
  for (gint64 c = 0; c < packed->columns; c++)
    if (l4_load_u32 (groups + 4 * c) != c / packed->group_columns)
      return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" puts column %" PRId64 " into group %d: weights that were quantised in "
              "the order of activations (desc_act, actorder) cannot be read; from the model before it was quantised llama4 convert makes a file "
              "of any size"),
          path_of (self, &packed->order), packed->order.name, c, (gint32) l4_load_u32 (groups + 4 * c));
  return TRUE;
}

/* All of it will be read. */
static void
read_ahead (const L4Checkpoint *self, const L4Tensor *part)
{
  int fd = l4_checkpoint_file_of (self, part)->fd;

  for (gsize at = 0; at < part->bytes; at += AHEAD)
    posix_fadvise (fd, (off_t) (part->offset + at), (off_t) MIN (AHEAD, part->bytes - at), POSIX_FADV_WILLNEED);
}

/* What comes with the first block of a tensor, and so once for each reader of all. */
static gboolean
begin (const L4Checkpoint *self, const L4Packed *packed, GError **error)
{
  if (packed->kind == L4_PACKED_GPTQ)   /* of which rows are read in many places */
    read_ahead (self, &packed->codes);
  return !packed->has_order || check_order (self, packed, error);
}

const L4Tensor *
l4_checkpoint_get_part (const L4Tensor *tensor, guint index)
{
  const L4Packed *packed = tensor->packed;

  if (packed == NULL)
    return index == 0 ? tensor : NULL;
  return index == 0 ? &packed->codes : index == 1 ? &packed->scales : index == 2 && packed->has_zeros ? &packed->zeros : NULL;
}

/* Rows that lie side by side share pages: these are needed until the last row has come. */
void
l4_checkpoint_drop (const L4Checkpoint *self, const L4Tensor *tensor, guint64 first_byte, gsize n_bytes)
{
  const L4Packed *packed = tensor->packed;
  guint64 row_bytes, first, end, line;

  if (packed == NULL)
    return;
  row_bytes = (guint64) (packed->columns / packed->block_columns) * l4_type_info (tensor->type)->block_bytes;
  first = first_byte / row_bytes;
  end = (first_byte + n_bytes) / row_bytes;
  line = packed->codes.bytes / (guint64) packed->rows;
  if (packed->kind == L4_PACKED_GPTQ && end < (guint64) packed->rows)
    return;
  if (packed->kind == L4_PACKED_GPTQ)
    first = 0;
  posix_fadvise (l4_checkpoint_file_of (self, &packed->codes)->fd, (off_t) (packed->codes.offset + first * line), (off_t) ((end - first) * line),
      POSIX_FADV_DONTNEED);
}

gboolean
l4_packed_read (const L4Checkpoint *self, const L4Tensor *tensor, guint64 first_byte, gsize n_bytes, guint8 *out, GError **error)
{
  const L4Packed *packed = tensor->packed;
  const L4TypeInfo *info = l4_type_info (tensor->type);
  gint64 blocks = packed->columns / packed->block_columns, at = (gint64) (first_byte / info->block_bytes);
  gint64 end = at + (gint64) (n_bytes / info->block_bytes), most = MAX (AT_ONCE / (blocks * info->block_bytes), 1);

  if (first_byte % info->block_bytes != 0 || n_bytes % info->block_bytes != 0)
    return l4_fail (error, L4_ERROR_INTERNAL, _("%s: tensor \"%s\" has blocks of %u bytes; %zu from %" PRIu64 " on were asked for"),
        path_of (self, tensor), tensor->original, info->block_bytes, n_bytes, first_byte);
  if (at == 0 && end > 0 && !begin (self, packed, error))
    return FALSE;
  while (at < end) {            /* whole rows, but for what is before and behind them */
    gint64 column = at % blocks, n = column > 0 || end - at < blocks ? MIN (blocks - column, end - at) : blocks;
    gint64 rows = n == blocks ? MIN ((end - at) / blocks, most) : 1;
    const Area area = { at / blocks, rows, column * packed->block_columns, n * packed->block_columns };

    if (!read_area (self, packed, &area, out, error))
      return FALSE;
    at += rows * n;
    out += rows * n * info->block_bytes;
  }
  return TRUE;
}
