/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames with what a detector and a tracker would say of them, and what comes of such frames. */

#include "analytics.h"

static guint8
pixel (guint x, guint y, guint channel)
{
  return (x * 37 + y * 101 + channel * 50) % 251;
}

GstBuffer *
analytics_draw (guint width, guint height, GstClockTime pts)
{
  gsize stride = GST_ROUND_UP_4 (width * 3);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, stride * height, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (guint y = 0; y < height; y++)
    for (guint i = 0; i < width * 3; i++)
      map.data[y * stride + i] = pixel (i / 3, y, i % 3);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = FRAME;
  return buffer;
}

static void
relate (GstAnalyticsRelationMeta * meta, const Detected * detected, guint detection)
{
  GstAnalyticsTrackingMtd tracking;
  gboolean backwards = detected->tracking == TRACKED_BACKWARDS;

  if (detected->tracking == UNTRACKED)
    return;
  g_assert_true (gst_analytics_relation_meta_add_tracking_mtd (meta, detected->id, 0, &tracking));
  if (detected->tracking == LOST)
    g_assert_true (gst_analytics_tracking_mtd_set_lost (&tracking));
  g_assert_true (gst_analytics_relation_meta_set_relation (meta, GST_ANALYTICS_REL_TYPE_RELATE_TO, backwards ? tracking.id : detection,
          backwards ? detection : tracking.id));
}

void
analytics_add (GstBuffer * buffer, const Detected * detected, guint n)
{
  GstAnalyticsRelationMeta *meta = gst_buffer_add_analytics_relation_meta (buffer);

  for (guint i = 0; i < n; i++) {
    const Detected *one = &detected[i];
    GstAnalyticsODMtd detection;

    g_assert_true (gst_analytics_relation_meta_add_od_mtd (meta, g_quark_from_string (one->label), one->x, one->y, one->width, one->height,
            one->confidence, &detection));
    relate (meta, one, detection.id);
  }
}

void
analytics_push (Fixture * self, GstClockTime from, GstClockTime to, const Detected * detected, guint n)
{
  for (GstClockTime pts = from; pts < to; pts += FRAME) {
    GstBuffer *buffer = analytics_draw (32, 24, pts);

    if (n > 0)
      analytics_add (buffer, detected, n);
    g_assert_cmpint (gst_harness_push (self->video, buffer), ==, GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (self->video));
  }
}

void
analytics_push_person (Fixture * self, GstClockTime from, GstClockTime to)
{
  static const Detected person = ANALYTICS_PERSON;

  analytics_push (self, from, to, &person, 1);
}

char *
analytics_sum (guint x, guint y, guint width, guint height, guint black, guint shown)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint row = y; row < y + height; row++)
    for (guint i = x * 3; i < (x + width) * 3; i++) {
      guint8 byte = i / 3 >= black && i / 3 < shown ? 0 : pixel (i / 3, row, i % 3);

      g_checksum_update (sum, &byte, 1);
    }
  return g_strndup (g_checksum_get_string (sum), 16);
}

void
analytics_set_up (Fixture * self, Pads pads, const char *lines, ...)
{
  const char *name;
  va_list arguments;

  set_up (self, pads | NO_CAPS, lines, NULL, NULL);
  gst_element_set_state (self->element, GST_STATE_READY);
  va_start (arguments, lines);
  while ((name = va_arg (arguments, const char *)) != NULL)
    gst_util_set_object_arg (G_OBJECT (self->element), name, va_arg (arguments, const char *));
  va_end (arguments);
  gst_harness_play (self->video);
  if (!(pads & NO_CAPS))
    gst_harness_set_src_caps_str (self->video, CAPS);
}

GstMessage *
analytics_expect (Fixture * self)
{
  for (;;) {
    GstMessage *message = gst_bus_timed_pop_filtered (self->bus, 20 * GST_SECOND, GST_MESSAGE_ELEMENT);

    g_assert_nonnull (message);
    if (gst_message_has_name (message, "llama4-description"))
      return message;
    gst_message_unref (message);
  }
}

void
analytics_expect_ids (Fixture * self, const char *expected)
{
  g_autoptr (GstMessage) message = analytics_expect (self);
  const GValue *objects = gst_structure_get_value (gst_message_get_structure (message), "objects");
  g_autoptr (GString) ids = g_string_new (NULL);

  for (guint i = 0; objects != NULL && i < gst_value_array_get_size (objects); i++) {
    guint64 id;

    g_assert_true (gst_structure_get_uint64 (gst_value_get_structure (gst_value_array_get_value (objects, i)), "id", &id));
    g_string_append_printf (ids, "%s%u", i > 0 ? " " : "", (guint) id);
  }
  g_assert_cmpstr (ids->str, ==, expected);
}
