/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An element that has nothing to describe uses no CPU. */

#include "fixture.h"
#include "support/cpu-time.h"

/* Until there is a second that takes less than a hundredth of it: what is under way, the machine's measurement too, ends first. */
static void
wait_for_an_idle_second (void)
{
  for (guint i = 0; i < 30; i++) {
    gint64 before = cpu_time_us (), used;

    g_usleep (G_USEC_PER_SEC);
    used = cpu_time_us () - before;
    g_test_message ("%" G_GINT64_FORMAT " us", used);
    if (used < 10000)
      return;
  }
  g_assert_not_reached ();
}

static void
test_an_element_without_video_uses_no_cpu (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("LLAMA4_DATA_DIR"), "embedded", NULL);
  Fixture self;

  set_up (&self, TEXT | JSON, TWO_ANSWERS, "model-path", path);
  push_until (&self, 0, 12 * GST_SECOND + FRAME);
  wait_until_covered (self.text, 12 * GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 3);
  wait_for_an_idle_second ();
  push_until (&self, 12 * GST_SECOND + FRAME, 16 * GST_SECOND + FRAME);
  wait_until_covered (self.text, 16 * GST_SECOND);      /* and is awake again */
  tear_down (&self);
}

/* Two elements on one live pipeline: what video there is takes its time; between windows nothing else does. */
static void
test_a_paused_pipeline_uses_no_cpu (void)
{
  g_autoptr (GstElement) pipeline = gst_parse_launch ("videotestsrc pattern=ball ! video/x-raw,framerate=10/1,width=64,height=64 ! "
      "llama4describe window=500000000 ! identity sync=true ! llama4describe window=500000000 name=d ! fakesink sync=true "
      "d.text_src ! fakesink", NULL);
  g_autoptr (GstElement) element = gst_bin_get_by_name (GST_BIN (pipeline), "d");
  g_autofree char *text = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; text == NULL; i++) {
    g_assert_cmpuint (i, <, 10000);
    g_usleep (1000);
    g_object_get (element, "description", &text, NULL);
  }
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  wait_for_an_idle_second ();
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"an-element-without-video-uses-no-cpu", test_an_element_without_video_uses_no_cpu},
    {"a-paused-pipeline-uses-no-cpu", test_a_paused_pipeline_uses_no_cpu},
  };

  return run_tests (argc, argv, "idle", tests, G_N_ELEMENTS (tests));
}
