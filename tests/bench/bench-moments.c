/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the element does with every frame of 1080p at 30 frames a second, as a share of one core. */

#include <glib/gstdio.h>

#include "bench/work.h"
#include "element/fixture.h"
#include "element/scenes.h"
#include "extent.h"
#include "frame.h"
#include "moments/cuts.h"
#include "moments/motion.h"
#include "moments/scene.h"
#include "objects/tracks.h"

#define N_BUFFERS 8             /* 25 MB of I420: as decoders' frames, hardly in the cache */
#define ROUNDS 300
#define FPS 30

/* Prepared answers look at tiles of 112 pixels a side: nine are as large as one of Scout's. */
#define TILES 9

static L4Model *
load_model (void)
{
  g_autofree char *path = write_script ("{\"text\":\"x\"}\n");
  g_autoptr (GError) error = NULL;
  L4LoadOptions options = {.model_path = path };
  L4Model *model = l4_model_load (&options, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  g_unlink (path);
  return model;
}

static GstBuffer *
draw_noise (gsize size, GRand * random)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (gsize i = 0; i < map.size / 4; i++)
    ((guint32 *) map.data)[i] = g_rand_int (random);
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

static void
report (const char *what, gint64 since)
{
  double ms = (now () - since) / 1e3 / ROUNDS;

  g_print ("%-24s %7.3f ms a frame, %5.2f %% of a core at %d a second\n", what, ms, ms * FPS / 10, FPS);
}

static void
look_at (const GstVideoInfo * info, GstBuffer ** buffers)
{
  g_autoptr (GstLlama4Glancer) glancer = gst_llama4_glancer_new ();
  gint64 begun = now ();

  for (guint i = 0; i < ROUNDS; i++) {
    GstLlama4Glance glance;
    GstVideoFrame frame;

    if (!gst_llama4_extent_map (info, buffers[i % N_BUFFERS], &frame, NULL))
      g_error ("cannot map");
    gst_llama4_glancer_look (glancer, info, &frame, i, &glance);
    gst_video_frame_unmap (&frame);
  }
  report ("  a glance", begun);
}

#define N_OBJECTS 20

/* Objects that walk about, come nearer and are described in time, in every frame: reading what is detected is left out. */
static void
follow (const GstVideoInfo * info, GstBuffer ** buffers, const L4Model * model)
{
  g_autoptr (GstLlama4Tracks) tracks = gst_llama4_tracks_new ();
  g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
  gint64 begun = now ();
  guint looks = 0;

  gst_llama4_tracks_reset (tracks, GST_SECOND);
  for (guint i = 0; i < ROUNDS; i++) {
    GstLlama4Sighting sightings[N_OBJECTS];
    gint sighting;

    for (guint n = 0; n < N_OBJECTS; n++)
      sightings[n] = (GstLlama4Sighting) { n + i / 100 * N_OBJECTS, "person", 0.5, { 0.01 * n, 0.002 * (i % 100), 0.1 + 0.001 * (i % 100), 0.3 } };
    gst_llama4_tracks_see (tracks, sightings, N_OBJECTS, i * GST_SECOND / FPS);
    for (; (sighting = gst_llama4_tracks_next_look (tracks)) >= 0; looks++) {
      g_autofree char *problem = NULL;
      GstLlama4Frame *view = gst_llama4_copier_crop (copier, info, buffers[i % N_BUFFERS], GST_VIDEO_ORIENTATION_IDENTITY,
          &sightings[sighting].box, model, TILES, i, &problem);

      gst_llama4_tracks_look (tracks, sighting, view);
      gst_llama4_frame_unref (view);
    }
    if (i % 120 == 119)
      g_ptr_array_unref (gst_llama4_tracks_choose (tracks, i * GST_SECOND / FPS, 4));
  }
  report ("  following objects", begun);
  g_print ("  of which there are %d, with %.1f looks a second\n", N_OBJECTS, (double) looks / ROUNDS * FPS);
}

/* Of glances at a film in which all moves. */
static void
compare (void)
{
  g_autoptr (Film) film = film_new (1, 8, 30, 50, 0.5);
  g_autoptr (GstLlama4Glancer) glancer = gst_llama4_glancer_new ();
  g_autoptr (GstLlama4Cuts) cuts = gst_llama4_cuts_new ();
  g_autoptr (GstLlama4Motion) motion = gst_llama4_motion_new ();
  g_autoptr (GstLlama4Scene) scene = gst_llama4_scene_new ();
  g_autofree GstLlama4Glance *glances = g_new (GstLlama4Glance, ROUNDS);
  GstVideoInfo info;
  gint64 begun;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, FILM_WIDTH, FILM_HEIGHT);
  for (guint i = 0; i < ROUNDS; i++) {
    g_autoptr (GstBuffer) buffer = film_draw (film, i % film_n_frames (film));
    GstVideoFrame frame;

    if (!gst_llama4_extent_map (&info, buffer, &frame, NULL))
      g_error ("cannot map");
    gst_llama4_glancer_look (glancer, &info, &frame, i * GST_SECOND / FPS, &glances[i]);
    gst_video_frame_unmap (&frame);
  }
  begun = now ();
  for (guint i = 0; i < ROUNDS; i++) {
    gst_llama4_cuts_push (cuts, &glances[i], 0);
    gst_llama4_cuts_pop (cuts);
  }
  report ("looking for cuts", begun);
  begun = now ();
  for (guint i = 0; i < ROUNDS; i++)
    gst_llama4_motion_push (motion, &glances[i]);
  report ("looking for motion", begun);
  begun = now ();
  gst_llama4_scene_learn (scene, glances, 4);
  for (guint i = 0; i < ROUNDS; i++)
    gst_llama4_scene_has (scene, &glances[i % 4]);      /* of those that are shown only, a few a window */
  report ("knowing a scene again", begun);
}

int
main (int argc, char **argv)
{
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_I420_10LE, GST_VIDEO_FORMAT_BGRx };
  g_autoptr (L4Model) model = NULL;
  GRand *random = g_rand_new_with_seed (1);

  gst_init (&argc, &argv);
  model = load_model ();
  for (guint f = 0; f < G_N_ELEMENTS (formats); f++) {
    g_autoptr (GstLlama4Copier) copier = gst_llama4_copier_new ();
    GstBuffer *buffers[N_BUFFERS];
    GstVideoInfo info;
    gint64 begun;

    gst_video_info_set_format (&info, formats[f], 1920, 1080);
    for (guint i = 0; i < N_BUFFERS; i++)
      buffers[i] = draw_noise (GST_VIDEO_INFO_SIZE (&info), random);
    g_print ("%s\n", gst_video_format_to_string (formats[f]));
    for (guint drafts = 0; drafts < 2; drafts++) {
      begun = now ();
      for (guint i = 0; i < ROUNDS; i++) {
        g_autofree char *problem = NULL;

        gst_llama4_frame_unref ((drafts ? gst_llama4_copier_draft : gst_llama4_copier_copy) (copier, &info, buffers[i % N_BUFFERS],
                GST_VIDEO_ORIENTATION_IDENTITY, model, TILES, 0, &problem));
      }
      report (drafts ? "  a draft" : "  a picture", begun);
    }
    look_at (&info, buffers);
    follow (&info, buffers, model);
    for (guint i = 0; i < N_BUFFERS; i++)
      gst_buffer_unref (buffers[i]);
  }
  compare ();
  g_rand_free (random);
  return 0;
}
