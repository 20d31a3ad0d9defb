/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is picked by change and by motion is the same whatever the stream does: other caps, flushes, seeks. */

#include <string.h>

#include "fixture.h"
#include "yard.h"

/* One after the other, as cameras that switch from day to night, and mixers, have them: of the same shape. */
static const char *const caps[] = { "I420,width=320,height=180", "NV12,width=640,height=360", "P010_10LE,width=480,height=270", "RGB,width=160,height=90" };

/* Other caps every so often; 0: never. */
static void
watch (Fixture * self, const Yard * yard, GstClockTime from, GstClockTime to, GstClockTime each)
{
  GstVideoInfo info;
  guint latest = 0;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, YARD_WIDTH, YARD_HEIGHT);
  for (GstClockTime time = from; time < to; time += GST_SECOND / YARD_FPS) {
    guint now = each > 0 ? time / each % G_N_ELEMENTS (caps) : 0;

    if (now != latest) {
      g_autofree char *text = g_strdup_printf ("video/x-raw,framerate=5/1,format=%s", caps[now]);
      g_autoptr (GstCaps) other = gst_caps_from_string (text);

      g_assert_true (gst_video_info_from_caps (&info, other));
      gst_harness_set_src_caps (self->video, gst_caps_ref (other));
    }
    latest = now;
    g_assert_cmpint (gst_harness_push (self->video, yard_draw_as (yard, time, &info)), ==, GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (self->video));
  }
}

/* The texts of a still yard that is sent in caps that change; described: how many windows must have been. */
static GArray *
watch_other_caps (const char *when, guint described)
{
  const Yard yard = {.noise = 8,.leaves = 1 };
  GArray *texts;
  Fixture self;

  yard_set_up (&self, TEXT, YARD_SAID, when);
  watch (&self, &yard, 0, 40 * GST_SECOND, 7 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, described);
  texts = collect (self.text);
  assert_covers (texts, 0, 40 * GST_SECOND);
  tear_down (&self);
  return texts;
}

static void
test_other_caps_are_no_motion (void)
{
  g_autoptr (GArray) texts = watch_other_caps ("motion", 0);
}

static void
test_other_caps_are_no_change (void)
{
  g_autoptr (GArray) texts = watch_other_caps ("change", 1);

  for (guint i = 0; i < count_texts (texts); i++)
    g_assert_cmpstr (nth_text (texts, i)->text, ==, "First.");
}

/* What is the same behind a time without pictures is not described again, and of that time nothing is said. */
static void
test_a_gap_is_no_change (void)
{
  const Yard yard = {.noise = 8 };
  g_autoptr (GArray) texts = NULL;
  Fixture self;

  yard_set_up (&self, TEXT, YARD_SAID, "change");
  yard_watch (&self, &yard, 0, 10 * GST_SECOND);
  g_assert_true (gst_harness_push_event (self.video, gst_event_new_gap (10 * GST_SECOND, 22 * GST_SECOND)));
  yard_watch (&self, &yard, 32 * GST_SECOND, 52 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  texts = collect (self.text);
  assert_covers (texts, 0, 52 * GST_SECOND);
  for (guint i = 0; i < count_texts (texts); i++) {
    g_assert_cmpstr (nth_text (texts, i)->text, ==, "First.");
    g_assert_true (nth_text (texts, i)->end <= 12 * GST_SECOND || nth_text (texts, i)->start >= 32 * GST_SECOND);
  }
  tear_down (&self);
}

/* Windows of one who walks by while caps change are those of the same walk without. */
static void
test_motion_is_found_across_other_caps (void)
{
  const Yard yard = {.noise = 8,.come = 10 * GST_SECOND,.go = 24 * GST_SECOND,.at = 5,.speed = 20,.size = 60 };

  for (guint round = 0; round < 2; round++) {
    g_autoptr (GArray) records = NULL;
    GstClockTime start, end, until = 0;
    guint n;
    Fixture self;

    yard_set_up (&self, JSON, YARD_SAID, "motion");
    watch (&self, &yard, 0, 40 * GST_SECOND, round * 3 * GST_SECOND);
    push_eos (&self);
    records = collect (self.json);
    assert_covers (records, 0, 40 * GST_SECOND);
    for (n = 0; nth_text (records, n) != NULL; n++) {
      yard_parse (nth_text (records, n)->text, &start, &end, NULL);
      g_test_message ("round %u: %.1f to %.1f", round, start / 1e9, end / 1e9);
      if (n == 0)
        g_assert_cmpuint (start / GST_SECOND, ==, 9);
      else
        g_assert_cmpuint (start, ==, until);
      g_assert_cmpuint (end - start, <=, 4 * GST_SECOND);
      until = end;
    }
    g_assert_cmpuint (n, >=, 4);
    g_assert_cmpuint (n, <=, 5);
    g_assert_cmpuint (until, >=, 24 * GST_SECOND);
    g_assert_cmpuint (until, <=, 26 * GST_SECOND);
    tear_down (&self);
  }
}

/* A flush in the midst of motion, and a segment that begins elsewhere, as of a seek. */
static void
test_after_a_flush_motion_is_what_moves_from_then_on (void)
{
  const Yard before = {.noise = 6,.come = 10 * GST_SECOND,.go = 90 * GST_SECOND,.at = 5,.speed = 20,.size = 60 };
  const Yard after = {.noise = 6,.come = 110 * GST_SECOND,.go = 112 * GST_SECOND,.at = 100,.speed = 25,.size = 60 };
  g_autoptr (GArray) records = NULL;
  GstClockTime start, end;
  Fixture self;

  yard_set_up (&self, JSON, YARD_SAID, "motion");
  watch (&self, &before, 0, 12 * GST_SECOND, 0);
  push_flush (&self);
  push_segment (&self, 1, 100 * GST_SECOND, GST_CLOCK_TIME_NONE, 100 * GST_SECOND, 0);
  watch (&self, &after, 100 * GST_SECOND, 120 * GST_SECOND, 0);
  push_eos (&self);
  records = collect (self.json);
  g_assert_cmpuint (count_texts (records), ==, 1);
  yard_parse (nth_text (records, 0)->text, &start, &end, NULL);
  g_assert_cmpuint (start, >=, 109 * GST_SECOND);
  g_assert_cmpuint (start, <, 110 * GST_SECOND);
  g_assert_cmpuint (end, >=, 112 * GST_SECOND);
  g_assert_cmpuint (end, <=, 113 * GST_SECOND);
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"other-caps-are-no-motion", test_other_caps_are_no_motion},
    {"other-caps-are-no-change", test_other_caps_are_no_change},
    {"a-gap-is-no-change", test_a_gap_is_no_change},
    {"motion-is-found-across-other-caps", test_motion_is_found_across_other_caps},
    {"after-a-flush-motion-is-what-moves-from-then-on", test_after_a_flush_motion_is_what_moves_from_then_on},
  };

  return run_tests (argc, argv, "steady", tests, G_N_ELEMENTS (tests));
}
