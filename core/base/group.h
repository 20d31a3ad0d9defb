/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which control groups a process is in. */

#pragma once

#include <glib.h>

/* Folders with the files of the groups that this process is in, from its own to the topmost that can be seen: each may have a limit,
 * and all hold. Of both versions; some may not exist. controller: of the first version, as "memory". (transfer full) */
char **l4_group_folders (const char *controller);

/* The same where all groups lie below top, and own is what /proc/PID/cgroup says of the process; "": it says nothing. */
char **l4_group_folders_of (const char *top, const char *controller, const char *own);
