/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a file is that is being written, on a terminal. */

#pragma once

#include <glib.h>

typedef struct
{
  const char *path;             /* of the file */
  gint64 start, shown;          /* microseconds */
} L4Bar;

/* An L4ConvertProgress or L4StreamProgress, user_data an L4Bar; NULL where standard error is no terminal. */
typedef void (*L4BarFunc) (guint64 done, guint64 total, gpointer user_data);

/* Begins one now. */
L4BarFunc l4_bar_begin (L4Bar *self, const char *path);
