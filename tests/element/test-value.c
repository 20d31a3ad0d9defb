/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* With a schema everything that programs read carries the value, and nothing ever a part of one. */

#include <glib/gstdio.h>
#include <string.h>

#include "fixture.h"

#define SCHEMA "{\"type\":\"object\",\"properties\":{\"people\":{\"type\":\"integer\"},\"what\":{\"type\":\"string\"}}," \
  "\"required\":[\"people\",\"what\"],\"additionalProperties\":false}"
#define TWO "{\"people\":2,\"what\":\"two  people\"}"
#define ANSWER_TWO "{\"text\":\"{\\\"people\\\":2,\\\"what\\\":\\\"two  people\\\"}\"}\n"

/* The next message of that type, of that name where it has one. (transfer full) */
static GstMessage *
expect (Fixture * self, GstMessageType type, const char *name)
{
  for (;;) {
    GstMessage *message = gst_bus_timed_pop_filtered (self->bus, 20 * GST_SECOND, type);

    g_assert_nonnull (message);
    if (name == NULL || gst_message_has_name (message, name))
      return message;
    gst_message_unref (message);
  }
}

static void
assert_error (Fixture * self, const char *text)
{
  g_autoptr (GstMessage) message = expect (self, GST_MESSAGE_ERROR, NULL);
  g_autoptr (GError) error = NULL;

  gst_message_parse_error (message, &error, NULL);
  g_assert_nonnull (strstr (error->message, text));
  g_assert_null (strchr (error->message, '\n'));
}

static void
test_text_record_message_and_meta_carry_the_value (void)
{
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GArray) texts = NULL, records = NULL;
  g_autoptr (GstBuffer) buffer = NULL;
  GstCustomMeta *meta;
  Fixture self;

  set_up (&self, TEXT | JSON, ANSWER_TWO, "schema", SCHEMA);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  message = expect (&self, GST_MESSAGE_ELEMENT, "llama4-description");
  g_assert_cmpstr (gst_structure_get_string (gst_message_get_structure (message), "value"), ==, TWO);
  push (&self, 4 * GST_SECOND + FRAME);
  buffer = gst_harness_pull (self.video);
  meta = gst_buffer_get_custom_meta (buffer, "Llama4Description");
  g_assert_nonnull (meta);
  g_assert_cmpstr (gst_structure_get_string (gst_custom_meta_get_structure (meta), "value"), ==, TWO);
  push_eos (&self);
  texts = collect (self.text);
  g_assert_cmpstr (nth_text (texts, 0)->text, ==, "(\"people\":2,\"what\":\"two people\")");    /* to be shown: who reads
                                                                                   subtitles might obey braces */
  records = collect (self.json);
  g_assert_nonnull (strstr (nth_text (records, 0)->text, ",\"value\":" TWO ","));
  tear_down (&self);
}

static void
test_free_text_has_no_value (void)
{
  g_autoptr (GstMessage) message = NULL;
  Fixture self;

  set_up (&self, 0, ANSWER_TWO, NULL, NULL);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  message = expect (&self, GST_MESSAGE_ELEMENT, "llama4-description");
  g_assert_false (gst_structure_has_field (gst_message_get_structure (message), "value"));
  g_assert_null (strstr (gst_structure_get_string (gst_message_get_structure (message), "json"), "\"value\""));
  tear_down (&self);
}

/* One is no value, and one has more words than max-tokens. */
static void
test_what_is_no_whole_value_is_a_warning_and_a_gap (void)
{
  g_autoptr (GArray) texts = NULL;
  Fixture self;
  guint n = 0;

  set_up (&self, TEXT, ANSWER_TWO "{\"text\":\"Two people.\"}\n" ANSWER_TWO
      "{\"text\":\"{\\\"people\\\":3,\\\"what\\\":\\\"a lot of words to say\\\"}\"}\n", "schema", SCHEMA);
  g_object_set (self.element, "max-tokens", 4, NULL);
  push_until (&self, 0, 16 * GST_SECOND);
  push_eos (&self);
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_pop_filtered (self.bus, GST_MESSAGE_WARNING);
    g_autoptr (GError) warning = NULL;

    if (message == NULL)
      break;
    gst_message_parse_warning (message, &warning, NULL);
    g_assert_nonnull (strstr (warning->message, n++ == 0 ? "is no value of it" : "takes 6 tokens, but only 4 are allowed"));
  }
  g_assert_cmpuint (n, ==, 2);
  texts = collect (self.text);
  assert_covers (texts, 0, 16 * GST_SECOND);
  g_assert_cmpuint (nth_text (texts, 0)->start, ==, 0);
  g_assert_cmpuint (nth_text (texts, 1)->start, ==, 8 * GST_SECOND);
  g_assert_null (nth_text (texts, 2));
  tear_down (&self);
}

/* With a model, which would say whatever it likes. */
static void
test_the_embedded_model_says_values (void)
{
  Fixture self;
  guint n = 0;

  set_up (&self, TEXT, TWO_ANSWERS, "schema", "{\"type\":\"array\",\"items\":{\"enum\":[\"red\",\"blue\"]},\"minItems\":1,\"maxItems\":3}");
  gst_element_set_state (self.element, GST_STATE_READY);
  g_object_set (self.element, "model-path", NULL, NULL);
  gst_harness_play (self.video);
  gst_harness_set_src_caps_str (self.video, CAPS);
  push_until (&self, 0, 8 * GST_SECOND);
  push_eos (&self);
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_pop_filtered (self.bus, GST_MESSAGE_ELEMENT);
    const char *value;

    if (message == NULL)
      break;
    if (!gst_message_has_name (message, "llama4-description"))
      continue;
    value = gst_structure_get_string (gst_message_get_structure (message), "value");
    g_assert_true (g_regex_match_simple ("^\\[\"(red|blue)\"(,\"(red|blue)\"){0,2}\\]$", value, 0, 0));
    n++;
  }
  g_assert_cmpuint (n, ==, 2);
  tear_down (&self);
}

static void
test_a_bad_schema_is_one_error_before_anything_plays (void)
{
  static const char *const cases[][2] = {
    {"{\"type\":\"string\",\"format\":\"date\"}", "schema: #/format: this keyword is not supported"},
    {"{\"type\":", "schema: not JSON at byte"},
    {"/nowhere/schema.json", "/nowhere/schema.json"},
    {"/dev/zero", "/dev/zero: is no file"},
    {"/", "/: is no file"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture self;

    set_up (&self, 0, ANSWER_TWO, NULL, NULL);
    gst_element_set_state (self.element, GST_STATE_READY);
    g_object_set (self.element, "schema", cases[i][0], NULL);
    g_assert_cmpint (gst_element_set_state (self.element, GST_STATE_PLAYING), ==, GST_STATE_CHANGE_FAILURE);
    assert_error (&self, cases[i][1]);
    g_assert_false (gst_bus_have_pending (self.bus) && gst_bus_pop_filtered (self.bus, GST_MESSAGE_ERROR) != NULL);
    tear_down (&self);
  }
}

static void
test_a_schema_may_change_while_playing_and_a_bad_one_changes_nothing (void)
{
  g_autofree char *path = NULL;
  g_autoptr (GstMessage) first = NULL, second = NULL, third = NULL;
  int file = g_file_open_tmp ("schema-XXXXXX.json", &path, NULL);
  Fixture self;

  g_assert_true (g_close (file, NULL) && g_file_set_contents (path, "\n {\"type\":\"string\"} \n", -1, NULL));
  set_up (&self, 0, ANSWER_TWO "{\"text\":\"\\\"words\\\"\"}\n{\"text\":\"Free.\"}\n", "schema", SCHEMA);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  first = expect (&self, GST_MESSAGE_ELEMENT, "llama4-description");
  g_object_set (self.element, "schema", path, NULL);
  g_object_set (self.element, "schema", "{\"oneOf\":[]}", NULL);
  assert_error (&self, "schema: #/oneOf: this keyword is not supported");
  push_until (&self, 4 * GST_SECOND + FRAME, 8 * GST_SECOND + FRAME);
  second = expect (&self, GST_MESSAGE_ELEMENT, "llama4-description");
  g_assert_cmpstr (gst_structure_get_string (gst_message_get_structure (second), "value"), ==, "\"words\"");
  g_object_set (self.element, "schema", NULL, NULL);
  push_until (&self, 8 * GST_SECOND + FRAME, 12 * GST_SECOND + FRAME);
  third = expect (&self, GST_MESSAGE_ELEMENT, "llama4-description");
  g_assert_false (gst_structure_has_field (gst_message_get_structure (third), "value"));
  g_assert_cmpstr (gst_structure_get_string (gst_message_get_structure (third), "text"), ==, "Free.");
  g_unlink (path);
  tear_down (&self);
}

static void
test_questions_are_answered_in_free_text (void)
{
  g_autoptr (GstMessage) message = NULL, answer = NULL;
  gboolean taken;
  Fixture self;

  set_up (&self, 0, "{\"when\":\"gate\",\"text\":\"It is open.\"}\n" ANSWER_TWO, "schema", SCHEMA);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  message = expect (&self, GST_MESSAGE_ELEMENT, "llama4-description");
  g_signal_emit_by_name (self.element, "ask", "Is the gate open?", "me", &taken);
  g_assert_true (taken);
  answer = expect (&self, GST_MESSAGE_ELEMENT, "llama4-answer");
  g_assert_cmpstr (gst_structure_get_string (gst_message_get_structure (answer), "text"), ==, "It is open.");
  tear_down (&self);
}

static void
test_the_prompt_can_tell_the_schema (void)
{
  g_autoptr (GstMessage) message = NULL;
  Fixture self;

  set_up (&self, 0, "{\"text\":\"5\",\"expect\":[\"as {\\\"type\\\":\\\"integer\\\"} says\"]}", "schema", "{\"type\":\"integer\"}");
  g_object_set (self.element, "prompt", "How many, as {schema} says?", NULL);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  message = expect (&self, GST_MESSAGE_ELEMENT, "llama4-description");
  g_assert_cmpstr (gst_structure_get_string (gst_message_get_structure (message), "value"), ==, "5");
  tear_down (&self);
}

/* Questions ----------------------------------------------------------------------------------------------------------------------- */

#define WHETHER "{\"text\":\"A gate.\",\"yes\":{\"open\":0.87654,\"closed\":0.1}}\n"

static void
assert_answer (const GValue * answers, guint i, const char *question, double yes)
{
  const GstStructure *answer = gst_value_get_structure (gst_value_array_get_value (answers, i));
  double found = -1;

  g_assert_cmpstr (gst_structure_get_string (answer, "question"), ==, question);
  g_assert_true (gst_structure_get_double (answer, "yes", &found));
  g_assert_cmpfloat_with_epsilon (found, yes, 1e-9);
}

static void
test_every_question_has_its_likelihood_in_record_and_message (void)
{
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GArray) records = NULL;
  const GValue *answers;
  Fixture self;

  set_up (&self, JSON, WHETHER, "questions", "Is it open?\n  Is it closed? ;; Is it new?\n");
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  message = expect (&self, GST_MESSAGE_ELEMENT, "llama4-description");
  answers = gst_structure_get_value (gst_message_get_structure (message), "answers");
  g_assert_cmpuint (gst_value_array_get_size (answers), ==, 3);
  assert_answer (answers, 0, "Is it open?", 0.87654);
  assert_answer (answers, 1, "Is it closed?", 0.1);
  assert_answer (answers, 2, "Is it new?", 0.5);
  push_eos (&self);
  records = collect (self.json);
  g_assert_nonnull (strstr (nth_text (records, 0)->text, "\"answers\":[{\"question\":\"Is it open?\",\"yes\":0.8765},"
          "{\"question\":\"Is it closed?\",\"yes\":0.1},{\"question\":\"Is it new?\",\"yes\":0.5}],"));
  tear_down (&self);
}

static void
test_a_question_that_fails_is_a_warning_and_a_gap (void)
{
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GArray) texts = NULL;
  Fixture self;

  set_up (&self, TEXT, "{\"text\":\"A gate.\",\"yes\":{\"open\":\"No idea\"}}\n" WHETHER, "questions", "Is it open?");
  push_until (&self, 0, 8 * GST_SECOND);
  push_eos (&self);
  texts = collect (self.text);
  assert_covers (texts, 0, 8 * GST_SECOND);
  g_assert_cmpuint (nth_text (texts, 0)->start, ==, 4 * GST_SECOND);
  message = expect (&self, GST_MESSAGE_WARNING, NULL);
  g_assert_cmpuint (get_stat (&self, "failed"), ==, 1);
  tear_down (&self);
}

static void
test_too_many_questions_are_one_error (void)
{
  g_autofree char *many = g_strnfill (66, '?');
  Fixture self;

  for (guint i = 1; i < 66; i += 2)
    many[i] = ';';
  set_up (&self, 0, ANSWER_TWO, NULL, NULL);
  gst_element_set_state (self.element, GST_STATE_READY);
  g_object_set (self.element, "questions", many, NULL);
  g_assert_cmpint (gst_element_set_state (self.element, GST_STATE_PLAYING), ==, GST_STATE_CHANGE_FAILURE);
  assert_error (&self, "questions: 33 are more than the 32 allowed");
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"text-record-message-and-meta-carry-the-value", test_text_record_message_and_meta_carry_the_value},
    {"free-text-has-no-value", test_free_text_has_no_value},
    {"what-is-no-whole-value-is-a-warning-and-a-gap", test_what_is_no_whole_value_is_a_warning_and_a_gap},
    {"the-embedded-model-says-values", test_the_embedded_model_says_values},
    {"a-bad-schema-is-one-error-before-anything-plays", test_a_bad_schema_is_one_error_before_anything_plays},
    {"a-schema-may-change-while-playing-and-a-bad-one-changes-nothing", test_a_schema_may_change_while_playing_and_a_bad_one_changes_nothing},
    {"the-prompt-can-tell-the-schema", test_the_prompt_can_tell_the_schema},
    {"questions-are-answered-in-free-text", test_questions_are_answered_in_free_text},
    {"every-question-has-its-likelihood-in-record-and-message", test_every_question_has_its_likelihood_in_record_and_message},
    {"a-question-that-fails-is-a-warning-and-a-gap", test_a_question_that_fails_is_a_warning_and_a_gap},
    {"too-many-questions-are-one-error", test_too_many_questions_are_one_error},
  };

  return run_tests (argc, argv, "value", tests, G_N_ELEMENTS (tests));
}
