/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of the picture that alone are watched and shown, and parts that never are. */

#include "regions.h"

#include <math.h>
#include <string.h>

#include "gettext.h"

#define BLIND 128               /* of cells that show nothing */
#define ALMOST 1e-9             /* less than that is nothing */

/* Reading ------------------------------------------------------------------------------------------------------------------- */

/* The next number, of 0 … 1. */
static gboolean
read_fraction (const char **at, double *value)
{
  char *end;

  *value = g_ascii_strtod (*at, &end);
  if (end == *at || !(*value >= 0 && *value <= 1))
    return FALSE;
  *at = end + strspn (end, " ");
  return TRUE;
}

static gboolean
read_region (const char *at, GstLlama4Region * region)
{
  double *const numbers[] = { &region->x, &region->y, &region->width, &region->height };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if ((i > 0 && *at++ != ',') || !read_fraction (&at, numbers[i]))
      return FALSE;
  return *at == '\0' && region->width > 0 && region->height > 0 && region->x + region->width <= 1 + ALMOST
      && region->y + region->height <= 1 + ALMOST;
}

gboolean
gst_llama4_regions_parse (const char *text, GstLlama4Region * regions, guint * n, char **problem)
{
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "", ";", -1);

  *n = 0;
  for (guint i = 0; parts[i] != NULL; i++) {
    if (*g_strstrip (parts[i]) == '\0')
      continue;
    if (*n == GST_LLAMA4_MOST_REGIONS) {
      *problem = g_strdup_printf (_("more than %d rectangles"), GST_LLAMA4_MOST_REGIONS);
      return FALSE;
    }
    if (!read_region (parts[i], &regions[(*n)++])) {
      *problem = g_strdup_printf (_("\"%s\" is not x,y,width,height in fractions of the picture, such as 0.5,0,0.5,1"), parts[i]);
      return FALSE;
    }
  }
  return TRUE;
}

/* Rectangles ---------------------------------------------------------------------------------------------------------------- */

GstLlama4Region
gst_llama4_regions_bounds (const GstLlama4Regions * self)
{
  double left = 1, top = 1, right = 0, bottom = 0;

  if (self->n_shown == 0)
    return (GstLlama4Region) { 0, 0, 1, 1 };
  for (guint i = 0; i < self->n_shown; i++) {
    const GstLlama4Region *region = &self->shown[i];

    left = MIN (left, region->x);
    top = MIN (top, region->y);
    right = MAX (right, region->x + region->width);
    bottom = MAX (bottom, region->y + region->height);
  }
  return (GstLlama4Region) { left, top, MIN (right, 1) - left, MIN (bottom, 1) - top };
}

GstLlama4Region
gst_llama4_region_turn (GstLlama4Region r, GstVideoOrientationMethod orientation)
{
  double x = r.x, y = r.y, w = r.width, h = r.height;

  switch (orientation) {
    case GST_VIDEO_ORIENTATION_90R:
      return (GstLlama4Region) { y, 1 - x - w, h, w };
    case GST_VIDEO_ORIENTATION_180:
      return (GstLlama4Region) { 1 - x - w, 1 - y - h, w, h };
    case GST_VIDEO_ORIENTATION_90L:
      return (GstLlama4Region) { 1 - y - h, x, h, w };
    case GST_VIDEO_ORIENTATION_HORIZ:
      return (GstLlama4Region) { 1 - x - w, y, w, h };
    case GST_VIDEO_ORIENTATION_VERT:
      return (GstLlama4Region) { x, 1 - y - h, w, h };
    case GST_VIDEO_ORIENTATION_UL_LR:
      return (GstLlama4Region) { y, x, h, w };
    case GST_VIDEO_ORIENTATION_UR_LL:
      return (GstLlama4Region) { 1 - y - h, 1 - x - w, h, w };
    default:
      return r;
  }
}

GstLlama4Regions
gst_llama4_regions_turn (const GstLlama4Regions * self, GstVideoOrientationMethod orientation)
{
  GstLlama4Regions turned = *self;

  for (guint i = 0; i < self->n_shown; i++)
    turned.shown[i] = gst_llama4_region_turn (self->shown[i], orientation);
  for (guint i = 0; i < self->n_hidden; i++)
    turned.hidden[i] = gst_llama4_region_turn (self->hidden[i], orientation);
  return turned;
}

GstLlama4Region
gst_llama4_region_turn_back (GstLlama4Region region, GstVideoOrientationMethod orientation)
{
  if (orientation == GST_VIDEO_ORIENTATION_90R)
    orientation = GST_VIDEO_ORIENTATION_90L;
  else if (orientation == GST_VIDEO_ORIENTATION_90L)
    orientation = GST_VIDEO_ORIENTATION_90R;
  return gst_llama4_region_turn (region, orientation);  /* the others undo themselves */
}

gboolean
gst_llama4_region_clip (GstLlama4Region * region, const GstLlama4Region * within)
{
  double left = MAX (region->x, within->x), top = MAX (region->y, within->y);
  double right = MIN (region->x + region->width, within->x + within->width);
  double bottom = MIN (region->y + region->height, within->y + within->height);

  *region = (GstLlama4Region) { left, top, right - left, bottom - top };
  return region->width > 0 && region->height > 0;
}

static gboolean
has (const GstLlama4Region * regions, guint n, double x, double y)
{
  for (guint i = 0; i < n; i++)
    if (x >= regions[i].x && x < regions[i].x + regions[i].width && y >= regions[i].y && y < regions[i].y + regions[i].height)
      return TRUE;
  return FALSE;
}

/* Whether a rectangle touches any. */
static gboolean
touches (const GstLlama4Region * regions, guint n, const GstLlama4Region * one)
{
  for (guint i = 0; i < n; i++)
    if (one->x < regions[i].x + regions[i].width && one->x + one->width > regions[i].x && one->y < regions[i].y + regions[i].height
        && one->y + one->height > regions[i].y)
      return TRUE;
  return FALSE;
}

gboolean
gst_llama4_regions_show (const GstLlama4Regions * self, double x, double y)
{
  return (self->n_shown == 0 || has (self->shown, self->n_shown, x, y)) && !has (self->hidden, self->n_hidden, x, y);
}

/* Whether it lies in the other as a whole, as far as such numbers can tell. */
static gboolean
is_within (const GstLlama4Region * one, const GstLlama4Region * other)
{
  return one->x >= other->x - ALMOST && one->y >= other->y - ALMOST && one->x + one->width <= other->x + other->width + ALMOST
      && one->y + one->height <= other->y + other->height + ALMOST;
}

gboolean
gst_llama4_regions_hide (const GstLlama4Regions * self, const GstLlama4Region * of)
{
  if (touches (self->hidden, self->n_hidden, of))
    return TRUE;
  for (guint i = 0; i < self->n_shown; i++)
    if (is_within (of, &self->shown[i]))
      return FALSE;
  return self->n_shown > 0;
}

/* Pixels -------------------------------------------------------------------------------------------------------------------- */

/* What rectangles leave of one is looked for piece by piece, beside the first that touches it. */
static gboolean
is_covered (const GstLlama4Region * regions, guint n, double left, double top, double right, double bottom)
{
  double l, t, r, b;
  guint i = 0;

  if (right - left <= ALMOST || bottom - top <= ALMOST)
    return TRUE;
  while (i < n && !touches (&regions[i], 1, &(GstLlama4Region) { left, top, right - left, bottom - top }))
    i++;
  if (i == n)
    return FALSE;
  l = MAX (left, regions[i].x);
  t = MAX (top, regions[i].y);
  r = MIN (right, regions[i].x + regions[i].width);
  b = MIN (bottom, regions[i].y + regions[i].height);
  return is_covered (regions + i + 1, n - i - 1, left, top, right, t) && is_covered (regions + i + 1, n - i - 1, left, b, right, bottom)
      && is_covered (regions + i + 1, n - i - 1, left, t, l, b) && is_covered (regions + i + 1, n - i - 1, r, t, right, b);
}

/* Nothing of what a pixel is made of may be hidden, all of it must be shown, as far as it is in the picture. */
static gboolean
is_black (const GstLlama4Regions * self, const GstLlama4Region * of, const GstLlama4Region * pixel, double reach_across, double reach_down)
{
  const GstLlama4Region made_of = { pixel->x - reach_across, pixel->y - reach_down, pixel->width + 2 * reach_across,
    pixel->height + 2 * reach_down
  };

  return touches (self->hidden, self->n_hidden, &made_of) || (self->n_shown > 0
      && !is_covered (self->shown, self->n_shown, MAX (made_of.x, of->x), MAX (made_of.y, of->y), MIN (made_of.x + made_of.width,
              of->x + of->width), MIN (made_of.y + made_of.height, of->y + of->height)));
}

/* Whether a rectangle begins or ends at a height between these. */
static gboolean
have_edge (const GstLlama4Region * regions, guint n, double from, double to)
{
  for (guint i = 0; i < n; i++)
    if ((regions[i].y >= from && regions[i].y <= to) || (regions[i].y + regions[i].height >= from && regions[i].y + regions[i].height <= to))
      return TRUE;
  return FALSE;
}

/* To the nearest edge of a sample. */
static double
snap (double edge, double from, double sample)
{
  return from + rint ((edge - from) / sample) * sample;
}

/* Where what is shown begins and ends, in whole samples of the source. */
static void
snap_shown (GstLlama4Regions * self, const GstLlama4Region * of, double across, double down)
{
  for (guint i = 0; i < self->n_shown; i++) {
    GstLlama4Region *shown = &self->shown[i];
    double right = snap (shown->x + shown->width, of->x, across), bottom = snap (shown->y + shown->height, of->y, down);

    shown->x = snap (shown->x, of->x, across);
    shown->y = snap (shown->y, of->y, down);
    shown->width = right - shown->x;
    shown->height = bottom - shown->y;
  }
}

void
gst_llama4_regions_blacken (const GstLlama4Regions * self, const GstLlama4Region * of, const GstLlama4Source * source,
    guint8 * pixels, guint width, guint height, gsize stride)
{
  double across = of->width / width, down = of->height / height;
  GstLlama4Regions snapped = *self;

  g_autofree gboolean *black = g_new (gboolean, width);
  double reach = source->reach_down + ALMOST;

  snap_shown (&snapped, of, source->across, source->down);
  for (guint y = 0; y < height; y++) {
    double top = of->y + y * down;
    gboolean as_before = y > 0 && !have_edge (snapped.shown, snapped.n_shown, top - down - reach, top + down + reach)
        && !have_edge (snapped.hidden, snapped.n_hidden, top - down - reach, top + down + reach);

    for (guint x = 0; x < width; x++) {
      const GstLlama4Region pixel = { of->x + x * across, top, across, down };

      if (!as_before)
        black[x] = is_black (&snapped, of, &pixel, source->reach_across, source->reach_down);
      if (black[x])
        memset (pixels + y * stride + x * 3, 0, 3);
    }
  }
}

/* Glances ------------------------------------------------------------------------------------------------------------------- */

/* A cell is when anything of it is hidden, or its middle is not shown. */
static gboolean
is_blind (const GstLlama4Regions * self, const GstLlama4Region * cell)
{
  return touches (self->hidden, self->n_hidden, cell)
      || (self->n_shown > 0 && !has (self->shown, self->n_shown, cell->x + cell->width / 2, cell->y + cell->height / 2));
}

static void
blind (const GstLlama4Regions * self, GstVideoOrientationMethod orientation, guint8 * cells, guint width, guint height)
{
  GstLlama4Regions turned = gst_llama4_regions_turn (self, orientation);

  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      if (is_blind (&turned, &(GstLlama4Region) { (double) x / width, (double) y / height, 1.0 / width, 1.0 / height }))
        cells[y * width + x] = BLIND;
}

void
gst_llama4_regions_blind (const GstLlama4Regions * self, GstVideoOrientationMethod orientation, GstLlama4Glance * glance)
{
  if (self->n_shown == 0 && self->n_hidden == 0)
    return;
  blind (self, orientation, &glance->y[0][0], GST_LLAMA4_GLANCE_WIDTH, GST_LLAMA4_GLANCE_HEIGHT);
  blind (self, orientation, &glance->u[0][0], GST_LLAMA4_GLANCE_WIDTH / 2, GST_LLAMA4_GLANCE_HEIGHT / 2);
  blind (self, orientation, &glance->v[0][0], GST_LLAMA4_GLANCE_WIDTH / 2, GST_LLAMA4_GLANCE_HEIGHT / 2);
}
