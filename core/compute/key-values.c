/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and values of one layer, laid out as the matrix kernels read them. */

#include "compute/key-values.h"

#include <math.h>
#include <string.h>

#include "base/bf16.h"
#include "base/memory.h"
#include "compute/compute-private.h"

#define KEY_STEP 32             /* of head_dim, in keys */

static gint64
round_up (gint64 n, gint64 step)
{
  return (n + step - 1) / step * step;
}

gsize
l4_key_values_element (L4BlockKind kind, gboolean int8)
{
  return int8 ? 1 : kind == L4_BLOCK_BF16 ? sizeof (guint16) : sizeof (float);
}

static gsize
element_size (const L4KeyValues *self)
{
  return l4_key_values_element (self->kind, self->int8);
}

static gint64
key_depth (const L4KeyValues *self)
{
  return round_up (self->head_dim, KEY_STEP);
}

static gint64
value_columns (const L4KeyValues *self)
{
  return round_up (self->head_dim, L4_BLOCK_COLUMNS);
}

L4BlockKind
l4_key_values_kind (const L4Compute *compute)
{
  return compute->precision == L4_PRECISION_BF16 && l4_brgemm_has_bf16 (compute->brgemm) ? L4_BLOCK_BF16 : L4_BLOCK_F32;
}

gboolean
l4_key_values_init (L4KeyValues *self, const L4Compute *compute, gboolean int8, gint64 n_heads, gint64 head_dim, gint64 capacity,
    GError **error)
{
  gsize keys, values, scales;

  *self = (L4KeyValues) {.int8 = int8,.n_heads = n_heads,.head_dim = head_dim,.capacity = round_up (capacity, L4_BLOCK_COLUMNS) };
  self->kind = l4_key_values_kind (compute);
  if (!l4_checked_product ((gint64[]) { n_heads, self->capacity, key_depth (self) }, 3, element_size (self), &keys)
      || !l4_checked_product ((gint64[]) { n_heads, self->capacity, value_columns (self) }, 3, element_size (self), &values)
      || !l4_checked_product ((gint64[]) { n_heads, self->capacity }, 2, sizeof (float), &scales))
    return l4_fail (error, L4_ERROR_MEMORY, _("a context of %" PRId64 " tokens cannot be stored"), capacity);
  self->keys = l4_alloc (keys, _("key cache"), error);
  self->values = self->keys != NULL ? l4_alloc (values, _("value cache"), error) : NULL;
  if (!int8 || self->values == NULL)
    return self->values != NULL;
  self->key_scales = l4_alloc (scales, _("key cache"), error);
  self->value_scales = self->key_scales != NULL ? l4_alloc (scales, _("value cache"), error) : NULL;
  return self->value_scales != NULL;
}

void
l4_key_values_clear (L4KeyValues *self)
{
  l4_free (self->keys);
  l4_free (self->values);
  l4_free (self->key_scales);
  l4_free (self->value_scales);
  *self = (L4KeyValues) { 0 };
}

guint64
l4_key_values_bytes (L4BlockKind kind, gboolean int8, gint64 n_heads, gint64 head_dim, gint64 capacity)
{
  L4KeyValues shape = {.kind = kind,.int8 = int8,.n_heads = n_heads,.head_dim = head_dim };
  gint64 slots = round_up (capacity, L4_BLOCK_COLUMNS);
  gsize each = (key_depth (&shape) + value_columns (&shape)) * element_size (&shape) + (int8 ? 2 * sizeof (float) : 0), bytes;

  return l4_checked_product ((gint64[]) { n_heads, slots }, 2, each, &bytes) ? bytes : G_MAXUINT64;
}

static guint8 *
key_block (const L4KeyValues *self, gint64 head, gint64 slot)
{
  return self->keys + (head * self->capacity + slot) * key_depth (self) * element_size (self);
}

static guint8 *
value_block (const L4KeyValues *self, gint64 head, gint64 c, gint64 slot)
{
  gint64 column_blocks = value_columns (self) / L4_BLOCK_COLUMNS;

  return self->values + ((head * column_blocks + c) * self->capacity + slot) * L4_BLOCK_COLUMNS * element_size (self);
}

/* A block of stored elements as the matrix kernels read it. */
static const void *
read_block (const L4KeyValues *self, const guint8 *block, gsize n, void *scratch)
{
  if (!self->int8)
    return block;
  if (self->kind == L4_BLOCK_BF16)
    l4_kernels ()->int8_to_bf16 ((const gint8 *) block, n, scratch);
  else
    l4_kernels ()->int8_to_float ((const gint8 *) block, n, scratch);
  return scratch;
}

const void *
l4_key_values_key_block (const L4KeyValues *self, gint64 head, gint64 slot, void *scratch)
{
  return read_block (self, key_block (self, head, slot), key_depth (self) * L4_BLOCK_COLUMNS, scratch);
}

const void *
l4_key_values_value_block (const L4KeyValues *self, gint64 head, gint64 c, gint64 slot, gint64 width, void *scratch)
{
  return read_block (self, value_block (self, head, c, slot), width * L4_BLOCK_COLUMNS, scratch);
}

/* What the numbers of a stored vector are multiplied with, so that the largest becomes ±127; 1 where they stay as they are. scale: for
 * the way back; NaN when one of the numbers is not finite. */
static float
choose_factor (const L4KeyValues *self, const float *x, float *scale)
{
  float largest = 0, wrong = 0;

  if (!self->int8)
    return 1;
  for (gint64 i = 0; i < self->head_dim; i++) {
    largest = MAX (largest, fabsf (x[i]));
    wrong += x[i] * 0;
  }
  *scale = largest / 127 + wrong;
  return wrong == 0 && largest > 0 ? 127 / largest : 0;
}

typedef struct
{
  L4KeyValues *self;
  gint64 slot, n;
  const float *keys, *values;
} Store;

/* Numbers times factor as they are stored. */
static void
to_elements (const L4KeyValues *self, const float *x, gint64 n, float factor, guint8 *out)
{
  if (self->int8)
    for (gint64 i = 0; i < n; i++)
      ((gint8 *) out)[i] = factor != 0 ? (gint8) rintf (x[i] * factor) : 0;
  else if (self->kind == L4_BLOCK_BF16)
    l4_kernels ()->to_bf16 (x, n, (guint16 *) out);
  else
    memcpy (out, x, n * sizeof (float));
}

/* n units of 1, 2 or 4 bytes to places `stride` bytes apart. */
static void
scatter (const guint8 *from, gsize n, gsize bytes, gsize stride, guint8 *to)
{
  for (gsize i = 0; i < n; i++, to += stride)
    if (bytes == 1)
      *to = from[i];
    else if (bytes == 2)
      memcpy (to, from + 2 * i, 2);
    else
      memcpy (to, from + 4 * i, 4);
}

/* Numbers first … first + n - 1, up to 64 from a multiple of that on, of a key and of a value. Blocks are 64 columns wide; bfloat16 has
 * two rows side by side. */
static void
put_key (const L4KeyValues *self, gint64 head, gint64 slot, gint64 first, gint64 n, const float *x, float factor)
{
  gsize pair = self->kind == L4_BLOCK_BF16 ? 2 : 1, unit = pair * element_size (self);
  guint8 elements[L4_BLOCK_COLUMNS * sizeof (float)] = { 0 };
  guint8 *block = key_block (self, head, slot / L4_BLOCK_COLUMNS * L4_BLOCK_COLUMNS);

  to_elements (self, x, n, factor, elements);
  scatter (elements, (n + pair - 1) / pair, unit, L4_BLOCK_COLUMNS * unit,
      block + (first / pair * L4_BLOCK_COLUMNS + slot % L4_BLOCK_COLUMNS) * unit);
}

static void
put_value (const L4KeyValues *self, gint64 head, gint64 slot, gint64 first, gint64 n, const float *x, float factor)
{
  gsize pair = self->kind == L4_BLOCK_BF16 ? 2 : 1, size = element_size (self);
  guint8 elements[L4_BLOCK_COLUMNS * sizeof (float)];

  to_elements (self, x, n, factor, elements);
  scatter (elements, n, size, pair * size,
      value_block (self, head, first / L4_BLOCK_COLUMNS, slot / pair * pair) + slot % pair * size);
}

/* One head of all tokens. */
static void
store_head (gpointer data, gsize head, guint thread)
{
  const Store *job = data;
  const L4KeyValues *self = job->self;
  gint64 d = self->head_dim;

  for (gint64 t = 0; t < job->n; t++) {
    gint64 slot = job->slot + t, at = head * self->capacity + slot;
    const float *key = job->keys + (t * self->n_heads + head) * d, *value = job->values + (t * self->n_heads + head) * d;
    float key_factor = choose_factor (self, key, self->int8 ? self->key_scales + at : NULL);
    float value_factor = choose_factor (self, value, self->int8 ? self->value_scales + at : NULL);

    for (gint64 i = 0; i < d; i += L4_BLOCK_COLUMNS) {
      gint64 n = MIN (L4_BLOCK_COLUMNS, d - i);

      put_key (self, head, slot, i, n, key + i, key_factor);
      put_value (self, head, slot, i, n, value + i, value_factor);
    }
  }
}

void
l4_key_values_store (L4KeyValues *self, L4Compute *compute, gint64 slot, const float *keys, const float *values, gint64 n)
{
  Store job = { self, slot, n, keys, values };

  l4_compute_run (compute, store_head, &job, self->n_heads, 2 * n * self->n_heads * self->head_dim);
}

/* Parts ------------------------------------------------------------------------------------------------------------------ */

static guint
parts_of_head (const L4KeyValues *self)
{
  return 1 + value_columns (self) / L4_BLOCK_COLUMNS + (self->int8 ? 2 : 0);
}

guint
l4_key_values_n_parts (const L4KeyValues *self)
{
  return self->n_heads * parts_of_head (self);
}

/* Of every head its keys, the columns of its values, its scales. */
L4KeyValuesPart
l4_key_values_part (const L4KeyValues *self, guint index, gint64 n)
{
  gint64 head = index / parts_of_head (self), part = index % parts_of_head (self), slots = round_up (n, L4_BLOCK_COLUMNS);
  gint64 column_blocks = value_columns (self) / L4_BLOCK_COLUMNS;
  float *scales = part == 1 + column_blocks ? self->key_scales : self->value_scales;

  if (part == 0)
    return (L4KeyValuesPart) { key_block (self, head, 0), slots * key_depth (self) * element_size (self), FALSE };
  if (part <= column_blocks)
    return (L4KeyValuesPart) { value_block (self, head, part - 1, 0), slots * L4_BLOCK_COLUMNS * element_size (self), FALSE };
  return (L4KeyValuesPart) { (guint8 *) (scales + head * self->capacity), slots * sizeof (float), TRUE };
}

/* Two rows of 64 elements: one after the other, or two and two. */
static void
turn_integers (gboolean to_pairs, const gint8 *in, gint8 *out)
{
  for (guint i = 0; i < L4_BLOCK_COLUMNS; i++)
    for (guint row = 0; row < 2; row++)
      if (to_pairs)
        out[2 * i + row] = in[row * L4_BLOCK_COLUMNS + i];
      else
        out[row * L4_BLOCK_COLUMNS + i] = in[2 * i + row];
}

static void
to_pairs (const float *in, guint16 *out)
{
  float pairs[2 * L4_BLOCK_COLUMNS];

  for (guint i = 0; i < L4_BLOCK_COLUMNS; i++)
    for (guint row = 0; row < 2; row++)
      pairs[2 * i + row] = in[row * L4_BLOCK_COLUMNS + i];
  l4_kernels ()->to_bf16 (pairs, 2 * L4_BLOCK_COLUMNS, out);
}

static void
from_pairs (const guint16 *in, float *out)
{
  for (guint i = 0; i < L4_BLOCK_COLUMNS; i++)
    for (guint row = 0; row < 2; row++)
      out[row * L4_BLOCK_COLUMNS + i] = l4_bf16_to_float (in[2 * i + row]);
}

void
l4_key_values_turn (L4BlockKind from, L4BlockKind to, gboolean int8, const void *in, gsize n, void *out)
{
  if (from == to)
    memcpy (out, in, n * l4_key_values_element (from, int8));
  for (gsize at = 0; from != to && at < n; at += 2 * L4_BLOCK_COLUMNS)
    if (int8)
      turn_integers (to == L4_BLOCK_BF16, (const gint8 *) in + at, (gint8 *) out + at);
    else if (to == L4_BLOCK_BF16)
      to_pairs ((const float *) in + at, (guint16 *) out + at);
    else
      from_pairs ((const guint16 *) in + at, (float *) out + at);
}
