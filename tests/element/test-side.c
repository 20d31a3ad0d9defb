/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text and json pads: when they speak, and how they come and go. */

#include <glib/gstdio.h>

#include "fixture.h"

/* Where the first text is shown of two seconds of video that comes as fast as it is played, in skip mode, with windows of a second and
 * a describer that takes 200 ms; always for a second. */
static GstClockTime
first_text_in_skip_mode (GstClockTime latency, gboolean live)
{
  g_autoptr (GstBuffer) buffer = NULL;
  GstClockTime start;
  Fixture self;

  set_up (&self, TEXT, "{\"text\":\"Said.\",\"delay_ms\":200}", "window", "1000000000");
  gst_util_set_object_arg (G_OBJECT (self.element), "on-busy", "skip");
  g_object_set (self.element, "latency", latency, NULL);
  gst_harness_set_live (self.video, live);
  wait_for_model (&self);
  for (GstClockTime at = 0; at < 2 * GST_SECOND; at += FRAME) {
    push_until (&self, at, at + FRAME);
    g_usleep (FRAME / 1000);
  }
  buffer = gst_harness_pull (self.text);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, GST_SECOND);
  start = GST_BUFFER_PTS (buffer);
  tear_down (&self);
  return start;
}

/* An overlay would throw it away otherwise: its time is over when it comes. */
static void
test_in_skip_mode_a_late_text_is_shown_from_now_on (void)
{
  g_assert_cmpuint (first_text_in_skip_mode (0, TRUE), >=, GST_SECOND);
}

/* What the declared latency leaves time for is at its place. */
static void
test_in_skip_mode_latency_gives_text_its_time (void)
{
  g_assert_cmpuint (first_text_in_skip_mode (3 * GST_SECOND, TRUE), ==, 0);
}

/* Sinks wait for the latency of a pipeline only where it is live. */
static void
test_where_nothing_is_live_latency_gives_text_no_time (void)
{
  g_assert_cmpuint (first_text_in_skip_mode (3 * GST_SECOND, FALSE), >=, GST_SECOND);
}

/* Sinks and muxers need to know the stream before there is anything to say. */
static void
test_the_stream_begins_before_the_model_is_there (void)
{
  gboolean segment = FALSE;
  Fixture self;

  set_up (&self, TEXT, "{\"load_ms\":2000}\n" TWO_ANSWERS, "on-busy", "skip");
  push_until (&self, 0, 5 * FRAME);
  for (guint i = 0; i < 1500 && !segment; i++) {
    GstEvent *event = gst_harness_try_pull_event (self.text);

    if (event == NULL)
      g_usleep (1000);
    else
      segment = GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT;
    gst_clear_event (&event);
  }
  g_assert_true (segment);
  tear_down (&self);
}

static void
test_windows_that_pass_while_the_model_loads_are_told (void)
{
  Fixture self;

  set_up (&self, 0, "{\"load_ms\":1000}\n" TWO_ANSWERS, "on-busy", "skip");
  push_until (&self, 0, 9 * GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "skipped"), ==, 2);
  tear_down (&self);
}

/* A muxer that takes no text until it knows that the video has ended. */
typedef struct
{
  GstPad *text;
  gulong probe;
} Muxer;

static GstPadProbeReturn
hold (GstPad * pad, GstPadProbeInfo * info, gpointer muxer)
{
  return GST_PAD_PROBE_OK;      /* and so it stays blocked */
}

static GstPadProbeReturn
let_go (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  Muxer *muxer = data;

  if (GST_EVENT_TYPE (info->data) == GST_EVENT_EOS)
    gst_pad_remove_probe (muxer->text, muxer->probe);
  return GST_PAD_PROBE_OK;
}

static void
test_many_windows_at_the_end_do_not_hold_up_the_end (void)
{
  char *script = write_script (TWO_ANSWERS);
  g_autofree char *line = g_strdup_printf ("videotestsrc num-buffers=40 ! video/x-raw,width=32,height=24,framerate=10/1 ! "
      "llama4describe name=d on-busy=wait window=3200000000 overlap=3150000000 model-path=%s ! fakesink name=v sync=false async=false "
      "d.text_src ! fakesink sync=false async=false", script);
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstElement) element = gst_bin_get_by_name (GST_BIN (pipeline), "d"), video = gst_bin_get_by_name (GST_BIN (pipeline), "v");
  g_autoptr (GstPad) text = gst_element_get_static_pad (element, "text_src"), sink = gst_element_get_static_pad (video, "sink");
  Muxer muxer = { text };

  muxer.probe = gst_pad_add_probe (text, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, hold, NULL, NULL);
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, let_go, &muxer, NULL);
  play_to_end (pipeline);
  g_unlink (script);
  g_free (script);
}

static gpointer
end (gpointer fixture)
{
  push_eos (fixture);
  return NULL;
}

static void
test_a_pad_that_comes_while_the_end_waits_does_not_hold_it_up (void)
{
  g_autoptr (GstPad) pad = NULL;
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  GstEvent *event = NULL;
  GThread *thread;
  Fixture self;

  set_up (&self, 0, "{\"text\":\"Said.\"," UNTIL_RELEASED "}", "overlap", "3930000000");
  push_until (&self, 0, 4 * GST_SECOND - FRAME);
  thread = g_thread_new ("end", end, &self);
  g_usleep (G_USEC_PER_SEC / 5);        /* it waits for the first window now */
  pad = gst_element_request_pad_simple (self.element, "text_src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, hold, NULL, NULL);
  release_answers (&self);
  while ((event == NULL || GST_EVENT_TYPE (event) != GST_EVENT_EOS) && g_get_monotonic_time () < deadline) {
    gst_clear_event (&event);
    event = gst_harness_try_pull_event (self.video);
    g_usleep (1000);
  }
  g_assert_nonnull (event);
  g_assert_cmpuint (get_stat (&self, "described"), >, 32);
  gst_clear_event (&event);
  g_thread_join (thread);
  tear_down (&self);
}

static gint released;

static GstPadProbeReturn
release (GstPad * pad, GstPadProbeInfo * info, gpointer element)
{
  g_autoptr (GstPad) peer = gst_pad_get_peer (pad);

  if (g_atomic_int_add (&released, 1) > 0)
    return GST_PAD_PROBE_OK;
  gst_pad_unlink (pad, peer);
  gst_element_release_request_pad (element, pad);
  return GST_PAD_PROBE_REMOVE;
}

static void
test_a_pad_may_be_released_from_a_probe_on_it (void)
{
  static const GstPadProbeType types[] = { GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, GST_PAD_PROBE_TYPE_BUFFER };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autoptr (GstPad) pad = NULL;
    Fixture self;

    set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
    pad = gst_element_get_static_pad (self.element, "text_src");
    push_until (&self, 0, GST_SECOND);
    released = 0;
    gst_pad_add_probe (pad, types[i], release, self.element, NULL);
    push_until (&self, GST_SECOND, 9 * GST_SECOND);
    push_eos (&self);
    for (guint n = 0; n < 5000 && g_atomic_int_get (&released) == 0; n++)
      g_usleep (1000);
    g_assert_cmpint (g_atomic_int_get (&released), >, 0);
    g_assert_cmpuint (get_stat (&self, "described"), ==, 3);
    tear_down (&self);
  }
}

static gint blocked;

static GstPadProbeReturn
block (GstPad * pad, GstPadProbeInfo * info, gpointer data)
{
  g_atomic_int_set (&blocked, 1);
  return GST_PAD_PROBE_OK;      /* and so stays blocked */
}

/* Blocks what the text is linked to, as a sink is that has its first buffer in PAUSED, and pushes until it holds one. */
static gulong
hold_up (Fixture * self, GstPad ** pad, GstPad ** peer)
{
  gulong probe;

  g_atomic_int_set (&blocked, 0);
  *pad = gst_element_get_static_pad (self->element, "text_src");
  *peer = gst_pad_get_peer (*pad);
  probe = gst_pad_add_probe (*peer, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, block, NULL, NULL);
  push_until (self, 0, 5 * GST_SECOND);
  while (!g_atomic_int_get (&blocked))
    g_usleep (1000);
  return probe;
}

static void
test_releasing_a_pad_does_not_wait_for_who_holds_it_up (void)
{
  g_autoptr (GstPad) pad = NULL, peer = NULL;
  gint64 begun;
  gulong probe;
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  probe = hold_up (&self, &pad, &peer);
  begun = g_get_monotonic_time ();
  gst_pad_unlink (pad, peer);
  gst_element_release_request_pad (self.element, pad);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 10 * G_TIME_SPAN_SECOND);
  gst_pad_remove_probe (peer, probe);
  push_eos (&self);
  tear_down (&self);
}

static void
test_in_skip_mode_a_text_said_again_and_again_holds_up_no_video (void)
{
  g_autoptr (GstPad) pad = NULL, peer = NULL;
  gulong probe;
  Fixture self;

  set_up (&self, TEXT, "{\"text\":\"A still scene.\"}", "on-busy", "skip");
  gst_element_set_state (self.element, GST_STATE_READY);
  gst_util_set_object_arg (G_OBJECT (self.element), "when", "change");
  gst_element_set_state (self.element, GST_STATE_PLAYING);
  gst_harness_push_event (self.video, gst_event_new_stream_start ("still"));
  gst_harness_set_src_caps_str (self.video, CAPS);
  push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, 0);
  wait_for_model (&self);
  probe = hold_up (&self, &pad, &peer);
  push_until (&self, 5 * GST_SECOND, 300 * GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "unchanged"), >, 60);
  gst_pad_remove_probe (peer, probe);
  push_eos (&self);
  tear_down (&self);
}

static void
test_a_pad_that_comes_after_the_end_ends_too (void)
{
  g_autoptr (GArray) pieces = NULL;
  gint64 begun = g_get_monotonic_time ();
  Fixture self;

  set_up (&self, 0, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  push_eos (&self);
  self.text = gst_harness_new_with_element (self.element, NULL, "text_src");
  pieces = collect (self.text);
  g_assert_cmpuint (pieces->len, ==, 0);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 10 * G_TIME_SPAN_SECOND);
  tear_down (&self);
}

static GstPadProbeReturn
refuse (GstPad * pad, GstPadProbeInfo * info, gpointer nothing)
{
  gst_buffer_unref (info->data);
  info->data = NULL;
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = GST_FLOW_NOT_NEGOTIATED;
  return GST_PAD_PROBE_HANDLED;
}

static void
test_text_that_is_refused_after_the_end_of_the_video_is_an_error (void)
{
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GstPad) pad = NULL;
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  pad = gst_element_get_static_pad (self.element, "text_src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, refuse, NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  push_eos (&self);
  message = gst_bus_timed_pop_filtered (self.bus, 5 * GST_SECOND, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  tear_down (&self);
}

static void
test_linking_text_asks_nothing_of_the_video (void)
{
  Fixture self;

  set_up (&self, 0, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, FRAME);
  gst_pad_check_reconfigure (self.video->srcpad);
  self.text = gst_harness_new_with_element (self.element, NULL, "text_src");
  g_assert_false (gst_pad_needs_reconfigure (self.video->srcpad));
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"in-skip-mode-a-late-text-is-shown-from-now-on", test_in_skip_mode_a_late_text_is_shown_from_now_on},
    {"in-skip-mode-latency-gives-text-its-time", test_in_skip_mode_latency_gives_text_its_time},
    {"where-nothing-is-live-latency-gives-text-no-time", test_where_nothing_is_live_latency_gives_text_no_time},
    {"many-windows-at-the-end-do-not-hold-up-the-end", test_many_windows_at_the_end_do_not_hold_up_the_end},
    {"the-stream-begins-before-the-model-is-there", test_the_stream_begins_before_the_model_is_there},
    {"windows-that-pass-while-the-model-loads-are-told", test_windows_that_pass_while_the_model_loads_are_told},
    {"a-pad-may-be-released-from-a-probe-on-it", test_a_pad_may_be_released_from_a_probe_on_it},
    {"releasing-a-pad-does-not-wait-for-who-holds-it-up", test_releasing_a_pad_does_not_wait_for_who_holds_it_up},
    {"in-skip-mode-a-text-said-again-and-again-holds-up-no-video", test_in_skip_mode_a_text_said_again_and_again_holds_up_no_video},
    {"a-pad-that-comes-after-the-end-ends-too", test_a_pad_that_comes_after_the_end_ends_too},
    {"a-pad-that-comes-while-the-end-waits-does-not-hold-it-up", test_a_pad_that_comes_while_the_end_waits_does_not_hold_it_up},
    {"text-that-is-refused-after-the-end-of-the-video-is-an-error", test_text_that_is_refused_after_the_end_of_the_video_is_an_error},
    {"linking-text-asks-nothing-of-the-video", test_linking_text_asks_nothing_of_the_video},
  };

  return run_tests (argc, argv, "side", tests, G_N_ELEMENTS (tests));
}
