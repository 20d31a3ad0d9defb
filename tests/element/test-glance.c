/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small picture that a glance at a frame makes: alike in all formats and sizes, of what is visible, and nothing behind a frame is read for it. */

#include <string.h>

#include "area.h"
#include "fixture.h"
#include "last-frame.h"
#include "moments/likeness.h"
#include "quarters.h"
#include "scenes.h"

static void
look_with (GstLlama4Glancer * glancer, const GstVideoInfo * info, GstBuffer * buffer, GstLlama4Glance * glance)
{
  GstVideoFrame frame;

  g_assert_true (gst_video_frame_map (&frame, info, buffer, GST_MAP_READ));
  g_assert_true (gst_llama4_glancer_look (glancer, info, &frame, 0, glance));
  gst_video_frame_unmap (&frame);
}

static void
look (const GstVideoInfo * info, GstBuffer * buffer, GstLlama4Glance * glance)
{
  g_autoptr (GstLlama4Glancer) glancer = gst_llama4_glancer_new ();

  look_with (glancer, info, buffer, glance);
}

static void
assert_same (const GstLlama4Glance * one, const GstLlama4Glance * other)
{
  g_assert_cmpmem (one->y, sizeof one->y, other->y, sizeof other->y);
  g_assert_cmpmem (one->u, sizeof one->u, other->u, sizeof other->u);
  g_assert_cmpmem (one->v, sizeof one->v, other->v, sizeof other->v);
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
      assert_same (&first, &glance);
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

/* What is visible --------------------------------------------------------------------------------------------------------------- */

static void
add_crop (GstBuffer * buffer, const GstLlama4Area * seen)
{
  GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);

  crop->x = seen->x;
  crop->y = seen->y;
  crop->width = seen->width;
  crop->height = seen->height;
}

/* Grey of no colour, I420: from `darkest` on lighter to the right and downwards where it is seen, anything elsewhere. (transfer full) */
static GstBuffer *
draw_grey (const GstVideoInfo * info, const GstLlama4Area * seen, guint darkest, guint32 seed)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (info), NULL);
  GRand *random = g_rand_new_with_seed (seed);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  memset (map.data, 128, map.size);
  for (gint y = 0; y < GST_VIDEO_INFO_HEIGHT (info); y++)
    for (gint x = 0; x < GST_VIDEO_INFO_WIDTH (info); x++) {
      gboolean is_seen = x >= seen->x && x < seen->x + seen->width && y >= seen->y && y < seen->y + seen->height;
      gint hidden = g_rand_int_range (random, 16, 236);

      map.data[y * GST_VIDEO_INFO_PLANE_STRIDE (info, 0) + x] = is_seen ? (gint) darkest + x - seen->x + y - seen->y : hidden;
    }
  gst_buffer_unmap (buffer, &map);
  g_rand_free (random);
  return buffer;
}

/* A glance at such a frame of any format, behind which nothing can be read. A crop meta says what is seen of it, or caps that are smaller where
 * that begins at its corner. */
static void
look_at_grey (GstVideoFormat format, gint width, gint height, const GstLlama4Area * seen, guint darkest, guint32 seed, GstLlama4Glance * glance)
{
  gboolean by_caps = seen->x == 0 && seen->y == 0;
  g_autoptr (GstBuffer) drawn = NULL, converted = NULL;
  GstVideoInfo grey, info, caps;
  LastFrame last;

  gst_video_info_set_format (&grey, GST_VIDEO_FORMAT_I420, width, height);
  gst_video_info_set_format (&info, format, width, height);
  gst_video_info_set_format (&caps, format, by_caps ? seen->width : width, by_caps ? seen->height : height);
  drawn = draw_grey (&grey, seen, darkest, seed);
  converted = quarters_convert (&grey, drawn, &info);
  last_frame_init (&last, info.size);
  gst_buffer_extract (converted, 0, last.memory + last.size - last.page - info.size, info.size);
  gst_buffer_add_video_meta_full (last.buffer, GST_VIDEO_FRAME_FLAG_NONE, format, width, height, GST_VIDEO_INFO_N_PLANES (&info), info.offset,
      info.stride);
  if (!by_caps)
    add_crop (last.buffer, seen);
  look (&caps, last.buffer, glance);
  last_frame_clear (&last);
}

static void
test_only_what_is_visible_is_seen_in_every_format (void)
{
  static const GstLlama4Area all = { 0, 0, 96, 55 }, seen[] = { {95, 53, 96, 55}, {0, 0, 96, 55} };
  guint n_formats = 0;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);

  for (guint i = 0; i < G_N_ELEMENTS (seen) * n_formats; i++) {
    GstVideoFormat format = formats[i / G_N_ELEMENTS (seen)];
    const GstLlama4Area *area = &seen[i % G_N_ELEMENTS (seen)];
    GstLlama4Glance glance, hidden, moved, alone;

    look_at_grey (format, FILM_WIDTH, FILM_HEIGHT, area, 30, 1, &glance);
    look_at_grey (format, FILM_WIDTH, FILM_HEIGHT, area, 30, 2, &hidden);
    look_at_grey (format, FILM_WIDTH, FILM_HEIGHT, area, 60, 1, &moved);
    look_at_grey (format, all.width, all.height, &all, 30, 0, &alone);
    g_test_message ("%s at %d, %d: hidden %.1f, moved %.1f, alone %.1f", gst_video_format_to_string (format), area->x, area->y,
        mean_difference (&glance.y[0][0], &hidden.y[0][0], sizeof glance.y), mean_difference (&glance.y[0][0], &moved.y[0][0], sizeof glance.y),
        mean_difference (&glance.y[0][0], &alone.y[0][0], sizeof glance.y));
    assert_same (&glance, &hidden);
    g_assert_cmpfloat (mean_difference (&glance.y[0][0], &moved.y[0][0], sizeof glance.y), >, 15);
    g_assert_cmpfloat (mean_difference (&glance.y[0][0], &alone.y[0][0], sizeof glance.y), <, 6);
  }
}

/* Each is seen as by a glancer that has seen no other, while the caps stay. */
static void
test_another_crop_meta_is_heeded_at_once (void)
{
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_P010_10LE, GST_VIDEO_FORMAT_v210, GST_VIDEO_FORMAT_NV12_64Z32,
    GST_VIDEO_FORMAT_ARGB64
  };
  static const GstLlama4Area crops[] = { {0, 0, FILM_WIDTH, FILM_HEIGHT}, {33, 7, 100, 60}, {34, 7, 100, 60}, {34, 8, 100, 60}, {34, 8, 100, 90},
    {0, 8, FILM_WIDTH, 90}, {191, 107, 1, 1}, {0, 0, FILM_WIDTH, FILM_HEIGHT}
  };
  g_autoptr (Film) film = film_new (5, 1, 5, 5, 0);
  g_autoptr (GstBuffer) buffer = film_draw (film, 0);
  GstVideoInfo yuv;

  gst_video_info_set_format (&yuv, GST_VIDEO_FORMAT_I420, FILM_WIDTH, FILM_HEIGHT);
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (GstLlama4Glancer) glancer = gst_llama4_glancer_new ();
    g_autoptr (GstBuffer) converted = NULL;
    GstVideoInfo info;

    gst_video_info_set_format (&info, formats[i], FILM_WIDTH, FILM_HEIGHT);
    converted = quarters_convert (&yuv, buffer, &info);
    for (guint c = 0; c < G_N_ELEMENTS (crops); c++) {
      g_autoptr (GstBuffer) cropped = gst_buffer_copy (converted);
      GstLlama4Glance glance, fresh;

      add_crop (cropped, &crops[c]);
      look_with (glancer, &info, cropped, &glance);
      look (&info, cropped, &fresh);
      assert_same (&glance, &fresh);
    }
  }
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"every-format-is-seen-alike", test_every_format_is_seen_alike},
    {"pixels-are-the-same-however-their-bytes-lie", test_pixels_are_the_same_however_their_bytes_lie},
    {"frames-of-any-size-are-seen", test_frames_of_any_size_are_seen},
    {"only-what-is-visible-is-seen-in-every-format", test_only_what_is_visible_is_seen_in_every_format},
    {"another-crop-meta-is-heeded-at-once", test_another_crop_meta_is_heeded_at_once},
  };

  return run_tests (argc, argv, "glance", tests, G_N_ELEMENTS (tests));
}
