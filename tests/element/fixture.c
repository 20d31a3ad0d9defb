/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An element with a scripted describer, and what comes out of it. */

#include "fixture.h"

#include <glib/gstdio.h>
#include <math.h>
#include <unistd.h>

#include "gstllama4describe.h"

char *
write_script (const char *lines)
{
  char *path = NULL;
  int file = g_file_open_tmp ("answers-XXXXXX.script", &path, NULL);

  g_assert_cmpint (file, >=, 0);
  close (file);
  g_assert_true (g_file_set_contents (path, lines, -1, NULL));
  return path;
}

void
set_up (Fixture * self, Pads pads, const char *lines, const char *property, const char *value)
{
  g_autoptr (GString) text = g_string_new (lines);

  *self = (Fixture) { 0 };
  self->release = g_strdup_printf ("%s/release-%d-%u", g_get_tmp_dir (), getpid (), g_random_int ());
  g_string_replace (text, "RELEASE", self->release, 0);
  self->script = write_script (text->str);
  self->element = gst_element_factory_make ("llama4describe", NULL);
  g_assert_nonnull (self->element);
  g_object_set (self->element, "model-path", self->script, NULL);
  gst_util_set_object_arg (G_OBJECT (self->element), "on-busy", "wait");
  if (property != NULL)
    gst_util_set_object_arg (G_OBJECT (self->element), property, value);
  self->bus = gst_bus_new ();
  gst_element_set_bus (self->element, self->bus);
  self->video = gst_harness_new_with_element (self->element, "sink", pads & NO_VIDEO ? NULL : "src");
  if (pads & TEXT)
    self->text = gst_harness_new_with_element (self->element, NULL, "text_src");
  if (pads & JSON)
    self->json = gst_harness_new_with_element (self->element, NULL, "json_src");
  gst_harness_play (self->video);
  if (!(pads & NO_CAPS))
    gst_harness_set_src_caps_str (self->video, CAPS);
}

void
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
  g_unlink (self->release);
  g_free (self->release);
}

void
release_answers (Fixture * self)
{
  g_assert_true (g_file_set_contents (self->release, "", 0, NULL));
}

void
wait_for_model (Fixture * self)
{
  GstLlama4Describe *element = (GstLlama4Describe *) self->element;     /* the macro would ask for the type, which is the plugin's */
  GstProgressType type;

  do {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (self->bus, 20 * GST_SECOND, GST_MESSAGE_PROGRESS);

    g_assert_nonnull (message);
    gst_message_parse_progress (message, &type, NULL, NULL);
  } while (type != GST_PROGRESS_TYPE_COMPLETE);
  g_mutex_lock (&element->lock);        /* frames are taken a moment later */
  while (element->model_state == GST_LLAMA4_MODEL_LOADING)
    g_cond_wait (&element->changed, &element->lock);
  g_mutex_unlock (&element->lock);
}

GstFlowReturn
push (Fixture * self, GstClockTime pts)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, FRAME_BYTES, NULL);

  gst_buffer_memset (buffer, 0, 100, FRAME_BYTES);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = FRAME;
  return gst_harness_push (self->video, buffer);
}

void
push_until (Fixture * self, GstClockTime from, GstClockTime to)
{
  for (GstClockTime pts = from; pts < to; pts += FRAME) {
    GstBuffer *passed;

    g_assert_cmpint (push (self, pts), ==, GST_FLOW_OK);
    if (!gst_pad_is_linked (self->video->sinkpad))
      continue;
    passed = gst_harness_pull (self->video);
    g_assert_cmpuint (GST_BUFFER_PTS (passed), ==, pts);
    gst_buffer_unref (passed);
  }
}

void
push_eos (Fixture * self)
{
  g_assert_true (gst_harness_push_event (self->video, gst_event_new_eos ()));
}

void
push_flush (Fixture * self)
{
  gst_harness_push_event (self->video, gst_event_new_flush_start ());
  gst_harness_push_event (self->video, gst_event_new_flush_stop (TRUE));
}

void
push_segment (Fixture * self, double rate, GstClockTime start, GstClockTime stop, GstClockTime time, GstClockTime base)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = rate;
  segment.start = segment.position = start;
  segment.stop = stop;
  segment.time = time;
  segment.base = base;
  g_assert_true (gst_harness_push_event (self->video, gst_event_new_segment (&segment)));
}

static void
piece_clear (gpointer piece)
{
  g_free (((Piece *) piece)->text);
}

static int
compare_pieces (gconstpointer a, gconstpointer b)
{
  const Piece *one = a, *other = b;

  return one->start < other->start ? -1 : one->start > other->start;
}

GArray *
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
  g_array_sort (pieces, compare_pieces);
  return pieces;
}

void
wait_until_covered (GstHarness * harness, GstClockTime time)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  GstClockTime covered = 0;

  while (covered < time) {
    g_autoptr (GstEvent) event = gst_harness_try_pull_event (harness);
    g_autoptr (GstBuffer) buffer = gst_harness_try_pull (harness);
    GstClockTime start = 0, duration = 0;

    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (event != NULL && GST_EVENT_TYPE (event) == GST_EVENT_GAP)
      gst_event_parse_gap (event, &start, &duration);
    covered = MAX (covered, start + duration);
    if (buffer != NULL)
      covered = MAX (covered, GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer));
    if (event == NULL && buffer == NULL)
      g_usleep (1000);
  }
}

void
assert_covers (GArray * pieces, GstClockTime from, GstClockTime to)
{
  GstClockTime at = from;

  for (guint i = 0; i < pieces->len; i++) {
    const Piece *piece = &g_array_index (pieces, Piece, i);

    g_assert_cmpuint (piece->start, ==, at);
    at = piece->end;
  }
  g_assert_cmpuint (at, ==, to);
}

const Piece *
nth_text (GArray * pieces, guint n)
{
  for (guint i = 0; i < pieces->len; i++)
    if (g_array_index (pieces, Piece, i).text != NULL && n-- == 0)
      return &g_array_index (pieces, Piece, i);
  return NULL;
}

guint64
get_stat (Fixture * self, const char *name)
{
  GstStructure *stats;
  guint64 value = G_MAXUINT64;

  g_object_get (self->element, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, name, &value);
  gst_structure_free (stats);
  return value;
}

double
get_figure (Fixture * self, const char *name)
{
  GstStructure *stats;
  double value = NAN;

  g_object_get (self->element, "stats", &stats, NULL);
  gst_structure_get_double (stats, name, &value);
  gst_structure_free (stats);
  return value;
}

void
wait_for_forecast (Fixture * self, double ms)
{
  for (guint i = 0; get_figure (self, "forecast-ms") != ms; i++) {
    g_assert_cmpuint (i, <, 20000);
    g_usleep (1000);
  }
}

void
wait_for_stat (Fixture * self, const char *name, guint64 value)
{
  for (guint i = 0; get_stat (self, name) < value; i++) {
    g_assert_cmpuint (i, <, 20000);
    g_usleep (1000);
  }
}

void
play_to_end (GstElement * pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) end = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  end = gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (end);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

int
run_tests (int argc, char **argv, const char *prefix, const Test * tests, guint n_tests)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  for (guint i = 0; i < n_tests; i++) {
    g_autofree char *path = g_strconcat ("/", prefix, "/", tests[i].name, NULL);

    g_test_add_func (path, tests[i].run);
  }
  return g_test_run ();
}
