/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last packets of a camera are kept within their bytes, from key frame to key frame, and cut where one asks. */

#include <string.h>

#include "watch/ring.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

static GstCaps *
make_caps (const char *text)
{
  return gst_caps_from_string (text);
}

/* So many packets of 1000 bytes, ten a second from that time on, one of ten a key frame. */
static void
push (L4Ring *ring, GstCaps *caps, guint n, guint64 from)
{
  for (guint i = 0; i < n; i++) {
    g_autoptr (GstBuffer) packet = gst_buffer_new_allocate (NULL, 1000, NULL);

    GST_BUFFER_PTS (packet) = from + i * SECOND / 10;
    if (i % 10 != 0)
      GST_BUFFER_FLAG_SET (packet, GST_BUFFER_FLAG_DELTA_UNIT);
    l4_ring_push (ring, caps, packet, GST_BUFFER_PTS (packet));
  }
}

/* "FIRST-LAST" in tenths of a second, or "". (transfer full) */
static char *
cut (L4Ring *ring, guint stream, double from, double until)
{
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GPtrArray) packets = l4_ring_cut (ring, stream, from * 1e9, until * 1e9, &caps);
  GstBuffer *first, *last;

  if (packets == NULL)
    return g_strdup ("");
  first = g_ptr_array_index (packets, 0);
  last = g_ptr_array_index (packets, packets->len - 1);
  g_assert_false (GST_BUFFER_FLAG_IS_SET (first, GST_BUFFER_FLAG_DELTA_UNIT));
  g_assert_cmpuint (packets->len, ==, (GST_BUFFER_PTS (last) - GST_BUFFER_PTS (first)) / (SECOND / 10) + 1);
  return g_strdup_printf ("%u-%u", (guint) (GST_BUFFER_PTS (first) * 10 / SECOND), (guint) (GST_BUFFER_PTS (last) * 10 / SECOND));
}

static void
assert_cut (L4Ring *ring, guint stream, double from, double until, const char *wanted)
{
  g_autofree char *found = cut (ring, stream, from, until);

  g_assert_cmpstr (found, ==, wanted);
}

static void
test_cut (void)
{
  g_autoptr (L4Ring) ring = l4_ring_new (1 << 20);
  g_autoptr (GstCaps) caps = make_caps ("video/x-h264");

  assert_cut (ring, 0, 0, 10, "");
  push (ring, caps, 100, 0);
  assert_cut (ring, 0, 2.5, 4.2, "20-42");
  assert_cut (ring, 0, 3, 3, "30-30");
  assert_cut (ring, 0, 0, 100, "0-99");
  assert_cut (ring, 1, 0, 100, "");
  g_assert_true (l4_ring_has (ring, 0, 9.8 * SECOND));
  g_assert_false (l4_ring_has (ring, 0, 9.9 * SECOND));
}

static void
test_bounds (void)
{
  g_autoptr (L4Ring) ring = l4_ring_new (32 * 1100);
  g_autoptr (GstCaps) caps = make_caps ("video/x-h264");

  push (ring, caps, 100, 0);
  assert_cut (ring, 0, 0, 100, "70-99");        /* three groups have room, and the oldest goes whole */
  push (ring, caps, 5, 10 * SECOND);
  assert_cut (ring, 0, 0, 100, "80-104");
  g_clear_pointer (&ring, l4_ring_free);
  ring = l4_ring_new (500);     /* not even one */
  push (ring, caps, 100, 0);
  assert_cut (ring, 0, 0, 100, "");
}

static void
test_streams (void)
{
  g_autoptr (L4Ring) ring = l4_ring_new (1 << 20);
  g_autoptr (GstCaps) one = make_caps ("video/x-h264, width=1"), other = make_caps ("video/x-h264, width=2");

  push (ring, one, 20, 0);
  l4_ring_break (ring);
  g_assert_cmpuint (l4_ring_get_stream (ring), ==, 1);
  g_assert_true (l4_ring_has (ring, 0, 100 * SECOND));
  g_assert_false (l4_ring_has (ring, 1, 0));
  push (ring, one, 20, 0);
  push (ring, other, 20, 2 * SECOND);   /* another size: a file has one */
  assert_cut (ring, 0, 0, 100, "0-19");
  assert_cut (ring, 1, 1, 100, "10-19");
  assert_cut (ring, 1, 2.5, 100, "20-39");
}

/* Packets that no key frame comes before cannot be shown. */
static void
test_key (void)
{
  g_autoptr (L4Ring) ring = l4_ring_new (1 << 20);
  g_autoptr (GstCaps) caps = make_caps ("video/x-h264");
  g_autoptr (GstBuffer) packet = gst_buffer_new_allocate (NULL, 10, NULL);

  GST_BUFFER_FLAG_SET (packet, GST_BUFFER_FLAG_DELTA_UNIT);
  l4_ring_push (ring, caps, packet, 0);
  assert_cut (ring, 0, 0, 100, "");
  push (ring, caps, 20, SECOND);
  assert_cut (ring, 0, 0, 100, "10-29");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/ring/a-cut-begins-at-a-key-frame-and-lacks-nothing", test_cut);
  g_test_add_func ("/ring/packets-take-no-more-than-their-bytes", test_bounds);
  g_test_add_func ("/ring/streams-and-codecs-are-not-joined", test_streams);
  g_test_add_func ("/ring/nothing-begins-before-a-key-frame", test_key);
  return g_test_run ();
}
