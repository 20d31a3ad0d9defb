/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Less of a frame, quickly made: fewer rows, bytes for samples of more bits, nothing of what is hidden. */

#include "thin.h"

#include <math.h>
#include <string.h>

/* So many pixels begin a word in every packed format, and a sample of colour. */
#define GROUP 12

typedef struct
{
  GstVideoFormat from, to;
  GstLlama4Packing packing;
} Narrowing;

static const Narrowing narrowings[] = {
  {GST_VIDEO_FORMAT_I420_10LE, GST_VIDEO_FORMAT_I420, GST_LLAMA4_WORDS}, {GST_VIDEO_FORMAT_I420_10BE, GST_VIDEO_FORMAT_I420, GST_LLAMA4_WORDS},
  {GST_VIDEO_FORMAT_I420_12LE, GST_VIDEO_FORMAT_I420, GST_LLAMA4_WORDS}, {GST_VIDEO_FORMAT_I420_12BE, GST_VIDEO_FORMAT_I420, GST_LLAMA4_WORDS},
  {GST_VIDEO_FORMAT_I422_10LE, GST_VIDEO_FORMAT_Y42B, GST_LLAMA4_WORDS}, {GST_VIDEO_FORMAT_I422_10BE, GST_VIDEO_FORMAT_Y42B, GST_LLAMA4_WORDS},
  {GST_VIDEO_FORMAT_I422_12LE, GST_VIDEO_FORMAT_Y42B, GST_LLAMA4_WORDS}, {GST_VIDEO_FORMAT_I422_12BE, GST_VIDEO_FORMAT_Y42B, GST_LLAMA4_WORDS},
  {GST_VIDEO_FORMAT_Y444_10LE, GST_VIDEO_FORMAT_Y444, GST_LLAMA4_WORDS}, {GST_VIDEO_FORMAT_Y444_10BE, GST_VIDEO_FORMAT_Y444, GST_LLAMA4_WORDS},
  {GST_VIDEO_FORMAT_Y444_12LE, GST_VIDEO_FORMAT_Y444, GST_LLAMA4_WORDS}, {GST_VIDEO_FORMAT_Y444_12BE, GST_VIDEO_FORMAT_Y444, GST_LLAMA4_WORDS},
  {GST_VIDEO_FORMAT_GBR_10LE, GST_VIDEO_FORMAT_GBR, GST_LLAMA4_WORDS}, {GST_VIDEO_FORMAT_GBR_10BE, GST_VIDEO_FORMAT_GBR, GST_LLAMA4_WORDS},
  {GST_VIDEO_FORMAT_GBR_12LE, GST_VIDEO_FORMAT_GBR, GST_LLAMA4_WORDS}, {GST_VIDEO_FORMAT_GBR_12BE, GST_VIDEO_FORMAT_GBR, GST_LLAMA4_WORDS},
  {GST_VIDEO_FORMAT_P010_10LE, GST_VIDEO_FORMAT_NV12, GST_LLAMA4_WORDS}, {GST_VIDEO_FORMAT_P010_10BE, GST_VIDEO_FORMAT_NV12, GST_LLAMA4_WORDS},
  {GST_VIDEO_FORMAT_P012_LE, GST_VIDEO_FORMAT_NV12, GST_LLAMA4_WORDS}, {GST_VIDEO_FORMAT_P012_BE, GST_VIDEO_FORMAT_NV12, GST_LLAMA4_WORDS},
  {GST_VIDEO_FORMAT_P016_LE, GST_VIDEO_FORMAT_NV12, GST_LLAMA4_WORDS}, {GST_VIDEO_FORMAT_P016_BE, GST_VIDEO_FORMAT_NV12, GST_LLAMA4_WORDS},
  {GST_VIDEO_FORMAT_NV12_10LE32, GST_VIDEO_FORMAT_NV12, GST_LLAMA4_TENS_IN_32}, {GST_VIDEO_FORMAT_NV16_10LE32, GST_VIDEO_FORMAT_NV16, GST_LLAMA4_TENS_IN_32},
  {GST_VIDEO_FORMAT_NV12_10LE40, GST_VIDEO_FORMAT_NV12, GST_LLAMA4_TENS_IN_40}, {GST_VIDEO_FORMAT_v210, GST_VIDEO_FORMAT_UYVY, GST_LLAMA4_TENS_IN_32},
};

static const Narrowing *
find_narrowing (const GstVideoFormatInfo * format)
{
  for (guint i = 0; i < G_N_ELEMENTS (narrowings); i++)
    if (narrowings[i].from == GST_VIDEO_FORMAT_INFO_FORMAT (format))
      return &narrowings[i];
  return NULL;
}

GstVideoFormat
gst_llama4_thin_format (const GstVideoFormatInfo * format)
{
  const Narrowing *narrowing = find_narrowing (format);

  return narrowing != NULL ? narrowing->to : GST_VIDEO_FORMAT_INFO_FORMAT (format);
}

GstLlama4Packing
gst_llama4_thin_packing (const GstVideoFormatInfo * format)
{
  const Narrowing *narrowing = find_narrowing (format);

  return narrowing != NULL ? narrowing->packing : GST_LLAMA4_AS_IT_IS;
}

/* Rows ------------------------------------------------------------------------------------------------------------------------ */

#define LANES 16

typedef guint16 Words __attribute__ ((vector_size (2 * LANES)));
typedef guint8 Bytes __attribute__ ((vector_size (LANES)));
typedef guint32 Fours __attribute__ ((vector_size (LANES)));

static void
narrow_words (const guint8 * in, guint8 * out, gsize n, guint shift, gboolean little)
{
  if (little == (G_BYTE_ORDER == G_LITTLE_ENDIAN))
    for (; n >= LANES; n -= LANES, in += 2 * LANES, out += LANES) {
      Words words;
      Bytes bytes;

      memcpy (&words, in, sizeof words);
      bytes = __builtin_convertvector (words >> shift, Bytes);
      memcpy (out, &bytes, sizeof bytes);
    }
  for (gsize i = 0; i < n; i++) {
    guint16 word = gst_llama4_read_word (in + 2 * i);

    out[i] = (little ? GUINT16_FROM_LE (word) : GUINT16_FROM_BE (word)) >> shift;
  }
}

static void
narrow_tens_in_32 (const guint8 * in, guint8 * out, gsize n)
{
  if (G_BYTE_ORDER == G_LITTLE_ENDIAN)
    for (; n >= 12; n -= 12, in += LANES, out += 12) {
      Fours words;
      Bytes bytes;

      memcpy (&words, in, sizeof words);
      bytes = (Bytes) ((words >> 2 & 0xff) | (words >> 4 & 0xff00) | (words >> 6 & 0xff0000));  /* three of four */
      bytes = __builtin_shufflevector (bytes, bytes, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
      memcpy (out, &bytes, 12);
    }
  for (; n >= 3; n -= 3, in += 4, out += 3) {
    guint32 word = gst_llama4_read_32 (in);

    out[0] = word >> 2;
    out[1] = word >> 12;
    out[2] = word >> 22;
  }
  for (gsize i = 0; i < n; i++)
    out[i] = gst_llama4_read_32 (in) >> (10 * i + 2);
}

static void
narrow_tens_in_40 (const guint8 * in, guint8 * out, gsize n)
{
  for (; n >= 4; n -= 4, in += 5, out += 4) {
    guint32 low = gst_llama4_read_32 (in);

    out[0] = low >> 2;
    out[1] = low >> 12;
    out[2] = low >> 22;
    out[3] = in[4];
  }
  for (gsize i = 0; i < n; i++)
    out[i] = GUINT16_FROM_LE (gst_llama4_read_word (in + i)) >> (2 * i + 2);
}

/* Bytes that so many samples take, which are whole words; without narrowing they are bytes. */
static gsize
count_bytes (const Narrowing * narrowing, gsize n)
{
  GstLlama4Packing packing = narrowing != NULL ? narrowing->packing : GST_LLAMA4_AS_IT_IS;

  return packing == GST_LLAMA4_WORDS ? 2 * n : packing == GST_LLAMA4_TENS_IN_32 ? n / 3 * 4 : packing == GST_LLAMA4_TENS_IN_40 ? n / 4 * 5 : n;
}

/* n samples of a row, from the one numbered `first` on, with which a word begins. */
static void
narrow (const Narrowing * narrowing, const GstVideoFormatInfo * format, const guint8 * row, guint8 * out, gsize first, gsize n)
{
  guint shift = GST_VIDEO_FORMAT_INFO_DEPTH (format, 0) + GST_VIDEO_FORMAT_INFO_SHIFT (format, 0) - 8;
  const guint8 *at = row + count_bytes (narrowing, first);

  if (narrowing->packing == GST_LLAMA4_WORDS)
    narrow_words (at, out, n, shift, GST_VIDEO_FORMAT_INFO_IS_LE (format));
  else if (narrowing->packing == GST_LLAMA4_TENS_IN_32)
    narrow_tens_in_32 (at, out, n);
  else
    narrow_tens_in_40 (at, out, n);
}

/* Where the part's samples begin in a row of the plane, and how many there are. */
static void
find_samples (const GstVideoFormatInfo * to, guint plane, const GstLlama4Area * part, gsize * first, gsize * n)
{
  gint components[GST_VIDEO_MAX_COMPONENTS], step;

  gst_video_format_info_component (to, plane, components);
  step = GST_VIDEO_FORMAT_INFO_PSTRIDE (to, components[0]);
  *first = (gsize) (part->x >> GST_VIDEO_FORMAT_INFO_W_SUB (to, components[0])) * step;
  *n = (gsize) GST_VIDEO_FORMAT_INFO_SCALE_WIDTH (to, components[0], part->width) * step;
  if (GST_VIDEO_FORMAT_INFO_FORMAT (to) == GST_VIDEO_FORMAT_UYVY)
    *n = GST_ROUND_UP_4 (*n);   /* colour of two pixels */
}

/* A row of so many bytes, to n samples. GStreamer's rows of colour of an odd width may lack the last of them: it is as the one before. */
static void
narrow_row (const Narrowing * narrowing, const GstVideoFormatInfo * format, const guint8 * row, gsize stride, guint8 * out, gsize first,
    gsize n)
{
  gsize there = narrowing->packing == GST_LLAMA4_TENS_IN_32 ? MIN (n, stride / 4 * 3 - first) : n;

  narrow (narrowing, format, row, out, first, there);
  for (gsize i = MAX (there, 2); i < n; i++)
    out[i] = out[i - 2];
}

static void
copy_plane (const GstVideoFrame * from, GstVideoFrame * to, guint plane, const GstLlama4Area * part, guint step)
{
  const Narrowing *narrowing = find_narrowing (from->info.finfo);
  gint components[GST_VIDEO_MAX_COMPONENTS], from_stride = GST_VIDEO_FRAME_PLANE_STRIDE (from, plane);
  gint to_stride = GST_VIDEO_FRAME_PLANE_STRIDE (to, plane), last, begin;
  const guint8 *in = GST_VIDEO_FRAME_PLANE_DATA (from, plane);
  guint8 *out = GST_VIDEO_FRAME_PLANE_DATA (to, plane);
  gsize first = 0, n = MIN (ABS (from_stride), ABS (to_stride));

  if (narrowing != NULL)
    find_samples (to->info.finfo, plane, part, &first, &n);
  gst_video_format_info_component (from->info.finfo, plane, components);
  last = GST_VIDEO_FRAME_COMP_HEIGHT (from, components[0]) - 1;
  begin = part->y >> GST_VIDEO_FORMAT_INFO_H_SUB (from->info.finfo, components[0]);
  for (gint y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (to, components[0]); y++) {
    const guint8 *row = in + (gssize) MIN (begin + y * (gint) step, last) * from_stride;
    const guint8 *next = in + (gssize) MIN (begin + (y + 1) * (gint) step, last) * from_stride;

    gst_llama4_fetch (next + count_bytes (narrowing, first), count_bytes (narrowing, n));
    if (narrowing != NULL)
      narrow_row (narrowing, from->info.finfo, row, (gsize) ABS (from_stride), out + (gssize) y * to_stride, first, n);
    else
      memcpy (out + (gssize) y * to_stride, row, n);
  }
}

/* As large as words and samples of colour make it, without whole rows where nothing is narrowed. */
static void
align (GstLlama4Area * part, const GstVideoInfo * info)
{
  gint right = MIN (part->x + part->width + 2, GST_VIDEO_INFO_WIDTH (info));
  gint below = MIN (part->y + part->height + 4, GST_VIDEO_INFO_HEIGHT (info));

  part->x = find_narrowing (info->finfo) != NULL ? part->x / GROUP * GROUP : 0;
  part->y = MAX (GST_ROUND_DOWN_4 (part->y) - 4, 0);
  part->width = find_narrowing (info->finfo) != NULL ? right - part->x : GST_VIDEO_INFO_WIDTH (info);
  part->height = below - part->y;
}

GstBuffer *
gst_llama4_thin_copy (const GstVideoFrame * frame, GstLlama4Area * part, guint step, GstVideoInfo * info)
{
  const GstVideoInfo *from = &frame->info;
  g_autoptr (GstBuffer) buffer = NULL;
  GstVideoFrame copy;

  align (part, from);
  if (!gst_video_info_set_format (info, gst_llama4_thin_format (from->finfo), part->width, MAX (part->height / step, 1)))
    return NULL;
  info->colorimetry = from->colorimetry;
  info->chroma_site = from->chroma_site;
  info->interlace_mode = step > 1 ? GST_VIDEO_INTERLACE_MODE_PROGRESSIVE : from->interlace_mode;
  buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (info), NULL);
  if (buffer == NULL || !gst_video_frame_map (&copy, info, buffer, GST_MAP_WRITE))
    return NULL;
  if (step > 1 || find_narrowing (from->finfo) != NULL || part->height != GST_VIDEO_INFO_HEIGHT (from))
    for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (frame); plane++)
      copy_plane (frame, &copy, plane, part, step);
  else
    gst_video_frame_copy (&copy, frame);        /* tiles and palettes, too */
  gst_video_frame_unmap (&copy);
  return g_steal_pointer (&buffer);
}

/* Wiping -------------------------------------------------------------------------------------------------------------------- */

gboolean
gst_llama4_thin_can_wipe (const GstVideoFormatInfo * format)
{
  if (GST_VIDEO_FORMAT_INFO_IS_COMPLEX (format) || GST_VIDEO_FORMAT_INFO_IS_TILED (format) || GST_VIDEO_FORMAT_INFO_HAS_PALETTE (format))
    return FALSE;
  for (guint c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format); c++)
    if (GST_VIDEO_FORMAT_INFO_DEPTH (format, c) != 8 || GST_VIDEO_FORMAT_INFO_SHIFT (format, c) != 0
        || GST_VIDEO_FORMAT_INFO_PSTRIDE (format, c) < 1)
      return FALSE;
  return TRUE;
}

/* The samples of one component. */
typedef struct
{
  guint8 *data;
  gint stride, step;            /* bytes from row to row, from sample to sample */
  gint width, height;           /* samples */
  gint across, down;            /* pixels of the frame that each stands for */
  guint8 black;
} Samples;

static Samples
get_samples (const GstVideoFrame * frame, guint component, guint step)
{
  const GstVideoFormatInfo *format = frame->info.finfo;
  gboolean is_rgb = GST_VIDEO_FORMAT_INFO_IS_RGB (format), is_full = frame->info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;

  return (Samples) {
    .data = GST_VIDEO_FRAME_COMP_DATA (frame, component),
    .stride = GST_VIDEO_FRAME_COMP_STRIDE (frame, component),
    .step = GST_VIDEO_FRAME_COMP_PSTRIDE (frame, component),
    .width = GST_VIDEO_FRAME_COMP_WIDTH (frame, component),
    .height = GST_VIDEO_FRAME_COMP_HEIGHT (frame, component),
    .across = 1 << GST_VIDEO_FORMAT_INFO_W_SUB (format, component),
    .down = step << GST_VIDEO_FORMAT_INFO_H_SUB (format, component),
    .black = is_rgb ? 0 : component > 0 ? 128 : is_full ? 0 : 16,
  };
}

/* What rows of pixels have which samples of. */
typedef struct
{
  double top, bottom;           /* of the row, as a share of what is visible */
  double left, wide;            /* of the visible, in samples */
  guint8 *keep;                 /* [width] */
  gint width;
} Row;

/* Marks all samples that are touched by a rectangle. */
static void
mark (const Row * row, const GstLlama4Region * region, guint8 value)
{
  gint from, to;

  if (region->y >= row->bottom || region->y + region->height <= row->top)
    return;
  from = CLAMP (floor (row->left + region->x * row->wide + 1e-6), 0, row->width);
  to = CLAMP (ceil (row->left + (region->x + region->width) * row->wide - 1e-6), from, row->width);
  memset (row->keep + from, value, to - from);
}

/* What is not kept lies in a few stretches. */
static void
wipe_row (const Samples * samples, guint8 * at, const guint8 * keep)
{
  const guint8 *end = keep + samples->width, *from = keep;

  while (from < end && (from = memchr (from, FALSE, end - from)) != NULL) {
    const guint8 *to = memchr (from, TRUE, end - from);
    gint n = (to != NULL ? to : end) - from;
    guint8 *first = at + (from - keep) * samples->step;

    if (samples->step == 1)
      memset (first, samples->black, n);
    else
      for (gint i = 0; i < n; i++)
        first[(gssize) i * samples->step] = samples->black;
    from += n;
  }
}

static void
wipe_component (const Samples * samples, gint margin, const GstLlama4Area * visible, const GstLlama4Regions * regions, guint8 * keep)
{
  Row row = {.left = (double) visible->x / samples->across,.wide = (double) visible->width / samples->across,.keep = keep,.width = samples->width };

  for (gint y = 0; y < samples->height; y++) {
    row.top = (double) (y * samples->down - margin - visible->y) / visible->height;
    row.bottom = (double) ((y + 1) * samples->down + margin - visible->y) / visible->height;
    memset (keep, regions->n_shown == 0, samples->width);
    for (guint i = 0; i < regions->n_shown; i++)
      mark (&row, &regions->shown[i], TRUE);
    for (guint i = 0; i < regions->n_hidden; i++)
      mark (&row, &regions->hidden[i], FALSE);
    if (memchr (keep, FALSE, samples->width) != NULL)
      wipe_row (samples, samples->data + (gssize) y * samples->stride, keep);
  }
}

void
gst_llama4_thin_wipe (GstVideoFrame * copy, guint step, gboolean interlaced, const GstLlama4Area * visible, GstVideoOrientationMethod orientation,
    const GstLlama4Regions * regions)
{
  g_autofree guint8 *keep = g_malloc (MAX (GST_VIDEO_FRAME_WIDTH (copy), 1));
  GstLlama4Regions turned = gst_llama4_regions_turn (regions, orientation);

  for (guint c = 0; c < MIN (GST_VIDEO_FRAME_N_COMPONENTS (copy), 3); c++) {
    Samples samples = get_samples (copy, c, step);

    wipe_component (&samples, interlaced ? samples.down : 0, visible, &turned, keep);   /* colour is of rows of one field */
  }
}
