/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is picked by change and by motion is the same whatever the stream does: other caps, flushes, seeks, crop metas. */

#include <string.h>

#include "fixture.h"
#include "gstllama4describe.h"
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

/* As parsers do that learn the length of a file piece by piece. */
static void
test_a_segment_that_only_gets_longer_is_no_change (void)
{
  const Yard yard = {.noise = 4 };
  g_autoptr (GArray) texts = NULL;
  Fixture self;

  yard_set_up (&self, TEXT, YARD_SAID, "change");
  push_segment (&self, 1, 0, 20 * GST_SECOND, 0, 0);
  yard_watch (&self, &yard, 0, 9 * GST_SECOND);
  push_segment (&self, 1, 0, 100 * GST_SECOND, 0, 0);
  yard_watch (&self, &yard, 9 * GST_SECOND, 16 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  texts = collect (self.text);
  assert_covers (texts, 0, 16 * GST_SECOND);
  g_assert_cmpuint (count_texts (texts), ==, 4);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpstr (nth_text (texts, i)->text, ==, "First.");
  tear_down (&self);
}

static guint
count_jobs (Fixture * self)
{
  GstLlama4Describe *element = (GstLlama4Describe *) self->element;     /* the macro would ask for the type, which is the plugin's */
  guint n;

  g_mutex_lock (&element->lock);
  n = element->jobs.length;
  g_mutex_unlock (&element->lock);
  return n;
}

/* While a window is described, an hour of a quiet yard may pass. */
static void
test_quiet_frames_do_not_pile_up_behind_a_window (void)
{
  const Yard yard = {.noise = 8,.leaves = 1,.come = 20 * GST_SECOND,.go = 22 * GST_SECOND,.at = 150,.speed = 25,.size = 30 };
  g_autoptr (GArray) records = NULL;
  Fixture self;

  yard_set_up (&self, JSON, "{\"text\":\"Slow.\",\"forecast_ms\":300," UNTIL_RELEASED "}", "motion");
  yard_watch (&self, &yard, 0, 24 * GST_SECOND);
  wait_for_forecast (&self, 300);
  yard_watch (&self, &yard, 24 * GST_SECOND, 40 * GST_SECOND);
  g_assert_cmpuint (count_jobs (&self), ==, 2); /* the window, and that time has passed */
  release_answers (&self);
  push_eos (&self);
  records = collect (self.json);
  g_assert_cmpuint (count_texts (records), ==, 1);
  assert_covers (records, 0, 40 * GST_SECOND);
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

/* How many windows of motion there are when somebody walks on the right, and a crop meta says what is visible. */
static guint64
count_cropped (guint x, guint y, guint width, guint height, const char *mask)
{
  const Yard yard = {.noise = 6,.come = 10 * GST_SECOND,.go = 12 * GST_SECOND,.at = 200,.speed = 25,.size = 40 };
  guint64 described;
  Fixture self;

  set_up (&self, NO_CAPS, YARD_SAID, "when", "motion");
  g_object_set (self.element, "mask", mask, NULL);
  gst_element_set_state (self.element, GST_STATE_READY);
  gst_element_set_state (self.element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (self.video, YARD_CAPS);
  for (GstClockTime time = 0; time < 20 * GST_SECOND; time += GST_SECOND / YARD_FPS) {
    GstBuffer *buffer = yard_draw (&yard, time);
    GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);

    crop->x = x;
    crop->y = y;
    crop->width = width;
    crop->height = height;
    g_assert_cmpint (gst_harness_push (self.video, buffer), ==, GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (self.video));
  }
  push_eos (&self);
  described = get_stat (&self, "described");
  tear_down (&self);
  return described;
}

static void
test_motion_counts_where_a_crop_meta_shows_it (void)
{
  g_assert_cmpuint (count_cropped (1, 1, 159, 179, NULL), ==, 0);
  g_assert_cmpuint (count_cropped (161, 3, 159, 171, NULL), ==, 1);
}

/* The walker is behind the first one only where it is a part of the right half, behind the second one only where it is one of the whole frame. */
static void
test_a_mask_is_a_part_of_what_a_crop_meta_shows (void)
{
  g_assert_cmpuint (count_cropped (161, 3, 159, 171, "0.2,0.5,0.5,0.5"), ==, 0);
  g_assert_cmpuint (count_cropped (161, 3, 159, 171, "0.6,0,0.4,1"), ==, 1);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"other-caps-are-no-motion", test_other_caps_are_no_motion},
    {"other-caps-are-no-change", test_other_caps_are_no_change},
    {"a-gap-is-no-change", test_a_gap_is_no_change},
    {"a-segment-that-only-gets-longer-is-no-change", test_a_segment_that_only_gets_longer_is_no_change},
    {"quiet-frames-do-not-pile-up-behind-a-window", test_quiet_frames_do_not_pile_up_behind_a_window},
    {"motion-is-found-across-other-caps", test_motion_is_found_across_other_caps},
    {"after-a-flush-motion-is-what-moves-from-then-on", test_after_a_flush_motion_is_what_moves_from_then_on},
    {"motion-counts-where-a-crop-meta-shows-it", test_motion_counts_where_a_crop_meta_shows_it},
    {"a-mask-is-a-part-of-what-a-crop-meta-shows", test_a_mask_is_a_part_of_what_a_crop_meta_shows},
  };

  return run_tests (argc, argv, "steady", tests, G_N_ELEMENTS (tests));
}
