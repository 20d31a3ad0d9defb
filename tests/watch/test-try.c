/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a try to get pictures of a camera ended. */

#include <string.h>

#include <gst/gst.h>

#include "watch/try.h"

#define VAGUE "Internal data stream error."

typedef struct
{
  GstElement *source, *describe;
  L4Try try;
} Stage;

static void
set_up (Stage *self, gconstpointer data)
{
  self->source = gst_object_ref_sink (gst_element_factory_make ("fakesrc", NULL));
  self->describe = gst_object_ref_sink (gst_element_factory_make ("identity", NULL));
  self->try = l4_try_begin ();
}

static void
tear_down (Stage *self, gconstpointer data)
{
  l4_try_clear (&self->try);
  gst_object_unref (self->source);
  gst_object_unref (self->describe);
}

static void
take (Stage *self, GstMessage *message)
{
  l4_try_take (&self->try, message, self->describe);
  gst_message_unref (message);
}

static void
take_error (Stage *self, GstElement *from, GQuark domain, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (domain, 1, text);

  take (self, gst_message_new_error (GST_OBJECT (from), error, "file.c(1): ()"));
}

static void
take_warning (Stage *self, GstElement *from, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE, text);

  take (self, gst_message_new_warning (GST_OBJECT (from), error, NULL));
}

/* As elements tell that their stream stopped. */
static void
take_stop (Stage *self, GstFlowReturn flow)
{
  g_autoptr (GError) error = g_error_new_literal (GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, VAGUE);

  take (self, gst_message_new_error_with_details (GST_OBJECT (self->source), error, "file.c(1): ()\nstreaming stopped",
          gst_structure_new ("details", "flow-return", G_TYPE_INT, flow, NULL)));
}

static void
test_a_stop_is_told_with_its_cause (Stage *self, gconstpointer data)
{
  take_stop (self, GST_FLOW_NOT_NEGOTIATED);
  g_assert_cmpstr (self->try.reason, ==, "what comes has a format that cannot be used (Fake Source: not-negotiated)");
  g_assert_false (self->try.fatal || self->try.ended);
}

static void
test_a_warning_just_before_is_the_cause (Stage *self, gconstpointer data)
{
  take_warning (self, self->source, "No decoder available for type 'video/x-strange'.");
  take_stop (self, GST_FLOW_ERROR);
  g_assert_cmpstr (self->try.reason, ==, "No decoder available for type 'video/x-strange'.");
}

static void
test_a_warning_just_behind_is_the_cause (Stage *self, gconstpointer data)
{
  take_stop (self, GST_FLOW_ERROR);
  g_assert_cmpint (self->try.vague, !=, 0);
  take_warning (self, self->describe, "A window was not described.");
  g_assert_cmpstr (self->try.reason, ==, "the stream broke off (Fake Source: error)");
  take_warning (self, self->source, "No decoder available for type 'video/x-strange'.");
  g_assert_cmpstr (self->try.reason, ==, "No decoder available for type 'video/x-strange'.");
  g_assert_true (self->try.vague == 0 && !self->try.unclear);
  take_warning (self, self->source, "Something else.");
  g_assert_cmpstr (self->try.reason, ==, "No decoder available for type 'video/x-strange'.");
}

static void
test_what_an_error_tells_no_warning_behind_it_takes_away (Stage *self, gconstpointer data)
{
  take_error (self, self->source, GST_RESOURCE_ERROR, "Could not connect.");
  take_warning (self, self->source, "Something else.");
  g_assert_cmpstr (self->try.reason, ==, "Could not connect.");
}

static void
test_an_old_warning_is_not (Stage *self, gconstpointer data)
{
  take_warning (self, self->source, "Long ago.");
  self->try.warned -= 3600 * (gint64) G_USEC_PER_SEC;
  take_stop (self, GST_FLOW_ERROR);
  g_assert_cmpstr (self->try.reason, ==, "the stream broke off (Fake Source: error)");
}

static void
test_what_the_describer_warns_of_is_not (Stage *self, gconstpointer data)
{
  take_warning (self, self->describe, "A window was not described.");
  g_assert_cmpstr (self->try.warning, ==, "A window was not described.");
  take_stop (self, GST_FLOW_NOT_LINKED);
  g_assert_cmpstr (self->try.reason, ==, "what comes has no video (Fake Source: not-linked)");
}

static void
test_what_the_describer_warns_of_hides_no_cause (Stage *self, gconstpointer data)
{
  take_warning (self, self->source, "No decoder available for type 'video/x-strange'.");
  take_warning (self, self->describe, "A window was not described.");
  g_assert_cmpstr (self->try.warning, ==, "A window was not described.");
  take_stop (self, GST_FLOW_ERROR);
  g_assert_cmpstr (self->try.reason, ==, "No decoder available for type 'video/x-strange'.");
}

static void
test_a_missing_decoder_is_told_with_what_it_would_decode (Stage *self, gconstpointer data)
{
  g_autoptr (GError) error = g_error_new_literal (GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN, "Your GStreamer installation is missing a plug-in.");

  if (data != NULL)
    take_warning (self, self->source, data);
  take (self, gst_message_new_error (GST_OBJECT (self->source), error, NULL));
  g_assert_cmpstr (self->try.reason, ==, data != NULL ? data : "what comes has no video, or none that can be decoded here");
}

static void
test_the_first_error_counts_and_is_one_line (Stage *self, gconstpointer data)
{
  take_error (self, self->source, GST_RESOURCE_ERROR, "Could not connect:\n\x1b[2Jrefused");
  take_stop (self, GST_FLOW_ERROR);
  g_assert_nonnull (strstr (self->try.reason, "Could not connect:"));
  g_assert_null (strpbrk (self->try.reason, "\n\x1b"));
  g_assert_false (self->try.fatal);
}

static void
test_a_usual_text_is_told_with_its_detail_and_no_password (Stage *self, gconstpointer data)
{
  g_autofree char *usual = gst_error_get_message (GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ);
  g_autoptr (GError) error = g_error_new_literal (GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, usual);

  take (self, gst_message_new_error (GST_OBJECT (self->source), error,
          "file.c(1): read (): /pipeline/source:\nrefused by rtsp://me:se/cr@et@host/a@b, http://me:secret@other \"x://secret@\", x://y"));
  g_assert_nonnull (strstr (self->try.reason, "refused by rtsp://b, http://other \"x://\", x://y)"));
  g_assert_true (g_str_has_prefix (self->try.reason, usual));
  g_assert_null (strstr (self->try.reason, "file.c"));
}

static void
test_a_text_of_its_own_is_told_alone (Stage *self, gconstpointer data)
{
  g_autoptr (GError) error = g_error_new_literal (GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "Not from http://me:secret@host.");

  take (self, gst_message_new_error (GST_OBJECT (self->source), error, "file.c(1): read ():\nsecret"));
  g_assert_cmpstr (self->try.reason, ==, "Not from http://host.");
}

static void
test_what_is_wrong_with_the_model_counts_more_and_is_for_good (Stage *self, gconstpointer data)
{
  take_stop (self, GST_FLOW_ERROR);
  take_error (self, self->describe, GST_RESOURCE_ERROR, "none.gguf: is not there");
  g_assert_cmpstr (self->try.reason, ==, "none.gguf: is not there");
  g_assert_true (self->try.fatal);
  take_error (self, self->describe, GST_LIBRARY_ERROR, "Later.");
  g_assert_cmpstr (self->try.reason, ==, "none.gguf: is not there");
}

/* Nobody asks the camera why a model cannot be read. */
static void
test_what_the_describer_cannot_read_is_clear (Stage *self, gconstpointer data)
{
  g_autoptr (GError) error = g_error_new_literal (GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "model.gguf: Input/output error");

  take (self, gst_message_new_error (GST_OBJECT (self->describe), error, "file.c(1): ()"));
  g_assert_true (self->try.fatal && !self->try.unclear);
  l4_try_clear (&self->try);
  take (self, gst_message_new_error (GST_OBJECT (self->source), error, "file.c(1): ()"));
  g_assert_true (!self->try.fatal && self->try.unclear);
}

/* A slow machine may take long to find out that an answer makes no sense. */
static void
test_a_server_was_waited_for_where_its_element_says_so (Stage *self, gconstpointer data)
{
  static const struct
  {
    const char *detail;
    gboolean waited;
  } errors[] = {
    {"Timeout while waiting for server response", TRUE}, {"Parse error", FALSE}, {"System error", FALSE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (errors); i++) {
    g_autoptr (GError) error = g_error_new_literal (GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "Could not read from resource.");
    g_autofree char *debug = g_strdup_printf ("file.c(1): ()\nCould not receive message. (%s)", errors[i].detail);

    self->try.begun -= 3600 * (gint64) G_USEC_PER_SEC;
    take (self, gst_message_new_error (GST_OBJECT (self->source), error, debug));
    g_assert_true (self->try.unclear && !self->try.silent);
    g_assert_cmpint (self->try.waited, ==, errors[i].waited);
    l4_try_clear (&self->try);
    self->try = l4_try_begin ();
  }
}

static void
test_a_source_that_stops_late_without_a_word_has_waited (Stage *self, gconstpointer data)
{
  self->try.begun -= 3600 * (gint64) G_USEC_PER_SEC;
  take_stop (self, GST_FLOW_ERROR);
  g_assert_true (self->try.unclear && self->try.waited);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Stage *, gconstpointer);
  } tests[] = {
    {"/try/a-stop-is-told-with-its-cause", test_a_stop_is_told_with_its_cause},
    {"/try/a-warning-just-before-is-the-cause", test_a_warning_just_before_is_the_cause},
    {"/try/a-warning-just-behind-is-the-cause", test_a_warning_just_behind_is_the_cause},
    {"/try/what-an-error-tells-no-warning-behind-it-takes-away", test_what_an_error_tells_no_warning_behind_it_takes_away},
    {"/try/an-old-warning-is-not", test_an_old_warning_is_not},
    {"/try/what-the-describer-warns-of-is-not", test_what_the_describer_warns_of_is_not},
    {"/try/what-the-describer-warns-of-hides-no-cause", test_what_the_describer_warns_of_hides_no_cause},
    {"/try/the-first-error-counts-and-is-one-line", test_the_first_error_counts_and_is_one_line},
    {"/try/a-usual-text-is-told-with-its-detail-and-no-password", test_a_usual_text_is_told_with_its_detail_and_no_password},
    {"/try/a-text-of-its-own-is-told-alone", test_a_text_of_its_own_is_told_alone},
    {"/try/what-is-wrong-with-the-model-counts-more-and-is-for-good", test_what_is_wrong_with_the_model_counts_more_and_is_for_good},
    {"/try/what-the-describer-cannot-read-is-clear", test_what_the_describer_cannot_read_is_clear},
    {"/try/a-server-was-waited-for-where-its-element-says-so", test_a_server_was_waited_for_where_its_element_says_so},
    {"/try/a-source-that-stops-late-without-a-word-has-waited", test_a_source_that_stops_late_without_a_word_has_waited},
  };

  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Stage, NULL, set_up, tests[i].test, tear_down);
  g_test_add ("/try/a-missing-decoder-is-told-with-what-it-would-decode", Stage, "No decoder available for type 'video/x-strange'.", set_up,
      test_a_missing_decoder_is_told_with_what_it_would_decode, tear_down);
  g_test_add ("/try/no-video-is-told-as-that", Stage, NULL, set_up, test_a_missing_decoder_is_told_with_what_it_would_decode, tear_down);
  return g_test_run ();
}
