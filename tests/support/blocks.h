/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random rows of weights of every type, with scales that keep them finite. */

#pragma once

#include <string.h>

#include "blocks/type.h"

/* Where a block of a type has its halves (scales and minima): offsets, -1 terminated. */
static inline const int *
blocks_halves (L4Type type)
{
  static const int at[L4_N_TYPES][3] = {
    [L4_TYPE_F16] = {0, -1}, [L4_TYPE_Q4_0] = {0, -1}, [L4_TYPE_Q4_1] = {0, 2, -1}, [L4_TYPE_Q5_0] = {0, -1},
    [L4_TYPE_Q5_1] = {0, 2, -1}, [L4_TYPE_Q8_0] = {0, -1}, [L4_TYPE_Q2_K] = {80, 82, -1}, [L4_TYPE_Q3_K] = {108, -1},
    [L4_TYPE_Q4_K] = {0, 2, -1}, [L4_TYPE_Q5_K] = {0, 2, -1}, [L4_TYPE_Q6_K] = {208, -1}, [L4_TYPE_IQ4_NL] = {0, -1},
    [L4_TYPE_IQ4_XS] = {0, -1}, [L4_TYPE_IQ2_XXS] = {0, -1}, [L4_TYPE_IQ2_XS] = {0, -1},
    [L4_TYPE_IQ2_S] = {0, -1}, [L4_TYPE_IQ3_XXS] = {0, -1}, [L4_TYPE_IQ3_S] = {0, -1}, [L4_TYPE_IQ1_S] = {0, -1},
    [L4_TYPE_IQ1_M] = {-1}, [L4_TYPE_TQ1_0] = {52, -1}, [L4_TYPE_TQ2_0] = {64, -1}, [L4_TYPE_MXFP4] = {-1},
    [L4_TYPE_F32] = {-1}, [L4_TYPE_BF16] = {-1}, [L4_TYPE_F8_E4M3] = {-1}, [L4_TYPE_INT4_128] = {-1},
    [L4_TYPE_F8_128] = {-1}, [L4_TYPE_INT4_32] = {-1},
  };

  return at[type];
}

/* n weights of that type, a multiple of its block, whose bytes are that one but for the halves; -1: random ones. g_free() */
static inline guint8 *
blocks_of (int byte, GRand *random, L4Type type, gsize n)
{
  const L4TypeInfo *info = l4_type_info (type);
  gsize count = n / info->block_elements;
  guint8 *bytes = g_malloc (count * info->block_bytes + 1);

  for (gsize i = 0; i < count * info->block_bytes; i++)
    bytes[i] = byte >= 0 ? byte : g_rand_int_range (random, 0, 256);
  for (gsize b = 0; b < count; b++) {
    guint8 *block = bytes + b * info->block_bytes;

    for (const int *at = blocks_halves (type); *at >= 0; at++) {
      guint16 half = g_rand_int_range (random, 0x2000, 0x2c00) | (g_rand_boolean (random) ? 0x8000 : 0);  /* ± 2^-7 … 2^-4 */

      memcpy (block + *at, &half, sizeof half);
    }
    if (type == L4_TYPE_IQ1_M) {        /* its half lies in the upper four bits of four words */
      guint16 half = g_rand_int_range (random, 0x2000, 0x2c00);

      for (guint i = 0; i < 4; i++)
        block[49 + 2 * i] = (block[49 + 2 * i] & 15) | (half >> (4 * i) & 15) << 4;
    }
    if (type == L4_TYPE_MXFP4)
      block[0] = g_rand_int_range (random, 118, 124);
    if (type == L4_TYPE_BF16)
      block[1] = 0x3e | (block[1] & 0x80);
    if (type == L4_TYPE_F32) {
      float value = g_rand_double_range (random, -1, 1);

      memcpy (block, &value, sizeof value);
    }
    if (type == L4_TYPE_INT4_32 || type == L4_TYPE_INT4_128 || type == L4_TYPE_F8_128) {   /* scales of ± 2^-7 … 2^-4 */
      block[3] = (guint8) ((block[3] & 0x80) | g_rand_int_range (random, 0x3c, 0x3e));
      block[0] &= type == L4_TYPE_F8_128 ? 255 : 15;
    }
    for (guint i = 0; type == L4_TYPE_F8_128 && i < 128; i++)   /* finite codes */
      block[4 + i] = (guint8) ((block[4 + i] & 0x80) | (block[4 + i] & 0x7f) % 0x48);
    if (type == L4_TYPE_F8_E4M3)
      block[0] = (block[0] & 0x80) | g_rand_int_range (random, 0, 0x48);
  }
  return bytes;
}

static inline guint8 *
blocks_random (GRand *random, L4Type type, gsize n)
{
  return blocks_of (-1, random, type, n);
}
