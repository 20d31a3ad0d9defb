/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies between the products of the decoder in training, each a single pass over memory, forwards and back: the steps of between.py. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { HEAD = 32, LANES = 16, QUERIES = 4 };    /* of attention: a head's size, floats of a vector, queries done together */

/* Activations are bfloat16, sums float. */
typedef uint16_t bf16;
typedef float Lanes __attribute__ ((vector_size (LANES * sizeof (float)), aligned (4)));

static const float TINY = 1e-5f;

static inline float
wide (bf16 x)
{
  union { uint32_t bits; float value; } u = { .bits = (uint32_t) x << 16 };
  return u.value;
}

static inline bf16
narrow (float x)
{
  union { float value; uint32_t bits; } u = { .value = x };
  return (bf16) ((u.bits + 0x7fff + (u.bits >> 16 & 1)) >> 16);
}

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

/* A row of a head: turned by its position and made even where there are angles. Returns what it was scaled by. */
static float
load (const bf16 *x, const float *cosines, const float *sines, float *y)
{
  if (!cosines) {
    for (int i = 0; i < HEAD; i++)
      y[i] = wide (x[i]);
    return 1;
  }
  float squares = 0;
  for (int i = 0; i < HEAD / 2; i++) {
    const float a = wide (x[2 * i]), b = wide (x[2 * i + 1]);
    y[2 * i] = a * cosines[i] - b * sines[i];
    y[2 * i + 1] = a * sines[i] + b * cosines[i];
    squares += a * a + b * b;
  }
  const float scale = 1 / sqrtf (squares / HEAD + TINY);
  for (int i = 0; i < HEAD; i++)
    y[i] *= scale;
  return scale;
}

/* The gradient of x, from that of y = load (x) and from y. */
static void
load_back (const float *y, const float *dy, float scale, const float *cosines, const float *sines, bf16 *dx)
{
  if (!cosines) {
    for (int i = 0; i < HEAD; i++)
      dx[i] = narrow (dy[i]);
    return;
  }
  float along = 0;
  for (int i = 0; i < HEAD; i++)
    along += y[i] * dy[i];
  along /= HEAD;
  for (int i = 0; i < HEAD / 2; i++) {
    const float a = scale * (dy[2 * i] - y[2 * i] * along), b = scale * (dy[2 * i + 1] - y[2 * i + 1] * along);
    dx[2 * i] = narrow (a * cosines[i] + b * sines[i]);
    dx[2 * i + 1] = narrow (b * cosines[i] - a * sines[i]);
  }
}

/* s[QUERIES][pitch] = x[QUERIES][HEAD] times columns[HEAD][pitch], the first n of them, a multiple of LANES. */
static void
products (const float *x, const float *columns, ptrdiff_t pitch, ptrdiff_t n, float *s)
{
  for (ptrdiff_t j = 0; j < n; j += LANES) {
    Lanes sums[QUERIES] = { 0 };
    for (int c = 0; c < HEAD; c++) {
      const Lanes column = *(const Lanes *) (columns + c * pitch + j);
      for (int r = 0; r < QUERIES; r++)
        sums[r] += x[r * HEAD + c] * column;
    }
    for (int r = 0; r < QUERIES; r++)
      *(Lanes *) (s + r * pitch + j) = sums[r];
  }
}

/* y[QUERIES][HEAD] = s[QUERIES][pitch] times rows[n][HEAD]. */
static void
mix (const float *s, const float *rows, ptrdiff_t pitch, ptrdiff_t n, float *y)
{
  Lanes sums[QUERIES][HEAD / LANES] = { 0 };
  for (ptrdiff_t j = 0; j < n; j++)
    for (int h = 0; h < HEAD / LANES; h++) {
      const Lanes row = *(const Lanes *) (rows + j * HEAD + h * LANES);
      for (int r = 0; r < QUERIES; r++)
        sums[r][h] += s[r * pitch + j] * row;
    }
  memcpy (y, sums, sizeof sums);
}

/* rows[n][HEAD] += the transpose of s[QUERIES][pitch] times x[QUERIES][HEAD]. */
static void
spread (const float *s, const float *x, ptrdiff_t pitch, ptrdiff_t n, float *rows)
{
  Lanes parts[QUERIES][HEAD / LANES];
  memcpy (parts, x, sizeof parts);
  for (ptrdiff_t j = 0; j < n; j++)
    for (int h = 0; h < HEAD / LANES; h++) {
      Lanes row = *(const Lanes *) (rows + j * HEAD + h * LANES);
      for (int r = 0; r < QUERIES; r++)
        row += s[r * pitch + j] * parts[r][h];
      *(Lanes *) (rows + j * HEAD + h * LANES) = row;
    }
}

static void
transpose (const float *rows, ptrdiff_t length, ptrdiff_t pitch, float *columns)
{
  memset (columns, 0, pitch * HEAD * sizeof *columns);
  for (ptrdiff_t t = 0; t < length; t++)
    for (int c = 0; c < HEAD; c++)
      columns[c * pitch + t] = rows[t * HEAD + c];
}

typedef struct
{
  ptrdiff_t length, pitch, heads, kv_heads;     /* pitch: the length, to a multiple of LANES */
  const float *cosines, *sines;                 /* [length][HEAD / 2], or none */
} Shape;

static ptrdiff_t
width_of (const Shape *shape)
{
  return (shape->heads + 2 * shape->kv_heads) * HEAD;
}

/* All rows of a head of one clip; scales: of every row, may be NULL. */
static void
load_head (const Shape *shape, const bf16 *qkv, ptrdiff_t head, int turned, float *rows, float *scales)
{
  for (ptrdiff_t t = 0; t < shape->length; t++) {
    const ptrdiff_t at = t * HEAD / 2;
    const int turns = turned && shape->cosines;
    const float scale = load (qkv + t * width_of (shape) + head * HEAD, turns ? shape->cosines + at : NULL, turns ? shape->sines + at : NULL,
                              rows + t * HEAD);
    if (scales)
      scales[t] = scale;
  }
  memset (rows + shape->length * HEAD, 0, (shape->pitch - shape->length) * HEAD * sizeof *rows);
}

static void
load_head_back (const Shape *shape, const float *rows, const float *drows, const float *scales, ptrdiff_t head, int turned, bf16 *dqkv)
{
  for (ptrdiff_t t = 0; t < shape->length; t++) {
    const ptrdiff_t at = t * HEAD / 2;
    const int turns = turned && shape->cosines;
    load_back (rows + t * HEAD, drows + t * HEAD, turns ? scales[t] : 1, turns ? shape->cosines + at : NULL,
               turns ? shape->sines + at : NULL, dqkv + t * width_of (shape) + head * HEAD);
  }
}

/* exp (s / sqrt (HEAD) - log_sum) of QUERIES from the one `at` on, and nothing for keys after each; log_sum is found when `find`. */
static void
likely (const Shape *shape, ptrdiff_t at, ptrdiff_t n, int find, float *s, float *log_sums)
{
  const float scale = 1 / sqrtf (HEAD);
  for (int r = 0; r < QUERIES; r++) {
    float *row = s + r * shape->pitch;
    const ptrdiff_t seen = at + r + 1;
    if (find) {
      float most = row[0], sum = 0;
      for (ptrdiff_t j = 0; j < seen; j++)
        most = row[j] > most ? row[j] : most;
      for (ptrdiff_t j = 0; j < seen; j++)
        sum += expf ((row[j] - most) * scale);
      log_sums[at + r] = most * scale + logf (sum);
    }
    const float log_sum = log_sums[at + r];
    for (ptrdiff_t j = 0; j < seen; j++)
      row[j] = expf (row[j] * scale - log_sum);
    for (ptrdiff_t j = seen; j < n; j++)
      row[j] = 0;
  }
}

static ptrdiff_t
up (ptrdiff_t n)
{
  return (n + LANES - 1) / LANES * LANES;
}

/* Causal attention: qkv [clips][length][(heads + 2 x kv_heads) x HEAD] -> y [clips][length][heads x HEAD]; log_sums [clips][heads][pitch];
   memory: of (4 x HEAD + QUERIES) x pitch. */
void
attend (const bf16 *qkv, const float *cosines, const float *sines, bf16 *y, float *log_sums, float *memory, ptrdiff_t clips, ptrdiff_t length,
        ptrdiff_t heads, ptrdiff_t kv_heads)
{
  const Shape shape = { length, up (length), heads, kv_heads, cosines, sines };
  const ptrdiff_t part = shape.pitch * HEAD, group = heads / kv_heads;
  float *k = memory, *v = k + part, *q = v + part, *columns = q + part, *s = columns + part;
  for (ptrdiff_t b = 0; b < clips; b++, qkv += length * width_of (&shape), y += length * heads * HEAD)
    for (ptrdiff_t h = 0; h < heads; h++, log_sums += shape.pitch) {
      if (h % group == 0) {
        load_head (&shape, qkv, heads + h / group, 1, k, NULL);
        load_head (&shape, qkv, heads + kv_heads + h / group, 0, v, NULL);
        transpose (k, length, shape.pitch, columns);
      }
      load_head (&shape, qkv, h, 1, q, NULL);
      for (ptrdiff_t i = 0; i < length; i += QUERIES) {
        float out[QUERIES * HEAD];
        const ptrdiff_t n = up (i + QUERIES);
        products (q + i * HEAD, columns, shape.pitch, n, s);
        likely (&shape, i, n, 1, s, log_sums);
        mix (s, v, shape.pitch, i + QUERIES, out);
        for (ptrdiff_t t = i; t < length && t < i + QUERIES; t++)
          for (int c = 0; c < HEAD; c++)
            y[(t * heads + h) * HEAD + c] = narrow (out[(t - i) * HEAD + c]);
      }
    }
}

/* The gradient of qkv from that of y; memory: of (9 x HEAD + 2 x QUERIES + 2) x pitch. */
void
attend_back (const bf16 *qkv, const float *cosines, const float *sines, const bf16 *y, float *log_sums, const bf16 *dy, bf16 *dqkv,
             float *memory, ptrdiff_t clips, ptrdiff_t length, ptrdiff_t heads, ptrdiff_t kv_heads)
{
  const Shape shape = { length, up (length), heads, kv_heads, cosines, sines };
  const ptrdiff_t part = shape.pitch * HEAD, group = heads / kv_heads;
  float *k = memory, *v = k + part, *q = v + part, *dout = q + part, *k_columns = dout + part, *v_columns = k_columns + part;
  float *dk = v_columns + part, *dv = dk + part, *dq = dv + part;
  float *s = dq + part, *ds = s + QUERIES * shape.pitch, *k_scales = ds + QUERIES * shape.pitch, *q_scales = k_scales + shape.pitch;
  const float scale = 1 / sqrtf (HEAD);
  for (ptrdiff_t b = 0; b < clips; b++) {
    for (ptrdiff_t h = 0; h < heads; h++, log_sums += shape.pitch) {
      if (h % group == 0) {
        load_head (&shape, qkv, heads + h / group, 1, k, k_scales);
        load_head (&shape, qkv, heads + kv_heads + h / group, 0, v, NULL);
        transpose (k, length, shape.pitch, k_columns);
        transpose (v, length, shape.pitch, v_columns);
        memset (dk, 0, 2 * part * sizeof *dk);
      }
      load_head (&shape, qkv, h, 1, q, q_scales);
      memset (dout, 0, part * sizeof *dout);
      for (ptrdiff_t t = 0; t < length; t++)
        for (int c = 0; c < HEAD; c++)
          dout[t * HEAD + c] = wide (dy[(t * heads + h) * HEAD + c]);
      for (ptrdiff_t i = 0; i < length; i += QUERIES) {
        const ptrdiff_t n = up (i + QUERIES);
        products (q + i * HEAD, k_columns, shape.pitch, n, s);
        likely (&shape, i, n, 0, s, log_sums);
        products (dout + i * HEAD, v_columns, shape.pitch, n, ds);
        for (int r = 0; r < QUERIES; r++) {
          float along = 0;
          if (i + r < length)
            for (int c = 0; c < HEAD; c++)
              along += dout[(i + r) * HEAD + c] * wide (y[((i + r) * heads + h) * HEAD + c]);
          for (ptrdiff_t j = 0; j < n; j++)
            ds[r * shape.pitch + j] = scale * s[r * shape.pitch + j] * (ds[r * shape.pitch + j] - along);
        }
        mix (ds, k, shape.pitch, i + QUERIES, dq + i * HEAD);
        spread (ds, q + i * HEAD, shape.pitch, i + QUERIES, dk);
        spread (s, dout + i * HEAD, shape.pitch, i + QUERIES, dv);
      }
      load_head_back (&shape, q, dq, q_scales, h, 1, dqkv);
      if (h % group == group - 1) {
        load_head_back (&shape, k, dk, k_scales, heads + h / group, 1, dqkv);
        load_head_back (&shape, v, dv, NULL, heads + kv_heads + h / group, 0, dqkv);
      }
    }
    qkv += length * width_of (&shape);
    dqkv += length * width_of (&shape);
    y += length * heads * HEAD;
    dy += length * heads * HEAD;
  }
}
