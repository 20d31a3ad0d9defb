/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is decoded, and that it makes no difference where one begins. */

#include "films.h"

#include <stdlib.h>
#include <string.h>

/* Key frames every second, but none from 3 s to 9 s. */
#define UNEVEN NUMBERED ("12") "-c:v libx264 -preset veryfast -qp 4 -bf 2 -g 1000 -keyint_min 1 -sc_threshold 0 -threads 1 " \
    "-force_key_frames 0,1,2,3,9,10,11 "

static const Shown *
find (GArray *shown, guint64 time)
{
  for (guint i = 0; i < shown->len; i++)
    if (g_array_index (shown, Shown, i).time == time)
      return &g_array_index (shown, Shown, i);
  return NULL;
}

/* Each picture is one of them all, at its time, and is shown until the next. */
static void
assert_part_of (GArray *some, GArray *all)
{
  for (guint i = 0; i < some->len; i++) {
    const Shown *one = &g_array_index (some, Shown, i), *other = find (all, one->time);
    const Shown *last = &g_array_index (all, Shown, all->len - 1);
    const guint64 end = i + 1 < some->len ? g_array_index (some, Shown, i + 1).time : last->time + last->duration;

    g_assert_nonnull (other);
    g_assert_cmphex (one->sum, ==, other->sum);
    g_assert_cmpuint (one->time + one->duration, ==, end);
  }
}

/* The times of key frames, as ffprobe tells them of packets, from the first on. (transfer full) */
static GArray *
probe_keys (const char *path)
{
  char *argv[] = { "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0",
    (char *) path, NULL
  };
  GArray *times = g_array_new (FALSE, FALSE, sizeof (double));
  g_autofree char *out = NULL;
  g_auto (GStrv) lines = NULL;

  g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, NULL, NULL));
  lines = g_strsplit (out, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (strstr (lines[i], ",K") != NULL) {
      const double time = g_ascii_strtod (lines[i], NULL);

      g_array_append_val (times, time);
    }
  return times;
}

static void
test_keys_are_the_key_frames (void)
{
  for (guint n = 0; film_containers[n] != NULL; n++) {
    const char *path = film_contain (film_containers[n]);
    g_autoptr (GArray) all = film_read_all (path), keys = film_read (path, L4_FILM_DECODE_KEYS, 0, 4 * GST_SECOND, 4);
    g_autoptr (GArray) probed = probe_keys (path);

    g_test_message ("%s: %u of %u", film_containers[n], keys->len, all->len);
    g_assert_cmpuint (keys->len, ==, probed->len);
    g_assert_cmpuint (g_array_index (keys, Shown, 0).time, ==, 0);
    assert_part_of (keys, all);
  }
}

/* Where ffprobe knows when they are shown. */
static void
test_keys_have_ffprobes_times (void)
{
  static const char *const names[] = { "c.mp4", "c.mkv", "c.ts", "c.flv", "vp8.webm", "vp9.webm", "c.ogv", "c.wmv", NULL };

  for (guint n = 0; names[n] != NULL; n++) {
    const char *path = film_contain (names[n]);
    g_autoptr (GArray) keys = film_read (path, L4_FILM_DECODE_KEYS, 0, 4 * GST_SECOND, 4), probed = probe_keys (path);

    g_test_message ("%s", names[n]);
    g_assert_cmpuint (keys->len, ==, probed->len);
    for (guint i = 0; i < keys->len; i++)
      g_assert_cmpfloat_with_epsilon (g_array_index (keys, Shown, i).time / 1e9,
          g_array_index (probed, double, i) - g_array_index (probed, double, 0), 2e-6);
  }
}

static const char *const uneven[] = { "uneven.mp4", "uneven.mkv", "uneven.ts", "uneven.avi", NULL };

/* One key frame of each group that is over soon, everything of the others and of the last. */
static void
test_auto_decides_group_by_group (void)
{
  for (guint n = 0; uneven[n] != NULL; n++) {
    const char *path = film_make (uneven[n], UNEVEN);
    g_autoptr (GArray) all = film_read_all (path), some = film_read (path, L4_FILM_DECODE_AUTO, 0, 4 * GST_SECOND, 4);

    g_test_message ("%s", uneven[n]);
    g_assert_cmpuint (some->len, ==, 3 + 6 * 25 + 2 + 25);
    for (guint i = 0; i < some->len; i++) {
      const guint number = i < 3 ? i * 25 : i < 153 ? 75 + i - 3 : i < 155 ? 225 + (i - 153) * 25 : 275 + i - 155;

      g_assert_cmpuint (g_array_index (some, Shown, i).time, ==, number * FRAME);
      g_assert_cmpuint (g_array_index (some, Shown, i).number, ==, number % NUMBERS);
    }
    assert_part_of (some, all);
  }
}

static guint
count_auto (const char *path, guint64 window, guint n_frames)
{
  g_autoptr (GArray) shown = film_read (path, L4_FILM_DECODE_AUTO, 0, window, n_frames);

  return shown->len;
}

/* A key frame a second: two of them in each window, or one where one is asked for. */
static void
test_auto_goes_by_the_window (void)
{
  static const char *const names[] = { "c.mp4", "c.mkv", NULL };

  for (guint n = 0; names[n] != NULL; n++) {
    const char *path = film_contain (names[n]);

    g_assert_cmpuint (count_auto (path, 2 * GST_SECOND, 4), ==, 5 + 25);
    g_assert_cmpuint (count_auto (path, 19 * GST_SECOND / 10, 4), ==, 150);
    g_assert_cmpuint (count_auto (path, GST_SECOND, 1), ==, 5 + 25);
    g_assert_cmpuint (count_auto (path, 9 * GST_SECOND / 10, 1), ==, 150);
  }
}

/* 30 frames of 29.97 a second are 1.001 s. */
static void
test_auto_takes_ntsc_seconds_for_seconds (void)
{
  const char *path = film_make ("ntsc.mp4", "-f lavfi -i testsrc2=s=96x64:r=30000/1001:d=6 -c:v libx264 -g 30 -keyint_min 30 -sc_threshold 0");

  g_assert_cmpuint (count_auto (path, 2 * GST_SECOND, 4), <, 40);
}

static void
test_a_key_frame_that_is_hidden_takes_its_group_along (void)
{
  const char *path;
  g_autoptr (GArray) keys = NULL;

  film_contain ("c.mp4");
  path = film_make ("edit.mp4", "-ss 1.3 -i c.mp4 -c copy");
  keys = film_read (path, L4_FILM_DECODE_KEYS, 0, 4 * GST_SECOND, 4);
  g_assert_cmpuint (g_array_index (keys, Shown, 0).time, ==, 0);
  g_assert_cmpuint (g_array_index (keys, Shown, 0).number, ==, 33);
  g_assert_cmpuint (g_array_index (keys, Shown, keys->len - 1).number, ==, 125 % NUMBERS);
  g_assert_cmpuint (keys->len, ==, 17 + 4);
}

static void
test_groups_that_lean_on_the_one_before (void)
{
  static const char *const names[] = { "open.mp4", "open.mkv", "open.ts", "open.avi", NULL };

  for (guint n = 0; names[n] != NULL; n++) {
    const char *path = film_make (names[n], NUMBERED ("6") X264 "-x264-params open-gop=1:bframes=3");
    g_autoptr (GArray) all = film_read_all (path), keys = film_read (path, L4_FILM_DECODE_KEYS, 0, 4 * GST_SECOND, 4);

    g_test_message ("%s", names[n]);
    g_assert_cmpuint (keys->len, ==, 6);
    assert_part_of (keys, all);
  }
}

/* Beginning there shows what there is from there on of what is shown from the start. */
static void
assert_resumes (const char *path, L4FilmDecode decode)
{
  static const guint64 places[] = { 4 * GST_SECOND, 5040 * GST_MSECOND + 1, 1, G_MAXUINT64 };
  g_autoptr (GArray) all = film_read (path, decode, 0, 4 * GST_SECOND, 4);

  for (gsize i = 0; i < (decode == L4_FILM_DECODE_ALL ? 4 : 2); i++) {
    g_autoptr (GArray) rest = film_read (path, decode, places[i], 4 * GST_SECOND, 4), expected = g_array_new (FALSE, FALSE, sizeof (Shown));

    for (guint j = 0; j < all->len; j++)
      if (g_array_index (all, Shown, j).time >= places[i])
        g_array_append_val (expected, g_array_index (all, Shown, j));
    assert_same (rest, expected);
  }
}

/* What is called a key frame is where a picture begins to be renewed, bit by bit. */
static void
test_key_frames_that_are_none (void)
{
  static const char *const names[] = { "renewed.mp4", "renewed.mkv", "renewed.ts", NULL };

  for (guint n = 0; names[n] != NULL; n++) {
    const char *path = film_make (names[n], NUMBERED ("6") X264 "-bf 0 -x264-params intra-refresh=1");
    g_autoptr (GArray) all = film_read_all (path), keys = film_read (path, L4_FILM_DECODE_KEYS, 0, 4 * GST_SECOND, 4);

    g_test_message ("%s", names[n]);
    assert_regular (all, 0, 150, 0);
    g_assert_cmpuint (keys->len, ==, 1);
    g_assert_cmpuint (count_auto (path, 4 * GST_SECOND, 4), ==, 150);
    assert_resumes (path, L4_FILM_DECODE_ALL);
  }
}

static void
test_beginning_anywhere (gconstpointer decode)
{
  for (guint n = 0; film_containers[n] != NULL; n++) {
    g_test_message ("%s", film_containers[n]);
    assert_resumes (film_contain (film_containers[n]), GPOINTER_TO_INT (decode));
  }
}

static void
test_beginning_anywhere_in_odd_films (void)
{
  film_contain ("c.mp4");
  film_contain ("c.ts");
  film_contain ("vp8.webm");
  for (L4FilmDecode decode = L4_FILM_DECODE_AUTO; decode <= L4_FILM_DECODE_ALL; decode++) {
    assert_resumes (film_make ("open.mp4", NUMBERED ("6") X264 "-x264-params open-gop=1:bframes=3"), decode);
    assert_resumes (film_make ("open.avi", NUMBERED ("6") X264 "-x264-params open-gop=1:bframes=3"), decode);
    assert_resumes (film_make ("edit.mp4", "-ss 1.3 -i c.mp4 -c copy"), decode);
    assert_resumes (film_copy ("fragments.mp4", "-movflags frag_keyframe+empty_moov"), decode);
    assert_resumes (film_copy ("early.ts", "-output_ts_offset 93600"), decode);
    assert_resumes (film_copy ("wrap.ts", "-output_ts_offset 95440.5"), decode);
    assert_resumes (film_join ("joined.ts", "early.ts", "c.ts"), decode);
    assert_resumes (film_make ("live.webm", "-i vp8.webm -c copy -live 1"), decode);
    for (guint n = 0; uneven[n] != NULL; n++)
      assert_resumes (film_make (uneven[n], UNEVEN), decode);
  }
}

static void
test_a_film_can_be_started_again (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Film) film = NULL;
  static const char *const names[] = { "c.mp4", "c.mkv", "c.ts", "c.avi", "c.gif", NULL };

  for (guint n = 0; names[n] != NULL; n++) {
    g_clear_pointer (&film, l4_film_close);
    film = l4_film_open (film_contain (names[n]), NULL, &error);
    g_assert_no_error (error);
    for (guint i = 0; i < 4; i++) {
      const guint64 from = i % 2 * 3 * GST_SECOND;
      GstSample *sample;

      g_assert_true (l4_film_start (film, L4_FILM_DECODE_ALL, from, 4 * GST_SECOND, 4, &error));
      sample = l4_film_next (film, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (GST_BUFFER_PTS (gst_sample_get_buffer (sample)), ==, from);
      gst_sample_unref (sample);
    }
  }
}

/* What is decoded, not what is there: that is the point of it. */
static void
test_only_what_is_shown_is_decoded (void)
{
  static const char *const names[] = { "c.mp4", "c.mkv", "c.ts", "c.avi", "vp8.webm", NULL };

  for (guint n = 0; names[n] != NULL; n++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Film) film = l4_film_open (film_contain (names[n]), NULL, &error);
    guint64 damaged, decoded;
    GstSample *sample;

    g_assert_true (l4_film_start (film, L4_FILM_DECODE_KEYS, 0, 4 * GST_SECOND, 4, &error));
    while ((sample = l4_film_next (film, &error)) != NULL)
      gst_sample_unref (sample);
    g_assert_no_error (error);
    l4_film_get_counts (film, &damaged, &decoded);
    g_assert_cmpuint (damaged, ==, 0);
    g_assert_cmpuint (decoded, ==, 6);
  }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  films_begin ();
  g_test_add_func ("/film/modes/keys-are-the-key-frames-at-their-times", test_keys_are_the_key_frames);
  g_test_add_func ("/film/modes/keys-have-the-times-that-ffprobe-tells", test_keys_have_ffprobes_times);
  g_test_add_func ("/film/modes/only-what-is-shown-is-decoded", test_only_what_is_shown_is_decoded);
  g_test_add_func ("/film/modes/auto-decides-group-by-group", test_auto_decides_group_by_group);
  g_test_add_func ("/film/modes/auto-goes-by-the-window", test_auto_goes_by_the_window);
  g_test_add_func ("/film/modes/auto-takes-ntsc-seconds-for-seconds", test_auto_takes_ntsc_seconds_for_seconds);
  g_test_add_func ("/film/modes/a-key-frame-that-is-hidden-takes-its-group-along", test_a_key_frame_that_is_hidden_takes_its_group_along);
  g_test_add_func ("/film/modes/key-frames-that-are-none-are-not-taken-for-any", test_key_frames_that_are_none);
  g_test_add_func ("/film/modes/keys-of-groups-that-lean-on-the-one-before", test_groups_that_lean_on_the_one_before);
  g_test_add_data_func ("/film/modes/beginning-anywhere-makes-no-difference-to-all", GINT_TO_POINTER (L4_FILM_DECODE_ALL),
      test_beginning_anywhere);
  g_test_add_data_func ("/film/modes/beginning-anywhere-makes-no-difference-to-keys", GINT_TO_POINTER (L4_FILM_DECODE_KEYS),
      test_beginning_anywhere);
  g_test_add_data_func ("/film/modes/beginning-anywhere-makes-no-difference-to-auto", GINT_TO_POINTER (L4_FILM_DECODE_AUTO),
      test_beginning_anywhere);
  g_test_add_func ("/film/modes/beginning-anywhere-makes-no-difference-to-odd-films", test_beginning_anywhere_in_odd_films);
  g_test_add_func ("/film/modes/a-film-can-be-started-again", test_a_film_can_be_started_again);
  status = g_test_run ();
  films_end ();
  return status;
}
