/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hard cuts: how many are found and how many found are none, in films of which the thresholds have seen none; windows that begin there. */

#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "moments/cuts.h"
#include "moments/likeness.h"
#include "quarters.h"
#include "scenes.h"

/* Finding ----------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  guint found, missed, wrong;
} Score;

/* Every step-th frame of a film passes; what is found must be the first frame of a shot. */
static Score
find_cuts (Film * film, guint step)
{
  g_autoptr (GstLlama4Glancer) glancer = gst_llama4_glancer_new ();
  g_autoptr (GstLlama4Cuts) cuts = gst_llama4_cuts_new ();
  guint n = film_n_frames (film);
  g_autofree gboolean *found = g_new0 (gboolean, n);
  Score score = { 0 };
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, FILM_WIDTH, FILM_HEIGHT);
  for (guint i = 0; i < n; i += step) {
    g_autoptr (GstBuffer) buffer = film_draw (film, i);
    GstLlama4Glance glance;
    GstVideoFrame frame;
    GstClockTime cut;

    g_assert_true (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
    g_assert_true (gst_llama4_glancer_look (glancer, &info, &frame, GST_BUFFER_PTS (buffer), &glance));
    gst_video_frame_unmap (&frame);
    gst_llama4_cuts_push (cuts, &glance, 0);
    cut = gst_llama4_cuts_pop (cuts);
    if (GST_CLOCK_TIME_IS_VALID (cut))
      found[gst_util_uint64_scale_round (cut, FILM_FPS, GST_SECOND)] = TRUE;
  }
  for (guint i = step; i < n; i += step) {
    FilmChange change = film_change (film, i - step, i);

    score.found += change == FILM_CUT && found[i];
    score.missed += change == FILM_CUT && !found[i];
    score.wrong += found[i] && (change == FILM_SAME || (change == FILM_UNCLEAR && step == 1));
  }
  return score;
}

/* 0.95 of what is there is found, and 0.95 of what is found is there. */
static void
check_films (guint32 seed, guint n_cuts, guint shortest, guint longest, double speed, guint step)
{
  g_autoptr (Film) film = film_new (seed, n_cuts, shortest, longest, speed);
  Score score = find_cuts (film, step);
  double precision = (double) score.found / (score.found + score.wrong), recall = (double) score.found / (score.found + score.missed);

  g_test_message ("%u frames, each %u. passes: %u cuts found, %u missed, %u wrong: precision %.3f, recall %.3f", film_n_frames (film),
      step, score.found, score.missed, score.wrong, precision, recall);
  g_assert_cmpuint (score.found + score.missed, >=, n_cuts * 9 / 10);   /* of two between the same frames one is to be found */
  g_assert_cmpfloat (precision, >=, 0.95);
  g_assert_cmpfloat (recall, >=, 0.95);
}

static void
test_cuts_are_found_among_flashes_fades_and_motion (void)
{
  check_films (4001, 200, 15, 40, 0.5, 1);
}

static void
test_cuts_are_found_between_key_frames (void)
{
  check_films (5002, 200, 60, 250, 0.15, 2 * FILM_FPS);
}

static void
test_cuts_are_found_at_five_frames_a_second (void)
{
  check_films (4003, 60, 50, 100, 0.3, 5);
}

/* Grey of one shade, and a texture, in turn. */
static void
fill (GstLlama4Glance * glance, GstClockTime time, guint shade, guint32 seed)
{
  GRand *random = g_rand_new_with_seed (seed);

  glance->time = time;
  memset (glance->u, 128, sizeof glance->u);
  memset (glance->v, 128, sizeof glance->v);
  for (guint i = 0; i < sizeof glance->y; i++)
    (&glance->y[0][0])[i] = seed == 0 ? shade : MIN (255, shade + g_rand_int_range (random, 0, 60));
  g_rand_free (random);
}

static void
test_a_lamp_switched_on_and_frames_shown_twice_are_no_cuts (void)
{
  g_autoptr (GstLlama4Cuts) cuts = gst_llama4_cuts_new ();
  GstLlama4Glance glance;

  for (guint i = 0; i < 50; i++) {
    fill (&glance, i * GST_SECOND / 25, i < 20 ? 40 : 110, 7);
    gst_llama4_cuts_push (cuts, &glance, 0);
    g_assert_false (GST_CLOCK_TIME_IS_VALID (gst_llama4_cuts_pop (cuts)));
  }
  for (guint i = 50; i < 90; i++) {
    fill (&glance, i * GST_SECOND / 25, 20 + 8 * (i / 2 - 25), 0);
    gst_llama4_cuts_push (cuts, &glance, 0);
    g_assert_false (i > 52 && GST_CLOCK_TIME_IS_VALID (gst_llama4_cuts_pop (cuts)));
    gst_llama4_cuts_pop (cuts);
  }
}

static void
test_a_frame_that_may_be_a_cut_is_pending_until_it_is_known (void)
{
  g_autoptr (GstLlama4Cuts) cuts = gst_llama4_cuts_new ();
  GstLlama4Glance glance;

  for (guint i = 0; i < 20; i++) {
    fill (&glance, i * GST_SECOND / 25, i < 10 ? 40 : 150, i < 10 ? 1 : 2);
    gst_llama4_cuts_push (cuts, &glance, 0);
    g_assert_cmpuint (gst_llama4_cuts_pending (cuts), ==, i == 10 || i == 11 ? 10 * GST_SECOND / 25 : GST_CLOCK_TIME_NONE);
    g_assert_cmpuint (gst_llama4_cuts_pop (cuts), ==, i == 12 ? 10 * GST_SECOND / 25 : GST_CLOCK_TIME_NONE);
  }
}

/* Snow and the noise of a dark camera: no two frames are alike, whatever lies between them; the picture that follows is another shot. */
static void
test_noise_has_no_cuts_but_where_it_ends (void)
{
  static const guint spreads[] = { 8, 40, 200 }, intervals[] = { 40, 200, 1000, 2000 };

  for (guint n = 0; n < G_N_ELEMENTS (spreads) * G_N_ELEMENTS (intervals); n++) {
    g_autoptr (GstLlama4Cuts) cuts = gst_llama4_cuts_new ();
    GstClockTime interval = intervals[n / G_N_ELEMENTS (spreads)] * GST_MSECOND, found = GST_CLOCK_TIME_NONE;
    guint spread = spreads[n % G_N_ELEMENTS (spreads)];
    GRand *random = g_rand_new_with_seed (n);
    GstLlama4Glance glance;

    for (guint i = 0; i < 40; i++) {
      fill (&glance, i * interval, 100, 0);
      for (guint c = 0; i < 30 && c < sizeof glance.y; c++)
        (&glance.y[0][0])[c] = 20 + g_rand_int_range (random, 0, spread);
      gst_llama4_cuts_push (cuts, &glance, 0);
      found = gst_llama4_cuts_pop (cuts);
      if (GST_CLOCK_TIME_IS_VALID (found))
        g_assert_cmpuint (found, ==, 30 * interval);
      if (GST_CLOCK_TIME_IS_VALID (found))
        break;
    }
    g_test_message ("noise of %u, frames each %u ms", spread, intervals[n / G_N_ELEMENTS (spreads)]);
    g_assert_cmpuint (found, ==, 30 * interval);
    g_rand_free (random);
  }
}

static void
test_a_frame_that_no_other_follows_is_known_when_time_has_passed (void)
{
  g_autoptr (GstLlama4Cuts) cuts = gst_llama4_cuts_new ();
  GstLlama4Glance glance;

  for (guint i = 0; i <= 10; i++) {
    fill (&glance, i * GST_SECOND / 25, i < 10 ? 40 : 150, i < 10 ? 1 : 2);
    gst_llama4_cuts_push (cuts, &glance, 0);
  }
  gst_llama4_cuts_pass (cuts, 11 * GST_SECOND / 25);
  g_assert_cmpuint (gst_llama4_cuts_pending (cuts), ==, 10 * GST_SECOND / 25);
  gst_llama4_cuts_pass (cuts, GST_SECOND);
  g_assert_cmpuint (gst_llama4_cuts_pending (cuts), ==, GST_CLOCK_TIME_NONE);
  g_assert_cmpuint (gst_llama4_cuts_pop (cuts), ==, 10 * GST_SECOND / 25);
}

/* Windows ------------------------------------------------------------------------------------------------------------------------ */

#define FILM_CAPS "video/x-raw,format=I420,width=" G_STRINGIFY (FILM_WIDTH) ",height=" G_STRINGIFY (FILM_HEIGHT) ",framerate=25/1"

/* The records of the film's frames from the one at `first` on, of which each step-th passes, up to the text. (transfer full) */
static GPtrArray *
describe (Film * film, guint first, guint step, GstClockTime from)
{
  GPtrArray *records = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) pieces = NULL;
  Fixture self;

  set_up (&self, JSON | NO_CAPS, "{\"text\":\"x\"}", "cuts", "true");
  g_object_set (self.element, "from", from, "window", 2 * GST_SECOND, NULL);
  gst_element_set_state (self.element, GST_STATE_READY);
  gst_element_set_state (self.element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (self.video, FILM_CAPS);
  for (guint i = first; i < film_n_frames (film); i += step)
    g_assert_cmpint (gst_harness_push (self.video, film_draw (film, i)), ==, GST_FLOW_OK);
  push_eos (&self);
  pieces = collect (self.json);
  for (guint i = 0; i < pieces->len; i++) {
    char *record = g_array_index (pieces, Piece, i).text;

    if (record != NULL)
      g_ptr_array_add (records, g_strndup (record, strstr (record, ",\"text\"") - record));
  }
  tear_down (&self);
  return records;
}

static void
parse (const char *record, GstClockTime * start, GstClockTime * end)
{
  g_assert_cmpint (sscanf (record, "{\"start\":%" G_GUINT64_FORMAT ",\"end\":%" G_GUINT64_FORMAT, start, end), ==, 2);
}

static void
test_windows_begin_at_cuts_and_show_one_shot_each (void)
{
  g_autoptr (Film) film = film_new (31, 12, 20, 90, 0.2);
  g_autoptr (GPtrArray) records = describe (film, 0, 1, GST_CLOCK_TIME_NONE);
  GstClockTime at = 0;
  guint n_cuts = 0, n_began = 0;

  for (guint i = 0; i < records->len; i++) {
    GstClockTime start, end;
    const char *next;

    g_test_message ("%s", (char *) records->pdata[i]);
    parse (records->pdata[i], &start, &end);
    g_assert_cmpuint (start, ==, at);   /* nothing is left out */
    at = end;
    for (next = strchr (records->pdata[i], '['); *next != ']';) {
      guint64 time = g_ascii_strtoull (next + 1, (char **) &next, 10);

      g_assert_cmpuint (time, >=, start);
      g_assert_cmpuint (time, <, end);
    }
    for (guint n = start * FILM_FPS / GST_SECOND + 1; n * GST_SECOND / FILM_FPS < end; n++)
      g_assert_cmpint (film_change (film, n - 1, n), !=, FILM_CUT);
  }
  g_assert_cmpuint (at, ==, film_n_frames (film) * GST_SECOND / FILM_FPS);
  for (guint n = 1; n < film_n_frames (film); n++)
    for (guint i = 0; film_change (film, n - 1, n) == FILM_CUT && i < records->len; i++) {
      GstClockTime start, end;

      parse (records->pdata[i], &start, &end);
      n_cuts += i == 0;
      n_began += start == n * GST_SECOND / FILM_FPS;
    }
  g_assert_cmpuint (n_cuts, ==, 12);
  g_assert_cmpuint (n_began, ==, n_cuts);
}

/* The stream goes silent right after a cut: what was before it is said without waiting for the next frame. */
static void
test_a_gap_behind_a_cut_holds_no_window_open (void)
{
  g_autoptr (Film) film = film_new (33, 2, 30, 30, 0);
  Fixture self;

  set_up (&self, TEXT | NO_CAPS, "{\"text\":\"x\"}", "cuts", "true");
  gst_harness_set_src_caps_str (self.video, FILM_CAPS);
  for (guint i = 0; i <= 30; i++)
    g_assert_cmpint (gst_harness_push (self.video, film_draw (film, i)), ==, GST_FLOW_OK);
  g_assert_cmpint (film_change (film, 29, 30), ==, FILM_CUT);
  g_assert_true (gst_harness_push_event (self.video, gst_event_new_gap (31 * GST_SECOND / FILM_FPS, 3 * GST_SECOND)));
  wait_until_covered (self.text, 30 * GST_SECOND / FILM_FPS);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  tear_down (&self);
}

/* As cameras and streams do that change their resolution: the scene stays. */
static void
test_another_size_of_the_picture_is_no_cut (void)
{
  static const char *const caps[] = { "I420,width=192,height=108", "NV12,width=640,height=360", "RGB,width=320,height=180",
    "I420,width=192,height=108"
  };
  g_autoptr (Film) film = film_new (34, 1, 100, 100, 0.1);
  g_autoptr (GArray) pieces = NULL;
  GstVideoInfo from;
  Fixture self;

  gst_video_info_set_format (&from, GST_VIDEO_FORMAT_I420, FILM_WIDTH, FILM_HEIGHT);
  from.fps_n = FILM_FPS;
  set_up (&self, JSON | NO_CAPS, "{\"text\":\"x\"}", "cuts", "true");
  for (guint i = 0; i < 100; i++) {
    g_autofree char *text = g_strdup_printf ("video/x-raw,framerate=25/1,format=%s", caps[i / 25]);
    g_autoptr (GstCaps) to_caps = gst_caps_from_string (text);
    g_autoptr (GstBuffer) buffer = film_draw (film, i);
    GstBuffer *converted;
    GstVideoInfo to;

    if (i % 25 == 0)
      gst_harness_set_src_caps (self.video, gst_caps_ref (to_caps));
    g_assert_true (gst_video_info_from_caps (&to, to_caps));
    converted = quarters_convert (&from, buffer, &to);
    gst_buffer_copy_into (converted, buffer, GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
    g_assert_cmpint (gst_harness_push (self.video, converted), ==, GST_FLOW_OK);
  }
  push_eos (&self);
  pieces = collect (self.json);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  tear_down (&self);
}

/* Whoever begins at the end of a window, with the frame before it at hand, gets the windows that an uninterrupted run has from there. */
static void
check_resuming (guint step)
{
  g_autoptr (Film) film = film_new (32, 5, 30, step > 1 ? 200 : 60, 0.2);
  g_autoptr (GPtrArray) whole = describe (film, 0, step, GST_CLOCK_TIME_NONE);

  g_assert_cmpuint (whole->len, >=, 8);
  for (guint i = 0; i + 1 < whole->len; i += 2) {
    g_autoptr (GPtrArray) rest = NULL;
    GstClockTime start, end;
    guint first;

    parse (whole->pdata[i], &start, &end);
    first = gst_util_uint64_scale (end, FILM_FPS, GST_SECOND * step) * step;
    rest = describe (film, first > step ? first - step : 0, step, end);
    g_assert_cmpuint (rest->len, ==, whole->len - i - 1);
    for (guint r = 0; r < rest->len; r++)
      g_assert_cmpstr (rest->pdata[r], ==, whole->pdata[i + 1 + r]);
  }
}

static void
test_a_resumed_run_has_the_windows_of_an_uninterrupted_one (void)
{
  check_resuming (1);
}

static void
test_a_resumed_run_of_key_frames_has_the_same_windows (void)
{
  check_resuming (27);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"cuts-are-found-among-flashes-fades-and-motion", test_cuts_are_found_among_flashes_fades_and_motion},
    {"cuts-are-found-between-key-frames", test_cuts_are_found_between_key_frames},
    {"cuts-are-found-at-five-frames-a-second", test_cuts_are_found_at_five_frames_a_second},
    {"a-lamp-switched-on-and-frames-shown-twice-are-no-cuts", test_a_lamp_switched_on_and_frames_shown_twice_are_no_cuts},
    {"a-frame-that-may-be-a-cut-is-pending-until-it-is-known", test_a_frame_that_may_be_a_cut_is_pending_until_it_is_known},
    {"noise-has-no-cuts-but-where-it-ends", test_noise_has_no_cuts_but_where_it_ends},
    {"a-frame-that-no-other-follows-is-known-when-time-has-passed", test_a_frame_that_no_other_follows_is_known_when_time_has_passed},
    {"windows-begin-at-cuts-and-show-one-shot-each", test_windows_begin_at_cuts_and_show_one_shot_each},
    {"a-gap-behind-a-cut-holds-no-window-open", test_a_gap_behind_a_cut_holds_no_window_open},
    {"another-size-of-the-picture-is-no-cut", test_another_size_of_the_picture_is_no_cut},
    {"a-resumed-run-has-the-windows-of-an-uninterrupted-one", test_a_resumed_run_has_the_windows_of_an_uninterrupted_one},
    {"a-resumed-run-of-key-frames-has-the-same-windows", test_a_resumed_run_of_key_frames_has_the_same_windows},
  };

  return run_tests (argc, argv, "cuts", tests, G_N_ELEMENTS (tests));
}
