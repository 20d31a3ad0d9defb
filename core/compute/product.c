/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of rows and weights, with what comes right after them. */

#include "compute/product.h"

#include "compute/compute-private.h"
#include "compute/job.h"

typedef struct
{
  L4Compute *compute;
  L4Job *jobs;
  gsize n_jobs;
  L4Operand *operands;
  gsize n_operands;
} Call;

static gboolean
is_plain (L4Type type)
{
  return l4_kernels ()->panels[type].dot == NULL;
}

static L4Way
choose_way (const L4Compute *compute, const L4Product *product)
{
  const L4TileKernels *tiles = l4_kernels ()->tiles;
  gboolean few = product->apart || product->m <= L4_DOT_ROWS, plain = is_plain (product->weight->type);
  gboolean alike = product->gate == NULL || is_plain (product->gate->type) == plain;

  if (compute->precision == L4_PRECISION_F32 || product->weight->type == L4_TYPE_F32)
    return few && plain && alike ? L4_WAY_FLOATS : L4_WAY_BLOCKS;
  if (alike && (few || (!plain && (tiles == NULL || !tiles->matrix_units))))    /* tiles and blocks are made of every type */
    return plain ? L4_WAY_FLOATS : L4_WAY_QUANTISED;
  return tiles != NULL ? L4_WAY_TILES : L4_WAY_BLOCKS;
}

/* Floats of sums and bytes of weights that the job's tasks need. */
static gsize
sums_size (const L4Job *job)
{
  gint64 rows = l4_operand_has_blocks (job->operand) ? MIN (job->operand->padded_m, L4_JOB_ROWS)
      : MAX (MIN (job->product->m, L4_JOB_CHUNK_ROWS), L4_DOT_ROWS);

  return rows * (job->operand->way == L4_WAY_TILES ? 1 : job->blocks) * l4_job_stride (job);
}

static gsize
weights_bytes (const L4Job *job)
{
  return l4_operand_has_blocks (job->operand) ? job->blocks * L4_BLOCK_DEPTH * job->panels * L4_PANEL_ROWS * sizeof (float) : 0;
}

static L4Own
split_own (const L4Compute *compute, const L4Job *job, guint thread)
{
  float *sums = compute->own[thread].data;
  guint8 *weights = (guint8 *) (sums + sums_size (job));

  return (L4Own) { sums, weights, weights + weights_bytes (job) };
}

static gsize
own_bytes (const L4Job *job)
{
  const L4Product *product = job->product;
  gboolean mapped = product->weight->panels == NULL || (product->gate != NULL && product->gate->panels == NULL);

  return sums_size (job) * sizeof (float) + weights_bytes (job) + (mapped ? L4_BLOCK_PANELS * l4_job_panel_bytes (product) : 0);
}

static void
do_task (gpointer data, gsize task, guint thread)
{
  const Call *call = data;
  const L4Job *job = call->jobs;
  L4Own own;

  while (task >= job->first_task + job->n_tasks)
    job++;
  own = split_own (call->compute, job, thread);
  if (job->operand->way == L4_WAY_TILES)
    l4_job_do_tiles (job, task - job->first_task, &own);
  else if (l4_operand_has_blocks (job->operand))
    l4_job_do_blocks (job, call->compute->brgemm, task - job->first_task, &own);
  else
    l4_job_do_panels (job, task - job->first_task, &own);
}

/* The operand that the product needs: one that is there already, or a new one. */
static L4Operand *
find_operand (Call *call, const L4Product *product)
{
  L4Operand wanted = {.way = choose_way (call->compute, product),.x = product->x,.rows = product->rows,
    .norm = product->norm,.factors = product->factors,.m = product->m,.n_in = product->weight->n_in
  };

  wanted.exact = call->compute->precision == L4_PRECISION_F32 || product->weight->type == L4_TYPE_F32;
  for (gsize i = 0; i < call->n_operands; i++) {
    L4Operand *one = &call->operands[i];

    if (one->way == wanted.way && one->exact == wanted.exact && one->x == wanted.x && one->rows == wanted.rows
        && one->norm == wanted.norm && one->factors == wanted.factors && one->m == wanted.m && one->n_in == wanted.n_in)
      return one;
  }
  call->operands[call->n_operands] = wanted;
  return &call->operands[call->n_operands++];
}

/* Enough tasks for every thread to have several; the more rows, the more blocks a task may take side by side. */
static guint
choose_blocks (const L4Compute *compute, const L4Job *job, gsize n_blocks)
{
  guint columns = job->product->m < 64 ? L4_JOB_COLUMNS / 4 : job->product->m < 256 ? L4_JOB_COLUMNS / 2 : L4_JOB_COLUMNS;
  guint most = l4_operand_has_blocks (job->operand) ? columns / (job->panels * L4_PANEL_ROWS) : 1;

  while (most > 1 && n_blocks * job->parts / most < 4 * l4_pool_get_threads (compute->pool))
    most /= 2;
  return most;
}

static void
write_operand_row (gpointer data, gsize task, guint thread)
{
  const Call *call = data;
  const L4Operand *operand = call->operands;

  while (task >= (gsize) operand->padded_m)
    task -= (operand++)->padded_m;
  l4_operand_write_row (operand, task, call->compute->own[thread].data);
}

static gboolean
write_operands (Call *call, GError **error)
{
  gsize bytes = 0, rows = 0, widest = 0;
  guint64 work = 0;

  for (gsize i = 0; i < call->n_operands; i++) {
    L4Operand *operand = &call->operands[i];

    if (!l4_operand_measure (operand) || bytes > G_MAXSIZE / 2 - operand->bytes)
      return l4_fail (error, L4_ERROR_MEMORY, _("a product of %" PRId64 " rows of %" PRId64 " is too large"), operand->m,
          operand->n_in);
    operand->offset = bytes;
    bytes += (operand->bytes + 63) & ~(gsize) 63;
    rows += operand->padded_m;
    widest = MAX (widest, (gsize) operand->padded_n);
    work += operand->padded_m * operand->padded_n;
  }
  if (l4_scratch_take (&call->compute->shared, bytes, error) == NULL
      || !l4_compute_take_own (call->compute, widest * sizeof (float), error))
    return FALSE;
  for (gsize i = 0; i < call->n_operands; i++)
    call->operands[i].data = (guint8 *) call->compute->shared.data + call->operands[i].offset;
  l4_compute_run (call->compute, write_operand_row, call, rows, work);
  return TRUE;
}

static gboolean
do_products (Call *call, const L4Product *products, gsize n_products, GError **error)
{
  gsize n_tasks = 0, bytes = 0;
  guint64 work = 0;

  for (gsize i = 0; i < n_products; i++) {
    const L4Product *product = &products[i];
    L4Job *job = &call->jobs[call->n_jobs];
    gsize n_blocks;

    if (product->m == 0)
      continue;
    *job = (L4Job) {.product = product,.operand = find_operand (call, product),.first_task = n_tasks };
    job->panels = job->operand->way == L4_WAY_TILES ? L4_TILE_PANELS : L4_BLOCK_PANELS;
    n_blocks = (product->weight->n_out + l4_job_columns (job) - 1) / l4_job_columns (job);
    job->parts = job->operand->way == L4_WAY_TILES ? l4_job_parts (product) : 1;
    job->blocks = choose_blocks (call->compute, job, n_blocks);
    job->n_tasks = (n_blocks + job->blocks - 1) / job->blocks * job->parts;
    n_tasks += job->n_tasks;
    work += product->m * product->weight->n_out * product->weight->n_in * l4_job_panels_each (product);
    call->n_jobs++;
  }
  if (!write_operands (call, error))
    return FALSE;
  for (gsize i = 0; i < call->n_jobs; i++)
    bytes = MAX (bytes, own_bytes (&call->jobs[i]));
  if (!l4_compute_take_own (call->compute, bytes, error))
    return FALSE;
  l4_compute_run (call->compute, do_task, call, n_tasks, work);
  return TRUE;
}

gboolean
l4_multiply (L4Compute *compute, const L4Product *products, gsize n_products, GError **error)
{
  g_autofree L4Job *jobs = g_new (L4Job, n_products);
  g_autofree L4Operand *operands = g_new (L4Operand, n_products);
  Call call = {.compute = compute,.jobs = jobs,.operands = operands };
  gboolean done;

  g_rec_mutex_lock (&compute->lock);
  done = do_products (&call, products, n_products, error);
  g_rec_mutex_unlock (&compute->lock);
  return done;
}

gboolean
l4_multiply_tells_many (const L4Compute *compute, const L4Product *product)
{
  L4Product few = *product, many = *product;

  few.m = 1;
  many.m = G_MAXINT32;
  many.apart = FALSE;
  return choose_way (compute, &few) != choose_way (compute, &many);
}
