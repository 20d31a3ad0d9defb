/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Films that tests make with ffmpeg, whose pictures tell their number, and what was read of them. */

#include "films.h"

#include <math.h>
#include <string.h>

#include <glib/gstdio.h>
#include <gst/video/video.h>

static char *folder;

void
films_begin (void)
{
  g_autoptr (GError) error = NULL;

  gst_init (NULL, NULL);
  folder = g_dir_make_tmp ("llama4-test-XXXXXX", &error);
  g_assert_no_error (error);
}

void
films_end (void)
{
  char *argv[] = { "rm", "-rf", "--", folder, NULL };

  g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_clear_pointer (&folder, g_free);
}

/* Making ------------------------------------------------------------------------------------------------------------------------ */

const char *
film_path (const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_intern_string (path);
}

const char *
film_make (const char *name, const char *arguments)
{
  g_autofree char *line = g_strdup_printf ("ffmpeg -v error -nostdin -y -bitexact %s -bitexact %s", arguments, name), *err = NULL;
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  int status = 0;

  if (g_file_test (film_path (name), G_FILE_TEST_EXISTS))
    return film_path (name);
  g_assert_true (g_shell_parse_argv (line, NULL, &argv, &error));
  g_spawn_sync (folder, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &err, &status, &error);
  g_assert_no_error (error);
  if (status != 0)
    g_error ("%s: %s", line, err);
  return film_path (name);
}

const char *
film_write (const char *name, gconstpointer bytes, gssize length)
{
  g_assert_true (g_file_set_contents (film_path (name), bytes, length, NULL));
  return film_path (name);
}

const char *
film_cut (const char *name, const char *of, gsize from, guint percent)
{
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (film_path (of), &bytes, &length, NULL));
  return film_write (name, bytes + from, length * percent / 100 - from);
}

const char *
film_join (const char *name, const char *first, const char *second)
{
  g_autofree char *one = NULL, *other = NULL, *both = NULL;
  gsize one_length, other_length;

  g_assert_true (g_file_get_contents (film_path (first), &one, &one_length, NULL));
  g_assert_true (g_file_get_contents (film_path (second), &other, &other_length, NULL));
  both = g_malloc (one_length + other_length);
  memcpy (both, one, one_length);
  memcpy (both + one_length, other, other_length);
  return film_write (name, both, one_length + other_length);
}

const char *
film_copy (const char *name, const char *options)
{
  g_autofree char *arguments = g_strdup_printf ("-i c.mp4 -c copy %s", options);

  film_contain ("c.mp4");
  return film_make (name, arguments);
}

/* arguments NULL: a copy of c.mp4. */
typedef struct
{
  const char *name, *arguments;
} Container;

static const Container containers[] = {
  {"c.mp4", NUMBERED ("6") X264},
  {"c.mov"}, {"c.mkv"}, {"c.ts"}, {"c.avi"}, {"c.flv"}, {"c.nut"}, {"c.h264"},
  {"c.mpg", NUMBERED ("6") "-c:v mpeg2video -q:v 2 -bf 2 -g 12"},
  {"mpeg2.ts", NUMBERED ("6") "-c:v mpeg2video -q:v 2 -bf 2 -g 12"},
  {"mpeg4.avi", NUMBERED ("6") "-c:v mpeg4 -q:v 2 -bf 2 -g 25"},
  {"direct.avi", NUMBERED ("6") X264},
  {"mjpeg.avi", NUMBERED ("6") "-c:v mjpeg -q:v 2"},
  {"vp8.webm", NUMBERED ("6") "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 2M -g 25"},
  {"vp9.webm", NUMBERED ("6") "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 2M -g 25"},
  {"c.ogv", NUMBERED ("6") "-c:v libtheora -q:v 10 -g 25"},
  {"c.wmv", NUMBERED ("6") "-c:v wmv2 -q:v 2 -g 25"},
  {"c.gif", NUMBERED ("6") "-pix_fmt gray"},
};

const char *
film_contain (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (containers); i++)
    if (strcmp (containers[i].name, name) == 0)
      return containers[i].arguments != NULL ? film_make (name, containers[i].arguments) : film_copy (name, "");
  g_assert_not_reached ();
}

const char *const film_containers[] = {
  "c.mp4", "c.mov", "c.mkv", "c.ts", "c.avi", "c.flv", "c.nut", "c.h264", "c.mpg",
  "mpeg2.ts", "mpeg4.avi", "direct.avi", "mjpeg.avi", "vp8.webm", "vp9.webm", "c.ogv", "c.wmv", "c.gif", NULL
};

/* Reading ------------------------------------------------------------------------------------------------------------------------ */

static guint32
sum_of (const GstVideoFrame *frame)
{
  guint32 sum = 2166136261u;

  for (guint i = 0; i < GST_VIDEO_FRAME_N_COMPONENTS (frame); i++)
    for (gint y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (frame, i); y++)
      for (gint x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH (frame, i); x++)
        sum = (sum ^ ((guint8 *) GST_VIDEO_FRAME_COMP_DATA (frame, i))[y * GST_VIDEO_FRAME_COMP_STRIDE (frame, i)
                    + x * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, i)]) * 16777619u;
  return sum;
}

/* What stands in the middle of the picture, by its brightness. */
static guint
number_of (const GstVideoFrame *frame)
{
  const guint8 *first = GST_VIDEO_FRAME_COMP_DATA (frame, 0);
  double light = first[GST_VIDEO_FRAME_COMP_HEIGHT (frame, 0) / 2 * GST_VIDEO_FRAME_COMP_STRIDE (frame, 0)
      + GST_VIDEO_FRAME_COMP_WIDTH (frame, 0) / 2 * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, 0)];

  if (GST_VIDEO_INFO_IS_RGB (&frame->info) || frame->info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255)
    light = 16 + light * 219 / 255;
  return (guint) lround ((light - 16) / 4);
}

static Shown
look_at (GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  Shown shown = {.time = GST_BUFFER_PTS (buffer),.duration = GST_BUFFER_DURATION (buffer) };
  GstVideoInfo info;
  GstVideoFrame frame;

  g_assert_true (gst_video_info_from_caps (&info, gst_sample_get_caps (sample)));
  g_assert_true (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  shown.number = number_of (&frame);
  shown.sum = sum_of (&frame);
  gst_video_frame_unmap (&frame);
  return shown;
}

GArray *
film_read (const char *path, L4FilmDecode decode, guint64 from, guint64 window, guint n_frames)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Film) film = l4_film_open (path, NULL, &error);
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Shown));
  GstSample *sample;

  g_assert_no_error (error);
  g_assert_true (l4_film_start (film, decode, from, window, n_frames, &error));
  g_assert_no_error (error);
  while ((sample = l4_film_next (film, &error)) != NULL) {
    Shown shown = look_at (sample);

    g_assert_cmpuint (gst_segment_to_stream_time (gst_sample_get_segment (sample), GST_FORMAT_TIME, shown.time), ==, shown.time);
    g_array_append_val (all, shown);
    gst_sample_unref (sample);
  }
  g_assert_no_error (error);
  return all;
}

GArray *
film_read_all (const char *path)
{
  return film_read (path, L4_FILM_DECODE_ALL, 0, 4 * GST_SECOND, 4);
}

GstSample *
film_first (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Film) film = l4_film_open (path, NULL, &error);
  GstSample *sample;

  g_assert_no_error (error);
  g_assert_true (l4_film_start (film, L4_FILM_DECODE_ALL, 0, 4 * GST_SECOND, 4, &error));
  sample = l4_film_next (film, &error);
  g_assert_no_error (error);
  g_assert_nonnull (sample);
  return sample;
}

/* Checking ----------------------------------------------------------------------------------------------------------------------- */

void
assert_regular (GArray *shown, guint first, guint n, guint64 start)
{
  g_assert_cmpuint (shown->len, ==, n);
  for (guint i = 0; i < n; i++) {
    const Shown *one = &g_array_index (shown, Shown, i);

    g_assert_cmpuint (one->number, ==, (first + i) % NUMBERS);
    g_assert_cmpuint (one->time, ==, start + i * FRAME);
    g_assert_cmpuint (one->duration, ==, FRAME);
  }
}

void
assert_same (GArray *shown, GArray *expected)
{
  g_assert_cmpuint (shown->len, ==, expected->len);
  for (guint i = 0; i < shown->len; i++) {
    const Shown *one = &g_array_index (shown, Shown, i), *other = &g_array_index (expected, Shown, i);

    g_assert_cmpuint (one->time, ==, other->time);
    g_assert_cmpuint (one->duration, ==, other->duration);
    g_assert_cmphex (one->sum, ==, other->sum);
  }
}

void
assert_fails (const char *path, L4FilmError code, const char *words)
{
  g_auto (GStrv) each = g_strsplit (words, "|", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Film) film = l4_film_open (path, NULL, &error);
  GstSample *sample;

  if (film != NULL && l4_film_start (film, L4_FILM_DECODE_ALL, 0, 4 * GST_SECOND, 4, &error))
    while ((sample = l4_film_next (film, &error)) != NULL)
      gst_sample_unref (sample);
  g_assert_error (error, L4_FILM_ERROR, code);
  g_assert_nonnull (strstr (error->message, path));
  for (guint i = 0; each[i] != NULL; i++)
    if (strstr (error->message, each[i]) == NULL)
      g_error ("\"%s\" does not say \"%s\"", error->message, each[i]);
}
