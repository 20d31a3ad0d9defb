/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeds ONVIF's metadata what stands on standard input: feed-onvif FOLDER PORT ADDRESS USER PASSWORD CAMERA[=RULE]…; empty: none; PORT -: no
 * RTSP. Files are FOLDER/CAMERA.xml. Prints a stream's address for each camera, then for each line read how many alerts were told,
 * wait, were dropped, were refused. */

#include <stdio.h>
#include <string.h>

#include <gst/gst.h>
#include <yyjson.h>

#include "onvif/onvif.h"

static char *
make_path (const char *camera, gint64 time, gpointer folder, GError **error)
{
  return g_strdup_printf ("%s/%s.xml", (const char *) folder, camera);
}

static void
on_report (gboolean trouble, const char *line, gpointer data)
{
  fprintf (stderr, "%s\n", line);
}

/* Of pipelines, with what is to be said then: their clock is there, and what they count from is not yet. */
static gboolean (*set_clock) (GstElement *, GstClock *);
static L4Tell *told;
static char *told_camera;

static gboolean
set_clock_and_say (GstElement *pipeline, GstClock *clock)
{
  const gboolean is_set = set_clock (pipeline, clock);

  l4_tell_said (told, &(L4Said) { told_camera, 0, 0, "Early.", FALSE, NULL, NULL });
  l4_tell_finish (told, 60000);
  return is_set;
}

static void
say_early (L4Tell *tell, const char *camera)
{
  GstElementClass *class = g_type_class_ref (GST_TYPE_PIPELINE);

  told = tell;
  told_camera = g_strdup (camera);
  set_clock = class->set_clock;
  class->set_clock = set_clock_and_say;
}

static const char *
text_of (yyjson_val *line, const char *name)
{
  return yyjson_get_str (yyjson_obj_get (line, name));
}

/* A line is an object: {"do":"said|alert|present|finish|early", …}. early: from now on something is said in the midst of each start of a
 * pipeline. */
static void
obey (L4Tell *tell, yyjson_val *line)
{
  const char *what = text_of (line, "do"), *camera = text_of (line, "camera"), *text = text_of (line, "text");
  gint64 time = yyjson_get_sint (yyjson_obj_get (line, "time")), from = yyjson_get_sint (yyjson_obj_get (line, "from"));
  gboolean on = yyjson_get_bool (yyjson_obj_get (line, "on"));

  if (strcmp (what, "said") == 0)
    l4_tell_said (tell, &(L4Said) { camera, from, time, text, on, text_of (line, "record"), NULL });
  else if (strcmp (what, "alert") == 0)
    l4_tell_alert (tell, &(L4Alert) { camera, text_of (line, "rule"), on, 0, 0, time, "{}", text, NULL });
  else if (strcmp (what, "present") == 0)
    l4_tell_presence (tell, camera, on);
  else if (strcmp (what, "finish") == 0)
    l4_tell_finish (tell, 60000);
  else if (strcmp (what, "early") == 0)
    say_early (tell, camera);
}

static void
print_counters (L4Tell *tell)
{
  L4TellCounters counters;

  l4_tell_get_counters (tell, &counters);
  printf ("%d %d %d %d\n", (int) counters.told, (int) counters.waiting, (int) counters.dropped, (int) counters.refused);
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  const gboolean serves = strcmp (argv[2], "-") != 0;
  const L4OnvifSettings settings = {
    .path = *argv[1] != '\0' ? make_path : NULL,.path_data = argv[1],.serves = serves,.port = serves ? g_ascii_strtoull (argv[2], NULL, 10) : 0,
    .address = *argv[3] != '\0' ? argv[3] : NULL,.user = *argv[4] != '\0' ? argv[4] : NULL,.password = *argv[5] != '\0' ? argv[5] : NULL,
    .report = on_report
  };
  const guint n = argc - 6;
  g_autofree L4TellCamera *cameras = g_new0 (L4TellCamera, n);
  g_autofree const char **rules = g_new0 (const char *, 2 * n);
  g_autoptr (GError) error = NULL;
  L4Tell *tell;
  char *line = NULL;
  size_t size = 0;

  gst_init (NULL, NULL);
  for (guint i = 0; i < n; i++) {
    char *rule = strchr (argv[6 + i], '=');

    if (rule != NULL) {
      *rule = '\0';
      rules[2 * i] = rule + 1;
    }
    cameras[i] = (L4TellCamera) { argv[6 + i], &rules[2 * i], FALSE };
  }
  tell = l4_onvif_new (&settings, cameras, n, &error);
  if (tell == NULL) {
    printf ("error: %s\n", error->message);
    return 1;
  }
  for (guint i = 0; i < n; i++)
    printf ("%s\n", serves ? l4_onvif_get_url (tell, i) : "");
  fflush (stdout);
  while (getline (&line, &size, stdin) > 0) {
    yyjson_doc *doc = yyjson_read (line, strlen (line), 0);

    obey (tell, yyjson_doc_get_root (doc));
    yyjson_doc_free (doc);
    print_counters (tell);
  }
  free (line);
  l4_tell_free (tell);
  g_free (told_camera);
  return 0;
}
