/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another light on the same scene. */

#include "moments/light.h"

#include "moments/grid.h"

/* The least squares of the cells that differ by no more than `most` from what is known; all where that is nothing. */
static GstLlama4Light
fit_once (const guint8 * before, const guint8 * after, guint n, GstLlama4Light known, double most)
{
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, count = 0, spread;

  for (guint i = 0; i < n; i++) {
    double x = before[i], y = after[i];

    if (ABS (y - known.gain * x - known.offset) > most)
      continue;
    sum_x += x, sum_y += y, sum_xx += x * x, sum_xy += x * y, count++;
  }
  if (count < n / 4)
    return known;
  spread = sum_xx - sum_x * sum_x / count;
  if (spread > count)           /* otherwise one grey, by which no gain can be told */
    known.gain = CLAMP ((sum_xy - sum_x * sum_y / count) / spread, 0.4, 2.5);
  known.offset = (sum_y - known.gain * sum_x) / count;
  return known;
}

GstLlama4Light
gst_llama4_light_fit (const guint8 * before, const guint8 * after, guint n)
{
  gint16 differences[GST_LLAMA4_GRID_CELLS];
  GstLlama4Light light = { 1, 0 };

  for (guint i = 0; i < n; i++)
    differences[i] = (gint16) (after[i] - before[i]);
  light.offset = gst_llama4_grid_median (differences, n);
  for (guint most = 32; most >= 8; most /= 2)   /* what came or went differs most */
    light = fit_once (before, after, n, light, most);
  return light;
}
