/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who comes behind the element: what they say, what they are told, and that they may be gone. */

#include <glib/gstdio.h>

#include "fixture.h"

/* How many events of that type have come upstream. */
static guint
count_upstream (Fixture * self, GstEventType type)
{
  guint n = 0;

  for (GstEvent * event; (event = gst_harness_try_pull_upstream_event (self->video)) != NULL; gst_event_unref (event))
    n += GST_EVENT_TYPE (event) == type;
  return n;
}

static guint
count_late_news (const char *on_busy)
{
  Fixture self;
  guint n;

  set_up (&self, 0, TWO_ANSWERS, "on-busy", on_busy);
  push_until (&self, 0, GST_SECOND);
  gst_harness_push_upstream_event (self.video, gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2, GST_SECOND, 0));
  n = count_upstream (&self, GST_EVENT_QOS);
  tear_down (&self);
  return n;
}

/* A decoder would leave out what comes next. */
static void
test_what_is_late_where_video_waits_makes_nobody_leave_out_frames (void)
{
  g_assert_cmpuint (count_late_news ("wait"), ==, 0);
  g_assert_cmpuint (count_late_news ("skip"), ==, 1);
}

static void
test_text_that_nobody_takes_any_more_does_not_end_the_video (void)
{
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, "window", "500000000");
  push_until (&self, 0, GST_SECOND);
  gst_pad_set_active (self.text->sinkpad, FALSE);
  push_until (&self, GST_SECOND, 5 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 10);
  tear_down (&self);
}

static void
add_ghost (GstElement * bin, GstElement * element, const char *name)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, name);

  g_assert_true (gst_element_add_pad (bin, gst_ghost_pad_new (name, pad)));
}

/* How many windows have been described when the end of video has passed a bin that shows text to whoever may want it. */
static guint64
count_at_end (gboolean linked)
{
  GstElement *bin = gst_bin_new (NULL);
  GstPad *text;
  guint64 n;
  Fixture self = { 0 };

  self.script = write_script ("{\"text\":\"Said.\",\"delay_ms\":3000}\n");
  self.element = gst_element_factory_make ("llama4describe", NULL);
  g_object_set (self.element, "model-path", self.script, NULL);
  gst_util_set_object_arg (G_OBJECT (self.element), "on-busy", "skip");
  text = gst_element_request_pad_simple (self.element, "text_src");
  gst_bin_add (GST_BIN (bin), self.element);
  add_ghost (bin, self.element, "sink");
  add_ghost (bin, self.element, "src");
  add_ghost (bin, self.element, "text_src");
  self.bus = gst_bus_new ();
  gst_element_set_bus (self.element, self.bus);
  self.video = gst_harness_new_with_element (bin, "sink", "src");
  if (linked)
    self.text = gst_harness_new_with_element (bin, NULL, "text_src");
  gst_harness_play (self.video);
  gst_harness_set_src_caps_str (self.video, CAPS);
  wait_for_model (&self);
  push_until (&self, 0, GST_SECOND);
  push_eos (&self);
  n = get_stat (&self, "described");
  gst_object_unref (text);
  g_clear_pointer (&self.text, gst_harness_teardown);
  gst_element_set_bus (self.element, NULL);
  gst_harness_teardown (self.video);
  gst_object_unref (self.bus);
  gst_object_unref (bin);
  g_unlink (self.script);
  g_free (self.script);
  return n;
}

/* Sinks of text wait for its own end, where there are any. */
static void
test_in_skip_mode_the_end_waits_for_text_that_a_bin_shows_to_nobody (void)
{
  g_assert_cmpuint (count_at_end (TRUE), ==, 0);
  g_assert_cmpuint (count_at_end (FALSE), ==, 1);
}

/* Plays one source after another, of these widths, to an overlay that waits for the text of every frame. */
static void
play_to_overlay (gint first, gint second)
{
  char *script = write_script (TWO_ANSWERS);
  g_autofree char *line = g_strdup_printf ("concat name=c ! llama4describe name=d on-busy=wait window=1000000000 model-path=%s ! "
      "queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! textoverlay name=o ! fakesink sync=false d.text_src ! queue ! o.text_sink "
      "videotestsrc num-buffers=15 ! video/x-raw,format=I420,width=%d,height=24,framerate=10/1 ! c. "
      "videotestsrc num-buffers=15 ! video/x-raw,format=I420,width=%d,height=24,framerate=10/1 ! c.", script, first, second);
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, NULL);

  play_to_end (pipeline);
  g_unlink (script);
  g_free (script);
}

/* Who sends other frames asks for memory for them, which a queue answers when it has nothing more. */
static void
test_video_that_changes_behind_a_queue_that_waits_for_text_goes_on (void)
{
  play_to_overlay (32, 32);
  play_to_overlay (32, 48);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"what-is-late-where-video-waits-makes-nobody-leave-out-frames", test_what_is_late_where_video_waits_makes_nobody_leave_out_frames},
    {"text-that-nobody-takes-any-more-does-not-end-the-video", test_text_that_nobody_takes_any_more_does_not_end_the_video},
    {"in-skip-mode-the-end-waits-for-text-that-a-bin-shows-to-nobody", test_in_skip_mode_the_end_waits_for_text_that_a_bin_shows_to_nobody},
    {"video-that-changes-behind-a-queue-that-waits-for-text-goes-on", test_video_that_changes_behind_a_queue_that_waits_for_text_goes_on},
  };

  return run_tests (argc, argv, "neighbours", tests, G_N_ELEMENTS (tests));
}
