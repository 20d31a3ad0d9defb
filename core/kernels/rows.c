/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernels in plain C, compiled once for every instruction set; L4_KERNELS_NAME says for which. */

#include "kernels/kernels.h"

#include <math.h>
#include <string.h>
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include "base/bf16.h"
#include "base/half.h"

#define STRING_(name) #name
#define STRING(name) STRING_ (name)
#define TABLE_(name) l4_kernels_##name
#define TABLE(name) TABLE_ (name)
#define PANELS_(name) l4_panel_kernels_##name
#define PANELS(name) PANELS_ (name)
#define TILES_(name) l4_tile_kernels_##name
#define TILES(name) TILES_ (name)

/* Partial sums side by side, so that compilers may vectorise a sum without reordering floating point behind our back. */
#define LANES 16

static float
sum_lanes (const float *lanes /* [LANES] */ )
{
  float sum = 0;

  for (guint i = 0; i < LANES; i++)
    sum += lanes[i];
  return sum;
}

static float
dot (const float *restrict a, const float *restrict b, gsize n)
{
  float lanes[LANES] = { 0 };
  float rest = 0;
  gsize i = 0;

  for (; i + LANES <= n; i += LANES)
    for (guint j = 0; j < LANES; j++)
      lanes[j] += a[i + j] * b[i + j];
  for (; i < n; i++)
    rest += a[i] * b[i];
  return sum_lanes (lanes) + rest;
}

static float
sum (const float *x, gsize n)
{
  float lanes[LANES] = { 0 };
  float rest = 0;
  gsize i = 0;

  for (; i + LANES <= n; i += LANES)
    for (guint j = 0; j < LANES; j++)
      lanes[j] += x[i + j];
  for (; i < n; i++)
    rest += x[i];
  return sum_lanes (lanes) + rest;
}

static void
rms_norm (const float *in, const float *weight, gsize n, float eps, float *out)
{
  float factor = 1 / sqrtf (dot (in, in, n) / n + eps);

  if (weight != NULL)
    for (gsize i = 0; i < n; i++)
      out[i] = in[i] * factor * weight[i];
  else
    for (gsize i = 0; i < n; i++)
      out[i] = in[i] * factor;
}

static void
layer_norm (const float *in, const float *weight, const float *bias, gsize n, float eps, float *out)
{
  float mean = sum (in, n) / n;
  float lanes[LANES] = { 0 };
  float factor;
  gsize i = 0;

  for (; i + LANES <= n; i += LANES)
    for (guint j = 0; j < LANES; j++)
      lanes[j] += (in[i + j] - mean) * (in[i + j] - mean);
  for (; i < n; i++)
    lanes[0] += (in[i] - mean) * (in[i] - mean);
  factor = 1 / sqrtf (sum_lanes (lanes) / n + eps);
  for (i = 0; i < n; i++)
    out[i] = (in[i] - mean) * factor * weight[i] + bias[i];
}

static void
rotate (float *x, const float *cosines, const float *sines, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    float even = x[2 * i], odd = x[2 * i + 1];

    x[2 * i] = even * cosines[i] - odd * sines[i];
    x[2 * i + 1] = even * sines[i] + odd * cosines[i];
  }
}

/* For -ln 2 / 2 <= x <= ln 2 / 2; coefficients: Cephes, expf.c. */
static inline __attribute__ ((always_inline)) float
exponential_of_little (float x)
{
  float result = 1.9875691500e-4f;

  result = result * x + 1.3981999507e-3f;
  result = result * x + 8.3334519073e-3f;
  result = result * x + 4.1665795894e-2f;
  result = result * x + 1.6666665459e-1f;
  result = result * x + 5.0000001201e-1f;
  return result * x * x + x + 1;
}

/* e^x without branches, so that compilers vectorise it: within 2 units in the last place; 0 below e^-87, infinite above e^88, NaN of
 * NaN. */
static inline __attribute__ ((always_inline)) float
exponential (float x)
{
  const float log2_e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f, magic = 12582912;     /* 1.5 * 2^23 */
  float bounded = x > -87.3f ? x < 88.7f ? x : 88.7f : -87.3f;
  float whole = bounded * log2_e + magic - magic, rest, power, result;
  gint32 bits;

  rest = bounded - whole * ln2_high - whole * ln2_low;
  result = exponential_of_little (rest);
  bits = ((gint32) whole + 127) << 23;
  memcpy (&power, &bits, sizeof power);
  result *= power;
  return x < -87.3f ? 0 : x > 88.7f ? INFINITY : result + x * 0;
}

/* The error function of x / √2 within 2e-7: x times a polynomial in t = 2 (x / LARGEST)² - 1, fitted at Chebyshev nodes; ±1 beyond. */
static inline __attribute__ ((always_inline)) float
error_function (float x)
{
  static const float coefficients[] = { -2.24891599e-4f, 6.56924851e-4f, -7.30735657e-4f, 1.17281463e-3f, -3.32207326e-3f,
    6.63954392e-3f, -1.08872643e-2f, 1.74253583e-2f, -2.66820006e-2f, 3.79251391e-2f, -5.05357049e-2f, 6.41480237e-2f,
    -7.91830942e-2f, 9.85289365e-2f, -1.33036882e-1f, 2.66785115e-1f
  };
  const float largest = 5.3f;
  float bounded = x > largest ? largest : x < -largest ? -largest : x;
  float t = bounded * bounded * (2 / (largest * largest)) - 1, sum = coefficients[0];

#pragma GCC unroll 16
  for (guint i = 1; i < G_N_ELEMENTS (coefficients); i++)
    sum = sum * t + coefficients[i];
  return sum * bounded;
}

static void
silu_multiply (const float *gate, const float *up, gsize n, float *out)
{
  for (gsize i = 0; i < n; i++)
    out[i] = gate[i] / (1 + exponential (-gate[i])) * up[i];
}

static void
gelu (float *x, gsize n)
{
  for (gsize i = 0; i < n; i++)
    x[i] = 0.5f * x[i] * (1 + error_function (x[i]));
}

static void
scale (const float *in, float factor, gsize n, float *out)
{
  for (gsize i = 0; i < n; i++)
    out[i] = in[i] * factor;
}

static void
add (const float *in, gsize n, float *out)
{
  for (gsize i = 0; i < n; i++)
    out[i] += in[i];
}

/* The same for x <= 0, or NaN, without what only other numbers need; a product that is not rounded may leave a little above 0. */
static inline __attribute__ ((always_inline)) float
exponential_below_zero (float x)
{
  const float log2_e = 1.44269504f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f, magic = 12582912;     /* 1.5 * 2^23 */
  float bounded = x < -87.3f ? -87.3f : x > 0 ? 0 : x, shifted = bounded * log2_e + magic, whole = shifted - magic, rest, power, result;
  guint32 bits;

  rest = bounded - whole * ln2_high - whole * ln2_low;
  result = exponential_of_little (rest);
  memcpy (&bits, &shifted, sizeof bits);        /* its lowest bits are the whole number */
  bits = (bits + 127) << 23;
  memcpy (&power, &bits, sizeof power);
  return x < -87.3f ? 0 : result * power;
}

static inline float
larger_of (float a, float b)
{
  return a > b ? a : b;
}

/* Of lanes [LANES] and rest: in four chains side by side, since each of a chain waits for the one before. */
static float
largest_lane (const float *lanes, float rest)
{
  float chains[4] = { lanes[0], lanes[1], lanes[2], lanes[3] };

  for (guint i = 4; i < LANES; i += 4)
    for (guint j = 0; j < 4; j++)
      chains[j] = larger_of (lanes[i + j], chains[j]);
  return larger_of (larger_of (larger_of (chains[0], chains[1]), larger_of (chains[2], chains[3])), rest);
}

static float
sum_chains (const float *lanes, float rest)
{
  float chains[4] = { 0 };

  for (guint i = 0; i < LANES; i += 4)
    for (guint j = 0; j < 4; j++)
      chains[j] += lanes[i + j];
  return chains[0] + chains[1] + (chains[2] + chains[3]) + rest;
}

static float
largest_of (const float *x, gsize n)
{
  float lanes[LANES], rest = -INFINITY;
  gsize i = 0;

  for (guint j = 0; j < LANES; j++)
    lanes[j] = -INFINITY;
  for (; i + LANES <= n; i += LANES)
    for (guint j = 0; j < LANES; j++)
      lanes[j] = larger_of (x[i + j], lanes[j]);
  for (; i < n; i++)
    rest = larger_of (x[i], rest);
  return largest_lane (lanes, rest);
}

/* x = exp(factor * x - largest), times scales where scaled; the sum before that. */
static inline __attribute__ ((always_inline)) float
raise_each (float *restrict x, gsize n, float factor, float largest, gboolean scaled, const float *restrict scales)
{
  float lanes[LANES] = { 0 }, rest = 0;
  gsize i = 0;

  for (; i + LANES <= n; i += LANES)
    for (guint j = 0; j < LANES; j++) {
      float weight = exponential_below_zero (factor * x[i + j] - largest);

      lanes[j] += weight;
      x[i + j] = scaled ? weight * scales[i + j] : weight;
    }
  for (; i < n; i++) {
    float weight = exponential_below_zero (factor * x[i] - largest);

    rest += weight;
    x[i] = scaled ? weight * scales[i] : weight;
  }
  return sum_chains (lanes, rest);
}

static float
soften (float *restrict x, gsize n, float factor, const float *restrict before_scales, const float *restrict after_scales, float *largest, float *total)
{
  float before = *largest, now, shrink, sum;

  for (gsize i = 0; before_scales != NULL && i < n; i++)
    x[i] *= before_scales[i];
  now = factor * largest_of (x, n);
  now = now > before ? now : before;
  shrink = before == now ? 1 : exponential (before - now);
  sum = after_scales != NULL ? raise_each (x, n, factor, now, TRUE, after_scales) : raise_each (x, n, factor, now, FALSE, NULL);
  *largest = now;
  *total = *total * shrink + sum;
  return shrink;
}

static void
to_bf16 (const float *restrict in, gsize n, guint16 *restrict out)
{
  gsize i = 0;

#ifdef __AVX512BF16__           /* compilers do not find it by themselves */
  for (; i + 32 <= n; i += 32)
    _mm512_storeu_si512 (out + i, (__m512i) _mm512_cvtne2ps_pbh (_mm512_loadu_ps (in + i + 16), _mm512_loadu_ps (in + i)));
#endif
  for (; i < n; i++)
    out[i] = l4_bf16_from_float (in[i]);
}

static void
half_to_bf16 (const guint16 *restrict in, gsize n, guint16 *restrict out)
{
  for (gsize i = 0; i < n; i++)
    out[i] = l4_bf16_from_float (l4_half_to_float (in[i]));
}

/* Whole numbers up to 128 have no more than 8 bits: the upper half of the float is exact. */
static void
int8_to_bf16 (const gint8 *restrict in, gsize n, guint16 *restrict out)
{
  for (gsize i = 0; i < n; i++) {
    float value = in[i];
    guint32 bits;

    memcpy (&bits, &value, sizeof bits);
    out[i] = bits >> 16;
  }
}

static void
int8_to_float (const gint8 *restrict in, gsize n, float *restrict out)
{
  for (gsize i = 0; i < n; i++)
    out[i] = in[i];
}

/* Rounds the 32 numbers of in to the first group of out. */
static void
quantise_group (const float *restrict in, const L4QuantisedRows *out)
{
  gint8 *restrict values = out->values;
  float sizes[LANES], nothing[LANES], largest, wrong, factor;

  for (guint i = 0; i < LANES; i++) {
    float one = fabsf (in[i]), other = fabsf (in[LANES + i]);

    sizes[i] = one > other ? one : other;
    nothing[i] = one * 0 + other * 0;   /* NaN where a number is not finite */
  }
  largest = largest_lane (sizes, 0);
  wrong = sum_lanes (nothing);
  factor = wrong == 0 && largest > 0 ? 127 / largest : 0;
  for (guint i = 0; i < L4_GROUP; i++)
    values[i] = (gint8) rintf (factor > 0 ? in[i] * factor : 0);
  out->scales[0] = largest / 127 + wrong;
  for (guint h = 0; h < 2; h++) {
    gint32 sum = 0;

    for (guint i = 0; i < L4_GROUP / 2; i++)
      sum -= values[h * (L4_GROUP / 2) + i];
    out->half_sums[h] = sum;
    out->scaled_half_sums[h] = out->scales[0] * sum;
  }
  out->sums[0] = out->half_sums[0] + out->half_sums[1];
  out->scaled_sums[0] = out->scales[0] * out->sums[0];
}

static void
quantise (const float *in, gsize n, const L4QuantisedRows *out)
{
  for (gsize k = 0; k < n; k += L4_GROUP) {
    L4QuantisedRows group = l4_quantised_rows_from (out, 0, k);

    quantise_group (in + k, &group);
  }
}

extern const L4PanelKernels PANELS (L4_KERNELS_NAME)[L4_N_TYPES];
#ifdef __AVX512BF16__
extern const L4TileKernels TILES (L4_KERNELS_NAME);
#define OWN_TILES &TILES (L4_KERNELS_NAME)
#else
#define OWN_TILES NULL
#endif

extern const L4Kernels TABLE (L4_KERNELS_NAME);
const L4Kernels TABLE (L4_KERNELS_NAME) = {
  .name = STRING (L4_KERNELS_NAME),
  .panels = PANELS (L4_KERNELS_NAME),
  .tiles = OWN_TILES,
  .rms_norm = rms_norm,
  .layer_norm = layer_norm,
  .rotate = rotate,
  .silu_multiply = silu_multiply,
  .gelu = gelu,
  .scale = scale,
  .add = add,
  .soften = soften,
  .to_bf16 = to_bf16,
  .half_to_bf16 = half_to_bf16,
  .int8_to_bf16 = int8_to_bf16,
  .int8_to_float = int8_to_float,
  .quantise = quantise,
};
