/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers for every cell of a glance, and what they say together. */

#include "moments/grid.h"

gint
gst_llama4_grid_median (const gint16 * values, guint n)
{
  guint counts[511] = { 0 }, below = 0;
  gint value = 0;

  for (guint i = 0; i < n; i++)
    counts[CLAMP (values[i], -255, 255) + 255]++;
  while (value < 510 && (below += counts[value]) * 2 < n)
    value++;
  return value - 255;
}

guint
gst_llama4_grid_clustered (const guint8 * marks, guint width, guint height)
{
  guint n = 0;

  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++) {
      const guint8 *at = marks + y * width + x;

      n += at[0] && ((x > 0 && at[-1]) || (x + 1 < width && at[1]) || (y > 0 && at[-(gint) width]) || (y + 1 < height && at[width]));
    }
  return n;
}
