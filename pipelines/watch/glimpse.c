/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small picture of what comes from a camera. */

#include "watch/glimpse.h"

#include <gst/video/video.h>

#include "gst-plugin/extent.h"
#include "run/thumbnail.h"

/* The same picture as RGB, in square pixels, no longer than that. */
static gboolean
choose_size (const GstVideoInfo *in, guint longer_side, GstVideoInfo *out)
{
  guint64 width = gst_util_uint64_scale (in->width, in->par_n, MAX (in->par_d, 1)), height = in->height, longer = MAX (width, height);

  if (longer == 0)
    return FALSE;
  if (longer > longer_side) {
    width = MAX (1, width * longer_side / longer);
    height = MAX (1, height * longer_side / longer);
  }
  if (!gst_video_info_set_format (out, GST_VIDEO_FORMAT_RGB, width, height))
    return FALSE;
  out->fps_n = in->fps_n;
  out->fps_d = in->fps_d;
  return TRUE;
}

/* (transfer full) */
static GstSample *
convert (const GstVideoInfo *in, GstVideoFrame *from, GstVideoInfo *out)
{
  GstVideoConverter *converter = gst_video_converter_new (in, out, NULL);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (out), NULL);
  g_autoptr (GstCaps) caps = gst_video_info_to_caps (out);
  GstVideoFrame to;
  gboolean right = converter != NULL && gst_video_frame_map (&to, out, buffer, GST_MAP_WRITE);

  if (right) {
    gst_video_converter_frame (converter, from, &to);
    gst_video_frame_unmap (&to);
  }
  if (converter != NULL)
    gst_video_converter_free (converter);
  return right ? gst_sample_new (buffer, caps, NULL, NULL) : NULL;
}

GBytes *
l4_glimpse (GstCaps *caps, GstBuffer *buffer, guint longer_side)
{
  g_autoptr (GstSample) sample = NULL;
  GstVideoInfo in, out;
  GstVideoFrame frame;

  if (!gst_video_info_from_caps (&in, caps) || !choose_size (&in, longer_side, &out) || !gst_llama4_extent_map (&in, buffer, &frame, NULL))
    return NULL;
  sample = convert (&in, &frame, &out);
  gst_video_frame_unmap (&frame);
  return sample != NULL ? l4_picture (sample, longer_side) : NULL;
}
