/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is: which of its streams is the film, what is told of it, and what its pictures look like. */

#include "films.h"

#include <string.h>

#include <gst/video/video.h>

static L4Film *
open_film (const char *path)
{
  g_autoptr (GError) error = NULL;
  L4Film *film = l4_film_open (path, NULL, &error);

  g_assert_no_error (error);
  return film;
}

/* Facts -------------------------------------------------------------------------------------------------------------------------- */

static void
test_facts (void)
{
  g_autoptr (L4Film) film = NULL;
  const L4FilmFacts *facts;
  const char *path;

  film_contain ("c.mp4");
  path = film_make ("facts.mkv", "-i c.mp4 -f lavfi -i sine=d=6 -f lavfi -i sine=d=6 -f lavfi -i color=s=16x16:d=1 -map 0 -map 1 -map 2 "
      "-c:v copy -c:a pcm_s16le");
  film = open_film (path);
  facts = l4_film_get_facts (film);
  g_assert_cmpstr (facts->container, ==, "matroska");
  g_assert_cmpstr (facts->codec, ==, "h264");
  g_assert_cmpuint (facts->width, ==, 96);
  g_assert_cmpuint (facts->height, ==, 64);
  g_assert_cmpuint (facts->duration, ==, 6 * GST_SECOND);
  g_assert_cmpfloat (facts->frame_rate, ==, 25);
  g_assert_cmpuint (facts->n_audio, ==, 2);
  g_assert_cmpuint (facts->n_subtitles, ==, 0);
}

static void
test_subtitles_are_counted (void)
{
  static const char text[] = "1\n00:00:01,000 --> 00:00:02,000\nHello\n";
  g_autoptr (L4Film) film = NULL;

  film_contain ("c.mp4");
  film_write ("text.srt", text, -1);
  film = open_film (film_make ("subtitles.mkv", "-i c.mp4 -i text.srt -map 0 -map 1 -c copy"));
  g_assert_cmpuint (l4_film_get_facts (film)->n_subtitles, ==, 1);
}

static void
test_lengths (void)
{
  static const char *const names[] = { "c.mp4", "c.mkv", "c.ts", "c.avi", "c.flv", "direct.avi", "vp8.webm", "c.wmv", "c.gif",
    NULL
  };

  for (guint n = 0; names[n] != NULL; n++) {
    g_autoptr (L4Film) film = open_film (film_contain (names[n]));

    g_test_message ("%s", names[n]);
    g_assert_cmpuint (l4_film_get_facts (film)->duration, >=, 6 * GST_SECOND - FRAME);
    g_assert_cmpuint (l4_film_get_facts (film)->duration, <=, 6 * GST_SECOND + 2 * FRAME);
    g_assert_cmpfloat_with_epsilon (l4_film_get_facts (film)->frame_rate, 25, 0.2);
  }
}

static void
test_lengths_that_nothing_tells (void)
{
  g_autoptr (L4Film) bare = open_film (film_contain ("c.h264")), live = NULL;

  film_contain ("vp8.webm");
  live = open_film (film_make ("live.webm", "-i vp8.webm -c copy -live 1"));
  g_assert_cmpuint (l4_film_get_facts (bare)->duration, ==, 0);
  g_assert_cmpuint (l4_film_get_facts (live)->duration, ==, 0);
}

/* Which stream -------------------------------------------------------------------------------------------------------------------- */

static const char *
cover (const char *name)
{
  return film_make (name, "-f lavfi -i color=red:s=32x32 -frames:v 1");
}

static void
test_covers_are_no_films (void)
{
  static const char *const ways[][2] = {
    {"first.mkv", "-i cover.jpg -i c.mp4 -map 0 -map 1 -c copy"},
    {"first-png.mkv", "-i cover.png -i c.mp4 -map 0 -map 1 -c copy"},
    {"second.mkv", "-i c.mp4 -i cover.jpg -map 0 -map 1 -c copy"},
    {"attached.mp4", "-i c.mp4 -i cover.jpg -map 0 -map 1 -c copy -disposition:v:1 attached_pic"},
    {"attached.mkv", "-i c.mp4 -c copy -attach cover.jpg -metadata:s:t mimetype=image/jpeg"},
  };

  cover ("cover.jpg");
  cover ("cover.png");
  film_contain ("c.mp4");
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autoptr (GArray) shown = NULL;

    g_test_message ("%s", ways[i][0]);
    shown = film_read_all (film_make (ways[i][0], ways[i][1]));
    assert_regular (shown, 0, 150, 0);
  }
}

static void
test_a_cover_in_the_films_own_codec (void)
{
  g_autoptr (GArray) shown = NULL;

  cover ("cover.jpg");
  film_contain ("mjpeg.avi");
  shown = film_read_all (film_make ("alike.mkv", "-i cover.jpg -i mjpeg.avi -map 0 -map 1 -c copy"));
  assert_regular (shown, 0, 150, 0);
}

static void
test_sound_with_a_cover_is_no_film (void)
{
  const char *path = film_make ("sound.m4a", "-f lavfi -i sine=d=3 -c:a aac");

  cover ("cover.jpg");
  assert_fails (path, L4_FILM_ERROR_NO_VIDEO, "has sound, but no film");
  assert_fails (film_make ("sound.mkv", "-i sound.m4a -i cover.jpg -map 0 -map 1 -c copy"), L4_FILM_ERROR_NO_VIDEO, "no film");
  assert_fails (film_make ("sound.mp3", "-i sound.m4a -i cover.jpg -map 0 -map 1 -c:a libmp3lame -c:v copy -disposition:v attached_pic"),
      L4_FILM_ERROR_NO_VIDEO, "no film");
}

static void
test_pictures_are_no_films (void)
{
  static const char *const names[] = { "still.jpg", "still.png", "still.gif", "still.webp", "still.bmp", "still.tiff", "still.avif", NULL };

  for (guint n = 0; names[n] != NULL; n++) {
    g_test_message ("%s", names[n]);
    film_make (names[n], "-f lavfi -i color=red:s=64x64 -frames:v 1");
    assert_fails (film_path (names[n]), L4_FILM_ERROR_STILL, "is a picture");
    assert_fails (film_cut ("still.mp4", names[n], 0, 100), L4_FILM_ERROR_STILL, "is a picture");
  }
  assert_fails (film_make ("still.mkv", "-i still.jpg -c copy"), L4_FILM_ERROR_STILL, "is a picture");
  film_join ("two.jpg", "still.jpg", "still.jpg");
  assert_fails (film_path ("two.jpg"), L4_FILM_ERROR_STILL, "is a picture");
}

static void
test_moving_pictures_are_films (void)
{
  static const char *const ways[][2] = {
    {"moving.gif", ""}, {"moving.apng", "-f apng"}, {"moving.avif", "-c:v libaom-av1 -cpu-used 8 -frames:v 3"},
    {"moving.mjpeg", "-f mjpeg -q:v 2"}, {"one.mp4", "-frames:v 1 -c:v libx264"}, {"one.mkv", "-frames:v 1 -c:v libx264"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autofree char *arguments = g_strconcat ("-f lavfi -i testsrc2=s=64x64:r=10:d=2 ", ways[i][1], NULL);
    g_autoptr (GArray) shown = NULL;

    g_test_message ("%s", ways[i][0]);
    shown = film_read_all (film_make (ways[i][0], arguments));
    g_assert_cmpuint (shown->len, >=, 1);
  }
}

/* What its pictures look like ---------------------------------------------------------------------------------------------------- */

static void
assert_caps (const char *path, const char *field, const char *value)
{
  g_autoptr (GstSample) sample = film_first (path);
  g_autofree char *caps = gst_caps_to_string (gst_sample_get_caps (sample)), *wanted = g_strdup_printf ("%s=%s", field, value);

  if (strstr (caps, wanted) == NULL)
    g_error ("%s: \"%s\" does not say \"%s\"", path, caps, wanted);
}

static void
test_shape_colours_and_fields (void)
{
  film_contain ("c.mp4");
  assert_caps (film_make ("shape.mp4", "-f lavfi -i testsrc2=s=96x64:d=0.2,setsar=4/3 -c:v libx264"), "pixel-aspect-ratio", "(fraction)4/3");
  assert_caps (film_make ("shape.mkv", "-i c.mp4 -c copy -aspect 16:9"), "pixel-aspect-ratio", "(fraction)32/27");
  assert_caps (film_make ("fields.mpg", "-f lavfi -i testsrc2=s=96x64:d=0.4 -c:v mpeg2video -flags +ilme+ildct"), "interlace-mode",
      "(string)mixed");
  assert_caps (film_make ("dark.mp4", "-f lavfi -i testsrc2=s=96x64:d=0.2 -vf format=yuv420p10le,setparams=color_primaries=bt2020:"
          "color_trc=smpte2084:colorspace=bt2020nc:range=tv -c:v libx264"), "colorimetry", "(string)bt2100-pq");
  assert_caps (film_path ("dark.mp4"), "format", "(string)I420_10LE");
  assert_caps (film_contain ("mjpeg.avi"), "colorimetry", "(string)1:");        /* full range */
}

static void
test_sizes_change (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Film) film = NULL;
  guint n = 0, n_small = 0;
  GstSample *sample;

  film_contain ("c.ts");
  film_make ("small.ts", "-f lavfi -i testsrc2=s=48x32:d=2 -c:v libx264 -g 25");
  film = open_film (film_join ("sizes.ts", "c.ts", "small.ts"));
  g_assert_true (l4_film_start (film, L4_FILM_DECODE_ALL, 0, 4 * GST_SECOND, 4, &error));
  while ((sample = l4_film_next (film, &error)) != NULL) {
    GstVideoInfo info;
    GstVideoFrame frame;

    g_assert_true (gst_video_info_from_caps (&info, gst_sample_get_caps (sample)));
    g_assert_true (gst_video_frame_map (&frame, &info, gst_sample_get_buffer (sample), GST_MAP_READ));
    gst_video_frame_unmap (&frame);
    n++;
    n_small += info.width == 48 && info.height == 32;
    gst_sample_unref (sample);
  }
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 200);
  g_assert_cmpuint (n_small, ==, 50);
}

/* Brightness at a place of the picture when it is turned as it says. */
static guint8
turned_pixel (GstSample *sample, guint x, guint y)
{
  const GstStructure *info = gst_sample_get_info (sample);
  int method = GST_VIDEO_ORIENTATION_IDENTITY;
  GstVideoFrame frame;
  GstVideoInfo video;
  guint8 light;
  gint w, h, sx, sy;

  if (info != NULL)
    g_assert_true (gst_structure_get_enum (info, "orientation", GST_TYPE_VIDEO_ORIENTATION_METHOD, &method));
  g_assert_true (gst_video_info_from_caps (&video, gst_sample_get_caps (sample)));
  g_assert_true (gst_video_frame_map (&frame, &video, gst_sample_get_buffer (sample), GST_MAP_READ));
  w = video.width;
  h = video.height;
  sx = x;
  sy = y;
  switch (method) {
    case GST_VIDEO_ORIENTATION_90R: sx = y, sy = h - 1 - x; break;
    case GST_VIDEO_ORIENTATION_180: sx = w - 1 - x, sy = h - 1 - y; break;
    case GST_VIDEO_ORIENTATION_90L: sx = w - 1 - y, sy = x; break;
    case GST_VIDEO_ORIENTATION_HORIZ: sx = w - 1 - x; break;
    case GST_VIDEO_ORIENTATION_VERT: sy = h - 1 - y; break;
    case GST_VIDEO_ORIENTATION_UL_LR: sx = y, sy = x; break;
    case GST_VIDEO_ORIENTATION_UR_LL: sx = w - 1 - y, sy = h - 1 - x; break;
    default: break;
  }
  light = ((guint8 *) GST_VIDEO_FRAME_COMP_DATA (&frame, 0))[sy * GST_VIDEO_FRAME_COMP_STRIDE (&frame, 0) + sx];
  gst_video_frame_unmap (&frame);
  return light;
}

/* As ffmpeg turns them. */
static void
test_turned_pictures (void)
{
  for (guint i = 0; i < 8; i++) {
    g_autofree char *name = g_strdup_printf ("turned-%u.mp4", i), *raw = g_strdup_printf ("turned-%u.gray", i), *bytes = NULL;
    g_autofree char *turn = g_strdup_printf ("-display_rotation %u %s -i straight.mp4 -c copy", i % 4 * 90, i >= 4 ? "-display_hflip" : "");
    g_autofree char *decode = g_strdup_printf ("-i %s -frames:v 1 -pix_fmt yuv420p -f rawvideo", name);
    const guint width = i % 2 ? 32 : 64, height = i % 2 ? 64 : 32;
    g_autoptr (GstSample) sample = NULL;

    film_make ("straight.mp4", "-f lavfi -i testsrc2=s=64x32:d=0.2 -pix_fmt yuv420p -c:v libx264 -qp 0");
    film_make (name, turn);
    film_make (raw, decode);
    g_assert_true (g_file_get_contents (film_path (raw), &bytes, NULL, NULL));
    sample = film_first (film_path (name));
    for (guint y = 0; y < height; y++)
      for (guint x = 0; x < width; x++)
        g_assert_cmpuint (turned_pixel (sample, x, y), ==, (guint8) bytes[y * width + x]);
  }
}

/* Red to the left, blue to the right, whatever the pixels are made of. */
static void
assert_red_and_blue (const char *path)
{
  g_autoptr (GstSample) sample = film_first (path);
  g_autoptr (GstCaps) rgb = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "RGB", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSample) converted = gst_video_convert_sample (sample, rgb, 10 * GST_SECOND, &error);
  GstVideoInfo info;
  GstVideoFrame frame;

  g_assert_no_error (error);
  g_assert_true (gst_video_info_from_caps (&info, gst_sample_get_caps (converted)));
  g_assert_true (gst_video_frame_map (&frame, &info, gst_sample_get_buffer (converted), GST_MAP_READ));
  for (guint side = 0; side < 2; side++) {
    const guint8 *pixel = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, 0) + 4 * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0)
        + (side == 0 ? 8 : 40) * 3;

    g_assert_cmpuint (pixel[side == 0 ? 0 : 2], >, 200);
    g_assert_cmpuint (pixel[side == 0 ? 2 : 0], <, 60);
    g_assert_cmpuint (pixel[1], <, 60);
  }
  gst_video_frame_unmap (&frame);
}

static void
test_all_kinds_of_pixels (void)
{
  static const char *const formats[] = { "yuv420p", "yuyv422", "rgb24", "bgr24", "yuv422p", "yuv444p", "yuv410p", "yuv411p", "yuvj420p",
    "uyvy422", "bgr8", "rgb8", "nv12", "nv21", "argb", "rgba", "abgr", "bgra", "yuv440p", "yuva420p", "rgb48be", "rgb48le", "rgb565le",
    "rgb555be", "yuv420p16le", "yuv422p10le", "yuv420p9be", "gbrp", "gbrp10le", "gbrp12be", "gbrp16le", "yuva444p", "yuva422p10le",
    "gbrap", "gbrap10le", "0rgb", "rgb0", "0bgr", "bgr0", "yuv420p12le", "yuv444p14le", "pal8", NULL
  };
  g_autoptr (GString) arguments = g_string_new ("-f lavfi -i \"color=red:s=24x16:r=5:d=0.2[a];color=blue:s=24x16:r=5:d=0.2[b];[a][b]hstack\"");

  for (guint i = 0; formats[i] != NULL; i++)
    g_string_append_printf (arguments, " -pix_fmt %s -c:v rawvideo %s.nut", formats[i], formats[i]);
  g_string_append (arguments, " -pix_fmt bgr24 -c:v rawvideo");
  film_make ("upside-down.avi", arguments->str);
  assert_red_and_blue (film_path ("upside-down.avi"));
  for (guint i = 0; formats[i] != NULL; i++) {
    g_autofree char *name = g_strconcat (formats[i], ".nut", NULL);

    g_test_message ("%s", formats[i]);
    assert_red_and_blue (film_path (name));
  }
}

/* A film in JPEG pictures beside one that nobody can decode. */
static void
test_what_can_be_decoded_is_found (void)
{
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Film) film = NULL;
  gsize length, n = 0;

  g_assert_true (g_file_get_contents (film_make ("two.mov", "-f lavfi -i testsrc2=s=96x64:d=1 -map 0 -map 0 -c:v:0 prores -c:v:1 mjpeg"), &bytes,
          &length, NULL));
  for (gsize i = 0; i + 4 <= length; i++)
    if (memcmp (bytes + i, "apc", 3) == 0) {
      memcpy (bytes + i, "l4no", 4);
      n++;
    }
  g_assert_cmpuint (n, >, 0);
  film = l4_film_open (film_write ("other.mov", bytes, (gssize) length), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (l4_film_get_facts (film)->codec, ==, "mjpeg");
}

/* Pictures are handed out as the decoder made them, and stay while somebody holds them. */
static void
test_pictures_outlive_the_film (void)
{
  g_autoptr (GstSample) first = film_first (film_contain ("c.mp4"));
  GstVideoInfo info;
  GstVideoFrame frame;

  g_assert_true (gst_video_info_from_caps (&info, gst_sample_get_caps (first)));
  g_assert_true (gst_video_frame_map (&frame, &info, gst_sample_get_buffer (first), GST_MAP_READ));
  g_assert_cmpuint (((guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, 0))[32 * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0) + 48], <, 18);
  gst_video_frame_unmap (&frame);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  films_begin ();
  g_test_add_func ("/film/what/facts", test_facts);
  g_test_add_func ("/film/what/subtitles-are-counted", test_subtitles_are_counted);
  g_test_add_func ("/film/what/lengths-and-frame-rates", test_lengths);
  g_test_add_func ("/film/what/lengths-that-nothing-tells-are-not-guessed", test_lengths_that_nothing_tells);
  g_test_add_func ("/film/what/covers-are-no-films", test_covers_are_no_films);
  g_test_add_func ("/film/what/a-cover-in-the-films-own-codec-is-told-from-it", test_a_cover_in_the_films_own_codec);
  g_test_add_func ("/film/what/sound-with-a-cover-is-no-film", test_sound_with_a_cover_is_no_film);
  g_test_add_func ("/film/what/pictures-are-no-films-whatever-they-are-called", test_pictures_are_no_films);
  g_test_add_func ("/film/what/moving-pictures-are-films", test_moving_pictures_are_films);
  g_test_add_func ("/film/what/what-can-be-decoded-is-found", test_what_can_be_decoded_is_found);
  g_test_add_func ("/film/what/shape-colours-and-fields-are-told", test_shape_colours_and_fields);
  g_test_add_func ("/film/what/sizes-may-change", test_sizes_change);
  g_test_add_func ("/film/what/turned-pictures-say-how", test_turned_pictures);
  g_test_add_func ("/film/what/all-kinds-of-pixels-have-their-colours", test_all_kinds_of_pixels);
  g_test_add_func ("/film/what/pictures-outlive-the-film", test_pictures_outlive_the_film);
  status = g_test_run ();
  films_end ();
  return status;
}
