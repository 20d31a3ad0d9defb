/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which grid of tiles a picture is laid on, and how large it becomes there. */

#include <math.h>

#include "vision/picture.h"

/* How far the picture can grow (or must shrink) to fill the grid; float32 as in the reference, which compares for equality. */
static float
grid_scale (guint tile, guint rows, guint cols, guint width, guint height)
{
  return MIN ((float) (rows * tile) / (float) height, (float) (cols * tile) / (float) width);
}

/* The smallest scale that does not shrink the picture (the largest at all with to_max); where all shrink it, the largest. */
static gboolean
is_better (float scale, float best, gboolean to_max)
{
  if (scale >= 1 && best >= 1 && !to_max)
    return scale < best;
  return scale > best;
}

static L4Grid
choose_grid (guint tile, guint max_tiles, gboolean to_max, guint width, guint height)
{
  L4Grid grid = { 0 };
  float best = 0;

  for (guint rows = 1; rows <= max_tiles; rows++) {
    for (guint cols = 1; cols <= max_tiles / rows; cols++) {
      float scale = grid_scale (tile, rows, cols, width, height);

      /* Two grids of one scale never have the same area: the smaller sides of both make a grid of that scale too. */
      if (is_better (scale, best, to_max) || (scale == best && rows * cols < grid.rows * grid.cols)) {
        grid = (L4Grid) {.rows = rows,.cols = cols };
        best = scale;
      }
    }
  }
  return grid;
}

void
l4_canvas_choose (const L4VisionConfig *config, guint max_tiles, guint width, guint height, L4Canvas *canvas)
{
  guint tile = (guint) config->image_size, limit_width, limit_height;
  double scale_width, scale_height;
  L4Grid grid;

  max_tiles = CLAMP (max_tiles, 1, (guint) config->max_patches);
  width = MAX (width, 1);
  height = MAX (height, 1);
  grid = choose_grid (tile, max_tiles, config->resize_to_max_canvas, width, height);
  limit_width = grid.cols * tile;
  limit_height = grid.rows * tile;
  if (!config->resize_to_max_canvas) {  /* nothing grows beyond one tile */
    limit_width = MIN (limit_width, MAX (width, tile));
    limit_height = MIN (limit_height, MAX (height, tile));
  }
  scale_width = (double) limit_width / width;
  scale_height = (double) limit_height / height;
  canvas->grid = grid;
  canvas->n_tiles = grid.rows * grid.cols + (grid.rows * grid.cols > 1);
  canvas->width = limit_width;
  canvas->height = limit_height;
  if (scale_width < scale_height)
    canvas->height = MAX (MIN ((guint) floor (height * scale_width), limit_height), 1);
  else
    canvas->width = MAX (MIN ((guint) floor (width * scale_height), limit_width), 1);
}
