/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who comes behind the element: what they say, what they are told, and that they may be gone. */

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

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"what-is-late-where-video-waits-makes-nobody-leave-out-frames", test_what_is_late_where_video_waits_makes_nobody_leave_out_frames},
  };

  return run_tests (argc, argv, "neighbours", tests, G_N_ELEMENTS (tests));
}
