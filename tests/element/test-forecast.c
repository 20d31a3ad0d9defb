/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a window will cost is known before it is described: what is left out for it in skip mode, and what the statistics say. */

#include <math.h>
#include <string.h>

#include "fixture.h"

/* The second window of four seconds comes while the first one is described. */
static void
push_two_windows (Fixture * self, double first_forecast)
{
  wait_for_model (self);
  push_until (self, 0, 4 * GST_SECOND + FRAME);
  wait_for_forecast (self, first_forecast);
  push_until (self, 4 * GST_SECOND + FRAME, 8 * GST_SECOND + FRAME);
  release_answers (self);
}

#define QUICK "{\"text\":\"Quick.\",\"forecast_ms\":300," UNTIL_RELEASED "}\n"
#define QUICK_AND_SLOW QUICK "{\"text\":\"Slow.\",\"forecast_ms\":100000}\n"

static void
test_a_window_whose_description_would_come_too_late_is_left_out (void)
{
  Fixture self;
  g_autoptr (GstMessage) message = NULL;
  GstClockTime stream_time, timestamp, duration;
  guint64 processed, dropped;

  set_up (&self, TEXT, QUICK_AND_SLOW, "on-busy", "skip");
  push_two_windows (&self, 300);
  wait_for_stat (&self, "skipped", 1);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  message = gst_bus_timed_pop_filtered (self.bus, GST_SECOND, GST_MESSAGE_QOS);
  g_assert_nonnull (message);
  gst_message_parse_qos (message, NULL, NULL, &stream_time, &timestamp, &duration);
  gst_message_parse_qos_stats (message, NULL, &processed, &dropped);
  g_assert_cmpuint (stream_time, ==, 4 * GST_SECOND);
  g_assert_cmpuint (timestamp, ==, 4 * GST_SECOND);
  g_assert_cmpuint (duration, ==, 4 * GST_SECOND);
  g_assert_cmpuint (processed, ==, 1);
  g_assert_cmpuint (dropped, ==, 1);
  tear_down (&self);
}

static void
test_a_window_that_finds_the_describer_idle_is_taken_however_slow_it_is (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, QUICK_AND_SLOW, "on-busy", "skip");
  push_two_windows (&self, 300);
  wait_for_stat (&self, "skipped", 1);
  push_until (&self, 8 * GST_SECOND + FRAME, 12 * GST_SECOND + FRAME);
  wait_for_stat (&self, "described", 2);
  push_eos (&self);
  pieces = collect (self.text);
  g_assert_cmpstr (nth_text (pieces, 1)->text, ==, "Slow.");
  g_assert_cmpuint (get_stat (&self, "skipped"), ==, 1);
  tear_down (&self);
}

static void
test_lateness_gives_a_description_the_time_that_it_needs (void)
{
  static const struct
  {
    const char *lateness, *forecast;
    gboolean taken;
  } cases[] = { {"0", "1000", TRUE}, {"0", "4000", FALSE}, {"2000000000", "2500", TRUE}, {"20000000000", "15000", TRUE},
  {"20000000000", "20000", FALSE}
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *lines = g_strdup_printf (QUICK "{\"text\":\"Next.\",\"forecast_ms\":%s}\n",
        cases[i].forecast);
    Fixture self;

    set_up (&self, 0, lines, "on-busy", "skip");
    gst_util_set_object_arg (G_OBJECT (self.element), "lateness", cases[i].lateness);
    push_two_windows (&self, 300);
    wait_for_stat (&self, cases[i].taken ? "described" : "skipped", cases[i].taken ? 2 : 1);
    g_assert_cmpuint (get_stat (&self, "described") + get_stat (&self, "skipped"), ==, 2);
    tear_down (&self);
  }
}

/* The stream ends where the third of three windows does; the first is being described, and the second would come too late. */
static void
test_an_end_on_a_windows_boundary_leaves_the_last_window_not_out (void)
{
  Fixture self;
  g_autoptr (GArray) records = NULL;

  set_up (&self, JSON, QUICK_AND_SLOW, "on-busy", "skip");
  wait_for_model (&self);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  wait_for_forecast (&self, 300);
  push_until (&self, 4 * GST_SECOND + FRAME, 12 * GST_SECOND);
  push_eos (&self);
  release_answers (&self);
  records = collect (self.json);
  g_assert_nonnull (nth_text (records, 1));
  g_assert_nonnull (strstr (nth_text (records, 1)->text, "\"start\":8000000000,\"end\":12000000000,"));
  g_assert_cmpuint (get_stat (&self, "skipped"), ==, 1);
  tear_down (&self);
}

/* Frames in real time, and descriptions that take one and three quarters of a window: without a choice every second one would wait. */
static void
test_what_is_described_never_waited_for_longer_than_is_of_use (void)
{
  Fixture self;
  gint64 begun;
  g_autoptr (GArray) records = NULL;
  guint n = 0, n_waited = 0;

  set_up (&self, JSON, "{\"text\":\"Slow.\",\"delay_ms\":700}", "window", "400000000");
  gst_util_set_object_arg (G_OBJECT (self.element), "on-busy", "skip");
  wait_for_model (&self);
  begun = g_get_monotonic_time ();
  for (guint i = 0; i < 60; i++) {
    push_until (&self, i * FRAME, (i + 1) * FRAME);
    g_usleep (MAX (begun + (gint64) ((i + 1) * FRAME / 1000) - g_get_monotonic_time (), 0));
  }
  push_eos (&self);
  records = collect (self.json);
  for (; nth_text (records, n + 1) != NULL; n++) {      /* the end's last window is never left out */
    const char *queue = strstr (nth_text (records, n)->text, "\"queue\":");

    n_waited += g_ascii_strtod (queue + strlen ("\"queue\":"), NULL) >= 200;
  }
  g_assert_cmpuint (n_waited, <=, 1);   /* the machine may have been at something else for a moment */
  g_assert_cmpuint (n, >=, 4);
  g_assert_cmpuint (get_stat (&self, "skipped"), >=, 4);
  tear_down (&self);
}

static void
test_in_wait_mode_no_forecast_leaves_a_window_out (void)
{
  Fixture self;

  set_up (&self, 0, "{\"text\":\"Slow.\",\"forecast_ms\":900000}", NULL, NULL);
  push_until (&self, 0, 20 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 5);
  g_assert_cmpuint (get_stat (&self, "skipped"), ==, 0);
  g_assert_cmpfloat (get_figure (&self, "forecast-ms"), ==, 900000);
  tear_down (&self);
}

/* A prompt of nine parts in 90 ms, four words in 200 ms, of which the machine would need 145 at least; twice. */
static void
test_statistics_give_speeds_and_the_fraction_of_the_limit (void)
{
  Fixture self;

  set_up (&self, 0, "{\"text\":\"One two three four\",\"delay_ms\":200,\"prefill_ms\":90,\"limit_ms\":145}", NULL, NULL);
  g_assert_cmpfloat (get_figure (&self, "prompt-tokens-per-second"), ==, 0);
  g_assert_cmpfloat (get_figure (&self, "generated-tokens-per-second"), ==, 0);
  g_assert_cmpfloat (get_figure (&self, "fraction-of-limit"), ==, 0);
  push_until (&self, 0, 8 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpfloat_with_epsilon (get_figure (&self, "prompt-tokens-per-second"), 100, 1e-9);
  g_assert_cmpfloat_with_epsilon (get_figure (&self, "generated-tokens-per-second"), 20, 1e-9);
  g_assert_cmpfloat_with_epsilon (get_figure (&self, "fraction-of-limit"), 0.5, 1e-9);
  tear_down (&self);
}

static void
test_with_the_embedded_model_all_figures_are_there (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("LLAMA4_DATA_DIR"), "embedded", NULL);
  Fixture self;

  for (guint run = 0; run < 2; run++) {
    set_up (&self, 0, TWO_ANSWERS, "model-path", path);
    push_until (&self, 0, 12 * GST_SECOND);
    push_eos (&self);
    g_assert_cmpuint (get_stat (&self, "described"), ==, 3);
    g_assert_cmpfloat (get_figure (&self, "forecast-ms"), >, 0);
    g_assert_cmpfloat (get_figure (&self, "prompt-tokens-per-second"), >, 0);
    g_assert_cmpfloat (get_figure (&self, "generated-tokens-per-second"), >, 0);
    g_assert_cmpfloat (get_figure (&self, "fraction-of-limit"), >, 0);
    g_assert_cmpfloat (get_figure (&self, "fraction-of-limit"), <=, 1);
    tear_down (&self);
  }
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"a-window-whose-description-would-come-too-late-is-left-out", test_a_window_whose_description_would_come_too_late_is_left_out},
    {"a-window-that-finds-the-describer-idle-is-taken-however-slow-it-is",
          test_a_window_that_finds_the_describer_idle_is_taken_however_slow_it_is},
    {"lateness-gives-a-description-the-time-that-it-needs", test_lateness_gives_a_description_the_time_that_it_needs},
    {"an-end-on-a-windows-boundary-leaves-the-last-window-not-out", test_an_end_on_a_windows_boundary_leaves_the_last_window_not_out},
    {"what-is-described-never-waited-for-longer-than-is-of-use", test_what_is_described_never_waited_for_longer_than_is_of_use},
    {"in-wait-mode-no-forecast-leaves-a-window-out", test_in_wait_mode_no_forecast_leaves_a_window_out},
    {"statistics-give-speeds-and-the-fraction-of-the-limit", test_statistics_give_speeds_and_the_fraction_of_the_limit},
    {"with-the-embedded-model-all-figures-are-there", test_with_the_embedded_model_all_figures_are_there},
  };

  return run_tests (argc, argv, "forecast", tests, G_N_ELEMENTS (tests));
}
