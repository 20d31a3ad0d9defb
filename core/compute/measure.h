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

/* Takes about half a second and, for that time, 256 MiB. */
gboolean l4_measure (L4Compute *compute, L4Speed *speed, GError **error);
