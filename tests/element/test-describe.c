/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The element's manners, frame by frame, with answers from a script. */

#include <glib/gstdio.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <string.h>
#include <unistd.h>

#define CAPS "video/x-raw,format=RGB,width=32,height=24,framerate=10/1"
#define FRAME_BYTES (32 * 24 * 3)
#define FRAME (GST_SECOND / 10)

/* An element between a source that the test pushes from and sinks for the pads that it asks for. */
typedef struct
{
  GstHarness *video;
  GstHarness *text;             /* NULL: not requested */
  GstHarness *json;
  GstElement *element;
  GstBus *bus;
  char *script;
} Fixture;

typedef enum
{
  TEXT = 1,
  JSON = 2,
  NO_CAPS = 4
} Pads;

static char *
write_script (const char *lines)
{
  char *path = NULL;
  int file = g_file_open_tmp ("answers-XXXXXX.script", &path, NULL);

  g_assert_cmpint (file, >=, 0);
  close (file);
  g_assert_true (g_file_set_contents (path, lines, -1, NULL));
  return path;
}

static void
set_up (Fixture * self, Pads pads, const char *lines, const char *property, const char *value)
{
  *self = (Fixture) { 0 };
  self->script = write_script (lines);
  self->element = gst_element_factory_make ("llama4describe", NULL);
  g_assert_nonnull (self->element);
  g_object_set (self->element, "model-path", self->script, NULL);
  gst_util_set_object_arg (G_OBJECT (self->element), "on-busy", "wait");
  if (property != NULL)
    gst_util_set_object_arg (G_OBJECT (self->element), property, value);
  self->bus = gst_bus_new ();
  gst_element_set_bus (self->element, self->bus);
  self->video = gst_harness_new_with_element (self->element, "sink", "src");
  if (pads & TEXT)
    self->text = gst_harness_new_with_element (self->element, NULL, "text_src");
  if (pads & JSON)
    self->json = gst_harness_new_with_element (self->element, NULL, "json_src");
  gst_harness_play (self->video);
  if (!(pads & NO_CAPS))
    gst_harness_set_src_caps_str (self->video, CAPS);
}

static void
tear_down (Fixture * self)
{
  g_clear_pointer (&self->text, gst_harness_teardown);
  g_clear_pointer (&self->json, gst_harness_teardown);
  gst_element_set_bus (self->element, NULL);
  gst_harness_teardown (self->video);
  gst_object_unref (self->bus);
  gst_object_unref (self->element);
  g_unlink (self->script);
  g_free (self->script);
}

static GstFlowReturn
push (Fixture * self, GstClockTime pts)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, FRAME_BYTES, NULL);

  gst_buffer_memset (buffer, 0, 100, FRAME_BYTES);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = FRAME;
  return gst_harness_push (self->video, buffer);
}

static void
push_until (Fixture * self, GstClockTime from, GstClockTime to)
{
  for (GstClockTime pts = from; pts < to; pts += FRAME) {
    GstBuffer *passed;

    g_assert_cmpint (push (self, pts), ==, GST_FLOW_OK);
    passed = gst_harness_pull (self->video);
    g_assert_cmpuint (GST_BUFFER_PTS (passed), ==, pts);
    gst_buffer_unref (passed);
  }
}

/* Everything that a side pad's harness has got, up to the end of the stream: [start, end, text or NULL] a piece. */
typedef struct
{
  GstClockTime start, end;
  char *text;
} Piece;

static void
piece_clear (gpointer piece)
{
  g_free (((Piece *) piece)->text);
}

static GArray *
collect (GstHarness * harness)
{
  GArray *pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  gboolean eos = FALSE;

  g_array_set_clear_func (pieces, piece_clear);
  while (!eos && g_get_monotonic_time () < deadline) {
    GstEvent *event = gst_harness_try_pull_event (harness);

    if (event == NULL) {
      g_usleep (1000);
      continue;
    }
    if (GST_EVENT_TYPE (event) == GST_EVENT_GAP) {
      Piece piece = { 0 };
      GstClockTime duration;

      gst_event_parse_gap (event, &piece.start, &duration);
      piece.end = piece.start + duration;
      if (duration > 0)
        g_array_append_val (pieces, piece);
    }
    eos = GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    gst_event_unref (event);
  }
  g_assert_true (eos);
  for (GstBuffer * buffer; (buffer = gst_harness_try_pull (harness)) != NULL;) {
    Piece piece;
    GstMapInfo map;

    g_assert_true (GST_BUFFER_PTS_IS_VALID (buffer));
    g_assert_true (GST_BUFFER_DURATION_IS_VALID (buffer));
    gst_buffer_map (buffer, &map, GST_MAP_READ);
    piece = (Piece) { GST_BUFFER_PTS (buffer), GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer),
      g_strndup ((const char *) map.data, map.size)
    };
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
    g_array_append_val (pieces, piece);
  }
  return pieces;
}

static int
compare_pieces (gconstpointer a, gconstpointer b)
{
  const Piece *one = a, *other = b;

  return one->start < other->start ? -1 : one->start > other->start;
}

/* Text and gaps together leave nothing out and say nothing twice. */
static void
assert_covers (GArray * pieces, GstClockTime from, GstClockTime to)
{
  GstClockTime at = from;

  g_array_sort (pieces, compare_pieces);
  for (guint i = 0; i < pieces->len; i++) {
    const Piece *piece = &g_array_index (pieces, Piece, i);

    g_assert_cmpuint (piece->start, ==, at);
    at = piece->end;
  }
  g_assert_cmpuint (at, ==, to);
}

static const Piece *
nth_text (GArray * pieces, guint n)
{
  for (guint i = 0; i < pieces->len; i++)
    if (g_array_index (pieces, Piece, i).text != NULL && n-- == 0)
      return &g_array_index (pieces, Piece, i);
  return NULL;
}

static guint64
get_stat (Fixture * self, const char *name)
{
  GstStructure *stats;
  guint64 value = G_MAXUINT64;

  g_object_get (self->element, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, name, &value);
  gst_structure_free (stats);
  return value;
}

#define TWO_ANSWERS "{\"text\":\"First.\"}\n{\"text\":\"Second.\"}\n"

static void
test_text_has_the_windows_times_and_covers_the_time_line (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, 10 * GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_eos ());
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
test_last_partial_window_is_described_before_eos (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, JSON, "{\"text\":\"Slow.\",\"delay_ms\":300}", NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_eos ());
  pieces = collect (self.json);
  g_assert_nonnull (nth_text (pieces, 0));
  g_assert_nonnull (strstr (nth_text (pieces, 0)->text, "\"text\":\"Slow.\""));
  g_assert_true (g_str_has_suffix (nth_text (pieces, 0)->text, "}\n"));
  assert_covers (pieces, 0, GST_SECOND);
  tear_down (&self);
}

static void
test_without_side_pads_eos_waits_for_the_last_description (void)
{
  Fixture self;

  set_up (&self, 0, "{\"text\":\"Slow.\",\"delay_ms\":300}", NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_eos ());
  g_assert_cmpuint (get_stat (&self, "described"), ==, 1);
  tear_down (&self);
}

static void
test_both_side_pads_work_together (void)
{
  Fixture self;
  g_autoptr (GArray) texts = NULL, records = NULL;

  set_up (&self, TEXT | JSON, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, 8 * GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_eos ());
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

static void
test_skip_mode_never_holds_up_video (void)
{
  Fixture self;
  gint64 begun;
  GstMessage *message;

  set_up (&self, TEXT, "{\"text\":\"Slow.\",\"delay_ms\":2000}", "on-busy", "skip");
  g_usleep (100000);            /* the script loads at once, but not before the first frame */
  begun = g_get_monotonic_time ();
  push_until (&self, 0, 40 * GST_SECOND);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 1500 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (get_stat (&self, "skipped"), >=, 5);
  message = gst_bus_timed_pop_filtered (self.bus, GST_SECOND, GST_MESSAGE_QOS);
  g_assert_nonnull (message);
  gst_message_unref (message);
  tear_down (&self);
}

static void
test_wait_mode_loses_no_window (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, "{\"text\":\"Slow.\",\"delay_ms\":50}", NULL, NULL);
  push_until (&self, 0, 40 * GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_eos ());
  pieces = collect (self.text);
  g_assert_nonnull (nth_text (pieces, 9));
  g_assert_cmpuint (get_stat (&self, "described"), ==, 10);
  g_assert_cmpuint (get_stat (&self, "skipped"), ==, 0);
  tear_down (&self);
}

static void
test_flush_cancels_and_drops_what_belongs_to_before (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;
  GstSegment segment;
  gint64 begun;

  set_up (&self, TEXT, "{\"text\":\"Old old old old old old.\",\"delay_ms\":20000}\n{\"text\":\"New.\"}", NULL, NULL);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  g_usleep (50000);
  begun = g_get_monotonic_time ();
  gst_harness_push_event (self.video, gst_event_new_flush_start ());
  gst_harness_push_event (self.video, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = segment.position = 100 * GST_SECOND;
  gst_harness_push_event (self.video, gst_event_new_segment (&segment));
  push_until (&self, 100 * GST_SECOND, 104 * GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_eos ());
  while (gst_harness_events_in_queue (self.text) > 0) {
    g_autoptr (GstEvent) event = gst_harness_pull_event (self.text);

    if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP)
      break;
  }
  pieces = collect (self.text);
  assert_covers (pieces, 100 * GST_SECOND, 104 * GST_SECOND);
  g_assert_cmpstr (nth_text (pieces, 0)->text, ==, "New.");
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 10 * G_TIME_SPAN_SECOND);
  tear_down (&self);
}

static void
test_stopping_cancels_a_description_at_once (void)
{
  Fixture self;
  gint64 begun;

  set_up (&self, TEXT, "{\"text\":\"a b c d e f g h\",\"delay_ms\":60000}", NULL, NULL);
  push_until (&self, 0, 4 * GST_SECOND + FRAME);
  begun = g_get_monotonic_time ();
  tear_down (&self);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 5 * G_TIME_SPAN_SECOND);
}

static void
test_a_new_segment_drains_the_open_window (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;
  GstSegment segment;

  set_up (&self, JSON, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = segment.position = 50 * GST_SECOND;
  segment.base = GST_SECOND;
  gst_harness_push_event (self.video, gst_event_new_segment (&segment));
  push_until (&self, 50 * GST_SECOND, 51 * GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_eos ());
  pieces = collect (self.json);
  g_array_sort (pieces, compare_pieces);
  g_assert_cmpuint (nth_text (pieces, 0)->start, ==, 0);
  g_assert_cmpuint (nth_text (pieces, 0)->end, ==, GST_SECOND);
  g_assert_cmpuint (nth_text (pieces, 1)->start, ==, 50 * GST_SECOND);
  tear_down (&self);
}

static void
test_gaps_and_caps_changes_pass (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  push_until (&self, 0, GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_gap (GST_SECOND, 8 * GST_SECOND));
  gst_harness_set_src_caps_str (self.video, "video/x-raw,format=GRAY8,width=64,height=36,framerate=0/1");
  push_until (&self, 9 * GST_SECOND, 10 * GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_eos ());
  pieces = collect (self.text);
  assert_covers (pieces, 0, 10 * GST_SECOND);
  g_assert_cmpstr (nth_text (pieces, 0)->text, ==, "First.");
  g_assert_cmpuint (nth_text (pieces, 1)->start, ==, 8 * GST_SECOND);
  tear_down (&self);
}

static void
test_frames_without_time_stamps_are_counted_on (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT, TWO_ANSWERS, NULL, NULL);
  for (guint i = 0; i < 50; i++)
    g_assert_cmpint (push (&self, GST_CLOCK_TIME_NONE), ==, GST_FLOW_OK);
  gst_harness_push_event (self.video, gst_event_new_eos ());
  pieces = collect (self.text);
  assert_covers (pieces, 0, 5 * GST_SECOND);
  g_assert_nonnull (nth_text (pieces, 1));
  tear_down (&self);
}

static void
test_framerate_zero_works (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;

  set_up (&self, TEXT | NO_CAPS, TWO_ANSWERS, NULL, NULL);
  gst_harness_set_src_caps_str (self.video, "video/x-raw,format=RGB,width=32,height=24,framerate=0/1");
  for (guint i = 0; i < 12; i++) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, FRAME_BYTES, NULL);

    GST_BUFFER_PTS (buffer) = i * GST_SECOND;
    g_assert_cmpint (gst_harness_push (self.video, buffer), ==, GST_FLOW_OK);
  }
  gst_harness_push_event (self.video, gst_event_new_eos ());
  pieces = collect (self.text);
  g_assert_nonnull (nth_text (pieces, 2));
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
    gst_harness_push_event (self.video, gst_event_new_eos ());
    g_assert_cmpuint (get_stat (&self, "described"), ==, 2);
    tear_down (&self);
  }
}

static void
test_short_buffers_are_a_warning_not_the_end (void)
{
  Fixture self;
  GstMessage *message;

  set_up (&self, 0, TWO_ANSWERS, NULL, NULL);
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

static void
test_a_failed_window_is_a_warning_and_a_gap (void)
{
  Fixture self;
  g_autoptr (GArray) pieces = NULL;
  GstMessage *message;

  set_up (&self, TEXT, "{\"error\":\"No idea\"}\n{\"text\":\"Better.\"}", NULL, NULL);
  push_until (&self, 0, 8 * GST_SECOND);
  gst_harness_push_event (self.video, gst_event_new_eos ());
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
test_text_is_escaped_only_for_markup (void)
{
  static const struct
  {
    const char *caps, *text;
  } formats[] = { {"text/x-raw,format=utf8", "a <b> & \342\200\234c\342\200\235 d"},
  {"text/x-raw,format=pango-markup", "a &lt;b&gt; &amp; \342\200\234c\342\200\235 d"}
  };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    Fixture self;
    g_autoptr (GArray) pieces = NULL;

    set_up (&self, TEXT | NO_CAPS, "{\"text\":\" a <b>\\n&\\u202e \342\200\234c\342\200\235\\u0007 d \"}", NULL, NULL);
    gst_harness_set_sink_caps_str (self.text, formats[i].caps);
    gst_harness_set_src_caps_str (self.video, CAPS);
    push_until (&self, 0, GST_SECOND);
    gst_harness_push_event (self.video, gst_event_new_eos ());
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
  gst_harness_push_event (self.video, gst_event_new_eos ());
  pieces = collect (self.json);
  g_assert_nonnull (nth_text (pieces, 0));
  tear_down (&self);
}

static void
test_latency_of_text_adds_the_declared_one (void)
{
  Fixture self;

  set_up (&self, TEXT, TWO_ANSWERS, "latency", "3000000000");
  gst_harness_set_upstream_latency (self.video, 40 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (self.video), ==, 40 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (self.text), ==, 3 * GST_SECOND + 40 * GST_MSECOND);
  tear_down (&self);
}

static void
test_lateness_shifts_running_time_not_time_stamps (void)
{
  Fixture self;
  GstSegment segment;
  gboolean seen = FALSE;

  set_up (&self, TEXT, TWO_ANSWERS, "lateness", "2000000000");
  push_until (&self, 0, GST_SECOND);
  for (guint i = 0; i < 2000 && !seen; i++) {
    g_autoptr (GstEvent) event = gst_harness_try_pull_event (self.text);

    if (event != NULL && GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT) {
      gst_event_copy_segment (event, &segment);
      seen = TRUE;
    }
    g_usleep (1000);
  }
  g_assert_true (seen);
  g_assert_cmpuint (segment.base, ==, 2 * GST_SECOND);
  g_assert_cmpuint (segment.start, ==, 0);
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

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    GTestFunc run;
  } tests[] = {
    {"text-has-the-windows-times-and-covers-the-time-line", test_text_has_the_windows_times_and_covers_the_time_line},
    {"last-partial-window-is-described-before-eos", test_last_partial_window_is_described_before_eos},
    {"without-side-pads-eos-waits-for-the-last-description", test_without_side_pads_eos_waits_for_the_last_description},
    {"both-side-pads-work-together", test_both_side_pads_work_together},
    {"descriptions-reach-bus-and-following-buffers", test_descriptions_reach_bus_and_following_buffers},
    {"skip-mode-never-holds-up-video", test_skip_mode_never_holds_up_video},
    {"wait-mode-loses-no-window", test_wait_mode_loses_no_window},
    {"flush-cancels-and-drops-what-belongs-to-before", test_flush_cancels_and_drops_what_belongs_to_before},
    {"stopping-cancels-a-description-at-once", test_stopping_cancels_a_description_at_once},
    {"a-new-segment-drains-the-open-window", test_a_new_segment_drains_the_open_window},
    {"gaps-and-caps-changes-pass", test_gaps_and_caps_changes_pass},
    {"frames-without-time-stamps-are-counted-on", test_frames_without_time_stamps_are_counted_on},
    {"framerate-zero-works", test_framerate_zero_works},
    {"extreme-frames-are-described", test_extreme_frames_are_described},
    {"short-buffers-are-a-warning-not-the-end", test_short_buffers_are_a_warning_not_the_end},
    {"a-failed-window-is-a-warning-and-a-gap", test_a_failed_window_is_a_warning_and_a_gap},
    {"text-is-escaped-only-for-markup", test_text_is_escaped_only_for_markup},
    {"pads-come-and-go-while-playing", test_pads_come_and_go_while_playing},
    {"latency-of-text-adds-the-declared-one", test_latency_of_text_adds_the_declared_one},
    {"lateness-shifts-running-time-not-time-stamps", test_lateness_shifts_running_time_not_time_stamps},
    {"overlap-not-less-than-window-is-refused", test_overlap_not_less_than_window_is_refused},
  };

  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree char *path = g_strconcat ("/element/", tests[i].path, NULL);

    g_test_add_func (path, tests[i].run);
  }
  return g_test_run ();
}
