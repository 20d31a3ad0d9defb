/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which windows are described: those that show something new, those in which something moves. */

#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "yard.h"

/* Change ------------------------------------------------------------------------------------------------------------------------- */

static void
test_an_unchanged_scene_is_described_once_and_its_text_extended (void)
{
  g_autoptr (GArray) texts = NULL, records = NULL;
  const Yard yard = {.noise = 12,.leaves = 1 };
  Fixture self;

  yard_set_up (&self, TEXT | JSON, YARD_SAID, "change");
  yard_watch (&self, &yard, 0, 60 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  g_assert_cmpuint (get_stat (&self, "unchanged"), ==, 14);
  texts = collect (self.text);
  records = collect (self.json);
  assert_covers (texts, 0, 60 * GST_SECOND);
  g_assert_cmpuint (count_texts (texts), ==, 15);
  for (guint i = 0; i < 15; i++)
    g_assert_cmpstr (nth_text (texts, i)->text, ==, "First.");
  g_assert_cmpuint (count_texts (records), ==, 1);
  assert_covers (records, 0, 60 * GST_SECOND);
  tear_down (&self);
}

static void
test_an_unchanged_scene_leaves_a_gap_when_asked_to (void)
{
  g_autoptr (GArray) texts = NULL;
  const Yard yard = {.noise = 4 };
  Fixture self;

  yard_set_up (&self, TEXT, YARD_SAID, "change");
  gst_util_set_object_arg (G_OBJECT (self.element), "repeat", "gap");
  yard_watch (&self, &yard, 0, 20 * GST_SECOND);
  push_eos (&self);
  texts = collect (self.text);
  assert_covers (texts, 0, 20 * GST_SECOND);
  g_assert_cmpuint (count_texts (texts), ==, 1);
  tear_down (&self);
}

/* In the windows from 20 to 24 and 24 to 28 s somebody stands there; in each of the others nobody. */
static void
test_what_comes_and_what_has_gone_is_described (void)
{
  static const char *const expected[] = { "First.", "First.", "First.", "First.", "First.", "Second.", "Second.", "Third.", "Third." };
  static const guint sizes[] = { 16, 24, 90 };

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    const Yard yard = {.noise = 8,.leaves = 1,.come = 20 * GST_SECOND,.go = 28 * GST_SECOND,.at = 180,.size = sizes[s] };
    g_autoptr (GArray) texts = NULL;
    Fixture self;

    yard_set_up (&self, TEXT, YARD_SAID, "change");
    yard_watch (&self, &yard, 0, 36 * GST_SECOND);
    push_eos (&self);
    texts = collect (self.text);
    for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
      g_assert_cmpstr (nth_text (texts, i)->text, ==, expected[i]);
    tear_down (&self);
  }
}

/* Somebody comes within a window and stays: that she came is said once, that she stands there once, and no more. */
static void
test_what_happened_in_a_window_is_not_said_of_the_time_after_it (void)
{
  static const char *const expected[] = { "First.", "First.", "Second.", "Third.", "Third.", "Third." };
  const Yard yard = {.noise = 6,.leaves = 1,.come = 10 * GST_SECOND,.go = 100 * GST_SECOND,.at = 180,.size = 60 };
  g_autoptr (GArray) texts = NULL;
  Fixture self;

  yard_set_up (&self, TEXT, YARD_SAID, "change");
  yard_watch (&self, &yard, 0, 24 * GST_SECOND);
  push_eos (&self);
  texts = collect (self.text);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpstr (nth_text (texts, i)->text, ==, expected[i]);
  tear_down (&self);
}

/* Somebody who walks all the time is somewhere else in each window. */
static void
test_who_goes_on_is_described_again (void)
{
  const Yard yard = {.noise = 8,.come = 0,.go = 20 * GST_SECOND,.at = 10,.speed = 14,.size = 40 };
  Fixture self;

  yard_set_up (&self, 0, YARD_SAID, "change");
  yard_watch (&self, &yard, 0, 20 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 5);
  tear_down (&self);
}

static void
test_other_light_is_no_change (void)
{
  static const double gains[] = { 1, 0.95, 0.8, 0.7, 1.15, 1.3, 1 };
  Fixture self;

  yard_set_up (&self, 0, YARD_SAID, "change");
  for (guint i = 0; i < G_N_ELEMENTS (gains); i++) {
    const Yard yard = {.noise = 6,.gain = gains[i] };

    yard_watch (&self, &yard, i * 4 * GST_SECOND, (i + 1) * 4 * GST_SECOND);
  }
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  tear_down (&self);
}

static void
test_after_a_failure_the_next_window_is_described (void)
{
  g_autoptr (GArray) texts = NULL;
  const Yard yard = {.noise = 4 };
  Fixture self;

  yard_set_up (&self, TEXT, "{\"error\":\"No idea\"}\n{\"text\":\"Now.\"}\n{\"text\":\"Never.\"}\n", "change");
  yard_watch (&self, &yard, 0, 4 * GST_SECOND + GST_SECOND / YARD_FPS);
  wait_for_stat (&self, "failed", 1);
  yard_watch (&self, &yard, 4 * GST_SECOND + GST_SECOND / YARD_FPS, 16 * GST_SECOND);
  push_eos (&self);
  texts = collect (self.text);
  assert_covers (texts, 0, 16 * GST_SECOND);
  g_assert_cmpuint (count_texts (texts), ==, 3);
  g_assert_cmpuint (nth_text (texts, 0)->start, ==, 4 * GST_SECOND);
  g_assert_cmpstr (nth_text (texts, 2)->text, ==, "Now.");
  tear_down (&self);
}

static void
test_another_prompt_or_a_seek_describes_the_scene_anew (void)
{
  const Yard yard = {.noise = 4 };
  Fixture self;

  yard_set_up (&self, 0, YARD_SAID, "change");
  yard_watch (&self, &yard, 0, 9 * GST_SECOND);
  g_object_set (self.element, "prompt", "Is the gate open?", NULL);
  yard_watch (&self, &yard, 9 * GST_SECOND, 21 * GST_SECOND);
  push_flush (&self);
  push_segment (&self, 1, 100 * GST_SECOND, GST_CLOCK_TIME_NONE, 100 * GST_SECOND, 0);
  yard_watch (&self, &yard, 100 * GST_SECOND, 112 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 3);
  tear_down (&self);
}

static void
test_messages_of_an_unchanged_scene_come_once_a_minute (void)
{
  const Yard yard = {.noise = 4 };
  GstMessage *message;
  guint n = 0;
  Fixture self;

  yard_set_up (&self, 0, YARD_SAID, "change");
  yard_watch (&self, &yard, 0, 40 * GST_SECOND);
  push_eos (&self);
  while ((message = gst_bus_pop_filtered (self.bus, GST_MESSAGE_ELEMENT)) != NULL) {
    const GstStructure *structure = gst_message_get_structure (message);
    guint64 start, end;
    guint windows;

    if (gst_structure_has_name (structure, "llama4-unchanged")) {
      n++;
      g_assert_true (gst_structure_get (structure, "start", G_TYPE_UINT64, &start, "end", G_TYPE_UINT64, &end, "windows", G_TYPE_UINT,
              &windows, NULL));
      g_assert_cmpuint (start, ==, 4 * GST_SECOND);
      g_assert_cmpuint (end, ==, 8 * GST_SECOND);
      g_assert_cmpuint (windows, ==, 1);
    }
    gst_message_unref (message);
  }
  g_assert_cmpuint (n, ==, 1);
  tear_down (&self);
}

/* A window waits behind a question, the next one shows the same, and a third takes its place: nothing of it is said, and all goes on. */
static void
test_a_window_replaced_while_its_text_is_to_be_said_again_holds_up_nothing (void)
{
  const Yard empty = {.noise = 4 }, visited = {.noise = 4,.come = 0,.go = 60 * GST_SECOND,.at = 150,.size = 60 };
  g_autoptr (GArray) texts = NULL;
  gboolean taken;
  Fixture self;

  yard_set_up (&self, TEXT, "{\"when\":\"hold\",\"text\":\"Held.\",\"forecast_ms\":300," UNTIL_RELEASED "}\n" YARD_SAID, "change");
  gst_element_set_state (self.element, GST_STATE_READY);
  gst_util_set_object_arg (G_OBJECT (self.element), "on-busy", "skip");
  gst_element_set_state (self.element, GST_STATE_PLAYING);
  gst_harness_push_event (self.video, gst_event_new_stream_start ("again"));
  gst_harness_set_src_caps_str (self.video, YARD_CAPS);
  push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, 0);
  wait_for_model (&self);
  yard_watch (&self, &empty, 0, 4 * GST_SECOND + GST_SECOND / YARD_FPS);
  wait_for_stat (&self, "described", 1);
  g_signal_emit_by_name (self.element, "ask", "hold", "me", &taken);
  g_assert_true (taken);
  wait_for_forecast (&self, 300);
  yard_watch (&self, &visited, 4 * GST_SECOND + GST_SECOND / YARD_FPS, 8 * GST_SECOND);
  yard_watch (&self, &visited, 8 * GST_SECOND, 16 * GST_SECOND);
  yard_watch (&self, &empty, 16 * GST_SECOND, 20 * GST_SECOND + GST_SECOND / YARD_FPS);
  g_assert_cmpuint (get_stat (&self, "unchanged"), ==, 1);      /* from 12 to 16 s somebody stands there as before */
  g_assert_cmpuint (get_stat (&self, "skipped"), ==, 2);
  release_answers (&self);
  push_eos (&self);
  texts = collect (self.text);
  for (guint i = 0; nth_text (texts, i) != NULL; i++)
    g_assert_true (i == 0 || nth_text (texts, i)->end > 16 * GST_SECOND);
  g_assert_cmpuint (count_texts (texts), >=, 2);
  tear_down (&self);
}

/* Motion ------------------------------------------------------------------------------------------------------------------------- */

static void
test_a_quiet_yard_is_not_described (void)
{
  g_autoptr (GArray) texts = NULL;
  const Yard yard = {.noise = 12,.leaves = 2 };
  Fixture self;

  yard_set_up (&self, TEXT, YARD_SAID, "motion");
  yard_watch (&self, &yard, 0, 60 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 0);
  texts = collect (self.text);
  assert_covers (texts, 0, 60 * GST_SECOND);
  tear_down (&self);
}

/* The window has what was just before, and ends a second after the last motion. */
static void
test_a_window_begins_before_the_first_motion_and_ends_when_it_is_quiet (void)
{
  static const guint sizes[] = { 16, 30, 90 };

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    const Yard yard = {.noise = 8,.leaves = 1,.come = 20 * GST_SECOND,.go = 22 * GST_SECOND,.at = 150,.speed = 25,.size = sizes[s] };
    g_autoptr (GArray) records = NULL;
    GstClockTime start, end, first;
    Fixture self;

    yard_set_up (&self, JSON, YARD_SAID, "motion");
    yard_watch (&self, &yard, 0, 40 * GST_SECOND);
    push_eos (&self);
    records = collect (self.json);
    g_assert_cmpuint (count_texts (records), ==, 1);
    yard_parse (nth_text (records, 0)->text, &start, &end, &first);
    g_assert_cmpuint (start, >=, 19 * GST_SECOND);
    g_assert_cmpuint (start, <, 20 * GST_SECOND);
    g_assert_cmpuint (first, ==, start);
    g_assert_cmpuint (end, >=, 22 * GST_SECOND);
    g_assert_cmpuint (end, <=, 23 * GST_SECOND);
    assert_covers (records, 0, 40 * GST_SECOND);
    tear_down (&self);
  }
}

static void
test_motion_that_goes_on_gives_windows_one_after_the_other (void)
{
  const Yard yard = {.noise = 8,.come = 10 * GST_SECOND,.go = 24 * GST_SECOND,.at = 5,.speed = 20,.size = 50 };
  g_autoptr (GArray) records = NULL;
  GstClockTime start, end, first, at = 0;
  guint n;
  Fixture self;

  yard_set_up (&self, JSON, YARD_SAID, "motion");
  yard_watch (&self, &yard, 0, 40 * GST_SECOND);
  push_eos (&self);
  records = collect (self.json);
  for (n = 0; nth_text (records, n) != NULL; n++) {
    yard_parse (nth_text (records, n)->text, &start, &end, &first);
    if (n > 0)
      g_assert_cmpuint (start, ==, at);
    g_assert_cmpuint (end - start, <=, 4 * GST_SECOND);
    at = end;
  }
  g_assert_cmpuint (n, ==, 4);
  g_assert_cmpuint (at, >=, 24 * GST_SECOND);
  g_assert_cmpuint (at, <=, 25 * GST_SECOND);
  tear_down (&self);
}

static void
test_a_lamp_is_no_motion (void)
{
  Fixture self;

  yard_set_up (&self, 0, YARD_SAID, "motion");
  for (guint i = 0; i < 4; i++) {
    const Yard yard = {.noise = 6,.gain = i % 2 ? 1.2 : 1 };

    yard_watch (&self, &yard, i * 8 * GST_SECOND, (i + 1) * 8 * GST_SECOND);
  }
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 0);
  tear_down (&self);
}

/* A car that parks: it is described as it comes, and belongs to the yard a while later; it is motion again when it leaves. */
static void
test_what_stays_becomes_background (void)
{
  const Yard yard = {.noise = 6,.come = 10 * GST_SECOND,.go = 200 * GST_SECOND,.at = 170,.size = 60 };
  guint64 described;
  Fixture self;

  yard_set_up (&self, 0, YARD_SAID, "motion");
  yard_watch (&self, &yard, 0, 100 * GST_SECOND);
  described = get_stat (&self, "described");
  g_assert_cmpuint (described, >=, 1);
  yard_watch (&self, &yard, 100 * GST_SECOND, 200 * GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "described"), ==, described);
  yard_watch (&self, &yard, 200 * GST_SECOND, 230 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), >, described);
  tear_down (&self);
}

static void
test_a_gap_ends_a_window_of_motion (void)
{
  const Yard yard = {.noise = 6,.come = 10 * GST_SECOND,.go = 20 * GST_SECOND,.at = 150,.speed = 20,.size = 40 };
  Fixture self;

  yard_set_up (&self, JSON, YARD_SAID, "motion");
  yard_watch (&self, &yard, 0, 11 * GST_SECOND);
  g_assert_true (gst_harness_push_event (self.video, gst_event_new_gap (11 * GST_SECOND, 20 * GST_SECOND)));
  wait_for_stat (&self, "described", 1);
  wait_until_covered (self.json, 12 * GST_SECOND);
  tear_down (&self);
}

static void
test_motion_before_from_is_not_described (void)
{
  const Yard yard = {.noise = 6,.come = 5 * GST_SECOND,.go = 12 * GST_SECOND,.at = 20,.speed = 20,.size = 40 };
  g_autoptr (GArray) records = NULL;
  GstClockTime start, end, first;
  Fixture self;

  set_up (&self, JSON | NO_CAPS, YARD_SAID, "when", "motion");
  g_object_set (self.element, "from", (guint64) 10 * GST_SECOND, NULL);
  gst_element_set_state (self.element, GST_STATE_READY);
  gst_element_set_state (self.element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (self.video, YARD_CAPS);
  yard_watch (&self, &yard, 0, 20 * GST_SECOND);
  push_eos (&self);
  records = collect (self.json);
  yard_parse (nth_text (records, 0)->text, &start, &end, &first);
  g_assert_cmpuint (start, >=, 10 * GST_SECOND);
  g_assert_cmpuint (start, <, 11 * GST_SECOND);
  tear_down (&self);
}

/* Regions ------------------------------------------------------------------------------------------------------------------------ */

/* How many windows of motion there are when somebody walks on the right. */
static guint64
count_windows (const char *property, const char *value)
{
  const Yard yard = {.noise = 6,.come = 10 * GST_SECOND,.go = 12 * GST_SECOND,.at = 200,.speed = 25,.size = 40 };
  guint64 described;
  Fixture self;

  set_up (&self, NO_CAPS, YARD_SAID, "when", "motion");
  gst_util_set_object_arg (G_OBJECT (self.element), property, value);
  gst_element_set_state (self.element, GST_STATE_READY);
  gst_element_set_state (self.element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (self.video, YARD_CAPS);
  yard_watch (&self, &yard, 0, 20 * GST_SECOND);
  push_eos (&self);
  described = get_stat (&self, "described");
  tear_down (&self);
  return described;
}

static void
test_motion_counts_in_the_region_and_not_under_a_mask (void)
{
  g_assert_cmpuint (count_windows ("region", "0.5,0,0.5,1"), ==, 1);
  g_assert_cmpuint (count_windows ("region", "0,0,0.5,1"), ==, 0);
  g_assert_cmpuint (count_windows ("region", "0,0,0.3,1;0.5,0,0.2,0.1;0.6,0.5,0.3,0.4"), ==, 1);
  g_assert_cmpuint (count_windows ("mask", "0.5,0,0.5,1"), ==, 0);
  g_assert_cmpuint (count_windows ("mask", "0,0,0.5,1"), ==, 1);
}

static void
test_a_region_that_is_none_is_refused_by_name (void)
{
  static const char *const properties[] = { "region", "mask" };

  for (guint i = 0; i < G_N_ELEMENTS (properties); i++) {
    g_autoptr (GstMessage) message = NULL;
    g_autoptr (GError) error = NULL;
    Fixture self;

    set_up (&self, 0, YARD_SAID, NULL, NULL);
    gst_element_set_state (self.element, GST_STATE_READY);
    g_object_set (self.element, properties[i], "0,0,2,1", NULL);
    g_assert_cmpint (gst_element_set_state (self.element, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
    message = gst_bus_pop_filtered (self.bus, GST_MESSAGE_ERROR);
    g_assert_nonnull (message);
    gst_message_parse_error (message, &error, NULL);
    g_assert_true (g_str_has_prefix (error->message, properties[i]));
    tear_down (&self);
  }
}

/* Frames that are shown ---------------------------------------------------------------------------------------------------------- */

/* The times of the first record's frames, in milliseconds. (transfer full) */
static char *
shown (const Yard * yard, const char *pick)
{
  g_autoptr (GArray) records = NULL;
  g_autoptr (GString) times = g_string_new (NULL);
  const char *at;
  Fixture self;

  set_up (&self, JSON | NO_CAPS, YARD_SAID, "pick", pick);
  gst_element_set_state (self.element, GST_STATE_READY);
  gst_element_set_state (self.element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (self.video, YARD_CAPS);
  yard_watch (&self, yard, 0, 4 * GST_SECOND);
  push_eos (&self);
  records = collect (self.json);
  for (at = strchr (nth_text (records, 0)->text, '['); *at != ']';)
    g_string_append_printf (times, " %" G_GUINT64_FORMAT, g_ascii_strtoull (at + 1, (char **) &at, 10) / GST_MSECOND);
  tear_down (&self);
  return g_string_free (g_steal_pointer (&times), FALSE);
}

static void
test_pick_change_shows_what_lasts_only_a_moment (void)
{
  const Yard yard = {.noise = 4,.come = 1800 * GST_MSECOND,.go = 2200 * GST_MSECOND,.at = 150,.speed = 100,.size = 70 };
  g_autofree char *even = shown (&yard, "even"), *change = shown (&yard, "change");

  g_assert_cmpstr (even, ==, " 0 1200 2600 3800");
  g_assert_nonnull (strstr (change, " 0 "));
  g_assert_nonnull (strstr (change, " 1800"));
  g_assert_nonnull (strstr (change, " 2000"));
}

static void
test_pick_sharp_shows_no_blurred_picture_where_there_is_a_sharp_one (void)
{
  const Yard yard = {.noise = 2,.sharp = 5 };
  g_autofree char *sharp = shown (&yard, "sharp");

  g_assert_cmpstr (sharp, ==, " 0 1000 2000 3000");
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"an-unchanged-scene-is-described-once-and-its-text-extended", test_an_unchanged_scene_is_described_once_and_its_text_extended},
    {"an-unchanged-scene-leaves-a-gap-when-asked-to", test_an_unchanged_scene_leaves_a_gap_when_asked_to},
    {"what-comes-and-what-has-gone-is-described", test_what_comes_and_what_has_gone_is_described},
    {"what-happened-in-a-window-is-not-said-of-the-time-after-it", test_what_happened_in_a_window_is_not_said_of_the_time_after_it},
    {"who-goes-on-is-described-again", test_who_goes_on_is_described_again},
    {"other-light-is-no-change", test_other_light_is_no_change},
    {"after-a-failure-the-next-window-is-described", test_after_a_failure_the_next_window_is_described},
    {"another-prompt-or-a-seek-describes-the-scene-anew", test_another_prompt_or_a_seek_describes_the_scene_anew},
    {"messages-of-an-unchanged-scene-come-once-a-minute", test_messages_of_an_unchanged_scene_come_once_a_minute},
    {"a-window-replaced-while-its-text-is-to-be-said-again-holds-up-nothing",
        test_a_window_replaced_while_its_text_is_to_be_said_again_holds_up_nothing},
    {"a-quiet-yard-is-not-described", test_a_quiet_yard_is_not_described},
    {"a-window-begins-before-the-first-motion-and-ends-when-it-is-quiet",
        test_a_window_begins_before_the_first_motion_and_ends_when_it_is_quiet},
    {"motion-that-goes-on-gives-windows-one-after-the-other", test_motion_that_goes_on_gives_windows_one_after_the_other},
    {"a-lamp-is-no-motion", test_a_lamp_is_no_motion},
    {"what-stays-becomes-background", test_what_stays_becomes_background},
    {"a-gap-ends-a-window-of-motion", test_a_gap_ends_a_window_of_motion},
    {"pick-change-shows-what-lasts-only-a-moment", test_pick_change_shows_what_lasts_only_a_moment},
    {"pick-sharp-shows-no-blurred-picture-where-there-is-a-sharp-one", test_pick_sharp_shows_no_blurred_picture_where_there_is_a_sharp_one},
    {"motion-counts-in-the-region-and-not-under-a-mask", test_motion_counts_in_the_region_and_not_under_a_mask},
    {"a-region-that-is-none-is-refused-by-name", test_a_region_that_is_none_is_refused_by_name},
    {"motion-before-from-is-not-described", test_motion_before_from_is_not_described},
  };

  return run_tests (argc, argv, "moments", tests, G_N_ELEMENTS (tests));
}
