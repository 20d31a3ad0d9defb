/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A glance at a frame: a grid of mean values, of a few rows and columns alone, by which frames are compared. */

#include "moments/glance.h"

#include <string.h>

#include "extent.h"
#include "thin.h"

#define W GST_LLAMA4_GLANCE_WIDTH
#define H GST_LLAMA4_GLANCE_HEIGHT

/* Rows, and pixels of a row, that are looked at of a cell. */
#define CELL_ROWS 4
#define CELL_COLUMNS 12

/* What other formats are converted to, still a multiple of the grid. */
#define SMALL_WIDTH (4 * W)
#define SMALL_HEIGHT (4 * H)

typedef GstLlama4Area Area;     /* of a frame, that is looked at */

struct _GstLlama4Glancer
{
  GstVideoConverter *converter;
  GstVideoInfo in, small;       /* what it is for, */
  gint top, height;             /* and which rows */
  GstBuffer *buffer;
};

GstLlama4Glancer *
gst_llama4_glancer_new (void)
{
  return g_new0 (GstLlama4Glancer, 1);
}

void
gst_llama4_glancer_free (GstLlama4Glancer * self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->converter, gst_video_converter_free);
  gst_clear_buffer (&self->buffer);
  g_free (self);
}

/* One component of a frame: where its samples lie, and how they become bytes. */
typedef struct
{
  const guint8 *data;
  guint offset;                 /* of bytes: where in a pixel that is */
  gint stride, step;            /* bytes from row to row, from sample to sample; */
  guint tens;                   /* where this is 3 or 4, so many samples of ten bits lie one after another in 32 or 40: step is in samples, */
  guint first;                  /* and the first one of the component is this */
  guint width, height;          /* samples */
  guint high;                   /* byte of a sample with the highest eight bits; */
  guint low;                    /* the one below it, for */
  guint shift;                  /* bits that the highest lack of a byte */
} Plane;

/* Whether components are whole bytes, or words that a shift makes bytes. */
static gboolean
is_readable (const GstVideoFormatInfo * format)
{
  guint n_planes = GST_VIDEO_FORMAT_INFO_N_PLANES (format), n_components = GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format);

  if (GST_VIDEO_FORMAT_INFO_IS_COMPLEX (format) || GST_VIDEO_FORMAT_INFO_IS_TILED (format) || GST_VIDEO_FORMAT_INFO_HAS_PALETTE (format))
    return FALSE;
  if (GST_VIDEO_FORMAT_INFO_DEPTH (format, 0) > 8 && n_planes == 1 && n_components > 1)
    return FALSE;               /* not all formats of packed words say rightly where each is */
  for (guint c = 0; c < n_components; c++) {
    guint depth = GST_VIDEO_FORMAT_INFO_DEPTH (format, c), shift = GST_VIDEO_FORMAT_INFO_SHIFT (format, c);
    gint step = GST_VIDEO_FORMAT_INFO_PSTRIDE (format, c);

    if (depth == 8 ? shift != 0 || step < 1 : depth < 8 || depth + shift > 16 || step < 2 || step % 2 != 0)
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_of_tens (const GstVideoFormatInfo * format)
{
  GstLlama4Packing packing = gst_llama4_thin_packing (format);

  return packing == GST_LLAMA4_TENS_IN_32 || packing == GST_LLAMA4_TENS_IN_40;
}

/* Components lie as those of the format that it would be with bytes. */
static Plane
get_plane_of_tens (const GstVideoFrame * frame, const Area * area, guint component)
{
  const GstVideoFormatInfo *bytes = gst_video_format_get_info (gst_llama4_thin_format (frame->info.finfo));
  guint plane = GST_VIDEO_FORMAT_INFO_PLANE (bytes, component), step = GST_VIDEO_FORMAT_INFO_PSTRIDE (bytes, component);
  guint first = GST_VIDEO_FORMAT_INFO_POFFSET (bytes, component), stride = ABS (GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane));
  guint tens = gst_llama4_thin_packing (frame->info.finfo) == GST_LLAMA4_TENS_IN_32 ? 3 : 4;
  guint there = (stride / (tens == 3 ? 4 : 5) * tens - first - 1) / step + 1;   /* rows of an odd width may lack the last of colour */
  guint x = MIN ((guint) area->x >> GST_VIDEO_FORMAT_INFO_W_SUB (bytes, component), there - 1);
  gssize y = area->y >> GST_VIDEO_FORMAT_INFO_H_SUB (bytes, component);

  return (Plane) {
    .data = (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, plane) + y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane),
    .stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane),
    .step = step,
    .tens = tens,
    .first = first + x * step,
    .width = MIN ((guint) GST_VIDEO_FORMAT_INFO_SCALE_WIDTH (bytes, component, area->width), there - x),
    .height = GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT (bytes, component, area->height),
  };
}

static Plane
get_plane (const GstVideoFrame * frame, const Area * area, guint component)
{
  const GstVideoFormatInfo *format = frame->info.finfo;
  guint depth = GST_VIDEO_FORMAT_INFO_DEPTH (format, component);
  guint top = depth + GST_VIDEO_FORMAT_INFO_SHIFT (format, component);  /* bits of the word that are used */
  gboolean is_odd = depth > 8 && GST_VIDEO_FORMAT_INFO_POFFSET (format, component) % 2 != 0;   /* some count words, not bytes */
  gboolean little = depth == 8 || GST_VIDEO_FORMAT_INFO_IS_LE (format);
  gssize x = area->x >> GST_VIDEO_FORMAT_INFO_W_SUB (format, component), y = area->y >> GST_VIDEO_FORMAT_INFO_H_SUB (format, component);

  return (Plane) {
    .data = (const guint8 *) GST_VIDEO_FRAME_COMP_DATA (frame, component) + (is_odd ? GST_VIDEO_FORMAT_INFO_POFFSET (format, component) : 0)
        + y * GST_VIDEO_FRAME_COMP_STRIDE (frame, component) + x * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, component),
    .offset = GST_VIDEO_FORMAT_INFO_POFFSET (format, component),
    .stride = GST_VIDEO_FRAME_COMP_STRIDE (frame, component),
    .step = GST_VIDEO_FRAME_COMP_PSTRIDE (frame, component),
    .width = GST_VIDEO_FORMAT_INFO_SCALE_WIDTH (format, component, area->width),
    .height = GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT (format, component, area->height),
    .high = depth > 8 && little,
    .low = depth > 8 && !little,
    .shift = depth > 8 ? 16 - top : 0,
  };
}

static guint
sum_bytes (const guint8 * at, guint n, gint step)
{
  guint sum = 0;

  for (; n > 0; n--, at += step)
    sum += *at;
  return sum;
}

static guint
sum_words (const Plane * plane, const guint8 * at, guint n, gint step)
{
  guint sum = 0;

  if (plane->shift == 0)
    return sum_bytes (at + plane->high, n, step);
  if (plane->high == 0)
    for (; n > 0; n--, at += step)
      sum += GUINT16_FROM_BE (gst_llama4_read_word (at)) >> (8 - plane->shift) & 255;
  else
    for (; n > 0; n--, at += step)
      sum += GUINT16_FROM_LE (gst_llama4_read_word (at)) >> (8 - plane->shift) & 255;
  return sum;
}

/* `at` is the row, the samples begin with the x-th one of the component. */
static guint
sum_tens (const Plane * plane, const guint8 * at, guint x, guint n, gint step)
{
  guint sum = 0, index = plane->first + x * plane->step, stride = step * plane->step;

  if (plane->tens == 3 && stride % 3 == 0) {    /* the usual one: each is in the same place of its word */
    guint shift = 10 * (index % 3) + 2;

    for (at += index / 3 * 4; n > 0; n--, at += stride / 3 * 4)
      sum += gst_llama4_read_32 (at) >> shift & 255;
    return sum;
  }
  for (; n > 0; n--, index += stride)
    sum += plane->tens == 3 ? gst_llama4_read_32 (at + index / 3 * 4) >> (10 * (index % 3) + 2) & 255
        : GUINT16_FROM_LE (gst_llama4_read_word (at + index / 4 * 5 + index % 4)) >> (2 * (index % 4) + 2) & 255;
  return sum;
}

static guint
sum_row (const Plane * plane, const guint8 * row, guint x, guint n, gint step)
{
  if (plane->tens > 0)
    return sum_tens (plane, row, x, n, step);
  if (plane->high == plane->low)
    return sum_bytes (row + (gssize) x * plane->step, n, step * plane->step);
  return sum_words (plane, row + (gssize) x * plane->step, n, step * plane->step);
}

/* The samples in a stretch of `length` from `start` on that are looked at, no more than `most`, spread over it. */
typedef struct
{
  guint first, apart, n;
} Few;

static Few
choose_few (guint start, guint length, guint most)
{
  guint apart = (length + most - 1) / most;

  return (Few) { start + (length - 1) % apart / 2, apart, (length + apart - 1) / apart };
}

/* Of a row of cells. */
static Few
choose_rows (const Plane * plane, guint row, guint rows)
{
  guint y = row * plane->height / rows, below = (row + 1) * plane->height / rows;

  return choose_few (y, MAX (below, y + 1) - y, CELL_ROWS);
}

/* They lie far from one another: no processor guesses where the next ones are. */
static void
fetch (const Plane * plane, Few down)
{
  gsize samples = (gsize) plane->width * plane->step, bytes = plane->tens > 0 ? samples * 4 / 3 : samples;
  gsize first = plane->tens > 0 ? plane->first * 4 / 3 : 0;

  for (guint i = 0; i < down.n; i++)
    gst_llama4_fetch (plane->data + (gssize) (down.first + i * down.apart) * plane->stride + first, bytes);
}

/* The mean of the samples of a cell that are looked at. */
static guint8
look_at_cell (const Plane * plane, Few across, Few down)
{
  const guint8 *at = plane->data + (gssize) down.first * plane->stride;
  guint sum = 0;

  for (guint row = 0; row < down.n; row++, at += (gssize) down.apart * plane->stride)
    sum += sum_row (plane, at, across.first, across.n, across.apart);
  return sum / (across.n * down.n);
}

static void
look_at_plane (const Plane * plane, guint8 * out, guint columns, guint rows)
{
  for (guint j = 0; j < rows; j++) {
    Few down = choose_rows (plane, j, rows);

    if (j + 1 < rows)
      fetch (plane, choose_rows (plane, j + 1, rows));
    for (guint i = 0; i < columns; i++) {
      guint x = i * plane->width / columns, right = (i + 1) * plane->width / columns;

      out[j * columns + i] = look_at_cell (plane, choose_few (x, MAX (right, x + 1) - x, CELL_COLUMNS), down);
    }
  }
}

/* Pixels of 32 bits ------------------------------------------------------------------------------------------------------------- */

/* Whether the three are bytes of such. */
static gboolean
are_of_pixels (const Plane planes[3])
{
  for (guint c = 0; c < 3; c++)
    if (planes[c].tens > 0 || planes[c].high != planes[c].low || planes[c].step != 4 || planes[c].offset > 3
        || planes[c].data - planes[c].offset != planes[0].data - planes[0].offset)
      return FALSE;
  return TRUE;
}

/* Adds the bytes of pixels, each to 16 bits: the first and the third, the second and the fourth of them. As many as a cell has there fit. */
static void
add_pixels (const guint8 * at, guint n, gint step, guint32 sums[2])
{
  for (; n > 0; n--, at += step) {
    guint32 pixel = gst_llama4_read_32 (at);

    sums[0] += pixel & 0xff00ff;
    sums[1] += pixel >> 8 & 0xff00ff;
  }
}

/* The means of all three at once. */
static void
look_at_cell_of_pixels (const Plane planes[3], Few across, Few down, guint8 means[3])
{
  const guint8 *at = planes[0].data - planes[0].offset + (gssize) down.first * planes[0].stride + across.first * 4;
  guint32 sums[2] = { 0 };

  G_STATIC_ASSERT (CELL_ROWS * CELL_COLUMNS * 255 < 1 << 16);
  for (guint row = 0; row < down.n; row++, at += (gssize) down.apart * planes[0].stride)
    add_pixels (at, across.n, across.apart * 4, sums);
  for (guint c = 0; c < 3; c++)
    means[c] = (sums[planes[c].offset & 1] >> (planes[c].offset & 2) * 8 & 0xffff) / (across.n * down.n);
}

static void
look_at_pixels (const Plane planes[3], guint8 rgb[3][H][W])
{
  const Plane *any = &planes[0];

  for (guint j = 0; j < H; j++) {
    Few down = choose_rows (any, j, H);

    if (j + 1 < H)
      fetch (any, choose_rows (any, j + 1, H));
    for (guint i = 0; i < W; i++) {
      guint x = i * any->width / W, right = (i + 1) * any->width / W;
      guint8 means[3];

      look_at_cell_of_pixels (planes, choose_few (x, MAX (right, x + 1) - x, CELL_COLUMNS), down, means);
      for (guint c = 0; c < 3; c++)
        rgb[c][j][i] = means[c];
    }
  }
}

/* Luma and colour differences of means are means of these. */
static void
from_rgb (guint8 r[H][W], guint8 g[H][W], guint8 b[H][W], GstLlama4Glance * glance)
{
  for (guint y = 0; y < H; y++)
    for (guint x = 0; x < W; x++)
      glance->y[y][x] = (77 * r[y][x] + 150 * g[y][x] + 29 * b[y][x]) >> 8;
  for (guint y = 0; y < H; y += 2)
    for (guint x = 0; x < W; x += 2) {
      gint luma = glance->y[y][x];

      glance->u[y / 2][x / 2] = 128 + (b[y][x] - luma) * 144 / 256;
      glance->v[y / 2][x / 2] = 128 + (r[y][x] - luma) * 182 / 256;
    }
}

static void
look_at_rgb (const Plane planes[3], GstLlama4Glance * glance)
{
  guint8 rgb[3][H][W];

  if (are_of_pixels (planes))
    look_at_pixels (planes, rgb);
  else
    for (guint c = 0; c < 3; c++)
      look_at_plane (&planes[c], &rgb[c][0][0], W, H);
  from_rgb (rgb[0], rgb[1], rgb[2], glance);
}

void
gst_llama4_glance_at_picture (const L4Picture * picture, GstClockTime time, GstLlama4Glance * glance)
{
  Plane planes[3];

  for (guint c = 0; c < 3; c++)
    planes[c] = (Plane) {.data = picture->pixels + c,.stride = picture->stride,.step = 3,.width = picture->width,.height = picture->height };
  glance->time = time;
  look_at_rgb (planes, glance);
}

static void
look (const GstVideoFrame * frame, const Area * area, GstLlama4Glance * glance)
{
  const GstVideoFormatInfo *format = frame->info.finfo;
  Plane planes[3];

  for (guint c = 0; c < MIN (GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format), 3); c++)
    planes[c] = is_of_tens (format) ? get_plane_of_tens (frame, area, c) : get_plane (frame, area, c);
  if (GST_VIDEO_FORMAT_INFO_IS_RGB (format)) {
    look_at_rgb (planes, glance);
    return;
  }
  look_at_plane (&planes[0], &glance->y[0][0], W, H);
  if (GST_VIDEO_FORMAT_INFO_IS_GRAY (format)) {
    memset (glance->u, 128, sizeof glance->u);
    memset (glance->v, 128, sizeof glance->v);
  } else {
    look_at_plane (&planes[1], &glance->u[0][0], W / 2, H / 2);
    look_at_plane (&planes[2], &glance->v[0][0], W / 2, H / 2);
  }
}

static gboolean
has_all_columns (const GstVideoInfo * in, const Area * visible)
{
  return visible->width == GST_VIDEO_INFO_WIDTH (in);
}

/* The first visible row of which the colour is all visible, if there is any: the converter would begin above the others. */
static gint
find_top (const GstVideoInfo * in, const Area * visible)
{
  gint rows = 1 << GST_VIDEO_FORMAT_INFO_H_SUB (in->finfo, 1), top = (visible->y + rows - 1) / rows * rows;

  return top < visible->y + visible->height ? top : visible->y;
}

/* Only rows that are looked at are converted. Where not all columns are visible the others are left out later: of some formats GStreamer reads
 * a row that does not begin at its left edge from another place, or from behind the frame. */
static gboolean
prepare_converter (GstLlama4Glancer * self, const GstVideoInfo * in, const Area * visible)
{
  gint width = has_all_columns (in, visible) ? SMALL_WIDTH : GST_VIDEO_INFO_WIDTH (in);
  gint top = find_top (in, visible), height = visible->y + visible->height - top;

  if (self->converter != NULL && gst_video_info_is_equal (&self->in, in) && GST_VIDEO_INFO_WIDTH (&self->small) == width
      && self->top == top && self->height == height)
    return TRUE;
  g_clear_pointer (&self->converter, gst_video_converter_free);
  gst_clear_buffer (&self->buffer);
  self->in = *in;
  self->top = top;
  self->height = height;
  if (!gst_video_info_set_format (&self->small, GST_VIDEO_FORMAT_AYUV, width, SMALL_HEIGHT))
    return FALSE;
  GST_VIDEO_INFO_FPS_N (&self->small) = GST_VIDEO_INFO_FPS_N (in);      /* the converter insists */
  GST_VIDEO_INFO_FPS_D (&self->small) = GST_VIDEO_INFO_FPS_D (in);
  GST_VIDEO_INFO_INTERLACE_MODE (&self->small) = GST_VIDEO_INFO_INTERLACE_MODE (in);
  self->buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&self->small), NULL);
  if (self->buffer == NULL)
    return FALSE;
  self->converter = gst_video_converter_new (&self->in, &self->small, gst_structure_new ("GstVideoConverter",
          GST_VIDEO_CONVERTER_OPT_RESAMPLER_METHOD, GST_TYPE_VIDEO_RESAMPLER_METHOD, GST_VIDEO_RESAMPLER_METHOD_NEAREST,
          GST_VIDEO_CONVERTER_OPT_SRC_Y, G_TYPE_INT, top, GST_VIDEO_CONVERTER_OPT_SRC_HEIGHT, G_TYPE_INT, height,
          GST_VIDEO_CONVERTER_OPT_CHROMA_MODE, GST_TYPE_VIDEO_CHROMA_MODE, GST_VIDEO_CHROMA_MODE_NONE, NULL));
  return self->converter != NULL;
}

gboolean
gst_llama4_glancer_look (GstLlama4Glancer * self, const GstVideoInfo * caps, GstVideoFrame * frame, GstClockTime time, GstLlama4Glance * glance)
{
  Area visible = gst_llama4_area_visible (caps, frame->buffer), converted = { 0, 0, SMALL_WIDTH, SMALL_HEIGHT };
  GstVideoFrame small;

  glance->time = time;
  if (is_readable (frame->info.finfo) || is_of_tens (frame->info.finfo)) {
    look (frame, &visible, glance);
    return TRUE;
  }
  gst_llama4_extent_join_fields (frame, visible.height);
  if (!prepare_converter (self, &frame->info, &visible) || !gst_video_frame_map (&small, &self->small, self->buffer, GST_MAP_READWRITE))
    return FALSE;
  if (!has_all_columns (&frame->info, &visible))
    converted = (Area) { visible.x, 0, visible.width, SMALL_HEIGHT };
  gst_video_converter_frame (self->converter, frame, &small);
  look (&small, &converted, glance);
  gst_video_frame_unmap (&small);
  return TRUE;
}
