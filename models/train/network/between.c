/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies between the products of the network in training, each a single pass over memory, forwards and back: the steps of between.py. */

#include "between.h"

/* RMSNorm of rows of a size. */
void
norm (const float *x, const float *weight, bf16 *y, ptrdiff_t rows, ptrdiff_t size)
{
  for (ptrdiff_t r = 0; r < rows; r++, x += size, y += size) {
    float squares = 0;
    for (ptrdiff_t i = 0; i < size; i++)
      squares += x[i] * x[i];
    const float scale = 1 / sqrtf (squares / (float) size + TINY);
    for (ptrdiff_t i = 0; i < size; i++)
      y[i] = narrow (x[i] * scale * weight[i]);
  }
}

/* What norm() does to gradients; those of the weights are added up. */
void
norm_back (const float *x, const float *weight, const bf16 *dy, float *dx, float *dweight, ptrdiff_t rows, ptrdiff_t size)
{
  for (ptrdiff_t r = 0; r < rows; r++, x += size, dy += size, dx += size) {
    float squares = 0, along = 0;
    for (ptrdiff_t i = 0; i < size; i++) {
      squares += x[i] * x[i];
      along += x[i] * weight[i] * wide (dy[i]);
    }
    const float scale = 1 / sqrtf (squares / (float) size + TINY);
    const float back = along * scale * scale / (float) size;
    for (ptrdiff_t i = 0; i < size; i++) {
      dx[i] = scale * (weight[i] * wide (dy[i]) - x[i] * back);
      dweight[i] += x[i] * scale * wide (dy[i]);
    }
  }
}

/* LayerNorm of rows of a size. */
void
layer_norm (const float *x, const float *weight, const float *bias, bf16 *y, ptrdiff_t rows, ptrdiff_t size)
{
  for (ptrdiff_t r = 0; r < rows; r++, x += size, y += size) {
    float mean = 0, squares = 0;
    for (ptrdiff_t i = 0; i < size; i++)
      mean += x[i];
    mean /= (float) size;
    for (ptrdiff_t i = 0; i < size; i++)
      squares += (x[i] - mean) * (x[i] - mean);
    const float scale = 1 / sqrtf (squares / (float) size + TINY);
    for (ptrdiff_t i = 0; i < size; i++)
      y[i] = narrow ((x[i] - mean) * scale * weight[i] + bias[i]);
  }
}

/* What layer_norm() does to gradients, `more` of x being there already, or none; those of the weights and biases are added up. */
void
layer_norm_back (const float *restrict x, const float *restrict weight, const bf16 *restrict dy, const float *restrict more, float *restrict dx,
                 float *restrict dweight, float *restrict dbias, ptrdiff_t rows, ptrdiff_t size)
{
  for (ptrdiff_t r = 0; r < rows; r++, x += size, dy += size, dx += size) {
    float mean = 0, squares = 0, level = 0, along = 0;
    for (ptrdiff_t i = 0; i < size; i++)
      mean += x[i];
    mean /= (float) size;
    for (ptrdiff_t i = 0; i < size; i++) {
      const float d = weight[i] * wide (dy[i]);
      squares += (x[i] - mean) * (x[i] - mean);
      along += (x[i] - mean) * d;
      level += d;
    }
    const float scale = 1 / sqrtf (squares / (float) size + TINY);
    along *= scale * scale / (float) size;
    level /= (float) size;
    for (ptrdiff_t i = 0; i < size; i++) {
      const float d = wide (dy[i]);
      dx[i] = scale * (weight[i] * d - level - (x[i] - mean) * along) + (more ? more[i] : 0);
      dweight[i] += (x[i] - mean) * scale * d;
      dbias[i] += d;
    }
    more = more ? more + size : NULL;
  }
}

/* The share of a normal distribution below x, and its height there. Abramowitz and Stegun 7.1.26: less than 1e-7 from what is right. */
static inline float
below (float x, float *height)
{
  const float e = power (-x * x / 2), t = 1 / (1 + 0.23164189f * fabsf (x));
  const float tail = e * t * (0.12741480f + t * (-0.14224837f + t * (0.71070687f + t * (-0.72657601f + t * 0.53070271f))));
  *height = e * 0.39894228f;
  return x < 0 ? tail : 1 - tail;
}

/* GELU of rows of x + bias. */
void
gelu (const bf16 *restrict x, const float *restrict bias, bf16 *restrict y, ptrdiff_t rows, ptrdiff_t size)
{
  for (ptrdiff_t r = 0; r < rows; r++, x += size, y += size)
    for (ptrdiff_t i = 0; i < size; i++) {
      const float g = wide (x[i]) + bias[i];
      float height;
      y[i] = narrow (g * below (g, &height));
    }
}

void
gelu_back (const bf16 *restrict x, const float *restrict bias, const bf16 *restrict dy, bf16 *restrict dx, float *restrict dbias, ptrdiff_t rows,
           ptrdiff_t size)
{
  for (ptrdiff_t r = 0; r < rows; r++, x += size, dx += size, dy += size)
    for (ptrdiff_t i = 0; i < size; i++) {
      const float g = wide (x[i]) + bias[i];
      float height;
      const float share = below (g, &height), d = wide (dy[i]) * (share + g * height);
      dx[i] = narrow (d);
      dbias[i] += d;
    }
}

/* y = x + part + bias, of rows of a size. */
void
add (const float *x, const bf16 *part, const float *bias, float *y, ptrdiff_t rows, ptrdiff_t size)
{
  for (ptrdiff_t r = 0; r < rows; r++, x += size, part += size, y += size)
    for (ptrdiff_t i = 0; i < size; i++)
      y[i] = x[i] + wide (part[i]) + bias[i];
}

/* The gradient of that part; that of the bias is added up. */
void
add_back (const float *restrict dy, bf16 *restrict dpart, float *restrict dbias, ptrdiff_t rows, ptrdiff_t size)
{
  for (ptrdiff_t r = 0; r < rows; r++, dy += size, dpart += size)
    for (ptrdiff_t i = 0; i < size; i++) {
      dpart[i] = narrow (dy[i]);
      dbias[i] += dy[i];
    }
}

/* SwiGLU of rows of 2 x width, the gate first. */
void
gate (const bf16 *both, bf16 *y, ptrdiff_t rows, ptrdiff_t width)
{
  for (ptrdiff_t r = 0; r < rows; r++, both += 2 * width, y += width)
    for (ptrdiff_t i = 0; i < width; i++) {
      const float g = wide (both[i]);
      y[i] = narrow (g / (1 + expf (-g)) * wide (both[width + i]));
    }
}

void
gate_back (const bf16 *both, const bf16 *dy, bf16 *dboth, ptrdiff_t rows, ptrdiff_t width)
{
  for (ptrdiff_t r = 0; r < rows; r++, both += 2 * width, dboth += 2 * width, dy += width)
    for (ptrdiff_t i = 0; i < width; i++) {
      const float g = wide (both[i]), open = 1 / (1 + expf (-g)), d = wide (dy[i]);
      dboth[i] = narrow (d * wide (both[width + i]) * open * (1 + g * (1 - open)));
      dboth[width + i] = narrow (d * g * open);
    }
}

/* Rows of x in the order that experts take them, each times its weight where there are weights; nothing where `taken` is `count`. */
void
gather (const bf16 *x, const float *weights, const int64_t *taken, bf16 *y, ptrdiff_t rows, ptrdiff_t size, ptrdiff_t count)
{
  for (ptrdiff_t r = 0; r < rows; r++, y += size) {
    if (taken[r] == count) {
      memset (y, 0, size * sizeof *y);
      continue;
    }
    const bf16 *from = x + taken[r] * size;
    const float weight = weights ? weights[taken[r]] : 1;
    for (ptrdiff_t i = 0; i < size; i++)
      y[i] = narrow (wide (from[i]) * weight);
  }
}

/* y = x + shared + what the experts made of it, which is in row place[t]. */
void
combine (const float *x, const bf16 *shared, const bf16 *routed, const int64_t *place, float *y, ptrdiff_t rows, ptrdiff_t size)
{
  for (ptrdiff_t r = 0; r < rows; r++, x += size, shared += size, y += size) {
    const bf16 *own = routed + place[r] * size;
    for (ptrdiff_t i = 0; i < size; i++)
      y[i] = x[i] + wide (shared[i]) + wide (own[i]);
  }
}

/* dx += weight x the gradient of the expert's input; dweights: along x. */
void
gather_back (const bf16 *x, const float *weights, const bf16 *dtaken, const int64_t *place, bf16 *dx, float *dweights, ptrdiff_t rows,
             ptrdiff_t size)
{
  for (ptrdiff_t r = 0; r < rows; r++, x += size, dx += size) {
    const bf16 *own = dtaken + place[r] * size;
    float along = 0;
    for (ptrdiff_t i = 0; i < size; i++) {
      along += wide (x[i]) * wide (own[i]);
      dx[i] = narrow (wide (dx[i]) + weights[r] * wide (own[i]));
    }
    dweights[r] = along;
  }
}

/* Pictures of a size, x [count][size][3] -> their three planes, y [count][3][size], each byte as the table has it. */
void
planes (const uint8_t *x, const bf16 *table, bf16 *y, ptrdiff_t count, ptrdiff_t size)
{
  for (ptrdiff_t n = 0; n < count; n++, x += 3 * size, y += 3 * size)
    for (ptrdiff_t i = 0; i < size; i++)
      for (int c = 0; c < 3; c++)
        y[c * size + i] = table[x[3 * i + c]];
}
