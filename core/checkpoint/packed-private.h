/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a weight whose codes, scales and zeros are tensors of their own. */

#pragma once

#include "checkpoint/checkpoint-private.h"

#define L4_PACKED_CODES 8       /* of 4 bits in a number of 32 */

typedef enum
{
  L4_PACKED_COMPRESSED,
  L4_PACKED_GPTQ,               /* all but the order is turned: rows lie side by side */
  L4_PACKED_SQUARES             /* 8-bit floats with a scale for 128 rows by 128 columns */
} L4PackedKind;

/* [rows, columns] */
typedef struct _L4Packed
{
  L4PackedKind kind;
  gint64 rows, columns;
  gint64 block_columns;         /* of a block of the type that they become; columns are a multiple of it */
  gint64 group_columns;         /* that have one scale: the same */
  L4Tensor codes, scales, zeros, order;
  gboolean has_zeros;           /* FALSE: the zero is 8 */
  gboolean zeros_less_one;      /* the file holds one less */
  gboolean has_order;           /* which group each column is of; it must be the one that it lies in */
} L4Packed;
