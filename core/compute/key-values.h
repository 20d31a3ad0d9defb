/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and values of one layer, laid out as the matrix kernels read them. */

#pragma once

#include "compute/brgemm.h"
#include "compute/compute.h"

/* kind: bfloat16 where the precision allows it and the machine multiplies it, else float32. Stored as that, or as 8-bit integers that
 * become whole numbers of that kind when they are read; the scales of every head's key and value of a slot then go to the scores and to
 * the weights. Padding is zero. */
typedef struct
{
  L4BlockKind kind;
  gboolean int8;
  gint64 n_heads;
  gint64 head_dim;
  gint64 capacity;              /* slots: a multiple of 64 */
  guint8 *keys;                 /* [n_heads][capacity / 64] blocks of 64 columns, head_dim up to a multiple of 32 deep */
  guint8 *values;               /* [n_heads][head_dim up to 64, / 64] blocks of 64 columns, capacity deep */
  float *key_scales;            /* [n_heads][capacity]; NULL: 1 */
  float *value_scales;          /* the same */
} L4KeyValues;

/* Room for at least capacity slots; FALSE with L4_ERROR_MEMORY. */
gboolean l4_key_values_init (L4KeyValues *self, const L4Compute *compute, gboolean int8, gint64 n_heads, gint64 head_dim,
    gint64 capacity, GError **error);
void l4_key_values_clear (L4KeyValues *self);

/* The kind that l4_key_values_init() chooses, and the bytes of a stored element. */
L4BlockKind l4_key_values_kind (const L4Compute *compute);
gsize l4_key_values_element (L4BlockKind kind, gboolean int8);

/* Bytes that l4_key_values_init() takes where that kind is chosen; G_MAXUINT64 when they cannot be counted. */
guint64 l4_key_values_bytes (L4BlockKind kind, gboolean int8, gint64 n_heads, gint64 head_dim, gint64 capacity);

/* Stores the keys and values [n, n_heads, head_dim] of n tokens from slot on; slot + n <= capacity. */
void l4_key_values_store (L4KeyValues *self, L4Compute *compute, gint64 slot, const float *keys, const float *values, gint64 n);

/* The 64 keys from slot (a multiple of 64) on, and `width` values (a multiple of 32) of columns 64 * c … from that slot on, as blocks
 * for the matrix kernels: where they lie, or made in scratch, room for as many floats. */
const void *l4_key_values_key_block (const L4KeyValues *self, gint64 head, gint64 slot, void *scratch);
const void *l4_key_values_value_block (const L4KeyValues *self, gint64 head, gint64 c, gint64 slot, gint64 width, void *scratch);

/* The memory of the first n slots, up to a multiple of 64, in l4_key_values_n_parts() parts: the same ones for as many slots of whatever
 * capacity. */
typedef struct
{
  guint8 *data;
  gsize bytes;
  gboolean is_scales;           /* floats; else rows of 64 elements, of bfloat16 (and of 8-bit integers that become it) two and two */
} L4KeyValuesPart;

guint l4_key_values_n_parts (const L4KeyValues *self);
L4KeyValuesPart l4_key_values_part (const L4KeyValues *self, guint index, gint64 n);

/* n elements of a part that is no scales, a multiple of 128, of one kind as the other kind has them; in and out do not overlap. */
void l4_key_values_turn (L4BlockKind from, L4BlockKind to, gboolean int8, const void *in, gsize n, void *out);
