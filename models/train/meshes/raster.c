/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fills triangles with textures: the inner loop of raster.py. */

#include <math.h>
#include <stdint.h>

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

typedef struct
{
  const float *texels;          /* height x width x 4, 0 to 255, the first row above; NULL without a texture */
  int32_t width, height;
  float colour[3];              /* without a texture */
  float tint[3];                /* shows where the texture is transparent */
  int32_t cut;                  /* what is transparent is not there, instead */
  int32_t both;                 /* seen from behind, too */
} Skin;

typedef struct
{
  float *picture;               /* height x width x 4, colours and alpha of 0 to 255 */
  float *depth;                 /* height x width, the greatest is nearest */
  int32_t width, height;
} Canvas;

static int
wrapped (float at, int32_t size)
{
  int32_t i = (int32_t) ((at - floorf (at)) * size);
  return MIN (i, size - 1);
}

/* The colour of a place of the texture; 0 when nothing is there. */
static int
look_up (const Skin *skin, float u, float v, float *rgb)
{
  if (!skin->texels) {
    for (int c = 0; c < 3; c++)
      rgb[c] = skin->colour[c] * 255;
    return 1;
  }
  const float *t = skin->texels + 4 * ((int64_t) wrapped (1 - v, skin->height) * skin->width + wrapped (u, skin->width));
  if (skin->cut && t[3] < 128)
    return 0;
  float own = skin->cut ? 1 : t[3] / 255, mean = (t[0] + t[1] + t[2]) / 3;
  for (int c = 0; c < 3; c++)
    rgb[c] = t[c] * own + mean * skin->tint[c] * (1 - own);
  return 1;
}

/* corners: of a triangle x, y, depth, brightness, u, v each, in pixels from the upper left. */
static void
fill (const Canvas *canvas, const Skin *skin, const float *a, const float *b, const float *c)
{
  float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  if (fabsf (area) < 1e-9f || (area < 0 && !skin->both) || !isfinite (area))
    return;
  int x0 = MAX (0, floorf (MIN (a[0], MIN (b[0], c[0])))), x1 = MIN (canvas->width - 1, ceilf (MAX (a[0], MAX (b[0], c[0]))));
  int y0 = MAX (0, floorf (MIN (a[1], MIN (b[1], c[1])))), y1 = MIN (canvas->height - 1, ceilf (MAX (a[1], MAX (b[1], c[1]))));
  for (int y = y0; y <= y1; y++)
    for (int x = x0; x <= x1; x++) {
      float px = x + 0.5f - a[0], py = y + 0.5f - a[1];
      float wb = (px * (c[1] - a[1]) - py * (c[0] - a[0])) / area, wc = (py * (b[0] - a[0]) - px * (b[1] - a[1])) / area, wa = 1 - wb - wc;
      if (wa < 0 || wb < 0 || wc < 0)
        continue;
      float z = wa * a[2] + wb * b[2] + wc * c[2], rgb[3];
      int64_t at = (int64_t) y * canvas->width + x;
      if (z <= canvas->depth[at] || !look_up (skin, wa * a[4] + wb * b[4] + wc * c[4], wa * a[5] + wb * b[5] + wc * c[5], rgb))
        continue;
      float light = wa * a[3] + wb * b[3] + wc * c[3];
      canvas->depth[at] = z;
      for (int i = 0; i < 3; i++)
        canvas->picture[4 * at + i] = MIN (rgb[i] * light, 255);
      canvas->picture[4 * at + 3] = 255;
    }
}

/* vertices: six values each as fill() takes them; faces: three numbers of vertices each. */
void
fill_all (const Canvas *canvas, const Skin *skin, const float *vertices, const int32_t *faces, int32_t n_faces)
{
  for (int32_t i = 0; i < n_faces; i++)
    fill (canvas, skin, vertices + 6 * (int64_t) faces[3 * i], vertices + 6 * (int64_t) faces[3 * i + 1], vertices + 6 * (int64_t) faces[3 * i + 2]);
}
