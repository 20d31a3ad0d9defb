/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* oneDNN's batch-reduce matrix kernels: C += A * B on blocks that lie in the caches. */

#pragma once

#include <glib.h>

/* Columns of every block; of these 32 or all are multiplied. */
#define L4_BLOCK_COLUMNS 64
/* Rows of a block: a multiple of 8 up to 32; its depth: a multiple of 32 up to this. */
#define L4_BLOCK_DEPTH 512

typedef enum
{
  L4_BLOCK_BF16,                /* A: [rows, depth] bfloat16; B: [depth / 2, 64, 2] */
  L4_BLOCK_F32,                 /* A: [rows, depth] float; B: [depth, 64] */
  L4_N_BLOCK_KINDS
} L4BlockKind;

/* The kernels made so far. */
typedef struct _L4Brgemm L4Brgemm;

L4Brgemm *l4_brgemm_new (void);
void l4_brgemm_free (L4Brgemm *self);   /* NULL is fine */

/* Whether this machine multiplies bfloat16 in hardware. */
gboolean l4_brgemm_has_bf16 (const L4Brgemm *self);

/* The first `columns`, 32 or 64, of c [rows, 64] += a * b. Any thread; the first use of a shape makes its kernel. Where oneDNN has none, plain
 * C does it. */
void l4_brgemm_add (L4Brgemm *self, L4BlockKind kind, guint rows, guint columns, guint depth, const void *a, const void *b, float *c);

/* Ends a thread's series of calls, before it does anything else: gives the matrix units' state back. */
void l4_brgemm_rest (L4Brgemm *self);
