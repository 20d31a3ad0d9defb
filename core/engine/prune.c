/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pictures show again: the tokens of places that look as they did in an earlier picture of the conversation. */

#include "engine/prune.h"

#include <math.h>
#include <stdlib.h>

/* Parts of a place, each way: what changes in a small one counts as much as in all of it. */
#define PARTS 4

/* A rectangle of a picture, in pixels; may be empty. */
typedef struct
{
  guint left, top, right, bottom;
} Area;

/* From column and row on, of a canvas of columns x rows that shows all of the picture; what lies beyond is cut off. */
static Area
picture_area (const L4Picture *picture, guint columns, guint rows, guint column, guint row, guint width, guint height)
{
  return (Area) {
    (guint64) MIN (column, columns) * picture->width / columns, (guint64) MIN (row, rows) * picture->height / rows,
        (guint64) MIN (column + width, columns) * picture->width / columns, (guint64) MIN (row + height, rows) * picture->height / rows
  };
}

/* What of the picture becomes a token of one of its tiles, of which each has side x side. */
static Area
token_area (const L4VisionConfig *config, const L4Picture *picture, const L4Canvas *canvas, guint tile, guint token, guint side)
{
  guint pixels = config->image_size / side, n = canvas->grid.rows * canvas->grid.cols, column = token % side, row = token / side;

  if (tile == n && n > 1)       /* the overview */
    return picture_area (picture, side, side, column, row, 1, 1);
  return picture_area (picture, canvas->width, canvas->height, (tile % canvas->grid.cols * side + column) * pixels,
      (tile / canvas->grid.cols * side + row) * pixels, pixels, pixels);
}

/* Mean over the area, 0 … 1. */
static double
difference (const L4Picture *one, const L4Picture *other, guint left, guint top, guint right, guint bottom)
{
  guint64 sum = 0, count = (guint64) (right - left) * (bottom - top) * 3;

  for (guint y = top; y < bottom; y++) {
    const guint8 *a = one->pixels + y * one->stride, *b = other->pixels + y * other->stride;

    for (gsize x = 3 * (gsize) left; x < 3 * (gsize) right; x++)
      sum += abs (a[x] - b[x]);
  }
  return count > 0 ? sum / (255.0 * count) : 0;
}

static gboolean
looks_alike (const L4Picture *one, const L4Picture *other, const Area *area, double limit)
{
  guint width = area->right - area->left, height = area->bottom - area->top;

  for (guint y = 0; y < PARTS; y++)
    for (guint x = 0; x < PARTS; x++)
      if (difference (one, other, area->left + x * width / PARTS, area->top + y * height / PARTS, area->left + (x + 1) * width / PARTS,
              area->top + (y + 1) * height / PARTS) > limit)
        return FALSE;
  return TRUE;
}

/* Tokens of a picture after others of its size; latest [n_tiles * tokens_per_tile]: who shows each place. */
static gint64
mark_picture (const L4VisionConfig *config, const L4Picture *picture, const L4Canvas *canvas, double limit, const L4Picture **latest,
    gboolean *dropped)
{
  guint per_tile = l4_vision_tokens_per_tile (config), side = (guint) lround (sqrt (per_tile));
  gint64 n = 0;

  for (guint i = 0; i < canvas->n_tiles * per_tile; i++) {
    Area area = token_area (config, picture, canvas, i / per_tile, i % per_tile, side);

    dropped[i] = latest[i] != NULL && looks_alike (picture, latest[i], &area, limit);
    n += dropped[i];
    if (!dropped[i])
      latest[i] = picture;
  }
  return n;
}

gint64
l4_prune_mark (const L4VisionConfig *config, const L4Picture *const *pictures, const L4Canvas *canvases, gsize n_pictures, double limit,
    gboolean *dropped)
{
  gint64 per_tile = l4_vision_tokens_per_tile (config), n = 0;
  g_autofree const L4Picture **latest = NULL;

  for (gsize i = 0; limit > 0 && i < n_pictures; i++) {
    gsize n_tokens = canvases[i].n_tiles * per_tile;

    if (i == 0 || pictures[i]->width != pictures[i - 1]->width || pictures[i]->height != pictures[i - 1]->height) {
      g_free (latest);
      latest = g_new0 (const L4Picture *, n_tokens);
    }
    n += mark_picture (config, pictures[i], &canvases[i], limit, latest, dropped);
    dropped += n_tokens;
  }
  return n;
}
