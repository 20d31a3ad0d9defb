/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the element says and where it goes, with answers from a script. */

#include <gst/video/video.h>
#include <string.h>

#include "fixture.h"

static void
test_text_has_the_windows_times_and_covers_the_time_line (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, 10 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  assert_covers (pieces, 0, 10 * GST_SECOND);
  g_assert_cmpstr (nth_text (pieces, 0)->text, ==, "First.");
  g_assert_cmpuint (nth_text (pieces, 0)->end, ==, 4 * GST_SECOND);
  g_assert_cmpstr (nth_text (pieces, 1)->text, ==, "Second.");
  g_assert_cmpstr (nth_text (pieces, 2)->text, ==, "First.");
  g_assert_cmpuint (nth_text (pieces, 2)->start, ==, 8 * GST_SECOND);
  g_assert_cmpuint (nth_text (pieces, 2)->end, ==, 10 * GST_SECOND);
  g_assert_null (nth_text (pieces, 3));
  tear_down (&self);
}

static void
test_both_side_pads_work_together (void)
{
  Fixture self;
  g_autoptr (GArray) texts = NULL, records = NULL;

  set_up (&self, TEXT | JSON, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, 8 * GST_SECOND);
  push_eos (&self);
  texts = collect (self.text);
  records = collect (self.json);
  assert_covers (texts, 0, 8 * GST_SECOND);
  assert_covers (records, 0, 8 * GST_SECOND);
  g_assert_nonnull (nth_text (records, 1));
  tear_down (&self);
}

static void
test_descriptions_reach_bus_and_following_buffers (void)
{
  Fixture self;
  GstMessage *message;
  GstBuffer *buffer;
  GstCustomMeta *meta;
  guint64 start = 1, end = 0;

  set_up (&self, 0, "{\"text\":\"A <b>cat</b>.\"}", NULL, NULL);
  push_until (&self, 0, 4 * GST_SECOND);
  g_assert_cmpint (push (&self, 4 * GST_SECOND), ==, GST_FLOW_OK);
  gst_buffer_unref (gst_harness_pull (self.video));
  message = gst_bus_timed_pop_filtered (self.bus, 10 * GST_SECOND, GST_MESSAGE_ELEMENT);
  g_assert_nonnull (message);
  g_assert_true (gst_message_has_name (message, "llama4-description"));
  g_assert_cmpstr (gst_structure_get_string (gst_message_get_structure (message), "text"), ==, "A <b>cat</b>.");
  g_assert_true (gst_structure_get_uint64 (gst_message_get_structure (message), "start", &start));
  g_assert_true (gst_structure_get_uint64 (gst_message_get_structure (message), "end", &end));
  g_assert_cmpuint (start, ==, 0);
  g_assert_cmpuint (end, ==, 4 * GST_SECOND);
  g_assert_true (gst_structure_has_field_typed (gst_message_get_structure (message), "frames", GST_TYPE_ARRAY));
  g_assert_nonnull (strstr (gst_structure_get_string (gst_message_get_structure (message), "json"), "\"start\":0,\"end\":4000000000,"));
  gst_message_unref (message);

  g_assert_cmpint (push (&self, 4 * GST_SECOND + FRAME), ==, GST_FLOW_OK);
  buffer = gst_harness_pull (self.video);
  meta = gst_buffer_get_custom_meta (buffer, "Llama4Description");
  g_assert_nonnull (meta);
  g_assert_cmpstr (gst_structure_get_string (gst_custom_meta_get_structure (meta), "text"), ==, "A <b>cat</b>.");
  g_assert_nonnull (gst_structure_get_string (gst_custom_meta_get_structure (meta), "json"));
  gst_buffer_unref (buffer);
  tear_down (&self);
}

/* The picture in the latest message, whose pixels are all the same; NULL: none. */
static GstSample *
get_picture (Fixture * self, guint8 value)
{
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (self->bus, 10 * GST_SECOND, GST_MESSAGE_ELEMENT);
  GstSample *sample = NULL;
  GstVideoFrame frame;
  GstVideoInfo info;

  g_assert_nonnull (message);
  if (!gst_structure_get (gst_message_get_structure (message), "picture", GST_TYPE_SAMPLE, &sample, NULL))
    return NULL;
  g_assert_true (gst_video_info_from_caps (&info, gst_sample_get_caps (sample)));
  g_assert_cmpint (GST_VIDEO_INFO_FORMAT (&info), ==, GST_VIDEO_FORMAT_RGB);
  g_assert_true (gst_video_frame_map (&frame, &info, gst_sample_get_buffer (sample), GST_MAP_READ));
  for (gint y = 0; y < GST_VIDEO_FRAME_HEIGHT (&frame); y++)
    for (gint x = 0; x < GST_VIDEO_FRAME_WIDTH (&frame) * 3; x++)
      g_assert_cmpuint (((guint8 *) frame.data[0])[y * frame.info.stride[0] + x], ==, value);
  gst_video_frame_unmap (&frame);
  return sample;
}

static void
test_messages_carry_a_picture_of_the_windows_middle_when_asked (void)
{
  Fixture self;
  g_autoptr (GstSample) first = NULL, second = NULL;

  set_up (&self, 0, TWO_ANSWERS, "pictures", "true");
  for (guint i = 0; i <= 80; i++) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, FRAME_BYTES, NULL);

    gst_buffer_memset (buffer, 0, i, FRAME_BYTES);
    GST_BUFFER_PTS (buffer) = i * FRAME;
    g_assert_cmpint (gst_harness_push (self.video, buffer), ==, GST_FLOW_OK);
    if (i == 40)
      first = get_picture (&self, 26);
    if (i == 40)
      g_object_set (self.element, "pictures", FALSE, NULL);
  }
  g_assert_nonnull (first);
  g_assert_cmpuint (GST_BUFFER_PTS (gst_sample_get_buffer (first)), ==, 26 * FRAME);
  second = get_picture (&self, 0);
  g_assert_null (second);
  tear_down (&self);
}

static void
test_extreme_frames_are_described (void)
{
  static const char *const caps[] = { "video/x-raw,format=RGB,width=1,height=1,framerate=1/1",
    "video/x-raw,format=I420,width=16384,height=1,framerate=1/1", "video/x-raw,format=GRAY8,width=1,height=16384,framerate=1/1",
    "video/x-raw,format=RGB,width=64,height=48,framerate=1/1,pixel-aspect-ratio=400/1"
  };

  for (guint i = 0; i < G_N_ELEMENTS (caps); i++) {
    Fixture self;
    GstVideoInfo info;
    g_autoptr (GstCaps) parsed = gst_caps_from_string (caps[i]);

    set_up (&self, NO_CAPS, TWO_ANSWERS, NULL, NULL);
    gst_harness_set_src_caps_str (self.video, caps[i]);
    g_assert_true (gst_video_info_from_caps (&info, parsed));
    for (guint f = 0; f < 5; f++) {
      GstBuffer *buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&info), NULL);

      GST_BUFFER_PTS (buffer) = f * GST_SECOND;
      g_assert_cmpint (gst_harness_push (self.video, buffer), ==, GST_FLOW_OK);
    }
    push_eos (&self);
    g_assert_cmpuint (get_stat (&self, "described"), ==, 2);
    tear_down (&self);
  }
}

static void
test_short_buffers_are_a_warning_not_the_end (void)
{
  static const char *const whens[] = { "always", "change", "motion" };

  for (guint w = 0; w < G_N_ELEMENTS (whens); w++) {
    Fixture self;
    GstMessage *message;

    set_up (&self, 0, TWO_ANSWERS, NULL, NULL);
    gst_util_set_object_arg (G_OBJECT (self.video->element), "when", whens[w]);
    for (guint i = 0; i < 10; i++) {
      GstBuffer *buffer = gst_buffer_new_allocate (NULL, 10, NULL);

      GST_BUFFER_PTS (buffer) = i * FRAME;
      g_assert_cmpint (gst_harness_push (self.video, buffer), ==, GST_FLOW_OK);
    }
    message = gst_bus_timed_pop_filtered (self.bus, 5 * GST_SECOND, GST_MESSAGE_WARNING);
    g_assert_nonnull (message);
    gst_message_unref (message);
    tear_down (&self);
  }
}

static void
test_a_failed_window_is_a_warning_and_a_gap (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;
  GstMessage *message;

  set_up (&self, TEXT, "{\"error\":\"No idea\"}\n{\"text\":\"Better.\"}", NULL, NULL);
  push_until (&self, 0, 8 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.text);
  assert_covers (pieces, 0, 8 * GST_SECOND);
  g_assert_cmpstr (nth_text (pieces, 0)->text, ==, "Better.");
  g_assert_cmpuint (nth_text (pieces, 0)->start, ==, 4 * GST_SECOND);
  g_assert_cmpuint (get_stat (&self, "failed"), ==, 1);
  message = gst_bus_timed_pop_filtered (self.bus, GST_SECOND, GST_MESSAGE_WARNING);
  g_assert_nonnull (message);
  gst_message_unref (message);
  tear_down (&self);
}

static void
test_text_is_safe_in_either_format (void)
{
  static const struct
  {
    const char *caps, *text;
  } formats[] = { {"text/x-raw,format=utf8", "a \342\200\271b\342\200\272 & \342\200\234c\342\200\235 d"},
  {"text/x-raw,format=pango-markup", "a &lt;b&gt; &amp; \342\200\234c\342\200\235 d"}
  };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    Fixture self;
    g_autoptr (GArray) pieces = NULL;

    set_up (&self, TEXT | NO_CAPS, "{\"text\":\" a <b>\\n&\\u202e \342\200\234c\342\200\235\\u0007 d \"}", NULL, NULL);
    gst_harness_set_sink_caps_str (self.text, formats[i].caps);
    gst_harness_set_src_caps_str (self.video, CAPS);
    push_until (&self, 0, GST_SECOND);
    push_eos (&self);
    pieces = collect (self.text);
    g_assert_cmpstr (nth_text (pieces, 0)->text, ==, formats[i].text);
    tear_down (&self);
  }
}

static void
test_pads_come_and_go_while_playing (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, 0, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, 5 * GST_SECOND);
  self.text = gst_harness_new_with_element (self.element, NULL, "text_src");
  push_until (&self, 5 * GST_SECOND, 9 * GST_SECOND);
  g_clear_pointer (&self.text, gst_harness_teardown);
  push_until (&self, 9 * GST_SECOND, 10 * GST_SECOND);
  self.json = gst_harness_new_with_element (self.element, NULL, "json_src");
  push_until (&self, 10 * GST_SECOND, 14 * GST_SECOND);
  push_eos (&self);
  pieces = collect (self.json);
  g_assert_nonnull (nth_text (pieces, 0));
  tear_down (&self);
}

static void
test_overlap_not_less_than_window_is_refused (void)
{
  GstElement *element = gst_element_factory_make ("llama4describe", NULL);

  g_object_set (element, "overlap", (guint64) 4 * GST_SECOND, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}

static void
test_overlapping_windows_give_text_that_does_not_overlap (void)
{
  Fixture self;
  g_autoptr (GArray) texts = NULL, records = NULL;

  set_up (&self, TEXT | JSON, TWO_ANSWERS, "overlap", "1000000000");
  push_until (&self, 0, 10 * GST_SECOND);
  push_eos (&self);
  texts = collect (self.text);
  records = collect (self.json);
  assert_covers (texts, 0, 10 * GST_SECOND);
  assert_covers (records, 0, 10 * GST_SECOND);
  g_assert_cmpuint (nth_text (texts, 1)->start, ==, 3 * GST_SECOND);
  g_assert_nonnull (strstr (nth_text (records, 0)->text, "\"start\":0,\"end\":4000000000,"));
  g_assert_nonnull (strstr (nth_text (records, 1)->text, "\"start\":3000000000,\"end\":7000000000,"));
  tear_down (&self);
}

static void
count_free (gpointer data)
{
  g_atomic_int_inc ((gint *) data);
}

/* Decoders have few buffers; who keeps one stops them. */
static void
test_video_passes_untouched_and_no_buffer_is_kept (void)
{
  static guint8 pixels[FRAME_BYTES];
  gint n_freed = 0;
  Fixture self;

  set_up (&self, TEXT, "{\"text\":\"Slow.\"," UNTIL_RELEASED "}", "on-busy", "skip");
  wait_for_model (&self);
  for (gint i = 0; i < 50; i++) {
    GstMemory *memory = gst_memory_new_wrapped (0, pixels, FRAME_BYTES, 0, FRAME_BYTES, &n_freed, count_free);
    GstBuffer *buffer = gst_buffer_new (), *passed;

    gst_buffer_append_memory (buffer, memory);
    gst_buffer_add_reference_timestamp_meta (buffer, gst_static_caps_get (&((GstStaticCaps) GST_STATIC_CAPS ("timestamp/x-unix"))),
        i, FRAME);
    GST_BUFFER_PTS (buffer) = i * FRAME;
    GST_BUFFER_OFFSET (buffer) = i;
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_MARKER);
    g_assert_cmpint (gst_harness_push (self.video, buffer), ==, GST_FLOW_OK);
    passed = gst_harness_pull (self.video);
    g_assert_true (gst_buffer_peek_memory (passed, 0) == memory);
    g_assert_cmpuint (GST_BUFFER_OFFSET (passed), ==, i);
    g_assert_true (GST_BUFFER_FLAG_IS_SET (passed, GST_BUFFER_FLAG_MARKER));
    g_assert_nonnull (gst_buffer_get_reference_timestamp_meta (passed, NULL));
    gst_buffer_unref (passed);
    g_assert_cmpint (n_freed, ==, i + 1);
  }
  tear_down (&self);
}

static void
test_a_record_says_what_was_shown_and_how_long_it_took (void)
{
  static const char *const keys[] = { "\"start\":0", "\"end\":4000000000", "\"frames\":[0,", "\"text\":\"First.\"", "\"model\":{\"name\":",
    "\"digest\":\"sha256:", "\"quantization\":\"none\"", "\"prompt_digest\":\"sha256:", "\"tokens\":{\"prompt\":9,\"generated\":1}",
    "\"ms\":{\"queue\":", "\"vision\":", "\"prefill\":", "\"decode\":", "\"finish\":\"stop\""
  };
  Fixture self;
  g_autoptr (GArray) records = NULL;

  set_up (&self, JSON, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, 4 * GST_SECOND);
  push_eos (&self);
  records = collect (self.json);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (strstr (nth_text (records, 0)->text, keys[i]) == NULL)
      g_error ("%s is not in %s", keys[i], nth_text (records, 0)->text);
  tear_down (&self);
}

/* At ten frames a second four pictures of four seconds are those at 0, 1.3, 2.6 and 3.9 s; the others cannot even be read. */
static void
test_only_sampled_frames_are_looked_at (void)
{
  Fixture self;
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GArray) records = NULL;

  set_up (&self, JSON, TWO_ANSWERS, NULL, NULL);
  for (guint i = 0; i < 80; i++) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, i % 40 % 13 == 0 ? FRAME_BYTES : 10, NULL);

    GST_BUFFER_PTS (buffer) = i * FRAME;
    g_assert_cmpint (gst_harness_push (self.video, buffer), ==, GST_FLOW_OK);
  }
  push_eos (&self);
  records = collect (self.json);
  g_assert_nonnull (strstr (nth_text (records, 1)->text, "\"frames\":[4000000000,5300000000,6600000000,7900000000]"));
  message = gst_bus_pop_filtered (self.bus, GST_MESSAGE_WARNING);
  g_assert_null (message);
  tear_down (&self);
}

/* The harness knows no length. */
static void
test_a_film_shorter_than_a_window_is_shown_from_its_first_to_its_last_frame (void)
{
  static const struct
  {
    guint n;
    const char *frames;
  } cases[] = { {12, "[0,400000000,800000000,1100000000]"}, {5, "[0,100000000,300000000,400000000]"}, {2, "[0,100000000]"},
  {1, "[0]"}, {39, "[0,1300000000,2600000000,3800000000]"}
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *expected = g_strdup_printf ("\"frames\":%s", cases[i].frames);
    g_autoptr (GArray) records = NULL;
    Fixture self;

    set_up (&self, JSON, TWO_ANSWERS, NULL, NULL);
    push_until (&self, 0, cases[i].n * FRAME);
    push_eos (&self);
    records = collect (self.json);
    if (strstr (nth_text (records, 0)->text, expected) == NULL)
      g_error ("%s is not in %s", expected, nth_text (records, 0)->text);
    g_assert_null (nth_text (records, 1));
    tear_down (&self);
  }
}

static void
test_after_a_flush_no_buffer_carries_what_was_said_before (void)
{
  Fixture self;

  set_up (&self, 0, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, 5 * GST_SECOND);
  while (get_stat (&self, "described") < 1)
    g_usleep (1000);
  push_flush (&self);
  push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, 0);
  for (guint i = 0; i < 45; i++) {
    g_autoptr (GstBuffer) passed = NULL;
    GstCustomMeta *meta;

    g_assert_cmpint (push (&self, i * FRAME), ==, GST_FLOW_OK);
    passed = gst_harness_pull (self.video);
    meta = gst_buffer_get_custom_meta (passed, "Llama4Description");
    g_assert_true (meta == NULL || g_str_equal (gst_structure_get_string (gst_custom_meta_get_structure (meta), "text"), "Second."));
  }
  tear_down (&self);
}

/* A sink pad that takes these caps alone and keeps what comes. */
static GstFlowReturn
keep (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  char *format = g_strdup (gst_structure_get_string (gst_caps_get_structure (caps, 0), "format")), *text = NULL;
  gsize size;

  gst_buffer_extract_dup (buffer, 0, gst_buffer_get_size (buffer), (gpointer *) & text, &size);
  g_async_queue_push (g_object_get_data (G_OBJECT (pad), "kept"), g_strdup_printf ("%s: %.*s", format, (int) size, text));
  g_free (text);
  g_free (format);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static void
expect_text (GstPad * pad, const char *caps, Fixture * self, GstClockTime from, const char *expected)
{
  g_autoptr (GstCaps) parsed = gst_caps_from_string (caps);
  g_autoptr (GstPadTemplate) template = gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, parsed);
  g_autoptr (GstPad) sink = gst_object_ref_sink (gst_pad_new_from_template (template, "sink"));
  g_autoptr (GAsyncQueue) kept = g_async_queue_new_full (g_free);
  g_autofree char *text = NULL;

  g_object_set_data (G_OBJECT (sink), "kept", kept);
  gst_pad_set_chain_function (sink, keep);
  gst_pad_set_active (sink, TRUE);
  g_assert_cmpint (gst_pad_link (pad, sink), ==, GST_PAD_LINK_OK);
  push_until (self, from, from + 4 * GST_SECOND);
  g_assert_cmpint (push (self, from + 4 * GST_SECOND), ==, GST_FLOW_OK);
  gst_buffer_unref (gst_harness_pull (self->video));
  text = g_async_queue_timeout_pop (kept, 20 * G_USEC_PER_SEC);
  g_assert_cmpstr (text, ==, expected);
  g_assert_true (gst_pad_unlink (pad, sink));
  gst_pad_set_active (sink, FALSE);
}

static void
test_a_text_pad_that_is_linked_anew_gets_the_new_peers_format (void)
{
  Fixture self;
  GstPad *pad;

  set_up (&self, 0, "{\"text\":\"a & b\"}", NULL, NULL);
  pad = gst_element_request_pad_simple (self.element, "text_src");
  expect_text (pad, "text/x-raw,format=utf8", &self, 0, "utf8: a & b");
  expect_text (pad, "text/x-raw,format=pango-markup", &self, 4 * GST_SECOND + FRAME, "pango-markup: a &amp; b");
  gst_element_release_request_pad (self.element, pad);
  gst_object_unref (pad);
  tear_down (&self);
}

static void
test_side_streams_are_sparse_and_of_the_videos_group (void)
{
  static const char *const names[] = { "text_src", "json_src" };
  Fixture self;
  GstEvent *start = gst_event_new_stream_start ("video-7");

  set_up (&self, TEXT | JSON | NO_CAPS, TWO_ANSWERS, NULL, NULL);
  gst_event_set_group_id (start, 4711);
  gst_harness_push_event (self.video, start);
  gst_harness_set_src_caps_str (self.video, CAPS);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  wait_until_covered (self.text, 4 * GST_SECOND);
  wait_until_covered (self.json, 4 * GST_SECOND);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstPad) pad = gst_element_get_static_pad (self.element, names[i]);
    g_autoptr (GstEvent) event = gst_pad_get_sticky_event (pad, GST_EVENT_STREAM_START, 0);
    GstStreamFlags flags;
    const char *id;
    guint group = 0;

    gst_event_parse_stream_start (event, &id);
    gst_event_parse_stream_flags (event, &flags);
    g_assert_true (gst_event_parse_group_id (event, &group));
    g_assert_cmpuint (group, ==, 4711);
    g_assert_true (flags & GST_STREAM_FLAG_SPARSE);
    g_assert_true (g_str_has_prefix (id, "video-7/"));
  }
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"text-has-the-windows-times-and-covers-the-time-line", test_text_has_the_windows_times_and_covers_the_time_line},
    {"both-side-pads-work-together", test_both_side_pads_work_together},
    {"descriptions-reach-bus-and-following-buffers", test_descriptions_reach_bus_and_following_buffers},
    {"messages-carry-a-picture-of-the-windows-middle-when-asked", test_messages_carry_a_picture_of_the_windows_middle_when_asked},
    {"extreme-frames-are-described", test_extreme_frames_are_described},
    {"short-buffers-are-a-warning-not-the-end", test_short_buffers_are_a_warning_not_the_end},
    {"a-failed-window-is-a-warning-and-a-gap", test_a_failed_window_is_a_warning_and_a_gap},
    {"text-is-safe-in-either-format", test_text_is_safe_in_either_format},
    {"pads-come-and-go-while-playing", test_pads_come_and_go_while_playing},
    {"overlap-not-less-than-window-is-refused", test_overlap_not_less_than_window_is_refused},
    {"overlapping-windows-give-text-that-does-not-overlap", test_overlapping_windows_give_text_that_does_not_overlap},
    {"video-passes-untouched-and-no-buffer-is-kept", test_video_passes_untouched_and_no_buffer_is_kept},
    {"a-record-says-what-was-shown-and-how-long-it-took", test_a_record_says_what_was_shown_and_how_long_it_took},
    {"only-sampled-frames-are-looked-at", test_only_sampled_frames_are_looked_at},
    {"a-film-shorter-than-a-window-is-shown-from-its-first-to-its-last-frame",
          test_a_film_shorter_than_a_window_is_shown_from_its_first_to_its_last_frame},
    {"after-a-flush-no-buffer-carries-what-was-said-before", test_after_a_flush_no_buffer_carries_what_was_said_before},
    {"a-text-pad-that-is-linked-anew-gets-the-new-peers-format", test_a_text_pad_that_is_linked_anew_gets_the_new_peers_format},
    {"side-streams-are-sparse-and-of-the-videos-group", test_side_streams_are_sparse_and_of_the_videos_group},
  };

  return run_tests (argc, argv, "describe", tests, G_N_ELEMENTS (tests));
}
