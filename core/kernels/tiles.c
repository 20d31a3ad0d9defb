/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of tiles of bfloat16: by AMX, the matrix units of x86, or by the dot products of AVX-512. */

#include "kernels/kernels.h"

#ifdef __AVX512BF16__

#include <immintrin.h>

#define NAME_(name) l4_tile_kernels_##name
#define NAME(name) NAME_ (name)

#define LINE L4_TILE_COLUMNS    /* a row of a tile is a line of the cache */
#define TILE (L4_TILE_ROWS * LINE)

static void
pack_row (const float *in, gsize n, guint16 *out)
{
  for (gsize k = 0; k < n; k += LINE, out += TILE)
    _mm512_storeu_si512 (out, (__m512i) _mm512_cvtne2ps_pbh (_mm512_loadu_ps (in + k + LINE / 2), _mm512_loadu_ps (in + k)));
}

/* Lines first … of both panels. */
static inline void
fetch (const guint16 *const *panels, gsize first, gsize n)
{
  for (gsize i = first; i < first + n; i++) {
    __builtin_prefetch (panels[0] + i * LINE, 0, 2);
    __builtin_prefetch (panels[1] + i * LINE, 0, 2);
  }
}

#ifdef __AMX_BF16__
#include "kernels/tiles-amx.h"
#else
#include "kernels/tiles-avx512.h"
#endif

extern const L4TileKernels NAME (L4_KERNELS_NAME);
const L4TileKernels NAME (L4_KERNELS_NAME) = { MATRIX_UNITS, begin, end, pack_row, multiply };

#endif
