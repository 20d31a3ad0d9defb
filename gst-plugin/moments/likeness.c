/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How alike two glances are when what moved from the one to the other is allowed for. */

#include "moments/likeness.h"

#include <stdlib.h>
#include <string.h>

#define W GST_LLAMA4_GLANCE_WIDTH
#define H GST_LLAMA4_GLANCE_HEIGHT
#define BLOCK_WIDTH 8
#define BLOCK_HEIGHT 6
#define BLOCK (BLOCK_WIDTH * BLOCK_HEIGHT)
#define LUMA_BINS 32
#define COLOUR_BINS 8           /* of each of the two differences */
#define COLOUR_STEP 8           /* values in one of them: colours beyond are rare, and go to the last */
#define NOISE 2                 /* mean difference that is no texture */
#define TEXTURED 4              /* the same of a block by which motion can be told */
#define LEAST_TEXTURED 4        /* such blocks, by which a picture can be known again */

double
gst_llama4_likeness_difference (const GstLlama4Glance * one, const GstLlama4Glance * other)
{
  const guint8 *a = &one->y[0][0], *b = &other->y[0][0];
  guint sum = 0;

  for (guint i = 0; i < W * H; i++)
    sum += abs (a[i] - b[i]);
  return (double) sum / (W * H);
}

/* Blocks ------------------------------------------------------------------------------------------------------------------- */

/* With `shift` added to all of b. */
static guint
block_difference (const guint8 * a, const guint8 * b, gint shift)
{
  guint sum = 0;

  for (guint y = 0; y < BLOCK_HEIGHT; y++, a += W, b += W)
    for (guint x = 0; x < BLOCK_WIDTH; x++)
      sum += abs (a[x] - b[x] - shift);
  return sum;
}

/* Sums of all the blocks of a glance. */
typedef struct
{
  guint16 at[H - BLOCK_HEIGHT + 1][W - BLOCK_WIDTH + 1];
} Sums;

static void
sum_blocks (const GstLlama4Glance * glance, Sums * sums)
{
  guint all[H + 1][W + 1] = { 0 };      /* of all above and left */

  for (guint y = 0; y < H; y++)
    for (guint x = 0; x < W; x++)
      all[y + 1][x + 1] = glance->y[y][x] + all[y][x + 1] + all[y + 1][x] - all[y][x];
  for (guint y = 0; y <= H - BLOCK_HEIGHT; y++)
    for (guint x = 0; x <= W - BLOCK_WIDTH; x++)
      sums->at[y][x] = all[y + BLOCK_HEIGHT][x + BLOCK_WIDTH] - all[y][x + BLOCK_WIDTH] - all[y + BLOCK_HEIGHT][x] + all[y][x];
}

/* What the best block of `earlier` within reach leaves unexplained of the block at (x, y); in any light when the sums are given. */
static guint
best_difference (const GstLlama4Glance * earlier, const GstLlama4Glance * later, guint x, guint y, gint reach, const Sums * sums,
    guint sum)
{
  const guint8 *block = &later->y[y][x];
  gint left = MAX ((gint) x - reach, 0), right = MIN ((gint) x + reach, W - BLOCK_WIDTH);
  gint down = (reach + 1) / 2, above = MAX ((gint) y - down, 0), below = MIN ((gint) y + down, H - BLOCK_HEIGHT);
  guint best = G_MAXUINT;

  for (gint j = above; j <= below; j++)
    for (gint i = left; i <= right; i++) {
      gint shift = sums != NULL ? ((gint) sums->at[j][i] - (gint) sum) / BLOCK : 0;

      best = MIN (best, block_difference (&earlier->y[j][i], block, shift));
    }
  return best;
}

double
gst_llama4_likeness_residual (const GstLlama4Glance * earlier, const GstLlama4Glance * later, guint reach)
{
  guint residual = 0;

  for (guint y = 0; y < H; y += BLOCK_HEIGHT)
    for (guint x = 0; x < W; x += BLOCK_WIDTH)
      residual += best_difference (earlier, later, x, y, reach, NULL, 0);
  return (double) residual / (W * H);
}

typedef struct
{
  double unexplained;           /* of all texture */
  double found;                 /* textured blocks of which most was found; 0.5 where they are too few */
} Search;

/* Of the block at (x, y), whose sum is given: how much it differs from its mean. */
static guint
texture (const GstLlama4Glance * glance, guint x, guint y, guint sum)
{
  static const guint8 flat[H][W];

  return block_difference (&flat[0][0], &glance->y[y][x], -(gint) (sum / BLOCK));
}

static Search
search (const GstLlama4Glance * earlier, const GstLlama4Glance * later, guint reach)
{
  guint residual = 0, textures = 0, n_textured = 0, n_found = 0;
  Sums one, other;

  sum_blocks (earlier, &one);
  sum_blocks (later, &other);
  for (guint y = 0; y < H; y += BLOCK_HEIGHT)
    for (guint x = 0; x < W; x += BLOCK_WIDTH) {
      guint sum = other.at[y][x];
      guint best = best_difference (earlier, later, x, y, reach, &one, sum);
      guint own = texture (later, x, y, sum);

      residual += best;
      textures += own;
      n_textured += own > TEXTURED * BLOCK;
      n_found += own > TEXTURED * BLOCK && best < own / 2;
    }
  return (Search) { (double) residual / (textures + NOISE * W * H),
    n_textured >= LEAST_TEXTURED ? (double) n_found / n_textured : 0.5 };
}

double
gst_llama4_likeness_unexplained (const GstLlama4Glance * earlier, const GstLlama4Glance * later, guint reach)
{
  return search (earlier, later, reach).unexplained;
}

double
gst_llama4_likeness_kept (const GstLlama4Glance * earlier, const GstLlama4Glance * later)
{
  guint n_textured = 0, n_kept = 0;
  Sums one, other;

  sum_blocks (earlier, &one);
  sum_blocks (later, &other);
  for (guint y = 0; y < H; y += BLOCK_HEIGHT)
    for (guint x = 0; x < W; x += BLOCK_WIDTH) {
      guint before = texture (earlier, x, y, one.at[y][x]), after = texture (later, x, y, other.at[y][x]);
      gint shift = ((gint) one.at[y][x] - (gint) other.at[y][x]) / BLOCK;

      if (MAX (before, after) <= TEXTURED * BLOCK)
        continue;
      n_textured++;
      n_kept += block_difference (&earlier->y[y][x], &later->y[y][x], shift) < MAX (before, after) / 4;
    }
  return n_textured >= LEAST_TEXTURED ? (double) n_kept / n_textured : 0;
}

/* Distributions ------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  float luma[LUMA_BINS];
  float colour[COLOUR_BINS * COLOUR_BINS];
} Histograms;

static guint
colour_bin (guint8 value)
{
  return CLAMP ((value - 128 + (COLOUR_BINS + 1) / 2.0 * COLOUR_STEP) / COLOUR_STEP, 0, COLOUR_BINS - 1);
}

static void
count (const GstLlama4Glance * glance, Histograms * histograms)
{
  const float luma = 1.0f / (W * H), colour = 4.0f / (W * H);

  memset (histograms, 0, sizeof *histograms);
  for (guint y = 0; y < H; y++)
    for (guint x = 0; x < W; x++) {
      /* shared between two bins, so that a little more light changes little */
      float at = glance->y[y][x] * (LUMA_BINS - 1) / 255.0f;
      guint bin = MIN ((guint) at, LUMA_BINS - 2);

      histograms->luma[bin] += luma * (bin + 1 - at);
      histograms->luma[bin + 1] += luma * (at - bin);
    }
  for (guint y = 0; y < H / 2; y++)
    for (guint x = 0; x < W / 2; x++)
      histograms->colour[colour_bin (glance->u[y][x]) * COLOUR_BINS + colour_bin (glance->v[y][x])] += colour;
}

static double
distance (const float *a, const float *b, guint n)
{
  double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += ABS (a[i] - b[i]);
  return sum / 2;
}

double
gst_llama4_likeness_lumas (const GstLlama4Glance * one, const GstLlama4Glance * other)
{
  Histograms a, b;

  count (one, &a);
  count (other, &b);
  return distance (a.luma, b.luma, LUMA_BINS);
}

double
gst_llama4_likeness_colours (const GstLlama4Glance * one, const GstLlama4Glance * other)
{
  Histograms a, b;

  count (one, &a);
  count (other, &b);
  return distance (a.colour, b.colour, COLOUR_BINS * COLOUR_BINS);
}

/* The weights were fitted to pairs of frames 0.4, 1 and 2 s apart of other films than the tests have. */
double
gst_llama4_likeness_strangeness (const GstLlama4Glance * earlier, const GstLlama4Glance * later, guint reach)
{
  Histograms a, b;
  Search found = search (earlier, later, reach);

  count (earlier, &a);
  count (later, &b);
  return -6.1 + 3.44 * distance (a.luma, b.luma, LUMA_BINS) + 6.38 * distance (a.colour, b.colour, COLOUR_BINS * COLOUR_BINS)
      + 8.32 * MIN (found.unexplained, 1.2) - 2.41 * found.found - 3.35 * gst_llama4_likeness_correlation (earlier, later);
}
