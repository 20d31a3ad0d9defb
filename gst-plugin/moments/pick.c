/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of a window's pictures are worth showing. */

#include "moments/pick.h"

#include <stdlib.h>

#include "frame.h"
#include "moments/glance.h"
#include "moments/likeness.h"

static const GstLlama4Frame *
nth (const GPtrArray * frames, guint n)
{
  return frames->pdata[n];
}

/* Leaves those that are marked. */
static void
leave (GPtrArray * frames, const gboolean * marks)
{
  for (guint i = frames->len; i-- > 0;)
    if (!marks[i])
      g_ptr_array_remove_index (frames, i);
}

/* Different ----------------------------------------------------------------------------------------------------------------- */

static double
difference (const GstLlama4Glance * one, const GstLlama4Glance * other)
{
  return gst_llama4_likeness_difference (one, other) + 20 * gst_llama4_likeness_colours (one, other);
}

/* Of two that differ as much from what is marked the earlier one. */
static guint
find_farthest (const double * nearest, const gboolean * marks, guint n)
{
  guint best = n;

  for (guint i = 0; i < n; i++)
    if (!marks[i] && (best == n || nearest[i] > nearest[best]))
      best = i;
  return best;
}

void
gst_llama4_pick_different (GPtrArray * frames, guint n)
{
  guint n_frames = frames->len, latest = 0;
  g_autofree GstLlama4Glance *glances = g_new (GstLlama4Glance, n_frames);
  g_autofree double *nearest = g_new (double, n_frames);        /* to any that is marked */
  g_autofree gboolean *marks = g_new0 (gboolean, n_frames);

  if (n_frames <= n || n == 0)
    return;
  for (guint i = 0; i < n_frames; i++) {
    gst_llama4_glance_at_picture (&nth (frames, i)->picture, nth (frames, i)->time, &glances[i]);
    nearest[i] = G_MAXDOUBLE;
  }
  for (guint count = 1; count <= n; count++) {
    marks[latest] = TRUE;
    for (guint i = 0; i < n_frames; i++)
      nearest[i] = MIN (nearest[i], difference (&glances[i], &glances[latest]));
    latest = find_farthest (nearest, marks, n_frames);
  }
  leave (frames, marks);
}

/* Sharp --------------------------------------------------------------------------------------------------------------------- */

double
gst_llama4_pick_sharpness (const L4Picture * picture)
{
  guint64 sum = 0;

  if (picture->width < 3 || picture->height < 3)
    return 0;
  for (guint y = 1; y + 1 < picture->height; y++) {
    const guint8 *row = picture->pixels + y * picture->stride + 1;

    for (guint x = 1; x + 1 < picture->width; x++) {
      const guint8 *at = row + x * 3;

      sum += abs (4 * at[0] - at[-3] - at[3] - at[-(gssize) picture->stride] - at[picture->stride]);
    }
  }
  return sum / 4.0 / ((picture->width - 2.0) * (picture->height - 2.0));
}

void
gst_llama4_pick_sharp (GPtrArray * frames, guint n)
{
  guint n_frames = frames->len;
  g_autofree gboolean *marks = g_new0 (gboolean, n_frames);

  if (n_frames <= n || n == 0)
    return;
  for (guint part = 0; part < n; part++) {
    guint from = part * n_frames / n, to = (part + 1) * n_frames / n, best = from;
    double most = -1;

    for (guint i = from; i < to; i++) {
      double value = gst_llama4_pick_sharpness (&nth (frames, i)->picture);

      if (value > most) {
        most = value;
        best = i;
      }
    }
    marks[best] = TRUE;
  }
  leave (frames, marks);
}
