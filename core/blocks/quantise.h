/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns weights into the blocks of a file's type. */

#pragma once

#include "blocks/type.h"

/* Whether l4_quantise() makes blocks of type: F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q6_K. */
gboolean l4_quantise_can (L4Type type);

/* Writes n weights, a multiple of the block, to blocks. Plain numbers are rounded to the nearest, ties to even; Q8_0 and Q4_0 as
 * every tool for GGUF does it, so that the bytes are the same; Q4_K and Q6_K with scales searched for the least squared error.
 * The same bytes on every machine. Any thread.
 * FALSE when a weight is infinite or no number and type has no way to say so, or rounds to infinity; blocks are then
 * unspecified. */
gboolean l4_quantise (L4Type type, const float *weights, gsize n, void *blocks);
