/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows that meet panels where they lie: a few rows of any kind, or many of 8-bit integers. */

#include "compute/job.h"

#include <string.h>

#include "kernels/kernels.h"

/* Up to 8 rows at a time: panels are read where they lie. ------------------------------------------------------------------ */

/* sums [rows][64] = n rows of the operand * n_panels panels of the weight */
static void
dot_panels (const L4Job *job, const L4Weight *weight, const guint8 *const *panels, guint n_panels, gint64 first, guint n, float *sums)
{
  const L4PanelKernels *kernels = &l4_kernels ()->panels[weight->type];
  const float *floats[L4_DOT_ROWS];

  if (job->operand->way == L4_WAY_QUANTISED) {
    L4QuantisedRows rows = l4_operand_quantised (job->operand, first);

    for (guint p = 0; p < n_panels; p += L4_MAX_PANELS)
      kernels->dot (panels + p, MIN (L4_MAX_PANELS, n_panels - p), weight->n_in, &rows, n, sums + p * L4_PANEL_ROWS, L4_BLOCK_COLUMNS);
  } else {
    for (guint i = 0; i < n; i++)
      floats[i] = l4_operand_floats (job->operand, first + i);
    for (guint p = 0; p < n_panels; p++)
      kernels->dot_floats (panels[p], weight->n_in, floats, n, sums + p * L4_PANEL_ROWS, L4_BLOCK_COLUMNS);
  }
}

static void
do_dots (const L4Job *job, const guint8 *const *panels, gsize task, const L4Own *own)
{
  const L4Product *product = job->product;
  gboolean full = panels[L4_BLOCK_PANELS - 1] != NULL && (product->gate == NULL || product->gate->type == product->weight->type);
  guint n = full ? L4_BLOCK_PANELS : L4_BLOCK_PANELS / l4_job_panels_each (product);

  for (gint64 i = 0; i < product->m; i += L4_DOT_ROWS) {
    guint rows = MIN (L4_DOT_ROWS, product->m - i);

    for (guint p = 0; p < L4_BLOCK_PANELS; p += n) {
      guint there = 0;

      while (there < n && panels[p + there] != NULL)
        there++;
      dot_panels (job, l4_job_weight (job, p), panels + p, there, i, rows, own->sums + p * L4_PANEL_ROWS);
    }
    l4_job_finish_rows (job, task, 1, i, rows, own->sums, L4_BLOCK_COLUMNS);
  }
}

/* More rows of 8-bit integers: a chunk of the panels becomes bytes that all rows meet. --------------------------------------- */

static void
do_chunks (const L4Job *job, const guint8 *const *panels, gsize task, const L4Own *own)
{
  const L4Product *product = job->product;
  guint n = L4_BLOCK_PANELS / l4_job_panels_each (product);
  const guint8 *there[L4_BLOCK_PANELS];

  for (guint p = 0; p < L4_BLOCK_PANELS; p++)      /* beyond the last another one, for sums that nobody reads */
    there[p] = panels[p] != NULL ? panels[p] : panels[p / n * n];
  for (gint64 first = 0; first < product->m; first += L4_JOB_CHUNK_ROWS) {
    gint64 rows = MIN (L4_JOB_CHUNK_ROWS, product->m - first);
    L4QuantisedRows x = l4_operand_quantised (job->operand, first);

    memset (own->sums, 0, rows * L4_BLOCK_COLUMNS * sizeof (float));
    for (gint64 depth = 0; depth < product->weight->n_in; depth += L4_CHUNK)
      for (guint p = 0; p < L4_BLOCK_PANELS; p += n)
        l4_kernels ()->panels[l4_job_weight (job, p)->type].multiply (there + p, n, depth,
            MIN (L4_CHUNK, product->weight->n_in - depth), &x, rows, own->sums + p * L4_PANEL_ROWS, L4_BLOCK_COLUMNS);
    l4_job_finish_rows (job, task, 1, first, rows, own->sums, L4_BLOCK_COLUMNS);
  }
}

/* Whether there are more rows than dot products are the faster way for. */
static gboolean
is_many (const L4Product *product)
{
  const L4PanelKernels *panels = l4_kernels ()->panels;
  guint most = panels[product->weight->type].most_dot_rows;

  return product->m > (product->gate != NULL ? MIN (most, panels[product->gate->type].most_dot_rows) : most);
}

void
l4_job_do_panels (const L4Job *job, gsize task, const L4Own *own)
{
  const guint8 *panels[L4_BLOCK_PANELS];

  for (guint p = 0; p < L4_BLOCK_PANELS; p++)
    panels[p] = l4_job_panel (job, task, p, 0, G_MAXINT64, own->panel + p * l4_job_panel_bytes (job->product));
  if (job->operand->way == L4_WAY_QUANTISED && is_many (job->product))
    do_chunks (job, panels, task, own);
  else
    do_dots (job, panels, task, own);
}
