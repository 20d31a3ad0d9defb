/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures have the times that players show them at, whatever the container makes of them. */

#include "films.h"

#include <string.h>

static void
test_all_containers (void)
{
  for (guint i = 0; film_containers[i] != NULL; i++) {
    g_autoptr (GArray) shown = NULL;

    g_test_message ("%s", film_containers[i]);
    shown = film_read_all (film_contain (film_containers[i]));
    assert_regular (shown, 0, 150, 0);
  }
}

static void
test_groups_that_lean_on_the_one_before (void)
{
  static const char *const names[] = { "open.mp4", "open.mkv", "open.ts", "open.avi", NULL };

  for (guint i = 0; names[i] != NULL; i++) {
    g_autoptr (GArray) shown = NULL;

    g_test_message ("%s", names[i]);
    shown = film_read_all (film_make (names[i], NUMBERED ("6") X264 "-x264-params open-gop=1:bframes=3"));
    assert_regular (shown, 0, 150, 0);
  }
}

static void
test_an_edit_list_hides_the_beginning (void)
{
  g_autoptr (GArray) shown = NULL;

  film_contain ("c.mp4");
  shown = film_read_all (film_make ("edit.mp4", "-ss 1.3 -i c.mp4 -c copy"));
  assert_regular (shown, 33, 117, 0);
}

static void
test_sound_begins_before_the_first_picture (void)
{
  g_autoptr (GArray) in_mp4 = NULL, in_mkv = NULL, in_ts = NULL, a_moment = NULL;
  guint64 start;

  film_contain ("c.mp4");
  in_mp4 = film_read_all (film_make ("late.mp4", "-itsoffset 0.32 -i c.mp4 -f lavfi -i sine=d=6 -map 0 -map 1 -c:v copy -c:a aac"));
  assert_regular (in_mp4, 0, 150, 320 * GST_MSECOND);
  in_mkv = film_read_all (film_make ("late.mkv", "-itsoffset 2 -i c.mp4 -f lavfi -i sine=d=6 -map 0 -map 1 -c:v copy -c:a pcm_s16le"));
  assert_regular (in_mkv, 0, 150, 2 * GST_SECOND);
  in_ts = film_read_all (film_make ("late.ts", "-itsoffset 2 -i c.mp4 -f lavfi -i sine=d=6 -map 0 -map 1 -c:v copy -c:a mp2"));
  start = g_array_index (in_ts, Shown, 0).time;
  g_assert_cmpuint (start, >=, 2 * GST_SECOND);
  g_assert_cmpuint (start, <=, 2 * GST_SECOND + 30 * GST_MSECOND);      /* what the encoder of the sound puts before it */
  assert_regular (in_ts, 0, 150, start);
  a_moment = film_read_all (film_make ("moment.ts", "-itsoffset 0.1 -i c.mp4 -f lavfi -i sine=d=6 -map 0 -map 1 -c:v copy -c:a mp2"));
  assert_regular (a_moment, 0, 150, 0);
}

static void
test_transport_streams_begin_anywhere (void)
{
  static const char *const offsets[] = { "93600", "95440.5", "95443", "3", NULL };      /* 26 h; the counter turns within; before 0 */

  for (guint i = 0; offsets[i] != NULL; i++) {
    g_autofree char *name = g_strdup_printf ("at-%s.ts", offsets[i]), *options = g_strdup_printf ("-output_ts_offset %s", offsets[i]);
    g_autoptr (GArray) shown = NULL;

    g_test_message ("%s", name);
    shown = film_read_all (film_copy (name, options));
    assert_regular (shown, 0, 150, 0);
  }
}

static void
assert_twice (GArray *shown)
{
  g_assert_cmpuint (shown->len, ==, 300);
  for (guint i = 0; i < 300; i++) {
    g_assert_cmpuint (g_array_index (shown, Shown, i).time, ==, i * FRAME);
    g_assert_cmpuint (g_array_index (shown, Shown, i).number, ==, i % 150 % NUMBERS);
  }
}

static void
test_another_clock_within_a_stream (void)
{
  static const char *const seconds[] = { "c.ts", "early.ts", "late-clock.ts", NULL };

  film_contain ("c.ts");
  film_copy ("early.ts", "-output_ts_offset 93600");
  film_copy ("late-clock.ts", "-output_ts_offset 40000");
  for (guint i = 0; seconds[i] != NULL; i++)
    for (guint j = 0; seconds[j] != NULL; j++) {
      g_autoptr (GArray) shown = NULL;

      g_test_message ("%s after %s", seconds[j], seconds[i]);
      shown = film_read_all (film_join ("joined.ts", seconds[i], seconds[j]));
      assert_twice (shown);
    }
}

static void
test_a_stream_that_begins_within_a_group (void)
{
  g_autoptr (GArray) shown = NULL;
  guint first;

  film_contain ("c.ts");
  shown = film_read_all (film_cut ("middle.ts", "c.ts", 188 * 200, 100));
  first = g_array_index (shown, Shown, 0).number;
  g_assert_cmpuint (first % 25, ==, 0);
  g_assert_cmpuint (first, >, 0);
  assert_regular (shown, first, 150 - first, 0);
}

/* At an I picture behind which some come that are shown before it, and cannot be decoded without the group before. */
static void
test_a_stream_that_begins_with_a_group_that_leans (void)
{
  static const char *const names[] = { "open.ts", "open-mpeg2.ts", NULL };

  film_make ("open.ts", NUMBERED ("6") X264 "-x264-params open-gop=1:bframes=3:scenecut=0");
  film_make ("open-mpeg2.ts", NUMBERED ("6") "-c:v mpeg2video -q:v 2 -bf 2 -g 12");
  for (guint n = 0; names[n] != NULL; n++)
    for (guint part = 1; part < 6; part++) {
      g_autoptr (GArray) shown = NULL;
      g_autofree char *bytes = NULL;
      gsize length;
      guint first;

      g_assert_true (g_file_get_contents (film_path (names[n]), &bytes, &length, NULL));
      shown = film_read_all (film_cut ("cut-open.ts", names[n], length * part / 7 / 188 * 188, 100));
      first = 150 - shown->len;
      g_test_message ("%s from %u on", names[n], first);
      g_assert_cmpuint (first, >, 10);
      assert_regular (shown, first, 150 - first, 0);
    }
}

/* 0 to 1.96 s, 4.52 s to the end. */
static void
test_gaps_stay (void)
{
  static const char *const names[] = { "gap.mp4", "gap.mkv", "gap.ts", "gap.avi", "gap.flv", NULL };

  for (guint n = 0; names[n] != NULL; n++) {
    g_autoptr (GArray) shown = NULL;

    g_test_message ("%s", names[n]);
    shown = film_read_all (film_make (names[n], NUMBERED ("6") "-vf \"select='not(between(t,2,4.5))'\" -fps_mode passthrough " X264));
    g_assert_cmpuint (shown->len, ==, 50 + 37);
    for (guint i = 0; i < shown->len; i++) {
      const guint number = i < 50 ? i : i + 63;

      g_assert_cmpuint (g_array_index (shown, Shown, i).number, ==, number % NUMBERS);
      g_assert_cmpuint (g_array_index (shown, Shown, i).time, ==, number * FRAME);
    }
    g_assert_cmpuint (g_array_index (shown, Shown, 49).duration, ==, 64 * FRAME);
  }
}

/* Pictures 0, 1, 4, 9, 16 … of 25 a second. */
static void
test_frame_rates_vary (void)
{
  static const char *const names[] = { "vary.mp4", "vary.mkv", "vary.ts", "vary.webm", NULL };

  for (guint n = 0; names[n] != NULL; n++) {
    g_autoptr (GArray) shown = NULL;

    g_test_message ("%s", names[n]);
    shown = film_read_all (film_make (names[n], g_str_has_suffix (names[n], "webm")
            ? NUMBERED ("6") "-vf \"select='eq(floor(sqrt(n))*floor(sqrt(n)),n)'\" -fps_mode passthrough -c:v libvpx -b:v 2M -deadline realtime"
            : NUMBERED ("6") "-vf \"select='eq(floor(sqrt(n))*floor(sqrt(n)),n)'\" -fps_mode passthrough " X264));
    g_assert_cmpuint (shown->len, ==, 13);
    for (guint i = 0; i < shown->len; i++) {
      g_assert_cmpuint (g_array_index (shown, Shown, i).number, ==, i * i % NUMBERS);
      g_assert_cmpuint (g_array_index (shown, Shown, i).time, ==, i * i * FRAME);
      if (i + 1 < shown->len)
        g_assert_cmpuint (g_array_index (shown, Shown, i).duration, ==, (2 * i + 1) * FRAME);
    }
  }
}

static void
test_live_webm_without_length_or_index (void)
{
  g_autoptr (GArray) at_zero = film_read_all (film_make ("live.webm",
          NUMBERED ("6") "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 2M -g 25 -live 1"));
  g_autoptr (GArray) at_three_hours = film_read_all (film_make ("three.webm", "-i live.webm -c copy -live 1 -output_ts_offset 10800"));
  g_autoptr (GArray) cut = film_read_all (film_cut ("cut.webm", "three.webm", 0, 50));

  assert_regular (at_zero, 0, 150, 0);
  assert_regular (at_three_hours, 0, 150, 0);
  g_assert_cmpuint (cut->len, >, 25);
  assert_regular (cut, 0, cut->len, 0);
}

static void
test_fragments_and_broken_ends (void)
{
  g_autoptr (GArray) whole = film_read_all (film_copy ("fragments.mp4", "-movflags frag_keyframe+empty_moov"));
  g_autoptr (GArray) late = film_read_all (film_copy ("dash.mp4", "-movflags frag_keyframe+empty_moov -output_ts_offset 36000"));
  g_autoptr (GArray) cut = film_read_all (film_cut ("cut.mp4", "fragments.mp4", 0, 50));
  g_autoptr (GArray) index_first = NULL;

  assert_regular (whole, 0, 150, 0);
  assert_regular (late, 0, 150, 0);
  g_assert_cmpuint (cut->len, >, 25);
  film_copy ("faststart.mp4", "-movflags faststart");
  index_first = film_read_all (film_cut ("half.mp4", "faststart.mp4", 0, 50));
  g_assert_cmpuint (index_first->len, >, 25);
  for (guint i = 0; i + 4 < index_first->len; i++)      /* of the last ones some are missing */
    g_assert_cmpuint (g_array_index (index_first, Shown, i).time, ==, i * FRAME);
}

static void
test_few_pictures_and_slow_ones (void)
{
  g_autoptr (GArray) one = film_read_all (film_make ("one.mp4", NUMBERED ("0.04") X264));
  g_autoptr (GArray) slow = film_read_all (film_make ("slow.mp4", "-f lavfi -i testsrc2=s=64x48:r=1/10:d=40 " X264));

  assert_regular (one, 0, 1, 0);
  g_assert_cmpuint (slow->len, ==, 4);
  for (guint i = 0; i < 4; i++) {
    g_assert_cmpuint (g_array_index (slow, Shown, i).time, ==, i * 10 * GST_SECOND);
    g_assert_cmpuint (g_array_index (slow, Shown, i).duration, ==, 10 * GST_SECOND);
  }
}

/* A bit here and there, or whole stretches: time goes on, and never back. */
static void
test_damage_is_passed_over (void)
{
  static const char *const names[] = { "c.mp4", "c.mkv", "c.ts", "c.avi", "c.flv", "c.mpg", "vp8.webm", NULL };

  for (guint n = 0; names[n] != NULL; n++) {
    g_autofree char *bytes = NULL, *name = g_strconcat ("damaged-", names[n], NULL);
    g_autoptr (GRand) random = g_rand_new_with_seed (n);
    g_autoptr (GArray) shown = NULL;
    gsize length;

    g_assert_true (g_file_get_contents (film_contain (names[n]), &bytes, &length, NULL));
    for (guint i = 0; i < 20; i++)
      bytes[g_rand_int_range (random, length / 4, length - length / 8)] ^= 1 << g_rand_int_range (random, 0, 8);
    shown = film_read_all (film_write (name, bytes, length));
    g_test_message ("%s: %u pictures", name, shown->len);
    g_assert_cmpuint (shown->len, >, 75);
    for (guint i = 1; i < shown->len; i++)
      g_assert_cmpuint (g_array_index (shown, Shown, i).time, >, g_array_index (shown, Shown, i - 1).time);
  }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  films_begin ();
  g_test_add_func ("/film/times/every-container-counts-from-the-first-picture", test_all_containers);
  g_test_add_func ("/film/times/groups-that-lean-on-the-one-before", test_groups_that_lean_on_the_one_before);
  g_test_add_func ("/film/times/an-edit-list-hides-the-beginning", test_an_edit_list_hides_the_beginning);
  g_test_add_func ("/film/times/sound-that-begins-before-the-first-picture-counts", test_sound_begins_before_the_first_picture);
  g_test_add_func ("/film/times/transport-streams-begin-anywhere-and-wrap", test_transport_streams_begin_anywhere);
  g_test_add_func ("/film/times/another-clock-within-a-stream-goes-on", test_another_clock_within_a_stream);
  g_test_add_func ("/film/times/a-stream-that-begins-within-a-group-begins-at-its-first-picture", test_a_stream_that_begins_within_a_group);
  g_test_add_func ("/film/times/a-stream-that-begins-with-a-group-that-leans-begins-at-its-key-frame",
      test_a_stream_that_begins_with_a_group_that_leans);
  g_test_add_func ("/film/times/gaps-stay", test_gaps_stay);
  g_test_add_func ("/film/times/frame-rates-vary", test_frame_rates_vary);
  g_test_add_func ("/film/times/live-webm-needs-neither-length-nor-index", test_live_webm_without_length_or_index);
  g_test_add_func ("/film/times/fragments-and-broken-ends", test_fragments_and_broken_ends);
  g_test_add_func ("/film/times/few-pictures-and-slow-ones-last-as-long-as-they-do", test_few_pictures_and_slow_ones);
  g_test_add_func ("/film/times/damage-is-passed-over", test_damage_is_passed_over);
  status = g_test_run ();
  films_end ();
  return status;
}
