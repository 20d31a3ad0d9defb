/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and values of one layer, laid out as the matrix kernels read them. */

#include "compute/key-values.h"

#include "base/bf16.h"
#include "base/memory.h"
#include "compute/compute-private.h"

#define KEY_STEP 32             /* of head_dim, in keys */

static gint64
round_up (gint64 n, gint64 step)
{
  return (n + step - 1) / step * step;
}

static gsize
element_size (const L4KeyValues *self)
{
  return self->kind == L4_BLOCK_BF16 ? sizeof (guint16) : sizeof (float);
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

static L4BlockKind
choose_kind (const L4Compute *compute)
{
  return compute->precision == L4_PRECISION_BF16 && l4_brgemm_has_bf16 (compute->brgemm) ? L4_BLOCK_BF16 : L4_BLOCK_F32;
}

gboolean
l4_key_values_init (L4KeyValues *self, const L4Compute *compute, gint64 n_heads, gint64 head_dim, gint64 capacity, GError **error)
{
  gsize keys, values;

  *self = (L4KeyValues) {.n_heads = n_heads,.head_dim = head_dim,.capacity = round_up (capacity, L4_BLOCK_COLUMNS) };
  self->kind = choose_kind (compute);
  if (!l4_checked_product ((gint64[]) { n_heads, self->capacity, key_depth (self) }, 3, element_size (self), &keys)
      || !l4_checked_product ((gint64[]) { n_heads, self->capacity, value_columns (self) }, 3, element_size (self), &values))
    return l4_fail (error, L4_ERROR_MEMORY, _("a context of %" PRId64 " tokens cannot be stored"), capacity);
  self->keys = l4_alloc (keys, _("key cache"), error);
  self->values = self->keys != NULL ? l4_alloc (values, _("value cache"), error) : NULL;
  return self->values != NULL;
}

void
l4_key_values_clear (L4KeyValues *self)
{
  l4_free (self->keys);
  l4_free (self->values);
  *self = (L4KeyValues) { 0 };
}

guint64
l4_key_values_bytes (const L4Compute *compute, gint64 n_heads, gint64 head_dim, gint64 capacity)
{
  L4KeyValues shape = {.n_heads = n_heads,.head_dim = head_dim };
  gsize bytes;

  shape.kind = choose_kind (compute);
  return l4_checked_product ((gint64[]) { n_heads, round_up (capacity, L4_BLOCK_COLUMNS), key_depth (&shape) + value_columns (&shape) },
      3, element_size (&shape), &bytes) ? bytes : G_MAXUINT64;
}

const void *
l4_key_values_key_block (const L4KeyValues *self, gint64 head, gint64 slot)
{
  return self->keys + (head * self->capacity + slot) * key_depth (self) * element_size (self);
}

const void *
l4_key_values_value_block (const L4KeyValues *self, gint64 head, gint64 c, gint64 slot)
{
  gint64 column_blocks = value_columns (self) / L4_BLOCK_COLUMNS;

  return self->values + ((head * column_blocks + c) * self->capacity + slot) * L4_BLOCK_COLUMNS * element_size (self);
}

/* Element (row, column) of a block that is 64 columns wide: bfloat16 has two rows side by side. */
static void
put (L4BlockKind kind, void *block, gint64 row, gint64 column, float value)
{
  if (kind == L4_BLOCK_BF16)
    ((guint16 *) block)[(row / 2 * L4_BLOCK_COLUMNS + column) * 2 + row % 2] = l4_bf16_from_float (value);
  else
    ((float *) block)[row * L4_BLOCK_COLUMNS + column] = value;
}

typedef struct
{
  L4KeyValues *self;
  gint64 slot, n;
  const float *keys, *values;
} Store;

/* One head of all tokens. */
static void
store_head (gpointer data, gsize head, guint thread)
{
  const Store *job = data;
  const L4KeyValues *self = job->self;
  gint64 d = self->head_dim;

  for (gint64 t = 0; t < job->n; t++) {
    gint64 slot = job->slot + t, first = slot / L4_BLOCK_COLUMNS * L4_BLOCK_COLUMNS;
    const float *key = job->keys + (t * self->n_heads + head) * d, *value = job->values + (t * self->n_heads + head) * d;
    void *block = (void *) l4_key_values_key_block (self, head, first);

    for (gint64 i = 0; i < d; i++)
      put (self->kind, block, i, slot - first, key[i]);
    for (gint64 c = 0; c * L4_BLOCK_COLUMNS < d; c++) {
      block = (void *) l4_key_values_value_block (self, head, c, 0);
      for (gint64 i = c * L4_BLOCK_COLUMNS; i < MIN (d, (c + 1) * L4_BLOCK_COLUMNS); i++)
        put (self->kind, block, slot, i - c * L4_BLOCK_COLUMNS, value[i]);
    }
  }
}

void
l4_key_values_store (L4KeyValues *self, L4Compute *compute, gint64 slot, const float *keys, const float *values, gint64 n)
{
  Store job = { self, slot, n, keys, values };

  l4_compute_run (compute, store_head, &job, self->n_heads, 2 * n * self->n_heads * self->head_dim);
}
