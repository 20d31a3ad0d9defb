/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fields of blocks: little endian and not aligned. */

#pragma once

#include "base/half.h"

#define L4_BLOCK 32             /* weights of a small block */
#define L4_SUPER 256            /* and of a large one, which is made of groups with scales of their own */
#define L4_SHARED 128           /* of one that has a scale of 32 bits, as published folders have it */

static inline guint16
l4_load_u16 (const guint8 *at)
{
  return (guint16) (at[0] | at[1] << 8);
}

static inline guint32
l4_load_u32 (const guint8 *at)
{
  return l4_load_u16 (at) | (guint32) l4_load_u16 (at + 2) << 16;
}

static inline float
l4_load_half (const guint8 *at)
{
  return l4_half_to_float (l4_load_u16 (at));
}
