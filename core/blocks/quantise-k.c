/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns weights into blocks of 256 whose groups have scales of their own, with the least squared error that a search finds. */

#include <math.h>
#include <string.h>

#include "base/half.h"
#include "blocks/quantise-private.h"

#define SUPER 256
#define LANES 4
#define ROUNDS 3                /* fits of the block's scale to the groups' whole numbers */

/* Four weights. Everything here is exact to the last bit on every machine: sums go lane by lane, then over the lanes. */
typedef float F4 __attribute__ ((vector_size (16)));
typedef gint32 I4 __attribute__ ((vector_size (16)));

static inline float
sum (F4 v)
{
  return (v[0] + v[1]) + (v[2] + v[3]);
}

static inline F4
load (const float *at)
{
  F4 v;

  memcpy (&v, at, sizeof v);
  return v;
}

/* The nearest whole number within 0 … most; below 2^22, NaN excluded. */
static inline F4
nearest (F4 value, float most)
{
  F4 low = value + 0.5f, top = (F4) { most, most, most, most };

  low = (F4) ((I4) low & (low > 0));
  low = (F4) (((I4) low & (low < top)) | ((I4) top & (low >= top)));
  return __builtin_convertvector (__builtin_convertvector (low, I4), F4);
}

static inline float
inverse (float value)
{
  return value != 0 ? 1 / value : 0;
}

/* Q4_K: 8 groups of 32, weight = d scale q - dmin min, q of 4 bits, scale and min of 6 ---------------------------------- */

#define Q4_GROUPS 8
#define Q4_GROUP 32
#define Q4_MOST 15.0f
#define Q4_STEPS 16             /* grids that are tried for each group */
#define SIX_BITS 63

/* What a group's weights x and their numbers q give together. */
typedef struct
{
  float x, q, qq, xq;
} Q4Sums;

/* The numbers of x on the grid low + q / inverse_step. */
static inline Q4Sums
q4_sums (const float *x, float low, float inverse_step)
{
  F4 sx = { 0 }, sq = { 0 }, sqq = { 0 }, sxq = { 0 };

  for (guint i = 0; i < Q4_GROUP; i += LANES) {
    F4 v = load (x + i), q = nearest ((v - low) * inverse_step, Q4_MOST);

    sx += v;
    sq += q;
    sqq += q * q;
    sxq += v * q;
  }
  return (Q4Sums) { sum (sx), sum (sq), sum (sqq), sum (sxq) };
}

/* The best step and low (not above 0) for these numbers; returns by how much they make the squared error smaller than sum x². */
static inline float
q4_fit (const Q4Sums *sums, float *step, float *low)
{
  float determinant = Q4_GROUP * sums->qq - sums->q * sums->q;

  *step = determinant > 0 ? (Q4_GROUP * sums->xq - sums->x * sums->q) / determinant : 0;
  *low = (sums->x - *step * sums->q) / Q4_GROUP;
  if (*low > 0 || *step < 0) {
    *low = 0;
    *step = sums->qq > 0 ? MAX (sums->xq / sums->qq, 0) : 0;
  }
  return *step * sums->xq + *low * sums->x;
}

/* The best grid for one group by itself. */
static void
q4_search (const float *x, float *step, float *low)
{
  float smallest = 0, largest = -G_MAXFLOAT, best = -1;

  for (guint i = 0; i < Q4_GROUP; i++) {
    smallest = MIN (smallest, x[i]);
    largest = MAX (largest, x[i]);
  }
  *step = 0;
  *low = smallest;
  for (gint k = 0; k < Q4_STEPS + 2 && largest > smallest; k++) {
    /* grids from one a step too wide to one that clips the largest weights, then twice the best with its own numbers again */
    float from = k < Q4_STEPS ? smallest : *low, a, b;
    float per_step = k < Q4_STEPS ? (Q4_MOST - 0.9f + 0.15f * (float) k) / (largest - smallest) : inverse (*step);
    Q4Sums sums = q4_sums (x, from, per_step);
    float gain = q4_fit (&sums, &a, &b);

    if (gain > best) {
      best = gain;
      *step = a;
      *low = b;
    }
  }
}

static inline float
q4_error (const float *x, float step, float offset)
{
  F4 error = { 0 };
  float per_step = inverse (step);

  for (guint i = 0; i < Q4_GROUP; i += LANES) {
    F4 v = load (x + i) + offset, rest = v - nearest (v * per_step, Q4_MOST) * step;

    error += rest * rest;
  }
  return sum (error);
}

/* Of the whole numbers around scale and min the pair with the smallest error, which is returned. */
static float
q4_choose (const float *x, float d, float dmin, guint8 *scale, guint8 *min)
{
  gint at = *scale, from = *min;
  float best = G_MAXFLOAT;

  for (gint s = MAX (at - 1, 0); s <= MIN (at + 1, SIX_BITS); s++)
    for (gint m = MAX (from - 1, 0); m <= MIN (from + 1, SIX_BITS); m++) {
      float error = q4_error (x, d * (float) s, dmin * (float) m);

      if (error < best) {
        best = error;
        *scale = (guint8) s;
        *min = (guint8) m;
      }
    }
  return best;
}

/* The d and dmin that fit the groups' whole numbers best. */
static void
q4_refit (const float *x, const guint8 *scales, const guint8 *mins, float *d, float *dmin)
{
  double aa = 0, ab = 0, bb = 0, xa = 0, xb = 0, determinant;

  for (guint g = 0; g < Q4_GROUPS; g++) {
    double s = scales[g], m = mins[g];
    Q4Sums sums = q4_sums (x + g * Q4_GROUP, -*dmin * (float) m, inverse (*d * (float) s));

    aa += s * s * sums.qq;
    ab += s * m * sums.q;
    bb += m * m * Q4_GROUP;
    xa += s * sums.xq;
    xb += m * sums.x;
  }
  determinant = aa * bb - ab * ab;
  if (determinant > 1e-9 * aa * bb) {
    *d = (float) ((xa * bb - xb * ab) / determinant);
    *dmin = (float) ((xa * ab - xb * aa) / determinant);
  } else if (aa > 0) {
    *d = (float) (xa / aa);
  }
}

static inline float
to_half (float value)
{
  return l4_half_to_float (l4_half_from_float (value));
}

/* Scales and mins of 6 bits in 12 bytes: the last four of each keep their upper two bits with the first four. */
static void
q4_pack (const float *x, float d, float dmin, const guint8 *scales, const guint8 *mins, guint8 *block)
{
  guint8 *packed = block + 4, *q = block + 16;

  l4_store_u16 (block, l4_half_from_float (d));
  l4_store_u16 (block + 2, l4_half_from_float (dmin));
  for (guint g = 0; g < 4; g++) {
    packed[g] = scales[g] | (scales[g + 4] >> 4) << 6;
    packed[g + 4] = mins[g] | (mins[g + 4] >> 4) << 6;
    packed[g + 8] = (scales[g + 4] & 15) | (mins[g + 4] & 15) << 4;
  }
  for (guint i = 0; i < SUPER; i += LANES) {
    guint g = i / Q4_GROUP;
    F4 n = nearest ((load (x + i) + dmin * (float) mins[g]) * inverse (d * (float) scales[g]), Q4_MOST);
    guint8 *to = q + g / 2 * Q4_GROUP + i % Q4_GROUP;

    for (guint l = 0; l < LANES; l++)
      to[l] = (guint8) (g % 2 == 0 ? (guint) n[l] : to[l] | (guint) n[l] << 4);
  }
}

void
l4_q4_k_from_float (const float *weights, guint8 *block)
{
  float steps[Q4_GROUPS], offsets[Q4_GROUPS], d = 0, dmin = 0, best = G_MAXFLOAT;
  guint8 scales[Q4_GROUPS], mins[Q4_GROUPS];

  for (guint g = 0; g < Q4_GROUPS; g++) {
    q4_search (weights + g * Q4_GROUP, &steps[g], &offsets[g]);
    offsets[g] = -offsets[g];
    d = MAX (d, steps[g]);
    dmin = MAX (dmin, offsets[g]);
  }
  d = to_half (d / SIX_BITS);
  dmin = to_half (dmin / SIX_BITS);
  for (guint g = 0; g < Q4_GROUPS; g++) {
    scales[g] = (guint8) MIN (steps[g] * inverse (d) + 0.5f, SIX_BITS);
    mins[g] = (guint8) MIN (offsets[g] * inverse (dmin) + 0.5f, SIX_BITS);
  }
  for (guint round = 0; round < ROUNDS; round++) {
    float error = 0;

    for (guint g = 0; g < Q4_GROUPS; g++)
      error += q4_choose (weights + g * Q4_GROUP, d, dmin, &scales[g], &mins[g]);
    if (error >= best)
      return;
    best = error;
    q4_pack (weights, d, dmin, scales, mins, block);
    q4_refit (weights, scales, mins, &d, &dmin);
    d = to_half (d);
    dmin = to_half (dmin);
  }
}

/* Q6_K: 16 groups of 16, weight = d scale (q - 32), q of 6 bits, scale of 8 with a sign -------------------------------- */

#define Q6_GROUPS 16
#define Q6_GROUP 16
#define Q6_MOST 63.0f
#define Q6_ZERO 32.0f
#define Q6_STEPS 15

/* Sums of the products of the weights and their numbers, and of the numbers' squares, for steps of 1 / inverse_step. */
static inline void
q6_sums (const float *x, float inverse_step, float *xq, float *qq)
{
  F4 sxq = { 0 }, sqq = { 0 };

  for (guint i = 0; i < Q6_GROUP; i += LANES) {
    F4 v = load (x + i), q = nearest (v * inverse_step + Q6_ZERO, Q6_MOST) - Q6_ZERO;

    sxq += v * q;
    sqq += q * q;
  }
  *xq = sum (sxq);
  *qq = sum (sqq);
}

/* The best step for one group by itself: about that with which the weight of the largest size becomes -32. */
static float
q6_search (const float *x)
{
  float extreme = 0, step = 0, best = 0, xq, qq;

  for (guint i = 0; i < Q6_GROUP; i++)
    if (fabsf (x[i]) > fabsf (extreme))
      extreme = x[i];
  for (gint k = 0; k < Q6_STEPS + 1 && extreme != 0; k++) {
    q6_sums (x, k < Q6_STEPS ? (0.15f * (float) (Q6_STEPS / 2 - k) - Q6_ZERO) / extreme : inverse (step), &xq, &qq);
    if (qq > 0 && xq * xq > best * qq) {
      best = xq * xq / qq;
      step = xq / qq;
    }
  }
  return step;
}

/* Of the whole numbers around scale the one with the smallest error, which is returned. */
static float
q6_choose (const float *x, float d, gint8 *scale)
{
  gint at = *scale;
  float best = G_MAXFLOAT;

  for (gint s = MAX (at - 1, -128); s <= MIN (at + 1, 127); s++) {
    float step = d * (float) s, per_step = inverse (step);
    F4 error = { 0 };

    for (guint i = 0; i < Q6_GROUP; i += LANES) {
      F4 v = load (x + i), rest = v - (nearest (v * per_step + Q6_ZERO, Q6_MOST) - Q6_ZERO) * step;

      error += rest * rest;
    }
    if (sum (error) < best) {
      best = sum (error);
      *scale = (gint8) s;
    }
  }
  return best;
}

static float
q6_refit (const float *x, const gint8 *scales, float d)
{
  double xa = 0, aa = 0;

  for (guint g = 0; g < Q6_GROUPS; g++) {
    float xq, qq;

    q6_sums (x + g * Q6_GROUP, inverse (d * (float) scales[g]), &xq, &qq);
    xa += (double) scales[g] * xq;
    aa += (double) scales[g] * scales[g] * qq;
  }
  return aa > 0 ? (float) (xa / aa) : d;
}

/* Halves of 128: the low four bits of weights 0 … 63 and 64 … 127 share bytes, the high two of each quarter do. */
static void
q6_pack (const float *x, float d, const gint8 *scales, guint8 *block)
{
  memset (block, 0, 192);
  memcpy (block + 192, scales, Q6_GROUPS);
  l4_store_u16 (block + 208, l4_half_from_float (d));
  for (guint i = 0; i < SUPER; i += LANES) {
    F4 n = nearest (load (x + i) * inverse (d * (float) scales[i / Q6_GROUP]) + Q6_ZERO, Q6_MOST);
    guint half = i / 128, r = i % 128;

    for (guint l = 0; l < LANES; l++) {
      guint q = (guint) n[l];

      block[64 * half + (r + l) % 64] |= (guint8) ((q & 15) << 4 * (r / 64));
      block[128 + 32 * half + (r + l) % 32] |= (guint8) ((q >> 4) << 2 * (r / 32));
    }
  }
}

void
l4_q6_k_from_float (const float *weights, guint8 *block)
{
  float steps[Q6_GROUPS], d = 0, best = G_MAXFLOAT;
  gint8 scales[Q6_GROUPS];

  for (guint g = 0; g < Q6_GROUPS; g++) {
    steps[g] = q6_search (weights + g * Q6_GROUP);
    if (fabsf (steps[g]) > fabsf (d))
      d = steps[g];
  }
  d = to_half (d / -128);
  for (guint g = 0; g < Q6_GROUPS; g++)
    scales[g] = (gint8) CLAMP (lrintf (steps[g] * inverse (d)), -128, 127);
  for (guint round = 0; round < ROUNDS; round++) {
    float error = 0;

    for (guint g = 0; g < Q6_GROUPS; g++)
      error += q6_choose (weights + g * Q6_GROUP, d, &scales[g]);
    if (error >= best)
      return;
    best = error;
    q6_pack (weights, d, scales, block);
    d = to_half (q6_refit (weights, scales, d));
  }
}
