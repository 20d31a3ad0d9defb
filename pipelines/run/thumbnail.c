/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small JPEG pictures of what was shown. */

#include "run/thumbnail.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <gst/video/video.h>
#include <jpeglib.h>

#define LONGER_SIDE 240         /* pixels */
#define QUALITY 75

typedef struct
{
  guint width, height;
  guint8 *pixels;               /* [height, width, 3] */
} Picture;

/* Every pixel becomes the mean of those that it covers. */
static Picture
shrink (const guint8 *pixels, gsize stride, guint width, guint height, guint most)
{
  guint longer = MAX (width, height);
  Picture self = { width, height, NULL };

  if (longer > most) {
    self.width = MAX (1, (width * most + longer / 2) / longer);
    self.height = MAX (1, (height * most + longer / 2) / longer);
  }
  self.pixels = g_malloc_n (self.height, (gsize) self.width * 3);
  for (guint y = 0; y < self.height; y++) {
    guint top = y * height / self.height, bottom = (y + 1) * height / self.height;

    for (guint x = 0; x < self.width; x++) {
      guint left = x * width / self.width, right = (x + 1) * width / self.width;
      guint sums[3] = { 0 }, n = (bottom - top) * (right - left);

      for (guint row = top; row < bottom; row++)
        for (guint column = left; column < right; column++)
          for (guint c = 0; c < 3; c++)
            sums[c] += pixels[row * stride + column * 3 + c];
      for (guint c = 0; c < 3; c++)
        self.pixels[((gsize) y * self.width + x) * 3 + c] = (sums[c] + n / 2) / n;
    }
  }
  return self;
}

typedef struct
{
  struct jpeg_error_mgr base;
  jmp_buf back;
} Trouble;

G_NORETURN static void
on_error (j_common_ptr info)
{
  longjmp (((Trouble *) info->err)->back, 1);
}

static void
on_message (j_common_ptr info)
{
}

static GBytes *
encode (const Picture *picture)
{
  struct jpeg_compress_struct info;
  Trouble trouble;
  unsigned char *data = NULL;
  unsigned long size = 0;

  info.err = jpeg_std_error (&trouble.base);
  trouble.base.error_exit = on_error;
  trouble.base.output_message = on_message;
  jpeg_create_compress (&info);
  if (setjmp (trouble.back) != 0) {
    jpeg_destroy_compress (&info);
    return NULL;                /* what was written so far is lost: the library may be moving it */
  }
  jpeg_mem_dest (&info, &data, &size);
  info.image_width = picture->width;
  info.image_height = picture->height;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults (&info);
  jpeg_set_quality (&info, QUALITY, TRUE);
  info.optimize_coding = TRUE;
  jpeg_start_compress (&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = picture->pixels + (gsize) info.next_scanline * picture->width * 3;

    jpeg_write_scanlines (&info, &row, 1);
  }
  jpeg_finish_compress (&info);
  jpeg_destroy_compress (&info);
  return g_bytes_new_with_free_func (data, size, free, data);
}

GBytes *
l4_picture (GstSample *sample, guint longer_side)
{
  GstVideoFrame frame;
  GstVideoInfo info;
  Picture small;
  GBytes *jpeg;

  if (gst_sample_get_caps (sample) == NULL || !gst_video_info_from_caps (&info, gst_sample_get_caps (sample))
      || GST_VIDEO_INFO_FORMAT (&info) != GST_VIDEO_FORMAT_RGB || !gst_video_frame_map (&frame, &info, gst_sample_get_buffer (sample),
          GST_MAP_READ))
    return NULL;
  small = shrink (GST_VIDEO_FRAME_PLANE_DATA (&frame, 0), GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0), GST_VIDEO_FRAME_WIDTH (&frame),
      GST_VIDEO_FRAME_HEIGHT (&frame), longer_side);
  gst_video_frame_unmap (&frame);
  jpeg = encode (&small);
  g_free (small.pixels);
  return jpeg;
}

GBytes *
l4_thumbnail (GstSample *sample)
{
  return l4_picture (sample, LONGER_SIDE);
}
