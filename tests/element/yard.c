/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A camera's view of a yard, made of numbers. */

#include "yard.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The same for the same numbers. 0 … 1 */
static double
hash (guint32 a, guint32 b, guint32 c)
{
  guint32 h = a * 0x9e3779b1u ^ b * 0x85ebca77u ^ c * 0xc2b2ae3du;

  h = (h ^ h >> 15) * 0x2c1b3c6du;
  h = (h ^ h >> 12) * 0x297a2d39u;
  return (h ^ h >> 15) / 4294967296.0;
}

static double
luma (const Yard * self, guint x, guint y, double seconds)
{
  double value = 90 + 40 * (y > 110) + 20 * sin (x / 37.0);

  if (x > 40 && x < 140 && y > 40 && y < 120)
    value = 60 + 60 * ((x / 20 + y / 16) % 2);  /* a house with windows */
  if (x > 220 && x < 290 && y < 90)
    value = 70 + 50 * hash ((x + 1000 + (gint) lrint (self->leaves * sin (seconds * 7 + y))) / 6, y / 6, 1);
  return value;
}

static gboolean
is_walker (const Yard * self, guint x, guint y, GstClockTime time)
{
  double left = self->at + self->speed * (gdouble) (time - self->come) / GST_SECOND;

  return time >= self->come && time < self->go && x >= left && x < left + self->size / 3.0 && y >= 150 - self->size && y < 150;
}

/* Every row, as a camera that is turned does. */
static void
blur (guint8 * pixels)
{
  for (guint y = 0; y < YARD_HEIGHT; y++)
    for (guint x = 0; x + 8 < YARD_WIDTH; x++) {
      guint8 *at = pixels + y * YARD_WIDTH + x;
      guint sum = 0;

      for (guint i = 0; i < 8; i++)
        sum += at[i];
      *at = sum / 8;
    }
}

GstBuffer *
yard_draw (const Yard * self, GstClockTime time)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, YARD_WIDTH * YARD_HEIGHT * 3 / 2, NULL);
  double gain = self->gain != 0 ? self->gain : 1;
  guint32 random = (guint32) (time / GST_MSECOND) * 2654435761u + 1;
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  memset (map.data, 128, map.size);
  for (guint y = 0; y < YARD_HEIGHT; y++)
    for (guint x = 0; x < YARD_WIDTH; x++) {
      double value = is_walker (self, x, y, time) ? 30 : luma (self, x, y, time / 1e9);

      random = random * 1664525u + 1013904223u;
      value = gain * value + self->noise * ((random >> 8) / 8388608.0 - 1);
      map.data[y * YARD_WIDTH + x] = CLAMP ((gint) (value + 0.5), 16, 235);
    }
  if (self->sharp > 0 && time / (GST_SECOND / YARD_FPS) % self->sharp != 0)
    blur (map.data);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = GST_SECOND / YARD_FPS;
  return buffer;
}

GstBuffer *
yard_draw_as (const Yard * self, GstClockTime time, const GstVideoInfo * info)
{
  g_autoptr (GstBuffer) drawn = yard_draw (self, time);
  GstBuffer *converted = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (info), NULL);
  GstVideoConverter *converter;
  GstVideoFrame in, out;
  GstVideoInfo from;

  gst_video_info_set_format (&from, GST_VIDEO_FORMAT_I420, YARD_WIDTH, YARD_HEIGHT);
  from.fps_n = info->fps_n;
  from.fps_d = info->fps_d;
  converter = gst_video_converter_new (&from, info, NULL);
  g_assert_true (gst_video_frame_map (&in, &from, drawn, GST_MAP_READ));
  g_assert_true (gst_video_frame_map (&out, info, converted, GST_MAP_WRITE));
  gst_video_converter_frame (converter, &in, &out);
  gst_video_frame_unmap (&in);
  gst_video_frame_unmap (&out);
  gst_video_converter_free (converter);
  gst_buffer_copy_into (converted, drawn, GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  return converted;
}

void
yard_set_up (Fixture * self, Pads pads, const char *lines, const char *when)
{
  set_up (self, pads | NO_CAPS, lines, "when", when);
  gst_element_set_state (self->element, GST_STATE_READY);
  gst_element_set_state (self->element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (self->video, YARD_CAPS);
}

void
yard_watch (Fixture * self, const Yard * yard, GstClockTime from, GstClockTime to)
{
  for (GstClockTime time = from; time < to; time += GST_SECOND / YARD_FPS) {
    g_assert_cmpint (gst_harness_push (self->video, yard_draw (yard, time)), ==, GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (self->video));
  }
}

guint
count_texts (GArray * pieces)
{
  guint n = 0;

  while (nth_text (pieces, n) != NULL)
    n++;
  return n;
}

void
yard_parse (const char *record, GstClockTime * start, GstClockTime * end, GstClockTime * first)
{
  GstClockTime frame;

  g_assert_cmpint (sscanf (record, "{\"start\":%" G_GUINT64_FORMAT ",\"end\":%" G_GUINT64_FORMAT ",\"frames\":[%" G_GUINT64_FORMAT, start,
          end, first != NULL ? first : &frame), ==, 3);
}
