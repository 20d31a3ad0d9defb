/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several windows under way at once: what is said comes in order, and as if they had been described one after the other. */

#include <string.h>

#include "fixture.h"

/* Every window answers with its start; the earlier of four the later. */
#define LATE_ONES_FIRST "{\"when\":\"from 0.0 s\",\"text\":\"{prompt}\",\"delay_ms\":400}\n" \
    "{\"when\":\"from 4.0 s\",\"text\":\"{prompt}\",\"delay_ms\":200}\n" \
    "{\"when\":\"from 16.0 s\",\"text\":\"{prompt}\",\"delay_ms\":300}\n{\"text\":\"{prompt}\"}\n"

/* Answers that three windows at once must wait for. */
#define THREE_TOGETHER "{\"text\":\"{prompt}\",\"together\":3}\n"

/* Answers that never come. */
#define NEVER "{\"text\":\"{prompt}\",\"together\":99}\n"

/* Begins anew, with what was set meanwhile. */
static void
begin_again (Fixture * self)
{
  gst_element_set_state (self->element, GST_STATE_READY);
  gst_bus_set_flushing (self->bus, TRUE);
  gst_bus_set_flushing (self->bus, FALSE);
  gst_element_set_state (self->element, GST_STATE_PLAYING);
  gst_harness_push_event (self->video, gst_event_new_stream_start ("again"));
  gst_harness_set_src_caps_str (self->video, CAPS);
  push_segment (self, 1, 0, GST_CLOCK_TIME_NONE, 0, 0);
}

static void
begin (Fixture * self, Pads pads, const char *lines, guint ahead)
{
  set_up (self, pads, lines, "prompt", "from {start}");
  g_object_set (self->element, "ahead", ahead, NULL);
  begin_again (self);
}

/* The next message about a window: its start; text: what was said of it, NULL: that it failed. (text: transfer full) */
static GstClockTime
next_message (Fixture * self, char **text)
{
  GstClockTime start = GST_CLOCK_TIME_NONE;
  const GstStructure *structure = NULL;

  while (structure == NULL) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (self->bus, 20 * GST_SECOND, GST_MESSAGE_ELEMENT | GST_MESSAGE_WARNING);

    g_assert_nonnull (message);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
      gst_message_parse_warning_details (message, &structure);
    else if (gst_message_has_name (message, "llama4-description"))
      structure = gst_message_get_structure (message);
    if (structure != NULL) {
      *text = g_strdup (gst_structure_get_string (structure, "text"));
      g_assert_true (gst_structure_get_uint64 (structure, "start", &start));
    }
  }
  return start;
}

static void
expect_message (Fixture * self, GstClockTime start, gboolean described)
{
  g_autofree char *wanted = g_strdup_printf ("from %u.0 s", (guint) (start / GST_SECOND)), *text = NULL;

  g_assert_cmpuint (next_message (self, &text), ==, start);
  g_assert_cmpstr (text, ==, described ? wanted : NULL);
}

/* The next buffer of a side pad, in the order in which they came, is of that time. */
static void
expect_buffer (GstHarness * harness, GstClockTime start, GstClockTime end)
{
  g_autoptr (GstBuffer) buffer = gst_harness_pull (harness);

  g_assert_nonnull (buffer);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, start);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer), ==, end);
}

static void
test_what_is_said_comes_in_order (void)
{
  Fixture self;

  begin (&self, TEXT | JSON, LATE_ONES_FIRST, 4);
  push_until (&self, 0, 32 * GST_SECOND);
  push_eos (&self);
  for (guint i = 0; i < 8; i++) {
    expect_message (&self, i * 4 * GST_SECOND, TRUE);
    expect_buffer (self.text, i * 4 * GST_SECOND, (i + 1) * 4 * GST_SECOND);
    expect_buffer (self.json, i * 4 * GST_SECOND, (i + 1) * 4 * GST_SECOND);
  }
  g_assert_cmpuint (get_stat (&self, "described"), ==, 8);
  tear_down (&self);
}

static void
test_windows_are_described_at_once (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  begin (&self, TEXT, THREE_TOGETHER, 3);
  push_until (&self, 0, 24 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  assert_covers (pieces, 0, 24 * GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 6);
  tear_down (&self);
}

static void
test_one_that_fails_takes_no_other_away (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  begin (&self, TEXT, "{\"when\":\"from 4.0 s\",\"error\":\"No idea\"}\n" LATE_ONES_FIRST, 3);
  push_until (&self, 0, 16 * GST_SECOND);
  push_eos (&self);
  for (guint i = 0; i < 4; i++)
    expect_message (&self, i * 4 * GST_SECOND, i != 1);
  pieces = collect (self.text);
  assert_covers (pieces, 0, 16 * GST_SECOND);
  g_assert_cmpuint (nth_text (pieces, 1)->start, ==, 8 * GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 3);
  g_assert_cmpuint (get_stat (&self, "failed"), ==, 1);
  tear_down (&self);
}

/* At the end fewer are left than there may be. */
static void
test_the_end_waits_for_all_that_are_under_way (void)
{
  Fixture self;

  begin (&self, 0, THREE_TOGETHER, 8);
  push_until (&self, 0, 9 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 3);
  for (guint i = 0; i < 3; i++)
    expect_message (&self, i * 4 * GST_SECOND, TRUE);
  tear_down (&self);
}

static void
test_a_flush_drops_all_that_are_under_way (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  begin (&self, TEXT, "{\"when\":\"from 10\",\"text\":\"{prompt}\",\"together\":2}\n" NEVER, 4);
  push_until (&self, 0, 16 * GST_SECOND + FRAME);
  push_flush (&self);
  push_segment (&self, 1, 100 * GST_SECOND, GST_CLOCK_TIME_NONE, 100 * GST_SECOND, 0);
  push_until (&self, 100 * GST_SECOND, 108 * GST_SECOND);
  push_eos (&self);
  while (gst_harness_events_in_queue (self.text) > 0) {
    g_autoptr (GstEvent) event = gst_harness_pull_event (self.text);

    if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
      break;
  }
  pieces = collect (self.text);
  assert_covers (pieces, 100 * GST_SECOND, 108 * GST_SECOND);
  expect_message (&self, 100 * GST_SECOND, TRUE);
  expect_message (&self, 104 * GST_SECOND, TRUE);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 2);
  tear_down (&self);
}

static void
test_stopping_cancels_all_at_once (void)
{
  Fixture self;

  begin (&self, TEXT, NEVER, 16);
  push_until (&self, 0, 60 * GST_SECOND);
  tear_down (&self);            /* returns */
}

static void
test_a_new_segment_keeps_its_place (void)
{
  Fixture self;

  begin (&self, JSON, LATE_ONES_FIRST, 4);
  push_until (&self, 0, GST_SECOND);
  for (guint i = 1; i < 4; i++) {
    push_segment (&self, 1, i * 20 * GST_SECOND, GST_CLOCK_TIME_NONE, i * 20 * GST_SECOND, i * GST_SECOND);
    push_until (&self, i * 20 * GST_SECOND, i * 20 * GST_SECOND + GST_SECOND);
  }
  push_eos (&self);
  for (guint i = 0; i < 4; i++) {
    expect_message (&self, i * 20 * GST_SECOND, TRUE);
    expect_buffer (self.json, i * 20 * GST_SECOND, i * 20 * GST_SECOND + GST_SECOND);
  }
  tear_down (&self);
}

/* As a source's thread; ends when it is refused. */
typedef struct
{
  Fixture *fixture;
  guint passed;                 /* frames; atomic */
} Source;

static gpointer
push_on (gpointer data)
{
  Source *self = data;

  while (push (self->fixture, self->passed * FRAME) == GST_FLOW_OK)
    g_atomic_int_inc (&self->passed);
  return NULL;
}

/* Two are under way and one waits; a fourth is complete with the frame at its end, which does not pass. */
static void
test_no_more_windows_are_kept_than_may_be_under_way_and_one (void)
{
  Fixture self;
  Source source = { &self, 0 };
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  GThread *thread;

  begin (&self, NO_VIDEO | TEXT, NEVER, 2);
  thread = g_thread_new ("source", push_on, &source);
  while (g_atomic_int_get (&source.passed) < 160 && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  g_usleep (100000);
  g_assert_cmpint (g_atomic_int_get (&source.passed), ==, 160);
  gst_element_set_state (self.element, GST_STATE_READY);
  g_thread_join (thread);
  tear_down (&self);
}

/* Holds up the worker that tells of the first window. */
typedef struct
{
  GMutex lock;
  GCond changed;
  gboolean held, released;
} Gate;

static GstBusSyncReply
hold (GstBus * bus, GstMessage * message, gpointer user_data)
{
  Gate *self = user_data;

  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ELEMENT)
    return GST_BUS_PASS;
  g_mutex_lock (&self->lock);
  self->held = TRUE;
  g_cond_broadcast (&self->changed);
  while (!self->released)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  return GST_BUS_PASS;
}

/* The first two are at work before the third is taken, which waits. */
static void
test_what_is_set_while_playing_counts_for_windows_not_yet_taken_up (void)
{
  Gate gate = { 0 };
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  begin (&self, TEXT, "{\"text\":\"{prompt}\"}", 2);
  gst_bus_set_sync_handler (self.bus, hold, &gate, NULL);
  push_until (&self, 0, 12 * GST_SECOND + FRAME);
  g_object_set (self.element, "prompt", "after {start}", NULL);
  g_mutex_lock (&gate.lock);
  while (!gate.held)
    g_cond_wait (&gate.changed, &gate.lock);
  gate.released = TRUE;
  g_cond_broadcast (&gate.changed);
  g_mutex_unlock (&gate.lock);
  push_until (&self, 12 * GST_SECOND + FRAME, 16 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  assert_covers (pieces, 0, 16 * GST_SECOND);
  g_assert_cmpstr (nth_text (pieces, 0)->text, ==, "from 0.0 s");
  g_assert_cmpstr (nth_text (pieces, 1)->text, ==, "from 4.0 s");
  g_assert_cmpstr (nth_text (pieces, 2)->text, ==, "after 8.0 s");
  g_assert_cmpstr (nth_text (pieces, 3)->text, ==, "after 12.0 s");
  tear_down (&self);
}

/* Nothing would come of windows that wait for others. */
static void
test_in_skip_mode_one_is_described_at_a_time (void)
{
  Fixture self;
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  set_up (&self, TEXT, "{\"text\":\"Alone.\"}\n{\"text\":\"Two.\",\"together\":2}\n", "on-busy", "skip");
  g_object_set (self.element, "ahead", 4, NULL);
  begin_again (&self);
  wait_for_model (&self);
  for (guint i = 0; i < 20; i++) {
    push_until (&self, i * 4 * GST_SECOND, (i + 1) * 4 * GST_SECOND);
    g_usleep (5000);
  }
  while (get_stat (&self, "skipped") < 5 && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  g_assert_cmpuint (get_stat (&self, "skipped"), >=, 5);
  g_assert_cmpuint (get_stat (&self, "described"), <=, 4);      /* one of each session at most: of two there would be more */
  tear_down (&self);
}

/* Steps shared ------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  Fixture fixture;
  GThread *thread;
  gboolean enough;              /* atomic */
} Camera;

static guint
get_most (Camera * self)
{
  GstStructure *stats;
  guint most = G_MAXUINT;
  double batch = -1;

  g_object_get (self->fixture.element, "stats", &stats, NULL);
  g_assert_true (gst_structure_get (stats, "batch-most", G_TYPE_UINT, &most, "batch", G_TYPE_DOUBLE, &batch, NULL));
  g_assert_cmpfloat (batch, <=, most);
  g_assert_cmpfloat (batch, >=, most > 0);
  gst_structure_free (stats);
  return most;
}

/* A model with random weights, which does not end before it has to. */
static void
camera_set_up (Camera * self, guint ahead)
{
  g_autofree char *model = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", NULL);

  self->enough = FALSE;
  set_up (&self->fixture, TEXT, TWO_ANSWERS, NULL, NULL);
  g_object_set (self->fixture.element, "model-path", model, "max-tokens", 64, "threads", 2, "window", GST_SECOND, "frames", 1, "ahead", ahead,
      NULL);
  begin_again (&self->fixture);
}

/* Goes on until the test has seen enough. */
static gpointer
film (gpointer data)
{
  Camera *self = data;

  for (GstClockTime at = 0; !g_atomic_int_get (&self->enough); at += GST_SECOND)
    push_until (&self->fixture, at, at + GST_SECOND);
  push_eos (&self->fixture);
  return NULL;
}

static void
camera_start (Camera * self)
{
  self->thread = g_thread_new ("camera", film, self);
}

static void
camera_stop (Camera * self)
{
  g_atomic_int_set (&self->enough, TRUE);
  g_thread_join (self->thread);
}

/* Waits until steps of the element were shared by as many conversations as that. */
static void
wait_for_most (Camera * self, guint most)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  while (get_most (self) < most && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  g_assert_cmpuint (get_most (self), >=, most);
}

/* What was said of the first windows is what is said of them alone. */
static void
assert_same_as_alone (Camera * self)
{
  Camera alone;
  guint64 described = get_stat (&self->fixture, "described");

  camera_set_up (&alone, 1);
  push_until (&alone.fixture, 0, 5 * GST_SECOND);
  push_eos (&alone.fixture);
  g_assert_cmpuint (get_most (&alone), ==, 1);
  for (guint i = 0; i < MIN (described, 5); i++) {
    g_autofree char *one = NULL, *other = NULL;

    g_assert_cmpuint (next_message (&self->fixture, &one), ==, i * GST_SECOND);
    g_assert_cmpuint (next_message (&alone.fixture, &other), ==, i * GST_SECOND);
    g_assert_cmpstr (one, ==, other);
    g_assert_cmpuint (strlen (one), >, 0);
  }
  tear_down (&alone.fixture);
}

static void
test_windows_under_way_share_their_steps (void)
{
  Camera camera;

  camera_set_up (&camera, 3);
  g_assert_cmpuint (get_most (&camera), ==, 0);
  camera_start (&camera);
  wait_for_most (&camera, 3);
  camera_stop (&camera);
  assert_same_as_alone (&camera);
  tear_down (&camera.fixture);
}

static void
test_elements_of_one_model_share_their_steps (void)
{
  Camera first, second;

  camera_set_up (&first, 1);
  camera_set_up (&second, 1);
  camera_start (&first);
  camera_start (&second);
  wait_for_most (&first, 2);
  wait_for_most (&second, 2);
  camera_stop (&first);
  camera_stop (&second);
  assert_same_as_alone (&first);
  assert_same_as_alone (&second);
  tear_down (&first.fixture);
  tear_down (&second.fixture);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"what-is-said-comes-in-order", test_what_is_said_comes_in_order},
    {"windows-are-described-at-once", test_windows_are_described_at_once},
    {"one-that-fails-takes-no-other-away", test_one_that_fails_takes_no_other_away},
    {"the-end-waits-for-all-that-are-under-way", test_the_end_waits_for_all_that_are_under_way},
    {"a-flush-drops-all-that-are-under-way", test_a_flush_drops_all_that_are_under_way},
    {"stopping-cancels-all-at-once", test_stopping_cancels_all_at_once},
    {"a-new-segment-keeps-its-place", test_a_new_segment_keeps_its_place},
    {"no-more-windows-are-kept-than-may-be-under-way-and-one", test_no_more_windows_are_kept_than_may_be_under_way_and_one},
    {"what-is-set-while-playing-counts-for-windows-not-yet-taken-up",
        test_what_is_set_while_playing_counts_for_windows_not_yet_taken_up},
    {"in-skip-mode-one-is-described-at-a-time", test_in_skip_mode_one_is_described_at_a_time},
    {"windows-under-way-share-their-steps", test_windows_under_way_share_their_steps},
    {"elements-of-one-model-share-their-steps", test_elements_of_one_model_share_their_steps},
  };

  return run_tests (argc, argv, "ahead", tests, G_N_ELEMENTS (tests));
}
