/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said stands on the buffers as classes too, of which there are few however much is said. */

#include <string.h>

#include "analytics.h"
#include "classes.h"

#define SCHEMA "{\"type\":\"object\",\"properties\":{\"gate\":{\"enum\":[\"open\",\"closed\"]},\"rain\":{\"type\":\"boolean\"},\"what\":{\"type\":\"string\"}}," \
  "\"required\":[\"gate\",\"rain\",\"what\"],\"additionalProperties\":false}"
#define ANSWER "{\"text\":\"{\\\"gate\\\":\\\"open\\\",\\\"rain\\\":false,\\\"what\\\":\\\"sentences never heard\\\"}\",\"yes\":{\"new\":0.875}}\n"

/* Where GStreamer has such. */
static void
assert_tag (GstAnalyticsMtd * mtd)
{
#ifdef L4_HAS_SEMANTIC_TAGS
  g_autofree char *tag = gst_analytics_mtd_get_semantic_tag (mtd);

  g_assert_cmpstr (tag, ==, GST_LLAMA4_CLASSES_TAG);
#endif
}

/* The classes of the next buffer that passes, which is pushed. (transfer full) */
static char *
get_classes (Fixture * self, GstClockTime pts, const Detected * detected, guint n)
{
  GstBuffer *pushed = analytics_draw (32, 24, pts);
  g_autoptr (GstBuffer) buffer = NULL;
  GstAnalyticsRelationMeta *meta;
  GString *text = g_string_new (NULL);
  GstAnalyticsMtd mtd;
  gpointer state = NULL;

  if (n > 0)
    analytics_add (pushed, detected, n);
  g_assert_cmpint (gst_harness_push (self->video, pushed), ==, GST_FLOW_OK);
  buffer = gst_harness_pull (self->video);
  meta = gst_buffer_get_analytics_relation_meta (buffer);
  while (meta != NULL && gst_analytics_relation_meta_iterate (meta, &state, GST_ANALYTICS_MTD_TYPE_ANY, &mtd)) {
    if (gst_analytics_mtd_get_mtd_type (&mtd) != gst_analytics_cls_mtd_get_mtd_type ()) {
      g_string_append_printf (text, "%s ", gst_analytics_mtd_type_get_name (gst_analytics_mtd_get_mtd_type (&mtd)));
      continue;
    }
    assert_tag (&mtd);
    for (gsize i = 0; i < gst_analytics_cls_mtd_get_length (&mtd); i++)
      g_string_append_printf (text, "[%s %g]", g_quark_to_string (gst_analytics_cls_mtd_get_quark (&mtd, i)),
          gst_analytics_cls_mtd_get_level (&mtd, i));
  }
  return g_string_free (text, FALSE);
}

static void
test_answers_and_choices_are_classes_of_the_buffers_that_follow (void)
{
  static const Detected car = { 7, "car", 8, 4, 8, 8, 0.9, UNTRACKED };
  g_autoptr (GstMessage) message = NULL;
  g_autofree char *before = NULL, *after = NULL, *beside = NULL;
  Fixture self;

  analytics_set_up (&self, 0, ANSWER, "schema", SCHEMA, "questions", "Is it\tnew?;Is it old?;Is it new?", NULL);
  before = get_classes (&self, 0, NULL, 0);
  g_assert_cmpstr (before, ==, "");
  analytics_push (&self, FRAME, 4 * GST_SECOND + FRAME, NULL, 0);
  message = analytics_expect (&self);
  after = get_classes (&self, 4 * GST_SECOND + FRAME, NULL, 0);
  g_assert_cmpstr (after, ==, "[Is it new? 0.875][Is it old? 0.5][gate=open 1][rain 0]");
  beside = get_classes (&self, 4 * GST_SECOND + 2 * FRAME, &car, 1);
  g_assert_true (g_str_has_suffix (beside, after));
  g_assert_cmpuint (strlen (beside), >, strlen (after));
  g_assert_cmpuint (g_quark_try_string ("sentences never heard"), ==, 0);
  tear_down (&self);
}

static void
test_a_sentence_is_no_class (void)
{
  g_autoptr (GstMessage) message = NULL;
  g_autofree char *classes = NULL;
  Fixture self;

  analytics_set_up (&self, 0, "{\"text\":\"Another one never heard.\"}\n", NULL);
  analytics_push (&self, 0, 4 * GST_SECOND + FRAME, NULL, 0);
  message = analytics_expect (&self);
  classes = get_classes (&self, 4 * GST_SECOND + FRAME, NULL, 0);
  g_assert_cmpstr (classes, ==, "");
  g_assert_cmpuint (g_quark_try_string ("Another one never heard."), ==, 0);
  tear_down (&self);
}

static void
test_after_a_flush_buffers_have_none (void)
{
  g_autoptr (GstMessage) message = NULL;
  g_autofree char *classes = NULL;
  Fixture self;

  analytics_set_up (&self, 0, ANSWER, "questions", "Is it new?", NULL);
  analytics_push (&self, 0, 4 * GST_SECOND + FRAME, NULL, 0);
  message = analytics_expect (&self);
  push_flush (&self);
  push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, 0);
  classes = get_classes (&self, 0, NULL, 0);
  g_assert_cmpstr (classes, ==, "");
  tear_down (&self);
}

/* By who asks something else for ever. */
static void
test_a_process_makes_so_many_names_and_no_more (void)
{
  guint n = 0;

  for (guint i = 0; i < 2 * GST_LLAMA4_MOST_CLASSES; i++) {
    g_autofree char *question = g_strdup_printf ("Is it number %u?", i);
    const L4Likelihood likelihood = { question, 0.5 };
    const L4Answer answer = {.text = (char *) "Yes." };
    const L4Record record = {.answer = &answer,.likelihoods = &likelihood,.n_likelihoods = 1 };
    GstLlama4Classes classes;

    gst_llama4_classes_read (&classes, &record, NULL);
    g_assert_cmpuint (classes.n, ==, g_quark_try_string (question) != 0 ? 1 : 0);
    n += classes.n;
  }
  g_assert_cmpuint (n, ==, GST_LLAMA4_MOST_CLASSES);
}

static void
test_a_window_has_so_many_classes_and_no_more (void)
{
  L4Likelihood likelihoods[2 * GST_LLAMA4_CLASSES_A_WINDOW];
  const L4Answer answer = {.text = (char *) "Yes." };
  const L4Record record = {.answer = &answer,.likelihoods = likelihoods,.n_likelihoods = G_N_ELEMENTS (likelihoods) };
  GstLlama4Classes classes;

  for (guint i = 0; i < G_N_ELEMENTS (likelihoods); i++)
    likelihoods[i] = (L4Likelihood) { g_strdup_printf ("Is it number %u?", i), i / 1000.0 };
  gst_llama4_classes_read (&classes, &record, NULL);
  g_assert_cmpuint (classes.n, ==, GST_LLAMA4_CLASSES_A_WINDOW);
  g_assert_cmpfloat_with_epsilon (classes.levels[GST_LLAMA4_CLASSES_A_WINDOW - 1], (GST_LLAMA4_CLASSES_A_WINDOW - 1) / 1000.0, 1e-6);
  for (guint i = 0; i < G_N_ELEMENTS (likelihoods); i++)
    g_free ((char *) likelihoods[i].question);
}

static void
test_of_a_name_that_comes_twice_the_larger_level_counts (void)
{
  static const char schema[] = "{\"properties\":{\"gates\":{\"items\":{\"properties\":{\"locked\":{\"type\":\"boolean\"}}}}}}";
  const L4Answer answer = {.text = (char *) "{\"gates\":[{\"locked\":false},{\"locked\":true},{\"locked\":false}]}",.is_value = TRUE };
  const L4Record record = {.answer = &answer };
  GstLlama4Classes classes;

  g_quark_from_static_string ("gates/locked");  /* is none of those that are counted */
  gst_llama4_classes_read (&classes, &record, schema);
  g_assert_cmpuint (classes.n, ==, 1);
  g_assert_cmpstr (g_quark_to_string (classes.names[0]), ==, "gates/locked");
  g_assert_cmpfloat (classes.levels[0], ==, 1);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"answers-and-choices-are-classes-of-the-buffers-that-follow", test_answers_and_choices_are_classes_of_the_buffers_that_follow},
    {"a-sentence-is-no-class", test_a_sentence_is_no_class},
    {"after-a-flush-buffers-have-none", test_after_a_flush_buffers_have_none},
    {"of-a-name-that-comes-twice-the-larger-level-counts", test_of_a_name_that_comes_twice_the_larger_level_counts},
    {"a-process-makes-so-many-names-and-no-more", test_a_process_makes_so_many_names_and_no_more},
    {"a-window-has-so-many-classes-and-no-more", test_a_window_has_so_many_classes_and_no_more},
  };

  return run_tests (argc, argv, "classes", tests, G_N_ELEMENTS (tests));
}
