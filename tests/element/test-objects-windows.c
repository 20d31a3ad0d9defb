/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects and the windows that they go with: what fails, is left out, would be late, is news. */

#include "analytics.h"

static void
test_an_object_that_fails_is_a_warning_and_takes_no_window_away (void)
{
  guint n = 0;
  Fixture self;

  analytics_set_up (&self, 0, "{\"when\":\"Describe this person\",\"error\":\"No\\nidea\"}\n{\"text\":\"A yard.\"}\n", "objects", "2", NULL);
  for (guint i = 0; i < 6; i++) {
    analytics_push_person (&self, i * 4 * GST_SECOND, (i + 1) * 4 * GST_SECOND);
    wait_for_stat (&self, "described", i);      /* by now it is known what came of the object */
  }
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 6);
  g_assert_cmpuint (get_stat (&self, "failed"), ==, 0);
  g_assert_cmpuint (get_stat (&self, "objects"), ==, 0);
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_pop_filtered (self.bus, GST_MESSAGE_WARNING);
    g_autoptr (GError) warning = NULL;

    if (message == NULL)
      break;
    gst_message_parse_warning (message, &warning, NULL);
    g_assert_cmpstr (warning->message, ==, "The object 7 (person) at 0.0 s could not be described: No idea");
    n++;
  }
  g_assert_cmpuint (n, ==, 3);  /* then it is let be */
  tear_down (&self);
}

static void
test_an_object_whose_window_is_left_out_goes_with_another (void)
{
  Fixture self;

  analytics_set_up (&self, 0, "{\"when\":\"Describe this\",\"text\":\"Someone.\"}\n{\"text\":\"A yard.\",\"forecast_ms\":300," UNTIL_RELEASED "}", "objects", "2",
      "on-busy", "skip", NULL);
  wait_for_model (&self);
  analytics_push (&self, 0, 4 * GST_SECOND + FRAME, NULL, 0);
  wait_for_forecast (&self, 300);
  analytics_push_person (&self, 4 * GST_SECOND + FRAME, 8 * GST_SECOND + FRAME);   /* waits, with the object, */
  analytics_push (&self, 8 * GST_SECOND + FRAME, 12 * GST_SECOND + FRAME, NULL, 0);     /* and is left out for this one */
  g_assert_cmpuint (get_stat (&self, "skipped"), ==, 1);
  analytics_push (&self, 12 * GST_SECOND + FRAME, 14 * GST_SECOND, NULL, 0);
  release_answers (&self);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "objects"), ==, 1);
  tear_down (&self);
}

/* What is waited for at the end may take any time. */
static void
test_an_object_that_would_make_its_window_late_goes_with_another (void)
{
  Fixture self;

  analytics_set_up (&self, 0, "{\"when\":\"Describe this\",\"text\":\"Someone.\",\"forecast_ms\":1000000}\n{\"text\":\"A yard.\",\"forecast_ms\":300,"
      UNTIL_RELEASED "}", "objects", "2", "on-busy", "skip", NULL);
  wait_for_model (&self);
  analytics_push (&self, 0, 4 * GST_SECOND + FRAME, NULL, 0);
  wait_for_forecast (&self, 300);
  analytics_push_person (&self, 4 * GST_SECOND + FRAME, 8 * GST_SECOND + FRAME);   /* waits: there is a time until which it is of use */
  release_answers (&self);
  analytics_expect_ids (&self, "");
  for (gboolean over = FALSE; !over;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (self.bus, 20 * GST_SECOND, GST_MESSAGE_ELEMENT | GST_MESSAGE_QOS);

    g_assert_nonnull (message);
    over = GST_MESSAGE_TYPE (message) == GST_MESSAGE_QOS || gst_message_has_name (message, "llama4-description");       /* left out on a machine that
                                                                                   stands still */
  }
  g_assert_cmpuint (get_stat (&self, "objects"), ==, 0);
  analytics_push (&self, 8 * GST_SECOND + FRAME, 10 * GST_SECOND, NULL, 0);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "objects"), ==, 1);
  tear_down (&self);
}

/* It is taken whatever time it takes itself, but holds up those behind it no longer than it must. */
static void
test_an_object_that_would_make_a_window_late_that_found_nobody_busy_goes_with_another (void)
{
  Fixture self;

  analytics_set_up (&self, 0, "{\"when\":\"Describe this\",\"text\":\"Someone.\",\"forecast_ms\":1000000}\n{\"text\":\"A yard.\"}\n", "objects", "2",
      "on-busy", "skip", "lateness", "500000000000", NULL);
  wait_for_model (&self);
  analytics_push_person (&self, 0, 4 * GST_SECOND + FRAME);
  analytics_expect_ids (&self, "");
  analytics_push (&self, 4 * GST_SECOND + FRAME, 6 * GST_SECOND, NULL, 0);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "objects"), ==, 1);
  tear_down (&self);
}

/* Or where all windows are late none would ever be told of. */
static void
test_of_a_window_that_is_late_already_one_object_is_described (void)
{
  static const Detected crowd[] = { ANALYTICS_PERSON, {8, "person", 20, 4, 8, 8, 0.5, TRACKED} };
  Fixture self;

  analytics_set_up (&self, 0, "{\"when\":\"Describe this\",\"text\":\"Someone.\",\"forecast_ms\":1000000}\n{\"text\":\"A yard.\",\"delay_ms\":400}\n",
      "objects", "2", "object-time", "100000000", "window", "300000000", "on-busy", "skip", NULL);
  wait_for_model (&self);
  analytics_push (&self, 0, 4 * FRAME, crowd, 2);
  analytics_expect_ids (&self, "7");
  tear_down (&self);
}

static void
test_an_object_is_news_where_the_scene_is_unchanged (void)
{
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", "when", "change", NULL);
  analytics_push (&self, 0, 8 * GST_SECOND, NULL, 0);
  analytics_push_person (&self, 8 * GST_SECOND, 16 * GST_SECOND + FRAME);
  push_eos (&self);
  analytics_expect_ids (&self, "");
  analytics_expect_ids (&self, "7");
  g_assert_cmpuint (get_stat (&self, "described"), ==, 2);
  g_assert_cmpuint (get_stat (&self, "unchanged"), >=, 2);
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"an-object-that-fails-is-a-warning-and-takes-no-window-away", test_an_object_that_fails_is_a_warning_and_takes_no_window_away},
    {"an-object-whose-window-is-left-out-goes-with-another", test_an_object_whose_window_is_left_out_goes_with_another},
    {"an-object-that-would-make-its-window-late-goes-with-another", test_an_object_that_would_make_its_window_late_goes_with_another},
    {"an-object-that-would-make-a-window-late-that-found-nobody-busy-goes-with-another",
        test_an_object_that_would_make_a_window_late_that_found_nobody_busy_goes_with_another},
    {"of-a-window-that-is-late-already-one-object-is-described", test_of_a_window_that_is_late_already_one_object_is_described},
    {"an-object-is-news-where-the-scene-is-unchanged", test_an_object_is_news_where_the_scene_is_unchanged},
  };

  return run_tests (argc, argv, "objects-windows", tests, G_N_ELEMENTS (tests));
}
