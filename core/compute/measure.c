/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast the machine is at what limits a model: reading memory and multiplying. */

#include "compute/measure.h"

#include <string.h>

#include "base/memory.h"
#include "compute/compute-private.h"

#define BUFFER ((gsize) 256 << 20)      /* bytes: more than the caches hold */
#define PIECE ((gsize) 4 << 20)
#define TRIES 4                 /* the best one counts: others are disturbed */
#define ROUNDS 2000             /* of the products */
#define ROWS 32                 /* of one call of a matrix kernel */
#define TILE_ROWS 256           /* of matrix units */
#define CHUNK_ROWS 48           /* of 8-bit integers */

typedef struct
{
  L4Compute *compute;
  const guint8 *buffer;
  guint64 *sums;                /* [threads]: so that reading cannot be left out */
} Reading;

/* n_streams at once, each read by instructions of its own, and asked for so many bytes ahead; 0: not asked for. */
static inline __attribute__ ((always_inline)) void
read_streams (const Reading *job, gsize task, guint thread, guint n_streams, gsize ahead)
{
  const gsize n = PIECE / n_streams / sizeof (guint64);
  const guint64 *at = (const guint64 *) (job->buffer + task * PIECE);
  guint64 sums[32] = { 0 };

  for (gsize i = 0; i < n; i += G_N_ELEMENTS (sums))
#pragma GCC unroll 4
    for (guint s = 0; s < n_streams; s++) {
      const guint64 *from = at + s * n + i;

      for (guint j = 0; j < G_N_ELEMENTS (sums) && ahead > 0; j += 8)
        __builtin_prefetch (from + ahead / sizeof (guint64) + j);
      for (guint j = 0; j < G_N_ELEMENTS (sums); j++)
        sums[j] ^= from[j];
    }
  for (guint j = 0; j < G_N_ELEMENTS (sums); j++)
    job->sums[thread] ^= sums[j];
}

static void
read_asked_for (gpointer data, gsize task, guint thread)
{
  read_streams (data, task, thread, 4, 2048);
}

/* AMD's Zen 4 is faster where it foresees by itself what is read: 29 GB/s a core, and 17 to 25 as above. */
static void
read_foreseen (gpointer data, gsize task, guint thread)
{
  read_streams (data, task, thread, 1, 0);
}

static void
multiply_blocks (gpointer data, gsize task, guint thread)
{
  L4Compute *compute = data;
  guint8 *own = compute->own[thread].data;
  gsize a = ROWS * L4_BLOCK_DEPTH * sizeof (float), b = L4_BLOCK_COLUMNS * L4_BLOCK_DEPTH * sizeof (float);

  for (guint i = 0; i < ROUNDS; i++)
    l4_brgemm_add (compute->brgemm, L4_BLOCK_F32, ROWS, L4_BLOCK_COLUMNS, L4_BLOCK_DEPTH, own, own + a, (float *) (own + a + b));
  l4_brgemm_rest (compute->brgemm);
}

/* Rows in the second-level cache, weights in the first. */
static void
multiply_tiles (gpointer data, gsize task, guint thread)
{
  L4Compute *compute = data;
  const L4TileKernels *kernels = l4_kernels ()->tiles;
  const guint16 *own = compute->own[thread].data, *a = own + 2 * L4_BLOCK_DEPTH * L4_PANEL_ROWS;
  float *sums = (float *) (a + TILE_ROWS * L4_BLOCK_DEPTH);

  kernels->begin ();
  for (guint i = 0; i < ROUNDS * ROWS * 2 / TILE_ROWS; i++)
    kernels->multiply (a, TILE_ROWS, L4_BLOCK_DEPTH, (const guint16 *[]) { own, own + L4_BLOCK_DEPTH * L4_PANEL_ROWS }, NULL, TRUE,
        (float *[]) { sums, sums + L4_PANEL_ROWS }, 2 * L4_PANEL_ROWS);
  kernels->end ();
}

/* Rows and weights of one chunk, in the first-level cache. */
static void
multiply_bytes (gpointer data, gsize task, guint thread)
{
  L4Compute *compute = data;
  guint8 *own = compute->own[thread].data;
  gsize panel = l4_panel_bytes (L4_TYPE_Q4_0, L4_CHUNK);
  const guint8 *panels[L4_MAX_PANELS];
  float *sums = (float *) (own + L4_MAX_PANELS * panel);
  L4QuantisedRows rows = l4_quantised_rows ((guint8 *) (sums + CHUNK_ROWS * L4_BLOCK_COLUMNS), L4_CHUNK);

  for (guint p = 0; p < L4_MAX_PANELS; p++)
    panels[p] = own + p * panel;
  for (guint i = 0; i < ROUNDS; i++)
    l4_kernels ()->panels[L4_TYPE_Q4_0].multiply (panels, L4_MAX_PANELS, 0, L4_CHUNK, &rows, CHUNK_ROWS, sums, L4_BLOCK_COLUMNS);
}

/* The shortest time of some tries, in seconds. */
static double
best_time (L4Compute *compute, L4PoolFunc func, gpointer data, gsize n_tasks)
{
  gint64 best = G_MAXINT64;

  for (guint i = 0; i < TRIES; i++) {
    gint64 start = g_get_monotonic_time ();

    l4_compute_run (compute, func, data, n_tasks, G_MAXUINT64);
    best = MIN (best, MAX (g_get_monotonic_time () - start, 1));
  }
  return best / 1e6;
}

gboolean
l4_measure (L4Compute *compute, L4Speed *speed, GError **error)
{
  guint threads = l4_compute_get_threads (compute);
  gsize blocks = ((ROWS + L4_BLOCK_COLUMNS) * L4_BLOCK_DEPTH + ROWS * L4_BLOCK_COLUMNS) * sizeof (float);
  gsize tiles = (TILE_ROWS + L4_BLOCK_COLUMNS / 2) * L4_BLOCK_DEPTH * sizeof (guint16) + TILE_ROWS * L4_BLOCK_COLUMNS / 2 * sizeof (float);
  gsize own = MAX (blocks, tiles);
  l4_autofree guint8 *buffer = l4_alloc (BUFFER, _("measuring"), error);
  g_autofree guint64 *sums = g_new0 (guint64, threads);
  Reading reading = { compute, buffer, sums };
  gboolean done;

  if (buffer == NULL)
    return FALSE;
  memset (buffer, 1, BUFFER);
  g_rec_mutex_lock (&compute->lock);
  done = l4_compute_take_own (compute, own, error);
  for (guint i = 0; done && i < threads; i++)
    memset (compute->own[i].data, 0, own);
  if (done) {
    speed->bytes_per_second = BUFFER / MIN (best_time (compute, read_asked_for, &reading, BUFFER / PIECE),
        best_time (compute, read_foreseen, &reading, BUFFER / PIECE));
    speed->matrix_per_second = 2.0 * threads * ROUNDS * ROWS * L4_BLOCK_COLUMNS * L4_BLOCK_DEPTH
        / best_time (compute, l4_kernels ()->tiles != NULL ? multiply_tiles : multiply_blocks, compute, threads);
    speed->dots_per_second = 2.0 * threads * ROUNDS * CHUNK_ROWS * L4_BLOCK_COLUMNS * L4_CHUNK
        / best_time (compute, multiply_bytes, compute, threads);
  }
  g_rec_mutex_unlock (&compute->lock);
  return done;
}

double
l4_speed_least (const L4Speed *self, double operations, double bytes, gboolean integers)
{
  double arithmetic = integers ? MAX (self->matrix_per_second, self->dots_per_second) : self->matrix_per_second;

  return MAX (operations / arithmetic, bytes / self->bytes_per_second);
}
