/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is hidden of a frame, or no region of it, leaves no trace in what is shown. */

#include <string.h>

#include "quarters.h"

/* What is shown of the upright picture is cut out of the frame as it lies, and what is hidden is black in both ways of copying. */
static void
test_regions_are_of_the_upright_picture_and_masks_black (void)
{
  g_autoptr (GstBuffer) buffer = quarters_draw (400, 200, 0, 0, 400, 200, 1200);
  g_autoptr (L4Model) model = quarters_load_model ();
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, 400, 200);
  for (guint o = GST_VIDEO_ORIENTATION_IDENTITY; o <= GST_VIDEO_ORIENTATION_UR_LL; o++)
    for (guint place = 0; place < 8; place++) {
      g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
      const GstLlama4Region corner = { place % 2 / 2.0, place / 2 % 2 / 2.0, 0.5, 0.5 };
      GstLlama4Regions regions = {.shown = {corner},.n_shown = 1 };
      g_autofree char *problem = NULL;
      GstLlama4Frame *whole = quarters_copy_draft (&info, buffer, o), *shown, *masked;
      guint colour = quarters_colour (whole, place % 2, place / 2 % 2);

      gst_llama4_copier_set_regions (copier, &regions);
      shown = (place < 4 ? gst_llama4_copier_copy : gst_llama4_copier_draft) (copier, &info, buffer, o, model, 1, 0, &problem);
      g_assert_null (problem);
      g_assert_true (gst_llama4_copier_develop (copier, shown, &problem));
      quarters_assert (shown, colour, colour, colour, colour);
      regions = (GstLlama4Regions) {.hidden = {corner},.n_hidden = 1 };
      masked = (place < 4 ? gst_llama4_copier_copy : gst_llama4_copier_draft) (copier, &info, buffer, o, model, 1, 0, &problem);
      g_assert_null (problem);
      gst_llama4_copier_set_regions (copier, NULL);     /* of what is hidden nothing was kept */
      g_assert_true (gst_llama4_copier_develop (copier, masked, &problem));
      for (guint q = 0; q < 4; q++)
        g_assert_cmphex (quarters_colour (masked, q % 2, q / 2), ==, q == place % 4 ? 0 : quarters_colour (whole, q % 2, q / 2));
      gst_llama4_frame_unref (whole);
      gst_llama4_frame_unref (shown);
      gst_llama4_frame_unref (masked);
    }
}

/* What is in columns from `from` to before `to` is as bright as can be, the rest black. */
static GstBuffer *
draw_bright_columns (const GstVideoInfo * info, guint from, guint to)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (info), NULL);
  GstVideoFrame frame;

  g_assert_true (gst_video_frame_map (&frame, info, buffer, GST_MAP_WRITE));
  for (guint c = 0; c < GST_VIDEO_INFO_N_COMPONENTS (info); c++) {
    guint8 black = GST_VIDEO_INFO_IS_RGB (info) ? 0 : c == 0 ? 16 : 128;
    guint8 *data = GST_VIDEO_FRAME_COMP_DATA (&frame, c);

    for (gint y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (&frame, c); y++)
      for (gint x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH (&frame, c); x++)
        data[y * GST_VIDEO_FRAME_COMP_STRIDE (&frame, c) + x * GST_VIDEO_FRAME_COMP_PSTRIDE (&frame, c)] =
            (guint) (x + 1) << GST_VIDEO_FORMAT_INFO_W_SUB (info->finfo, c) > from
            && (guint) x << GST_VIDEO_FORMAT_INFO_W_SUB (info->finfo, c) < to ? 235 : black;
  }
  gst_video_frame_unmap (&frame);
  return buffer;
}

static void
assert_black (const GstLlama4Frame * frame)
{
  for (guint y = 0; y < frame->picture.height; y++)
    for (guint i = 0; i < frame->picture.width * 3; i++)
      if (frame->pixels[y * frame->picture.stride + i] != 0)
        g_error ("column %u of %u, row %u is not black", i / 3, frame->picture.width, y);
}

/* However the picture is scaled: a copy, a draft or a part of it, of bright columns that must not be seen. */
static void
assert_no_trace (guint from, guint to, const GstLlama4Regions * lying)
{
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_RGB, GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_Y42B, GST_VIDEO_FORMAT_UYVY };
  static const guint widths[] = { 8, 24, 32, 400, 1000 };
  static const GstVideoOrientationMethod orientations[] = { GST_VIDEO_ORIENTATION_IDENTITY, GST_VIDEO_ORIENTATION_90R };
  g_autoptr (L4Model) model = quarters_load_model ();

  for (guint n = 0; n < G_N_ELEMENTS (formats) * G_N_ELEMENTS (widths) * G_N_ELEMENTS (orientations) * 6; n++) {
    g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
    guint width = widths[n / 5 % 5], place = n / 50 % 3;
    GstVideoOrientationMethod orientation = orientations[n / 25 % 2];
    const GstLlama4Region all = { 0, 0, 1, 1 };
    GstLlama4Regions regions = *lying;
    g_autoptr (GstBuffer) buffer = NULL;
    g_autofree char *problem = NULL;
    GstLlama4Frame *masked;
    GstVideoInfo info;

    for (guint i = 0; i < GST_LLAMA4_MOST_REGIONS; i++) {
      regions.shown[i] = gst_llama4_region_turn_back (regions.shown[i], orientation);
      regions.hidden[i] = gst_llama4_region_turn_back (regions.hidden[i], orientation);
    }
    gst_video_info_set_format (&info, formats[n % 5], width, width);
    info.par_n = n / 150 * 2 + 1;       /* wide pixels become several */
    buffer = draw_bright_columns (&info, width * from / 8, width * to / 8);
    gst_llama4_copier_set_regions (copier, &regions);
    masked = place == 0 ? gst_llama4_copier_crop (copier, &info, buffer, orientation, &all, model, 1, 0, &problem)
        : (place == 1 ? gst_llama4_copier_copy : gst_llama4_copier_draft) (copier, &info, buffer, orientation, model, 1, 0, &problem);
    g_assert_null (problem);
    g_assert_true (gst_llama4_copier_develop (copier, masked, &problem));
    g_test_message ("%s of %u x %u as %u x %u, way %u", gst_video_format_to_string (formats[n % 5]), width, width, masked->picture.width,
        masked->picture.height, place);
    assert_black (masked);
    gst_llama4_frame_unref (masked);
  }
}

static void
test_of_what_is_hidden_no_trace_is_left (void)
{
  assert_no_trace (0, 4, &(GstLlama4Regions) {.hidden = {{0, 0, 0.5, 1}},.n_hidden = 1 });
  assert_no_trace (3, 5, &(GstLlama4Regions) {.hidden = {{0.375, 0, 0.25, 1}},.n_hidden = 1 });
}

static void
test_of_what_lies_between_regions_no_trace_is_left (void)
{
  assert_no_trace (2, 6, &(GstLlama4Regions) {.shown = {{0, 0, 0.25, 1}, {0.75, 0, 0.25, 1}},.n_shown = 2 });
  assert_no_trace (3, 5, &(GstLlama4Regions) {.shown = {{0, 0, 0.375, 0.5}, {0, 0.5, 0.375, 0.5}, {0.625, 0, 0.375, 1}},.n_shown = 3 });
}

/* Regions that touch are one. */
static void
test_where_regions_meet_nothing_is_black (void)
{
  static const guint widths[] = { 30, 400, 1000 };
  g_autoptr (L4Model) model = quarters_load_model ();
  const GstLlama4Regions regions = {.shown = {{0, 0, 0.1, 1}, {0.1, 0, 0.2, 1}, {0.1 + 0.2, 0, 0.7, 0.3}, {0.3, 0.3, 0.7, 0.7}},.n_shown = 4 };

  for (guint n = 0; n < 6; n++) {
    g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
    g_autoptr (GstBuffer) buffer = NULL;
    g_autofree char *problem = NULL;
    GstLlama4Frame *frame;
    GstVideoInfo info;

    gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, widths[n / 2], widths[n / 2]);
    buffer = draw_bright_columns (&info, 0, widths[n / 2]);
    gst_llama4_copier_set_regions (copier, &regions);
    frame = (n % 2 ? gst_llama4_copier_copy : gst_llama4_copier_draft) (copier, &info, buffer, GST_VIDEO_ORIENTATION_IDENTITY, model, 1, 0,
        &problem);
    g_assert_true (gst_llama4_copier_develop (copier, frame, &problem));
    for (guint i = 0; i < frame->picture.width * frame->picture.height; i++)
      g_assert_cmpuint (frame->pixels[3 * i], >, 200);
    gst_llama4_frame_unref (frame);
  }
}

static void
test_regions_are_read_or_refused_by_what_is_wrong (void)
{
  static const char *const good[] = { "", " ; ", "0,0,1,1", "0.5, 0.25 ,0.5,0.75", "0,0,0.1,0.1;0.9,0.9,0.1,0.1;" };
  static const guint counts[] = { 0, 0, 1, 1, 2 };
  static const char *const bad[] = { "x", "0,0,1", "0,0,1,1,1", "0,0,0,1", "-0.1,0,1,1", "0,0,1.5,1", "0.5,0,0.6,1", "nan,0,1,1", "0;0;1;1" };
  GstLlama4Region regions[GST_LLAMA4_MOST_REGIONS];
  g_autoptr (GString) many = g_string_new (NULL);
  char *problem = NULL;
  guint n;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_assert_true (gst_llama4_regions_parse (good[i], regions, &n, &problem));
    g_assert_cmpuint (n, ==, counts[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_false (gst_llama4_regions_parse (bad[i], regions, &n, &problem));
    g_assert_nonnull (strstr (problem, "0.5,0,0.5,1"));
    g_clear_pointer (&problem, g_free);
  }
  for (guint i = 0; i <= GST_LLAMA4_MOST_REGIONS; i++)
    g_string_append (many, "0,0,1,1;");
  g_assert_false (gst_llama4_regions_parse (many->str, regions, &n, &problem));
  g_free (problem);
}

/* Of fields of so few rows GStreamer makes no scaler. */
static void
test_strips_of_interlaced_pictures_are_shown (void)
{
  static const GstVideoInterlaceMode modes[] = { GST_VIDEO_INTERLACE_MODE_INTERLEAVED, GST_VIDEO_INTERLACE_MODE_MIXED };
  static const guint rows[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 43 };
  g_autoptr (L4Model) model = quarters_load_model ();

  for (guint n = 0; n < G_N_ELEMENTS (modes) * G_N_ELEMENTS (rows) * 2; n++) {
    g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
    const GstLlama4Region strip = { 0, 0.5, 1, rows[n / 4] / 1080.0 };
    const GstLlama4Regions regions = {.shown = {strip},.n_shown = 1 };
    g_autoptr (GstBuffer) buffer = NULL;
    g_autofree char *problem = NULL;
    GstLlama4Frame *frame;
    GstVideoInfo info;

    gst_video_info_set_interlaced_format (&info, GST_VIDEO_FORMAT_I420, modes[n % 2], 1920, 1080);
    buffer = draw_bright_columns (&info, 0, 1920);
    GST_BUFFER_FLAG_SET (buffer, GST_VIDEO_BUFFER_FLAG_INTERLACED);
    if (n / 2 % 2 == 0)
      gst_llama4_copier_set_regions (copier, &regions);
    frame = n / 2 % 2 == 0 ? gst_llama4_copier_copy (copier, &info, buffer, GST_VIDEO_ORIENTATION_IDENTITY, model, 1, 0, &problem)
        : gst_llama4_copier_crop (copier, &info, buffer, GST_VIDEO_ORIENTATION_IDENTITY, &strip, model, 1, 0, &problem);
    g_assert_null (problem);
    g_assert_true (gst_llama4_copier_develop (copier, frame, &problem));
    for (gsize i = 0; i < frame->picture.stride * frame->picture.height; i += 3)
      g_assert_cmpuint (frame->pixels[i], >, 240);      /* red */
    gst_llama4_frame_unref (frame);
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/frame-regions/of-what-is-hidden-no-trace-is-left", test_of_what_is_hidden_no_trace_is_left);
  g_test_add_func ("/frame-regions/regions-are-of-the-upright-picture-and-masks-black", test_regions_are_of_the_upright_picture_and_masks_black);
  g_test_add_func ("/frame-regions/of-what-lies-between-regions-no-trace-is-left", test_of_what_lies_between_regions_no_trace_is_left);
  g_test_add_func ("/frame-regions/where-regions-meet-nothing-is-black", test_where_regions_meet_nothing_is_black);
  g_test_add_func ("/frame-regions/strips-of-interlaced-pictures-are-shown", test_strips_of_interlaced_pictures_are_shown);
  g_test_add_func ("/frame-regions/regions-are-read-or-refused-by-what-is-wrong", test_regions_are_read_or_refused_by_what_is_wrong);
  return g_test_run ();
}
