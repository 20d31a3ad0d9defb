/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tasks of a product share. */

#include "compute/job.h"

#include <string.h>

#include "kernels/kernels.h"

/* Rows of y that are fetched ahead: they lie too far apart for processors to do it by themselves. */
#define ROWS_AHEAD 8

guint
l4_job_panels_each (const L4Product *product)
{
  return product->gate != NULL ? 2 : 1;
}

gsize
l4_job_columns (const L4Job *job)
{
  return job->panels * L4_PANEL_ROWS / l4_job_panels_each (job->product);
}

/* Of tiles an odd number of lines: whole powers of 2 would have all rows meet in a few sets of the caches. */
gsize
l4_job_stride (const L4Job *job)
{
  gsize columns = job->panels * L4_PANEL_ROWS;

  return job->operand->way == L4_WAY_TILES ? job->blocks * columns + L4_PANEL_ROWS : columns;
}

/* What comes after a product: columns first … first + n - 1 of row i, sums in c; the gate's, if any, in gate. */
static void
finish_row (const L4Product *product, gint64 i, gsize first, gsize n, float *c, float *gate)
{
  const L4Kernels *kernels = l4_kernels ();
  float *y = product->y + i * product->weight->n_out + first;

  if (i + ROWS_AHEAD < product->m)
    for (gsize k = 0; k < n; k += 16)
      __builtin_prefetch (y + ROWS_AHEAD * product->weight->n_out + k, 1);
  if (product->weight->row_scales != NULL)
    for (gsize k = 0; k < n; k++)
      c[k] *= product->weight->row_scales[first + k];
  if (gate != NULL && product->gate->row_scales != NULL)
    for (gsize k = 0; k < n; k++)
      gate[k] *= product->gate->row_scales[first + k];
  if (product->bias != NULL)
    kernels->add (product->bias + first, n, c);
  if (gate != NULL)
    kernels->silu_multiply (gate, c, n, c);
  if (product->activation == L4_ACTIVATION_GELU)
    kernels->gelu (c, n);
  if (product->add)
    kernels->add (c, n, y);
  else
    memcpy (y, c, n * sizeof *c);
}

const L4Weight *
l4_job_weight (const L4Job *job, guint p)
{
  return p % job->panels < job->panels / l4_job_panels_each (job->product) ? job->product->weight : job->product->gate;
}

const guint8 *
l4_job_panel (const L4Job *job, gsize task, guint p, gint64 first, gint64 count, guint8 *scratch)
{
  guint each = job->panels / l4_job_panels_each (job->product);
  const L4Weight *weight = l4_job_weight (job, p);
  gsize index = (task * job->blocks + p / job->panels) * each + p % each;

  return index < l4_weight_n_panels (weight) ? l4_weight_get_panel (weight, index, first, MIN (count, weight->n_in - first), scratch)
      : NULL;
}

void
l4_job_finish_rows (const L4Job *job, gsize block, guint blocks, gint64 first, gint64 rows, float *sums, gsize stride)
{
  const L4Product *product = job->product;
  gint64 columns = blocks * l4_job_columns (job), column = block * l4_job_columns (job), n = MIN (columns, product->weight->n_out - column);

  for (gint64 r = 0; n > 0 && r < rows; r++, sums += stride)
    finish_row (product, first + r, column, n, sums, product->gate != NULL ? sums + columns : NULL);
}

gsize
l4_job_panel_bytes (const L4Product *product)
{
  return MAX (product->weight->panel_bytes, product->gate != NULL ? product->gate->panel_bytes : 0);
}
