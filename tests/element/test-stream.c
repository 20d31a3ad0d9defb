/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The element's manners in the stream: ends, flushes, segments, gaps, times, and who waits, with answers from a script. */

#include <gst/video/video.h>
#include <string.h>

#include "fixture.h"

static void
test_last_partial_window_is_described_before_eos (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, JSON, "{\"text\":\"Slow.\",\"delay_ms\":300}", NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  push_eos (&self);
  pieces = collect (self.json);
  g_assert_nonnull (nth_text (pieces, 0));
  g_assert_nonnull (strstr (nth_text (pieces, 0)->text, "\"text\":\"Slow.\""));
  g_assert_true (g_str_has_suffix (nth_text (pieces, 0)->text, "}\n"));
  assert_covers (pieces, 0, GST_SECOND);
  tear_down (&self);
}

static void
test_without_side_pads_eos_waits_for_the_last_description (void)
{
  Fixture self;

  set_up (&self, 0, "{\"text\":\"Slow.\",\"delay_ms\":300}", NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  tear_down (&self);
}

static void
test_skip_mode_never_holds_up_video (void)
{
  Fixture self;
  GstMessage *message;

  set_up (&self, TEXT, "{\"text\":\"Slow.\"," UNTIL_RELEASED "}", "on-busy", "skip");
  wait_for_model (&self);
  push_until (&self, 0, 40 * GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "skipped"), >=, 5);
  message = gst_bus_timed_pop_filtered (self.bus, GST_SECOND, GST_MESSAGE_QOS);
  g_assert_nonnull (message);
  gst_message_unref (message);
  tear_down (&self);
}

static void
test_wait_mode_loses_no_window_and_holds_up_the_video (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;
  gint64 begun;

  set_up (&self, TEXT, "{\"text\":\"Slow.\",\"delay_ms\":50}", NULL, NULL);
  begun = g_get_monotonic_time ();
  push_until (&self, 0, 40 * GST_SECOND);
  g_assert_cmpint (g_get_monotonic_time () - begun, >=, 7 * 50 * G_TIME_SPAN_MILLISECOND);     /* two of nine wait or are at work */
  push_eos (&self);
  pieces = collect (self.text);
  g_assert_nonnull (nth_text (pieces, 9));
  g_assert_cmpuint (get_stat (&self, "described"), ==, 10);
  g_assert_cmpuint (get_stat (&self, "skipped"), ==, 0);
  tear_down (&self);
}

static void
test_flush_cancels_and_drops_what_belongs_to_before (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, "{\"text\":\"Old.\",\"forecast_ms\":300," UNTIL_RELEASED "}\n{\"text\":\"New.\"}", NULL, NULL);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  wait_for_forecast (&self, 300);
  push_flush (&self);
  push_segment (&self, 1, 100 * GST_SECOND, GST_CLOCK_TIME_NONE, 100 * GST_SECOND, 0);
  push_until (&self, 100 * GST_SECOND, 104 * GST_SECOND);
  push_eos (&self);
  while (gst_harness_events_in_queue (self.text) > 0) {
    g_autoptr (GstEvent) event = gst_harness_pull_event (self.text);

    if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
      break;
  }
  pieces = collect (self.text);
  assert_covers (pieces, 100 * GST_SECOND, 104 * GST_SECOND);
  g_assert_cmpstr (nth_text (pieces, 0)->text, ==, "New.");
  tear_down (&self);
}

static void
test_stopping_cancels_a_description_at_once (void)
{
  Fixture self;
  gint64 begun;

  set_up (&self, TEXT, "{\"text\":\"a b c d e f g h\",\"delay_ms\":60000}", NULL, NULL);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  begun = g_get_monotonic_time ();
  tear_down (&self);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 5 * G_TIME_SPAN_SECOND);
}

static void
test_a_new_segment_drains_the_open_window (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, JSON, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  push_segment (&self, 1, 50 * GST_SECOND, GST_CLOCK_TIME_NONE, 50 * GST_SECOND, GST_SECOND);
  push_until (&self, 50 * GST_SECOND, 51 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.json);
  g_assert_cmpuint (nth_text (pieces, 0)->start, ==, 0);
  g_assert_cmpuint (nth_text (pieces, 0)->end, ==, GST_SECOND);
  g_assert_cmpuint (nth_text (pieces, 1)->start, ==, 50 * GST_SECOND);
  tear_down (&self);
}

static void
test_the_end_of_a_segment_seek_drains_the_open_window (void)
{
  Fixture self;

  set_up (&self, JSON, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  g_assert_true (gst_harness_push_event (self.video, gst_event_new_segment_done (GST_FORMAT_TIME, GST_SECOND)));
  wait_until_covered (self.json, GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  tear_down (&self);
}

static void
test_gaps_and_caps_changes_pass (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_gap (GST_SECOND, 8 * GST_SECOND));
  gst_harness_set_src_caps_str (self.video, "video/x-raw,format=GRAY8,width=64,height=36,framerate=0/1");
  push_until (&self, 9 * GST_SECOND, 10 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  assert_covers (pieces, 0, 10 * GST_SECOND);
  g_assert_cmpstr (nth_text (pieces, 0)->text, ==, "First.");
  g_assert_cmpuint (nth_text (pieces, 1)->start, ==, 8 * GST_SECOND);
  tear_down (&self);
}

static void
test_frames_without_time_stamps_are_counted_on (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  for (guint i = 0; i < 50; i++)
    g_assert_cmpint (push (&self, GST_CLOCK_TIME_NONE), ==, GST_FLOW_OK);
  push_eos (&self);
  pieces = collect (self.text);
  assert_covers (pieces, 0, 5 * GST_SECOND);
  g_assert_nonnull (nth_text (pieces, 1));
  tear_down (&self);
}

static void
test_framerate_zero_works (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT | NO_CAPS, TWO_ANSWERS, NULL, NULL);
  gst_harness_set_src_caps_str (self.video, "video/x-raw,format=RGB,width=32,height=24,framerate=0/1");
  for (guint i = 0; i < 12; i++) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, FRAME_BYTES, NULL);

    GST_BUFFER_PTS (buffer) = i * GST_SECOND;
    g_assert_cmpint (gst_harness_push (self.video, buffer), ==, GST_FLOW_OK);
  }
  push_eos (&self);
  pieces = collect (self.text);
  g_assert_nonnull (nth_text (pieces, 2));
  tear_down (&self);
}

static void
test_latency_of_text_adds_the_declared_one (void)
{
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, "latency", "3000000000");
  gst_harness_set_upstream_latency (self.video, 40 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (self.video), ==, 40 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (self.text), ==, 3 * GST_SECOND + 40 * GST_MSECOND);
  tear_down (&self);
}

static void
test_lateness_shifts_running_time_not_time_stamps (void)
{
  Fixture self;
  GstSegment segment;
  gboolean seen = FALSE;

  set_up (&self, TEXT, TWO_ANSWERS, "lateness", "2000000000");
  push_until (&self, 0, GST_SECOND);
  for (guint i = 0; i < 2000 && !seen; i++) {
    g_autoptr (GstEvent) event = gst_harness_try_pull_event (self.text);

    if (event != NULL && GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT) {
      gst_event_copy_segment (event, &segment);
      seen = TRUE;
    }
    g_usleep (1000);
  }
  g_assert_true (seen);
  g_assert_cmpuint (segment.base, ==, 2 * GST_SECOND);
  g_assert_cmpuint (segment.start, ==, 0);
  tear_down (&self);
}

/* Without waiting for the next text: something downstream may hold up the video until it knows. */
static void
test_what_nothing_is_said_about_is_a_gap_at_once (void)
{
  Fixture self;

  set_up (&self, TEXT, "{\"error\":\"No idea\"}", NULL, NULL);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  wait_until_covered (self.text, 4 * GST_SECOND);
  for (guint i = 0; i < 50; i++) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, 10, NULL);       /* not a frame of these caps */

    GST_BUFFER_PTS (buffer) = 4 * GST_SECOND + (i + 1) * FRAME;
    g_assert_cmpint (gst_harness_push (self.video, buffer), ==, GST_FLOW_OK);
  }
  wait_until_covered (self.text, 8 * GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_gap (9 * GST_SECOND, 100 * GST_SECOND));
  wait_until_covered (self.text, 108 * GST_SECOND);
  tear_down (&self);
}

static void
test_skip_mode_shows_the_last_window_though_its_time_has_passed (void)
{
  Fixture self;
  g_autoptr (GArray) texts = NULL, records = NULL;
  const Piece *last;
  guint64 described;

  set_up (&self, TEXT | JSON, "{\"text\":\"Slow.\",\"delay_ms\":300}", "on-busy", "skip");
  wait_for_model (&self);
  push_until (&self, 0, 9 * GST_SECOND);
  push_eos (&self);
  texts = collect (self.text);
  records = collect (self.json);
  described = get_stat (&self, "described");
  g_assert_cmpuint (described + get_stat (&self, "skipped"), ==, 3);
  last = nth_text (texts, described - 1);
  assert_covers (texts, 0, last->end);
  g_assert_cmpuint (last->end - last->start, ==, GST_SECOND);
  g_assert_nonnull (strstr (nth_text (records, described - 1)->text, "\"start\":8000000000,\"end\":9000000000,"));
  tear_down (&self);
}

static void
test_a_new_segment_in_skip_mode_does_not_hold_up_the_video (void)
{
  Fixture self;

  set_up (&self, TEXT, "{\"text\":\"Slow.\"," UNTIL_RELEASED "}", "on-busy", "skip");
  wait_for_model (&self);
  for (guint i = 0; i < 10; i++) {
    push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, i * 5 * GST_SECOND);
    push_until (&self, 0, 5 * GST_SECOND);
  }
  g_assert_cmpuint (get_stat (&self, "skipped"), >=, 15);
  tear_down (&self);
}

static void
test_auto_skips_only_when_upstream_is_live (void)
{
  for (guint live = 0; live < 2; live++) {
    Fixture self;

    set_up (&self, TEXT | NO_CAPS, "{\"text\":\"Slow.\"," UNTIL_RELEASED "}", "on-busy", "auto");
    gst_harness_set_live (self.video, live);
    gst_harness_set_src_caps_str (self.video, CAPS);
    wait_for_model (&self);
    if (!live)
      release_answers (&self);
    push_until (&self, 0, 40 * GST_SECOND);
    if (live)
      g_assert_cmpuint (get_stat (&self, "skipped"), >=, 5);
    else
      g_assert_cmpuint (get_stat (&self, "skipped"), ==, 0);
    tear_down (&self);
  }
}

static void
test_a_pad_that_nobody_linked_loses_no_description (void)
{
  Fixture self;
  GstPad *pad;

  set_up (&self, 0, "{\"text\":\"Slow.\",\"delay_ms\":300}", NULL, NULL);
  pad = gst_element_request_pad_simple (self.element, "text_src");
  push_until (&self, 0, GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  gst_element_release_request_pad (self.element, pad);
  gst_object_unref (pad);
  tear_down (&self);
}

static void
test_one_side_pad_alone_is_enough (void)
{
  for (guint json = 0; json < 2; json++) {
    Fixture self;
    g_autoptr (GArray) pieces = NULL;

    set_up (&self, NO_VIDEO | (json ? JSON : TEXT), TWO_ANSWERS, NULL, NULL);
    push_until (&self, 0, 8 * GST_SECOND);
    push_eos (&self);
    pieces = collect (json ? self.json : self.text);
    assert_covers (pieces, 0, 8 * GST_SECOND);
    g_assert_nonnull (nth_text (pieces, 1));
    tear_down (&self);
  }
}

static void
test_a_frame_that_ends_behind_the_segment_takes_no_text_away (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  push_segment (&self, 1, GST_SECOND, 6 * GST_SECOND - FRAME / 2, 0, 0);
  push_until (&self, GST_SECOND, 6 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  assert_covers (pieces, 0, 5 * GST_SECOND - FRAME / 2);
  g_assert_cmpuint (nth_text (pieces, 1)->start, ==, 4 * GST_SECOND);
  tear_down (&self);
}

/* As a source does that plays one file after another. */
static void
test_a_second_stream_follows_the_end_of_the_first (void)
{
  Fixture self;
  g_autoptr (GArray) first = NULL, second = NULL;
  g_autoptr (GstEvent) before = NULL, after = NULL;
  const char *id_before, *id_after;
  g_autoptr (GstPad) pad = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  pad = gst_element_get_static_pad (self.element, "text_src");
  push_until (&self, 0, GST_SECOND);
  push_eos (&self);
  first = collect (self.text);
  before = gst_pad_get_sticky_event (pad, GST_EVENT_STREAM_START, 0);
  gst_harness_push_event (self.video, gst_event_new_stream_start ("second"));
  gst_harness_set_src_caps_str (self.video, CAPS);
  push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, GST_SECOND);
  push_until (&self, 0, 2 * GST_SECOND);
  push_eos (&self);
  second = collect (self.text);
  after = gst_pad_get_sticky_event (pad, GST_EVENT_STREAM_START, 0);
  assert_covers (first, 0, GST_SECOND);
  assert_covers (second, 0, 2 * GST_SECOND);
  g_assert_cmpstr (nth_text (second, 0)->text, ==, "Second.");
  gst_event_parse_stream_start (before, &id_before);
  gst_event_parse_stream_start (after, &id_after);
  g_assert_cmpstr (id_before, !=, id_after);
  tear_down (&self);
}

static void
test_backwards_nothing_is_said_and_time_passes (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  push_flush (&self);
  push_segment (&self, -1, 0, 5 * GST_SECOND, 0, 0);
  for (guint i = 50; i > 0; i--)
    g_assert_cmpint (push (&self, (i - 1) * FRAME), ==, GST_FLOW_OK);
  push_eos (&self);
  pieces = collect (self.text);
  assert_covers (pieces, 0, 5 * GST_SECOND);
  g_assert_null (nth_text (pieces, 0));
  tear_down (&self);
}

static void
test_double_speed_keeps_the_times_of_the_stream (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;
  g_autoptr (GstEvent) event = NULL;
  g_autoptr (GstPad) pad = NULL;
  const GstSegment *segment;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  push_segment (&self, 2, 0, GST_CLOCK_TIME_NONE, 0, 0);
  push_until (&self, 0, 8 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  assert_covers (pieces, 0, 8 * GST_SECOND);
  g_assert_cmpuint (nth_text (pieces, 1)->start, ==, 4 * GST_SECOND);
  pad = gst_element_get_static_pad (self.element, "text_src");
  event = gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  gst_event_parse_segment (event, &segment);
  g_assert_cmpfloat (segment->rate, ==, 2);
  tear_down (&self);
}

static void
test_times_far_out_and_backwards_do_no_harm (void)
{
  const GstClockTime far = (GstClockTime) 1 << 62;
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, 5 * GST_SECOND);
  push_until (&self, 2 * GST_SECOND, 3 * GST_SECOND);
  push_until (&self, far, far + 5 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 5);      /* two, one, two */
  g_assert_cmpuint (nth_text (pieces, 1)->start, ==, 2 * GST_SECOND);
  g_assert_cmpuint (nth_text (pieces, 4)->end, ==, far + 5 * GST_SECOND);
  tear_down (&self);
}

static void
test_a_segment_that_is_not_in_time_is_an_error (void)
{
  Fixture self;
  GstSegment segment;
  g_autoptr (GstMessage) message = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  gst_segment_init (&segment, GST_FORMAT_BYTES);
  gst_harness_push_event (self.video, gst_event_new_segment (&segment));
  g_assert_cmpint (push (&self, 0), <, GST_FLOW_OK);
  message = gst_bus_pop_filtered (self.bus, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  tear_down (&self);
}

static void
test_caps_may_change_with_every_frame (void)
{
  static const char *const formats[] = { "I420", "RGB", "NV12", "GRAY8", "Y42B", "P010_10LE", "BGRx" };
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT | NO_CAPS, TWO_ANSWERS, NULL, NULL);
  for (guint i = 0; i < 200; i++) {
    g_autofree char *string = g_strdup_printf ("video/x-raw,format=%s,width=%u,height=%u,framerate=%u/1",
        formats[i % G_N_ELEMENTS (formats)], 1 + i * 37 % 500, 1 + i * 53 % 300, i % 3 * 15);
    g_autoptr (GstCaps) caps = gst_caps_from_string (string);
    GstBuffer *buffer;
    GstVideoInfo info;

    g_assert_true (gst_video_info_from_caps (&info, caps));
    gst_harness_set_src_caps (self.video, g_steal_pointer (&caps));
    buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
    GST_BUFFER_PTS (buffer) = i * FRAME;
    GST_BUFFER_DURATION (buffer) = FRAME;
    g_assert_cmpint (gst_harness_push (self.video, buffer), ==, GST_FLOW_OK);
  }
  push_eos (&self);
  pieces = collect (self.text);
  assert_covers (pieces, 0, 20 * GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 5);
  tear_down (&self);
}

static GstPadProbeReturn
block (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  return GST_PAD_PROBE_OK;
}

/* The worker waits for the pad, which waits for its peer. */
static void
test_stopping_does_not_wait_for_a_text_pad_that_is_stuck (void)
{
  Fixture self;
  g_autoptr (GstPad) pad = NULL;
  gint64 begun;

  set_up (&self, TEXT, TWO_ANSWERS, "window", "100000000");
  push_until (&self, 0, 2 * FRAME);
  wait_until_covered (self.text, FRAME);
  pad = gst_element_get_static_pad (self.element, "text_src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, block, NULL, NULL);
  push_until (&self, 2 * FRAME, 35 * FRAME);
  g_usleep (200000);
  begun = g_get_monotonic_time ();
  gst_element_set_state (self.element, GST_STATE_NULL);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 5 * G_TIME_SPAN_SECOND);
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"last-partial-window-is-described-before-eos", test_last_partial_window_is_described_before_eos},
    {"without-side-pads-eos-waits-for-the-last-description", test_without_side_pads_eos_waits_for_the_last_description},
    {"skip-mode-never-holds-up-video", test_skip_mode_never_holds_up_video},
    {"wait-mode-loses-no-window-and-holds-up-the-video", test_wait_mode_loses_no_window_and_holds_up_the_video},
    {"flush-cancels-and-drops-what-belongs-to-before", test_flush_cancels_and_drops_what_belongs_to_before},
    {"stopping-cancels-a-description-at-once", test_stopping_cancels_a_description_at_once},
    {"a-new-segment-drains-the-open-window", test_a_new_segment_drains_the_open_window},
    {"the-end-of-a-segment-seek-drains-the-open-window", test_the_end_of_a_segment_seek_drains_the_open_window},
    {"gaps-and-caps-changes-pass", test_gaps_and_caps_changes_pass},
    {"frames-without-time-stamps-are-counted-on", test_frames_without_time_stamps_are_counted_on},
    {"framerate-zero-works", test_framerate_zero_works},
    {"latency-of-text-adds-the-declared-one", test_latency_of_text_adds_the_declared_one},
    {"lateness-shifts-running-time-not-time-stamps", test_lateness_shifts_running_time_not_time_stamps},
    {"what-nothing-is-said-about-is-a-gap-at-once", test_what_nothing_is_said_about_is_a_gap_at_once},
    {"skip-mode-shows-the-last-window-though-its-time-has-passed", test_skip_mode_shows_the_last_window_though_its_time_has_passed},
    {"a-new-segment-in-skip-mode-does-not-hold-up-the-video", test_a_new_segment_in_skip_mode_does_not_hold_up_the_video},
    {"auto-skips-only-when-upstream-is-live", test_auto_skips_only_when_upstream_is_live},
    {"a-pad-that-nobody-linked-loses-no-description", test_a_pad_that_nobody_linked_loses_no_description},
    {"one-side-pad-alone-is-enough", test_one_side_pad_alone_is_enough},
    {"a-frame-that-ends-behind-the-segment-takes-no-text-away", test_a_frame_that_ends_behind_the_segment_takes_no_text_away},
    {"a-second-stream-follows-the-end-of-the-first", test_a_second_stream_follows_the_end_of_the_first},
    {"backwards-nothing-is-said-and-time-passes", test_backwards_nothing_is_said_and_time_passes},
    {"double-speed-keeps-the-times-of-the-stream", test_double_speed_keeps_the_times_of_the_stream},
    {"times-far-out-and-backwards-do-no-harm", test_times_far_out_and_backwards_do_no_harm},
    {"a-segment-that-is-not-in-time-is-an-error", test_a_segment_that_is_not_in_time_is_an_error},
    {"caps-may-change-with-every-frame", test_caps_may_change_with_every_frame},
    {"stopping-does-not-wait-for-a-text-pad-that-is-stuck", test_stopping_does_not_wait_for_a_text_pad_that_is_stuck},
  };

  return run_tests (argc, argv, "stream", tests, G_N_ELEMENTS (tests));
}
