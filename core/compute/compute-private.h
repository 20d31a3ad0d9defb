/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The insides of L4Compute, for this folder. */

#pragma once

#include "compute/brgemm.h"
#include "compute/compute.h"
#include "kernels/kernels.h"

/* Memory that is kept from one operation to the next. */
typedef struct
{
  gpointer data;
  gsize bytes;
} L4Scratch;

struct _L4Compute
{
  L4Precision precision;
  GRecMutex lock;               /* held during an operation */
  L4Pool *pool;
  L4Brgemm *brgemm;
  L4Scratch shared;             /* operands */
  L4Scratch *own;               /* [threads] */
  GArray *free;                 /* L4Scratch: workspaces that nobody uses; under lock */
};

/* At least bytes of memory, contents undefined; NULL with L4_ERROR_MEMORY. Under lock. */
gpointer l4_scratch_take (L4Scratch *self, gsize bytes, GError **error);
/* The same for every thread's own. */
gboolean l4_compute_take_own (L4Compute *self, gsize bytes, GError **error);
