/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a meta says of strides and offsets, nothing outside of the memory is read. */

#include <string.h>

#include "extent.h"
#include "last-frame.h"
#include "moments/glance.h"
#include "quarters.h"

#define WIDTH 40
#define HEIGHT 20

typedef struct
{
  guint n_planes;
  gsize offset[GST_VIDEO_MAX_PLANES];
  gint stride[GST_VIDEO_MAX_PLANES];
} Layout;

static void
add_meta (GstBuffer * buffer, const GstVideoInfo * info, const Layout * layout)
{
  gsize offset[GST_VIDEO_MAX_PLANES];
  gint stride[GST_VIDEO_MAX_PLANES];

  memcpy (offset, layout->offset, sizeof offset);
  memcpy (stride, layout->stride, sizeof stride);
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT (info), GST_VIDEO_INFO_WIDTH (info),
      GST_VIDEO_INFO_HEIGHT (info), layout->n_planes, offset, stride);
}

/* Shows it to the model and takes a glance, or neither; whether it could. */
static gboolean
read_frame (const GstVideoInfo * info, GstBuffer * buffer, const L4Model * model, char **problem)
{
  g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
  g_autoptr (GstLlama4Glancer) glancer = gst_llama4_glancer_new ();
  GstLlama4Frame *copied = gst_llama4_copier_copy (copier, info, buffer, GST_VIDEO_ORIENTATION_IDENTITY, model, 1, 0, problem), *drafted;
  g_autofree char *again = NULL;
  GstLlama4Glance glance;
  GstVideoFrame frame;

  if (copied == NULL) {
    g_assert_nonnull (*problem);
    g_assert_null (gst_llama4_copier_draft (copier, info, buffer, GST_VIDEO_ORIENTATION_IDENTITY, model, 1, 0, &again));
    g_assert_cmpstr (again, ==, *problem);
    g_assert_false (gst_llama4_extent_map (info, buffer, &frame, NULL));
    return FALSE;
  }
  drafted = gst_llama4_copier_draft (copier, info, buffer, GST_VIDEO_ORIENTATION_IDENTITY, model, 1, 0, &again);
  g_assert_true (gst_llama4_copier_develop (copier, drafted, &again));
  g_assert_true (gst_llama4_extent_map (info, buffer, &frame, NULL));
  g_assert_true (gst_llama4_glancer_look (glancer, info, &frame, 0, &glance));
  gst_video_frame_unmap (&frame);
  gst_llama4_frame_unref (copied);
  gst_llama4_frame_unref (drafted);
  return TRUE;
}

/* Behind the first of two frames nothing can be read; around the second one AddressSanitizer sees who does. */
static gboolean
is_readable (GstVideoFormat format, gsize size, const Layout * layout, const L4Model * model, char **problem)
{
  g_autoptr (GstBuffer) alone = gst_buffer_new_wrapped (g_malloc0 (size), size);
  g_autofree char *again = NULL;
  LastFrame last;
  GstVideoInfo info;
  gboolean readable;

  gst_video_info_set_format (&info, format, WIDTH, HEIGHT);
  last_frame_init (&last, size);
  add_meta (last.buffer, &info, layout);
  readable = read_frame (&info, last.buffer, model, problem);
  last_frame_clear (&last);
  add_meta (alone, &info, layout);
  g_assert_cmpint (read_frame (&info, alone, model, &again), ==, readable);
  return readable;
}

static void
test_a_meta_that_lies_is_a_message (void)
{
  static const struct
  {
    GstVideoFormat format;
    gsize size;
    Layout layout;
    gboolean right;
  } cases[] = {
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {0}, {120}}, TRUE},
    {GST_VIDEO_FORMAT_RGB, 6000, {1, {880}, {256}}, TRUE},
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {19 * 120}, {-120}}, TRUE},        /* upside down */
    {GST_VIDEO_FORMAT_RGB, 4984, {1, {0}, {256}}, TRUE},        /* nothing behind the last row */
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {0}, {119}}, FALSE},
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {0}, {0}}, FALSE},
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {0}, {121}}, FALSE},
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {1}, {120}}, FALSE},
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {0}, {-120}}, FALSE},
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {18 * 120}, {-120}}, FALSE},
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {2400}, {120}}, FALSE},
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {G_MAXSIZE}, {120}}, FALSE},
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {0}, {G_MAXINT}}, FALSE},
    {GST_VIDEO_FORMAT_RGB, 2400, {1, {0}, {G_MININT}}, FALSE},
    {GST_VIDEO_FORMAT_RGBx, 3200, {1, {0}, {160}}, TRUE},
    {GST_VIDEO_FORMAT_RGBx, 159 * 20, {1, {0}, {159}}, FALSE},  /* the byte without a meaning is read, too */
    {GST_VIDEO_FORMAT_I420, 1200, {3, {0, 800, 1000}, {40, 20, 20}}, TRUE},
    {GST_VIDEO_FORMAT_I420, 1200, {3, {0, 800, 1001}, {40, 20, 20}}, FALSE},
    {GST_VIDEO_FORMAT_I420, 1200, {3, {0, 800, 1000}, {40, 20, 40}}, FALSE},
    {GST_VIDEO_FORMAT_I420, 1200, {3, {0, 800, 1000}, {40, 19, 20}}, FALSE},
    {GST_VIDEO_FORMAT_I420, 1200, {1, {0}, {40}}, FALSE},
    {GST_VIDEO_FORMAT_I420, 1200, {2, {0, 800}, {40, 20}}, FALSE},
    {GST_VIDEO_FORMAT_RGB8P, 800 + 1024, {2, {0, 800}, {40, 1024}}, TRUE},
    {GST_VIDEO_FORMAT_RGB8P, 800 + 1024, {2, {0, 801}, {40, 1024}}, FALSE},
    {GST_VIDEO_FORMAT_v210, 128 * 20, {1, {0}, {128}}, TRUE},
    {GST_VIDEO_FORMAT_v210, 128 * 20, {1, {0}, {108}}, FALSE},
    {GST_VIDEO_FORMAT_v210, 128 * 20, {1, {0}, {132}}, FALSE},
    {GST_VIDEO_FORMAT_IYU1, 60 * 20, {1, {0}, {60}}, TRUE},
    {GST_VIDEO_FORMAT_IYU1, 60 * 20, {1, {0}, {8}}, FALSE},
  };
  g_autoptr (L4Model) model = quarters_load_model ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *problem = NULL;
    gboolean right = is_readable (cases[i].format, cases[i].size, &cases[i].layout, model, &problem);

    g_test_message ("%u: %s", i, right ? "read" : problem);
    g_assert_cmpint (right, ==, cases[i].right);
  }
}

static void
test_the_message_names_the_plane_that_lies (void)
{
  static const struct
  {
    Layout layout;
    const char *problem;
  } cases[] = {
    {{3, {0, 800, 1000}, {39, 20, 20}},
      "a buffer of 1200 bytes does not have a 40x20 I420 frame as it says: its plane 1 in rows 39 bytes apart, from byte 0 on"},
    {{3, {0, 800, 1001}, {40, 20, 20}},
      "a buffer of 1200 bytes does not have a 40x20 I420 frame as it says: its plane 3 in rows 20 bytes apart, from byte 1001 on"},
    {{2, {0, 800}, {40, 20}}, "a buffer says that it has 2 planes, but frames of I420 have 3"},
  };
  g_autoptr (L4Model) model = quarters_load_model ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *problem = NULL;

    g_assert_false (is_readable (GST_VIDEO_FORMAT_I420, 1200, &cases[i].layout, model, &problem));
    g_assert_cmpstr (problem, ==, cases[i].problem);
  }
}

/* A frame of any format that was laid out right, or nearly. */
static Layout
any_layout (const GstVideoInfo * info, GRand * random)
{
  Layout layout = {.n_planes = GST_VIDEO_INFO_N_PLANES (info) };

  for (guint plane = 0; plane < layout.n_planes; plane++) {
    gint stride = GST_VIDEO_INFO_PLANE_STRIDE (info, plane), odd[] = { 0, 1, -1, 4, -4, 16, stride, -2 * stride, G_MAXINT / 2 };

    layout.offset[plane] = GST_VIDEO_INFO_PLANE_OFFSET (info, plane) + (g_rand_int_range (random, 0, 4) > 0 ? 0 : g_rand_int_range (random, 0, 300));
    layout.stride[plane] = stride + odd[g_rand_int_range (random, 0, 3) > 0 ? 0 : g_rand_int_range (random, 0, G_N_ELEMENTS (odd))];
  }
  return layout;
}

static void
test_whatever_a_meta_says_nothing_outside_is_read (void)
{
  g_autoptr (L4Model) model = quarters_load_model ();
  g_autoptr (GRand) random = g_rand_new_with_seed (6);
  guint n_formats = 0, n_read = 0, n_refused = 0;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);

  for (guint i = 0; i < 12 * n_formats; i++) {
    gint more = g_rand_int_range (random, 0, 3) > 0 ? 0 : g_rand_int_range (random, -200, 1000);
    g_autofree char *problem = NULL;
    GstVideoInfo info;
    Layout layout;

    gst_video_info_set_format (&info, formats[i % n_formats], WIDTH, HEIGHT);
    layout = any_layout (&info, random);
    g_test_message ("%s, %d bytes more, %zu + %d", gst_video_format_to_string (formats[i % n_formats]), more, layout.offset[0], layout.stride[0]);
    if (is_readable (formats[i % n_formats], MAX ((gint) info.size + more, 1), &layout, model, &problem))
      n_read++;
    else
      n_refused++;
  }
  g_assert_cmpuint (n_read, >, n_formats);
  g_assert_cmpuint (n_refused, >, n_formats);
}

/* As frameworks lay frames out, each format as GStreamer does by itself. */
static void
test_a_meta_that_tells_the_usual_is_right_for_every_format (void)
{
  g_autoptr (L4Model) model = quarters_load_model ();
  guint n_formats = 0;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);

  for (guint i = 0; i < n_formats; i++) {
    g_autofree char *problem = NULL;
    Layout layout;
    GstVideoInfo info;

    gst_video_info_set_format (&info, formats[i], WIDTH, HEIGHT);
    layout.n_planes = GST_VIDEO_INFO_N_PLANES (&info);
    memcpy (layout.offset, info.offset, sizeof layout.offset);
    memcpy (layout.stride, info.stride, sizeof layout.stride);
    if (!is_readable (formats[i], info.size, &layout, model, &problem))
      g_error ("%s: %s", gst_video_format_to_string (formats[i]), problem);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/frame-meta/a-meta-that-lies-is-a-message", test_a_meta_that_lies_is_a_message);
  g_test_add_func ("/frame-meta/the-message-names-the-plane-that-lies", test_the_message_names_the_plane_that_lies);
  g_test_add_func ("/frame-meta/whatever-a-meta-says-nothing-outside-is-read", test_whatever_a_meta_says_nothing_outside_is_read);
  g_test_add_func ("/frame-meta/a-meta-that-tells-the-usual-is-right-for-every-format", test_a_meta_that_tells_the_usual_is_right_for_every_format);
  return g_test_run ();
}
