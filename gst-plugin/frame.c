/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sampled frames: small upright RGB copies of what the decoder gave, or drafts that can become such. */

#include "frame.h"

#include <string.h>

#include "area.h"
#include "extent.h"
#include "gettext.h"
#include "thin.h"
#include "unpack.h"

typedef GstLlama4Area Area;     /* of a frame, that is shown */

struct _GstLlama4Draft
{
  GstVideoInfo info;
  GstBuffer *buffer;
  Area area;
  GstLlama4Region part;         /* of the upright picture, that the area has */
  guint width, height;          /* to convert to */
  GstVideoOrientationMethod orientation;
};

struct _GstLlama4Copier
{
  GstVideoConverter *converter;
  GstVideoInfo in, out;         /* what the converter is for */
  Area area;
  const GstLlama4Regions *regions;      /* or NULL */
  gboolean fine;                /* of drafts */
};

GstLlama4Frame *
gst_llama4_frame_ref (GstLlama4Frame * self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

static void
draft_free (GstLlama4Draft * self)
{
  if (self == NULL)
    return;
  gst_clear_buffer (&self->buffer);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Draft, draft_free)

static GstLlama4Frame *
frame_new (GstClockTime time)
{
  GstLlama4Frame *self = g_new0 (GstLlama4Frame, 1);

  g_atomic_ref_count_init (&self->references);
  self->time = time;
  return self;
}

void
gst_llama4_frame_unref (GstLlama4Frame * self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  draft_free (self->draft);
  g_free (self->pixels);
  g_free (self);
}

GstLlama4Copier *
gst_llama4_copier_new (void)
{
  return g_new0 (GstLlama4Copier, 1);
}

void
gst_llama4_copier_free (GstLlama4Copier * self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->converter, gst_video_converter_free);
  g_free (self);
}

void
gst_llama4_copier_set_regions (GstLlama4Copier * self, const GstLlama4Regions * regions)
{
  self->regions = regions;
}

void
gst_llama4_copier_set_fine (GstLlama4Copier * self, gboolean fine)
{
  self->fine = fine;
}

static gboolean
is_sideways (GstVideoOrientationMethod orientation)
{
  return orientation == GST_VIDEO_ORIENTATION_90R || orientation == GST_VIDEO_ORIENTATION_90L
      || orientation == GST_VIDEO_ORIENTATION_UL_LR || orientation == GST_VIDEO_ORIENTATION_UR_LL;
}

/* The part of the upright picture that has all that is shown. */
static GstLlama4Region
shown_part (const GstLlama4Copier * self)
{
  return self->regions != NULL ? gst_llama4_regions_bounds (self->regions) : (GstLlama4Region) { 0, 0, 1, 1 };
}

GstLlama4Region
gst_llama4_frame_place (const GstVideoInfo * info, GstBuffer * buffer, GstVideoOrientationMethod orientation, const GstLlama4Region * pixels)
{
  Area visible = gst_llama4_area_visible (info, buffer);

  return gst_llama4_region_turn_back ((GstLlama4Region) { (pixels->x - visible.x) / visible.width, (pixels->y - visible.y) / visible.height,
        pixels->width / visible.width, pixels->height / visible.height }, orientation);
}

/* The size to convert to: what the model wants of the upright picture with square pixels, laid as the frame lies. */
static void
choose_size (const GstVideoInfo * info, const Area * area, gboolean sideways, const L4Model * model, guint max_tiles,
    guint * width, guint * height)
{
  guint64 shown = gst_util_uint64_scale_int (area->width, MAX (GST_VIDEO_INFO_PAR_N (info), 1),
      MAX (GST_VIDEO_INFO_PAR_D (info), 1));
  guint across = CLAMP (shown, 1, 65535), down = CLAMP (area->height, 1, 65535);

  if (sideways)
    l4_model_picture_size (model, down, across, max_tiles, height, width);
  else
    l4_model_picture_size (model, across, down, max_tiles, width, height);
}

static gboolean
prepare_converter (GstLlama4Copier * self, const GstVideoInfo * in, const Area * area, guint width, guint height)
{
  GstVideoInfo out;

  gst_video_info_set_format (&out, GST_VIDEO_FORMAT_RGB, width, height);
  GST_VIDEO_INFO_FPS_N (&out) = GST_VIDEO_INFO_FPS_N (in);      /* the converter insists, though it does not use them */
  GST_VIDEO_INFO_FPS_D (&out) = GST_VIDEO_INFO_FPS_D (in);
  GST_VIDEO_INFO_INTERLACE_MODE (&out) = GST_VIDEO_INFO_INTERLACE_MODE (in);    /* the same of these; its fields stay in one picture */
  if (self->converter != NULL && gst_video_info_is_equal (&self->in, in) && gst_video_info_is_equal (&self->out, &out)
      && memcmp (&self->area, area, sizeof *area) == 0)
    return TRUE;
  g_clear_pointer (&self->converter, gst_video_converter_free);
  self->in = *in;
  self->out = out;
  self->area = *area;
  self->converter = gst_video_converter_new (&self->in, &self->out, gst_structure_new ("GstVideoConverter",
          GST_VIDEO_CONVERTER_OPT_RESAMPLER_METHOD, GST_TYPE_VIDEO_RESAMPLER_METHOD, GST_VIDEO_RESAMPLER_METHOD_LINEAR,
          GST_VIDEO_CONVERTER_OPT_SRC_X, G_TYPE_INT, area->x, GST_VIDEO_CONVERTER_OPT_SRC_Y, G_TYPE_INT, area->y,
          GST_VIDEO_CONVERTER_OPT_SRC_WIDTH, G_TYPE_INT, area->width,
          GST_VIDEO_CONVERTER_OPT_SRC_HEIGHT, G_TYPE_INT, area->height, NULL));
  return self->converter != NULL;
}

/* Where the pixel (x, y) of the upright picture lies in the converted one of w x h pixels. */
static void
source_pixel (GstVideoOrientationMethod orientation, guint w, guint h, guint x, guint y, guint * sx, guint * sy)
{
  switch (orientation) {
    case GST_VIDEO_ORIENTATION_90R:
      *sx = y, *sy = h - 1 - x;
      break;
    case GST_VIDEO_ORIENTATION_180:
      *sx = w - 1 - x, *sy = h - 1 - y;
      break;
    case GST_VIDEO_ORIENTATION_90L:
      *sx = w - 1 - y, *sy = x;
      break;
    case GST_VIDEO_ORIENTATION_HORIZ:
      *sx = w - 1 - x, *sy = y;
      break;
    case GST_VIDEO_ORIENTATION_VERT:
      *sx = x, *sy = h - 1 - y;
      break;
    case GST_VIDEO_ORIENTATION_UL_LR:
      *sx = y, *sy = x;
      break;
    case GST_VIDEO_ORIENTATION_UR_LL:
      *sx = w - 1 - y, *sy = h - 1 - x;
      break;
    default:
      *sx = x, *sy = y;
      break;
  }
}

/* Lays the converted picture upright into the frame. */
static void
fill (GstLlama4Frame * self, const GstVideoFrame * converted, GstVideoOrientationMethod orientation)
{
  guint w = GST_VIDEO_FRAME_WIDTH (converted), h = GST_VIDEO_FRAME_HEIGHT (converted);
  const guint8 *pixels = GST_VIDEO_FRAME_PLANE_DATA (converted, 0);
  gsize stride = GST_VIDEO_FRAME_PLANE_STRIDE (converted, 0);
  L4Picture *picture = &self->picture;

  picture->width = is_sideways (orientation) ? h : w;
  picture->height = is_sideways (orientation) ? w : h;
  picture->stride = (gsize) picture->width * 3;
  picture->pixels = self->pixels = g_malloc (picture->stride * picture->height);
  for (guint y = 0; y < picture->height; y++)
    for (guint x = 0; x < picture->width; x++) {
      guint sx, sy;

      source_pixel (orientation, w, h, x, y, &sx, &sy);
      memcpy (self->pixels + y * picture->stride + x * 3, pixels + sy * stride + sx * 3, 3);
    }
}

/* How far beyond its edges a converted pixel is made of something, as a share of all source pixels of that direction: scaling mixes what is
 * within a pixel, of those that are larger, of its middle; and so is colour, of which there is less (subsampled: so many times), before that. */
static double
find_reach (guint n_source, guint n_converted, guint subsampled)
{
  double source = 1.0 / n_source, converted = 1.0 / n_converted;

  return (n_source != n_converted ? MAX (source, converted) - converted / 2 : 0) + (subsampled > 1 ? subsampled * source : 0);
}

/* Blackens what is not shown of that part of the upright picture, which the converted area of the source is. */
static void
blacken (const GstLlama4Regions * regions, const GstVideoInfo * source, const Area * area, const GstLlama4Region * part, guint width, guint height,
    gboolean sideways, GstLlama4Frame * frame)
{
  guint fields = GST_VIDEO_INFO_IS_INTERLACED (source) ? 2 : 1;
  double across = find_reach (area->width, width, 1 << GST_VIDEO_FORMAT_INFO_W_SUB (source->finfo, 1));
  double down = find_reach (MAX (area->height / fields, 1), height, 1 << GST_VIDEO_FORMAT_INFO_H_SUB (source->finfo, 1));
  const GstLlama4Source made = {
    .across = part->width / (sideways ? area->height : area->width),
    .down = part->height / (sideways ? area->width : area->height),
    .reach_across = (sideways ? down : across) * part->width,
    .reach_down = (sideways ? across : down) * part->height,
  };

  gst_llama4_regions_blacken (regions, part, &made, frame->pixels, frame->picture.width, frame->picture.height, frame->picture.stride);
}

/* Converts the area of a mapped frame, in which that part of the upright picture is, into self. source: what it was before it was copied. */
static gboolean
convert_bytes (GstLlama4Copier * self, const GstVideoInfo * source, GstVideoFrame * in, const Area * area, const GstLlama4Region * part,
    guint width, guint height, GstVideoOrientationMethod orientation, GstLlama4Frame * frame, char **problem)
{
  GstBuffer *converted = NULL;
  const GstVideoInfo was = *source;     /* which may be that of `in` */
  GstVideoFrame out;
  gboolean done = FALSE;

  gst_llama4_extent_join_fields (in, MIN ((guint) area->height, height));
  if (!prepare_converter (self, &in->info, area, width, height)) {
    *problem = g_strdup_printf (_("cannot convert %dx%d %s to %ux%u RGB"), area->width, area->height,
        gst_video_format_to_string (GST_VIDEO_FRAME_FORMAT (in)), width, height);
  } else if ((converted = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&self->out), NULL)) == NULL
      || !gst_video_frame_map (&out, &self->out, converted, GST_MAP_READWRITE)) {
    *problem = g_strdup_printf (_("no memory for a picture of %ux%u"), width, height);
  } else {
    gst_video_converter_frame (self->converter, in, &out);
    fill (frame, &out, orientation);
    gst_video_frame_unmap (&out);
    if (self->regions != NULL && gst_llama4_regions_hide (self->regions, part))
      blacken (self->regions, &was, area, part, width, height, is_sideways (orientation), frame);
    done = TRUE;
  }
  gst_clear_buffer (&converted);
  return done;
}

/* The same of any format: fewer bits are much quicker to convert. */
static gboolean
convert (GstLlama4Copier * self, GstVideoFrame * in, const Area * area, const GstLlama4Region * part, guint width, guint height,
    GstVideoOrientationMethod orientation, GstLlama4Frame * frame, char **problem)
{
  g_autoptr (GstBuffer) buffer = NULL;
  Area taken = *area, within;
  GstVideoFrame copy;
  GstVideoInfo info;
  gboolean unpack = gst_llama4_unpack_is_needed (in->info.finfo, area), done;

  if (!unpack && gst_llama4_thin_format (in->info.finfo) == GST_VIDEO_FRAME_FORMAT (in))
    return convert_bytes (self, &in->info, in, area, part, width, height, orientation, frame, problem);
  buffer = unpack ? gst_llama4_unpack_copy (in, &taken, &info) : gst_llama4_thin_copy (in, &taken, 1, &info);
  if (buffer == NULL || !gst_video_frame_map (&copy, &info, buffer, GST_MAP_READ)) {
    *problem = g_strdup_printf (_("no memory for a picture of %ux%u"), taken.width, taken.height);
    return FALSE;
  }
  within = (Area) { area->x - taken.x, area->y - taken.y, area->width, area->height };
  done = convert_bytes (self, &in->info, &copy, &within, part, width, height, orientation, frame, problem);
  gst_video_frame_unmap (&copy);
  return done;
}

/* Copies the area, in which that part of the upright picture is. */
static GstLlama4Frame *
copy_area (GstLlama4Copier * self, const GstVideoInfo * info, GstBuffer * buffer, const Area * area, const GstLlama4Region * part,
    GstVideoOrientationMethod orientation, const L4Model * model, guint max_tiles, GstClockTime time, char **problem)
{
  GstLlama4Frame *frame;
  GstVideoFrame in;
  guint width, height;

  if (!gst_llama4_extent_map (info, buffer, &in, problem))
    return NULL;
  frame = frame_new (time);
  choose_size (info, area, is_sideways (orientation), model, max_tiles, &width, &height);
  if (!convert (self, &in, area, part, width, height, orientation, frame, problem))
    g_clear_pointer (&frame, gst_llama4_frame_unref);
  gst_video_frame_unmap (&in);
  return frame;
}

GstLlama4Frame *
gst_llama4_copier_copy (GstLlama4Copier * self, const GstVideoInfo * info, GstBuffer * buffer,
    GstVideoOrientationMethod orientation, const L4Model * model, guint max_tiles, GstClockTime time, char **problem)
{
  GstLlama4Region part = shown_part (self);
  Area visible = gst_llama4_area_visible (info, buffer), area = gst_llama4_area_of (&part, &visible, orientation);

  part = gst_llama4_area_get_part (&area, &visible, orientation);
  return copy_area (self, info, buffer, &area, &part, orientation, model, max_tiles, time, problem);
}

GstLlama4Frame *
gst_llama4_copier_crop (GstLlama4Copier * self, const GstVideoInfo * info, GstBuffer * buffer, GstVideoOrientationMethod orientation,
    const GstLlama4Region * part, const L4Model * model, guint max_tiles, GstClockTime time, char **problem)
{
  Area visible = gst_llama4_area_visible (info, buffer), area = gst_llama4_area_of (part, &visible, orientation);
  GstLlama4Region exact;

  gst_llama4_area_align (&area, &visible);
  exact = gst_llama4_area_get_part (&area, &visible, orientation);
  return copy_area (self, info, buffer, &area, &exact, orientation, model, max_tiles, time, problem);
}

/* Drafts --------------------------------------------------------------------------------------------------------------- */

/* Which row of how many to keep, so that there are as many as in the picture. Planes of tiles or of a palette have no rows to leave out. */
static guint
choose_step (const GstVideoFrame * frame, const Area * area, guint height)
{
  const GstVideoFormatInfo *format = frame->info.finfo;

  if (GST_VIDEO_FORMAT_INFO_IS_TILED (format) || GST_VIDEO_FORMAT_INFO_HAS_PALETTE (format))
    return 1;
  return MAX (area->height / MAX (height, 1), 1);
}

/* Takes every step-th row of a mapped frame; FALSE: no memory. */
static gboolean
thin_out (GstLlama4Draft * self, const GstVideoFrame * frame, guint step)
{
  Area all = { 0, 0, GST_VIDEO_FRAME_WIDTH (frame), GST_VIDEO_FRAME_HEIGHT (frame) };

  self->buffer = gst_llama4_thin_copy (frame, &all, step, &self->info);
  return self->buffer != NULL;
}

/* Of what is hidden nothing is kept: at the latest when it is a picture. */
static gboolean
hide (GstLlama4Copier * self, GstLlama4Frame * frame, const Area * visible, guint step, gboolean interlaced, char **problem)
{
  GstLlama4Draft *draft = frame->draft;
  GstVideoFrame copy;

  if (self->regions == NULL || !gst_llama4_regions_hide (self->regions, &draft->part))
    return TRUE;
  if (!gst_llama4_thin_can_wipe (draft->info.finfo) || !gst_video_frame_map (&copy, &draft->info, draft->buffer, GST_MAP_READWRITE))
    return gst_llama4_copier_develop (self, frame, problem);
  gst_llama4_thin_wipe (&copy, step, interlaced, visible, draft->orientation, self->regions);
  gst_video_frame_unmap (&copy);
  return TRUE;
}

GstLlama4Frame *
gst_llama4_copier_draft (GstLlama4Copier * self, const GstVideoInfo * info, GstBuffer * buffer,
    GstVideoOrientationMethod orientation, const L4Model * model, guint max_tiles, GstClockTime time, char **problem)
{
  GstLlama4Frame *frame;
  GstLlama4Draft *draft;
  GstVideoFrame in;
  GstLlama4Region part = shown_part (self);
  Area visible = gst_llama4_area_visible (info, buffer), area = gst_llama4_area_of (&part, &visible, orientation), source;
  gint step;

  if (!gst_llama4_extent_map (info, buffer, &in, problem))
    return NULL;
  frame = frame_new (time);
  draft = frame->draft = g_new0 (GstLlama4Draft, 1);
  choose_size (info, &area, is_sideways (orientation), model, max_tiles, &draft->width, &draft->height);
  step = choose_step (&in, &area, draft->height * (self->fine ? 2 : 1));
  draft->area = (Area) { area.x, area.y / step, area.width, MAX (area.height / step, 1) };
  draft->orientation = orientation;
  source = (Area) { area.x, draft->area.y * step, area.width, draft->area.height * step };
  draft->part = gst_llama4_area_get_part (&source, &visible, orientation);
  if (!thin_out (draft, &in, step)) {
    *problem = g_strdup_printf (_("no memory for a picture of %ux%u"), GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info));
    g_clear_pointer (&frame, gst_llama4_frame_unref);
  }
  gst_video_frame_unmap (&in);
  if (frame != NULL && !hide (self, frame, &visible, step, GST_VIDEO_INFO_IS_INTERLACED (info), problem))
    g_clear_pointer (&frame, gst_llama4_frame_unref);
  return frame;
}

gboolean
gst_llama4_copier_develop (GstLlama4Copier * self, GstLlama4Frame * frame, char **problem)
{
  g_autoptr (GstLlama4Draft) draft = g_steal_pointer (&frame->draft);
  GstVideoFrame in;
  gboolean done;

  if (draft == NULL)
    return frame->pixels != NULL;
  if (!gst_llama4_extent_map (&draft->info, draft->buffer, &in, problem))
    return FALSE;
  done = convert (self, &in, &draft->area, &draft->part, draft->width, draft->height, draft->orientation, frame, problem);
  gst_video_frame_unmap (&in);
  return done;
}
