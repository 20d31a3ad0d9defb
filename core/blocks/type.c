/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types that weights have in files: their names, their sizes, and what their blocks mean. */

#include "blocks/type.h"

#include <string.h>

#include "base/bf16.h"
#include "blocks/codebook.h"
#include "blocks/load.h"

/* Numbers of their own -------------------------------------------------------------------------------------------------- */

static void
f32_to_float (const guint8 *block, float *out)
{
  guint32 bits = l4_load_u32 (block);

  memcpy (out, &bits, sizeof *out);
}

static void
f16_to_float (const guint8 *block, float *out)
{
  *out = l4_load_half (block);
}

static void
bf16_to_float (const guint8 *block, float *out)
{
  *out = l4_bf16_to_float (l4_load_u16 (block));
}

/* Sign, 4 bits of exponent with bias 7, 3 bits of mantissa. */
static void
f8_e4m3_to_float (const guint8 *block, float *out)
{
  guint32 exponent = (*block >> 3) & 15, mantissa = *block & 7;
  guint32 sign = (guint32) (*block & 0x80) << 24, bits = sign | (exponent + 120) << 23 | mantissa << 20;

  if (exponent == 15 && mantissa == 7)
    bits = sign | 0x7fc00000;
  memcpy (out, &bits, sizeof *out);
  if (exponent == 0)
    *out = (sign ? -1.0f : 1.0f) * (float) mantissa * 0x1p-9f;
}

/* Blocks of 32 ---------------------------------------------------------------------------------------------------------- */

static const gint8 iq4_values[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };

/* Weight i of 32 in 16 bytes: the low nibbles first, then the high ones. */
static inline guint
nibble (const guint8 *qs, guint i)
{
  return i < 16 ? qs[i] & 15 : qs[i - 16] >> 4;
}

/* The same with the fifth bit from a word. */
static inline guint
five_bits (const guint8 *qs, guint32 high, guint i)
{
  return nibble (qs, i) | ((high >> i) & 1) << 4;
}

static void
q4_0_to_float (const guint8 *block, float *out)
{
  float d = l4_load_half (block);

  for (guint i = 0; i < L4_BLOCK; i++)
    out[i] = d * (float) ((gint) nibble (block + 2, i) - 8);
}

static void
q4_1_to_float (const guint8 *block, float *out)
{
  float d = l4_load_half (block), m = l4_load_half (block + 2);

  for (guint i = 0; i < L4_BLOCK; i++)
    out[i] = d * (float) nibble (block + 4, i) + m;
}

static void
q5_0_to_float (const guint8 *block, float *out)
{
  float d = l4_load_half (block);

  for (guint i = 0; i < L4_BLOCK; i++)
    out[i] = d * (float) ((gint) five_bits (block + 6, l4_load_u32 (block + 2), i) - 16);
}

static void
q5_1_to_float (const guint8 *block, float *out)
{
  float d = l4_load_half (block), m = l4_load_half (block + 2);

  for (guint i = 0; i < L4_BLOCK; i++)
    out[i] = d * (float) five_bits (block + 8, l4_load_u32 (block + 4), i) + m;
}

static void
q8_0_to_float (const guint8 *block, float *out)
{
  float d = l4_load_half (block);

  for (guint i = 0; i < L4_BLOCK; i++)
    out[i] = d * (float) (gint8) block[2 + i];
}

static void
iq4_nl_to_float (const guint8 *block, float *out)
{
  float d = l4_load_half (block);

  for (guint i = 0; i < L4_BLOCK; i++)
    out[i] = d * (float) iq4_values[nibble (block + 2, i)];
}

/* The values are twice those of four bits with two of exponent, the scale half a power of two by its exponent alone. */
static void
mxfp4_to_float (const guint8 *block, float *out)
{
  static const gint8 values[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };
  guint32 bits = block[0] < 2 ? 0x00200000u << block[0] : (guint32) (block[0] - 1) << 23;
  float d;

  memcpy (&d, &bits, sizeof d);
  for (guint i = 0; i < L4_BLOCK; i++)
    out[i] = d * (float) values[nibble (block + 1, i)];
}

/* Blocks of 256 --------------------------------------------------------------------------------------------------------- */

/* Two bits of weight i: each 32 bytes hold 128 weights, in four planes. */
static inline guint
two_bits (const guint8 *qs, guint i)
{
  return (qs[32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32))) & 3;
}

static void
q2_k_to_float (const guint8 *block, float *out)
{
  const guint8 *scales = block, *qs = block + 16;
  float d = l4_load_half (block + 80), dmin = l4_load_half (block + 82);

  for (guint i = 0; i < L4_SUPER; i++) {
    guint8 scale = scales[i / 16];

    out[i] = d * (float) (scale & 15) * (float) two_bits (qs, i) - dmin * (float) (scale >> 4);
  }
}

static void
q3_k_to_float (const guint8 *block, float *out)
{
  const guint8 *hmask = block, *qs = block + 32, *scales = block + 96;
  float d = l4_load_half (block + 108);

  for (guint i = 0; i < L4_SUPER; i++) {
    guint k = i / 16, high = (hmask[i % 32] >> (i / 32)) & 1;
    guint low_bits = (scales[k % 8] >> (4 * (k / 8))) & 15, high_bits = (scales[8 + k % 4] >> (2 * (k / 4))) & 3;

    out[i] = d * (float) ((gint) (low_bits | high_bits << 4) - 32) * (float) ((gint) two_bits (qs, i) - (high ? 0 : 4));
  }
}

/* Scale and minimum of group j of 8, six bits each, in 12 bytes. */
static inline void
scale_and_min (const guint8 *s, guint j, guint *scale, guint *min)
{
  if (j < 4) {
    *scale = s[j] & 63;
    *min = s[j + 4] & 63;
  } else {
    *scale = (guint) ((s[j + 4] & 15) | (s[j - 4] >> 6) << 4);
    *min = (guint) ((s[j + 4] >> 4) | (s[j] >> 6) << 4);
  }
}

/* Q4_K; with high bits (32 bytes) Q5_K. */
static void
k_with_mins_to_float (const guint8 *block, const guint8 *high, const guint8 *qs, float *out)
{
  float d = l4_load_half (block), dmin = l4_load_half (block + 2);

  for (guint j = 0; j < L4_SUPER / 32; j++) {
    guint scale, min;

    scale_and_min (block + 4, j, &scale, &min);
    for (guint i = 0; i < 32; i++) {
      guint q = (qs[32 * (j / 2) + i] >> (4 * (j % 2))) & 15;

      if (high != NULL)
        q |= (guint) ((high[i] >> j) & 1) << 4;
      out[32 * j + i] = d * (float) scale * (float) q - dmin * (float) min;
    }
  }
}

static void
q4_k_to_float (const guint8 *block, float *out)
{
  k_with_mins_to_float (block, NULL, block + 16, out);
}

static void
q5_k_to_float (const guint8 *block, float *out)
{
  k_with_mins_to_float (block, block + 16, block + 48, out);
}

static void
q6_k_to_float (const guint8 *block, float *out)
{
  const guint8 *ql = block, *qh = block + 128, *scales = block + 192;
  float d = l4_load_half (block + 208);

  for (guint i = 0; i < L4_SUPER; i++) {
    guint half = i / 128, r = i % 128;
    guint low = (ql[64 * half + r % 64] >> (4 * (r / 64))) & 15, high = (qh[32 * half + r % 32] >> (2 * (r / 32))) & 3;

    out[i] = d * (float) (gint8) scales[i / 16] * (float) ((gint) (low | high << 4) - 32);
  }
}

static void
iq4_xs_to_float (const guint8 *block, float *out)
{
  guint scales_high = l4_load_u16 (block + 2);
  const guint8 *scales_low = block + 4, *qs = block + 8;
  float d = l4_load_half (block);

  for (guint g = 0; g < L4_SUPER / 32; g++) {
    guint scale = ((scales_low[g / 2] >> (4 * (g % 2))) & 15) | ((scales_high >> (2 * g)) & 3) << 4;

    for (guint i = 0; i < 32; i++)
      out[32 * g + i] = d * (float) ((gint) scale - 32) * (float) iq4_values[nibble (qs + 16 * g, i)];
  }
}

/* Blocks of folders ----------------------------------------------------------------------------------------------------- */

/* A scale of float32, the last byte of which is the zero instead, and n weights. What folders have of scales leaves that byte free. */
static void
int4_to_float (const guint8 *block, guint n, float *out)
{
  guint32 head = l4_load_u32 (block), bits = head & 0xffffff00;
  float scale, zero;

  memcpy (&scale, &bits, sizeof scale);
  zero = scale * (float) (head & 255);
  for (guint g = 0; g < n / L4_BLOCK; g++)
    for (guint i = 0; i < L4_BLOCK; i++)
      out[L4_BLOCK * g + i] = scale * (float) nibble (block + 4 + 16 * g, i) - zero;
}

static void
int4_32_to_float (const guint8 *block, float *out)
{
  int4_to_float (block, L4_BLOCK, out);
}

static void
int4_128_to_float (const guint8 *block, float *out)
{
  int4_to_float (block, L4_SHARED, out);
}

static void
f8_128_to_float (const guint8 *block, float *out)
{
  guint32 bits = l4_load_u32 (block);
  float scale;

  memcpy (&scale, &bits, sizeof scale);
  for (guint i = 0; i < L4_SHARED; i++) {
    f8_e4m3_to_float (block + 4 + i, out + i);
    out[i] *= scale;
  }
}

/* The table ------------------------------------------------------------------------------------------------------------- */

static const struct
{
  L4TypeInfo info;
  void (*to_float) (const guint8 *block, float *out);
} types[L4_N_TYPES] = {
  [L4_TYPE_F32] = {{"F32", 1, 4, 0}, f32_to_float},
  [L4_TYPE_F16] = {{"F16", 1, 2, 1}, f16_to_float},
  [L4_TYPE_BF16] = {{"BF16", 1, 2, 30}, bf16_to_float},
  [L4_TYPE_F8_E4M3] = {{"F8_E4M3", 1, 1, -1}, f8_e4m3_to_float},
  [L4_TYPE_Q4_0] = {{"Q4_0", L4_BLOCK, 18, 2}, q4_0_to_float},
  [L4_TYPE_Q4_1] = {{"Q4_1", L4_BLOCK, 20, 3}, q4_1_to_float},
  [L4_TYPE_Q5_0] = {{"Q5_0", L4_BLOCK, 22, 6}, q5_0_to_float},
  [L4_TYPE_Q5_1] = {{"Q5_1", L4_BLOCK, 24, 7}, q5_1_to_float},
  [L4_TYPE_Q8_0] = {{"Q8_0", L4_BLOCK, 34, 8}, q8_0_to_float},
  [L4_TYPE_Q2_K] = {{"Q2_K", L4_SUPER, 84, 10}, q2_k_to_float},
  [L4_TYPE_Q3_K] = {{"Q3_K", L4_SUPER, 110, 11}, q3_k_to_float},
  [L4_TYPE_Q4_K] = {{"Q4_K", L4_SUPER, 144, 12}, q4_k_to_float},
  [L4_TYPE_Q5_K] = {{"Q5_K", L4_SUPER, 176, 13}, q5_k_to_float},
  [L4_TYPE_Q6_K] = {{"Q6_K", L4_SUPER, 210, 14}, q6_k_to_float},
  [L4_TYPE_IQ4_NL] = {{"IQ4_NL", L4_BLOCK, 18, 20}, iq4_nl_to_float},
  [L4_TYPE_IQ4_XS] = {{"IQ4_XS", L4_SUPER, 136, 23}, iq4_xs_to_float},
  [L4_TYPE_IQ2_XXS] = {{"IQ2_XXS", L4_SUPER, 66, 16}, l4_iq2_xxs_to_float},
  [L4_TYPE_IQ2_XS] = {{"IQ2_XS", L4_SUPER, 74, 17}, l4_iq2_xs_to_float},
  [L4_TYPE_IQ2_S] = {{"IQ2_S", L4_SUPER, 82, 22}, l4_iq2_s_to_float},
  [L4_TYPE_IQ3_XXS] = {{"IQ3_XXS", L4_SUPER, 98, 18}, l4_iq3_xxs_to_float},
  [L4_TYPE_IQ3_S] = {{"IQ3_S", L4_SUPER, 110, 21}, l4_iq3_s_to_float},
  [L4_TYPE_IQ1_S] = {{"IQ1_S", L4_SUPER, 50, 19}, l4_iq1_s_to_float},
  [L4_TYPE_IQ1_M] = {{"IQ1_M", L4_SUPER, 56, 29}, l4_iq1_m_to_float},
  [L4_TYPE_TQ1_0] = {{"TQ1_0", L4_SUPER, 54, 34}, l4_tq1_0_to_float},
  [L4_TYPE_TQ2_0] = {{"TQ2_0", L4_SUPER, 66, 35}, l4_tq2_0_to_float},
  [L4_TYPE_MXFP4] = {{"MXFP4", L4_BLOCK, 17, 39}, mxfp4_to_float},
  [L4_TYPE_INT4_32] = {{"INT4_32", L4_BLOCK, 20, -1}, int4_32_to_float},
  [L4_TYPE_INT4_128] = {{"INT4_128", L4_SHARED, 68, -1}, int4_128_to_float},
  [L4_TYPE_F8_128] = {{"F8_128", L4_SHARED, 132, -1}, f8_128_to_float},
};

const L4TypeInfo *
l4_type_info (L4Type type)
{
  return &types[type].info;
}

const char *
l4_type_name (L4Type type)
{
  return type < L4_N_TYPES ? types[type].info.name : "other";
}

L4Type
l4_type_from_ggml (guint32 ggml)
{
  for (guint i = 0; i < L4_N_TYPES; i++)
    if (types[i].info.ggml >= 0 && (guint32) types[i].info.ggml == ggml)
      return (L4Type) i;
  return L4_TYPE_OTHER;
}

L4Type
l4_type_from_name (const char *name)
{
  for (guint i = 0; i < L4_N_TYPES; i++)
    if (g_ascii_strcasecmp (types[i].info.name, name) == 0)
      return (L4Type) i;
  return L4_TYPE_OTHER;
}

gboolean
l4_type_bytes (L4Type type, gsize n, gsize *bytes)
{
  const L4TypeInfo *info = &types[type].info;

  return n % info->block_elements == 0 && g_size_checked_mul (bytes, n / info->block_elements, info->block_bytes);
}

void
l4_type_to_float (L4Type type, const void *blocks, gsize n, float *out)
{
  const L4TypeInfo *info = &types[type].info;
  const guint8 *block = blocks;

  for (gsize i = 0; i < n; i += info->block_elements, block += info->block_bytes)
    types[type].to_float (block, out + i);
}
