/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sampled frames look as a viewer sees them: crop, stride, pixel aspect ratio, orientation, format. */

#include <string.h>

#include "quarters.h"

static void
test_a_small_frame_is_copied_as_it_is (void)
{
  g_autoptr (GstBuffer) buffer = quarters_draw (40, 20, 0, 0, 40, 20, 120);
  char *problem = NULL;
  GstLlama4Frame *frame = quarters_copy ("video/x-raw,format=RGB,width=40,height=20", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);

  g_assert_null (problem);
  g_assert_cmpuint (frame->picture.width, ==, 40);
  g_assert_cmpuint (frame->picture.height, ==, 20);
  quarters_assert (frame, RED, GREEN, BLUE, WHITE);
  gst_llama4_frame_unref (frame);
}

static void
test_a_large_frame_is_scaled_to_what_the_model_looks_at (void)
{
  g_autoptr (GstBuffer) buffer = quarters_draw (1120, 560, 0, 0, 1120, 560, 3360);
  char *problem = NULL;
  GstLlama4Frame *frame = quarters_copy ("video/x-raw,format=RGB,width=1120,height=560", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);

  g_assert_null (problem);
  g_assert_cmpuint (frame->picture.width, ==, 112);
  g_assert_cmpuint (frame->picture.height, ==, 56);
  quarters_assert (frame, RED, GREEN, BLUE, WHITE);
  gst_llama4_frame_unref (frame);
}

static void
test_strides_of_the_meta_are_honoured (void)
{
  g_autoptr (GstBuffer) buffer = quarters_draw (40, 20, 0, 0, 60, 20, 256);
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
  gint stride[GST_VIDEO_MAX_PLANES] = { 256 };
  char *problem = NULL;
  GstLlama4Frame *frame;

  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB, 40, 20, 1, offset, stride);
  frame = quarters_copy ("video/x-raw,format=RGB,width=40,height=20", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);
  g_assert_null (problem);
  quarters_assert (frame, RED, GREEN, BLUE, WHITE);
  gst_llama4_frame_unref (frame);
}

/* Decoders give frames that are larger than their caps, with a meta that says what to show. */
static void
test_the_crop_meta_says_what_is_shown (void)
{
  g_autoptr (GstBuffer) buffer = quarters_draw (40, 20, 60, 30, 100, 50, 304);
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
  gint stride[GST_VIDEO_MAX_PLANES] = { 304 };
  GstVideoCropMeta *crop;
  char *problem = NULL;
  GstLlama4Frame *frame;

  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB, 100, 50, 1, offset, stride);
  crop = gst_buffer_add_video_crop_meta (buffer);
  crop->x = 60;
  crop->y = 30;
  crop->width = 40;
  crop->height = 20;
  frame = quarters_copy ("video/x-raw,format=RGB,width=40,height=20", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);
  g_assert_null (problem);
  g_assert_cmpuint (frame->picture.width, ==, 40);
  g_assert_cmpuint (frame->picture.height, ==, 20);
  quarters_assert (frame, RED, GREEN, BLUE, WHITE);
  gst_llama4_frame_unref (frame);
}

/* What the model is shown of four colours in that format, which a crop meta names: at the edge of a larger frame, or within it. */
static GstLlama4Frame *
copy_in_format (GstVideoFormat format, guint x, guint y)
{
  g_autofree char *caps = g_strdup_printf ("video/x-raw,format=%s,width=40,height=20", gst_video_format_to_string (format));
  g_autoptr (GstBuffer) drawn = quarters_draw (40, 20, x, y, 128, 64, 3 * 128), buffer = NULL;
  GstLlama4Frame *frame;
  GstVideoCropMeta *crop;
  GstVideoInfo from, to;
  char *problem = NULL;

  gst_video_info_set_format (&from, GST_VIDEO_FORMAT_RGB, 128, 64);
  gst_video_info_set_format (&to, format, 128, 64);
  buffer = quarters_convert (&from, drawn, &to);
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE, format, 128, 64, GST_VIDEO_INFO_N_PLANES (&to), to.offset, to.stride);
  crop = gst_buffer_add_video_crop_meta (buffer);
  crop->x = x;
  crop->y = y;
  crop->width = 40;
  crop->height = 20;
  frame = quarters_copy (caps, buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);
  g_assert_null (problem);
  return frame;
}

/* Of some formats GStreamer itself takes it from another place, or writes behind its own rows. */
static void
test_the_crop_meta_says_what_is_shown_in_every_format (void)
{
  guint n_formats = 0;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);

  for (guint i = 0; i < n_formats; i++) {
    GstLlama4Frame *edge, *within;

    g_test_message ("%s", gst_video_format_to_string (formats[i]));
    edge = copy_in_format (formats[i], 0, 0);
    within = copy_in_format (formats[i], 61, 30);
    for (guint quarter = 0; quarter < 4; quarter++)
      for (guint shift = 0; shift < 24; shift += 8) {
        gint one = quarters_colour (edge, quarter % 2, quarter / 2) >> shift & 255;
        gint other = quarters_colour (within, quarter % 2, quarter / 2) >> shift & 255;

        g_assert_cmpint (ABS (one - other), <=, 16);    /* colour of YUV9 is that of four pixels */
      }
    gst_llama4_frame_unref (edge);
    gst_llama4_frame_unref (within);
  }
}

static void
test_a_crop_meta_out_of_the_frame_is_cut_or_left (void)
{
  static const guint crops[][4] = { {30, 10, 1000, 1000}, {40, 0, 5, 5}, {0, 20, 5, 5}, {0, 0, 0, 5},
  {G_MAXUINT, G_MAXUINT, G_MAXUINT, G_MAXUINT}
  };

  for (guint i = 0; i < G_N_ELEMENTS (crops); i++) {
    g_autoptr (GstBuffer) buffer = quarters_draw (40, 20, 0, 0, 40, 20, 120);
    GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);
    char *problem = NULL;
    GstLlama4Frame *frame;

    crop->x = crops[i][0];
    crop->y = crops[i][1];
    crop->width = crops[i][2];
    crop->height = crops[i][3];
    frame = quarters_copy ("video/x-raw,format=RGB,width=40,height=20", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);
    g_assert_null (problem);
    g_assert_cmpuint (frame->picture.width, ==, i == 0 ? 10 : 40);
    g_assert_cmpuint (frame->picture.height, ==, i == 0 ? 10 : 20);
    gst_llama4_frame_unref (frame);
  }
}

static void
test_a_meta_that_contradicts_the_caps_is_a_message (void)
{
  g_autoptr (GstBuffer) buffer = quarters_draw (40, 20, 0, 0, 40, 20, 120);
  g_autofree char *problem = NULL;

  gst_buffer_add_video_meta (buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB, 20, 20);
  g_assert_null (quarters_copy ("video/x-raw,format=RGB,width=40,height=20", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem));
  g_assert_nonnull (strstr (problem, "20x20"));
  g_assert_nonnull (strstr (problem, "40x20"));
}

static void
test_pixels_are_made_square (void)
{
  static const struct
  {
    const char *par;
    guint width;
  } cases[] = { {"1/1", 40}, {"2/1", 80}, {"1/2", 20} };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstBuffer) buffer = quarters_draw (40, 20, 0, 0, 40, 20, 120);
    g_autofree char *caps = g_strdup_printf ("video/x-raw,format=RGB,width=40,height=20,pixel-aspect-ratio=%s", cases[i].par);
    char *problem = NULL;
    GstLlama4Frame *frame = quarters_copy (caps, buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);

    g_assert_null (problem);
    g_assert_cmpuint (frame->picture.width, ==, cases[i].width);
    g_assert_cmpuint (frame->picture.height, ==, 20);
    quarters_assert (frame, RED, GREEN, BLUE, WHITE);
    gst_llama4_frame_unref (frame);
  }
}

/* As videoflip turns a video by its image-orientation tag. */
static void
test_the_orientation_turns_the_picture_upright (void)
{
  static const struct
  {
    const char *tag;
    guint quarters[4];
    gboolean sideways;
  } cases[] = {
    {"rotate-0", {RED, GREEN, BLUE, WHITE}, FALSE}, {"rotate-90", {BLUE, RED, WHITE, GREEN}, TRUE},
    {"rotate-180", {WHITE, BLUE, GREEN, RED}, FALSE}, {"rotate-270", {GREEN, WHITE, RED, BLUE}, TRUE},
    {"flip-rotate-0", {GREEN, RED, WHITE, BLUE}, FALSE}, {"flip-rotate-90", {WHITE, GREEN, BLUE, RED}, TRUE},
    {"flip-rotate-180", {BLUE, WHITE, RED, GREEN}, FALSE}, {"flip-rotate-270", {RED, BLUE, GREEN, WHITE}, TRUE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstBuffer) buffer = quarters_draw (40, 20, 0, 0, 40, 20, 120);
    g_autoptr (GstTagList) tags = gst_tag_list_new (GST_TAG_IMAGE_ORIENTATION, cases[i].tag, NULL);
    GstVideoOrientationMethod orientation;
    const guint *q = cases[i].quarters;
    char *problem = NULL;
    GstLlama4Frame *frame;

    g_test_message ("%s", cases[i].tag);
    g_assert_true (gst_video_orientation_from_tag (tags, &orientation));
    frame = quarters_copy ("video/x-raw,format=RGB,width=40,height=20", buffer, orientation, &problem);
    g_assert_null (problem);
    g_assert_cmpuint (frame->picture.width, ==, cases[i].sideways ? 20 : 40);
    g_assert_cmpuint (frame->picture.height, ==, cases[i].sideways ? 40 : 20);
    quarters_assert (frame, q[0], q[1], q[2], q[3]);
    gst_llama4_frame_unref (frame);
  }
}

/* Every format that raw video comes in is shown, at sizes that do not divide by its blocks. */
static void
test_every_format_is_converted (void)
{
  guint n_formats = 0, n_converted = 0;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);

  for (guint i = 0; i < n_formats; i++) {
    const char *name = gst_video_format_to_string (formats[i]);
    g_autofree char *caps = NULL, *problem = NULL;
    g_autoptr (GstBuffer) buffer = NULL;
    GstLlama4Frame *frame;
    GstVideoInfo info;

    g_assert_true (gst_video_info_set_format (&info, formats[i], 61, 37));
    caps = g_strdup_printf ("video/x-raw,format=%s,width=61,height=37,framerate=25/1", name);
    buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
    gst_buffer_memset (buffer, 0, 0, info.size);
    frame = quarters_copy (caps, buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);
    g_test_message ("%s: %s", name, frame != NULL ? "shown" : problem);
    g_assert_null (problem);
    g_assert_cmpuint (frame->picture.width, ==, 61);
    gst_llama4_frame_unref (frame);
    n_converted++;
  }
  g_assert_cmpuint (n_converted, >=, 100);
}

/* Of every format, at a size of which most rows are left out. */
static void
test_a_draft_becomes_the_picture (void)
{
  guint n_formats = 0;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);
  g_autoptr (GstBuffer) buffer = quarters_draw (142, 722, 0, 0, 142, 722, 428);
  g_autoptr (L4Model) model = quarters_load_model ();
  GstVideoInfo rgb;

  gst_video_info_set_format (&rgb, GST_VIDEO_FORMAT_RGB, 142, 722);
  for (guint i = 0; i < n_formats; i++) {
    static const GstVideoOrientationMethod orientations[] = { GST_VIDEO_ORIENTATION_IDENTITY, GST_VIDEO_ORIENTATION_90R };
    g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
    g_autoptr (GstBuffer) converted = NULL;
    g_autofree char *problem = NULL;
    GstLlama4Frame *copied, *drafted;
    GstVideoInfo info;

    g_assert_true (gst_video_info_set_format (&info, formats[i], 142, 722));
    converted = quarters_convert (&rgb, buffer, &info);
    copied = gst_llama4_copier_copy (copier, &info, converted, orientations[i % 2], model, 1, 0, &problem);
    drafted = quarters_copy_draft (&info, converted, orientations[i % 2]);
    g_test_message ("%s", gst_video_format_to_string (formats[i]));
    g_assert_cmpuint (drafted->picture.width, ==, copied->picture.width);
    g_assert_cmpuint (drafted->picture.height, ==, copied->picture.height);
    for (guint q = 0; q < 4; q++)
      for (guint shift = 0; shift <= 16; shift += 8)
        g_assert_cmpint (ABS ((gint) (quarters_colour (copied, q % 2, q / 2) >> shift & 255) - (gint) (quarters_colour (drafted, q % 2, q / 2) >> shift & 255)),
            <=, 4);
    gst_llama4_frame_unref (copied);
    gst_llama4_frame_unref (drafted);
  }
}

static void
test_a_draft_shows_what_the_crop_meta_says (void)
{
  g_autoptr (GstBuffer) buffer = quarters_draw (400, 1200, 60, 333, 500, 1600, 1500);
  GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);
  GstLlama4Frame *frame;
  GstVideoInfo info;

  crop->x = 60;
  crop->y = 333;
  crop->width = 400;
  crop->height = 1200;
  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, 500, 1600);
  frame = quarters_copy_draft (&info, buffer, GST_VIDEO_ORIENTATION_IDENTITY);
  quarters_assert (frame, RED, GREEN, BLUE, WHITE);
  gst_llama4_frame_unref (frame);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/frame/a-small-frame-is-copied-as-it-is", test_a_small_frame_is_copied_as_it_is);
  g_test_add_func ("/frame/a-large-frame-is-scaled-to-what-the-model-looks-at",
      test_a_large_frame_is_scaled_to_what_the_model_looks_at);
  g_test_add_func ("/frame/strides-of-the-meta-are-honoured", test_strides_of_the_meta_are_honoured);
  g_test_add_func ("/frame/the-crop-meta-says-what-is-shown", test_the_crop_meta_says_what_is_shown);
  g_test_add_func ("/frame/the-crop-meta-says-what-is-shown-in-every-format", test_the_crop_meta_says_what_is_shown_in_every_format);
  g_test_add_func ("/frame/a-crop-meta-out-of-the-frame-is-cut-or-left", test_a_crop_meta_out_of_the_frame_is_cut_or_left);
  g_test_add_func ("/frame/a-meta-that-contradicts-the-caps-is-a-message", test_a_meta_that_contradicts_the_caps_is_a_message);
  g_test_add_func ("/frame/pixels-are-made-square", test_pixels_are_made_square);
  g_test_add_func ("/frame/the-orientation-turns-the-picture-upright", test_the_orientation_turns_the_picture_upright);
  g_test_add_func ("/frame/every-format-is-converted", test_every_format_is_converted);
  g_test_add_func ("/frame/a-draft-becomes-the-picture", test_a_draft_becomes_the_picture);
  g_test_add_func ("/frame/a-draft-shows-what-the-crop-meta-says", test_a_draft_shows_what_the_crop_meta_says);
  return g_test_run ();
}
