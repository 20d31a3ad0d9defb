/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What computes: threads, oneDNN's kernels and working memory, shared by all products of a model. */

#pragma once

#include "base/error.h"
#include "base/pool.h"

typedef enum
{
  L4_PRECISION_BF16,            /* operands of products rounded to bfloat16, or to 8 bits in groups; sums float32 */
  L4_PRECISION_F32              /* all float32 */
} L4Precision;

/* Any thread; one operation at a time, others wait. */
typedef struct _L4Compute L4Compute;

/* threads: 0 for every CPU of the process. (transfer full) */
L4Compute *l4_compute_new (L4Precision precision, guint threads, GError **error);
void l4_compute_free (L4Compute *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Compute, l4_compute_free)

L4Precision l4_compute_get_precision (const L4Compute *self);
guint l4_compute_get_threads (const L4Compute *self);

/* Does tasks 0 … n_tasks - 1, of about `work` elementary operations in all, on the threads that are worth waking. */
void l4_compute_run (L4Compute *self, L4PoolFunc func, gpointer data, gsize n_tasks, guint64 work);

/* Working memory that is kept for the next who needs as much, because the system clears every page that it hands out. */
typedef struct
{
  L4Compute *compute;
  gpointer data;
  gsize bytes;
} L4Workspace;

/* n floats, contents undefined; NULL with L4_ERROR_MEMORY. self: all zero before. Any thread. */
float *l4_workspace_take (L4Workspace *self, L4Compute *compute, gsize n, GError **error);
void l4_workspace_return (L4Workspace *self);   /* nothing taken is fine */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Workspace, l4_workspace_return)
