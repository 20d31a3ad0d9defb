/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast the key frames of a long film are there, beside `ffmpeg -skip_frame nokey`: 1080p with a key frame every 2 s. The argument is
 * the film's length in seconds. Both do the same in turn, and the better of their times count. Fails at more than 1.3 of ffmpeg's CPU
 * time. */

#include "films.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define SAMPLE 20               /* seconds that are encoded, and repeated */
#define TURNS 3                 /* of short films; long ones are told by one */

typedef struct
{
  double wall, cpu;             /* seconds */
} Cost;

static double
cpu_of (int who)
{
  struct rusage usage;

  getrusage (who, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static Cost
better (Cost one, Cost other)
{
  return (Cost) { MIN (one.wall, other.wall), MIN (one.cpu, other.cpu) };
}

static Cost
run_ffmpeg (const char *path)
{
  char *argv[] = { "ffmpeg", "-nostdin", "-v", "error", "-skip_frame", "nokey", "-i", (char *) path, "-f", "null", "-", NULL };
  const double cpu = cpu_of (RUSAGE_CHILDREN), begin = g_get_monotonic_time () / 1e6;
  int status = 0;

  g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  return (Cost) { g_get_monotonic_time () / 1e6 - begin, cpu_of (RUSAGE_CHILDREN) - cpu };
}

static Cost
run_film (const char *path, L4FilmDecode decode, guint *n)
{
  const double cpu = cpu_of (RUSAGE_SELF), begin = g_get_monotonic_time () / 1e6;
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Film) film = l4_film_open (path, NULL, &error);
  GstSample *sample;

  g_assert_no_error (error);
  g_assert_true (l4_film_start (film, decode, 0, 4 * GST_SECOND, 4, &error));
  for (*n = 0; (sample = l4_film_next (film, &error)) != NULL; ++*n)
    gst_sample_unref (sample);
  g_assert_no_error (error);
  g_clear_pointer (&film, l4_film_close);
  return (Cost) { g_get_monotonic_time () / 1e6 - begin, cpu_of (RUSAGE_SELF) - cpu };
}

static void
print (const char *name, const char *what, double seconds, Cost cost, Cost ffmpeg, guint n)
{
  g_print ("%-5s %-7s %5u pictures  %6.0f x real time, %6.0f x of one CPU's  %.2f of ffmpeg's time, %.2f of its CPU time\n",
      strrchr (name, '.') + 1, what, n, seconds / cost.wall, seconds / cost.cpu, cost.wall / ffmpeg.wall, cost.cpu / ffmpeg.cpu);
}

static gboolean
compare (const char *name, double seconds)
{
  const char *path = film_path (name);
  Cost ffmpeg = { 1e9, 1e9 }, keys = { 1e9, 1e9 }, automatic = { 1e9, 1e9 };
  guint n_keys = 0, n_auto = 0;

  for (guint i = 0; i < (seconds > 600 ? 1 : TURNS); i++) {
    ffmpeg = better (ffmpeg, run_ffmpeg (path));
    keys = better (keys, run_film (path, L4_FILM_DECODE_KEYS, &n_keys));
    automatic = better (automatic, run_film (path, L4_FILM_DECODE_AUTO, &n_auto));
  }
  print (name, "ffmpeg", seconds, ffmpeg, ffmpeg, n_keys);
  print (name, "keys", seconds, keys, ffmpeg, n_keys);
  print (name, "auto", seconds, automatic, ffmpeg, n_auto);
  return keys.cpu / ffmpeg.cpu <= 1.3;
}

int
main (int argc, char **argv)
{
  static const char *const suffixes[] = { "mp4", "mkv", "ts", "avi", "webm", NULL };
  const guint times = MAX (argc > 1 ? atoi (argv[1]) / SAMPLE : 6, 1);
  g_autofree char *source = g_strdup_printf ("-f lavfi -i testsrc2=s=1920x1080:r=25:d=%u,noise=alls=4:allf=t -pix_fmt yuv420p ", SAMPLE);
  g_autofree char *h264 = g_strconcat (source, "-c:v libx264 -preset superfast -crf 26 -g 50 -keyint_min 50 -sc_threshold 0", NULL);
  g_autofree char *vp8 = g_strconcat (source, "-c:v libvpx -deadline realtime -cpu-used 16 -b:v 4M -g 50 -keyint_min 50 -threads 2", NULL);
  gboolean good = TRUE;

  films_begin ();
  film_make ("sample.mp4", h264);
  film_make ("sample.webm", vp8);
  for (guint i = 0; suffixes[i] != NULL; i++) {
    g_autofree char *name = g_strconcat ("film.", suffixes[i], NULL);
    g_autofree char *repeat = g_strdup_printf ("-stream_loop %u -i sample.%s -c copy", times - 1,
        strcmp (suffixes[i], "webm") == 0 ? "webm" : "mp4");

    film_make (name, repeat);
    good = compare (name, times * SAMPLE) && good;
    remove (film_path (name));
  }
  films_end ();
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
