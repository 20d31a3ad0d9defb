/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of quantising, by kind of block. */

#pragma once

#include <glib.h>

/* One block of 256 finite weights each. */
void l4_q4_k_from_float (const float *weights, guint8 *block);
void l4_q6_k_from_float (const float *weights, guint8 *block);

static inline void
l4_store_u16 (guint8 *at, guint16 value)
{
  at[0] = (guint8) value;
  at[1] = (guint8) (value >> 8);
}
