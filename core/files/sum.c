/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether bytes are still those that were written. */

#include "files/sum.h"

#include <nmmintrin.h>
#include <string.h>

guint32
l4_sum (guint32 sum, gconstpointer data, gsize bytes)
{
  const guint8 *at = data;
  guint64 state = ~sum;

  for (; bytes >= sizeof (guint64); at += sizeof (guint64), bytes -= sizeof (guint64)) {
    guint64 word;

    memcpy (&word, at, sizeof word);
    state = _mm_crc32_u64 (state, word);
  }
  for (; bytes > 0; at++, bytes--)
    state = _mm_crc32_u8 ((guint32) state, *at);
  return ~(guint32) state;
}
