/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A frame of four colours, and what a model is shown of it. */

#include "quarters.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

L4Model *
quarters_load_model (void)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  L4LoadOptions options = { 0 };
  L4Model *model;
  int file = g_file_open_tmp ("answers-XXXXXX.script", &path, &error);

  g_assert_no_error (error);
  close (file);
  g_assert_true (g_file_set_contents (path, "{\"text\":\"x\"}", -1, NULL));
  options.model_path = path;
  model = l4_model_load (&options, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_unlink (path);
  return model;
}

GstBuffer *
quarters_draw (guint width, guint height, guint x, guint y, guint full_width, guint full_height, gsize stride)
{
  static const guint colours[2][2] = { {RED, GREEN}, {BLUE, WHITE} };
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, stride * full_height, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  memset (map.data, 0, map.size);
  for (guint row = 0; row < height; row++)
    for (guint column = 0; column < width; column++) {
      guint colour = colours[row >= height / 2][column >= width / 2];
      guint8 *pixel = map.data + (y + row) * stride + (x + column) * 3;

      pixel[0] = colour >> 16;
      pixel[1] = colour >> 8;
      pixel[2] = colour;
    }
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

GstBuffer *
quarters_convert (const GstVideoInfo * from, GstBuffer * buffer, const GstVideoInfo * to)
{
  GstBuffer *converted = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (to), NULL);
  GstVideoConverter *converter = gst_video_converter_new (from, to, NULL);
  GstVideoFrame in, out;

  g_assert_true (gst_video_frame_map (&in, from, buffer, GST_MAP_READ));
  g_assert_true (gst_video_frame_map (&out, to, converted, GST_MAP_WRITE));
  gst_video_converter_frame (converter, &in, &out);
  gst_video_frame_unmap (&in);
  gst_video_frame_unmap (&out);
  gst_video_converter_free (converter);
  return converted;
}

GstLlama4Frame *
quarters_copy (const char *caps, GstBuffer * buffer, GstVideoOrientationMethod orientation, char **problem)
{
  g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
  g_autoptr (L4Model) model = quarters_load_model ();
  g_autoptr (GstCaps) parsed = gst_caps_from_string (caps);
  GstVideoInfo info;

  g_assert_true (gst_video_info_from_caps (&info, parsed));
  return gst_llama4_copier_copy (copier, &info, buffer, orientation, model, 1, 0, problem);
}

GstLlama4Frame *
quarters_copy_draft (const GstVideoInfo * info, GstBuffer * buffer, GstVideoOrientationMethod orientation)
{
  g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
  g_autoptr (L4Model) model = quarters_load_model ();
  g_autofree char *problem = NULL;
  GstLlama4Frame *frame = gst_llama4_copier_draft (copier, info, buffer, orientation, model, 1, 0, &problem);

  g_assert_null (problem);
  g_assert_null (frame->pixels);
  g_assert_true (gst_llama4_copier_develop (copier, frame, &problem));
  g_assert_true (gst_llama4_copier_develop (copier, frame, &problem));  /* it is none any more */
  return frame;
}

guint
quarters_colour (const GstLlama4Frame * frame, guint x, guint y)
{
  const L4Picture *picture = &frame->picture;
  const guint8 *pixel = picture->pixels + (picture->height * (1 + 2 * y) / 4) * picture->stride
      + picture->width * (1 + 2 * x) / 4 * 3;

  return pixel[0] << 16 | pixel[1] << 8 | pixel[2];
}

void
quarters_assert (const GstLlama4Frame * frame, guint upper_left, guint upper_right, guint lower_left, guint lower_right)
{
  g_assert_cmphex (quarters_colour (frame, 0, 0), ==, upper_left);
  g_assert_cmphex (quarters_colour (frame, 1, 0), ==, upper_right);
  g_assert_cmphex (quarters_colour (frame, 0, 1), ==, lower_left);
  g_assert_cmphex (quarters_colour (frame, 1, 1), ==, lower_right);
}

void
quarters_assert_alike (guint one, guint other)
{
  for (guint shift = 0; shift < 24; shift += 8)
    g_assert_cmpint (ABS ((gint) (one >> shift & 255) - (gint) (other >> shift & 255)), <=, 4);
}
