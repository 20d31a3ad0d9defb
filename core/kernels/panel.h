/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights in panels of 16 rows, and what is computed straight from them. */

#pragma once

#include "base/type.h"

/* A panel holds 16 consecutive rows (outputs) of a matrix with exactly the bytes that the file has for them, interleaved row by
 * row in units of 4 bytes: unit u of block b of row r lies at (b * units + u) * 64 + r * 4. Where a block is not of whole
 * units (the scale d is 2 bytes in Q4_0, Q5_0, Q8_0, IQ4_NL, Q3_K, Q6_K and the types with codebooks, 1 in MXFP4), the 16 scales follow
 * the block's units, one after the other. Missing
 * rows of a last panel and a row's missing bytes up to a whole unit are 0. */
#define L4_PANEL_ROWS 16

/* Weights whose scales belong together, the step in which panels are read. Rows shorter than a multiple of it (plain types only) end
 * in a short step. */
#define L4_GROUP 32

/* Columns that multiply takes at once. */
#define L4_CHUNK 256

/* Most rows of input at once for dot and dot_floats. */
#define L4_DOT_ROWS 8

/* Most panels at once for dot and multiply. */
#define L4_MAX_PANELS 4

typedef struct
{
  guint block_elements;
  guint block_bytes;
  int scale_at;                 /* offset in the file's block of a d that is part of a unit; -1: none */
} L4PanelFormat;

/* Rows of input for quantised weights: 8-bit integers, each group with a scale. Row i lies i * stride bytes behind every pointer. */
typedef struct
{
  gint8 *values;                /* [n] */
  float *scales;                /* [n / 32] */
  gint32 *sums;                 /* [n / 32]: minus the sum of each group's values; */
  float *scaled_sums;           /* the same times the scale */
  gint32 *half_sums;            /* [n / 16]: minus the sum of each half of a group; */
  float *scaled_half_sums;      /* the same times the scale */
  gsize stride;
} L4QuantisedRows;

typedef struct
{
  /* up to so many rows dot, for L4_DOT_ROWS at a time, is faster than multiply; 0 for types without blocks */
  guint most_dot_rows;
  /* out[m * stride + 16 * p + r] = Σ_k w[p][r][k] * x[m][k], m < n_rows <= L4_DOT_ROWS, over all 16 rows r of each panel p < n_panels
   * <= L4_MAX_PANELS. n: elements a row, a multiple of the block. Each row's result depends on that row alone. NULL for types without
   * blocks. */
  void (*dot) (const guint8 *const *panels, guint n_panels, gsize n, const L4QuantisedRows *x, guint n_rows, float *out,
      gsize stride);
  /* out[m * stride + 16 * p + r] += the same sum over the columns first … first + count - 1 of every panel p < n_panels, 2 or 4; first
   * a multiple of 256, count up to 256 a multiple of 32. Chunk after chunk gives exactly what dot gives. For many rows. */
  void (*multiply) (const guint8 *const *panels, guint n_panels, gsize first, gsize count, const L4QuantisedRows *x, gsize n_rows,
      float *out, gsize stride);
  /* What dot does, for one panel of a type without blocks; x: [n_rows] pointers to n floats. NULL for types with blocks. */
  void (*dot_floats) (const guint8 *panel, gsize n, const float *const *x, guint n_rows, float *out, gsize stride);
  /* Columns first … first + count - 1 (first a multiple of 32; rows end after n elements; beyond them 0) of the panel as
   * out[k * stride + r]. */
  void (*to_floats) (const guint8 *panel, gsize n, gsize first, gsize count, float *out, gsize stride);
  /* The same rounded to bfloat16, two columns side by side: out[count / 2][16][2]; count even. */
  void (*to_bf16) (const guint8 *panel, gsize n, gsize first, gsize count, guint16 *out);
} L4PanelKernels;

/* Of a type below L4_N_TYPES. */
const L4PanelFormat *l4_panel_format (L4Type type);

/* Bytes of a panel of rows of n elements, a multiple of the block. n < 2^40. */
gsize l4_panel_bytes (L4Type type, gsize n);

/* Interleaves rows, n_rows <= 16 of row_bytes each, stride bytes apart. */
void l4_panel_pack (L4Type type, const guint8 *rows, gsize stride, gsize row_bytes, guint n_rows, guint8 *panel);

/* The same from a matrix [n, …] whose rows are inputs, of 2- or 4-byte elements: panel row r is column r, r < n_rows. stride in
 * bytes. */
void l4_panel_pack_columns (L4Type type, const guint8 *columns, gsize stride, gsize n, guint n_rows, guint8 *panel);

/* Bytes of a row of n numbers, a multiple of 32: the stride of dense rows. */
static inline gsize
l4_quantised_row_bytes (gsize n)
{
  return n + n / L4_GROUP * (7 * sizeof (float));
}

/* Dense rows of n numbers at data, aligned to 4 bytes. */
static inline L4QuantisedRows
l4_quantised_rows (guint8 *data, gsize n)
{
  gsize groups = n / L4_GROUP;
  float *numbers = (float *) (data + n);

  return (L4QuantisedRows) {
    (gint8 *) data, numbers, (gint32 *) (numbers + groups), numbers + 2 * groups, (gint32 *) (numbers + 3 * groups),
    numbers + 5 * groups, l4_quantised_row_bytes (n)
  };
}

/* Rows i, i + 1, … from column k, a multiple of 32, on. */
static inline L4QuantisedRows
l4_quantised_rows_from (const L4QuantisedRows *self, gsize i, gsize k)
{
  gsize rows = i * self->stride, groups = k / L4_GROUP;

  return (L4QuantisedRows) {
    self->values + rows + k,
    (float *) ((guint8 *) self->scales + rows) + groups,
    (gint32 *) ((guint8 *) self->sums + rows) + groups,
    (float *) ((guint8 *) self->scaled_sums + rows) + groups,
    (gint32 *) ((guint8 *) self->half_sums + rows) + 2 * groups,
    (float *) ((guint8 *) self->scaled_half_sums + rows) + 2 * groups,
    self->stride
  };
}
