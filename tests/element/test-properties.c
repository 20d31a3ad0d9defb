/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties and pads that are promised: their defaults, when they may change, what happens then. */

#include <string.h>

#include "fixture.h"

typedef enum
{
  AT_READY = GST_PARAM_MUTABLE_READY,
  ANY_TIME = GST_PARAM_MUTABLE_PLAYING,
  NEVER = 0
} When;

static const struct
{
  const char *name, *value;     /* as text; NULL: unset */
  When when;
} properties[] = {
  {"model-path", NULL, AT_READY}, {"projector-path", NULL, AT_READY}, {"load", "auto", AT_READY}, {"threads", "0", AT_READY},
  {"memory-limit", "0", AT_READY}, {"prompt", "Describe what happens in this video.", ANY_TIME}, {"system-prompt", NULL, ANY_TIME},
  {"language", NULL, ANY_TIME}, {"schema", NULL, ANY_TIME}, {"questions", NULL, ANY_TIME}, {"max-tokens", "100", ANY_TIME}, {"temperature", "0", ANY_TIME}, {"top-p", "1", ANY_TIME},
  {"seed", "0", ANY_TIME}, {"window", "4000000000", AT_READY}, {"overlap", "0", AT_READY}, {"from", "18446744073709551615", AT_READY},
  {"frames", "4", AT_READY},
  {"tiles", "1", ANY_TIME}, {"prune", "0", ANY_TIME}, {"when", "always", AT_READY}, {"repeat", "extend", ANY_TIME}, {"pick", "even", AT_READY}, {"region", NULL, AT_READY}, {"mask", NULL, AT_READY},
  {"cuts", "FALSE", AT_READY}, {"pictures", "FALSE", ANY_TIME}, {"partial", "FALSE", ANY_TIME}, {"memory", "0", ANY_TIME}, {"summary", "0", ANY_TIME}, {"on-busy", "auto", AT_READY}, {"ahead", "1", AT_READY}, {"lateness", "0", AT_READY}, {"latency", "0", ANY_TIME},
  {"description", NULL, NEVER}, {"licence-notice", NULL, NEVER}, {"stats", "", NEVER},
};

static const char *
enum_nick (const GValue * value)
{
  return g_enum_get_value (g_type_class_peek (G_VALUE_TYPE (value)), g_value_get_enum (value))->value_nick;
}

static void
test_properties_have_the_documented_defaults (void)
{
  GstElement *element = gst_object_ref_sink (gst_element_factory_make ("llama4describe", NULL));

  for (guint i = 0; i < G_N_ELEMENTS (properties); i++) {
    GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (element), properties[i].name);
    g_auto (GValue) value = G_VALUE_INIT, text = G_VALUE_INIT;

    g_test_message ("%s", properties[i].name);
    g_assert_nonnull (spec);
    g_assert_cmpint (spec->flags & (GST_PARAM_MUTABLE_READY | GST_PARAM_MUTABLE_PAUSED | GST_PARAM_MUTABLE_PLAYING), ==,
        properties[i].when);
    g_assert_cmpint (!(spec->flags & G_PARAM_WRITABLE), ==, properties[i].when == NEVER);
    g_assert_cmpuint (strlen (g_param_spec_get_blurb (spec)), >, 10);
    if (g_str_equal (properties[i].name, "stats"))
      continue;
    g_value_init (&value, spec->value_type);
    g_object_get_property (G_OBJECT (element), properties[i].name, &value);
    g_value_init (&text, G_TYPE_STRING);
    if (G_IS_PARAM_SPEC_ENUM (spec))
      g_value_set_string (&text, enum_nick (&value));
    else if (G_IS_PARAM_SPEC_DOUBLE (spec))
      g_value_take_string (&text, g_strdup_printf ("%g", g_value_get_double (&value)));
    else
      g_assert_true (g_value_transform (&value, &text));
    g_assert_cmpstr (g_value_get_string (&text), ==, properties[i].value);
  }
  gst_object_unref (element);
}

static void
test_what_is_set_is_what_is_read (void)
{
  static const char *const set[][2] = { {"model-path", "/a b/c"}, {"projector-path", "/d"}, {"load", "map"}, {"threads", "3"},
  {"memory-limit", "123456789012"}, {"prompt", "Why?"}, {"system-prompt", "Be brief."}, {"language", "German"}, {"max-tokens", "7"},
  {"temperature", "0.5"}, {"top-p", "0.25"}, {"seed", "18446744073709551615"}, {"window", "1000000000"}, {"overlap", "5"}, {"from", "7"},
  {"frames", "64"}, {"tiles", "16"}, {"cuts", "true"}, {"pictures", "true"}, {"on-busy", "skip"}, {"ahead", "8"}, {"lateness", "11"}, {"latency", "12"}
  };
  GstElement *element = gst_object_ref_sink (gst_element_factory_make ("llama4describe", NULL));

  for (guint i = 0; i < G_N_ELEMENTS (set); i++)
    gst_util_set_object_arg (G_OBJECT (element), set[i][0], set[i][1]);
  for (guint i = 0; i < G_N_ELEMENTS (set); i++) {
    GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (element), set[i][0]);
    g_auto (GValue) read = G_VALUE_INIT, wanted = G_VALUE_INIT;

    g_value_init (&read, spec->value_type);
    g_value_init (&wanted, spec->value_type);
    g_object_get_property (G_OBJECT (element), set[i][0], &read);
    g_assert_true (gst_value_deserialize (&wanted, set[i][1]));
    g_test_message ("%s", set[i][0]);
    g_assert_cmpint (gst_value_compare (&read, &wanted), ==, GST_VALUE_EQUAL);
  }
  g_object_set (element, "prompt", NULL, NULL);
  {
    g_autofree char *prompt = NULL;

    g_object_get (element, "prompt", &prompt, NULL);
    g_assert_cmpstr (prompt, ==, "Describe what happens in this video.");
  }
  gst_object_unref (element);
}

/* The scripted describer counts a prompt's parts as its tokens: a time and a picture for every frame, the question, the system's. */
static void
test_a_system_prompt_that_is_set_while_playing_counts_from_the_next_window_on (void)
{
  Fixture self;
  g_autoptr (GArray) records = NULL;

  set_up (&self, JSON, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  wait_until_covered (self.json, 4 * GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "prompt-tokens"), ==, 9);
  g_object_set (self.element, "system-prompt", "Be brief.", NULL);
  push_until (&self, 4 * GST_SECOND + FRAME, 8 * GST_SECOND);
  push_eos (&self);
  records = collect (self.json);
  g_assert_nonnull (strstr (nth_text (records, 0)->text, "\"tokens\":{\"prompt\":10,"));
  g_assert_cmpuint (get_stat (&self, "prompt-tokens"), ==, 19);
  tear_down (&self);
}

static void
test_max_tokens_cuts_the_description (void)
{
  Fixture self;
  g_autoptr (GArray) records = NULL;

  set_up (&self, JSON, "{\"text\":\"One two three four five.\"}", "max-tokens", "3");
  push_until (&self, 0, GST_SECOND);
  push_eos (&self);
  records = collect (self.json);
  g_assert_nonnull (strstr (nth_text (records, 0)->text, "\"text\":\"One two three\""));
  g_assert_nonnull (strstr (nth_text (records, 0)->text, "\"finish\":\"length\""));
  tear_down (&self);
}

static void
test_another_latency_is_told_to_the_pipeline (void)
{
  Fixture self;
  g_autoptr (GstMessage) message = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  g_object_set (self.element, "latency", (guint64) GST_SECOND, NULL);
  message = gst_bus_timed_pop_filtered (self.bus, GST_SECOND, GST_MESSAGE_LATENCY);
  g_assert_nonnull (message);
  tear_down (&self);
}

static void
test_description_is_the_latest_text_and_notified (void)
{
  Fixture self;
  g_autofree char *before = NULL, *after = NULL, *stopped = NULL;

  set_up (&self, 0, TWO_ANSWERS, NULL, NULL);
  gst_element_add_property_notify_watch (self.element, "description", TRUE);
  g_object_get (self.element, "description", &before, NULL);
  g_assert_null (before);
  push_until (&self, 0, 8 * GST_SECOND);
  push_eos (&self);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (self.bus, GST_SECOND, GST_MESSAGE_PROPERTY_NOTIFY);
    const GValue *value;

    g_assert_nonnull (message);
    gst_message_parse_property_notify (message, NULL, NULL, &value);
    g_assert_cmpstr (g_value_get_string (value), ==, i == 0 ? "First." : "Second.");
  }
  g_object_get (self.element, "description", &after, NULL);
  g_assert_cmpstr (after, ==, "Second.");
  gst_element_set_state (self.element, GST_STATE_READY);
  g_object_get (self.element, "description", &stopped, NULL);
  g_assert_null (stopped);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 0);
  tear_down (&self);
}

static void
test_each_side_pad_exists_once (void)
{
  static const char *const names[] = { "text_src", "json_src" };
  GstElement *element = gst_object_ref_sink (gst_element_factory_make ("llama4describe", NULL));

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    for (guint round = 0; round < 2; round++) {
      GstPadTemplate *template = gst_element_get_pad_template (element, names[i]);
      GstPad *pad = gst_element_request_pad (element, template, NULL, NULL);

      g_assert_nonnull (pad);
      g_assert_null (gst_element_request_pad (element, template, NULL, NULL));
      gst_element_release_request_pad (element, pad);
      gst_object_unref (pad);
    }
  gst_object_unref (element);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"properties-have-the-documented-defaults", test_properties_have_the_documented_defaults},
    {"what-is-set-is-what-is-read", test_what_is_set_is_what_is_read},
    {"a-system-prompt-that-is-set-while-playing-counts-from-the-next-window-on",
          test_a_system_prompt_that_is_set_while_playing_counts_from_the_next_window_on},
    {"max-tokens-cuts-the-description", test_max_tokens_cuts_the_description},
    {"another-latency-is-told-to-the-pipeline", test_another_latency_is_told_to_the_pipeline},
    {"description-is-the-latest-text-and-notified", test_description_is_the_latest_text_and_notified},
    {"each-side-pad-exists-once", test_each_side_pad_exists_once},
  };

  return run_tests (argc, argv, "properties", tests, G_N_ELEMENTS (tests));
}
