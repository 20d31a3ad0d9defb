/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Softmax attention of several query heads over the keys and values of fewer heads. */

#include "compute/attention.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "compute/compute-private.h"

/* A task takes up to this many rows (a row is one head of one query; all share a key head) and goes through the keys in strides,
 * keeping a running maximum, sum and weighted sum for each row, as flash attention does. The keys and values of a stride stay in the
 * second-level cache for all rows, the scores of CALL_ROWS of them in the first.
 *
 * Each segment of the keys is summed by itself, and the segments are joined in their order. Where they begin depends on nothing else, so that
 * what comes out for a query depends neither on those that are computed with it nor on the number of threads. */
#define TASK_ROWS 320
#define TASK_QUERIES 8          /* at least, before threads share the keys of the same rows */
#define LEAST_SEGMENT 1024      /* keys: a multiple of STRIDE */
#define SEGMENTS 8              /* longer ones that are together as long as all before them */
#define STRIDE 256
#define ROW_STEP 8              /* one token's heads that share a key head are five in Llama 4 */
#define CALL_ROWS 32
#define DEPTH_STEP 32

typedef struct
{
  L4Compute *compute;
  const L4KeyValues *store;
  const float *queries;
  gint64 n, n_heads;
  float scale;
  gint64 first_visible, step;
  float *out;
  gint64 group;                 /* query heads of one key head */
  gint64 task_queries;          /* queries in one task */
  gint64 query_blocks;
  gint64 splits;                /* tasks that share the keys of the same rows, a segment each; or 1 */
  gint64 depth, columns;        /* head_dim up to a multiple of 32, of 64 */
  float *partial;               /* [key heads, query_blocks, splits] of states, when splits > 1 */
} Call;

/* One task's running state and scratch. */
typedef struct
{
  gint64 rows, padded_rows;
  float *largest, *sums;        /* [padded_rows] */
  float *weighted;              /* [columns / 64][padded_rows][64] */
  guint8 *queries;              /* [padded_rows][depth] */
  float *scores;                /* [STRIDE / 64][CALL_ROWS][64] */
  float *row;                   /* [STRIDE] */
  guint8 *weights;              /* [CALL_ROWS][STRIDE] */
  float *blocks;                /* [depth + columns][STRIDE]: keys and values that are stored as integers */
  const void **values;          /* [columns / 64]: of a stride */
} State;

/* What all rows of a task see of a stride. */
typedef struct
{
  gint64 slot, width;           /* a multiple of 32, at most STRIDE */
  const void *keys[STRIDE / L4_BLOCK_COLUMNS];
} Stride;

static gsize
element_size (const Call *call)
{
  return l4_key_values_element (call->store->kind, FALSE);     /* integers have become that */
}

/* Floats of largest, sums and weighted: what a split leaves for the others. */
static gsize
kept_floats (const Call *call, gint64 padded_rows)
{
  return padded_rows * (2 + call->columns);
}

static void
state_lay_out (const Call *call, gint64 rows, float *kept, guint8 *memory, State *state)
{
  state->rows = rows;
  state->padded_rows = (rows + ROW_STEP - 1) / ROW_STEP * ROW_STEP;
  state->largest = kept;
  state->sums = state->largest + state->padded_rows;
  state->weighted = state->sums + state->padded_rows;
  state->scores = (float *) memory;
  state->row = state->scores + STRIDE * CALL_ROWS;
  state->weights = (guint8 *) (state->row + STRIDE);
  state->queries = state->weights + STRIDE * CALL_ROWS * sizeof (float);
  state->values = (const void **) (state->queries + state->padded_rows * call->depth * sizeof (float));
  state->blocks = (float *) (state->values + call->columns / L4_BLOCK_COLUMNS * L4_BLOCK_COLUMNS);
}

static gint64
most_padded_rows (const Call *call)
{
  return (call->task_queries * call->group + ROW_STEP - 1) / ROW_STEP * ROW_STEP;
}

/* Bytes of scores, row, weights, queries, values and blocks of the largest task. */
static gsize
scratch_bytes (const Call *call)
{
  gsize blocks = call->store->int8 ? (call->depth + call->columns) * STRIDE : 0;

  return (2 * STRIDE * CALL_ROWS + STRIDE + most_padded_rows (call) * call->depth + blocks) * sizeof (float)
      + call->columns * sizeof (void *);
}

static void
convert (const Call *call, const float *in, gsize n, gpointer out)
{
  if (call->store->kind == L4_BLOCK_BF16)
    l4_kernels ()->to_bf16 (in, n, out);
  else
    memcpy (out, in, n * sizeof *in);
}

/* The queries of one key head from query `first` on, as rows [query, head]. */
static void
take_queries (const Call *call, gint64 head, gint64 first, State *state)
{
  gint64 d = call->store->head_dim;

  memset (state->queries, 0, state->padded_rows * call->depth * element_size (call));
  for (gint64 r = 0; r < state->rows; r++)
    convert (call, call->queries + ((first + r / call->group) * call->n_heads + head * call->group + r % call->group) * d, d,
        state->queries + r * call->depth * element_size (call));
}

static void
clear_sums (const Call *call, State *state)
{
  for (gint64 r = 0; r < state->padded_rows; r++) {
    state->largest[r] = -INFINITY;
    state->sums[r] = 0;
  }
  memset (state->weighted, 0, state->padded_rows * call->columns * sizeof (float));
}

/* Row r's scores of the stride's keys, of which `visible` count, become weights; what was summed before shrinks if the maximum grew. They
 * are those of the row of that number in a call. */
static void
weigh_row (const Call *call, gint64 head, const Stride *stride, State *state, gint64 r, gint64 number, gint64 visible)
{
  const L4KeyValues *store = call->store;
  gint64 at = head * store->capacity + stride->slot, width = stride->width;
  const L4Kernels *kernels = l4_kernels ();
  guint8 *weights = state->weights + number * width * element_size (call);
  float shrink;

  if (visible <= 0) {
    memset (weights, 0, width * element_size (call));
    return;
  }
  visible = MIN (visible, width);
  for (gint64 k = 0; k < visible; k += L4_BLOCK_COLUMNS)
    memcpy (state->row + k, state->scores + (k * CALL_ROWS + number * L4_BLOCK_COLUMNS), L4_BLOCK_COLUMNS * sizeof (float));
  shrink = kernels->soften (state->row, visible, call->scale, store->int8 ? store->key_scales + at : NULL,
      store->int8 ? store->value_scales + at : NULL, &state->largest[r], &state->sums[r]);
  memset (state->row + visible, 0, (width - visible) * sizeof (float));
  convert (call, state->row, width, weights);
  if (shrink != 1)
    for (gint64 c = 0; c < call->columns; c += L4_BLOCK_COLUMNS) {
      float *sums = state->weighted + c * state->padded_rows + r * L4_BLOCK_COLUMNS;

      kernels->scale (sums, shrink, L4_BLOCK_COLUMNS, sums);
    }
}

/* `rows` rows, a multiple of 8, from row `first` on. */
static void
attend_rows (const Call *call, gint64 head, gint64 first_query, const Stride *stride, State *state, gint64 first, gint64 rows)
{
  L4Brgemm *brgemm = call->compute->brgemm;
  gsize size = element_size (call);

  for (gint64 k = 0; k < stride->width; k += L4_BLOCK_COLUMNS) {
    memset (state->scores + k * CALL_ROWS, 0, rows * L4_BLOCK_COLUMNS * sizeof (float));
    l4_brgemm_add (brgemm, call->store->kind, rows, L4_BLOCK_COLUMNS, call->depth, state->queries + first * call->depth * size,
        stride->keys[k / L4_BLOCK_COLUMNS], state->scores + k * CALL_ROWS);
  }
  for (gint64 i = 0; i < rows; i++) {
    gint64 visible = call->first_visible + (first_query + (first + i) / call->group) * call->step - stride->slot;

    weigh_row (call, head, stride, state, first + i, i, first + i < state->rows ? visible : 0);
  }
  for (gint64 c = 0; c < call->columns / L4_BLOCK_COLUMNS; c++)
    l4_brgemm_add (brgemm, call->store->kind, rows, (guint) MIN (L4_BLOCK_COLUMNS, call->depth - c * L4_BLOCK_COLUMNS), stride->width,
        state->weights, state->values[c], state->weighted + (c * state->padded_rows + first) * L4_BLOCK_COLUMNS);
}

/* The keys from slot on, `width` of them, for all rows. */
static void
attend_stride (const Call *call, gint64 head, gint64 first_query, gint64 slot, gint64 width, State *state)
{
  Stride stride = {.slot = slot,.width = width };

  for (gint64 k = 0; k < width; k += L4_BLOCK_COLUMNS)
    stride.keys[k / L4_BLOCK_COLUMNS] = l4_key_values_key_block (call->store, head, slot + k, state->blocks + k * call->depth);
  for (gint64 c = 0; c < call->columns; c += L4_BLOCK_COLUMNS)
    state->values[c / L4_BLOCK_COLUMNS] = l4_key_values_value_block (call->store, head, c / L4_BLOCK_COLUMNS, slot, width,
        state->blocks + (call->depth + c) * STRIDE);
  for (gint64 r = 0; r < state->padded_rows; r += CALL_ROWS)
    attend_rows (call, head, first_query, &stride, state, r, MIN (CALL_ROWS, state->padded_rows - r));
}

/* The weighted sums of row r, divided by the sum of weights, to its place in out. */
static void
write_row (const Call *call, gint64 head, gint64 first_query, const State *state, gint64 r)
{
  gint64 d = call->store->head_dim;
  float *out = call->out + ((first_query + r / call->group) * call->n_heads + head * call->group + r % call->group) * d;

  for (gint64 c = 0; c < d; c += L4_BLOCK_COLUMNS)
    l4_kernels ()->scale (state->weighted + c * state->padded_rows + r * L4_BLOCK_COLUMNS, 1 / state->sums[r],
        MIN (L4_BLOCK_COLUMNS, d - c), out + c);
}

static gint64
rows_of_block (const Call *call, gint64 block)
{
  return MIN (call->task_queries, call->n - block * call->task_queries) * call->group;
}

/* Where the segment ends that begins with this slot. */
static gint64
segment_end (gint64 slot)
{
  return slot + MAX (LEAST_SEGMENT, (G_GINT64_CONSTANT (1) << (g_bit_storage ((gulong) slot) - 1)) / SEGMENTS);
}

static gint64
count_segments (gint64 n_keys)
{
  gint64 n = 1;

  for (gint64 end = segment_end (0); end < n_keys; end = segment_end (end))
    n++;
  return n;
}

static gint64
segment_begin (gint64 index)
{
  gint64 begin = 0;

  for (gint64 i = 0; i < index; i++)
    begin = segment_end (begin);
  return begin;
}

/* Row r of one segment, if it sees anything of it, to what the segments before have made. What one has is lost. */
static void
join_row (const Call *call, State *all, State *one, gint64 r)
{
  const L4Kernels *kernels = l4_kernels ();
  float largest = MAX (all->largest[r], one->largest[r]), of_all, of_one;

  if (one->sums[r] == 0)
    return;
  of_all = expf (all->largest[r] - largest);
  of_one = expf (one->largest[r] - largest);
  all->largest[r] = largest;
  all->sums[r] = all->sums[r] * of_all + one->sums[r] * of_one;
  for (gint64 c = 0; c < call->columns; c += L4_BLOCK_COLUMNS) {
    gsize at = c * all->padded_rows + r * L4_BLOCK_COLUMNS;

    kernels->scale (all->weighted + at, of_all, L4_BLOCK_COLUMNS, all->weighted + at);
    kernels->scale (one->weighted + at, of_one, L4_BLOCK_COLUMNS, one->weighted + at);
    kernels->add (one->weighted + at, L4_BLOCK_COLUMNS, all->weighted + at);
  }
}

/* The keys from slot … end - 1, segment by segment, to all; one: room for a segment. */
static void
attend_segments (const Call *call, gint64 head, gint64 first_query, gint64 slot, gint64 end, State *all, State *one)
{
  State *state = all;

  clear_sums (call, all);
  for (gint64 next; slot < end; slot = next, state = one) {
    next = MIN (segment_end (slot), end);
    if (state == one)
      clear_sums (call, one);
    for (gint64 at = slot; at < next; at += STRIDE)
      attend_stride (call, head, first_query, at, (MIN (STRIDE, next - at) + DEPTH_STEP - 1) / DEPTH_STEP * DEPTH_STEP, state);
    for (gint64 r = 0; state == one && r < all->rows; r++)
      join_row (call, all, one, r);
  }
}

static void
do_task (gpointer data, gsize task, guint thread)
{
  const Call *call = data;
  gint64 split = task % call->splits, block = task / call->splits % call->query_blocks;
  gint64 head = task / call->splits / call->query_blocks, first_query = block * call->task_queries;
  gint64 rows = rows_of_block (call, block), last_query = first_query + rows / call->group - 1;
  gint64 begin = segment_begin (split), end = call->first_visible + last_query * call->step;
  gsize size = kept_floats (call, most_padded_rows (call));
  float *own = call->compute->own[thread].data;
  State all, one;

  state_lay_out (call, rows, call->splits > 1 ? call->partial + task * size : own, (guint8 *) (own + 2 * size), &all);
  state_lay_out (call, rows, own + size, (guint8 *) (own + 2 * size), &one);
  take_queries (call, head, first_query, &all);
  attend_segments (call, head, first_query, begin, call->splits > 1 ? MIN (segment_end (begin), end) : end, &all, &one);
  l4_brgemm_rest (call->compute->brgemm);
  for (gint64 r = 0; call->splits == 1 && r < rows; r++)
    write_row (call, head, first_query, &all, r);
}

/* Joins the splits of the same rows in the first of them. */
static void
join_splits (gpointer data, gsize task, guint thread)
{
  const Call *call = data;
  gint64 block = task % call->query_blocks, head = task / call->query_blocks, rows = rows_of_block (call, block);
  gsize size = kept_floats (call, most_padded_rows (call));
  State all, one;

  state_lay_out (call, rows, call->partial + task * call->splits * size, NULL, &all);
  for (gint64 s = 1; s < call->splits; s++) {
    state_lay_out (call, rows, call->partial + (task * call->splits + s) * size, NULL, &one);
    for (gint64 r = 0; r < rows; r++)
      join_row (call, &all, &one, r);
  }
  for (gint64 r = 0; r < rows; r++)
    write_row (call, head, block * call->task_queries, &all, r);
}

/* How the rows and, when these are too few for all threads, the keys are cut into tasks. */
static void
plan (Call *call)
{
  gint64 threads = l4_compute_get_threads (call->compute), wanted = MAX (threads / call->store->n_heads, 1);

  call->task_queries = MIN (MIN (call->n, MAX (TASK_ROWS / call->group, 1)), MAX (call->n / wanted, TASK_QUERIES));
  call->query_blocks = (call->n + call->task_queries - 1) / call->task_queries;
  call->splits = 1;
  if (threads >= 2 * call->store->n_heads * call->query_blocks)
    call->splits = count_segments (call->first_visible + (call->n - 1) * call->step);
}

gboolean
l4_attention (L4Compute *compute, const L4KeyValues *store, const float *queries, gint64 n, gint64 n_heads, float scale,
    gint64 first_visible, gint64 step, float *out, GError **error)
{
  Call call = {.compute = compute,.store = store,.queries = queries,.n = n,.n_heads = n_heads,.scale = scale,
    .first_visible = first_visible,.step = step,.out = out,.group = n_heads / store->n_heads,
    .depth = (store->head_dim + DEPTH_STEP - 1) / DEPTH_STEP * DEPTH_STEP,
    .columns = (store->head_dim + L4_BLOCK_COLUMNS - 1) / L4_BLOCK_COLUMNS * L4_BLOCK_COLUMNS
  };
  guint64 work = 2 * n * n_heads * store->head_dim * (first_visible + (n - 1) * step);
  gsize kept, blocks;
  gboolean done;

  plan (&call);
  kept = kept_floats (&call, most_padded_rows (&call)) * sizeof (float);
  blocks = store->n_heads * call.query_blocks;
  g_rec_mutex_lock (&compute->lock);
  done = l4_compute_take_own (compute, 2 * kept + scratch_bytes (&call), error);
  if (done && call.splits > 1) {
    call.partial = l4_scratch_take (&compute->shared, blocks * call.splits * kept, error);
    done = call.partial != NULL;
  }
  if (done)
    l4_compute_run (compute, do_task, &call, blocks * call.splits, work);
  if (done && call.splits > 1)
    l4_compute_run (compute, join_splits, &call, blocks, work / 64);
  g_rec_mutex_unlock (&compute->lock);
  return done;
}
