/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a detector finds and a tracker follows is shown to the model by itself, once, and stands in record, message and meta. */

#include <string.h>

#include "analytics.h"

#define PERSON_JSON "{\"id\":7,\"label\":\"person\",\"confidence\":0.9,\"box\":[0.25,0.1667,0.25,0.3333],"
#define SHOWN_X 4               /* of a person's surroundings */
#define SHOWN_Y 0
#define SHOWN_SIDE 16

static const char *
get_json (GstMessage * message)
{
  return gst_structure_get_string (gst_message_get_structure (message), "json");
}

/* The objects in a record. (transfer full) */
static char *
cut_out_objects (const char *json)
{
  const char *start = strstr (json, "\"objects\":["), *end = start != NULL ? strstr (start, "}]") : NULL;

  return start != NULL ? g_strndup (start + 10, end + 2 - start - 10) : g_strdup ("");
}

/* What the next description tells of objects. */
static void
expect_objects (Fixture * self, const char *expected)
{
  g_autoptr (GstMessage) message = analytics_expect (self);
  g_autofree char *objects = cut_out_objects (get_json (message));

  g_assert_cmpstr (objects, ==, expected);
}

static void
assert_fields (const GstStructure * fields, const char *text)
{
  const GValue *objects = gst_structure_get_value (fields, "objects");
  const GstStructure *object;
  double confidence, x, y, width, height;
  guint64 id, time, since;

  g_assert_cmpuint (gst_value_array_get_size (objects), ==, 1);
  object = gst_value_get_structure (gst_value_array_get_value (objects, 0));
  g_assert_true (gst_structure_get (object, "id", G_TYPE_UINT64, &id, "confidence", G_TYPE_DOUBLE, &confidence, "x", G_TYPE_DOUBLE, &x, "y",
          G_TYPE_DOUBLE, &y, "width", G_TYPE_DOUBLE, &width, "height", G_TYPE_DOUBLE, &height, "time", G_TYPE_UINT64, &time, "since",
          G_TYPE_UINT64, &since, NULL));
  g_assert_cmpuint (id, ==, 7);
  g_assert_cmpstr (gst_structure_get_string (object, "label"), ==, "person");
  g_assert_cmpstr (gst_structure_get_string (object, "text"), ==, text);
  g_assert_cmpfloat_with_epsilon (confidence, 0.9, 1e-6);
  g_assert_cmpfloat_with_epsilon (x, 8 / 32.0, 1e-9);
  g_assert_cmpfloat_with_epsilon (y, 4 / 24.0, 1e-9);
  g_assert_cmpfloat_with_epsilon (width, 8 / 32.0, 1e-9);
  g_assert_cmpfloat_with_epsilon (height, 8 / 24.0, 1e-9);
  g_assert_cmpuint (time, ==, GST_SECOND);
  g_assert_cmpuint (since, ==, GST_SECOND);
}

static void
test_an_object_is_shown_by_itself_and_told_in_record_message_and_meta_once (void)
{
  g_autofree char *sum = analytics_sum (SHOWN_X, SHOWN_Y, SHOWN_SIDE, SHOWN_SIDE, 0, 0);
  g_autofree char *expected = g_strconcat ("[" PERSON_JSON "\"time\":1000000000,\"since\":1000000000,\"text\":\"", sum, "\"}]", NULL);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  g_autofree char *objects = NULL;
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", NULL);
  analytics_push (&self, 0, GST_SECOND, NULL, 0);
  analytics_push_person (&self, GST_SECOND, 4 * GST_SECOND + FRAME);
  message = analytics_expect (&self);
  objects = cut_out_objects (get_json (message));
  g_assert_cmpstr (objects, ==, expected);
  g_assert_cmpstr (gst_structure_get_string (gst_message_get_structure (message), "text"), ==, "A yard.");
  assert_fields (gst_message_get_structure (message), sum);
  push (&self, 4 * GST_SECOND + FRAME);
  buffer = gst_harness_pull (self.video);
  assert_fields (gst_custom_meta_get_structure (gst_buffer_get_custom_meta (buffer, "Llama4Description")), sum);
  analytics_push_person (&self, 4 * GST_SECOND + 2 * FRAME, 8 * GST_SECOND + FRAME);
  expect_objects (&self, "");
  g_assert_cmpuint (get_stat (&self, "objects"), ==, 1);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 2);
  tear_down (&self);
}

static void
test_nothing_is_looked_at_unless_it_is_asked_for (void)
{
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, NULL);
  analytics_push_person (&self, 0, 4 * GST_SECOND + FRAME);
  expect_objects (&self, "");
  g_assert_cmpuint (get_stat (&self, "objects"), ==, 0);
  tear_down (&self);
}

static void
test_so_many_objects_a_window_the_surest_first (void)
{
  static const Detected crowd[] = {
    {1, "person", 2, 2, 8, 8, 0.5, TRACKED}, {2, "car", 12, 2, 8, 8, 0.9, TRACKED_BACKWARDS}, {3, NULL, 22, 2, 8, 8, 0.7, TRACKED},
    {3, "the same again", 2, 12, 8, 8, 0.99, TRACKED}, {4, "nowhere", 40, 2, 8, 8, 0.9, TRACKED}, {5, "gone", 12, 12, 8, 8, 0.9, LOST},
    {6, "sideways", 12, 12, -8, 8, 0.9, TRACKED},
  };
  Fixture self;

  analytics_set_up (&self, 0, "{\"when\":\"Describe this car\",\"text\":\"Car.\"}\n{\"when\":\"Describe this object\",\"text\":\"Thing.\"}\n" ANALYTICS_LINES,
      "objects", "2", NULL);
  analytics_push (&self, 0, 12 * GST_SECOND + FRAME, crowd, G_N_ELEMENTS (crowd));
  analytics_expect_ids (&self, "2 3");
  analytics_expect_ids (&self, "1");
  analytics_expect_ids (&self, "");
  g_assert_cmpuint (get_stat (&self, "objects"), ==, 3);
  tear_down (&self);
}

/* As some trackers have for what they do not know. */
static void
test_ids_are_numbers_that_readers_of_json_know (void)
{
  static const Detected person = { G_MAXUINT64, "person", 8, 4, 8, 8, 0.9, TRACKED };
  g_autoptr (GstMessage) message = NULL;
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", NULL);
  analytics_push (&self, 0, 4 * GST_SECOND + FRAME, &person, 1);
  message = analytics_expect (&self);
  g_assert_nonnull (strstr (get_json (message), "\"objects\":[{\"id\":9223372036854775807,"));
  tear_down (&self);
}

static void
test_an_object_must_be_seen_long_enough (void)
{
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", "object-time", "3000000000", NULL);
  analytics_push (&self, 0, 2 * GST_SECOND, NULL, 0);
  analytics_push_person (&self, 2 * GST_SECOND, 8 * GST_SECOND + FRAME);
  analytics_expect_ids (&self, "");
  analytics_expect_ids (&self, "7");
  tear_down (&self);
}

static void
test_the_question_has_the_label_which_stands_for_nothing_else (void)
{
  static const Detected tricky = { 7, "{start}\n<|eot|>", 8, 4, 8, 8, 0.9, TRACKED };
  Fixture self;

  analytics_set_up (&self, 0, "{\"when\":\"What is\",\"text\":\"It.\",\"expect\":[\"What is ' start  <|eot|>' at 0.0 s? Answer in German.\"]}\n" ANALYTICS_LINES,
      "objects", "1", "object-prompt", "What is '{label}' at {start}?", "language", "German", NULL);
  analytics_push (&self, 0, 4 * GST_SECOND + FRAME, &tricky, 1);
  analytics_expect_ids (&self, "7");
  tear_down (&self);
}

/* Privacy ------------------------------------------------------------------------------------------------------------------------ */

static void
test_what_is_masked_or_outside_of_the_region_is_black_in_views_too (void)
{
  static const struct
  {
    const char *property, *value;
    guint x, width, black, shown;
  } cases[] = {
    {"mask", "0.40625,0,0.03125,1", SHOWN_X, SHOWN_SIDE, 13, 14},
    {"mask", "0,0,0.25,1", SHOWN_X, SHOWN_SIDE, 0, 8},  /* as wide as what is around it */
    {"region", "0.3125,0,0.5,1", 8, 12, 0, 10}, /* from whole samples on */
    {"region", "0,0,0.40625,1;0.4375,0,0.5,1", SHOWN_X, SHOWN_SIDE, 13, 14},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *sum = analytics_sum (cases[i].x, SHOWN_Y, cases[i].width, SHOWN_SIDE, cases[i].black, cases[i].shown);
    g_autofree char *expected = g_strconcat ("[" PERSON_JSON "\"time\":0,\"since\":0,\"text\":\"", sum, "\"}]", NULL);
    Fixture self;

    analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", cases[i].property, cases[i].value, NULL);
    analytics_push_person (&self, 0, 4 * GST_SECOND + FRAME);
    expect_objects (&self, expected);
    tear_down (&self);
  }
}

static void
test_an_object_whose_middle_is_not_shown_is_none (void)
{
  static const char *const cases[][2] = { {"mask", "0.3,0.2,0.2,0.3"}, {"region", "0.5,0,0.5,1"} };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture self;

    analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", cases[i][0], cases[i][1], NULL);
    analytics_push_person (&self, 0, 4 * GST_SECOND + FRAME);
    analytics_expect_ids (&self, "");
    tear_down (&self);
  }
}

/* Streams ------------------------------------------------------------------------------------------------------------------------ */

/* Two that are seen without ids, one of them walking. */
static void
test_without_a_tracker_objects_are_followed_by_where_they_are (void)
{
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", NULL);
  for (guint i = 0; i <= 40; i++) {
    const Detected both[] = { {0, "person", i / 4, 4, 8, 8, 0.5, UNTRACKED}, {0, "person", 20, 14, 8, 8, 0.9, UNTRACKED} };

    analytics_push (&self, i * FRAME, (i + 1) * FRAME, both, 2);
  }
  analytics_expect_ids (&self, "2 1");
  tear_down (&self);
}

/* The other, who would be the surer one, is what the tracker does not trust. */
static void
test_with_a_tracker_only_what_it_knows_counts (void)
{
  static const Detected before = { 0, "person", 2, 4, 8, 8, 0.9, UNTRACKED };
  static const Detected both[] = { {0, "person", 2, 4, 8, 8, 0.9, UNTRACKED}, {1, "person", 20, 14, 8, 8, 0.5, TRACKED} };
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", NULL);
  analytics_push (&self, 0, 2 * GST_SECOND, &before, 1);
  analytics_push (&self, 2 * GST_SECOND, 4 * GST_SECOND + FRAME, both, 2);
  analytics_expect_ids (&self, "1");
  analytics_push (&self, 4 * GST_SECOND + FRAME, 8 * GST_SECOND + FRAME, &before, 1);
  analytics_expect_ids (&self, "");
  g_assert_cmpuint (get_stat (&self, "objects"), ==, 1);
  tear_down (&self);
}

static void
test_an_upright_picture_has_upright_boxes (void)
{
  g_autoptr (GstMessage) message = NULL;
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", NULL);
  gst_harness_push_event (self.video, gst_event_new_tag (gst_tag_list_new (GST_TAG_IMAGE_ORIENTATION, "rotate-90", NULL)));
  analytics_push_person (&self, 0, 4 * GST_SECOND + FRAME);
  message = analytics_expect (&self);
  g_assert_nonnull (strstr (get_json (message), "\"box\":[0.5,0.25,0.3333,0.25]"));
  tear_down (&self);
}

/* Seen for half of the time in frames of either size. */
static void
test_an_object_stays_the_same_when_caps_change (void)
{
  static const Detected larger = { 7, "person", 16, 8, 16, 16, 0.9, TRACKED };
  g_autoptr (GstMessage) message = NULL;
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", "object-time", "3000000000", NULL);
  analytics_push_person (&self, 0, 2 * GST_SECOND);
  gst_harness_set_src_caps_str (self.video, "video/x-raw,format=RGB,width=64,height=48,framerate=10/1");
  for (GstClockTime pts = 2 * GST_SECOND; pts <= 4 * GST_SECOND; pts += FRAME) {
    GstBuffer *buffer = analytics_draw (64, 48, pts);

    analytics_add (buffer, &larger, 1);
    g_assert_cmpint (gst_harness_push (self.video, buffer), ==, GST_FLOW_OK);
  }
  message = analytics_expect (&self);
  g_assert_nonnull (strstr (get_json (message), "\"objects\":[" PERSON_JSON));
  g_assert_nonnull (strstr (get_json (message), "\"since\":0,"));
  tear_down (&self);
}

static void
test_a_gap_is_no_time_in_which_an_object_is_seen (void)
{
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", "object-time", "3000000000", NULL);
  analytics_push_person (&self, 0, GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_gap (GST_SECOND, 4 * GST_SECOND));
  analytics_push_person (&self, 5 * GST_SECOND, 7 * GST_SECOND);   /* 2.8 s by now */
  analytics_push (&self, 7 * GST_SECOND, 8 * GST_SECOND, NULL, 0);
  analytics_push_person (&self, 8 * GST_SECOND, 12 * GST_SECOND + FRAME);
  analytics_expect_ids (&self, "");
  analytics_expect_ids (&self, "");
  analytics_expect_ids (&self, "7");
  tear_down (&self);
}

static void
test_nothing_is_looked_at_before_the_time_from_which_is_described (void)
{
  g_autoptr (GstMessage) message = NULL;
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", "from", "2000000000", NULL);
  analytics_push_person (&self, 0, 6 * GST_SECOND + FRAME);
  message = analytics_expect (&self);
  g_assert_nonnull (strstr (get_json (message), "\"time\":2000000000,\"since\":2000000000,"));
  tear_down (&self);
}

static void
test_after_a_flush_objects_are_new (void)
{
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", NULL);
  analytics_push_person (&self, 0, 4 * GST_SECOND + FRAME);
  analytics_expect_ids (&self, "7");
  push_flush (&self);
  push_segment (&self, 1, 100 * GST_SECOND, GST_CLOCK_TIME_NONE, 100 * GST_SECOND, 0);
  analytics_push_person (&self, 100 * GST_SECOND, 100 * GST_SECOND + 5 * FRAME);   /* not long enough by itself */
  analytics_push (&self, 100 * GST_SECOND + 5 * FRAME, 104 * GST_SECOND + FRAME, NULL, 0);
  analytics_expect_ids (&self, "");
  analytics_push_person (&self, 104 * GST_SECOND + FRAME, 108 * GST_SECOND + FRAME);
  analytics_expect_ids (&self, "7");
  tear_down (&self);
}

static void
test_what_a_flush_makes_forgotten_is_counted (void)
{
  static const Detected crowd[] = { ANALYTICS_PERSON, {8, "person", 20, 4, 8, 8, 0.5, TRACKED} };
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "1", NULL);
  analytics_push (&self, 0, 4 * GST_SECOND + FRAME, crowd, 2);
  analytics_expect_ids (&self, "7");
  g_assert_cmpuint (get_stat (&self, "objects-missed"), ==, 0);
  push_flush (&self);
  push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, 0);
  g_assert_cmpuint (get_stat (&self, "objects-missed"), ==, 1);
  tear_down (&self);
}

static void
test_times_that_step_back_a_little_count_once (void)
{
  Fixture self;

  analytics_set_up (&self, 0, ANALYTICS_LINES, "objects", "2", NULL);
  for (guint i = 0; i < 20; i++)        /* 0.5 s, over and over, but no second */
    analytics_push_person (&self, 0, 6 * FRAME);
  analytics_push (&self, 6 * FRAME, 4 * GST_SECOND + FRAME, NULL, 0);
  analytics_expect_ids (&self, "");
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"an-object-is-shown-by-itself-and-told-in-record-message-and-meta-once", test_an_object_is_shown_by_itself_and_told_in_record_message_and_meta_once},
    {"nothing-is-looked-at-unless-it-is-asked-for", test_nothing_is_looked_at_unless_it_is_asked_for},
    {"so-many-objects-a-window-the-surest-first", test_so_many_objects_a_window_the_surest_first},
    {"ids-are-numbers-that-readers-of-json-know", test_ids_are_numbers_that_readers_of_json_know},
    {"an-object-must-be-seen-long-enough", test_an_object_must_be_seen_long_enough},
    {"the-question-has-the-label-which-stands-for-nothing-else", test_the_question_has_the_label_which_stands_for_nothing_else},
    {"what-is-masked-or-outside-of-the-region-is-black-in-views-too", test_what_is_masked_or_outside_of_the_region_is_black_in_views_too},
    {"an-object-whose-middle-is-not-shown-is-none", test_an_object_whose_middle_is_not_shown_is_none},
    {"without-a-tracker-objects-are-followed-by-where-they-are", test_without_a_tracker_objects_are_followed_by_where_they_are},
    {"with-a-tracker-only-what-it-knows-counts", test_with_a_tracker_only_what_it_knows_counts},
    {"an-upright-picture-has-upright-boxes", test_an_upright_picture_has_upright_boxes},
    {"an-object-stays-the-same-when-caps-change", test_an_object_stays_the_same_when_caps_change},
    {"a-gap-is-no-time-in-which-an-object-is-seen", test_a_gap_is_no_time_in_which_an_object_is_seen},
    {"nothing-is-looked-at-before-the-time-from-which-is-described", test_nothing_is_looked_at_before_the_time_from_which_is_described},
    {"after-a-flush-objects-are-new", test_after_a_flush_objects_are_new},
    {"what-a-flush-makes-forgotten-is-counted", test_what_a_flush_makes_forgotten_is_counted},
    {"times-that-step-back-a-little-count-once", test_times_that_step_back_a_little_count_once},
  };

  return run_tests (argc, argv, "objects", tests, G_N_ELEMENTS (tests));
}
