/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far ahead processors are told to fetch: what was fastest on each. */

#include "kernels/fetch.h"

#include "kernels/kernels.h"

L4Fetch l4_fetch;

/* On AMD's Zen 5, where memory gave 80 GB/s, generation was 8 % (Q4_0) and 17 % (Q4_K) faster with 6144 than with 2048, and 1 and 4 % faster
 * with 8192, two pages, than with 6144. Four panels in turn, 2048 bytes ahead in each, gave three quarters of what one after the other
 * gives. */
static const L4Fetch far = {.row = 8192,.rows = 8192 };

/* A Zen 4 asks for enough by itself where one row is multiplied: a core read Q4_0 at 28 GB/s, Q4_K at 21, and with 8192 as above at 22 and
 * 15, as few lines can be on their way to its first-level cache at once. Several rows keep it from looking far enough ahead: Q4_0 met four
 * at 10 GB/s, at 15 to 17 with 8192, and at 24, of 26 that arithmetic allows, when 12288 bytes ahead were fetched to the second-level cache. */
static const L4Fetch zen4 = {.rows = 12288,.rows_to_second = TRUE };

/* On an Intel Xeon with AMX, where memory gave 33 GB/s, Q4_0 was read at 22 GB/s with 8192, 25 with 4096, 29 with 3072 and 32 with 1536 to
 * 2048, Q4_K at 27, 30, 30 and 32. */
static const L4Fetch amx = {.row = 2048,.rows = 2048 };

void
l4_fetch_init (void)
{
  __builtin_cpu_init ();
  l4_fetch = __builtin_cpu_is ("znver4") ? zen4 : l4_has_amx () ? amx : far;
}
