/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How well a glance fits another as a whole, however the camera panned, tilted or zoomed from the one to the other. */

#include "moments/likeness.h"

#include <math.h>

/* Half as fine as a glance. */
#define W (GST_LLAMA4_GLANCE_WIDTH / 2)
#define H (GST_LLAMA4_GLANCE_HEIGHT / 2)

#define SURROUNDINGS 4          /* cells on every side, whose mean is taken off: what is left is detail */
#define MAX_ACROSS 18           /* cells by which the camera may have turned */
#define MAX_DOWN 9
#define LEAST_OVERLAP 150       /* cells; fewer fit by chance */
#define NOISE 4.0               /* variance that is no detail */

typedef struct
{
  float at[H][W];
} Detail;

static void
halve (const GstLlama4Glance * glance, Detail * half)
{
  for (guint y = 0; y < H; y++)
    for (guint x = 0; x < W; x++)
      half->at[y][x] = (glance->y[2 * y][2 * x] + glance->y[2 * y][2 * x + 1] + glance->y[2 * y + 1][2 * x] + glance->y[2 * y +
              1][2 * x + 1]) / 4.0f;
}

static void
get_detail (const GstLlama4Glance * glance, Detail * detail)
{
  double sums[H + 1][W + 1] = { 0 };    /* of all above and left */
  Detail half;

  halve (glance, &half);
  for (guint y = 0; y < H; y++)
    for (guint x = 0; x < W; x++)
      sums[y + 1][x + 1] = half.at[y][x] + sums[y][x + 1] + sums[y + 1][x] - sums[y][x];
  for (gint y = 0; y < H; y++)
    for (gint x = 0; x < W; x++) {
      gint left = MAX (x - SURROUNDINGS, 0), right = MIN (x + SURROUNDINGS + 1, W);
      gint above = MAX (y - SURROUNDINGS, 0), below = MIN (y + SURROUNDINGS + 1, H);
      double sum = sums[below][right] - sums[above][right] - sums[below][left] + sums[above][left];

      detail->at[y][x] = half.at[y][x] - sum / ((right - left) * (below - above));
    }
}

/* The part of `from` that is seen when it is enlarged about its middle, 1 / scale times; outside of it NAN. */
static void
enlarge (const Detail * from, float scale, Detail * to)
{
  const float middle_x = (W - 1) / 2.0f, middle_y = (H - 1) / 2.0f;

  for (guint y = 0; y < H; y++)
    for (guint x = 0; x < W; x++) {
      float u = (x - middle_x) * scale + middle_x, v = (y - middle_y) * scale + middle_y;
      gint i = MIN ((gint) floorf (u), W - 2), j = MIN ((gint) floorf (v), H - 2);

      to->at[y][x] = NAN;
      if (u < 0 || v < 0 || u > W - 1 || v > H - 1)
        continue;
      u -= i;
      v -= j;
      to->at[y][x] = (from->at[j][i] * (1 - u) + from->at[j][i + 1] * u) * (1 - v) + (from->at[j + 1][i] * (1 - u) + from->at[j +
              1][i + 1] * u) * v;
    }
}

/* Of where the two overlap, the one moved by that many cells. Little overlap counts for less. */
static double
correlate (const Detail * a, const Detail * b, gint across, gint down)
{
  float sum_a = 0, sum_b = 0, sum_aa = 0, sum_bb = 0, sum_ab = 0;
  gint n = 0;

  for (gint y = MAX (0, -down); y < MIN (H, H - down); y++)
    for (gint x = MAX (0, -across); x < MIN (W, W - across); x++) {
      float p = a->at[y + down][x + across], q = b->at[y][x];

      if (isnan (p))
        continue;
      n++;
      sum_a += p;
      sum_b += q;
      sum_aa += p * p;
      sum_bb += q * q;
      sum_ab += p * q;
    }
  if (n < LEAST_OVERLAP)
    return -1;
  return (sum_ab - sum_a * sum_b / n) / sqrt ((sum_aa - sum_a * sum_a / n + NOISE * n) * (sum_bb - sum_b * sum_b / n + NOISE * n))
      * (0.7 + 0.3 * n / (W * H));
}

double
gst_llama4_likeness_correlation (const GstLlama4Glance * earlier, const GstLlama4Glance * later)
{
  static const float scales[] = { 1, 0.8f, 1.25f, 0.65f, 1.54f };
  Detail a, b, enlarged;
  double best = -1;

  get_detail (earlier, &a);
  get_detail (later, &b);
  for (guint i = 0; i < G_N_ELEMENTS (scales); i++) {
    enlarge (&a, scales[i], &enlarged);
    for (gint down = -MAX_DOWN; down <= MAX_DOWN; down++)
      for (gint across = -MAX_ACROSS; across <= MAX_ACROSS; across++)
        best = MAX (best, correlate (&enlarged, &b, across, down));
  }
  return best;
}
