/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Segments, gaps and time stamps that are odd: what they mean for descriptions and their times. */

#include "fixture.h"

static void
assert_text (GArray * pieces, guint n, GstClockTime start, GstClockTime end)
{
  const Piece *piece = nth_text (pieces, n);

  g_assert_nonnull (piece);
  g_assert_cmpuint (piece->start, ==, start);
  g_assert_cmpuint (piece->end, ==, end);
}

/* A frame of which only this is known; nobody looks at what comes out. */
static void
push_bare (Fixture * self, GstClockTime pts, GstClockTime duration)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, FRAME_BYTES, NULL);

  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = duration;
  g_assert_cmpint (gst_harness_push (self->video, buffer), ==, GST_FLOW_OK);
}

static void
test_a_segment_that_only_gets_longer_goes_on (void)
{
  g_autoptr (GArray) pieces = NULL;
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, "window", "1000000000");
  push_segment (&self, 1, 0, 1500 * GST_MSECOND, 0, 0);
  push_until (&self, 0, 1500 * GST_MSECOND);
  push_segment (&self, 1, 0, 10 * GST_SECOND, 0, 0);
  push_until (&self, 1500 * GST_MSECOND, 3 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  for (guint i = 0; i < 3; i++)
    assert_text (pieces, i, i * GST_SECOND, (i + 1) * GST_SECOND);
  tear_down (&self);
}

/* As demuxers do that learn late where the first frame is. */
static void
test_a_start_put_right_by_a_little_tears_no_window (void)
{
  g_autoptr (GArray) pieces = NULL;
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, "window", "1000000000");
  push_segment (&self, 1, 3 * GST_MSECOND, GST_CLOCK_TIME_NONE, 0, 0);
  g_assert_cmpint (push (&self, 3 * GST_MSECOND), ==, GST_FLOW_OK);
  gst_buffer_unref (gst_harness_pull (self.video));
  push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, 0);
  push_until (&self, FRAME, 2 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  assert_text (pieces, 0, 0, GST_SECOND);
  assert_text (pieces, 1, GST_SECOND, 2 * GST_SECOND);
  tear_down (&self);
}

static void
test_without_a_time_of_the_stream_time_stamps_serve (void)
{
  g_autoptr (GArray) pieces = NULL;
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, "window", "1000000000");
  push_segment (&self, 1, 5 * GST_SECOND, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, 0);
  push_until (&self, 5 * GST_SECOND, 6 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  assert_text (pieces, 0, 5 * GST_SECOND, 6 * GST_SECOND);
  tear_down (&self);
}

static void
test_a_gap_behind_the_segment_ends_with_it (void)
{
  g_autoptr (GArray) pieces = NULL;
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, "window", "1000000000");
  push_segment (&self, 1, 0, 5 * GST_SECOND, 0, 0);
  push_until (&self, 0, 9 * FRAME);
  g_assert_true (gst_harness_push_event (self.video, gst_event_new_gap (9 * FRAME, 20 * GST_SECOND)));
  push_eos (&self);
  pieces = collect (self.text);
  assert_text (pieces, 0, 0, GST_SECOND);
  assert_covers (pieces, 0, 5 * GST_SECOND);
  tear_down (&self);
}

static void
test_the_end_of_a_segment_waits_for_the_last_description (void)
{
  Fixture self;

  set_up (&self, 0, "{\"text\":\"Slow.\",\"delay_ms\":300}", NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_segment_done (GST_FORMAT_TIME, GST_SECOND));
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  tear_down (&self);
}

/* Video must not be held up by a muxer that waits for text; what is said late about the time before is shown at once. */
static void
test_in_skip_mode_a_segment_does_not_wait_for_the_one_before (void)
{
  g_autoptr (GArray) pieces = NULL;
  Fixture self;

  set_up (&self, TEXT, "{\"text\":\"Slow.\",\"forecast_ms\":300," UNTIL_RELEASED "}", "on-busy", "skip");
  wait_for_model (&self);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  wait_for_forecast (&self, 300);
  push_until (&self, 4 * GST_SECOND + FRAME, 5 * GST_SECOND);
  push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 3600 * GST_SECOND, 5 * GST_SECOND);
  push_until (&self, 0, 2 * GST_SECOND);
  wait_until_covered (self.text, 3601 * GST_SECOND);
  release_answers (&self);
  push_eos (&self);
  pieces = collect (self.text);
  g_assert_cmpuint (nth_text (pieces, 0)->start, >=, 3601 * GST_SECOND);
  g_assert_cmpuint (nth_text (pieces, 0)->end - nth_text (pieces, 0)->start, ==, 4 * GST_SECOND);
  tear_down (&self);
}

/* The window lies where it would without the seek, and is told from where the segment begins. */
static void
test_a_window_that_begins_before_the_segment_is_told_within_it (void)
{
  g_autoptr (GArray) pieces = NULL;
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, "from", "0");
  push_flush (&self);
  push_segment (&self, 1, 10 * GST_SECOND, GST_CLOCK_TIME_NONE, 10 * GST_SECOND, 0);
  push_until (&self, 10 * GST_SECOND, 14 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  assert_text (pieces, 0, 10 * GST_SECOND, 12 * GST_SECOND);
  tear_down (&self);
}

/* The end of the first comes to the text when it has been said, which is later. */
static void
test_in_skip_mode_the_end_of_a_stream_is_not_that_of_the_next (void)
{
  g_autoptr (GArray) pieces = NULL;
  gboolean said = FALSE;
  Fixture self;

  set_up (&self, TEXT, "{\"text\":\"Slow.\",\"forecast_ms\":300," UNTIL_RELEASED "}\n{\"text\":\"Second.\"}", "on-busy", "skip");
  wait_for_model (&self);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  wait_for_forecast (&self, 300);
  push_eos (&self);
  gst_harness_push_event (self.video, gst_event_new_stream_start ("second"));
  gst_harness_set_src_caps_str (self.video, CAPS);
  push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, 5 * GST_SECOND);
  push_until (&self, 0, 2 * GST_SECOND);
  release_answers (&self);
  wait_for_stat (&self, "described", 2);
  push_until (&self, 2 * GST_SECOND, 9 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  for (guint i = 0; nth_text (pieces, i) != NULL; i++)
    said |= g_str_equal (nth_text (pieces, i)->text, "Second.");
  g_assert_true (said);
  tear_down (&self);
}

static void
test_times_that_go_far_back_begin_anew (void)
{
  Fixture self;

  set_up (&self, 0, TWO_ANSWERS, "window", "1000000000");
  push_until (&self, 3600 * GST_SECOND, 3602 * GST_SECOND);
  push_until (&self, 0, 4 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 6);
  tear_down (&self);
}

/* A file that is played again and again within one segment. */
static void
test_every_round_of_a_loop_is_described (void)
{
  Fixture self;

  set_up (&self, 0, TWO_ANSWERS, "window", "1000000000");
  for (guint round = 0; round < 5; round++)
    push_until (&self, 0, 3 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 15);
  tear_down (&self);
}

static void
test_a_step_back_before_the_end_takes_no_time_away (void)
{
  g_autoptr (GArray) pieces = NULL;
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, 7 * GST_SECOND);
  push_until (&self, 65 * FRAME, 66 * FRAME);
  push_eos (&self);
  pieces = collect (self.text);
  assert_text (pieces, 1, 4 * GST_SECOND, 7 * GST_SECOND);
  tear_down (&self);
}

static void
test_times_and_durations_below_zero_do_no_harm (void)
{
  const GstClockTime durations[] = { 0, 1, G_MAXINT64, (GstClockTime) - 3 };
  const GstClockTime times[] = { (GstClockTime) - 33000000, (GstClockTime) - 3, G_MAXINT64, (GstClockTime) 1 << 63 };

  for (guint i = 0; i < G_N_ELEMENTS (durations) * G_N_ELEMENTS (times); i++) {
    Fixture self;

    set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
    for (guint n = 0; n < 3; n++)
      push_bare (&self, n == 0 ? 0 : times[i % G_N_ELEMENTS (times)] + n, durations[i / G_N_ELEMENTS (times)]);
    push_eos (&self);
    g_assert_cmpuint (get_stat (&self, "described"), >=, 1);
    tear_down (&self);
  }
}

static void
test_a_still_picture_fills_its_window (void)
{
  g_autoptr (GArray) pieces = NULL;
  Fixture self;

  set_up (&self, TEXT | NO_CAPS, TWO_ANSWERS, NULL, NULL);
  gst_harness_set_src_caps_str (self.video, "video/x-raw,format=RGB,width=32,height=24,framerate=0/1");
  push_bare (&self, 0, GST_CLOCK_TIME_NONE);
  push_eos (&self);
  pieces = collect (self.text);
  assert_text (pieces, 0, 0, 4 * GST_SECOND);
  tear_down (&self);
}

static void
test_two_frames_of_one_time_are_no_still_picture (void)
{
  g_autoptr (GArray) pieces = NULL;
  Fixture self;

  set_up (&self, TEXT | NO_CAPS, TWO_ANSWERS, NULL, NULL);
  gst_harness_set_src_caps_str (self.video, "video/x-raw,format=RGB,width=32,height=24,framerate=0/1");
  for (guint i = 0; i < 12; i++)
    push_bare (&self, MIN (i, 10) * FRAME, GST_CLOCK_TIME_NONE);
  push_eos (&self);
  pieces = collect (self.text);
  assert_text (pieces, 0, 0, 11 * FRAME);
  tear_down (&self);
}

static void
test_a_pause_at_an_unknown_frame_rate_is_no_step_back (void)
{
  g_autoptr (GArray) pieces = NULL;
  Fixture self;

  set_up (&self, TEXT | NO_CAPS, TWO_ANSWERS, NULL, NULL);
  gst_harness_set_src_caps_str (self.video, "video/x-raw,format=RGB,width=32,height=24,framerate=0/1");
  for (guint i = 0; i < 80; i++)
    if (i <= 10 || i >= 60)
      push_bare (&self, i * FRAME, GST_CLOCK_TIME_NONE);
  push_eos (&self);
  pieces = collect (self.text);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 2);
  assert_text (pieces, 0, 0, 4 * GST_SECOND);
  assert_text (pieces, 1, 4 * GST_SECOND, 8 * GST_SECOND);
  assert_covers (pieces, 0, 8 * GST_SECOND);
  tear_down (&self);
}

/* One claims an hour; then all claim three seconds, by the caps. */
static void
test_frames_that_come_sooner_than_claimed_are_no_step_back (void)
{
  for (guint by_caps = 0; by_caps < 2; by_caps++) {
    g_autoptr (GArray) pieces = NULL;
    Fixture self;

    set_up (&self, TEXT | NO_CAPS, TWO_ANSWERS, NULL, NULL);
    gst_harness_set_src_caps_str (self.video, by_caps ? "video/x-raw,format=RGB,width=32,height=24,framerate=1/3" : CAPS);
    for (guint i = 0; i < 80; i++)
      push_bare (&self, i * FRAME, i == 0 && !by_caps ? 3600 * GST_SECOND : GST_CLOCK_TIME_NONE);
    push_eos (&self);
    pieces = collect (self.text);
    g_assert_cmpuint (get_stat (&self, "described"), ==, 2);
    assert_text (pieces, 1, 4 * GST_SECOND, 8 * GST_SECOND);
    assert_covers (pieces, 0, by_caps ? 79 * FRAME + 3 * GST_SECOND : 8 * GST_SECOND);  /* the last is believed */
    tear_down (&self);
  }
}

static void
test_interlaced_video_is_described (void)
{
  static const char *const modes[] = { "progressive", "interleaved", "mixed" };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++) {
    g_autofree char *caps = g_strconcat (CAPS ",interlace-mode=", modes[i], NULL);
    Fixture self;

    set_up (&self, NO_CAPS, TWO_ANSWERS, NULL, NULL);
    gst_harness_set_src_caps_str (self.video, caps);
    push_until (&self, 0, 5 * GST_SECOND);
    push_eos (&self);
    g_assert_cmpuint (get_stat (&self, "described"), ==, 2);
    tear_down (&self);
  }
}

/* A step of a nanosecond would open windows without end. */
static void
test_windows_set_while_playing_wait_and_must_not_pile_up (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstMessage) message = NULL;
  Fixture self;

  set_up (&self, 0, TWO_ANSWERS, NULL, NULL);
  g_object_set (self.element, "overlap", 4 * GST_SECOND - 1, NULL);
  push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, 0);
  push_until (&self, 0, 8 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 2);
  gst_element_set_state (self.element, GST_STATE_READY);
  g_assert_cmpint (gst_element_set_state (self.element, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (self.bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  g_assert_true (g_error_matches (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS));
  tear_down (&self);
}

/* Five seconds of video that upstream has made so many times as fast; less than none: plays backwards. */
static GArray *
describe_changed (double applied_rate, guint64 *described)
{
  GstSegment segment;
  GArray *pieces;
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  push_flush (&self);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.applied_rate = applied_rate;
  segment.stop = 5 * GST_SECOND;
  g_assert_true (gst_harness_push_event (self.video, gst_event_new_segment (&segment)));
  push_until (&self, 0, 5 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  *described = get_stat (&self, "described");
  tear_down (&self);
  return pieces;
}

/* As a server of RTSP does that was asked for another scale. */
static void
test_what_upstream_plays_backwards_is_not_described (void)
{
  guint64 described;
  g_autoptr (GArray) pieces = describe_changed (-1, &described);

  assert_covers (pieces, 0, 5 * GST_SECOND);
  g_assert_null (nth_text (pieces, 0));
  g_assert_cmpuint (described, ==, 0);
}

static void
test_what_upstream_plays_fast_is_described_to_its_end (void)
{
  guint64 described;
  g_autoptr (GArray) pieces = describe_changed (8, &described);

  assert_covers (pieces, 0, 5 * GST_SECOND);
  g_assert_cmpuint (described, ==, 10);
}

/* Two windows of video at twice the speed, of which the second one comes once more. */
static void
test_what_upstream_plays_fast_may_go_back (void)
{
  g_autoptr (GArray) pieces = NULL;
  GstSegment segment;
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  push_flush (&self);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.applied_rate = 2;
  g_assert_true (gst_harness_push_event (self.video, gst_event_new_segment (&segment)));
  push_until (&self, 0, 4 * GST_SECOND);
  push_until (&self, 2 * GST_SECOND, 4 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 3);
  assert_text (pieces, 0, 0, 2 * GST_SECOND);
  assert_text (pieces, 1, 2 * GST_SECOND, 4 * GST_SECOND);
  assert_text (pieces, 2, 2 * GST_SECOND, 4 * GST_SECOND);
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"a-window-that-begins-before-the-segment-is-told-within-it", test_a_window_that_begins_before_the_segment_is_told_within_it},
    {"in-skip-mode-the-end-of-a-stream-is-not-that-of-the-next", test_in_skip_mode_the_end_of_a_stream_is_not_that_of_the_next},
    {"a-segment-that-only-gets-longer-goes-on", test_a_segment_that_only_gets_longer_goes_on},
    {"a-start-put-right-by-a-little-tears-no-window", test_a_start_put_right_by_a_little_tears_no_window},
    {"without-a-time-of-the-stream-time-stamps-serve", test_without_a_time_of_the_stream_time_stamps_serve},
    {"a-gap-behind-the-segment-ends-with-it", test_a_gap_behind_the_segment_ends_with_it},
    {"the-end-of-a-segment-waits-for-the-last-description", test_the_end_of_a_segment_waits_for_the_last_description},
    {"in-skip-mode-a-segment-does-not-wait-for-the-one-before", test_in_skip_mode_a_segment_does_not_wait_for_the_one_before},
    {"times-that-go-far-back-begin-anew", test_times_that_go_far_back_begin_anew},
    {"every-round-of-a-loop-is-described", test_every_round_of_a_loop_is_described},
    {"a-step-back-before-the-end-takes-no-time-away", test_a_step_back_before_the_end_takes_no_time_away},
    {"times-and-durations-below-zero-do-no-harm", test_times_and_durations_below_zero_do_no_harm},
    {"a-still-picture-fills-its-window", test_a_still_picture_fills_its_window},
    {"two-frames-of-one-time-are-no-still-picture", test_two_frames_of_one_time_are_no_still_picture},
    {"a-pause-at-an-unknown-frame-rate-is-no-step-back", test_a_pause_at_an_unknown_frame_rate_is_no_step_back},
    {"frames-that-come-sooner-than-claimed-are-no-step-back", test_frames_that_come_sooner_than_claimed_are_no_step_back},
    {"interlaced-video-is-described", test_interlaced_video_is_described},
    {"windows-set-while-playing-wait-and-must-not-pile-up", test_windows_set_while_playing_wait_and_must_not_pile_up},
    {"what-upstream-plays-backwards-is-not-described", test_what_upstream_plays_backwards_is_not_described},
    {"what-upstream-plays-fast-is-described-to-its-end", test_what_upstream_plays_fast_is_described_to_its_end},
    {"what-upstream-plays-fast-may-go-back", test_what_upstream_plays_fast_may_go_back},
  };

  return run_tests (argc, argv, "times", tests, G_N_ELEMENTS (tests));
}
