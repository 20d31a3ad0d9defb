/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small picture that a glance at a frame makes: alike in all formats and sizes, and nothing behind a frame is read for it. */

#include "fixture.h"
#include "last-frame.h"
#include "moments/likeness.h"
#include "quarters.h"
#include "scenes.h"

static void
look (const GstVideoInfo * info, GstBuffer * buffer, GstLlama4Glance * glance)
{
  g_autoptr (GstLlama4Glancer) glancer = gst_llama4_glancer_new ();
  GstVideoFrame frame;

  g_assert_true (gst_video_frame_map (&frame, info, buffer, GST_MAP_READ));
  g_assert_true (gst_llama4_glancer_look (glancer, &frame, 0, glance));
  gst_video_frame_unmap (&frame);
}

static double
mean_difference (const guint8 * one, const guint8 * other, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += ABS (one[i] - other[i]);
  return sum / n;
}

static void
test_every_format_is_seen_alike (void)
{
  guint n_formats = 0;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);
  g_autoptr (Film) film = film_new (5, 1, 5, 5, 0);
  g_autoptr (GstBuffer) buffer = film_draw (film, 0);
  GstLlama4Glance first;
  GstVideoInfo yuv;

  gst_video_info_set_format (&yuv, GST_VIDEO_FORMAT_I420, FILM_WIDTH, FILM_HEIGHT);
  look (&yuv, buffer, &first);
  for (guint i = 0; i < n_formats; i++) {
    const GstVideoFormatInfo *format = gst_video_format_get_info (formats[i]);
    g_autoptr (GstBuffer) converted = NULL;
    GstLlama4Glance glance;
    GstVideoInfo info;

    gst_video_info_set_format (&info, formats[i], FILM_WIDTH, FILM_HEIGHT);
    converted = quarters_convert (&yuv, buffer, &info);
    look (&info, converted, &glance);
    g_test_message ("%s: luma %.1f, u %.1f, v %.1f", GST_VIDEO_FORMAT_INFO_NAME (format), mean_difference (&first.y[0][0], &glance.y[0][0],
            sizeof first.y), mean_difference (&first.u[0][0], &glance.u[0][0], sizeof first.u), mean_difference (&first.v[0][0],
            &glance.v[0][0], sizeof first.v));
    g_assert_cmpfloat (mean_difference (&first.y[0][0], &glance.y[0][0], sizeof first.y), <, 14);
    if (!GST_VIDEO_FORMAT_INFO_IS_GRAY (format) && formats[i] != GST_VIDEO_FORMAT_VYUY) {        /* whose u and v GStreamer takes for each other */
      g_assert_cmpfloat (mean_difference (&first.u[0][0], &glance.u[0][0], sizeof first.u), <, 10);
      g_assert_cmpfloat (mean_difference (&first.v[0][0], &glance.v[0][0], sizeof first.v), <, 10);
    }
  }
}

/* The same random picture in a format of bytes; what lies beside its components is anything. Nothing can be read behind it. */
static void
look_at_bytes (GstVideoFormat format, gint width, gint height, GstLlama4Glance * glance)
{
  GRand *random = g_rand_new_with_seed (7), *rest = g_rand_new_with_seed (8);
  GstVideoFrame frame;
  GstVideoInfo info;
  LastFrame last;

  gst_video_info_set_format (&info, format, width, height);
  last_frame_init (&last, info.size);
  for (gsize i = 0; i < info.size; i++)
    last.memory[last.size - last.page - info.size + i] = g_rand_int (rest);
  g_assert_true (gst_video_frame_map (&frame, &info, last.buffer, GST_MAP_READ));
  for (gint y = 0; y < height; y++)
    for (gint x = 0; x < width; x++)
      for (guint c = 0; c < 3; c++) {
        guint8 *row = (guint8 *) GST_VIDEO_FRAME_COMP_DATA (&frame, c) + y * GST_VIDEO_FRAME_COMP_STRIDE (&frame, c);

        row[x * GST_VIDEO_FRAME_COMP_PSTRIDE (&frame, c)] = g_rand_int (random);
      }
  gst_video_frame_unmap (&frame);
  look (&info, last.buffer, glance);
  last_frame_clear (&last);
  g_rand_free (random);
  g_rand_free (rest);
}

static void
test_pixels_are_the_same_however_their_bytes_lie (void)
{
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_BGR, GST_VIDEO_FORMAT_RGBx, GST_VIDEO_FORMAT_BGRx, GST_VIDEO_FORMAT_xRGB,
    GST_VIDEO_FORMAT_xBGR, GST_VIDEO_FORMAT_RGBA, GST_VIDEO_FORMAT_ABGR, GST_VIDEO_FORMAT_GBR
  };
  static const gint sizes[][2] = { {1, 1}, {65, 37}, {320, 240}, {1919, 1079} };

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    GstLlama4Glance first = { 0 };

    look_at_bytes (GST_VIDEO_FORMAT_RGB, sizes[s][0], sizes[s][1], &first);
    for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
      GstLlama4Glance glance = { 0 };

      look_at_bytes (formats[i], sizes[s][0], sizes[s][1], &glance);
      g_assert_cmpmem (first.y, sizeof first.y, glance.y, sizeof glance.y);
      g_assert_cmpmem (first.u, sizeof first.u, glance.u, sizeof glance.u);
      g_assert_cmpmem (first.v, sizeof first.v, glance.v, sizeof glance.v);
    }
  }
}

static void
test_frames_of_any_size_are_seen (void)
{
  static const gint sizes[][2] = { {1, 1}, {1, 1080}, {4096, 1}, {63, 35}, {65, 37}, {1919, 1079}, {8192, 16} };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GstBuffer) buffer = NULL;
    GstLlama4Glance glance;
    GstVideoInfo info;

    gst_video_info_set_format (&info, i % 2 ? GST_VIDEO_FORMAT_NV12 : GST_VIDEO_FORMAT_I420_10LE, sizes[i][0], sizes[i][1]);
    buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&info), NULL);
    gst_buffer_memset (buffer, 0, i % 2 ? 77 : 1, GST_VIDEO_INFO_SIZE (&info));
    look (&info, buffer, &glance);
    for (guint c = 0; c < sizeof glance.y; c++)
      g_assert_cmpuint ((&glance.y[0][0])[c], ==, i % 2 ? 77 : 0x101 >> 2);
  }
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"every-format-is-seen-alike", test_every_format_is_seen_alike},
    {"pixels-are-the-same-however-their-bytes-lie", test_pixels_are_the_same_however_their_bytes_lie},
    {"frames-of-any-size-are-seen", test_frames_of_any_size_are_seen},
  };

  return run_tests (argc, argv, "glance", tests, G_N_ELEMENTS (tests));
}
