/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far what a camera sends has come is told by what passes its source. */

#include <gst/gst.h>

#include "watch/arrival.h"

/* A bin that sets up its source, whose pad is pushed on by the test. */
typedef struct
{
  GstElement *bin, *source;
  GstPad *pad;
  L4Arrival *arrival;
} Stage;

static void
set_up (Stage *self, gconstpointer data)
{
  GstSegment segment;

  self->bin = gst_object_ref_sink (gst_element_factory_make ("uridecodebin", NULL));
  self->source = gst_object_ref_sink (gst_element_factory_make ("identity", NULL));
  self->pad = gst_element_get_static_pad (self->source, "src");
  self->arrival = l4_arrival_new (self->bin);
  g_signal_emit_by_name (self->bin, "source-setup", self->source);
  gst_pad_set_active (self->pad, TRUE);
  gst_segment_init (&segment, GST_FORMAT_BYTES);
  gst_pad_push_event (self->pad, gst_event_new_stream_start ("film"));
  gst_pad_push_event (self->pad, gst_event_new_segment (&segment));
}

static void
tear_down (Stage *self, gconstpointer data)
{
  gst_pad_set_active (self->pad, FALSE);
  gst_object_unref (self->pad);
  gst_object_unref (self->source);
  gst_object_unref (self->bin);
  l4_arrival_unref (self->arrival);
}

static void
push (Stage *self, guint64 offset)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 10, NULL);

  GST_BUFFER_OFFSET (buffer) = offset;
  gst_pad_push (self->pad, buffer);
}

static void
seek (Stage *self, GstFormat format, gint64 start)
{
  gst_pad_send_event (self->pad, gst_event_new_seek (1, format, GST_SEEK_FLAG_NONE, GST_SEEK_TYPE_SET, start, GST_SEEK_TYPE_NONE, -1));
}

static void
assert_tells (Stage *self, const char *expected)
{
  g_autofree char *told = l4_arrival_tell (self->arrival);

  g_assert_cmpstr (told, ==, expected);
}

static void
test_what_comes_has_come (Stage *self, gconstpointer data)
{
  g_assert_false (l4_arrival_has_any (self->arrival));
  g_assert_false (l4_arrival_has_answered (self->arrival));
  assert_tells (self, "nothing came");
  push (self, 0);
  g_assert_true (l4_arrival_has_any (self->arrival));
  g_assert_true (l4_arrival_has_answered (self->arrival));
  assert_tells (self, "there is no video in what came");
}

static void
take_headers (Stage *self, guint status)
{
  GstMessage *message = gst_message_new_element (GST_OBJECT (self->source), gst_structure_new ("http-headers", "http-status-code", G_TYPE_UINT,
          status, NULL));

  l4_arrival_take (self->arrival, message);
  gst_message_unref (message);
}

static void
test_headers_are_an_answer_and_what_stands_for_none_is_not (Stage *self, gconstpointer data)
{
  take_headers (self, 7);
  g_assert_false (l4_arrival_has_answered (self->arrival));
  take_headers (self, 200);
  g_assert_true (l4_arrival_has_answered (self->arrival));
  g_assert_false (l4_arrival_has_any (self->arrival));
  assert_tells (self, "it answers, but sends nothing");
}

static void
test_a_part_lacks_until_it_comes (Stage *self, gconstpointer data)
{
  push (self, 0);
  g_assert_false (l4_arrival_lacks_part (self->arrival));
  seek (self, GST_FORMAT_TIME, 1000);
  g_assert_false (l4_arrival_lacks_part (self->arrival));
  seek (self, GST_FORMAT_BYTES, 1000);
  g_assert_true (l4_arrival_lacks_part (self->arrival));
  push (self, 10);              /* was on its way */
  g_assert_true (l4_arrival_lacks_part (self->arrival));
  seek (self, GST_FORMAT_BYTES, 0);
  push (self, 1000);
  g_assert_true (l4_arrival_lacks_part (self->arrival));
  push (self, 0);
  g_assert_false (l4_arrival_lacks_part (self->arrival));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add ("/arrival/what-comes-has-come", Stage, NULL, set_up, test_what_comes_has_come, tear_down);
  g_test_add ("/arrival/headers-are-an-answer-and-what-stands-for-none-is-not", Stage, NULL, set_up,
      test_headers_are_an_answer_and_what_stands_for_none_is_not, tear_down);
  g_test_add ("/arrival/a-part-lacks-until-it-comes", Stage, NULL, set_up, test_a_part_lacks_until_it_comes, tear_down);
  return g_test_run ();
}
