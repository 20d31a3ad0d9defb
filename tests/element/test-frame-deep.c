/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of samples of more bits: parts of them are found, and nothing beyond them is read. */

#include "last-frame.h"
#include "moments/glance.h"
#include "quarters.h"
#include "thin.h"

/* (transfer full) */
static GstLlama4Frame *
crop (const GstVideoInfo * info, GstBuffer * buffer, const GstLlama4Region * part, const L4Model * model)
{
  g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
  g_autofree char *problem = NULL;
  GstLlama4Frame *frame = gst_llama4_copier_crop (copier, info, buffer, GST_VIDEO_ORIENTATION_IDENTITY, part, model, 1, 0, &problem);

  g_assert_null (problem);
  return frame;
}

/* The last pixel of the first row. */
static guint
corner (const GstLlama4Frame * frame)
{
  const guint8 *pixel = frame->picture.pixels + (frame->picture.width - 1) * 3;

  return pixel[0] << 16 | pixel[1] << 8 | pixel[2];
}

/* Of formats of more bits, whose samples lie in words or one after another, a part is found wherever it begins, and up to the right edge. */
static void
assert_that_a_part_is_the_same (GstVideoFormat format, gint width, gint from, gint to, const L4Model * model)
{
  const GstLlama4Region part = { (double) from / width, 20 / 94.0, (double) (to - from) / width, 50 / 94.0 };
  g_autoptr (GstBuffer) drawn = quarters_draw (width, 94, 0, 0, width, 94, GST_ROUND_UP_4 (3 * width)), converted = NULL, bytes = NULL;
  GstLlama4Frame *exact, *narrowed;
  GstVideoInfo rgb, info, thin;

  gst_video_info_set_format (&rgb, GST_VIDEO_FORMAT_RGB, width, 94);
  gst_video_info_set_format (&info, format, width, 94);
  gst_video_info_set_format (&thin, gst_llama4_thin_format (info.finfo), width, 94);
  converted = quarters_convert (&rgb, drawn, &info);
  bytes = quarters_convert (&rgb, drawn, &thin);
  exact = crop (&thin, bytes, &part, model);
  narrowed = crop (&info, converted, &part, model);
  g_test_message ("%s of %d, columns %d to %d", gst_video_format_to_string (format), width, from, to);
  for (guint q = 0; q < 4; q++)
    quarters_assert_alike (quarters_colour (exact, q % 2, q / 2), quarters_colour (narrowed, q % 2, q / 2));
  quarters_assert_alike (corner (exact), corner (narrowed));
  gst_llama4_frame_unref (exact);
  gst_llama4_frame_unref (narrowed);
}

static void
test_a_part_is_the_same_in_formats_of_more_bits (void)
{
  static const gint widths[] = { 142, 135, 141 };       /* of the others a row of GStreamer's has a sample of colour less in some formats */
  g_autoptr (L4Model) model = quarters_load_model ();
  guint n_formats = 0, n_narrowed = 0;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);

  for (guint i = 0; i < n_formats; i++) {
    if (gst_llama4_thin_packing (gst_video_format_get_info (formats[i])) == GST_LLAMA4_AS_IT_IS)
      continue;
    n_narrowed++;
    for (guint w = 0; w < G_N_ELEMENTS (widths); w++)
      for (gint from = 12; from < 12 + 8 * 5; from += 5) {
        assert_that_a_part_is_the_same (formats[i], widths[w], from, from + 60, model);
        assert_that_a_part_is_the_same (formats[i], widths[w], from + 30, widths[w], model);
      }
  }
  g_assert_cmpuint (n_narrowed, >=, 24);
}

/* Of drafts, copies and glances. */
static void
read_all_of (const GstVideoInfo * info)
{
  g_autoptr (GstLlama4Glancer) glancer = gst_llama4_glancer_new ();
  GstLlama4Glance glance;
  GstVideoFrame frame;
  LastFrame last;

  last_frame_init (&last, GST_VIDEO_INFO_SIZE (info));
  g_assert_true (gst_video_frame_map (&frame, info, last.buffer, GST_MAP_READ));
  for (guint step = 1; step <= 3; step++) {
    GstLlama4Area all = { 0, 0, GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info) };
    g_autoptr (GstBuffer) copied = NULL;
    GstVideoInfo thin;

    copied = gst_llama4_thin_copy (&frame, &all, step, &thin);
    g_assert_nonnull (copied);
  }
  g_assert_true (gst_llama4_glancer_look (glancer, info, &frame, 0, &glance));
  gst_video_frame_unmap (&frame);
  last_frame_clear (&last);
}

/* Whatever does not divide by their words and by colour. */
static void
test_nothing_beyond_a_frame_of_more_bits_is_read (void)
{
  guint n_formats = 0;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);

  for (guint i = 0; i < n_formats; i++) {
    if (gst_llama4_thin_packing (gst_video_format_get_info (formats[i])) == GST_LLAMA4_AS_IT_IS)
      continue;
    g_test_message ("%s", gst_video_format_to_string (formats[i]));
    for (gint width = 1; width <= 150; width++)
      for (gint height = 1; height <= 4; height++) {
        GstVideoInfo info;

        g_assert_true (gst_video_info_set_format (&info, formats[i], width, height));
        read_all_of (&info);
      }
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/frame-deep/a-part-is-the-same-in-formats-of-more-bits", test_a_part_is_the_same_in_formats_of_more_bits);
  g_test_add_func ("/frame-deep/nothing-beyond-a-frame-of-more-bits-is-read", test_nothing_beyond_a_frame_of_more_bits_is_read);
  return g_test_run ();
}
