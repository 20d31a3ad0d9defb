/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A page gets a picture a second of what comes from a camera, as long as somebody looks at it. */

#include <string.h>

#include <gst/check/gsttestclock.h>
#include <gst/video/video.h>
#include <libsoup/soup.h>

#include "element/last-frame.h"
#include "watch/sight.h"

#define FPS 25
#define PATIENCE (30 * G_TIME_SPAN_SECOND)

typedef struct
{
  L4Cameras *cameras;
  L4Live *live;
  L4Sight *sight;
  GstElement *queue, *describe;
  GstClock *clock;
  GstPad *pad;                  /* that the camera's pictures come from */
  SoupSession *session;
} Stage;

static void
begin_stream (Stage *self)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string ("video/x-raw,format=GRAY8,width=32,height=32,framerate=25/1");
  g_autoptr (GstPad) sink = gst_element_get_static_pad (self->describe, "sink");
  GstSegment segment;

  self->pad = gst_object_ref_sink (gst_pad_new ("src", GST_PAD_SRC));
  gst_pad_set_active (self->pad, TRUE);
  g_assert_cmpint (gst_pad_link (self->pad, sink), ==, GST_PAD_LINK_OK);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->pad, gst_event_new_stream_start ("camera"));
  gst_pad_push_event (self->pad, gst_event_new_caps (caps));
  gst_pad_push_event (self->pad, gst_event_new_segment (&segment));
}

static void
set_up (Stage *self, gconstpointer data)
{
  char *uris[] = { "rtsp://camera/", NULL };
  g_autoptr (GError) error = NULL;

  self->cameras = l4_cameras_of_uris (uris, &error);
  g_assert_no_error (error);
  self->live = l4_live_new (&(L4LiveSettings) { 0 }, (const char *const[]) { "camera", NULL }, &error);
  g_assert_no_error (error);
  self->queue = gst_object_ref_sink (gst_element_factory_make ("identity", NULL));
  self->describe = gst_object_ref_sink (gst_element_factory_make ("fakesink", NULL));
  g_object_set (self->describe, "sync", FALSE, "async", FALSE, NULL);
  gst_element_set_state (self->describe, GST_STATE_PLAYING);
  self->clock = gst_test_clock_new_with_start_time (7 * GST_SECOND);
  gst_element_set_clock (self->describe, self->clock);
  self->sight = l4_sight_new (g_ptr_array_index (self->cameras->cameras, 0), &self->live, self->queue, self->describe);
  /* with the two connections that there are otherwise, a request may wait for ever for the one that was given back just now */
  self->session = soup_session_new_with_options ("proxy-resolver", NULL, "max-conns", 16, "max-conns-per-host", 16, NULL);
  begin_stream (self);
}

static void
tear_down (Stage *self, gconstpointer data)
{
  gst_pad_set_active (self->pad, FALSE);
  gst_element_set_state (self->describe, GST_STATE_NULL);
  gst_object_unref (self->pad);
  gst_object_unref (self->queue);
  gst_object_unref (self->describe);
  gst_object_unref (self->clock);
  l4_sight_free (self->sight);
  g_object_unref (self->session);
  l4_live_free (self->live);
  l4_cameras_free (self->cameras);
}

static SoupMessage *
make_request (Stage *self, const char *path)
{
  g_autofree char *url = g_strconcat (l4_live_get_url (self->live), path, NULL);

  return soup_message_new ("GET", url);
}

/* Somebody who looks at the page, until that is unreffed. */
static GInputStream *
look_at_page (Stage *self)
{
  g_autoptr (SoupMessage) request = make_request (self, "events");
  g_autoptr (GError) error = NULL;
  GInputStream *events = soup_session_send (self->session, request, NULL, &error);
  gint64 until = g_get_monotonic_time () + PATIENCE;

  g_assert_no_error (error);
  while (!l4_live_is_watched (self->live)) {
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_usleep (5000);
  }
  return events;
}

/* What the page shows now. */
static GBytes *
get_picture (Stage *self)
{
  g_autoptr (SoupMessage) request = make_request (self, "picture/0");
  g_autoptr (GError) error = NULL;
  GBytes *bytes = soup_session_send_and_read (self->session, request, NULL, &error);

  g_assert_no_error (error);
  return bytes;
}

/* Sends the nth picture at its time; each is of another brightness. */
static void
push (Stage *self, guint n)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 32 * 32, NULL);

  gst_buffer_memset (buffer, 0, n * 37 % 256, 32 * 32);
  GST_BUFFER_PTS (buffer) = n * GST_SECOND / FPS;
  gst_test_clock_set_time (GST_TEST_CLOCK (self->clock), 7 * GST_SECOND + GST_BUFFER_PTS (buffer));
  gst_pad_push (self->pad, buffer);
}

static void
test_one_picture_a_second (Stage *self, gconstpointer data)
{
  g_autoptr (GInputStream) events = look_at_page (self);
  g_autoptr (GBytes) shown = get_picture (self);
  guint n_shown = 0, latest = 0;

  for (guint n = 0; n < 5 * FPS; n++) {
    g_autoptr (GBytes) before = g_steal_pointer (&shown);

    push (self, n);
    shown = get_picture (self);
    if (g_bytes_equal (before, shown))
      continue;
    g_test_message ("picture %u", n);
    g_assert_true (n_shown == 0 ? n == 0 : n - latest == FPS - 1);      /* 0.96 s: none later than a second */
    n_shown++;
    latest = n;
  }
  g_assert_cmpuint (n_shown, ==, 6);
}

static void
test_of_pictures_that_nobody_looks_at_none_is_made (Stage *self, gconstpointer data)
{
  g_autoptr (GBytes) before = get_picture (self), after = NULL;

  for (guint n = 0; n < 5 * FPS; n++)
    push (self, n);
  after = get_picture (self);
  g_assert_true (g_bytes_equal (before, after));
}

/* A page shows of it what is shown of windows. */
static void
test_of_a_camera_with_a_region_no_whole_picture_is_shown (Stage *self, gconstpointer data)
{
  g_autoptr (GInputStream) events = NULL;
  g_autoptr (GBytes) before = get_picture (self), after = NULL;
  L4Camera *camera = g_ptr_array_index (self->cameras->cameras, 0);
  L4CameraProperty *region = g_new0 (L4CameraProperty, 1);

  region->name = g_strdup ("region");
  region->value = g_strdup ("0,0,0.5,1");
  g_ptr_array_add (camera->properties, region);
  events = look_at_page (self);
  for (guint n = 0; n < 3 * FPS; n++)
    push (self, n);
  after = get_picture (self);
  g_assert_true (g_bytes_equal (before, after));
}

/* As after a camera was lost. */
static void
test_a_clock_that_begins_anew_holds_up_no_picture (Stage *self, gconstpointer data)
{
  g_autoptr (GInputStream) events = look_at_page (self);
  g_autoptr (GstClock) clock = gst_test_clock_new ();
  g_autoptr (GBytes) before = NULL, after = NULL;

  push (self, 0);
  before = get_picture (self);
  gst_element_set_clock (self->describe, clock);
  push (self, 1);
  after = get_picture (self);
  g_assert_false (g_bytes_equal (before, after));
}

/* Nothing can be read behind its last byte. */
static void
test_a_picture_whose_meta_lies_is_not_shown_and_the_next_one_is (Stage *self, gconstpointer data)
{
  g_autoptr (GInputStream) events = look_at_page (self);
  g_autoptr (GBytes) before = get_picture (self), between = NULL, after = NULL;
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
  gint stride[GST_VIDEO_MAX_PLANES] = { 64 };
  LastFrame last;

  last_frame_init (&last, 32 * 32);
  gst_buffer_add_video_meta_full (last.buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_GRAY8, 32, 32, 1, offset, stride);
  gst_pad_push (self->pad, gst_buffer_ref (last.buffer));
  between = get_picture (self);
  g_assert_true (g_bytes_equal (before, between));
  push (self, FPS);
  after = get_picture (self);
  g_assert_false (g_bytes_equal (between, after));
  last_frame_clear (&last);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add ("/sight/a-page-gets-one-picture-a-second", Stage, NULL, set_up, test_one_picture_a_second, tear_down);
  g_test_add ("/sight/of-pictures-that-nobody-looks-at-none-is-made", Stage, NULL, set_up, test_of_pictures_that_nobody_looks_at_none_is_made, tear_down);
  g_test_add ("/sight/of-a-camera-with-a-region-no-whole-picture-is-shown", Stage, NULL, set_up,
      test_of_a_camera_with_a_region_no_whole_picture_is_shown, tear_down);
  g_test_add ("/sight/a-clock-that-begins-anew-holds-up-no-picture", Stage, NULL, set_up, test_a_clock_that_begins_anew_holds_up_no_picture,
      tear_down);
  g_test_add ("/sight/a-picture-whose-meta-lies-is-not-shown-and-the-next-one-is", Stage, NULL, set_up,
      test_a_picture_whose_meta_lies_is_not_shown_and_the_next_one_is, tear_down);
  return g_test_run ();
}
