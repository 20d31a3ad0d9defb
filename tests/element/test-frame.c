/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sampled frames look as a viewer sees them: crop, stride, pixel aspect ratio, orientation, format. */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame.h"
#include "moments/glance.h"
#include "thin.h"

#define RED 0xff0000
#define GREEN 0x00ff00
#define BLUE 0x0000ff
#define WHITE 0xffffff

/* A scripted model, which looks at pictures of up to 112 pixels a side as they are. */
static L4Model *
load_model (void)
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

/* RGB, `width` x `height`, four quarters: red and green above, blue and white below, in a buffer whose rows have `stride`
 * bytes and which begins at (x, y) of a larger frame that is black. */
static GstBuffer *
draw_quarters (guint width, guint height, guint x, guint y, guint full_width, guint full_height, gsize stride)
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

static GstLlama4Frame *
copy (const char *caps, GstBuffer * buffer, GstVideoOrientationMethod orientation, char **problem)
{
  g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
  g_autoptr (L4Model) model = load_model ();
  g_autoptr (GstCaps) parsed = gst_caps_from_string (caps);
  GstVideoInfo info;

  g_assert_true (gst_video_info_from_caps (&info, parsed));
  return gst_llama4_copier_copy (copier, &info, buffer, orientation, model, 1, 0, problem);
}

/* The same by way of a draft. */
static GstLlama4Frame *
copy_draft (const GstVideoInfo * info, GstBuffer * buffer, GstVideoOrientationMethod orientation)
{
  g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
  g_autoptr (L4Model) model = load_model ();
  g_autofree char *problem = NULL;
  GstLlama4Frame *frame = gst_llama4_copier_draft (copier, info, buffer, orientation, model, 1, 0, &problem);

  g_assert_null (problem);
  g_assert_null (frame->pixels);
  g_assert_true (gst_llama4_copier_develop (copier, frame, &problem));
  g_assert_true (gst_llama4_copier_develop (copier, frame, &problem));  /* it is none any more */
  return frame;
}

/* The colour in the middle of a quarter; 0: left or above, 1: right or below. */
static guint
quarter (const GstLlama4Frame * frame, guint x, guint y)
{
  const L4Picture *picture = &frame->picture;
  const guint8 *pixel = picture->pixels + (picture->height * (1 + 2 * y) / 4) * picture->stride
      + picture->width * (1 + 2 * x) / 4 * 3;

  return pixel[0] << 16 | pixel[1] << 8 | pixel[2];
}

static void
assert_quarters (const GstLlama4Frame * frame, guint upper_left, guint upper_right, guint lower_left, guint lower_right)
{
  g_assert_cmphex (quarter (frame, 0, 0), ==, upper_left);
  g_assert_cmphex (quarter (frame, 1, 0), ==, upper_right);
  g_assert_cmphex (quarter (frame, 0, 1), ==, lower_left);
  g_assert_cmphex (quarter (frame, 1, 1), ==, lower_right);
}

static void
test_a_small_frame_is_copied_as_it_is (void)
{
  g_autoptr (GstBuffer) buffer = draw_quarters (40, 20, 0, 0, 40, 20, 120);
  char *problem = NULL;
  GstLlama4Frame *frame = copy ("video/x-raw,format=RGB,width=40,height=20", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);

  g_assert_null (problem);
  g_assert_cmpuint (frame->picture.width, ==, 40);
  g_assert_cmpuint (frame->picture.height, ==, 20);
  assert_quarters (frame, RED, GREEN, BLUE, WHITE);
  gst_llama4_frame_unref (frame);
}

static void
test_a_large_frame_is_scaled_to_what_the_model_looks_at (void)
{
  g_autoptr (GstBuffer) buffer = draw_quarters (1120, 560, 0, 0, 1120, 560, 3360);
  char *problem = NULL;
  GstLlama4Frame *frame = copy ("video/x-raw,format=RGB,width=1120,height=560", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);

  g_assert_null (problem);
  g_assert_cmpuint (frame->picture.width, ==, 112);
  g_assert_cmpuint (frame->picture.height, ==, 56);
  assert_quarters (frame, RED, GREEN, BLUE, WHITE);
  gst_llama4_frame_unref (frame);
}

static void
test_strides_of_the_meta_are_honoured (void)
{
  g_autoptr (GstBuffer) buffer = draw_quarters (40, 20, 0, 0, 60, 20, 256);
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
  gint stride[GST_VIDEO_MAX_PLANES] = { 256 };
  char *problem = NULL;
  GstLlama4Frame *frame;

  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB, 40, 20, 1, offset, stride);
  frame = copy ("video/x-raw,format=RGB,width=40,height=20", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);
  g_assert_null (problem);
  assert_quarters (frame, RED, GREEN, BLUE, WHITE);
  gst_llama4_frame_unref (frame);
}

/* Decoders give frames that are larger than their caps, with a meta that says what to show. */
static void
test_the_crop_meta_says_what_is_shown (void)
{
  g_autoptr (GstBuffer) buffer = draw_quarters (40, 20, 60, 30, 100, 50, 304);
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
  frame = copy ("video/x-raw,format=RGB,width=40,height=20", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);
  g_assert_null (problem);
  g_assert_cmpuint (frame->picture.width, ==, 40);
  g_assert_cmpuint (frame->picture.height, ==, 20);
  assert_quarters (frame, RED, GREEN, BLUE, WHITE);
  gst_llama4_frame_unref (frame);
}

static void
test_a_crop_meta_out_of_the_frame_is_cut_or_left (void)
{
  static const guint crops[][4] = { {30, 10, 1000, 1000}, {40, 0, 5, 5}, {0, 20, 5, 5}, {0, 0, 0, 5},
  {G_MAXUINT, G_MAXUINT, G_MAXUINT, G_MAXUINT}
  };

  for (guint i = 0; i < G_N_ELEMENTS (crops); i++) {
    g_autoptr (GstBuffer) buffer = draw_quarters (40, 20, 0, 0, 40, 20, 120);
    GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);
    char *problem = NULL;
    GstLlama4Frame *frame;

    crop->x = crops[i][0];
    crop->y = crops[i][1];
    crop->width = crops[i][2];
    crop->height = crops[i][3];
    frame = copy ("video/x-raw,format=RGB,width=40,height=20", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);
    g_assert_null (problem);
    g_assert_cmpuint (frame->picture.width, ==, i == 0 ? 10 : 40);
    g_assert_cmpuint (frame->picture.height, ==, i == 0 ? 10 : 20);
    gst_llama4_frame_unref (frame);
  }
}

static void
test_a_meta_that_contradicts_the_caps_is_a_message (void)
{
  g_autoptr (GstBuffer) buffer = draw_quarters (40, 20, 0, 0, 40, 20, 120);
  g_autofree char *problem = NULL;

  gst_buffer_add_video_meta (buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB, 20, 20);
  g_assert_null (copy ("video/x-raw,format=RGB,width=40,height=20", buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem));
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
    g_autoptr (GstBuffer) buffer = draw_quarters (40, 20, 0, 0, 40, 20, 120);
    g_autofree char *caps = g_strdup_printf ("video/x-raw,format=RGB,width=40,height=20,pixel-aspect-ratio=%s", cases[i].par);
    char *problem = NULL;
    GstLlama4Frame *frame = copy (caps, buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);

    g_assert_null (problem);
    g_assert_cmpuint (frame->picture.width, ==, cases[i].width);
    g_assert_cmpuint (frame->picture.height, ==, 20);
    assert_quarters (frame, RED, GREEN, BLUE, WHITE);
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
    g_autoptr (GstBuffer) buffer = draw_quarters (40, 20, 0, 0, 40, 20, 120);
    g_autoptr (GstTagList) tags = gst_tag_list_new (GST_TAG_IMAGE_ORIENTATION, cases[i].tag, NULL);
    GstVideoOrientationMethod orientation;
    const guint *q = cases[i].quarters;
    char *problem = NULL;
    GstLlama4Frame *frame;

    g_test_message ("%s", cases[i].tag);
    g_assert_true (gst_video_orientation_from_tag (tags, &orientation));
    frame = copy ("video/x-raw,format=RGB,width=40,height=20", buffer, orientation, &problem);
    g_assert_null (problem);
    g_assert_cmpuint (frame->picture.width, ==, cases[i].sideways ? 20 : 40);
    g_assert_cmpuint (frame->picture.height, ==, cases[i].sideways ? 40 : 20);
    assert_quarters (frame, q[0], q[1], q[2], q[3]);
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
    frame = copy (caps, buffer, GST_VIDEO_ORIENTATION_IDENTITY, &problem);
    g_test_message ("%s: %s", name, frame != NULL ? "shown" : problem);
    g_assert_null (problem);
    g_assert_cmpuint (frame->picture.width, ==, 61);
    gst_llama4_frame_unref (frame);
    n_converted++;
  }
  g_assert_cmpuint (n_converted, >=, 100);
}

/* (transfer full) */
static GstBuffer *
convert (const GstVideoInfo * from, GstBuffer * buffer, const GstVideoInfo * to)
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

/* Of every format, at a size of which most rows are left out. */
static void
test_a_draft_becomes_the_picture (void)
{
  guint n_formats = 0;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);
  g_autoptr (GstBuffer) buffer = draw_quarters (142, 722, 0, 0, 142, 722, 428);
  g_autoptr (L4Model) model = load_model ();
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
    converted = convert (&rgb, buffer, &info);
    copied = gst_llama4_copier_copy (copier, &info, converted, orientations[i % 2], model, 1, 0, &problem);
    drafted = copy_draft (&info, converted, orientations[i % 2]);
    g_test_message ("%s", gst_video_format_to_string (formats[i]));
    g_assert_cmpuint (drafted->picture.width, ==, copied->picture.width);
    g_assert_cmpuint (drafted->picture.height, ==, copied->picture.height);
    for (guint q = 0; q < 4; q++)
      for (guint shift = 0; shift <= 16; shift += 8)
        g_assert_cmpint (ABS ((gint) (quarter (copied, q % 2, q / 2) >> shift & 255) - (gint) (quarter (drafted, q % 2, q / 2) >> shift & 255)),
            <=, 4);
    gst_llama4_frame_unref (copied);
    gst_llama4_frame_unref (drafted);
  }
}

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

static void
assert_alike (guint one, guint other)
{
  for (guint shift = 0; shift < 24; shift += 8)
    g_assert_cmpint (ABS ((gint) (one >> shift & 255) - (gint) (other >> shift & 255)), <=, 4);
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
  g_autoptr (GstBuffer) drawn = draw_quarters (width, 94, 0, 0, width, 94, GST_ROUND_UP_4 (3 * width)), converted = NULL, bytes = NULL;
  GstLlama4Frame *exact, *narrowed;
  GstVideoInfo rgb, info, thin;

  gst_video_info_set_format (&rgb, GST_VIDEO_FORMAT_RGB, width, 94);
  gst_video_info_set_format (&info, format, width, 94);
  gst_video_info_set_format (&thin, gst_llama4_thin_format (info.finfo), width, 94);
  converted = convert (&rgb, drawn, &info);
  bytes = convert (&rgb, drawn, &thin);
  exact = crop (&thin, bytes, &part, model);
  narrowed = crop (&info, converted, &part, model);
  g_test_message ("%s of %d, columns %d to %d", gst_video_format_to_string (format), width, from, to);
  for (guint q = 0; q < 4; q++)
    assert_alike (quarter (exact, q % 2, q / 2), quarter (narrowed, q % 2, q / 2));
  assert_alike (corner (exact), corner (narrowed));
  gst_llama4_frame_unref (exact);
  gst_llama4_frame_unref (narrowed);
}

static void
test_a_part_is_the_same_in_formats_of_more_bits (void)
{
  static const gint widths[] = { 142, 135, 141 };       /* of the others a row of GStreamer's has a sample of colour less in some formats */
  g_autoptr (L4Model) model = load_model ();
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

/* A frame after which nothing can be read: the page behind it is nobody's. */
typedef struct
{
  guint8 *memory;
  gsize size, page;
  GstBuffer *buffer;
} LastFrame;

static void
last_frame_init (LastFrame * self, gsize size)
{
  self->page = sysconf (_SC_PAGESIZE);
  self->size = (size + self->page - 1) / self->page * self->page + self->page;
  self->memory = mmap (NULL, self->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (self->memory != MAP_FAILED);
  g_assert_cmpint (mprotect (self->memory + self->size - self->page, self->page, PROT_NONE), ==, 0);
  self->buffer = gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, self->memory + self->size - self->page - size, size, 0, size, NULL, NULL);
}

static void
last_frame_clear (LastFrame * self)
{
  gst_clear_buffer (&self->buffer);
  munmap (self->memory, self->size);
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
  g_assert_true (gst_llama4_glancer_look (glancer, &frame, 0, &glance));
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

static void
test_a_draft_shows_what_the_crop_meta_says (void)
{
  g_autoptr (GstBuffer) buffer = draw_quarters (400, 1200, 60, 333, 500, 1600, 1500);
  GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);
  GstLlama4Frame *frame;
  GstVideoInfo info;

  crop->x = 60;
  crop->y = 333;
  crop->width = 400;
  crop->height = 1200;
  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, 500, 1600);
  frame = copy_draft (&info, buffer, GST_VIDEO_ORIENTATION_IDENTITY);
  assert_quarters (frame, RED, GREEN, BLUE, WHITE);
  gst_llama4_frame_unref (frame);
}

/* What is shown of the upright picture is cut out of the frame as it lies, and what is hidden is black in both ways of copying. */
static void
test_regions_are_of_the_upright_picture_and_masks_black (void)
{
  g_autoptr (GstBuffer) buffer = draw_quarters (400, 200, 0, 0, 400, 200, 1200);
  g_autoptr (L4Model) model = load_model ();
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, 400, 200);
  for (guint o = GST_VIDEO_ORIENTATION_IDENTITY; o <= GST_VIDEO_ORIENTATION_UR_LL; o++)
    for (guint place = 0; place < 8; place++) {
      g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
      const GstLlama4Region corner = { place % 2 / 2.0, place / 2 % 2 / 2.0, 0.5, 0.5 };
      GstLlama4Regions regions = {.shown = {corner},.n_shown = 1 };
      g_autofree char *problem = NULL;
      GstLlama4Frame *whole = copy_draft (&info, buffer, o), *shown, *masked;
      guint colour = quarter (whole, place % 2, place / 2 % 2);

      gst_llama4_copier_set_regions (copier, &regions);
      shown = (place < 4 ? gst_llama4_copier_copy : gst_llama4_copier_draft) (copier, &info, buffer, o, model, 1, 0, &problem);
      g_assert_null (problem);
      g_assert_true (gst_llama4_copier_develop (copier, shown, &problem));
      assert_quarters (shown, colour, colour, colour, colour);
      regions = (GstLlama4Regions) {.hidden = {corner},.n_hidden = 1 };
      masked = (place < 4 ? gst_llama4_copier_copy : gst_llama4_copier_draft) (copier, &info, buffer, o, model, 1, 0, &problem);
      g_assert_null (problem);
      gst_llama4_copier_set_regions (copier, NULL);     /* of what is hidden nothing was kept */
      g_assert_true (gst_llama4_copier_develop (copier, masked, &problem));
      for (guint q = 0; q < 4; q++)
        g_assert_cmphex (quarter (masked, q % 2, q / 2), ==, q == place % 4 ? 0 : quarter (whole, q % 2, q / 2));
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
  g_autoptr (L4Model) model = load_model ();

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
  g_autoptr (L4Model) model = load_model ();
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
  g_test_add_func ("/frame/a-crop-meta-out-of-the-frame-is-cut-or-left", test_a_crop_meta_out_of_the_frame_is_cut_or_left);
  g_test_add_func ("/frame/a-meta-that-contradicts-the-caps-is-a-message", test_a_meta_that_contradicts_the_caps_is_a_message);
  g_test_add_func ("/frame/pixels-are-made-square", test_pixels_are_made_square);
  g_test_add_func ("/frame/the-orientation-turns-the-picture-upright", test_the_orientation_turns_the_picture_upright);
  g_test_add_func ("/frame/every-format-is-converted", test_every_format_is_converted);
  g_test_add_func ("/frame/a-draft-becomes-the-picture", test_a_draft_becomes_the_picture);
  g_test_add_func ("/frame/a-part-is-the-same-in-formats-of-more-bits", test_a_part_is_the_same_in_formats_of_more_bits);
  g_test_add_func ("/frame/nothing-beyond-a-frame-of-more-bits-is-read", test_nothing_beyond_a_frame_of_more_bits_is_read);
  g_test_add_func ("/frame/a-draft-shows-what-the-crop-meta-says", test_a_draft_shows_what_the_crop_meta_says);
  g_test_add_func ("/frame/of-what-is-hidden-no-trace-is-left", test_of_what_is_hidden_no_trace_is_left);
  g_test_add_func ("/frame/regions-are-of-the-upright-picture-and-masks-black", test_regions_are_of_the_upright_picture_and_masks_black);
  g_test_add_func ("/frame/of-what-lies-between-regions-no-trace-is-left", test_of_what_lies_between_regions_no_trace_is_left);
  g_test_add_func ("/frame/where-regions-meet-nothing-is-black", test_where_regions_meet_nothing_is_black);
  g_test_add_func ("/frame/regions-are-read-or-refused-by-what-is-wrong", test_regions_are_read_or_refused_by_what_is_wrong);
  return g_test_run ();
}
