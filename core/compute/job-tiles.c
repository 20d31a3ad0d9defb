/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many rows by matrix units: two panels at a time become tiles that stay in the first-level cache while all rows meet them. */

#include "compute/job.h"

#include "kernels/kernels.h"

/* Rows at a time: a slice of them and their sums are a second-level cache. */
#define MAX_TILE_ROWS 640

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
  gsize stride = job->blocks * L4_TILE_PANELS * L4_PANEL_ROWS;
  gsize step = l4_job_columns (job), second = job->product->gate != NULL ? stride / 2 : L4_PANEL_ROWS;

  for (guint b = 0; b < blocks; b++) {
    const guint16 *tiles[L4_TILE_PANELS], *next[L4_TILE_PANELS];
    gboolean fetch = b + 1 < blocks && find_tiles (job, task, b + 1, depth, width, next);

    if (!find_tiles (job, task, b, depth, width, tiles))
      make_tiles (job, task, b, depth, width, own, tiles);
    l4_kernels ()->tiles->multiply (l4_operand_block (job->operand, first, depth), rows, width, tiles, fetch ? next : NULL, depth > 0,
        (float *[]) { own->sums + b * step, own->sums + b * step + second }, stride);
  }
}

void
l4_job_do_tiles (const L4Job *job, gsize task, const L4Own *own)
{
  const L4Operand *operand = job->operand;
  gint64 parts = (operand->padded_m + MAX_TILE_ROWS - 1) / MAX_TILE_ROWS;
  gint64 most = (operand->padded_m / parts + L4_TILE_ROWS - 1) / L4_TILE_ROWS * L4_TILE_ROWS;
  guint blocks = MIN (job->blocks, (job->product->weight->n_out + l4_job_columns (job) - 1) / l4_job_columns (job) - task * job->blocks);

  l4_kernels ()->tiles->begin ();
  for (gint64 first = 0; first < job->product->m; first += most) {
    gint64 rows = MIN (most, operand->padded_m - first);

    for (gint64 depth = 0; depth < operand->padded_n; depth += L4_BLOCK_DEPTH)
      add_tiles (job, task, blocks, first, rows, depth, own);
    l4_job_finish_rows (job, task * job->blocks, job->blocks, first, MIN (rows, job->product->m - first), own->sums);
  }
  l4_kernels ()->tiles->end ();
}
