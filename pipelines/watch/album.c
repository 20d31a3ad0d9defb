/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of alerts: in the folder of a camera's day, whole or not at all, under names that nothing else has. */

#include "watch/album.h"

#include <errno.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "watch/clock.h"
#include "watch/day.h"
#include "write/bytes.h"
#include "write/outputs.h"

char *
l4_album_path (const L4Cameras *cameras, const L4Camera *camera, const L4Rule *rule, gint64 time, const char *suffix, GError **error)
{
  const L4Day day = l4_day_of (time);
  g_autofree char *folder = l4_day_path (cameras, camera, day.name), *clock = l4_clock_format_short (time), *path = NULL;

  if (g_mkdir_with_parents (folder, 0750) != 0) {
    l4_fail (error, L4_ERROR_IO, _("%s: cannot be made: %s"), folder, g_strerror (errno));
    return NULL;
  }
  g_strdelimit (clock, ":", '-');
  for (guint n = 1; path == NULL || g_file_test (path, G_FILE_TEST_EXISTS); n++) {
    g_autofree char *name = n == 1 ? g_strdup_printf ("%s %s.%s", clock, rule->name, suffix)
        : g_strdup_printf ("%s %s-%u.%s", clock, rule->name, n, suffix);

    g_free (path);
    path = g_build_filename (folder, name, NULL);
  }
  return g_steal_pointer (&path);
}

char *
l4_album_put (const L4Cameras *cameras, const L4Camera *camera, const L4Rule *rule, gint64 time, GBytes *jpeg, GError **error)
{
  g_autofree char *path = l4_album_path (cameras, camera, rule, time, "jpg", error);
  g_autoptr (L4Outputs) outputs = l4_outputs_new (FALSE, NULL);
  int file = path != NULL ? l4_outputs_add (outputs, path, error) : -1;

  if (file < 0)
    return NULL;
  if (!l4_write_bytes (file, g_bytes_get_data (jpeg, NULL), g_bytes_get_size (jpeg))) {
    l4_fail (error, L4_ERROR_IO, _("%s: cannot be written: %s"), path, g_strerror (errno));
    return NULL;
  }
  return l4_outputs_place (outputs, error) ? g_steal_pointer (&path) : NULL;
}
