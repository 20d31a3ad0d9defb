/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is fetched from memory before panels are read that far. */

#pragma once

#include <glib.h>

typedef struct
{
  gsize row, rows;              /* bytes from where a panel is read on, for products with one row and with several; 0: nothing is fetched */
  gboolean rows_to_second;      /* for several, to the second-level cache and no farther */
} L4Fetch;

/* What is fastest on this processor; from l4_fetch_init() on. */
extern L4Fetch l4_fetch G_GNUC_INTERNAL;

void l4_fetch_init (void);

static inline __attribute__ ((always_inline)) void
l4_fetch_bytes (const guint8 *from, gsize bytes, gboolean to_second)
{
#pragma GCC unroll 64
  for (gsize i = 0; i < bytes; i += 64)
    if (to_second)
      __builtin_prefetch (from + i, 0, 2);
    else
      __builtin_prefetch (from + i);
}

/* What dot products with n_rows rows will read, at least so many bytes on from where they are. */
static inline __attribute__ ((always_inline)) void
l4_fetch_for_dot (const guint8 *at, gsize least, gsize bytes, guint n_rows)
{
  const guint8 *from = at + MAX (least, n_rows > 1 ? l4_fetch.rows : l4_fetch.row);

  if (n_rows > 1 && l4_fetch.rows_to_second)
    l4_fetch_bytes (from, bytes, TRUE);
  else if (n_rows > 1 || l4_fetch.row > 0)
    l4_fetch_bytes (from, bytes, FALSE);
}
