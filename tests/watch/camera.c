/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A live camera that shows what it is told: camera PORT GROUND SECONDS; port 0: any.
 *
 * It serves H.264 by RTSP at rtsp://127.0.0.1:PORT/camera, 320x240, ten pictures a second: a plain ground (RRGGBB) in a light that slowly
 * waxes and wanes, and noise. It prints its port, and then of each line that it reads the microseconds since 1970 at which the first picture
 * of it was taken: "SHAPE RRGGBB": a circle, square or triangle crosses the picture in so many seconds and then stands; "none": it is gone. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gst/rtsp-server/rtsp-server.h>
#include <gst/video/video.h>

#define WIDTH 320
#define HEIGHT 240
#define RADIUS 45               /* of shapes */
#define FIRST_X 70              /* of their centres */
#define LAST_X 250
#define NOISE (1 << 16)

typedef struct
{
  guint8 y, u, v;
} Colour;

typedef struct
{
  GstRTSPServer *server;
  double crossing;              /* seconds */
  Colour ground;
  gint8 noise[NOISE];

  GMutex lock;
  char shape;                   /* its first letter; 0: none */
  Colour colour;
  gint64 since;                 /* monotonic */
  gboolean asked;               /* and not shown yet */
} Camera;

static Colour
colour_of (const char *text)
{
  guint rgb = strtoul (text, NULL, 16);
  double r = rgb >> 16, g = rgb >> 8 & 255, b = rgb & 255;

  return (Colour) { 16.5 + (65.5 * r + 128.6 * g + 25 * b) / 255, 128.5 + (-37.8 * r - 74.2 * g + 112 * b) / 255,
    128.5 + (112 * r - 93.8 * g - 18.2 * b) / 255
  };
}

static gboolean
is_inside (char shape, int dx, int dy)
{
  switch (shape) {
    case 'c':
      return dx * dx + dy * dy < RADIUS * RADIUS;
    case 's':
      return ABS (dx) < RADIUS && ABS (dy) < RADIUS;
    case 't':
      return ABS (dy) < RADIUS && 2 * ABS (dx) < dy + RADIUS;
    default:
      return FALSE;
  }
}

/* Of noise and of light that changes by a twentieth in two minutes. */
static guint8
luma (const Camera *self, guint8 y, double light, guint at)
{
  return CLAMP (16 + (y - 16) * light + self->noise[at % NOISE] / 48., 16, 235);
}

static void
draw (const Camera *self, GstVideoFrame *frame, gint64 now)
{
  const double crossed = MIN ((now - self->since) / 1e6 / self->crossing, 1), light = 1 + 0.025 * sin (now / 1e6 * G_PI / 60);
  const int centre = FIRST_X + crossed * (LAST_X - FIRST_X);
  guint at = g_random_int ();

  for (int y = 0; y < HEIGHT; y++) {
    guint8 *luma_row = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, 0) + y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0);
    guint8 *u_row = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, 1) + y / 2 * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 1);
    guint8 *v_row = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, 2) + y / 2 * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 2);

    for (int x = 0; x < WIDTH; x++) {
      const Colour *colour = is_inside (self->shape, x - centre, y - HEIGHT / 2) ? &self->colour : &self->ground;

      luma_row[x] = luma (self, colour->y, light, at++);
      u_row[x / 2] = colour->u;
      v_row[x / 2] = colour->v;
    }
  }
}

static GstPadProbeReturn
on_picture (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Camera *self = data;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  GstVideoInfo video;
  GstVideoFrame frame;

  info->data = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  gst_video_info_from_caps (&video, caps);
  gst_video_frame_map (&frame, &video, info->data, GST_MAP_WRITE);
  g_mutex_lock (&self->lock);
  if (self->asked) {
    self->since = g_get_monotonic_time ();
    printf ("%" G_GINT64_FORMAT "\n", g_get_real_time ());
    fflush (stdout);
    self->asked = FALSE;
  }
  draw (self, &frame, g_get_monotonic_time ());
  g_mutex_unlock (&self->lock);
  gst_video_frame_unmap (&frame);
  return GST_PAD_PROBE_OK;
}

static void
on_media (GstRTSPMediaFactory *factory, GstRTSPMedia *media, gpointer data)
{
  g_autoptr (GstElement) bin = gst_rtsp_media_get_element (media), source = gst_bin_get_by_name (GST_BIN (bin), "source");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (source, "src");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_picture, data, NULL);
}

/* What it is told; it ends with whoever tells. */
static gpointer
listen_to (gpointer data)
{
  Camera *self = data;
  char line[64], shape[32] = "", colour[32] = "0";

  while (fgets (line, sizeof line, stdin) != NULL) {
    sscanf (line, "%31s %31s", shape, colour);
    g_mutex_lock (&self->lock);
    self->shape = strcmp (shape, "none") == 0 ? 0 : shape[0];
    self->colour = colour_of (colour);
    self->asked = TRUE;
    g_mutex_unlock (&self->lock);
  }
  exit (0);
}

static gboolean
serve (Camera *self, const char *port)
{
  GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new ();

  self->server = gst_rtsp_server_new ();
  gst_rtsp_server_set_address (self->server, "127.0.0.1");
  gst_rtsp_server_set_service (self->server, port);
  gst_rtsp_media_factory_set_launch (factory, "( videotestsrc name=source is-live=true pattern=black"
      " ! video/x-raw,format=I420,width=320,height=240,framerate=10/1 ! x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max=10"
      " bitrate=400 ! rtph264pay name=pay0 pt=96 config-interval=-1 )");
  gst_rtsp_media_factory_set_shared (factory, TRUE);
  g_signal_connect (factory, "media-configure", G_CALLBACK (on_media), self);
  gst_rtsp_mount_points_add_factory (gst_rtsp_server_get_mount_points (self->server), "/camera", factory);
  return gst_rtsp_server_attach (self->server, NULL) != 0;
}

int
main (int argc, char **argv)
{
  static Camera self;

  if (argc != 4)
    return 1;
  gst_init (&argc, &argv);
  self.ground = colour_of (argv[2]);
  self.crossing = g_ascii_strtod (argv[3], NULL);
  for (guint i = 0; i < NOISE; i++)
    self.noise[i] = g_random_int_range (-128, 128);
  if (!serve (&self, argv[1]))
    return 1;
  printf ("%d\n", gst_rtsp_server_get_bound_port (self.server));
  fflush (stdout);
  g_thread_new ("listen", listen_to, &self);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  return 0;
}
