/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many rows by matrix units: two panels at a time become tiles that stay in the first-level cache while all rows meet them. */

#include "compute/job.h"

#include "kernels/kernels.h"

/* Rows at a time: a slice of them and their sums are a second-level cache. */
#define MAX_TILE_ROWS 640
/* Bytes of rows that stay there beside their sums and the weights that come and go, and how many rows at least. */
#define STAYS (1 << 20)
#define LEAST_ROWS 256

/* Matrix units wait for rows from beyond that cache as long as they multiply; others are slow enough for them. */
gsize
l4_job_parts (const L4Product *product)
{
  gint64 most = STAYS / (product->weight->n_in * (gint64) sizeof (guint16)) / L4_TILE_ROWS * L4_TILE_ROWS;

  return l4_kernels ()->tiles->matrix_units && most >= LEAST_ROWS ? (product->m + most - 1) / most : 1;
}

/* The tiles of columns depth … depth + width - 1 of block b of a task, where panels hold them as they are; FALSE: they do not. */
static gboolean
find_tiles (const L4Job *job, gsize task, guint b, gint64 depth, gint64 width, const guint16 **tiles)
{
  for (guint p = 0; p < L4_TILE_PANELS; p++) {
    const L4Weight *weight = l4_job_weight (job, p);
    const guint8 *panel;

    if (weight->type != L4_TYPE_BF16 || weight->panels == NULL || depth + width > weight->n_in)
      return FALSE;
    panel = l4_job_panel (job, task, b * L4_TILE_PANELS + p, depth, width, NULL);
    tiles[p] = panel != NULL ? (const guint16 *) panel : tiles[0];
  }
  return TRUE;
}

/* The same in own->weights. Beyond the last panel another one, for sums that nobody reads. */
static void
make_tiles (const L4Job *job, gsize task, guint b, gint64 depth, gint64 width, const L4Own *own, const guint16 **tiles)
{
  for (guint p = 0; p < L4_TILE_PANELS; p++) {
    const L4Weight *weight = l4_job_weight (job, p);
    const guint8 *panel = l4_job_panel (job, task, b * L4_TILE_PANELS + p, depth, width, own->panel);
    guint16 *out = (guint16 *) own->weights + p * L4_BLOCK_DEPTH * L4_PANEL_ROWS;

    tiles[p] = panel != NULL ? out : tiles[0];
    if (panel != NULL)
      l4_kernels ()->panels[weight->type].to_bf16 (panel, weight->n_in - depth, 0, width, out);
  }
}

/* Sums of rows first … of the operand, as l4_job_finish_rows() takes them, += columns depth … of the first `blocks` blocks' weights. */
static void
add_tiles (const L4Job *job, gsize task, guint blocks, gint64 first, gint64 rows, gint64 depth, const L4Own *own)
{
  gint64 width = MIN (L4_BLOCK_DEPTH, job->operand->padded_n - depth);
  gsize step = l4_job_columns (job), second = job->product->gate != NULL ? job->blocks * step : L4_PANEL_ROWS;

  for (guint b = 0; b < blocks; b++) {
    const guint16 *tiles[L4_TILE_PANELS], *next[L4_TILE_PANELS];
    gint64 then = b + 1 < blocks ? depth : depth + width;
    gboolean fetch = then < job->operand->padded_n && find_tiles (job, task, (b + 1) % blocks, then,
        MIN (width, job->operand->padded_n - then), next);

    if (!find_tiles (job, task, b, depth, width, tiles))
      make_tiles (job, task, b, depth, width, own, tiles);
    l4_kernels ()->tiles->multiply (l4_operand_block (job->operand, first, depth), rows, width, tiles, fetch ? next : NULL, depth > 0,
        (float *[]) { own->sums + b * step, own->sums + b * step + second }, l4_job_stride (job));
  }
}

/* Rows at a time when they are cut into so many parts. */
static gint64
part_rows (const L4Operand *operand, gint64 parts)
{
  return (operand->padded_m / parts + L4_TILE_ROWS - 1) / L4_TILE_ROWS * L4_TILE_ROWS;
}

void
l4_job_do_tiles (const L4Job *job, gsize index, const L4Own *own)
{
  const L4Operand *operand = job->operand;
  gsize each = job->n_tasks / job->parts, task = index % each;
  gint64 own_rows = part_rows (operand, job->parts), begin = index / each * own_rows, end = MIN (begin + own_rows, job->product->m);
  gint64 most = part_rows (operand, (operand->padded_m + MAX_TILE_ROWS - 1) / MAX_TILE_ROWS);
  guint blocks = MIN (job->blocks, (job->product->weight->n_out + l4_job_columns (job) - 1) / l4_job_columns (job) - task * job->blocks);

  l4_kernels ()->tiles->begin ();
  for (gint64 first = begin; first < end; first += most) {
    gint64 rows = MIN (most, MIN (begin + own_rows, operand->padded_m) - first);

    for (gint64 depth = 0; depth < operand->padded_n; depth += L4_BLOCK_DEPTH)
      add_tiles (job, task, blocks, first, rows, depth, own);
    l4_job_finish_rows (job, task * job->blocks, job->blocks, first, MIN (rows, end - first), own->sums,
        l4_job_stride (job));
  }
  l4_kernels ()->tiles->end ();
}
