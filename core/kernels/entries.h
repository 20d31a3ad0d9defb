/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries of tables, loaded for lanes of 256 bits: what AVX2 and AVX-512 have in common. Who includes it says what LANES_INLINE is, and
 * where a lane's indices lie (LANES_PLACE). */

#pragma once

/* Index k of a lane: a byte, or as lanes_store_indices() leaves them. */
LANES_INLINE guint
lanes_index (const void *indices, gboolean wide, guint k, guint lane)
{
  return wide ? ((const guint16 *) indices)[4 * LANES_PLACE (lane) + k] : ((const guint8 *) indices)[4 * lane + k];
}

/* Entries of lanes that are spread and blended: fewer shuffles than with insertions. */
LANES_INLINE __m256
lanes_four_eights (const guint64 *table, const void *indices, gboolean wide, guint k, guint lane)
{
#define ENTRY(i) _mm256_broadcast_sd ((const double *) (table + lanes_index (indices, wide, k, lane + (i))))
  return _mm256_castpd_ps (_mm256_blend_pd (_mm256_blend_pd (ENTRY (0), ENTRY (1), 2), _mm256_blend_pd (ENTRY (4), ENTRY (5), 8), 12));
#undef ENTRY
}

LANES_INLINE __m256
lanes_eight_fours (const guint32 *table, const void *indices, gboolean wide, guint k, guint lane)
{
#define ENTRY(i) _mm256_broadcast_ss ((const float *) (table + lanes_index (indices, wide, k, lane + (i))))
  return _mm256_blend_ps (_mm256_blend_ps (_mm256_blend_ps (ENTRY (0), ENTRY (1), 2), _mm256_blend_ps (ENTRY (2), ENTRY (3), 8), 12),
      _mm256_blend_ps (_mm256_blend_ps (ENTRY (4), ENTRY (5), 32), _mm256_blend_ps (ENTRY (6), ENTRY (7), 128), 192), 240);
#undef ENTRY
}
