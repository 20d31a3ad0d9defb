/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of many frames a second a few are looked at, and what is told is as of those alone. */

#include <string.h>

#include "fixture.h"
#include "moments/motion.h"
#include "yard.h"

#define SECONDS 20
#define FPS 25                  /* of which every other frame is looked at */

/* One who walks by in the midst of the film, and leaves. */
static const Yard yard = {.noise = 6,.leaves = 1,.come = 9 * GST_SECOND,.go = 13 * GST_SECOND,.at = 60,.speed = 20,.size = 60 };

/* Frames that are counted when they are read ------------------------------------------------------------------------------- */

typedef struct
{
  GstMemory parent;
  GBytes *bytes;
} Counted;

typedef GstAllocator CountingAllocator;
typedef GstAllocatorClass CountingAllocatorClass;

static GType counting_allocator_get_type (void);
G_DEFINE_TYPE (CountingAllocator, counting_allocator, GST_TYPE_ALLOCATOR);

static guint n_read;

static void
counted_free (GstAllocator * allocator, GstMemory * memory)
{
  g_bytes_unref (((Counted *) memory)->bytes);
  g_free (memory);
}

static gpointer
counted_map (GstMemory * memory, gsize size, GstMapFlags flags)
{
  n_read++;
  return (gpointer) g_bytes_get_data (((Counted *) memory)->bytes, NULL);
}

static void
counted_unmap (GstMemory * memory)
{
}

static void
counting_allocator_class_init (CountingAllocatorClass * class)
{
  class->free = counted_free;
}

static void
counting_allocator_init (CountingAllocator * self)
{
  self->mem_type = "counted";
  self->mem_map = counted_map;
  self->mem_unmap = counted_unmap;
  GST_OBJECT_FLAG_SET (self, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

/* The frame at that time, counted. (transfer full) */
static GstBuffer *
draw (GstAllocator * allocator, guint n)
{
  static GBytes *drawn[SECONDS * FPS];  /* once for all tests */
  Counted *memory = g_new0 (Counted, 1);
  GstBuffer *buffer = gst_buffer_new ();
  gsize size;

  if (drawn[n] == NULL) {
    g_autoptr (GstBuffer) frame = yard_draw (&yard, n * GST_SECOND / FPS);
    gpointer bytes;

    gst_buffer_extract_dup (frame, 0, -1, &bytes, &size);
    drawn[n] = g_bytes_new_take (bytes, size);
  }
  memory->bytes = g_bytes_ref (drawn[n]);
  size = g_bytes_get_size (memory->bytes);
  gst_memory_init (GST_MEMORY_CAST (memory), GST_MEMORY_FLAG_READONLY, allocator, NULL, size, 0, 0, size);
  gst_buffer_append_memory (buffer, GST_MEMORY_CAST (memory));
  GST_BUFFER_PTS (buffer) = n * GST_SECOND / FPS;
  return buffer;
}

/* Films -------------------------------------------------------------------------------------------------------------------- */

static void
begin (Fixture * self, const char *when, const char *cuts, guint nth)
{
  g_autofree char *caps = g_strdup_printf ("video/x-raw,format=I420,width=%d,height=%d,framerate=%d/%u", YARD_WIDTH, YARD_HEIGHT, FPS, nth);

  set_up (self, JSON | TEXT | NO_CAPS, YARD_SAID, "when", when);
  gst_element_set_state (self->element, GST_STATE_READY);
  gst_util_set_object_arg (G_OBJECT (self->element), "cuts", cuts);
  gst_element_set_state (self->element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (self->video, caps);
}

/* Every nth frame: films have the same ones. */
static void
watch (Fixture * self, guint nth)
{
  g_autoptr (GstAllocator) allocator = g_object_ref_sink (g_object_new (counting_allocator_get_type (), NULL));

  n_read = 0;
  for (guint i = 0; i < SECONDS * FPS; i += nth) {
    GstBuffer *buffer = draw (allocator, i);

    GST_BUFFER_DURATION (buffer) = nth * GST_SECOND / FPS;
    g_assert_cmpint (gst_harness_push (self->video, buffer), ==, GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (self->video));
  }
  push_eos (self);
}

/* Starts and ends of the windows that were described, in milliseconds. (transfer full) */
static char *
get_windows (Fixture * self)
{
  g_autoptr (GArray) records = collect (self->json);
  GString *windows = g_string_new (NULL);

  assert_covers (records, 0, SECONDS * GST_SECOND);
  for (guint i = 0; nth_text (records, i) != NULL; i++) {
    GstClockTime start, end;

    yard_parse (nth_text (records, i)->text, &start, &end, NULL);
    g_string_append_printf (windows, " %u-%u", (guint) (start / GST_MSECOND), (guint) (end / GST_MSECOND));
  }
  return g_string_free (windows, FALSE);
}

/* What is told of every frame, and of every other one. */
static void
assert_the_same (const char *when, const char *cuts)
{
  g_autofree char *each = NULL, *other = NULL;
  char **windows[] = { &each, &other };

  for (guint i = 0; i < 2; i++) {
    Fixture self;

    begin (&self, when, cuts, i + 1);
    watch (&self, i + 1);
    *windows[i] = get_windows (&self);
    tear_down (&self);
  }
  g_test_message ("%s:%s", when, each);
  g_assert_cmpstr (each, ==, other);
  g_assert_cmpuint (strlen (each), >, 0);
}

static void
test_motion_is_that_of_every_other_frame (void)
{
  assert_the_same ("motion", "false");
}

static void
test_motion_is_the_same_where_cuts_are_looked_for (void)
{
  assert_the_same ("motion", "true");
}

static void
test_changes_are_those_of_every_other_frame (void)
{
  assert_the_same ("change", "false");
}

/* Reading ------------------------------------------------------------------------------------------------------------------ */

static guint
count_reads (const char *when, const char *cuts)
{
  Fixture self;

  begin (&self, when, cuts, 1);
  watch (&self, 1);
  tear_down (&self);
  return n_read;
}

/* The window that is open keeps every other frame, and those that are sure to be shown, four each. */
static void
test_frames_in_between_are_not_read (void)
{
  guint change = count_reads ("change", "false"), motion = count_reads ("motion", "false");

  g_test_message ("%u, %u", change, motion);
  g_assert_cmpuint (change, <=, SECONDS * FPS / 2 + SECONDS);
  g_assert_cmpuint (change, >=, SECONDS * FPS / 3);
  g_assert_cmpuint (motion, <, SECONDS * FPS);  /* every other one to look, and a few to keep */
  g_assert_cmpuint (motion, >=, SECONDS * FPS / 2);
  g_assert_cmpuint (count_reads ("always", "false"), >=, SECONDS * FPS);
  g_assert_cmpuint (count_reads ("change", "true"), >=, SECONDS * FPS);
}

static void
test_the_first_frame_and_those_behind_gaps_and_other_caps_are_looked_at (void)
{
  g_autoptr (GstLlama4Motion) motion = gst_llama4_motion_new ();
  GstLlama4Glance glance = {.time = 5 * GST_SECOND };

  g_assert_true (gst_llama4_motion_wants (motion, glance.time));
  gst_llama4_motion_push (motion, &glance);
  for (guint ms = 0; ms < 58; ms++)
    g_assert_false (gst_llama4_motion_wants (motion, glance.time + ms * GST_MSECOND));
  g_assert_true (gst_llama4_motion_wants (motion, glance.time + 59 * GST_MSECOND));
  g_assert_true (gst_llama4_motion_wants (motion, glance.time + 90 * GST_SECOND));
  g_assert_true (gst_llama4_motion_wants (motion, glance.time - GST_MSECOND));
  gst_llama4_motion_change_format (motion);
  g_assert_true (gst_llama4_motion_wants (motion, glance.time + GST_MSECOND));
  gst_llama4_motion_push (motion, &glance);
  g_assert_false (gst_llama4_motion_wants (motion, glance.time + GST_MSECOND));
  gst_llama4_motion_reset (motion);
  g_assert_true (gst_llama4_motion_wants (motion, glance.time + GST_MSECOND));
}

int
main (int argc, char **argv)
{
  static const Test tests[] = {
    {"motion-is-that-of-every-other-frame", test_motion_is_that_of_every_other_frame},
    {"motion-is-the-same-where-cuts-are-looked-for", test_motion_is_the_same_where_cuts_are_looked_for},
    {"changes-are-those-of-every-other-frame", test_changes_are_those_of_every_other_frame},
    {"frames-in-between-are-not-read", test_frames_in_between_are_not_read},
    {"the-first-frame-and-those-behind-gaps-and-other-caps-are-looked-at", test_the_first_frame_and_those_behind_gaps_and_other_caps_are_looked_at},
  };

  return run_tests (argc, argv, "pace", tests, G_N_ELEMENTS (tests));
}
