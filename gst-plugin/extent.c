/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames that are mapped where all that they are said to have lies in their memory: a meta may say anything. */

#include "extent.h"

#include "gettext.h"

#define PALETTE_BYTES (256 * 4)
#define NONE GST_VIDEO_MAX_PLANES

static gint
first_component (const GstVideoFormatInfo * format, guint plane)
{
  gint components[GST_VIDEO_MAX_COMPONENTS];

  gst_video_format_info_component (format, plane, components);
  return components[0];
}

/* Bytes of a row from its first sample on, to the end of the last one, or of the last pixel where one is read as 32 bits; usual: its stride as
 * GStreamer has it. */
static gint64
row_bytes (const GstVideoFrame * frame, guint plane, gint64 usual)
{
  const GstVideoFormatInfo *format = frame->info.finfo;
  gint components[GST_VIDEO_MAX_COMPONENTS];
  gint64 bytes = 0;

  if (GST_VIDEO_FORMAT_INFO_IS_COMPLEX (format))
    return usual;
  gst_video_format_info_component (format, plane, components);
  for (guint i = 0; i < GST_VIDEO_MAX_COMPONENTS && components[i] >= 0; i++) {
    guint c = components[i], depth = GST_VIDEO_FORMAT_INFO_DEPTH (format, c), bits = depth + GST_VIDEO_FORMAT_INFO_SHIFT (format, c);
    gint step = GST_VIDEO_FORMAT_INFO_PSTRIDE (format, c);
    gint64 last = (gint64) (GST_VIDEO_FRAME_COMP_WIDTH (frame, c) - 1) * step;

    if (step == 0)              /* as complex as others, though not called so: IYU1 */
      return usual;
    bytes = MAX (bytes, last + (step == 4 && depth == 8 ? 4 : GST_VIDEO_FORMAT_INFO_POFFSET (format, c) + (bits + 7) / 8));
  }
  return MIN (bytes, usual);
}

/* Whether bytes from `first` to before `last`, from where the plane's data begin, lie in what was mapped. */
static gboolean
has_bytes (const GstVideoFrame * frame, guint plane, gint64 first, gint64 last)
{
  const GstMapInfo *map = &frame->map[plane];
  gint64 at = (const guint8 *) frame->data[plane] - map->data;

  return map->size == 0 || (at + first >= 0 && at + last <= (gint64) map->size);
}

/* A stride of these is how many tiles there are. */
static gboolean
has_tiles (const GstVideoFrame * frame, guint plane, gint usual)
{
  gint stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
  gint64 across = GST_VIDEO_TILE_X_TILES (stride), down = GST_VIDEO_TILE_Y_TILES (stride);

  return stride > 0 && across >= GST_VIDEO_TILE_X_TILES (usual) && down >= GST_VIDEO_TILE_Y_TILES (usual)
      && has_bytes (frame, plane, 0, across * down * GST_VIDEO_FORMAT_INFO_TILE_SIZE (frame->info.finfo, plane));
}

/* Of each row as much is read as it usually has, or as there is from one to the next. */
static gboolean
has_rows (const GstVideoFrame * frame, guint plane, gint usual)
{
  gint64 stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane), across = ABS (stride);
  gint64 down = stride * (GST_VIDEO_FRAME_COMP_HEIGHT (frame, first_component (frame->info.finfo, plane)) - 1);

  return stride > G_MININT && across >= row_bytes (frame, plane, usual)
      && has_bytes (frame, plane, MIN (down, 0), MAX (down, 0) + MIN (across, usual));
}

/* The first plane that is not as it is said to be; NONE: all are. */
static guint
find_lie (const GstVideoFrame * frame)
{
  const GstVideoFormatInfo *format = frame->info.finfo;
  GstVideoInfo usual;

  if (GST_VIDEO_FRAME_WIDTH (frame) < 1 || GST_VIDEO_FRAME_HEIGHT (frame) < 1
      || !gst_video_info_set_format (&usual, GST_VIDEO_FRAME_FORMAT (frame), GST_VIDEO_FRAME_WIDTH (frame), GST_VIDEO_FRAME_HEIGHT (frame)))
    return 0;
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (frame); plane++) {
    gint stride = GST_VIDEO_INFO_PLANE_STRIDE (&usual, plane);
    gboolean held;

    if (GST_VIDEO_FORMAT_INFO_HAS_PALETTE (format) && plane == 1)
      held = has_bytes (frame, plane, 0, PALETTE_BYTES);
    else
      held = GST_VIDEO_FORMAT_INFO_IS_TILED (format) ? has_tiles (frame, plane, stride) : has_rows (frame, plane, stride);
    if (!held)
      return plane;
  }
  return NONE;
}

/* What is wrong with a meta before anything is looked at; NULL: nothing. (transfer full) */
static char *
compare (const GstVideoMeta * meta, const GstVideoInfo * info)
{
  const char *format = gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info));
  guint width = GST_VIDEO_INFO_WIDTH (info), height = GST_VIDEO_INFO_HEIGHT (info);

  if (meta->format != GST_VIDEO_INFO_FORMAT (info) || meta->width < width || meta->height < height)
    return g_strdup_printf (_("a buffer says that it is %ux%u %s, but its caps say %ux%u %s"), meta->width, meta->height,
        gst_video_format_to_string (meta->format), width, height, format);
  if (meta->n_planes != GST_VIDEO_INFO_N_PLANES (info))
    return g_strdup_printf (_("a buffer says that it has %u planes, but frames of %s have %u"), meta->n_planes, format,
        GST_VIDEO_INFO_N_PLANES (info));
  return NULL;
}

/* (transfer full) */
static char *
tell_lie (const GstVideoMeta * meta, guint plane, GstBuffer * buffer)
{
  return g_strdup_printf (_("a buffer of %zu bytes does not have a %ux%u %s frame as it says: its plane %u in rows %d bytes apart, from byte %zu on"),
      gst_buffer_get_size (buffer), meta->width, meta->height, gst_video_format_to_string (meta->format), plane + 1, meta->stride[plane],
      meta->offset[plane]);
}

/* Mapping takes a meta at its word that it fits the caps, and the memory. */
gboolean
gst_llama4_extent_map (const GstVideoInfo * info, GstBuffer * buffer, GstVideoFrame * frame, char **problem)
{
  const GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  g_autofree char *why = meta != NULL ? compare (meta, info) : NULL;

  if (why == NULL && gst_video_frame_map (frame, info, buffer, GST_MAP_READ)) {
    guint lie = meta != NULL ? find_lie (frame) : NONE;

    if (lie == NONE)
      return TRUE;
    gst_video_frame_unmap (frame);
    why = tell_lie (meta, lie, buffer);
  }
  if (why == NULL)
    why = g_strdup_printf (_("cannot read a %dx%d %s frame from a buffer of %zu bytes"), GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info),
        gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)), gst_buffer_get_size (buffer));
  if (problem != NULL)
    *problem = g_steal_pointer (&why);
  return FALSE;
}

/* Each field is scaled by itself, which takes three rows of it. */
#define LEAST_OF_FIELDS 6

void
gst_llama4_extent_join_fields (GstVideoFrame * frame, guint rows)
{
  if (rows >= LEAST_OF_FIELDS)
    return;
  frame->info.interlace_mode = GST_VIDEO_INTERLACE_MODE_PROGRESSIVE;
  frame->flags &= ~GST_VIDEO_FRAME_FLAG_INTERLACED;
}
