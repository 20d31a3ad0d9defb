/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns weights into the blocks of a file's type: plain numbers and blocks of 32. */

#include "blocks/quantise.h"

#include <math.h>
#include <string.h>

#include "base/bf16.h"
#include "base/half.h"
#include "blocks/quantise-private.h"

#define BLOCK 32

/* Plain numbers: n at a time ------------------------------------------------------------------------------------------- */

static void
f32_from_float (const float *weights, gsize n, guint8 *out)
{
  for (gsize i = 0; i < n; i++) {
    guint32 bits;

    memcpy (&bits, &weights[i], sizeof bits);
    bits = GUINT32_TO_LE (bits);
    memcpy (out + i * sizeof bits, &bits, sizeof bits);
  }
}

static void
f16_from_float (const float *weights, gsize n, guint8 *out)
{
  for (gsize i = 0; i < n; i++)
    l4_store_u16 (out + 2 * i, l4_half_from_float (weights[i]));
}

static void
bf16_from_float (const float *weights, gsize n, guint8 *out)
{
  for (gsize i = 0; i < n; i++)
    l4_store_u16 (out + 2 * i, l4_bf16_from_float (weights[i]));
}

/* Blocks of 32 --------------------------------------------------------------------------------------------------------- */

/* The nearest whole number, halves away from zero, of |value| < 2^22; what roundf() does, in a form that compilers vectorise. */
static inline gint
nearest (float value)
{
  gint whole = (gint) value;
  float rest = value - (float) whole;

  return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

static void
q8_0_from_float (const float *weights, guint8 *block)
{
  float largest = 0, d, inverse;

  for (guint i = 0; i < BLOCK; i++)
    largest = MAX (largest, fabsf (weights[i]));
  d = largest / 127;
  inverse = d != 0 ? 1 / d : 0;
  l4_store_u16 (block, l4_half_from_float (d));
  for (guint i = 0; i < BLOCK; i++)
    ((gint8 *) block)[2 + i] = (gint8) nearest (weights[i] * inverse);
}

/* The scale has the opposite sign of the first weight of the largest size, which so becomes -8 exactly. */
static void
q4_0_from_float (const float *weights, guint8 *block)
{
  float largest = 0, signed_largest = 0, d, inverse;
  guint8 q[BLOCK];

  for (guint i = 0; i < BLOCK; i++)
    if (fabsf (weights[i]) > largest) {
      largest = fabsf (weights[i]);
      signed_largest = weights[i];
    }
  d = signed_largest / -8;
  inverse = d != 0 ? 1 / d : 0;
  l4_store_u16 (block, l4_half_from_float (d));
  for (guint i = 0; i < BLOCK; i++)
    q[i] = (guint8) MIN (15, (gint) (weights[i] * inverse + 8.5f));
  for (guint i = 0; i < BLOCK / 2; i++)
    block[2 + i] = q[i] | q[i + BLOCK / 2] << 4;
}

/* All types ------------------------------------------------------------------------------------------------------------ */

static void (*const plain[L4_N_TYPES]) (const float *weights, gsize n, guint8 *out) = {
  [L4_TYPE_F32] = f32_from_float,
  [L4_TYPE_F16] = f16_from_float,
  [L4_TYPE_BF16] = bf16_from_float,
};

/* One block. */
static void (*const blocked[L4_N_TYPES]) (const float *weights, guint8 *block) = {
  [L4_TYPE_Q8_0] = q8_0_from_float,
  [L4_TYPE_Q4_0] = q4_0_from_float,
  [L4_TYPE_Q4_K] = l4_q4_k_from_float,
  [L4_TYPE_Q6_K] = l4_q6_k_from_float,
};

gboolean
l4_quantise_can (L4Type type)
{
  return type < L4_N_TYPES && (plain[type] != NULL || blocked[type] != NULL);
}

/* The largest weight that stays finite; in blocks the scale, a half, may be as large as a weight. */
static float
limit (L4Type type)
{
  return type == L4_TYPE_F32 ? G_MAXFLOAT : type == L4_TYPE_BF16 ? 0x1.fep127f : 65504.0f;
}

gboolean
l4_quantise (L4Type type, const float *weights, gsize n, void *blocks)
{
  const L4TypeInfo *info = l4_type_info (type);
  guint8 *block = blocks;
  float largest = limit (type);
  gboolean good = TRUE;

  for (gsize i = 0; i < n; i++)
    good &= fabsf (weights[i]) <= largest;
  if (!good)
    return FALSE;
  if (plain[type] != NULL)
    plain[type] (weights, n, blocks);
  else
    for (gsize i = 0; i < n; i += info->block_elements, block += info->block_bytes)
      blocked[type] (weights + i, block);
  return TRUE;
}
