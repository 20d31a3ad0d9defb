/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To be preloaded: main loops start a second late, as on a very busy machine. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <glib.h>

void
g_main_loop_run (GMainLoop *loop)
{
  void (*run) (GMainLoop *) = (void (*) (GMainLoop *)) dlsym (RTLD_NEXT, "g_main_loop_run");

  g_usleep (G_USEC_PER_SEC);
  run (loop);
}
