/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many files this process may have open: each camera has several. */

#include "watch/open-files.h"

#include <sys/resource.h>

#define ENOUGH 65536            /* for all cameras */

static struct rlimit before;

void
l4_open_files_raise (void)
{
  struct rlimit raised;

  if (getrlimit (RLIMIT_NOFILE, &before) != 0)
    return;
  raised = before;
  raised.rlim_cur = MAX (before.rlim_cur, MIN (before.rlim_max, ENOUGH));
  setrlimit (RLIMIT_NOFILE, &raised);
}

void
l4_open_files_restore (void)
{
  if (before.rlim_cur > 0)
    setrlimit (RLIMIT_NOFILE, &before);
}
