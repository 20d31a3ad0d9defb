/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scene that was seen: whether later glances show anything else. */

#include "moments/scene.h"

#include <stdlib.h>
#include <string.h>

#include "moments/grid.h"
#include "moments/light.h"

#define W GST_LLAMA4_GLANCE_WIDTH
#define H GST_LLAMA4_GLANCE_HEIGHT

/* Differences of 255 beyond which a cell has changed, on top of what noise makes. */
#define LEAST_LUMA 7
#define LEAST_COLOUR 6
#define NOISES 4                /* times the median difference */
#define MUCH 4                  /* times as much: one cell is enough */

struct _GstLlama4Scene
{
  GstLlama4Glance glances[GST_LLAMA4_SCENE_MOST];
  guint n;
};

GstLlama4Scene *
gst_llama4_scene_new (void)
{
  return g_new0 (GstLlama4Scene, 1);
}

void
gst_llama4_scene_free (GstLlama4Scene * self)
{
  g_free (self);
}

void
gst_llama4_scene_reset (GstLlama4Scene * self)
{
  self->n = 0;
}

void
gst_llama4_scene_learn (GstLlama4Scene * self, const GstLlama4Glance * glances, guint n)
{
  self->n = MIN (n, GST_LLAMA4_SCENE_MOST);
  memcpy (self->glances, glances, self->n * sizeof *glances);
}

/* Changes --------------------------------------------------------------------------------------------------------------------- */

/* Widens the range of each cell by what it was in one glance, in the light of another. Returns the median difference. */
static gint
widen (const guint8 * before, const guint8 * after, guint n, gint16 * low, gint16 * high)
{
  gint16 differences[GST_LLAMA4_GRID_CELLS];
  GstLlama4Light light = gst_llama4_light_fit (before, after, n);

  for (guint i = 0; i < n; i++) {
    gint16 value = (gint16) (light.gain * before[i] + light.offset + 0.5);

    /* what is burnt out, or drowned in black, in either light says nothing about the other */
    low[i] = MIN (low[i], before[i] >= 250 ? MIN (value, 250) : value);
    high[i] = MAX (high[i], before[i] >= 250 ? 255 : before[i] <= 4 ? MAX (value, 4) : value);
    differences[i] = (gint16) abs (after[i] - value);
  }
  return gst_llama4_grid_median (differences, n);
}

/* The most that a cell or a neighbour of it varied: leaves and water stir, and what stirs is somewhere else the next time. */
static gint
stir (const gint16 * low, const gint16 * high, guint width, guint height, guint x, guint y)
{
  gint most = 0;

  for (guint j = y > 0 ? y - 1 : 0; j <= y + 1 && j < height; j++)
    for (guint i = x > 0 ? x - 1 : 0; i <= x + 1 && i < width; i++)
      most = MAX (most, high[j * width + i] - low[j * width + i]);
  return most;
}

/* Whether a plane shows more than the same of the glances, each of which is `stride` bytes behind the one before. */
static gboolean
has_changed (const guint8 * before, gsize stride, guint n_glances, const guint8 * after, guint width, guint height, gint least)
{
  gint16 low[GST_LLAMA4_GRID_CELLS], high[GST_LLAMA4_GRID_CELLS];
  guint8 marks[GST_LLAMA4_GRID_CELLS];
  guint n = width * height;
  gint noise = 255;

  for (guint i = 0; i < n; i++) {
    low[i] = 255;
    high[i] = 0;
  }
  for (guint g = 0; g < n_glances; g++)
    noise = MIN (noise, widen (before + g * stride, after, n, low, high));
  for (guint i = 0; i < n; i++) {
    gint beyond = MAX (low[i] - after[i], after[i] - high[i]);
    gint limit = least + NOISES * noise + stir (low, high, width, height, i % width, i / width);

    if (beyond > MUCH * limit)
      return TRUE;
    marks[i] = beyond > limit;
  }
  return gst_llama4_grid_clustered (marks, width, height) > 0;
}

gboolean
gst_llama4_scene_has (const GstLlama4Scene * self, const GstLlama4Glance * glance)
{
  const GstLlama4Glance *first = self->glances;

  return self->n > 0 && !has_changed (&first->y[0][0], sizeof *first, self->n, &glance->y[0][0], W, H, LEAST_LUMA)
      && !has_changed (&first->u[0][0], sizeof *first, self->n, &glance->u[0][0], W / 2, H / 2, LEAST_COLOUR)
      && !has_changed (&first->v[0][0], sizeof *first, self->n, &glance->v[0][0], W / 2, H / 2, LEAST_COLOUR);
}

/* Whether the glances from `from` to before `to` show nothing but what those of `other` do. */
static gboolean
has_all (const GstLlama4Scene * other, const GstLlama4Scene * self, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    if (!gst_llama4_scene_has (other, &self->glances[i]))
      return FALSE;
  return TRUE;
}

gboolean
gst_llama4_scene_is_still (const GstLlama4Scene * self)
{
  g_autoptr (GstLlama4Scene) half = gst_llama4_scene_new ();
  guint middle = self->n / 2;

  if (self->n < 2)
    return TRUE;
  gst_llama4_scene_learn (half, self->glances, middle);
  if (!has_all (half, self, middle, self->n))
    return FALSE;
  gst_llama4_scene_learn (half, self->glances + middle, self->n - middle);
  return has_all (half, self, 0, middle);
}
