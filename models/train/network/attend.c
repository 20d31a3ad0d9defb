/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attention in training, forwards and back: a step of between.py. Its products are those of tiles, by AMX where there is AMX. */

#include "between.h"

#ifdef __AMX_BF16__
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* A tile has 16 rows of 32 bfloat16, which is a head's size; one of sums 16 of 16 floats. The right one of a product is woven: its rows,
   by twos, lie in one row of pairs. */
enum { HEAD = 32, TILE = 16, DEPTH = 32 };

typedef float Lanes __attribute__ ((vector_size (TILE * sizeof (float))));
typedef uint32_t Bits __attribute__ ((vector_size (TILE * sizeof (uint32_t))));

/* The first of several tiles; from row to row and from tile to tile it is so many numbers. */
typedef struct
{
  const bf16 *at;
  ptrdiff_t pitch, step;
} Tiles;

#ifdef __AMX_BF16__
static void
begin (void)
{
  static const struct { uint8_t palette, start, reserved[14]; uint16_t bytes[16]; uint8_t rows[16]; } shapes =
      { .palette = 1, .bytes = { 64, 64, 64 }, .rows = { TILE, TILE, TILE } };
  syscall (SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* tiles */);
  _tile_loadconfig (&shapes);
}

static void
end (void)
{
  _tile_release ();
}

/* c[TILE][pitch] = the sum of n products. */
static inline void
multiply (Tiles a, Tiles b, ptrdiff_t n, float *c, ptrdiff_t pitch)
{
  __asm__ volatile ("" ::: "memory");   /* GCC's loads of tiles do not say that they read memory */
  _tile_zero (0);
  for (; n > 0; n--, a.at += a.step, b.at += b.step) {
    _tile_loadd (1, a.at, a.pitch * sizeof *a.at);
    _tile_loadd (2, b.at, b.pitch * sizeof *b.at);
    _tile_dpbf16ps (0, 1, 2);
  }
  _tile_stored (0, c, pitch * sizeof *c);
}
#else
static void
begin (void)
{
}

static void
end (void)
{
}

static void
multiply (Tiles a, Tiles b, ptrdiff_t n, float *c, ptrdiff_t pitch)
{
  Lanes sums[TILE] = { 0 };
  for (; n > 0; n--, a.at += a.step, b.at += b.step)
    for (int p = 0; p < DEPTH / 2; p++) {
      Lanes even, odd;
      for (int i = 0; i < TILE; i++) {
        even[i] = wide (b.at[p * b.pitch + 2 * i]);
        odd[i] = wide (b.at[p * b.pitch + 2 * i + 1]);
      }
      for (int r = 0; r < TILE; r++)
        sums[r] += wide (a.at[r * a.pitch + 2 * p]) * even + wide (a.at[r * a.pitch + 2 * p + 1]) * odd;
    }
  for (int r = 0; r < TILE; r++)
    memcpy (c + r * pitch, sums + r, sizeof *sums);
}
#endif

typedef struct
{
  ptrdiff_t length, pitch, heads, kv_heads;     /* pitch: the length, to a multiple of DEPTH */
  const float *bias;                            /* [width], or none */
  const float *cosines, *sines;                 /* [length][HEAD / 2], or none */
  int causal, even;                             /* even: queries and keys have RMSNorm */
} Shape;

static ptrdiff_t
width_of (const Shape *shape)
{
  return (shape->heads + 2 * shape->kv_heads) * HEAD;
}

static ptrdiff_t
up (ptrdiff_t n)
{
  return (n + DEPTH - 1) / DEPTH * DEPTH;
}

/* A row of a head, its numbers by twos as they are turned: the first of each two and the second. */
typedef struct
{
  Lanes a, b;
} Row;

static inline Row
load_row (const bf16 *x)
{
  Bits both;
  memcpy (&both, x, sizeof both);
  return (Row) { (Lanes) (both << 16), (Lanes) (both & 0xffff0000u) };
}

static inline void
store_row (Row row, bf16 *x)
{
  const Bits a = (Bits) row.a, b = (Bits) row.b;
  const Bits both = (a + 0x7fff + (a >> 16 & 1)) >> 16 | ((b + 0x7fff + (b >> 16 & 1)) & 0xffff0000u);
  memcpy (x, &both, sizeof both);
}

static inline Row
load_floats (const float *x)
{
  Row row;
  for (int i = 0; i < TILE; i++) {
    row.a[i] = x[2 * i];
    row.b[i] = x[2 * i + 1];
  }
  return row;
}

static inline float
along (Row x, Row y)
{
  const Lanes products = x.a * y.a + x.b * y.b;
  float sum = 0;
  for (int i = 0; i < TILE; i++)
    sum += products[i];
  return sum;
}

/* By the angles of place t, forwards where `way` is 1 and back where it is -1. */
static inline Row
rotate (const Shape *shape, Row x, ptrdiff_t t, float way)
{
  Lanes c, s;
  memcpy (&c, shape->cosines + t * TILE, sizeof c);
  memcpy (&s, shape->sines + t * TILE, sizeof s);
  s *= way;
  return (Row) { x.a * c - x.b * s, x.a * s + x.b * c };
}

/* All rows of a head of one clip, queries and keys turned by their positions and made even where they are to be; scales: what every row
   was scaled by for that, may be NULL. */
static void
load_head (const Shape *shape, const bf16 *qkv, ptrdiff_t head, int turned, bf16 *rows, float *scales)
{
  Row bias = { { 0 }, { 0 } };
  if (shape->bias)
    bias = load_floats (shape->bias + head * HEAD);
  for (ptrdiff_t t = 0; t < shape->length; t++, rows += HEAD) {
    Row x = load_row (qkv + t * width_of (shape) + head * HEAD);
    x.a += bias.a;
    x.b += bias.b;
    const float scale = turned && shape->even ? 1 / sqrtf (along (x, x) / HEAD + TINY) : 1;
    if (turned && shape->cosines)
      x = rotate (shape, x, t, 1);
    store_row ((Row) { x.a * scale, x.b * scale }, rows);
    if (scales)
      scales[t] = scale;
  }
  memset (rows, 0, (shape->pitch - shape->length) * HEAD * sizeof *rows);
}

/* The gradient of what load_head() had, from that of the rows; of the bias it is added up. */
static void
load_head_back (const Shape *shape, const bf16 *rows, const float *drows, const float *scales, ptrdiff_t head, int turned, bf16 *dqkv,
                float *dbias)
{
  Row sums = { { 0 }, { 0 } };
  for (ptrdiff_t t = 0; t < shape->length; t++, rows += HEAD, drows += HEAD) {
    Row d = load_floats (drows);
    if (turned && shape->even) {
      const Row y = load_row (rows);
      const float share = along (y, d) / HEAD;
      d = (Row) { scales[t] * (d.a - y.a * share), scales[t] * (d.b - y.b * share) };
    }
    if (turned && shape->cosines)
      d = rotate (shape, d, t, -1);
    store_row (d, dqkv + t * width_of (shape) + head * HEAD);
    sums.a += d.a;
    sums.b += d.b;
  }
  for (int i = 0; dbias && i < TILE; i++) {
    dbias[head * HEAD + 2 * i] += sums.a[i];
    dbias[head * HEAD + 2 * i + 1] += sums.b[i];
  }
}

/* rows[pitch][HEAD] -> their columns, woven: [HEAD / 2][pitch][2] */
static void
weave_columns (const bf16 *rows, ptrdiff_t pitch, bf16 *woven)
{
  typedef uint32_t Pair __attribute__ ((may_alias));
  const Pair *from = (const Pair *) rows;
  Pair *to = (Pair *) woven;
  for (ptrdiff_t t = 0; t < pitch; t += TILE)
    for (int p = 0; p < HEAD / 2; p++)
      for (int i = 0; i < TILE; i++)
        to[p * pitch + t + i] = from[(t + i) * HEAD / 2 + p];
}

/* rows[n][pitch] -> woven: [n / 2][pitch][2] */
static void
weave (const bf16 *rows, ptrdiff_t n, ptrdiff_t width, ptrdiff_t pitch, bf16 *woven)
{
  for (ptrdiff_t t = 0; t < n; t += 2, rows += 2 * pitch, woven += 2 * pitch)
    for (ptrdiff_t c = 0; c < width; c++) {
      woven[2 * c] = rows[c];
      woven[2 * c + 1] = rows[pitch + c];
    }
}

/* The next part of a memory, of as many floats. */
static void *
part (float **memory, ptrdiff_t n)
{
  *memory += n;
  return *memory - n;
}

/* p[TILE][pitch] = exp (s / sqrt (HEAD) - the most of its row) of the queries from the one `at` on, nothing for keys that they do not
   see; their sums, and the logarithms with which the row would add up to 1. */
static void
likely (const Shape *shape, ptrdiff_t at, ptrdiff_t n, const float *restrict s, bf16 *restrict p, float *sums, float *log_sums)
{
  const float scale = 1 / sqrtf (HEAD);
  for (int r = 0; r < TILE; r++, s += shape->pitch, p += shape->pitch) {
    const int32_t seen = (int32_t) (shape->causal && at + r < shape->length ? at + r + 1 : shape->length);
    float most = s[0], sum = 0;
    for (int32_t j = 0; j < n; j++)
      most = fmaxf (most, j < seen ? s[j] : s[0]);
    for (int32_t j = 0; j < n; j++) {
      const float e = power ((s[j] - most) * scale), share = j < seen ? e : 0;
      p[j] = narrow (share);
      sum += share;
    }
    sums[r] = sum;
    log_sums[at + r] = most * scale + logf (sum);
  }
}

/* Attention: qkv [clips][length][(heads + 2 x kv_heads) x HEAD] -> y [clips][length][heads x HEAD]; log_sums [clips][heads][pitch];
   memory: of 104 x pitch. */
void
attend (const bf16 *qkv, const float *bias, const float *cosines, const float *sines, bf16 *y, float *log_sums, float *memory,
        ptrdiff_t clips, ptrdiff_t length, ptrdiff_t heads, ptrdiff_t kv_heads, ptrdiff_t causal, ptrdiff_t even)
{
  const Shape shape = { length, up (length), heads, kv_heads, bias, cosines, sines, causal != 0, even != 0 };
  const ptrdiff_t pitch = shape.pitch, size = pitch * HEAD / 2, group = heads / kv_heads;
  bf16 *q = part (&memory, size), *k = part (&memory, size), *v = part (&memory, size);
  bf16 *k_columns = part (&memory, size), *v_rows = part (&memory, size), *p = part (&memory, TILE * pitch / 2);
  float *s = part (&memory, TILE * pitch);
  begin ();
  for (ptrdiff_t b = 0; b < clips; b++, qkv += length * width_of (&shape), y += length * heads * HEAD)
    for (ptrdiff_t h = 0; h < heads; h++, log_sums += pitch) {
      if (h % group == 0) {
        load_head (&shape, qkv, heads + h / group, 1, k, NULL);
        load_head (&shape, qkv, heads + kv_heads + h / group, 0, v, NULL);
        weave_columns (k, pitch, k_columns);
        weave (v, pitch, HEAD, HEAD, v_rows);
      }
      load_head (&shape, qkv, h, 1, q, NULL);
      for (ptrdiff_t i = 0; i < length; i += TILE) {
        float out[TILE * HEAD], sums[TILE];
        const ptrdiff_t n = causal ? up (i + TILE) : pitch;
        for (ptrdiff_t j = 0; j < n; j += TILE)
          multiply ((Tiles) { q + i * HEAD, HEAD, 0 }, (Tiles) { k_columns + 2 * j, 2 * pitch, 0 }, 1, s + j, pitch);
        likely (&shape, i, n, s, p, sums, log_sums);
        for (int c = 0; c < HEAD; c += TILE)
          multiply ((Tiles) { p, pitch, DEPTH }, (Tiles) { v_rows + 2 * c, 2 * HEAD, DEPTH * HEAD }, n / DEPTH, out + c, HEAD);
        for (ptrdiff_t r = 0; r < TILE && i + r < length; r++)
          for (int c = 0; c < HEAD; c++)
            y[((i + r) * heads + h) * HEAD + c] = narrow (out[r * HEAD + c] / sums[r]);
      }
    }
  end ();
}

/* How likely the queries from the one `first` on take the keys from the one `at` on, and the gradient of their scores; s, ds: the scores and
   the gradient of how likely they are, of one tile, [TILE keys][TILE]. */
static void
likely_back (const Shape *shape, ptrdiff_t at, ptrdiff_t first, const float *s, const float *ds, const float *log_sums, const float *alongs,
             bf16 *restrict p, bf16 *restrict dscores)
{
  const float scale = 1 / sqrtf (HEAD);
  for (int r = 0; r < TILE; r++, s += TILE, ds += TILE, p += shape->pitch, dscores += shape->pitch) {
    const int32_t from = (int32_t) (at + r >= shape->length ? TILE : shape->causal ? at + r - first : 0);
    for (int32_t i = 0; i < TILE; i++) {
      const float e = power (s[i] * scale - log_sums[i]), share = i >= from ? e : 0;
      p[i] = narrow (share);
      dscores[i] = narrow (share * (ds[i] - alongs[i]) * scale);
    }
  }
}

/* The gradient of qkv from that of y; that of the bias, if there is one, is added up. memory: of (260 + pitch / 2) x pitch. */
void
attend_back (const bf16 *qkv, const float *bias, const float *cosines, const float *sines, const bf16 *y, const float *log_sums, const bf16 *dy,
             bf16 *dqkv, float *dbias, float *memory, ptrdiff_t clips, ptrdiff_t length, ptrdiff_t heads, ptrdiff_t kv_heads, ptrdiff_t causal,
             ptrdiff_t even)
{
  const Shape shape = { length, up (length), heads, kv_heads, bias, cosines, sines, causal != 0, even != 0 };
  const ptrdiff_t pitch = shape.pitch, size = pitch * HEAD / 2, group = heads / kv_heads;
  bf16 *q = part (&memory, size), *k = part (&memory, size), *v = part (&memory, size), *dout = part (&memory, size);
  bf16 *q_columns = part (&memory, size), *dout_columns = part (&memory, size);
  bf16 *q_rows = part (&memory, size), *dout_rows = part (&memory, size), *k_turned = part (&memory, size);
  bf16 *p = part (&memory, TILE * pitch / 2), *ds = part (&memory, TILE * pitch / 2), *ds_rows = part (&memory, pitch * pitch / 2);
  float *dq = part (&memory, 2 * size), *dk = part (&memory, 2 * size), *dv = part (&memory, 2 * size);
  float *k_scales = part (&memory, pitch), *q_scales = part (&memory, pitch);
  float *sums = part (&memory, pitch), *alongs = part (&memory, pitch);
  begin ();
  for (ptrdiff_t b = 0; b < clips; b++) {
    for (ptrdiff_t h = 0; h < heads; h++, log_sums += pitch) {
      if (h % group == 0) {
        load_head (&shape, qkv, heads + h / group, 1, k, k_scales);
        load_head (&shape, qkv, heads + kv_heads + h / group, 0, v, NULL);
        for (ptrdiff_t t = 0; t < pitch; t++)
          for (int c = 0; c < HEAD; c++)
            k_turned[c * pitch + t] = k[t * HEAD + c];
        memset (dk, 0, 2 * size * sizeof *dk);
        memset (dv, 0, 2 * size * sizeof *dv);
      }
      load_head (&shape, qkv, h, 1, q, q_scales);
      memset (sums, 0, 2 * pitch * sizeof *sums);
      memset (dout + length * HEAD, 0, (pitch - length) * HEAD * sizeof *dout);
      for (ptrdiff_t t = 0; t < length; t++) {
        const ptrdiff_t at = (t * heads + h) * HEAD;
        memcpy (dout + t * HEAD, dy + at, HEAD * sizeof *dout);
        for (int c = 0; c < HEAD; c++)
          alongs[t] += wide (dy[at + c]) * wide (y[at + c]);
        sums[t] = log_sums[t];
      }
      weave_columns (q, pitch, q_columns);
      weave_columns (dout, pitch, dout_columns);
      weave (q, pitch, HEAD, HEAD, q_rows);
      weave (dout, pitch, HEAD, HEAD, dout_rows);
      for (ptrdiff_t j = 0; j < pitch; j += TILE) {
        const ptrdiff_t first = causal ? j / DEPTH * DEPTH : 0, n = (pitch - first) / DEPTH;
        for (ptrdiff_t i = first; i < pitch; i += TILE) {
          float scores[TILE * TILE], back[TILE * TILE];
          multiply ((Tiles) { k + j * HEAD, HEAD, 0 }, (Tiles) { q_columns + 2 * i, 2 * pitch, 0 }, 1, scores, TILE);
          multiply ((Tiles) { v + j * HEAD, HEAD, 0 }, (Tiles) { dout_columns + 2 * i, 2 * pitch, 0 }, 1, back, TILE);
          likely_back (&shape, j, i, scores, back, sums + i, alongs + i, p + i, ds + i);
        }
        weave (ds + first, TILE, pitch - first, pitch, ds_rows + j * pitch + 2 * first);
        for (int c = 0; c < HEAD; c += TILE) {
          float more[2][TILE * TILE];
          const Tiles q_from = { q_rows + first * HEAD + 2 * c, 2 * HEAD, DEPTH * HEAD };
          const Tiles dout_from = { dout_rows + first * HEAD + 2 * c, 2 * HEAD, DEPTH * HEAD };
          multiply ((Tiles) { ds + first, pitch, DEPTH }, q_from, n, more[0], TILE);
          multiply ((Tiles) { p + first, pitch, DEPTH }, dout_from, n, more[1], TILE);
          for (int r = 0; r < TILE; r++)
            for (int i = 0; i < TILE; i++) {
              dk[(j + r) * HEAD + c + i] += more[0][r * TILE + i];
              dv[(j + r) * HEAD + c + i] += more[1][r * TILE + i];
            }
        }
      }
      for (ptrdiff_t i = 0; i < pitch; i += TILE)
        for (int c = 0; c < HEAD; c += TILE) {
          float turned[TILE * TILE];
          multiply ((Tiles) { k_turned + c * pitch, pitch, DEPTH }, (Tiles) { ds_rows + 2 * i, 2 * pitch, DEPTH * pitch },
                    (causal ? up (i + TILE) : pitch) / DEPTH, turned, TILE);
          for (int r = 0; r < TILE; r++)
            for (int t = 0; t < TILE; t++)
              dq[(i + t) * HEAD + c + r] = turned[r * TILE + t];
        }
      load_head_back (&shape, q, dq, q_scales, h, 1, dqkv, dbias);
      if (h % group == group - 1) {
        load_head_back (&shape, k, dk, k_scales, heads + h / group, 1, dqkv, dbias);
        load_head_back (&shape, v, dv, NULL, heads + kv_heads + h / group, 0, dqkv, dbias);
      }
    }
    qkv += length * width_of (&shape);
    dqkv += length * width_of (&shape);
    y += length * heads * HEAD;
    dy += length * heads * HEAD;
  }
  end ();
}
