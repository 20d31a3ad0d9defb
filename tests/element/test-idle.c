/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An element that has nothing to describe uses no CPU. */

#include "fixture.h"
#include "support/cpu-time.h"

static gint64
cpu_time_of_a_second (void)
{
  gint64 before = cpu_time_us ();

  g_usleep (G_USEC_PER_SEC);
  return cpu_time_us () - before;
}

static void
test_an_element_without_video_uses_no_cpu (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("LLAMA4_DATA_DIR"), "embedded", NULL);
  Fixture self;
  gint64 used;

  set_up (&self, TEXT | JSON, TWO_ANSWERS, "model-path", path);
  push_until (&self, 0, 12 * GST_SECOND + FRAME);
  wait_until_covered (self.text, 12 * GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 3);
  g_usleep (700000);            /* the machine is measured once */
  used = cpu_time_of_a_second ();
  g_test_message ("%" G_GINT64_FORMAT " us", used);
  g_assert_cmpint (used, <, 10000);
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
  gint64 used;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; text == NULL; i++) {
    g_assert_cmpuint (i, <, 10000);
    g_usleep (1000);
    g_object_get (element, "description", &text, NULL);
  }
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  g_usleep (1500000);           /* windows that wait, and the machine */
  used = cpu_time_of_a_second ();
  g_test_message ("%" G_GINT64_FORMAT " us", used);
  g_assert_cmpint (used, <, 10000);
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
