/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the whole element takes for 1080p at 30 frames a second beside the model, as a share of one core: as it is, and with all that
 * picks moments. Arguments are the formats to try, instead of all. */

#include <string.h>

#include "bench/work.h"
#include "element/analytics.h"

#define WIDTH 1920
#define HEIGHT 1080
#define N_BUFFERS 16            /* as decoders' frames, hardly in the cache */
#define SECONDS 40
#define FPS 30
#define N_OBJECTS 20

static const char *const plain[] = { NULL };
static const char *const all[] = { "when", "motion", "cuts", "true", "pick", "change", "region", "0,0.1,1,0.9", "objects", "4", NULL };
static const char *const change[] = { "when", "change", "cuts", "true", "region", "0,0.1,1,0.9", "mask", "0.6,0.3,0.2,0.1", "objects", "4", NULL };
static const char *const masked[] = { "when", "motion", "cuts", "true", "pick", "change", "region", "0,0.1,0.5,0.9; 0.5,0.2,0.5,0.8", "mask",
  "0.6,0.3,0.2,0.1", "objects", "4", NULL
};

/* A yard in which a bright block moves on, in every frame a little. */
static void
draw_plane (GstVideoFrame * frame, guint plane, guint n)
{
  guint8 *data = GST_VIDEO_FRAME_PLANE_DATA (frame, plane);
  gint stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane), components[GST_VIDEO_MAX_COMPONENTS], height, from, high;

  gst_video_format_info_component (frame->info.finfo, plane, components);
  height = GST_VIDEO_FRAME_COMP_HEIGHT (frame, components[0]);
  high = GST_VIDEO_FORMAT_INFO_DEPTH (frame->info.finfo, 0) == 10 && GST_VIDEO_FORMAT_INFO_SHIFT (frame->info.finfo, 0) == 0 ? 2 : 160;
  from = stride / 4 + n * stride / 64;
  for (gint y = 0; y < height; y++) {
    guint8 *row = data + (gsize) y * stride;

    for (gint x = 0; x < stride; x++)
      row[x] = (x / 64 + y / 32) % 2 + ((x & 1) != 0 || high > 2 ? high / 2 : 0);
    if (y > height / 3 && y < height / 2)
      for (gint x = from; x < from + stride / 8; x++)
        row[x] = (x & 1) != 0 || high > 2 ? high : 0;
  }
}

static GstBuffer *
draw (const GstVideoInfo * info, guint n)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (info), NULL);
  GstVideoFrame frame;

  g_assert_true (gst_video_frame_map (&frame, info, buffer, GST_MAP_WRITE));
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (&frame); plane++)
    draw_plane (&frame, plane, n);
  gst_video_frame_unmap (&frame);
  return buffer;
}

static void
detect (GstBuffer * buffer, guint i)
{
  Detected detected[N_OBJECTS];

  for (guint n = 0; n < N_OBJECTS; n++)
    detected[n] = (Detected) { n + i / 100 * N_OBJECTS, "person", 19 * n, 2 * (i % 100) + 110, 192 + 2 * (i % 100), 324, 0.5, TRACKED };
  analytics_add (buffer, detected, N_OBJECTS);
}

/* What making detections and passing buffers takes by itself. */
static double
measure_nothing (GstBuffer ** buffers)
{
  GstHarness *harness = gst_harness_new ("identity");
  gint64 begun;

  gst_harness_set_src_caps_str (harness, "video/x-raw");
  begun = now ();
  for (guint i = 0; i < SECONDS * FPS; i++) {
    GstBuffer *buffer = gst_buffer_copy (buffers[i % N_BUFFERS]);

    detect (buffer, i);
    gst_harness_push (harness, buffer);
    gst_buffer_unref (gst_harness_pull (harness));
  }
  begun = now () - begun;
  gst_harness_teardown (harness);
  return begun / 1e3 / SECONDS / FPS;
}

static void
measure (const char *what, const GstVideoInfo * info, GstBuffer ** buffers, const char *const *properties, double nothing)
{
  g_autoptr (GstCaps) caps = gst_video_info_to_caps (info);
  Fixture fixture;
  gint64 begun;
  double ms;

  analytics_set_up (&fixture, NO_CAPS, "{\"text\":\"A yard.\"}\n", NULL);
  gst_element_set_state (fixture.element, GST_STATE_READY);
  for (guint i = 0; properties[i] != NULL; i += 2)
    gst_util_set_object_arg (G_OBJECT (fixture.element), properties[i], properties[i + 1]);
  g_object_set (fixture.element, "tiles", 9, NULL);     /* of 112 pixels a side: as large as Scout's */
  gst_harness_play (fixture.video);
  gst_harness_set_src_caps (fixture.video, gst_caps_ref (caps));
  wait_for_model (&fixture);
  begun = now ();
  for (guint i = 0; i < SECONDS * FPS; i++) {
    GstBuffer *buffer = gst_buffer_copy (buffers[i % N_BUFFERS]);

    GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (i, GST_SECOND, FPS);
    GST_BUFFER_DURATION (buffer) = GST_SECOND / FPS;
    if (properties[0] != NULL)
      detect (buffer, i);
    g_assert_cmpint (gst_harness_push (fixture.video, buffer), ==, GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (fixture.video));
  }
  push_eos (&fixture);
  ms = (now () - begun) / 1e3 / SECONDS / FPS - nothing;
  g_print ("  %-28s %7.3f ms a frame, %5.2f %% of a core; %" G_GUINT64_FORMAT " windows, %" G_GUINT64_FORMAT " objects\n", what, ms, ms * FPS / 10,
      get_stat (&fixture, "described"), get_stat (&fixture, "objects"));
  tear_down (&fixture);
}

int
main (int argc, char **argv)
{
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_I420_10LE, GST_VIDEO_FORMAT_P010_10LE,
    GST_VIDEO_FORMAT_NV12_10LE32, GST_VIDEO_FORMAT_NV12_10LE40, GST_VIDEO_FORMAT_v210, GST_VIDEO_FORMAT_BGRx
  };

  gst_init (&argc, &argv);
  for (guint f = 0; f < G_N_ELEMENTS (formats); f++) {
    GstBuffer *buffers[N_BUFFERS];
    GstVideoInfo info;
    double nothing;

    if (argc > 1 && !g_strv_contains ((const char *const *) argv + 1, gst_video_format_to_string (formats[f])))
      continue;
    gst_video_info_set_format (&info, formats[f], WIDTH, HEIGHT);
    GST_VIDEO_INFO_FPS_N (&info) = FPS;
    GST_VIDEO_INFO_FPS_D (&info) = 1;
    for (guint i = 0; i < N_BUFFERS; i++)
      buffers[i] = draw (&info, i);
    g_print ("%s\n", gst_video_format_to_string (formats[f]));
    nothing = measure_nothing (buffers);
    measure ("as it is", &info, buffers, plain, 0);
    measure ("moments, region, objects", &info, buffers, all, nothing);
    measure ("change, cuts, a mask, objects", &info, buffers, change, nothing);
    measure ("several regions and a mask", &info, buffers, masked, nothing);
    for (guint i = 0; i < N_BUFFERS; i++)
      gst_buffer_unref (buffers[i]);
  }
  return 0;
}
