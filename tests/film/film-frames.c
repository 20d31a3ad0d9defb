/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the pictures of a film: film-frames FILE [keys|all|auto [FROM [WINDOW [FRAMES]]]], nanoseconds. */

#include <stdlib.h>
#include <string.h>

#include <gst/video/video.h>

#include "film/film.h"

static const char *const modes[] = { "auto", "keys", "all", NULL };

static L4FilmDecode
parse_mode (const char *name)
{
  for (guint i = 0; modes[i] != NULL; i++)
    if (strcmp (modes[i], name) == 0)
      return i;
  g_printerr ("no such mode: %s\n", name);
  exit (2);
}

/* A sum over what can be seen of the picture. */
static guint32
sum_up (GstSample *sample)
{
  GstVideoInfo info;
  GstVideoFrame frame;
  guint32 sum = 2166136261u;

  if (!gst_video_info_from_caps (&info, gst_sample_get_caps (sample))
      || !gst_video_frame_map (&frame, &info, gst_sample_get_buffer (sample), GST_MAP_READ))
    g_error ("a picture cannot be looked at");
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (&frame); plane++) {
    gint component[GST_VIDEO_MAX_COMPONENTS];

    gst_video_format_info_component (info.finfo, plane, component);
    for (gint y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (&frame, component[0]); y++) {
      const guint8 *row = (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, plane) + y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, plane);

      for (gint x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH (&frame, component[0]); x++)
        sum = (sum ^ row[x * GST_VIDEO_FRAME_COMP_PSTRIDE (&frame, component[0])]) * 16777619u;
    }
  }
  gst_video_frame_unmap (&frame);
  return sum;
}

static void
print_facts (const L4Film *film)
{
  const L4FilmFacts *facts = l4_film_get_facts (film);

  g_print ("# %s %s %ux%u %" GST_TIME_FORMAT " %.3f fps, %u audio, %u subtitles\n", facts->container, facts->codec, facts->width,
      facts->height, GST_TIME_ARGS (facts->duration), facts->frame_rate, facts->n_audio, facts->n_subtitles);
}

static void
print_sample (GstSample *sample, GstCaps **caps, gboolean sums)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);

  if (*caps == NULL || !gst_caps_is_equal (*caps, gst_sample_get_caps (sample))) {
    g_autofree char *text = gst_caps_to_string (gst_sample_get_caps (sample));
    g_autofree char *info = gst_sample_get_info (sample) != NULL ? gst_structure_to_string (gst_sample_get_info (sample)) : g_strdup ("");

    gst_caps_replace (caps, gst_sample_get_caps (sample));
    g_print ("# %s %s\n", text, info);
  }
  g_print ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %08x\n", GST_BUFFER_PTS (buffer), GST_BUFFER_DURATION (buffer), sums ? sum_up (sample) : 0);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Film) film = NULL;
  g_autofree char *key = NULL;
  GstCaps *caps = NULL;
  GstSample *sample;
  guint64 damaged, decoded;

  gst_init (NULL, NULL);
  film = l4_film_open (argv[1], NULL, &error);
  if (film != NULL) {
    print_facts (film);
    key = l4_film_get_key (argv[1], NULL, &error);
    g_print ("# %s\n", key);
    if (l4_film_start (film, argc > 2 ? parse_mode (argv[2]) : L4_FILM_DECODE_ALL, argc > 3 ? g_ascii_strtoull (argv[3], NULL, 10) : 0,
            argc > 4 ? g_ascii_strtoull (argv[4], NULL, 10) : 4 * GST_SECOND, argc > 5 ? atoi (argv[5]) : 4, &error))
      while ((sample = l4_film_next (film, &error)) != NULL) {
        print_sample (sample, &caps, argc <= 6);
        gst_sample_unref (sample);
      }
    l4_film_get_counts (film, &damaged, &decoded);
    g_print ("# damaged %" G_GUINT64_FORMAT ", decoded %" G_GUINT64_FORMAT "\n", damaged, decoded);
  }
  gst_clear_caps (&caps);
  if (error != NULL)
    g_printerr ("%s (%d)\n", error->message, error->code);
  return error != NULL;
}
