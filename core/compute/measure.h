/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast the machine is at what limits a model: reading memory and multiplying. */

#pragma once

#include "compute/compute.h"

typedef struct
{
  double bytes_per_second;      /* that all threads together read from memory */
  double matrix_per_second;     /* operations (a multiplication and an addition are two) of bfloat16 blocks in the caches */
  double dots_per_second;       /* operations of 4-bit weights with 8-bit rows in the caches */
} L4Speed;

/* Takes, while it lasts, 256 MiB. */
gboolean l4_measure (L4Compute *compute, L4Speed *speed, GError **error);

/* The least time, in seconds, in which that many operations and bytes are possible; integers: of weights that may be multiplied as 8-bit
 * integers. */
double l4_speed_least (const L4Speed *self, double operations, double bytes, gboolean integers);
