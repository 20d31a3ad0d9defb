/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many rows: panels become blocks that oneDNN's kernels multiply. */

#include "compute/job.h"

#include <string.h>

#include "kernels/kernels.h"

/* Rows of A in one kernel call. */
#define CALL_ROWS 32

/* Columns depth … depth + width - 1 of the panels of one task to own->weights, block by block. */
static void
make_blocks (const L4Job *job, gsize task, gint64 depth, gint64 width, const L4Own *own)
{
  for (guint p = 0; p < job->blocks * L4_BLOCK_PANELS; p++) {
    const L4Weight *weight = l4_job_weight (job, p);
    const guint8 *panel = l4_job_panel (job, task, p, depth, width, own->panel);
    float *out = (float *) own->weights + (p / L4_BLOCK_PANELS) * width * L4_BLOCK_COLUMNS + p % L4_BLOCK_PANELS * L4_PANEL_ROWS;

    if (panel != NULL)
      l4_kernels ()->panels[weight->type].to_floats (panel, weight->n_in - depth, 0, width, out, L4_BLOCK_COLUMNS);
    else
      for (gint64 k = 0; k < width; k++)
        memset (out + k * L4_BLOCK_COLUMNS, 0, L4_PANEL_ROWS * sizeof *out);
  }
}

/* sums [blocks][rows][64] += rows first … of the operand * the blocks in own->weights */
static void
add_blocks (const L4Job *job, L4Brgemm *brgemm, gint64 first, gint64 rows, gint64 depth, gint64 width, const L4Own *own)
{
  const float *blocks = (const float *) own->weights;

  for (gint64 i = 0; i < rows; i += CALL_ROWS) {
    const void *a = l4_operand_block (job->operand, first + i, depth);

    for (guint b = 0; b < job->blocks; b++)
      l4_brgemm_add (brgemm, L4_BLOCK_F32, MIN (CALL_ROWS, rows - i), L4_BLOCK_COLUMNS, width, a, blocks + b * width * L4_BLOCK_COLUMNS,
          own->sums + (b * rows + i) * L4_BLOCK_COLUMNS);
  }
}

void
l4_job_do_blocks (const L4Job *job, L4Brgemm *brgemm, gsize task, const L4Own *own)
{
  const L4Operand *operand = job->operand;

  for (gint64 first = 0; first < job->product->m; first += L4_JOB_ROWS) {
    gint64 rows = MIN (L4_JOB_ROWS, operand->padded_m - first);

    memset (own->sums, 0, job->blocks * rows * L4_BLOCK_COLUMNS * sizeof (float));
    for (gint64 depth = 0; depth < operand->padded_n; depth += L4_BLOCK_DEPTH) {
      gint64 width = MIN (L4_BLOCK_DEPTH, operand->padded_n - depth);

      make_blocks (job, task, depth, width, own);
      add_blocks (job, brgemm, first, rows, depth, width, own);
    }
    for (gint64 r = 0; r < MIN (rows, job->product->m - first); r++)
      for (guint b = 0; b < job->blocks; b++)
        l4_job_finish_rows (job, task * job->blocks + b, 1, first + r, 1, own->sums + (b * rows + r) * L4_BLOCK_COLUMNS,
            L4_BLOCK_COLUMNS);
  }
  l4_brgemm_rest (brgemm);
}
