/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serves the page of cameras and feeds it what stands on standard input: feed-page ADDRESS TOKEN CAMERA…, empty ones: none. Prints the page's
 * address, and then a line for each line read. */

#include <stdio.h>
#include <string.h>

#include <yyjson.h>

#include "live/live.h"

static const char *
text_of (yyjson_val *line, const char *name)
{
  return yyjson_get_str (yyjson_obj_get (line, name));
}

/* A line is an object: {"do":"picture|present|sentence|summary|growing|alert|watched", …}. */
static void
obey (L4Live *live, yyjson_val *line)
{
  const char *what = text_of (line, "do"), *camera = text_of (line, "camera"), *file = text_of (line, "file"), *text = text_of (line, "text");
  gint64 time = yyjson_get_sint (yyjson_obj_get (line, "time")), times = yyjson_get_sint (yyjson_obj_get (line, "times"));
  g_autoptr (GBytes) picture = NULL;
  g_autofree char *bytes = NULL;
  gsize length;

  if (file != NULL && g_file_get_contents (file, &bytes, &length, NULL))
    picture = g_bytes_new (bytes, length);
  if (strcmp (what, "picture") == 0)
    l4_live_set_picture (live, camera, picture);
  else if (strcmp (what, "present") == 0)
    l4_live_set_present (live, camera, yyjson_get_bool (yyjson_obj_get (line, "present")));
  else if (strcmp (what, "alert") == 0)
    l4_live_add_alert (live, &(L4Alert) { camera, text_of (line, "rule"), yyjson_get_bool (yyjson_obj_get (line, "on")), 0, 0, time, "{}", text, picture });
  else if (strcmp (what, "growing") == 0)
    l4_live_set_growing (live, camera, text);
  else if (strcmp (what, "sentence") == 0 || strcmp (what, "summary") == 0)
    for (gint64 i = 0; i < MAX (times, 1); i++)
      l4_live_add_said (live, &(L4Said) { camera, time, time, text, strcmp (what, "summary") == 0 });
  puts (l4_live_is_watched (live) ? "watched" : "alone");
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Live) live = NULL;
  L4LiveSettings settings = { .address = *argv[1] != '\0' ? argv[1] : NULL, .token = *argv[2] != '\0' ? argv[2] : NULL };
  char *line = NULL;
  size_t size = 0;

  settings.port = g_getenv ("FEED_PORT") != NULL ? g_ascii_strtoull (g_getenv ("FEED_PORT"), NULL, 10) : 0;
  live = l4_live_new (&settings, (const char *const *) argv + 3, &error);
  if (live == NULL) {
    printf ("error: %s\n", error->message);
    return 1;
  }
  puts (l4_live_get_url (live));
  fflush (stdout);
  while (getline (&line, &size, stdin) > 0) {
    yyjson_doc *doc = yyjson_read (line, strlen (line), 0);

    obey (live, yyjson_doc_get_root (doc));
    yyjson_doc_free (doc);
    fflush (stdout);
  }
  free (line);
  return 0;
}
