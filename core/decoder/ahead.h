/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which experts the next mixtures will need: of those that stay in their file, so that they are read ahead. */

#pragma once

#include "compute/compute.h"
#include "compute/weight.h"

/* Mixtures of which something is guessed: of the nearest for their sake, of the others for when the experts of those are there.
 * With eight the disk idled 1 % less and read 3 % more in vain; what the router was surest of read first, it read as much in vain. */
#define L4_AHEAD 3

/* The next mixtures whose experts are streamed, nearest first. All is borrowed. */
typedef struct
{
  gsize n;                      /* L4_AHEAD at most */
  L4Stream *stream;
  guint layers[L4_AHEAD];       /* their numbers in stream */
  const L4Weight *routers[L4_AHEAD];    /* [n_experts, hidden] */
  const float *norms[L4_AHEAD]; /* [hidden] before each */
  gint64 top_k;
  float eps;
} L4Ahead;

/* The k experts with the largest logits, best first, the lower number on ties. */
void l4_choose_experts (const float *logits, gint64 n_experts, gint64 k, gint32 *chosen);

/* A step of n tokens will come to them: where it needs all experts, these are read ahead. */
void l4_ahead_foresee (const L4Ahead *self, gint64 n);

/* What their routers say of the state h + y, as if nothing else came between, is read while the disk would idle; the latest guess counts. A
 * step that needs all experts has no use for it. h, y: [n, hidden]; y: NULL for zeros. Changes no result. */
gboolean l4_ahead_guess (const L4Ahead *self, L4Compute *compute, const float *h, const float *y, gint64 n, GError **error);
