/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which control groups a process is in. */

#include "base/group.h"

#include <string.h>

/* From path up, but without the topmost. */
static void
add_groups (GStrvBuilder *folders, const char *top, const char *path)
{
  g_autofree char *left = g_strdup (path);

  while (left[0] == '/' && left[1] != '\0') {
    g_autofree char *folder = g_build_filename (top, left, NULL);

    g_strv_builder_add (folders, folder);
    *strrchr (left, '/') = '\0';
  }
}

char **
l4_group_folders_of (const char *top, const char *controller, const char *own)
{
  g_autoptr (GStrvBuilder) folders = g_strv_builder_new ();
  g_autofree char *first_version = g_build_filename (top, controller, NULL);
  g_auto (GStrv) lines = g_strsplit (own, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto (GStrv) parts = g_strsplit (lines[i], ":", 3);       /* number, controllers, path */
    g_auto (GStrv) controllers = g_strv_length (parts) == 3 ? g_strsplit (parts[1], ",", -1) : NULL;

    if (controllers != NULL && controllers[0] == NULL)
      add_groups (folders, top, parts[2]);
    else if (controllers != NULL && g_strv_contains ((const char *const *) controllers, controller))
      add_groups (folders, first_version, parts[2]);
  }
  g_strv_builder_add_many (folders, top, first_version, NULL);  /* in a container that is its own group, whatever the path says */
  return g_strv_builder_end (folders);
}

char **
l4_group_folders (const char *controller)
{
  g_autofree char *own = NULL;

  g_file_get_contents ("/proc/self/cgroup", &own, NULL, NULL);
  return l4_group_folders_of ("/sys/fs/cgroup", controller, own != NULL ? own : "");
}
