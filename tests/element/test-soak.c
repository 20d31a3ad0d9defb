/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Long runs: memory, threads and files stay as they are, and nothing is left behind. L4_SOAK=N: N frames (2592000: a day). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

#define SHORT_SOAK 20000        /* frames */
#define RATE 30                 /* frames a second */

typedef struct
{
  guint64 memory;               /* bytes resident */
  guint threads;
  guint files;
} Usage;

static Usage
measure (void)
{
  Usage usage = { 0 };
  g_autofree char *status = NULL;
  g_autoptr (GDir) files = g_dir_open ("/proc/self/fd", 0, NULL);

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  usage.memory = g_ascii_strtoull (strstr (status, "VmRSS:") + strlen ("VmRSS:"), NULL, 10) * 1024;
  usage.threads = g_ascii_strtoull (strstr (status, "Threads:") + strlen ("Threads:"), NULL, 10);
  while (g_dir_read_name (files) != NULL)
    usage.files++;
  return usage;
}

/* Under a sanitizer freed memory is kept for a while. */
static void
assert_no_more (const Usage * before, const Usage * after)
{
  g_test_message ("memory %.1f to %.1f MiB, threads %u to %u, files %u to %u", before->memory / 1048576.0,
      after->memory / 1048576.0, before->threads, after->threads, before->files, after->files);
  if (g_getenv ("ASAN_OPTIONS") == NULL)
    g_assert_cmpuint (after->memory, <, before->memory + (2 << 20));
  g_assert_cmpuint (after->threads, <=, before->threads);
  g_assert_cmpuint (after->files, <=, before->files);
}

/* Takes what has come out; text and gaps must follow on each other without a hole. */
static GstClockTime
take (GstHarness * harness, GstClockTime covered)
{
  GstEvent *event;
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (harness)) != NULL) {
    covered = MAX (covered, GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer));
    gst_buffer_unref (buffer);
  }
  while ((event = gst_harness_try_pull_event (harness)) != NULL)
    gst_event_unref (event);
  return covered;
}

static void
test_a_long_stream_needs_no_more_than_a_short_one (void)
{
  guint64 n_frames = g_getenv ("L4_SOAK") != NULL ? g_ascii_strtoull (g_getenv ("L4_SOAK"), NULL, 10) : SHORT_SOAK;
  GstClockTime covered = 0;
  Usage before = { 0 }, after;
  Fixture self;

  set_up (&self, TEXT | JSON, TWO_ANSWERS, NULL, NULL);
  for (guint64 i = 0; i < n_frames; i++) {
    g_assert_cmpint (push (&self, gst_util_uint64_scale (i, GST_SECOND, RATE)), ==, GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (self.video));
    if (i % 1000 == 999) {
      covered = take (self.text, covered);
      take (self.json, 0);
      gst_bus_set_flushing (self.bus, TRUE);
      gst_bus_set_flushing (self.bus, FALSE);
    }
    if (i == n_frames / 4)
      before = measure ();
  }
  after = measure ();
  assert_no_more (&before, &after);
  g_assert_cmpuint (get_stat (&self, "described"), >=, n_frames / RATE / 4 - 1);
  g_assert_cmpuint (get_stat (&self, "skipped"), ==, 0);
  g_assert_cmpuint (covered, >=, gst_util_uint64_scale (n_frames, GST_SECOND, RATE) - 50 * GST_SECOND);
  tear_down (&self);
}

static void
cycle (guint n)
{
  for (guint i = 0; i < n; i++) {
    Fixture self;

    set_up (&self, i % 4 < 2 ? TEXT : TEXT | JSON, "{\"text\":\"Slow.\",\"delay_ms\":20}", "on-busy", i % 2 ? "wait" : "skip");
    push_until (&self, 0, 5 * GST_SECOND);
    if (i % 3 == 0) {
      push_flush (&self);
      push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, 0);
      push_until (&self, 0, 5 * GST_SECOND);
    }
    if (i % 3 == 1)
      push_eos (&self);
    tear_down (&self);
  }
}

/* Threads of GLib's pools end a while after their work. */
static Usage
measure_when_idle (guint threads)
{
  gint64 until = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;
  Usage usage = measure ();

  for (; usage.threads > threads && g_get_monotonic_time () < until; usage = measure ())
    g_usleep (50 * G_TIME_SPAN_MILLISECOND);
  return usage;
}

static void
test_many_runs_leave_nothing_behind (void)
{
  Usage before, after;

  cycle (20);
  before = measure ();
  cycle (60);
  after = measure_when_idle (before.threads);
  assert_no_more (&before, &after);
}

/* Other threads --------------------------------------------------------------------------------------------------------- */

static gint stop;

static gpointer
request_and_release (gpointer data)
{
  GstElement *element = data;

  while (!g_atomic_int_get (&stop)) {
    GstHarness *harness = gst_harness_new_with_element (element, NULL, "text_src");

    g_usleep (g_random_int_range (0, 5000));
    gst_harness_teardown (harness);
  }
  return NULL;
}

static gpointer
change_properties (gpointer data)
{
  GstElement *element = data;

  while (!g_atomic_int_get (&stop)) {
    g_autofree char *text = NULL;
    GstStructure *stats = NULL;

    g_object_set (element, "prompt", "What is {start}?", "tiles", g_random_int_range (1, 17), "max-tokens",
        g_random_int_range (1, 10), "language", "German", "latency", (guint64) g_random_int (), NULL);
    g_object_get (element, "description", &text, "stats", &stats, NULL);
    gst_clear_structure (&stats);
    g_usleep (500);
  }
  return NULL;
}

static void
test_pads_and_properties_may_change_at_any_time (void)
{
  GThread *threads[2];
  Fixture self;

  set_up (&self, JSON, "{\"text\":\"Quick.\",\"delay_ms\":2}", "window", "200000000");
  g_atomic_int_set (&stop, FALSE);
  threads[0] = g_thread_new ("pads", request_and_release, self.element);
  threads[1] = g_thread_new ("properties", change_properties, self.element);
  for (guint i = 0; i < 3; i++) {
    push_until (&self, 0, 60 * GST_SECOND);
    take (self.json, 0);
    push_flush (&self);
    push_segment (&self, 1, 0, GST_CLOCK_TIME_NONE, 0, 0);
  }
  g_atomic_int_set (&stop, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (get_stat (&self, "described"), >, 100);
  tear_down (&self);
}

/* GStreamer's own count of its objects ---------------------------------------------------------------------------------- */

static GstTracer *
find_leaks_tracer (void)
{
  GList *tracers = gst_tracing_get_active_tracers ();
  GstTracer *found = NULL;

  for (GList * link = tracers; link != NULL; link = link->next)
    if (g_str_equal (G_OBJECT_TYPE_NAME (link->data), "GstLeaksTracer"))
      found = gst_object_ref (link->data);
  g_list_free_full (tracers, gst_object_unref);
  return found;
}

static guint
count_live_objects (GstTracer * tracer)
{
  GstStructure *live = NULL;    /* not freed: it would take references with it that it does not hold */

  g_signal_emit_by_name (tracer, "get-live-objects", &live);
  return gst_value_list_get_size (gst_structure_get_value (live, "live-objects-list"));
}

/* Whether a thread of the element is there, or one that has just been begun and has no name of its own yet. */
static gboolean
has_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  g_autofree char *unnamed = NULL;
  gboolean found = FALSE;
  const char *task;

  g_assert_true (g_file_get_contents ("/proc/self/comm", &unnamed, NULL, NULL));
  while (!found && (task = g_dir_read_name (tasks)) != NULL) {
    g_autofree char *path = g_build_filename ("/proc/self/task", task, "comm", NULL), *name = NULL;

    found = g_ascii_strtoll (task, NULL, 10) != getpid () && g_file_get_contents (path, &name, NULL, NULL)
        && (g_str_has_prefix (name, "llama4-") || g_str_equal (name, unnamed));
  }
  return found;
}

/* Those of released pads end by themselves, and free what they have. The tracer must not be asked meanwhile: it lists objects without
 * holding them. */
static void
wait_for_threads (void)
{
  gint64 until = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  while (has_threads ()) {
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_usleep (5000);
  }
}

static void
test_no_object_of_gstreamer_is_leaked (void)
{
  g_autoptr (GstTracer) tracer = find_leaks_tracer ();
  GstBuffer *buffer;
  guint before;

  if (tracer == NULL) {
    g_test_skip ("this GStreamer has no leaks tracer");
    return;
  }
  cycle (12);                   /* what is made once and kept */
  wait_for_threads ();
  before = count_live_objects (tracer);
  cycle (12);
  wait_for_threads ();
  g_assert_cmpuint (count_live_objects (tracer), ==, before);
  buffer = gst_buffer_new ();   /* the tracer is awake */
  g_assert_cmpuint (count_live_objects (tracer), ==, before + 1);
  gst_buffer_unref (buffer);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"a-long-stream-needs-no-more-than-a-short-one", test_a_long_stream_needs_no_more_than_a_short_one},
    {"many-runs-leave-nothing-behind", test_many_runs_leave_nothing_behind},
    {"pads-and-properties-may-change-at-any-time", test_pads_and_properties_may_change_at_any_time},
    {"no-object-of-gstreamer-is-leaked", test_no_object_of_gstreamer_is_leaked},
  };

  g_setenv ("GST_TRACERS", "leaks", TRUE);
  return run_tests (argc, argv, "soak", tests, G_N_ELEMENTS (tests));
}
