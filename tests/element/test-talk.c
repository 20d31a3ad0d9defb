/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model is told of what it said, what is told of what it is saying, and questions meanwhile. */

#include <string.h>

#include "fixture.h"

/* The next element message of that name. (transfer full) */
static GstMessage *
expect (Fixture * self, const char *name)
{
  for (;;) {
    GstMessage *message = gst_bus_timed_pop_filtered (self->bus, 20 * GST_SECOND, GST_MESSAGE_ELEMENT);

    g_assert_nonnull (message);
    if (gst_message_has_name (message, name))
      return message;
    gst_message_unref (message);
  }
}

static const char *
get_field (GstMessage * message, const char *field)
{
  return gst_structure_get_string (gst_message_get_structure (message), field);
}

/* Memory ------------------------------------------------------------------------------------------------------------------------- */

static void
test_the_model_is_told_what_was_said_of_the_windows_before (void)
{
  Fixture self;

  set_up (&self, 0, "{\"text\":\"First.\",\"refuse\":[\"Before\"]}\n"
      "{\"text\":\"Second.\",\"expect\":[\"Before this was said:\\n[0.0 s to 4.0 s] First.\"]}\n"
      "{\"text\":\"Third.\",\"expect\":[\"[0.0 s to 4.0 s] First.\\n[4.0 s to 8.0 s] Second.\"]}\n"
      "{\"text\":\"Fourth.\",\"expect\":[\"[4.0 s to 8.0 s] Second.\\n[8.0 s to 12.0 s] Third.\"],\"refuse\":[\"First\"]}\n", "memory", "2");
  push_until (&self, 0, 16 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 4);
  tear_down (&self);
}

static void
test_nothing_is_remembered_across_a_flush (void)
{
  Fixture self;

  set_up (&self, 0, "{\"text\":\"First.\"}\n{\"text\":\"Second.\",\"refuse\":[\"First\"]}\n", "memory", "5");
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  wait_for_stat (&self, "described", 1);
  push_flush (&self);
  push_segment (&self, 1, 100 * GST_SECOND, GST_CLOCK_TIME_NONE, 100 * GST_SECOND, 0);
  push_until (&self, 100 * GST_SECOND, 104 * GST_SECOND);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 2);
  tear_down (&self);
}

static void
push_stream (Fixture * self)
{
  gst_harness_push_event (self->video, gst_event_new_stream_start ("second"));
  gst_harness_set_src_caps_str (self->video, CAPS);     /* and a segment */
}

static void
test_nothing_is_remembered_where_times_begin_again (void)
{
  for (guint stream = 0; stream < 2; stream++) {
    Fixture self;

    set_up (&self, 0, "{\"text\":\"First.\"}\n{\"text\":\"Second.\",\"expect\":[\"First\"]}\n{\"text\":\"Third.\",\"refuse\":[\"Before\"]}\n"
        "{\"text\":\"Fourth.\",\"expect\":[\"Before this was said:\\n[0.0 s to 4.0 s] Third.\"]}\n", "memory", "5");
    push_until (&self, 0, 8 * GST_SECOND);
    if (stream)                 /* otherwise times go back without a word */
      push_stream (&self);
    push_until (&self, 0, 8 * GST_SECOND);
    push_eos (&self);
    g_assert_cmpuint (get_stat (&self, "described"), ==, 4);
    tear_down (&self);
  }
}

/* While the first window of a film is described, of what is remembered still. */
static void
test_no_window_is_told_of_the_film_before_however_many_are_described_at_once (void)
{
  for (guint stream = 0; stream < 2; stream++) {
    Fixture self;

    set_up (&self, 0, "{\"text\":\"First.\"}\n{\"when\":\"two at once\",\"text\":\"Both.\",\"together\":2,\"refuse\":[\"Before\"]}\n", "memory", "5");
    gst_element_set_state (self.element, GST_STATE_READY);
    g_object_set (self.element, "ahead", 2, NULL);
    gst_element_set_state (self.element, GST_STATE_PLAYING);
    push_stream (&self);
    push_until (&self, 0, 4 * GST_SECOND);
    if (stream)                 /* otherwise times go back without a word */
      push_stream (&self);
    push_until (&self, 0, FRAME);
    wait_for_stat (&self, "described", 1);
    g_object_set (self.element, "prompt", "two at once", NULL);
    push_until (&self, FRAME, 8 * GST_SECOND);
    push_eos (&self);
    g_assert_cmpuint (get_stat (&self, "described"), ==, 3);
    tear_down (&self);
  }
}

/* Partial ------------------------------------------------------------------------------------------------------------------------ */

static void
test_a_text_that_grows_is_told_five_times_a_second_at_most (void)
{
  gint64 begun;
  guint n = 0;
  gsize length = 0;
  Fixture self;

  set_up (&self, 0, "{\"text\":\"a b c d e f g h i j k l m n o p q r s t\",\"delay_ms\":1000}", "partial", "true");
  push_until (&self, 0, GST_SECOND);
  begun = g_get_monotonic_time ();
  push_eos (&self);
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (self.bus, 20 * GST_SECOND, GST_MESSAGE_ELEMENT);

    g_assert_nonnull (message);
    if (gst_message_has_name (message, "llama4-description"))
      break;
    if (!gst_message_has_name (message, "llama4-partial"))
      continue;
    g_assert_cmpuint (strlen (get_field (message, "text")), >, length);
    length = strlen (get_field (message, "text"));
    g_assert_true (g_str_has_prefix ("a b c d e f g h i j k l m n o p q r s t", get_field (message, "text")));
    n++;
  }
  g_assert_cmpuint (n, >=, 1);
  g_assert_cmpuint (n, <=, 1 + (g_get_monotonic_time () - begun) * 5 / G_USEC_PER_SEC);
  tear_down (&self);
}

/* Questions ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
ask (Fixture * self, const char *question, const char *whom)
{
  gboolean taken;

  g_signal_emit_by_name (self->element, "ask", question, whom, &taken);
  return taken;
}

#define QUESTIONS "{\"when\":\"gate\",\"text\":\"It is open.\"}\n{\"when\":\"fail\",\"error\":\"No idea\"}\n"

static void
test_a_question_is_answered_ahead_of_the_windows_that_wait (void)
{
  g_autoptr (GstMessage) answer = NULL, refusal = NULL;
  guint64 start;
  Fixture self;

  set_up (&self, TEXT, QUESTIONS "{\"text\":\"Said.\",\"forecast_ms\":300," UNTIL_RELEASED "}", NULL, NULL);
  g_assert_false (ask (&self, "Is the gate open?", "me"));      /* nothing is there to be asked about */
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  wait_for_forecast (&self, 300);
  push_until (&self, 4 * GST_SECOND + FRAME, 8 * GST_SECOND + FRAME);   /* one waits */
  g_assert_false (ask (&self, "", "me"));
  g_assert_true (ask (&self, "Is the gate open?", "me"));
  g_assert_true (ask (&self, "fail", "you"));
  release_answers (&self);
  answer = expect (&self, "llama4-answer");
  g_assert_cmpstr (get_field (answer, "for"), ==, "me");
  g_assert_cmpstr (get_field (answer, "prompt"), ==, "Is the gate open?");
  g_assert_cmpstr (get_field (answer, "text"), ==, "It is open.");
  g_assert_true (gst_structure_get_uint64 (gst_message_get_structure (answer), "start", &start));
  g_assert_cmpuint (start, ==, 4 * GST_SECOND);
  refusal = expect (&self, "llama4-answer");
  g_assert_cmpstr (get_field (refusal, "for"), ==, "you");
  g_assert_cmpstr (get_field (refusal, "error"), ==, "No idea");
  g_assert_cmpuint (get_stat (&self, "described"), <=, 2);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 3);      /* questions are no windows */
  g_assert_cmpuint (get_stat (&self, "failed"), ==, 0);
  tear_down (&self);
}

static void
test_questions_about_windows_are_part_of_their_forecast (void)
{
  Fixture self;

  set_up (&self, 0, "{\"text\":\"Said.\",\"forecast_ms\":300,\"ask_ms\":50," UNTIL_RELEASED "}", "questions", "Is it red?; Is it blue?; Is it far?");
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  wait_for_forecast (&self, 450);
  tear_down (&self);
}

static void
test_questions_that_a_flush_or_the_end_cuts_off_are_told_so (void)
{
  for (guint stops = 0; stops < 2; stops++) {
    Fixture self;

    set_up (&self, 0, "{\"text\":\"Said.\",\"forecast_ms\":300," UNTIL_RELEASED "}", NULL, NULL);
    push_until (&self, 0, 4 * GST_SECOND + FRAME);
    wait_for_forecast (&self, 300);
    g_assert_true (ask (&self, "first", "a"));
    g_assert_true (ask (&self, "second", "b"));
    if (stops)
      gst_element_set_state (self.element, GST_STATE_READY);
    else
      gst_harness_push_event (self.video, gst_event_new_flush_start ());
    for (guint i = 0; i < 2; i++) {
      g_autoptr (GstMessage) message = expect (&self, "llama4-answer");

      g_assert_cmpstr (get_field (message, "for"), ==, i == 0 ? "a" : "b");
      g_assert_nonnull (get_field (message, "error"));
    }
    g_assert_false (ask (&self, "third", "c"));
    if (!stops)
      gst_harness_push_event (self.video, gst_event_new_flush_stop (TRUE));
    tear_down (&self);
  }
}

static void
test_more_questions_than_may_wait_are_refused (void)
{
  guint n = 0;
  Fixture self;

  set_up (&self, 0, "{\"text\":\"Said.\",\"forecast_ms\":300," UNTIL_RELEASED "}", NULL, NULL);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  wait_for_forecast (&self, 300);
  while (n < 1000 && ask (&self, "question", NULL))
    n++;
  g_assert_cmpuint (n, ==, 64);
  tear_down (&self);
}

/* Summaries ---------------------------------------------------------------------------------------------------------------------- */

#define SUMMARIES "{\"when\":\"Summarise\",\"text\":\"{prompt}\",\"expect\":[\"This was said of a video:\"]}\n{\"text\":\"First.\"}\n" \
    "{\"text\":\"Second.\"}\n{\"text\":\"Third.\"}\n{\"text\":\"Fourth.\"}\n{\"text\":\"Fifth.\"}\n"

static void
test_every_so_often_what_was_said_is_summed_up (void)
{
  g_autoptr (GArray) records = NULL;
  guint n = 0;
  Fixture self;

  set_up (&self, JSON | TEXT, SUMMARIES, "summary", "8000000000");
  push_until (&self, 0, 24 * GST_SECOND);
  push_eos (&self);             /* waits for the last summary */
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GstMessage) message = expect (&self, "llama4-summary");
    guint64 start, end;

    g_assert_true (gst_structure_get (gst_message_get_structure (message), "start", G_TYPE_UINT64, &start, "end", G_TYPE_UINT64, &end, NULL));
    g_assert_cmpuint (start, ==, i * 8 * GST_SECOND);
    g_assert_cmpuint (end, ==, (i + 1) * 8 * GST_SECOND);
    g_assert_nonnull (strstr (get_field (message, "text"), "Summarise"));
  }
  records = collect (self.json);
  for (guint i = 0; nth_text (records, i) != NULL; i++)
    if (strstr (nth_text (records, i)->text, "\"kind\":\"summary\"") != NULL) {
      n++;
      g_assert_cmpuint (nth_text (records, i)->start, ==, nth_text (records, i)->end);  /* windows alone cover the time */
    }
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 6);
  tear_down (&self);
}

static void
test_no_summary_is_of_two_films (void)
{
  for (guint stream = 0; stream < 2; stream++) {
    Fixture self;

    set_up (&self, 0, "{\"when\":\"Summarise\",\"text\":\"Summed up.\",\"refuse\":[\"Third\"]}\n{\"text\":\"First.\"}\n{\"text\":\"Second.\"}\n"
        "{\"text\":\"Third.\"}\n{\"text\":\"Fourth.\"}\n{\"text\":\"Fifth.\"}\n", "summary", "8000000000");
    push_until (&self, 0, 12 * GST_SECOND);
    if (stream)
      push_stream (&self);
    push_until (&self, 0, 8 * GST_SECOND);
    push_eos (&self);
    for (guint i = 0; i < 2; i++) {
      g_autoptr (GstMessage) message = expect (&self, "llama4-summary");
      guint64 start, end;

      g_assert_true (gst_structure_get (gst_message_get_structure (message), "start", G_TYPE_UINT64, &start, "end", G_TYPE_UINT64, &end, NULL));
      g_assert_cmpuint (start, ==, 0);
      g_assert_cmpuint (end, ==, 8 * GST_SECOND);
    }
    tear_down (&self);
  }
}

static void
test_in_skip_mode_the_records_end_behind_the_last_summary (void)
{
  g_autoptr (GArray) records = NULL;
  Fixture self;

  set_up (&self, JSON, "{\"when\":\"Summarise\",\"text\":\"Summed up.\",\"delay_ms\":300}\n{\"text\":\"First.\"}\n", "on-busy", "skip");
  g_object_set (self.element, "summary", (guint64) 4 * GST_SECOND, NULL);
  wait_for_model (&self);
  push_until (&self, 0, 4 * GST_SECOND);
  push_eos (&self);
  records = collect (self.json);
  g_assert_nonnull (nth_text (records, 1));
  g_assert_nonnull (strstr (nth_text (records, 1)->text, "\"kind\":\"summary\""));
  tear_down (&self);
}

static void
test_a_summary_that_fails_takes_no_window_away (void)
{
  g_autoptr (GstMessage) warning = NULL;
  Fixture self;

  set_up (&self, 0, "{\"when\":\"Summarise\",\"error\":\"No idea\"}\n{\"text\":\"First.\"}\n", "summary", "4000000000");
  push_until (&self, 0, 8 * GST_SECOND + FRAME);
  warning = gst_bus_timed_pop_filtered (self.bus, 20 * GST_SECOND, GST_MESSAGE_WARNING);
  g_assert_nonnull (warning);
  push_eos (&self);
  g_assert_cmpuint (get_stat (&self, "described"), ==, 3);
  g_assert_cmpuint (get_stat (&self, "failed"), ==, 0);
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"the-model-is-told-what-was-said-of-the-windows-before", test_the_model_is_told_what_was_said_of_the_windows_before},
    {"nothing-is-remembered-across-a-flush", test_nothing_is_remembered_across_a_flush},
    {"nothing-is-remembered-where-times-begin-again", test_nothing_is_remembered_where_times_begin_again},
    {"no-window-is-told-of-the-film-before-however-many-are-described-at-once",
        test_no_window_is_told_of_the_film_before_however_many_are_described_at_once},
    {"a-text-that-grows-is-told-five-times-a-second-at-most", test_a_text_that_grows_is_told_five_times_a_second_at_most},
    {"a-question-is-answered-ahead-of-the-windows-that-wait", test_a_question_is_answered_ahead_of_the_windows_that_wait},
    {"questions-about-windows-are-part-of-their-forecast", test_questions_about_windows_are_part_of_their_forecast},
    {"questions-that-a-flush-or-the-end-cuts-off-are-told-so", test_questions_that_a_flush_or_the_end_cuts_off_are_told_so},
    {"every-so-often-what-was-said-is-summed-up", test_every_so_often_what_was_said_is_summed_up},
    {"no-summary-is-of-two-films", test_no_summary_is_of_two_films},
    {"in-skip-mode-the-records-end-behind-the-last-summary", test_in_skip_mode_the_records_end_behind_the_last_summary},
    {"a-summary-that-fails-takes-no-window-away", test_a_summary_that_fails_takes_no_window_away},
    {"more-questions-than-may-wait-are-refused", test_more_questions_than_may_wait_are_refused},
  };

  return run_tests (argc, argv, "talk", tests, G_N_ELEMENTS (tests));
}
