/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tasks that a product is cut into: what they share, and the ways to do them. For this folder. */

#pragma once

#include "compute/brgemm.h"
#include "compute/operand.h"
#include "compute/product.h"

/* Most panels in a block of columns. */
#define L4_BLOCK_PANELS (L4_BLOCK_COLUMNS / L4_PANEL_ROWS)
/* Panels that matrix units take at once. */
#define L4_TILE_PANELS 2
/* Most columns that a task multiplies side by side: each row of A is then read that much less often. */
#define L4_JOB_COLUMNS (4 * L4_BLOCK_COLUMNS)
/* Most rows that a task keeps sums for: with L4_JOB_COLUMNS a megabyte, half of a second-level cache. */
#define L4_JOB_ROWS 1024
/* The same of 8-bit integers: a chunk of them and their sums are half a second-level cache. */
#define L4_JOB_CHUNK_ROWS 512

/* A product on its way. */
typedef struct
{
  const L4Product *product;
  const L4Operand *operand;
  guint panels;                 /* in a block of columns */
  guint blocks;                 /* in one task */
  gsize parts;                  /* that the rows are cut into, each with tasks of its own; tiles alone */
  gsize first_task;             /* of the call */
  gsize n_tasks;
} L4Job;

/* One thread's working memory. */
typedef struct
{
  float *sums;                  /* [rows][l4_job_stride ()], of oneDNN's kernels [blocks][rows][columns] */
  guint8 *weights;              /* [blocks][512 * 64] of floats, or one block of tiles */
  guint8 *panel;                /* of mapped weights */
} L4Own;

/* Panels that one column of the product takes: with a gate its own and the gate's. */
guint l4_job_panels_each (const L4Product *product);

/* Columns of y that a block gives. */
gsize l4_job_columns (const L4Job *job);

/* Floats from one row of sums to the next. */
gsize l4_job_stride (const L4Job *job);

/* How many parts the rows are cut into so that each stays in the second-level cache while it meets all columns; 1 where that does not pay. */
gsize l4_job_parts (const L4Product *product);

/* The weight that panel p of a task, 0 … panels * blocks - 1, is of: with a gate the gate's are the second half of each block. */
const L4Weight *l4_job_weight (const L4Job *job, guint p);

/* Columns first … first + count - 1, as many as there are, of panel p of a task; NULL beyond the last panel. scratch: as in
 * l4_weight_get_panel(). */
const guint8 *l4_job_panel (const L4Job *job, gsize task, guint p, gint64 first, gint64 count, guint8 *scratch);

/* Bytes of the larger of the product's panels. */
gsize l4_job_panel_bytes (const L4Product *product);

/* What comes after a product, for rows first … of blocks side by side: sums [rows][all columns, then all of the gate], rows stride floats
 * apart. */
void l4_job_finish_rows (const L4Job *job, gsize block, guint blocks, gint64 first, gint64 rows, float *sums, gsize stride);

/* Does a task whose rows meet panels where they lie; by oneDNN's kernels; by matrix units. */
void l4_job_do_panels (const L4Job *job, gsize task, const L4Own *own);
void l4_job_do_blocks (const L4Job *job, L4Brgemm *brgemm, gsize task, const L4Own *own);
void l4_job_do_tiles (const L4Job *job, gsize task, const L4Own *own);
