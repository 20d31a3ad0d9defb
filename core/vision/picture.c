/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picture preparation: resize, padding, tiles, normalisation. */

#include "vision/picture.h"

#include "base/bf16.h"
#include "base/memory.h"

#define CHANNELS 3
#define MAX_SIDE 65535          /* pixels */

const float *
l4_normalisation_table (void)
{
  static float table[256];
  static gsize made = 0;

  if (g_once_init_enter (&made)) {
    for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
      float scaled = l4_bf16_to_float (l4_bf16_from_float ((float) i * (float) (1.0 / 255)));

      table[i] = 2 * l4_bf16_to_float (l4_bf16_from_float (scaled - 0.5f));
    }
    g_once_init_leave (&made, 1);
  }
  return table;
}

/* One tile, cut from image at (left, top); what lies beyond the image is black. tile: [3, side, side]. */
static void
cut_tile (const L4Picture *image, guint left, guint top, guint side, float *tile)
{
  const float *table = l4_normalisation_table ();
  guint columns = left < image->width ? MIN (image->width - left, side) : 0;
  guint rows = top < image->height ? MIN (image->height - top, side) : 0;
  gsize plane = (gsize) side * side;

  for (guint y = 0; y < side; y++) {
    const guint8 *in = y < rows ? image->pixels + (gsize) (top + y) * image->stride + (gsize) left * CHANNELS : NULL;
    guint filled = in != NULL ? columns : 0;
    float *out = tile + (gsize) y * side;

    for (guint channel = 0; channel < CHANNELS; channel++, out += plane) {
      for (guint x = 0; x < filled; x++)
        out[x] = table[in[x * CHANNELS + channel]];
      for (guint x = filled; x < side; x++)
        out[x] = table[0];
    }
  }
}

static gboolean
check_picture (const L4Picture *picture, GError **error)
{
  if (picture->pixels == NULL || picture->width < 1 || picture->width > MAX_SIDE || picture->height < 1
      || picture->height > MAX_SIDE)
    return l4_fail (error, L4_ERROR_INPUT, _("a picture of %u x %u pixels: each side must have 1 to %d, and there must be data"),
        picture->width, picture->height, MAX_SIDE);
  if (picture->stride < (gsize) picture->width * CHANNELS)
    return l4_fail (error, L4_ERROR_INPUT, _("a picture of %u pixels a row: %zu bytes from row to row are too few"),
        picture->width, picture->stride);
  return TRUE;
}

/* picture at width x height in *pixels, which the caller frees with l4_free(), described by *resized. */
static gboolean
resize_to (const L4Picture *picture, guint width, guint height, guint8 **pixels, L4Picture *resized, GError **error)
{
  gint64 dims[] = { height, width, CHANNELS };
  gsize bytes;

  if (!l4_checked_product (dims, 3, 1, &bytes))
    return l4_fail (error, L4_ERROR_MEMORY, _("a picture of %u x %u pixels does not fit"), width, height);
  *pixels = l4_alloc (bytes, "resized picture", error);
  *resized = (L4Picture) {.pixels = *pixels,.width = width,.height = height,.stride = (gsize) width * CHANNELS };
  return *pixels != NULL && l4_picture_resize (picture, width, height, *pixels, error);
}

gboolean
l4_picture_prepare (const L4VisionConfig *config, const L4Canvas *canvas, const L4Picture *picture, float *tiles,
    GError **error)
{
  guint side = (guint) config->image_size, n = canvas->grid.rows * canvas->grid.cols;
  gsize tile_size = (gsize) CHANNELS * side * side;
  l4_autofree guint8 *pixels = NULL, *overview_pixels = NULL;
  L4Picture image;

  if (!check_picture (picture, error) || !resize_to (picture, canvas->width, canvas->height, &pixels, &image, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    cut_tile (&image, i % canvas->grid.cols * side, i / canvas->grid.cols * side, side, tiles + i * tile_size);
  if (n == 1)
    return TRUE;
  if (!resize_to (picture, side, side, &overview_pixels, &image, error))
    return FALSE;
  cut_tile (&image, 0, 0, side, tiles + n * tile_size);
  return TRUE;
}
