/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of rows and weights, with what comes right after them. */

#include "compute/product.h"

#include <string.h>

#include "base/memory.h"
#include "compute/compute-private.h"
#include "compute/operand.h"

/* Most panels in a block of columns. */
#define BLOCK_PANELS (L4_BLOCK_COLUMNS / L4_PANEL_ROWS)
/* Panels that matrix units take at once. */
#define TILE_PANELS 2
/* Most columns that a task multiplies side by side: each row of A is then read that much less often. */
#define MAX_COLUMNS (4 * L4_BLOCK_COLUMNS)
/* Rows that a task keeps sums for: with MAX_COLUMNS a megabyte, half of a second-level cache. */
#define MAX_ROWS 1024
/* The same where matrix units want their rows from that cache as well. */
#define MAX_TILE_ROWS 640
/* Rows of a tile. */
#define TILE_ROWS 16
/* Rows of A in one kernel call. */
#define CALL_ROWS 32
/* Rows of 8-bit integers at a time: a chunk of them and their sums are half a second-level cache. */
#define CHUNK_ROWS 512

/* A product on its way. */
typedef struct
{
  const L4Product *product;
  const L4Operand *operand;
  guint panels;                 /* in a block of columns */
  guint blocks;                 /* in one task */
  gsize first_task;             /* of the call */
  gsize n_tasks;
} Job;

typedef struct
{
  L4Compute *compute;
  Job *jobs;
  gsize n_jobs;
  L4Operand *operands;
  gsize n_operands;
} Call;

/* One thread's working memory. */
typedef struct
{
  float *sums;                  /* [rows][blocks * columns], of oneDNN's kernels [blocks][rows][columns] */
  guint8 *weights;              /* [blocks][512 * 64] of floats, or one block of tiles */
  guint8 *panel;                /* of mapped weights */
} Own;

static gboolean
is_plain (L4Type type)
{
  return l4_kernels ()->panels[type].dot == NULL;
}

static L4Way
choose_way (const L4Compute *compute, const L4Product *product)
{
  gboolean few = product->m <= L4_DOT_ROWS, plain = is_plain (product->weight->type);
  gboolean alike = product->gate == NULL || is_plain (product->gate->type) == plain;

  if (compute->precision == L4_PRECISION_F32 || product->weight->type == L4_TYPE_F32)
    return few && plain && alike ? L4_WAY_FLOATS : L4_WAY_F32;
  if (alike && (few || (!plain && l4_kernels ()->tiles == NULL)))       /* blocks are made of every type */
    return plain ? L4_WAY_FLOATS : L4_WAY_QUANTISED;
  if (l4_kernels ()->tiles != NULL)
    return L4_WAY_TILES;
  return l4_brgemm_has_bf16 (compute->brgemm) ? L4_WAY_BF16 : L4_WAY_F32;
}

/* Panels that one column of the product takes: with a gate its own and the gate's. */
static guint
panels_each (const L4Product *product)
{
  return product->gate != NULL ? 2 : 1;
}

/* Columns of y that a block gives. */
static gsize
columns_of (const Job *job)
{
  return job->panels * L4_PANEL_ROWS / panels_each (job->product);
}

/* What comes after a product: columns first … first + n - 1 of row i, sums in c; the gate's, if any, in gate. */
static void
finish_row (const L4Product *product, gint64 i, gsize first, gsize n, float *c, float *gate)
{
  const L4Kernels *kernels = l4_kernels ();
  float *y = product->y + i * product->weight->n_out + first;

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

/* The weight that panel p of a task, 0 … panels * blocks - 1, is of: with a gate the gate's are the second half of each block. */
static const L4Weight *
panel_weight (const Job *job, guint p)
{
  return p % job->panels < job->panels / panels_each (job->product) ? job->product->weight : job->product->gate;
}

/* Columns first … first + count - 1, as many as there are, of panel p of a task; NULL beyond the last panel. */
static const guint8 *
task_panel (const Job *job, gsize task, guint p, gint64 first, gint64 count, guint8 *scratch)
{
  guint each = job->panels / panels_each (job->product);
  const L4Weight *weight = panel_weight (job, p);
  gsize index = (task * job->blocks + p / job->panels) * each + p % each;

  return index < l4_weight_n_panels (weight) ? l4_weight_get_panel (weight, index, first, MIN (count, weight->n_in - first), scratch)
      : NULL;
}

/* Rows first … of blocks side by side: sums [rows][all columns, then all of the gate]. */
static void
finish_rows (const Job *job, gsize block, guint blocks, gint64 first, gint64 rows, float *sums)
{
  const L4Product *product = job->product;
  gint64 columns = blocks * columns_of (job), column = block * columns_of (job), n = MIN (columns, product->weight->n_out - column);

  for (gint64 r = 0; n > 0 && r < rows; r++, sums += columns * panels_each (product))
    finish_row (product, first + r, column, n, sums, product->gate != NULL ? sums + columns : NULL);
}

/* Bytes of the larger of the product's panels. */
static gsize
panel_bytes (const L4Product *product)
{
  return MAX (product->weight->panel_bytes, product->gate != NULL ? product->gate->panel_bytes : 0);
}

/* Up to 8 rows at a time: panels are read where they lie. ------------------------------------------------------------------ */

/* sums [rows][64] = n rows of the operand * n_panels panels of the weight */
static void
dot_panels (const Job *job, const L4Weight *weight, const guint8 *const *panels, guint n_panels, gint64 first, guint n, float *sums)
{
  const L4PanelKernels *kernels = &l4_kernels ()->panels[weight->type];
  const float *floats[L4_DOT_ROWS];

  if (job->operand->way == L4_WAY_QUANTISED) {
    L4QuantisedRows rows = l4_operand_quantised (job->operand, first);

    kernels->dot (panels, n_panels, weight->n_in, &rows, n, sums, L4_BLOCK_COLUMNS);
  } else {
    for (guint i = 0; i < n; i++)
      floats[i] = l4_operand_floats (job->operand, first + i);
    for (guint p = 0; p < n_panels; p++)
      kernels->dot_floats (panels[p], weight->n_in, floats, n, sums + p * L4_PANEL_ROWS, L4_BLOCK_COLUMNS);
  }
}

static void
do_dots (const Job *job, const guint8 *const *panels, gsize task, const Own *own)
{
  const L4Product *product = job->product;
  gboolean full = panels[BLOCK_PANELS - 1] != NULL && (product->gate == NULL || product->gate->type == product->weight->type);
  guint n = full ? BLOCK_PANELS : BLOCK_PANELS / panels_each (product);

  for (gint64 i = 0; i < product->m; i += L4_DOT_ROWS) {
    guint rows = MIN (L4_DOT_ROWS, product->m - i);

    for (guint p = 0; p < BLOCK_PANELS; p += n) {
      guint there = 0;

      while (there < n && panels[p + there] != NULL)
        there++;
      dot_panels (job, panel_weight (job, p), panels + p, there, i, rows, own->sums + p * L4_PANEL_ROWS);
    }
    finish_rows (job, task, 1, i, rows, own->sums);
  }
}

/* More rows of 8-bit integers: a chunk of the panels becomes bytes that all rows meet. --------------------------------------- */

/* Brings the chunk of a panel that begins at column `depth` to the second-level cache while the one before is multiplied. */
static void
prefetch_chunk (L4Type type, const guint8 *panel, gsize depth)
{
  const guint8 *chunk = panel + l4_panel_bytes (type, depth);
  gsize bytes = l4_panel_bytes (type, L4_CHUNK);

  for (gsize i = 0; i < bytes; i += 64)
    __builtin_prefetch (chunk + i, 0, 2);
}

static void
do_chunks (const Job *job, const guint8 *const *panels, gsize task, const Own *own)
{
  const L4Product *product = job->product;
  guint n = BLOCK_PANELS / panels_each (product);
  const guint8 *there[BLOCK_PANELS];

  for (guint p = 0; p < BLOCK_PANELS; p++)      /* beyond the last another one, for sums that nobody reads */
    there[p] = panels[p] != NULL ? panels[p] : panels[p / n * n];
  for (gint64 first = 0; first < product->m; first += CHUNK_ROWS) {
    gint64 rows = MIN (CHUNK_ROWS, product->m - first);
    L4QuantisedRows x = l4_operand_quantised (job->operand, first);

    memset (own->sums, 0, rows * L4_BLOCK_COLUMNS * sizeof (float));
    for (gint64 depth = 0; depth < product->weight->n_in; depth += L4_CHUNK) {
      for (guint p = 0; p < BLOCK_PANELS; p++)
        prefetch_chunk (panel_weight (job, p)->type, there[p], depth + L4_CHUNK);
      for (guint p = 0; p < BLOCK_PANELS; p += n)
        l4_kernels ()->panels[panel_weight (job, p)->type].multiply (there + p, n, depth,
            MIN (L4_CHUNK, product->weight->n_in - depth), &x, rows, own->sums + p * L4_PANEL_ROWS, L4_BLOCK_COLUMNS);
    }
    finish_rows (job, task, 1, first, rows, own->sums);
  }
}

static void
do_panels (const Job *job, gsize task, const Own *own)
{
  const guint8 *panels[BLOCK_PANELS];

  for (guint p = 0; p < BLOCK_PANELS; p++)
    panels[p] = task_panel (job, task, p, 0, G_MAXINT64, own->panel + p * panel_bytes (job->product));
  if (job->operand->way == L4_WAY_QUANTISED && job->product->m > L4_DOT_ROWS)
    do_chunks (job, panels, task, own);
  else
    do_dots (job, panels, task, own);
}

/* Many rows: panels become blocks that the matrix kernels multiply. ---------------------------------------------------------- */

/* Columns depth … depth + width - 1 of the panels of one task to own->weights, block by block. */
static void
make_blocks (const Job *job, gsize task, gint64 depth, gint64 width, const Own *own)
{
  gboolean bf16 = job->operand->way == L4_WAY_BF16;
  gsize size = bf16 ? sizeof (guint16) : sizeof (float);

  for (guint p = 0; p < job->blocks * BLOCK_PANELS; p++) {
    const L4Weight *weight = panel_weight (job, p);
    const L4PanelKernels *kernels = &l4_kernels ()->panels[weight->type];
    const guint8 *panel = task_panel (job, task, p, depth, width, own->panel);
    guint8 *out = own->weights + (p / BLOCK_PANELS) * width * L4_BLOCK_COLUMNS * size;
    guint at = p % BLOCK_PANELS * L4_PANEL_ROWS;

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
add_blocks (const Call *call, const Job *job, gint64 first, gint64 rows, gint64 depth, gint64 width, const Own *own)
{
  L4BlockKind kind = job->operand->way == L4_WAY_BF16 ? L4_BLOCK_BF16 : L4_BLOCK_F32;
  gsize block_bytes = width * L4_BLOCK_COLUMNS * (kind == L4_BLOCK_BF16 ? sizeof (guint16) : sizeof (float));

  for (gint64 i = 0; i < rows; i += CALL_ROWS) {
    const void *a = l4_operand_block (job->operand, first + i, depth);

    for (guint b = 0; b < job->blocks; b++)
      l4_brgemm_add (call->compute->brgemm, kind, MIN (CALL_ROWS, rows - i), width, a, own->weights + b * block_bytes,
          own->sums + (b * rows + i) * L4_BLOCK_COLUMNS);
  }
}

static void
do_blocks (const Call *call, const Job *job, gsize task, const Own *own)
{
  const L4Operand *operand = job->operand;

  for (gint64 first = 0; first < job->product->m; first += MAX_ROWS) {
    gint64 rows = MIN (MAX_ROWS, operand->padded_m - first);

    memset (own->sums, 0, job->blocks * rows * L4_BLOCK_COLUMNS * sizeof (float));
    for (gint64 depth = 0; depth < operand->padded_n; depth += L4_BLOCK_DEPTH) {
      gint64 width = MIN (L4_BLOCK_DEPTH, operand->padded_n - depth);

      make_blocks (job, task, depth, width, own);
      add_blocks (call, job, first, rows, depth, width, own);
    }
    for (gint64 r = 0; r < MIN (rows, job->product->m - first); r++)
      for (guint b = 0; b < job->blocks; b++)
        finish_rows (job, task * job->blocks + b, 1, first + r, 1, own->sums + (b * rows + r) * L4_BLOCK_COLUMNS);
  }
  l4_brgemm_rest (call->compute->brgemm);
}

/* The same by matrix units: two panels at a time become tiles that stay in the first-level cache while all rows meet them. ---- */

/* The tiles of columns depth … depth + width - 1 of block b of a task, where panels hold them as they are; FALSE: they do not. */
static gboolean
find_tiles (const Job *job, gsize task, guint b, gint64 depth, gint64 width, const guint16 **tiles)
{
  for (guint p = 0; p < TILE_PANELS; p++) {
    const L4Weight *weight = panel_weight (job, p);
    const guint8 *panel;

    if (weight->type != L4_TYPE_BF16 || weight->panels == NULL || depth + width > weight->n_in)
      return FALSE;
    panel = task_panel (job, task, b * TILE_PANELS + p, depth, width, NULL);
    tiles[p] = panel != NULL ? (const guint16 *) panel : tiles[0];
  }
  return TRUE;
}

/* The same in own->weights. Beyond the last panel another one, for sums that nobody reads. */
static void
make_tiles (const Job *job, gsize task, guint b, gint64 depth, gint64 width, const Own *own, const guint16 **tiles)
{
  for (guint p = 0; p < TILE_PANELS; p++) {
    const L4Weight *weight = panel_weight (job, p);
    const guint8 *panel = task_panel (job, task, b * TILE_PANELS + p, depth, width, own->panel);
    guint16 *out = (guint16 *) own->weights + p * L4_BLOCK_DEPTH * L4_PANEL_ROWS;

    tiles[p] = panel != NULL ? out : tiles[0];
    if (panel != NULL)
      l4_kernels ()->panels[weight->type].to_bf16 (panel, weight->n_in - depth, 0, width, out, 2 * L4_PANEL_ROWS);
  }
}

/* Sums of rows first … of the operand, as finish_rows() takes them, += columns depth … of the first `blocks` blocks' weights. */
static void
add_tiles (const Job *job, gsize task, guint blocks, gint64 first, gint64 rows, gint64 depth, const Own *own)
{
  gint64 width = MIN (L4_BLOCK_DEPTH, job->operand->padded_n - depth);
  gsize stride = job->blocks * TILE_PANELS * L4_PANEL_ROWS;
  gsize step = columns_of (job), second = job->product->gate != NULL ? stride / 2 : L4_PANEL_ROWS;

  for (guint b = 0; b < blocks; b++) {
    const guint16 *tiles[TILE_PANELS], *next[TILE_PANELS];
    gboolean fetch = b + 1 < blocks && find_tiles (job, task, b + 1, depth, width, next);

    if (!find_tiles (job, task, b, depth, width, tiles))
      make_tiles (job, task, b, depth, width, own, tiles);
    l4_kernels ()->tiles->multiply (l4_operand_block (job->operand, first, depth), rows, width, tiles, fetch ? next : NULL, depth > 0,
        (float *[]) { own->sums + b * step, own->sums + b * step + second }, stride);
  }
}

static void
do_tiles (const Job *job, gsize task, const Own *own)
{
  const L4Operand *operand = job->operand;
  gint64 parts = (operand->padded_m + MAX_TILE_ROWS - 1) / MAX_TILE_ROWS;
  gint64 most = (operand->padded_m / parts + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
  guint blocks = MIN (job->blocks, (job->product->weight->n_out + columns_of (job) - 1) / columns_of (job) - task * job->blocks);

  l4_kernels ()->tiles->begin ();
  for (gint64 first = 0; first < job->product->m; first += most) {
    gint64 rows = MIN (most, operand->padded_m - first);

    for (gint64 depth = 0; depth < operand->padded_n; depth += L4_BLOCK_DEPTH)
      add_tiles (job, task, blocks, first, rows, depth, own);
    finish_rows (job, task * job->blocks, job->blocks, first, MIN (rows, job->product->m - first), own->sums);
  }
  l4_kernels ()->tiles->end ();
}

/* Calls -------------------------------------------------------------------------------------------------------------- */

/* Floats of sums and bytes of weights that the job's tasks need. */
static gsize
sums_size (const Job *job)
{
  gint64 rows = l4_operand_has_blocks (job->operand) ? MIN (job->operand->padded_m, MAX_ROWS)
      : MAX (MIN (job->product->m, CHUNK_ROWS), L4_DOT_ROWS);

  return job->blocks * rows * job->panels * L4_PANEL_ROWS;
}

static gsize
weights_bytes (const Job *job)
{
  return l4_operand_has_blocks (job->operand) ? job->blocks * L4_BLOCK_DEPTH * job->panels * L4_PANEL_ROWS * sizeof (float) : 0;
}

static Own
split_own (const L4Compute *compute, const Job *job, guint thread)
{
  float *sums = compute->own[thread].data;
  guint8 *weights = (guint8 *) (sums + sums_size (job));

  return (Own) { sums, weights, weights + weights_bytes (job) };
}

static gsize
own_bytes (const Job *job)
{
  const L4Product *product = job->product;
  gboolean mapped = product->weight->panels == NULL || (product->gate != NULL && product->gate->panels == NULL);

  return sums_size (job) * sizeof (float) + weights_bytes (job) + (mapped ? BLOCK_PANELS * panel_bytes (product) : 0);
}

static void
do_task (gpointer data, gsize task, guint thread)
{
  const Call *call = data;
  const Job *job = call->jobs;
  Own own;

  while (task >= job->first_task + job->n_tasks)
    job++;
  own = split_own (call->compute, job, thread);
  if (job->operand->way == L4_WAY_TILES)
    do_tiles (job, task - job->first_task, &own);
  else if (l4_operand_has_blocks (job->operand))
    do_blocks (call, job, task - job->first_task, &own);
  else
    do_panels (job, task - job->first_task, &own);
}

/* The operand that the product needs: one that is there already, or a new one. */
static L4Operand *
find_operand (Call *call, const L4Product *product)
{
  L4Operand wanted = {.way = choose_way (call->compute, product),.x = product->x,.rows = product->rows,
    .factors = product->factors,.m = product->m,.n_in = product->weight->n_in
  };

  wanted.exact = call->compute->precision == L4_PRECISION_F32 || product->weight->type == L4_TYPE_F32;
  for (gsize i = 0; i < call->n_operands; i++) {
    L4Operand *one = &call->operands[i];

    if (one->way == wanted.way && one->exact == wanted.exact && one->x == wanted.x && one->rows == wanted.rows
        && one->factors == wanted.factors && one->m == wanted.m && one->n_in == wanted.n_in)
      return one;
  }
  call->operands[call->n_operands] = wanted;
  return &call->operands[call->n_operands++];
}

/* Enough tasks for every thread to have several; the more rows, the more blocks a task may take side by side. */
static guint
choose_blocks (const L4Compute *compute, const Job *job, gsize n_blocks)
{
  guint columns = job->product->m < 64 ? MAX_COLUMNS / 4 : job->product->m < 256 ? MAX_COLUMNS / 2 : MAX_COLUMNS;
  guint most = l4_operand_has_blocks (job->operand) ? columns / (job->panels * L4_PANEL_ROWS) : 1;

  while (most > 1 && n_blocks / most < 4 * l4_pool_get_threads (compute->pool))
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
    Job *job = &call->jobs[call->n_jobs];
    gsize n_blocks;

    if (product->m == 0)
      continue;
    *job = (Job) {.product = product,.operand = find_operand (call, product),.first_task = n_tasks };
    job->panels = job->operand->way == L4_WAY_TILES ? TILE_PANELS : BLOCK_PANELS;
    n_blocks = (product->weight->n_out + columns_of (job) - 1) / columns_of (job);
    job->blocks = choose_blocks (call->compute, job, n_blocks);
    job->n_tasks = (n_blocks + job->blocks - 1) / job->blocks;
    n_tasks += job->n_tasks;
    work += product->m * product->weight->n_out * product->weight->n_in * panels_each (product);
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
  g_autofree Job *jobs = g_new (Job, n_products);
  g_autofree L4Operand *operands = g_new (L4Operand, n_products);
  Call call = {.compute = compute,.jobs = jobs,.operands = operands };
  gboolean done;

  g_rec_mutex_lock (&compute->lock);
  done = do_products (&call, products, n_products, error);
  g_rec_mutex_unlock (&compute->lock);
  return done;
}
