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
  gboolean bf16 = job->operand->way == L4_WAY_BF16;
  gsize size = bf16 ? sizeof (guint16) : sizeof (float);

  for (guint p = 0; p < job->blocks * L4_BLOCK_PANELS; p++) {
    const L4Weight *weight = l4_job_weight (job, p);
    const L4PanelKernels *kernels = &l4_kernels ()->panels[weight->type];
    const guint8 *panel = l4_job_panel (job, task, p, depth, width, own->panel);
    guint8 *out = own->weights + (p / L4_BLOCK_PANELS) * width * L4_BLOCK_COLUMNS * size;
    guint at = p % L4_BLOCK_PANELS * L4_PANEL_ROWS;

    if (panel == NULL) {
      for (gint64 k = 0; k < width; k++)
        if (bf16)
          memset ((guint16 *) out + (k / 2 * L4_BLOCK_COLUMNS + at) * 2, 0, 2 * L4_PANEL_ROWS * size);
        else
          memset ((float *) out + k * L4_BLOCK_COLUMNS + at, 0, L4_PANEL_ROWS * size);
    } else if (bf16) {
      kernels->to_bf16 (panel, weight->n_in - depth, 0, width, (guint16 *) out + 2 * at, 2 * L4_BLOCK_COLUMNS);
    } else {
      kernels->to_floats (panel, weight->n_in - depth, 0, width, (float *) out + at, L4_BLOCK_COLUMNS);
    }
  }
}

/* sums [blocks][rows][64] += rows first … of the operand * the blocks in own->weights */
static void
add_blocks (const L4Job *job, L4Brgemm *brgemm, gint64 first, gint64 rows, gint64 depth, gint64 width, const L4Own *own)
{
  L4BlockKind kind = job->operand->way == L4_WAY_BF16 ? L4_BLOCK_BF16 : L4_BLOCK_F32;
  gsize block_bytes = width * L4_BLOCK_COLUMNS * (kind == L4_BLOCK_BF16 ? sizeof (guint16) : sizeof (float));

  for (gint64 i = 0; i < rows; i += CALL_ROWS) {
    const void *a = l4_operand_block (job->operand, first + i, depth);

    for (guint b = 0; b < job->blocks; b++)
      l4_brgemm_add (brgemm, kind, MIN (CALL_ROWS, rows - i), width, a, own->weights + b * block_bytes,
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
        l4_job_finish_rows (job, task * job->blocks + b, 1, first + r, 1, own->sums + (b * rows + r) * L4_BLOCK_COLUMNS);
  }
  l4_brgemm_rest (brgemm);
}
